"""The outline of the room, as far as readings tell it, and what lies within."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .readings import Tag
from .spots import Spots

#: How far the walls are beyond the outermost places, metres: whoever stands in a corner holds the phone about
#: an arm's half length from it. Reasoned.
REACH_M = 0.3

#: Least side of a room, metres: under it the places do not span one.
SIDE_MIN_M = 1.0

#: Tags whose places lie in the room or on its edge.
_OWN = frozenset({Tag.INSIDE, Tag.CORNER, Tag.DOOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A convex outline.

    Parameters
    ----------
    corners_m
        float64 (n, 2), n >= 3; (x, y), anticlockwise, through the outermost places.
    """

    corners_m: NDArray[np.float64]

    def holds(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return for each point whether it lies in the room, walls at :data:`REACH_M` beyond the outline."""
        return self.beyond_m(x_m, y_m) <= REACH_M

    def beyond_m(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far each point is beyond the outline, metres; negative within."""
        start, end = self.corners_m, np.roll(self.corners_m, -1, axis=0)
        along = end - start
        outward = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.hypot(along[:, 0], along[:, 1])[:, None]
        offset = np.sum(outward * start, axis=1)
        sides = np.multiply.outer(x_m, outward[:, 0]) + np.multiply.outer(y_m, outward[:, 1]) - offset
        return np.asarray(sides.max(axis=-1), np.float64)


def room_of(spots: Spots) -> Room | None:
    """Return the room that the tagged places span, None if they span none.

    With three corners or more it is the convex hull of all places in it, else their bounding box: two opposite
    corners, or a corner and a door. An L-shaped room comes out as its hull.
    """
    own = np.array([tag in _OWN for tag in spots.tag], bool) & spots.placed
    points = np.stack([spots.x_m[own], spots.y_m[own]], axis=1)
    if len(points) < 2:
        return None
    corners = sum(tag is Tag.CORNER for tag, is_own in zip(spots.tag, own, strict=True) if is_own)
    if corners >= 3:
        outline = _hull(points)
        if len(outline) >= 3 and _width_m(outline) >= SIDE_MIN_M:
            return Room(corners_m=outline)
    low, high = points.min(axis=0), points.max(axis=0)
    if float((high - low).min()) < SIDE_MIN_M:
        return None
    outline = np.array([low, (high[0], low[1]), high, (low[0], high[1])], np.float64)
    return Room(corners_m=outline)


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the convex hull, anticlockwise (A. M. Andrew, Information Processing Letters 9, 1979)."""
    ordered: list[tuple[float, float]] = sorted({(float(x), float(y)) for x, y in points})

    def chain(line: list[tuple[float, float]]) -> list[tuple[float, float]]:
        out: list[tuple[float, float]] = []
        for x, y in line:
            while len(out) >= 2:
                (x0, y0), (x1, y1) = out[-2:]
                if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0.0:
                    break
                out.pop()
            out.append((x, y))
        return out[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]), np.float64).reshape(-1, 2)


def _width_m(outline: NDArray[np.float64]) -> float:
    """Return the least width of a convex outline."""
    start, end = outline, np.roll(outline, -1, axis=0)
    along = end - start
    inward = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(along[:, 0], along[:, 1])[:, None]
    depth = (outline[:, None, :] - start[None]) * inward[None]
    return float(depth.sum(axis=2).max(axis=0).min())
