"""The parts of a zipped office file or book: XML trees, pictures, and how the parts relate."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.container import check_zip
from sparknet_assets.source.readers.markup import collapse

LARGEST_TREE = 400 << 20  # bytes of one XML part that is held as a tree
LARGEST_PICTURE = 64 << 20
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
# ISO/IEC 29500 strict and transitional name the same elements differently.
_STRICT, _USUAL = b"http://purl.oclc.org/ooxml/", b"http://schemas.openxmlformats.org/"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    LookupError,  # an encoding that does not exist
)


class Relation(NamedTuple):
    """A reference of one part to another; `target` is a part name, or a URL when `external`."""

    kind: str
    target: str
    external: bool


class Package:
    """A zip file of XML parts. Checked against bombs and encryption when opened.

    XML entities: expat refuses their amplification, and nothing external is ever resolved.
    """

    def __init__(self, path: Path, name: str) -> None:
        check_zip(path, name)
        self.name = name
        self._zip = zipfile.ZipFile(path)
        self._names = {part.lower(): part for part in self._zip.namelist()}

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def has(self, part: str) -> bool:
        return part.lower() in self._names

    def data(self, part: str, most: int = LARGEST_PICTURE) -> bytes | None:
        """Bytes of a part, or None when there is none, it is damaged, or larger than `most`."""
        name = self._names.get(part.lower())
        if name is None or self._zip.getinfo(name).file_size > most:
            return None
        try:
            return self._zip.read(name)
        except _BROKEN:
            return None

    def tree(self, part: str) -> Element | None:
        """Root of an XML part, or None when there is none.

        Raises:
            SparknetError: `corrupt` for damaged XML, `too_large`.
        """
        name = self._names.get(part.lower())
        if name is None:
            return None
        if self._zip.getinfo(name).file_size > LARGEST_TREE:
            raise SparknetError(FailureKind.TOO_LARGE, f"{self.name}: {part} is too large to read")
        try:
            with self._file(name) as file:
                return ElementTree.parse(file).getroot()
        except (ElementTree.ParseError, *_BROKEN) as error:
            raise self._corrupt(part, error) from None

    def required(self, part: str) -> Element:
        """As `tree`, but a part that is absent means that the file is `corrupt`."""
        root = self.tree(part)
        if root is None:
            raise self._corrupt(part, "it is missing")
        return root

    def _file(self, name: str) -> IO[bytes]:
        """An XML part; one of the strict variant in the namespaces of the usual one."""
        file = self._zip.open(name)
        strict = _STRICT in file.read(4096)
        file.seek(0)
        if not strict:
            return file
        with file:
            data = file.read(LARGEST_TREE)
        return io.BytesIO(re.sub(_STRICT + rb"(\w+)/(\w+)", _USUAL + rb"\1/2006/\2", data))

    def elements(self, part: str, *tags: str) -> Iterator[Element]:
        """Elements of these names from a part of any size, each forgotten after its turn.

        Raises:
            SparknetError: `corrupt`.
        """
        name = self._names.get(part.lower())
        if name is None:
            return
        try:
            with self._file(name) as file:
                path: list[Element] = []
                for event, element in ElementTree.iterparse(file, ("start", "end")):
                    if event == "start":
                        path.append(element)
                        continue
                    path.pop()
                    if element.tag in tags:
                        yield element
                        element.clear()
                        if path:
                            path[-1].remove(element)
        except (ElementTree.ParseError, *_BROKEN) as error:
            raise self._corrupt(part, error) from None

    def relations(self, part: str) -> dict[str, Relation]:
        """What a part refers to, by relation id."""
        folder, _, file = part.rpartition("/")
        root = self.tree(f"{folder}/_rels/{file}.rels" if folder else f"_rels/{file}.rels")
        found = {}
        for element in root.iter(f"{_RELATIONS}Relationship") if root is not None else ():
            target = element.get("Target", "")
            external = element.get("TargetMode") == "External"
            found[element.get("Id", "")] = Relation(
                element.get("Type", "").rpartition("/")[2],
                target if external else resolve(part, target),
                external,
            )
        return found

    def main_part(self, default: str) -> str:
        """Name of the part that the package is about."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and self.has(relation.target):
                return relation.target
        return default

    def facts(self) -> tuple[str | None, str | None, str | None]:
        """Title, author and time of creation as docProps/core.xml has them."""
        try:
            root = self.tree("docProps/core.xml")
        except SparknetError:
            return None, None, None
        if root is None:
            return None, None, None
        title, author, created = (
            collapse(root.findtext(tag) or "") or None
            for tag in (f"{_DC}title", f"{_DC}creator", f"{_TERMS}created")
        )
        return title, author, created

    def _corrupt(self, part: str, error: object) -> SparknetError:
        return SparknetError(
            FailureKind.CORRUPT,
            f"{self.name} is damaged: its part {part} can't be read ({error}); supply it again",
        )


def resolve(part: str, target: str) -> str:
    """The part name that `target` means when it stands in `part`."""
    target = unquote(target.partition("#")[0])
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), target))


def local(element: Element) -> str:
    """Name of an element without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
