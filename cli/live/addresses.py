"""Under which names and addresses a phone reaches this computer."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Where this computer itself is reached: what ``--here`` and ``--usb`` serve.
LOOPBACK: tuple[Address, ...] = (ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1"))

#: An address that no network holds (RFC 5737): asked for the way to it, the system names its own address on the
#: network that leads out. Nothing is sent.
_OUTSIDE = ("192.0.2.1", 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What this computer is called on its networks.

    Parameters
    ----------
    addresses
        All of its addresses, loopback among them, sorted.
    names
        Its names: ``localhost``, the host's own and its multicast DNS name (RFC 6762).
    best
        The address that a phone on the same network is told.
    """

    addresses: tuple[Address, ...]
    names: tuple[str, ...]
    best: Address


def reached() -> Reached:
    """Return under which names and addresses this computer is reached now."""
    addresses = sorted({*LOOPBACK, *_own()}, key=lambda item: (item.version, int(item)))
    host = "".join(char for char in socket.gethostname().partition(".")[0].lower() if char.isalnum() or char == "-")
    host = host.encode("ascii", "ignore").decode("ascii").strip("-")[:63]
    names = ("localhost", *((host, f"{host}.local") if host and host != "localhost" else ()))
    return Reached(addresses=tuple(addresses), names=names, best=_best(addresses))


def host_text(address: Address) -> str:
    """Return an address as it stands in a link."""
    return f"[{address}]" if address.version == 6 else str(address)


def _own() -> Iterable[Address]:
    """Yield the addresses of the interfaces; those of IPv6 that need the interface's name are left out."""
    import ifaddr

    try:
        adapters: Iterable[Any] = ifaddr.get_adapters()
    except OSError:
        return
    for adapter in adapters:
        for entry in adapter.ips:
            text = entry.ip[0] if isinstance(entry.ip, tuple) else entry.ip
            try:
                address = ipaddress.ip_address(text.partition("%")[0])
            except ValueError:
                continue
            if not (address.is_unspecified or address.is_multicast) and not (
                address.version == 6 and address.is_link_local
            ):
                yield address


def _best(addresses: Iterable[Address]) -> Address:
    """Return the address on the network that leads out; else a private one, else the loopback."""
    known = list(addresses)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_OUTSIDE)
            leading = ipaddress.ip_address(probe.getsockname()[0])
        except (OSError, ValueError):
            leading = LOOPBACK[0]
    if leading in known and not leading.is_loopback:
        return leading
    # A hotspot without a way out: the phone's own network is the private one.
    usable = [item for item in known if item.version == 4 and not item.is_loopback]
    usable.sort(key=lambda item: (not item.is_private, item.is_link_local, int(item)))
    return usable[0] if usable else LOOPBACK[0]
