"""Fields that were found beside what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.deployment import Deployment
from sparknet_assets.artifacts import FIELDS, DocumentRef
from sparknet_assets.evaluation.evaluate import evaluate
from sparknet_assets.evaluation.field_quality import Truths, has_truth, measure
from sparknet_assets.evaluation.measured import Sample
from sparknet_assets.fields.corrections import correct
from sparknet_assets.fields.values import DocumentFields, FieldValue, SchemaFields
from sparknet_assets.records import new_document
from tests.evaluation.conftest import WriteSet

OWN_SCHEMA = b"""
name: ticket
fields:
  - {name: company, type: name}
  - {name: date, type: date}
  - {name: total, type: amount}
  - {name: number, type: identifier}
"""
TRUTH = {"company": "Halden Ferry Company", "date": "21/06/2025", "total": "45.30", "number": ""}


@pytest.fixture
def home(deployment: Deployment) -> Deployment:
    """A document whose company is wrong, whose date is right, and whose total is the same amount
    in other words."""
    deployment.storage.put("schemas/ticket.yaml", OWN_SCHEMA)
    deployment.catalog.put([new_document("slip", "slip", "raw/slip/slip.png")])
    values = {
        "company": FieldValue(value="Ticket machine", text="Ticket machine"),
        "date": FieldValue(value="2025-06-21", text="21/06/2025"),
        "total": FieldValue(value={"amount": "45.30", "currency": "EUR"}, text="EUR 45,30"),
    }
    fields = DocumentFields(
        doc_id="slip",
        schemas=[SchemaFields(schema_name="ticket", schema_sha256="", fields=values)],
    )
    key = DocumentRef("slip", "raw/slip/slip.png").key(FIELDS)
    deployment.storage.put(key, fields.model_dump_json().encode())
    return deployment


def test_fields_count_strictly_and_by_what_they_mean(home: Deployment) -> None:
    found = measure(home, {"slip": {"ticket": TRUTH}}, Sample())
    assert found.problems == []
    assert {key: list(score.values()) for key, score in found.scores.items()} == {
        "slip ticket.company": [0, 0],
        "slip ticket.date": [1, 1],
        "slip ticket.total": [0, 1],
        # The document has no number, and none was found.
        "slip ticket.number": [1, 1],
    }
    figures = found.figures
    assert figures["right"] == 2 / 4
    assert figures["right_normalised"] == 3 / 4
    # One of three texts found, and of three there; of these two by what they mean.
    assert figures["precision"] == figures["recall"] == figures["f1"] == pytest.approx(1 / 3)
    assert figures["f1_normalised"] == pytest.approx(2 / 3)


def test_what_people_corrected_is_a_truth_and_not_a_finding(home: Deployment) -> None:
    assert not has_truth(home, {})
    correct(home, "slip", "ticket", "company", "Halden Ferry Company", by="mara")
    correct(home, "slip", "ticket", "total", "EUR 45.30", by="mara")
    assert has_truth(home, {})
    found = measure(home, {}, Sample())
    assert {key: score["right"] for key, score in found.scores.items()} == {
        "slip ticket.company": 0,
        "slip ticket.total": 1,
    }
    # The truth of the set goes before.
    truths: Truths = {"slip": {"ticket": {"company": "Ticket machine"}}}
    assert measure(home, truths, Sample()).scores["slip ticket.company"]["right"] == 1


@pytest.mark.parametrize(
    ("truths", "said"),
    [
        ({"gone": {"ticket": {"total": "1"}}}, "no document gone"),
        ({"slip": {"bill": {"total": "1"}}}, "no schema bill"),
        ({"slip": {"ticket": {"sum": "1"}}}, "ticket has no field sum"),
    ],
)
def test_a_truth_about_nothing_is_a_problem(home: Deployment, truths: Truths, said: str) -> None:
    found = measure(home, truths, Sample())
    assert (found.items, found.figures) == (0, {})
    [problem] = found.problems
    assert said in problem


def test_a_set_of_fields_is_evaluated(home: Deployment, write_set: WriteSet) -> None:
    folder: Path = write_set(fields={"slip": {"ticket": TRUTH}})
    [outcome] = evaluate(home, str(folder))
    assert outcome.entry.kind == "fields"
    assert outcome.entry.items == 4
    assert outcome.ok
