"""Text of documents as a language model may see it: what it says, and nothing that steers."""

from __future__ import annotations

import re
import unicodedata

# Special tokens of chat templates, which servers turn into the real thing wherever they stand.
_TOKENS = re.compile(
    r"<(?=[|\uff5c])"
    r"|<(?=<?/?\s*(?:s|sys|bos|eos|unk|pad|think|system|user|assistant|tool\w*|im_\w+"
    r"|(?:start|end)_\w+)\b[^<>]{0,40}>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL\w*)\])",
    re.IGNORECASE,
)
_LETTER_WITH_MARKS = 4
_VARIATION_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))


def plain(text: str) -> str:
    """The text without what a reader does not see: controls, zero-width and bidirectional signs,
    tag characters, variation selectors, heaps of combining marks, code points that are no text.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for sign in text:
        category = unicodedata.category(sign)
        if sign in "\n\t":
            kept.append(sign)
        elif category in ("Zl", "Zp") or sign in "\r\f\v\x85":
            kept.append("\n")
        elif category.startswith("C") or any(ord(sign) in r for r in _VARIATION_SELECTORS):
            continue
        elif category.startswith("M"):
            marks += 1
            if marks <= _LETTER_WITH_MARKS:
                kept.append(sign)
            continue
        else:
            kept.append(sign)
        marks = 0
    return "".join(kept)


def harmless(text: str) -> str:
    """The text for a prompt: plain, and without the special tokens of any chat template."""
    return _TOKENS.sub(lambda token: f"{token[0]} ", plain(text))


def label(text: str, most: int = 80) -> str:
    """A name for an attribute of a mark: one line, without quotes and angle brackets."""
    bare = re.sub(r"[\"<>\[\]{}|\s]+", " ", harmless(text)).strip()
    return bare if len(bare) <= most else f"{bare[:most].rstrip()}\u2026"
