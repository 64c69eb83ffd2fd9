"""Frames of the LE air: what sniffers put before them, and the advertising messages inside.

Four forms are read: bare frames (DLT 251), with the 10-byte radio header (DLT 256), with the nRF sniffer's
header (DLT 272; versions 0 to 3 as described in Wireshark's dissector), and inside PPI (DLT 192, written by
Ubertooth). A frame is an access address, a PDU and three bytes of check sum (Bluetooth Core 5.4, Vol 6
Part B, 2.1). Frames with a wrong check sum are counted and otherwise left out: their flipped bits would
mint devices that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..capture import LinkType, Records, windows
from .chains import AirChains, Extended, open_extended
from .checksum import ADVERTISING_ACCESS_ADDRESS, MAX_PDU_AND_CRC, channel_index, crc_is_good, whitening
from .heard import NO_RSSI, Heard, Repeated, Role, address_kind, count_repeats, padded

#: Link types read here; PPI only where it holds LE frames.
LINK_TYPES = frozenset(
    {
        int(LinkType.BLUETOOTH_LE_LL),
        int(LinkType.BLUETOOTH_LE_LL_WITH_PHDR),
        int(LinkType.NORDIC_BLE),
        int(LinkType.PPI),
    }
)

#: PPI field of Ubertooth: RF and clock of an LE frame (Ubertooth host sources, ubertooth_le_pcap).
_PPI_BTLE_FIELD = 30006

#: Inner link type that Ubertooth wrote before 251 was assigned (DLT_USER0).
_DLT_USER0 = 147

#: Flag bits of the radio header (tcpdump.org, LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR).
_DEWHITENED, _SIGNAL_VALID, _CRC_CHECKED, _CRC_VALID = 0x0001, 0x0002, 0x0400, 0x0800

#: Packet kinds of the nRF sniffer that hold a frame (Wireshark, packet-nordic_ble).
_NORDIC_ADVERTISING, _NORDIC_DATA = 0x02, 0x06

#: PDU types of the advertising channels (Core 5.4, Vol 6 Part B, 2.3). The secondary channel uses the same
#: numbers: 3 is also AUX_SCAN_REQ, 5 AUX_CONNECT_REQ, 7 every extended advertisement.
ADV_IND, ADV_DIRECT_IND, ADV_NONCONN_IND, SCAN_REQ = 0, 1, 2, 3
SCAN_RSP, CONNECT_IND, ADV_SCAN_IND, ADV_EXT_IND, AUX_CONNECT_RSP = 4, 5, 6, 7, 8

#: Payload of the legacy PDUs: an address and at most 31 bytes (Core, 2.3.1).
_LEGACY_LIMIT = 37


@dataclass(slots=True, kw_only=True)
class AirCounts:
    """What became of the frames.

    Parameters
    ----------
    frames
        Frames of the LE air.
    data_frames
        Frames of connections: other access addresses.
    bad_crc
        Frames with a wrong check sum, left out.
    short
        Advertising frames cut before their end with nothing to say whether they are right, left out.
    unusable
        Advertising frames with a good check sum and a form that is not known, left out.
    anonymous
        Extended advertisements whose address was not heard: neither in them nor in what points to them.
    """

    frames: int = 0
    data_frames: int = 0
    bad_crc: int = 0
    short: int = 0
    unusable: int = 0
    anonymous: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frames:
    """Frames as columns: offset of the access address, bytes from there, and what the sniffer says."""

    start: NDArray[np.int64]
    size: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    rssi_dbm: NDArray[np.int16]
    crc: NDArray[np.int8]  # 1 good, 0 bad, -1 not said
    coded: NDArray[np.bool_]
    rf_channel: NDArray[np.int16]  # of whitened frames, else -1


@dataclass(slots=True, kw_only=True)
class AirReader:
    """Reads blocks of records; `counts` grows with each. Call :meth:`finish` after the last."""

    counts: AirCounts = field(default_factory=AirCounts)
    _chains: AirChains = field(default_factory=AirChains)
    _extended: list[tuple[int, int, Extended, bool, int]] = field(default_factory=list)

    def read(self, records: Records) -> Iterator[Heard]:
        """Yield what is heard in one block, equal messages together."""
        data = padded(records.data)
        parts = [
            open_frames(data, records, np.flatnonzero(records.linktype == linktype))
            for linktype, open_frames in _OPENERS.items()
            if np.any(records.linktype == linktype)
        ]
        for frames in parts:
            yield from self._advertising(data, frames)
            # Messages of extended advertising are put together in the order of time.
            for t_ns, _, message, random, rssi_dbm in sorted(self._extended, key=itemgetter(0, 1)):
                yield from self._chains.add(t_ns, message, random=random, rssi_dbm=rssi_dbm)
            self._extended.clear()
        self.counts.anonymous = self._chains.anonymous

    def finish(self) -> Iterator[Heard]:
        """Yield what was still waiting for its continuation."""
        yield from self._chains.end()
        self.counts.anonymous = self._chains.anonymous

    def _advertising(self, data: NDArray[np.uint8], frames: _Frames) -> Iterator[Heard]:
        counts = self.counts
        counts.frames += len(frames.start)
        bad = frames.crc == 0
        ours = (frames.size >= 4) & (_u32(data, frames.start) == ADVERTISING_ACCESS_ADDRESS)
        counts.bad_crc += int(bad.sum())
        counts.data_frames += int((~ours & ~bad).sum())
        index = np.flatnonzero(ours & ~bad)
        # On the coded PHY one byte, the coding indicator, stands between access address and PDU.
        pdu = frames.start[index] + 4 + frames.coded[index]
        left = frames.size[index] - 4 - frames.coded[index]
        whitened = frames.rf_channel[index] >= 0
        if whitened.any():
            _remove_whitening(data, pdu[whitened], left[whitened], frames.rf_channel[index][whitened])
        length = 2 + data[pdu + 1].astype(np.int64)
        crc = frames.crc[index]
        has_header = left >= 2
        check = (crc < 0) & has_header & (left >= length + 3)
        usable = has_header & ((crc > 0) | ((crc < 0) & (left >= length)))
        counts.short += int((~usable).sum())
        size = np.where(check, length + 3, np.minimum(length, left))
        for chosen, checked in ((usable & check, True), (usable & ~check, False)):
            for repeated in count_repeats(
                data,
                pdu[chosen],
                size[chosen],
                t_ns=frames.t_ns[index][chosen],
                rssi_dbm=frames.rssi_dbm[index][chosen],
            ):
                if checked and not crc_is_good(repeated.row):
                    counts.bad_crc += repeated.count
                    continue
                yield from self._open(repeated, repeated.row[:-3] if checked else repeated.row)

    def _open(self, repeated: Repeated, pdu: bytes) -> Iterator[Heard]:
        """The one message in a PDU, or none."""
        kind, payload = pdu[0] & 0x0F, pdu[2:]
        random = bool(pdu[0] & 0x40)
        role, address, content = Role.ADVERT, payload[:6], b""
        if kind in (ADV_IND, ADV_NONCONN_IND, ADV_SCAN_IND, SCAN_RSP) and 6 <= len(payload) <= _LEGACY_LIMIT:
            role = Role.RESPONSE if kind == SCAN_RSP else Role.ADVERT
            content = payload[6:]
        elif kind == ADV_DIRECT_IND and len(payload) == 12:
            pass
        elif (kind == SCAN_REQ and len(payload) == 12) or (kind == CONNECT_IND and len(payload) == 34):
            # The scanner speaks, to the device whose address comes second.
            role, address, random = Role.ADDRESSED, payload[6:12], bool(pdu[0] & 0x80)
        elif kind in (ADV_EXT_IND, AUX_CONNECT_RSP) and payload:
            opened = open_extended(payload)
            if opened is None:
                self.counts.unusable += repeated.count
                return
            columns = (repeated.t_ns.tolist(), repeated.places.tolist(), repeated.levels_dbm.tolist())
            self._extended += [(t_ns, place, opened, random, dbm) for t_ns, place, dbm in zip(*columns, strict=True)]
            return
        else:
            self.counts.unusable += repeated.count
            return
        number = int.from_bytes(address, "little")
        yield Heard(
            address=number,
            kind=address_kind(number, random=random),
            role=role,
            payload=content,
            count=repeated.count,
            first_ns=repeated.first_ns,
            last_ns=repeated.last_ns,
            rssi_dbm=repeated.rssi_dbm,
            t_ns=repeated.t_ns,
            levels_dbm=repeated.levels_dbm,
        )


def holds_le_frames(records: Records) -> NDArray[np.bool_]:
    """Whether each record with PPI header holds an LE frame; False for other link types: bool (n,)."""
    out = np.zeros(len(records), dtype=bool)
    ppi = np.flatnonzero((records.linktype == LinkType.PPI) & (records.caplen >= 8))
    if len(ppi):
        data = padded(records.data)
        start = records.start[ppi]
        inner = _u32(data, start + 4)
        ubertooth = (inner == _DLT_USER0) & (_u16(data, start + 8) == _PPI_BTLE_FIELD)
        out[ppi] = (inner == LinkType.BLUETOOTH_LE_LL) | ubertooth
    return out


def _bare(data: NDArray[np.uint8], records: Records, index: NDArray[np.intp]) -> _Frames:
    return _frames(records, index, skip=np.zeros(len(index), dtype=np.int64))


def _with_radio_header(data: NDArray[np.uint8], records: Records, index: NDArray[np.intp]) -> _Frames:
    index = index[records.caplen[index] >= 10]
    start = records.start[index]
    flags = _u16(data, start + 8)
    signal = data[start + 1].view(np.int8).astype(np.int16)
    valid = ((flags & _CRC_VALID) != 0).astype(np.int8)
    return _frames(
        records,
        index,
        skip=np.full(len(index), 10, dtype=np.int64),
        rssi_dbm=np.where(flags & _SIGNAL_VALID, signal, np.int16(NO_RSSI)),
        crc=np.where(flags & _CRC_CHECKED, valid, np.int8(-1)),
        coded=(flags >> 14) == 2,
        rf_channel=np.where(flags & _DEWHITENED, -1, data[start].astype(np.int16)),
    )


def _nordic(data: NDArray[np.uint8], records: Records, index: NDArray[np.intp]) -> _Frames:
    index = index[records.caplen[index] >= 17]
    start = records.start[index]
    # The oldest form begins with the bytes be ef and has no version; in the others it is the fourth byte.
    oldest = (data[start] == 0xBE) & (data[start + 1] == 0xEF)
    version = np.where(oldest, 0, data[start + 3])
    packet = np.where(oldest, data[start + 2], data[start + 6])
    # Bytes before the radio part: marker and header; board and a header of stated length; board and six.
    before = np.where(oldest, 8, np.where(version == 1, 1 + data[start + 1].astype(np.int64), 7))
    # The radio part: its length (not in the oldest form), flags, channel, signal, counter 2, time 4.
    flags_at = start + before + ~oldest
    fits = (before + ~oldest + 9 <= records.caplen[index]) & np.isin(packet, (_NORDIC_ADVERTISING, _NORDIC_DATA))
    index, flags_at, skip = index[fits], flags_at[fits], (before + ~oldest + 9)[fits]
    flags = data[flags_at]
    return _frames(
        records,
        index,
        skip=skip,
        # Stored as a positive number; more than 127 is damage, and is kept within a signed byte.
        rssi_dbm=np.maximum(-data[flags_at + 2].astype(np.int16), np.int16(-127)),
        crc=(flags & 0x01).astype(np.int8),
        coded=((flags >> 4) & 0x07) == 2,
    )


def _ppi(data: NDArray[np.uint8], records: Records, index: NDArray[np.intp]) -> _Frames:
    index = index[holds_le_frames(records)[index]]
    start = records.start[index]
    skip = _u16(data, start + 2).astype(np.int64)
    fits = (skip >= 8) & (skip <= records.caplen[index])
    index, start, skip = index[fits], start[fits], skip[fits]
    # Field type 2, size 2, then version 1, channel 2, clock 5, signal: highest, lowest, mean, samples.
    told = (_u16(data, start + 8) == _PPI_BTLE_FIELD) & (skip >= 24)
    mean = data[start + 22].view(np.int8).astype(np.int16)
    return _frames(records, index, skip=skip, rssi_dbm=np.where(told, mean, np.int16(NO_RSSI)))


def _frames(
    records: Records,
    index: NDArray[np.intp],
    *,
    skip: NDArray[np.int64],
    rssi_dbm: NDArray[np.int16] | None = None,
    crc: NDArray[np.int8] | None = None,
    coded: NDArray[np.bool_] | None = None,
    rf_channel: NDArray[Any] | None = None,
) -> _Frames:
    n = len(index)
    return _Frames(
        start=records.start[index] + skip,
        size=records.caplen[index] - skip,
        t_ns=records.t_ns[index],
        rssi_dbm=np.full(n, NO_RSSI, dtype=np.int16) if rssi_dbm is None else rssi_dbm.astype(np.int16),
        crc=np.full(n, -1, dtype=np.int8) if crc is None else crc.astype(np.int8),
        coded=np.zeros(n, dtype=bool) if coded is None else coded,
        rf_channel=np.full(n, -1, dtype=np.int16) if rf_channel is None else rf_channel.astype(np.int16),
    )


def _remove_whitening(
    data: NDArray[np.uint8],
    pdu: NDArray[np.int64],
    left: NDArray[np.int64],
    rf_channel: NDArray[np.int16],
) -> None:
    """Undo the whitening of whole frames in place."""
    table = whitening()
    for at, size, channel in zip(pdu.tolist(), left.tolist(), rf_channel.tolist(), strict=True):
        size = min(size, MAX_PDU_AND_CRC)
        if size > 0 and channel < 40:
            data[at : at + size] ^= table[channel_index(channel), :size]


def _u16(data: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.uint16]:
    return windows(data, 2)[at].view("<u2")


def _u32(data: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.uint32]:
    return windows(data, 4)[at].view("<u4")


_OPENERS = {
    int(LinkType.BLUETOOTH_LE_LL): _bare,
    int(LinkType.BLUETOOTH_LE_LL_WITH_PHDR): _with_radio_header,
    int(LinkType.NORDIC_BLE): _nordic,
    int(LinkType.PPI): _ppi,
}
