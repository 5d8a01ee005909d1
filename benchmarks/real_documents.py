"""What becomes of real documents in one ingestion: `python -m benchmarks.real_documents`.

The manifest beside the documents knows what independent readers made of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.verdict import Verdict

CORPUS = Path("../shared/corpus")
FOLDERS = ("pdf", "formats")
TRUTH = "gt"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A document, what became of it, and what the manifest says against that, if anything."""

    path: str
    document: dict[str, Any]
    objection: str

    @property
    def reason(self) -> str:
        failure = self.document["failure"]
        return str(failure["kind"]) if failure else ""

    @property
    def seconds(self) -> float:
        return float(sum(stage["seconds"] for stage in self.document["stages"].values()))


def measure(corpus: Path = CORPUS) -> Verdict:
    """Ingests all documents at once, prints a table, and counts what disagrees with the manifest.

    Raises:
        FileNotFoundError: There is no corpus.
    """
    manifest = corpus / "MANIFEST.csv"
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    started = time.perf_counter()
    outcomes = sorted(_ingest(corpus, rows), key=lambda outcome: outcome.path)
    seconds = time.perf_counter() - started
    _print(outcomes, seconds)
    objections = sum(1 for outcome in outcomes if outcome.objection)
    return Verdict("real documents, against the manifest", objections, 0, "documents")


def _ingest(corpus: Path, rows: dict[str, dict[str, str]]) -> Iterator[Outcome]:
    """Copies the documents so that their names are as in the manifest, without the truth files."""
    with tempfile.TemporaryDirectory(prefix="sparknet-real-") as name:
        inputs = Path(name) / "in"
        for path in rows:
            folder, _, rest = path.partition("/")
            if folder in FOLDERS and not rest.startswith(f"{TRUTH}/"):
                (inputs / folder).mkdir(parents=True, exist_ok=True)
                (inputs / path).write_bytes((corpus / path).read_bytes())
        command = [sys.executable, "-m", "sparknet_assets.cli", "--home", str(Path(name) / "home")]
        result = subprocess.run(
            [*command, "ingest", str(inputs), "--json"], capture_output=True, encoding="utf-8"
        )
        if result.returncode not in (0, 1):
            raise RuntimeError(result.stderr[-2000:])
        documents = json.loads(result.stdout)["documents"]
        paths = _paths_of(documents, [path for path in rows if (inputs / path).exists()])
        for document in documents:
            path = paths[document["doc_id"]]
            yield Outcome(path, document, objection(rows[path], document))
        verified = subprocess.run([*command, "verify"], capture_output=True, encoding="utf-8")
        print(f"verify: {verified.stdout.strip()}")


def _paths_of(documents: Sequence[dict[str, Any]], paths: Sequence[str]) -> dict[str, str]:
    from sparknet_assets.intake.naming import derive_doc_id

    paths_of = {derive_doc_id(path): path for path in paths}
    missing = {document["doc_id"] for document in documents} ^ set(paths_of)
    if missing:
        raise RuntimeError(f"documents and files do not match: {sorted(missing)}")
    return paths_of


# Pages that load, and whose compressed content can't be read: the manifest counts the first only.
BROKEN_CONTENT = {"pdf/pdf-reader__gh-237.pdf": 4}


def objection(row: dict[str, str], document: dict[str, Any]) -> str:
    """What the manifest says against an outcome; empty when they agree or it does not know."""
    kind = document["failure"]["kind"] if document["failure"] else None
    failed = document["status"] == "failed"
    if row["bytes"] == "0":
        return "" if kind == "empty" else "has no bytes"
    if row["needs_password"] == "yes" or "password: " in row["note"]:
        return "" if failed and kind == "encrypted" else "needs a password"
    if not row["opens"]:
        return ""
    readable = row["opens"] == "yes" and row["pages"] not in ("", "0")
    if not readable:
        return "" if failed or document["pages"] else "has no page that can be read"
    if failed:
        return "" if row["page_load_errors"] == row["pages"] else "has pages that can be read"
    if str(document["pages"]) != row["pages"]:
        return f"has {row['pages']} pages"
    damaged = row["page_load_errors"] != "0" or row.get("path") in BROKEN_CONTENT
    if damaged != (document["status"] == "partial"):
        return f"has {row['page_load_errors']} pages that can't be loaded"
    if int(row["text_chars"] or 0) > 20 and not document["chunks"]:
        return f"has {row['text_chars']} characters of text"
    return ""


def _print(outcomes: Sequence[Outcome], seconds: float) -> None:
    print(f"{'document':72} {'status':8} {'pages':>5} {'chunks':>6} {'seconds':>7}  reason")
    for outcome in outcomes:
        document = outcome.document
        print(
            f"{outcome.path[:72]:72} {document['status']:8} {document['pages']:>5} "
            f"{document['chunks']:>6} {outcome.seconds:>7.1f}  {outcome.reason}"
            + (f"  (the manifest: {outcome.objection})" if outcome.objection else "")
        )
    totals = Counter(
        " ".join(filter(None, (outcome.document["status"], outcome.reason))) for outcome in outcomes
    )
    print(", ".join(f"{count} {name}" for name, count in sorted(totals.items())))
    print(f"{len(outcomes)} documents in {seconds:.0f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    verdict = measure(parser.parse_args().corpus)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
