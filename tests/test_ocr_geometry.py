"""Boxes that are turned, kept within the page, and grouped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.ocr import Box
from resources.ocr.geometry import (
    area,
    around,
    clipped,
    middle_in,
    overlap,
    rows_of,
    turn_box,
    word_at,
)

numbers = st.floats(0, 1, allow_nan=False)
boxes = st.builds(
    lambda a, b, c, d: Box(min(a, c), min(b, d), max(a, c), max(b, d)),
    numbers,
    numbers,
    numbers,
    numbers,
)


def test_a_box_at_the_top_left_turns_to_the_top_right() -> None:
    assert turn_box(Box(0, 0, 0.2, 0.1), 90) == (0.9, 0, 1, 0.2)


@given(boxes, st.sampled_from([0, 90, 180, 270]))
def test_turning_back_gives_the_same_place(box: Box, degrees: int) -> None:
    turned = turn_box(box, degrees)

    assert turned.x0 <= turned.x1
    assert turned.y0 <= turned.y1
    assert turn_box(turned, -degrees) == pytest.approx(box, abs=1e-9)


@given(st.lists(boxes, max_size=30))
def test_rows_hold_every_box_once_from_left_to_right(given_boxes: list[Box]) -> None:
    rows = rows_of(given_boxes)

    assert sorted(index for row in rows for index in row) == list(range(len(given_boxes)))
    for row in rows:
        assert [given_boxes[i].x0 for i in row] == sorted(given_boxes[i].x0 for i in row)


def test_a_word_is_kept_within_the_page() -> None:
    assert word_at("x", Box(-0.2, 0.5, 1.3, 0.6), 1.2) == ("x", 0, 0.5, 1, 0.6, 1)


@given(boxes, boxes)
def test_what_two_boxes_share_is_no_larger_than_either_and_within_both(one: Box, two: Box) -> None:
    assert 0 <= overlap(one, two) == overlap(two, one) <= min(area(one), area(two)) + 1e-12
    assert overlap(one, around([one, two])) == pytest.approx(area(one))


def test_boxes_that_touch_share_nothing() -> None:
    assert overlap(Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)) == 0


def test_a_box_over_the_edge_is_cut_and_its_middle_may_lie_elsewhere() -> None:
    assert clipped(Box(-0.4, 0.2, 0.6, 1.2)) == (0, 0.2, 0.6, 1)
    assert middle_in(Box(0.1, 0.1, 0.3, 0.3), Box(0.2, 0.2, 1, 1))
    assert not middle_in(Box(0, 0, 0.3, 0.3), Box(0.2, 0.2, 1, 1))
