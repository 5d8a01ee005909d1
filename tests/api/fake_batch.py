"""Stands for the process of a run: does what the file name of its first document says.

`slow` waits until it is told to end, `broken` breaks off, `killed` dies; all others are indexed.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from datetime import UTC, datetime

from resources.catalog import DocumentStatus
from resources.deployment import Deployment


def main() -> int:
    work = pickle.load(sys.stdin.buffer)
    catalog = Deployment(work.settings).catalog
    for doc_id in work.doc_ids:
        _say(doc_id=doc_id, stage="documents", failed=False, run_id="r")
    first = work.doc_ids[0]
    if first.startswith("slow"):
        os.read(0, 1)
        _say(message="interrupted")
        return 130
    if first.startswith("broken"):
        _say(message="the run broke off")
        return 1
    if first.startswith("killed"):
        os.kill(os.getpid(), 9)
    for doc_id in work.doc_ids:
        record = catalog.get(doc_id)
        assert record is not None
        done = {"status": DocumentStatus.INDEXED, "run_id": "r", "updated_at": datetime.now(UTC)}
        catalog.put([record.model_copy(update=done)])
        _say(doc_id=doc_id, stage="vector_index", failed=False, run_id="r")
    return 0


def _say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    sys.exit(main())
