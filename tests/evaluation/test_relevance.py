"""Which of what was found is right."""

from __future__ import annotations

from sparknet_assets.evaluation.relevance import holds_answer, judge
from sparknet_assets.evaluation.sets import Question
from sparknet_assets.retrieval import Hit, HitBox


def hit(doc_id: str, pages: list[int], text: str = "") -> Hit:
    boxes = [HitBox(page=page, x0=0, y0=0, x1=1, y1=1) for page in pages]
    return Hit(rank=1, score=1, doc_id=doc_id, page=pages[0], chunk_id="", text=text, boxes=boxes)


def test_a_document_stands_where_its_first_passage_does() -> None:
    hits = [hit("a", [1]), hit("a", [2]), hit("b", [1]), hit("c", [1])]
    judged = judge(Question(question="?", doc_id=["b", "x"]), hits)
    assert judged["document"] == ([False, True, False], 2)
    assert judged.keys() == {"document"}


def test_a_passage_over_two_pages_is_on_both_and_one_right_page_is_enough() -> None:
    hits = [hit("a", [1]), hit("a", [2, 3]), hit("b", [3]), hit("a", [3])]
    judged = judge(Question(question="?", doc_id="a", page=[3, 9]), hits)
    assert judged["page"] == ([False, True, False, False], 1)


def test_a_quote_is_found_whatever_its_spaces_and_case() -> None:
    hits = [hit("a", [1], "Rent is due."), hit("b", [1], "The RENT\nof 840\u00a0euros")]
    assert judge(Question(question="?", quote="rent of 840 euros"), hits) == {
        "passage": ([False, True], 1)
    }
    assert holds_answer(["840 Euros"], ["the rent of 840  euros"])
    assert not holds_answer(["840 Euros"], [])
