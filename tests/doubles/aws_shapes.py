"""A server on loopback that speaks as Textract and Bedrock do, by botocore's own service models.

What it hears and what it says are both checked against the shapes of the operation, so neither our
client nor a double can use a member, a value or an error that the service doesn't have. The
signature must be there; whether it is right is not checked.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from resources.aws.clients import AwsClients, retry_mode
from tests.doubles.aws_models import share_models
from tests.doubles.aws_protocol import (
    Answer,
    Request,
    ServiceError,
    WrongRequest,
    answer_of,
    declares,
    error_answer,
    failure_of,
    operation_named,
    request_of,
    wrong_output,
)
from tests.doubles.http_server import ThreadedServer
from tests.doubles.ports import own_port

Handler = Callable[[dict[str, Any]], dict[str, Any]]
LOST = "lost"
"""As a fault: the operation is done, and the connection breaks before its answer."""
CONTROL = "/double/"
START_SECONDS = 90


@dataclass(frozen=True)
class Call:
    """A request that reached the service: refused and failed ones too."""

    service: str
    operation: str
    params: dict[str, Any] = field(repr=False)
    error: str = ""


@dataclass
class _Share:
    """Faults at random: one of `codes` for about this share of the calls."""

    share: float
    codes: tuple[str, ...]
    chance: random.Random


class ShapeServer:
    """Handlers, faults and calls by (service, operation).

    Attributes:
        calls: In the order in which they were answered.
        controls: What modules offer to other processes, beside the methods below.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.controls: dict[str, Callable[..., Any]] = {}
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._next: dict[tuple[str, str], deque[str]] = defaultdict(deque)
        self._shares: dict[tuple[str, str], _Share] = {}
        self._lock = threading.Lock()
        self._server: ThreadedServer | None = None

    def on(self, service: str, operation: str) -> Callable[[Handler], Handler]:
        """Registers what answers an operation; it gets and gives what boto3 would."""
        operation_named(service, operation)

        def register(handler: Handler) -> Handler:
            self._handlers[service, operation] = handler
            return handler

        return register

    def fail_next(self, service: str, operation: str, *codes: str) -> None:
        """Answers the next calls with these errors (or `LOST`), one each.

        Raises:
            ValueError: The operation doesn't declare such an error.
        """
        self._check(service, operation, codes)
        with self._lock:
            self._next[service, operation].extend(codes)

    def fail_share(
        self, service: str, operation: str, share: float, codes: Sequence[str], seed: int = 0
    ) -> None:
        """Answers this share of the calls from now on, drawn by the seed, with one of the errors.

        Raises:
            ValueError: The operation doesn't declare such an error.
        """
        self._check(service, operation, codes)
        self._shares[service, operation] = _Share(share, tuple(codes), random.Random(seed))

    def heal(self) -> None:
        """Ends all faults."""
        with self._lock:
            self._next.clear()
            self._shares.clear()

    def count(self, operation: str) -> int:
        """Calls of an operation that were answered without an error."""
        return sum(call.operation == operation and not call.error for call in list(self.calls))

    def start(self, port: int = 0) -> str:
        """Serves in threads of this process; the URL."""
        share_models()
        self._server = ThreadedServer(("127.0.0.1", port), _http(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Stops serving; what it knows stays, and it can be started again."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, path: str, headers: dict[str, str], raw: bytes) -> Answer | None:
        """The answer to a request; None: break the connection."""
        try:
            request = request_of(path, headers, raw)
        except WrongRequest as wrong:
            self._note(wrong.request, wrong.error.code)
            return error_answer(wrong.error)
        fault = self._fault(request)
        if fault and fault != LOST:
            self._note(request, fault)
            return error_answer(failure_of(request.operation, ServiceError(fault, "injected")))
        return self._answered(request, lost=fault == LOST)

    def _answered(self, request: Request, lost: bool) -> Answer | None:
        operation = request.operation
        handler = self._handlers.get((request.service, operation.name))
        if handler is None:
            self._note(request, "NotImplementedByDouble")
            missing = ServiceError("NotImplementedByDouble", f"{operation.name} has no handler")
            return error_answer(missing, 501)
        try:
            output = handler(request.params)
        except ServiceError as error:
            self._note(request, error.code)
            return error_answer(failure_of(operation, error))
        wrong = wrong_output(operation, output)
        if wrong:
            raise AssertionError(f"the double answers {operation.name} wrongly: {wrong}")
        self._note(request, LOST if lost else "")
        return None if lost else answer_of(operation, output)

    def control(self, path: str, raw: bytes) -> Any:
        """The same from another process: `POST /double/fail_next` with the arguments as JSON."""
        name = path.removeprefix(CONTROL)
        arguments = json.loads(raw or b"[]")
        if name in ("fail_next", "fail_share", "heal", "count"):
            return getattr(self, name)(*arguments)
        if name in self.controls:
            return self.controls[name](*arguments)
        if name == "calls":
            return [[call.service, call.operation, call.error] for call in list(self.calls)]
        raise ValueError(f"no such control: {name}")

    def _check(self, service: str, operation: str, codes: Sequence[str]) -> None:
        for code in codes:
            if code != LOST and not declares(operation_named(service, operation), code):
                raise ValueError(f"{service}:{operation} declares no error {code}")

    def _fault(self, request: Request) -> str:
        key = request.service, request.operation.name
        with self._lock:
            if self._next[key]:
                return self._next[key].popleft()
            share = self._shares.get(key)
            if share and share.chance.random() < share.share:
                return share.chance.choice(share.codes)
        return ""

    def _note(self, request: Request | None, error: str) -> None:
        if request is not None:
            call = Call(request.service, request.operation.name, request.params, error)
            self.calls.append(call)


def _http(server: ShapeServer) -> type[BaseHTTPRequestHandler]:
    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else an answer's body waits 40 ms for its head's receipt

        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                if self.path.startswith(CONTROL):
                    said = json.dumps(server.control(self.path, raw)).encode()
                    self._say(200, {}, said)
                    return
                answer = server.handle(self.path, dict(self.headers.items()), raw)
            except Exception as error:  # 501 is not retried, so a test fails at once
                fault = ServiceError("FaultOfTheDouble", repr(error))
                answer = error_answer(fault, 501)
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._say(answer.status, answer.headers, answer.body)

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Connection


class DoubleClients(AwsClients):
    """Clients of a double, set up as those of AWS, without anything in the environment."""

    def __init__(self, url: str, attempts: int = 8) -> None:
        super().__init__("us-east-1", attempts)
        share_models()
        self._url = url

    def _made(self, service: str, read_seconds: int, attempts: int) -> Any:
        import boto3
        from botocore.config import Config

        retries = {"mode": retry_mode(service), "total_max_attempts": attempts}
        session = boto3.session.Session("AKIATEST", "secret-of-the-tests", region_name=self._region)
        config = Config(retries=retries, read_timeout=read_seconds)
        return session.client(service, endpoint_url=self._url, config=config)


@dataclass(frozen=True)
class ShapeProcess:
    """A server in a process of its own."""

    url: str

    def control(self, name: str, *arguments: Any) -> Any:
        """Calls a method of its `ShapeServer`, or of what its modules registered."""
        body = json.dumps(arguments).encode()
        request = urllib.request.Request(f"{self.url}{CONTROL}{name}", body, method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())


@contextmanager
def shape_process(
    *modules: str, environment: dict[str, str] | None = None
) -> Iterator[ShapeProcess]:
    """Starts `python -m tests.doubles.aws_shapes PORT MODULES...` and stops it at the end.

    Args:
        modules: Importable; each has `register(server: ShapeServer)`.
        environment: On top of this process's.
    """
    port = own_port()
    command = [sys.executable, "-m", "tests.doubles.aws_shapes", str(port), *modules]
    with subprocess.Popen(command, env={**os.environ, **(environment or {})}) as process:
        server = ShapeProcess(f"http://127.0.0.1:{port}")
        try:
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    server.control("calls")
                    break
                except urllib.error.URLError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError("the double did not start") from None
                    time.sleep(0.05)
            yield server
        finally:
            process.kill()


def main(port: str, *modules: str) -> None:
    """Serves until it is killed."""
    server = ShapeServer()
    for module in modules:
        importlib.import_module(module).register(server)
    server.start(int(port))
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
