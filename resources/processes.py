"""Whether the process that left its name somewhere still runs."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

# A process's start as read at different moments differs by what the clock was corrected meanwhile.
START_TOLERANCE_SECONDS = 2.0


@cache
def this_host() -> str:
    """Where a pid means something: the host and, on Linux, its pid namespace.

    Containers may share a name of a host and yet not see each other's processes.
    """
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def start_of(pid: int) -> float | None:
    """When a process of this host started; None when it is gone, or a zombie.

    The pid alone does not name a process: the system uses it again.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if pid != os.getpid() and process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def is_running(pid: int, started: float) -> bool:
    """Whether the process of this host that started then still runs."""
    now = start_of(pid)
    return now is not None and abs(now - started) <= START_TOLERANCE_SECONDS
