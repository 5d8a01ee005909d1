"""Runs the benchmarks named, or all, and prints the verdicts at the end: `python -m benchmarks`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from benchmarks import (
    answers,
    api,
    bulk,
    compaction,
    drawn_fields,
    edited_page,
    embedding_speed,
    fields,
    first_paint,
    generated_fields,
    ingest,
    memory,
    ocr_accuracy,
    ocr_speed,
    orchestration,
    real_documents,
    retrieval_quality,
    run_storm,
    search_latency,
    tenq,
    verification,
    xquad,
)
from benchmarks.verdict import Verdict

BENCHMARKS: dict[str, Callable[[], Verdict | Sequence[Verdict]]] = {
    "ingest": ingest.measure,
    "edited_page": edited_page.measure,
    "memory": memory.measure,
    "orchestration": orchestration.measure,
    "run_storm": run_storm.measure,
    "bulk": bulk.measure,
    "embedding_speed": embedding_speed.measure,
    "retrieval_quality": retrieval_quality.measure,
    "xquad": xquad.measure,
    "answers": answers.measure,
    "fields": fields.measure,
    "generated_fields": generated_fields.measure,
    "drawn_fields": drawn_fields.measure,
    "tenq": tenq.measure,
    "ocr_speed": ocr_speed.measure,
    "ocr_accuracy": ocr_accuracy.measure,
    "search_latency": search_latency.measure,
    "api": api.measure,
    "first_paint": first_paint.measure,
    "compaction": compaction.measure,
    "verification": verification.measure,
    "real_documents": real_documents.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        parser.error(f"no benchmark is called {', '.join(unknown)}")
    verdicts: list[Verdict] = []
    for name in names:
        print(f"== {name}", flush=True)
        try:
            outcome = BENCHMARKS[name]()
            verdicts += [outcome] if isinstance(outcome, Verdict) else outcome
        except FileNotFoundError as missing:  # real documents are not part of the repository
            print(f"left out: there is no {missing.filename}")
    print("== verdicts")
    for verdict in verdicts:
        print(verdict)
    return 0 if all(verdict.kept for verdict in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
