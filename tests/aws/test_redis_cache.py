"""The cache in a real Redis: TLS, passwords, memory that is full, a server that dies."""

from __future__ import annotations

import logging
import subprocess
import time
from pathlib import Path

import pytest

from resources.cache.redis import RedisCache
from resources.failure import SparknetError
from tests.doubles.redis_server import redis_server

PASSWORD = "hunter2-of-the-tests"


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command = ["openssl", *made.split(), "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here to make a certificate: apt-get install openssl")
    return key, certificate


def test_tls_and_a_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    key, certificate = _certificate(tmp_path)
    options = ["--requirepass", PASSWORD, "--tls-auth-clients", "no"]
    options += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    with redis_server(tmp_path, *options, tls=True) as (port, _):
        trusted = f"127.0.0.1:{port}/0?ssl_ca_certs={certificate}"
        cache = RedisCache(f"rediss://:{PASSWORD}@{trusted}", "n")
        cache.use("n", {"doc": ["a"]})
        cache.put_many("n", {"a": b"1"})
        assert cache.get_many("n", ["a"]) == {"a": b"1"}
        assert cache.forget("doc") == 1

        for url in (
            f"rediss://:wrong-{PASSWORD}@{trusted}",
            f"rediss://:{PASSWORD}@127.0.0.1:{port}",
        ):
            refused = RedisCache(url, "n")
            refused.put_many("n", {"b": b"2"})
            assert refused.get_many("n", ["b"]) == {}
            with pytest.raises(SparknetError) as error:
                refused.forget("doc")
            assert PASSWORD not in f"{error.value!r}{error.value}{refused!r}"
    assert PASSWORD not in caplog.text


def test_a_server_that_dies_in_a_run_costs_the_run_little(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path) as (port, process):
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", "n")
        cache.use("n", {"doc": ["a"]})
        cache.put_many("n", {"a": b"1"})
        process.kill()
        process.wait()
        began = time.monotonic()
        for number in range(1000):
            assert cache.get_many("n", ["a"]) == {}
            cache.use("n", {"doc": [str(number)]})
            cache.put_many("n", {str(number): b"2"})
        assert time.monotonic() - began < 5
        for ask in (cache.forget, cache.used):
            with pytest.raises(SparknetError, match="can't be asked"):
                ask("doc")
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1


def test_what_could_not_be_noted_is_not_put_once_the_server_is_back(tmp_path: Path) -> None:
    with redis_server(tmp_path) as (port, _):
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", "n")
        cache._silent_until = time.monotonic() + 60
        cache.use("n", {"doc": ["a"]})
        cache._silent_until = 0.0
        cache.put_many("n", {"a": b"secret"})
        assert cache.get_many("n", ["a"]) == {}
        cache.use("n", {"doc": ["a"]})
        cache.put_many("n", {"a": b"secret"})
        assert cache.forget("doc") == 1


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru"])
def test_eviction_hides_no_entry_from_its_removal(tmp_path: Path, policy: str) -> None:
    options = ["--maxmemory", "8mb", "--maxmemory-policy", policy]
    with redis_server(tmp_path, *options) as (port, _):
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", "n")
        documents = [f"doc{number}" for number in range(200)]
        for doc_id in documents:
            keys = [f"{doc_id}-{number}" for number in range(10)]
            cache.use("n", {doc_id: keys})
            cache.put_many("n", dict.fromkeys(keys, doc_id.encode() * 1000))
        assert cache._redis.info("stats")["evicted_keys"] > 100
        if policy == "allkeys-lru":  # whatever was evicted, the sets shall be among it
            for doc_id in documents[::2]:
                cache._redis.delete(cache._user(doc_id))
        left = sum(bool(cache._redis.hlen(k)) for k in cache._redis.scan_iter(match="*e:n*"))
        assert left > 100
        forgotten = sum(cache.forget(doc_id) for doc_id in documents)
        assert forgotten > 100
        assert list(cache._redis.scan_iter()) == []
        assert {cache.used(doc_id) for doc_id in documents} == {0}


def test_a_full_memory_that_evicts_nothing_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"]
    with redis_server(tmp_path, *options) as (port, _):
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", "n")
        for number in range(20):
            cache.put_many("n", {str(number): b"x" * 500_000})
        assert "memory is full" in caplog.text
        assert cache.get_many("n", ["0"]) == {"0": b"x" * 500_000}


def test_everything_expires(tmp_path: Path) -> None:
    with redis_server(tmp_path) as (port, _):
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", "n*")
        cache.use("n", {"doc": ["a"]})
        cache.put_many("n", {"b": b"1"})
        entries = [k for k in cache._redis.scan_iter() if b":e:" in k]
        assert len(entries) == 2
        assert all(0 < cache._redis.ttl(k) <= 90 * 86400 for k in entries)
        assert cache._found_by_looking("doc") == {cache._entry("n", "a")}
