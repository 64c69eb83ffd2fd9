"""Which network is asked: the one that the user names, or the one that this computer has joined."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...detect.errors import RoomsweepError, UnavailableError
from ...detect.text import clean

#: Largest network that is asked as a whole: 1,022 addresses. Reasoned: flats and hotels use /24, seldom up to /22;
#: Linux keeps at most 1,024 neighbours (gc_thresh3, arp(7)), and a larger round would take minutes.
WIDEST = 22

#: Address ranges of networks at home and in houses: RFC 1918, RFC 3927 (self-assigned), RFC 6598 (shared, some hotels).
PRIVATE = tuple(
    ipaddress.IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")
)

#: Names of interfaces that lead to containers, virtual machines and tunnels, not into the room.
_INNER = re.compile(r"(?:lo|docker|veth|virbr|vboxnet|vmnet|br-|tun|tap|wg|utun|zt|tailscale)")

_JOIN = "Join the Wi-Fi of the place, or plug in a cable, or name the network: roomsweep lan 192.168.1.0/24."


class RefusedNetworkError(RoomsweepError):
    """A network that is not asked: not a network, too wide, or not a private one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A network that this computer is in, by one of its interfaces.

    Parameters
    ----------
    interface, index
        Name and number of the interface.
    ip
        This computer's own address there.
    network
        All addresses of the network.
    mac
        This computer's hardware address there, where the system tells it.
    link_local
        Its IPv6 link-local address, or None.
    gateway_ip
        The router, if this interface leads to it.
    """

    interface: str
    index: int
    ip: str
    network: ipaddress.IPv4Network
    mac: str | None = None
    link_local: str | None = None
    gateway_ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The network that is asked.

    Parameters
    ----------
    network
        Its addresses.
    joined
        The interface that is in it; None where it lies behind a router, so that hardware addresses stay unknown.
    """

    network: ipaddress.IPv4Network
    joined: Joined | None = None

    @property
    def whole(self) -> bool:
        """Whether everybody on the link is meant, so that questions may go to everybody; not so for a named part."""
        return self.joined is not None and self.joined.network.subnet_of(self.network)

    def addresses(self) -> list[str]:
        """Return every address a host may have, this computer's left out."""
        if self.joined is None:
            return [str(ip) for ip in self.network.hosts()]
        # The two ends of the link are nobody's; those of a part of it are addresses like others.
        link = self.joined.network
        ends = {link.network_address, link.broadcast_address}
        if not self.network.subnet_of(link):
            ends |= {self.network.network_address, self.network.broadcast_address}
        return [str(ip) for ip in self.network if ip not in ends and str(ip) != self.joined.ip]


def read_network(text: str) -> ipaddress.IPv4Network:
    """Return the network that `text` names, as in ``192.168.1.0/24``.

    Raises
    ------
    RefusedNetworkError
        If it is none, wider than :data:`WIDEST`, or has public addresses.
    """
    shown = clean(text, limit=60)
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise RefusedNetworkError(f"“{shown}” is not a network; write it like 192.168.1.0/24.") from None
    if isinstance(network, ipaddress.IPv6Network):
        raise RefusedNetworkError(
            f"{shown} has more addresses than can be asked one by one. Name the IPv4 network; neighbours that speak "
            "IPv6 are asked along with it."
        )
    if not any(network.subnet_of(private) for private in PRIVATE):
        raise RefusedNetworkError(
            f"{shown} is not the address range of a local network. roomsweep asks private networks only "
            "(10.x, 172.16-31.x, 192.168.x, 100.64-127.x, 169.254.x)."
        )
    if network.prefixlen < WIDEST:
        raise RefusedNetworkError(
            f"{network} has {network.num_addresses - 2:,} addresses, too many to ask politely. Name a part of it, at "
            f"most a /{WIDEST} ({2 ** (32 - WIDEST) - 2:,} addresses), as in {network.network_address}/24."
        )
    return network


def target_of(text: str | None, *, joined: Sequence[Joined] | None = None) -> Target:
    """Return what to ask: the network that `text` names, or the joined one for None.

    Parameters
    ----------
    text
        A network as the user wrote it.
    joined
        The networks that this computer is in; those of this computer for None.

    Raises
    ------
    RefusedNetworkError
        See :func:`read_network`.
    UnavailableError
        If there is no joined network.
    """
    known = joined_networks() if joined is None else joined
    if text is not None:
        network = read_network(text)
        best = [item for item in known if network.overlaps(item.network)]
        best.sort(key=lambda item: -item.network.prefixlen)
        return Target(network=network, joined=best[0] if best else None)
    outer = [item for item in known if not _INNER.match(item.interface)]
    outer.sort(key=lambda item: (item.gateway_ip is None, item.network.is_link_local))
    if not outer:
        raise UnavailableError("This computer has joined no network", _JOIN)
    return Target(network=read_network(str(outer[0].network)), joined=outer[0])


def joined_networks() -> list[Joined]:
    """Return the IPv4 networks that this computer is in, in the system's order."""
    import ifaddr

    gateways = _gateways()
    out = []
    try:
        adapters: Iterable[Any] = ifaddr.get_adapters()
    except OSError as error:
        raise UnavailableError(f"The network interfaces cannot be listed: {error.strerror or error}", _JOIN) from error
    for adapter in adapters:
        link_local = next(
            (item.ip[0] for item in adapter.ips if item.is_IPv6 and item.ip[0].lower().startswith("fe80")), None
        )
        for item in adapter.ips:
            if not item.is_IPv4 or not 8 <= item.network_prefix <= 30:
                continue
            network = ipaddress.IPv4Network(f"{item.ip}/{item.network_prefix}", strict=False)
            if network.is_loopback:
                continue
            name = adapter.nice_name if sys.platform == "win32" else adapter.name
            out.append(
                Joined(
                    interface=str(name),
                    index=int(adapter.index or 0),
                    ip=item.ip,
                    network=network,
                    mac=_own_mac(str(name)),
                    link_local=link_local.partition("%")[0] if link_local else None,
                    gateway_ip=next((ip for ip in gateways if ipaddress.IPv4Address(ip) in network), None),
                )
            )
    return out


def _own_mac(interface: str) -> str | None:
    """The hardware address, where the system tells it in a file (Linux)."""
    try:
        text = Path("/sys/class/net", interface, "address").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", text) and text.strip("0:") else None


def _gateways() -> list[str]:
    """Addresses of the routers of this computer's default routes, best first."""
    if sys.platform.startswith("linux"):
        try:
            return gateways_of_proc(Path("/proc/net/route").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return []
    command = ["route", "print", "-4", "0.0.0.0"] if sys.platform == "win32" else ["route", "-n", "get", "default"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=5, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return []
    return gateways_of_program(done.stdout.decode("utf-8", "replace"))


def gateways_of_proc(text: str) -> list[str]:
    """Return the gateways in Linux's ``/proc/net/route``, lowest metric first."""
    found = []
    for line in text.splitlines()[1:]:
        cells = line.split()
        try:
            destination, gateway, flags, metric, mask = (
                int(cells[1], 16), int(cells[2], 16), int(cells[3], 16), int(cells[6]), int(cells[7], 16)
            )  # fmt: skip
        except (IndexError, ValueError):
            continue
        if destination == mask == 0 and flags & 2 and gateway:  # RTF_GATEWAY
            found.append((metric, socket.inet_ntoa(struct.pack("=I", gateway))))
    return [ip for _, ip in sorted(found, key=lambda item: item[0])]


def gateways_of_program(text: str) -> list[str]:
    """Return the gateways in what ``route print -4 0.0.0.0`` (Windows) or ``route -n get default`` (macOS) printed."""
    found = re.findall(r"^\s*0\.0\.0\.0\s+0\.0\.0\.0\s+(\d+\.\d+\.\d+\.\d+)\s", text, re.MULTILINE)
    found += re.findall(r"^\s*gateway: (\d+\.\d+\.\d+\.\d+)\s*$", text, re.MULTILINE)
    return list(dict.fromkeys(ip for ip in found if _is_address(ip)))


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
