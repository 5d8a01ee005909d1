"""Tiers on Textract: which interface is asked for a page, at which price, and when it climbs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from resources.deployment import Deployment
from resources.settings import Settings
from resources.tiers import TIERS, TierChanges
from sparknet_assets.api.rows import details
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.cli import main
from sparknet_assets.reports import report
from sparknet_assets.tiers import set_tier
from tests.doubles.aws_shapes import DoubleClients, ShapeServer
from tests.doubles.textract import TextractDouble
from tests.tiers.readers import SharpEngine, plan_of, put, run, scan

ASKED = {
    "basic": ("DetectDocumentText", None),
    "standard": ("AnalyzeDocument", ["TABLES", "LAYOUT"]),
    "premium": ("AnalyzeDocument", ["TABLES", "FORMS", "LAYOUT"]),
}
PRICES = {"basic": 0.0015, "standard": 0.019, "premium": 0.069}


@pytest.fixture
def server(engine: SharpEngine) -> Iterator[ShapeServer]:
    server = ShapeServer()
    TextractDouble(engine.recognize).register(server)
    yield server
    server.stop()


def reading(server: ShapeServer, home: Path, **settings: object) -> Deployment:
    changes = {"textract_per_second": 1000.0, **settings}
    deployment = Deployment(Settings(home=home, ocr="textract", workers=1, **changes))  # type: ignore[arg-type]
    deployment.__dict__["aws"] = DoubleClients(server.start())
    return deployment


def asked(server: ShapeServer) -> list[tuple[str, list[str] | None]]:
    return [(call.operation, call.params.get("FeatureTypes")) for call in server.calls]


def test_each_tier_asks_for_its_features_at_its_price(server: ShapeServer, tmp_path: Path) -> None:
    deployment = reading(server, tmp_path, default_tier="basic")
    put(deployment, "a", scan())
    for tier in TIERS:
        if tier != "basic":
            set_tier(deployment, ["a"], tier)
            [planned] = plan_of(deployment).documents
            assert planned.cost_usd == pytest.approx(PRICES[tier])
        server.calls.clear()
        record = run(deployment, "a")["a", "ocr_text"]
        assert asked(server) == [ASKED[tier]]
        assert record.cost_usd == pytest.approx(PRICES[tier])


def test_a_page_climbs_to_the_next_interface(server: ShapeServer, tmp_path: Path) -> None:
    changes = {"basic": TierChanges(climb=True, ocr_dpi=200)}
    deployment = reading(server, tmp_path, default_tier="basic", tiers=changes)
    put(deployment, "a", scan())
    record = run(deployment, "a")["a", "ocr_text"]
    assert asked(server) == [ASKED["basic"], ASKED["standard"]]
    assert record.cost_usd == pytest.approx(PRICES["basic"] + PRICES["standard"])


def test_what_the_budget_does_not_allow_leaves_the_first_reading(
    server: ShapeServer, tmp_path: Path
) -> None:
    changes = {"standard": TierChanges(climb=True)}
    deployment = reading(server, tmp_path, tiers=changes, budget_usd=0.05)
    put(deployment, "a", scan())
    record = run(deployment, "a")["a", "ocr_text"]
    assert asked(server) == [ASKED["standard"]]
    assert (record.status, record.failure) == ("done", None)
    [page] = read_text(deployment.storage, DocumentRef("a", "raw/a/scan.pdf"))
    assert page.reason == "no-text-layer; not read again: the budget does not allow it"


def test_pages_left_for_want_of_money_are_taken_up_when_there_is_some(
    server: ShapeServer, tmp_path: Path
) -> None:
    changes = {"standard": TierChanges(climb=True)}
    poor = reading(server, tmp_path, tiers=changes, budget_usd=0.06)
    put(poor, "a", scan(pages=3))
    first = run(poor, "a")["a", "ocr_text"]
    assert first.metadata["unclimbed"] == 3
    assert plan_of(poor).documents == ()
    server.calls.clear()
    assert run(poor, "a")["a", "ocr_text"].reused

    # Enough for two of the three, then for what is left.
    richer = reading(server, tmp_path, tiers=changes, budget_usd=0.15)
    [planned] = plan_of(richer).documents
    assert planned.reason == "ocr_text: 3 pages wait for a budget to be read again"
    assert planned.cost_usd == pytest.approx(3 * PRICES["premium"])
    second = run(richer, "a")["a", "ocr_text"]
    assert (second.metadata["unclimbed"], second.metadata["climbed"]) == (1, 2)
    [planned] = plan_of(richer).documents
    assert "1 page waits" in planned.reason
    third = run(richer, "a")["a", "ocr_text"]
    assert "unclimbed" not in third.metadata and third.metadata["climbed"] == 3
    assert asked(server) == [ASKED["premium"]] * 3
    assert third.cost_usd == pytest.approx(PRICES["premium"])
    assert plan_of(richer).documents == ()
    reasons = {page.reason for page in read_text(richer.storage, DocumentRef("a", ""))}
    assert reasons == {"no-text-layer; climbed: standard 0.41 -> premium 0.78"}


def test_what_waits_is_shown(server: ShapeServer, tmp_path: Path) -> None:
    changes = {"standard": TierChanges(climb=True)}
    deployment = reading(server, tmp_path, tiers=changes, budget_usd=0.06)
    put(deployment, "a", scan(pages=2))
    run(deployment, "a")
    [shown] = report(deployment.catalog, ["a"])
    assert shown.as_json()["stages"]["ocr_text"]["unclimbed"] == 2
    told = CliRunner().invoke(main, ["--home", str(tmp_path), "status", "a"])
    assert "2 doubtful pages not read again" in told.output
    set_tier(deployment, ["a"], "premium")
    details_of = details(deployment, "a")
    assert details_of is not None and details_of.metadata is not None
    assert (details_of.tier, details_of.metadata.tier) == ("premium", "premium")


def test_premium_has_nothing_above_it(server: ShapeServer, tmp_path: Path) -> None:
    deployment = reading(server, tmp_path, default_tier="premium", ocr_confidence_floor=1.0)
    put(deployment, "a", scan())
    run(deployment, "a")
    assert asked(server) == [ASKED["premium"]]
