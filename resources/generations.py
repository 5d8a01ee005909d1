"""Generations of the index: which there are and which one answers, kept as facts in the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

from resources.embeddings.scripts import mostly_latin
from resources.model_ids import model_name

if TYPE_CHECKING:
    from resources.catalog import Catalog
    from resources.settings import Settings

PREFIX = "generations/"
LIVE = f"{PREFIX}live"
PREVIOUS = f"{PREFIX}previous"

# Settings that say which index, and by which model.
_MODEL = {
    "minilm": ("embedder", "embedder_precision", "minilm_path"),
    "ollama": ("embedder", "ollama_embedding_model"),
    "titan": ("embedder", "titan_model", "titan_dimension"),
}
_SETTINGS = (
    "embedder",
    "embedder_precision",
    "minilm_path",
    "ollama_embedding_model",
    "titan_model",
    "titan_dimension",
    "collection",
)


class Generation(BaseModel):
    """An index, and the settings that its embedder is built from again.

    Attributes:
        name: Of the store; made of collection, identity and dimension, so it names what it holds.
        identity: Of the embedder whose vectors it holds.
        dimension: Length of a vector.
        retiring: Its removal has begun and is to be finished.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    identity: str
    dimension: int
    embedder: str
    embedder_precision: str
    minilm_path: Path | None = None
    ollama_embedding_model: str
    titan_model: str = ""  # generations of an earlier version don't say
    titan_dimension: int = 0
    collection: str
    created_at: datetime
    retiring: bool = False

    def settings_of(self, settings: Settings) -> Settings:
        """These settings, with what decides on embedder and collection as it was for this index."""
        return settings.model_copy(update={name: getattr(self, name) for name in _SETTINGS})

    def differences(self, settings: Settings) -> dict[str, str]:
        """Settings that would have to be otherwise to name this index: name -> value wanted."""
        return {
            name: "" if getattr(self, name) is None else str(getattr(self, name))
            for name in ("collection", *_MODEL[self.embedder])
            if _compared(name, getattr(self, name)) != _compared(name, getattr(settings, name))
        }

    def reads(self, text: str) -> bool:
        """Whether its model was trained on texts in this script; MiniLM was on English only."""
        return self.embedder != "minilm" or mostly_latin(text)

    def is_named_by(self, settings: Settings) -> bool:
        """Whether these settings name this index, unless their model has changed under its name."""
        return not self.differences(settings)

    def same_model(self, settings: Settings) -> bool:
        """Whether these settings name this index's model."""
        return self.differences(settings).keys() <= {"collection"}


def _compared(setting: str, value: object) -> object:
    """A model is the same one through a profile, which may be exchanged for another."""
    return model_name(str(value)) if setting == "titan_model" else value


class Registry(NamedTuple):
    """All generations as they stood at one moment.

    Attributes:
        generations: By name, the oldest first.
        live_name: The one that answers; empty before the first was written to.
        previous_name: The one that answered before it; empty when there is none.
    """

    generations: Mapping[str, Generation]
    live_name: str
    previous_name: str

    @property
    def live(self) -> Generation | None:
        return self.generations.get(self.live_name)

    @property
    def previous(self) -> Generation | None:
        return self.generations.get(self.previous_name)


def read_registry(catalog: Catalog) -> Registry:
    """What the catalog says now: another process may have switched since it was last asked."""
    facts = catalog.facts(PREFIX)
    live, previous = facts.pop(LIVE, ""), facts.pop(PREVIOUS, "")
    found = [Generation.model_validate_json(value) for value in facts.values()]
    ordered = sorted(found, key=lambda generation: (generation.created_at, generation.name))
    return Registry({generation.name: generation for generation in ordered}, live, previous)


def register(catalog: Catalog, generation: Generation, *, live: bool = False) -> None:
    """Notes a generation, or what is new about it; with `live` it answers from now on."""
    facts = {f"{PREFIX}{generation.name}": generation.model_dump_json()}
    catalog.put_facts({**facts, LIVE: generation.name} if live else facts)


def make_live(catalog: Catalog, name: str) -> None:
    """Makes a generation answer, in one write; the one that did until now becomes `previous`."""
    catalog.put_facts({LIVE: name, PREVIOUS: read_registry(catalog).live_name})


def unregister(catalog: Catalog, name: str) -> None:
    """Forgets a generation that holds nothing any more."""
    names = [f"{PREFIX}{name}"]
    if read_registry(catalog).previous_name == name:
        names.append(PREVIOUS)
    catalog.delete_facts(names)
