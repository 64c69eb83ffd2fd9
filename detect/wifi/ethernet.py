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


@dataclass(frozen=True, slots=True, kw_only=True)
class EthernetFrames:
    """n Ethernet frames: addresses as uint64 (0: not told), bytes, and nanoseconds since 1970."""

    source: NDArray[np.uint64]
    destination: NDArray[np.uint64]
    length: NDArray[np.int64]
    t_ns: NDArray[np.int64]
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
        parts.append((whole, source, destination, len(rows) - len(whole)))
    if not parts:
        none = np.zeros(0, dtype=np.uint64)
        still = np.zeros(0, dtype=np.int64)
        return EthernetFrames(source=none, destination=none, length=still, t_ns=still)
    rows = np.concatenate([part[0] for part in parts])
    return EthernetFrames(
        source=np.concatenate([part[1] for part in parts]),
        destination=np.concatenate([part[2] for part in parts]),
        length=records.length[rows],
        t_ns=records.t_ns[rows],
        unreadable=sum(part[3] for part in parts),
    )


def _address(head: NDArray[np.uint8], at: int) -> NDArray[np.uint64]:
    """Six bytes from column `at` as an integer."""
    out = np.zeros(len(head), dtype=np.uint64)
    for byte in range(6):
        out = out << np.uint64(8) | head[:, at + byte].astype(np.uint64)
    return out
