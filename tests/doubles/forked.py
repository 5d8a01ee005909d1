"""Processes of their own that have Dagster loaded: to import it anew takes seconds each time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

_PRELOADED = ["sparknet_assets.definitions", "sparknet_assets.runs.execution", "tests.graph.fakes"]


def forked(function: Callable[..., None], *args: Any) -> BaseProcess:
    """Starts a process that calls a function of a module; forked from one without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    process = context.Process(target=function, args=args)
    process.start()
    return process
