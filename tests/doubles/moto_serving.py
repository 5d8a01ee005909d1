"""How the moto server serves: connections stay open, as those of AWS do, and little is done twice.

werkzeug's own handler closes each connection, and waits 10 ms on it for more of the request; moto
lists its own folder and all methods of a service for each call. Both cost several times what the
answer itself does.
"""

from __future__ import annotations

import functools
import io
import sys
import traceback
from typing import Any

from moto import backends
from moto.core import responses
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple

from tests.doubles.moto_queues import pass_seconds

LATER = "/double/later"
"""Posting seconds here sets the clock of the queues forward by so many."""


def serve(port: int) -> None:
    """Serves all of moto's services on loopback until the process is killed."""
    _remember()
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=Handler)


def _remember() -> None:
    """Has moto look up once what never changes while it serves."""
    modules = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    found = functools.cache(DomainDispatcherApplication.get_backend_for_host)
    DomainDispatcherApplication.get_backend_for_host = found  # type: ignore[method-assign]


class Handler(MotoRequestHandler):
    """Answers requests of a connection one after another, until the client closes it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            self.close_connection = True  # where the next request would begin is not known
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if self.path == LATER:
            pass_seconds(float(body))
            self._send("200 OK", [], b"")
            return
        self._send(*self._answered(environ))

    def _answered(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        said: list[Any] = []
        try:
            pieces = self.server.app(environ, lambda *status: said.extend(status[:2]))  # type: ignore[arg-type]
            return said[0], said[1], b"".join(pieces)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return "500 INTERNAL SERVER ERROR", [], b""

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        named = {name.lower() for name, _ in headers}
        if "content-length" not in named and int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_request(self, *_: object) -> None:
        pass
