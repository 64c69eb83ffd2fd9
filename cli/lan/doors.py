"""What a host is asked at its TCP ports: whether somebody listens there, and what it says to anybody who knocks.

``GET /`` on web ports, ``OPTIONS`` on RTSP ports, the certificate of TLS, the greeting of telnet, and the UPnP
description that a host's own answer named. No log-in, no guessed path, no stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal
from urllib.parse import urlsplit

from ...detect.lan.banners import certificate_banners, http_banners, read_head, rtsp_banners
from ...detect.lan.datagrams import Answer
from ...detect.lan.observed import Banner
from ...detect.lan.ssdp import read_description
from ...detect.signatures.tables import load_table
from .talking import Address, Manners, Reply, talk

#: Ports that speak something known, in the order of what they tell of cameras: a host's allowance may end early.
RTSP, WEB, WEB_TLS, TELNET = (554, 8554, 10554), (80, 8080, 81, 8000, 88), (443,), (23,)
FIRST = (554, 80, 443, 8080, 8554, 34567, 37777, 8000, 10554, 2020, 8800, 9000, 81, 88)

#: Kinds of the table ``ports`` that are worth a knock.
_WORTH = ("strong", "medium")

#: Most ports of one host at a time: small devices have few connections to give.
AT_ONCE = 4

#: Most bytes of a UPnP description. Those of televisions with many icons and services have up to 20 kilobytes.
DESCRIPTION_MAX = 49_152

#: Longest greeting that is waited for on telnet, bytes.
_GREETING = 256

Kind = Literal["http", "https", "rtsp", "telnet", "knock"]


@dataclass(slots=True, kw_only=True)
class Doors:
    """What was found at one host's ports.

    Parameters
    ----------
    answered
        Whether it answered at any port, if only by refusing.
    open_ports, banners
        What is open, and what it says.
    notes
        What went wrong.
    left_out
        Ports that were not asked, because enough was sent to this host.
    """

    answered: bool = False
    open_ports: list[int] = field(default_factory=list)
    banners: list[Banner] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: int = 0


@cache
def ports() -> tuple[int, ...]:
    """Return the TCP ports that a host is asked on, most telling first."""
    rows = load_table("ports").rows
    known = [int(row["port"]) for row in rows if row["proto"] == "tcp" and row["kind"] in _WORTH]
    return tuple(dict.fromkeys((*FIRST, *TELNET, *known)))


def kind_of(port: int) -> Kind:
    """Return what is spoken on a port."""
    if port in RTSP:
        return "rtsp"
    if port in WEB:
        return "http"
    if port in WEB_TLS:
        return "https"
    return "telnet" if port in TELNET else "knock"


async def try_doors(address: Address, *, manners: Manners, wanted: Sequence[tuple[int, Kind]]) -> Doors:
    """Knock at a host's ports and read what it says at the open ones.

    Parameters
    ----------
    address
        The host.
    manners
        What all hosts share.
    wanted
        Ports and what is spoken there.
    """
    doors = Doors()
    waiting = list(wanted)
    waiting.reverse()

    async def worker() -> None:
        while waiting:
            port, kind = waiting.pop()
            reply = await _open(address, port, kind, manners=manners)
            _note(doors, port, kind, reply)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(waiting))):
            group.create_task(worker())
    doors.open_ports.sort()
    doors.banners.sort(key=lambda item: (item.port, item.field))
    return doors


async def _open(address: Address, port: int, kind: Kind, *, manners: Manners) -> Reply:
    if kind == "rtsp":
        request = f"OPTIONS rtsp://{_host(address)}:{port}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: roomsweep\r\n\r\n"
        return await talk(address, port, manners=manners, request=request.encode("ascii"), enough=_head_is_there)
    if kind in ("http", "https"):
        return await talk(
            address,
            port,
            manners=manners,
            request=_get(address, "/", version="1.1"),
            tls=kind == "https",
            enough=_page_is_told,
        )
    if kind == "telnet":
        return await talk(address, port, manners=manners, listen=True, enough=lambda data: len(data) >= _GREETING)
    return await talk(address, port, manners=manners)


def _note(doors: Doors, port: int, kind: Kind, reply: Reply) -> None:
    doors.answered |= reply.state in ("open", "closed")
    doors.left_out += reply.state == "not_asked"
    if reply.state != "open":
        return
    doors.open_ports.append(port)
    said: dict[str, str] = {}
    if kind == "rtsp":
        said = rtsp_banners(reply.data)
    elif kind in ("http", "https"):
        said = http_banners(reply.data)
    elif kind == "telnet":
        said = _greeting(reply.data)
    if reply.certificate:
        said |= certificate_banners(reply.certificate)
    doors.banners += [Banner(port=port, field=name, value=value) for name, value in said.items()]
    if reply.ended == "too_much" and not said:
        doors.notes.append(f"port {port} said more than was read")
    elif reply.ended == "too_slow" and kind in ("rtsp", "http", "https") and not said:
        doors.notes.append(f"port {port} did not finish its answer in time")


async def describe(address: Address, location: str, *, manners: Manners) -> Answer | None:
    """Return what the UPnP description at `location` says; None unless the host itself serves it.

    A location on another host is not followed: who answers a search must not send us elsewhere.
    """
    place = own_place(address.ip, location)
    if place is None:
        return None
    port, path = place
    reply = await talk(
        address,
        port,
        manners=manners,
        request=_get(address, path, version="1.0", port=port),
        enough=_document_is_there(DESCRIPTION_MAX),
        bytes_max=DESCRIPTION_MAX,
    )
    head = read_head(reply.data)
    return read_description(reply.data[head.size :]) if head is not None and head.status == 200 else None


def own_place(ip: str, location: str) -> tuple[int, str] | None:
    """Return port and path of an address on the host `ip` itself, or None."""
    try:
        parts = urlsplit(location)
        port = 80 if parts.port is None else parts.port
    except ValueError:
        return None
    if not (location.isascii() and location.isprintable()) or " " in location:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme.lower() != "http" or parts.hostname != ip or parts.username is not None:
        return None
    return (port, path) if path.startswith("/") and len(path) <= 512 and port > 0 else None


def _get(address: Address, path: str, *, version: str, port: int = 80) -> bytes:
    host = _host(address) if port == 80 else f"{_host(address)}:{port}"
    lines = (f"GET {path} HTTP/{version}", f"Host: {host}", "User-Agent: roomsweep", "Accept: */*", "Connection: close")
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _host(address: Address) -> str:
    return f"[{address.ip}]" if ":" in address.ip else address.ip


def _greeting(data: bytes) -> dict[str, str]:
    """The last line of a telnet greeting, its options (RFC 854: 255, a word, an option) left out."""
    text = bytearray()
    at = 0
    while at < len(data):
        if data[at] == 0xFF:
            at += 3
            continue
        text.append(data[at])
        at += 1
    lines = [line.strip() for line in text.decode("latin-1").splitlines() if line.strip()]
    return {"telnet.banner": lines[-1][:_GREETING]} if lines else {}


def _head_is_there(data: bytes) -> bool:
    return b"\r\n\r\n" in data or b"\n\n" in data


def _page_is_told(data: bytes) -> bool:
    """Whether a page's title has come, or its head has ended, or no page follows."""
    head = read_head(data)
    if head is None:
        return len(data) > 64  # no head begins like that
    if not _head_is_there(data):
        return False
    lower = data[head.size :].lower()
    length = head.fields.get("content-length", "")
    whole = length.isascii() and length.isdigit() and len(length) < 10 and len(lower) >= int(length)
    return b"</title>" in lower or b"</head>" in lower or whole


def _document_is_there(most: int) -> Callable[[bytes], bool]:
    """Return whether a document has come whole, or never will: it is larger than `most`, or it has no head."""

    def whole(data: bytes) -> bool:
        head = read_head(data)
        if head is None:
            return len(data) > 64
        if not _head_is_there(data):
            return False
        length = head.fields.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 12):
            return b"</root>" in data[-64:]
        return int(length) > most - head.size or len(data) - head.size >= int(length)

    return whole
