"""Who transmits: counts, bytes, times and signal for every address, added up over the blocks of a capture.

An address counts as present only by frames it radiated itself: data, management that nobody gains by forging,
probe requests, or control frames. Deauthentication and disassociation are left out of that, because the tools
that send them write other people's addresses into them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .frames import FROM_DS, GROUP, TO_DS, Frames
from .headers import MAX_SIGNAL_DBM, NO_SIGNAL
from .slots import Slots, add_counts, grown
from .sorts import PROOFS, SORT_OF, Sort

#: Addresses followed in one capture. The most in a development capture were 2,309 (probes heard in a laboratory);
#: a flood of made-up addresses is cut here and reported.
MAX_ADDRESSES = 65_536

#: Pairs of transmitter and receiver followed in one capture.
MAX_LINKS = 4 * MAX_ADDRESSES

#: Times before any: nanoseconds.
_NEVER_NS = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Stations:
    """One row per address seen, as transmitter or as receiver of unicast data.

    Parameters
    ----------
    address
        uint64 (n,).
    counts
        int64 (n, sorts); frames radiated, by :class:`Sort`.
    bytes_up, bytes_down
        int64 (n,); bytes of data frames from and to the address.
    first_ns, last_ns
        int64 (n,); first and last frame radiated.
    max_dbm, median_dbm
        int64 (n,); signal of its frames, :data:`NO_SIGNAL` where never told.
    is_network
        bool (n,); beacons, or stands in the place of the BSSID in data frames.
    network
        int64 (n,); row of the network that the station exchanged most frames with, -1 for none.
    present
        bool (n,); proved to have transmitted.
    refused
        Frames of addresses that found no room in the table.
    """

    address: NDArray[np.uint64]
    counts: NDArray[np.int64]
    bytes_up: NDArray[np.int64]
    bytes_down: NDArray[np.int64]
    first_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    max_dbm: NDArray[np.int64]
    median_dbm: NDArray[np.int64]
    is_network: NDArray[np.bool_]
    network: NDArray[np.int64]
    present: NDArray[np.bool_]
    refused: int

    def __len__(self) -> int:
        return len(self.address)

    @property
    def random(self) -> NDArray[np.bool_]:
        """bool (n,); the address was made up locally."""
        return (self.address >> np.uint64(41) & np.uint64(1)).astype(bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Who sent and who shall receive each frame of a block: numbers of stations, -1 where nobody in particular.

    Parameters
    ----------
    sender, receiver
        int64 (n,); the receiver is told for unicast data and control frames only.
    """

    sender: NDArray[np.int64]
    receiver: NDArray[np.int64]


class StationTally:
    """Adds up blocks of frames; :meth:`stations` gives the sums."""

    def __init__(self) -> None:
        self._slots = Slots(limit=MAX_ADDRESSES)
        self._links = Slots(limit=MAX_LINKS)
        self._counts = np.zeros((0, len(Sort)), dtype=np.int64)
        self._signal = np.zeros((0, MAX_SIGNAL_DBM - NO_SIGNAL + 1), dtype=np.int32)
        self._first = np.zeros(0, dtype=np.int64)
        self._last = np.zeros(0, dtype=np.int64)
        self._network = np.zeros(0, dtype=np.int64)
        self._link_frames = np.zeros(0, dtype=np.int64)
        self._link_bytes = np.zeros(0, dtype=np.int64)

    @property
    def address(self) -> NDArray[np.uint64]:
        """uint64 (n,); the address of each number in :class:`Ends`."""
        return self._slots.keys

    def add(self, frames: Frames) -> Ends:
        """Add the 802.11 frames of one block; return who they are between."""
        sort = SORT_OF[frames.kind]
        direction = frames.flags & (TO_DS | FROM_DS)
        data = sort >= Sort.DATA
        return self._add(
            transmitter=frames.transmitter,
            receiver=frames.addr1,
            sort=sort,
            length=np.where(sort == Sort.DATA, frames.length, 0),
            linked=~np.isin(sort, (Sort.PROBE_REQUEST, Sort.PROBE_RESPONSE, Sort.LEAVING, Sort.BEACON)),
            signal_dbm=frames.signal_dbm,
            t_ns=frames.t_ns,
            from_network=(data & (direction == FROM_DS)) | np.isin(sort, (Sort.BEACON, Sort.PROBE_RESPONSE)),
            to_network=data & (direction == TO_DS),
        )

    def add_ethernet(
        self,
        *,
        source: NDArray[np.uint64],
        destination: NDArray[np.uint64],
        length: NDArray[np.int64],
        t_ns: NDArray[np.int64],
    ) -> Ends:
        """Add Ethernet frames of one block, each as data from its source address; return who they are between."""
        no = np.zeros(len(source), dtype=bool)
        return self._add(
            transmitter=np.where(source & GROUP, np.uint64(0), source),
            receiver=destination,
            sort=np.full(len(source), Sort.DATA, dtype=np.int64),
            length=length,
            linked=~no,
            signal_dbm=np.full(len(source), NO_SIGNAL, dtype=np.int8),
            t_ns=t_ns,
            from_network=no,
            to_network=no,
        )

    def _add(
        self,
        *,
        transmitter: NDArray[np.uint64],
        receiver: NDArray[np.uint64],
        sort: NDArray[np.int64],
        length: NDArray[np.int64],
        linked: NDArray[np.bool_],
        signal_dbm: NDArray[np.int8],
        t_ns: NDArray[np.int64],
        from_network: NDArray[np.bool_],
        to_network: NDArray[np.bool_],
    ) -> Ends:
        ends = Ends(
            sender=np.full(len(transmitter), -1, dtype=np.int64), receiver=np.full(len(transmitter), -1, dtype=np.int64)
        )
        rows = np.flatnonzero(transmitter)
        slot = self._slots.number(transmitter[rows])
        if len(slot) and slot.min() < 0:
            rows, slot = rows[slot >= 0], slot[slot >= 0]
        if not len(rows):
            return ends
        ends.sender[rows] = slot
        unicast = np.flatnonzero(linked[rows] & ((receiver[rows] & GROUP) == 0) & (receiver[rows] != 0))
        peer = self._slots.number(receiver[rows[unicast]])
        unicast, peer = unicast[peer >= 0], peer[peer >= 0]
        ends.receiver[rows[unicast]] = peer
        self._grow()
        size, sorts, levels = len(self._slots), len(Sort), self._signal.shape[1]
        self._counts[:size] += _bins(slot * sorts + sort[rows], size * sorts).reshape(size, sorts)
        level = signal_dbm[rows].astype(np.int64) - NO_SIGNAL
        add_counts(self._signal.reshape(-1), slot * levels + level, cells=size * levels)
        times = t_ns[rows]
        self._see(slot, times, size)
        self._network[slot[from_network[rows]]] = 1
        self._network[peer[to_network[rows[unicast]]]] = 1
        self._add_links(slot[unicast], peer, length[rows[unicast]])
        return ends

    def _add_links(self, slot: NDArray[np.int64], peer: NDArray[np.int64], length: NDArray[np.int64]) -> None:
        """Add frames and bytes from one station to another."""
        size = len(self._slots)
        pair = slot * size + peer
        if size * size <= 4 * len(pair):
            # Few stations: counting into a square table is quicker than looking every pair up.
            frames = np.bincount(pair, minlength=size * size)
            carried = np.bincount(pair, weights=length.astype(np.float64), minlength=size * size)
            pair = np.flatnonzero(frames)
            frames, carried = frames[pair], carried[pair].astype(np.int64)
        else:
            frames, carried = np.ones(len(pair), dtype=np.int64), length
        link = self._links.number((pair // size << 32 | pair % size).astype(np.uint64))
        known = np.flatnonzero(link >= 0)
        link, frames, carried = link[known], frames[known], carried[known]
        links = len(self._links)
        self._link_frames = grown(self._link_frames, links)
        self._link_bytes = grown(self._link_bytes, links)
        self._link_frames[:links] += np.bincount(link, weights=frames, minlength=links).astype(np.int64)
        self._link_bytes[:links] += np.bincount(link, weights=carried, minlength=links).astype(np.int64)

    def _see(self, slot: NDArray[np.int64], times: NDArray[np.int64], size: int) -> None:
        """Widen first and last times. In a block in order of time the last assignment wins, which is quicker."""
        if (times[1:] < times[:-1]).any():
            np.minimum.at(self._first, slot, times)
            np.maximum.at(self._last, slot, times)
            return
        seen = np.full(size, _NEVER_NS, dtype=np.int64)
        seen[slot[::-1]] = times[::-1]
        np.minimum(self._first[:size], seen, out=self._first[:size])
        seen.fill(-_NEVER_NS)
        seen[slot] = times
        np.maximum(self._last[:size], seen, out=self._last[:size])

    def _grow(self) -> None:
        size = len(self._slots)
        self._counts = grown(self._counts, size)
        self._signal = grown(self._signal, size)
        self._first = grown(self._first, size, fill=_NEVER_NS)
        self._last = grown(self._last, size, fill=-_NEVER_NS)
        self._network = grown(self._network, size)

    def stations(self) -> Stations:
        """Return the sums so far."""
        size = len(self._slots)
        counts = self._counts[:size]
        is_network = self._network[:size] > 0
        pairs = self._links.keys
        source = (pairs >> np.uint64(32)).astype(np.int64)
        target = (pairs & np.uint64(0xFFFF_FFFF)).astype(np.int64)
        carried, frames = self._link_bytes[: len(pairs)], self._link_frames[: len(pairs)]
        max_dbm, median_dbm = _signals(self._signal[:size])
        proved = counts[:, PROOFS].sum(axis=1) > 0
        control = counts[:, (Sort.RTS, Sort.BLOCK_ACK, Sort.CONTROL)].sum(axis=1)
        return Stations(
            address=self._slots.keys,
            counts=counts,
            bytes_up=_sums(source, carried, size),
            bytes_down=_sums(target, carried, size),
            first_ns=self._first[:size],
            last_ns=self._last[:size],
            max_dbm=max_dbm,
            median_dbm=median_dbm,
            is_network=is_network,
            network=_best_partner(source, target, frames, is_network),
            present=proved | (control >= 2),
            refused=self._slots.refused + self._links.refused,
        )


def _bins(values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.bincount(values, minlength=size).astype(np.int64, copy=False)


def _sums(slot: NDArray[np.int64], values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    out = np.zeros(size, dtype=np.int64)
    np.add.at(out, slot, values)
    return out


def _signals(histogram: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Strongest and (lower) median signal of each row; column 0 is "not told"."""
    told = histogram[:, 1:]
    total = told.sum(axis=1)
    if not len(total):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    strongest = told.shape[1] - 1 - np.argmax(told[:, ::-1] > 0, axis=1)
    median = np.argmax(np.cumsum(told, axis=1) >= ((total + 1) // 2)[:, None], axis=1)
    silent = total == 0
    return (
        np.where(silent, NO_SIGNAL, strongest + 1 + NO_SIGNAL),
        np.where(silent, NO_SIGNAL, median + 1 + NO_SIGNAL),
    )


def _best_partner(
    source: NDArray[np.int64], target: NDArray[np.int64], frames: NDArray[np.int64], is_network: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """For every address, the network that most frames went to or came from."""
    out = np.full(len(is_network), -1, dtype=np.int64)
    stations = np.concatenate([source, target])
    partners = np.concatenate([target, source])
    weight = np.concatenate([frames, frames])
    keep = is_network[partners] & ~is_network[stations]
    stations, partners, weight = stations[keep], partners[keep], weight[keep]
    if not len(stations):
        return out
    pair, where = np.unique(stations << 32 | partners, return_inverse=True)
    total = _sums(where, weight, len(pair))
    order = np.argsort(total, kind="stable")
    out[pair[order] >> 32] = pair[order] & 0xFFFF_FFFF
    return out
