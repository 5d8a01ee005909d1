"""Whether an answer holds: each sentence in the chunk that it cites, each box on its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from resources.deployment import Deployment
from resources.ocr import PageText
from resources.storage import ObjectNotFoundError
from resources.vector_store import Chunk
from sparknet_assets.answers.checking import check
from sparknet_assets.answers.claims import Claim, Mark
from sparknet_assets.answers.places import LEAST_FOUND, tokens
from sparknet_assets.answers.results import EXTRACTIVE, NOTHING, Answer, Citation
from sparknet_assets.artifacts import DocumentRef, read_chunks, read_text
from sparknet_assets.retrieval import HitBox

_SENTENCE = re.compile(r"(.+?) ((?:\[\d+\])+)(?: |$)", re.DOTALL)
_NUMBER = re.compile(r"\[(\d+)\]")
# A box is that of its words: they may reach over it by rounding.
_MARGIN = 0.002


class Problem(NamedTuple):
    """What of an answer does not hold.

    Attributes:
        citation: Its number, 1-based; None for what no citation is to blame for.
    """

    citation: int | None
    detail: str


def verify_answer(deployment: Deployment, answer: Answer) -> list[Problem]:
    """What does not hold of an answer; nothing for one that can be relied on to say what it cites.

    Read anew from the artifacts: quotes (and contexts) are characters of their chunks, the words
    under the boxes are those of the quotes, and the text has no sentence without its citations.
    What is cited from an older version of a document (`stale`) is compared with nothing.
    """
    chunks = _Chunks(deployment)
    problems: list[Problem] = []
    for number, citation in enumerate(answer.citations, 1):
        if citation.stale is None:
            problems += [Problem(number, p) for p in _of_citation(citation, chunks)]
    wording = _of_quotes(answer) if answer.model == EXTRACTIVE else _of_model(answer, chunks)
    return problems + list(wording)


class _Chunks:
    """Artifacts of documents, each read once."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.of = cache(self._of)

    def get(self, citation: Citation) -> Chunk | None:
        return self.of(citation.doc_id).get(citation.chunk_id)

    def pages(self, doc_id: str, pages: Sequence[int]) -> list[PageText]:
        try:
            return list(read_text(self._deployment.storage, self._ref(doc_id), pages))
        except ObjectNotFoundError:
            return []

    def _of(self, doc_id: str) -> dict[str, Chunk]:
        try:
            found = read_chunks(self._deployment.storage, self._ref(doc_id))
            return {chunk.chunk_id: chunk for chunk in found}
        except ObjectNotFoundError:
            return {}

    def _ref(self, doc_id: str) -> DocumentRef:
        record = self._deployment.catalog.get(doc_id)
        return DocumentRef(doc_id, record.raw_key if record else "")


def _of_citation(citation: Citation, chunks: _Chunks) -> Iterator[str]:
    chunk = chunks.get(citation)
    if chunk is None:
        yield f"{citation.doc_id} has no chunk {citation.chunk_id}"
        return
    if citation.quote not in chunk.text:
        yield f"the quote is not in its chunk: {citation.quote!r}"
    # Units stand on a line of their own, heading rows in a block.
    if not all(line in chunk.text for line in citation.context.splitlines()):
        yield f"the context is not in its chunk: {citation.context!r}"
    if citation.page not in {box.page for box in citation.boxes} & {*chunk.pages}:
        yield f"the quote is not on page {citation.page}"
    wanted = tokens(citation.quote)
    missing = _missing(wanted, _under(citation.boxes, chunks.pages(citation.doc_id, chunk.pages)))
    if len(missing) > (1 - LEAST_FOUND) * len(wanted):
        yield f"the boxes do not hold the words {' '.join(missing)!r}"


def _missing(wanted: Sequence[str], there: Sequence[str]) -> list[str]:
    left = list(there)
    missing = []
    for token in wanted:
        if token in left:
            left.remove(token)
        else:
            missing.append(token)
    return missing


def _under(boxes: Sequence[HitBox], pages: Sequence[PageText]) -> list[str]:
    """The words whose middle is in one of the boxes."""
    return [
        token
        for page in pages
        for line in page.lines
        for word in line.words
        if any(
            box.page == page.page
            and box.x0 - _MARGIN <= (word.x0 + word.x1) / 2 <= box.x1 + _MARGIN
            and box.y0 - _MARGIN <= (word.y0 + word.y1) / 2 <= box.y1 + _MARGIN
            for box in boxes
        )
        for token in tokens(word.text)
    ]


def _of_quotes(answer: Answer) -> Iterator[Problem]:
    said = " ".join(citation.quote for citation in answer.citations) or NOTHING
    if answer.answer != said:
        yield Problem(None, "the answer is not made of its quotes")


def _of_model(answer: Answer, chunks: _Chunks) -> Iterator[Problem]:
    """The sentences of a language model, held to their citations once more."""
    if not answer.citations:
        if answer.answer != NOTHING:
            yield Problem(None, "the answer has no citations")
        return
    end = 0
    for match in _SENTENCE.finditer(answer.answer):
        end = match.end()
        yield from _of_sentence(
            match[1], [int(n) for n in _NUMBER.findall(match[2])], answer, chunks
        )
    if answer.answer[end:].strip():
        yield Problem(None, f"a sentence has no citation: {answer.answer[end:]!r}")


def _of_sentence(
    text: str, numbers: Sequence[int], answer: Answer, chunks: _Chunks
) -> Iterator[Problem]:
    if not all(0 < number <= len(answer.citations) for number in numbers):
        yield Problem(None, f"a sentence cites what is not there: {text!r}")
        return
    cited = [answer.citations[number - 1] for number in numbers]
    there = [chunks.get(citation) for citation in cited]
    if any(citation.stale for citation in cited) or None in there:
        return
    marks = tuple(Mark(place, citation.quote) for place, citation in enumerate(cited, 1))
    checked = check(Claim(text, marks, ended=True), [c for c in there if c], answer.question)
    if isinstance(checked, str):
        yield Problem(numbers[0], f"{text!r}: {checked}")
