"""Signal over time: for every address the mean level of each second, in memory of bounded size.

A list of seconds tells whether a thing was there all the time, came with somebody, or grew stronger while the person
walked about. When a capture is so long or so crowded that the list passes its bound, seconds are put together two by
two, then four by four: it gets coarser, never cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .heard import NO_RSSI

#: Entries kept, each the level of one address in one step of time: 12 MB. 2,000 devices for four minutes; a crowded
#: place at a step of 8 s for half an hour.
MOST_ENTRIES = 500_000

#: Entries taken in before they are put together with the others: large enough to be worth numpy's fixed costs.
_PENDING = 200_000

_NS = 1_000_000_000

#: Bits of a key that hold the step, those above the device: int64 nanoseconds reach to second 2**33.1.
_STEP_BITS = 34


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Series:
    """The signal of one device.

    Parameters
    ----------
    t_s
        float64 (n,); begin of each step, seconds since 1970, rising.
    step_s
        Length of a step.
    rssi_dbm
        float64 (n,); mean of the levels heard in it.
    count
        int64 (n,); how many there were.
    """

    t_s: NDArray[np.float64]
    step_s: int
    rssi_dbm: NDArray[np.float64]
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.t_s)

    @property
    def strongest(self) -> tuple[float, float] | None:
        """Time and level of the strongest step, None if there is none."""
        if not len(self):
            return None
        at = int(np.argmax(self.rssi_dbm))
        return float(self.t_s[at]), float(self.rssi_dbm[at])

    def coarser(self, *, most: int) -> Series:
        """Return the same with steps put together until there are at most `most`."""
        series = self
        while len(series) > most:
            step_s = series.step_s * 2
            sums = np.rint(series.rssi_dbm * series.count).astype(np.int64)
            step, sums, count = _summed((series.t_s // step_s).astype(np.int64), sums, series.count)
            series = Series(t_s=(step * step_s).astype(np.float64), step_s=step_s, rssi_dbm=sums / count, count=count)
        return series


#: No signal at all.
NO_SERIES = Series(t_s=np.zeros(0), step_s=1, rssi_dbm=np.zeros(0), count=np.zeros(0, dtype=np.int64))


class SignalTable:
    """Collects levels of many devices, each under a number from 0 up.

    Parameters
    ----------
    most
        Entries kept.
    """

    def __init__(self, *, most: int = MOST_ENTRIES) -> None:
        self._most = most
        self._step_s = 1
        #: Device and step in one number, rising; the sum of levels and their count.
        self._keys: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._sums: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._counts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._pending: list[tuple[NDArray[np.int64], NDArray[np.int16]]] = []
        self._waiting = 0

    def add(self, device: NDArray[np.int64], t_ns: NDArray[np.int64], rssi_dbm: NDArray[np.int16]) -> None:
        """Take in levels: int64, int64, int16 (n,) each, in any order; :data:`NO_RSSI` is passed over."""
        known = rssi_dbm != NO_RSSI
        if not known.all():
            device, t_ns, rssi_dbm = device[known], t_ns[known], rssi_dbm[known]
        if len(device):
            step = np.maximum(t_ns, 0) // (_NS * self._step_s)
            self._pending.append(((device << _STEP_BITS) + step, rssi_dbm))
            self._waiting += len(device)
        if self._waiting >= _PENDING:
            self._settle()

    def of(self, devices: Sequence[int]) -> Series:
        """Return the signal of a device that went by these numbers."""
        self._settle()
        if not devices:
            return NO_SERIES
        low = np.searchsorted(self._keys, [number << _STEP_BITS for number in devices]).tolist()
        high = np.searchsorted(self._keys, [(number + 1) << _STEP_BITS for number in devices]).tolist()
        rows = np.concatenate([np.arange(*ends, dtype=np.int64) for ends in zip(low, high, strict=True)])
        step = self._keys[rows] & ((1 << _STEP_BITS) - 1)
        step, sums, counts = _summed(step, self._sums[rows], self._counts[rows])
        return Series(
            t_s=(step * self._step_s).astype(np.float64),
            step_s=self._step_s,
            rssi_dbm=(sums / np.maximum(counts, 1)).astype(np.float64),
            count=counts,
        )

    def _settle(self) -> None:
        """Put what is waiting together with the rest, and make it coarser while there is too much."""
        if not self._pending:
            return
        keys, levels = (np.concatenate(column) for column in zip(*self._pending, strict=True))
        self._pending, self._waiting = [], 0
        new = _summed(keys, levels.astype(np.int64), np.ones(len(keys), dtype=np.int64))
        old = (self._keys, self._sums, self._counts)
        self._keep(*(np.concatenate(pair) for pair in zip(old, new, strict=True)))
        while len(self._keys) > self._most and self._step_s < 2**30:
            self._step_s *= 2
            device = self._keys >> _STEP_BITS << _STEP_BITS
            self._keep(device + (self._keys - device) // 2, self._sums, self._counts)

    def _keep(self, keys: NDArray[np.int64], sums: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self._keys, self._sums, self._counts = _summed(keys, sums, counts)


def _summed(
    keys: NDArray[np.int64], sums: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows of equal key added up, in the order of the keys."""
    if not len(keys):
        return keys, sums, counts
    order = np.argsort(keys)
    keys = keys[order]
    begin = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[begin], np.add.reduceat(sums[order], begin), np.add.reduceat(counts[order], begin)
