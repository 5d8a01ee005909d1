"""API keys: who calls, and what they may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from resources.api_keys import ApiKey, Scope

ALL_SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
_PREFIX = "sk-"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request comes from.

    Attributes:
        name: Of the key; "local" without keys.
        scopes: What it may do. `write` includes `read`, `admin` both.
    """

    name: str
    scopes: frozenset[Scope]


LOCAL = Caller("local", frozenset(ALL_SCOPES))
NOBODY = Caller("", frozenset())


class KeyRing:
    """The keys of a deployment. Only hashes are kept."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = [(key.digest, Caller(key.name, _with_lesser(key.scopes))) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def caller(self, secret: str) -> Caller | None:
        """Who has this key. Looks at all keys, however early one fits."""
        given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        found = None
        for digest, caller in self._keys:
            if hmac.compare_digest(digest, given):
                found = caller
        return found


def new_key() -> tuple[str, str]:
    """A key, and what the settings keep of it: `sha256:` and its hash."""
    key = _PREFIX + secrets.token_urlsafe(32)
    return key, f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def _with_lesser(scopes: Sequence[Scope]) -> frozenset[Scope]:
    most = max((ALL_SCOPES.index(scope) for scope in scopes), default=-1)
    return frozenset(ALL_SCOPES[: most + 1])
