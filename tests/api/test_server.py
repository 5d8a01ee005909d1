"""A real server on a socket: hostile connections, kills, and the command that starts it."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from click.testing import CliRunner

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.api import server as api_server
from sparknet_assets.api.app import create_app
from sparknet_assets.api.bodies import Patience
from sparknet_assets.api.server import _SHUTDOWN_SECONDS, is_loopback
from sparknet_assets.api.serving import PatientProtocol, QuietServer
from sparknet_assets.cli import main

V1 = "/api/v1"


@contextmanager
def server(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`sparknet serve` on a free port, and its URL; killed at the end if it is still there."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARKNET_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sparknet_assets.cli", "--home", str(home), "serve", "--json",
         "--port", "0", *options],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path), "SPARKNET_WORKERS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["url"].rstrip("/")
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with server(home, "--no-processing") as (process, url):
        yield url
        process.terminate()
        assert process.wait(60) == 0


def test_ten_gigabytes_are_refused_by_their_announcement(url: str, home: Path) -> None:
    request = _head(url, "POST /api/v1/documents?filename=big.bin", f"Content-Length: {10 * 2**30}")
    answer = _sent(url, request, b"x" * 1000, ends=False)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert not list((home / "raw").rglob("*")) if (home / "raw").exists() else True


def test_one_slow_sender_does_not_hold_up_others(url: str) -> None:
    request = _head(url, "POST /api/v1/documents?filename=slow.txt", "Content-Length: 1000")
    with _connected(url) as slow:
        slow.sendall(request + b"x")
        # Before the server would end it.
        assert httpx.get(f"{url}/health", timeout=Patience().pause - 2).status_code == 200


def test_a_connection_that_asks_nothing_is_closed(tmp_path: Path) -> None:
    class Impatient(PatientProtocol):
        seconds = 0.3

    app = create_app(Deployment(Settings(home=tmp_path)))
    serving = QuietServer(
        uvicorn.Config(app, http=Impatient, timeout_keep_alive=1, log_level="error"),
        ending=lambda: None,
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=serving.run, args=([listener],))
        thread.start()
        try:
            for start in (
                b"",
                b"GET / HTTP/1.1\r\nHost: 127",
                _head(url, "GET /health") + b"GET /",
            ):
                with _connected(url) as silent:
                    silent.sendall(start)
                    while silent.recv(1000):
                        pass
            assert httpx.get(f"{url}/health", timeout=60).status_code == 200
        finally:
            serving.should_exit = True
            thread.join(10)


@pytest.mark.parametrize(
    "request_",
    [b"\x16\x03\x01\x02\x00\x01", b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
     b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
     b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"],
    ids=["tls", "long path", "negative length", "two lengths", "long header"],
)  # fmt: skip
def test_what_is_no_request_ends_its_connection_only(url: str, request_: bytes) -> None:
    answer = _sent(url, request_, b"")
    assert answer == b"" or answer.split(b" ")[1][:1] in (b"4", b"2")
    assert b"Traceback" not in answer
    assert httpx.get(f"{url}/health", timeout=60).status_code == 200


def test_the_command_refuses_to_be_reached_without_keys(tmp_path: Path) -> None:
    words = ["--home", str(tmp_path), "serve", "--host", "0.0.0.0", "--port", "0"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "--new-key" in done.stderr


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(main, ["--home", str(tmp_path), "serve", "--port", port])
    assert done.exit_code == 1
    assert "--port" in done.stderr


def test_the_command_makes_keys() -> None:
    made = json.loads(CliRunner().invoke(main, ["serve", "--new-key", "--json"]).stdout)
    assert made["entry"]["key"].startswith("sha256:") and made["key"] not in json.dumps(
        made["entry"]
    )


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.8.8.8", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("example.org", False)],
)  # fmt: skip
def test_what_loopback_is(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_server_killed_during_an_upload_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with server(home, "--no-processing") as (process, url):
        request = _head(url, "POST /api/v1/documents?filename=a.bin", "Content-Length: 9000000")
        with _connected(url) as sender:
            sender.sendall(request + b"x" * 5_000_000)
            wait_until(lambda: (home / "state/uploads").is_dir())
            process.kill()
            process.wait()
    assert [path for path in (home / "state/uploads").iterdir()] == []
    assert not (home / "raw").exists()


def test_it_listens_on_ipv6(tmp_path: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server(tmp_path, "--no-processing", "--host", "[::1]") as (process, url):
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/health", timeout=60).status_code == 200
        process.terminate()
        assert process.wait(60) == 0


def test_it_does_not_end_under_what_loads_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemons: queue.Queue[bool] = queue.Queue()

    def warm_up(_: Deployment) -> None:
        daemons.put(threading.current_thread().daemon)

    monkeypatch.setattr(api_server, "_warm_up", warm_up)
    monkeypatch.setattr(QuietServer, "run", lambda self, sockets: None)
    deployment = Deployment(Settings(home=tmp_path))
    api_server.run(deployment, "127.0.0.1", 0, processing=False, started=lambda url: None)
    assert daemons.get(timeout=60) is False


@pytest.mark.long
def test_a_server_that_is_ended_lets_go_of_all(tmp_path: Path) -> None:
    """Of an upload that does not go on, and of a stream, which ends as streams do."""
    home = tmp_path / "home"
    with server(home, "--no-processing") as (process, url):
        request = _head(url, "POST /api/v1/documents?filename=a.bin", "Content-Length: 9000000")
        with _connected(url) as sender, httpx.stream("GET", f"{url}{V1}/events") as stream:
            sender.sendall(request + b"x" * 5_000_000)
            wait_until(lambda: (home / "state/uploads").is_dir())
            began = time.monotonic()
            process.terminate()
            assert b"following" in b"".join(stream.iter_raw())
            assert time.monotonic() - began < _SHUTDOWN_SECONDS
            assert process.wait(60) == 0
    assert list((home / "state/uploads").iterdir()) == []
    assert not (home / "raw").exists()


@pytest.mark.long
def test_a_server_killed_while_processing_leaves_it_to_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    catalog = Deployment(Settings(home=home)).catalog
    with server(home) as (process, url):
        for name in ("a.txt", "b.txt"):
            answer = httpx.post(
                f"{url}{V1}/documents", params={"filename": name}, content=f"Text {name}.".encode()
            )
            assert answer.status_code == 202
        wait_until(lambda: catalog.owners(["a-txt", "b-txt"]), 60)
        process.kill()
        process.wait()
    with server(home) as (process, url):
        wait_until(lambda: catalog.totals() == {"indexed": 2}, 90)
        hits = httpx.get(f"{url}{V1}/search", params={"q": "text"}, timeout=30).json()["hits"]
        assert {hit["doc_id"] for hit in hits} == {"a-txt", "b-txt"}
        process.terminate()
        assert process.wait(60) == 0


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def _connected(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), 60)


def _head(url: str, line: str, *headers: str) -> bytes:
    lines = [f"{line} HTTP/1.1", f"Host: {url.removeprefix('http://')}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _sent(url: str, head: bytes, body: bytes, *, ends: bool = True) -> bytes:
    answer = b""
    with _connected(url) as connection:
        try:
            connection.sendall(head + body)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while block := connection.recv(65536):
                answer += block
        except OSError:
            pass
    return answer
