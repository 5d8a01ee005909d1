"""The web page as people get it: documents in a home, `sparknet serve`, and Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from examples import pdf
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch.running import run_batch
from sparknet_assets.intake.taking_in import take_in
from tests.doubles.inline_pool import inline_workers
from tests.model.world import close_index

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
KEY = "a-key-of-the-tests-0123456789abcdef"
HOSTILE_NAME = "<img src=x onerror=window.pwned=1>.html"
MARKUP = "&lt;script&gt;window.pwned=1&lt;/script&gt;&lt;img src=x onerror=window.pwned=1&gt;"

LIGHTHOUSE = """# Keeper's log
The lamp of Gull Rock was first lit on 4 May 1871, in a gale from the north-west.

Its lens was made in Brannock and weighs 840 kilograms. Two keepers carried it up the stairs in
eleven parts.

The fog bell is rung once every thirty seconds when the far shore can't be seen.
"""
HOSTILE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{MARKUP}</title><script>window.pwned=1</script></head>
<body onload="window.pwned=1"><h1>{MARKUP}</h1>
<p>The quarantine officer writes {MARKUP} in every form.</p>
<p><a href="javascript:window.pwned=1">"&gt;&lt;svg onload=window.pwned=1&gt;</a></p>
<table><tr><th>{MARKUP}</th><th>Port</th></tr><tr><td>{MARKUP}</td><td>Ostrey</td></tr></table>
</body></html>"""
ARABIC = "تصل العبارة إلى الميناء في الساعة السابعة صباحا.\n"
DOCUMENTS: dict[str, bytes] = {
    "keepers-log.md": LIGHTHOUSE.encode(),
    "invoice.pdf": b"",
    HOSTILE_NAME: HOSTILE.encode(),
    "ferry-ar.txt": ARABIC.encode(),
    "torn.pdf": b"%PDF-1.4\nnot more than this",
    "spare.txt": b"This note is here to be deleted.\n",
}


@dataclass
class Site:
    """A server with documents.

    Attributes:
        url: Of the page, without a slash at the end.
        ids: File name -> doc_id of what was ingested before the server started.
    """

    url: str
    home: Path
    ids: dict[str, str]

    def correct(self, doc_id: str, schema: str, field: str, value: str) -> None:
        """Sets a field right, as someone else would."""
        headers = {"Authorization": f"Bearer {KEY}"}
        url = f"{self.url}/api/v1/documents/{doc_id}/fields/{schema}/{field}"
        answer = httpx.put(url, json={"value": value}, headers=headers, timeout=30)
        answer.raise_for_status()

    def api(self, *parts: str, **options: Any) -> Any:
        """What the API answers to a GET."""
        path = "/".join(("api/v1", *parts))
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = httpx.get(f"{self.url}/{path}", headers=headers, timeout=30, **options)
        return answer.raise_for_status().json()

    def change(self, doc_id: str, **what: Any) -> None:
        """What a PATCH of the document says."""
        headers = {"Authorization": f"Bearer {KEY}"}
        url = f"{self.url}/api/v1/documents/{doc_id}"
        httpx.patch(url, json=what, headers=headers, timeout=30).raise_for_status()

    def text(self, doc_id: str) -> dict[str, Any]:
        """text.json of a document, as the storage has it."""
        storage = Deployment(Settings(home=self.home)).storage
        found: dict[str, Any] = json.loads(storage.get(f"processed/{doc_id}/text.json"))
        return found


@contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """Documents ingested into a home of their own, and the server on a free port."""
    documents, home = folder / "documents", folder / "home"
    documents.mkdir()
    for name, content in DOCUMENTS.items():
        (documents / name).write_bytes(content or pdf.invoice())
    ids = _ingested(documents, home)
    keys = json.dumps([{"name": "tests", "key": KEY, "scopes": ["write", "admin"]}])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SPARKNET_")}
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sparknet_assets.cli", f"--home={home}", "serve", "--port=0"],
            env={
                **environment,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "SPARKNET_API_KEYS": keys,
                "SPARKNET_WORKERS": "1",
                "SPARKNET_DAGSTER_URL": "http://dagster.example",
            },
            stdout=output,
            stderr=output,
        )
    try:
        yield Site(_url(process, log), home, ids)
    finally:
        process.terminate()
        process.wait(30)


def _ingested(documents: Path, home: Path) -> dict[str, str]:
    """Indexes what is there, in this process; returns file name -> doc_id."""
    deployment = Deployment(Settings(home=home))
    with inline_workers():
        taken = take_in(deployment, [documents])
        list(run_batch(taken.doc_ids, deployment, run_id=str(uuid4())))
    close_index(deployment)
    return {
        row.filename: doc_id for doc_id, row in deployment.catalog.get_many(taken.doc_ids).items()
    }


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    from time import monotonic, sleep

    until = monotonic() + 60
    while monotonic() < until:
        if found := re.search(r"http://[0-9.]+:\d+", log.read_text()):
            return found[0]
        assert process.poll() is None, log.read_text()
        sleep(0.1)
    raise TimeoutError(log.read_text())


@dataclass
class Watch:
    """What the browser complained of: all of it fails a test, but what the test expects."""

    page: Page
    expected: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.expose_function("cspViolated", lambda what: self.found.append(f"CSP: {what}"))
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation', "
            "(e) => window.cspViolated(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`))"
        )

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _dialog(self, dialog: Any) -> None:
        self.found.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def complaints(self) -> list[str]:
        """Everything that was not expected."""
        return [text for text in self.found if not any(re.search(e, text) for e in self.expected)]
