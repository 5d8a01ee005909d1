"""Random corrections, tiers, edits, removals and kills: fields and index follow all of them.

`SPARKNET_MODEL_EXAMPLES=300 python -m pytest tests/model/test_fields_and_tiers.py` looks longer.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.settings import Settings
from resources.storage.local import LocalStorageAdapter
from resources.tiers import TIERS
from schedules.plan import WORK
from schedules.reconciliation import gather
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.fields.correction_log import read_log
from sparknet_assets.fields.corrections import choose_schemas, correct, drop
from sparknet_assets.fields.reading import extracted_of, fields_of
from sparknet_assets.stages import extracted_fields
from sparknet_assets.stages.contract import AnyStage, PagedStage, PageResult
from sparknet_assets.stages.text_tally import page_result
from sparknet_assets.tiers import set_tier
from sparknet_assets.verification import verify
from tests.model.reconciling import reconcile
from tests.model.small_stages import STAGES, page_text, pages_of
from tests.model.world import (
    Fuse,
    Killed,
    SmallDeployment,
    Trouble,
    age,
    close_index,
    free_leases,
    one_thread,
)

DOC_IDS = ("alpha", "beta")
EXAMPLES = int(os.environ.get("SPARKNET_MODEL_EXAMPLES", "6"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60 + 20 * EXAMPLES)]

INVOICE = """ACME Tools Ltd
INVOICE
Invoice number: {}
Invoice date: 2024-05-31
Bill to: Bolt GmbH
Amount due: EUR {}.00
Payment terms: 30 days"""

doc_ids = st.sampled_from(DOC_IDS)
amounts = st.integers(1, 4)


def _read_as_the_tier_has_it(
    ref: DocumentRef, pages: Sequence[int], deployment: Deployment
) -> list[PageResult]:
    texts = pages_of(deployment.storage.get(ref.raw_key))
    line = f"\nread at {deployment.settings.ocr_dpi}"
    return [page_result(page_text(page, texts[page - 1] + line)) for page in pages]


def graph(version: int) -> tuple[AnyStage, ...]:
    """The small stages, of which reading depends on the tier, and the real fields."""
    documents, ocr_text, *others = STAGES
    assert isinstance(ocr_text, PagedStage)
    by_tier = dataclasses.replace(
        ocr_text,
        shape=lambda deployment: {"ocr_dpi": deployment.settings.ocr_dpi},
        run_pages=_read_as_the_tier_has_it,
    )
    fields = dataclasses.replace(extracted_fields.STAGE, code_version=str(version))
    return (documents, by_tier, *others, fields)


def euros(amount: int) -> dict[str, str]:
    return {"amount": f"{amount}.00", "currency": "EUR"}


class FieldsAndTiers(RuleBasedStateMachine):
    """A deployment whose corrections are their own truth: what was stored counts.

    Attributes:
        raw: doc_id -> total of the invoice in raw/.
        tiers: doc_id -> what was said; standard for a document that is new.
    """

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="sparknet-fields-"))
        self.storage = LocalStorageAdapter(self.home)
        self.storage.put("raw/.keep", b"")
        self.raw: dict[str, int] = {}
        self.tiers: dict[str, str] = {}
        self.version, self.writes = 1, 0
        self.began = time.time() - 3600
        self.deployment = self.opened()
        self.inline = one_thread()
        self.inline.__enter__()

    def teardown(self) -> None:
        close_index(self.deployment)
        self.inline.__exit__(None, None, None)
        shutil.rmtree(self.home)

    def opened(self) -> SmallDeployment:
        chosen = Settings(home=self.home, embedder="ollama", ollama_embedding_model="words-32")
        return SmallDeployment(chosen, Trouble(), Fuse())

    @rule(doc_id=doc_ids, amount=amounts)
    def write(self, doc_id: str, amount: int) -> None:
        key = f"raw/{doc_id}/a.txt"
        self.storage.put(key, INVOICE.format(doc_id, amount).encode())
        self.writes += 1
        age(self.deployment, key, self.began + self.writes)
        self.raw[doc_id] = amount

    @rule(doc_id=doc_ids)
    def delete(self, doc_id: str) -> None:
        self.storage.delete(f"raw/{doc_id}/a.txt")
        self.raw.pop(doc_id, None)

    @rule()
    def change_the_code(self) -> None:
        self.version += 1

    @rule(doc_id=doc_ids, amount=amounts, writes=st.none() | st.integers(0, 1))
    def correct(self, doc_id: str, amount: int, writes: int | None) -> None:
        self.attempt(
            lambda: correct(
                self.deployment, doc_id, "invoice", "total", f"EUR {amount}.00", by="ann"
            ),
            writes,
        )

    @rule(doc_id=doc_ids, writes=st.none() | st.integers(0, 1))
    def drop(self, doc_id: str, writes: int | None) -> None:
        self.attempt(lambda: drop(self.deployment, doc_id, "invoice", "total", "ann"), writes)

    @rule(
        doc_id=doc_ids,
        schemas=st.sampled_from((None, ["invoice"], ["invoice", "receipt"])),
        writes=st.none() | st.integers(0, 1),
    )
    def choose(self, doc_id: str, schemas: list[str] | None, writes: int | None) -> None:
        self.attempt(lambda: choose_schemas(self.deployment, doc_id, schemas), writes)

    @rule(doc_id=doc_ids, tier=st.sampled_from(TIERS))
    def set_tier(self, doc_id: str, tier: str) -> None:
        if self.attempt(lambda: set_tier(self.deployment, [doc_id], tier), None):
            self.tiers[doc_id] = tier

    @rule(writes=st.none() | st.integers(0, 60))
    def reconcile(self, writes: int | None) -> None:
        if self.attempt(lambda: reconcile(self.deployment, graph(self.version)), writes):
            self.tiers = {doc_id: t for doc_id, t in self.tiers.items() if doc_id in self.raw}
            self.check()

    def attempt(self, action: Callable[[], Any], writes: int | None) -> bool:
        """Whether it was done: a process may be killed, and a person may be refused."""
        self.deployment.fuse.left = writes
        try:
            action()
        except Killed:
            free_leases(self.deployment)
            close_index(self.deployment)
            self.deployment = self.opened()
            return False
        except SparknetError as error:
            assert error.kind == "refused", error
            return False
        finally:
            self.deployment.fuse.left = None
        return True

    def check(self) -> None:
        deployment = self.deployment
        assert list(verify(deployment, graph(self.version))) == []
        plan = gather(deployment, graph=graph(self.version)).plan
        assert not plan.of(*WORK), "the same again was not nothing"
        store = deployment.vector_store
        hits = {hit.chunk.doc_id: hit.chunk.text for hit in store.search_text("invoice", 50)}
        assert hits.keys() == self.raw.keys()
        for doc_id, amount in self.raw.items():
            own = deployment.of_tier(self.tiers.get(doc_id, "standard"))
            assert f"EUR {amount}.00" in hits[doc_id]
            assert f"read at {own.settings.ocr_dpi}" in hits[doc_id]
            self.check_fields(doc_id, amount)
        for doc_id in set(DOC_IDS).difference(self.raw):
            assert not list(self.storage.list(f"corrections/{doc_id}/"))

    def check_fields(self, doc_id: str, amount: int) -> None:
        log = read_log(self.storage, doc_id)
        said = log.in_force.get(("invoice", "total"))
        expected = said.value if said else euros(amount)
        stored = extracted_of(self.deployment, DocumentRef(doc_id, f"raw/{doc_id}/a.txt"))
        assert stored is not None
        for fields in (stored, fields_of(self.deployment, doc_id)):
            parts = {part.schema_name: part for part in fields.schemas}
            assert set(log.schemas or ["invoice"]) <= set(parts)
            assert parts["invoice"].fields["total"].value == expected


FieldsAndTiers.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
TestFieldsAndTiers = FieldsAndTiers.TestCase
