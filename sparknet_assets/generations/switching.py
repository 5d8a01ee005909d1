"""Generations of the index: how far each is, which one answers, and what may take its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.generations import Generation, make_live
from sparknet_assets.generations.gates import GateResult, check_switch, current_texts
from sparknet_assets.generations.holdings import behind, changing_generations, discard


class GenerationProgress(BaseModel):
    """How far a generation is.

    Attributes:
        roles: Some of `live` (answers), `target` (the settings name it), `previous` (rollback goes
            there), `retiring` (its removal was cut off).
        documents: How many of the documents that are to be found it holds with their current text.
        of_documents: How many documents are to be found.
        chunks: What the documents have by the catalog; vectors and keyword rows by the index.
        size: Bytes of its files here.
        retirable: Whether `retire` would take it.
    """

    name: str
    model: str
    dimension: int
    roles: list[str]
    documents: int
    of_documents: int
    chunks: int
    vectors: int
    keyword_rows: int
    size: int
    created_at: datetime
    retirable: bool


class Change(NamedTuple):
    """What a switch, a rollback or a retirement came to.

    Attributes:
        action: `switch`, `rollback` or `retire`.
        name: The generation that was named.
        live: The one that answers now.
        before: The one that answered before.
        gates: What was checked beforehand.
        behind: Documents whose current text `live` does not hold; the next `sparknet materialize`
            adds them.
        freed: Bytes of the files that were removed.
    """

    action: str
    name: str
    live: str
    before: str
    gates: Sequence[GateResult] = ()
    behind: int = 0
    freed: int = 0

    @property
    def switched(self) -> bool:
        return self.live != self.before

    @property
    def said(self) -> str:
        """What was done, in a sentence or two."""
        if self.action == "retire":
            return f"{self.name} is retired; its files had {self.freed / 2**20:,.1f} MiB."
        if self.name != self.live:
            return f"{self.live} goes on answering."
        said = f"{self.live} answers already."
        if self.switched:
            said = f"{self.live} answers now, instead of {self.before}."
        if self.behind:
            said += (
                f" It lacks the current text of {self.behind:,} document{'s' * (self.behind > 1)};"
                f" `sparknet materialize` adds {'them' if self.behind > 1 else 'it'}."
            )
        return said


def progress(deployment: Deployment) -> list[GenerationProgress]:
    """Every generation, the oldest first; reads a record of every document, about 0.1 ms each."""
    registry = deployment.generations
    every = dict(registry.generations)
    target = named_by_settings(deployment)
    for missing in (target, None if registry.live else deployment.answering):
        if missing is not None:
            every.setdefault(missing.name, missing)
    texts = current_texts(deployment)
    rows = []
    for generation in every.values():
        name = generation.name
        of = {
            "live": name == (registry.live_name or deployment.answering.name),
            "target": target is not None and name == target.name,
            "previous": name == registry.previous_name,
            "retiring": generation.retiring,
        }
        held = deployment.catalog.holdings(name)
        store = deployment.store_of(generation)
        size = store.size_bytes()
        # Counting would make the files of an index that has none.
        vectors, keyword_rows = (0, 0) if size == 0 else store.count()
        row = GenerationProgress(
            name=name,
            model=generation.identity,
            dimension=generation.dimension,
            roles=[role for role, has in of.items() if has],
            documents=len(texts) - len(behind(deployment, generation, texts)),
            of_documents=len(texts),
            chunks=sum(holding.chunks for holding in held.values()),
            vectors=vectors,
            keyword_rows=keyword_rows,
            size=size or 0,
            created_at=generation.created_at,
            retirable=name in registry.generations and not of["live"],
        )
        rows.append(row)
    return rows


def next_step(rows: list[GenerationProgress]) -> str:
    """What to do about the target, or about an index that answers and has fallen behind."""
    by_role = {role: row for row in rows for role in row.roles}
    live, target = by_role.get("live"), by_role.get("target")
    if target and live and target is not live and target.documents == target.of_documents:
        return f"{target.name} is complete: `sparknet generations switch` lets it answer."
    row = target or live
    if row and row.documents < row.of_documents:
        left = row.of_documents - row.documents
        noun = "document" if left == 1 else "documents"
        return f"`sparknet materialize` adds the {left:,} {noun} that {row.name} lacks."
    previous = by_role.get("previous")
    if previous and previous is not target:
        return (
            f"`sparknet generations rollback` goes back to {previous.name},"
            f" `sparknet generations retire {previous.name}` frees its space."
        )
    return ""


def switch(deployment: Deployment, name: str = "", *, force: bool = False) -> Change:
    """Makes a generation answer, if the gates let it; one write, so that a kill is of no account.

    Args:
        name: That of the settings by default.
        force: Whatever the gates say.

    Raises:
        SparknetError: There is no such generation, or its embedder can't be asked its name.
    """
    finish_retiring(deployment)
    generation = _registered(deployment, name or deployment.target.name)
    before = deployment.generations.live_name
    if generation.name == before:
        return _answer_from(deployment, "switch", generation.name)
    gates = check_switch(deployment, generation)
    if not force and not all(gate.passed for gate in gates):
        return Change("switch", generation.name, live=before, before=before, gates=gates)
    return _answer_from(deployment, "switch", generation.name, gates)


def rollback(deployment: Deployment) -> Change:
    """Makes the generation answer that did before the last switch. Asks no gates.

    Raises:
        SparknetError: There is none, or it was retired.
    """
    finish_retiring(deployment)
    previous = deployment.generations.previous
    if previous is None:
        raise _refused("There is no earlier generation to roll back to.")
    return _answer_from(deployment, "rollback", previous.name)


def retire(deployment: Deployment, name: str) -> Change:
    """Removes a generation that does not answer: its index, what is noted of it, its name.

    Cut off, it is finished by calling it again, or by the next change of generations.

    Raises:
        SparknetError: There is no such generation, or it is the one that answers.
    """
    with changing_generations(deployment):
        generation = _registered(deployment, name)
        if name == deployment.generations.live_name:
            raise _refused(
                f"{name} is the index that answers; switch to another first:"
                " `sparknet generations switch`."
            )
        live = deployment.generations.live_name
        size = deployment.store_of(generation).size_bytes() or 0
        discard(deployment, generation)
    return Change("retire", name, live=live, before=live, freed=size)


def finish_retiring(deployment: Deployment) -> list[str]:
    """Finishes removals of generations that were cut off; returns their names."""
    if not _retiring(deployment):
        return []
    with changing_generations(deployment):
        left = _retiring(deployment)
        for generation in left:
            discard(deployment, generation)
    return [generation.name for generation in left]


def _retiring(deployment: Deployment) -> list[Generation]:
    return [g for g in deployment.generations.generations.values() if g.retiring]


def named_by_settings(deployment: Deployment) -> Generation | None:
    """The target; while its embedder can't be asked what it is, as it was last known, or None."""
    try:
        return deployment.target
    except SparknetError:
        every = deployment.generations.generations.values()
        same = [generation for generation in every if generation.is_named_by(deployment.settings)]
        return same[-1] if same else None


def _answer_from(
    deployment: Deployment, action: str, name: str, gates: Sequence[GateResult] = ()
) -> Change:
    with changing_generations(deployment):
        # It may have been retired while the gates were asked.
        generation = _registered(deployment, name)
        before = deployment.generations.live_name
        if name != before:
            make_live(deployment.catalog, name)
    lacking = len(behind(deployment, generation, current_texts(deployment)))
    return Change(action, name, live=name, before=before, gates=gates, behind=lacking)


def _registered(deployment: Deployment, name: str) -> Generation:
    registry = deployment.generations
    if name in registry.generations:
        return registry.generations[name]
    known = ", ".join(registry.generations) or "none yet"
    if deployment.live is None or name == deployment.target.name:
        raise _refused(
            f"Nothing is in the index {name} yet, which the settings name; run"
            f" `sparknet materialize` to build it. There are: {known}."
        )
    raise _refused(f"There is no generation {name}. There are: {known}.")


def _refused(message: str) -> SparknetError:
    return SparknetError(FailureKind.REFUSED, message, retryable=False)
