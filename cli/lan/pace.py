"""How fast and how much may be sent: one pace for the whole network, one allowance for each host."""

from __future__ import annotations

import asyncio
import math

#: Most packets that any host is sent in one round, those to everybody counted in. Reasoned: two or three pages of a
#: web site; far below what an intrusion alarm or a weak device would stumble over.
PACKETS_PER_HOST = 60

#: Packets a second that are sent to all hosts together. Reasoned: 60 bytes each, 0.3 Mbit/s: a fraction of the slowest
#: Wi-Fi's capacity.
PACKETS_PER_S = 600.0

#: Longest payload of a TCP segment on Ethernet with time stamps (RFC 1191, RFC 7323): 1,500 - 20 - 32 bytes.
SEGMENT = 1448


class Pace:
    """Lets a limited number of packets pass each second.

    Parameters
    ----------
    per_s
        How many.
    """

    def __init__(self, per_s: float = PACKETS_PER_S) -> None:
        self._gap_s = 1.0 / per_s
        self._next_s = 0.0

    async def wait(self, packets: int = 1) -> None:
        """Return as soon as so many packets may be sent."""
        now = asyncio.get_running_loop().time()
        # What was not used is lost, save a twentieth of a second's worth: timers are no finer.
        self._next_s = max(self._next_s, now - 0.05) + packets * self._gap_s
        if self._next_s - now > 0.005:
            await asyncio.sleep(self._next_s - now)


class Allowance:
    """What each host may still be sent.

    Parameters
    ----------
    packets
        For each host.
    """

    def __init__(self, packets: int = PACKETS_PER_HOST) -> None:
        self._packets = packets
        self._everybody = 0
        self._spent: dict[str, int] = {}
        self._apart: set[str] = set()

    def spend(self, host: str, packets: int = 1) -> bool:
        """Take packets from a host's allowance; False, and nothing taken, if too few are left."""
        if self.left(host) < packets:
            return False
        self._spent[host] = self._spent.get(host, 0) + packets
        return True

    def charge(self, host: str, packets: int) -> None:
        """Take packets that were sent already, as acknowledgements are."""
        self._spent[host] = self._spent.get(host, 0) + packets

    def everybody(self, packets: int = 1) -> None:
        """Take packets from all hosts: what goes to everybody goes to each."""
        self._everybody += packets

    def set_apart(self, host: str) -> None:
        """Note that a host does not hear what goes to everybody: it is behind a router."""
        self._apart.add(host)

    def is_apart(self, host: str) -> bool:
        """Whether a host was set apart."""
        return host in self._apart

    def left(self, host: str) -> int:
        """Return how many packets a host may still be sent."""
        everybody = 0 if host in self._apart else self._everybody
        return self._packets - everybody - self._spent.get(host, 0)


def acknowledgements(size: int) -> int:
    """Return how many packets at most acknowledge so many received bytes, sent in full segments."""
    return math.ceil(size / SEGMENT)
