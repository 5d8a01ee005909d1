"""Fields over HTTP: read, set right, taken back."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from resources.deployment import Deployment

V1 = "/api/v1"
TOTAL = f"{V1}/documents/bill-txt/fields/invoice/total"


@pytest.fixture
def bill(client: TestClient, deployment: Deployment) -> TestClient:
    """A client of an app with one document, whose fields nobody has extracted."""
    client.post(f"{V1}/documents", params={"filename": "bill.txt"}, content=b"Total EUR 12.50\n")
    return client


def test_the_schemas_are_those_that_come_along(client: TestClient) -> None:
    schemas = client.get(f"{V1}/schemas").json()["schemas"]
    invoice = next(schema for schema in schemas if schema["name"] == "invoice")
    assert "total" in {field["name"] for field in invoice["fields"]}


def test_fields_say_when_they_are_not_complete(bill: TestClient) -> None:
    found = bill.get(f"{V1}/documents/bill-txt/fields").json()
    assert (found["complete"], found["schemas"]) == (False, [])
    assert "sparknet extract bill-txt" in found["note"]


def test_a_correction_counts_at_once_and_can_be_taken_back(bill: TestClient) -> None:
    box = {"page": 1, "x0": 0.1, "y0": 0.1, "x1": 0.2, "y1": 0.12}
    said = {"value": "EUR 12.50", "page": 1, "boxes": [box], "note": "as printed"}
    value = bill.put(TOTAL, json=said).json()
    assert value["value"] == {"amount": "12.50", "currency": "EUR"}
    assert (value["source"], value["page"]) == ("correction", 1)
    assert _total(bill) == value["value"]
    bill.put(TOTAL, json={"value": {"amount": "13.00", "currency": None}})
    assert _total(bill)["amount"] == "13.00"
    assert bill.delete(TOTAL).json() is None
    past = bill.get(f"{V1}/documents/bill-txt/corrections").json()["corrections"]
    assert [(entry["schema"], entry["field"], entry["dropped"]) for entry in past] == [
        ("invoice", "total", False), ("invoice", "total", False), ("invoice", "total", True),
    ]  # fmt: skip
    assert (past[0]["by"], past[0]["note"]) == ("local", "as printed")
    assert past[1]["before"] == {"amount": "12.50", "currency": "EUR"}


def test_a_correction_nobody_has_seen_is_not_written_over(bill: TestClient) -> None:
    read = bill.get(f"{V1}/documents/bill-txt/fields")
    tag, seen = read.headers["etag"], {"If-Match": read.headers["etag"]}
    assert tag.startswith(f'"{read.json()["version"]}-')
    again = bill.get(f"{V1}/documents/bill-txt/fields", headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (304, tag)
    first = bill.put(TOTAL, json={"value": "EUR 12.50"}, headers=seen)
    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    for method in ("PUT", "DELETE"):
        late = bill.request(method, TOTAL, json={"value": "EUR 13.00"}, headers=seen)
        assert late.status_code == 412, late.text
        assert late.headers["content-type"] == "application/problem+json"
        assert "local made it EUR 12.50" in late.json()["detail"]
        assert late.json()["kind"] == "http_412"
    assert _total(bill)["amount"] == "12.50"
    number = TOTAL.replace("total", "number")
    assert bill.put(number, json={"value": "7"}, headers=seen).headers["etag"] == '"2"'
    taken_back = bill.delete(TOTAL, headers={"If-Match": first.headers["etag"]})
    assert (taken_back.status_code, taken_back.headers["etag"]) == (200, '"3"')


@pytest.mark.parametrize(
    ("sent", "status"),
    [('"0"', 412), ('"1"', 200), ('W/"1-ab"', 200), ('"0", "1"', 200), ("*", 200),
     ("1", 412), ('"x"', 412), ('"99"', 412), ('"' + "1" * 1001 + '"', 422)],
)  # fmt: skip
def test_if_match_takes_tags_of_fields_alone(bill: TestClient, sent: str, status: int) -> None:
    bill.put(TOTAL, json={"value": "EUR 12.50"})
    answer = bill.put(TOTAL, json={"value": "EUR 13.00"}, headers={"If-Match": sent})
    assert answer.status_code == status, answer.text
    assert _total(bill)["amount"] == ("13.00" if status == 200 else "12.50")


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        (TOTAL, b'{"value": "soon"}', 422),
        (TOTAL, b"{}", 422),
        (TOTAL, b'{"value": "\\ud800"}', 422),
        (TOTAL, b'{"value": 1, "note": "' + b"x" * 2001 + b'"}', 422),
        (TOTAL, b'{"value": {"a": ' + b"[" * 70 + b"]" * 70 + b"}}", 400),
        (TOTAL.replace("total", "none"), b'{"value": 1}', 422),
        (TOTAL.replace("invoice", "..%2f..%2fx"), b'{"value": 1}', 404),
        (TOTAL.replace("bill-txt", "none"), b'{"value": 1}', 404),
    ],
)
def test_what_is_no_value_is_refused(
    bill: TestClient, address: str, body: bytes, status: int
) -> None:
    answer = bill.put(address, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert bill.get(f"{V1}/documents/bill-txt/corrections").json() == {"corrections": []}


def _total(client: TestClient) -> Any:
    found = client.get(f"{V1}/documents/bill-txt/fields").json()
    (invoice,) = found["schemas"]
    return invoice["fields"]["total"]["value"]


@pytest.mark.parametrize("side", ["NaN", "Infinity", "-1e999"])
def test_a_box_without_numbers_spoils_no_corrections(bill: TestClient, side: str) -> None:
    """As JSON it would be null, and none of the document's corrections could be read again."""
    bill.put(TOTAL, json={"value": "EUR 12.50"})
    box = f'{{"page": 1, "x0": {side}, "y0": 0, "x1": 1, "y1": 1}}'
    body = f'{{"value": "EUR 13.00", "page": 1, "boxes": [{box}]}}'
    headers = {"Content-Type": "application/json"}
    assert bill.put(TOTAL, content=body, headers=headers).status_code == 422
    assert _total(bill)["amount"] == "12.50"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "[1e999]", '{"amount": NaN}'])
def test_what_is_no_number_is_no_value(bill: TestClient, value: str) -> None:
    headers = {"Content-Type": "application/json"}
    for name in ("total", "items.0.quantity", "number"):
        place = TOTAL.replace("total", name)
        answer = bill.put(place, content=f'{{"value": {value}}}', headers=headers)
        assert answer.status_code == 422, (name, answer.text)
    assert bill.get(f"{V1}/documents/bill-txt/corrections").json()["corrections"] == []
