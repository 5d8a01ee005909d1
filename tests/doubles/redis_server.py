"""A redis-server of one's own on a free port of loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.doubles.ports import own_port

START_SECONDS = 60


@contextmanager
def redis_server(
    folder: Path, *arguments: str, tls: bool = False
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Port and process of a server without persistence; the test skips where there is none."""
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server here: apt-get install redis-server")
    port = own_port()
    ports = ["--port", "0", "--tls-port", str(port)] if tls else ["--port", str(port)]
    command = ["redis-server", *ports, "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port, process)
            yield port, process
        finally:
            process.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError("redis-server did not start")
