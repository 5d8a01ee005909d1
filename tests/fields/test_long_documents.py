"""Documents of more pages than are held at once."""

from __future__ import annotations

from sparknet_assets.fields.correction_log import CorrectionLog
from sparknet_assets.fields.finding import STRETCH, find
from tests.fields_rules.drawn import page, schema


def test_a_table_goes_on_where_one_stretch_of_pages_ends() -> None:
    invoice = schema("invoice")
    first = page(
        """
        Invoice number: 77
        Description     Qty     Price     Amount
        Widget            1     10.00      10.00
        """,
        1,
    )
    more = [
        page("        Widget            1     10.00      10.00", number)
        for number in range(2, STRETCH + 2)
    ]
    total = f"{(STRETCH + 1) * 10}.00"
    last = page(f"        Total                            {total}", STRETCH + 2)
    log = CorrectionLog(doc_id="long", schemas=["invoice"])
    (found,) = find("long", [first, *more, last], {"invoice": invoice}, log).schemas
    table = found.tables["items"]
    assert len(table.rows) == STRETCH + 1
    assert (table.complete, table.note) == (True, "")
    assert (found.fields["number"].page, found.fields["total"].page) == (1, STRETCH + 2)
