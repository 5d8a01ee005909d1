"""Processes that share nothing with the one of the tests but what is handed to them.

Spawned ones would import their libraries anew each time, up to three seconds of work: these are
forked from a server that has imported them, and has done nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any

_IMPORTED = [
    "chromadb",
    "hypothesis.strategies",
    "opensearchpy",
    "pytest",
    "redis",
    "sparknet_assets.definitions",
    "sparknet_assets.runs.execution",
    "tests.doubles.aws_read",
    "tests.graph.fakes",
]


@cache
def context() -> ForkServerContext:
    """What makes such processes, and the queues and events that they share with each other."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(_IMPORTED)
    return made


def process(target: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """A process that is to call `target` in the environment of now, not in that of the server."""
    return context().Process(target=_call, args=(dict(os.environ), target, arguments))


def _call(
    environment: dict[str, str], target: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*arguments)
