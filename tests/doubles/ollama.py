"""A loopback server that speaks Ollama's protocol.

Requests are checked against the request models of the official client and answers are made with
its response models, so an adapter that drifts from the client fails here.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from ollama._types import EmbedRequest, EmbedResponse, ListResponse
from pydantic import BaseModel, ValidationError


@dataclass
class OllamaServer:
    """Use as a context; `host` is then its address.

    Attributes:
        models: Names with their tags.
        dimension: Length of the vectors.
        context: Words a text may have.
        faults: Answers (status, message) to give before any other, in order.
        delay: Seconds before each answer.
        requests: Paths and bodies received.
    """

    models: tuple[str, ...] = ("nomic-embed-text:latest",)
    dimension: int = 64
    context: int = 2048
    faults: list[tuple[int, str]] = field(default_factory=list)
    delay: float = 0.0
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    host: str = ""

    def __enter__(self) -> OllamaServer:
        double = self

        class Handler(_Handler):
            server_state = double

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def listing(self) -> ListResponse:
        """The answer to /api/tags."""
        return ListResponse(
            models=[
                ListResponse.Model(
                    model=name, size=1, digest=hashlib.sha256(name.encode()).hexdigest()
                )
                for name in self.models
            ]
        )

    def embed(self, body: dict[str, Any]) -> BaseModel | tuple[int, str]:
        """The answer to /api/embed, or a status and a message."""
        try:
            request = EmbedRequest.model_validate(body)
        except ValidationError as error:
            return 400, str(error)
        if unknown := set(body) - set(EmbedRequest.model_fields):
            return 400, f"unknown fields: {sorted(unknown)}"
        name = request.model if ":" in request.model else f"{request.model}:latest"
        if name not in self.models:
            return 404, f'model "{request.model}" not found, try pulling it first'
        texts = [request.input] if isinstance(request.input, str) else list(request.input)
        if any(len(text.split()) > self.context for text in texts):
            if request.truncate is False:
                return 400, "the input length exceeds the context length"
            texts = [" ".join(text.split()[: self.context]) for text in texts]
        return EmbedResponse(
            model=request.model,
            embeddings=[_vector(text, self.dimension) for text in texts],
            total_duration=1,
            load_duration=1,
            prompt_eval_count=sum(len(text.split()) for text in texts),
        )


def _vector(text: str, dimension: int) -> list[float]:
    """A hashed bag of words: near texts get near vectors."""
    values = [0.0] * dimension
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = hashlib.sha256(word.encode()).digest()
        values[int.from_bytes(digest[:4], "big") % dimension] += 1 if digest[4] & 1 else -1
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values] if length else [1.0, *values[1:]]


class _Handler(BaseHTTPRequestHandler):
    server_state: OllamaServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Keeps quiet."""

    def do_GET(self) -> None:
        self._answer({}, "/api/tags", lambda body: self.server_state.listing())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(body, "/api/embed", self.server_state.embed)

    def _answer(self, body: dict[str, Any], path: str, handle: Any) -> None:
        state = self.server_state
        state.requests.append((self.path, body))
        time.sleep(state.delay)
        if state.faults:
            answer = state.faults.pop(0)
        elif self.path != path:
            answer = (404, "404 page not found")
        else:
            answer = handle(body)
        if isinstance(answer, BaseModel):
            self._send(200, answer.model_dump_json(exclude_none=True))
        else:
            self._send(answer[0], json.dumps({"error": answer[1]}))

    def _send(self, status: int, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
