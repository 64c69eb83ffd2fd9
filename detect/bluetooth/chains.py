"""Extended advertising on the air: what one device says in several messages, put together again.

It begins with a pointer on a primary channel and goes on in auxiliary messages on the others (Bluetooth Core 5.4,
Vol 6 Part B, 2.3.4 and 4.4.2.2): any one of them may carry the address, and data too long for one message goes on in
a chain. :class:`AirChains` follows the pointers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .heard import NO_RSSI, Heard, Role, address_kind

#: Longest data of one advertisement, bytes (Core 5.4, Vol 4 Part E, 7.8.54: 1,650).
MOST_DATA = 1650

#: How far from the pointed-to moment a message may be, ns: the longest message lasts 17.04 ms (coded PHY at 125 kb/s:
#: Core 5.4, Vol 6 Part B, 2.1), and sniffers stamp its begin or its end; a unit of the pointer, 0.3 ms, for rounding.
SLACK_NS = 17_340_000

#: Pointers kept, the oldest given up first: one points at most 2.46 s ahead (2**13 units of 0.3 ms), in which a
#: flood sends some 4,000 messages.
MOST_OPEN = 4096

#: Fields of the extended header by the bit that announces them, and their sizes (Core, 2.3.4).
_FIELDS = ((0x01, 6), (0x02, 6), (0x04, 1), (0x08, 2), (0x10, 3), (0x20, 18), (0x40, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """One message of extended advertising.

    Parameters
    ----------
    address
        Six bytes, empty where left out.
    set_id
        Number of the advertising set and of its content (ADI), None where left out.
    points_ns
        How long after this message the next one comes, None if nothing follows.
    data
        Advertising data, or a part of it.
    """

    address: bytes = b""
    set_id: int | None = None
    points_ns: int | None = None
    data: bytes = b""


def open_extended(payload: bytes) -> Extended | None:
    """Return what the payload of an extended message says; None if it is not one.

    The payload begins with six bits of length and two of mode, then as many bytes of header: flags, and the
    fields they announce in their order; the rest of the header is additional controller data (Core, 2.3.4).
    """
    if not payload:
        return None
    size = payload[0] & 0x3F
    header, content = payload[1 : 1 + size], payload[1 + size :]
    if len(header) < size:
        return None
    if not header:
        return Extended(data=content)
    told: dict[int, bytes] = {}
    at = 1
    for bit, width in _FIELDS:
        if header[0] & bit:
            told[bit] = header[at : at + width]
            at += width
    if at > size:
        return None
    pointer = int.from_bytes(told[0x10], "little") if 0x10 in told else 0
    # Channel 6 bits, accuracy 1, unit 1 (30 or 300 us), offset 13, PHY 3; an offset of 0 points nowhere.
    offset = pointer >> 8 & 0x1FFF
    return Extended(
        address=told.get(0x01, b""),
        set_id=int.from_bytes(told[0x08], "little") if 0x08 in told else None,
        points_ns=offset * (300_000 if pointer & 0x80 else 30_000) or None,
        data=content,
    )


@dataclass(slots=True)
class _Open:
    """What was pointed to and has not come yet."""

    due_ns: int
    address: bytes
    random: bool
    data: bytes
    t_ns: int
    rssi_dbm: int


class AirChains:
    """Joins the messages of extended advertisements heard on the air; `anonymous` counts what has no address.

    Messages must come in the order of time within a call; what still waits at the end of a call is kept for the next.
    """

    def __init__(self) -> None:
        self.anonymous = 0
        self._open: dict[int, _Open] = {}  # by set number; the oldest first

    def add(self, t_ns: int, message: Extended, *, random: bool, rssi_dbm: int) -> Iterator[Heard]:
        """Take in one message; yield what it completes."""
        before = self._expected(t_ns, message)
        address, data = message.address, message.data
        if before is not None:
            address, random = (address, random) if address else (before.address, before.random)
            data = (before.data + data)[:MOST_DATA]
        if message.points_ns is not None and message.set_id is not None:
            if message.address and not message.data:  # it was heard, whatever follows
                yield _heard(message.address, random, b"", t_ns, rssi_dbm)
            old = self._open.pop(message.set_id, None)
            # The three primary channels point to one message: the same set, nothing in hand yet.
            if old is not None and old.data:
                yield from self._close(old)
            self._open[message.set_id] = _Open(
                due_ns=t_ns + message.points_ns, address=address, random=random, data=data, t_ns=t_ns, rssi_dbm=rssi_dbm
            )
            if len(self._open) > MOST_OPEN:
                yield from self._close(self._open.pop(next(iter(self._open))))
        elif address:
            yield _heard(address, random, data, t_ns, rssi_dbm)
        else:
            self.anonymous += 1

    def end(self) -> Iterator[Heard]:
        """Yield what is left when no more will come."""
        for left in self._open.values():
            yield from self._close(left)
        self._open.clear()

    def _expected(self, t_ns: int, message: Extended) -> _Open | None:
        """What points to this message, if anything does."""
        if message.set_id is None:
            return None
        before = self._open.get(message.set_id)
        if before is None or abs(t_ns - before.due_ns) > SLACK_NS:
            return None
        if message.address and before.address and message.address != before.address:
            return None
        # A pointer on the next primary channel has no data and points to the same moment.
        if message.points_ns and not message.data and abs(t_ns + message.points_ns - before.due_ns) <= SLACK_NS:
            return None
        return self._open.pop(message.set_id)

    def _close(self, left: _Open) -> Iterator[Heard]:
        """What is known of an advertisement whose rest never came."""
        if left.address and left.data:
            yield _heard(left.address, left.random, left.data, left.t_ns, left.rssi_dbm)
        elif not left.address:
            self.anonymous += 1


def _heard(address: bytes, random: bool, data: bytes, t_ns: int, rssi_dbm: int) -> Heard:
    number = int.from_bytes(address, "little")
    return Heard(
        address=number,
        kind=address_kind(number, random=random),
        role=Role.ADVERT,
        payload=data,
        first_ns=t_ns,
        last_ns=t_ns,
        rssi_dbm=() if rssi_dbm == NO_RSSI else ((rssi_dbm, 1),),
        t_ns=np.array([t_ns], dtype=np.int64),
        levels_dbm=np.array([rssi_dbm], dtype=np.int16),
    )
