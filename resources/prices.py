"""What services charge: a table that is data, each entry with its source and date."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from resources.failure import FailureKind, SparknetError
from resources.model_ids import plain_id
from resources.tiers import Tier

TABLE = Path(__file__).with_name("prices.toml")
_MILLION = 1e6


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1)
    date: date


class PagePrice(_Entry):
    """Of a page that Textract reads, by the features that are asked for together."""

    tier: Tier
    features: tuple[str, ...]
    usd_per_page: float = Field(ge=0)


class EmbeddingPrice(_Entry):
    """Of the tokens that an embedding model reads."""

    model: str
    usd_per_million_tokens: float = Field(ge=0)


class LLMPrice(_Entry):
    """Of the tokens that a language model reads and writes."""

    model: str
    usd_per_million_input_tokens: float = Field(ge=0)
    usd_per_million_output_tokens: float = Field(ge=0)


class ProfilePrice(_Entry):
    """How the models behind an inference profile are charged, by the prefix of its id."""

    prefix: str = Field(pattern=r"^[a-z-]+\.$")
    factor: float = Field(gt=0)


class Prices(BaseModel):
    """The table. What it doesn't list has no known price: every lookup says None, never 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Literal["USD"]
    textract: tuple[PagePrice, ...] = ()
    embedding: tuple[EmbeddingPrice, ...] = ()
    llm: tuple[LLMPrice, ...] = ()
    profile: tuple[ProfilePrice, ...] = ()

    @model_validator(mode="after")
    def _lists_nothing_twice(self) -> Prices:
        _no_doubles("textract", (entry.tier for entry in self.textract))
        _no_doubles("embedding", (entry.model for entry in self.embedding))
        _no_doubles("llm", (entry.model for entry in self.llm))
        _no_doubles("profile", (entry.prefix for entry in self.profile))
        return self

    def textract_page(self, tier: str) -> float | None:
        """US dollars for a page read at this tier; None for a tier without a price."""
        found = [entry.usd_per_page for entry in self.textract if entry.tier == tier]
        return found[0] if found else None

    def embedding_tokens(self, model: str) -> float | None:
        """US dollars for a token that this model embeds; None where that is unknown."""
        base, factor = self._charged_as(model)
        price = self._embeddings.get(base)
        if price is None or factor is None:
            return None
        return factor * price.usd_per_million_tokens / _MILLION

    def llm_tokens(self, model: str, input_tokens: int, output_tokens: int) -> float | None:
        """US dollars for a call of this model; None where its price is unknown."""
        base, factor = self._charged_as(model)
        price = self._llms.get(base)
        if price is None or factor is None:
            return None
        read = input_tokens * price.usd_per_million_input_tokens
        written = output_tokens * price.usd_per_million_output_tokens
        return factor * (read + written) / _MILLION

    @cached_property
    def _embeddings(self) -> dict[str, EmbeddingPrice]:
        return {entry.model: entry for entry in self.embedding}

    @cached_property
    def _llms(self) -> dict[str, LLMPrice]:
        return {entry.model: entry for entry in self.llm}

    def _charged_as(self, model: str) -> tuple[str, float | None]:
        """The model behind an id, profile or ARN, and what its price is multiplied by.

        A profile whose prefix is not listed leaves the model with that prefix: no price is known.
        """
        name = plain_id(model)
        for profile in self.profile:
            if name.startswith(profile.prefix):
                return name.removeprefix(profile.prefix), profile.factor
        return name, 1.0


def load_prices(path: Path | None = None) -> Prices:
    """Reads the table that comes along, or the one in its place.

    Raises:
        SparknetError: `refused`: the file can't be read, or an entry is not as it should be.
    """
    file = path.expanduser() if path else TABLE
    try:
        return Prices.model_validate(tomllib.loads(file.read_text("utf-8")))
    except OSError as error:
        raise _wrong(file, f"it can't be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(file, f"it is not TOML ({error})") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _wrong(file, f"{where}: {first['msg']}".removeprefix(": ")) from None


def _wrong(file: Path, problem: str) -> SparknetError:
    return SparknetError(
        FailureKind.REFUSED,
        f"The price table {file} can't be used: {problem}. See SPARKNET_PRICES.",
    )


def _no_doubles(table: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{table} lists {name} twice")
        seen.add(name)
