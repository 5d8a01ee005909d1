"""Bytes that are text in some encoding: which encoding, and which kind of text."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from unicodedata import category, name

from sparknet_assets.source.legacy_encoding import likely_encoding

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MULTIBYTE = ("shift_jis", "euc_jp", "euc_kr", "gb18030", "big5")
_CONTROLS = re.compile(r"[\x00-\x07\x0e-\x19\x1c-\x1f\x7f-\x84\x86-\x9f]")
_PROSE = re.compile(r"[\s\w.,;:!?'\"()\[\]/\\%&@#*+=<>{}|~^$_`、。—-]")
_MOST_CONTROLS = 0.005
_LEAST_PROSE = 0.85
_NON_ASCII = re.compile(r"[^\x00-\x7f\ufffd]")
_GOOD_PER_BAD = 4  # characters of UTF-8 for each broken one
# Of text in UTF-16 or UTF-32: what is looked at, and what may be in it.
_SAMPLE, _FEWEST_LETTERS = 4_000, 8
_LEAST_OF_SCRIPT, _MOST_SIGNS, _LEAST_PARTED, _LEAST_COMMON = 0.97, 0.02, 0.01, 0.05
_COMMON_HAN = frozenset(
    "的一是不了在人有我他这中大来上个国和说们为年日月時間会會這來個為於于與与以等"
)
_LEAST_ASCII = 0.6
_ODD_KINDS = ("Cc", "Cn", "Co", "Cs")

_PROLOGUE = re.compile(r"\s*(?:<\?xml.*?\?>\s*|<!--.*?-->\s*)*", re.DOTALL)
_HTML_START = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta)\b", re.IGNORECASE)
_SVG_START = re.compile(r"<(?:!doctype\s+svg|svg)\b", re.IGNORECASE)
_TAG = re.compile(r"<[a-z!/][^<>]*>", re.IGNORECASE)
_HEADER = re.compile(r"([!-9;-~]+):(?:[ \t]|$)")
_MAIL_HEADERS = frozenset(
    {"from", "to", "cc", "subject", "date", "received", "message-id", "mime-version"}
    | {"return-path", "delivered-to", "reply-to", "sender", "content-type", "x-mailer"}
)
_MARKDOWN = frozenset({"md", "markdown", "mdown", "mkd"})
_SEPARATED = frozenset({"csv", "tsv"})


def text_type(head: bytes, extension: str, *, complete: bool) -> str | None:
    """Media type of a text file by its first bytes, or None when they are no text.

    Args:
        extension: Lower case, without the dot; tells Markdown, CSV and plain text apart.
        complete: Whether `head` is the whole file, so that no character is cut at its end.
    """
    decoded = decode_text(head, complete=complete)
    if decoded is None:
        return None
    text = decoded[0]
    start = _PROLOGUE.match(text)
    body = text[start.end() if start else 0 :]
    named_html = extension in ("html", "htm", "xhtml") and _TAG.search(text)
    if _HTML_START.match(body) or named_html:
        return "text/html"
    if _SVG_START.match(body):
        return "image/svg+xml"
    if text.lstrip().startswith("{\\rtf"):
        return "application/rtf"
    if _is_mail(text):
        return "message/rfc822"
    if extension in _MARKDOWN:
        return "text/markdown"
    return "text/csv" if extension in _SEPARATED else "text/plain"


def decode_text(data: bytes, *, complete: bool = True) -> tuple[str, str] | None:
    """Decodes text of unknown encoding.

    Tried in order: a byte order mark, UTF-32 and UTF-16 without one, ISO-2022-JP, UTF-8, UTF-8
    with a few broken characters, and of older encodings the one that what it gives reads most like.

    Args:
        complete: False when `data` may end within a character.

    Returns:
        The text (no byte order mark) and the name of the encoding; None when it is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _decode(data, encoding, complete)
            return (text, encoding) if text is not None and _is_clean(text) else None
    if b"\0" in data:
        return _decode_wide(data, complete)
    if b"\x1b$" in data and (text := _decode(data, "iso2022_jp", complete)) is not None:
        return text, "iso2022_jp"
    text = _decode(data, "utf-8", complete)
    if text is not None:
        return (text, "utf-8") if _is_clean(text) else None
    return _decode_legacy(data, complete)


def _decode_legacy(data: bytes, complete: bool) -> tuple[str, str] | None:
    text = data.decode("utf-8", "replace")
    bad, good = text.count("\ufffd"), len(_NON_ASCII.findall(text))
    if good >= _GOOD_PER_BAD * bad and _is_clean(text):
        return text, "utf-8"
    likely = likely_encoding(data, complete=complete)
    for encoding in (*([likely] if likely else []), "cp1252", *_MULTIBYTE, "cp1251"):
        decoded = _decode(data, encoding, complete)
        if decoded is not None and _is_prose(decoded):
            return decoded, encoding
    return None


def _is_prose(text: str) -> bool:
    return _is_clean(text) and len(_PROSE.findall(text)) >= _LEAST_PROSE * len(text)


def _decode(data: bytes, encoding: str, complete: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(data, complete)
    except UnicodeError:
        return None


def _is_clean(text: str) -> bool:
    return len(_CONTROLS.findall(text)) <= _MOST_CONTROLS * len(text)


def _decode_wide(data: bytes, complete: bool) -> tuple[str, str] | None:
    """UTF-32 or UTF-16 without a byte order mark; None when it is neither.

    UTF-16 of mostly Latin text has its zero bytes at every second place, and only there. Text of
    another script has fewer different bytes at the upper places than at the lower ones.
    """
    for encoding in ("utf-32-le", "utf-32-be"):
        text = _decode(data, encoding, complete)
        if text and _is_clean(text) and _is_written(text):
            return text, encoding
    even, odd = data[::2].count(0), data[1::2].count(0)
    least, most = 0.2 * len(data) / 2, 0.02 * len(data) / 2
    latin = max(even, odd) >= least and min(even, odd) <= most
    upper = (even, odd) if latin else (-len(set(data[::2])), -len(set(data[1::2])))
    encoding = "utf-16-le" if upper[0] < upper[1] else "utf-16-be"
    text = _decode(data, encoding, complete)
    if text and _is_clean(text) and ((latin and _is_mostly_ascii(text)) or _is_written(text)):
        return text, encoding
    return None


def _is_mostly_ascii(text: str) -> bool:
    sample = text[:_SAMPLE]
    return sum(map(str.isascii, sample)) >= _LEAST_ASCII * len(sample)


def _is_written(text: str) -> bool:
    """Whether text is of one script, beside Latin, with spaces or points, and little else."""
    sample = text[:_SAMPLE]
    scripts = Counter(_script(c) for c in sample if c.isalpha())
    letters, latin = scripts.total(), scripts.pop("LATIN", 0)
    main = max(scripts.values(), default=0)
    if letters < _FEWEST_LETTERS or main + latin < _LEAST_OF_SCRIPT * letters:
        return False
    kinds = Counter(category(c) for c in sample)
    odd = sum(kinds[kind] for kind in _ODD_KINDS) - sum(map(sample.count, "\t\n\r\f"))
    signs = sum(category(c)[0] == "S" and not c.isascii() for c in sample)
    parted = sum(c.isspace() or category(c)[0] == "P" for c in sample)
    if odd or signs > _MOST_SIGNS * len(sample) + 1 or parted < _LEAST_PARTED * len(sample):
        return False
    if "CJK" not in scripts or main < latin:
        return True
    # Two letters of ASCII make a Chinese character as well, but hardly one that is common.
    common = sum(c in _COMMON_HAN or "\u3041" <= c <= "\u30ff" for c in sample)
    return common >= _LEAST_COMMON * letters


def _script(character: str) -> str:
    """The first word of a character's Unicode name: LATIN, CYRILLIC, ...; East Asian ones alike."""
    if "\u3000" <= character <= "\u9fff":
        return "CJK"
    return name(character, "").partition(" ")[0]


def _is_mail(text: str) -> bool:
    """True for RFC 5322 header lines, at least two of them well known, an mbox line allowed."""
    found = set[str]()
    for number, line in enumerate(text.splitlines()[:200]):
        if not line.strip():
            break
        if line[0] in " \t" or (number == 0 and line.startswith("From ")):
            continue
        header = _HEADER.match(line)
        if header is None:
            return False
        found.add(header[1].lower())
    return len(found & _MAIL_HEADERS) >= 2
