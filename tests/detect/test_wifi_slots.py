"""Numbers for keys, and what a flood of made-up keys does to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roomsweep.detect.wifi.slots import Slots, add_counts


def keys(*values: int) -> NDArray[np.uint64]:
    return np.array(values, dtype=np.uint64)


def test_keys_are_numbered_in_order_of_appearance() -> None:
    slots = Slots(limit=100)
    assert slots.number(keys(7, 5, 7, 9)).tolist() == [0, 1, 0, 2]
    assert slots.number(keys(9, 4)).tolist() == [2, 3]
    assert slots.keys.tolist() == [7, 5, 9, 4]
    assert slots.find(keys(5, 6)).tolist() == [1, -1]


def test_made_up_keys_do_not_keep_out_one_that_is_really_there() -> None:
    slots = Slots(limit=64)
    for block in range(100):
        slots.number(np.arange(1000 * block, 1000 * block + 50, dtype=np.uint64) + np.uint64(10**6))
    late = slots.number(keys(*[5] * 10, 77))
    assert (late[:10] >= 0).all()
    assert late[10] == -1
    assert len(slots) <= 64
    assert slots.refused > 4000


def test_never_more_than_the_limit() -> None:
    slots = Slots(limit=8)
    many = np.repeat(np.arange(1, 40, dtype=np.uint64), 5)
    numbers = slots.number(many)
    assert len(slots) == 8
    assert slots.refused == np.count_nonzero(numbers < 0) == 5 * 31
    assert slots.number(np.arange(1, 9, dtype=np.uint64)).tolist() == list(range(8))


def test_counts_of_a_large_and_a_small_table_are_the_same() -> None:
    hit = np.array([3, 3, 1])
    small, large = np.zeros(10, dtype=np.int32), np.zeros(1000, dtype=np.int32)
    add_counts(small, hit, cells=10)
    add_counts(large, hit, cells=1000)
    assert small.tolist() == large[:10].tolist() == [0, 1, 0, 2, 0, 0, 0, 0, 0, 0]
