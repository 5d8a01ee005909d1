"""Who may send requests at all: looked at before a byte of the body is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from sparknet_assets.api.keys import LOCAL, NOBODY, Caller, KeyRing
from sparknet_assets.api.problems import ProblemError
from sparknet_assets.api.rates import Rates

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# What a wrong key takes of its sender's allowance: guesses run dry soon.
_PRICE_OF_A_GUESS = 20.0
_OPEN = ("/health", "/openapi.json", "/assets/")


class Guard:
    """Refuses foreign hosts, foreign pages, callers without a key, and those who ask too often.

    Args:
        keys: When there are none, everyone may do everything: for loopback only.
        loopback: Whether the server listens on loopback alone. Without keys, `Host` has to name it
            then: a page in a browser could reach the server by a name of its own that leads here.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing, rates: Rates, loopback: bool) -> None:
        self._app = app
        self._keys = keys
        self._rates = rates
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._admitted(scope, Headers(scope=scope))
        except ProblemError as refusal:
            await refusal.response()(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope, headers: Headers) -> Caller:
        """Raises ProblemError."""
        host = headers.get("host", "")
        if self._loopback and not self._keys and _name(host) not in _LOOPBACK:
            raise ProblemError(421, "This server answers to localhost and 127.0.0.1 only.")
        if scope["method"] not in _READING:
            _refuse_foreign_pages(headers, host)
        address = (scope.get("client") or ("",))[0]
        caller = await self._caller(headers, address)
        await self._take(caller.name if caller is not NOBODY and self._keys else address)
        if caller is NOBODY and not _is_open(scope["path"]):
            raise ProblemError(
                401,
                "This needs a key: send it as `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return caller

    async def _caller(self, headers: Headers, address: str) -> Caller:
        if not self._keys:
            return LOCAL
        scheme, _, token = headers.get("authorization", "").partition(" ")
        secret = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        if not secret:
            return NOBODY
        caller = self._keys.caller(secret)
        if caller is None:
            await self._take(address, _PRICE_OF_A_GUESS)
            raise ProblemError(
                401, "This key is not known here.", headers={"WWW-Authenticate": "Bearer"}
            )
        return caller

    async def _take(self, who: str, price: float = 1.0) -> None:
        wait = await self._rates.take(who, price)
        if wait:
            raise ProblemError(
                429,
                f"Too many requests: try again in {wait} s.",
                headers={"Retry-After": str(wait)},
            )


def _is_open(path: str) -> bool:
    """What needs no key: the page itself, which asks for one, and what tells nothing."""
    return path == "/" or path.startswith(_OPEN)


def _refuse_foreign_pages(headers: Headers, host: str) -> None:
    """A page of another origin may not write, not even blindly. Programs send no Origin."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        raise ProblemError(403, "Pages of other origins may not send this request.")
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ProblemError(403, "Pages of other origins may not send this request.")


def _name(host: str) -> str:
    """The host without its port."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()
