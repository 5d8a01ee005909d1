"""Figures over time as a small picture: a line for each, drawn as SVG."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 190, 14, 24
# Okabe and Ito's palette: told apart with any colour vision, on light and on dark.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
_GREY = "#808080"


def line_chart(series: Mapping[str, Sequence[float | None]], dates: Sequence[str]) -> str:
    """An SVG document with a line for each series over the evaluations, the oldest at the left.

    Args:
        series: Name -> a value for each date, 0 to 1 as a rule; None where it was not measured. As
            many as there are colours are drawn.
        dates: Names of the evaluations; the first and the last are written.
    """
    shown = dict(list(series.items())[: len(COLOURS)])
    top = max([1.0, *(value for values in shown.values() for value in values if value is not None)])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="11">',
        *(_grid(share, top) for share in (0, 0.5, 1)),
        _text(_LEFT, HEIGHT - 6, dates[0] if dates else ""),
        _text(WIDTH - _RIGHT, HEIGHT - 6, dates[-1] if len(dates) > 1 else "", "end"),
    ]
    for place, (name, values) in enumerate(shown.items()):
        parts += _line(name, values, COLOURS[place], place, top)
    return "".join([*parts, "</svg>"])


def as_markdown(svg: str, title: str) -> str:
    """The picture inside Markdown, as Dagster's UI shows it."""
    return f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _line(
    name: str, values: Sequence[float | None], colour: str, place: int, top: float
) -> list[str]:
    width, steps = WIDTH - _LEFT - _RIGHT, max(1, len(values) - 1)
    points = [
        (_LEFT + width * step / steps, _y(value, top))
        for step, value in enumerate(values)
        if value is not None
    ]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points]
    last = next((value for value in reversed(values) if value is not None), None)
    label = name if last is None else f"{name} {last:.3f}"
    x, y = WIDTH - _RIGHT + 12, _TOP + 4 + 16 * place
    return [
        f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
        *dots,
        f'<rect x="{x}" y="{y - 8}" width="8" height="8" fill="{colour}"/>',
        _text(x + 13, y, label),
    ]


def _grid(share: float, top: float) -> str:
    y = _y(share * top, top)
    line = f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"'
    return f'{line} stroke="{_GREY}" stroke-opacity="0.4"/>' + _text(
        _LEFT - 6, y + 4, f"{share * top:.2g}", "end"
    )


def _y(value: float, top: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{_GREY}" text-anchor="{anchor}">{escape(text)}</text>'
    )
