"""Errors of Dagster's databases as one sentence with a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from resources.failure import FailureKind, SparknetError

_REMEDIES = {
    "full": "free some disk space",
    "disk i/o": "see whether its disk is full or broken",
    "readonly": "check the permissions of its files and their folder",
    "read-only": "check the permissions of its files and their folder",
    "unable to open": "check the permissions of its files and their folder",
    "locked": "another process holds it for long: see which one works on this home",
    "malformed": "it is damaged: put back a copy, or move the folder of the instance away",
    "not a database": "it is damaged: put back a copy, or move the folder of the instance away",
}
_ELSE = "see whether its server runs and can be reached"


@contextmanager
def explained() -> Iterator[None]:
    """Turns what Dagster's databases raise into an error for people.

    Raises:
        SparknetError: In place of an error of a database.
    """
    try:
        yield
    except Exception as error:
        if not of_a_database(f"{type(error).__module__}.{type(error).__name__}"):
            raise
        raise out_of_service(str(getattr(error, "orig", None) or error)) from error


def of_a_database(said: str) -> bool:
    """Whether an error is one of Dagster's databases; none else here goes through SQLAlchemy.

    Args:
        said: The error with the name of its class and that of its module.
    """
    # By name: neither is imported for the sake of its errors.
    return said.startswith(("sqlalchemy.exc.", "dagster_postgres."))


def out_of_service(reason: str) -> SparknetError:
    """The error that a database of Dagster's can't be used.

    Args:
        reason: What the database, or its driver, says.
    """
    said = next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")
    remedy = next((r for sign, r in _REMEDIES.items() if sign in said.lower()), _ELSE)
    return SparknetError(
        FailureKind.UNAVAILABLE,
        f"Dagster's database can't be used ({said}): {remedy}, and run the same command again."
        " What was finished is kept.",
    )
