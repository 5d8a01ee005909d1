"""`sparknet search`: passages with their document and page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sparknet_assets.cli.choices import MODES
from sparknet_assets.cli.filter_options import filter_options, filters_of
from sparknet_assets.cli.output import called, clean, json_option, print_json, shortened, show
from sparknet_assets.cli.status import known_documents

if TYPE_CHECKING:
    from rich.text import Text

    from sparknet_assets.cli.session import Session
    from sparknet_assets.retrieval import Explanation, Hit, SearchMode

_SNIPPET = 320


@click.command(
    epilog="""\b
Examples:
  sparknet search "who signed the lease"
  sparknet search "net revenue 2023" -k 5 --doc annual-report-pdf --pages 3-9
  sparknet search "ISO 9001" --mode keyword --json
  sparknet search "termination" --type pdf --tier premium --from 2026-01-01
  sparknet search "termination" --diverse --context 1 --explain

hybrid joins what is near in meaning (vector) and in words (keyword).
"""
)
@click.argument("query")
@click.option(
    "-k", "top_k", type=click.IntRange(1, 1000), default=10, show_default=True, help="Passages."
)
@click.option("--mode", type=click.Choice(MODES), default="hybrid", show_default=True)
@filter_options
@click.option("--diverse", is_flag=True, help="Put passages that say the same behind others.")
@click.option("--rerank", is_flag=True, help="Order the best ten by their best sentence.")
@click.option(
    "--context", type=click.IntRange(0, 20), default=0, help="Passages to show before and after."
)
@click.option("--explain", is_flag=True, help="Say why each passage has its score.")
@json_option
@click.pass_obj
def search(
    session: Session,
    /,
    query: str,
    top_k: int,
    mode: SearchMode,
    diverse: bool,
    rerank: bool,
    context: int,
    explain: bool,
    as_json: bool,
    **filters: Any,
) -> None:
    """Finds passages: file name and id of the document, page, score, title and text."""
    from sparknet_assets import retrieval

    known_documents(session, filters["docs"])
    found = retrieval.search(
        session.deployment,
        query,
        top_k=top_k,
        mode=mode,
        filters=filters_of(**filters),
        diversity=diverse,
        rerank=rerank,
        context=context,
        explain=explain,
    )
    if as_json:
        print_json(found.as_json())
        return
    if found.note:
        click.echo(found.note, err=True)
    if not found.hits:
        click.echo(_why_nothing(session))
        return
    from rich.padding import Padding

    for hit in found.hits:
        show(_heading(hit), Padding(_shown(hit, query), (0, 0, 0, 4), expand=False))
        if hit.explanation:
            show(Padding(_reasons(hit.explanation), (0, 0, 0, 4), expand=False))
        show("")


def _shown(hit: Hit, query: str) -> Text:
    """A snippet, or all that was asked for around the passage."""
    from rich.text import Text

    return Text(clean(hit.context.text)) if hit.context else snippet(hit.text, query)


def _reasons(reason: Explanation) -> Text:
    from rich.text import Text

    parts = [
        f"{name} rank {part.rank} ({label} {part.score:.3f}): {part.points:.6f}"
        for name, label, part in (
            ("meaning", "cosine", reason.vector),
            ("words", "BM25", reason.keyword),
        )
        if part
    ]
    if reason.document is not None:
        told = [*reason.document.words, *filter(None, [reason.document.period])]
        parts.append(f"its document is named ({', '.join(told)}): x {reason.document.factor:.2f}")
    if reason.support is not None:
        parts.append(f"support {reason.support:.3f}, by score rank {reason.rank_by_score}")
    matched = f"matched: {', '.join(reason.words)}" if reason.words else "no word of the query"
    passed = [f"{name}: {value}" for name, value in reason.passed.items()]
    return Text(clean("; ".join([*parts, matched, *passed])), style="dim")


def _why_nothing(session: Session) -> str:
    totals = session.deployment.catalog.totals()
    if not totals:
        return "Nothing is indexed yet: sparknet ingest PATH..."
    if totals.get("indexed") and not session.deployment.live_store.document_ids():
        return "The index is empty, although documents were indexed: sparknet materialize"
    return "No passages found."


def _heading(hit: Hit) -> Text:
    from rich.text import Text

    return Text.assemble(
        f"{hit.rank:>2}. ",
        (called(hit.doc_id, hit.filename), "bold"),
        f"  page {hit.page}",
        (f"  {hit.score:.3f}", "dim"),
        ("  (an older version)" if hit.stale else "", "yellow"),
        (f"  {shortened(hit.title)}" if hit.title else "", "dim"),
    )


def snippet(text: str, query: str, length: int = _SNIPPET) -> Text:
    """The part of a passage around the query's words, with those words highlighted."""
    from rich.text import Text

    text = " ".join(clean(text).split())
    words = {w for w in re.findall(r"\w+", query) if len(w) > 2 or w.isdigit()}
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(words, key=len, reverse=True))})\w*", re.I)
    spans = [match.span() for match in pattern.finditer(text)] if words else []
    start = _best_start(spans, len(text), length)
    end = min(len(text), start + length)
    if start:
        start = text.find(" ", start, end) + 1 or start
    if end < len(text):
        end = max(text.rfind(" ", start, end), start + 1)
    shown = Text(("… " if start else "") + text[start:end] + (" …" if end < len(text) else ""))
    offset = (2 if start else 0) - start
    for first, last in spans:
        if first >= start and last <= end:
            shown.stylize("bold yellow", first + offset, last + offset)
    return shown


def _best_start(spans: Sequence[tuple[int, int]], size: int, length: int) -> int:
    """Where a window of `length` covers most matches, with some words before the first."""
    if size <= length or not spans:
        return 0
    starts = [max(0, first - length // 6) for first, _ in spans]

    def covered(start: int) -> int:
        return sum(start <= first and last <= start + length for first, last in spans)

    return min(max(starts, key=covered), size - length)
