"""Bytes that are text in some encoding: which encoding, and which kind of text."""

from __future__ import annotations

import codecs
import re

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

    Tried in order: a byte order mark, UTF-16 without one, ISO-2022-JP, UTF-8, UTF-8 with a few
    broken characters, and of older encodings the one that what it gives reads most like.

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
        return _decode_utf16(data, complete)
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


def _decode_utf16(data: bytes, complete: bool) -> tuple[str, str] | None:
    """UTF-16 of mostly Latin text has its zero bytes at every second place, and only there."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    least, most = 0.2 * len(data) / 2, 0.02 * len(data) / 2
    if odd >= least and even <= most:
        encoding = "utf-16-le"
    elif even >= least and odd <= most:
        encoding = "utf-16-be"
    else:
        return None
    text = _decode(data, encoding, complete)
    return (text, encoding) if text is not None and _is_clean(text) else None


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
