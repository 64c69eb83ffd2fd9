"""Readings put together by the place where they were taken.

Readings of one place share its shadowing and, while nothing moves, its fading, so a thousand of them tell little more
than ten. They become one spot with their median; what a spot's level is uncertain by is told in :mod:`.radio_profile`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .readings import Readings, Tag

#: Side of the squares in which readings without a name are one spot, metres: a step. The first that leaves at
#: most :data:`SPOTS_MAX` spots is taken.
STEPS_M = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)

#: Most spots that the grid takes: its time goes with the square of their number, and 100 spots in one
#: building are more than its shadowing has independent values.
SPOTS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Spots:
    """n places, in the order in which they were first visited.

    Parameters
    ----------
    name
        As written; empty for places without one.
    tag
        What each is to the room, None where not told.
    x_m, y_m
        float64 (n,); mean of its readings' positions, NaN where none has one.
    rssi_dbm
        float64 (n,); median of its readings.
    count
        int64 (n,); readings.
    """

    name: tuple[str, ...]
    tag: tuple[Tag | None, ...]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    rssi_dbm: NDArray[np.float64]
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.name)

    @property
    def placed(self) -> NDArray[np.bool_]:
        """bool (n,); whether the position is known."""
        return np.isfinite(self.x_m)

    def only(self, keep: NDArray[np.bool_]) -> Spots:
        """Return the spots where `keep` is true."""
        at = np.flatnonzero(keep).tolist()
        return Spots(
            name=tuple(self.name[row] for row in at),
            tag=tuple(self.tag[row] for row in at),
            x_m=self.x_m[keep],
            y_m=self.y_m[keep],
            rssi_dbm=self.rssi_dbm[keep],
            count=self.count[keep],
        )

    def loudest(self) -> int:
        """Return the row of the strongest spot, named ones before others of the same strength."""
        return max(range(len(self)), key=lambda row: (self.rssi_dbm[row], bool(self.name[row])))


def spots_of(readings: Readings) -> Spots:
    """Return the places of readings of one transmitter.

    Readings of one name are one place, if their positions, where given, are not more than a step apart; readings
    without a name are put together in squares. Readings with neither are not in it.
    """
    for step_m in STEPS_M:
        groups = _groups(readings, step_m)
        if len(groups) <= SPOTS_MAX:
            break
    rows = list(groups.values())[:SPOTS_MAX]
    return Spots(
        name=tuple(readings.spot[group[0]].strip() for group in rows),
        tag=tuple(_common([readings.tag[row] for row in group]) for group in rows),
        x_m=np.array([_mean(readings.x_m[group]) for group in rows], np.float64),
        y_m=np.array([_mean(readings.y_m[group]) for group in rows], np.float64),
        rssi_dbm=np.array([np.median(readings.rssi_dbm[group]) for group in rows], np.float64),
        count=np.array([len(group) for group in rows], np.int64),
    )


def _groups(readings: Readings, step_m: float) -> dict[tuple[object, ...], list[int]]:
    """Return rows by place."""
    homes: dict[str, tuple[float, float]] = {}
    for row, name in enumerate(readings.spot):
        if name.strip() and np.isfinite(readings.x_m[row]):
            homes.setdefault(name.strip().casefold(), (float(readings.x_m[row]), float(readings.y_m[row])))
    groups: dict[tuple[object, ...], list[int]] = {}
    for row, written in enumerate(readings.spot):
        name, x_m, y_m = written.strip().casefold(), float(readings.x_m[row]), float(readings.y_m[row])
        square: tuple[object, ...] = ()
        if np.isfinite(x_m):
            square = (round(x_m / step_m), round(y_m / step_m))
        if name:
            home = homes.get(name)
            # A name without a position, or near the name's first position, is that place.
            near = home is None or not square or np.hypot(x_m - home[0], y_m - home[1]) <= step_m
            groups.setdefault((name,) if near else (name, *square), []).append(row)
        elif square:
            groups.setdefault(("", *square), []).append(row)
    return groups


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _common(tags: list[Tag | None]) -> Tag | None:
    told = Counter(tag for tag in tags if tag is not None)
    return told.most_common(1)[0][0] if told else None
