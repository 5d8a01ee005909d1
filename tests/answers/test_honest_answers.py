"""Questions that nothing answers, or several documents do: what is said then, and what is not."""

from __future__ import annotations

import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from resources.vector_store import Chunk, SearchHit
from sparknet_assets.answers.answer import NOTHING, Answer, ask
from sparknet_assets.answers.kinship import lacks_kin
from sparknet_assets.answers.languages import note_on_languages
from sparknet_assets.answers.listing import asks_of_each, mentions, note_on, subject_of
from sparknet_assets.answers.names import names_in
from sparknet_assets.answers.statements import statements
from sparknet_assets.answers.verification import verify_answer
from sparknet_assets.batch.running import run_batch
from tests.doubles.inline_pool import inline_workers

FILES = {
    "2023_Q1_Nordby": "Nordby Ferries AS. Net sales of tickets were 44 million crowns. "
    "In Q1 2022 net sales of tickets were 39 million crowns. Hasvik repaired the pier.",
    "2023_Q2_Nordby": "Nordby Ferries AS. Net sales of tickets were 58 million crowns. "
    "The crew had 340 members.",
    "invoice-a": "Invoice of the Hasvik yard\n\nInvoice number: A-17\n\nTotal to pay: 420 crowns",
    "invoice-b": "Invoice of the Vardal yard\n\nInvoice number: B-90\n\nTotal to pay: 35 crowns",
}


@pytest.fixture(scope="module")
def files(home: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    deployment = Deployment(Settings(home=tmp_path_factory.mktemp("honest"), workers=1))
    # The model is exported once.
    deployment.__dict__["embedder"] = home.embedder
    for name, text in FILES.items():
        deployment.storage.put(f"raw/{name}/{name}.txt", text.encode())
    with inline_workers():
        list(run_batch([*FILES], deployment))
    return deployment


def cited(answer: Answer) -> list[str]:
    return [citation.doc_id for citation in answer.citations]


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What were net sales of tickets in Q3 2019?", "2019 Q3"),
        ("What were net sales of tickets in Q4 2023?", "2023 Q4"),
        ("What were net sales of tickets in 2017?", "2017"),
    ],
)
def test_a_period_that_nothing_is_of_is_not_answered(
    files: Deployment, question: str, missing: str
) -> None:
    answer = ask(files, question)
    assert (answer.answer, answer.citations) == (NOTHING, [])
    assert answer.note == f"Nothing that was found is of {missing}."


def test_a_period_that_a_report_compares_with_is_answered(files: Deployment) -> None:
    answer = ask(files, "What were net sales of tickets in Q1 2022?")
    assert "39 million" in answer.answer
    assert answer.note == ""


def test_of_two_periods_the_one_that_is_missing_is_named(files: Deployment) -> None:
    answer = ask(files, "What were net sales of tickets in Q1 2018 and Q2 2023?")
    assert "58 million" in answer.answer
    assert answer.note == "Nothing that was found is of 2018 Q1."


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Which documents mention Hasvik?", {"2023_Q1_Nordby", "invoice-a"}),
        ("In welchen Dokumenten wird Hasvik erwähnt?", {"2023_Q1_Nordby", "invoice-a"}),
        ("Which documents mention the Vardal yard?", {"invoice-b"}),
        ("Which documents mention Zanzibar?", set()),
        ("What are the invoice numbers of all invoices?", {"invoice-a", "invoice-b"}),
    ],
)
def test_several_documents_are_quoted(files: Deployment, question: str, wanted: set[str]) -> None:
    answer = ask(files, question)
    assert set(cited(answer)) == wanted
    assert len(cited(answer)) == len(wanted)
    assert verify_answer(files, answer) == []


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Which documents mention the Rankine cycle?", "the Rankine cycle"),
        ('List all files that contain "dry dock".', "dry dock"),
        ("In which reports is Hasvik mentioned?", "Hasvik"),
        ("Welche Verträge nennen Frau Olsen?", "Frau Olsen"),
        ("What does the report mention about the crew?", ""),
        ("Who mentions the pier?", ""),
    ],
)
def test_what_documents_are_to_mention(question: str, subject: str) -> None:
    assert subject_of(question) == subject


@pytest.mark.parametrize(
    ("question", "each"),
    [
        ("List the totals of all invoices.", True),
        ("What are the totals of the Nordby invoices?", True),
        ("Wie lauten die Nummern aller Rechnungen?", True),
        ("What is the total of the invoice?", False),
        ("Who is in all?", False),
    ],
)
def test_what_is_asked_of_each(question: str, each: bool) -> None:
    assert asks_of_each(question) is each


def test_a_list_that_is_cut_says_so() -> None:
    chunk = Chunk(
        chunk_id="c",
        doc_id="d",
        ordinal=0,
        text="The pier is old.",
        text_sha256="",
        tokens=5,
        pages=(1,),
        boxes=(),
    )
    hits = [SearchHit(chunk.model_copy(update={"doc_id": f"d{n}"}), 1.0) for n in range(12)]
    found = mentions("pier", hits)
    assert len(found) == 12
    assert note_on(found, 12) == "12 documents mention it. The best 10 are quoted."
    assert note_on(found, 200).startswith("At least 12")
    assert note_on(found[:3], 3) == ""


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What were Nordby's net sales?", {"Nordby"}),
        ("Microsoft's total net sales in Q3?", {"Microsoft"}),
        ("What does Mara pay? List each month.", {"Mara"}),
        ("What's the rent in March?", set()),
        ("What Is The Total Amount Due Today?", set()),
        ("Was kostet die Miete im Mai?", set()),
        # What no name is: common words, in English and in German without an article, and titles.
        ("When must the Landlord give notice of Termination?", set()),
        ("Which Months had the highest Utilities?", set()),
        ("What is the CEO's salary in Euros?", set()),
        ("What Is the Warranty Period?", set()),
        ("Welche Kündigungsfrist gilt?", set()),
        ("Wie hoch sind Nebenkosten?", set()),
        ("Quel est le Montant total?", set()),
        # What is one nevertheless.
        ("What is the salary of Mr. Havstein?", {"Havstein"}),
        ("Where did Kystlinjen's captain die?", {"Kystlinjen"}),
        ("How many ships did Norland lose in the war?", {"Norland"}),
        ("What Were Kystlinjen's Net Sales?", {"Kystlinjen"}),
        ("What does Shell pay for Maintenance?", {"Shell"}),
        ("What did John von Neumann invent?", {"John", "Neumann"}),
    ],
)
def test_names_are_told_from_other_words(question: str, names: set[str]) -> None:
    assert set(names_in(question).values()) == names


def test_a_name_that_nothing_has_is_not_answered_with_anothers(files: Deployment) -> None:
    answer = ask(files, "What were Kystlinjen's net sales of tickets in Q2 2023?")
    assert (answer.answer, answer.citations) == (NOTHING, [])
    assert answer.note == "Nothing that was found has the name Kystlinjen."
    assert (
        "58 million"
        in ask(files, "How many crowns were Nordby's net sales of tickets in Q2 2023?").answer
    )


def test_a_common_word_with_a_capital_is_no_name_that_nothing_has(files: Deployment) -> None:
    answer = ask(files, "How many Personnel and Members had the crew in the Second Quarter?")
    assert "340 members" in answer.answer
    assert answer.note == ""


@pytest.mark.parametrize(
    ("question", "quote", "lacks"),
    [
        ("Who was the father of Edison?", "Tesla worked for Edison.", True),
        ("Who was Edison's younger sister?", "Edison employed Miss Brandt.", True),
        ("Wer war der Vater von Edison?", "Edison stellte Tesla ein.", True),
        ("Who was the father of Edison?", "Samuel Edison had seven children.", False),
        ("Who was the father of Edison?", "Edison was Samuel's youngest son.", False),
        ("Who was the father of Edison?", "Father | Samuel Edison", False),
        ("Who was the father of modern chemistry?", "Lavoisier founded it.", False),
        ("Who employed the father of the boy?", "Edison employed him.", False),
        ("When did the father of Edison die?", "Samuel Edison died in 1896.", False),
    ],
)
def test_relatives_are_told_by_what_says_so(question: str, quote: str, lacks: bool) -> None:
    assert lacks_kin(question, [quote]) is lacks


def test_a_name_in_another_role_is_not_answered_for_a_relative(home: Deployment) -> None:
    answer = ask(home, "Who was the father of Ida Brandt?")
    assert (answer.answer, answer.citations) == (NOTHING, [])
    assert "Ida Brandt" in ask(home, "Who retired in May?").answer


@pytest.mark.parametrize(
    ("question", "note"),
    [
        (
            "Wer hat den Vertrag unterschrieben?",
            "The question is in German, most of what was found in English: ask in English.",
        ),
        ("When does the ferry leave Halden Quay?", ""),
        ("Rent 2027", ""),
        ("", ""),
    ],
)
def test_languages_are_told_where_they_differ(question: str, note: str) -> None:
    found = "The tenant pays the rent on the first day of each month, in advance."
    assert note_on_languages(question, found) == note


def test_a_question_in_another_language_is_told_so(files: Deployment) -> None:
    answer = ask(files, "Wie teuer ist die Reparatur der Maschine im Winter?")
    assert answer.answer == NOTHING
    assert "in German" in answer.note
    assert "ask in English" in answer.note


def test_an_entry_of_a_form_is_quoted_with_the_caption_below_it() -> None:
    text = "Nordby Ferries AS\n\n(702) 939-3254\n\n(Telephone number)\n\nIt sails. (So it does.)"
    assert [s.text for s in statements(text)] == [
        "Nordby Ferries AS",
        "(702) 939-3254\n\n(Telephone number)",
        "It sails.",
        "(So it does.)",
    ]
