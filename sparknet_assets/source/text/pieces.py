"""A line of a text layer as pieces: seen or hidden, in the size and weight of their letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from resources.ocr import Word
from resources.ocr.geometry import word_at
from sparknet_assets.source.text.reading_order import Segment
from sparknet_assets.source.text.spacing import unspaced, visible
from sparknet_assets.source.text.visibility import Sight, is_drawn

if TYPE_CHECKING:
    from sparknet_assets.source.text.page_frame import PageFrame

# Of a span that runs along neither axis, the least part of its direction on the other one.
ASLANT = 0.2
# Of the letters of a piece, how many are bold in a bold one.
BOLD = 0.8


def turn_of(frame: PageFrame, line: dict[str, Any]) -> int | None:
    """Degrees clockwise that bring a line to run from left to right; -1 for a slanting line."""
    if line["dir"] is None:
        return None
    x, y = line["dir"]
    if min(abs(x), abs(y)) > ASLANT:
        return -1
    level, upright = (0 if x >= 0 else 180), (90 if y > 0 else 270)
    return -((level if abs(x) >= abs(y) else upright) + frame.rotation) % 360


def pieces_of(
    frame: PageFrame, line: dict[str, Any], rows: list[Any], sight: Sight
) -> Iterator[tuple[Segment, bool]]:
    """Cuts a line where its visibility changes; most lines are one piece."""
    spans = line["spans"]
    clear = sight.clear(frame.seen(line["bbox"]), spans)
    run: list[tuple[Word, dict[str, Any]]] = []
    state = True
    for row in rows:
        span = spans[0] if len(spans) == 1 else _span_at(spans, row)
        box = frame.seen(row[:4])
        drawn = clear or (is_drawn(span) and sight.shows(box, span))
        if run and drawn != state:
            yield _piece(run, frame), state
            run = []
        state = drawn
        run.append((word_at(visible(row[4]), box, 1.0), span))
    if run:
        yield _piece(run, frame), state


def _piece(run: list[tuple[Word, dict[str, Any]]], frame: PageFrame) -> Segment:
    """Words as a segment, in the size and weight of most of their letters."""
    run = unspaced(run, frame.width / frame.height)
    sizes: Counter[float] = Counter()
    bold = 0
    for word, span in run:
        sizes[span["size"]] += len(word.text)
        bold += len(word.text) * bool(span["flags"] & 16)
    size = max(sizes, key=lambda size: (sizes[size], size))
    words = [word for word, _ in run]
    return Segment(words, round(size / frame.height, 5), bold >= BOLD * sizes.total())


def _span_at(spans: list[dict[str, Any]], row: Any) -> dict[str, Any]:
    """The span that holds the middle of a word, or the nearest."""
    x, y = (row[0] + row[2]) / 2, (row[1] + row[3]) / 2

    def distance(span: dict[str, Any]) -> float:
        x0, y0, x1, y1 = span["bbox"]
        return float(max(x0 - x, x - x1, 0) + max(y0 - y, y - y1, 0))

    return min(spans, key=distance)
