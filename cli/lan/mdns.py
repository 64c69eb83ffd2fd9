"""Announced services: one-shot questions of multicast DNS (RFC 6762, 5.1), written and read by the zeroconf library.

They are sent from a port of their own, so that answers come to this computer alone, and there are three rounds of one
or a few packets: which services there are, of kinds known here; those of kinds that were just learned; and records
that answers left out. zeroconf's own browser asks again and again for as long as it runs, which is more than a guest
should.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...detect.lan.observed import MdnsService
from ...detect.signatures.tables import load_table
from .discovery import Ear, open_for, within
from .networks import Target
from .pace import Allowance, Pace

PORT = 5353
GROUP, GROUP6 = "224.0.0.251", "ff02::fb"

#: Which kinds there are (RFC 6763, 9).
_KINDS = "_services._dns-sd._udp.local."

#: Kinds that tell what a host is, cameras or not: they keep decoys from being taken for more.
_USUAL = (
    *("_http._tcp", "_rtsp._tcp", "_ipp._tcp", "_printer._tcp", "_pdl-datastream._tcp", "_smb._tcp", "_airplay._tcp"),
    *("_raop._tcp", "_googlecast._tcp", "_device-info._tcp", "_companion-link._tcp", "_workstation._tcp"),
    *("_homekit._tcp", "_spotify-connect._tcp", "_amzn-wplay._tcp", "_onvif._tcp"),
)

#: Seconds from one round to the next. A responder may wait 0.12 s before it answers (RFC 6762, 6), and sleeping
#: stations hear group frames at every third beacon or so, 0.3 s.
_ROUND_S = 1.0

#: Bounds on what strangers can make us keep and ask: datagrams, services, new kinds.
_DATAGRAMS_MAX, _SERVICES_MAX, _KINDS_MAX = 2_000, 1_000, 30

#: Questions in one packet: some 25 bytes each, in less than 1,400.
_QUESTIONS = 40

#: Keys of a TXT record that are kept, and characters of a value (a string has at most 255 bytes, RFC 6763, 6.1).
_KEYS_MAX, _VALUE_MAX = 40, 255


@dataclass(slots=True, kw_only=True)
class Announced:
    """What one host announces."""

    names: dict[str, None] = field(default_factory=dict)
    services: dict[tuple[str, str], MdnsService] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Records:
    """What was heard so far: who speaks for an instance, its host, its text, and the addresses of hosts."""

    speakers: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, None] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    named_by: dict[str, str] = field(default_factory=dict)


async def ask_mdns(
    target: Target, *, pace: Pace, allowance: Allowance, heard: Callable[[str], None] = lambda ip: None
) -> dict[str, Announced]:
    """Return what hosts announce, by their address.

    Parameters
    ----------
    target
        The network; hosts elsewhere are passed over. Nobody is asked if only a part of the link is meant.
    pace, allowance
        See :mod:`.pace`.
    heard
        Called with the address of a host when it answers.
    """
    if target.joined is None or not target.whole:
        return {}
    records = _Records()
    left = [_DATAGRAMS_MAX]

    def take(ip: str, data: bytes) -> None:
        left[0] -= 1
        if left[0] >= 0 and within(ip, target):
            heard(ip)
            _read(records, ip, data)

    loop = asyncio.get_running_loop()
    transports: list[tuple[asyncio.DatagramTransport, tuple[object, ...]]] = []
    try:
        for ipv6 in (False, True):
            if ipv6 and target.joined.link_local is None:
                continue
            place = (GROUP6, PORT, 0, target.joined.index) if ipv6 else (GROUP, PORT)
            with contextlib.suppress(OSError):
                sock = open_for(target, ipv6=ipv6)
                transport, _ = await loop.create_datagram_endpoint(lambda: Ear(take), sock=sock)
                transports.append((transport, place))

        async def ask(questions: Sequence[tuple[str, int]], *, ways: int) -> None:
            for packet in packets_of(questions):
                for transport, place in transports[:ways]:
                    await pace.wait()
                    allowance.everybody()
                    with contextlib.suppress(OSError):
                        transport.sendto(packet, place)
            await asyncio.sleep(_ROUND_S)

        known = [f"{kind}.local." for kind in known_kinds()]
        await ask([(_KINDS, 12), *((kind, 12) for kind in known)], ways=2)
        learned = [kind for kind in records.kinds if kind not in known][:_KINDS_MAX]
        # Those known are asked again along with it: a datagram to everybody is easily lost on Wi-Fi.
        await ask([(kind, 12) for kind in (*learned, *known)][:_QUESTIONS], ways=1)
        missing = [name for name in records.speakers if name not in records.hosts or name not in records.texts]
        if missing:
            await ask([(name, kind) for name in missing[: _QUESTIONS // 2] for kind in (33, 16)], ways=1)
    finally:
        for transport, _ in transports:
            transport.abort()
    return _by_host(records, target)


def known_kinds() -> tuple[str, ...]:
    """Return the kinds of services that are asked for: those of the table ``mdns``, and the usual ones."""
    table = [row["service"] for row in load_table("mdns").rows]
    return tuple(dict.fromkeys((*table, *_USUAL)))


def packets_of(questions: Sequence[tuple[str, int]]) -> list[bytes]:
    """Return DNS packets with these questions, each a name and a record type by number."""
    from zeroconf import DNSOutgoing, DNSQuestion  # type: ignore[attr-defined]
    from zeroconf.const import _CLASS_IN, _FLAGS_QR_QUERY

    out: list[bytes] = []
    for start in range(0, len(questions), _QUESTIONS):
        packet = DNSOutgoing(_FLAGS_QR_QUERY)
        for name, kind in questions[start : start + _QUESTIONS]:
            with contextlib.suppress(ValueError, UnicodeError):
                packet.add_question(DNSQuestion(name, kind, _CLASS_IN))
        with contextlib.suppress(Exception):  # a name that a stranger chose and that cannot be written
            out += packet.packets()
    return out


def _read(records: _Records, ip: str, data: bytes) -> None:
    """Add what one datagram says."""
    # The library exports them for its users, without saying so in its types.
    from zeroconf import (  # type: ignore[attr-defined]
        DNSAddress,
        DNSIncoming,
        DNSPointer,
        DNSService,
        DNSText,
    )

    try:
        message = DNSIncoming(data)
        answers = list(message.answers()) if message.valid and message.is_response() else []
    except Exception:  # whatever the library makes of a stranger's bytes
        return
    for item in answers[:500]:
        if isinstance(item, DNSPointer):
            kind, name = item.name.lower(), item.alias
            if kind == _KINDS:
                if name.lower().endswith(("._tcp.local.", "._udp.local.")) and len(records.kinds) < _KINDS_MAX * 4:
                    records.kinds.setdefault(name.lower())
            elif name.lower().endswith(kind) and len(records.speakers) < _SERVICES_MAX:
                records.speakers.setdefault(name, ip)
        elif isinstance(item, DNSService) and len(records.hosts) < _SERVICES_MAX:
            records.hosts.setdefault(item.name, item.server.lower())
        elif isinstance(item, DNSText) and len(records.texts) < _SERVICES_MAX:
            records.texts.setdefault(item.name, text_of(item.text))
        elif isinstance(item, DNSAddress) and len(records.addresses) < _SERVICES_MAX:
            with contextlib.suppress(ValueError):
                address = str(ipaddress.ip_address(item.address))
                places = records.addresses.setdefault(item.name.lower(), [])
                if len(places) < 8:
                    places.append(address)
                records.named_by.setdefault(item.name.lower(), ip)


def text_of(data: bytes) -> dict[str, str]:
    """Return the keys and values of a TXT record's bytes (RFC 6763, 6.3 and 6.4)."""
    out: dict[str, str] = {}
    at = 0
    while at < len(data) and len(out) < _KEYS_MAX:
        size = data[at]
        piece = data[at + 1 : at + 1 + size]
        key, _, value = piece.partition(b"=")
        if key:
            out.setdefault(key.decode("ascii", "replace").lower(), value.decode("utf-8", "replace")[:_VALUE_MAX])
        at += 1 + size
    return out


def _by_host(records: _Records, target: Target) -> dict[str, Announced]:
    """Sort services to hosts: to the address that their host name has in this network, else to who announced them.

    The first is for routers that pass on what others announce.
    """
    out: dict[str, Announced] = {}
    for name, speaker in records.speakers.items():
        server = records.hosts.get(name, "")
        places = [ip for ip in records.addresses.get(server, ()) if within(ip, target)]
        ip = speaker if not places or speaker in places else places[0]
        host = out.setdefault(ip, Announced())
        instance, kind = split_name(name)
        host.services.setdefault(
            (kind, instance), MdnsService(service=kind, instance=instance, txt=records.texts.get(name, {}))
        )
        if server:
            host.names.setdefault(server.rstrip("."))
    return out


def split_name(name: str) -> tuple[str, str]:
    """Return instance and kind of a service's full name: ``Cam 1._hap._tcp.local.`` is ``Cam 1`` and ``_hap._tcp``."""
    parts = name.removesuffix(".").split(".")
    for at in range(len(parts) - 1):
        if parts[at].startswith("_") and parts[at + 1].lower() in ("_tcp", "_udp"):
            return ".".join(parts[:at]), f"{parts[at]}.{parts[at + 1]}".lower()
    return "", name.lower()
