"""What an edit of a long scan costs against its first run: `python -m benchmarks.edited_page`."""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pymupdf

from benchmarks.subject import DOORS, fresh_home, ingest, model_folder
from benchmarks.verdict import Verdict
from examples.large import write_scan_pdf
from examples.many import write_many
from resources.deployment import Deployment
from resources.settings import load_settings

BUDGET_PERCENT = 3.0
PAGES = 500


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took. Calls are counted by the new entries in the cache: each leaves one.

    Attributes:
        rendered, read: Pages that page_images and ocr_text worked on.
        ocr_calls: Page images that the OCR engine read.
        embedded: Texts that the embedder was given, of so many `chunks`.
    """

    seconds: float
    rendered: int
    read: int
    ocr_calls: int
    embedded: int
    chunks: int


def run(path: Path, home: Path, door: str) -> Cost:
    """Ingests `path` in a process of its own."""
    ocr, texts = cached(home, "ocr"), cached(home, "embeddings/")
    seconds = ingest([path], home, door).seconds
    doc_id = path.name.replace(".", "-")
    stages = Deployment(load_settings(home=home)).catalog.stages([doc_id])[doc_id]
    images, text, vectors = (stages[n] for n in ("page_images", "ocr_text", "embeddings"))
    return Cost(
        seconds,
        0 if images.reused else images.pages - images.metadata["pages_reused"],
        0 if text.reused else text.pages - text.metadata["pages_reused"],
        cached(home, "ocr") - ocr,
        cached(home, "embeddings/") - texts,
        vectors.metadata["chunks"],
    )


def cached(home: Path, namespace: str) -> int:
    """Entries of the cache in namespaces that begin so."""
    path = home / "state" / "cache.db"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT count(*) FROM entries WHERE substr(namespace, 1, ?) = ?"
        return int(database.execute(query, (len(namespace), namespace)).fetchone()[0])


def edit(path: Path, change: Callable[[pymupdf.Document], None]) -> None:
    """Changes a PDF and writes it anew, as an editor does: nothing keeps its place or number."""
    saved = path.with_suffix(".new")
    with pymupdf.open(path) as document:
        change(document)
        document.save(saved, garbage=3, deflate=True)
    saved.replace(path)


def measure(pages: int = PAGES, door: str = "command") -> Verdict:
    """Runs a generated scan, edits it in several ways, and prints what each run cost.

    Returns:
        Seconds of the run after one page was replaced, in per cent of the first run's.
    """
    with tempfile.TemporaryDirectory(prefix="sparknet-edited-") as name:
        folder = Path(name)
        ingest(write_many(folder / "one", 1), folder / "warm", door)
        home = fresh_home(folder / "home", model_folder(folder / "warm"))
        path, other = folder / "scan.pdf", folder / "other.pdf"
        write_scan_pdf(path, pages, seed=0)
        write_scan_pdf(other, 2, seed=1)
        print(f"{'':<24}{'seconds':>8}{'rendered':>9}{'read':>6}{'OCR':>5}{'embedded':>9}{'of':>6}")

        def step(what: str, subject: Path = path) -> Cost:
            cost = run(subject, home, door)
            print(
                f"{what:<24}{cost.seconds:>8.1f}{cost.rendered:>9}{cost.read:>6}"
                f"{cost.ocr_calls:>5}{cost.embedded:>9}{cost.chunks:>6}",
                flush=True,
            )
            return cost

        with pymupdf.open(other) as source:
            first = step(f"first run, {pages} pages")
            os.utime(path)
            step("touched")
            middle = pages // 2

            def replace(document: pymupdf.Document) -> None:
                document.insert_pdf(source, from_page=0, to_page=0, start_at=middle)
                document.delete_page(middle + 1)

            edit(path, replace)
            edited = step("one page replaced")
            edit(path, lambda document: document.insert_pdf(source, from_page=1, start_at=0))
            step("one page put in front")
        shutil.copy(path, folder / "again.pdf")
        step("same bytes, other name", folder / "again.pdf")
    share = 100 * edited.seconds / first.seconds
    return Verdict(f"one edited page of {pages}", share, BUDGET_PERCENT, "% of the first run")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--door", choices=sorted(DOORS), default="command")
    options = parser.parse_args()
    verdict = measure(options.pages, options.door)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
