"""Runs the pipeline as a user does: a process of its own, in a home of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

SAMPLE_SECONDS = 0.1
DOORS = {
    "command": ("-m", "sparknet_assets.cli"),
    "batch": ("-m", "benchmarks.by_batch"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished ingestion.

    Attributes:
        seconds: Wall time of the process, its start included.
        peak: Most memory at any sample: resident bytes of the process and all its children.
        largest: Most resident bytes of a single process.
    """

    seconds: float
    pages: int
    chunks: int
    peak: int
    largest: int


class IngestError(RuntimeError):
    """The subject did not index every document."""


def ingest(paths: Sequence[Path], home: Path, door: str = "command") -> Run:
    """Ingests `paths` into `home` in a process of its own.

    Args:
        door: `command` (`sparknet ingest`, with Dagster) or `batch` (the stages without it).

    Raises:
        IngestError: A document was not indexed; holds what the process wrote.
    """
    command = [sys.executable, *DOORS[door], "--home", str(home)]
    command += ["ingest", "--json", *map(str, paths)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    with Sampler(process.pid) as sampler:
        output, errors = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise IngestError(f"{' '.join(command)}\n{output[-2000:]}\n{errors[-4000:]}")
    documents = json.loads(output)["documents"]
    if any(document["status"] != "indexed" for document in documents):
        raise IngestError(output[-4000:])
    pages = sum(document["pages"] for document in documents)
    chunks = sum(document["chunks"] for document in documents)
    return Run(seconds, pages, chunks, sampler.peak, sampler.largest)


def fresh_home(folder: Path, models: Path | None) -> Path:
    """An empty home; the exported model is copied in, as it is made once for each installation."""
    shutil.rmtree(folder, ignore_errors=True)
    if models is not None and models.is_dir():
        shutil.copytree(models, folder / "state" / "models")
    return folder


def model_folder(home: Path) -> Path:
    return home / "state" / "models"


class Sampler:
    """Watches the resident memory of a process and its descendants until the context ends.

    Pages that processes share count once for each, so the figure errs on the high side.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0
        self.largest = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            root = psutil.Process(self.pid)
        except psutil.NoSuchProcess:
            return
        while not self._stop.wait(SAMPLE_SECONDS):
            try:
                family = [root, *root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            sizes = [resident(process) for process in family]
            self.peak = max(self.peak, sum(sizes))
            self.largest = max(self.largest, max(sizes))


def resident(process: psutil.Process) -> int:
    """Resident bytes; 0 for a process that has just ended."""
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
