"""Messages heard: equal ones counted together, so that a device repeating itself costs one parsing.

Advertisers say the same few things thousands of times. The readers of frames bring their messages here as
rows of bytes; equal rows become one :class:`Heard` with its count, times and signal strengths. Rows are
found equal by a hash and then compared byte by byte, so that nobody can hide a message behind a collision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ..capture import windows
from .advertising import Advertising

#: Stands for "no signal strength known"; the specification uses it so (Bluetooth Core 5.4, Vol 4 Part E,
#: 7.7.65.2: RSSI 0x7F is "not available").
NO_RSSI = 127

#: Row widths in bytes, multiples of 8: most messages are legacy advertisements (PDU header 2 + payload 37 +
#: CRC 3) or their HCI reports (12 + 31), the rest reach 255 bytes and a header.
_WIDTHS = (48, 272)

#: Zero bytes put behind a block, so that rows of the greatest width can start at its last byte.
PAD = _WIDTHS[-1]

#: Multiplier and shift of the 64-bit finaliser of MurmurHash3 (Appleby, public domain).
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(33)

_NO_TIMES: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
_NO_LEVELS: NDArray[np.int16] = np.zeros(0, dtype=np.int16)


class Role(Enum):
    """What a message is to the device whose address it carries."""

    ADVERT = "advertisement"
    RESPONSE = "scan response"
    ADDRESSED = "somebody else's request to it"
    INQUIRY = "answer to an inquiry (classic)"
    NAME = "answer to a name request (classic)"


class AddressKind(Enum):
    """What an address is worth (Bluetooth Core 5.4, Vol 6 Part B, 1.3): public and static ones last.

    ``UNTOLD`` is an address of which the system does not say whether it is random; ``HIDDEN`` is no address but the
    number by which a system that keeps addresses to itself (macOS) names the device, for this computer only.
    """

    PUBLIC = "public"
    STATIC = "random static"
    RESOLVABLE = "random resolvable"
    NON_RESOLVABLE = "random non-resolvable"
    CLASSIC = "classic"
    UNTOLD = "untold"
    HIDDEN = "hidden"

    @property
    def rotates(self) -> bool:
        """Whether a device changes such an address while it runs."""
        return self in (AddressKind.RESOLVABLE, AddressKind.NON_RESOLVABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Equal messages of one address.

    Parameters
    ----------
    address, kind
        Who they are about.
    role
        What they are to that device.
    payload
        Advertising data, or the name for :attr:`Role.NAME`.
    count, first_ns, last_ns
        How many, and when.
    rssi_dbm
        (signal, times) pairs, without the unknown.
    class_of_device
        For classic devices.
    said
        What it says, where it comes parsed already; `payload` is empty then.
    t_ns, levels_dbm
        When each came and how strongly, :data:`NO_RSSI` where unknown: int64 and int16 of one length, `count` or 0.
    """

    address: int
    kind: AddressKind
    role: Role
    payload: bytes = b""
    count: int = 1
    first_ns: int = 0
    last_ns: int = 0
    rssi_dbm: tuple[tuple[int, int], ...] = ()
    class_of_device: int | None = None
    said: Advertising | None = None
    t_ns: NDArray[np.int64] = field(default_factory=lambda: _NO_TIMES, compare=False, repr=False)
    levels_dbm: NDArray[np.int16] = field(default_factory=lambda: _NO_LEVELS, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """One distinct row of bytes and how often, when and how strongly it came; see :class:`Heard`.

    `places` are the numbers of the rows that were equal, among those given to :func:`count_repeats`.
    """

    row: bytes
    count: int
    first_ns: int
    last_ns: int
    rssi_dbm: tuple[tuple[int, int], ...]
    t_ns: NDArray[np.int64] = field(default_factory=lambda: _NO_TIMES, compare=False, repr=False)
    levels_dbm: NDArray[np.int16] = field(default_factory=lambda: _NO_LEVELS, compare=False, repr=False)
    places: NDArray[np.int64] = field(default_factory=lambda: _NO_TIMES, compare=False, repr=False)


def address_kind(address: int, *, random: bool) -> AddressKind:
    """Return what `address` is: the top two bits of a random one tell (Core 5.4, Vol 6 Part B, 1.3.2)."""
    if not random:
        return AddressKind.PUBLIC
    return {0b11: AddressKind.STATIC, 0b01: AddressKind.RESOLVABLE}.get(address >> 46, AddressKind.NON_RESOLVABLE)


def padded(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a writable copy of `data` followed by :data:`PAD` zero bytes."""
    return np.concatenate([data, np.zeros(PAD, dtype=np.uint8)])


def count_repeats(
    data: NDArray[np.uint8],
    start: NDArray[np.int64],
    size: NDArray[np.int64],
    *,
    t_ns: NDArray[np.int64],
    rssi_dbm: NDArray[np.int16],
    blank: NDArray[np.int64] | None = None,
) -> Iterator[Repeated]:
    """Yield each distinct row ``data[start[i] : start[i] + size[i]]``.

    Parameters
    ----------
    data
        Bytes from :func:`padded`.
    start, size
        int64 (n,); sizes above :data:`PAD` are cut to it.
    t_ns, rssi_dbm
        When each row came and how strongly; :data:`NO_RSSI` where unknown.
    blank
        int64 (n,); offset within each row of one byte that is taken as zero (a signal strength inside the
        message), -1 for none.
    """
    size = np.minimum(size, PAD)
    lowest = 0
    for width in _WIDTHS:
        picked = np.flatnonzero((size > lowest) & (size <= width))
        lowest = width
        if len(picked) == 0:
            continue
        rows = _rows(data, start[picked], size[picked], width)
        if blank is not None:
            holes = blank[picked]
            holed = np.flatnonzero((holes >= 0) & (holes < size[picked]))
            rows[holed, holes[holed]] = 0
        yield from _groups(rows, size[picked], t_ns[picked], rssi_dbm[picked], picked)


def _rows(data: NDArray[np.uint8], start: NDArray[np.int64], size: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """The bytes of each row, zero behind its size: uint8 (n, width)."""
    rows = windows(data, width)[start].view(np.uint8).reshape(-1, width)
    keep = (np.arange(width) < np.arange(width + 1)[:, None]).astype(np.uint8) * np.uint8(0xFF)
    rows &= keep[size]
    return rows


def _groups(
    rows: NDArray[np.uint8],
    size: NDArray[np.int64],
    t_ns: NDArray[np.int64],
    rssi_dbm: NDArray[np.int16],
    places: NDArray[np.int64],
) -> Iterator[Repeated]:
    """The distinct rows of one width, counted."""
    words = rows.view(np.uint64)
    hashed = size.astype(np.uint64)
    for column in range(words.shape[1]):
        hashed ^= words[:, column]
        hashed *= _MIX
        hashed ^= hashed >> _SHIFT
    order = np.argsort(hashed)
    # Equal rows are neighbours now. Where the rows differ a group begins, whatever the hash says.
    words, lengths = words[order], size[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = lengths[1:] != lengths[:-1]
    for column in range(words.shape[1]):
        new[1:] |= words[1:, column] != words[:-1, column]
    begin = np.flatnonzero(new)
    group = np.cumsum(new) - 1
    times = t_ns[order]
    first = np.minimum.reduceat(times, begin)
    last = np.maximum.reduceat(times, begin)
    counts = np.diff(np.append(begin, len(order)))
    levels, places = rssi_dbm[order], places[order]
    keys, repeats = np.unique(group * 256 + (levels.astype(np.int64) + 128), return_counts=True)
    edges = np.searchsorted(keys, np.arange(len(begin) + 1) * 256).tolist()
    signals = list(zip((keys % 256 - 128).tolist(), repeats.tolist(), strict=True))
    heads = order[begin]
    sizes = size[heads].tolist()
    bounds = [*begin.tolist(), len(order)]
    for number, (index, count, first_ns, last_ns) in enumerate(
        zip(heads.tolist(), counts.tolist(), first.tolist(), last.tolist(), strict=True)
    ):
        pairs = signals[edges[number] : edges[number + 1]]
        if pairs[-1][0] == NO_RSSI:  # the greatest, so always the last
            pairs.pop()
        yield Repeated(
            row=rows[index, : sizes[number]].tobytes(),
            count=count,
            first_ns=first_ns,
            last_ns=last_ns,
            rssi_dbm=tuple(pairs),
            t_ns=times[bounds[number] : bounds[number + 1]],
            levels_dbm=levels[bounds[number] : bounds[number + 1]],
            places=places[bounds[number] : bounds[number + 1]],
        )
