"""Keys of the HTTP API, as the settings name them."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

Scope = Literal["read", "write", "admin"]
# 128 bits as hexadecimal digits: what can't be guessed.
_LEAST_CHARACTERS = 32
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


class ApiKey(BaseModel):
    """A key and what it allows.

    Attributes:
        name: Whose it is; stands beside corrections and removals.
        key: The key itself, or `sha256:` and the hexadecimal SHA-256 of it.
        scopes: `write` includes `read`, `admin` both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")
    key: SecretStr
    scopes: tuple[Scope, ...] = ("read",)

    @field_validator("key")
    @classmethod
    def _is_long_enough(cls, key: SecretStr) -> SecretStr:
        value = key.get_secret_value()
        if value.startswith("sha256:") and not _HASH.fullmatch(value):
            raise ValueError("after sha256: there should be 64 hexadecimal digits")
        if len(value) < _LEAST_CHARACTERS:
            raise ValueError(
                f"has fewer than {_LEAST_CHARACTERS} characters; `sparknet serve --new-key` makes"
                " one"
            )
        return key

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the key."""
        value = self.key.get_secret_value()
        if value.startswith("sha256:"):
            return value.removeprefix("sha256:")
        return hashlib.sha256(value.encode()).hexdigest()
