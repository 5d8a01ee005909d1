"""uvicorn with less patience for silent connections, and an end that is no failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """Closes a connection whose request has not come whole, up to its body, within some seconds.

    uvicorn itself ends silence between requests, but not before or within the head of one, so that
    a few hundred connections could keep all others out.

    Attributes:
        seconds: How long a head may take.
    """

    seconds = 10.0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if self._head_timer is None and self._is_idle():
            self._expect_head()
        super().data_received(data)
        if not self._is_idle():
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()


class QuietServer(Server):
    """Ends on a signal as on a wish: the process goes on, and may exit with 0.

    Args:
        ending: Called when the end begins: streams have to be ended by those who send them.
    """

    def __init__(self, config: Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._ending()
        self.force_exit = self.should_exit
        self.should_exit = True
