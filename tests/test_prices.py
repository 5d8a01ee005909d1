"""The price table: every entry sourced, what is unknown never free."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.prices import TABLE, Prices, load_prices
from resources.settings import Settings

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"


@pytest.fixture(scope="module")
def prices() -> Prices:
    return load_prices()


def test_the_models_and_tiers_of_the_settings_have_prices(prices: Prices) -> None:
    settings = Settings()
    assert prices.embedding_tokens(settings.titan_model) == pytest.approx(0.02e-6)
    assert prices.llm_tokens(settings.bedrock_model, 1_000_000, 1_000_000) == pytest.approx(6)
    costs = [prices.textract_page(tier) for tier in ("basic", "standard", "premium")]
    assert costs == sorted(costs, key=lambda cost: cost or 0)
    assert costs[0] == 0.0015


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        (f"global.{HAIKU}", 1.0),
        (f"us.{HAIKU}", 1.1),
        (f"eu.{HAIKU}", 1.1),
        (f"arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.{HAIKU}", 1.1),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}", 1.0),
    ],
)
def test_a_profile_is_charged_as_its_prefix_says(prices: Prices, model: str, factor: float) -> None:
    assert prices.llm_tokens(model, 2000, 100) == pytest.approx(factor * 0.0025)


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-of-tomorrow",
        f"mars.{HAIKU}",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
        "",
    ],
)
def test_what_is_not_listed_has_no_price(prices: Prices, model: str) -> None:
    assert prices.llm_tokens(model, 1, 1) is None
    assert prices.embedding_tokens(model) is None
    assert prices.textract_page("deluxe") is None


def test_a_model_is_not_priced_as_what_it_is_not(prices: Prices) -> None:
    assert prices.llm_tokens(TITAN, 1, 1) is None
    assert prices.embedding_tokens(HAIKU) is None


def test_another_table_takes_the_place_of_this_one(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    entry = f"model = '{TITAN}'\nusd_per_million_tokens = 3\nsource = 'ours'\ndate = 2026-01-02\n"
    table.write_text(f"currency = 'USD'\n[[embedding]]\n{entry}")
    prices = Deployment(Settings(home=tmp_path, prices=table)).prices
    assert prices.embedding_tokens(TITAN) == pytest.approx(3e-6)
    assert prices.llm_tokens(HAIKU, 1, 1) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "can't be read"),
        ("= 3", "not TOML"),
        ("currency = 'EUR'", "currency"),
        ("currency = 'USD'\n[[llm]]\nmodel = 'x'", "llm.0"),
        (TABLE.read_text() + TABLE.read_text().partition('USD"')[2], "twice"),
    ],
)
def test_a_table_that_is_wrong_is_one_sentence(tmp_path: Path, text: str | None, says: str) -> None:
    table = tmp_path / "prices.toml"
    if text is not None:
        table.write_text(text)
    with pytest.raises(SparknetError, match=says) as caught:
        load_prices(table)
    assert str(table) in caught.value.message
    assert caught.value.kind is FailureKind.REFUSED


def test_a_source_and_a_date_are_needed(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text("currency = 'USD'\n[[embedding]]\nmodel='x'\nusd_per_million_tokens=1\n")
    with pytest.raises(SparknetError, match="source"):
        load_prices(table)


def test_the_table_is_part_of_the_package() -> None:
    builder = pytest.importorskip("hatchling.builders.wheel", reason="pip install hatchling")
    files = builder.WheelBuilder(str(TABLE.parent.parent)).recurse_included_files()
    assert "resources/prices.toml" in {file.distribution_path for file in files}
