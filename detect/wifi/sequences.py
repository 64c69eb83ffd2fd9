"""What the receiver lost: the sequence numbers of a sender run on over frames that were not heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .frames import FROM_DS, TO_DS, Frames
from .slots import Slots, grown

#: Silence of a device after which its sequence numbers are not followed on: a receiver that was elsewhere cannot say
#: in which bin the frames between were sent. As long as the smoothing of :mod:`.fits` takes.
_LOST_TRACK_NS = 1_000_000_000

#: Sequence numbers run to this (IEEE 802.11-2020, 9.2.4.4.2).
_SEQUENCES = 4096

#: Series of sequence numbers followed: for each transmitter one for each receiver and priority, four to an address
#: that :mod:`.rates` follows.
_MAX_RUNS = 4 * 65_536

#: Bit of a data subtype that says that a QoS control field follows the three addresses, which ends after 26 bytes
#: (IEEE 802.11-2020, 9.2.4.1.3 and 9.3.2.1).
_QOS, _WITH_QOS = 0x08, 26

#: In place of a priority for data without QoS, whose numbers run on over all receivers (10.3.2.14.2).
_WITHOUT_QOS = 31


class SequenceRuns:
    """Follows the sequence numbers of every transmitter, for each receiver and priority apart."""

    def __init__(self) -> None:
        self._slots = Slots(limit=_MAX_RUNS)
        self._last_ns = np.zeros(0, dtype=np.int64)
        self._highest = np.zeros(0, dtype=np.int64)

    def passed(self, frames: Frames, rows: NDArray[np.int64], sender: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each row how far the numbers ran since the last row of the same run: 1 where none was lost.

        A number that comes late, in the place of one that had to be repeated, gives 0, as it was counted before.
        After a silence, or where there is no room to follow, it is 1.
        """
        out = np.ones(len(rows), dtype=np.int64)
        if not len(rows):
            return out
        priority = _priority(frames, rows)
        receiver = np.where(priority == _WITHOUT_QOS, np.uint64(0), frames.addr1[rows] & np.uint64(0x3F_FFFF_FFFF))
        key = sender.astype(np.uint64) << np.uint64(44) | receiver << np.uint64(5) | priority
        run = self._slots.number(key)
        size = len(self._slots)
        self._last_ns = grown(self._last_ns, size, fill=-(1 << 62))
        self._highest = grown(self._highest, size)
        followed = np.flatnonzero(run >= 0)
        order = followed[np.lexsort((frames.t_ns[rows[followed]], run[followed]))]
        run, t_ns = run[order], frames.t_ns[rows[order]]
        number = frames.sequence[rows[order]].astype(np.int64) % _SEQUENCES
        first = np.concatenate([[True], run[1:] != run[:-1]])
        before_ns = np.where(first, self._last_ns[run], np.concatenate([[0], t_ns[:-1]]))
        fresh = t_ns - before_ns > _LOST_TRACK_NS
        # Steps between numbers, the short way round; a piece begins with a run or after a silence.
        before = np.where(first, self._highest[run], np.concatenate([[0], number[:-1]]))
        step = (number - before + _SEQUENCES // 2) % _SEQUENCES - _SEQUENCES // 2
        piece = np.cumsum(first | fresh) - 1
        start = np.flatnonzero(first | fresh)
        at = np.cumsum(np.where(first | fresh, 0, step))
        at -= at[start][piece]
        # The highest number of a piece so far; a piece that goes on from the last block begins at its step from there.
        at += np.where(fresh[start], 0, step[start])[piece]
        floor = np.where(fresh[start], -1, 0)[piece]
        reach = 1 << 40
        high = np.maximum.accumulate(np.maximum(at, floor) + piece * reach) - piece * reach
        previous = np.where(first | fresh, floor, np.concatenate([[0], high[:-1]]))
        out[order] = high - previous
        last = np.concatenate([run[1:] != run[:-1], [True]])
        self._last_ns[run[last]] = t_ns[last]
        self._highest[run[last]] = (number[last] + high[last] - at[last]) % _SEQUENCES
        return out


def _priority(frames: Frames, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The traffic identifier of QoS data frames, 0 where it is not told, as in relayed ones of four addresses."""
    at = frames.mac_at[rows] + _WITH_QOS - 2
    told = (frames.kind[rows] & _QOS) != 0
    told &= (frames.flags[rows] & (TO_DS | FROM_DS)) != (TO_DS | FROM_DS)
    told &= at < frames.mac_end[rows]
    out = np.where(frames.kind[rows] & _QOS, np.uint64(0), np.uint64(_WITHOUT_QOS))
    out[told] = frames.data[at[told]] & 0x0F
    return out
