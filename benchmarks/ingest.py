"""Born-digital PDFs, raw bytes to searchable, against embedding alone: `-m benchmarks.ingest`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.bare_embedding import BareEmbedding
from benchmarks.subject import DOORS, fresh_home, ingest, model_folder
from benchmarks.verdict import Verdict
from examples.large import write_large_pdf
from examples.many import write_many
from resources.deployment import Deployment
from resources.settings import load_settings
from sparknet_assets.artifacts import DocumentRef, read_chunks

BUDGET_RATIO = 1.2
GENERATED_PAGES = 200
CORPUS = Path("../shared/corpus/docugami_10q/docs")


def documents(given: Sequence[Path], folder: Path) -> list[Path]:
    """The PDFs to ingest: those given, the corpus' quarterly reports, or a generated report."""
    if given:
        return list(given)
    if CORPUS.is_dir():
        return sorted(CORPUS.glob("*.pdf"))
    path = folder / "log-book.pdf"
    write_large_pdf(path, GENERATED_PAGES, 0)
    return [path]


def chunk_texts(home: Path) -> list[str]:
    """The texts of all chunks under `home`, document by document."""
    deployment = Deployment(load_settings(home=home))
    return [
        chunk.text
        for record in deployment.catalog.documents()
        for chunk in read_chunks(
            deployment.storage, DocumentRef(doc_id=record.doc_id, raw_key=record.raw_key)
        )
    ]


def measure(paths: Sequence[Path] = (), door: str = "command", repeat: int = 3) -> Verdict:
    """Runs both sides in turn, `repeat` times, and prints each.

    Returns:
        Median seconds of the pipeline over median seconds of the bare loop.
    """
    with tempfile.TemporaryDirectory(prefix="sparknet-ingest-") as name:
        folder = Path(name)
        chosen = documents(paths, folder)
        warm = folder / "warm"
        ingest(write_many(folder / "one", 1), warm, door)
        bare = BareEmbedding()
        ours, theirs = [], []
        for number in range(1, repeat + 1):
            home = fresh_home(folder / "home", model_folder(warm))
            run = ingest(chosen, home, door)
            texts = chunk_texts(home)
            if len(texts) != run.chunks:
                raise RuntimeError(f"{run.chunks} chunks reported, {len(texts)} found")
            ours.append(run.seconds)
            theirs.append(bare.seconds(texts))
            print(
                f"run {number}: {len(chosen)} documents, {run.pages} pages, {run.chunks} chunks: "
                f"pipeline {ours[-1]:.1f} s, bare embedding {theirs[-1]:.1f} s",
                flush=True,
            )
    ratio = median(ours) / median(theirs)
    print(
        f"median: pipeline {median(ours):.1f} s ({run.pages / median(ours):.1f} pages a second), "
        f"bare embedding {median(theirs):.1f} s"
    )
    return Verdict("ingestion over bare embedding", ratio, BUDGET_RATIO, "x")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", type=Path, nargs="*", help="PDFs (default: see README.md)")
    parser.add_argument("--door", choices=sorted(DOORS), default="command")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    verdict = measure(options.paths, options.door, options.repeat)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
