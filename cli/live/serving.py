"""From what the user asked for to a server that runs: socket, link, certificate, and the end."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...detect.errors import UnavailableError
from ...detect.text import clean
from ..interrupts import first_interrupt
from .addresses import LOOPBACK, Reached, host_text, reached
from .analysis import Analyst
from .certificate import certificate_for
from .saving import Ended, SweepLog
from .server import LivePage, LiveServer
from .session import Session

#: Port that is tried first: the usual one for https of a user's own (IANA: 8443 is left to such).
PORT = 8443


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to serve.

    Parameters
    ----------
    folder
        Where the sweep is saved.
    host
        Address or name to listen on; all addresses if None.
    port
        None: :data:`PORT`, or any free one.
    local
        Plain http on this device alone, which browsers count as secure.
    """

    folder: Path
    host: str | None = None
    port: int | None = None
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that listens: its link, other links to the same page, and the certificate's fingerprint, if any."""

    url: str
    others: tuple[str, ...]
    fingerprint: str | None
    port: int
    reachable: bool


class Live:
    """One live sweep, from the listening to the result.

    Parameters
    ----------
    wanted
        What to serve.
    started_at
        When the sweep begins, with its time zone.

    Raises
    ------
    UnavailableError
        If it cannot listen there, or nothing can be saved.
    InputError
        If the folder holds a sweep already.
    """

    def __init__(self, wanted: Wanted, *, started_at: datetime) -> None:
        self._socket = _listen(wanted)
        try:
            port = self._socket.getsockname()[1]
            here = _reached(wanted)
            context: ssl.SSLContext | None = None
            fingerprint = None
            if not wanted.local:
                names = (*here.names, *([wanted.host] if wanted.host and not _is_address(wanted.host) else []))
                kept = certificate_for(here.addresses, names, now=started_at)
                context, fingerprint = kept.context(), kept.fingerprint
            scheme = "http" if wanted.local else "https"
            hosts = [*here.names, *(host_text(item) for item in here.addresses)]
            first = _first_host(wanted, here)
            origins = [f"{scheme}://{host}:{port}".lower() for host in dict.fromkeys([first, *hosts])]
            if port == (80 if wanted.local else 443):
                origins += [origin.rpartition(":")[0] for origin in origins]
            self._log = SweepLog(wanted.folder, started_at=started_at)
        except BaseException:
            self._socket.close()
            raise
        session = Session(origins=origins)
        self.analyst = Analyst(log=self._log, started_at=started_at)
        page = LivePage(session, self.analyst)
        self._started = threading.Event()
        self._server = LiveServer(page, session=session, context=context, ready=self._started.set)
        told = [item for item in here.addresses if not item.is_loopback and item.version == 4]
        others = [host_text(item) for item in told if host_text(item) != first and not wanted.host]
        others += [name for name in here.names if name.endswith(".local")] if not wanted.local else []
        self.serving = Serving(
            url=f"{scheme}://{first}:{port}/?t={session.token}",
            others=tuple(f"{scheme}://{host}:{port}/?t={session.token}" for host in others),
            fingerprint=fingerprint,
            port=port,
            reachable=wanted.local or bool(told) or wanted.host is not None,
        )
        self.refused = session.refused

    def run(self, *, ready: Callable[[], None] = lambda: None) -> Ended:
        """Serve until :meth:`stop` or Ctrl-C; return the result. `ready` is called when it listens."""
        with first_interrupt(self.stop), _terminated(self.stop):
            try:
                asyncio.run(self._serve(ready))
            finally:
                self._socket.close()
        try:
            return self.analyst.end().result()
        finally:
            self.analyst.stop()
            self._log.close()

    def stop(self) -> None:
        """End the serving in good order; may be called from anywhere."""
        self._server.should_exit = True

    async def _serve(self, ready: Callable[[], None]) -> None:
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not (self._started.is_set() or serving.done()):
            await asyncio.sleep(0.01)
        if not serving.done():
            ready()
        await serving


@contextmanager
def _terminated(stop: Callable[[], None]) -> Iterator[None]:
    """Let the system's wish that this program ends be Ctrl-C's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda _signal, _frame: stop())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _reached(wanted: Wanted) -> Reached:
    here = reached()
    if wanted.local:
        return Reached(addresses=LOOPBACK, names=("localhost",), best=LOOPBACK[0])
    return here


def _first_host(wanted: Wanted, here: Reached) -> str:
    """Return the host of the link."""
    if wanted.local:
        return "localhost"
    if wanted.host is None or (_is_address(wanted.host) and ipaddress.ip_address(wanted.host).is_unspecified):
        return host_text(here.best)
    return host_text(ipaddress.ip_address(wanted.host)) if _is_address(wanted.host) else wanted.host.lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _listen(wanted: Wanted) -> socket.socket:
    """Return a socket that listens, on the usual port or a free one."""
    host = "127.0.0.1" if wanted.local else wanted.host or "0.0.0.0"
    ports = [PORT, 0] if wanted.port is None else [wanted.port]
    reason: OSError | UnicodeError | None = None
    for port in ports:
        try:
            family, kind, number, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind, number)
        except (OSError, UnicodeError) as error:
            reason = error
            continue
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            return listener
        except (OSError, OverflowError) as error:
            listener.close()
            reason = error if isinstance(error, OSError) else OSError(0, "no such port")
    told = getattr(reason, "strerror", None) or reason
    where = f"{clean(host)}, port {wanted.port}" if wanted.port else clean(host)
    raise UnavailableError(
        f"The page cannot be served on {where}: {told}", "Name another --host or --port, or leave both out."
    )
