"""Runs batches in child processes, one at a time, and takes up what was uploaded."""

from __future__ import annotations

import contextlib
import json
import logging
import pickle
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from resources.catalog import DocumentStatus
from sparknet_assets.api.batch_child import What, Work
from sparknet_assets.api.runs import Run

if TYPE_CHECKING:
    from resources.catalog import DocumentRecord
    from resources.deployment import Deployment

log = logging.getLogger(__name__)
_COMMAND = (sys.executable, "-m", "sparknet_assets.api.batch_child")
_REMEMBERED = 50
_LOOK_AGAIN_SECONDS = 30.0
_KILL_AFTER_SECONDS = 12.0


class Runner:
    """A thread that starts runs. What it has not got to is pending in the catalog, so that the next
    server takes it up.

    Args:
        settle: Seconds to wait after an upload for more of them.
        command: Of the child process.
    """

    def __init__(
        self, deployment: Deployment, *, settle: float = 1.0, command: Sequence[str] = _COMMAND
    ) -> None:
        self._deployment = deployment
        self._settle = settle
        self._command = list(command)
        self._runs: deque[Run] = deque(maxlen=_REMEMBERED)
        self._tried: dict[str, str] = {}
        self._fresh: set[str] = set()
        self._wake = threading.Condition()
        self._due = time.monotonic()
        self._stopping = False
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._work, name="runner", daemon=True)

    def start(self) -> None:
        """Begins, with what was left pending."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the run under way, keeping what it finished, and the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
            child = self._child
        if child is not None and child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()
            try:
                child.wait(_KILL_AFTER_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
        if self._thread.is_alive():
            self._thread.join(5)

    def notice(self, doc_id: str) -> None:
        """A document was taken in: it is taken up when no more come for a moment."""
        with self._wake:
            self._fresh.add(doc_id)
            self._tried.pop(doc_id, None)
            self._due = time.monotonic() + self._settle
            self._wake.notify()

    def request(self, what: What, doc_ids: list[str] | None, force: bool) -> Run | None:
        """Puts a run at the end of the queue; None when one is under way with these documents."""
        with self._wake:
            for run in self._runs:
                same = run.doc_ids is None if doc_ids is None else _covers(run, doc_ids)
                if run.under_way and same:
                    return None
            run = Run(what=what, doc_ids=doc_ids, force=force)
            self._runs.appendleft(run)
            self._wake.notify()
            return run

    def runs(self) -> list[Run]:
        """The runs of this server, newest first."""
        with self._wake:
            return list(self._runs)

    def counts(self) -> dict[str, int]:
        """State -> number of runs that are remembered."""
        return dict(Counter(run.state for run in self.runs()))

    def health(self) -> str:
        """What it is at. Raises RuntimeError when its thread is gone."""
        if not self._thread.is_alive():
            raise RuntimeError("the runner is not running")
        waiting = sum(run.under_way for run in self.runs())
        return f"{waiting} runs under way or waiting" if waiting else "idle"

    def _work(self) -> None:
        while True:
            with self._wake:
                run = self._next()
                while run is None and not self._stopping and time.monotonic() < self._due:
                    self._wake.wait(max(0.0, self._due - time.monotonic()))
                    run = self._next()
                if self._stopping:
                    return
            try:
                if run is not None:
                    self._follow(run)
                else:
                    self._look()
            except Exception as error:
                # A catalog that does not answer now may answer later: the server goes on.
                log.error("The runner could not go on: %s", type(error).__name__)
                if run is not None:
                    run.end(1)
                time.sleep(1)

    def _next(self) -> Run | None:
        """The oldest run that waits."""
        return next((run for run in reversed(self._runs) if run.state == "waiting"), None)

    def _look(self) -> None:
        """Asks for a run over what is pending, nobody's at the moment, and was not tried as it is.

        What a run left pending is not tried again by itself: a budget may be spent, a disk full.
        """
        catalog = self._deployment.catalog
        with self._wake:
            self._due = time.monotonic() + _LOOK_AGAIN_SECONDS
        pending = catalog.documents(status=DocumentStatus.PENDING)
        new = [
            record.doc_id for record in pending if self._tried.get(record.doc_id) != _mark(record)
        ]
        free = sorted({*new} - catalog.owners(new).keys()) if new else []
        if free:
            with self._wake:
                self._fresh -= {*free}
            self.request("pending", free, force=False)

    def _note_tried(self, run: Run) -> None:
        """Those that the run left pending, unless they came anew meanwhile."""
        records = self._deployment.catalog.get_many(run.doc_ids or [])
        with self._wake:
            for doc_id, record in records.items():
                if doc_id not in self._fresh:
                    self._tried[doc_id] = _mark(record)

    def _follow(self, run: Run) -> None:
        """Runs its process and listens until it ends."""
        run.begin()
        work = Work(self._deployment.settings, run.doc_ids, run.force)
        child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A Ctrl-C on the terminal is the server's: it then ends its children itself.
            start_new_session=True,
        )
        with self._wake:
            self._child = child
            if self._stopping and child.stdin is not None:
                child.stdin.close()
        assert child.stdin is not None and child.stdout is not None
        with child, contextlib.suppress(BrokenPipeError, ValueError):
            child.stdin.write(pickle.dumps(work))
            child.stdin.flush()
            for line in child.stdout:
                run.heard(json.loads(line))
            child.wait()
        with self._wake:
            self._child = None
            run.end(child.returncode)
        self._note_tried(run)


def _covers(run: Run, doc_ids: Sequence[str]) -> bool:
    return run.doc_ids is not None and set(doc_ids) <= set(run.doc_ids)


def _mark(record: DocumentRecord) -> str:
    return f"{record.raw_version} {record.updated_at}"
