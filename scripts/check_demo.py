"""Compares what `sparknet status --json` says with what the examples are known to give."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sparknet_assets.intake.naming import derive_doc_id

EXPECTED = Path(__file__).parent.parent / "examples" / "expected.json"


def surprises(
    found: dict[str, dict[str, object]], documents: dict[str, dict[str, str]]
) -> list[str]:
    """One sentence for each document that did not end as expected.

    Args:
        found: doc_id -> document of `status --json`.
        documents: File name -> its `status` and, when it must fail, its `failure` kind.
    """
    said = []
    for filename, expected in documents.items():
        doc_id = derive_doc_id(filename)
        document = found.get(doc_id)
        if document is None:
            said.append(f"{doc_id} is not there")
            continue
        failure = document["failure"]
        kind = failure["kind"] if isinstance(failure, dict) else None
        if (document["status"], kind) != (expected["status"], expected.get("failure")):
            wanted = " ".join(filter(None, (expected["status"], expected.get("failure"))))
            said.append(f"{doc_id} is {document['status']} ({kind}), not {wanted}")
    return said


def main() -> int:
    status = json.loads(Path(sys.argv[1]).read_text())
    found = {document["doc_id"]: document for document in status["documents"]}
    documents = json.loads(EXPECTED.read_text())["documents"]
    said = surprises(found, documents)
    for sentence in said:
        print(f"not as expected: {sentence}", file=sys.stderr)
    if not said:
        failed = sum(1 for expected in documents.values() if expected["status"] == "failed")
        print(f"All {len(documents)} examples ended as expected; {failed} are meant to fail.")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
