"""What is answered: the answer with its evidence, and the events by which it arrives."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel

from sparknet_assets.retrieval import Hit, HitBox

NOTHING = "The documents do not say."
EXTRACTIVE = "extractive"
Answerer = Literal["auto", "extractive", "llm"]


class Citation(BaseModel):
    """What an answer rests on.

    Attributes:
        filename: Of the document; empty where the catalog has no row of it.
        title: That the document gives itself.
        quote: Characters of the chunk, word for word.
        page: Where the quote begins, 1-based.
        boxes: One for each line of the quote; the passage's where the words can't be placed.
        score: How well it supports the answer, see `evidence.weigh`; None where a language model
            chose it.
        context: For a row of a table, the rows above that name its columns and units: characters
            of the same chunk.
        stale: Why the quote is of an older version of the document; None when it is current.
    """

    doc_id: str
    filename: str = ""
    title: str | None = None
    page: int
    chunk_id: str
    quote: str
    boxes: list[HitBox]
    score: float | None = None
    context: str = ""
    stale: str | None = None


class Dropped(BaseModel):
    """A sentence of a language model that is no part of the answer, and why.

    Nobody has found it in a document: it is for logs and for people who ask, not to be believed.
    """

    name: ClassVar[str] = "dropped"
    text: str
    why: str

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class AnswerUsage(BaseModel):
    """What the language model took; nothing for an answer that was kept from before.

    Attributes:
        cost_usd: None where the price is unknown.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class Answer(BaseModel):
    """An answer with its evidence; without any, it says that there is none.

    Attributes:
        answer: Of a language model: sentences, each followed by the numbers of its citations, `[1]`
            for the first.
        model: Who worded it: `extractive` quotes only.
        usage: None where no language model was asked.
        dropped: What a language model wrote and could not be found in what it cites.
        note: What the reader should know of this answer; mostly empty.
    """

    question: str
    answer: str
    citations: list[Citation]
    model: str
    seconds: float
    usage: AnswerUsage | None = None
    dropped: list[Dropped] = []
    note: str = ""

    @property
    def cost_usd(self) -> float | None:
        """What a language model was paid; None where that is unknown."""
        return self.usage.cost_usd if self.usage else 0.0

    def as_json(self) -> dict[str, Any]:
        """JSON values, as the command and the API give them out."""
        empty = {name for name in ("usage", "dropped", "note") if not getattr(self, name)}
        return self.model_dump(mode="json", exclude=empty)


class Passages(BaseModel):
    """What was found for the question, before anything is answered."""

    name: ClassVar[str] = "passages"
    hits: list[Hit]

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class Text(BaseModel):
    """The next part of the answer; its evidence follows. All parts make up `Answer.answer`."""

    name: ClassVar[str] = "text"
    text: str

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class CitationEvent(BaseModel):
    """The next citation of the answer."""

    name: ClassVar[str] = "citation"
    citation: Citation

    def as_json(self) -> dict[str, Any]:
        return self.citation.model_dump(mode="json")


class Done(BaseModel):
    """The last event: the whole answer."""

    name: ClassVar[str] = "done"
    answer: Answer

    def as_json(self) -> dict[str, Any]:
        return self.answer.as_json()


Event = Passages | Text | CitationEvent | Dropped | Done
