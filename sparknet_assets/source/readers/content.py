"""What a reader makes of a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from sparknet_assets.source.readers.markup import Block


@dataclass
class Content:
    """The blocks of a document and what it says about itself.

    Attributes:
        flags: Of `attachments` and `hidden_text`, those that apply.
    """

    blocks: list[Block]
    title: str | None = None
    author: str | None = None
    created: str | None = None
    flags: set[str] = field(default_factory=set)
