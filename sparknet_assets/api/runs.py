"""Runs as values: what was asked for and how it goes."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, Field, PrivateAttr

from sparknet_assets.api.batch_child import What

RunState = Literal["waiting", "running", "done", "failed"]
_SHOWN = 100
LAST_STAGE = "vector_index"


class RunView(BaseModel):
    """A run.

    Attributes:
        id: Of this server, or of the run in Dagster when it was begun elsewhere.
        state: `failed` when the run broke off, or when documents failed.
        documents, finished, failed: How many documents; finished counts those that failed too.
        stages: Stage -> number of documents that are through it.
        doc_ids: The first 100, where they are known.
        message: What to know of it, mostly empty.
    """

    id: str
    what: What | Literal["elsewhere"] = "pending"
    state: RunState = "waiting"
    documents: int = 0
    finished: int = 0
    failed: int = 0
    stages: dict[str, int] = Field(default_factory=dict)
    doc_ids: list[str] = Field(default_factory=list)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    message: str = ""


class Run(BaseModel):
    """A run of this server. Changed by the thread that follows its process.

    Attributes:
        dagster_ids: Of the runs in Dagster that it led to.
        changes: Grows with each change.
    """

    id: str = Field(default_factory=lambda: secrets.token_hex(6))
    what: What
    doc_ids: list[str] | None
    force: bool = False
    state: RunState = "waiting"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    message: str = ""
    dagster_ids: set[str] = Field(default_factory=set)
    changes: int = 0
    _done: set[str] = PrivateAttr(default_factory=set)
    _failed: set[str] = PrivateAttr(default_factory=set)
    _stages: Counter[str] = PrivateAttr(default_factory=Counter)

    @property
    def under_way(self) -> bool:
        return self.state in ("waiting", "running")

    def begin(self) -> None:
        """Its process was started."""
        self.state, self.started_at = "running", datetime.now(UTC)
        self.changes += 1

    def heard(self, said: dict[str, object]) -> None:
        """Takes a line of its process into account."""
        if isinstance(documents := said.get("documents"), list):
            self.doc_ids = [str(doc_id) for doc_id in documents]
        self.message = str(said.get("message") or self.message)
        if doc_id := str(said.get("doc_id") or ""):
            stage = str(said.get("stage"))
            self.dagster_ids.add(str(said.get("run_id")))
            if said.get("failed"):
                self._failed.add(doc_id)
            else:
                self._stages[stage] += 1
                if stage == LAST_STAGE:
                    self._done.add(doc_id)
        self.changes += 1

    def end(self, code: int) -> None:
        """Its process has ended."""
        if code and not self.message:
            self.message = f"Its process ended with {code}; what was finished is kept."
        self.state = "failed" if code or self._failed else "done"
        self.ended_at = datetime.now(UTC)
        self.changes += 1

    def view(self) -> RunView:
        """As the API shows it."""
        doc_ids = self.doc_ids or []
        return RunView(
            id=self.id,
            what=self.what,
            state=self.state,
            documents=len(doc_ids),
            finished=len(self._done | self._failed),
            failed=len(self._failed),
            stages=dict(self._stages),
            doc_ids=doc_ids[:_SHOWN],
            started_at=self.started_at,
            ended_at=self.ended_at,
            message=self.message,
        )
