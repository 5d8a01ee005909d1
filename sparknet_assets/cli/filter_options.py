"""Options that say which passages a search may find."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sparknet_assets.cli.choices import TIERS

if TYPE_CHECKING:
    from sparknet_assets.retrieval import Filters, PageSpan

F = TypeVar("F", bound=Callable[..., Any])
_PAGES = re.compile(r"(\d+)(-(\d+)?)?")
_DAY = click.DateTime(["%Y-%m-%d"])


class _Pages(click.ParamType["PageSpan"]):
    name = "pages"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> PageSpan:
        from pydantic import ValidationError

        from sparknet_assets.retrieval import PageSpan

        if isinstance(value, PageSpan):
            return value
        match = _PAGES.fullmatch(value.strip())
        if not match:
            self.fail(f"{value!r} is no page or range of pages: 4, 3-9, or 3- to the end.")
        first = int(match[1])
        last = None if match[2] and not match[3] else int(match[3] or first)
        try:
            return PageSpan(first=first, last=last)
        except ValidationError:
            self.fail(f"{value!r}: pages are counted from 1, and the first comes first.")


class _MediaType(click.ParamType[str]):
    name = "type"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from sparknet_assets.source.media_type import SUPPORTED_TYPES

        wanted = str(value).strip().lower()
        by_name = {name.lower(): media_type for media_type, name in SUPPORTED_TYPES.items()}
        if wanted in by_name:
            return by_name[wanted]
        if "/" in wanted:
            return wanted
        self.fail(f"{value!r} is none of {', '.join(by_name)}, nor a media type as image/png is.")


def filter_options(command: F) -> F:
    """Adds the options; they reach the command as what `filters_of` takes."""
    for option in (
        click.option("--pages", type=_Pages(), help="Only on these pages: 4, 3-9, 3-."),
        click.option("--to", "until", type=_DAY, help="Taken in on this day (UTC) or before."),
        click.option("--from", "since", type=_DAY, help="Taken in on this day (UTC) or after."),
        click.option(
            "--tier",
            "tiers",
            type=click.Choice(TIERS),
            multiple=True,
            help="Of this tier; repeatable.",
        ),
        click.option(
            "--type",
            "types",
            type=_MediaType(),
            multiple=True,
            help="pdf, docx, image/png; repeatable.",
        ),
        click.option("--doc", "docs", multiple=True, help="Only in this document; repeatable."),
    ):
        command = option(command)
    return command


def filters_of(
    *,
    docs: Sequence[str] = (),
    types: Sequence[str] = (),
    tiers: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    pages: PageSpan | None = None,
) -> Filters | None:
    """What the options say; None where none was given.

    Raises:
        click.UsageError: The days are in the wrong order.
    """
    from pydantic import ValidationError

    from sparknet_assets.retrieval import Filters

    try:
        filters = Filters(
            doc_ids=tuple(docs) or None,
            media_types=tuple(types) or None,
            tiers=tuple(tiers) or None,
            created_from=since.date() if since else None,
            created_to=until.date() if until else None,
            pages=pages,
        )
    except ValidationError as error:
        raise click.UsageError("--from is after --to.") from error
    return None if filters == Filters() else filters
