"""Who is on the link: the system's own table of neighbours, after a cheap word to every address.

Sending a datagram to an address on the link makes the system ask for its hardware address (ARP, RFC 826; IPv6:
neighbour discovery, RFC 4861), which every host answers, also one that drops everything else. No administrator's
rights are needed for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .pace import Pace

#: Port of the cheap word: discard (RFC 863), whose only purpose is that nobody answers.
DISCARD = 9

#: Linux's include/uapi/linux/rtnetlink.h and neighbour.h.
_RTM_NEWNEIGH, _RTM_GETNEIGH, _DUMP, _DONE, _ERROR, _NDA_DST, _NDA_LLADDR = 28, 30, 0x301, 3, 2, 1, 2
_REACHABLE, _WITH_ADDRESS = 0x02, 0x02 | 0x04 | 0x08 | 0x10
#: Bytes of struct nlmsghdr, ndmsg, and rtattr.
_NLMSG, _NDMSG, _RTATTR = 16, 12, 4

#: All nodes on the link (RFC 4291, 2.7.1).
ALL_NODES = "ff02::1"

#: ICMPv6 echo request and reply (RFC 4443, 4).
_ECHO, _ECHO_REPLY = 128, 129

_ROW = re.compile(
    r"(?P<ip>\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:]+)(?:%\w+)?\)?\s+(?:at\s+)?"
    r"(?P<mac>[0-9a-fA-F]{1,2}(?:[:-][0-9a-fA-F]{1,2}){5})\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A row of the table.

    Parameters
    ----------
    ip, mac
        Addresses; the hardware address in lower case with colons.
    confirmed
        Whether the host answered just now; False where the row may be left from before.
    """

    ip: str
    mac: str
    confirmed: bool


async def touch(addresses: Iterable[str], *, pace: Pace) -> int:
    """Send an empty datagram to every address; return how many went out."""
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        for address in addresses:
            await pace.wait()
            with contextlib.suppress(OSError):  # no route, no buffers, a local firewall: the others still
                sock.sendto(b"", (address, DISCARD))
                sent += 1
    return sent


def touch_ipv6(addresses: Iterable[str], *, index: int) -> None:
    """Send an empty datagram to link-local neighbours, so that the system learns their hardware addresses."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        for address in addresses:
            with contextlib.suppress(OSError):
                sock.sendto(b"", (address, DISCARD, 0, index))


async def ping_all_nodes(index: int, *, heard: Callable[[str], object]) -> None:
    """Ask all IPv6 nodes on the link for an echo, once, and tell each that answers, until cancelled.

    Where the system does not let an ordinary user do so, nothing is sent.
    """
    try:
        sock = _echo_socket(index)
    except OSError:
        return
    loop = asyncio.get_running_loop()
    with sock:
        with contextlib.suppress(OSError):
            sock.sendto(struct.pack("!BBHHH", _ECHO, 0, 0, 0x7273, 1), (ALL_NODES, 0, 0, index))
        while True:
            try:
                data, source = await loop.sock_recvfrom(sock, 256)
            except OSError:
                return
            if data[:1] == bytes([_ECHO_REPLY]) and source[0].lower().startswith("fe80"):
                heard(source[0].partition("%")[0])


def _echo_socket(index: int) -> socket.socket:
    last: OSError | None = None
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            sock = socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)
        except OSError as error:
            last = error
            continue
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        return sock
    raise last or OSError("no socket")


async def read_neighbours(index: int) -> list[Neighbour]:
    """Return what the system knows of the neighbours on one interface."""
    if sys.platform.startswith("linux"):
        return _of_linux(index)
    return await asyncio.to_thread(_of_programs)


def _of_linux(index: int) -> list[Neighbour]:
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
            sock.settimeout(1.0)
            body = struct.pack("=BxxxiHBB", socket.AF_UNSPEC, 0, 0, 0, 0)
            sock.send(struct.pack("=IHHII", _NLMSG + len(body), _RTM_GETNEIGH, _DUMP, 1, 0) + body)
            out: list[Neighbour] = []
            while True:
                found, over = neighbours_of_netlink(sock.recv(1 << 18), index=index)
                out += found
                if over:
                    return out
    except OSError:
        return []


def neighbours_of_netlink(data: bytes, *, index: int) -> tuple[list[Neighbour], bool]:
    """Return the neighbours of an interface in a netlink answer, and whether it was the last one."""
    out: list[Neighbour] = []
    at = 0
    while at + _NLMSG <= len(data):
        size, kind = struct.unpack_from("=IH", data, at)
        if kind in (_DONE, _ERROR) or size < _NLMSG:
            return out, True
        if kind == _RTM_NEWNEIGH and size >= _NLMSG + _NDMSG and at + size <= len(data):
            _family, interface, state = struct.unpack_from("=BxxxiH", data, at + _NLMSG)
            row = _attributes(data[at + _NLMSG + _NDMSG : at + size])
            address, mac = row.get(_NDA_DST, b""), row.get(_NDA_LLADDR, b"")
            if interface == index and state & _WITH_ADDRESS and len(address) in (4, 16) and len(mac) == 6:
                ip = str(ipaddress.ip_address(address))
                out.append(Neighbour(ip=ip, mac=mac.hex(":"), confirmed=bool(state & _REACHABLE)))
        at += (size + 3) & ~3
    return out, False


def _attributes(data: bytes) -> dict[int, bytes]:
    out: dict[int, bytes] = {}
    at = 0
    while at + _RTATTR <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if size < _RTATTR:
            break
        out[kind] = data[at + _RTATTR : at + size]
        at += (size + 3) & ~3
    return out


def _of_programs() -> list[Neighbour]:
    commands: tuple[list[str], ...] = (["arp", "-an"], ["ndp", "-an"])
    if sys.platform == "win32":
        commands = (["arp", "-a"], ["netsh", "interface", "ipv6", "show", "neighbors"])
    out: list[Neighbour] = []
    for command in commands:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(command, capture_output=True, timeout=5, stdin=subprocess.DEVNULL)
            out += neighbours_of_program(done.stdout.decode("utf-8", "replace"))
    return out


def neighbours_of_program(text: str) -> list[Neighbour]:
    """Return the neighbours in what ``arp -an``, ``arp -a``, ``ndp -an`` or ``netsh`` printed.

    Those programs do not tell when a host last answered, so no row is confirmed.
    """
    out: list[Neighbour] = []
    for row in _ROW.finditer(text):
        try:
            ip = str(ipaddress.ip_address(row["ip"]))
        except ValueError:
            continue
        mac = ":".join(f"{int(part, 16):02x}" for part in re.split("[:-]", row["mac"]))
        if mac not in ("ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00") and not int(mac[:2], 16) & 1:
            out.append(Neighbour(ip=ip, mac=mac, confirmed=False))
    return out
