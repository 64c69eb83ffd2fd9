"""Events of a Bluetooth controller: what a phone or laptop heard while it scanned.

btsnoop files (Android's bug reports among them) and pcap forms of the same hold the traffic between a host
and its Bluetooth chip. Read are the events that tell of other devices (Bluetooth Core 5.4, Vol 4 Part E,
7.7): LE advertising reports, legacy and extended, inquiry results of classic devices, and their names.
Everything else, calls and data of the owner above all, is passed over unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..capture import LinkType, Records, windows
from .advertising import decode_name
from .heard import NO_RSSI, AddressKind, Heard, Repeated, Role, count_repeats, padded
from .reports import (
    EXTENDED_ADVERTISING_REPORT,
    LE_META,
    MOST_REPORTS,
    ReportPieces,
    le_kind,
    signed,
    take_report,
)

_Reader: TypeAlias = Callable[["Repeated", bytes], "tuple[Heard | None, bytes]"]

LINK_TYPES = frozenset(
    {
        int(LinkType.BLUETOOTH_HCI_H4),
        int(LinkType.HCI_H4_WITH_PHDR),
        int(LinkType.HCI_MON),
        int(LinkType.BTSNOOP_H1),
        int(LinkType.BTSNOOP_MONITOR),
    }
)

#: H4 packet type of an event (Core 5.4, Vol 4 Part A, 2).
_H4_EVENT = 0x04

#: Linux monitor opcode of an event packet (BlueZ, doc/btmon: "Event packet").
_MONITOR_EVENT = 3

#: Event codes (Core 5.4, Vol 4 Part E, 7.7).
INQUIRY_RESULT, REMOTE_NAME, INQUIRY_RESULT_RSSI, EXTENDED_INQUIRY_RESULT = 0x02, 0x07, 0x22, 0x2F

#: LE subevent of the legacy report (Core, 7.7.65).
ADVERTISING_REPORT = 0x02

#: Event type of a scan response in a legacy report (Core, 7.7.65.2).
_SCAN_RESPONSE = 0x04


@dataclass(slots=True, kw_only=True)
class EventReader:
    """Reads blocks of records.

    Parameters
    ----------
    frames
        Records of the link types read here, so far.
    reports
        Reports of other devices among them.
    unusable
        Events of these kinds that are cut or malformed.
    """

    frames: int = 0
    reports: int = 0
    unusable: int = 0
    _pieces: ReportPieces = field(default_factory=ReportPieces)

    def read(self, records: Records) -> Iterator[Heard]:
        """Yield what the controller reported in one block, equal reports together."""
        data = padded(records.data)
        start, end, t_ns = _events(data, records)
        self.frames += int(np.isin(records.linktype, list(LINK_TYPES)).sum())
        code = data[start]
        size = 2 + data[start + 1].astype(np.int64)
        told = np.isin(code, (INQUIRY_RESULT, REMOTE_NAME, INQUIRY_RESULT_RSSI, EXTENDED_INQUIRY_RESULT)) | (
            (code == LE_META) & np.isin(data[start + 2], (ADVERTISING_REPORT, EXTENDED_ADVERTISING_REPORT))
        )
        whole = (end - start >= size) & (size >= 3)
        self.unusable += int((told & ~whole).sum())
        told &= whole
        start, size, t_ns, code = start[told], size[told], t_ns[told], code[told]
        # An event with one report has its signal strength taken out, so that equal reports are equal rows.
        kind = np.where(code == LE_META, data[start + 2], 0)
        single = (code == LE_META) & (data[start + 3] == 1)
        single |= np.isin(code, (INQUIRY_RESULT_RSSI, EXTENDED_INQUIRY_RESULT)) & (data[start + 2] == 1)
        rssi_at = np.select(
            [kind == ADVERTISING_REPORT, kind == EXTENDED_ADVERTISING_REPORT],
            [size - 1, np.full(len(size), 17)],
            default=16,
        )
        single &= rssi_at < size
        rssi = data[start + rssi_at].view(np.int8).astype(np.int16)
        rows = list(
            count_repeats(
                data,
                start,
                size,
                t_ns=t_ns,
                rssi_dbm=np.where(single, rssi, np.int16(NO_RSSI)),
                blank=np.where(single, rssi_at, -1),
            )
        )
        alone, parts = self._pieces.divide(rows)
        for repeated in alone:
            heard = list(_open(repeated))
            self.reports += sum(item.count for item in heard)
            if not heard:
                self.unusable += repeated.count
            yield from heard
        for item in self._pieces.put_together(parts):
            self.reports += item.count
            yield item


def _events(
    data: NDArray[np.uint8], records: Records
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Start, end and time of each record's event (code, length, parameters); other records are left out."""
    linktype, start, caplen = records.linktype, records.start, records.caplen
    h4 = linktype == LinkType.BLUETOOTH_HCI_H4
    h4_after_direction = linktype == LinkType.HCI_H4_WITH_PHDR
    monitor = linktype == LinkType.HCI_MON
    skip = np.select([h4, h4_after_direction, monitor], [1, 5, 4], default=0)
    event = ((h4 | h4_after_direction) & (data[start + skip - 1] == _H4_EVENT)) | (
        (linktype == LinkType.BTSNOOP_H1) & (records.flags & 0x03 == 0x03)
    )
    event |= (linktype == LinkType.BTSNOOP_MONITOR) & (records.flags & 0xFFFF == _MONITOR_EVENT)
    if monitor.any():
        event |= monitor & (windows(data, 2)[start + 2].view(">u2") == _MONITOR_EVENT)
    event &= caplen >= skip + 2
    return (start + skip)[event], (start + caplen)[event], records.t_ns[event]


def _open(repeated: Repeated) -> Iterator[Heard]:
    """The reports in one event."""
    code, body = repeated.row[0], repeated.row[2:]
    if code == LE_META:
        one = _legacy_report if body[0] == ADVERTISING_REPORT else _extended_report
        yield from _several(repeated, body[1:2], body[2:], one)
    elif code == REMOTE_NAME:
        # Status, address, name.
        if len(body) > 7 and body[0] == 0:
            yield _classic(repeated, body[1:7], role=Role.NAME, payload=decode_name(body[7:]).encode())
    else:
        one = {
            INQUIRY_RESULT: _inquiry_result,
            INQUIRY_RESULT_RSSI: _inquiry_result_rssi,
            EXTENDED_INQUIRY_RESULT: _extended_inquiry_result,
        }[code]
        yield from _several(repeated, body[:1], body[1:], one)


def _several(repeated: Repeated, number: bytes, body: bytes, one: _Reader) -> Iterator[Heard]:
    """The reports of an event, each after the other, as controllers send them and BlueZ reads them."""
    for _ in range(min(number[0], MOST_REPORTS) if number else 0):
        heard, body = one(repeated, body)
        if heard is not None:
            yield heard
        if not body:
            return


def _legacy_report(repeated: Repeated, body: bytes) -> tuple[Heard | None, bytes]:
    """Event type, address type, address 6, length, data, signal."""
    if len(body) < 10 or len(body) < 10 + body[8]:
        return None, b""
    after = 9 + body[8]
    role = Role.RESPONSE if body[0] == _SCAN_RESPONSE else Role.ADVERT
    return _le(repeated, body[1], body[2:8], role, body[9:after], body[after]), body[after + 1 :]


def _extended_report(repeated: Repeated, body: bytes) -> tuple[Heard | None, bytes]:
    report, rest = take_report(body)
    if report is None or report.anonymous:
        return None, rest
    return _le(repeated, report.address_type, report.address, report.role, report.data, report.signal), rest


def _inquiry_result(repeated: Repeated, body: bytes) -> tuple[Heard | None, bytes]:
    """Address 6, repetition 1, reserved 2, class 3, clock 2."""
    if len(body) < 14:
        return None, b""
    return _classic(repeated, body[:6], class_bytes=body[9:12]), body[14:]


def _inquiry_result_rssi(repeated: Repeated, body: bytes) -> tuple[Heard | None, bytes]:
    """Address 6, repetition 1, reserved 1, class 3, clock 2, signal 1."""
    if len(body) < 14:
        return None, b""
    return _classic(repeated, body[:6], class_bytes=body[8:11], signal=body[13]), body[14:]


def _extended_inquiry_result(repeated: Repeated, body: bytes) -> tuple[Heard | None, bytes]:
    """As before, and 240 bytes of advertising data; there is always one."""
    if len(body) < 14:
        return None, b""
    return _classic(repeated, body[:6], class_bytes=body[8:11], signal=body[13], payload=body[14:]), b""


def _le(repeated: Repeated, address_type: int, address: bytes, role: Role, payload: bytes, signal: int) -> Heard:
    number = int.from_bytes(address, "little")
    return Heard(
        address=number,
        kind=le_kind(number, address_type),
        role=role,
        payload=payload,
        count=repeated.count,
        first_ns=repeated.first_ns,
        last_ns=repeated.last_ns,
        rssi_dbm=repeated.rssi_dbm or _signal(signal, repeated.count),
        t_ns=repeated.t_ns,
        levels_dbm=_levels(repeated, signal),
    )


def _classic(
    repeated: Repeated,
    address: bytes,
    *,
    role: Role = Role.INQUIRY,
    payload: bytes = b"",
    class_bytes: bytes = b"",
    signal: int = 0,
) -> Heard:
    return Heard(
        address=int.from_bytes(address, "little"),
        kind=AddressKind.CLASSIC,
        role=role,
        payload=payload,
        count=repeated.count,
        first_ns=repeated.first_ns,
        last_ns=repeated.last_ns,
        rssi_dbm=repeated.rssi_dbm or _signal(signal, repeated.count),
        t_ns=repeated.t_ns,
        levels_dbm=_levels(repeated, signal),
        class_of_device=int.from_bytes(class_bytes, "little") if class_bytes else None,
    )


def _levels(repeated: Repeated, signal: int) -> NDArray[np.int16]:
    """The signal of each repetition: taken out of the row, or the one still in it."""
    if repeated.rssi_dbm:
        return repeated.levels_dbm
    told = _signal(signal, 1)
    return np.full(len(repeated.t_ns), told[0][0] if told else NO_RSSI, dtype=np.int16)


def _signal(value: int, count: int) -> tuple[tuple[int, int], ...]:
    """The signal strength still in the row (events with several reports); 0 is one taken out or absent."""
    level = signed(value)
    return () if level in (0, NO_RSSI) else ((level, count),)
