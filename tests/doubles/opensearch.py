"""OpenSearch on loopback as a domain or Serverless shows itself: what they refuse, and how late.

Signatures are verified; nearest vectors are exact. An operation that a kind lacks is refused as
it refuses it. Time runs faster by `scale`, so that 60 seconds of waiting need no minute.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from resources.vector_store.opensearch_mapping import PROFILES, Kind
from tests.doubles.http_server import ThreadedServer
from tests.doubles.moto_server import CREDENTIALS, REGION
from tests.doubles.opensearch_query import QueryError, View, search

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\S+?)/\d{8}/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=(\w+)"
)


class Refused(Exception):
    def __init__(self, status: int, type: str, reason: str = "") -> None:
        super().__init__(status, type, reason)
        self.status, self.type, self.reason = status, type, reason


@dataclass
class Faults:
    """What goes wrong at random: a share of the requests, a share of the items of a bulk."""

    share: float = 0.0
    items: float = 0.0
    status: int = 429
    item_status: int = 429
    poison: str = ""
    most_bytes: int = 10 * 2**20
    random: random.Random = field(default_factory=lambda: random.Random(3))


class Index:
    """Documents as they are stored, and those that searches see by now."""

    def __init__(self, body: dict[str, Any], visible_within: float | None) -> None:
        self.mappings = body.get("mappings", {})
        vector = self.mappings.get("properties", {}).get("vector", {})
        self.dimension = int(vector.get("dimension", 0))
        self.stored: dict[str, dict[str, Any]] = {}
        self.deleted = 0
        self._visible_within = visible_within
        self._waiting: list[tuple[float, str, dict[str, Any] | None]] = []
        self._view = View({}, self.dimension)

    def write(self, found: str, document: dict[str, Any] | None) -> bool:
        """Stores or removes; returns whether there was one of that id."""
        before = self.stored.pop(found, None)
        self.deleted += before is not None
        if document is not None:
            self.stored[found] = document
        due = float("inf") if self._visible_within is None else time.time() + self._visible_within
        self._waiting.append((due, found, document))
        return before is not None

    def view(self, *, refresh: bool = False) -> View:
        now = float("inf") if refresh else time.time()
        due = [w for w in self._waiting if w[0] <= now]
        if due:
            self._waiting = [w for w in self._waiting if w[0] > now]
            seen = dict(self._view.documents)
            for _, found, document in due:
                seen.pop(found, None)
                if document is not None:
                    seen[found] = document
            self._view = View(seen, self.dimension)
        return self._view


class OpenSearchDouble:
    """One domain or collection.

    Attributes:
        calls: Method and path of every request.
        statuses: Those of refusals.
        faults: What goes wrong from now on.
    """

    def __init__(self, kind: Kind = "domain", *, signed: bool = True, scale: float = 1.0) -> None:
        self.kind = kind
        self.profile = PROFILES[kind]
        self.visible_within = self.profile.visible_within * scale
        self.calls: list[tuple[str, str]] = []
        self.statuses: set[int] = set()
        self.faults = Faults()
        self.indexes: dict[str, Index] = {}
        self.url = ""
        self._signed = signed
        self._lock = threading.Lock()

    @property
    def serverless(self) -> bool:
        return self.profile.service == "aoss"

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> tuple[int, Any]:
        parts = urllib.parse.urlsplit(url)
        with self._lock:
            self.calls.append((method, parts.path))
            try:
                if self._signed:
                    self._verify(method, url, headers, body)
                if len(body) > self.faults.most_bytes:
                    raise Refused(413, "request_entity_too_large")
                if self.faults.random.random() < self.faults.share:
                    raise Refused(self.faults.status, "injected")
                query = dict(urllib.parse.parse_qsl(parts.query))
                return 200, self._do(method, parts.path.strip("/").split("/"), query, body)
            except QueryError as error:
                return self._error(Refused(400, "parsing_exception", str(error)))
            except Refused as error:
                return self._error(error)

    def _error(self, error: Refused) -> tuple[int, Any]:
        self.statuses.add(error.status)
        said = {"type": error.type, "reason": error.reason}
        return error.status, {"error": {**said, "root_cause": [said]}, "status": error.status}

    def _do(self, method: str, path: list[str], query: dict[str, str], body: bytes) -> Any:
        if self.serverless and "refresh" in query:
            raise Refused(400, "illegal_argument_exception", "refresh is not supported")
        name, operation = path[0], path[1] if len(path) > 1 else ""
        if operation == "_bulk":
            return self._bulk(name, body)
        if method == "PUT" and not operation:
            return self._create(name, json.loads(body))
        if name not in self.indexes:
            raise Refused(404, "index_not_found_exception", f"no such index [{name}]")
        index = self.indexes[name]
        if method == "DELETE" and not operation:
            del self.indexes[name]
            return {"acknowledged": True}
        if operation == "_mapping":
            return {name: {"mappings": index.mappings}}
        if operation == "_search":
            return search(index.view(), json.loads(body))
        return self._upkeep(name, operation)

    def _upkeep(self, name: str, operation: str) -> Any:
        index = self.indexes[name]
        if self.serverless:
            raise Refused(404, "", f"{operation} is not part of Serverless")
        if operation == "_refresh":
            index.view(refresh=True)
        elif operation == "_forcemerge":
            index.deleted = 0
        elif operation == "_segments":
            return self._segments(name, index)
        else:
            raise Refused(400, "illegal_argument_exception", f"the double has no {operation}")
        return {"_shards": {"failed": 0}}

    def _create(self, name: str, body: dict[str, Any]) -> Any:
        if name in self.indexes:
            raise Refused(400, "resource_already_exists_exception")
        if name != name.lower():
            raise Refused(400, "invalid_index_name_exception", "must be lowercase")
        vector = body["mappings"]["properties"]["vector"]
        engine = vector.get("method", {}).get("engine")
        if self.serverless and engine not in (None, "faiss"):
            raise Refused(400, "mapper_parsing_exception", f"engine {engine} is not supported")
        if body["settings"].get("index.knn") is not True:
            raise Refused(400, "mapper_parsing_exception", "index.knn must be true")
        if self.serverless and "index.refresh_interval" in body["settings"]:
            raise Refused(400, "illegal_argument_exception", "unknown setting")
        self.indexes[name] = Index(body, self.visible_within if self.serverless else None)
        return {"acknowledged": True}

    def _segments(self, name: str, index: Index) -> Any:
        size = 100 * (len(index.stored) + index.deleted)
        segment = {"size_in_bytes": size, "deleted_docs": index.deleted}
        copy = {"routing": {"primary": True}, "segments": {"_0": segment} if size else {}}
        return {"_shards": {"failed": 0}, "indices": {name: {"shards": {"0": [copy]}}}}

    def _bulk(self, name: str, body: bytes) -> Any:
        if not body.endswith(b"\n"):
            raise Refused(400, "illegal_argument_exception", "must be terminated by a newline")
        lines = iter(body.split(b"\n")[:-1])
        items = []
        for line in lines:
            ((verb, head),) = json.loads(line).items()
            source = json.loads(next(lines)) if verb == "index" else None
            try:
                item = self._item(name, head.get("_id"), source)
            except Refused as error:
                said = {"type": error.type, "reason": error.reason}
                item = {"_id": head.get("_id"), "status": error.status, "error": said}
            items.append({verb: item})
        return {"errors": any("error" in i for x in items for i in x.values()), "items": items}

    def _item(self, name: str, found: str | None, source: dict[str, Any] | None) -> dict[str, Any]:
        if name not in self.indexes:
            raise Refused(404, "index_not_found_exception")
        index = self.indexes[name]
        if self.faults.random.random() < self.faults.items:
            raise Refused(self.faults.item_status, "rejected_execution_exception")
        if source is None:
            assert found is not None
            there = index.write(found, None)
            result = "deleted" if there else "not_found"
            return {"_id": found, "result": result, "status": 200 if there else 404}
        if found is not None and not self.profile.own_ids:
            raise Refused(
                400,
                "illegal_argument_exception",
                "Document ID is not supported in create/index operation request",
            )
        poisoned = self.faults.poison and self.faults.poison in source["words"]
        if poisoned or len(source["vector"]) != index.dimension:
            raise Refused(400, "mapper_parsing_exception", f"Preview: {source['words']}")
        found = found or uuid.uuid4().hex
        if len(found.encode()) > 512:
            raise Refused(400, "illegal_argument_exception", "id is too long")
        there = index.write(found, source)
        return {"_id": found, "result": "updated" if there else "created", "status": 201}

    def _verify(self, method: str, url: str, headers: Any, body: bytes) -> None:
        """Signs the request anew with the secret, as it should have been signed."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.compat import HTTPHeaders
        from botocore.credentials import Credentials

        found = _AUTHORIZATION.match(headers.get("Authorization", ""))
        if not found or found[1] != CREDENTIALS["AWS_ACCESS_KEY_ID"]:
            raise Refused(403, "security_exception", "no permissions")
        if found[3] != self.profile.service or found[2] != REGION:
            raise Refused(403, "security_exception", "credential of another service or region")
        digest = hashlib.sha256(body).hexdigest()
        if self.serverless and headers.get("x-amz-content-sha256") != digest:
            raise Refused(403, "security_exception", "x-amz-content-sha256 is missing or wrong")
        signed = {name: headers[name] for name in found[4].split(";")}
        request = AWSRequest(method, f"http://{headers['Host']}{url}", signed, body)
        request.context["timestamp"] = headers["X-Amz-Date"]
        credentials = Credentials(*CREDENTIALS.values())
        signer = SigV4Auth(credentials, self.profile.service, REGION)
        signer.headers_to_sign = lambda _: HTTPHeaders.from_dict(signed)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        if signer.signature(text, request) != found[5]:
            raise Refused(403, "security_exception", "the signature does not match")


@contextmanager
def opensearch_double(
    kind: Kind = "domain", *, signed: bool = True, scale: float = 1.0
) -> Iterator[OpenSearchDouble]:
    """Serves on a free port of loopback from threads of this process."""
    double = OpenSearchDouble(kind, signed=signed, scale=scale)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def _go(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = double.answer(self.command, self.path, self.headers, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = _go

    server = ThreadedServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()


def main(kind: Kind, scale: str) -> None:
    """Serves until it is killed; prints its URL."""
    with opensearch_double(kind, scale=float(scale)) as double:
        print(double.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    import sys

    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1")  # type: ignore[arg-type]
