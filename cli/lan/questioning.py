"""What one host is asked, and in which order: the most telling first, since its allowance may end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping

from ...detect.lan import ssdp, tuya, wsd
from .discovery import Discovery
from .doors import FIRST, Doors, describe, kind_of, ports, try_doors
from .networks import Target
from .notes import HostNotes
from .talking import Address, Manners, talk

#: Ports that are tried to see whether a host behind a router is there: it answers or refuses. Where a router stands
#: in for everybody only the first is tried, since all of it goes to the router.
SIGNS_OF_LIFE = (554, 80, 443)

#: Most addresses that one box is believed to have; more with one hardware address are a router that stands in.
_SAME_BOX = 4

#: Places of answers' UPnP descriptions that are read, of one host.
_DESCRIPTIONS = 2

#: Searches that things of all sorts answer: whoever answered only these is asked by the makers' own, too.
_GENERAL = frozenset({ssdp.PROTOCOL, ssdp.DESCRIPTION, wsd.PROTOCOL, tuya.PROTOCOL})


class Questioning:
    """Asks the hosts of one round.

    Parameters
    ----------
    target
        The network.
    hosts
        What is known of its hosts, by address; others add to it meanwhile.
    manners, discovery
        What all hosts share.
    mine
        Hardware addresses of the user's own devices: known, not asked.
    told
        Called when a host was asked to the end.
    """

    def __init__(
        self,
        target: Target,
        hosts: Mapping[str, HostNotes],
        *,
        manners: Manners,
        discovery: Discovery,
        mine: Collection[str],
        told: Callable[[], None],
    ) -> None:
        self._target, self._hosts, self._manners, self._discovery = target, hosts, manners, discovery
        self._mine, self._told = mine, told
        #: When answers to what was asked of everybody are in, by the monotonic clock.
        self.answered_at = 0.0
        #: Hosts that were asked to the end.
        self.asked = 0

    async def ask(self, ip: str, host: HostNotes) -> None:
        """Ask a host, unless a router only stands in for it (proxy ARP, RFC 1027) and nobody is behind."""
        if not self._is_stood_for(ip, host):
            await self.question(Address(ip=ip, owner=host.mac or ""), host)
            return
        host.stood_for = True
        self._manners.allowance.set_apart(ip)
        reply = await talk(Address(ip=ip), SIGNS_OF_LIFE[0], manners=self._manners)
        if reply.state in ("open", "closed"):
            host.mac = None  # the router's is not its own
            await self.question(Address(ip=ip), host)

    def _is_stood_for(self, ip: str, host: HostNotes) -> bool:
        gateway = self._target.joined.gateway_ip if self._target.joined else None
        router = self._hosts.get(gateway or "")
        if host.mac is None or ip == gateway:
            return False
        same = sum(other.mac == host.mac and ":" not in key for key, other in self._hosts.items())
        return same > _SAME_BOX or (router is not None and router.mac == host.mac)

    async def question(self, address: Address, host: HostNotes) -> None:
        """Ask one host what it is."""
        if host.mac in self._mine:
            host.alive = True
            self.asked += 1
            return
        if self._target.joined is not None:
            self._manners.allowance.charge(address.payer, 1)  # the touch
        first = [(port, kind_of(port)) for port in FIRST]
        doors = await try_doors(address, manners=self._manners, wanted=first)
        self._enter(host, doors)
        if doors.left_out:
            host.notes.append(f"{doors.left_out} of its ports were not asked: enough packets had been sent to it")
        await asyncio.sleep(max(0.0, self.answered_at - time.monotonic()))
        await self._describe(address, host)
        told = any(answer.protocol not in _GENERAL for answer in host.answers)
        if not told and ":" not in address.ip:
            await self._discovery.ask(address)
        rest = [(port, kind_of(port)) for port in ports() if port not in FIRST]
        self._enter(host, await try_doors(address, manners=self._manners, wanted=rest))
        self.asked += 1
        self._told()

    @staticmethod
    def _enter(host: HostNotes, doors: Doors) -> None:
        host.alive |= doors.answered
        host.open_ports += doors.open_ports
        host.banners += doors.banners
        host.notes += doors.notes

    async def _describe(self, address: Address, host: HostNotes) -> None:
        """Read the UPnP description that a host's own answer named."""
        places = [
            item.fields["location"] for item in host.answers if item.protocol == "ssdp" and "location" in item.fields
        ]
        for place in list(dict.fromkeys(places))[:_DESCRIPTIONS]:
            found = await describe(address, place, manners=self._manners)
            if found is not None:
                host.answers.append(found)
                return
