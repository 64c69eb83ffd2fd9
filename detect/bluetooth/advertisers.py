"""Advertisers: everything heard of one address, and of one device that changes its address.

Phones, watches and tags take a new random address every few minutes (15 by default: Bluetooth Core 5.4,
Vol 3 Part C, Appendix A, T_GAP(private_addr_int)). :func:`group` joins two addresses only where it can
hardly be wrong: both random and rotating, the same non-empty :attr:`Advertiser.fingerprint`, the second
beginning within :data:`ROTATION_GAP_S` after the first fell silent, and neither having another candidate.
Two alike devices side by side therefore stay apart rather than being made one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from .advertising import Advertising, Uuid, parse_advertising
from .heard import AddressKind, Heard, Role
from .series import NO_SERIES, Series, SignalTable

_T = TypeVar("_T")

#: Longest silence between the old and the new address: three times the longest advertising interval of
#: connectable devices, 10.24 s (Core 5.4, Vol 6 Part B, 4.4.2.2), as every third message may be missed.
ROTATION_GAP_S = 30.72

#: Addresses kept; a flood of made-up ones must not fill the memory (about 1 kB each).
MOST_ADDRESSES = 100_000

#: Different contents kept per address; devices that count in their payload send a new one every second.
_MOST_CONTENTS = 32

#: Shape of a manufacturer's content: company, length in bytes, and its first byte, which Apple and others
#: use as a type. What follows changes from message to message.
Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertiser:
    """One device, as far as can be told.

    Parameters
    ----------
    addresses
        Every address it used, the latest last.
    kind
        Of the addresses.
    frames
        Messages of its own heard; 0 where only others' requests to it were.
    addressed
        Requests of others to it.
    first_ns, last_ns
        When it was heard, nanoseconds since 1970 by the capturing clock.
    rssi_max_dbm, rssi_median_dbm
        Signal strength, None where not known.
    names
        What it calls itself, most often heard first; hostile text.
    uuids, service_data, manufacturer
        As in :class:`Advertising`, over all its messages.
    shapes
        See :data:`Shape`.
    tx_power_dbm, appearance, class_of_device
        The last one told.
    numbers
        By which the :class:`Register` keeps its signal over time, see :meth:`Register.series`.
    """

    addresses: tuple[int, ...]
    kind: AddressKind
    frames: int = 0
    addressed: int = 0
    first_ns: int = 0
    last_ns: int = 0
    rssi_max_dbm: int | None = None
    rssi_median_dbm: float | None = None
    names: tuple[str, ...] = ()
    uuids: tuple[Uuid, ...] = ()
    service_data: tuple[tuple[Uuid, bytes], ...] = ()
    manufacturer: tuple[tuple[int, bytes], ...] = ()
    shapes: frozenset[Shape] = frozenset()
    tx_power_dbm: int | None = None
    appearance: int | None = None
    class_of_device: int | None = None
    numbers: tuple[int, ...] = ()

    @property
    def companies(self) -> tuple[int, ...]:
        """Company numbers in its manufacturer data, each once."""
        return tuple(dict.fromkeys(company for company, _ in self.manufacturer))

    @property
    def services(self) -> tuple[Uuid, ...]:
        """Services announced or with data, each once."""
        return tuple(dict.fromkeys((*self.uuids, *(uuid for uuid, _ in self.service_data))))

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What stays when the address changes: names, shapes, services. Empty if it says none of them."""
        parts = (
            tuple(sorted(self.names)),
            tuple(sorted(self.shapes)),
            tuple(sorted(str(uuid) for uuid in self.services)),
        )
        return parts if any(parts) else ()


@dataclass(slots=True)
class _Tally:
    """What is known of one address so far."""

    number: int
    kind: AddressKind
    first_ns: int
    last_ns: int
    frames: int = 0
    addressed: int = 0
    signals: Counter[int] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    uuids: dict[Uuid, None] = field(default_factory=dict)
    service_data: dict[tuple[Uuid, bytes], None] = field(default_factory=dict)
    manufacturer: dict[tuple[int, bytes], None] = field(default_factory=dict)
    shapes: set[Shape] = field(default_factory=set)
    tx_power_dbm: int | None = None
    appearance: int | None = None
    class_of_device: int | None = None

    def add(self, heard: Heard) -> None:
        self.first_ns = min(self.first_ns, heard.first_ns)
        self.last_ns = max(self.last_ns, heard.last_ns)
        if heard.role is Role.ADDRESSED:
            self.addressed += heard.count
            return
        self.frames += heard.count
        for signal, count in heard.rssi_dbm:
            self.signals[signal] += count
        if heard.class_of_device is not None:
            self.class_of_device = heard.class_of_device
        if heard.role is Role.NAME:
            self._add_name(heard.payload.decode(), heard.count)
        else:
            self._add_content(heard.said or parse_advertising(heard.payload), heard.count)

    def _add_content(self, said: Advertising, count: int) -> None:
        if said.name:
            self._add_name(said.name, count)
        _keep(self.uuids, said.uuids)
        _keep(self.service_data, said.service_data)
        _keep(self.manufacturer, said.manufacturer)
        if len(self.shapes) < _MOST_CONTENTS:
            self.shapes.update((company, len(data), data[0] if data else 0) for company, data in said.manufacturer)
        if said.tx_power_dbm is not None:
            self.tx_power_dbm = said.tx_power_dbm
        if said.appearance is not None:
            self.appearance = said.appearance
        if said.class_of_device is not None:
            self.class_of_device = said.class_of_device

    def _add_name(self, name: str, count: int) -> None:
        if name and (name in self.names or len(self.names) < _MOST_CONTENTS):
            self.names[name] += count

    def close(self, address: int) -> Advertiser:
        """The record of this address."""
        return Advertiser(
            addresses=(address,),
            kind=self.kind,
            frames=self.frames,
            addressed=self.addressed,
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            rssi_max_dbm=max(self.signals, default=None),
            rssi_median_dbm=_median(self.signals),
            names=tuple(name for name, _ in self.names.most_common()),
            uuids=tuple(self.uuids),
            service_data=tuple(self.service_data),
            manufacturer=tuple(self.manufacturer),
            shapes=frozenset(self.shapes),
            tx_power_dbm=self.tx_power_dbm,
            appearance=self.appearance,
            class_of_device=self.class_of_device,
            numbers=(self.number,),
        )


@dataclass(slots=True)
class Register:
    """Collects what is heard, by address.

    Parameters
    ----------
    most
        Addresses kept.
    refused
        Messages of addresses beyond that.
    """

    most: int = MOST_ADDRESSES
    refused: int = 0
    _tallies: dict[tuple[int, bool], _Tally] = field(default_factory=dict)
    _signals: SignalTable = field(default_factory=SignalTable)

    def add(self, heard: Iterable[Heard]) -> None:
        """Take in messages, in any order."""
        numbers, times, levels = [], [], []
        for item in heard:
            # A classic device and an LE device may share their public address: one chip, one row.
            key = (item.address, item.kind in (AddressKind.PUBLIC, AddressKind.CLASSIC))
            tally = self._tallies.get(key)
            if tally is None:
                if len(self._tallies) >= self.most:
                    self.refused += item.count
                    continue
                number = len(self._tallies)
                tally = _Tally(number=number, kind=item.kind, first_ns=item.first_ns, last_ns=item.last_ns)
                self._tallies[key] = tally
            tally.add(item)
            if item.role is not Role.ADDRESSED and len(item.t_ns):
                numbers.append(tally.number)
                times.append(item.t_ns)
                levels.append(item.levels_dbm)
        if numbers:
            lengths = [len(piece) for piece in times]
            self._signals.add(np.repeat(numbers, lengths), np.concatenate(times), np.concatenate(levels))

    def series(self, advertiser: Advertiser) -> Series:
        """Return the signal of an advertiser over time, over all its addresses."""
        return self._signals.of(advertiser.numbers) if advertiser.numbers else NO_SERIES

    def advertisers(self) -> tuple[Advertiser, ...]:
        """Return one record per address, in the order first heard."""
        records = [tally.close(address) for (address, _), tally in self._tallies.items()]
        return tuple(sorted(records, key=lambda record: (record.first_ns, record.addresses)))


def group(advertisers: Sequence[Advertiser], *, gap_s: float = ROTATION_GAP_S) -> tuple[Advertiser, ...]:
    """Join the addresses of devices that change theirs; see the module's text for when.

    Parameters
    ----------
    advertisers
        One record per address.
    gap_s
        Longest silence between two addresses of one device.

    Returns
    -------
    tuple of Advertiser
        In the order first heard; those that were not joined as they came.
    """
    alike: defaultdict[tuple[object, ...], list[Advertiser]] = defaultdict(list)
    out = []
    for record in advertisers:
        if record.kind.rotates and record.fingerprint and record.frames:
            alike[(record.kind, record.fingerprint)].append(record)
        else:
            out.append(record)
    for records in alike.values():
        out.extend(_join(chain) for chain in _chains(records, int(gap_s * 1e9)))
    return tuple(sorted(out, key=lambda record: (record.first_ns, record.addresses)))


def _chains(records: list[Advertiser], gap_ns: int) -> list[list[Advertiser]]:
    """Records of one fingerprint as successions: each follows the one before and could follow no other."""
    records = sorted(records, key=lambda record: record.first_ns)
    beginnings = [record.first_ns for record in records]
    by_end = sorted(range(len(records)), key=lambda number: records[number].last_ns)
    endings = [records[number].last_ns for number in by_end]
    chains: list[list[Advertiser]] = []
    chain_of: dict[int, list[Advertiser]] = {}
    for number, record in enumerate(records):
        # Those that fell silent before this one began, and not longer ago than the gap.
        low = bisect_left(endings, record.first_ns - gap_ns)
        high = bisect_left(endings, record.first_ns)
        chain: list[Advertiser] | None = None
        if high - low == 1:
            before = records[by_end[low]]
            followers = bisect_right(beginnings, before.last_ns + gap_ns) - bisect_right(beginnings, before.last_ns)
            chain = chain_of[by_end[low]] if followers == 1 else None
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(record)
        chain_of[number] = chain
    return chains


def _join(chain: list[Advertiser]) -> Advertiser:
    """One record of several addresses."""
    if len(chain) == 1:
        return chain[0]
    last = chain[-1]
    heard = [(record.rssi_median_dbm, record.frames) for record in chain if record.rssi_median_dbm is not None]
    total = sum(frames for _, frames in heard)
    return Advertiser(
        addresses=tuple(dict.fromkeys(address for record in chain for address in record.addresses)),
        kind=last.kind,
        frames=sum(record.frames for record in chain),
        addressed=sum(record.addressed for record in chain),
        first_ns=min(record.first_ns for record in chain),
        last_ns=max(record.last_ns for record in chain),
        rssi_max_dbm=max((r.rssi_max_dbm for r in chain if r.rssi_max_dbm is not None), default=None),
        # The medians' mean by frames: the single values are no longer kept here.
        rssi_median_dbm=round(sum(value * frames for value, frames in heard) / total, 1) if total else None,
        names=last.names,
        uuids=tuple(dict.fromkeys(uuid for record in chain for uuid in record.uuids)),
        service_data=tuple(dict.fromkeys(item for record in chain for item in record.service_data)),
        manufacturer=tuple(dict.fromkeys(item for record in chain for item in record.manufacturer)),
        shapes=last.shapes,
        tx_power_dbm=last.tx_power_dbm,
        appearance=last.appearance,
        class_of_device=last.class_of_device,
        numbers=tuple(number for record in chain for number in record.numbers),
    )


def _keep(kept: dict[_T, None], items: Iterable[_T]) -> None:
    """Add new items while there is room."""
    for item in items:
        if len(kept) >= _MOST_CONTENTS:
            return
        kept[item] = None


def _median(signals: Counter[int]) -> float | None:
    """The median of counted values."""
    total = signals.total()
    if total == 0:
        return None
    seen = 0
    middle = []
    for value, count in sorted(signals.items()):
        # The two middle places of an even number, twice the same one of an odd.
        middle += [value for place in ((total - 1) // 2, total // 2) if seen <= place < seen + count]
        seen += count
    return sum(middle) / 2
