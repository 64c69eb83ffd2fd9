"""One round over a network: who is there, what each says it is; ends by itself, whatever the hosts do.

Finding and asking overlap: a host is asked as soon as it is found. Everything is bounded: packets a second and for
each host (:mod:`.pace`), bytes and seconds of each conversation (:mod:`.talking`), datagrams taken (:mod:`.discovery`),
and the whole round by a deadline of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ...detect.lan.datagrams import Answer
from ...detect.lan.observed import ObservedHost, ObservedNetwork
from .discovery import Discovery
from .mdns import Announced, ask_mdns
from .neighbours import ping_all_nodes, read_neighbours, touch, touch_ipv6
from .networks import Target
from .notes import HostNotes, joined_by_mac
from .pace import PACKETS_PER_HOST, Allowance, Pace
from .questioning import SIGNS_OF_LIFE, Questioning
from .talking import Address, Manners, talk

#: Addresses that are touched before the answers are waited for: Linux keeps 512 neighbours gladly (gc_thresh2).
_BATCH = 256

#: Wait for a batch, seconds: ARP is tried three times, a second apart (Linux, mcast_solicit and retrans_time).
_BATCH_S = 3.1

#: Seconds between two looks at the table of neighbours.
_LOOK_S = 0.25

#: Seconds that are listened at least: Tuya devices shout every five or so (tinytuya 1.20.0).
_LISTEN_S = 6.0

#: Longest time for the questions after the last address was touched, seconds: a start, and what each host's packets
#: take at the pace of all (:data:`.pace.PACKETS_PER_S`).
_ASKING_S, _ASKING_S_PER_HOST = 12.0, 0.1

#: Most IPv6 neighbours that are kept; anybody can make them up.
_IPV6_MAX = 256

#: Conversations at a time, over all hosts.
_AT_ONCE = 64

#: What is kept back of a host's packets for what the system sends by itself: ARP, neighbour discovery, repeats.
_KEPT_BACK = 12

#: Seconds after which answers to what was asked of everybody are in: SSDP's take up to one (``MX: 1``).
_ANSWERED_S = 1.3


Step = Literal["finding", "asking", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a round is.

    Parameters
    ----------
    step
        ``finding`` hosts, ``asking`` what they are, ``done``.
    found, asked
        Hosts found and hosts asked to the end, so far.
    seconds
        Since it began.
    """

    step: Step
    found: int
    asked: int
    seconds: float


def scan_network(
    target: Target,
    *,
    mine: Collection[str] = (),
    progress: Callable[[Progress], None] = lambda progress: None,
) -> ObservedNetwork:
    """Do one round over `target` and return what was seen; Ctrl-C ends it sooner and keeps what was seen until then.

    Parameters are those of :class:`Scan`.
    """
    scan = Scan(target, mine=mine, progress=progress)
    try:
        return asyncio.run(scan.run())
    except KeyboardInterrupt:
        return scan.observed(interrupted=True)


class Scan:
    """One round over `target`.

    Parameters
    ----------
    target
        What is asked.
    mine
        Hardware addresses of the user's own devices: known, not asked.
    progress
        Called now and then.
    packets_per_host
        Most packets that any host is sent.
    """

    def __init__(
        self,
        target: Target,
        *,
        mine: Collection[str] = (),
        progress: Callable[[Progress], None] = lambda progress: None,
        packets_per_host: int = PACKETS_PER_HOST,
    ) -> None:
        self._target, self._mine, self._progress = target, frozenset(mine), progress
        self._pace = Pace()
        self._allowance = Allowance(packets_per_host - _KEPT_BACK)
        self._hosts: dict[str, HostNotes] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._heard_v6: set[str] = set()
        self._touched_v6: set[str] = set()
        self._before: frozenset[str] = frozenset()
        self._addresses = target.addresses()
        self._refused: list[str] = []
        if target.joined is not None:
            here = [ip for ip in self._addresses if ipaddress.ip_address(ip) in target.joined.network]
            if len(here) < len(self._addresses):
                beyond = len(self._addresses) - len(here)
                self._refused.append(f"{beyond} of its addresses lie beyond this computer's link and were not asked")
            self._addresses = here
        self._began = time.monotonic()
        self._step: Step = "finding"
        self._manners = Manners(pace=self._pace, allowance=self._allowance, at_once=asyncio.Semaphore(_AT_ONCE))
        self._discovery = Discovery(target, pace=self._pace, allowance=self._allowance, heard=self._heard)
        self._questioning = Questioning(
            target, self._hosts, manners=self._manners, discovery=self._discovery, mine=self._mine, told=self._tell
        )
        #: Seconds until every address had its time to answer, and until every host was asked.
        self.found_s = self.questioned_s = 0.0

    async def run(self) -> ObservedNetwork:
        """Do the round; return what was seen.

        If it is cancelled, what was seen until then is still in :meth:`observed`.
        """
        announced: dict[str, Announced] = {}
        async with self._discovery as discovery:
            aside = [asyncio.create_task(self._listen_mdns(announced))]
            joined = self._target.joined
            if joined is not None and joined.link_local is not None and self._target.whole:
                aside.append(asyncio.create_task(ping_all_nodes(joined.index, heard=self._heard_ipv6)))
            try:
                await discovery.ask_everybody()
                self._questioning.answered_at = time.monotonic() + _ANSWERED_S
                await self._find()
                self.found_s = self._seconds()
                self._step = "asking"
                self._tell()
                deadline = time.monotonic() + _ASKING_S + _ASKING_S_PER_HOST * len(self._hosts)
                await self._wait(aside[:1], until=time.monotonic() + 4.0)
                self._take_announced(announced)
                self._take_ipv6()
                await self._wait(self._tasks.values(), until=deadline)
                await asyncio.sleep(max(0.0, _LISTEN_S - self._seconds()))
                await self._wait(self._tasks.values(), until=deadline)  # of those that were heard last
                late = sum(not task.done() for task in self._tasks.values())
                if late:
                    self._refused.append(f"{late} of its devices were not asked to the end: time was up")
                await self._look()
            finally:
                self._refused = list(dict.fromkeys((*discovery.refused, *self._refused)))
                for task in (*aside, *self._tasks.values()):
                    task.cancel()
                await asyncio.gather(*aside, *self._tasks.values(), return_exceptions=True)
        self.questioned_s = self._seconds()
        self._step = "done"
        self._tell()
        return self.observed()

    def observed(self, *, interrupted: bool = False) -> ObservedNetwork:
        """Return what was seen so far."""
        joined = self._target.joined
        gateway = joined.gateway_ip if joined else None
        hosts = [
            host.record(ip, roles=self._roles(ip, host))
            for ip, host in joined_by_mac(self._hosts).items()
            if host.is_there
        ]
        if joined is not None:
            own = frozenset({"this_computer"})
            hosts.append(ObservedHost(ip=joined.ip, mac=joined.mac, roles=own))
        others = [host for host in hosts if not host.roles & {"this_computer", "gateway"}]
        return ObservedNetwork(
            cidr=str(self._target.network),
            hosts=tuple(sorted(hosts, key=lambda host: (":" in host.ip, ipaddress.ip_address(host.ip).packed))),
            neighbours_answering=len(others),
            addresses_asked=len(self._addresses),
            gateway_ip=gateway,
            seconds=round(self._seconds(), 2),
            refused=tuple(self._refused),
            started=datetime.now().astimezone().isoformat(timespec="seconds"),
            interrupted=interrupted,
        )

    async def _find(self) -> None:
        if self._target.joined is None:
            await self._find_behind_router()
            return
        index = self._target.joined.index
        self._before = frozenset(row.ip for row in await read_neighbours(index))
        for start in range(0, len(self._addresses), _BATCH):
            looking = asyncio.create_task(self._keep_looking())
            try:
                began = time.monotonic()
                sent = await touch(self._addresses[start : start + _BATCH], pace=self._pace)
                if not sent and not start:
                    self._refused.append("this computer cannot send on this network")
                await asyncio.sleep(max(0.0, began + _BATCH_S - time.monotonic()))
            finally:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
            await self._look()

    async def _find_behind_router(self) -> None:
        async def try_one(ip: str) -> None:
            for port in SIGNS_OF_LIFE:
                reply = await talk(Address(ip=ip), port, manners=self._manners)
                if reply.state in ("open", "closed"):
                    self._found(ip).alive = True
                    return

        waiting = list(reversed(self._addresses))

        async def worker() -> None:
            while waiting:
                await try_one(waiting.pop())
                self._tell()

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(waiting))):
                group.create_task(worker())

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await self._look()
            self._tell()

    async def _look(self) -> None:
        """Read the table of neighbours; whoever is in the network and new there is asked."""
        joined = self._target.joined
        if joined is None:
            return
        unknown = sorted(self._heard_v6 - self._touched_v6)[:_BATCH]
        if unknown:
            self._touched_v6.update(unknown)
            touch_ipv6(unknown, index=joined.index)
        for row in await read_neighbours(joined.index):
            address = ipaddress.ip_address(row.ip)
            if isinstance(address, ipaddress.IPv6Address):
                if row.ip in self._heard_v6:
                    self._hosts.setdefault(row.ip, HostNotes(alive=True)).mac = row.mac
            elif address in self._target.network and row.ip != joined.ip:
                host = self._found(row.ip, mac=row.mac)
                host.alive |= row.confirmed or row.ip not in self._before

    def _heard(self, ip: str, answer: Answer) -> None:
        """Take an answer to a discovery question."""
        if ":" not in ip:
            host = self._found(ip)
        elif self._heard_ipv6(ip):
            host = self._hosts.setdefault(ip, HostNotes())
        else:
            return
        host.alive = True
        host.answers.append(answer)

    def _heard_ipv6(self, ip: str) -> bool:
        """Note an IPv6 neighbour; False if there are too many to believe in."""
        if len(self._heard_v6) < _IPV6_MAX:
            self._heard_v6.add(ip)
        return ip in self._heard_v6

    def _found(self, ip: str, *, mac: str | None = None) -> HostNotes:
        """Note a host of the network, and ask it if it was not known."""
        host = self._hosts.setdefault(ip, HostNotes())
        if not host.stood_for:
            host.mac = mac or host.mac
        # With a neighbour its hardware address comes along: it tells whether this is one of the user's own.
        if ip not in self._tasks and (host.mac is not None or self._target.joined is None):
            self._tasks[ip] = asyncio.create_task(self._questioning.ask(ip, host))
        return host

    async def _listen_mdns(self, announced: dict[str, Announced]) -> None:
        def heard(ip: str) -> None:
            if ":" in ip:
                self._heard_ipv6(ip)
            else:
                self._found(ip).alive = True

        announced.update(await ask_mdns(self._target, pace=self._pace, allowance=self._allowance, heard=heard))

    def _take_announced(self, announced: dict[str, Announced]) -> None:
        for ip, found in announced.items():
            if ":" in ip and not self._heard_ipv6(ip):
                continue
            host = self._hosts.setdefault(ip, HostNotes())
            host.alive = True
            host.names.update(found.names)
            host.services += found.services.values()

    def _take_ipv6(self) -> None:
        """Ask IPv6 neighbours that have no IPv4 address here."""
        joined = self._target.joined
        if joined is None:
            return
        known = {host.mac for ip, host in self._hosts.items() if ":" not in ip and host.mac}
        for ip in sorted(self._heard_v6 - {joined.link_local}):
            host = self._hosts.setdefault(ip, HostNotes())
            host.alive = True
            if host.mac is not None and host.mac not in known and ip not in self._tasks:
                self._tasks[ip] = asyncio.create_task(
                    self._questioning.question(Address(ip=ip, scope=joined.index), host)
                )

    def _roles(self, ip: str, host: HostNotes) -> set[str]:
        roles = set()
        if self._target.joined is not None and ip == self._target.joined.gateway_ip:
            roles.add("gateway")
        if host.mac in self._mine:
            roles.add("mine")
        return roles

    async def _wait(self, tasks: Collection[asyncio.Task[None]], *, until: float) -> None:
        waiting = [task for task in tasks if not task.done()]
        if waiting and until > time.monotonic():
            await asyncio.wait(waiting, timeout=until - time.monotonic())

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _tell(self) -> None:
        hosts = joined_by_mac(self._hosts).values()
        found = sum(host.is_there and not (host.stood_for and host.mac) for host in hosts)
        with contextlib.suppress(Exception):  # showing must not cost the round
            self._progress(
                Progress(
                    step=self._step,
                    found=found,
                    asked=self._questioning.asked,
                    seconds=self._seconds(),
                )
            )
