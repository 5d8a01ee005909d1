"""Evaluation sets as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.evaluation_set import write_set
from examples.make_examples import DOCUMENTS
from resources.deployment import Deployment
from resources.failure import SparknetError
from sparknet_assets.evaluation.sets import Question, read_set
from sparknet_assets.intake.naming import derive_doc_id
from tests.evaluation.conftest import QUESTIONS, WriteSet


def test_a_folder_is_read_whole(deployment: Deployment, write_set: WriteSet) -> None:
    fields = {"receipt": {"total": "9.00"}}
    given = read_set(deployment, str(write_set(QUESTIONS, {"a.b": "text\n"}, {"a.b": fields})))
    assert given.name == "truths"
    assert [question.id for question in given.questions] == ["rent", "end", "captain", "bread"]
    assert given.questions[0].doc_id == ("lease",)
    assert given.questions[0].page == (1,)
    assert given.texts == {"a.b": "text\n"}
    assert given.fields == {"a.b": fields}


def test_the_storage_holds_sets_by_name_and_one_of_its_own(deployment: Deployment) -> None:
    deployment.storage.put("evaluation/questions.jsonl", b'{"question": "Who?"}\n')
    deployment.storage.put("evaluation/small/texts/a.txt", b"a")
    deployment.storage.put("evaluation/history/x.jsonl", b"not of the set")
    assert [question.question for question in read_set(deployment).questions] == ["Who?"]
    assert read_set(deployment).texts == {}
    assert read_set(deployment, "small").texts == {"a": "a"}


def test_the_digest_is_of_all_files_and_of_their_names(
    deployment: Deployment, write_set: WriteSet
) -> None:
    def digest(texts: dict[str, str], name: str) -> str:
        return read_set(deployment, str(write_set(QUESTIONS, texts, name=name))).sha256

    first = digest({"a": "one"}, "first")
    assert first == digest({"a": "one"}, "same")
    assert len({first, digest({"a": "two"}, "other"), digest({"b": "one"}, "moved")}) == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": "Who?", "page": 2}', "one `doc_id`"),
        ('{"question": "Who?", "doc_id": ["a", "b"], "page": 2}', "one `doc_id`"),
        ('{"question": "Who?", "answers": [], "doc_id": "a"}', "without answers"),
        ('{"question": ""}', "question"),
        ('{"question": "Who?", "documents": "a"}', "documents"),
        ('{"question": "Who?"', "JSON"),
        ('{"question": "One?"}', "there twice"),
    ],
)
def test_a_wrong_line_is_named(
    deployment: Deployment, tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / "questions.jsonl").write_text(f'{{"question": "One?"}}\n\n{line}\n', "utf-8")
    with pytest.raises(SparknetError, match="line 3") as error:
        read_set(deployment, str(tmp_path))
    assert said in error.value.message


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("fields/a.json", b'{"receipt": "9.00"}', "fields/a.json"),
        ("fields/a.json", b"{", "fields/a.json is not JSON"),
        ("texts/a.txt", b"\xff\xfe", "texts/a.txt is not UTF-8"),
    ],
)
def test_a_wrong_file_is_named(
    deployment: Deployment, tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SparknetError, match=said):
        read_set(deployment, str(tmp_path))


@pytest.mark.parametrize("where", ["", "nothing", "history", "no/such/folder"])
def test_where_there_is_no_set_it_is_said(deployment: Deployment, where: str) -> None:
    with pytest.raises(SparknetError, match="evaluation"):
        read_set(deployment, where)


def test_what_is_known_of_a_question() -> None:
    assert Question(question="a", doc_id="d").answerable
    assert Question(question="a", answers=["b"]).answerable
    assert Question(question="a", answers=[]).unanswerable
    unknown = Question(question="a")
    assert not unknown.answerable
    assert not unknown.unanswerable
    assert unknown.key == Question(question="a", doc_id="d").key != Question(question="b").key


def test_the_example_set_is_about_the_example_documents(
    deployment: Deployment, tmp_path: Path
) -> None:
    write_set(tmp_path / "examples")
    given = read_set(deployment, str(tmp_path / "examples"))
    known = {derive_doc_id(name) for name in DOCUMENTS}
    assert {doc_id for question in given.questions for doc_id in question.doc_id} <= known
    assert given.texts.keys() <= known
    assert all(text.count("\f") == 1 for text in given.texts.values())
    assert any(question.unanswerable for question in given.questions)
