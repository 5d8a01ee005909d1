"""The app on a socket."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError
from sparknet_assets.api.app import create_app

if TYPE_CHECKING:
    from resources.deployment import Deployment

logger = logging.getLogger(__name__)

_SHUTDOWN_SECONDS = 5
_CONNECTIONS = 200


def run(
    deployment: Deployment,
    host: str,
    port: int,
    *,
    processing: bool,
    prefix: str = "",
    started: Callable[[str], None],
) -> None:
    """Serves until it is interrupted.

    Args:
        host: An IPv6 address may stand in brackets.
        port: 0 takes a free one.
        prefix: Path under which a proxy shows it.
        started: Called with the URL once connections are accepted.

    Raises:
        SparknetError: The address can't be listened on, or others could reach it without a key.
    """
    import uvicorn

    from sparknet_assets.api.serving import PatientProtocol, QuietServer

    host = host.removeprefix("[").removesuffix("]")
    loopback = is_loopback(host)
    if not loopback and not deployment.settings.api_keys:
        raise SparknetError(
            FailureKind.REFUSED,
            f"{host} can be reached by others, and there are no keys: `sparknet serve --new-key` "
            "makes one for SPARKNET_API_KEYS.",
        )
    app = create_app(deployment, loopback=loopback, processing=processing, prefix=prefix)
    with _listening(host, port) as listener:
        config = uvicorn.Config(
            app,
            http=PatientProtocol,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            ws="none",
        )
        shown = f"[{host}]" if ":" in host else host
        started(f"http://{shown}:{listener.getsockname()[1]}/")
        # No daemon: a process that ended while it loads a model would be aborted, not exit with 0.
        threading.Thread(target=_warm_up, args=(deployment,)).start()
        api = app.state.api
        QuietServer(config, ending=lambda: setattr(api, "closing", True)).run(sockets=[listener])


def _warm_up(deployment: Deployment) -> None:
    """Loads the model and the index, so that the first question need not wait for them."""
    if deployment.settings.embedder != "minilm":  # a service takes as long as ever, and may cost
        return
    from sparknet_assets.retrieval import search

    try:
        search(deployment, "warm up", top_k=1)
    except Exception:
        logger.info("the index could not be opened ahead of the first question", exc_info=True)


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise SparknetError(
            FailureKind.UNAVAILABLE,
            f"{host}:{port} can't be listened on ({reason}); choose another with --port.",
        ) from None
    return listener
