"""pcap and btsnoop: formats of one header and then records, each a fixed header and its bytes.

Layouts: IETF draft-ietf-opsawg-pcap (pcap) and the btsnoop description in the Android and BlueZ sources
(btsnoop: the snoop format of RFC 1761 with the clock counted from the year 0).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .records import MAX_CAPLEN, MAX_T_US, LinkType, Records, plausible_length, windows

#: pcap magic as the file's first four bytes -> (byte order, nanoseconds per tick, bytes of a record header).
#: The last pair is a modified form with eight more bytes per record (libpcap: KUZNETZOV_TCPDUMP_MAGIC).
PCAP_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000, 16),
    b"\xa1\xb2\xc3\xd4": (">", 1000, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x34\xcd\xb2\xa1": ("<", 1000, 24),
    b"\xa1\xb2\xcd\x34": (">", 1000, 24),
}

BTSNOOP_MAGIC = b"btsnoop\0"

#: Microseconds from the year 0, where btsnoop counts from, to 1970 (BlueZ src/shared/btsnoop.c).
_BTSNOOP_EPOCH_US = 0x00DC_DDB3_0F2F_8000

#: btsnoop datalink code -> link type.
_BTSNOOP_LINKTYPES = {
    1001: LinkType.BTSNOOP_H1,
    1002: LinkType.BLUETOOTH_HCI_H4,
    2001: LinkType.BTSNOOP_MONITOR,
}

#: Bits of the pcap header's network field that hold the link type; those above tell the length of the FCS
#: (libpcap, pcap-common.h: LT_LINKTYPE).
_LINKTYPE_MASK = 0x03FF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicWalker:
    """Cuts a stream of such records into columns."""

    name: str
    file_format: str
    order: str
    linktype: int
    header_bytes: int
    caplen_at: int
    tick_ns: int

    @classmethod
    def open(cls, head: bytes, *, name: str) -> tuple[Self, int] | None:
        """Return the walker for a file beginning with `head` and the size of the file header.

        None if it is neither format. Raises InputError if it is one but its header is cut or unusable.
        """
        if head[:8] == BTSNOOP_MAGIC:
            _need(head, 16, name, "btsnoop")
            version, datalink = struct.unpack_from(">II", head, 8)
            if version != 1:
                raise InputError(name, f"is a btsnoop capture of version {version}, which is not known")
            return cls(
                name=name,
                file_format="btsnoop",
                order=">",
                # An unknown type only has to stay unknown: 31 bits of it fit the column.
                linktype=int(_BTSNOOP_LINKTYPES.get(datalink, datalink & 0x7FFF_FFFF)),
                header_bytes=24,
                caplen_at=4,
                tick_ns=1000,
            ), 16
        if head[:4] in PCAP_MAGICS:
            order, tick_ns, header_bytes = PCAP_MAGICS[head[:4]]
            _need(head, 24, name, "pcap")
            major, minor = struct.unpack_from(order + "HH", head, 4)
            if major != 2:
                raise InputError(
                    name,
                    f"is a damaged capture: its header names pcap version {major}.{minor} (known: 2.x)",
                    "Please copy it from the capturing device again.",
                )
            (network,) = struct.unpack_from(order + "I", head, 20)
            return cls(
                name=name,
                file_format="pcap",
                order=order,
                linktype=network & _LINKTYPE_MASK,
                header_bytes=header_bytes,
                caplen_at=8,
                tick_ns=tick_ns,
            ), 24
        return None

    @property
    def linktypes(self) -> frozenset[int]:
        """The one link type of the header."""
        return frozenset({self.linktype})

    @property
    def inside_block(self) -> bool:
        """Always False: records are never stepped over in parts."""
        return False

    @property
    def skipped_records(self) -> int:
        """Always 0: every record is described by the file header."""
        return 0

    def walk(self, buffer: bytes | bytearray) -> tuple[Records, int, str | None]:
        """Return the whole records in `buffer`, the bytes they take, and what is wrong with the next one.

        The last value is None also where the next record is merely not whole yet.
        """
        size, header = len(buffer), self.header_bytes
        data = np.frombuffer(memoryview(buffer).toreadonly(), dtype=np.uint8)
        heads = self._heads(buffer, data)
        words = windows(data, header)[heads].view(self.order + "u4").reshape(-1, header // 4)
        caplen = words[:, self.caplen_at // 4].astype(np.int64)
        after = heads + header + caplen
        # Only the last offset can reach beyond the buffer; an absurd length may also lie inside it.
        keep, problem = len(heads), None
        absurd = np.flatnonzero(caplen > MAX_CAPLEN)
        if len(absurd):
            keep = int(absurd[0])
            problem = f"claims {int(caplen[keep])} bytes, more than any capture holds"
        elif keep and int(after[-1]) > size:
            keep -= 1
        taken = int(after[keep - 1]) if keep else 0
        return self._columns(data, heads[:keep] + header, words[:keep], caplen[:keep]), taken, problem

    def _heads(self, buffer: bytes | bytearray, data: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Offsets of the record headers in `buffer`; of the last one the record may reach beyond it.

        Following the lengths from record to record is a loop in Python. It is spared where it can be: the upper two
        bytes of a pcap's seconds stay the same for 18 hours, so whatever stands behind such bytes may be a header, and
        each that is must lie where the length in the one before says. Where that fails the lengths are followed.
        """
        last = len(buffer) - self.header_bytes
        if self.file_format != "pcap" or last < 0:
            return np.fromiter(self._offsets(buffer, 0), dtype=np.int64)
        at, beside = (3, 2) if self.order == "<" else (0, 1)
        maybe = np.flatnonzero(data[at : last + at + 1] == data[at])
        maybe = maybe[data[maybe + beside] == data[beside]]
        if len(maybe) > last // self.header_bytes + 1:  # more than headers can be: zeros under a clock never set
            return np.fromiter(self._offsets(buffer, 0), dtype=np.int64)
        caplen = windows(data, 4)[maybe + self.caplen_at].view(self.order + "u4")
        after = maybe + (caplen.astype(np.int64) + self.header_bytes)
        # Places where the next candidate is not the next header.
        breaks = np.flatnonzero(after[:-1] != maybe[1:]).tolist()
        parts, here = [], 0
        for place in breaks:
            if place < here:
                continue  # among candidates that were no headers
            parts.append(maybe[here : place + 1])
            here = int(np.searchsorted(maybe, after[place]))
            if here == len(maybe) or maybe[here] != after[place]:
                rest = np.fromiter(self._offsets(buffer, int(after[place])), dtype=np.int64)
                return np.concatenate([*parts, rest])
        # The last may be followed by headers of another day.
        rest = np.fromiter(self._offsets(buffer, int(after[-1])), dtype=np.int64)
        return np.concatenate([*parts, maybe[here:], rest])

    def _offsets(self, buffer: bytes | bytearray, at: int) -> Iterator[int]:
        """The same, one after the other, from the header at `at` on.

        A generator that numpy drains was the quickest of the loops tried (0.75 of the time of appending).
        """
        header = self.header_bytes
        read = struct.Struct(f"{self.order}{self.caplen_at}xI").unpack_from
        last = len(buffer) - header
        while at <= last:
            yield at
            (caplen,) = read(buffer, at)
            at += caplen + header

    def _columns(
        self,
        data: NDArray[np.uint8],
        start: NDArray[np.int64],
        words: NDArray[np.uint32],
        caplen: NDArray[np.int64],
    ) -> Records:
        """The columns of records whose headers are `words`, one row each."""
        wide = words.astype(np.int64)
        flags = np.zeros(len(start), dtype=np.uint32)
        if self.file_format == "btsnoop":
            length = wide[:, 0]
            flags = words[:, 2].astype(np.uint32)
            t_ns = ((wide[:, 4] << 32 | wide[:, 5]) - _BTSNOOP_EPOCH_US).clip(-MAX_T_US, MAX_T_US) * 1000
        else:
            t_ns = wide[:, 0] * 1_000_000_000 + wide[:, 1] * self.tick_ns
            length = wide[:, 3]
        return Records(
            data=data,
            start=start,
            caplen=caplen,
            length=plausible_length(length, caplen),
            t_ns=t_ns,
            linktype=np.full(len(start), self.linktype, dtype=np.int32),
            flags=flags,
        )


def _need(head: bytes, size: int, name: str, kind: str) -> None:
    if len(head) < size:
        raise InputError(
            name,
            f"is a {kind} capture that ends inside its header ({len(head)} of {size} bytes)",
            "Please copy it from the capturing device again.",
        )
