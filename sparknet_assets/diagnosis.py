"""Whether the settings, the adapters and the machine can do the work, and what to do if not."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import SecretStr

from resources.deployment import Deployment, ModelGoneError
from resources.settings import Settings, unknown_variables
from sparknet_assets.generations.holdings import another_answers

Level = Literal["ok", "warn", "fail"]
GIB = 2**30
_LITTLE_SPACE = 2 * GIB
_NO_SPACE = GIB // 4
# Databases in WAL mode need memory shared by their users: not to be had over a network.
_NETWORK_FILESYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs"}
# Checks of what can't work without a home.
_IN_HOME = {"catalog", "cache", "embedder", "vector store", "dagster"}
_PACKAGES = (
    "sparknet-assets", "dagster", "pymupdf", "rapidocr", "onnxruntime", "chromadb", "kreuzberg",
)  # fmt: skip


_CLOUD = "docs/aws/README.md lists what each service needs"
_REMEDIES = {
    "sqlite": "restore state/catalog.db from a backup, or move it away",
    "sqlite cache": "delete state/cache.db: it only saves time",
    "redis cache": "see SPARKNET_REDIS_URL: without it work is repeated",
    "paddle": "make setup",
    "tesseract": "install its package and languages",
    "minilm": "make setup, or set SPARKNET_MINILM_PATH",
    "ollama": "start Ollama, or see SPARKNET_OLLAMA_HOST",
    **dict.fromkeys(("dynamodb", "textract", "titan", "bedrock"), _CLOUD),
}


class Check(NamedTuple):
    """One line of the diagnosis."""

    name: str
    level: Level
    detail: str
    remedy: str = ""


def diagnose(deployment: Deployment) -> Iterator[Check]:
    """All checks, each run although another failed. Loads the models: takes some seconds."""
    checks: list[tuple[str, Callable[[Deployment], Check], str]] = [
        ("settings", check_settings, ""),
        ("home", check_home, "choose a folder that you may write to: SPARKNET_HOME"),
        ("disk", check_disk, "free some space, or move SPARKNET_HOME"),
        ("storage", check_storage, ""),
        ("catalog", check_catalog, _remedy(deployment.settings.catalog)),
        ("cache", check_cache, _remedy(f"{deployment.settings.cache} cache")),
        ("ocr", check_ocr, _remedy(deployment.settings.ocr)),
        ("embedder", check_embedder, _remedy(deployment.settings.embedder)),
        ("vector store", check_vector_store, "sparknet verify tells what is missing"),
        ("dagster", check_dagster, "make setup; see docs/operations.md"),
        ("machine", check_machine, "set SPARKNET_WORKERS and SPARKNET_WORKER_MEMORY_MB lower"),
    ]
    if deployment.settings.llm != "none":
        checks.append(("language model", check_llm, _remedy(deployment.settings.llm)))
    failed: dict[str, str] = {}
    for name, check, remedy in checks:
        try:
            result = check(deployment)
        except Exception as error:  # a diagnosis reports whatever is wrong
            result = Check(name, "fail", _reason(error), remedy)
        if result.level != "ok" and name in _IN_HOME and "home" in failed.values():
            result = result._replace(remedy="see home")
        elif result.level == "fail" and result.detail in failed:
            result = result._replace(remedy=f"see {failed[result.detail]}")
        if result.level == "fail":
            failed.setdefault(result.detail, name)
        yield result


def settings_in_force(settings: Settings) -> list[tuple[str, Any, bool]]:
    """(name, value, is the default) of each setting; secrets as asterisks."""
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        default = value == field.get_default(call_default_factory=True)
        rows.append((name, _shown(value), default))
    return rows


def versions() -> dict[str, str]:
    """Versions of what shapes the results."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def check_settings(deployment: Deployment) -> Check:
    """No variable looks like a setting and is none. Wrong values end the command before this."""
    wrong = unknown_variables()
    if not wrong:
        changed = [
            name for name, _, default in settings_in_force(deployment.settings) if not default
        ]
        return Check("settings", "ok", f"{len(changed)} other than the defaults")
    meant = [f"{name} (did you mean {near}?)" if near else name for name, near in wrong.items()]
    detail = f"{', '.join(meant)}: no such setting"
    return Check("settings", "warn", detail, "correct or unset it; see docs/operations.md")


def check_home(deployment: Deployment) -> Check:
    """The home can be written to."""
    home = deployment.home
    folder = _existing(home)
    with tempfile.TemporaryFile(dir=folder):
        pass
    new = "" if home.exists() else ", to be made by the first command"
    return Check("home", "ok", f"{home}{new}")


def check_disk(deployment: Deployment) -> Check:
    """There is space, on a disk that SQLite can use."""
    import psutil

    folder = _existing(deployment.home)
    free = shutil.disk_usage(folder).free
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    kind = next((mounts[p] for p in (folder, *folder.parents) if p in mounts), "")
    detail = f"{free / GIB:.1f} GiB free" + (f" ({kind})" if kind else "")
    if kind in _NETWORK_FILESYSTEMS:
        return Check("disk", "fail", detail, "put SPARKNET_HOME on a local disk")
    if free < _LITTLE_SPACE:
        level: Level = "fail" if free < _NO_SPACE else "warn"
        return Check("disk", level, detail, "free some space: a scanned page takes about 1 MB")
    return Check("disk", "ok", detail)


def check_storage(deployment: Deployment) -> Check:
    """Originals can be listed."""
    found = any(True for _ in deployment.storage.list("raw/", limit=1))
    said = "raw/ can be listed" if found else "raw/ is empty"
    return Check("storage", "ok", f"{deployment.location()}: {said}")


def check_catalog(deployment: Deployment) -> Check:
    """The catalog opens."""
    totals = deployment.catalog.totals()
    known = ", ".join(f"{count:,} {status}" for status, count in sorted(totals.items()))
    return Check("catalog", "ok", f"{deployment.settings.catalog}: {known or 'no documents yet'}")


def check_cache(deployment: Deployment) -> Check:
    """The cache gives back what it was given."""
    deployment.cache.put_many("doctor", {"probe": b"x"})
    found = deployment.cache.get_many("doctor", ["probe"])
    deployment.cache.delete_many("doctor", ["probe"])
    if found.get("probe") != b"x":
        remedy = _remedy(f"{deployment.settings.cache} cache")
        return Check("cache", "warn", "does not keep entries; work is repeated", remedy)
    return Check("cache", "ok", deployment.settings.cache)


def check_ocr(deployment: Deployment) -> Check:
    """The OCR engine loads and reads an image."""
    import numpy as np

    image = np.full((64, 256, 3), 255, dtype=np.uint8)
    image[20:44, 20:236:9] = 0  # strokes: engines may pass over an empty page unread
    deployment.ocr.recognize(image)
    return Check("ocr", "ok", deployment.ocr.identity)


def check_embedder(deployment: Deployment) -> Check:
    """The embedder finds its model."""
    vectors = deployment.embedder.embed(["a passage of text"])
    expected = deployment.embedder.dimension
    if vectors.shape != (1, expected):
        return Check(
            "embedder", "fail", f"gives vectors of {vectors.shape[-1]}, not {expected}, numbers"
        )
    return Check("embedder", "ok", f"{deployment.embedder.identity}, {expected} dimensions")


def check_llm(deployment: Deployment) -> Check:
    """The language model answers; it is asked for a word."""
    from resources.llm import Message, StopReason

    assert deployment.llm is not None
    answer = deployment.llm.complete([Message("user", "Say yes.")], max_tokens=16)
    if answer.stop in (StopReason.REFUSED, StopReason.OTHER):
        return Check("language model", "warn", f"{deployment.llm.identity} refuses to say yes")
    return Check("language model", "ok", deployment.llm.identity)


def check_vector_store(deployment: Deployment) -> Check:
    """The index that answers opens, its model is there, both its sides have as many chunks."""
    live = deployment.answering
    store = deployment.store_of(live)
    vectors, rows = store.count()
    detail = f"{store.generation}: {vectors:,} vectors, {rows:,} keyword rows"
    if vectors != rows:
        return Check("vector store", "warn", detail, "sparknet verify, then sparknet materialize")
    try:
        deployment.embedder_of(live)
    except ModelGoneError as error:
        return Check("vector store", "warn", str(error), "searches go by words until then")
    another = another_answers(deployment, live)
    remedy = "the settings name another: sparknet generations" if another else ""
    return Check("vector store", "ok", detail, remedy)


def check_dagster(deployment: Deployment) -> Check:
    """Dagster's instance opens."""
    from sparknet_assets.instance import dagster_home, open_instance

    with open_instance(deployment.settings) as instance:
        runs = instance.get_runs_count()
    return Check(
        "dagster",
        "ok",
        f"{dagster_home(deployment.settings)}: {runs:,} run{'' if runs == 1 else 's'}",
    )


def check_machine(deployment: Deployment) -> Check:
    """Workers fit the cores and the memory."""
    import psutil

    settings = deployment.settings
    memory = psutil.virtual_memory()
    cores = os.cpu_count() or 1
    detail = (
        f"{cores} cores, {memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free; "
        f"workers: {settings.workers}, each of at most {settings.worker_memory_mb} MiB"
    )
    if settings.workers * settings.worker_memory_mb * 2**20 > memory.total:
        remedy = "set SPARKNET_WORKERS or SPARKNET_WORKER_MEMORY_MB lower"
        return Check("machine", "warn", detail, remedy)
    if settings.workers > cores:
        return Check("machine", "warn", detail, "more workers than cores make it slower")
    return Check("machine", "ok", detail)


def _remedy(adapter: str) -> str:
    return _REMEDIES.get(adapter, "")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror.lower()}"
    return str(error) or type(error).__name__


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "***"
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return value if isinstance(value, bool | int | float | None) else str(value)
