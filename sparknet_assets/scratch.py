"""Files that are needed only while a document is worked on.

In the home and by document: a process that is killed leaves them, and a removal must find them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.deployment import Deployment


@contextmanager
def scratch(deployment: Deployment, doc_id: str) -> Iterator[Path]:
    """A folder for a document, removed at the end. For who has claimed the document."""
    remove_scratch(deployment, doc_id)
    folder = _folder(deployment, doc_id)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_scratch(deployment: Deployment, doc_id: str) -> None:
    """Removes what a killed process left of a document.

    Raises:
        OSError: It can't be removed.
    """
    folder = _folder(deployment, doc_id)
    if folder.exists():
        shutil.rmtree(folder)


def _folder(deployment: Deployment, doc_id: str) -> Path:
    return deployment.state / "scratch" / doc_id
