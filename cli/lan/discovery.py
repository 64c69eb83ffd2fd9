"""Sends the discovery datagrams of detect/lan to everybody, listens, and tells who answered what."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
import sys
import uuid
from collections.abc import Callable, Sequence
from typing import Self

from ...detect.lan.datagrams import DATAGRAM_MAX, Answer, Probe
from ...detect.lan.probes import listen_ports, probes, read_answer
from .networks import Joined, Target
from .pace import Allowance, Pace
from .talking import Address

#: Variants of one protocol that go to everybody at once; further ones go to single hosts that said nothing, as far
#: as their allowance reaches. Reasoned: a host is sent the same either way, but those that spoke need not be.
VARIANTS = 2

#: Most datagrams that are looked at from one host, and from all. A host answers a dozen questions, some twice; who
#: sends a thousand is broken or wants to tire us.
FROM_HOST_MAX, FROM_ALL_MAX = 100, 20_000

#: Most different answers kept of one host.
ANSWERS_MAX = 40

Heard = Callable[[str, Answer], None]


class Discovery:
    """The sockets of one round; a context manager, to be entered inside a running event loop.

    Parameters
    ----------
    target
        What is asked.
    pace, allowance
        See :mod:`.pace`.
    heard
        Called with a host's address and its answer.
    """

    def __init__(self, target: Target, *, pace: Pace, allowance: Allowance, heard: Heard) -> None:
        self._target, self._pace, self._allowance, self._heard = target, pace, allowance, heard
        self._probes = probes(uuid.uuid4())
        self._transports: dict[tuple[int, str, int | None], asyncio.DatagramTransport] = {}
        self._making = asyncio.Lock()
        self._counts: dict[str, int] = {}
        self._answers: dict[str, set[str]] = {}
        self._total = 0
        #: What could not be done, as :attr:`ObservedNetwork.refused` has it.
        self.refused: list[str] = []

    async def __aenter__(self) -> Self:
        if self._target.joined is not None:
            for port in listen_ports():
                await self._socket(socket.AF_INET, "", port)
        return self

    async def __aexit__(self, *_: object) -> None:
        for transport in self._transports.values():
            transport.abort()
        await asyncio.sleep(0)

    async def ask_everybody(self) -> None:
        """Send every question once, the first variants of each protocol only, to the network's own addresses."""
        if self._target.joined is None or not self._target.whole:
            return  # it does not cross a router, and does not stop at the part that was named
        for probe in self._first_variants():
            family = socket.AF_INET6 if probe.group and ":" in probe.group else socket.AF_INET
            if family == socket.AF_INET6 and self._target.joined.link_local is None:
                continue
            transport = await self._socket(family, probe.protocol, probe.source_port, group=probe.group)
            if transport is None:
                continue
            await self._pace.wait()
            self._allowance.everybody()
            self._send(transport, probe, probe.group or str(self._target.joined.network.broadcast_address))

    async def ask(self, address: Address) -> None:
        """Put the questions to one host, as far as its allowance reaches.

        First come the variants that were not sent to everybody, then the others again; the other way round for a host
        that does not hear what goes to everybody.
        """
        first = self._first_variants()
        everywhere = [probe for probe in self._probes if probe.group is None or ":" not in probe.group]
        later = [probe for probe in everywhere if probe not in first]
        seen: set[tuple[str, bytes]] = set()
        again = [probe for probe in everywhere if probe in first]
        for probe in (*again, *later) if self._allowance.is_apart(address.payer) else (*later, *again):
            if (probe.protocol, probe.payload) in seen:
                continue
            seen.add((probe.protocol, probe.payload))
            transport = await self._socket(socket.AF_INET, probe.protocol, probe.source_port, group=probe.group)
            if transport is None:
                continue
            if not self._allowance.spend(address.payer):
                return
            await self._pace.wait()
            self._send(transport, probe, address.ip)

    def _first_variants(self) -> list[Probe]:
        if not self._target.whole:
            return []
        out = []
        counts: dict[tuple[str, int, str, str | None], int] = {}
        for probe in self._probes:
            key = (probe.protocol, probe.port, probe.to, probe.group)
            counts[key] = counts.get(key, 0) + 1
            if counts[key] <= VARIANTS:
                out.append(probe)
        return out

    def _send(self, transport: asyncio.DatagramTransport, probe: Probe, ip: str) -> None:
        index = self._target.joined.index if self._target.joined else 0
        place = (ip, probe.port, 0, index) if ":" in ip else (ip, probe.port)
        with contextlib.suppress(OSError):
            transport.sendto(probe.payload, place)

    async def _socket(
        self, family: socket.AddressFamily, protocol: str, port: int | None, *, group: str | None = None
    ) -> asyncio.DatagramTransport | None:
        """Return the socket of a protocol; one that must have a port of its own is shared by that port."""
        key = (int(family), "" if port else protocol, port)
        async with self._making:  # several hosts are asked at a time
            transport = self._transports.get(key) or await self._make(family, protocol, port, key=key)
        if transport is None and port is not None:
            return await self._socket(family, protocol, None)
        if transport is not None and group is not None and port is not None and family == socket.AF_INET:
            self._join(transport, group)
        return transport

    async def _make(
        self, family: socket.AddressFamily, protocol: str, port: int | None, *, key: tuple[int, str, int | None]
    ) -> asyncio.DatagramTransport | None:
        try:
            sock = _open(family, port, joined=self._target.joined)
        except OSError as error:
            what = "send datagrams" if port is None else f"use UDP port {port}"
            self.refused.append(f"this computer cannot {what} ({error.strerror or error})")
            return None
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Ear(lambda ip, data: self._take(ip, data, protocol or port or 0)), sock=sock
        )
        self._transports[key] = transport
        return transport

    def _join(self, transport: asyncio.DatagramTransport, group: str) -> None:
        """Hear answers that go to the group, too."""
        own = self._target.joined.ip if self._target.joined else "0.0.0.0"
        membership = socket.inet_aton(group) + socket.inet_aton(own)
        with contextlib.suppress(OSError):  # joined already
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)

    def _take(self, ip: str, data: bytes, protocol: str | int) -> None:
        if not within(ip, self._target):
            return
        self._total += 1
        if self._total > FROM_ALL_MAX:
            return
        count = self._counts[ip] = self._counts.get(ip, 0) + 1
        if count > FROM_HOST_MAX:
            return
        answer = read_answer(protocol, data)
        if answer is None:
            return
        known = self._answers.setdefault(ip, set())
        mark = f"{answer.protocol} {sorted(answer.fields.items())}"
        if mark not in known and len(known) < ANSWERS_MAX:
            known.add(mark)
            self._heard(ip, answer)


class Ear(asyncio.DatagramProtocol):
    """Hands on datagrams with the address they came from."""

    def __init__(self, take: Callable[[str, bytes], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Sequence[object]) -> None:
        if len(data) <= DATAGRAM_MAX:
            self._take(str(addr[0]).partition("%")[0].lower(), data)


def within(ip: str, target: Target) -> bool:
    """Whether a sender is a host of the network that is asked, or an IPv6 neighbour, and not this computer."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    own = (target.joined.ip, target.joined.link_local) if target.joined else ()
    if isinstance(address, ipaddress.IPv6Address):
        return address.is_link_local and ip not in own
    return address in target.network and ip not in own


def _open(family: socket.AddressFamily, port: int | None, *, joined: Joined | None) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if port is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT") and sys.platform != "linux":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if joined is not None:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, struct.pack("@I", joined.index))
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
            sock.bind(("::", port or 0))
            return sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if joined is not None:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(joined.ip))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        sock.bind(("", port or 0))
    except BaseException:
        sock.close()
        raise
    return sock


def open_for(target: Target, *, ipv6: bool = False) -> socket.socket:
    """Return a datagram socket for questions to groups on the network."""
    return _open(socket.AF_INET6 if ipv6 else socket.AF_INET, None, joined=target.joined)
