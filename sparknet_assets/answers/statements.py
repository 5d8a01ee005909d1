"""A passage cut into what can answer by itself: sentences, lists with what leads to them, rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sparknet_assets.answers.sentences import ROW, Sentence, sentences
from sparknet_assets.answers.tables import above_table, heading_of

_LEADS = (":", "\uff1a")
_ITEM = re.compile(r"(?:[\u2022\u25cf\u25aa\u2023\u00b7*\u2013-]|\(?(?:\d{1,2}|[a-z])[.)])\s")
_CAPTION = re.compile(r"\([^()]{3,100}\)")
_LONGEST_ENTRY = 100
# A list is quoted up to this many characters.
_LONGEST_LIST = 700


class Statement(NamedTuple):
    """A part of a passage that can be quoted.

    Attributes:
        above: What it needs to be understood: of a row the caption of its table, the heading of its
            columns and the group it is in; else empty.
        leads: Whether it only leads to what follows it, and that is elsewhere.
    """

    sentence: Sentence
    above: str = ""
    leads: bool = False

    @property
    def text(self) -> str:
        return self.sentence.text


def statements(passage: str) -> Iterator[Statement]:
    """The statements of a passage, in order.

    A sentence that ends with a colon leads to what follows: with a list or a paragraph it is one
    statement; to the rows of a table it belongs as their caption, and is none itself. What stands
    below a short line in brackets says what that line is, as on forms, and is quoted with it.
    """
    cut = _with_captions(passage, list(sentences(passage)))
    at = 0
    while at < len(cut):
        sentence = cut[at]
        at += 1
        if ROW in sentence.text:
            yield Statement(sentence, _above(passage, sentence.text))
        elif sentence.text.endswith(","):
            yield Statement(sentence, leads=True)
        elif not sentence.text.endswith(_LEADS):
            yield Statement(sentence)
        elif at == len(cut):
            yield Statement(sentence, leads=True)
        elif not _in_table(passage, cut[at]):
            end = _end_of_list(cut, at)
            last = cut[end - 1].end
            yield Statement(Sentence(passage[sentence.start : last], sentence.start, last))
            at = end


def _with_captions(passage: str, cut: Sequence[Sentence]) -> list[Sentence]:
    kept: list[Sentence] = []
    for sentence in cut:
        last = kept[-1] if kept else None
        if (
            last is not None
            and _CAPTION.fullmatch(sentence.text)
            and last.end - last.start <= _LONGEST_ENTRY
            and not passage[last.end : sentence.start].strip()
            and "\n" in passage[last.end : sentence.start]
            and ROW not in last.text
            and not last.text.endswith((")", ".", *_LEADS))
        ):
            text = passage[last.start : sentence.end]
            kept[-1] = Sentence(text, last.start, sentence.end)
        else:
            kept.append(sentence)
    return kept


def _above(passage: str, row: str) -> str:
    return "\n".join(filter(None, (above_table(passage, row), heading_of(passage, row))))


def _in_table(passage: str, sentence: Sentence) -> bool:
    """Whether a sentence is a row of a table, or the one cell of such a row."""
    end = passage.find("\n\n", sentence.start)
    return ROW in passage[sentence.start : end if end >= 0 else None]


def _end_of_list(cut: Sequence[Sentence], first: int) -> int:
    """Where a list ends that begins with sentence `first`: after that one if it is no list."""
    end = first + 1
    while end < len(cut) and _ITEM.match(cut[end].text):
        if cut[end].end - cut[first].start > _LONGEST_LIST:
            break
        end += 1
    return end
