"""Captures and frames built by hand, for seeds, for changes that keep a file's form, and for the tests of odd forms."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from roomsweep.detect.capture import CaptureReader, LinkType
from roomsweep.detect.errors import InputError

#: btsnoop counts microseconds from the year 0.
_BTSNOOP_EPOCH_US = 0x00DC_DDB3_0F2F_8000

#: btsnoop's own numbers for what it holds.
_BTSNOOP_KINDS = {1001: 1001, 187: 1002, 1002: 1002, 1001 + 1000: 2001}

FORMS = ("pcap", "pcap-ns", "pcap-be", "pcap-modified", "pcapng", "pcapng-be", "pcapng-odd", "btsnoop", "gzip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of a capture; `length` is that on the air."""

    t_ns: int
    body: bytes
    length: int
    linktype: int
    flags: int = 0

    def with_body(self, body: bytes) -> Record:
        """Return it with other bytes, as long as those."""
        return replace(self, body=body, length=len(body))


def records_of(data: bytes) -> list[Record] | None:
    """Return the records of a capture, None if it cannot be read."""
    try:
        reader = CaptureReader(io.BytesIO(data), name="a")
        out: list[Record] = []
        for block in reader:
            columns = (block.t_ns, block.length, block.linktype, block.flags, block.start, block.start + block.caplen)
            for t_ns, length, linktype, flags, start, end in zip(*(c.tolist() for c in columns), strict=True):
                body = block.data[start:end].tobytes()
                out.append(Record(t_ns=t_ns, body=body, length=length, linktype=linktype, flags=flags))
    except InputError:
        return None
    return out


def written(records: Sequence[Record], form: str) -> bytes:
    """Return a capture file; forms with one link type take that of the first record."""
    first = records[0].linktype if records else int(LinkType.RADIOTAP)
    if form == "gzip":
        return gzip.compress(written(records, "pcap"), mtime=0)
    if form == "btsnoop":
        out = [b"btsnoop\0" + struct.pack(">II", 1, _BTSNOOP_KINDS.get(first, first & 0x7FFF_FFFF))]
        for one in records:
            stamp = (one.t_ns // 1000 + _BTSNOOP_EPOCH_US) & 0xFFFF_FFFF_FFFF_FFFF
            out.append(struct.pack(">IIIIQ", one.length, len(one.body), one.flags, 0, stamp) + one.body)
        return b"".join(out)
    if form.startswith("pcapng"):
        return _pcapng(records, order=">" if form == "pcapng-be" else "<", odd=form == "pcapng-odd")
    order = ">" if form == "pcap-be" else "<"
    magic = {"pcap-ns": 0xA1B23C4D, "pcap-modified": 0xA1B2CD34}.get(form, 0xA1B2C3D4)
    tick_ns = 1 if form == "pcap-ns" else 1000
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, first & 0xFFFF_FFFF)]
    for one in records:
        seconds, rest = divmod(one.t_ns, 10**9)
        head = (seconds & 0xFFFF_FFFF, rest // tick_ns, len(one.body), one.length & 0xFFFF_FFFF)
        more = bytes(8) if form == "pcap-modified" else b""
        out.append(struct.pack(order + "IIII", *head) + more + one.body)
    return b"".join(out)


def block(kind: int, body: bytes, *, order: str = "<") -> bytes:
    """Return a pcapng block, padded to four bytes."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def section(*, order: str = "<", minor: int = 0) -> bytes:
    """Return a section header of unknown length."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, minor, -1), order=order)


def interface(
    linktype: int, *, order: str = "<", snaplen: int = 0, tsresol: int | None = None, tsoffset: int | None = None
) -> bytes:
    """Return an interface description."""
    options = b""
    if tsresol is not None:
        options += struct.pack(order + "HHB3x", 9, 1, tsresol)
    if tsoffset is not None:
        options += struct.pack(order + "HHq", 14, 8, tsoffset)
    if options:
        options += bytes(4)
    return block(1, struct.pack(order + "HHI", linktype & 0xFFFF, 0, snaplen) + options, order=order)


def packet(record: Record, *, number: int, order: str = "<", ticks: int | None = None, options: bytes = b"") -> bytes:
    """Return an enhanced packet block; ticks are microseconds if not given."""
    ticks = (record.t_ns // 1000 if ticks is None else ticks) & 0xFFFF_FFFF_FFFF_FFFF
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFF_FFFF, len(record.body), record.length)
    return block(6, head + record.body + bytes(-len(record.body) % 4) + options, order=order)


def _pcapng(records: Sequence[Record], *, order: str, odd: bool) -> bytes:
    """One section; `odd` has nanoseconds, options, simple packets, unknown blocks and a second section besides."""
    kinds = sorted({one.linktype for one in records}) or [127]
    faces = b"".join(interface(kind, order=order, tsresol=9 if odd else None) for kind in kinds)
    out = [section(order=order), faces]
    for row, one in enumerate(records):
        number = kinds.index(one.linktype)
        if odd and row % 7 == 3:
            out.append(block(0xBAD, b"passed over", order=order))
        if odd and row % 5 == 4 and number == 0:
            out.append(block(3, struct.pack(order + "I", len(one.body)) + one.body, order=order))
        else:
            ticks = one.t_ns if odd else None
            out.append(packet(one, number=number, order=order, ticks=ticks, options=bytes(4) if odd else b""))
        if odd and row == len(records) // 2:
            out += [section(order=order, minor=2), faces]
    return b"".join(out)


def radiotap(fields: bytes = b"", *, words: Sequence[int] = (0,), version: int = 0, length: int | None = None) -> bytes:
    """Return a radiotap header of these present words (their top bits chain them) and these bytes of fields."""
    size = 4 + 4 * len(words) + len(fields) if length is None else length
    return struct.pack("<BBH", version, 0, size & 0xFFFF) + struct.pack(f"<{len(words)}I", *words) + fields


def heard(frame: bytes, *, signal_dbm: int = -50, mhz: int = 2437) -> bytes:
    """Return a frame behind a radiotap header with flags, channel and signal."""
    fields = struct.pack("<BxHHb", 0, mhz, 0xA0, signal_dbm)
    return radiotap(fields, words=(0x2A,)) + frame


def ppi(
    fields: Sequence[tuple[int, bytes]], *, dlt: int = 105, aligned: bool = False, length: int | None = None
) -> bytes:
    """Return a PPI header."""
    body = b""
    for kind, value in fields:
        body += struct.pack("<HH", kind, len(value)) + value
        if aligned:
            body += bytes(-len(body) % 4)
    return struct.pack("<BBHI", 0, int(aligned), (8 + len(body) if length is None else length) & 0xFFFF, dlt) + body


def management(
    subtype: int, body: bytes, *, sender: bytes, bssid: bytes | None = None, to: bytes = b"\xff" * 6
) -> bytes:
    """Return a management frame."""
    return struct.pack("<BBH", subtype << 4, 0, 0) + to + sender + (bssid or sender) + bytes(2) + body


def element(tag: int, value: bytes) -> bytes:
    """Return an information element."""
    return bytes([tag, len(value) & 0xFF]) + value


def data_frame(
    *, sender: bytes, to: bytes, number: int = 0, uplink: bool = True, size: int = 0, retry: bool = False
) -> bytes:
    """Return a protected QoS data frame."""
    flags = 0x40 | (0x01 if uplink else 0x02) | (0x08 if retry else 0)
    return (
        struct.pack("<BBH", 0x88, flags, 48)
        + to
        + sender
        + to
        + struct.pack("<HH", (number & 0xFFF) << 4, 0)
        + bytes(size)
    )


def event(code: int, body: bytes) -> bytes:
    """Return a Bluetooth controller's event as an H4 packet."""
    return bytes([4, code & 0xFF, len(body) & 0xFF]) + body


def check_sum(pdu: bytes) -> bytes:
    """Return the three bytes behind an LE advertising PDU (Bluetooth Core 5.4, Vol 6 Part B, 3.1.1), bit by bit."""
    register = 0x555555
    for byte in pdu:
        for bit in range(8):
            fed = (register >> 23 ^ byte >> bit) & 1
            register = (register << 1 & 0xFFFFFF) ^ (0x00065B if fed else 0)
    return bytes(int(f"{register >> shift & 0xFF:08b}"[::-1], 2) for shift in (16, 8, 0))
