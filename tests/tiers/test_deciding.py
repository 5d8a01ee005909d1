"""Which tier a document has: the order of those who decide, and what each tier means."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.aws.clients import AwsClients
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings, SettingsError, load_settings
from resources.storage import ObjectInfo, ObjectNotFoundError
from resources.storage.local import LocalStorageAdapter
from resources.tiers import SECOND, TIERS, Tier, TierRule, policy_of
from schedules.planning import Change, FoundDocument
from schedules.registration import register
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.records import new_document
from sparknet_assets.tiers import LABEL, decide, set_tier, source_of
from tests.doubles.buckets import bucket_of, new_bucket
from tests.doubles.moto_server import MotoServer

tiers = st.sampled_from(TIERS)
perhaps = st.none() | tiers


class Labelled(LocalStorageAdapter):
    """A folder whose files carry a label, as objects in S3 do."""

    said = ""

    def label(self, key: str, name: str) -> str:
        return self.said


@given(explicit=perhaps, before=perhaps, label=perhaps, rules=st.lists(tiers), default=tiers)
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_first_who_says_something_decides(
    explicit: Tier | None,
    before: Tier | None,
    label: Tier | None,
    rules: list[Tier],
    default: Tier,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            home=Path(folder),
            default_tier=default,
            tier_rules=[TierRule(match="*", tier=tier) for tier in rules],
        )
        deployment = Deployment(settings)
        storage = Labelled(Path(folder))
        storage.said = label or ""
        deployment.__dict__["storage"] = storage
        known = new_document("a", "a", "raw/a/a.txt")
        if before:
            known = known.model_copy(update={"tier": before, "tier_source": "explicit"})
        decided = decide(
            deployment, "a", "a.txt", explicit=explicit, known=known, raw_key="raw/a/a.txt"
        )
    said = [
        (explicit, "explicit"),
        (before, "explicit"),
        (label, "object"),
        *((tier, "rule") for tier in rules[:1]),
        (default, "default"),
    ]
    assert decided == next((tier, source) for tier, source in said if tier)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({"match": "*.TXT"}, True),
        ({"match": "contract-*"}, True),
        ({"match": "invoice*"}, False),
        ({"match": "*", "media_type": "text/*"}, True),
        ({"match": "*", "media_type": "image/*"}, False),
    ],
)
def test_rules_go_by_names_and_content(tmp_path: Path, rule: dict[str, str], fits: bool) -> None:
    inbox = tmp_path / "contract-7.txt"
    inbox.write_text("The ferry leaves at nine.")
    rules = [TierRule.model_validate({**rule, "tier": "premium"})]
    deployment = Deployment(Settings(home=tmp_path / "data", tier_rules=rules))
    [doc_id] = take_in(deployment, [inbox]).doc_ids
    record = deployment.catalog.get(doc_id)
    assert record is not None
    expected = ("premium", "rule") if fits else ("standard", "default")
    assert (record.tier, record.tier_source) == expected


def found(deployment: Deployment, doc_id: str, key: str) -> FoundDocument:
    info = deployment.storage.stat(key)
    assert info is not None
    settled = ObjectInfo(key, info.size, info.version, datetime.now(UTC) - timedelta(minutes=1))
    return FoundDocument(doc_id, settled, Change.NEW)


def test_what_is_dropped_into_raw_gets_its_tier_by_rule(tmp_path: Path) -> None:
    rules = [TierRule(match="scans-*", tier="basic")]
    deployment = Deployment(Settings(home=tmp_path, tier_rules=rules, default_tier="premium"))
    for doc_id in ("scans-1", "letter"):
        deployment.storage.put(f"raw/{doc_id}/a.txt", b"words")
    both = [found(deployment, doc_id, f"raw/{doc_id}/a.txt") for doc_id in ("scans-1", "letter")]
    register(deployment, both, datetime.now(UTC))
    rows = deployment.catalog.get_many(["scans-1", "letter"])
    assert [(r.tier, r.tier_source) for r in (rows["scans-1"], rows["letter"])] == [
        ("basic", "rule"),
        ("premium", "default"),
    ]


def test_objects_in_s3_say_their_tier_by_metadata_or_tag(moto: MotoServer, tmp_path: Path) -> None:
    clients = AwsClients()
    storage = new_bucket(clients=clients)
    s3, bucket = clients.client("s3"), bucket_of(storage)
    keys = {name: f"raw/{name}/a.txt" for name in ("meta", "tag", "wrong", "none")}
    labels: dict[str, dict[str, Any]] = {
        "meta": {"Metadata": {LABEL: "Premium"}},
        "tag": {"Tagging": f"{LABEL}=basic&other=x"},
        "wrong": {"Metadata": {LABEL: "golden"}},
        "none": {},
    }
    for name, more in labels.items():
        s3.put_object(Bucket=bucket, Key=keys[name], Body=b"words", **more)
    deployment = Deployment(Settings(home=tmp_path))
    deployment.__dict__["storage"] = storage
    register(deployment, [found(deployment, *item) for item in keys.items()], datetime.now(UTC))
    rows = deployment.catalog.get_many(keys)
    assert {name: (row.tier, row.tier_source) for name, row in rows.items()} == {
        "meta": ("premium", "object"),
        "tag": ("basic", "object"),
        "wrong": ("standard", "default"),
        "none": ("standard", "default"),
    }
    with pytest.raises(ObjectNotFoundError):
        storage.label("raw/gone/a.txt", LABEL)


def test_a_tier_that_a_person_sets_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    deployment = Deployment(Settings(home=tmp_path / "data"))
    [doc_id] = take_in(deployment, [file]).doc_ids
    [row] = set_tier(deployment, [doc_id], "basic")
    assert (row.tier, row.tier_source) == ("basic", "explicit")
    file.write_text("another version")
    take_in(deployment, [file])
    again = deployment.catalog.get(doc_id)
    assert again is not None
    assert (again.tier, again.tier_source) == ("basic", "explicit")


def test_setting_a_tier_changes_all_or_none(deployment: Deployment) -> None:
    deployment.catalog.put([new_document("a", "a", "raw/a/a.txt")])
    for doc_ids, tier, said in ((["a", "b"], "basic", "no document b"), (["a"], "x", "not a tier")):
        with pytest.raises(SparknetError, match=said):
            set_tier(deployment, doc_ids, tier)
    deployment.catalog.claim(["a"], "elsewhere:1:x", 60.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sparknet_assets.tiers._WAIT_SECONDS", 0.0)
        with pytest.raises(SparknetError) as raised:
            set_tier(deployment, ["a"], "basic")
    assert raised.value.kind is FailureKind.UNAVAILABLE
    row = deployment.catalog.get("a")
    assert row is not None and row.tier == "standard"


def test_rows_of_before_had_their_tier_from_people() -> None:
    row = new_document("a", "a", "raw/a/a.txt")
    assert source_of(row) == "default"
    assert source_of(row.model_copy(update={"tier": "premium"})) == "explicit"


def test_what_the_tiers_mean() -> None:
    policies = [policy_of(tier, Settings()) for tier in TIERS]
    assert [p.ocr_dpi for p in policies] == [150, 200, 300]
    assert [p.tables for p in policies] == [False, True, True]
    assert [p.textract for p in policies] == list(TIERS)
    assert [p.llm_fields for p in policies] == [False, True, True]
    assert [p.climb_to for p in policies] == ["", "", SECOND]
    with pytest.raises(ValueError, match="golden"):
        policy_of("golden", Settings())


def test_tiers_can_be_overridden() -> None:
    changes = {"basic": {"climb": True, "ocr_dpi": 120}, "standard": {"textract": "premium"}}
    settings = load_settings(tiers=changes, ocr_dpi=350, tables=False)
    basic, standard, premium = (policy_of(tier, settings) for tier in TIERS)
    assert (basic.ocr_dpi, basic.climb_to, basic.textract) == (120, "standard", "basic")
    assert (standard.ocr_dpi, standard.tables, standard.textract) == (350, False, "premium")
    assert (premium.ocr_dpi, premium.tables) == (350, True)
    off = load_settings(tiers=changes, climb=False)
    assert [policy_of(tier, off).climb_to for tier in TIERS] == ["", "", ""]


def test_wrong_tiers_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value, said in (
        ("DEFAULT_TIER", "golden", "SPARKNET_DEFAULT_TIER"),
        ("TIERS", "premium", "should be a JSON object"),
        ("TIERS", '{"premium": {"ocr_dpi": 5}}', "ocr_dpi"),
        ("TIER_RULES", '[{"match": "*", "tier": "golden"}]', "tier"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(f"SPARKNET_{name}", value)
            with pytest.raises(SettingsError, match=said):
                load_settings()
