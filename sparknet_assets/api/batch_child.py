"""The process of one run: takes its work from stdin, says on stdout how it goes, a line each.

It ends with the server: stdin is open as long as that lives.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import threading
import time
from _thread import interrupt_main
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

if TYPE_CHECKING:
    from resources.deployment import Deployment
    from resources.settings import Settings
    from sparknet_assets.batch.document_run import StageResult

What = Literal["pending", "stale", "retry"]
_GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Work:
    """What a run has to do.

    Attributes:
        doc_ids: The documents; None for all that is out of date, as `sparknet plan` says.
    """

    settings: Settings
    doc_ids: list[str] | None
    force: bool = False


def main() -> int:
    """Does the work; 0 when the run as a whole went through, whatever became of documents."""
    said = _own_stdout()

    def say(**facts: object) -> None:
        said.write(json.dumps(facts).encode() + b"\n")
        said.flush()

    from resources.failure import SparknetError

    work: Work = pickle.load(sys.stdin.buffer)
    try:
        threading.Thread(target=_end_with_server, daemon=True).start()
        from resources.deployment import Deployment

        _do(Deployment(work.settings), work, say)
    except SparknetError as error:
        say(message=error.message)
        return 1
    except KeyboardInterrupt:
        say(message="The run was interrupted; what was finished is kept.")
        return 130
    except Exception as error:
        say(message=f"The run broke off ({type(error).__name__}); Dagster has its log.")
        return 1
    return 0


def _do(deployment: Deployment, work: Work, say: Callable[..., None]) -> None:
    def progress(result: StageResult) -> None:
        record = result.record
        say(
            doc_id=result.ref.doc_id,
            stage=result.stage,
            failed=record.status == "failed",
            run_id=record.run_id,
        )

    if work.doc_ids is not None:
        from sparknet_assets.runs.execution import execute

        execute(deployment, work.doc_ids, force=work.force, progress=progress)
        return
    from schedules.plan import WORK
    from schedules.reconciliation import reconcile

    reconcile(
        deployment,
        planned=lambda plan: say(documents=[d.doc_id for d in plan.of(*WORK)]),
        progress=progress,
        requested_by="the API",
    )


def _own_stdout() -> BinaryIO:
    """The pipe to the server, kept from what libraries print."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own


def _end_with_server() -> None:
    # Not through sys.stdin, whose lock this thread would hold when Python ends.
    os.read(0, 1)
    interrupt_main()
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
