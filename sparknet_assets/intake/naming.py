"""What documents are called: a doc_id for each file, the same whenever the file comes again."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Sequence

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from sparknet_assets.digests import sha256_of, stored_sha256
from sparknet_assets.intake.found_files import SourceFile, UnreadableError
from sparknet_assets.partition_keys import partition_key, slug
from sparknet_assets.raw_names import RAW

MAX_DOC_ID = 100
_HASH = 8


def derive_doc_id(name: str) -> str:
    """A doc_id for a relative path: a slug, with a short hash when the slug loses letters.

    Deterministic; matches `[a-z0-9][a-z0-9-]*`; at most 100 characters. Different names can give
    the same slug ("a b.pdf", "a-b.pdf"): see `with_hash`.
    """
    short = slug(name)
    folded = unicodedata.normalize("NFKD", name)
    lossy = any(c.isalnum() and not c.isascii() for c in folded)
    if lossy or len(short) > MAX_DOC_ID or not any(c.isalnum() for c in name):
        return with_hash(short, name)
    return short


def with_hash(doc_id: str, text: str) -> str:
    """`doc_id`, shortened where needed, and a short hash of `text`."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    return f"{doc_id[: MAX_DOC_ID - _HASH - 1].rstrip('-_')}-{digest}"


def is_safe_doc_id(doc_id: str) -> bool:
    """Whether a doc_id can stand in keys, file names and partition keys as it is."""
    return partition_key(doc_id) == doc_id


class DocumentNames:
    """Gives each file the doc_id it had before, or a new one that no other document has."""

    def __init__(self, deployment: Deployment) -> None:
        self._storage = deployment.storage
        self._catalog = deployment.catalog
        self._taken: dict[str, DocumentRecord | None] = {}
        self._free: set[str] = set()

    def assign(self, files: Sequence[SourceFile]) -> dict[str, str]:
        """Source -> doc_id. The order of the files decides who gets the plain name.

        Asks the catalog about these files and the names that they may get, not about all others.
        """
        names: dict[str, str] = {}
        known = self._catalog.by_source([file.source for file in files])
        new = [file for file in files if file.source not in known]
        self._look_up({derive_doc_id(file.name) for file in new})
        for file in files:
            name = known.get(file.source)
            if name is None:
                name = plain = derive_doc_id(file.name)
                salt = file.source
                while not self._is_free(name, file):
                    name = with_hash(plain, salt)
                    salt += "#"
                self._taken[name] = None
            names[file.source] = name
        return names

    def _look_up(self, names: Collection[str]) -> None:
        """Finds out which of the names documents have."""
        found = self._catalog.get_many(names)
        self._taken.update(found)
        self._free.update(name for name in names if name not in found)

    def _is_free(self, name: str, file: SourceFile) -> bool:
        """No document has the name, or the one that has it is this very file, left by a crash."""
        if name not in self._taken and name not in self._free:
            self._look_up([name])
        if name in self._taken:
            record = self._taken[name]
            return record is not None and not record.source and self._is_same(record.raw_key, file)
        stored = [info.key for info in self._storage.list(f"{RAW}{name}/")]
        return not stored or self._is_same(stored[0], file)

    def _is_same(self, raw_key: str, file: SourceFile) -> bool:
        info = self._storage.stat(raw_key)
        if info is None or info.size != file.size or not raw_key.endswith(f"/{file.filename}"):
            return False
        try:
            ours = sha256_of(file.blocks())
        except UnreadableError:
            return False
        return stored_sha256(self._storage, raw_key) == ours
