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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any

from ollama._types import (
    ChatRequest,
    ChatResponse,
    EmbedRequest,
    EmbedResponse,
    ListResponse,
    Message,
    ShowResponse,
)
from pydantic import BaseModel, ValidationError

from tests.doubles.http_server import ThreadedServer


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
        answers: What the language model writes next: texts, or functions of the messages.
        window: Tokens that the language model reads, as /api/show tells; None tells nothing.
        breaks_off: Pieces after which a streamed answer ends without its end; None for none.
        fails: Pieces after which a streamed answer tells of an error.
    """

    models: tuple[str, ...] = ("nomic-embed-text:latest",)
    dimension: int = 64
    context: int = 2048
    faults: list[tuple[int, str]] = field(default_factory=list)
    delay: float = 0.0
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    host: str = ""
    answers: list[str | Callable[[list[dict[str, Any]]], str]] = field(default_factory=list)
    window: int | None = 32_768
    breaks_off: int | None = None
    fails: int | None = None

    def __enter__(self) -> OllamaServer:
        double = self

        class Handler(_Handler):
            server_state = double

        self._server = ThreadedServer(("127.0.0.1", 0), Handler)
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

    def show(self, body: dict[str, Any]) -> BaseModel | tuple[int, str]:
        """The answer to /api/show."""
        if self._tagged(str(body["model"])) not in self.models:
            return 404, f"model '{body['model']}' not found"
        facts: dict[str, Any] = {"general.architecture": "llama"}
        if self.window is not None:
            facts["llama.context_length"] = self.window
        return ShowResponse(model_info=facts, capabilities=["completion"])

    def chat(self, body: dict[str, Any]) -> Iterator[BaseModel] | BaseModel | tuple[int, str]:
        """The answer to /api/chat: one, or its pieces.

        A token is a word here. As the real server does, a prompt that is longer than `num_ctx`
        loses its beginning without a word of it.
        """
        try:
            request = ChatRequest.model_validate(body)
        except ValidationError as error:
            return 400, str(error)
        if unknown := set(body) - set(ChatRequest.model_fields):
            return 400, f"unknown fields: {sorted(unknown)}"
        if self._tagged(request.model) not in self.models:
            return 404, f"model '{request.model}' not found"
        options = dict(body.get("options") or {})
        window = int(options.get("num_ctx", 4096))
        read = sum(len((m.get("content") or "").split()) for m in body["messages"])
        answer = self.answers.pop(0) if self.answers else "Yes."
        text = answer if isinstance(answer, str) else answer(body["messages"])
        words = re.findall(r"\s*\S+|\s+$", text)
        most = int(options.get("num_predict", -1))
        cut = 0 <= most < len(words)
        pieces = words[:most] if cut else words
        end = ChatResponse(
            model=request.model,
            message=Message(role="assistant", content=""),
            done=True,
            done_reason="length" if cut else "stop",
            prompt_eval_count=min(read, window),
            eval_count=len(pieces),
        )
        if request.stream is False:
            end.message.content = "".join(pieces)
            return end
        return self._streamed(request.model, pieces, end)

    def _streamed(
        self, model: str | None, pieces: list[str], end: ChatResponse
    ) -> Iterator[BaseModel]:
        for number, piece in enumerate(pieces):
            if number == self.breaks_off:
                return
            if number == self.fails:
                yield _Error(error="llama runner process has terminated")
                return
            message = Message(role="assistant", content=piece)
            yield ChatResponse(model=model, message=message, done=False)
        yield end

    def _tagged(self, model: str | None) -> str:
        return model if model and ":" in model else f"{model}:latest"


class _Error(BaseModel):
    error: str


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
        self._answer({}, {"/api/tags": lambda body: self.server_state.listing()})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        state = self.server_state
        self._answer(
            body, {"/api/embed": state.embed, "/api/show": state.show, "/api/chat": state.chat}
        )

    def _answer(self, body: dict[str, Any], handlers: dict[str, Any]) -> None:
        state = self.server_state
        state.requests.append((self.path, body))
        time.sleep(state.delay)
        if state.faults:
            answer = state.faults.pop(0)
        elif self.path not in handlers:
            answer = (404, "404 page not found")
        else:
            answer = handlers[self.path](body)
        if isinstance(answer, BaseModel):
            self._send(200, answer.model_dump_json(exclude_none=True, by_alias=True))
        elif isinstance(answer, tuple):
            self._send(answer[0], json.dumps({"error": answer[1]}))
        else:
            self._stream(answer)

    def _stream(self, pieces: Iterator[BaseModel]) -> None:
        """Lines of JSON, a chunk of the transfer each."""
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            line = piece.model_dump_json(exclude_none=True).encode() + b"\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
