"""A document under verification, with all that is stored of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from resources.catalog import DocumentRecord, DocumentStatus, Holding, StageRecord, StageStatus
from resources.failure import SparknetError
from resources.storage import ObjectInfo, ObjectNotFoundError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.fingerprint import recorded_fingerprint
from sparknet_assets.stages.contract import FIELD_CORRECTIONS, RAW_DOCUMENTS, Stage
from sparknet_assets.verification.contract import Disagreement
from sparknet_assets.verification.corpus import Corpus
from sparknet_assets.verification.reading import READERS, Contents

C = TypeVar("C", bound=Contents)


class Folder(NamedTuple):
    """What storage holds under a document's id: key -> object."""

    doc_id: str
    raw: Mapping[str, ObjectInfo]
    processed: Mapping[str, ObjectInfo]


class Subject:
    """A document with what catalog, storage and index hold of it.

    Each artifact is read once, when a check first asks for it.

    Attributes:
        vectors: Generation -> ids of its chunks there.
        holdings: Generation -> what the catalog says that it holds.
    """

    def __init__(
        self,
        document: DocumentRecord,
        folder: Folder,
        stages: Mapping[str, StageRecord],
        vectors: Mapping[str, Collection[str]],
        holdings: Mapping[str, Holding],
        corpus: Corpus,
    ) -> None:
        self.document = document
        self.folder = folder
        self.stages = stages
        self.vectors = vectors
        self.holdings = holdings
        self.corpus = corpus
        self.ref = DocumentRef(document.doc_id, document.raw_key)
        self._contents: dict[str, Contents | None] = {}
        self._damage: dict[str, Disagreement] = {}

    @property
    def refused(self) -> bool:
        """It was refused before it was copied; what there may be is of an older version."""
        return not self.document.raw_version and self.document.status is DocumentStatus.FAILED

    @property
    def settled(self) -> bool:
        """It is indexed, and nothing is on its way to replace what answers."""
        status = self.document.status
        done = status in (DocumentStatus.INDEXED, DocumentStatus.PARTIAL)
        return done and not self.document.stale

    def whole(self, *stages: str) -> bool:
        """All of these stages have an output that nothing has begun to replace."""
        records = [self.stages.get(stage) for stage in stages]
        return all(r and r.fingerprint and r.status is not StageStatus.FAILED for r in records)

    def contents(self, stage: str, kind: type[C]) -> C | None:
        """What the artifact of a stage holds; None when there is none, or it is damaged."""
        if stage not in self._contents:
            self._contents[stage] = self._read(stage) if self.whole(stage) else None
        found = self._contents[stage]
        return found if isinstance(found, kind) else None

    def damage(self, stage: str) -> Disagreement | None:
        """Why the artifact of a whole stage can't be read."""
        self.contents(stage, Contents)
        return self._damage.get(stage)

    def versions(self, names: Collection[str]) -> dict[str, str] | None:
        """Data version of each of these inputs; None when one is missing or being replaced."""
        found = {}
        for name in names:
            if name == RAW_DOCUMENTS:
                found[name] = f"{self.document.raw_sha256}:{self.ref.filename}"
            elif name == FIELD_CORRECTIONS:
                found[name] = self.corpus.corrections.get(self.document.doc_id, "")
            elif self.whole(name):
                found[name] = self.stages[name].data_version
            else:
                return None
        return found

    def made_from_current(self, stage: Stage) -> bool | None:
        """Whether a whole stage was made from the outputs that its inputs have now.

        None when that can't be told: an input is being replaced, or the recipe is not known.
        """
        record = self.stages[stage.name]
        versions = self.versions(stage.inputs)
        recipe = self.corpus.recorded_recipes.get(record.recipe)
        if versions is None or recipe is None:
            return None
        return record.fingerprint == recorded_fingerprint(recipe, versions)

    def outrun(self, name: str) -> bool:
        """A newer version came as far as the inputs of this stage and no further.

        What the stage holds belongs to the version before it, and is not to be held against them.
        """
        stages = (stage for stage in self.corpus.graph if stage.name == name)
        return not self.settled and any(self.made_from_current(s) is False for s in stages)

    def problem(self, kind: str, detail: str, stage: str = "") -> Disagreement:
        """A disagreement about this document."""
        return Disagreement(self.document.doc_id, kind, detail, stage)

    def _read(self, stage: str) -> Contents | None:
        read = READERS.get(stage)
        if read is None:
            return None
        try:
            return read(self.ref, self.corpus.deployment.storage, self.corpus.deep)
        except ObjectNotFoundError as error:
            damage = self.problem("missing_artifact", f"{error.args[0]} is not there", stage)
        except (ValueError, OSError, SparknetError) as error:
            damage = self.problem("unreadable_artifact", _reason(error), stage)
        self._damage[stage] = damage
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return f"{error.title} can't be read: {error.errors()[0]['msg']}"
    return next(iter(str(error).splitlines()), type(error).__name__)
