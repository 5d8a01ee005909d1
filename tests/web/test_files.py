"""The files of the web page: text never becomes code, colours can be read, it weighs little."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import sparknet_assets

WEB = Path(sparknet_assets.__file__).parent / "web"
SCRIPTS = sorted(WEB.rglob("*.js"))
STYLES = sorted(WEB.rglob("*.css"))
MOST_BYTES = 200_000
MOST_BYTES_BEFORE_PAINT = 85_000

# Each of these turns text into markup, code, style or a navigation.
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|"
    r"createContextualFragment|DOMParser|srcdoc\s*=|setHTMLUnsafe|parseHTMLUnsafe|\.cssText|"
    r"setAttribute\(\s*[\"']style|javascript:|importScripts|set(?:Timeout|Interval)\(\s*[\"'`]|"
    r"location\.(?:href|assign|replace)\b|window\.open|postMessage|localStorage\.setItem\(KEY"
)
PAIR = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
GROUNDS = ("bg", "raised", "hover", "accent-soft", "warn-soft", "bad-soft")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_sink_for_hostile_text(path: Path) -> None:
    assert SINKS.findall(path.read_text()) == []


def test_the_page_itself_has_no_code_and_no_style() -> None:
    page = (WEB / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|<style", page) == []


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in (*SCRIPTS, *STYLES, WEB / "index.html"):
        links = re.findall(r"https?://[a-z0-9][^\s\"'`)]*", path.read_text())
        assert set(links) <= {"http://www.w3.org/2000/svg"}, path


def test_what_is_imported_and_preloaded_exists() -> None:
    for path in SCRIPTS:
        for name in re.findall(r"(?:from|import\()\s*\"(\.[^\"]+)\"", path.read_text()):
            assert (path.parent / name).resolve().is_file(), f"{path.name}: {name}"
    for name in re.findall(r"(?:href|src)=\"assets/([^\"]+)\"", (WEB / "index.html").read_text()):
        assert (WEB / name).is_file(), name


def test_weight() -> None:
    sizes = {path: path.stat().st_size for path in WEB.rglob("*") if path.is_file()}
    page = (WEB / "index.html").read_text()
    first = [WEB / name for name in re.findall(r"(?:href|src)=\"assets/([^\"]+)\"", page)]
    assert sum(sizes.values()) < MOST_BYTES
    assert sum(sizes[path] for path in first) + len(page) < MOST_BYTES_BEFORE_PAINT


def _luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, WCAG 2.2: 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _palette(scheme: str) -> dict[str, str]:
    found = PAIR.findall((WEB / "style" / "base.css").read_text())
    return {name: light if scheme == "light" else dark for name, light, dark in found}


def test_the_formula_of_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_every_ground(scheme: str) -> None:
    colours = _palette(scheme)
    texts = ("text", "muted", "accent", "good", "warn", "bad")
    low = {
        (text, ground): round(ratio, 2)
        for text, ground in product(texts, GROUNDS)
        if (ratio := contrast(colours[text], colours[ground])) < 4.5
    }
    assert low == {}
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    assert contrast(colours["bg"], colours["bad"]) >= 4.5
    assert contrast(colours["text"], colours["mark"]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_controls_can_be_seen(scheme: str) -> None:
    colours = _palette(scheme)
    assert contrast(colours["edge"], colours["bg"]) >= 3
