"""Which text a font's glyphs stand for, those included that only its substitutions reach."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

_ROUNDS = 6  # substitutions feed each other; fonts need two or three rounds


def glyph_texts(font: bytes) -> dict[int, str]:
    """Text of each glyph id that no character maps to: contextual forms, conjuncts, ligatures.

    Follows the glyph substitution table (OpenType GSUB, lookups 1, 3, 4, and 7 around them) from
    the glyphs that characters map to. Empty for fonts without such a table.
    """
    from fontTools.ttLib import TTFont, TTLibError

    try:
        parsed = TTFont(io.BytesIO(font), lazy=True)
        if "GSUB" not in parsed or "cmap" not in parsed:
            return {}
        known = {
            name: chr(code) for code, name in sorted(parsed.getBestCmap().items(), reverse=True)
        }
        mapped = frozenset(known)
        lookups = parsed["GSUB"].table.LookupList.Lookup
        pairs = [pair for lookup in lookups for pair in _substitutions(lookup)]
        for _ in range(_ROUNDS):
            before = len(known)
            for sources, result in pairs:
                if result not in known and all(source in known for source in sources):
                    known[result] = "".join(known[source] for source in sources)
            if len(known) == before:
                break
        identifiers = parsed.getReverseGlyphMap()
        return {identifiers[name]: known[name] for name in known if name not in mapped}
    except (TTLibError, AttributeError, KeyError, AssertionError):
        return {}


def _substitutions(lookup: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Source glyphs and the glyph that takes their place."""
    for table in lookup.SubTable:
        table = table.ExtSubTable if table.LookupType == 7 else table
        if table.LookupType == 1:
            yield from (((source,), result) for source, result in table.mapping.items())
        elif table.LookupType == 3:
            yield from (
                ((source,), result)
                for source, results in table.alternates.items()
                for result in results
            )
        elif table.LookupType == 4:
            yield from (
                ((first, *ligature.Component), ligature.LigGlyph)
                for first, ligatures in table.ligatures.items()
                for ligature in ligatures
            )
