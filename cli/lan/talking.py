"""One short TCP conversation with a host that may be broken or hostile: few bytes, few reads, two clocks.

Whatever the other side does (silence, a drip, an endless answer), a conversation ends by its deadline and takes no
more than :data:`BYTES_MAX` bytes and :data:`READS_MAX` reads. It is ended by a reset, which leaves nothing behind
on either side.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .pace import Allowance, Pace, acknowledgements

#: Longest wait for a connection, seconds. The first retry of a SYN comes after 1 s (RFC 6298, 2.1): none is sent.
#: Sleeping Wi-Fi stations answer within some beacon intervals of 0.1 s.
CONNECT_S = 0.9

#: Longest silence within a conversation, and longest conversation, seconds. Reasoned: a camera's web page begins
#: within half a second; drips and stalls are not waited for.
READ_S, TALK_S = 1.5, 3.0

#: Most bytes and most reads of one conversation. Reasoned: status line, headers and the head of a page are a few
#: kilobytes; a certificate chain is under 8.
BYTES_MAX, READS_MAX = 16_384, 10

#: A drip: so many reads of fewer bytes each on average. Every one of them costs an acknowledgement. Reasoned: a server
#: writes lines at least.
_DRIP_READS, _DRIP_BYTES = 4, 16

#: Packets that a conversation takes at least: SYN, acknowledgement, request, acknowledgement of the answer, reset.
_LEAST = 5

#: What the system may hold for us before it stops the sender, bytes; keeps endless answers short.
_BUFFER = 16_384

State = Literal["open", "closed", "silent", "not_asked"]

#: How a conversation ended: all was said that was wanted, by the other side, by a bound on size, by a clock.
Ended = Literal["enough", "finished", "too_much", "too_slow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a host is reached.

    Parameters
    ----------
    ip
        Its address.
    scope
        The interface's number, for an IPv6 link-local one.
    owner
        Whose allowance pays: the hardware address where one box may have several addresses; by default the address.
    """

    ip: str
    scope: int = 0
    owner: str = ""

    @property
    def payer(self) -> str:
        """Whose allowance pays."""
        return self.owner or self.ip

    @property
    def family(self) -> socket.AddressFamily:
        """The kind of socket it takes."""
        return socket.AF_INET6 if ":" in self.ip else socket.AF_INET

    def at(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """Return it with a port, as sockets want it."""
        return (self.ip, port, 0, self.scope) if ":" in self.ip else (self.ip, port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a conversation went.

    Parameters
    ----------
    state
        ``open``; ``closed``: refused, so somebody is there; ``silent``: nothing came back; ``not_asked``: the host's
        allowance is used up.
    data
        What it said, as far as it was read.
    certificate
        Its certificate (DER), where TLS was spoken.
    ended
        How it ended.
    """

    state: State
    data: bytes = b""
    certificate: bytes | None = None
    ended: Ended = "enough"


@dataclass(slots=True, kw_only=True)
class Manners:
    """What all conversations share: the pace, the allowances, how many at once.

    Parameters
    ----------
    pace, allowance
        See :mod:`.pace`.
    at_once
        Most conversations at a time.
    """

    pace: Pace
    allowance: Allowance
    at_once: asyncio.Semaphore


async def talk(
    address: Address,
    port: int,
    *,
    manners: Manners,
    request: bytes | None = None,
    tls: bool = False,
    listen: bool = False,
    enough: Callable[[bytes], bool] = lambda data: False,
    bytes_max: int = BYTES_MAX,
) -> Reply:
    """Connect, send `request` if there is one, and read the answer until `enough` says so.

    Parameters
    ----------
    address, port
        The host.
    manners
        See :class:`Manners`.
    request
        What is sent after connecting; with None nothing is sent.
    tls
        Whether to speak TLS; certificates are read, not trusted.
    listen
        Whether to read even if nothing was sent (telnet greets first).
    enough
        Told all bytes so far after each read.
    bytes_max
        Most bytes that are read.

    Returns
    -------
    Reply
        Never raises for what the network or the other side does.
    """
    async with manners.at_once:
        speaks = request is not None or listen
        if manners.allowance.left(address.payer) < (_LEAST if speaks else 1) or not manners.allowance.spend(
            address.payer
        ):
            return Reply(state="not_asked")
        await manners.pace.wait(3 if speaks else 1)
        loop = asyncio.get_running_loop()
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError:
            return Reply(state="not_asked")
        with sock:
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if _SHORT else "ii", 1, 0))
                async with asyncio.timeout(CONNECT_S):
                    await loop.sock_connect(sock, address.at(port))
            except ConnectionError:  # refused, or reset at once: somebody is there
                return Reply(state="closed")
            except (OSError, TimeoutError):
                return Reply(state="silent")
            manners.allowance.charge(address.payer, 2)  # the acknowledgement, and the reset at the end
            wire = _Wire(sock, host=address.payer, manners=manners, bytes_max=bytes_max)
            data, certificate, ended = b"", None, _FINISHED
            try:
                async with asyncio.timeout(TALK_S):
                    speaker: _Wire | _Tls = wire
                    if tls:
                        speaker = secure = _Tls(wire)
                        certificate = await secure.shake_hands()
                    if request is not None:
                        await speaker.send(request)
                    while speaks:
                        piece = await speaker.receive()
                        data += piece
                        if not piece:
                            break
                        if enough(data):
                            ended = _ENOUGH
                            break
            except TimeoutError:
                ended = _TOO_SLOW
            except _BoundError:
                ended = _TOO_MUCH
            except OSError:  # broken off, or TLS that is none (SSLError is an OSError)
                pass
            return Reply(state="open", data=data[:bytes_max], certificate=certificate, ended=ended)


_ENOUGH: Ended = "enough"
_FINISHED: Ended = "finished"
_TOO_MUCH: Ended = "too_much"
_TOO_SLOW: Ended = "too_slow"


class _BoundError(Exception):
    """A bound of the conversation is reached."""


#: Windows' struct linger has two 16-bit numbers.
_SHORT = hasattr(socket, "SO_EXCLUSIVEADDRUSE")


class _Wire:
    """A connected socket that counts what it takes."""

    def __init__(self, sock: socket.socket, *, host: str, manners: Manners, bytes_max: int) -> None:
        self._sock, self._host, self._manners, self._bytes_max = sock, host, manners, bytes_max
        self._bytes = self._reads = 0

    async def send(self, data: bytes) -> None:
        if not self._manners.allowance.spend(self._host, max(1, acknowledgements(len(data)))):
            raise _BoundError
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        """Return the next bytes, or nothing at the end."""
        if self._reads >= _DRIP_READS and self._bytes < _DRIP_BYTES * self._reads:
            raise TimeoutError
        if self._bytes >= self._bytes_max or self._reads >= READS_MAX or self._manners.allowance.left(self._host) < 2:
            raise _BoundError
        async with asyncio.timeout(READ_S):
            data = await asyncio.get_running_loop().sock_recv(self._sock, 4096)
        self._bytes += len(data)
        self._reads += 1
        # Few bytes may have come one by one, each acknowledged.
        self._manners.allowance.charge(
            self._host, len(data) if len(data) < _DRIP_BYTES else acknowledgements(len(data))
        )
        return data


class _Tls:
    """TLS over a wire, by hand, so that the wire's bounds hold for the handshake too."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _context().wrap_bio(self._in, self._out)

    async def shake_hands(self) -> bytes | None:
        await self._until(self._tls.do_handshake)
        return self._tls.getpeercert(binary_form=True)

    async def send(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        try:
            piece = await self._until(lambda: self._tls.read(4096))
        except (ssl.SSLZeroReturnError, ConnectionResetError):
            return b""
        return piece if isinstance(piece, bytes) else b""

    async def _until(self, step: Callable[[], object]) -> object:
        while True:
            try:
                result = step()
                await self._flush()
                return result
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._wire.receive()
                if not data:
                    raise ConnectionResetError("ended within TLS") from None
                self._in.write(data)

    async def _flush(self) -> None:
        waiting = self._out.read()
        if waiting:
            await self._wire.send(waiting)


def _context() -> ssl.SSLContext:
    """A client that also speaks with old devices; nothing secret is sent, so nothing is lost by it."""
    import warnings

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings(), contextlib.suppress(ValueError, ssl.SSLError):
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0, which is all that many cameras know
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context
