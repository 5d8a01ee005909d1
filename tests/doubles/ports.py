"""Ports of loopback for servers that are told which one to take, and take it later.

A port that was free when it was looked at may be taken when its server starts: by the server of
another process of tests, or by a connection, whose own ports the kernel chooses from a range.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_HOW_MANY = 8000
# UDP sockets: each keeps its number from other processes for as long as this one lives, and leaves
# TCP's to the server.
_kept: list[socket.socket] = []


def own_port() -> int:
    """A port below those of connections that no other process of tests is given.

    Raises:
        OSError: All are taken.
    """
    end = _first_of_connections()
    begin = max(1024, end - _HOW_MANY)
    for number in range(end - begin):
        port = begin + (os.getpid() * 31 + number) % (end - begin)
        with suppress(OSError):
            _keep(port)
            return port
    raise OSError(f"no port is free from {begin} to {end}")


def _keep(port: int) -> None:
    kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        kept.bind(("127.0.0.1", port))
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))
    except OSError:
        kept.close()
        raise
    _kept.append(kept)


def _first_of_connections() -> int:
    """Linux' own default where it doesn't say, or leaves nothing below."""
    with suppress(OSError, ValueError):
        first = int(_RANGE.read_text().split()[0])
        return first if first >= 2048 else 32768
    return 32768
