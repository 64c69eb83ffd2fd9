"""How regularly something comes: the beacons of networks, the empty frames of stations that sleep in between.

A station tells its network with frames without data that it sleeps or wakes (IEEE 802.11-2020, 11.2.3); small
things in mains sockets often send them at one fixed beat. For each address and sort the gaps between frames are
counted in bins, so memory does not grow with the capture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .beacons import BEACON
from .frames import DATA, Frames
from .headers import gather
from .slots import add_counts, grown
from .stations import Ends

#: Networks and stations followed; later ones have no beat. The most networks in a development capture were 27.
MAX_FOLLOWED = 4096

#: Kinds (type * 16 + subtype) of frames without data, plain and with quality of service (table 9-1).
_EMPTY = (DATA * 16 + 4, DATA * 16 + 12)

#: bool (256,); kinds of frames that have a beat.
_FOLLOWED = np.isin(np.arange(256), (BEACON, *_EMPTY))

#: Bins of gaps: 16 to the octave, 4 % wide, from 1 ms on, 16 octaves (65 s).
_PER_OCTAVE, _OCTAVES, _LEAST_NS = 16, 16, 1_000_000
_BINS = _PER_OCTAVE * _OCTAVES

#: Bytes of MAC header and timestamp before the interval in a beacon (9.3.3.2, 9.4.1.3), and its unit in ns.
_INTERVAL_AT, _UNIT_NS = 24 + 8, 1_024_000

#: Beacons that may be missing between two heard ones before the receiver counts as having been elsewhere.
_LOST_IN_A_ROW = 9

#: Part of the interval by which a beacon may come late or early: it waits for a free channel (11.1.3.2). With this
#: limit at most 0.2 % of the gaps in a development capture fitted no multiple of the interval.
_LATE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The gaps between frames of one sort from one address.

    Parameters
    ----------
    gaps
        How many gaps were looked at, those above 65 s left out.
    median_s
        Their median, within 2 %.
    steady_share
        Share of the gaps within 10 % of the median.
    lost, odd
        Of beacons: those that must have been sent but were not heard between others that were; gaps that are no
        multiple of the interval. 0 for other frames.
    """

    gaps: int
    median_s: float
    steady_share: float
    lost: int = 0
    odd: int = 0


class BeatTally:
    """Adds up blocks of frames; :meth:`beacons` and :meth:`sleepers` give the beats so far.

    Who sent each frame is taken from the numbers that :class:`~roomsweep.detect.wifi.stations.StationTally` gave.
    """

    def __init__(self) -> None:
        self._place = np.zeros((0, 2), dtype=np.int64)
        self._address: list[int] = []
        self._beacon: list[bool] = []
        self._last = np.zeros(0, dtype=np.int64)
        self._bins = np.zeros((0, _BINS), dtype=np.int32)
        self._lost = np.zeros(0, dtype=np.int64)
        self._odd = np.zeros(0, dtype=np.int64)

    def add(self, frames: Frames, ends: Ends) -> None:
        """Add the beacons and empty frames of one block.

        Parameters
        ----------
        frames
            The block.
        ends
            Whose they are.
        """
        rows = np.flatnonzero(_FOLLOWED[frames.kind])
        rows = rows[ends.sender[rows] >= 0]
        if not len(rows):
            return
        slot, beacon = self._number(frames, rows, ends.sender[rows])
        if slot.min() < 0:
            rows, beacon, slot = rows[slot >= 0], beacon[slot >= 0], slot[slot >= 0]
            if not len(rows):
                return
        order = np.argsort(slot.astype(np.uint16), kind="stable")
        rows, beacon, slot = rows[order], beacon[order], slot[order]
        t_ns = frames.t_ns[rows]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = slot[1:] != slot[:-1]
        before = np.empty_like(t_ns)
        before[1:] = t_ns[:-1]
        before[first] = self._last[slot[first]]
        last = np.flatnonzero(np.append(first[1:], True))
        self._last[slot[last]] = t_ns[last]
        gap = t_ns - before
        # A first frame has none before it; a repeated or reordered frame has no gap.
        keep = np.flatnonzero((before != 0) & (gap >= _LEAST_NS))
        gap, slot, rows, beacon = gap[keep], slot[keep], rows[keep], beacon[keep]
        bins = (np.log2(gap / _LEAST_NS) * _PER_OCTAVE).astype(np.int64)
        short = bins < _BINS
        add_counts(self._bins.reshape(-1), slot[short] * _BINS + bins[short], cells=len(self._address) * _BINS)
        self._add_beacons(frames, rows[beacon], gap[beacon], slot[beacon])

    def _number(
        self, frames: Frames, rows: NDArray[np.int64], sender: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Places in the tables, -1 where there is no room left; and which of the frames are beacons."""
        beacon = frames.kind[rows] == BEACON
        self._place = grown(self._place, int(sender.max()) + 1, fill=-1)
        place = self._place.reshape(-1)
        pair = 2 * sender + beacon
        new = np.flatnonzero(place[pair] < 0)
        if len(new):
            pairs, first = np.unique(pair[new], return_index=True)
            room = MAX_FOLLOWED - len(self._address)
            for one, at in zip(pairs[:room].tolist(), rows[new[first[:room]]].tolist(), strict=True):
                place[one] = len(self._address)
                self._address.append(int(frames.transmitter[at]))
                self._beacon.append(bool(one & 1))
            size = len(self._address)
            self._last, self._bins = grown(self._last, size), grown(self._bins, size)
            self._lost, self._odd = grown(self._lost, size), grown(self._odd, size)
        return place[pair], beacon

    def _add_beacons(
        self, frames: Frames, rows: NDArray[np.int64], gap: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> None:
        """Count what is missing between beacons, and what comes off its beat."""
        at = frames.mac_at[rows] + _INTERVAL_AT
        interval = gather(frames.data, at, 2).view("<u2").astype(np.float64) * _UNIT_NS
        known = (interval > 0) & (at + 2 <= frames.mac_end[rows])
        steps = gap[known] / interval[known]
        whole = np.rint(steps)
        near = whole <= _LOST_IN_A_ROW + 1
        fits = near & (np.abs(steps - whole) <= _LATE) & (whole > 0)
        slot = slot[known]
        missed = fits & (whole > 1)
        np.add.at(self._lost, slot[missed], whole[missed].astype(np.int64) - 1)
        np.add.at(self._odd, slot[near & ~fits], 1)

    def beacons(self) -> dict[int, Beat]:
        """Return the beats of beacons by BSSID."""
        return self._beats(beacons=True)

    def sleepers(self) -> dict[int, Beat]:
        """Return the beats of empty frames by station."""
        return self._beats(beacons=False)

    def _beats(self, *, beacons: bool) -> dict[int, Beat]:
        wanted = np.flatnonzero(np.array(self._beacon, dtype=bool) == beacons)
        if not len(wanted):
            return {}
        sums = np.cumsum(self._bins[wanted], axis=1)
        gaps = sums[:, -1]
        median = np.argmax(sums >= ((gaps + 1) // 2)[:, None], axis=1)
        # Two bins to each side reach from -9 % to +13 % of the middle one: the nearest to 10 %.
        at = np.arange(len(wanted))
        below = np.where(median >= 3, sums[at, np.maximum(median - 3, 0)], 0)
        steady = sums[at, np.minimum(median + 2, _BINS - 1)] - below
        median_s = _LEAST_NS * 2.0 ** ((median + 0.5) / _PER_OCTAVE) / 1e9
        return {
            self._address[slot]: Beat(
                gaps=int(gaps[row]),
                median_s=float(median_s[row]),
                steady_share=float(steady[row] / gaps[row]),
                lost=int(self._lost[slot]),
                odd=int(self._odd[slot]),
            )
            for row, slot in enumerate(wanted.tolist())
            if gaps[row]
        }
