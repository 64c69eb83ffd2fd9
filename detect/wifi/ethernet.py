"""Ethernet frames: what a hotspot, a mirror port or a computer on a Wi-Fi network records.

Such captures hold no radio, but the source addresses are those of the devices. Layouts: IEEE 802.3, and the
Linux cooked headers LINKTYPE_LINUX_SLL and _SLL2 of tcpdump.org.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..capture import LinkType, Records
from .headers import gather

#: Link type -> (bytes of its header, offset of the destination address or -1, offset of the source address,
#: offset of the address length or -1).
_LAYOUTS = {
    int(LinkType.ETHERNET): (14, 0, 6, -1),
    int(LinkType.LINUX_SLL): (16, -1, 6, 5),
    int(LinkType.LINUX_SLL2): (20, -1, 12, 11),
}


#: Hop counts that operating systems send with: RFC 1700 recommends 64; Windows uses 128, network equipment 255,
#: some small stacks 32.
_FIRST_HOPS = (32, 64, 128, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class EthernetFrames:
    """n Ethernet frames.

    Parameters
    ----------
    source, destination
        uint64 (n,); addresses, 0 where not told.
    length
        int64 (n,); bytes on the wire.
    t_ns
        int64 (n,); nanoseconds since 1970.
    relayed
        bool (n,); unicast IP packets that the source only passed on: their hop count is no longer one that a
        sender starts with (64, 128, 255, of old 32), because every router lowers it by one (RFC 791, RFC 8200).
    unreadable
        Records too short for their header.
    """

    source: NDArray[np.uint64]
    destination: NDArray[np.uint64]
    length: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    relayed: NDArray[np.bool_]
    unreadable: int = 0

    def __len__(self) -> int:
        return len(self.t_ns)


def read_ethernet(records: Records) -> EthernetFrames:
    """Return the Ethernet frames of a block; records of other link types are passed over."""
    parts = []
    for linktype, (size, to_at, from_at, count_at) in _LAYOUTS.items():
        rows = np.flatnonzero(records.linktype == linktype)
        if not len(rows):
            continue
        whole = rows[records.caplen[rows] >= size]
        head = gather(records.data, records.start[whole], 20).view(np.uint8).reshape(-1, 20)
        source = _address(head, from_at)
        if count_at >= 0:
            source = np.where(head[:, count_at] == 6, source, np.uint64(0))
        destination = _address(head, to_at) if to_at >= 0 else np.zeros(len(whole), dtype=np.uint64)
        relayed = _relayed(records, whole, size)
        parts.append((whole, source, destination, relayed, len(rows) - len(whole)))
    if not parts:
        none = np.zeros(0, dtype=np.uint64)
        still = np.zeros(0, dtype=np.int64)
        return EthernetFrames(source=none, destination=none, length=still, t_ns=still, relayed=still != 0)
    rows = np.concatenate([part[0] for part in parts])
    return EthernetFrames(
        source=np.concatenate([part[1] for part in parts]),
        destination=np.concatenate([part[2] for part in parts]),
        length=records.length[rows],
        t_ns=records.t_ns[rows],
        relayed=np.concatenate([part[3] for part in parts]),
        unreadable=sum(part[4] for part in parts),
    )


def _relayed(records: Records, rows: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """Which frames hold a unicast IP packet with a lowered hop count; the type stands before the packet."""
    packet = gather(records.data, records.start[rows] + size - 2, 27).view(np.uint8).reshape(-1, 27)
    kind = packet[:, 0].astype(np.uint16) << 8 | packet[:, 1]
    if size == 20:  # LINUX_SLL2 has the type at its beginning: the version in the packet tells as well
        kind = np.where(packet[:, 2] >> 4 == 6, np.uint16(0x86DD), np.uint16(0x0800))
    v4 = (kind == 0x0800) & (packet[:, 2] >> 4 == 4) & (packet[:, 18] < 224)
    v6 = (kind == 0x86DD) & (packet[:, 2] >> 4 == 6) & (packet[:, 26] != 0xFF)
    hops = np.where(v4, packet[:, 10], packet[:, 9])
    whole = records.caplen[rows] >= size + 25
    lowered: NDArray[np.bool_] = whole & (v4 | v6) & ~np.isin(hops, _FIRST_HOPS)
    return lowered


def _address(head: NDArray[np.uint8], at: int) -> NDArray[np.uint64]:
    """Six bytes from column `at` as an integer."""
    out = np.zeros(len(head), dtype=np.uint64)
    for byte in range(6):
        out = out << np.uint64(8) | head[:, at + byte].astype(np.uint64)
    return out
