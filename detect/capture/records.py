"""What a capture file gives: blocks of records as columns, and how the file ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Longest record believed, in bytes: libpcap and Wireshark refuse longer snapshots (MAXIMUM_SNAPLEN and
#: WTAP_MAX_PACKET_SIZE_STANDARD are both 262144). A longer one means that the file is damaged there.
MAX_CAPLEN = 262_144


#: Times are kept within this many microseconds of 1970, so that nanoseconds fit 64 bits: until the year 2262.
MAX_T_US = 9_223_372_036_854_775


class LinkType(IntEnum):
    """What a record's first byte belongs to: values of the tcpdump.org link-layer header type registry.

    Records whose type is not listed here keep their number. The two ``BTSNOOP`` values are datalink codes
    of the btsnoop format that have no equal in the registry; they are above the registry's numbers in use.
    """

    ETHERNET = 1
    IEEE802_11 = 105
    LINUX_SLL = 113
    PRISM = 119
    RADIOTAP = 127
    IEEE802_11_AVS = 163
    BLUETOOTH_HCI_H4 = 187
    PPI = 192
    HCI_H4_WITH_PHDR = 201
    BLUETOOTH_LE_LL = 251
    HCI_MON = 254
    BLUETOOTH_LE_LL_WITH_PHDR = 256
    NORDIC_BLE = 272
    LINUX_SLL2 = 276
    #: btsnoop datalink 1001: bare HCI packets, their kind told by the record's flags.
    BTSNOOP_H1 = 1001
    #: btsnoop datalink 2001 (Linux monitor): adapter in the upper and opcode in the lower 16 bits of flags.
    BTSNOOP_MONITOR = 2001


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """One block of a capture: n records as columns over one buffer.

    Parameters
    ----------
    data
        uint8; the bytes of the block, read only. ``data[start[i] : start[i] + caplen[i]]`` is record i.
    start
        int64 (n,); offset in `data` of each record's first captured byte.
    caplen
        int64 (n,); bytes captured.
    length
        int64 (n,); bytes on the air or wire, at least `caplen`.
    t_ns
        int64 (n,); nanoseconds since 1970 by the capturing clock, which may never have been set.
    linktype
        int32 (n,); see :class:`LinkType`.
    flags
        uint32 (n,); the flags of btsnoop records (bit 0: received, bit 1: command or event), else 0.
    """

    data: NDArray[np.uint8]
    start: NDArray[np.int64]
    caplen: NDArray[np.int64]
    length: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    linktype: NDArray[np.int32]
    flags: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureEnd:
    """How the reading of a capture ended.

    Parameters
    ----------
    truncated
        None if the file was read whole, else a clause that says where and how it ends:
        ``"ends inside record 1234, at byte 567890"``.
    skipped_records
        Records left out because the file does not say what they hold (pcapng: interface not described).
    file_format
        ``pcap``, ``pcapng`` or ``btsnoop``.
    linktypes
        Link types of the records seen; of the header where there are none.
    """

    truncated: str | None
    skipped_records: int
    file_format: str
    linktypes: frozenset[int]


def windows(data: NDArray[np.uint8], size: int) -> NDArray[Any]:
    """Return every run of `size` bytes of `data` as one element, without copying.

    ``windows(data, 4)[offsets].view("<u4")`` gathers unaligned fields at memory speed. Offsets must be
    at most ``len(data) - size``.
    """
    count = len(data) - size + 1
    if count <= 0:
        return np.zeros(0, dtype=f"V{size}")
    return np.ndarray((count,), dtype=f"V{size}", buffer=data, strides=(1,))


def plausible_length(length: NDArray[np.int64], caplen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return lengths on the air: what was captured where the stated length is shorter or beyond belief."""
    return np.where((length < caplen) | (length > MAX_CAPLEN), caplen, length)
