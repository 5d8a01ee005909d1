"""The cache in Redis: shared by all machines, lost or down at any time without harm to a run.

An entry is a hash of its value and its users, one key, so that Redis evicts both or none. A set for
each document lists its entries. The sets never expire and entries do, so a `volatile-*` policy
evicts entries only; where any key may be evicted (`allkeys-*`), a removal looks through all entries
instead of trusting a set. Nothing outlives `ENTRY_SECONDS` after its last use.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from resources.failure import FailureKind, SparknetError
from resources.sqlite import in_chunks

log = logging.getLogger(__name__)
T = TypeVar("T")

ENTRY_SECONDS = 90 * 86400
_CONNECT_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
# While it is down, one call in so long asks it again; the others do without.
_SILENT_SECONDS = 30.0
_AT_ONCE = 500
_MOST_BYTES = 8 * 2**20
_SCANNED = 1000
_VALUE = b"v"
_USER = b"u:"
_FORGET = """
redis.call('SREM', KEYS[2], KEYS[1])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 2) == 'u:' then return 0 end
end
local had = redis.call('HEXISTS', KEYS[1], 'v')
redis.call('DEL', KEYS[1])
return had
"""

# By Redis' own clock: those of the machines that ask may differ.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local tokens, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[1], 'left', 'seen')
local left, seen = tonumber(state[1] or burst), tonumber(state[2] or now)
left = math.min(burst, left + math.max(0, now - seen) * rate)
if left < tokens then return string.format('%.9f', (tokens - left) / rate) end
local kept = {string.format('%.9f', left - tokens), string.format('%.6f', now)}
redis.call('HSET', KEYS[1], 'left', kept[1], 'seen', kept[2])
redis.call('PEXPIRE', KEYS[1], math.ceil(1000 * (burst - left + tokens) / rate) + 1000)
return '0'
"""


class RedisCache:
    """Cache in Redis or ElastiCache, cluster mode off.

    A Redis that does not answer makes reads miss and writes pass without effect, with a warning,
    and is left alone for half a minute. Only what has to do with forgetting raises.

    Args:
        url: `redis://` or, for TLS, `rediss://`; may carry user and password.
        namespace: Begins all keys, for several deployments on one server.
    """

    def __init__(self, url: str, namespace: str) -> None:
        self._url = url
        self._namespace = namespace
        self._prefix = f"{{{namespace}}}:".encode()
        self._made: Any = None
        self._silent_until = 0.0
        self._warned = False
        # Entries whose users could not be noted: nobody could ever forget them.
        self._unnoted: set[bytes] = set()

    def __reduce__(self) -> tuple[Callable[..., RedisCache], tuple[str, str]]:
        return RedisCache, (self._url, self._namespace)

    def get_many(self, namespace: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The entries that are there; none while Redis does not answer."""
        wanted = list(dict.fromkeys(keys))

        def read() -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            for some in in_chunks(wanted, _AT_ONCE):
                pipe = self._redis.pipeline(transaction=False)
                for key in some:
                    pipe.hget(self._entry(namespace, key), _VALUE)
                values = zip(some, pipe.execute(), strict=True)
                found |= {key: value for key, value in values if value is not None}
            return found

        return self._guarded(read, {})

    def put_many(self, namespace: str, entries: Mapping[str, bytes]) -> None:
        """Stores entries, replacing what was there."""

        def write() -> None:
            for some in _by_size(entries):
                pipe = self._redis.pipeline(transaction=True)
                for key, value in some:
                    entry = self._entry(namespace, key)
                    if entry not in self._unnoted:
                        pipe.hset(entry, _VALUE, value)
                        pipe.expire(entry, ENTRY_SECONDS)
                pipe.execute()

        self._guarded(write, None)

    def delete_many(self, namespace: str, keys: Iterable[str]) -> int:
        """Removes entries; returns how many there were."""
        doomed = [self._entry(namespace, key) for key in dict.fromkeys(keys)]

        def delete() -> int:
            count = 0
            for some in in_chunks(doomed, _AT_ONCE):
                pipe = self._redis.pipeline(transaction=False)
                for entry in some:
                    pipe.hdel(entry, _VALUE)
                count += sum(pipe.execute())
            return count

        return self._guarded(delete, 0)

    def take(self, bucket: str, tokens: float, per_second: float, burst: float) -> float | None:
        """Takes tokens from a bucket that all machines share; None while Redis does not answer."""

        def take() -> float | None:
            script = self._redis.register_script(_TAKE)
            key = self._prefix + f"b:{bucket}".encode()
            return float(script(keys=[key], args=[tokens, per_second, burst]))

        return self._guarded(take, None)

    def use(self, namespace: str, users: Mapping[str, Collection[str]]) -> None:
        """Notes which documents use which entries."""
        pairs = [(self._entry(namespace, k), user) for user, keys in users.items() for k in keys]

        def note() -> bool:
            for some in in_chunks(pairs, _AT_ONCE):
                pipe = self._redis.pipeline(transaction=True)
                for entry, user in some:
                    pipe.hset(entry, _USER + user.encode(), b"")
                    pipe.expire(entry, ENTRY_SECONDS)
                    pipe.sadd(self._user(user), entry)
                pipe.execute()
            return True

        entries = {entry for entry, _ in pairs}
        noted = self._guarded(note, False)
        self._unnoted = self._unnoted - entries if noted else self._unnoted | entries

    def forget(self, user: str) -> int:
        """Removes the entries that only this document used; returns how many there were.

        Raises:
            SparknetError: Redis does not answer, or refuses.
        """

        def forget() -> int:
            count = 0
            script = self._redis.register_script(_FORGET)
            for entry in self._entries_of(user):
                keys = [entry, self._user(user)]
                count += int(script(keys=keys, args=[_USER + user.encode()]))
            self._redis.delete(self._user(user))
            return count

        return self._certain(forget)

    def used(self, user: str) -> int:
        """Number of entries that are noted as used by this document.

        Raises:
            SparknetError: Redis does not answer, or refuses.
        """
        return self._certain(lambda: len(self._entries_of(user)))

    def scrub(self) -> bool:
        """True: memory holds nothing that was removed. A snapshot of before still does."""
        return True

    def _entries_of(self, user: str) -> set[bytes]:
        listed: set[bytes] = set(self._redis.smembers(self._user(user)))
        return listed | self._found_by_looking(user) if self._may_evict_any() else listed

    def _may_evict_any(self) -> bool:
        return str(self._redis.info("memory").get("maxmemory_policy", "")).startswith("allkeys")

    def _found_by_looking(self, user: str) -> set[bytes]:
        found: set[bytes] = set()
        pattern = _literally(self._prefix) + b"e:*"
        entries = self._redis.scan_iter(match=pattern, count=_SCANNED)
        for some in in_chunks(entries, _SCANNED):
            pipe = self._redis.pipeline(transaction=False)
            for entry in some:
                pipe.hexists(entry, _USER + user.encode())
            found |= {entry for entry, is_user in zip(some, pipe.execute(), strict=True) if is_user}
        return found

    def _entry(self, namespace: str, key: str) -> bytes:
        return self._prefix + f"e:{namespace}\0{key}".encode()

    def _user(self, user: str) -> bytes:
        return self._prefix + f"u:{user}".encode()

    @property
    def _redis(self) -> Any:
        if self._made is None:
            self._made = _client(self._url)
        return self._made

    def _guarded(self, action: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._silent_until:
            return otherwise
        import redis

        try:
            return action()
        except redis.RedisError as error:
            if isinstance(error, redis.ConnectionError | redis.TimeoutError):
                self._silent_until = time.monotonic() + _SILENT_SECONDS
            if not self._warned:
                self._warned = True
                log.warning("The cache in Redis is not used for now: %s", _reason(error))
            return otherwise

    def _certain(self, action: Callable[[], T]) -> T:
        import redis

        try:
            return action()
        except redis.RedisError as error:
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"The cache in Redis can't be asked what it holds ({_reason(error)}): try again"
                " when it answers.",
            ) from None


def _client(url: str) -> Any:
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise SparknetError(
            FailureKind.UNAVAILABLE,
            "The cache in Redis needs the package redis: pip install 'sparknet-assets[aws]'.",
            retryable=False,
        ) from None
    try:
        return redis.Redis.from_url(
            url,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            # Once, at once: a connection that lay idle may have been closed by the server.
            retry=Retry(NoBackoff(), 1),
            health_check_interval=0,
        )
    except ValueError:
        raise SparknetError(
            FailureKind.REFUSED, "SPARKNET_REDIS_URL is no URL of Redis: redis://host:port/0."
        ) from None


def _reason(error: Exception) -> str:
    """Never quotes the URL, which may carry a password."""
    name = type(error).__name__
    return {
        "AuthenticationError": "it refuses the user or password in SPARKNET_REDIS_URL",
        "OutOfMemoryError": "its memory is full, and its policy evicts nothing",
    }.get(name, name)


def _by_size(entries: Mapping[str, bytes]) -> Iterator[list[tuple[str, bytes]]]:
    some: list[tuple[str, bytes]] = []
    size = 0
    for key, value in entries.items():
        if some and (len(some) >= _AT_ONCE or size + len(value) > _MOST_BYTES):
            yield some
            some, size = [], 0
        some.append((key, value))
        size += len(value)
    if some:
        yield some


def _literally(name: bytes) -> bytes:
    return b"".join(b"\\" + bytes([c]) if c in b"*?[]\\^-" else bytes([c]) for c in name)
