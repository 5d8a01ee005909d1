"""The WordPiece tokenizer of all-MiniLM-L6-v2, on its own: counting tokens loads no model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resources.embeddings.minilm_weights import TOKENIZER, find_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_SEPARATOR = "[SEP]"


class WordPiece:
    """Token ids of texts, [CLS] and [SEP] included; the file is read at first use.

    WordPiece never joins words over white space, so the counts of words add up.

    Args:
        configured: Folder with tokenizer.json; None for the first one found on this machine.
    """

    def __init__(self, configured: Path | None = None) -> None:
        self._configured = configured

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text, however long it is.

        Raises:
            SparknetError: `unavailable` when there is no tokenizer on this machine.
        """
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(ids) for ids in self.encode(texts)]

    def cut(self, text: str, most: int) -> str:
        """The text up to where its tokens, special ones included, would be more than `most`."""
        encoding = self._tokenizer.encode(text)
        if len(encoding.ids) <= most:
            return text
        _, end = encoding.offsets[most - 2]  # [CLS] is the first, and [SEP] is to follow
        return text[:end]

    @property
    def separator(self) -> int:
        """The id of [SEP]."""
        found = self._tokenizer.token_to_id(_SEPARATOR)
        assert found is not None, "every BERT vocabulary has it"
        return found

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(find_folder(self._configured) / TOKENIZER))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer
