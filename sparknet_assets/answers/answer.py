"""Questions answered from what was indexed: by quoting, or by a language model held to quotes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.llm import LLMAdapter
from sparknet_assets.answers.extractive import quotes
from sparknet_assets.answers.finding import PASSAGES, Found, citation, find
from sparknet_assets.answers.model_answer import Closing, by_model
from sparknet_assets.answers.results import (
    EXTRACTIVE,
    NOTHING,
    Answer,
    Answerer,
    AnswerUsage,
    Citation,
    CitationEvent,
    Done,
    Dropped,
    Event,
    Passages,
    Text,
)
from sparknet_assets.answers.tables import heading_of
from sparknet_assets.retrieval import Filters
from sparknet_assets.retrieval.searching import hit_of

__all__ = ["NOTHING", "Answer", "Citation", "ask", "ask_stream"]


def ask(
    deployment: Deployment,
    question: str,
    *,
    filters: Filters | None = None,
    answerer: Answerer = "auto",
) -> Answer:
    """Answers from what was indexed, each sentence with the place that it rests on.

    Args:
        filters: Only passages that fulfil these.
        answerer: `extractive` quotes sentences; `llm` has the language model of the settings
            answer, and keeps of that what is found in what it cites; `auto` is `llm` where the
            settings name one, and quotes where that one can't be had.

    Raises:
        SparknetError: The question is empty, `llm` is asked for and there is none, or a service
            does not answer.
    """
    for event in ask_stream(deployment, question, filters=filters, answerer=answerer):
        if isinstance(event, Done):
            return event.answer
    raise AssertionError("a stream ends with Done, or raises")


def ask_stream(
    deployment: Deployment,
    question: str,
    *,
    filters: Filters | None = None,
    answerer: Answerer = "auto",
) -> Iterator[Event]:
    """As `ask`, in parts: Passages, then Text with its CitationEvents, Dropped between, then Done.

    A sentence is yielded once it is verified, so nothing that is shown has to be taken back.
    """
    started = time.perf_counter()
    if not question.strip():
        raise SparknetError(
            FailureKind.REFUSED, "The question is empty: say what you want to know.", False
        )
    llm = _language_model(deployment, answerer)
    found = find(deployment, question, filters)
    yield Passages(
        hits=[hit_of(rank, hit, found.records) for rank, hit in enumerate(found.hits[:PASSAGES], 1)]
    )
    said = _Said()
    for event in _parts(deployment, found, llm, said, fall_back=answerer == "auto"):
        said.hear(event)
        if not isinstance(event, Closing):
            yield event
    if not said.text:
        said.text = NOTHING
        yield Text(text=NOTHING)
    seconds = round(time.perf_counter() - started, 3)
    yield Done(answer=said.as_answer(question, found.note, seconds))


@dataclass
class _Said:
    """The answer as far as it was yielded."""

    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    model: str = EXTRACTIVE
    usage: AnswerUsage | None = None

    def hear(self, event: Event | Closing) -> None:
        match event:
            case Text():
                self.text += event.text
            case CitationEvent():
                self.citations.append(event.citation)
            case Dropped():
                self.dropped.append(event)
            case Closing():
                self.model = event.model
                self.usage = event.usage
                self.notes.extend(event.notes)

    def as_answer(self, question: str, note: str, seconds: float) -> Answer:
        return Answer(
            question=question,
            answer=self.text,
            citations=self.citations,
            model=self.model,
            seconds=seconds,
            usage=self.usage,
            dropped=self.dropped,
            note=" ".join(filter(None, [note, *self.notes])),
        )


def _language_model(deployment: Deployment, answerer: Answerer) -> LLMAdapter | None:
    if answerer == "extractive":
        return None
    if answerer == "llm" and deployment.llm is None:
        raise SparknetError(
            FailureKind.REFUSED,
            "No language model is set: set SPARKNET_LLM to ollama or bedrock, or have the answer"
            " quoted (`--answerer extractive`).",
            retryable=False,
        )
    return deployment.llm


def _parts(
    deployment: Deployment, found: Found, llm: LLMAdapter | None, said: _Said, *, fall_back: bool
) -> Iterator[Event | Closing]:
    """By the language model, or by quoting where there is none or it can't be had."""
    if llm is not None and found.hits:
        try:
            yield from by_model(deployment, found, llm)
            return
        except SparknetError as error:
            # What was shown already stays the model's.
            if not fall_back or said.text:
                raise
            said.dropped.clear()
            said.notes.append(f"Quoted, since the language model gave no answer. {error.message}")
    yield from _by_quoting(deployment, found)


def _by_quoting(deployment: Deployment, found: Found) -> Iterator[Event | Closing]:
    quoted = quotes(found)
    for number, quote in enumerate(quoted.quotes):
        yield Text(text=f" {quote.text}" if number else quote.text)
        yield CitationEvent(
            citation=citation(
                deployment,
                found,
                quote.chunk,
                quote.text,
                score=quote.score,
                context=heading_of(quote.chunk.text, quote.text),
            )
        )
    yield Closing(EXTRACTIVE, None, [quoted.note] if quoted.note else [])
