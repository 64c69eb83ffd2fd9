"""One pass over a capture: everything that is later judged, and how far the file could be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ..capture import CaptureEnd, CaptureReader, LinkType, Records
from ..errors import InputError
from .beacons import BeaconReader
from .beats import Beat, BeatTally
from .ethernet import read_ethernet
from .frames import read_frames
from .networks import NetworkBook
from .stations import Stations, StationTally
from .traffic import Traffic, TrafficTally

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
_BLOCK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one capture holds.

    Parameters
    ----------
    stations, traffic, book
        Who transmits; how much by the second; what networks and stations say of themselves.
    beacon_beats, sleep_beats
        How regularly networks beacon and stations say that they sleep, by address.
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
    traffic: Traffic
    book: NetworkBook
    beacon_beats: Mapping[int, Beat]
    sleep_beats: Mapping[int, Beat]
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


class Surveyor:
    """Adds up blocks of records, from a file or as they are heard; :meth:`survey` gives the sums so far."""

    def __init__(self) -> None:
        self._tally, self._traffic = StationTally(), TrafficTally()
        self._beacons, self._book, self._beats = BeaconReader(), NetworkBook(), BeatTally()
        self._records = self._frames = self._ethernet = 0
        self._bad_fcs = self._unreadable = self._junk = 0
        self._first_ns: int | None = None
        self._last_ns: int | None = None
        self._channels = np.zeros(1 << 16, dtype=np.int64)
        self._link_types: set[int] = set()

    def add(self, records: Records) -> None:
        """Add one block."""
        if not len(records):
            return
        self._records += len(records)
        self._link_types |= set(np.unique(records.linktype).tolist())
        low, high = int(records.t_ns.min()), int(records.t_ns.max())
        self._first_ns = low if self._first_ns is None else min(self._first_ns, low)
        self._last_ns = high if self._last_ns is None else max(self._last_ns, high)
        frames = read_frames(records)
        self._frames += len(frames)
        self._bad_fcs += frames.bad_fcs
        self._unreadable += frames.unreadable
        self._junk += frames.junk_addresses
        if len(frames):
            ends = self._tally.add(frames)
            self._traffic.add(frames, ends)
            self._beats.add(frames, ends)
            self._book.add(self._beacons.read(frames))
            self._channels += np.bincount(frames.channel_mhz, minlength=1 << 16)
        if frames.foreign:
            self._add_ethernet(records, foreign=frames.foreign)

    def _add_ethernet(self, records: Records, *, foreign: int) -> None:
        """Add the block's Ethernet frames; of the `foreign` records, those that are none are unreadable."""
        ethernet = read_ethernet(records)
        if len(ethernet):
            ends = self._tally.add_ethernet(
                source=ethernet.source,
                destination=ethernet.destination,
                length=ethernet.length,
                t_ns=ethernet.t_ns,
            )
            self._traffic.add_ethernet(ethernet, ends)
        self._ethernet += len(ethernet)
        self._unreadable += foreign - len(ethernet)

    def survey(self, *, name: str, end: CaptureEnd | None = None) -> Survey:
        """Return the sums so far.

        Parameters
        ----------
        name
            Of the capture, for messages.
        end
            How the file ended; None while listening.

        Raises
        ------
        InputError
            If every record is of something else than Wi-Fi or Ethernet.
        """
        if end is None:
            end = CaptureEnd(
                truncated=None, skipped_records=0, file_format="live", linktypes=frozenset(self._link_types)
            )
        kinds = self._link_types or set(end.linktypes)
        if kinds and not self._frames + self._ethernet:
            _refuse_other_radios(
                kinds, name=name, unreadable=self._unreadable, bad_fcs=self._bad_fcs, records=self._records
            )
        stations = self._tally.stations()
        heard = np.argsort(-self._channels[1:], kind="stable")[:256] + 1
        return Survey(
            stations=stations,
            traffic=self._traffic.traffic(stations.address),
            book=self._book,
            beacon_beats=self._beats.beacons(),
            sleep_beats=self._beats.sleepers(),
            end=end,
            records=self._records,
            frames=self._frames,
            ethernet_frames=self._ethernet,
            bad_fcs=self._bad_fcs,
            unreadable=self._unreadable,
            junk_addresses=self._junk,
            refused=stations.refused + self._beacons.refused,
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            channels_mhz=tuple(int(mhz) for mhz in heard if self._channels[mhz]),
            link_types=tuple(_link_name(kind) for kind in sorted(kinds)),
        )


def survey_capture(stream: BinaryIO, *, name: str, block_bytes: int = _BLOCK_BYTES) -> Survey:
    """Read a capture once, in bounded memory.

    Raises
    ------
    InputError
        If it is not a capture, or one of Bluetooth.
    """
    reader = CaptureReader(stream, name=name, block_bytes=block_bytes)
    surveyor = Surveyor()
    for records in reader:
        surveyor.add(records)
    return surveyor.survey(name=name, end=reader.end)


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
