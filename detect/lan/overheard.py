"""Answers to searches that somebody else's capture holds: hosts that told a phone, or everybody, what they are.

A capture of a hotspot or a mirror port holds what cameras shout on their own and answer to their owner's phone. The
same readers as for a scan read them; nothing is sent. Only datagrams to or from the ports of the searches are looked
at, which is a matter of columns, so a large capture costs little.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from ..capture import CaptureReader, LinkType, Records, windows
from ..mac import format_mac, is_group
from ..result import Finding
from .datagrams import Answer
from .examine import findings_of
from .observed import ObservedHost
from .probes import PORTS, read_answer

#: Link type -> (bytes of its header, offset of the source address, offset of the protocol's number): IEEE 802.3, and
#: the cooked headers LINKTYPE_LINUX_SLL and _SLL2 of tcpdump.org.
_LAYOUTS = {
    int(LinkType.ETHERNET): (14, 6, 12),
    int(LinkType.LINUX_SLL): (16, 6, 14),
    int(LinkType.LINUX_SLL2): (20, 12, 0),
}

#: Names of the link types that are looked at, as a source's facts have them.
LINK_TYPES = frozenset({"ethernet", "linux_sll", "linux_sll2"})

#: Bytes of an IPv4 header without options and of a UDP header (RFC 791, RFC 768).
_IP_BYTES, _UDP_BYTES = 20, 8

#: Hosts, answers of one host, and datagrams that are looked at; more is a flood.
HOSTS_MAX, ANSWERS_MAX, DATAGRAMS_MAX = 2000, 32, 200_000


class Overhearing:
    """Collects the answers in blocks of a capture."""

    def __init__(self) -> None:
        self._hosts: dict[tuple[str, str], dict[tuple[str, tuple[tuple[str, str], ...]], Answer]] = {}
        self._looked_at = 0

    def add(self, records: Records) -> None:
        """Look at one block."""
        for linktype, (size, mac_at, kind_at) in _LAYOUTS.items():
            whole = size + _IP_BYTES + _UDP_BYTES
            rows = np.flatnonzero((records.linktype == linktype) & (records.caplen >= whole))
            if not len(rows):
                continue
            head = windows(records.data, whole)[records.start[rows]].view(np.uint8).reshape(-1, whole)
            packet = head[:, size:]
            source = packet[:, 20].astype(np.int64) << 8 | packet[:, 21]
            target = packet[:, 22].astype(np.int64) << 8 | packet[:, 23]
            ports = list(PORTS)
            ours = (
                (head[:, kind_at] == 0x08)
                & (head[:, kind_at + 1] == 0x00)
                & (packet[:, 0] == 0x45)
                & ((packet[:, 6] & 0x3F) == 0)
                & (packet[:, 7] == 0)
                & (packet[:, 9] == 17)
                & (np.isin(source, ports) | np.isin(target, ports))
            )
            for at in np.flatnonzero(ours)[: max(0, DATAGRAMS_MAX - self._looked_at)]:
                self._looked_at += 1
                row, fields = rows[at], packet[at].tobytes()
                length = int.from_bytes(fields[24:26], "big")
                start = int(records.start[row]) + whole
                end = min(start - _UDP_BYTES + length, int(records.start[row] + records.caplen[row]))
                mac = int.from_bytes(head[at, mac_at : mac_at + 6].tobytes(), "big")
                self._take(
                    records.data[start:end].tobytes(),
                    ports=(int(source[at]), int(target[at])),
                    mac=mac,
                    ip=ipaddress.IPv4Address(fields[12:16]),
                )

    def hosts(self) -> tuple[ObservedHost, ...]:
        """Return the hosts that said what they are."""
        return tuple(
            ObservedHost(ip=ip, mac=mac, answers=tuple(answers.values())) for (mac, ip), answers in self._hosts.items()
        )

    def _take(self, payload: bytes, *, ports: Sequence[int], mac: int, ip: ipaddress.IPv4Address) -> None:
        # From outside, an address is the router's, and the answer is no host's of this network.
        if not ip.is_private or ip.is_unspecified or mac == 0 or is_group(mac):
            return
        for port in ports:
            found = read_answer(port, payload)
            if found is None:
                continue
            key = (format_mac(mac), str(ip))
            if key not in self._hosts and len(self._hosts) >= HOSTS_MAX:
                return
            answers = self._hosts.setdefault(key, {})
            if len(answers) < ANSWERS_MAX:
                answers.setdefault((found.protocol, tuple(found.fields.items())), found)
            return


def overhear(stream: BinaryIO, *, source_id: str, name: str) -> tuple[Finding, ...]:
    """Return what the hosts in a capture of network traffic said that they are.

    Parameters
    ----------
    stream
        The capture; records of Wi-Fi and Bluetooth are passed over.
    source_id, name
        Of the capture's source, which the findings belong to.

    Raises
    ------
    InputError
        If it is no capture.
    """
    ear = Overhearing()
    for records in CaptureReader(stream, name=name):
        ear.add(records)
    return findings_of(ear.hosts(), source_id=source_id)[0]
