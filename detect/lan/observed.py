"""What a scan of a local network saw, as plain records, and their JSON form: a scan can be kept and judged again."""

from __future__ import annotations

import ipaddress
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..errors import InputError
from ..mac import format_mac, is_group, parse_mac
from .datagrams import Answer

SCHEMA = "roomsweep.lan/1"

#: Largest recording that is read: thousands of hosts with all that is kept of each.
RECORDING_MAX = 32 * 1024 * 1024

#: Roles that the scanner knows of a host: it hands out the addresses, leads out of the network, is this computer, or
#: was named by the user as their own.
ROLES = frozenset({"gateway", "this_computer", "mine", "dhcp_server"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """One text that a host shows at a door: `field` as in the table ``banners``, at the TCP port `port`."""

    port: int
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MdnsService:
    """One announced service: its type (``_hap._tcp``), instance name and TXT record."""

    service: str
    instance: str = ""
    txt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedHost:
    """One host that was seen.

    Parameters
    ----------
    ip
        Its address, IPv4 where it has one.
    mac
        Hardware address in the contract's form, None where the network did not tell.
    names
        Host names: mDNS, reverse DNS, DHCP; as received.
    answers
        What it answered to discovery questions, descriptions of UPnP included.
    open_ports
        ``("tcp", 554)`` and the like.
    banners, services
        What it shows at its doors and announces.
    roles
        See :data:`ROLES`.
    notes
        What went wrong with this host, in words that need no more explaining: ``"port 80 never stopped sending"``.
    """

    ip: str
    mac: str | None = None
    names: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    open_ports: tuple[tuple[str, int], ...] = ()
    banners: tuple[Banner, ...] = ()
    services: tuple[MdnsService, ...] = ()
    roles: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "ip": self.ip,
            "mac": self.mac,
            "names": list(self.names),
            "answers": [{"protocol": item.protocol, "fields": dict(item.fields)} for item in self.answers],
            "open_ports": [list(item) for item in self.open_ports],
            "banners": [{"port": item.port, "field": item.field, "value": item.value} for item in self.banners],
            "services": [
                {"service": item.service, "instance": item.instance, "txt": dict(item.txt)} for item in self.services
            ],
            "roles": sorted(self.roles),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form; raises ValueError, TypeError, KeyError or AttributeError where it is none."""
        mac = data.get("mac")
        if mac is not None:
            address = parse_mac(_text(mac))
            if is_group(address):
                raise ValueError("a group address is no host's")
            mac = format_mac(address)
        ports = tuple((_text(proto), _port(port)) for proto, port in data.get("open_ports", ()))
        if any(proto not in ("tcp", "udp") for proto, _ in ports):
            raise ValueError("a port is of tcp or udp")
        return cls(
            ip=str(ipaddress.ip_address(_text(data["ip"]))),
            mac=mac,
            names=tuple(map(_text, data.get("names", ()))),
            answers=tuple(
                Answer(protocol=_text(item["protocol"]), fields=_texts(item["fields"]))
                for item in data.get("answers", ())
            ),
            open_ports=ports,
            banners=tuple(
                Banner(port=_port(item["port"]), field=_text(item["field"]), value=_text(item["value"]))
                for item in data.get("banners", ())
            ),
            services=tuple(
                MdnsService(service=_text(item["service"]), instance=_text(item["instance"]), txt=_texts(item["txt"]))
                for item in data.get("services", ())
            ),
            roles=frozenset(map(_text, data.get("roles", ()))) & ROLES,
            notes=tuple(map(_text, data.get("notes", ()))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedNetwork:
    """One scan of one network.

    Parameters
    ----------
    cidr
        The network that was asked: ``192.168.1.0/24``.
    hosts
        Every host that was seen, this computer and the gateway included.
    neighbours_answering
        Hosts besides this computer and the gateway that answered anything at all, ARP and neighbour discovery
        included.
    addresses_asked
        Addresses that were asked one by one.
    gateway_ip
        The router's address, None where there is none.
    seconds
        How long it took.
    refused
        What could not be done, each a clause whose subject is the network or this computer: ``"this computer may not
        ask on UDP port 3702: it is in use"``.
    started
        ISO 8601, empty where not told.
    interrupted
        The scan was ended before its time.
    """

    cidr: str
    hosts: tuple[ObservedHost, ...] = ()
    neighbours_answering: int = 0
    addresses_asked: int = 0
    gateway_ip: str | None = None
    seconds: float = 0.0
    refused: tuple[str, ...] = ()
    started: str = ""
    interrupted: bool = False

    def to_json(self) -> str:
        """Return the JSON text of the recording, ASCII only."""
        document = {
            "schema": SCHEMA,
            "cidr": self.cidr,
            "hosts": [host.to_dict() for host in self.hosts],
            "neighbours_answering": self.neighbours_answering,
            "addresses_asked": self.addresses_asked,
            "gateway_ip": self.gateway_ip,
            "seconds": self.seconds,
            "refused": list(self.refused),
            "started": self.started,
            "interrupted": self.interrupted,
        }
        return json.dumps(document, ensure_ascii=True, indent=1, allow_nan=False)


def read_recording(data: bytes, *, name: str) -> ObservedNetwork:
    """Read the JSON form of a scan.

    Parameters
    ----------
    data
        The file's bytes.
    name
        What the user calls it, for the error.

    Raises
    ------
    InputError
        If it is not a recording of a scan.
    """
    hint = "Please give a file that `roomsweep lan` has recorded."
    if len(data) > RECORDING_MAX:
        raise InputError(name, f"is larger than {RECORDING_MAX // 1024**2} MiB, no recording of a scan", hint)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError(name, "is not a recording of a scan: it is not JSON", hint) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError(name, f"is not a recording of a scan: its schema is not {SCHEMA}", hint)
    try:
        gateway = document.get("gateway_ip")
        return ObservedNetwork(
            cidr=str(ipaddress.ip_network(_text(document["cidr"]), strict=False)),
            hosts=tuple(ObservedHost.from_dict(item) for item in document["hosts"]),
            neighbours_answering=_count(document["neighbours_answering"]),
            addresses_asked=_count(document["addresses_asked"]),
            gateway_ip=None if gateway is None else str(ipaddress.ip_address(_text(gateway))),
            seconds=_seconds(document["seconds"]),
            refused=tuple(map(_text, document["refused"])),
            started=_text(document.get("started", "")),
            interrupted=bool(document.get("interrupted", False)),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InputError(name, f"is a damaged recording of a scan ({type(error).__name__})", hint) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {_text(key): _text(item) for key, item in value.items()}


def _port(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65_536:
        raise ValueError("not a port")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError("not a count")
    return value


def _seconds(value: object) -> float:
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number < 0:
        raise ValueError("not a time")
    return number
