"""The text layer of a PDF page: its words where they are seen, and whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from resources.ocr import Box, Word
from sparknet_assets.source.text.arabic import has_lam_alef, order_ligatures, reworded
from sparknet_assets.source.text.bidi import as_read
from sparknet_assets.source.text.marks import with_check_boxes, with_dingbats
from sparknet_assets.source.text.page_frame import PageFrame
from sparknet_assets.source.text.page_lines import lines_of, with_words
from sparknet_assets.source.text.pieces import pieces_of, turn_of
from sparknet_assets.source.text.reading_order import Segment
from sparknet_assets.source.text.rules import Rules, rules_of
from sparknet_assets.source.text.text_quality import is_garbled, is_undecodable
from sparknet_assets.source.text.visibility import Sight, is_drawn

if TYPE_CHECKING:
    import pymupdf

# A page this much under pictures, with less text than a caption, is read from its picture.
PICTURE_SHARE = 0.4
CAPTION = 250
# Text under or inside a picture of the whole page is the OCR layer of a scan.
SCAN_SHARE = 0.75
# Points; a thinner filled shape is a line.
SMALLEST_COVER = 4.0
# Words nearer than this share of their height are one word drawn twice.
SAME_PLACE = 0.25
NEAR = 0.01  # of the page, the most that this can be

Verdict = Literal[
    "good-text-layer",
    "no-text-layer",
    "text-layer-not-used",
    "unreadable-text-layer",
    "garbled",
    "hidden",
    "hidden-ocr-layer",
    "ocr-layer-kept",
    "picture",
]


@dataclass(frozen=True, slots=True)
class TextLayer:
    """What the text layer of a page holds.

    Attributes:
        verdict: `good-text-layer`, or why OCR should read the page instead.
        seen: Pieces of lines that can be seen, in the order of the file.
        hidden: Pieces that can't be seen: neither drawn, nor in a colour other than their ground,
            nor large enough, nor within the page.
        clipped: Characters that are hidden as well, by a clipping path.
        rotation: Degrees clockwise that make most of the text run from left to right.
        rules: Lines drawn on the page, in fractions of the page turned by `rotation`.
        pictures: Their places, in fractions of the page as shown, not clipped.
    """

    verdict: Verdict
    seen: list[Segment] = field(default_factory=list)
    hidden: list[Segment] = field(default_factory=list)
    rotation: int = 0
    rules: Rules = field(default_factory=Rules)
    clipped: int = 0
    pictures: list[Box] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.verdict == "good-text-layer"

    @property
    def hidden_characters(self) -> int:
        return _characters(self.hidden) + self.clipped


def needs_ocr(page: pymupdf.Page) -> bool:
    """True when the text layer of a page is missing or not to be believed.

    Raises:
        RuntimeError: MuPDF can't read the page (and its other errors).
    """
    frame = PageFrame(page)
    content = _textpage(page).extractDICT()
    spans = [span for line in lines_of(content) for span in line["spans"]]
    if not spans:
        return True
    plain = sum(share for _, share in _pictures(frame, page)) < PICTURE_SHARE
    if plain and all(is_drawn(span) for span in spans):
        return is_garbled(span["text"] for span in spans)
    return not read_text_layer(page).good


def _textpage(page: pymupdf.Page) -> pymupdf.TextPage:
    """The text alone, without what clipping paths cut off altogether.

    Pictures in it would be encoded as PNG, for minutes on some pages.
    """
    import pymupdf

    return page.get_textpage(flags=pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_CLIP)


def _clipped_characters(page: pymupdf.Page, kept: pymupdf.TextPage) -> int:
    """How many characters clipping paths, or the edges of the page, hide."""
    import pymupdf

    whole = page.get_textpage(flags=pymupdf.TEXT_PRESERVE_WHITESPACE)
    there, seen = (len("".join(part.extractText().split())) for part in (whole, kept))
    return max(0, there - seen)


def read_text_layer(page: pymupdf.Page) -> TextLayer:
    """Reads and judges the text layer of a page; a few milliseconds.

    Boxes are fractions of the page as it is seen: /Rotate and the crop box are applied.

    Raises:
        RuntimeError: MuPDF can't read the page (and its other errors).
    """
    frame = PageFrame(page)
    paths = page.get_cdrawings()
    textpage = _textpage(page)
    rows = textpage.extractWORDS()
    arabic = has_lam_alef(rows)
    content = order_ligatures(textpage.extractRAWDICT()) if arabic else textpage.extractDICT()
    pictures = _pictures(frame, page)
    sight = Sight(page, [box for box, _ in pictures] + _fills(paths, frame))
    seen: list[tuple[Segment, int | None]] = []
    hidden: list[Segment] = []
    turns: dict[int, int] = {0: 0}
    for line, words in with_words(lines_of(content), rows):
        words = as_read(line, reworded(line, words) if arabic else words)
        words = with_dingbats(line, words)
        turn = turn_of(frame, line)
        if turn is not None:
            turns[turn] = turns.get(turn, 0) + len(words)
        for segment, visible in pieces_of(frame, line, words, sight):
            if visible:
                seen.append((segment, turn))
            else:
                hidden.append(segment)
    rotation = max(turns, key=lambda turn: (turn >= 0, turns[turn]))
    shown = [s if turn in (rotation, None) else replace(s, aslant=True) for s, turn in seen]
    share = sum(share for _, share in pictures)
    if share >= SCAN_SHARE and shown and _lies_under_picture(page):
        shown, hidden = [], hidden + shown
    shown = _without_doubles(shown)
    verdict = _judge(shown, hidden, share)
    return TextLayer(
        verdict,
        with_check_boxes(_decoded(shown), page, frame) if verdict == "good-text-layer" else shown,
        hidden,
        rotation,
        rules_of(paths, frame, rotation),
        _clipped_characters(page, textpage),
        [box for box, _ in pictures],
    )


def _judge(seen: list[Segment], hidden: list[Segment], picture_share: float) -> Verdict:
    count = _characters(seen)
    if picture_share >= SCAN_SHARE and _characters(hidden) > count:
        return "hidden-ocr-layer"
    if not count:
        return "hidden" if hidden else "no-text-layer"
    if is_garbled(word.text for segment in seen for word in segment.words):
        return "garbled"
    if picture_share >= PICTURE_SHARE and count < CAPTION:
        return "picture"
    return "good-text-layer"


def _characters(segments: list[Segment]) -> int:
    return sum(len(word.text) for segment in segments for word in segment.words)


def _pictures(frame: PageFrame, page: pymupdf.Page) -> list[tuple[Box, float]]:
    """The places of pictures, and the share of the page that each covers."""
    found = []
    for picture in page.get_image_info():
        box = frame.seen(picture["bbox"])
        x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
        found.append((box, max(0.0, x1 - x0) * max(0.0, y1 - y0)))
    return found


def _fills(paths: list[dict[str, Any]], frame: PageFrame) -> list[Box]:
    """Areas painted in one colour that are large enough to hide a word."""
    boxes = []
    for path in paths:
        x0, y0, x1, y1 = path["rect"]
        if "f" in path["type"] and x1 - x0 >= SMALLEST_COVER and y1 - y0 >= SMALLEST_COVER:
            boxes.append(frame.seen(path["rect"]))
    return boxes


def _lies_under_picture(page: pymupdf.Page) -> bool:
    """Whether more text is drawn before the page's largest picture than after it."""
    log = page.get_bboxlog()
    pictures = [
        ((x1 - x0) * (y1 - y0), place)
        for place, (kind, (x0, y0, x1, y1)) in enumerate(log)
        if kind == "fill-image"
    ]
    if not pictures:
        return False
    _, largest = max(pictures)
    texts = [place for place, (kind, _) in enumerate(log) if kind.endswith("-text")]
    return 2 * sum(place < largest for place in texts) > len(texts)


def _without_doubles(segments: list[Segment]) -> list[Segment]:
    """Leaves out words that are drawn a second time a hair's breadth off, to look bold."""
    places: dict[tuple[str, int], list[Word]] = {}
    kept = []
    for segment in segments:
        words = []
        for word in segment.words:
            near = min(NEAR, (word.y1 - word.y0) * SAME_PLACE)
            row = int(word.y0 / NEAR)
            if any(
                _is_at(word, other, near)
                for place in (row - 1, row, row + 1)
                for other in places.get((word.text, place), ())
            ):
                continue
            places.setdefault((word.text, row), []).append(word)
            words.append(word)
        if words:
            kept.append(replace(segment, words=words))
    return kept


def _is_at(word: Word, other: Word, near: float) -> bool:
    return abs(other.x0 - word.x0) < near and abs(other.y0 - word.y0) < near


def _decoded(segments: list[Segment]) -> list[Segment]:
    """Leaves out words without one letter that can be read: leaders, ornaments."""
    if not any(is_undecodable(word.text) for segment in segments for word in segment.words):
        return segments
    held = ([w for w in s.words if not is_undecodable(w.text)] for s in segments)
    return [
        replace(segment, words=words)
        for segment, words in zip(segments, held, strict=True)
        if words
    ]
