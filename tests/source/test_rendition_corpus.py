"""Real files of other projects: a rendition or the right failure, and most of their words."""

from __future__ import annotations

import collections
import re
import unicodedata
from pathlib import Path

import pytest

from resources.failure import FailureKind, SparknetError

pytestmark = pytest.mark.corpus

OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES = {
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": OFFICE + "wordprocessingml.document",
    ".eml": "message/rfc822",
    ".epub": "application/epub+zip",
    ".html": "text/html",
    ".msg": "application/vnd.ms-outlook",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": OFFICE + "presentationml.presentation",
    ".rtf": "application/rtf",
    ".txt": "text/plain",
    ".xlsx": OFFICE + "spreadsheetml.sheet",
}
FAILURES = {
    "protected": FailureKind.ENCRYPTED,
    "truncated": FailureKind.CORRUPT,
    "empty.txt": FailureKind.EMPTY,
}
# Share of the reference's words that the pages must hold. The references repeat the text of a
# merged cell in each place it covers, ours has it once: hence the lower ones.
LEAST = {"powerpoint_sample": 0.83, "legacy_sample": 0.8, "word_tables": 0.8, "xlsx_0": 0.9}


def words(text: str) -> collections.Counter[str]:
    text = re.sub(r"<!--.*?-->|\]\([^)]*\)|[|*_#\\]", " ", unicodedata.normalize("NFKC", text))
    return collections.Counter(re.findall(r"\w+", text.lower()))


def test_corpus_files_become_renditions_or_fail_as_they_should(corpus: Path, make) -> None:
    seen = 0
    for path in sorted((corpus / "formats").iterdir()):
        media_type = TYPES.get(path.suffix)
        if media_type is None:
            continue
        seen += 1
        expected = next((kind for mark, kind in FAILURES.items() if mark in path.name), None)
        try:
            made = make(path, media_type, path.name)
        except SparknetError as error:
            assert error.kind is expected, path.name
            continue
        assert expected is None, path.name
        assert made.text.strip(), path.name
        reference = path.parent / "gt" / f"{path.name}.md"
        if reference.exists():
            wanted = words(reference.read_text())
            missing = wanted - words(made.text)
            recall = 1 - missing.total() / wanted.total()
            least = next((r for mark, r in LEAST.items() if mark in path.name), 0.97)
            assert recall >= least, (path.name, recall, missing.most_common(10))
    assert seen > 25
