"""Keeps the number of connections small, whoever opens them.

Built on uvicorn's own protocol: a connection too many is closed before anything is read from it, and one that says
nothing is closed after a while, so that the phone's own is never the one that finds no room.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

#: Connections at once, and of one address: a browser opens six to one server, and one for the websocket.
CONNECTIONS_MAX, OF_ONE_MAX = 64, 16

#: Seconds in which a connection must have asked for something.
SILENT_S = 10.0


def limited_protocol(refused: Callable[[str, str], None]) -> type[H11Protocol]:
    """Return uvicorn's HTTP protocol with these limits; `refused` is told of every connection that was closed."""

    class LimitedProtocol(H11Protocol):
        _silent: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            host = self.client[0] if self.client else "?"
            own = sum(1 for item in self.connections if (getattr(item, "client", None) or ("?",))[0] == host)
            if len(self.connections) > CONNECTIONS_MAX or own > OF_ONE_MAX:
                refused(host, "a connection too many")
                transport.abort()
                return
            self._silent = asyncio.get_running_loop().call_later(SILENT_S, self._close_silent)

        def _close_silent(self) -> None:
            # One that became a websocket has another protocol by now.
            if self.cycle is None and not self.transport.is_closing() and self.transport.get_protocol() is self:
                refused(self.client[0] if self.client else "?", "a connection that asked for nothing")
                self.transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._silent is not None:
                self._silent.cancel()
            super().connection_lost(exc)

    return LimitedProtocol


class SteadySocket(WebSocketsSansIOProtocol):
    """uvicorn's websocket; one that is closing already does not break the server's own ending."""

    def shutdown(self) -> None:
        try:
            super().shutdown()
        except InvalidState:
            self.transport.close()


def raise_file_limit() -> None:
    """Let this process open as many files as it may: connections that are only just being refused count too."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 8192 if hard == resource.RLIM_INFINITY else min(hard, 8192)
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def quiet_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Log what strangers' connections break in one line, without a traceback."""
    log = logging.getLogger("roomsweep.live")

    def handler(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.warning("a connection broke: %s", type(error).__name__ if error else context.get("message", ""))

    loop.set_exception_handler(handler)
