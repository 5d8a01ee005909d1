"""What a run spends on services, kept within its budget by all of its processes together."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from resources.failure import FailureKind, SparknetError
from resources.locks import file_lock

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
