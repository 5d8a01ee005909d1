"""A way to call the command, and a run of the job that writes records only."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from resources.catalog import StageRecord
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind
from resources.settings import Settings
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.cli import main
from sparknet_assets.records import failed, settle, succeeded
from sparknet_assets.stage_names import STAGE_NAMES
from sparknet_assets.stages.contract import StageOutput


class Cli:
    """Calls the command in this process on a home of the test's own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.deployment = Deployment(Settings(home=home))

    def __call__(self, *arguments: str | Path) -> Result:
        words = ["--home", str(self.home), *map(str, arguments)]
        return CliRunner().invoke(main, words, prog_name="sparknet")

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self(*arguments, "--json").stdout)


class Runs:
    """Stands for the Dagster job: a file fails when its bytes say so, all others are indexed."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], Sequence[str] | None, bool]] = []
        self.error: BaseException | None = None

    def execute(
        self,
        deployment: Deployment,
        doc_ids: Sequence[str],
        *,
        stages: Sequence[str] | None = None,
        force: bool = False,
        progress: Callable[[StageResult], None] | None = None,
        **_: object,
    ) -> None:
        self.calls.append((list(doc_ids), stages, force))
        if self.error:
            raise self.error
        for doc_id in doc_ids:
            for record in self._run(deployment, doc_id, stages or STAGE_NAMES):
                if progress:
                    progress(StageResult(DocumentRef(doc_id, ""), doc_id, record.stage, record))

    def _run(self, deployment: Deployment, doc_id: str, stages: Sequence[str]) -> list[StageRecord]:
        document = deployment.catalog.get(doc_id)
        assert document is not None
        raw = deployment.storage.get(document.raw_key)
        records = dict(deployment.catalog.stages([doc_id])[doc_id])
        for name in stages:
            facts = {"fingerprint": "f", "seconds": 0.5, "run_id": "r"}
            lost = {2: failure("corrupt")} if raw == b"partial" and name == "ocr_text" else {}
            output = StageOutput("v", pages=3, failed_pages=lost, metadata={"chunks": 4})
            records[name] = succeeded(doc_id, name, output, **facts)  # type: ignore[arg-type]
            if raw in (b"encrypted", b"timed_out") and name == "documents":
                records[name] = failed(
                    doc_id, name, failure(raw.decode()), previous=None, seconds=0.1, run_id="r"
                )
                break
        done = [records[name] for name in STAGE_NAMES if name in records]
        deployment.catalog.put_stages(done, [settle(document, records, "r")])
        return [record for record in done if record.stage in stages]


def failure(kind: str) -> Failure:
    return Failure(kind=FailureKind(kind), message=f"it is {kind}", retryable=kind == "timed_out")
