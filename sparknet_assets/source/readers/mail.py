"""E-mails to blocks: the heading lines, the body, the names of what is attached."""

from __future__ import annotations

import email
import email.policy
import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.encoding import declared_charset, decode
from sparknet_assets.source.readers.hypertext import read_hypertext
from sparknet_assets.source.readers.markup import (
    Block,
    Heading,
    PageBreak,
    Paragraph,
    Run,
    collapse,
    paragraph,
)
from sparknet_assets.source.readers.plain import text_blocks

_HEADERS = ("From", "To", "Cc", "Bcc", "Reply-To", "Date")
_MARK = re.compile(rb"(?:\A|\r?\n\r?\n)From \S[^\r\n]*\r?\n(?=[!-9;-~]+:)")
_QUOTED_MARK = re.compile(rb"^>(>*From )", re.MULTILINE)
MOST_PARTS = 1000
MOST_FORWARDED = 5  # messages within each other that are read


@dataclass
class Mail:
    """What was read of a message.

    Attributes:
        flags: `attachments`, `hidden_text` where they apply.
    """

    subject: str | None = None
    sender: str | None = None
    date: str | None = None
    blocks: list[Block] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)


def read_eml(data: bytes, name: str) -> Mail:
    """Reads an RFC 5322 message, of which each part may lie about its encoding; or an mbox of them.

    Each message of an mbox begins a page; together they have no subject, sender or date.

    Raises:
        SparknetError: `corrupt` without any header line; `too_large` with too many parts;
            `encrypted` for one whose body is (S/MIME, OpenPGP).
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[1:2] == b"\0":
        data = decode(data).encode("utf-8")
    messages = _messages(data.lstrip())
    if len(messages) == 1:
        return _read(_parsed(messages[0], name), name, 0)
    box = Mail()
    for number, message in enumerate(messages):
        mail = _read(_parsed(message, name), name, 0)
        box.blocks += [PageBreak(), *mail.blocks] if number else mail.blocks
        box.flags |= mail.flags
    return box


def _messages(data: bytes) -> list[bytes]:
    """The messages of an mbox (RFC 4155), with the quoting of its marks undone; or else the data.

    A mark in a message is quoted as `>From `, but not by every program: a header has to follow.
    """
    starts = [found.end() for found in _MARK.finditer(data)] if data.startswith(b"From ") else []
    if len(starts) < 2:
        return [data]
    ends = [found.start() for found in _MARK.finditer(data)][1:]
    parts = [data[start:end] for start, end in zip(starts, [*ends, len(data)], strict=True)]
    return [_QUOTED_MARK.sub(rb"\1", part) for part in parts]


def _parsed(data: bytes, name: str) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    if not message.keys():
        raise SparknetError(
            FailureKind.CORRUPT, f"{name} is not a readable e-mail: it has no header lines"
        )
    return message


def _read(message: EmailMessage, name: str, depth: int) -> Mail:
    if depth == 0 and _is_encrypted(message):
        raise SparknetError(
            FailureKind.ENCRYPTED,
            f"{name} is an encrypted e-mail; save it decrypted from the mail program and "
            "ingest that",
        )
    mail = Mail(_header(message, "Subject"), _header(message, "From"), _date(message))
    shown = [(key, _header(message, key)) for key in _HEADERS]
    mail.blocks = heading_blocks(mail.subject, [(k, v) for k, v in shown if v])
    forwarded = _add_parts(message, mail, name)
    for inner in forwarded if depth < MOST_FORWARDED else ():
        attached = _read(inner, name, depth + 1)
        mail.blocks += attached.blocks
        mail.flags |= attached.flags
    return mail


def _is_encrypted(message: EmailMessage) -> bool:
    """As RFC 8551 (3.3) and RFC 3156 (4) mark it; a message that is signed alone is not."""
    kind = message.get_content_type()
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        stated = str(message.get_param("smime-type") or "").lower()
        return stated in ("enveloped-data", "authenveloped-data")
    return kind == "multipart/encrypted"


def heading_blocks(subject: str | None, headers: list[tuple[str, str]]) -> list[Block]:
    """The subject as heading, then a line for each header."""
    lines: list[Run] = []
    for key, value in headers:
        lines += [Run(f"{key}: ", "b"), Run(f"{value}\n")]
    blocks: list[Block] = [Heading(subject, 1)] if subject else []
    if lines:
        lines[-1] = lines[-1]._replace(text=lines[-1].text.rstrip("\n"))
        blocks.append(Paragraph(tuple(lines)))
    return blocks


def attachment_block(names: list[str]) -> Block:
    """One line that lists what was attached."""
    return paragraph("Attachments: " + ", ".join(names), "note")


def _header(message: EmailMessage, key: str) -> str | None:
    try:
        return collapse(str(message.get(key) or "")) or None
    except (ValueError, LookupError, AttributeError, IndexError, TypeError):
        # The parser of structured headers trips over malformed ones: take the line as it is.
        raw = next((v for k, v in message.raw_items() if k.lower() == key.lower()), "")
        return collapse(str(raw)) or None


def _date(message: EmailMessage) -> str | None:
    """When it was sent, ISO 8601; as written where that is no date."""
    written = _header(message, "Date")
    try:
        return email.utils.parsedate_to_datetime(written).isoformat() if written else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return written


def _leaves(message: EmailMessage, name: str) -> Iterator[EmailMessage]:
    """The parts that hold content, the first fit of each multipart/alternative only."""
    stack = [message]
    seen = 0
    while stack:
        part = stack.pop()
        seen += 1
        if seen > MOST_PARTS:
            raise SparknetError(FailureKind.TOO_LARGE, f"{name} has over {MOST_PARTS} parts")
        if not part.is_multipart() or part.get_content_type() == "message/rfc822":
            yield part
            continue
        children = [child for child in part.get_payload() if isinstance(child, EmailMessage)]
        if part.get_content_type() == "multipart/alternative":
            children = _best(children)
        stack.extend(reversed(children))


def _best(children: list[EmailMessage]) -> list[EmailMessage]:
    """HTML over plain text: it says what is a table and what is a list."""
    for wanted in ("text/html", "multipart/related", "multipart/mixed", "text/plain"):
        found = [child for child in children if child.get_content_type() == wanted]
        if found and (wanted != "text/html" or _text(found[0]).strip()):
            return found[:1]
    return children[:1]


def _add_parts(message: EmailMessage, mail: Mail, name: str) -> list[EmailMessage]:
    """Adds what the parts hold; returns the messages that are attached."""
    parts = list(_leaves(message, name))
    images = {
        str(part.get("Content-ID", "")).strip("<> "): part
        for part in parts
        if part.get_content_maintype() == "image" and part.get("Content-ID")
    }
    shown: set[str] = set()

    def picture(source: str) -> bytes | None:
        key = source[4:] if source[:4].lower() == "cid:" else ""
        if key not in images:
            return None
        shown.add(key)
        payload = images[key].get_payload(decode=True)
        return payload if isinstance(payload, bytes) else None

    attached = []
    for part in parts:
        kind = part.get_content_type()
        stated = part.get_content_disposition()
        inline = stated == "inline" or (stated is None and not part.get_filename())
        if kind == "text/html" and inline:
            reader = read_hypertext(_text(part), picture)
            mail.blocks += reader.blocks
            mail.flags |= {"hidden_text"} if reader.hidden else set()
        elif kind in ("text/plain", "text/enriched") and inline:
            mail.blocks += text_blocks(_text(part))
        else:
            attached.append(part)
    names = [
        _filename(part)
        for part in attached
        if str(part.get("Content-ID", "")).strip("<> ") not in shown
    ]
    if names:
        mail.flags.add("attachments")
        mail.blocks.append(attachment_block(names))
    return [inner for inner in map(_forwarded, attached) if inner is not None]


def _forwarded(part: EmailMessage) -> EmailMessage | None:
    """The message that a part holds."""
    if part.get_content_type() != "message/rfc822":
        return None
    inner = part.get_payload()
    first = inner[0] if isinstance(inner, list) and inner else None
    return first if isinstance(first, EmailMessage) else None


def _filename(part: EmailMessage) -> str:
    if part.get_content_type() == "message/rfc822":
        first = _forwarded(part)
        subject = _header(first, "Subject") if first else None
        return part.get_filename() or f"message: {subject or 'without subject'}"
    return collapse(part.get_filename() or "") or f"unnamed ({part.get_content_type()})"


def _text(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = part.get_content_charset() or declared_charset(data)
    if charset and charset.startswith("utf-16") and b"\0" not in data:
        charset = None  # the whole message was transcoded, its labels were not
    return decode(data, charset)
