"""Ceph's Object Gateway, a second server with the interface of S3, as processes on loopback.

A monitor, an object store in memory and the gateway, in a temporary folder, as the user who runs
the tests. It needs Debian's packages radosgw, ceph-mon, ceph-osd and ceph-common. By hand:
`python -m tests.doubles.rgw` prints the environment of a client, and serves until it is stopped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.ports import own_port

SWITCH = "SPARKNET_TEST_RGW"
KMS_KEY = "key1"
PROGRAMS = ("radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool")
START_SECONDS = 120
_CREDENTIALS = ("AKIARGW", "secret-of-the-tests")
_CONFIG = """\
[global]
fsid = {fsid}
mon initial members = a
mon host = v1:127.0.0.1:{mon_port}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd heartbeat addr = 127.0.0.1
ms bind msgr2 = false
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
mon allow pool size one = true
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
[mon.a]
mon data = {folder}/mon
[osd.0]
osd data = {folder}/osd
[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw override bucket index max shards = 1
rgw enable usage log = false
rgw gc max objs = 4
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = key1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
"""


@dataclass(frozen=True)
class RGW:
    """A running gateway; `environment` is what a client of it needs."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        key, secret = _CREDENTIALS
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def reason_to_skip() -> str:
    """Why tests against the gateway can't run, and what to do about it; empty when they can."""
    if missing := [program for program in PROGRAMS if not shutil.which(program)]:
        named = ", ".join(missing)
        return f"no {named}: apt-get install radosgw ceph-mon ceph-osd, then set {SWITCH}=1"
    return "" if os.environ.get(SWITCH) else f"set {SWITCH}=1 to test against Ceph's gateway"


@contextmanager
def rgw_server() -> Iterator[RGW]:
    """Starts a gateway on free ports and stops all of its processes at the end."""
    with ExitStack() as stack:
        # Below /tmp: the path of a socket is short.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rgw-", dir="/tmp")))
        mon_port, port = own_port(), own_port()
        fsid = str(uuid.uuid4())
        config = folder / "ceph.conf"
        config.write_text(_CONFIG.format(fsid=fsid, mon_port=mon_port, port=port, folder=folder))
        for name in ("mon", "osd", "rgw"):
            (folder / name).mkdir()
        _start_cluster(stack, folder, fsid, mon_port)
        _serve(stack, folder, "radosgw", "-n", "client.rgw")
        server = RGW(f"http://127.0.0.1:{port}")
        _wait(server, folder)
        key, secret = _CREDENTIALS
        user = ("--uid=tests", "--display-name=tests", f"--access-key={key}", f"--secret={secret}")
        _run(folder, "radosgw-admin", "user", "create", *user)
        yield server


def _start_cluster(stack: ExitStack, folder: Path, fsid: str, mon_port: int) -> None:
    keyring, monmap = folder / "mon.keyring", folder / "monmap"
    tool = ("ceph-authtool", str(keyring), "--gen-key", "--cap", "mon", "allow *")
    _run(folder, *tool, "--create-keyring", "-n", "mon.")
    _run(folder, *tool, "-n", "client.admin", "--cap", "osd", "allow *", "--cap", "mgr", "allow *")
    address = f"[v1:127.0.0.1:{mon_port}]"
    _run(folder, "monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, str(monmap))
    made_from = ("--monmap", str(monmap), "--keyring", str(keyring))
    _run(folder, "ceph-mon", "--mkfs", "-i", "a", *made_from)
    _serve(stack, folder, "ceph-mon", "-i", "a")
    osd = str(uuid.uuid4())
    _run_when_ready(folder, "ceph", "osd", "new", osd)
    _run(folder, "ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
    _serve(stack, folder, "ceph-osd", "-i", "0")
    with suppress(subprocess.CalledProcessError):  # it may have placed itself already
        _run(folder, "ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=local")


def _run(folder: Path, program: str, *arguments: str) -> None:
    own = program in {"ceph-authtool", "monmaptool"}
    command = [program, *arguments, *(() if own else ("-c", str(folder / "ceph.conf")))]
    subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS, cwd=folder)


def _run_when_ready(folder: Path, program: str, *arguments: str) -> None:
    """Tries until the monitor that was just started has formed its quorum."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return _run(folder, program, *arguments)
        except subprocess.CalledProcessError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{program}: {error.stderr[-500:]!r}") from error
            time.sleep(0.5)


def _serve(stack: ExitStack, folder: Path, program: str, *arguments: str) -> None:
    log = stack.enter_context((folder / f"{program}.out").open("wb"))
    command = [program, "-c", str(folder / "ceph.conf"), *arguments, "-f"]
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    stack.callback(process.wait)
    stack.callback(process.kill)


def _wait(server: RGW, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(server.url, timeout=5):
            return
        time.sleep(0.2)
    said = (folder / "radosgw.out").read_text(errors="replace")[-500:]
    raise RuntimeError(f"Ceph's gateway did not answer within {START_SECONDS} s: {said}")


def main() -> None:
    """Serves until it is stopped."""
    with rgw_server() as server:
        for name, value in server.environment.items():
            print(f"export {name}={value}", flush=True)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
