"""What all checks of one walk share: the stores, the recipes, and what was come across."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from resources.vector_store import VectorStore
from sparknet_assets.fields.noted import corrections_noted
from sparknet_assets.fingerprint import RECIPES, Recipes
from sparknet_assets.stages.contract import Stage


class Corpus:
    """A deployment under verification.

    Attributes:
        deep: Hash what is not read otherwise: originals, page images, vectors.
        known: Documents that were walked past and are not deleted.
        deleted: Those that are.
        busy: Those that looked wrong while another process worked on them.
        examined: How many documents were looked at, removed ones not counted.
    """

    def __init__(self, deployment: Deployment, graph: Sequence[Stage], deep: bool) -> None:
        self.deployment = deployment
        self.graph = graph
        self.deep = deep
        self.known: set[str] = set()
        self.deleted: set[str] = set()
        self.busy: set[str] = set()
        self.examined = 0

    @cached_property
    def stores(self) -> dict[str, VectorStore]:
        """Generation -> its index, for all that may hold something."""
        return {store.generation: store for store in self.deployment.stores()}

    @cached_property
    def target(self) -> str:
        """The generation that the settings name."""
        return self.deployment.target.name

    @cached_property
    def registered(self) -> Collection[str]:
        """Generations of which the catalog notes what they hold."""
        return self.deployment.generations.generations.keys()

    @cached_property
    def live(self) -> str:
        """The generation that answers; empty before the first write to an index."""
        return self.deployment.generations.live_name

    @cached_property
    def recipes(self) -> Recipes:
        """The recipes in force."""
        return Recipes(self.deployment)

    @cached_property
    def corrections(self) -> dict[str, str]:
        """doc_id -> data version of what people set right, as noted in the catalog."""
        return corrections_noted(self.deployment.catalog)

    @cached_property
    def recorded_recipes(self) -> dict[str, str]:
        """Id -> text of every recipe that something was made by."""
        facts = self.deployment.catalog.facts(RECIPES)
        return {name.removeprefix(RECIPES): text for name, text in facts.items()}

    def in_work(self, document: DocumentRecord) -> bool:
        """Another process has the document, or had it since its record was read."""
        catalog = self.deployment.catalog
        return bool(catalog.owners([document.doc_id])) or catalog.get(document.doc_id) != document

    def strangers(self, doc_ids: set[str]) -> list[str]:
        """Those that are no document, nor became one since we walked past."""
        candidates = doc_ids - self.known - self.deleted
        return sorted(candidates - self.deployment.catalog.get_many(candidates).keys())
