"""A home whose documents are plain text, with the fields stage, and a model that is scripted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from resources.failure import SparknetError
from resources.llm import ANSWER_TOKENS, Completion, Message, StopReason, Usage
from resources.settings import Settings
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.batch.running import run_batch
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.stages import extracted_fields
from tests.doubles.llm import WholeModel
from tests.model.small_stages import STAGES
from tests.model.world import Fuse, SmallDeployment, Trouble, one_thread

GRAPH = (*STAGES, extracted_fields.STAGE)
INVOICE = """ACME Tools Ltd
INVOICE
Invoice number: INV-0815
Invoice date: 2024-05-31
Bill to: Bolt GmbH
Subtotal: EUR 100.00
VAT: EUR 19.00
Amount due: EUR 119.00
Payment terms: 30 days"""
SCHEMA = b"""
name: ticket
marks: [boarding]
fields:
  - {name: seat, labels: [Seat], required: true}
  - {name: fare, type: amount, labels: [Fare]}
"""


class Model(WholeModel):
    """Answers by a function of the prompt; fails while `error` is set."""

    def __init__(self, answer: Callable[[str], Any], context_tokens: int | None = None) -> None:
        self.answer = answer
        self.context_tokens = context_tokens
        self.error: SparknetError | None = None
        self.stop = StopReason.END
        self.prompts: list[str] = []

    def complete(
        self,
        messages: Sequence[Message],
        *,
        system: str = "",
        max_tokens: int = ANSWER_TOKENS,
        temperature: float | None = None,
    ) -> Completion:
        if self.error:
            raise self.error
        self.prompts.append(messages[-1].text)
        return Completion(json.dumps(self.answer(messages[-1].text)), self.stop, Usage(9, 3, 0.5))


def home(folder: Path, fuse: Fuse | None = None, model: Model | None = None) -> SmallDeployment:
    """A deployment that works in this thread."""
    settings = Settings(home=folder, embedder="ollama", ollama_embedding_model="words-32")
    deployment = SmallDeployment(settings, Trouble(), fuse or Fuse())
    deployment.__dict__["llm"] = model
    return deployment


def add(deployment: SmallDeployment, folder: Path, text: str, doc_id: str = "doc") -> None:
    """Takes a text in, without processing it."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{doc_id}.txt"
    file.write_text(text)
    assert not take_in(deployment, [file], doc_id=doc_id).problems


def run(deployment: SmallDeployment, doc_id: str = "doc", **options: Any) -> dict[str, StageResult]:
    """Stage -> what a batch of this document came to there."""
    with one_thread():
        results = list(run_batch([doc_id], deployment, graph=GRAPH, **options))
    return {result.stage: result for result in results}
