"""Our embedder against a bare fp32 loop over the same texts: `-m benchmarks.embedding_speed`.

The bare loop takes padded batches of 32 in the order given, on all cores. Both sides tokenise;
loading a model is not counted. They run in turn, and the best of each counts: what else the
machine does only ever adds time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bare_embedding import BareEmbedding
from benchmarks.verdict import Verdict
from resources.embeddings.minilm import MiniLMEmbedder

BUDGET_RATIO = 0.8
CORPUS = Path("../shared/corpus")
LIMIT = 200


def texts(corpus: Path, limit: int) -> list[str]:
    """Paragraphs of the SQuAD slice; text of our own where the corpus is missing."""
    path = corpus / "squad" / "paragraphs.jsonl"
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            return [
                json.loads(line)["context"] for _, line in zip(range(limit), file, strict=False)
            ]
    sentence = "The pump at the north gate was checked and its pressure noted in the log. "
    return [f"Entry {n}. " + sentence * (n * 7 % 13 + 1) for n in range(limit)]


def measure(
    corpus: Path = CORPUS, limit: int = LIMIT, repeat: int = 3, as_json: bool = False
) -> Verdict:
    """Prints texts a second of each side.

    Returns:
        Seconds of our int8 embedder over seconds of the bare loop.
    """
    given = texts(corpus, limit)
    with tempfile.TemporaryDirectory(prefix="sparknet-embedding-") as folder:
        ours = {
            precision: MiniLMEmbedder(precision, None, Path(folder))
            for precision in ("int8", "fp32")
        }
        bare = BareEmbedding()
        best = dict.fromkeys(("bare fp32", *ours), float("inf"))
        for embedder in ours.values():
            embedder.embed(given[:1])
        for _ in range(repeat):
            best["bare fp32"] = min(best["bare fp32"], bare.seconds(given))
            for precision, embedder in ours.items():
                best[precision] = min(best[precision], _seconds(embedder, given))
    rates = {name: len(given) / seconds for name, seconds in best.items()}
    if as_json:
        print(json.dumps({"texts": len(given), "texts_per_second": rates}))
    else:
        for name, rate in rates.items():
            print(f"{name:10} {rate:7.1f} texts a second  {rate / rates['bare fp32']:.2f} x")
    ratio = best["int8"] / best["bare fp32"]
    return Verdict("embedding over a bare fp32 loop", ratio, BUDGET_RATIO, "times")


def _seconds(embedder: MiniLMEmbedder, given: Sequence[str]) -> float:
    started = time.perf_counter()
    embedder.embed(given)
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="DIR")
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help="texts to embed")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    verdict = measure(arguments.corpus, arguments.limit, arguments.repeat, arguments.json)
    if not arguments.json:
        print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
