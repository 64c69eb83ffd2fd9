"""Which lights of a dark picture belong together: the rings and rows of LEDs around a night-vision lens.

Lights are linked where they are near each other for their size, alike in size and brightness, and of one colour.
A group is a ring where its members lie at one distance and at even angles about their middle once the slant of the
view is taken out (their covariance made round), a row where they lie on a line at even steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .lights import Lights

#: LEDs of one board lie at most this many of their radii apart: surface-mounted ones of 3-5 mm stand 5-15 mm apart
#: from middle to middle, and glare makes them look larger (reasoned from boards on the market).
_LINK_RADII = 14.0

#: Lights of one board differ at most by these factors in radius and height, and by these degrees in hue.
_RADIUS_RATIO, _HEIGHT_RATIO, _HUE_APART_DEG = 2.0, 4.0, 50.0

#: Two colours weaker than this are both white, and their hue does not count.
_PALE = 0.35

#: A ring's members lie within this share of their mean distance from the middle, with no gap wider than this many
#: times an even one, seen at a slant of at most 66 degrees (axis ratio 0.4). Counted on 4000 random groups each:
#: 4.5 % of those of four points pass, 0.9 % of five, 0.2 % of six.
_RING_SPREAD, _RING_GAP, _RING_AXES = 0.12, 1.7, 0.4

#: A row is this thin for its length, with steps that differ by less than this factor.
_ROW_AXES, _ROW_STEPS = 0.08, 1.8

#: More members than any hidden camera has room for: fairy lights, a dot-matrix clock.
_MEMBERS_MAX = 40


class Form(StrEnum):
    """How the lights of one group lie."""

    ALONE = "alone"
    FEW = "few"
    ROW = "row"
    RING = "ring"
    CROWD = "crowd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lights that belong together: indices, strongest first; their form; middle and radius in pixels."""

    members: tuple[int, ...]
    form: Form
    x_px: float
    y_px: float
    radius_px: float


def group_lights(lights: Lights, *, is_part: NDArray[np.bool_] | None = None) -> tuple[Group, ...]:
    """Return the groups of `lights`, each light in one, in the order of their strongest member.

    Parameters
    ----------
    lights
        Of one picture.
    is_part
        Which of them may belong to a board; the others stay alone. All if None.
    """
    count = len(lights)
    joined = np.arange(count)
    may = np.ones(count, bool) if is_part is None else is_part
    hue, saturation = lights.hue_deg, lights.saturation
    for first in range(count):
        for second in range(first + 1, count):
            if not (may[first] and may[second]) or joined[first] == joined[second]:
                continue
            pair = (first, second)
            radii = sorted(max(float(lights.radius_px[i]), 1.5) for i in pair)
            heights = sorted(float(lights.height[i]) for i in pair)
            apart = np.hypot(lights.x_px[first] - lights.x_px[second], lights.y_px[first] - lights.y_px[second])
            if apart > _LINK_RADII * radii[0] or radii[1] > _RADIUS_RATIO * radii[0]:
                continue
            if heights[1] > _HEIGHT_RATIO * heights[0]:
                continue
            turn = abs((hue[first] - hue[second] + 180.0) % 360.0 - 180.0)
            if turn > _HUE_APART_DEG and max(saturation[first], saturation[second]) > _PALE:
                continue
            joined[joined == joined[second]] = joined[first]
    groups = []
    for label in dict.fromkeys(joined.tolist()):
        members = np.flatnonzero(joined == label)
        x, y, radius = lights.x_px[members], lights.y_px[members], lights.radius_px[members]
        middle_x, middle_y = float(x.mean()), float(y.mean())
        reach = np.hypot(x - middle_x, y - middle_y) + radius
        groups.append(
            Group(
                members=tuple(members.tolist()), form=form_of(x, y), x_px=middle_x, y_px=middle_y,
                radius_px=float(reach.max()),
            )
        )  # fmt: skip
    return tuple(groups)


def form_of(x_px: NDArray[np.float64], y_px: NDArray[np.float64]) -> Form:
    """Return how points lie: two are few, three or more may be a row, four or more a ring."""
    count = len(x_px)
    if count == 1:
        return Form.ALONE
    if count > _MEMBERS_MAX:
        return Form.CROWD
    if count == 2:
        return Form.FEW
    points = np.stack([x_px - x_px.mean(), y_px - y_px.mean()])
    values, vectors = np.linalg.eigh(points @ points.T / count)
    long, short = np.sqrt(max(values[1], 1e-9)), np.sqrt(max(values[0], 0.0))
    along = vectors.T @ points
    if short < _ROW_AXES * long:
        steps = np.diff(np.sort(along[1]))
        return Form.ROW if steps.max() < _ROW_STEPS * max(float(steps.min()), 1e-9) else Form.FEW
    if count < 4 or short < _RING_AXES * long:
        return Form.FEW
    unslanted = along / np.array([[short], [long]])
    distance = np.hypot(unslanted[0], unslanted[1])
    angles = np.sort(np.arctan2(unslanted[1], unslanted[0]))
    gaps = np.diff(angles, append=angles[0] + 2.0 * np.pi)
    even = distance.std() < _RING_SPREAD * distance.mean() and gaps.max() < _RING_GAP * 2.0 * np.pi / count
    return Form.RING if even else Form.FEW
