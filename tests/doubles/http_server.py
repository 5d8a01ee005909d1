"""The HTTP server that the doubles answer by, in threads of their process."""

from __future__ import annotations

from http.server import ThreadingHTTPServer


class ThreadedServer(ThreadingHTTPServer):
    """Lets more connections wait to be taken than socketserver's five.

    Linux has those beyond try again after one second, three, and seven: where this process is held
    up, a pool of clients could run out of the seconds that a connection may take.
    """

    request_queue_size = 128
