"""How much each transmitter sends and receives, second by second, and in what bursts: the matter of stream analysis.

Only lengths, times, addresses and directions are used, which stay readable under WPA2 and WPA3. Frames that a
device merely passes on for others (an access point, a router) are not counted as its own: an access point names
the true source in address 3, and a router leaves a lowered hop count in the packets that it forwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bursts import KEPT_BYTES, BurstStore
from .ethernet import EthernetFrames
from .frames import FROM_DS, PROTECTED, RETRY, TO_DS, Frames
from .slots import grown
from .sorts import BLOCK_ACK_REQUEST, SORT_OF, Sort
from .stations import Ends

#: Seconds with at least this many control frames that tell of sending are kept too.
KEPT_CONTROL = 5

#: Rows of station and second kept: about nine days of one busy station, or four hours of twenty; more are counted.
MAX_ROWS = 1 << 20

#: Frames longer than this count as large, bytes: "the largest packet of a camera's flow exceeds 1000 bytes" (DeWiCam).
LARGE_BYTES = 1_000

#: Bytes by which a data frame is longer than the same packet on Ethernet: MAC header of 24 (26 with QoS) and LLC
#: of 8 against Ethernet's header of 14; CCMP adds a header and an integrity code of 8 each (IEEE 802.11-2020,
#: 9.2.4, 12.5.2). So lengths from the air and from a wire can be compared.
_HEADER_EXTRA, _QOS_EXTRA, _PROTECTION = 24 + 8 - 14, 2, 16

#: Frames of a sender that may lie between a frame and its repetition: a block acknowledgement covers 64
#: (IEEE 802.11-2020, 9.3.1.8).
_RETRY_REACH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What every address sent and received, by the second.

    Parameters
    ----------
    address
        uint64 (stations,).
    station, second
        int64 (n,); row of `address`, and whole seconds since the epoch; sorted by both, each pair once.
    sent_bytes, sent_frames, large_frames
        int64 (n,); own data frames, retries once, as they would be on Ethernet; those longer than :data:`LARGE_BYTES`.
    received_bytes, received_frames
        int64 (n,); data frames addressed to it, by whomever.
    control_up, control_down
        int64 (n,); RTS sent and block acknowledgements received: each tells of data sent; and the reverse.
    packets
        By row of `address`: int64 (packets, 3); time in nanoseconds, bytes, value of the Duration field (0 on
        Ethernet) of its own frames; the latest ones.
    control_bursts
        By row of `address`: int64 (bursts, 3) as `bursts`, of the control frames that tell of sending.
    relayed_bytes
        int64 (stations,); data passed on for others.
    receivers
        int64 (stations,); different addresses that it sent own data to, counted up to 2.
    bursts
        By row of `address`: int64 (bursts, 3); time of beginning in nanoseconds, bytes, frames; the latest ones.
    refused
        Seconds that found no room, and stations whose bursts were let go for that of others.
    """

    address: NDArray[np.uint64]
    station: NDArray[np.int64]
    second: NDArray[np.int64]
    sent_bytes: NDArray[np.int64]
    sent_frames: NDArray[np.int64]
    large_frames: NDArray[np.int64]
    received_bytes: NDArray[np.int64]
    received_frames: NDArray[np.int64]
    control_up: NDArray[np.int64]
    control_down: NDArray[np.int64]
    packets: dict[int, NDArray[np.int64]]
    control_bursts: dict[int, NDArray[np.int64]]
    relayed_bytes: NDArray[np.int64]
    receivers: NDArray[np.int64]
    bursts: dict[int, NDArray[np.int64]]
    refused: int


#: Columns of the rows being collected.
_STATION, _SECOND, _SENT_B, _SENT_N, _LARGE, _RECV_B, _RECV_N, _UP, _DOWN = range(9)

#: Rows collected before they are put together.
_PENDING_ROWS = 1 << 17

_SECOND_NS = 1_000_000_000


class TrafficTally:
    """Adds up blocks of frames; :meth:`traffic` gives the sums.

    Stations are numbered by :class:`~roomsweep.detect.wifi.stations.StationTally`, whose :class:`Ends` come
    with every block.
    """

    def __init__(self) -> None:
        self._rows = np.zeros((0, 9), dtype=np.int64)
        self._pending: list[NDArray[np.int64]] = []
        self._pending_rows = 0
        self._relayed = np.zeros(0, dtype=np.int64)
        self._receiver = np.zeros(0, dtype=np.int64)
        self._receivers = np.zeros(0, dtype=np.int64)
        self._bursts, self._control = BurstStore(packets=True), BurstStore(packets=False)
        self._refused = 0

    def add(self, frames: Frames, ends: Ends) -> None:
        """Add the 802.11 frames of one block."""
        sort = SORT_OF[frames.kind]
        direction = frames.flags & (TO_DS | FROM_DS)
        rows = np.flatnonzero((sort == Sort.DATA) & (direction != (TO_DS | FROM_DS)) & (ends.sender >= 0))
        if len(rows):
            own = (direction[rows] != FROM_DS) | (frames.addr3[rows] == frames.transmitter[rows])
            self._add(
                sender=ends.sender[rows],
                receiver=ends.receiver[rows],
                length=_on_ethernet(frames.length[rows], frames.kind[rows], frames.flags[rows]),
                duration=frames.duration[rows],
                t_ns=frames.t_ns[rows],
                own=own,
                sequence=frames.sequence[rows],
                retry=(frames.flags[rows] & RETRY) != 0,
            )
        self._add_control(frames, ends, sort)

    def add_ethernet(self, frames: EthernetFrames, ends: Ends) -> None:
        """Add the Ethernet frames of one block."""
        rows = np.flatnonzero(ends.sender >= 0)
        if len(rows):
            self._add(
                sender=ends.sender[rows],
                receiver=ends.receiver[rows],
                length=frames.length[rows],
                duration=np.zeros(len(rows), dtype=np.uint16),
                t_ns=frames.t_ns[rows],
                own=~frames.relayed[rows],
                sequence=None,
                retry=None,
            )

    def _add(
        self,
        *,
        sender: NDArray[np.int64],
        receiver: NDArray[np.int64],
        length: NDArray[np.int64],
        duration: NDArray[np.uint16],
        t_ns: NDArray[np.int64],
        own: NDArray[np.bool_],
        sequence: NDArray[np.uint16] | None,
        retry: NDArray[np.bool_] | None,
    ) -> None:
        size = max(int(sender.max()), int(receiver.max())) + 1
        self._grow(size)
        second = t_ns // _SECOND_NS
        heard = np.flatnonzero(receiver >= 0)
        self._collect(receiver[heard], second[heard], {_RECV_B: length[heard], _RECV_N: 1})
        if not own.all():
            others = np.flatnonzero(~own)
            np.add.at(self._relayed, sender[others], length[others])
            mine = np.flatnonzero(own)
            sender, receiver, length, t_ns, second = (
                column[mine] for column in (sender, receiver, length, t_ns, second)
            )
            duration = duration[mine]
            sequence = None if sequence is None else sequence[mine]
            retry = None if retry is None else retry[mine]
        if not len(sender):
            return
        order = _grouped(sender, second)
        sender, receiver, length, t_ns, second = (column[order] for column in (sender, receiver, length, t_ns, second))
        duration = duration[order]
        if retry is not None and sequence is not None and retry.any():
            sequence, retry = sequence[order], retry[order]
            once = np.flatnonzero(~_repeats(sender, sequence, retry))
            sender, receiver, length, t_ns, second = (
                column[once] for column in (sender, receiver, length, t_ns, second)
            )
            duration = duration[once]
        self._count_receivers(sender, receiver)
        self._collect(sender, second, {_SENT_B: length, _SENT_N: 1, _LARGE: length > LARGE_BYTES}, grouped=True)
        self._bursts.add(sender, np.stack([t_ns, length, duration], axis=1))

    def _add_control(self, frames: Frames, ends: Ends, sort: NDArray[np.int64]) -> None:
        """Count frames by which sending shows although the data themselves were not caught (IEEE 802.11, 9.3.1)."""
        rows = np.flatnonzero((sort == Sort.RTS) | (sort == Sort.BLOCK_ACK))
        if not len(rows):
            return
        second = frames.t_ns[rows] // _SECOND_NS
        sender, receiver = ends.sender[rows], ends.receiver[rows]
        # Who asks for the air, or asks for an acknowledgement, has data; who acknowledges has received some.
        asks = (sort[rows] == Sort.RTS) | (frames.kind[rows] == BLOCK_ACK_REQUEST)
        up = np.where(asks, sender, receiver)
        down = np.where(asks, receiver, sender)
        known = np.flatnonzero(down >= 0)
        self._collect(down[known], second[known], {_DOWN: 1})
        known = np.flatnonzero(up >= 0)
        if not len(known):
            return
        known = known[_grouped(up[known], second[known])]
        self._collect(up[known], second[known], {_UP: 1}, grouped=True)
        size = np.full(len(known), int(KEPT_BYTES / KEPT_CONTROL))
        self._control.add(up[known], np.stack([frames.t_ns[rows[known]], size, size], axis=1))

    def _collect(
        self,
        station: NDArray[np.int64],
        second: NDArray[np.int64],
        values: dict[int, NDArray[np.int64] | NDArray[np.bool_] | int],
        *,
        grouped: bool = False,
    ) -> None:
        """Add values up by station and second, and keep the sums; `grouped`: rows are already in that order."""
        if not len(station):
            return
        if not grouped:
            order = _grouped(station, second)
            station, second = station[order], second[order]
            values = {column: value if isinstance(value, int) else value[order] for column, value in values.items()}
        new = np.ones(len(station), dtype=bool)
        new[1:] = (station[1:] != station[:-1]) | (second[1:] != second[:-1])
        starts = np.flatnonzero(new)
        out = np.zeros((len(starts), 9), dtype=np.int64)
        out[:, _STATION], out[:, _SECOND] = station[starts], second[starts]
        counts = np.diff(np.append(starts, len(station)))
        for column, value in values.items():
            if isinstance(value, int):
                out[:, column] = counts * value
            else:
                out[:, column] = np.add.reduceat(value.astype(np.int64, copy=False), starts)
        self._pending.append(out)
        self._pending_rows += len(out)
        if self._pending_rows > _PENDING_ROWS:
            self._settle(until=int(second.max()))

    def _settle(self, *, until: int | None) -> None:
        """Put the collected rows together; drop quiet seconds, but not those from `until` on, which may go on."""
        rows = np.concatenate([self._rows, *self._pending])
        self._pending, self._pending_rows = [], 0
        if not len(rows):
            return
        order = np.lexsort((rows[:, _SECOND], rows[:, _STATION]))
        rows = rows[order]
        new = np.ones(len(rows), dtype=bool)
        new[1:] = (rows[1:, :2] != rows[:-1, :2]).any(axis=1)
        starts = np.flatnonzero(new)
        total = np.add.reduceat(rows, starts, axis=0)
        total[:, :2] = rows[starts, :2]
        keep = (total[:, _SENT_B] >= KEPT_BYTES) | (total[:, _UP] >= KEPT_CONTROL)
        if until is not None:
            keep |= total[:, _SECOND] >= until
        total = total[keep]
        if len(total) > MAX_ROWS:
            self._refused += len(total) - MAX_ROWS
            # The busiest seconds are those that can be streams.
            total = total[np.sort(np.argsort(-total[:, _SENT_B], kind="stable")[:MAX_ROWS])]
        self._rows = total

    def _count_receivers(self, sender: NDArray[np.int64], receiver: NDArray[np.int64]) -> None:
        """Note whether a sender has one receiver or several."""
        first = self._receiver[sender]
        fresh = np.flatnonzero((first < 0) & (receiver >= 0))
        if len(fresh):
            self._receiver[sender[fresh]] = receiver[fresh]
            self._receivers[sender[fresh]] = 1
            first = self._receiver[sender]
        self._receivers[sender[(receiver >= 0) & (receiver != first)]] = 2

    def _grow(self, size: int) -> None:
        self._relayed = grown(self._relayed, size)
        self._receiver = grown(self._receiver, size, fill=-1)
        self._receivers = grown(self._receivers, size)

    def traffic(self, address: NDArray[np.uint64]) -> Traffic:
        """Return the sums so far; `address` names the stations by number."""
        self._settle(until=None)
        size = len(address)
        self._grow(size)
        rows = self._rows
        return Traffic(
            address=address,
            station=rows[:, _STATION],
            second=rows[:, _SECOND],
            sent_bytes=rows[:, _SENT_B],
            sent_frames=rows[:, _SENT_N],
            large_frames=rows[:, _LARGE],
            received_bytes=rows[:, _RECV_B],
            received_frames=rows[:, _RECV_N],
            control_up=rows[:, _UP],
            control_down=rows[:, _DOWN],
            relayed_bytes=self._relayed[:size],
            receivers=self._receivers[:size],
            bursts=self._bursts.bursts(),
            packets=self._bursts.packets(),
            control_bursts=self._control.bursts(),
            refused=self._refused + self._bursts.refused + self._control.refused,
        )


def _repeats(sender: NDArray[np.int64], sequence: NDArray[np.uint16], retry: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which frames, in order of sender and time, repeat one of the sender's frames shortly before."""
    out = np.zeros(len(sender), dtype=bool)
    rows = np.flatnonzero(retry)
    for back in range(1, _RETRY_REACH + 1):
        rows = rows[rows >= back]
        same = (sequence[rows - back] == sequence[rows]) & (sender[rows - back] == sender[rows])
        out[rows[same]] = True
        rows = rows[~same]
    return out


def _on_ethernet(length: NDArray[np.int64], kind: NDArray[np.uint8], flags: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Lengths of data frames as the same packets have them on Ethernet, without check sum."""
    extra = _HEADER_EXTRA + np.where(kind & 8, _QOS_EXTRA, 0) + np.where(flags & PROTECTED, _PROTECTION, 0)
    shorter: NDArray[np.int64] = np.maximum(length - extra, 14)
    return shorter


def _grouped(station: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order of rows by station, then second; rows of one pair keep their order."""
    first, last = int(second.min()), int(second.max())
    span = last - first + 1
    if span * (int(station.max()) + 1) <= 1 << 16:
        # Small keys are sorted by counting, which takes a fifth of the time.
        return np.argsort((station * span + (second - first)).astype(np.uint16), kind="stable")
    return np.lexsort((second, station))
