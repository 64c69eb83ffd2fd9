"""Columns of 802.11 frames: who transmits to whom, what, when, how strongly.

Everything here is read from the outside of a frame (radio header and MAC header), which stays readable under
WPA2 and WPA3. Types, flags and address rules: IEEE 802.11-2020, 9.2.4 and 9.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..capture import Records
from .headers import FCS_BAD, FCS_BYTES, RadioHeaders, gather, read_headers

#: Frame types (IEEE 802.11-2020, table 9-1).
MANAGEMENT, CONTROL, DATA = 0, 1, 2

#: Bits of the second octet of Frame Control (9.2.4.1).
TO_DS, FROM_DS, RETRY, POWER_MGMT, PROTECTED = 0x01, 0x02, 0x08, 0x10, 0x40

#: Subtypes of control frames that name their transmitter: trigger, TACK, beamforming report poll, NDP
#: announcement, BlockAckReq, BlockAck, PS-Poll, RTS, CF-End, CF-End+CF-Ack (9.3.1). ACK and CTS do not.
_CONTROL_WITH_TA = np.isin(np.arange(16), (2, 3, 4, 5, 8, 9, 10, 11, 14, 15))

#: Bytes of the MAC header that are needed: management and data; control with a transmitter; the shortest
#: frames, ACK and CTS.
_FULL, _WITH_TA, _SHORTEST = 24, 16, 10

#: Individual/group bit of an address held as an integer.
GROUP = np.uint64(0x0100_0000_0000)

#: Locally administered bit.
LOCAL = np.uint64(0x0200_0000_0000)

_MAC_HEADER = np.dtype(
    {
        "names": ["control", "flags", "duration", "a1h", "a1l", "a2h", "a2l", "a3h", "a3l", "sequence"],
        "formats": ["u1", "u1", "<u2", ">u2", ">u4", ">u2", ">u4", ">u2", ">u4", "<u2"],
        "offsets": [0, 1, 2, 4, 6, 10, 12, 16, 18, 22],
        "itemsize": 24,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """n frames with readable headers and no wrong check sum.

    Parameters
    ----------
    data
        uint8; the bytes that `mac_at` points into.
    mac_at, mac_end
        int64 (n,); where the frame begins and ends in `data`, without FCS.
    t_ns
        int64 (n,); nanoseconds since 1970.
    length
        int64 (n,); bytes on the air, with MAC header, without FCS.
    kind
        uint8 (n,); type * 16 + subtype.
    flags
        uint8 (n,); second octet of Frame Control: :data:`TO_DS`, ...
    duration
        uint16 (n,); the Duration/ID field.
    addr1, addr2, addr3
        uint64 (n,); addresses as integers, 0 where the frame has none.
    transmitter
        uint64 (n,); who radiated the frame; 0 where it does not say or says nonsense.
    sequence
        uint16 (n,); sequence number, without fragment number.
    signal_dbm
        int8 (n,); :data:`~roomsweep.detect.wifi.headers.NO_SIGNAL` where not told.
    channel_mhz
        uint16 (n,); 0 where not told.
    bad_fcs, unreadable, foreign
        Records left out: wrong check sum; too short or no valid header; of a link type without 802.11.
    junk_addresses
        Frames kept whose transmitter is impossible (a group address, zero).
    """

    data: NDArray[np.uint8]
    mac_at: NDArray[np.int64]
    mac_end: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    length: NDArray[np.int64]
    kind: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    duration: NDArray[np.uint16]
    addr1: NDArray[np.uint64]
    addr2: NDArray[np.uint64]
    addr3: NDArray[np.uint64]
    transmitter: NDArray[np.uint64]
    sequence: NDArray[np.uint16]
    signal_dbm: NDArray[np.int8]
    channel_mhz: NDArray[np.uint16]
    bad_fcs: int = 0
    unreadable: int = 0
    foreign: int = 0
    junk_addresses: int = 0

    def __len__(self) -> int:
        return len(self.t_ns)


def read_frames(records: Records) -> Frames:
    """Return the 802.11 frames of a block of records; whatever else is in it is counted."""
    headers, foreign = _headers(records)
    mac_at = records.start + headers.mac_offset
    captured_end = records.start + records.caplen
    # The check sum is at the end of the frame on the air: a snapped record does not hold it.
    fcs_bytes = np.where(headers.has_fcs, FCS_BYTES, 0)
    length = records.length - headers.mac_offset - fcs_bytes
    mac_end = np.minimum(captured_end, mac_at + np.maximum(length, 0))
    size = mac_end - mac_at
    usable = (headers.mac_offset >= 0) & (size >= _SHORTEST)
    bad = headers.fcs == FCS_BAD
    keep = usable & ~bad
    bad_fcs = int(np.count_nonzero(bad & (headers.mac_offset >= 0)))
    unreadable = len(records) - foreign - bad_fcs - int(np.count_nonzero(keep))
    if keep.all():
        rows: slice | NDArray[np.int64] = slice(None)
    else:
        rows = np.flatnonzero(keep)
    mac_at, mac_end, size = mac_at[rows], mac_end[rows], size[rows]
    mac = gather(records.data, mac_at, _MAC_HEADER.itemsize).view(_MAC_HEADER)
    control = mac["control"]
    # Protocol version 0 is all that is in use in these bands (9.2.4.1.2).
    valid = (control & 3) == 0
    kind = ((control & 0x0C) << 2 | control >> 4).astype(np.uint8)
    family = kind >> 4
    full = size >= _FULL
    controls = family == CONTROL
    valid &= controls | (family == DATA) | (family == MANAGEMENT)
    valid &= full | controls
    has_second = valid & (~controls | (_CONTROL_WITH_TA[kind & 15] & (size >= _WITH_TA)))
    addr1 = _address(mac["a1h"], mac["a1l"])
    addr2 = _address(mac["a2h"], mac["a2l"])
    addr3 = _address(mac["a3h"], mac["a3l"])
    # In a control frame the group bit of the transmitter only signals its bandwidth (9.3.1.2).
    addr2 = np.where(controls, addr2 & ~GROUP, addr2)
    possible = (addr2 & GROUP) == 0
    frames = Frames(
        data=records.data,
        mac_at=mac_at,
        mac_end=mac_end,
        t_ns=records.t_ns[rows],
        length=length[rows],
        kind=kind,
        flags=mac["flags"],
        duration=mac["duration"],
        addr1=addr1,
        addr2=np.where(has_second, addr2, np.uint64(0)),
        addr3=np.where(controls, np.uint64(0), addr3),
        transmitter=np.where(has_second & possible, addr2, np.uint64(0)),
        sequence=mac["sequence"] >> np.uint16(4),
        signal_dbm=headers.signal_dbm[rows],
        channel_mhz=headers.channel_mhz[rows],
        bad_fcs=bad_fcs,
        unreadable=unreadable,
        foreign=foreign,
        junk_addresses=int(np.count_nonzero(has_second & (~possible | (addr2 == 0)))),
    )
    if valid.all():
        return frames
    return _only(frames, np.flatnonzero(valid))


def _address(high: NDArray[np.uint16], low: NDArray[np.uint32]) -> NDArray[np.uint64]:
    return high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)


def _headers(records: Records) -> tuple[RadioHeaders, int]:
    """Radio headers of all records, whatever their link types, and how many are of foreign types."""
    kinds = np.unique(records.linktype)
    if len(kinds) == 1:
        headers = read_headers(records.data, records.start, records.caplen, linktype=int(kinds[0]))
        if headers is not None:
            return headers, 0
    count = len(records)
    out = RadioHeaders(
        mac_offset=np.full(count, -1, dtype=np.int64),
        signal_dbm=np.zeros(count, dtype=np.int8),
        channel_mhz=np.zeros(count, dtype=np.uint16),
        fcs=np.zeros(count, dtype=np.uint8),
        has_fcs=np.zeros(count, dtype=bool),
    )
    foreign = 0
    for kind in kinds:
        rows = np.flatnonzero(records.linktype == kind)
        part = read_headers(records.data, records.start[rows], records.caplen[rows], linktype=int(kind))
        if part is None:
            foreign += len(rows)
            continue
        out.mac_offset[rows] = part.mac_offset
        out.signal_dbm[rows] = part.signal_dbm
        out.channel_mhz[rows] = part.channel_mhz
        out.fcs[rows] = part.fcs
        out.has_fcs[rows] = part.has_fcs
    return out, foreign


def _only(frames: Frames, rows: NDArray[np.int64]) -> Frames:
    """The frames of these rows; the others are unreadable."""
    return Frames(
        data=frames.data,
        mac_at=frames.mac_at[rows],
        mac_end=frames.mac_end[rows],
        t_ns=frames.t_ns[rows],
        length=frames.length[rows],
        kind=frames.kind[rows],
        flags=frames.flags[rows],
        duration=frames.duration[rows],
        addr1=frames.addr1[rows],
        addr2=frames.addr2[rows],
        addr3=frames.addr3[rows],
        transmitter=frames.transmitter[rows],
        sequence=frames.sequence[rows],
        signal_dbm=frames.signal_dbm[rows],
        channel_mhz=frames.channel_mhz[rows],
        bad_fcs=frames.bad_fcs,
        unreadable=frames.unreadable + len(frames) - len(rows),
        foreign=frames.foreign,
        junk_addresses=frames.junk_addresses,
    )
