"""The bursts in which stations send, and the packets in them: the latest of each, in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: A gap longer than this ends a burst, nanoseconds: the frames of one picture leave together, and the pictures
#: of a 25 Hz camera only show as a clock after such gaps are taken as the borders (work log on two cameras).
BURST_GAP_NS = 8_000_000

#: Own bytes in a second (or in a block of frames) below which a station is quiet and nothing is kept of it: a tenth of
#: the slowest stream that is judged (:data:`~roomsweep.detect.wifi.streams.RATE_MIN`).
KEPT_BYTES = 1_000

#: Bursts kept for a station, the latest ones: 160 s of 25 pictures a second.
MAX_BURSTS = 4096

#: Stations whose bursts are kept; more than ever stream in one place.
MAX_BURSTING = 512

#: Frames kept of a station for the packet view, the latest ones: ten of DeWiCam's windows.
MAX_PACKETS = 3000

#: Parts of a station's bursts and packets collected before the oldest are let go.
_PARTS = 64

_Parts = dict[int, list[NDArray[np.int64]]]


class BurstStore:
    """Keeps the latest bursts of each station, and if asked the packets.

    Parameters
    ----------
    packets
        Whether packets are kept besides.
    """

    def __init__(self, *, packets: bool) -> None:
        #: Stations whose bursts were let go for those of others.
        self.refused = 0
        self._bursts: _Parts = {}
        self._packets: _Parts | None = {} if packets else None

    def add(self, sender: NDArray[np.int64], packets: NDArray[np.int64]) -> None:
        """Cut packets into bursts and keep both of busy senders.

        Parameters
        ----------
        sender
            int64 (n,); numbers of stations, in order.
        packets
            int64 (n, 3); time in nanoseconds, bytes, value of the Duration field; those of a sender in order of time.
        """
        t_ns = packets[:, 0]
        other = np.append(True, sender[1:] != sender[:-1])
        new = other.copy()
        new[1:] |= t_ns[1:] - t_ns[:-1] > BURST_GAP_NS
        starts = np.flatnonzero(new)
        bursts = np.empty((len(starts), 3), dtype=np.int64)
        bursts[:, 0] = t_ns[starts]
        bursts[:, 1] = np.add.reduceat(packets[:, 1], starts)
        bursts[:, 2] = np.diff(np.append(starts, len(sender)))
        first_packet = np.flatnonzero(other)
        first_burst = np.searchsorted(starts, first_packet)
        sent = np.add.reduceat(bursts[:, 1], first_burst)
        packet_ends = np.append(first_packet[1:], len(sender)).tolist()
        burst_ends = np.append(first_burst[1:], len(starts)).tolist()
        for place in np.flatnonzero(sent >= KEPT_BYTES).tolist():
            at = int(first_packet[place])
            station = int(sender[at])
            if station not in self._bursts and len(self._bursts) >= MAX_BURSTING:
                self._thin()
            _keep(self._bursts, station, bursts[int(first_burst[place]) : burst_ends[place]], MAX_BURSTS)
            if self._packets is not None:
                _keep(self._packets, station, packets[at : packet_ends[place]], MAX_PACKETS)

    def bursts(self) -> dict[int, NDArray[np.int64]]:
        """Return by station int64 (bursts, 3), in order of time: beginning in nanoseconds, bytes, frames."""
        return _joined(self._bursts, MAX_BURSTS)

    def packets(self) -> dict[int, NDArray[np.int64]]:
        """Return by station int64 (packets, 3) as they were added, in order of time."""
        return _joined(self._packets or {}, MAX_PACKETS)

    def _thin(self) -> None:
        """Let the half of the stations go of which fewest packets (else bursts) are kept.

        So that many that sent a little, or an address made up for each frame, do not keep out one that streams.
        """
        kept = self._bursts if self._packets is None else self._packets
        quiet = sorted(kept, key=lambda station: sum(map(len, kept[station])))[: max(1, len(kept) // 2)]
        for station in quiet:
            del self._bursts[station]
            if self._packets is not None:
                del self._packets[station]
        self.refused += len(quiet)


def _keep(parts: _Parts, station: int, more: NDArray[np.int64], limit: int) -> None:
    """Append a copy of the last rows of `more`; let the oldest parts go from time to time."""
    some = parts.setdefault(station, [])
    some.append(more[-limit:].copy())
    if len(some) >= _PARTS:
        some[:] = [np.concatenate(some)[-limit:]]


def _joined(parts: _Parts, limit: int) -> dict[int, NDArray[np.int64]]:
    out = {}
    for station, some in parts.items():
        rows = np.concatenate(some)[-limit:]
        # Clocks are set, and captures of several radios are put together: times may fall.
        out[station] = rows[np.argsort(rows[:, 0], kind="stable")]
    return out
