"""A PostgreSQL of one's own on a free port of loopback, with TLS as on RDS.

`postgres` refuses to run as root; then it runs as the user `postgres`, whom Debian's package makes,
or as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.ports import own_port

START_SECONDS = 90
USER = "dagster"
PASSWORD = "a/password@of:the tests"  # with all that has to be quoted in a URL
_CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 64MB
autovacuum = off
ssl = on
"""


@dataclass(frozen=True)
class PostgresServer:
    """A running server.

    Attributes:
        data: The folder of its files.
    """

    port: int
    data: Path

    def create_database(self, template: Database | None = None) -> Database:
        """A database: empty, or a copy of another, whose sessions are ended for it."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        if template is None:
            self.execute(f"CREATE DATABASE {name}")
        else:
            ended = (
                f"pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='{template.name}'"
            )
            self.execute(f"SELECT {ended}")
            self.execute(f"CREATE DATABASE {name} TEMPLATE {template.name}")
        return Database(self, name)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Runs a statement as the superuser, outside of any transaction."""
        import psycopg2

        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


@dataclass(frozen=True)
class Database:
    """A database on a server; `environment` is what infra/dagster/dagster.yaml reads."""

    server: PostgresServer
    name: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DAGSTER_PG_HOST": "127.0.0.1",
            "DAGSTER_PG_PORT": str(self.server.port),
            "DAGSTER_PG_USER": USER,
            "DAGSTER_PG_PASSWORD": PASSWORD,
            "DAGSTER_PG_DB": self.name,
        }

    def url(self, scheme: str = "postgresql+psycopg2", user: str = USER) -> str:
        from urllib.parse import quote

        password = quote(PASSWORD, safe="")
        return f"{scheme}://{user}:{password}@127.0.0.1:{self.server.port}/{self.name}"

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        return self.server.execute(statement, self.name)


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`: Debian's newest, or that in the PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    anywhere = str(found) if found else shutil.which("initdb")
    return Path(anywhere).parent if anywhere else None


def reason_to_skip() -> str:
    """Why there can't be a server here; empty when there can."""
    if programs() is None:
        return "no PostgreSQL here: apt-get install postgresql"
    if not shutil.which("openssl"):
        return "no openssl here, for the server's certificate: apt-get install openssl"
    return ""


@contextmanager
def postgres_server(*settings: str) -> Iterator[PostgresServer]:
    """Starts a server in a temporary folder and stops it at the end.

    Args:
        settings: More lines of its configuration.
    """
    binaries = programs()
    assert binaries is not None
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="sparknet-postgres-") as folder:
        data, password = Path(folder, "data"), Path(folder, "password")
        password.write_text(PASSWORD)
        _certify(Path(folder))
        _give(Path(folder), user)
        initdb = [binaries / "initdb", "-D", data, "-U", USER, f"--pwfile={password}"]
        options = ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([*initdb, *options], user=user, check=True, stdout=subprocess.DEVNULL)
        port = own_port()
        files = f"ssl_cert_file = '{folder}/cert.pem'\nssl_key_file = '{folder}/key.pem'\n"
        lines = "\n".join([_CONFIG, files, f"port = {port}", *settings])
        with (data / "postgresql.conf").open("a") as config:
            config.write(lines)
        log = Path(folder, "log").open("w")  # noqa: SIM115
        with (
            log,
            subprocess.Popen([binaries / "postgres", "-D", data], user=user, stderr=log) as process,
        ):
            server = PostgresServer(port, data)
            try:
                _wait(server, process, Path(folder, "log"))
                yield server
            finally:
                process.send_signal(signal.SIGINT)  # fast shutdown: ends the sessions


def _wait(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg2

    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg2.OperationalError):
            server.execute("SELECT 1")
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-500:]}")


def _unprivileged() -> int | None:
    """Whom the server runs as; None when that is the user of the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise RuntimeError("no unprivileged user to run PostgreSQL as")


def _certify(folder: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *files], check=True, stderr=subprocess.DEVNULL)
    (folder / "key.pem").chmod(0o600)


def _give(folder: Path, user: int | None) -> None:
    if user is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, -1)
