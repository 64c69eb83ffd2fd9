"""One pass over a capture: everything that is later judged, and how far the file could be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ..capture import CaptureEnd, CaptureReader, LinkType, Records
from ..errors import InputError
from .beacons import BeaconReader
from .ethernet import read_ethernet
from .frames import read_frames
from .networks import NetworkBook
from .stations import Stations, StationTally

#: Link types of Bluetooth: such a capture was given by mistake.
_BLUETOOTH = frozenset(
    int(kind)
    for kind in (
        LinkType.BLUETOOTH_HCI_H4,
        LinkType.HCI_H4_WITH_PHDR,
        LinkType.BLUETOOTH_LE_LL,
        LinkType.HCI_MON,
        LinkType.BLUETOOTH_LE_LL_WITH_PHDR,
        LinkType.NORDIC_BLE,
        LinkType.BTSNOOP_H1,
        LinkType.BTSNOOP_MONITOR,
    )
)

_ETHERNET = frozenset({int(LinkType.ETHERNET), int(LinkType.LINUX_SLL), int(LinkType.LINUX_SLL2)})

_WIFI = frozenset(
    int(kind)
    for kind in (
        LinkType.IEEE802_11,
        LinkType.PRISM,
        LinkType.RADIOTAP,
        LinkType.IEEE802_11_AVS,
        LinkType.PPI,
    )
)

#: Bytes read at a time: the columns of one block then stay in a processor's cache; larger blocks were slower
#: (benchmarks/speed_wifi.py).
_BLOCK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one capture holds.

    Parameters
    ----------
    stations, book
        Who transmits; what networks and stations say of themselves.
    end
        How the reading of the file ended.
    records
        Records in the file; `frames` of them are readable 802.11 and `ethernet_frames` Ethernet.
    bad_fcs, unreadable, junk_addresses
        Frames with a wrong check sum; with headers that make no sense; from impossible addresses.
    refused
        Frames and distinct announcements left out because a flood of made-up ones filled the tables.
    first_ns, last_ns
        Times of the first and last record by the capturing clock; None without records.
    channels_mhz
        Channels that frames were heard on, by frames, most first.
    link_types
        Names of the link types.
    """

    stations: Stations
    book: NetworkBook
    end: CaptureEnd
    records: int
    frames: int
    ethernet_frames: int
    bad_fcs: int
    unreadable: int
    junk_addresses: int
    refused: int
    first_ns: int | None
    last_ns: int | None
    channels_mhz: tuple[int, ...]
    link_types: tuple[str, ...]


def survey_capture(stream: BinaryIO, *, name: str, block_bytes: int = _BLOCK_BYTES) -> Survey:
    """Read a capture once, in bounded memory.

    Raises
    ------
    InputError
        If it is not a capture, or one of Bluetooth.
    """
    reader = CaptureReader(stream, name=name, block_bytes=block_bytes)
    tally, beacons, book = StationTally(), BeaconReader(), NetworkBook()
    count = frames_read = ethernet_read = bad_fcs = unreadable = junk = foreign = 0
    first_ns: int | None = None
    last_ns: int | None = None
    channels = np.zeros(1 << 16, dtype=np.int64)
    seen: set[int] = set()
    for records in reader:
        count += len(records)
        seen |= set(np.unique(records.linktype).tolist())
        low, high = int(records.t_ns.min()), int(records.t_ns.max())
        first_ns = low if first_ns is None else min(first_ns, low)
        last_ns = high if last_ns is None else max(last_ns, high)
        frames = read_frames(records)
        frames_read += len(frames)
        bad_fcs += frames.bad_fcs
        unreadable += frames.unreadable
        junk += frames.junk_addresses
        if len(frames):
            tally.add(frames)
            book.add(beacons.read(frames))
            channels += np.bincount(frames.channel_mhz, minlength=1 << 16)
        if frames.foreign:
            ethernet = _add_ethernet(records, tally)
            ethernet_read += ethernet[0]
            unreadable += ethernet[1]
            foreign += frames.foreign - sum(ethernet)
    kinds = seen or set(reader.end.linktypes)
    if kinds and not frames_read + ethernet_read:
        _refuse_other_radios(kinds, name=name, unreadable=unreadable, bad_fcs=bad_fcs, records=count)
    stations = tally.stations()
    heard = np.argsort(-channels[1:], kind="stable")[:256] + 1
    return Survey(
        stations=stations,
        book=book,
        end=reader.end,
        records=count,
        frames=frames_read,
        ethernet_frames=ethernet_read,
        bad_fcs=bad_fcs,
        unreadable=unreadable + foreign,
        junk_addresses=junk,
        refused=stations.refused + beacons.refused,
        first_ns=first_ns,
        last_ns=last_ns,
        channels_mhz=tuple(int(mhz) for mhz in heard if channels[mhz]),
        link_types=tuple(_link_name(kind) for kind in sorted(kinds)),
    )


def _add_ethernet(records: Records, tally: StationTally) -> tuple[int, int]:
    """Add the block's Ethernet frames; returns how many there were and how many were too short."""
    ethernet = read_ethernet(records)
    if len(ethernet):
        tally.add_ethernet(
            source=ethernet.source,
            destination=ethernet.destination,
            length=ethernet.length,
            t_ns=ethernet.t_ns,
        )
    return len(ethernet), ethernet.unreadable


def _refuse_other_radios(kinds: set[int], *, name: str, unreadable: int, bad_fcs: int, records: int) -> None:
    """Raise InputError where a capture without one readable frame was made of something else."""
    if kinds <= _BLUETOOTH:
        raise InputError(name, "is a capture of Bluetooth, not of Wi-Fi", "Give it as a Bluetooth capture.")
    if not kinds & (_WIFI | _ETHERNET):
        links = ", ".join(_link_name(kind) for kind in sorted(kinds))
        raise InputError(name, f"is a capture of something else than Wi-Fi ({links})")
    # PPI wraps other radios too (Bluetooth by some sniffers): then not one of its records is 802.11.
    if kinds == {int(LinkType.PPI)} and records and not bad_fcs and unreadable == records:
        raise InputError(
            name, "is a capture without any Wi-Fi frame", "If it is of Bluetooth, give it as a Bluetooth capture."
        )


def _link_name(kind: int) -> str:
    return LinkType(kind).name.lower() if kind in set(LinkType) else f"link type {kind}"
