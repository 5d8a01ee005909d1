"""A moto server on loopback in a process of its own: S3, SQS, SNS, DynamoDB, KMS, IAM, STS.

An operation that moto lacks answers 501 at once: its own 500 would be retried for minutes.
"""

from __future__ import annotations

import copy
import functools
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from tests.doubles.moto_permissions import check_real_actions
from tests.doubles.moto_queues import quicken_queues
from tests.doubles.ports import own_port

START_SECONDS = 90
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests"}
REGION = "us-east-1"
# moto lists and copies what its other threads change meanwhile.
_ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class MotoServer:
    """A running server; `environment` is what a client of it needs."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def reset(self) -> None:
        """Forgets all buckets, tables, queues and keys."""
        self.post("/moto-api/reset")

    def enforce_iam_after(self, calls: int | None) -> None:
        """Checks signatures and policies once so many calls were made; None: never."""
        never = 10**9
        self.post("/moto-api/reset-auth", str(never if calls is None else calls).encode())

    def pass_seconds(self, seconds: float) -> None:
        """Sets the clock of the queues forward: what is hidden in them for so long appears."""
        self.post("/double/later", str(seconds).encode())

    def post(self, path: str, body: bytes = b"") -> bytes:
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(self.url + path, body, headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            data: bytes = response.read()
            return data


@contextmanager
def moto_server() -> Iterator[MotoServer]:
    """Starts a server on a free port and stops it at the end."""
    port = own_port()
    command = [sys.executable, "-m", "tests.doubles.moto_server", str(port)]
    environment = {**os.environ, "MOTO_PORT": str(port), "MOTO_DISABLE_GLOBAL_CORS": "true"}
    # Not a pipe: once one that nobody reads is full, what writes to it stands still.
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, env=environment, stderr=log) as process,
    ):
        server = MotoServer(f"http://127.0.0.1:{port}")
        try:
            _wait(server, process, log)
            yield server
        finally:
            process.kill()


def _wait(server: MotoServer, process: subprocess.Popen[bytes], log: IO[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            server.reset()
            return
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"the moto server did not start: {log.read()[-500:]}")


class _LightCopies:
    """As the module copy for moto, which copies all items of its table for each of a transaction.

    What it would go back to is a table with the same items. They are only ever replaced by others,
    but for updates: see `_update_a_copy`.
    """

    def copy(self, what: Any) -> Any:
        return copy.copy(what)

    def deepcopy(self, what: Any) -> Any:
        if type(what).__name__ != "Table":
            return copy.deepcopy(what)
        table = copy.copy(what)
        ranges = ((key, dict(of) if type(of) is dict else of) for key, of in what.items.items())
        table.items = defaultdict(dict, ranges)
        return table


def _update_a_copy() -> None:
    from moto.dynamodb import models
    from moto.dynamodb.models.dynamo_type import DynamoType

    update = models.DynamoDBBackend.update_item

    def update_item(self: Any, table_name: str, key: Any, *arguments: Any, **named: Any) -> Any:
        table = self.get_table(table_name)
        if table.has_range_key and table.range_key_attr in key:
            place = table.items[DynamoType(key[table.hash_key_attr])]
            at = DynamoType(key[table.range_key_attr])
            if at in place:
                place[at] = copy.deepcopy(place[at])
        return update(self, table_name, key, *arguments, **named)

    models.DynamoDBBackend.update_item = update_item  # type: ignore[method-assign]


def _answer_501() -> None:
    from moto.core.responses import BaseResponse
    from moto.dynamodb import models

    answer = BaseResponse.call_action
    models.copy = _LightCopies()  # type: ignore[assignment]

    def call_action(self: Any) -> Any:
        try:
            with _ONE_AT_A_TIME:
                return answer(self)
        except NotImplementedError as error:
            said = {"__type": "NotImplementedInMoto", "message": str(error)}
            return 501, {"x-amzn-ErrorType": "NotImplementedInMoto"}, json.dumps(said)

    BaseResponse.call_action = call_action  # type: ignore[method-assign]


def _list_what_stands_still() -> None:
    """S3 has a way of its own into moto; a listing fails where a key goes away meanwhile."""
    from moto.s3.responses import S3Response

    for name in ("ambiguous_dispatch", "bucket_dispatch", "key_dispatch"):
        setattr(S3Response, name, _alone(getattr(S3Response, name)))


def _alone(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(dispatch)
    def dispatched(*arguments: Any, **named: Any) -> Any:
        with _ONE_AT_A_TIME:
            return dispatch(*arguments, **named)

    return dispatched


def _take_any_key() -> None:
    """The routes of moto's server leave out keys with a line break in them."""
    from moto.moto_server import utilities

    class Converter(utilities.RegexConverter):
        def __init__(self, url_map: Any, *items: str) -> None:
            super().__init__(url_map, *items)
            self.regex = f"(?s:{self.regex})"

    utilities.RegexConverter = Converter  # type: ignore[misc]


def main(port: str) -> None:
    """Serves until it is killed."""
    _answer_501()
    _update_a_copy()
    _list_what_stands_still()
    _take_any_key()
    quicken_queues()
    check_real_actions()
    from tests.doubles.moto_serving import serve

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    serve(int(port))


if __name__ == "__main__":
    main(sys.argv[1])
