"""Which passages can tell of the time that a question names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from resources.catalog import DocumentRecord
from resources.vector_store import Chunk, SearchHit
from sparknet_assets.retrieval.naming import UNNAMED, Named, names_of
from sparknet_assets.retrieval.periods import Period, agreement, periods_in

_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_RANGE = re.compile(
    r"(?<!\d)((?:1[5-9]|20)\d\d)\s*(?:-|\u2013|to|bis)\s*((?:1[5-9]|20)?\d\d)(?!\d)"
)
_DECADE = re.compile(r"(?<!\d)((?:1[5-9]|20)\d0)(?:er|'?s)\b")


class Times:
    """What the documents found say of their time.

    A passage can tell of a period if its document is of that period, or if it names the year
    itself, as a column that compares does. A report of another quarter has to name the quarter,
    too. Where nothing tells of what time a document is, any of its passages may name the year.
    """

    def __init__(
        self,
        hits: Sequence[SearchHit],
        records: Mapping[str, DocumentRecord],
        named: Mapping[str, Named],
    ) -> None:
        self._named = named
        self._names = {key: " ".join(names_of(record)) for key, record in records.items()}
        self._texts: dict[str, list[str]] = {}
        for hit in hits:
            self._texts.setdefault(hit.chunk.doc_id, []).append(hit.chunk.text)

    def tells(self, chunk: Chunk, asked: Period) -> bool:
        """Whether a passage can tell of a period; any can of one without a year."""
        if asked.year is None:
            return True
        name = self._names.get(chunk.doc_id, "")
        own = self._named.get(chunk.doc_id, UNNAMED).period or tuple(periods_in(name))
        if agreement([asked], own) or any(_shifted(asked, each) for each in own):
            return True
        here = " ".join([name, *chunk.section, chunk.text])
        if not own:
            return any(_has_year(asked.year, text) for text in (here, *self._texts[chunk.doc_id]))
        if not _has_year(asked.year, here):
            return False
        return not any(_another_part(asked, each) for each in own) or any(
            _same_part(asked, each) for each in periods_in(here)
        )


def _has_year(year: int, text: str) -> bool:
    """Whether a text names a year: by itself, as one of a range or of a decade, in short."""
    if str(year) in _YEAR.findall(text):
        return True
    for first, last in _RANGE.findall(text):
        end = int(last) if len(last) == 4 else int(first[:2] + last)
        if int(first) <= year <= end:
            return True
    if any(int(decade) <= year < int(decade) + 10 for decade in _DECADE.findall(text)):
        return True
    return f"{year % 100:02}" in text and any(each.year == year for each in periods_in(text))


def _shifted(asked: Period, own: Period) -> bool:
    """Whether a document may be of a fiscal period whose year is another than the calendar's.

    One whose quarter is known only by its last month may be of that year or the next.
    """
    if own.year is None or own.month is None or own.quarter or own.half or asked.month:
        return False
    return asked.year in (own.year - 1, own.year + 1)


def _another_part(asked: Period, own: Period) -> bool:
    return any(
        wanted is not None and said is not None and wanted != said
        for wanted, said in ((asked.quarter, own.quarter), (asked.half, own.half))
    )


def _same_part(asked: Period, other: Period) -> bool:
    same = (asked.quarter, asked.half) == (other.quarter, other.half)
    return same and other.year in (None, asked.year)
