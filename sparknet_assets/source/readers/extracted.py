"""Formats that kreuzberg reads for us, mostly the binary ones of before 2007."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.container import check_ole, check_zip, encrypted
from sparknet_assets.source.readers.content import Content
from sparknet_assets.source.readers.hypertext import read_hypertext
from sparknet_assets.source.readers.mail import attachment_block, heading_blocks
from sparknet_assets.source.readers.markup import Block, Heading, PageBreak, Paragraph, collapse
from sparknet_assets.source.readers.plain import text_blocks

if TYPE_CHECKING:
    from kreuzberg import ExtractionResult

_DELETED = re.compile(rb"(?<!\\)\\deleted(?![0-9a-z])")
_HIDDEN = re.compile(rb"(?<!\\)\\v(?:[1-9]\d*)?(?![a-z0-9-])")
# Text, after further words of control and opened groups.
_LETTER = re.compile(rb"(?:\s*\\(?!v0|plain)[a-z]+-?\d*|\s|\{(?!\\\*))*(?:[^\s\\{};]|\\')")
_RTF_SIGN = re.compile(rb"\\.|[{}]", re.DOTALL)
_PAGE_MARK = re.compile(r"<p>&lt;!-- PAGE \d+ --&gt;</p>")


def extract(path: Path, media_type: str, name: str, output: str = "html") -> ExtractionResult:
    """Runs kreuzberg without its cache, OCR, plugins and post-processing.

    Raises:
        SparknetError: `encrypted`, or `corrupt` for what it can't read.
    """
    import kreuzberg

    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        enable_quality_processing=False,
        output_format=output,
        images=kreuzberg.ImageExtractionConfig(extract_images=True),
        pages=kreuzberg.PageConfig(insert_page_markers=True),
        postprocessor=kreuzberg.PostProcessorConfig(enabled=False),
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
        content_filter=kreuzberg.ContentFilterConfig(
            include_headers=True, include_footers=True, strip_repeating_text=False
        ),
        disable_ocr=True,
    )
    try:
        if media_type.endswith("/rtf"):
            data = without_deleted(path.read_bytes())
            return kreuzberg.extract_bytes_sync(data, mime_type=media_type, config=config)
        return kreuzberg.extract_file_sync(path, mime_type=media_type, config=config)
    except (kreuzberg.KreuzbergError, RuntimeError, ValueError, OSError) as error:
        raise _failure(error, name) from None


def without_deleted(data: bytes) -> bytes:
    """RTF without the text that a tracked change deleted: from `\\deleted` to its group's end."""
    kept = []
    at = 0
    while found := _DELETED.search(data, at):
        kept.append(data[at : found.start()])
        depth, at = 0, len(data)
        for sign in _RTF_SIGN.finditer(data, found.end()):
            depth += {b"{": 1, b"}": -1}.get(sign[0], 0)
            if depth < 0:
                at = sign.start()
                break
    return b"".join([*kept, data[at:]])


def hides_text(data: bytes) -> bool:
    """Whether RTF has text that is hidden (`\\v`) or deleted, which is left out."""
    if _DELETED.search(data):
        return True
    # What belongs to a style or an index entry, and not to the text, is followed by no letter.
    return any(_LETTER.match(data, found.end()) for found in _HIDDEN.finditer(data))


def html_blocks(result: ExtractionResult) -> list[Block]:
    """The blocks of an `extract(..., "html")`: a page or slide mark becomes a page break."""
    images = list(result.images or [])

    def picture(source: str) -> bytes | None:
        number = re.search(r"(\d+)\.\w+$", source)
        index = int(number.group(1)) if number else -1
        found = [i for i in images if i.get("image_index") == index] or images[:1]
        return bytes(found[0]["data"]) if found else None

    blocks: list[Block] = []
    for number, page in enumerate(_PAGE_MARK.split(result.content)):
        if number > 1:
            blocks.append(PageBreak())
        blocks += read_hypertext(page, picture).blocks
    return [block for block in blocks if not _mark(block)]


def plain_blocks(path: Path, media_type: str, name: str) -> tuple[list[Block], dict[str, Any]]:
    """The paragraphs of a format that kreuzberg gives no structure for, and its metadata."""
    result = extract(path, media_type, name, "plain")
    text = re.sub(r"<!-- PAGE (\d+) -->", "", result.content)
    return list(text_blocks(text)), dict(result.metadata)


def _mark(block: Block) -> bool:
    return isinstance(block, Paragraph) and block.text.startswith("<!-- PAGE ")


def _failure(error: Exception, name: str) -> SparknetError:
    reason = " ".join(str(error).split())[:200]
    if re.search(r"password|encrypt", reason, re.IGNORECASE):
        return encrypted(name)
    if re.search(r"security limit|limit exceeded|too large", reason, re.IGNORECASE):
        return SparknetError(FailureKind.TOO_LARGE, f"{name} is too large to read ({reason})")
    return SparknetError(
        FailureKind.CORRUPT, f"{name} is damaged or cut short ({reason}); supply it again"
    )


_ZIPPED = ("openxmlformats", "opendocument", "epub")


def read_extracted(path: Path, media_type: str, name: str) -> Content:
    """Reads a document of the formats above.

    Raises:
        SparknetError: See `extract`, and `check_zip` for formats that are zip files.
    """
    if any(part in media_type for part in _ZIPPED):
        check_zip(path, name)
    else:
        check_ole(path, name)
    if media_type == "application/vnd.ms-outlook":
        blocks, facts = _message(path, media_type, name)
    elif media_type in ("application/msword", "application/vnd.ms-powerpoint"):
        blocks, facts = plain_blocks(path, media_type, name)
    else:
        result = extract(path, media_type, name)
        blocks, facts = html_blocks(result), dict(result.metadata)
        if media_type == "application/vnd.ms-excel":
            blocks = _sheet_pages(blocks)
    flags = {"attachments"} if facts.get("attachments") else set()
    if media_type.endswith("/rtf") and hides_text(path.read_bytes()):
        flags.add("hidden_text")
    return Content(
        blocks, _fact(facts, "title", "subject"), _author(facts), _fact(facts, "created_at"), flags
    )


def _sheet_pages(blocks: list[Block]) -> list[Block]:
    """Starts a page with each sheet, whose name is a heading of the second level."""
    paged: list[Block] = []
    for block in blocks:
        if paged and isinstance(block, Heading) and block.level == 2:
            paged.append(PageBreak())
        paged.append(block)
    return paged


def _message(path: Path, media_type: str, name: str) -> tuple[list[Block], dict[str, Any]]:
    result = extract(path, media_type, name, "plain")
    facts = dict(result.metadata)
    head, _, body = result.content.partition("\n\n")
    lines = [line.partition(": ")[::2] for line in head.splitlines()]
    headers = [(key, value) for key, value in lines if key != "Subject"]
    blocks = heading_blocks(_fact(facts, "subject"), headers)
    blocks += text_blocks(body)
    if facts.get("attachments"):
        blocks.append(attachment_block([str(item) for item in facts["attachments"]]))
    return blocks, facts


def _fact(facts: dict[str, Any], *names: str) -> str | None:
    return next((collapse(str(facts[name])) for name in names if facts.get(name)), None)


def _author(facts: dict[str, Any]) -> str | None:
    authors = facts.get("authors") or ([facts["created_by"]] if facts.get("created_by") else [])
    return collapse(", ".join(map(str, authors))) or None
