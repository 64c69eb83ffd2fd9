"""Numbers keys that keep coming back (addresses, pairs of addresses), a whole column at a time."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Number = TypeVar("_Number", bound=np.integer[Any])


#: Appearances in one column of a key that is still let in when the table is half full.
_AGAIN = 3


class Slots:
    """A growing table from 64-bit keys to 0, 1, 2, ... in order of appearance.

    Parameters
    ----------
    limit
        Keys beyond this many are refused and counted in :attr:`refused`: made-up addresses by the million
        must not fill the memory. Once it is half full, only keys that come several times at once are let in, so that
        made-up ones do not keep out those that are really there.
    """

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        #: Appearances of keys that found no room.
        self.refused = 0
        self._sorted = np.zeros(0, dtype=np.uint64)
        self._slot = np.zeros(0, dtype=np.int64)
        self._keys = np.zeros(0, dtype=np.uint64)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> NDArray[np.uint64]:
        """uint64 (size,); the key of each slot."""
        return self._keys

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the slot of each key, -1 for keys not in the table."""
        if not len(self._sorted):
            return np.full(len(keys), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self._sorted) - 1)
        return np.where(self._sorted[at] == keys, self._slot[at], -1)

    def number(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the slot of each key, adding new ones; -1 where there is no room left."""
        slots = self.find(keys)
        missing = slots < 0
        if not missing.any():
            return slots
        lost = keys[missing]
        new, first, times = np.unique(lost, return_index=True, return_counts=True)
        order = np.argsort(first, kind="stable")
        new, times = new[order], times[order]
        # Made-up keys come once each: the second half of the room is for those that come again and again.
        let_in = (np.arange(len(new)) < self.limit // 2 - len(self)) | (times >= _AGAIN)
        new = new[let_in][: max(0, self.limit - len(self))]
        if len(new):
            self._keys = np.concatenate([self._keys, new])
            order = np.argsort(self._keys, kind="stable")
            self._sorted, self._slot = self._keys[order], order.astype(np.int64)
            slots[missing] = self.find(lost)
        self.refused += int(np.count_nonzero(slots < 0))
        return slots


def add_counts(table: NDArray[_Number], cells_hit: NDArray[np.int64], *, cells: int) -> None:
    """Add one to `table` for every cell hit; only its first `cells` are in use.

    Counting all at once is quicker than one by one, unless the table is much larger than the hits are many.
    """
    if cells > 8 * len(cells_hit):
        np.add.at(table, cells_hit, 1)
    else:
        table[:cells] += np.bincount(cells_hit, minlength=cells).astype(table.dtype)


def grown(column: NDArray[_Number], rows: int, *, fill: int = 0) -> NDArray[_Number]:
    """Return `column` with at least `rows` rows, doubling so that growth stays cheap; new ones hold `fill`."""
    if len(column) >= rows:
        return column
    room = np.full((max(rows, 2 * len(column), 64), *column.shape[1:]), fill, dtype=column.dtype)
    room[: len(column)] = column
    return room
