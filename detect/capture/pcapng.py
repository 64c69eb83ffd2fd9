"""pcapng: blocks of many kinds, of which those that hold packets become columns.

Layout: IETF draft-ietf-opsawg-pcapng. Sections may each have their own byte order and interfaces; a block of
unknown type is stepped over by its length. Times are converted by each interface's resolution and offset.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .records import MAX_CAPLEN, MAX_T_US, Records, plausible_length, windows

SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"

#: Block types (draft-ietf-opsawg-pcapng, 11.1).
_SHB, _IDB, _PB, _SPB, _EPB = 0x0A0D0D0A, 1, 2, 3, 6
_PACKETS = frozenset({_EPB, _SPB, _PB})

#: Byte-order magic of a section header, as read in the right order.
_BYTE_ORDER = 0x1A2B3C4D

#: Options of an interface description (same draft, 4.2).
_IF_TSRESOL, _IF_TSOFFSET = 9, 14

#: Options and header of a packet block are short beside its packet; a longer one is damage.
_MAX_PACKET_BLOCK = 2 * MAX_CAPLEN

#: Interfaces of one section; a file with more is taken as damaged (it would be a memory attack).
_MAX_INTERFACES = 4096

#: Stands for "no time of its own" until the time before it is filled in.
_NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What the packets of one interface need to be read."""

    linktype: int
    snaplen: int
    ticks_per_s: int
    offset_s: int


@dataclass(slots=True, kw_only=True)
class PcapngWalker:
    """Cuts a stream of pcapng blocks into columns; keeps the current section's interfaces."""

    name: str
    order: str = "<"
    file_format: str = "pcapng"
    skipped_records: int = 0
    interfaces: list[Interface] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    last_t_ns: int = 0
    skip_bytes: int = 0

    @classmethod
    def open(cls, head: bytes, *, name: str) -> tuple[PcapngWalker, int] | None:
        """Return the walker for a file beginning with `head`, and 0: the section header is itself a block."""
        if head[:4] != SECTION_MAGIC:
            return None
        if len(head) < 28:
            raise InputError(
                name,
                f"is a pcapng capture that ends inside its header ({len(head)} of 28 bytes)",
                "Please copy it from the capturing device again.",
            )
        walker = cls(name=name)
        if walker._section_order(head, 0) is None:
            raise InputError(
                name,
                "is a damaged pcapng capture: its header has no byte-order mark",
                "Please copy it from the capturing device again.",
            )
        return walker, 0

    @property
    def inside_block(self) -> bool:
        """Whether a block that is being stepped over has not ended yet."""
        return self.skip_bytes > 0

    @property
    def linktypes(self) -> frozenset[int]:
        """Link types of all interfaces described so far."""
        return frozenset(self.seen)

    def walk(self, buffer: bytes | bytearray) -> tuple[Records, int, str | None]:
        """Return the packets of the whole blocks in `buffer`, bytes taken, and what is wrong next.

        Packets are gathered until their section ends or describes another interface, then converted.
        """
        at, size = 0, len(buffer)
        if self.skip_bytes:
            at = min(self.skip_bytes, size)
            self.skip_bytes -= at
        data = np.frombuffer(memoryview(buffer).toreadonly(), dtype=np.uint8)
        parts: list[Records] = []
        found = array("q")
        problem: str | None = None
        while problem is None:
            at, problem, kind = self._packet_run(buffer, at, found)
            if problem or kind is None:
                break
            # Also before an interface: packets belong to those described before them.
            if kind in (_SHB, _IDB) and found:
                parts.append(self._columns(data, found))
                found = array("q")
            before = at
            at, problem = self._other_block(buffer, at, kind)
            if at == before:
                break
        if found:
            parts.append(self._columns(data, found))
        return _joined(data, parts), at, problem

    def _packet_run(self, buffer: bytes | bytearray, at: int, found: array[int]) -> tuple[int, str | None, int | None]:
        """Step over packet blocks from `at`, adding their offsets to `found`.

        Returns where the run ended, what is wrong there, and the type of the block there (None where it is
        not whole yet).
        """
        size = len(buffer)
        add = found.append
        head = struct.Struct(self.order + "II").unpack_from
        tail = struct.Struct(self.order + "I").unpack_from
        while at + 12 <= size:
            kind, length = head(buffer, at)
            if kind not in _PACKETS:
                return at, None, kind
            if length < (16 if kind == _SPB else 32) or length & 3 or length > _MAX_PACKET_BLOCK:
                return at, f"has a packet block that claims {length} bytes", None
            after = at + length
            if after > size:
                break
            if tail(buffer, after - 4)[0] != length:
                return at, "has a packet block whose two lengths differ", None
            add(at)
            at = after
        return at, None, None

    def _other_block(self, buffer: bytes | bytearray, at: int, kind: int) -> tuple[int, str | None]:
        """Read or step over the block at `at`; returns the offset after it, or `at` where it is not whole."""
        if kind == _SHB:
            if at + 28 > len(buffer):
                return at, None
            order = self._section_order(buffer, at)
            if order is None:
                return at, "has a section header without a byte-order mark"
            self.order = order
        (length,) = struct.unpack_from(self.order + "I", buffer, at + 4)
        if length < 12 or length & 3:
            return at, f"has a block that claims {length} bytes"
        after = at + length
        if kind == _IDB:
            if length < 20 or length > _MAX_PACKET_BLOCK:
                return at, f"has an interface description that claims {length} bytes"
            if after > len(buffer):
                return at, None
            if len(self.interfaces) >= _MAX_INTERFACES:
                return at, f"describes more than {_MAX_INTERFACES} interfaces"
            interface = _interface(bytes(buffer[at:after]), self.order)
            self.interfaces.append(interface)
            self.seen.add(interface.linktype)
        elif kind == _SHB:
            self.interfaces.clear()
        if after > len(buffer):
            self.skip_bytes = after - len(buffer)
            return len(buffer), None
        return after, None

    def _section_order(self, buffer: bytes | bytearray, at: int) -> str | None:
        for order in "<>":
            if struct.unpack_from(order + "I", buffer, at + 8)[0] == _BYTE_ORDER:
                return order
        return None

    def _columns(self, data: NDArray[np.uint8], found: array[int]) -> Records:
        """The packets whose blocks begin at `found`; those without an interface are counted out."""
        at = np.array(found, dtype=np.int64)
        reach = windows(data, 28)
        # A simple packet block may be shorter than 28 bytes and the last in the buffer.
        near_end = at > len(reach) - 1
        words = np.zeros((len(at), 7), dtype=self.order + "u4")
        words[~near_end] = reach[at[~near_end]].view(self.order + "u4").reshape(-1, 7)
        for row in np.flatnonzero(near_end):
            here = data[at[row] :][:28]
            words[row].view(np.uint8)[: len(here)] = here
        wide = words.astype(np.int64)
        kind, block = wide[:, 0], wide[:, 1]
        simple, old = kind == _SPB, kind == _PB
        number = np.where(simple, 0, wide[:, 2])
        if old.any():
            number[old] = words[old, 2:3].copy().view(self.order + "u2").reshape(-1, 2)[:, 0]
        room = block - np.where(simple, 16, 32)
        length = np.where(simple, wide[:, 2], wide[:, 6])
        known = number < len(self.interfaces)
        safe = np.where(known, number, 0)
        faces = self.interfaces or [Interface(linktype=-1, snaplen=0, ticks_per_s=1, offset_s=0)]
        snaplen = np.array([face.snaplen or MAX_CAPLEN for face in faces], dtype=np.int64)[safe]
        caplen = np.where(simple, np.minimum(np.minimum(length, snaplen), room), wide[:, 5])
        known &= (caplen <= room) & (caplen <= MAX_CAPLEN)
        self.skipped_records += int(len(known) - known.sum())
        ticks = wide[:, 3].astype(np.uint64) << np.uint64(32) | wide[:, 4].astype(np.uint64)
        t_ns = np.full(len(at), _NO_TIME, dtype=np.int64)
        for index in np.unique(safe[known & ~simple]):
            rows = known & ~simple & (safe == index)
            t_ns[rows] = _nanoseconds(ticks[rows], faces[int(index)])
        t_ns = self._filled(t_ns[known])
        caplen = caplen[known]
        return Records(
            data=data,
            start=(at + np.where(simple, 12, 28))[known],
            caplen=caplen,
            length=plausible_length(length[known], caplen),
            t_ns=t_ns,
            linktype=np.array([face.linktype for face in faces], dtype=np.int32)[safe[known]],
            flags=np.zeros(len(t_ns), dtype=np.uint32),
        )

    def _filled(self, t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Simple packets have no time: they take that of the packet before them."""
        missing = t_ns == _NO_TIME
        if missing.any():
            latest = np.maximum.accumulate(np.where(missing, -1, np.arange(len(t_ns))))
            t_ns = np.where(latest >= 0, t_ns[np.maximum(latest, 0)], self.last_t_ns)
        if len(t_ns):
            self.last_t_ns = int(t_ns[-1])
        return t_ns


def _interface(block: bytes, order: str) -> Interface:
    """Read an interface description; unreadable options are left at their defaults."""
    linktype, _, snaplen = struct.unpack_from(order + "HHI", block, 8)
    ticks_per_s, offset_s = 1_000_000, 0
    at, end = 16, len(block) - 4
    while at + 4 <= end:
        code, length = struct.unpack_from(order + "HH", block, at)
        value = block[at + 4 : min(at + 4 + length, end)]
        if code == 0:
            break
        if code == _IF_TSRESOL and len(value) == 1:
            ticks_per_s = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _IF_TSOFFSET and len(value) == 8:
            (offset_s,) = struct.unpack(order + "q", value)
        at += 4 + (length + 3 & ~3)
    return Interface(linktype=linktype, snaplen=snaplen, ticks_per_s=ticks_per_s, offset_s=offset_s)


def _nanoseconds(ticks: NDArray[np.uint64], interface: Interface) -> NDArray[np.int64]:
    """Ticks of an interface's clock as nanoseconds since 1970, held within the years that 64 bits can say."""
    per_s = interface.ticks_per_s
    if per_s >= 1 << 64:
        seconds, fraction = np.zeros_like(ticks), np.zeros_like(ticks)
    else:
        seconds, fraction = np.divmod(ticks, np.uint64(per_s))
        # Scale down first where fraction * 10**9 would leave 64 bits: 2**30 ticks/s are finer than 1 ns.
        shrink = max(0, per_s.bit_length() - 31)
        fraction = (fraction >> np.uint64(shrink)) * np.uint64(1_000_000_000) // np.uint64(max(1, per_s >> shrink))
    limit_s = MAX_T_US // 1_000_000 - 1
    offset_s = min(max(interface.offset_s, -limit_s), limit_s)
    whole = np.minimum(seconds, np.uint64(limit_s)).astype(np.int64) + offset_s
    return whole.clip(-limit_s, limit_s) * 1_000_000_000 + fraction.astype(np.int64)


def _joined(data: NDArray[np.uint8], parts: list[Records]) -> Records:
    """Columns of several runs over one buffer as one."""
    if len(parts) == 1:
        return parts[0]
    none = np.zeros(0, dtype=np.int64)
    return Records(
        data=data,
        start=np.concatenate([none, *(part.start for part in parts)]),
        caplen=np.concatenate([none, *(part.caplen for part in parts)]),
        length=np.concatenate([none, *(part.length for part in parts)]),
        t_ns=np.concatenate([none, *(part.t_ns for part in parts)]),
        linktype=np.concatenate([none.astype(np.int32), *(part.linktype for part in parts)]),
        flags=np.concatenate([none.astype(np.uint32), *(part.flags for part in parts)]),
    )
