"""Answers of a language model: what it writes is shown sentence by sentence, once verified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from resources.deployment import Deployment
from resources.llm import Ending, LLMAdapter, StopReason, Usage
from resources.vector_store import Chunk
from sparknet_assets.answers.checking import Verified, check
from sparknet_assets.answers.claims import Claim, ClaimReader
from sparknet_assets.answers.finding import Found, citation
from sparknet_assets.answers.hygiene import plain
from sparknet_assets.answers.kept import KeptAnswers
from sparknet_assets.answers.prompt import MOST_PASSAGES, NOT_THERE, Prompted, prompt_for
from sparknet_assets.answers.results import AnswerUsage, CitationEvent, Dropped, Event, Text
from sparknet_assets.retrieval.results import main_page

_ENDINGS = {
    StopReason.LENGTH: "The answer was cut off: the language model reached its longest answer.",
    StopReason.REFUSED: "The language model, or a filter around it, refused to answer.",
    StopReason.OTHER: "The language model ended its answer in an unusable way.",
}


class Closing(NamedTuple):
    """The last thing that an answer yields.

    Attributes:
        usage: None where no language model was asked.
        notes: What the reader should know of the answer.
    """

    model: str
    usage: AnswerUsage | None
    notes: list[str]


def by_model(deployment: Deployment, found: Found, llm: LLMAdapter) -> Iterator[Event | Closing]:
    """The events of an answer, and its Closing. Raises as `LLMAdapter.stream` does."""
    chunks = [hit.chunk for hit in found.hits[:MOST_PASSAGES]]
    prompt = prompt_for(found.question, [_prompted(found, chunk) for chunk in chunks], llm)
    given = chunks[: prompt.passages]
    notes: list[str] = []
    if left_out := len(chunks) - len(given):
        notes.append(f"{left_out} of {len(chunks)} passages did not fit what the model reads.")
    if prompt.cut:
        notes.append("The passage given to the model was cut short to fit what it reads.")
    kept = KeptAnswers(deployment.cache, deployment.catalog, llm.identity)
    reader = _Reader(deployment, found, given)
    ending = Ending(StopReason.END, Usage())
    if not given:
        pieces: Iterator[str | Ending] = iter(())
    elif (known := kept.get(found.question, given)) is not None:
        pieces = iter((known,))
    else:
        deployment.questions.count()
        pieces = llm.stream(
            [prompt.message],
            system=prompt.system,
            max_tokens=prompt.answer_tokens,
            temperature=0.0,
        )
    for piece in pieces:
        if isinstance(piece, Ending):
            ending = piece
        else:
            yield from reader.read(piece)
    yield from reader.end(cut_off=ending.stop is not StopReason.END)
    if ending.stop is not StopReason.END:
        notes.append(_ENDINGS[ending.stop])
    elif given and known is None:
        kept.put(found.question, given, reader.text)
    notes.extend(reader.notes())
    yield Closing(llm.identity, AnswerUsage(**ending.usage._asdict()), notes)


def _prompted(found: Found, chunk: Chunk) -> Prompted:
    section = " / ".join(chunk.section)
    return Prompted(found.filename(chunk), main_page(chunk), section, chunk.text)


class _Reader:
    """Takes the model's text, gives what is verified of it.

    Attributes:
        text: All that was read.
    """

    def __init__(self, deployment: Deployment, found: Found, passages: list[Chunk]) -> None:
        self._deployment = deployment
        self._found = found
        self._passages = passages
        self._claims = ClaimReader()
        self._cited: dict[tuple[str, str], int] = {}
        self._shown: set[str] = set()
        self._dropped = 0
        self.text = ""

    def read(self, piece: str) -> Iterator[Event]:
        self.text += piece
        for claim in self._claims.feed(plain(piece)):
            yield from self._events(claim)

    def end(self, *, cut_off: bool) -> Iterator[Event]:
        claims = self._claims.finish()
        for number, claim in enumerate(claims, 1):
            if cut_off and number == len(claims) and not claim.ended:
                yield self._drop(claim.text, "it was cut off")
            else:
                yield from self._events(claim)

    def notes(self) -> list[str]:
        if not self._dropped:
            return []
        left = "" if self._shown else ", so nothing is left of its answer"
        sentences = "1 sentence" if self._dropped == 1 else f"{self._dropped} sentences"
        return [f"{sentences} of the language model could not be verified and were dropped{left}."]

    def _events(self, claim: Claim) -> Iterator[Event]:
        if claim.text.strip(" .\"'").casefold() == NOT_THERE.casefold():
            return
        checked = check(claim, self._passages, self._found.question)
        if isinstance(checked, str):
            yield self._drop(claim.text, checked)
        elif checked.text not in self._shown:
            yield from self._said(checked)

    def _drop(self, text: str, why: str) -> Dropped:
        self._dropped += 1
        return Dropped(text=text, why=why)

    def _said(self, verified: Verified) -> Iterator[Event]:
        """The sentence with the numbers of its citations, and those that are new."""
        fresh: list[tuple[Chunk, str]] = []
        numbers: list[int] = []
        for chunk, quote in verified.quotes:
            key = (chunk.chunk_id, quote)
            if key not in self._cited:
                self._cited[key] = len(self._cited) + 1
                fresh.append((chunk, quote))
            numbers.append(self._cited[key])
        marks = "".join(f"[{number}]" for number in numbers)
        space = " " if self._shown else ""
        self._shown.add(verified.text)
        yield Text(text=f"{space}{verified.text} {marks}")
        for chunk, quote in fresh:
            yield CitationEvent(citation=citation(self._deployment, self._found, chunk, quote))
