"""Reading page images by Textract: what is sent, what it costs, what its errors come to."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from resources.aws.limits import Limiter
from resources.failure import FailureKind, SparknetError
from resources.ocr.textract import MOST_BYTES, TextractEngine, encoded
from resources.spending import BudgetError, Ledger
from tests.doubles.aws_shapes import DoubleClients
from tests.textract.conftest import Service
from tests.textract.reading import PRICE

PAGE = np.full((80, 60), 255, np.uint8)
PAGE[10:20, 10:50] = 7


@pytest.mark.parametrize(
    ("tier", "operation", "features"),
    [
        ("basic", "DetectDocumentText", None),
        ("standard", "AnalyzeDocument", ["TABLES", "LAYOUT"]),
        ("premium", "AnalyzeDocument", ["TABLES", "FORMS", "LAYOUT"]),
    ],
)
def test_a_tier_says_what_is_asked_for(
    service: Service, tmp_path: Path, tier: str, operation: str, features: list[str] | None
) -> None:
    clients = DoubleClients(service.server.start())
    limiter = Limiter(tmp_path, "textract", None, 1)
    engine = TextractEngine(clients, tier, limiter, PRICE)  # type: ignore[arg-type]

    result = engine.recognize(PAGE)

    (call,) = service.server.calls
    assert (call.operation, call.params.get("FeatureTypes")) == (operation, features)
    assert result.lines[0].text == "page7"
    assert result.cost_usd == PRICE
    assert tier in engine.identity


def test_an_empty_page_is_not_paid(service: Service) -> None:
    result = service.engine.recognize(np.full((400, 300), 250, np.uint8))

    assert (result.lines, result.cost_usd) == ([], 0.0)
    assert service.server.calls == []


def test_a_page_that_no_budget_allows_is_not_sent(service: Service, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "spent", budget=PRICE)
    limiter = Limiter(tmp_path, "textract", None, 1, ledger.spend)
    clients = DoubleClients(service.server.start())
    engine = TextractEngine(clients, "standard", limiter, PRICE)
    engine.recognize(PAGE)

    with pytest.raises(BudgetError):
        engine.recognize(PAGE)

    assert service.paid_images == 1


def test_pages_are_sent_without_loss_where_they_fit_and_smaller_where_not() -> None:
    colours = np.random.default_rng(1).integers(0, 255, (120, 100, 3), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 255, (4000, 4000, 3), dtype=np.uint8)
    long = np.full((20, 12_000, 3), 255, np.uint8)

    assert np.array_equal(cv2.imdecode(np.frombuffer(encoded(colours), np.uint8), 1), colours)
    large = encoded(noise)
    assert len(large) <= MOST_BYTES and large.startswith(b"\xff\xd8")
    assert max(cv2.imdecode(np.frombuffer(encoded(long), np.uint8), 0).shape) == 10_000


def test_throttled_calls_are_repeated_and_said_to_be_throttled_in_the_end(
    service: Service,
) -> None:
    codes = ["ThrottlingException", "ProvisionedThroughputExceededException"]
    service.server.fail_next("textract", "AnalyzeDocument", *codes)
    assert service.engine.recognize(PAGE).lines

    service.server.fail_next("textract", "AnalyzeDocument", *codes, codes[1])
    with pytest.raises(SparknetError) as throttled:
        service.engine.recognize(PAGE)
    assert throttled.value.kind is FailureKind.THROTTLED
    assert throttled.value.retryable


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UnsupportedDocumentException", FailureKind.UNSUPPORTED),
        ("BadDocumentException", FailureKind.CORRUPT),
        ("DocumentTooLargeException", FailureKind.TOO_LARGE),
        ("AccessDeniedException", FailureKind.REFUSED),
        ("ExpiredTokenException", FailureKind.REFUSED),
        ("InternalServerError", FailureKind.UNAVAILABLE),
    ],
)
def test_errors_say_what_is_at_fault(service: Service, code: str, kind: FailureKind) -> None:
    service.server.fail_next("textract", "AnalyzeDocument", code, code, code)

    with pytest.raises(SparknetError) as error:
        service.engine.recognize(PAGE)

    assert error.value.kind is kind
    assert error.value.message.endswith(".")
