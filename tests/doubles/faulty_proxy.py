"""A proxy on loopback that makes a share of AWS calls fail, before or after they were performed."""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.doubles.http_server import ThreadedServer

_PREFIX = "com.amazonaws.dynamodb.v20120810#"
# How a call fails: HTTP status and code; none for a connection that is reset.
FAULTS: dict[str, tuple[int, str]] = {
    "throttled": (400, "ProvisionedThroughputExceededException"),
    "broken": (500, "InternalServerError"),
    "reset": (0, ""),
}


@dataclass
class Faults:
    """Which calls fail; `seed` makes a run of one client repeatable.

    Attributes:
        share: Of the calls that fail, 0 to 1; may be changed while the proxy runs.
        targets: Begins `X-Amz-Target` of the calls that may fail.
        calls: Operation -> how many calls came in.
        failed: `{fault} {before or after}` -> how many failed so.
    """

    share: float = 0.3
    seed: int = 0
    targets: str = "DynamoDB_"
    calls: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def of(self, target: str) -> tuple[str, str]:
        """The fault of this call and whether it comes `before` or `after`; empty for none."""
        with self._lock:
            self.calls[target.rpartition(".")[2]] += 1
            if not target.startswith(self.targets) or self._random.random() >= self.share:
                return "", ""
            fault = self._random.choice(list(FAULTS))
            # What is throttled was never performed.
            when = "before" if fault == "throttled" else self._random.choice(["before", "after"])
            self.failed[f"{fault} {when}"] += 1
            return fault, when


@contextmanager
def faulty_proxy(upstream: str, faults: Faults) -> Iterator[str]:
    """Serves `upstream` with these faults; gives the URL to use as AWS_ENDPOINT_URL_DYNAMODB."""
    address = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms for its head's receipt

        def handle_one_request(self) -> None:
            with suppress(ConnectionError):
                super().handle_one_request()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault, when = faults.of(self.headers.get("X-Amz-Target", ""))
            if fault and when == "before":
                self._fail(fault)
                return
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            data = response.read()
            connection.close()
            if fault:
                self._fail(fault)
                return
            kept = ("content-type", "x-amz-crc32", "x-amzn-requestid", "x-amzn-errortype")
            headers = {k: v for k, v in response.getheaders() if k.lower() in kept}
            self._answer(response.status, data, headers)

        do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

        def _fail(self, fault: str) -> None:
            status, code = FAULTS[fault]
            if status:
                body = json.dumps({"__type": _PREFIX + code, "message": "injected"}).encode()
                self._answer(status, body, {"Content-Type": "application/x-amz-json-1.0"})
                return
            # Closing with a zero linger sends a reset.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadedServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
