"""Errors as one sentence and an exit code; no tracebacks unless asked for."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Any

import click

INTERRUPTED = 130
# How Dagster says that a run was stopped by Ctrl-C; its module is not imported for that alone.
_DAGSTER_INTERRUPTS = {"DagsterExecutionInterruptedError"}


class FriendlyGroup(click.Group):
    """A group whose commands end with a sentence instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise
        except (KeyboardInterrupt, click.Abort):
            _interrupted(ctx)
        except Exception as error:
            if ctx.meta.get("traceback"):
                raise
            if type(error).__name__ in _DAGSTER_INTERRUPTS:
                _interrupted(ctx)
            raise _explained(error, _home(ctx)) from None


def _interrupted(ctx: click.Context) -> None:
    click.echo(
        "\nInterrupted. What was finished is kept; run the same command again to go on.", err=True
    )
    ctx.exit(INTERRUPTED)


def _home(ctx: click.Context) -> Path | None:
    """The home folder, when the command got so far as to open it."""
    deployment = vars(ctx.obj).get("deployment") if ctx.obj else None
    return deployment.home if deployment else None


def _explained(error: Exception, home: Path | None) -> click.ClickException:
    from resources.settings import SettingsError

    if isinstance(error, SettingsError):
        return click.UsageError(str(error))
    return click.ClickException(_sentence(error, home))


def _sentence(error: Exception, home: Path | None) -> str:
    from resources.failure import SparknetError

    if isinstance(error, SparknetError):
        return error.message
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full; free some space and run the same command again to go on."
    if isinstance(error, OSError) and error.strerror and _is_in(error.filename, home):
        return (
            f"The home folder {home} can't be used ({error.filename}: {error.strerror.lower()}); "
            "choose another with --home or SPARKNET_HOME."
        )
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    if isinstance(error, sqlite3.Error):
        return f"A database under the home folder can't be used: {error}. See `sparknet doctor`."
    return (
        f"Something went wrong that should not: {type(error).__name__}: {error}. "
        "Run `sparknet --traceback ...` to see where."
    )


def _is_in(filename: object, home: Path | None) -> bool:
    if home is None or not isinstance(filename, str):
        return False
    return Path(filename).absolute().is_relative_to(home.absolute())
