"""How much every address sends over time: bytes and data frames in short bins, in sparse, bounded memory.

A person who walks about stands in the way of radio, so that every device would seem to follow the room. Two things are
held against that. A frame that is sent again because nobody acknowledged it counts once. And the sequence numbers tell
how many frames a device sent beside those that the receiver heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ethernet import EthernetFrames
from .frames import FROM_DS, GROUP, RETRY, TO_DS, Frames
from .sequences import SequenceRuns
from .slots import Slots, grown
from .sorts import SORT_OF, Sort

#: Width of a bin, milliseconds: a fifth of a second, as the light test of WashroomSweep uses; a walking person and
#: a pressed key are not timed any finer.
BIN_MS = 200

#: Addresses followed: as many as in :mod:`.stations`.
MAX_ADDRESSES = 65_536

#: Pairs of address and bin kept, about 50 MB: fifty busy stations for more than two hours in bins of a fifth of a
#: second; a guided run takes two minutes.
MAX_CELLS = 2_000_000

#: Bins of one dense series: a day of fifths of a second.
MAX_BINS = 432_000

#: How long after a frame its repetition is looked for: dot11MaxTransmitMSDULifetime, 512 time units of 1024 us by
#: default (IEEE 802.11-2020, annex C), after which a sender gives a frame up.
_RETRY_NS = 512 * 1024 * 1000

#: Null data as type * 16 + subtype (table 9-1); it shares the numbers of data without QoS (10.3.2.14.2).
_NULL = 0x24

#: Latest bin number: what :class:`~roomsweep.detect.capture.Records` can hold, 2**63 ns, in bins of a millisecond.
_BIN_BITS = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSeries:
    """What some addresses sent, bin by bin.

    Parameters
    ----------
    address
        uint64 (n,).
    start_ns, bin_s
        Beginning of the first bin, nanoseconds since 1970; width of a bin, seconds.
    bytes_sent, frames_sent
        int64 (n, bins); of data frames, repetitions counted once.
    numbered
        int64 (n, bins); data frames that the sequence numbers ran over: more than `frames_sent` where the receiver
        lost some.
    heard
        int64 (bins,); frames of any sort and from anybody: where it is 0 the receiver may have been elsewhere.
    """

    address: NDArray[np.uint64]
    start_ns: int
    bin_s: float
    bytes_sent: NDArray[np.int64]
    frames_sent: NDArray[np.int64]
    numbered: NDArray[np.int64]
    heard: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """One row for each address that sent data.

    Parameters
    ----------
    address
        uint64 (n,).
    bytes_sent, frames_sent
        int64 (n,); of data frames, repetitions counted once.
    first_ns, last_ns
        int64 (n,); first and last data frame.
    is_network
        bool (n,); sends as an access point (FromDS).
    network
        uint64 (n,); the access point that a station sent to last, 0 where there is none.
    """

    address: NDArray[np.uint64]
    bytes_sent: NDArray[np.int64]
    frames_sent: NDArray[np.int64]
    first_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    is_network: NDArray[np.bool_]
    network: NDArray[np.uint64]


class RateTally:
    """Adds up blocks of frames; :meth:`senders` tells who sent, :meth:`series` how much in every bin.

    Parameters
    ----------
    bin_ms
        Width of a bin, milliseconds.
    max_cells
        Pairs of address and bin kept; later ones are refused and counted.
    """

    def __init__(self, *, bin_ms: int = BIN_MS, max_cells: int = MAX_CELLS) -> None:
        if bin_ms < 1:
            raise ValueError("bin_ms must be positive")
        self._bin_ns = bin_ms * 1_000_000
        self._max_cells = max_cells
        # Row 0 stands for everybody; the others follow the slots.
        self._slots = Slots(limit=MAX_ADDRESSES)
        self._cells = Slots(limit=max_cells)
        self._bytes = np.zeros(0, dtype=np.int64)
        self._frames = np.zeros(0, dtype=np.int64)
        self._numbered = np.zeros(0, dtype=np.int64)
        self._runs = SequenceRuns()
        self._is_network = np.zeros(0, dtype=np.int8)
        self._network = np.zeros(0, dtype=np.int64)
        self._recent = (np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))
        #: Frames that were sent again and not counted twice.
        self.repeated = 0
        #: Time of the first and last frame of any sort; None before any.
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        #: Whether any frame was of 802.11; where none is, a silent bin is no sign of a deaf receiver.
        self.radio = False

    @property
    def refused(self) -> int:
        """Data frames, and bins of them, that found no room."""
        return self._slots.refused + self._cells.refused

    @property
    def bin_s(self) -> float:
        """Width of a bin, seconds."""
        return self._bin_ns / 1e9

    def add(self, frames: Frames) -> None:
        """Add the 802.11 frames of one block: data frames to their transmitters, all others to what was heard."""
        if not len(frames):
            return
        self.radio = True
        self._heard(frames.t_ns)
        direction = frames.flags & (TO_DS | FROM_DS)
        rows = np.flatnonzero((SORT_OF[frames.kind] == Sort.DATA) & (frames.transmitter != 0))
        slot = self._slots.number(frames.transmitter[rows])
        rows, slot = rows[slot >= 0], slot[slot >= 0]
        again = self._repeats(frames, rows, slot)
        rows, slot = rows[~again], slot[~again]
        numbered = self._passed(frames, rows, slot)
        self._put(slot + 1, frames.t_ns[rows], frames.length[rows], numbered)
        size = len(self._slots)
        self._is_network = grown(self._is_network, size)
        self._network = grown(self._network, size)
        self._is_network[slot[direction[rows] == FROM_DS]] = 1
        up = direction[rows] == TO_DS
        self._network[slot[up]] = frames.addr1[rows[up]].astype(np.int64)

    def add_ethernet(self, frames: EthernetFrames) -> None:
        """Add Ethernet frames of one block: data of their source addresses, save what those only passed on."""
        if not len(frames):
            return
        self._heard(frames.t_ns)
        rows = np.flatnonzero((frames.source != 0) & ((frames.source & GROUP) == 0) & ~frames.relayed)
        slot = self._slots.number(frames.source[rows])
        rows, slot = rows[slot >= 0], slot[slot >= 0]
        self._put(slot + 1, frames.t_ns[rows], frames.length[rows], np.ones(len(rows), dtype=np.int64))
        self._is_network = grown(self._is_network, len(self._slots))
        self._network = grown(self._network, len(self._slots))

    def senders(self) -> Senders:
        """Return who sent data, most bytes first."""
        size = len(self._slots)
        keys = self._cells.keys.astype(np.int64)
        row, bins = (keys >> _BIN_BITS) - 1, keys & (1 << _BIN_BITS) - 1
        own = row >= 0
        row, bins = row[own], bins[own]
        counted, carried = self._frames[: len(keys)][own], self._bytes[: len(keys)][own]
        sums = np.zeros((2, size), dtype=np.int64)
        np.add.at(sums[0], row, carried)
        np.add.at(sums[1], row, counted)
        first = np.full(size, np.iinfo(np.int64).max // self._bin_ns, dtype=np.int64)
        last = np.full(size, -1, dtype=np.int64)
        np.minimum.at(first, row, bins)
        np.maximum.at(last, row, bins)
        order = np.flatnonzero(sums[1] > 0)
        order = order[np.lexsort((self._slots.keys[order], -sums[0, order]))]
        return Senders(
            address=self._slots.keys[order],
            bytes_sent=sums[0, order],
            frames_sent=sums[1, order],
            first_ns=first[order] * self._bin_ns,
            last_ns=(last[order] + 1) * self._bin_ns,
            is_network=self._is_network[order] > 0,
            network=self._network[order].astype(np.uint64),
        )

    def series(self, addresses: Sequence[int] | NDArray[np.uint64], *, start_ns: int, stop_ns: int) -> RateSeries:
        """Return what `addresses` sent in each bin between two times; zeros for an address that sent nothing.

        Raises
        ------
        ValueError
            If that is more than :data:`MAX_BINS` bins.
        """
        first = start_ns // self._bin_ns
        count = max(0, -(-stop_ns // self._bin_ns) - first)
        if count > MAX_BINS:
            raise ValueError(f"{count} bins are more than {MAX_BINS}")
        wanted = np.asarray(addresses, dtype=np.uint64)
        out = np.zeros((3, len(wanted), count), dtype=np.int64)
        heard = np.zeros(count, dtype=np.int64)
        keys = self._cells.keys.astype(np.int64)
        row, bins = (keys >> _BIN_BITS) - 1, (keys & (1 << _BIN_BITS) - 1) - first
        inside = (bins >= 0) & (bins < count)
        everybody = inside & (row < 0)
        heard[bins[everybody]] = self._frames[: len(keys)][everybody]
        place = np.full(len(self._slots) + 1, -1, dtype=np.int64)
        slot = self._slots.find(wanted)
        place[slot[slot >= 0]] = np.flatnonzero(slot >= 0)
        at = np.where(inside & (row >= 0), place[row], -1)
        cells = np.flatnonzero(at >= 0)
        out[0, at[cells], bins[cells]] = self._bytes[cells]
        out[1, at[cells], bins[cells]] = self._frames[cells]
        out[2, at[cells], bins[cells]] = self._numbered[cells]
        return RateSeries(
            address=wanted,
            start_ns=int(first * self._bin_ns),
            bin_s=self.bin_s,
            bytes_sent=out[0],
            frames_sent=out[1],
            numbered=out[2],
            heard=heard,
        )

    def _heard(self, t_ns: NDArray[np.int64]) -> None:
        low, high = int(t_ns.min()), int(t_ns.max())
        self.first_ns = low if self.first_ns is None else min(self.first_ns, low)
        self.last_ns = high if self.last_ns is None else max(self.last_ns, high)
        none = np.zeros(len(t_ns), dtype=np.int64)
        self._put(none, t_ns, none, none)

    def _put(
        self,
        row: NDArray[np.int64],
        t_ns: NDArray[np.int64],
        length: NDArray[np.int64],
        numbered: NDArray[np.int64],
    ) -> None:
        bins = np.maximum(t_ns, 0) // self._bin_ns
        key, where = np.unique((row << _BIN_BITS | bins).astype(np.uint64), return_inverse=True)
        cell = self._cells.number(key)
        size = len(self._cells)
        self._bytes, self._frames = grown(self._bytes, size), grown(self._frames, size)
        self._numbered = grown(self._numbered, size)
        kept = cell >= 0
        for column, values in ((self._bytes, length), (self._frames, None), (self._numbered, numbered)):
            weights = None if values is None else values.astype(np.float64)
            sums = np.bincount(where, weights=weights, minlength=len(key)).astype(np.int64)
            column[cell[kept]] += sums[kept]

    def _passed(self, frames: Frames, rows: NDArray[np.int64], slot: NDArray[np.int64]) -> NDArray[np.int64]:
        """How far the sequence numbers ran with each of the rows; null frames, which share them, take their own."""
        nulls = np.flatnonzero((frames.kind == _NULL) & (frames.transmitter != 0))
        sender = self._slots.find(frames.transmitter[nulls])
        nulls, sender = nulls[sender >= 0], sender[sender >= 0]
        both = np.concatenate([rows, nulls])
        return self._runs.passed(frames, both, np.concatenate([slot, sender]))[: len(rows)]

    def _repeats(self, frames: Frames, rows: NDArray[np.int64], slot: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the rows repeat a frame that was heard before, in this block or at the end of the last one.

        Sequence numbers run for each receiver and priority apart (IEEE 802.11-2020, 10.3.2.14), so receiver and
        length take part in the comparison.
        """
        key = (
            slot.astype(np.uint64) << np.uint64(44)
            | (frames.addr1[rows] & np.uint64(0xFFFF)) << np.uint64(28)
            | (frames.sequence[rows].astype(np.uint64) & np.uint64(0xFFF)) << np.uint64(16)
            | frames.length[rows].astype(np.uint64) & np.uint64(0xFFFF)
        )
        t_ns = frames.t_ns[rows]
        before_key, before_ns = self._recent
        keys = np.concatenate([before_key, key])
        times = np.concatenate([before_ns, t_ns])
        retry = np.concatenate([np.zeros(len(before_key), dtype=bool), (frames.flags[rows] & RETRY) != 0])
        order = np.lexsort((np.arange(len(keys)), times, keys))
        same = keys[order][1:] == keys[order][:-1]
        near = times[order][1:] - times[order][:-1] <= _RETRY_NS
        again = np.zeros(len(keys), dtype=bool)
        again[order[1:][same & near & retry[order][1:]]] = True
        if len(times):
            late = times >= times.max() - _RETRY_NS
            self._recent = keys[late], times[late]
        out = again[len(before_key) :]
        self.repeated += int(np.count_nonzero(out))
        return out
