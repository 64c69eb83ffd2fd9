"""Synthetic signal readings in rooms with known truth: a transmitter, walls, and a person who walks and notes levels.

Levels follow log-distance path loss from published parameters, with what the model in ``detect/place`` does not
hold: each wall between sender and receiver costs its own loss, an open door costs nothing, the sender's aerial
favours some directions, and the person's own body takes a part of the signal at some spots. All of it is synthetic: it
shows that the sums are right and the regions honest under these assumptions, not how any real room behaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Path-loss exponent per room: from line of sight, 1.73, to out of sight, 3.83, in offices (3GPP TR 38.901, table
#: 7.4.1-1, InH), the upper end less because walls are counted apart here.
EXPONENTS = (1.73, 3.4)

#: Shadowing per room, dB: in sight and out of it (the same table).
SHADOWING_DB = (3.0, 8.03)

#: Distance over which shadowing is alike, metres: furniture, and the 6 m of the same report's table 7.5-6.
REACHES_M = (1.0, 6.0)

#: Loss of a wall, dB: light, heavy (COST 231 final report, 4.7).
WALLS_DB = (3.4, 6.9)

#: What a Wi-Fi sender radiates, dBm, and free-space loss over the first metre, dB (ITU-R P.525, 2.45 GHz); what a small
#: aerial, a case and the receiver's aerial take of it, dB (reasoned).
RADIATED_DBM, FIRST_METRE_DB, TAKEN_DB = (10.0, 20.0), 40.2, (0.0, 12.0)

#: What the body of the person takes, dB, from nothing to most: reasoned, after what is told of phones held to a chest.
BODY_DB = (0.0, 8.0)

#: Gain of the sender's aerial over the directions, dB, up and down (reasoned: a chip aerial in a case).
AERIAL_DB = 3.0

#: Fading of one place, and of one reading over time at rest, dB (see ``detect/place/grid.py``).
FADING_DB, AT_REST_DB = 2.0, 1.3

#: Depth of the corridor before the door, metres, and how far beyond the room transmitters are put.
CORRIDOR_M, BEYOND_M = 1.8, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRoom:
    """One room, one transmitter, one round of readings.

    Parameters
    ----------
    width_m, depth_m
        The room is from (0, 0) to these; its door is in the wall y = 0, the corridor before it.
    at_m
        The transmitter.
    in_room
        Whether it is in the room.
    spot, tag
        Name and tag of each reading's place; empty for readings along the walk.
    x_m, y_m, rssi_dbm
        float64; the readings.
    """

    width_m: float
    depth_m: float
    at_m: tuple[float, float]
    in_room: bool
    spot: tuple[str, ...]
    tag: tuple[str, ...]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    rssi_dbm: NDArray[np.float64]

    def csv(self, *, positions: bool = True, mac: str = "02:00:00:00:00:01") -> bytes:
        """Return the readings as the file that ``roomsweep locate`` reads."""
        lines = ["# synthetic", "spot,x_m,y_m,tag,rssi_dbm,t_s,mac"]
        for second, (spot, tag, x, y, rssi) in enumerate(
            zip(self.spot, self.tag, self.x_m, self.y_m, self.rssi_dbm, strict=True)
        ):
            place = f"{x:.2f},{y:.2f}" if positions else ","
            lines.append(f"{spot},{place},{tag},{rssi:.0f},{second},{mac}")
        return ("\n".join(lines) + "\n").encode()


def signal_room(seed: int, *, walk: int = 0, in_room: bool | None = None) -> SignalRoom:
    """Make a room with a transmitter in it or within 5 m of it, and the readings of one round.

    The round: four corners, the middle, the door and the corridor before it, three readings each.

    Parameters
    ----------
    seed
        Everything else follows from it.
    walk
        Further places inside the room with one reading each.
    in_room
        Whether the transmitter is in the room; by default a coin decides.
    """
    rng = np.random.default_rng(seed)
    width, depth = rng.uniform(3.0, 5.5), rng.uniform(2.6, 4.5)
    door = rng.uniform(0.5, width - 0.5)
    names = ["corner 1", "corner 2", "corner 3", "corner 4", "middle", "door", "outside the door"]
    tags = ["corner"] * 4 + ["inside", "door", "outside"]
    near = 0.3
    places = [(near, near), (width - near, near), (width - near, depth - near), (near, depth - near)]
    places += [(0.5 * width, 0.5 * depth), (door, 0.0), (door, -1.0)]
    points = np.array(places + list(rng.uniform((near, near), (width - near, depth - near), (walk, 2))))
    inside = bool(rng.random() < 0.5) if in_room is None else in_room
    at = _place(rng, width, depth, inside)
    level = _levels(rng, points, at, width=width, depth=depth, door=door)
    rows = [row for row in range(len(places)) for _ in range(3)] + list(range(len(places), len(points)))
    heard = level[rows] + rng.normal(0.0, AT_REST_DB, len(rows))
    names += [""] * walk
    tags += ["inside"] * walk
    return SignalRoom(
        width_m=float(width),
        depth_m=float(depth),
        at_m=(float(at[0]), float(at[1])),
        in_room=inside,
        spot=tuple(names[row] for row in rows),
        tag=tuple(tags[row] for row in rows),
        x_m=points[rows, 0],
        y_m=points[rows, 1],
        rssi_dbm=np.clip(np.round(heard), -95.0, 0.0),
    )


def _place(rng: np.random.Generator, width: float, depth: float, inside: bool) -> NDArray[np.float64]:
    if inside:
        return np.asarray(rng.uniform((0.1, 0.1), (width - 0.1, depth - 0.1)), np.float64)
    while True:
        at = rng.uniform((-BEYOND_M, -BEYOND_M), (width + BEYOND_M, depth + BEYOND_M))
        if not (0.0 <= at[0] <= width and 0.0 <= at[1] <= depth):
            return np.asarray(at, np.float64)


def _levels(
    rng: np.random.Generator,
    points: NDArray[np.float64],
    at: NDArray[np.float64],
    *,
    width: float,
    depth: float,
    door: float,
) -> NDArray[np.float64]:
    """Return the mean level at each point."""
    away = points - at
    height = rng.uniform(0.3, 2.5) - 1.2
    distance = np.sqrt((away**2).sum(axis=1) + height**2)
    reference = rng.uniform(*RADIATED_DBM) - FIRST_METRE_DB - rng.uniform(*TAKEN_DB)
    level = reference - 10.0 * rng.uniform(*EXPONENTS) * np.log10(np.maximum(distance, 0.1))
    between = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    shadowing = rng.uniform(*SHADOWING_DB) ** 2 * np.exp(-between / rng.uniform(*REACHES_M))
    level += np.linalg.cholesky(shadowing + 1e-9 * np.eye(len(points))) @ rng.normal(size=len(points))
    level -= _walls(rng, points, at, width=width, depth=depth, door=door)
    level += AERIAL_DB * np.cos(np.arctan2(away[:, 1], away[:, 0]) - rng.uniform(0.0, 2.0 * math.pi))
    level -= rng.uniform(*BODY_DB, len(points))
    return np.asarray(level + rng.normal(0.0, FADING_DB, len(points)), np.float64)


def _walls(
    rng: np.random.Generator,
    points: NDArray[np.float64],
    at: NDArray[np.float64],
    *,
    width: float,
    depth: float,
    door: float,
) -> NDArray[np.float64]:
    """Return what the walls between the transmitter and each point cost, dB."""
    lost = np.zeros(len(points))
    door_open = rng.random() < 0.3
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis, place in ((0, 0.0), (0, width), (1, 0.0), (1, depth), (1, -CORRIDOR_M)):
            loss = rng.choice(WALLS_DB)
            share = (place - at[axis]) / (points[:, axis] - at[axis])
            crosses = (share > 0.0) & (share < 1.0)
            other = at[1 - axis] + share * (points[:, 1 - axis] - at[1 - axis])
            if axis == 0:  # these walls do not cross the corridor
                crosses &= (other > 0.0) | (other < -CORRIDOR_M)
            elif place == 0.0 and door_open:
                crosses &= np.abs(other - door) > 0.45
            lost += np.where(crosses, loss, 0.0)
    return lost


def calibration_walk(
    seed: int,
    *,
    reference_dbm: float,
    exponent: float,
    shadowing_db: float,
    distances_m: tuple[float, ...],
    each: int = 5,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return distances and readings of a walk away from a known transmitter, `each` readings at a distance.

    A tenth of the readings is wild, as when somebody walks through: 15 dB too low.
    """
    rng = np.random.default_rng(seed)
    distance = np.repeat(np.asarray(distances_m, np.float64), each)
    shadowing = np.repeat(rng.normal(0.0, shadowing_db, len(distances_m)), each)
    level = reference_dbm - 10.0 * exponent * np.log10(distance) + shadowing
    level += rng.normal(0.0, AT_REST_DB, len(distance)) - 15.0 * (rng.random(len(distance)) < 0.1)
    return distance, np.round(level)
