"""Extended advertising reports of a controller, and long data that it reports in pieces.

A report says whether its data go on in the next report of the same device and set ("incomplete, more data to come":
Bluetooth Core 5.4, Vol 4 Part E, 7.7.65.13). Devices that do so are read message by message, in the order of time;
all others, which is nearly every one, need not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from .chains import MOST_DATA, MOST_OPEN
from .heard import NO_RSSI, AddressKind, Heard, Repeated, Role, address_kind

#: Event code and LE subevent (Core, 7.7.65 and 7.7.65.13).
LE_META, EXTENDED_ADVERTISING_REPORT = 0x3E, 0x0D

#: Reports in one event at most (Core, 7.7.65.2).
MOST_REPORTS = 0x19

#: Bits of the event type: a scan response; whether the data go on (Core, 7.7.65.13).
_SCAN_RESPONSE_BIT = 0x08
_DATA_STATUS, _MORE_TO_COME = 0x60, 0x20

#: Address type of a report whose advertiser gave no address (Core, 7.7.65.13).
_ANONYMOUS = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One extended report as it stands in its event; `signal` is the byte, `more` whether its data go on."""

    address_type: int
    address: bytes
    role: Role
    set_id: int
    more: bool
    signal: int
    data: bytes

    @property
    def anonymous(self) -> bool:
        """Whether the advertiser gave no address."""
        return self.address_type == _ANONYMOUS


def take_report(body: bytes) -> tuple[Report | None, bytes]:
    """Return the first report of `body` and what follows; None if it is cut.

    Event type 2, address type, address 6, PHYs 2, set, power, signal, interval 2, target 7, data.
    """
    if len(body) < 24 or len(body) < 24 + body[23]:
        return None, b""
    after = 24 + body[23]
    report = Report(
        address_type=body[2],
        address=body[3:9],
        role=Role.RESPONSE if body[0] & _SCAN_RESPONSE_BIT else Role.ADVERT,
        set_id=body[11],
        more=body[0] & _DATA_STATUS == _MORE_TO_COME,
        signal=body[13],
        data=body[24:after],
    )
    return report, body[after:]


def le_kind(address: int, address_type: int) -> AddressKind:
    """1 is random, 3 a random identity that the controller resolved (Core, 7.7.65.2)."""
    return address_kind(address, random=address_type in (1, 3))


def signed(value: int) -> int:
    """Return a byte as the signed number that it stands for."""
    return value - 256 if value > 127 else value


class ReportPieces:
    """Puts reports in pieces together, also over the edges of blocks."""

    def __init__(self) -> None:
        self._senders: set[bytes] = set()
        self._open: dict[tuple[bytes, int, int, Role], bytes] = {}

    def divide(self, rows: Sequence[Repeated]) -> tuple[list[Repeated], list[tuple[Repeated, list[Report]]]]:
        """Return the events that stand for themselves, and those of devices that send in pieces, with their reports."""
        extended = {
            place: list(_reports(item.row))
            for place, item in enumerate(rows)
            if item.row[0] == LE_META and item.row[2] == EXTENDED_ADVERTISING_REPORT
        }
        new = {report.address for reports in extended.values() for report in reports if report.more}
        self._senders = new if len(self._senders) > MOST_OPEN else self._senders | new
        parts = {
            place
            for place, reports in extended.items()
            if self._senders and any(report.address in self._senders for report in reports)
        }
        whole = [item for place, item in enumerate(rows) if place not in parts]
        return whole, [(rows[place], extended[place]) for place in sorted(parts)]

    def put_together(self, events: Iterable[tuple[Repeated, list[Report]]]) -> Iterator[Heard]:
        """Yield the advertisements that are complete, in the order of time."""
        single = [
            (t_ns, place, level, reports)
            for item, reports in events
            for t_ns, place, level in zip(
                item.t_ns.tolist(), item.places.tolist(), item.levels_dbm.tolist(), strict=True
            )
        ]
        for t_ns, _, level, reports in sorted(single, key=itemgetter(0, 1)):
            for report in reports:
                if not report.anonymous:
                    # The level was taken out of an event with one report, so that equal ones are equal.
                    yield from self._add(report, t_ns, signed(report.signal) if level == NO_RSSI else level)

    def _add(self, report: Report, t_ns: int, level: int) -> Iterator[Heard]:
        key = (report.address, report.address_type, report.set_id, report.role)
        data = (self._open.pop(key, b"") + report.data)[:MOST_DATA]
        if report.more:
            self._open[key] = data
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]
            return
        address = int.from_bytes(report.address, "little")
        yield Heard(
            address=address,
            kind=le_kind(address, report.address_type),
            role=report.role,
            payload=data,
            first_ns=t_ns,
            last_ns=t_ns,
            rssi_dbm=() if level == NO_RSSI else ((level, 1),),
            t_ns=np.array([t_ns], dtype=np.int64),
            levels_dbm=np.array([level], dtype=np.int16),
        )


def _reports(row: bytes) -> Iterator[Report]:
    """The reports of an extended event, each after the other."""
    body = row[4:]
    for _ in range(min(row[3], MOST_REPORTS) if len(row) > 3 else 0):
        report, body = take_report(body)
        if report is not None:
            yield report
