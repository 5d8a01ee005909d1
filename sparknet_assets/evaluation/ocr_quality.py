"""How much of the true texts the pipeline read right: what is in text.json, beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.evaluation.measured import Measured, Sample
from sparknet_assets.evaluation.ranking_metrics import means
from sparknet_assets.evaluation.text_metrics import (
    character_error_rate,
    word_error_rate,
    word_scores,
)

if TYPE_CHECKING:
    from resources.deployment import Deployment

PAGE_BREAK = "\f"
# The edit distance takes time with the square of the length: 2 s for this many characters.
MOST_CHARACTERS = 40_000


class _Item(NamedTuple):
    key: str
    text: str
    truth: str


def measure(deployment: Deployment, texts: Mapping[str, str], sample: Sample) -> Measured:
    """CER, WER and words of each page that has a true text, or of each document without pages.

    Args:
        texts: doc_id -> true text. With a form feed between pages each page is an item of its own.
    """
    problems: list[str] = []
    items: list[_Item] = []
    for doc_id, truth in texts.items():
        try:
            items += _items(deployment, doc_id, truth)
        except _UnusableError as error:
            problems.append(str(error))
    chosen = sample.of(items, lambda item: item.key)
    scores = {item.key: _scores(item) for item in chosen}
    return Measured(
        kind="ocr", items=len(scores), figures=means(scores.values()), scores=scores,
        problems=problems,
    )  # fmt: skip


class _UnusableError(Exception):
    """A truth has nothing to be held against."""


def _items(deployment: Deployment, doc_id: str, truth: str) -> Iterator[_Item]:
    record = deployment.catalog.get(doc_id)
    if record is None or record.status == "deleted":
        raise _UnusableError(f"texts/{doc_id}.txt: there is no document {doc_id}.")
    try:
        pages = list(read_text(deployment.storage, DocumentRef(doc_id, record.raw_key)))
    except ObjectNotFoundError:
        raise _UnusableError(
            f"texts/{doc_id}.txt: {doc_id} has no text yet; `sparknet status {doc_id}` says why."
        ) from None
    parts = truth.removesuffix(PAGE_BREAK).split(PAGE_BREAK)
    if len(parts) == 1:
        whole = _Item(doc_id, "\n".join(page.text for page in pages), truth)
        yield _short_enough(whole)
        return
    if len(parts) != len(pages):
        raise _UnusableError(
            f"texts/{doc_id}.txt has {len(parts)} pages, the document {len(pages)}."
        )
    for page, part in zip(pages, parts, strict=True):
        yield _short_enough(_Item(f"{doc_id} page {page.page}", page.text, part))


def _short_enough(item: _Item) -> _Item:
    if len(item.truth) > MOST_CHARACTERS:
        raise _UnusableError(
            f"The true text of {item.key} has {len(item.truth):,} characters, more than"
            f" {MOST_CHARACTERS:,}: put a form feed between its pages."
        )
    return item


def _scores(item: _Item) -> dict[str, float]:
    words = word_scores([(item.text, item.truth)])
    return {
        "cer": character_error_rate(item.text, item.truth),
        "wer": word_error_rate(item.text, item.truth),
        "word_precision": words.precision,
        "word_recall": words.recall,
        "word_f1": words.f1,
    }
