"""An evaluation set about the example documents: `python -m examples.evaluation_set FOLDER`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from examples import company
from examples.scans import FAX_HEADER, LETTERHEAD
from sparknet_assets.intake.naming import derive_doc_id

# Quoted word for word in the documents; empty where nothing there answers the question.
ANSWERS: dict[str, list[str]] = {
    "When did the electric ferry Avocet enter service?": ["3 March 2025"],
    "Dürfen Hunde mitgenommen werden?": ["Blindenführhunde"],
    "How many floats of the pontoon are cracked?": ["two of its six floats"],
    "Until when do we have to answer the quotation for the wheelchair ramps?": ["30 January"],
    "What does error 51 of the card reader mean?": ["the reader has lost its clock"],
    "How far is it to the nearest volcano?": [],
    "Which orchestra played at the opening of the opera house?": [],
}
PLACES = {
    "How many floats of the pontoon are cracked?": ("scanned-letter.pdf", 1),
    "Until when do we have to answer the quotation for the wheelchair ramps?": ("fax.tif", 2),
    "What does error 51 of the card reader mean?": ("readme.md", None),
}
SCANS = {"scanned-letter.pdf": "letter", "fax.tif": "fax"}


def write_set(folder: Path) -> None:
    """Writes questions.jsonl and texts/, as docs/evaluation.md describes them."""
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    with (folder / "questions.jsonl").open("w", encoding="utf-8") as file:
        for question in questions():
            file.write(json.dumps(question, ensure_ascii=False) + "\n")
    for name, text in SCANS.items():
        sheets = company.text(text).split("---\n")
        pages = [f"{_head(name, n)}{sheet.strip()}\n" for n, sheet in enumerate(sheets, 1)]
        path = folder / "texts" / f"{derive_doc_id(name)}.txt"
        path.write_text("\f".join(pages), encoding="utf-8")


def _head(name: str, page: int) -> str:
    """What is printed above the text."""
    if name == "fax.tif":
        return f"{FAX_HEADER}    P.{page}/2\n"
    return f"{LETTERHEAD}\n" if page == 1 else ""


def questions() -> list[dict[str, Any]]:
    """The searches that expected.json lists, and the questions above."""
    expected = json.loads(Path(__file__).with_name("expected.json").read_text("utf-8"))
    places = {each["query"]: (each["document"], each["page"]) for each in expected["queries"]}
    places |= PLACES
    found: list[dict[str, Any]] = []
    for question in dict.fromkeys([*places, *ANSWERS]):
        line: dict[str, Any] = {"question": question}
        if question in places:
            document, page = places[question]
            line["doc_id"] = derive_doc_id(document)
            line |= {"page": page} if page else {}
        if question in ANSWERS:
            line["answers"] = ANSWERS[question]
        found.append(line)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    write_set(options.folder)
    print(f"{len(questions())} questions, {len(SCANS)} true texts in {options.folder}")


if __name__ == "__main__":
    main()
