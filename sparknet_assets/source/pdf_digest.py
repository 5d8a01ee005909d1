"""A digest of all that a PDF page is drawn from, the same wherever page and objects stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from sparknet_assets.source.actual_text import actual_text
from sparknet_assets.source.pdf import library, native_errors

if TYPE_CHECKING:
    import pymupdf

SCHEME = b"pdf page 1"
_DRAWN_FROM = ("MediaBox", "CropBox", "Rotate", "UserUnit", "Resources", "Contents", "Group")
_FORM_DEFAULTS = ("DA", "DR", "NeedAppearances", "Q")
# What leads to the rest of the document (targets of links, owners, logical structure) and is no
# part of how a page looks.
_ELSEWHERE = frozenset({"/Page", "/Pages", "/Catalog", "/StructTreeRoot", "/StructElem"})
_MOST_OBJECTS = 1_000_000  # distinct, of a document; each takes about 300 bytes
_VISITS_A_PAGE, _VISITS = 1_000, 100_000  # 1 to 2 microseconds each
_TEXT_A_VISIT = 100  # characters

_REFERENCE = re.compile(r"\((?:[^\\()]|\\.)*\)|(\d+) \d+ R")
_SCALAR = re.compile(r"[-+.\d]+|true|false|null|/[^\s/<>\[\](){}%]*")
_STRUCTURE = re.compile(r"(/StructParents? ?)(-?\d{1,9})(?!\d)")
_STORAGE = re.compile(r"/Length \d+(?: \d+ R)?|/Filter ?/FlateDecode|/DecodeParms ?<<>>")
_SHORT = 1 << 16  # bytes as stored; deflate makes at most 1,032 times as many of them
_PLACE = "\0"  # stands for a reference; printed objects never hold it


class _Unknown(Exception):
    """The page is too large to look through."""


class _Node(NamedTuple):
    """An object: a hash of it without its references, and what those point to."""

    content: bytes
    references: tuple[int, ...]


def page_digests(document: pymupdf.Document, page_count: int) -> Iterator[str]:
    """sha256 (hex) of each page, in order; empty for a page that can't be told.

    It covers content, resources, boxes, rotation, annotations other than links, texts that stand
    for what is drawn, and what holds for the whole document (layers, form defaults, output
    intents). Long streams count as they are stored: a picture that was compressed anew is another
    picture.
    """
    errors: tuple[type[Exception], ...] = (_Unknown, *native_errors())
    objects = _Objects(document, page_count)
    mended = document.is_repaired
    whole = b""
    with suppress(*errors):
        whole = objects.of_document()
    for page in range(page_count):
        digest = ""
        with suppress(*errors):
            # objects may have other numbers once a document is repaired
            if whole and document.is_repaired == mended:
                digest = objects.of_page(page, whole)
        yield digest


class _Objects:
    """The objects of a document, each read once."""

    def __init__(self, document: pymupdf.Document, page_count: int) -> None:
        self._document = document
        self._mupdf = library().mupdf
        self._pdf = self._mupdf.pdf_document_from_fz_document(document.this)
        self._length = document.xref_length()
        self._nodes: dict[int, _Node] = {}
        self._texts: dict[int, str] = {}
        self._digests: dict[int, bytes] = {}
        self._looping: set[int] = set()
        self._layers: dict[int, int] = {}
        self._visits = _VISITS + _VISITS_A_PAGE * page_count

    def of_document(self) -> bytes:
        """Digest of what shapes the look of every page."""
        root = self._mupdf.pdf_dict_gets(self._mupdf.pdf_trailer(self._pdf), "Root")
        properties = self._mupdf.pdf_dict_gets(root, "OCProperties")
        layers = self._mupdf.pdf_dict_gets(properties, "OCGs")
        # The configuration shows and hides layers by their identity, and two may read the same.
        numbers = [
            self._mupdf.pdf_to_num(self._mupdf.pdf_array_get(layers, index))
            for index in range(self._mupdf.pdf_array_len(layers))
        ]
        stated = [self._printed(properties), self._printed_key(root, "OutputIntents")]
        digest = self._walk([*stated, *(self._text(number) for number in numbers)])
        self._layers = {number: index for index, number in enumerate(numbers) if number}
        for known in (self._nodes, self._digests, self._looping):
            known.clear()  # they take layers by what they say
        return digest + self._walk(stated)

    def of_page(self, page: int, whole: bytes) -> str:
        """Digest of a page (zero-based) in a document whose own digest is `whole`."""
        found = self._mupdf.pdf_lookup_page_obj(self._pdf, page)
        parts = []
        for key in _DRAWN_FROM:
            name = self._mupdf.pdf_new_name(key)
            value = self._mupdf.pdf_dict_get_inheritable(found, name)
            parts.append(self._printed(value) if value.m_internal else "")
        structure = self._mupdf.pdf_dict_gets(found, "StructParents")
        if structure.m_internal:
            parts.append(f"/StructParents {self._printed(structure)}")
        noted = False
        annotations = self._mupdf.pdf_dict_gets(found, "Annots")
        for index in range(self._mupdf.pdf_array_len(annotations)):
            self._visit()
            annotation = self._mupdf.pdf_array_get(annotations, index)
            kind = self._mupdf.pdf_to_name(self._mupdf.pdf_dict_gets(annotation, "Subtype"))
            if kind != "Link":  # not drawn, and it names places in other pages
                parts.append(self._printed(annotation))
                noted = True
        if noted:  # notes without a look of their own take that of form fields
            parts += self._form_defaults()
        return hashlib.sha256(SCHEME + whole + self._walk(parts)).hexdigest()

    def _form_defaults(self) -> list[str]:
        root = self._mupdf.pdf_dict_gets(self._mupdf.pdf_trailer(self._pdf), "Root")
        form = self._mupdf.pdf_dict_gets(root, "AcroForm")
        return [self._printed_key(form, key) for key in _FORM_DEFAULTS]

    def _walk(self, roots: Sequence[str]) -> bytes:
        """Digest of printed values and all that they refer to.

        A reference counts as the digest of what it points to. Objects that lead back to themselves
        have none: they are numbered as they are met, so that their own numbers play no part.
        """
        met: dict[int, int] = {}
        digest = hashlib.sha256()

        def enter(node: _Node) -> None:
            self._visit(len(node.references))
            digest.update(node.content)
            for reference in node.references:
                if self._settle(reference):
                    digest.update(b"=" + self._digests[reference])
                else:
                    digest.update(b"#%d" % met.setdefault(reference, len(met)))

        for root in roots:
            enter(self._parse(root))
        entered = 0
        while entered < len(met):
            for reference in list(met)[entered:]:
                enter(self._node(reference))
                entered += 1
        return digest.digest()

    def _settle(self, root: int) -> bool:
        """Works out the digest of an object; False when it leads into a loop."""
        if root in self._digests or root in self._looping:
            return root in self._digests
        path = {root: iter(self._node(root).references)}
        while path:
            number = next(reversed(path))
            for reference in path[number]:
                if reference in self._digests:
                    continue
                if reference in path or reference in self._looping:
                    self._looping.update(path)
                    return False
                self._visit()
                path[reference] = iter(self._node(reference).references)
                break
            else:
                node = self._node(number)
                parts = (node.content, *(self._digests[other] for other in node.references))
                self._digests[number] = hashlib.sha256(b"".join(parts)).digest()
                del path[number]
        return True

    def _visit(self, cost: int = 1) -> None:
        self._visits -= cost
        if self._visits < 0:
            raise _Unknown

    def _node(self, number: int) -> _Node:
        node = self._nodes.get(number)
        if node is None:
            if len(self._nodes) >= _MOST_OBJECTS:
                raise _Unknown
            node = self._nodes[number] = self._read(number)
            self._texts.pop(number, None)
        return node

    def _read(self, number: int) -> _Node:
        if number in self._layers:
            return _Node(b"layer %d" % self._layers[number], ())
        text = self._text(number)
        if self._document.xref_is_stream(number):
            return self._parse(*self._stream(number, text))
        if "/Type/" in text and self._document.xref_get_key(number, "Type")[1] in _ELSEWHERE:
            return _Node(b"elsewhere", ())
        return self._parse(text)

    def _stream(self, number: int, text: str) -> tuple[str, bytes]:
        """A stream object: what is stored, or of short plain ones what was compressed.

        Many programs compress on saving what others leave as it is: page contents above all.
        """
        stored: bytes = self._document.xref_stream_raw(number)
        kind = self._document.xref_get_key(number, "Filter")[1]
        if len(stored) > _SHORT or kind not in ("null", "/FlateDecode"):
            return text, stored
        once = text.count("/Length") == 1 and text.count("/Filter") == (kind != "null")
        plain = _STORAGE.sub("", text)
        if not once or "/DecodeParms" in plain:
            return text, stored
        return plain, self._document.xref_stream(number)

    def _parse(self, text: str, stream: bytes | None = None) -> _Node:
        references: list[int] = []

        def place(found: re.Match[str]) -> str:
            if found[1] is None:  # a string
                return found[0]
            number = int(found[1])
            if number not in self._nodes and _SCALAR.fullmatch(self._text(number)):
                return self._texts[number]  # e.g. a length: some programs store it apart
            references.append(number)
            return _PLACE

        placed = _STRUCTURE.sub(self._spoken, _REFERENCE.sub(place, text))
        content = hashlib.sha256(placed.encode())
        if stream is not None:
            content.update(b"\0stream" + hashlib.sha256(stream).digest())
        return _Node(content.digest(), tuple(references))

    def _spoken(self, found: re.Match[str]) -> str:
        """Instead of a place in the structure, which moves with other pages, what is said there."""
        return found[1] + actual_text(self._pdf, int(found[2]), self._visit)

    def _text(self, number: int) -> str:
        text = self._texts.get(number)
        if text is None:
            inside = 0 < number < self._length
            text = self._document.xref_object(number, compressed=1, ascii=1) if inside else "null"
            self._texts[number] = text
        return text

    def _printed_key(self, dictionary: Any, key: str) -> str:
        return self._printed(self._mupdf.pdf_dict_gets(dictionary, key))

    def _printed(self, value: Any) -> str:
        """An object as MuPDF prints it; a reference stays one."""
        if not value.m_internal:
            return ""
        buffer = self._mupdf.fz_new_buffer(512)
        output = self._mupdf.FzOutput(buffer)
        self._mupdf.pdf_print_obj(output, value, 1, 1)
        output.fz_close_output()
        text = bytes(self._mupdf.fz_buffer_extract_copy(buffer)).decode("latin-1")
        self._visit(len(text) // _TEXT_A_VISIT)
        return text
