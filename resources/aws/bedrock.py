"""Calls of models on Bedrock: within the limits, errors in words, tried again where boto3 does not.

boto3 itself tries throttled calls, unready models and 5xx answers again, in adaptive mode.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from resources.aws.errors import as_aws_error, error_code
from resources.aws.limits import Limiter, Payment
from resources.failure import FailureKind, SparknetError

T = TypeVar("T")

# HTTP 408 and 424, which boto3 takes for final, and an answer that broke off on its way.
_PASSING_CODES = frozenset(
    {"ModelTimeoutException", "ModelErrorException", "ModelStreamErrorException"}
)
ATTEMPTS = 4
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})
# What Bedrock's validation says of a model, not of a text; and of a text that is too long.
_OF_THE_MODEL = ("model identifier", "on-demand throughput", "end of its life", "model id")
_TOO_LONG = ("too many input tokens", "too long", "maxlength", "context window")


class RequestRefusedError(SparknetError):
    """Bedrock refused this request: others may well pass."""


class ModelFailedError(SparknetError):
    """The model failed at this request through all attempts: others may well pass."""


class Bill:
    """What a request is paid, however often it is attempted.

    Args:
        usd: By estimate; None where the price is unknown.
    """

    def __init__(self, usd: float | None) -> None:
        self._usd = usd or 0.0
        self._payment: Payment | None = None

    @property
    def due(self) -> float:
        """Dollars to be paid before the next attempt: nothing once it was paid."""
        return 0.0 if self._payment else self._usd

    def paid(self, payment: Payment) -> None:
        """Notes the first payment."""
        self._payment = self._payment or payment

    def settle(self, usd: float | None) -> None:
        """The request has cost this much: 0.0 for one that failed; None leaves the estimate."""
        if self._payment is not None:
            self._payment.settle(usd)


class ModelCalls:
    """Calls of one model.

    Args:
        model: Its id, or the id or ARN of an inference profile.
        setting: That names the model, for messages.
        limiter: Held while a call is under way.
        sleep: Waits between attempts.
    """

    def __init__(
        self,
        model: str,
        setting: str,
        limiter: Limiter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._model = model
        self._setting = setting
        self._limiter = limiter
        self._sleep = sleep

    def run(
        self,
        request: Callable[[], T],
        action: str,
        usd: float | None,
        cost: Callable[[T], float | None] = lambda _: None,
    ) -> T:
        """What the request returns; sent up to four times, while the model fails at it.

        Args:
            action: As IAM names it.
            usd: What it costs, by estimate; None where the price is unknown.
            cost: What it has cost, once there is an answer.

        Raises:
            BudgetError: The run's budget does not allow it.
            RequestRefusedError: `too_large` or `refused`, about this request.
            ModelFailedError: `unavailable`, about this request.
            SparknetError: `throttled`, `unavailable` or `refused`, about the service or the model.
        """
        bill = Bill(usd)
        for attempt in range(ATTEMPTS):
            try:
                with self.under_way(action, bill):
                    answer = request()
                bill.settle(cost(answer))
                return answer
            except ModelFailedError:
                if attempt == ATTEMPTS - 1:
                    bill.settle(0.0)
                    raise
            except SparknetError:
                bill.settle(0.0)
                raise
            self.wait(attempt)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def under_way(self, action: str, bill: Bill) -> Iterator[None]:
        """One attempt, for a request whose answer streams: raises like `run`.

        Args:
            bill: Of all attempts together: one that failed is not charged.
        """
        try:
            with self._limiter.call(bill.due) as payment:
                bill.paid(payment)
                yield
        except Exception as error:
            typed = self._typed(error, action)
            if typed is None:
                raise
            raise typed from error

    def wait(self, attempt: int) -> None:
        """Back-off with full jitter before the attempt after this one (0 is the first)."""
        self._sleep(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)))

    def _typed(self, error: Exception, action: str) -> SparknetError | None:
        code = error_code(error)
        if _broke_off(error) or code in _PASSING_CODES:
            return ModelFailedError(
                FailureKind.UNAVAILABLE,
                f"{self._model} failed at a request through {ATTEMPTS} attempts"
                f" ({code or type(error).__name__}): it is tried again later.",
            )
        if code in _DENIED:
            return SparknetError(
                FailureKind.REFUSED,
                f"AWS does not allow {action} on {self._model}: add it to the policy of the role"
                " that SPARKNET runs as, and see to it that this account was granted access to"
                " the model (Bedrock console, Model access).",
            )
        if code == "ResourceNotFoundException":
            return self._no_such_model(code)
        if code == "ValidationException":
            return self._refusal(str(getattr(error, "response", {})["Error"].get("Message", "")))
        return as_aws_error(error, action, self._model)

    def _refusal(self, said: str) -> SparknetError:
        """What was wrong with a request; the service's own words may quote it, so they stay out."""
        words = said.lower()
        if any(phrase in words for phrase in _OF_THE_MODEL):
            return self._no_such_model("ValidationException")
        if any(phrase in words for phrase in _TOO_LONG):
            return RequestRefusedError(
                FailureKind.TOO_LARGE, f"{self._model} can't read a text as long as this one."
            )
        return RequestRefusedError(
            FailureKind.REFUSED,
            f"{self._model} refused a request as invalid (ValidationException).",
        )

    def _no_such_model(self, code: str) -> SparknetError:
        return SparknetError(
            FailureKind.REFUSED,
            f"Bedrock does not offer {self._model} in this region by that id ({code}): set"
            f" {self._setting} to a model, or to the inference profile through which it is"
            " offered.",
        )


def _broke_off(error: Exception) -> bool:
    """Whether an answer began and did not arrive whole; boto3 tries only what comes before that."""
    from botocore.eventstream import ParserError
    from botocore.exceptions import IncompleteReadError, ResponseStreamingError
    from urllib3.exceptions import HTTPError

    return isinstance(error, IncompleteReadError | ResponseStreamingError | ParserError | HTTPError)
