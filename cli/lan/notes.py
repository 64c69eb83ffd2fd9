"""What is known of each host while a round runs, and the record that it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...detect.lan.datagrams import Answer
from ...detect.lan.observed import Banner, MdnsService, ObservedHost


@dataclass(slots=True, kw_only=True)
class HostNotes:
    """What is known of one address so far."""

    mac: str | None = None
    alive: bool = False
    answers: list[Answer] = field(default_factory=list)
    open_ports: list[int] = field(default_factory=list)
    banners: list[Banner] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)
    services: list[MdnsService] = field(default_factory=list)
    #: A router answered ARP in its name; it has no hardware address of its own as soon as it spoke itself.
    stood_for: bool = False

    @property
    def is_there(self) -> bool:
        """Whether it answered anything."""
        return self.alive or bool(self.answers or self.open_ports or self.services)

    def record(self, ip: str, *, roles: Iterable[str] = ()) -> ObservedHost:
        """Return what was seen of it."""
        services = {(item.service, item.instance): item for item in self.services}
        answers = {f"{item.protocol} {sorted(item.fields.items())}": item for item in self.answers}
        return ObservedHost(
            ip=ip,
            mac=self.mac,
            names=tuple(self.names),
            answers=tuple(sorted(answers.values(), key=lambda item: item.protocol)),
            open_ports=tuple(("tcp", port) for port in sorted(set(self.open_ports))),
            banners=tuple(sorted(self.banners, key=lambda item: (item.port, item.field))),
            services=tuple(services[key] for key in sorted(services)),
            roles=frozenset(roles),
            notes=tuple(self.notes),
        )


def joined_by_mac(hosts: Mapping[str, HostNotes]) -> dict[str, HostNotes]:
    """Return the hosts with what one box says on IPv6 added to its IPv4 address, told by the hardware address."""
    out = {ip: host for ip, host in hosts.items() if ":" not in ip}
    by_mac = {host.mac: host for host in out.values() if host.mac}
    for ip, host in hosts.items():
        if ":" not in ip:
            continue
        same = by_mac.get(host.mac) if host.mac else None
        if same is None:
            out[ip] = host
            if host.mac:
                by_mac[host.mac] = host
        elif same is not host:
            same.alive |= host.alive
            same.answers += [item for item in host.answers if item not in same.answers]
            same.names.update(host.names)
            same.services += [item for item in host.services if item not in same.services]
    return out
