"""Page texts that are stored already, found by what they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO, NamedTuple

from pydantic import ValidationError

from resources.ocr import PageText
from resources.storage import ObjectNotFoundError, StorageAdapter
from sparknet_assets.artifacts import TEXT, DocumentRef
from sparknet_assets.stages.contract import PageResult
from sparknet_assets.stages.text_tally import page_result
from sparknet_assets.unclimbed import awaits_budget

_SOURCE, _HEX = b',"source":"', 64


class _Place(NamedTuple):
    file: BinaryIO
    offset: int
    size: int


class KnownTexts:
    """The pages of earlier text.json files. A context: the files stay open as they were."""

    def __init__(self, earlier: Sequence[DocumentRef], storage: StorageAdapter) -> None:
        self._places: dict[str, _Place] = {}
        self._files = ExitStack()
        with ExitStack() as files:
            for ref in earlier:
                try:
                    path = files.enter_context(storage.as_file(ref.key(TEXT)))
                    file = files.enter_context(path.open("rb"))
                except (ObjectNotFoundError, FileNotFoundError):
                    continue
                self._add(file)
            self._files = files.pop_all()

    def __enter__(self) -> KnownTexts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def _add(self, file: BinaryIO) -> None:
        offset = 0
        for line in file:
            if source := _source_of(line):
                self._places.setdefault(source, _Place(file, offset, len(line)))
            offset += len(line)

    def result(self, page: int, source: str) -> PageResult | None:
        """The text made from `source`, as page `page`.

        None, so that it is read again, for a page that failed, or that waits for a budget.
        """
        place = self._places.get(source) if source else None
        if place is None:
            return None
        place.file.seek(place.offset)
        line = place.file.read(place.size)
        try:
            text = PageText.model_validate_json(line.strip().rstrip(b","))
        except ValidationError:
            return None
        if text.failure is not None or awaits_budget(text.reason):
            return None
        return page_result(text.model_copy(update={"page": page}))


def _source_of(line: bytes) -> str:
    """What a line of text.json says its page was made from; it stands last."""
    record = line.strip().rstrip(b",").removesuffix(b'"}')
    if not record.startswith(b'{"page":') or record[-_HEX - len(_SOURCE) : -_HEX] != _SOURCE:
        return ""
    return record[-_HEX:].decode()
