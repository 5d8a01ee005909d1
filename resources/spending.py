"""What is spent on services: by a run within its budget, by questions within that of a day."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError
from resources.locks import file_lock

if TYPE_CHECKING:
    from resources.catalog import Catalog

log = logging.getLogger(__name__)
QUESTIONS = "questions/"
"""Accounts of the catalog, one a day: what language models were paid for answers."""
QUERIES = "queries/"
"""Likewise, what embedding models were paid for the queries of searches and questions."""
_FORGOTTEN_SECONDS = 7 * 86400.0
_USED_UP = "used up"


class BudgetError(SparknetError):
    """The budget of the run does not allow what was to be paid."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureKind.REFUSED, message)

    def __reduce__(self) -> tuple[type[BudgetError], tuple[str]]:
        return BudgetError, (self.message,)


class Ledger:
    """A sum in a file on this machine: a run is one process and its workers.

    Args:
        path: Of the run's own; `close` removes it.
        budget: Most dollars that may be spent; None for any number.
    """

    def __init__(self, path: Path, budget: float | None) -> None:
        self._path = path
        self._budget = budget

    def spend(self, usd: float) -> None:
        """Notes a payment that is about to be made.

        Raises:
            BudgetError: It would exceed the budget. Nothing is noted then, and from now on the
                budget counts as used up.
        """
        with self._locked():
            spent, used_up = self._read()
            over = self._budget is not None and spent + usd > self._budget
            self._write(spent if over else spent + usd, used_up or over)
        if over:
            raise self._refusal(spent)

    def check(self) -> None:
        """For work that may come to cost something.

        Raises:
            BudgetError: A payment was refused before.
        """
        if self._budget is None:
            return
        spent, used_up = self._read()
        if used_up:
            raise self._refusal(spent)

    def allows(self, usd: float) -> bool:
        """Whether this much may be spent yet. Notes nothing: for what can be left undone."""
        if self._budget is None:
            return True
        spent, used_up = self._read()
        return not used_up and spent + usd <= self._budget

    def correct(self, usd: float) -> None:
        """A payment was by so much higher than noted; lower, where this is negative."""
        with self._locked():
            spent, used_up = self._read()
            self._write(spent + usd, used_up)

    @property
    def spent(self) -> float:
        """Dollars so far."""
        return self._read()[0]

    def close(self) -> None:
        """Removes the file, and those that killed runs left a week ago."""
        self._path.unlink(missing_ok=True)
        self._path.with_suffix(".lock").unlink(missing_ok=True)
        with suppress(OSError):
            for left in self._path.parent.iterdir():
                if left.stat().st_mtime < time.time() - _FORGOTTEN_SECONDS:
                    left.unlink(missing_ok=True)

    def _locked(self) -> AbstractContextManager[None]:
        return file_lock(self._path.with_suffix(".lock"))

    def _read(self) -> tuple[float, bool]:
        try:
            number, _, mark = self._path.read_text(encoding="utf-8").partition("\n")
        except FileNotFoundError:
            return 0.0, False
        return float(number), mark == _USED_UP

    def _write(self, spent: float, used_up: bool) -> None:
        temporary = self._path.with_suffix(".new")
        temporary.write_text(f"{spent!r}\n{_USED_UP if used_up else ''}", encoding="utf-8")
        temporary.replace(self._path)

    def _refusal(self, spent: float) -> BudgetError:
        return BudgetError(
            f"the run's budget of ${self._budget:.2f} is used up (${spent:.4f} were spent): raise"
            " SPARKNET_BUDGET_USD, or run `sparknet retry` to go on with a new one"
        )


class QuestionsBudgetError(BudgetError):
    """The budget of the day for questions does not allow another."""

    def __reduce__(self) -> tuple[type[QuestionsBudgetError], tuple[str]]:
        return QuestionsBudgetError, (self.message,)


class DayAccount:
    """What is paid outside of runs: accounts in the catalog, so that all processes share them.

    Args:
        kind: `QUESTIONS` or `QUERIES`.
        budget: Most dollars of a day (UTC); None for any number.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        kind: str,
        budget: float | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._catalog = catalog
        self._kind = kind
        self._budget = budget
        self._clock = clock

    def pay(self, usd: float) -> Callable[[float], None]:
        """Notes a payment that is about to be made; returns what takes its correction.

        Raises:
            QuestionsBudgetError: The day's budget does not allow it; nothing is noted.
        """
        account = self._account
        if not self._add(account, usd):
            spent = self._catalog().spent(account).get(account)
            raise QuestionsBudgetError(
                f"the day's budget for questions, ${self._budget:.2f}, does not allow another"
                f" (${spent.usd if spent else 0.0:.4f} were spent): ask again after 00:00 UTC, have"
                " answers quoted (`extractive`), or raise SPARKNET_QUESTIONS_BUDGET_USD"
            )
        return lambda more: self._correct(account, more)

    def count(self) -> None:
        """Notes that a question went to a language model, paid or not."""
        self._add(self._account, 0.0, calls=1)

    @property
    def _account(self) -> str:
        return f"{self._kind}{self._clock():%Y-%m-%d}"

    def _correct(self, account: str, usd: float) -> None:
        with suppress(SparknetError):  # the estimate stands: it was the higher one
            self._catalog().spend(account, usd)

    def _add(self, account: str, usd: float, calls: int = 0) -> bool:
        try:
            limit = self._budget if usd else None
            return self._catalog().spend(account, usd, calls=calls, limit=limit)
        except SparknetError as error:
            if self._budget is not None:
                raise
            log.warning("What was paid could not be noted: %s", error.message)
            return True
