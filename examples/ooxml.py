"""The container of Word, Excel and PowerPoint files: XML parts in a ZIP, and how they relate."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument."


def package(parts: Mapping[str, str], types: Mapping[str, str], main: str, title: str) -> bytes:
    """Zips the parts with content types, the root relationship and the title; no clock time.

    Args:
        parts: Path in the package -> XML without its declaration.
        types: Path -> content type, after the common prefix.
        main: Path of the part that an application opens.
    """
    core = (
        f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>Halden Ferry Company</dc:creator>"
        "</cp:coreProperties>"
    )
    overrides = "".join(
        f'<Override PartName="/{path}" ContentType="{TYPES}{kind}+xml"/>'
        for path, kind in types.items()
    )
    content_types = (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        f"{overrides}</Types>"
    )
    root = relationships(
        [
            (f"{OFFICE}/officeDocument", main),
            (f"{PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        ]
    )
    everything = {"[Content_Types].xml": content_types, "_rels/.rels": root}
    everything |= {"docProps/core.xml": core, **parts}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, body in everything.items():
            info = zipfile.ZipInfo(path, (2026, 3, 2, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, XML + body)
    return target.getvalue()


def relationships(targets: Iterable[tuple[str, str]]) -> str:
    """A relationships part: (type, target), with the ids rId1, rId2, ..."""
    entries = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{entries}</Relationships>'
