"""What the capturing radio wrote in front of each 802.11 frame: signal, channel, and whether the sum was right.

Four forms are read, each for all records at once: radiotap (radiotap.org, field definitions), PPI ("PPI Packet
Header Format", CACE Technologies 2008), Prism and AVS (Wireshark's packet-ieee80211-prism.c names the fields).
Only fields before or at the signal are needed, so a radiotap header is resolved by one look-up on its low six
present bits and its number of present words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..capture import LinkType, windows

#: Stands for "the radio did not say" among signals; radiotap's own smallest value.
NO_SIGNAL = -128

#: Strongest signal believed, dBm: transmitters in these bands are limited to about 30 dBm (ETSI EN 300 328, FCC
#: 15.247), and an antenna at arm's length loses 40 dB of it; larger values are other units in the same field.
MAX_SIGNAL_DBM = 10

#: State of a frame's check sum (FCS): not told, right (or not told to be wrong), wrong.
FCS_UNKNOWN, FCS_GOOD, FCS_BAD = 0, 1, 2

#: Radiotap fields up to the signal: present bit -> (size, alignment) in bytes (radiotap.org: TSFT, Flags, Rate,
#: Channel, FHSS, dBm antenna signal).
_RADIOTAP_FIELDS = ((8, 8), (1, 1), (1, 1), (4, 2), (2, 1), (1, 1))
_FLAGS, _CHANNEL, _SIGNAL = 1, 3, 5

#: Present words read; real headers have at most one per antenna (radiotap.org, "Extended presence masks").
_MAX_WORDS = 32

#: Radiotap Flags: frame includes FCS; frame failed FCS check.
_HAS_FCS, _BAD_FCS = 0x10, 0x40

#: PPI: the 802.11-Common field, its size, and its flags for FCS present, FCS invalid, PHY error.
_PPI_COMMON, _PPI_COMMON_BYTES = 2, 20
_PPI_HAS_FCS, _PPI_BAD = 0x1, 0x4 | 0x8

#: Fields of one PPI header followed before giving up.
_PPI_MAX_FIELDS = 16

#: Prism: bytes of the usual header; offsets of the values of channel and signal, and of their status words.
_PRISM_BYTES, _PRISM_CHANNEL, _PRISM_SIGNAL = 144, 56, 92

#: AVS: first word, and offsets of channel, kind of signal unit (1: dBm) and signal.
_AVS_MAGIC, _AVS_CHANNEL, _AVS_UNIT, _AVS_SIGNAL, _AVS_BYTES = 0x8021_1001, 28, 44, 48, 64

#: Bytes of a frame check sequence (IEEE 802.11-2020, 9.2.4.8).
FCS_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioHeaders:
    """Columns over n records.

    Parameters
    ----------
    mac_offset
        int64 (n,); bytes from the record's start to the 802.11 frame; -1: the radio's header is unusable.
    signal_dbm
        int8 (n,); :data:`NO_SIGNAL` where not told.
    channel_mhz
        uint16 (n,); 0 where not told.
    fcs
        uint8 (n,); one of the FCS states.
    has_fcs
        bool (n,); whether the check sum is said to follow the frame.
    """

    mac_offset: NDArray[np.int64]
    signal_dbm: NDArray[np.int8]
    channel_mhz: NDArray[np.uint16]
    fcs: NDArray[np.uint8]
    has_fcs: NDArray[np.bool_]


def gather(data: NDArray[np.uint8], at: NDArray[np.int64], size: int) -> NDArray[Any]:
    """Return `size` bytes from each offset as void elements; bytes behind the end of `data` are zero."""
    inside = len(data) - size
    if len(at) == 0 or int(at.max()) <= inside:
        return windows(data, size)[at]
    out = np.zeros(len(at), dtype=f"V{size}")
    near = at > inside
    out[~near] = windows(data, size)[at[~near]]
    base = max(0, inside + 1)
    tail = np.concatenate([data[base:], np.zeros(size, dtype=np.uint8)])
    out[near] = windows(tail, size)[np.minimum(at[near] - base, len(tail) - size)]
    return out


def read_headers(
    data: NDArray[np.uint8], start: NDArray[np.int64], caplen: NDArray[np.int64], *, linktype: int
) -> RadioHeaders | None:
    """Return the radio headers of records of one link type, or None for a type that carries no 802.11."""
    match linktype:
        case LinkType.IEEE802_11:
            return _nothing(len(start), offset=0)
        case LinkType.RADIOTAP:
            return _radiotap(data, start, caplen)
        case LinkType.PPI:
            return _ppi(data, start, caplen)
        case LinkType.PRISM | LinkType.IEEE802_11_AVS:
            return _prism(data, start, caplen)
    return None


def _nothing(count: int, *, offset: int) -> RadioHeaders:
    """Headers that tell nothing."""
    return RadioHeaders(
        mac_offset=np.full(count, offset, dtype=np.int64),
        signal_dbm=np.full(count, NO_SIGNAL, dtype=np.int8),
        channel_mhz=np.zeros(count, dtype=np.uint16),
        fcs=np.zeros(count, dtype=np.uint8),
        has_fcs=np.zeros(count, dtype=bool),
    )


@cache
def _radiotap_offsets() -> NDArray[np.int64]:
    """Offsets of flags, channel and signal: [present bits 0-5, words, which]; -1 where absent."""
    out = np.full((64, _MAX_WORDS + 1, 3), -1, dtype=np.int64)
    for present in range(64):
        for words in range(1, _MAX_WORDS + 1):
            at = 4 + 4 * words
            for bit, (size, alignment) in enumerate(_RADIOTAP_FIELDS):
                if present >> bit & 1:
                    at = -(-at // alignment) * alignment
                    if bit in (_FLAGS, _CHANNEL, _SIGNAL):
                        out[present, words, (_FLAGS, _CHANNEL, _SIGNAL).index(bit)] = at
                    at += size
    return out


def _radiotap(data: NDArray[np.uint8], start: NDArray[np.int64], caplen: NDArray[np.int64]) -> RadioHeaders:
    head = gather(data, start, 8).view([("version", "u1"), ("pad", "u1"), ("length", "<u2"), ("present", "<u4")])
    length = head["length"].astype(np.int64)
    present = head["present"]
    usable = (head["version"] == 0) & (length >= 8) & (length <= caplen)
    words = np.ones(len(start), dtype=np.int64)
    more = np.flatnonzero(usable & (present >> 31 == 1))
    while len(more):
        reach = 4 + 4 * words[more] + 4
        fits = (reach <= length[more]) & (words[more] < _MAX_WORDS)
        usable[more[~fits]] = False
        more = more[fits]
        word = gather(data, start[more] + 4 + 4 * words[more], 4).view("<u4")
        words[more] += 1
        more = more[word >> 31 == 1]
    offsets = _radiotap_offsets()
    low = (present & 63).astype(np.int64)
    flat = low * (_MAX_WORDS + 1) + words
    columns = []
    for which, size in enumerate((1, 4, 1)):
        offset = offsets[:, :, which].ravel()[flat]
        usable &= offset + size <= length
        columns.append(offset)
    flags_at, channel_at, signal_at = columns
    last = max(0, len(data) - 1)

    def byte(offset: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        has = usable & (offset >= 0)
        return data[np.minimum(start + np.maximum(offset, 0), last)], has

    out = _nothing(len(start), offset=0)
    if len(start) == 0:
        return out
    flags, has_flags = byte(flags_at)
    flags = np.where(has_flags, flags, 0).astype(np.uint8)
    low_mhz, has_channel = byte(channel_at)
    high_mhz, _ = byte(channel_at + 1)
    channel = low_mhz.astype(np.uint16) | high_mhz.astype(np.uint16) << 8
    signal, has_signal = byte(signal_at)
    return RadioHeaders(
        mac_offset=np.where(usable, length, -1),
        signal_dbm=_believable(signal.view(np.int8), has_signal),
        channel_mhz=np.where(has_channel, channel, 0).astype(np.uint16),
        fcs=np.where(flags & _BAD_FCS, FCS_BAD, np.where(has_flags, FCS_GOOD, FCS_UNKNOWN)).astype(np.uint8),
        has_fcs=(flags & _HAS_FCS) != 0,
    )


def _ppi(data: NDArray[np.uint8], start: NDArray[np.int64], caplen: NDArray[np.int64]) -> RadioHeaders:
    head = gather(data, start, 8).view([("version", "u1"), ("flags", "u1"), ("length", "<u2"), ("dlt", "<u4")])
    length = head["length"].astype(np.int64)
    usable = (head["version"] == 0) & (length >= 8) & (length <= caplen) & (head["dlt"] == LinkType.IEEE802_11)
    aligned = (head["flags"] & 1) != 0
    common = np.full(len(start), -1, dtype=np.int64)
    at = np.full(len(start), 8, dtype=np.int64)
    going = np.flatnonzero(usable)
    for _ in range(_PPI_MAX_FIELDS):
        going = going[at[going] + 4 <= length[going]]
        if not len(going):
            break
        field = gather(data, start[going] + at[going], 4).view([("kind", "<u2"), ("length", "<u2")])
        size = field["length"].astype(np.int64)
        inside = at[going] + 4 + size <= length[going]
        found = inside & (field["kind"] == _PPI_COMMON) & (size >= _PPI_COMMON_BYTES) & (common[going] < 0)
        common[going[found]] = at[going[found]] + 4
        step = 4 + np.where(aligned[going], size + 3 & ~3, size)
        at[going] += step
        going = going[inside & ~found]
    out = _nothing(len(start), offset=0)
    out.mac_offset[:] = np.where(usable, length, -1)
    rows = np.flatnonzero(common >= 0)
    if len(rows):
        layout = np.dtype(
            {
                "names": ["flags", "mhz", "signal"],
                "formats": ["<u2", "<u2", "i1"],
                "offsets": [8, 12, 18],
                "itemsize": _PPI_COMMON_BYTES,
            }
        )
        fields = gather(data, start[rows] + common[rows], _PPI_COMMON_BYTES).view(layout)
        # CACE: a signal of 0 dBm together with noise 0 means that the adapter tells none.
        out.signal_dbm[rows] = _believable(fields["signal"], fields["signal"] != 0)
        out.channel_mhz[rows] = fields["mhz"]
        out.fcs[rows] = np.where(fields["flags"] & _PPI_BAD, FCS_BAD, FCS_GOOD)
        out.has_fcs[rows] = (fields["flags"] & _PPI_HAS_FCS) != 0
    return out


def _prism(data: NDArray[np.uint8], start: NDArray[np.int64], caplen: NDArray[np.int64]) -> RadioHeaders:
    raw = gather(data, start, _PRISM_BYTES)
    out = _nothing(len(start), offset=-1)

    def word(offset: int, order: str) -> NDArray[Any]:
        whole = np.dtype({"names": ["w"], "formats": [order + "u4"], "offsets": [offset], "itemsize": _PRISM_BYTES})
        return raw.view(whole)["w"]

    avs = (word(0, ">") == _AVS_MAGIC) & (word(4, ">") >= _AVS_BYTES) & (word(4, ">") <= caplen)
    little = (word(4, "<") == _PRISM_BYTES) & (caplen >= _PRISM_BYTES) & ~avs
    big = (word(4, ">") == _PRISM_BYTES) & (caplen >= _PRISM_BYTES) & ~avs & ~little
    for rows, order in ((little, "<"), (big, ">")):
        out.mac_offset[rows] = _PRISM_BYTES
        signal = word(_PRISM_SIGNAL, order)[rows].astype(np.int64)
        signal -= np.where(signal >= 1 << 31, 1 << 32, 0)
        out.signal_dbm[rows] = _believable(signal, signal < 0)
        out.channel_mhz[rows] = _mhz(word(_PRISM_CHANNEL, order)[rows].astype(np.int64))
    out.mac_offset[avs] = word(4, ">")[avs]
    signal = word(_AVS_SIGNAL, ">")[avs].astype(np.int64)
    signal -= np.where(signal >= 1 << 31, 1 << 32, 0)
    out.signal_dbm[avs] = _believable(signal, (word(_AVS_UNIT, ">")[avs] == 1) & (signal < 0))
    out.channel_mhz[avs] = _mhz(word(_AVS_CHANNEL, ">")[avs].astype(np.int64))
    return out


def _believable(signal: NDArray[Any], told: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Signals as int8, :data:`NO_SIGNAL` where not told or in another unit."""
    ok = told & (signal > NO_SIGNAL) & (signal <= MAX_SIGNAL_DBM)
    return np.where(ok, signal, NO_SIGNAL).astype(np.int8)


def _mhz(channel: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Centre frequency of a channel number of the 2.4 and 5 GHz bands (IEEE 802.11-2020, 15.4.4.3, 17.3.8.4.3)."""
    low = np.where(channel == 14, 2484, 2407 + 5 * channel)
    mhz = np.where(channel <= 14, low, 5000 + 5 * channel)
    return np.where((channel >= 1) & (channel <= 196), mhz, 0).astype(np.uint16)
