"""The lines that are drawn on a PDF page, and the grids that they form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from resources.ocr import Box
from resources.ocr.geometry import turn_box

if TYPE_CHECKING:
    from sparknet_assets.source.text.page_frame import PageFrame

# All in fractions of the page: a rule is thinner than THIN; ends that come this close meet.
THIN = 0.004
NEAR = 0.004
SHORTEST = 0.008
# Pages with more paths are drawings; their lines are not looked at.
MOST_PATHS = 5000
MOST_RULES = 1500
MOST_CELLS = 5000


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line: `at` on one axis, from `start` to `end` on the other."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The level and upright lines of a page."""

    level: list[Rule] = field(default_factory=list)
    upright: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of lines: the places of its columns and rows, and its cells.

    Attributes:
        xs, ys: Edges, ascending; n + 1 for n columns or rows.
        first_cell: (row, column) -> the first cell of the area, not parted by lines, it is in.
    """

    xs: list[float]
    ys: list[float]
    first_cell: dict[tuple[int, int], tuple[int, int]]

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])


def rules_of(paths: Sequence[dict[str, Any]], frame: PageFrame, turn: int = 0) -> Rules:
    """The rules among a page's vector paths (`Page.get_cdrawings`), on the page turned upright."""
    if len(paths) > MOST_PATHS:
        return Rules()
    level: list[Rule] = []
    upright: list[Rule] = []
    for path in paths:
        for rectangle in _edges(path):
            x0, y0, x1, y1 = turn_box(frame.seen(rectangle), turn)
            if y1 - y0 <= THIN and x1 - x0 >= SHORTEST:
                level.append(Rule((y0 + y1) / 2, x0, x1))
            elif x1 - x0 <= THIN and y1 - y0 >= SHORTEST:
                upright.append(Rule((x0 + x1) / 2, y0, y1))
    return Rules(_joined(level), _joined(upright))


def _edges(path: dict[str, Any]) -> Iterator[tuple[float, float, float, float]]:
    filled_only = path["type"] == "f"
    for item in path["items"]:
        if item[0] == "l":
            (x0, y0), (x1, y1) = item[1], item[2]
            if not filled_only:
                yield min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
        elif item[0] == "re":
            x0, y0, x1, y1 = item[1]
            if filled_only or min(x1 - x0, y1 - y0) < 3:
                yield x0, y0, x1, y1
            else:
                yield x0, y0, x1, y0
                yield x0, y1, x1, y1
                yield x0, y0, x0, y1
                yield x1, y0, x1, y1


def _joined(rules: list[Rule]) -> list[Rule]:
    """Joins what lies on one line and touches: borders are drawn cell by cell."""
    joined: list[Rule] = []
    for row in _levels(rules):
        at = sum(rule.at for rule in row) / len(row)
        start, end = row[0].start, row[0].end
        for rule in row[1:]:
            if rule.start <= end + NEAR:
                end = max(end, rule.end)
            else:
                joined.append(Rule(at, start, end))
                start, end = rule.start, rule.end
        joined.append(Rule(at, start, end))
    return joined


def _levels(rules: list[Rule]) -> Iterator[list[Rule]]:
    level: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if level and rule.at - level[0].at > NEAR:
            yield sorted(level, key=lambda rule: rule.start)
            level = []
        level.append(rule)
    if level:
        yield sorted(level, key=lambda rule: rule.start)


def grids(rules: Rules) -> list[Grid]:
    """The grids of at least two rows and two columns that the rules form."""
    if len(rules.level) + len(rules.upright) > MOST_RULES:
        return []
    found = []
    for level, upright in _connected(rules):
        if len(level) + len(upright) < 4 or not upright:
            continue
        left, right = min(r.start for r in level), max(r.end for r in level)
        top, bottom = min(r.start for r in upright), max(r.end for r in upright)
        xs = _distinct([r.at for r in upright] + [left, right])
        ys = _distinct([r.at for r in level] + [top, bottom])
        if len(xs) > 2 and len(ys) > 2 and len(xs) * len(ys) <= MOST_CELLS:
            found.append(Grid(xs, ys, _cells(xs, ys, level, upright)))
    return found


def _connected(rules: Rules) -> list[tuple[list[Rule], list[Rule]]]:
    """Rules that cross or touch each other, together."""
    group_of: dict[Rule, int] = {}
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for number, rule in enumerate(rules.level):
        level, upright = [rule], []
        for other in rules.upright:
            if (
                rule.start - NEAR <= other.at <= rule.end + NEAR
                and other.start - NEAR <= rule.at <= other.end + NEAR
            ):
                if other not in group_of:
                    upright.append(other)
                    group_of[other] = number
                elif group_of[other] != number:
                    older = groups.pop(group_of[other])
                    level += older[0]
                    upright += older[1]
                    group_of.update(dict.fromkeys(older[1], number))
        if upright:
            groups[number] = level, upright
    return list(groups.values())


def _distinct(values: Iterable[float]) -> list[float]:
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > 1.5 * NEAR:
            kept.append(value)
    return kept


def _cells(
    xs: list[float], ys: list[float], level: list[Rule], upright: list[Rule]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Each cell -> the first cell of its area, reading row by row."""
    first: dict[tuple[int, int], tuple[int, int]] = {}
    for row, (top, bottom) in enumerate(pairwise(ys)):
        for column, (left, right) in enumerate(pairwise(xs)):
            x, y = (left + right) / 2, (top + bottom) / 2
            if column and not _drawn(upright, left, y):
                first[row, column] = first[row, column - 1]
            elif row and not _drawn(level, top, x):
                first[row, column] = first[row - 1, column]
            else:
                first[row, column] = (row, column)
    return first


def _drawn(rules: list[Rule], at: float, across: float) -> bool:
    return any(
        abs(rule.at - at) <= 1.5 * NEAR and rule.start - NEAR <= across <= rule.end + NEAR
        for rule in rules
    )
