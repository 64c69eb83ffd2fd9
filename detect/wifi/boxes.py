"""Networks that one box radiates: a router's guests, its hidden twin, its mesh.

One access point sends several networks under neighbouring addresses, or under one address with the bit of made-up
addresses set and one octet changed. Two networks are taken for one box's only where everything heard agrees:
address, channel, signal, what the radio writes into its beacons, the UUID of Wi-Fi Protected Setup, and the
clock. Radios of one box on different channels are not joined, and two boxes of one delivery, switched on together,
may be: nothing is hidden by that, since all names and addresses are told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..mac import LOCAL_BIT
from .fingerprints import radio_part
from .networks import Network

#: How far the last octets of one block's addresses are apart: up to 16 networks are usual for one radio.
_BLOCK = 15

#: Seconds within which the clocks of one radio's networks start. In the development captures: 0.01 to 0.06 s where
#: they share the clock (4 boxes), 4 to 14 s where each network is started by itself (3 boxes).
_STARTED_TOGETHER_S = 20.0

#: Decibels between the median signals of one radio's networks: 0 to 1 in the development captures; the rest is
#: for networks heard only a few times.
_SIGNAL_DB = 10

#: Boxes with a similar address that a network is compared with: more of them in one place are made up.
_MAX_COMPARED = 32

_LOCAL = LOCAL_BIT << 40

#: Name to fingerprints, as in :class:`~roomsweep.detect.wifi.networks.NetworkBook`.
Fingerprints = Mapping[str, Sequence[str]]


def join_boxes(
    networks: Mapping[int, Network],
    *,
    median_dbm: Mapping[int, int],
    fingerprints: Mapping[int, Fingerprints],
    apart: Collection[int] = (),
) -> list[tuple[int, ...]]:
    """Return the addresses of the networks by box, smallest first; a network that is in doubt is a box of its own.

    Parameters
    ----------
    networks
        By BSSID.
    median_dbm
        Signal by BSSID; absent where not told.
    fingerprints
        By address and sort of frame.
    apart
        Networks of which no two are joined, whatever agrees: those that name themselves as cameras.
    """
    written = {bssid: _written(fingerprints.get(bssid, {})) for bssid in networks}
    boxes: list[list[int]] = []
    near: dict[tuple[int, int], list[int]] = {}
    for bssid in sorted(networks):
        found = None
        keys = list(_keys(bssid))
        for place in dict.fromkeys(place for key in keys for place in near.get(key, ())):
            box = boxes[place]
            if bssid in apart and any(member in apart for member in box):
                continue
            if all(
                _neighbours(bssid, member)
                and _same_radio(networks[bssid], networks[member])
                and _as_loud(median_dbm.get(bssid), median_dbm.get(member))
                and not written[bssid].isdisjoint(written[member])
                for member in box
            ):
                found = place
                break
        if found is None:
            found = len(boxes)
            boxes.append([])
        boxes[found].append(bssid)
        for key in keys:
            places = near.setdefault(key, [])
            if found not in places and len(places) < _MAX_COMPARED:
                places.append(found)
    return [tuple(box) for box in boxes]


def _keys(bssid: int) -> Iterator[tuple[int, int]]:
    """What neighbours have in common: all but the first octet and one other."""
    rest = bssid & 0xFF_FFFF_FFFF
    for octet in range(5):
        yield octet, rest & ~(0xFF << 8 * octet)


def _neighbours(one: int, other: int) -> bool:
    """Whether two addresses are as near as those of one box."""
    differs = one ^ other
    if differs >> 40 == 0:
        return differs <= 0xFF and abs(one - other) <= _BLOCK
    others = sum((differs >> 8 * octet & 0xFF) != 0 for octet in range(5))
    return bool((one | other) & _LOCAL) and others <= 1


def _same_radio(one: Network, other: Network) -> bool:
    """Whether channel, UUID and clock agree; without two clocks the UUID must be there and equal."""
    if one.channel is None or one.channel != other.channel:
        return False
    both = one.wps_uuid is not None and other.wps_uuid is not None
    if both and one.wps_uuid != other.wps_uuid:
        return False
    if one.clock_start_us is None or other.clock_start_us is None:
        return both
    return abs(one.clock_start_us - other.clock_start_us) <= _STARTED_TOGETHER_S * 1e6


def _as_loud(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= _SIGNAL_DB


def _written(texts: Fingerprints) -> frozenset[tuple[str, str]]:
    """How the radio writes beacons and answers; one of them must be the same for two networks of one box."""
    return frozenset((frame, radio_part(text)) for frame in ("beacon", "answer") for text in texts.get(frame, ()))
