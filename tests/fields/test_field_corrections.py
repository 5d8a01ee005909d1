"""Corrections: typed, kept in order, laid over what is extracted, and gone with their document."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.settings import Settings
from sparknet_assets.fields.correction_log import Correction, CorrectionLog, log_key, read_log
from sparknet_assets.fields.corrections import (
    CorrectedSinceError,
    choose_schemas,
    correct,
    drop,
    history,
)
from sparknet_assets.fields.noted import corrections_noted
from sparknet_assets.fields.overlay import laid_over
from sparknet_assets.fields.reading import fields_of
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema, SumRule, TableSpec
from sparknet_assets.fields.values import DocumentFields, FieldValue, SchemaFields, TableValue
from sparknet_assets.records import new_document

BILL = Schema(
    name="bill",
    fields=(
        FieldSpec(name="total", type=FieldType.AMOUNT, required=True),
        FieldSpec(name="due", type=FieldType.DATE),
        FieldSpec(name="paid", type=FieldType.CHOICE),
        FieldSpec(name="number", type=FieldType.IDENTIFIER, pattern=r"\d+"),
    ),
    tables=(
        TableSpec(
            name="items",
            columns=(FieldSpec(name="what"), FieldSpec(name="price", type=FieldType.AMOUNT)),
        ),
    ),
    sums=(SumRule(total="total", column="items.price"),),
)


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def extracted() -> DocumentFields:
    price = FieldValue(value=euros("5.00"), text="5.00", confidence=0.9, page=1)
    what = FieldValue(value="nail", text="nail", confidence=0.9, page=1)
    return DocumentFields(
        doc_id="doc",
        schemas=[
            SchemaFields(
                schema_name="bill",
                schema_sha256="0",
                fields={"total": FieldValue(value=euros("5.00"), confidence=0.9, page=1)},
                tables={"items": TableValue(columns=["what", "price"], rows=[[what, price]])},
            )
        ],
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    deployment = Deployment(Settings(home=tmp_path_factory.mktemp("corrections"), workers=1))
    deployment.storage.put("schemas/bill.json", b"{}")
    deployment.storage.put("schemas/bill.yaml", BILL.model_dump_json().encode())
    deployment.storage.delete("schemas/bill.json")
    return deployment


@pytest.fixture
def deployment(shared: Deployment) -> Iterator[Deployment]:
    shared.catalog.put([new_document("doc", "doc", "raw/doc/a.pdf")])
    shared.storage.put("processed/doc/fields.json", extracted().model_dump_json().encode())
    yield shared
    shared.storage.delete(log_key("doc"))
    shared.catalog.delete_facts(["field_corrections/doc"])


def shown(deployment: Deployment) -> SchemaFields:
    return fields_of(deployment, "doc").schemas[0]


def test_a_correction_counts_at_once_and_can_be_taken_back(deployment: Deployment) -> None:
    now = correct(deployment, "doc", "bill", "total", "1.234,50 €", by="ann", note="stamp").value
    assert now is not None
    assert (now.value, now.source, now.confidence) == (euros("1234.50"), "correction", 1.0)
    part = shown(deployment)
    assert part.fields["total"].value == euros("1234.50")
    assert part.problems == ["total 1234.50 is not the sum of items.price 5.00"]
    assert corrections_noted(deployment.catalog) == {
        "doc": read_log(deployment.storage, "doc").version
    }
    again = drop(deployment, "doc", "bill", "total", "bob").value
    assert again is not None
    assert again.value == euros("5.00")
    assert shown(deployment) == extracted().schemas[0]
    assert corrections_noted(deployment.catalog) == {}
    first, second = history(deployment, "doc")
    assert (first.before, first.value, first.by, first.note) == (
        euros("5.00"), euros("1234.50"), "ann", "stamp",
    )  # fmt: skip
    assert (second.before, second.value, second.dropped) == (euros("1234.50"), euros("5.00"), True)
    assert set(first.model_dump()) >= {"schema", "field", "value", "before", "by", "at", "dropped"}


def test_a_correction_that_its_maker_has_not_seen_is_not_written_over(
    deployment: Deployment,
) -> None:
    read = fields_of(deployment, "doc").version
    assert read == 0
    first = correct(deployment, "doc", "bill", "total", "EUR 7", by="ann", expected_version=read)
    assert first.version == fields_of(deployment, "doc").version == 1
    with pytest.raises(CorrectedSinceError, match="ann made it EUR 7") as raised:
        correct(deployment, "doc", "bill", "total", "EUR 8", by="bob", expected_version=read)
    assert raised.value.kind is FailureKind.REFUSED
    with pytest.raises(CorrectedSinceError):
        drop(deployment, "doc", "bill", "total", "bob", expected_version=read)
    assert len(history(deployment, "doc")) == 1
    other = correct(
        deployment, "doc", "bill", "items.0.what", "bolt", by="bob", expected_version=read
    )
    assert other.version == 2
    dropped = drop(deployment, "doc", "bill", "total", "ann", expected_version=first.version)
    assert dropped.version == 3
    with pytest.raises(CorrectedSinceError, match="ann took the correction back"):
        correct(deployment, "doc", "bill", "total", "EUR 8", by="bob", expected_version=2)
    assert correct(deployment, "doc", "bill", "total", "EUR 8", by="bob").version == 4


@pytest.mark.parametrize("version", [-1, 1])
def test_a_version_of_other_corrections_is_refused(deployment: Deployment, version: int) -> None:
    with pytest.raises(CorrectedSinceError, match="has 0 corrections"):
        correct(deployment, "doc", "bill", "total", 1, by="ann", expected_version=version)


def test_a_sum_that_a_correction_mends_is_not_told_any_more(deployment: Deployment) -> None:
    found = extracted()
    wrong = found.schemas[0].fields["total"]
    sentence = "total 6.00 is not the sum of items.price 5.00"
    found.schemas[0].fields["total"] = wrong.model_copy(
        update={"value": euros("6.00"), "problems": [sentence, "it is faint"]}
    )
    deployment.storage.put("processed/doc/fields.json", found.model_dump_json().encode())
    assert shown(deployment).problems == [sentence]
    correct(deployment, "doc", "bill", "items.0.price", "6.00", by="ann")
    assert shown(deployment).problems == []
    assert shown(deployment).fields["total"].problems == ["it is faint"]
    drop(deployment, "doc", "bill", "items.0.price", "ann")
    assert shown(deployment).fields["total"].problems == [sentence, "it is faint"]


def test_cells_of_tables(deployment: Deployment) -> None:
    correct(deployment, "doc", "bill", "items.0.what", "screw", by="ann")
    correct(deployment, "doc", "bill", "items.1.price", 2.5, by="ann")
    table = shown(deployment).tables["items"]
    values = [[cell and cell.value for cell in row] for row in table.rows]
    assert values == [
        ["screw", euros("5.00")],
        [None, {"amount": "2.5", "currency": None}],
    ]
    with pytest.raises(SparknetError, match="items has 2 rows; the next is 2"):
        correct(deployment, "doc", "bill", "items.7.what", "x", by="ann")
    drop(deployment, "doc", "bill", "items.1.price", "ann")
    assert len(shown(deployment).tables["items"].rows) == 1


def test_a_value_that_is_not_there(deployment: Deployment) -> None:
    correct(deployment, "doc", "bill", "total", None, by="ann")
    assert shown(deployment).fields["total"].value is None
    assert "total is missing" in shown(deployment).problems


def test_a_doubtful_value_is_taken_and_said(deployment: Deployment) -> None:
    now = correct(deployment, "doc", "bill", "number", "A-7", by="ann").value
    assert now is not None
    assert now.problems == ["number does not match \\d+: A-7"]


@pytest.mark.parametrize(
    ("schema", "field", "value", "said"),
    [
        ("bill", "total", "much", "an amount, such as"),
        ("bill", "total", {"amount": "x"}, "an amount"),
        ("bill", "due", "soon", "a date, such as"),
        ("bill", "due", "2024-02-31", "a date"),
        ("bill", "paid", "perhaps", "yes or no"),
        ("bill", "number", " ", "not empty"),
        ("bill", "sum", "1", "has no field sum. There are: total"),
        ("bill", "items.x.what", "1", "has no field"),
        ("bill", "items.0.where", "1", "items.ROW.what"),
        ("slip", "total", "1", "There is no schema slip"),
    ],
)
def test_what_is_not_of_its_type_is_refused(
    deployment: Deployment, schema: str, field: str, value: Any, said: str
) -> None:
    with pytest.raises(SparknetError) as caught:
        correct(deployment, "doc", schema, field, value, by="ann")
    assert caught.value.kind is FailureKind.REFUSED
    assert said in caught.value.message
    assert history(deployment, "doc") == []


def test_refusals_about_the_document(deployment: Deployment) -> None:
    with pytest.raises(SparknetError, match="There is no document ghost"):
        correct(deployment, "ghost", "bill", "total", "1", by="ann")
    with pytest.raises(SparknetError, match="was not corrected"):
        drop(deployment, "doc", "bill", "total", "ann")
    deployment.storage.put(log_key("doc"), b"{damaged")
    with pytest.raises(SparknetError, match="can't be read"):
        correct(deployment, "doc", "bill", "total", "1", by="ann")
    assert deployment.storage.get(log_key("doc")) == b"{damaged"


def test_a_kind_is_chosen_and_left_to_the_marks_again(deployment: Deployment) -> None:
    assert choose_schemas(deployment, "doc", ["bill"])
    assert not choose_schemas(deployment, "doc", ["bill"])
    assert "doc" in corrections_noted(deployment.catalog)
    with pytest.raises(SparknetError, match="no schema slip"):
        choose_schemas(deployment, "doc", ["slip"])
    assert choose_schemas(deployment, "doc", None)
    assert corrections_noted(deployment.catalog) == {}


def test_writers_at_the_same_time_lose_nothing(deployment: Deployment) -> None:
    other = Deployment(deployment.settings)

    def write(number: int) -> None:
        one = (deployment, other)[number % 2]
        correct(one, "doc", "bill", "number", str(number), by=f"writer {number}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(24)))
    entries = history(deployment, "doc")
    assert sorted(entry.by for entry in entries) == sorted(f"writer {n}" for n in range(24))
    assert shown(deployment).fields["number"].value == entries[-1].value
    log = read_log(deployment.storage, "doc")
    assert corrections_noted(deployment.catalog)["doc"] == log.version


FIELDS = ("total", "due", "items.0.what", "items.1.what")
WORDS = st.lists(
    st.tuples(st.sampled_from(FIELDS), st.none() | st.sampled_from(["x", "y"]), st.booleans()),
    max_size=12,
)


@given(WORDS)
def test_the_last_word_counts_and_taking_back_restores(
    words: list[tuple[str, str | None, bool]],
) -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC)
    log = CorrectionLog(doc_id="doc")
    fields, last = extracted(), {}
    for field, value, dropped in words:
        entry = Correction(
            schema_name="bill", field=field, value=value, by="", at=at, dropped=dropped
        )
        log = log.model_copy(update={"entries": [*log.entries, entry]})
        last[field] = None if dropped else entry
        # As it was laid over before, whatever that was: only what is in force now counts.
        fields = laid_over(fields, log, {"bill": BILL})
    corrected = {field: entry for field, entry in last.items() if entry is not None}
    afresh = laid_over(extracted(), log, {"bill": BILL})
    assert fields == afresh
    assert fields.schemas[0].found == laid_over(
        extracted(), CorrectionLog(doc_id="doc"), {"bill": BILL}
    ).schemas[0].found  # fmt: skip
    if not corrected:
        assert log.version == ""
        assert fields == laid_over(extracted(), CorrectionLog(doc_id="doc"), {"bill": BILL})
    for field in ("total", "due"):
        if field in corrected:
            value = fields.schemas[0].fields[field]
            assert (value.source, value.value) == ("correction", corrected[field].value)


def test_a_removed_document_takes_no_corrections(deployment: Deployment, tmp_path: Path) -> None:
    from sparknet_assets.removal.removing import remove

    correct(deployment, "doc", "bill", "total", "1", by="ann")
    (receipt,) = remove(deployment, ["doc"], reason="test", requested_by="ann")
    assert receipt.removed["corrections"].count == 1
    assert receipt.remaining["corrections"] == 0
    assert corrections_noted(deployment.catalog) == {}
    assert list(deployment.storage.list("corrections/")) == []
    with pytest.raises(SparknetError, match="There is no document doc"):
        correct(deployment, "doc", "bill", "total", "1", by="ann")
    assert list(deployment.storage.list("corrections/")) == []
