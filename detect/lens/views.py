"""How the camera moved between two frames of a clip: corner features, the turn, and the parallax that is left.

Corners are followed from frame to frame (pyramidal Lucas-Kanade, checked forth and back) and keep their number, so
that any two frames share points. Turn and direction of the way between two frames minimise the Sampson distance
to the epipolar lines (Hartley and Zisserman, *Multiple View Geometry*, 2004, ch. 11) by Levenberg-Marquardt
steps with Cauchy weights. The length of the way stays unknown and is not needed: once the turn is undone,
what is left of a point's motion is its parallax, and its angle is the change of the view on that point.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .measures import Image

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

#: Corners that are followed, and their least distance as a share of the longer side.
_CORNERS, _APART = 350, 0.013

#: Corners are looked for anew when fewer than this share of them is left.
_RENEW = 0.7

#: A corner counts if the way back ends within half a pixel of where it began.
_ROUND_TRIP_PX = 0.5

#: Side of the window in which a corner is followed, and levels of the pyramid: 21 px three times halved find
#: shifts of up to 80 px between two frames.
_WINDOW_PX, _LEVELS = 21, 3

#: Fewest points that two frames must share for their motion to be computed: five are needed, the rest is certainty.
POINTS_MIN = 20

#: Scale of the Cauchy weights, pixels: corners are followed to a few tenths.
_OUTLIER_PX = 0.7

#: Most points that are used; more only take time.
_POINTS_MAX = 300

#: Steps of the refinement at most.
_STEPS = 12

#: Share of the parallax that must have the sign of points before the camera: noise has either sign.
_BEFORE_MIN = 0.85

#: Log-likelihood by which the best motion must beat another, nats: 6 is four hundred to one.
_AS_GOOD = 6.0


class Corners:
    """Corner features followed through a clip, in pixels of the frames that are given."""

    def __init__(self) -> None:
        self.numbers: Numbers = np.empty(0, np.int64)
        self.xy: Array = np.empty((0, 2))
        self._next = 0

    def follow(self, before: Image, after: Image) -> None:
        """Carry the corners from one grey frame to the next; those not found again are dropped."""
        if len(self.xy) == 0:
            return
        start = self.xy.astype(np.float32)[:, None, :]
        options = {"winSize": (_WINDOW_PX, _WINDOW_PX), "maxLevel": _LEVELS}
        there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, start, start.copy(), **options)  # type: ignore[call-overload]
        back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, there, start.copy(), **options)  # type: ignore[call-overload]
        good = (found[:, 0] == 1) & (again[:, 0] == 1)
        good &= np.abs(back - start).max(axis=(1, 2)) < _ROUND_TRIP_PX
        self.numbers = self.numbers[good]
        self.xy = there[good, 0].astype(np.float64)

    def renew(self, frame: Image) -> None:
        """Add corners where there are none, if many were lost."""
        if len(self.xy) >= _RENEW * _CORNERS:
            return
        apart = _APART * max(frame.shape)
        free = np.full(frame.shape, 255, np.uint8)
        for x, y in self.xy.tolist():
            cv2.circle(free, (round(x), round(y)), round(apart), (0,), -1)
        corners = cv2.goodFeaturesToTrack(frame, _CORNERS - len(self.xy), 0.005, apart, mask=free)
        if corners is None:
            return
        new = np.asarray(corners, np.float64)[:, 0]
        self.numbers = np.concatenate([self.numbers, self._next + np.arange(len(new))])
        self.xy = np.concatenate([self.xy, new])
        self._next += len(new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """The camera's motion from a first view to a second.

    Parameters
    ----------
    turn
        (3, 3) rotation: a ray in the first camera is ``turn @ ray`` in the second.
    way
        (3,) unit direction of the way, seen from the second camera; its sign is not known.
    turn_error
        Error of the turn, radians: its standard error about the worse axis across the view, or the distance to
        another turn that explains the points as well (a plane that is passed sideways with a turn of the phone
        looks much like one that is approached).
    rival
        The latter alone; 0 if there is none.
    """

    turn: Array
    way: Array
    turn_error: float
    rival: float = 0.0


def rays(xy: Array, *, focal_px: float, size: tuple[int, int]) -> Array:
    """Return the rays (n, 3), third component 1, of pixels (n, 2) of a picture of `size` (width, height)."""
    centred = (xy - np.array(size) / 2.0) / focal_px
    return np.concatenate([centred, np.ones((len(xy), 1))], axis=1)


def motion_between(
    first: Array, second: Array, *, focal_px: float, near: Motion | None = None, thorough: bool = False
) -> Motion | None:
    """Return the motion that explains two views of the same points.

    Parameters
    ----------
    first, second
        Rays (n, 3) of the points in either view, third component 1.
    focal_px
        Pixels for each unit of the rays.
    near
        A motion close to the one looked for (of the frame before): saves trying many.
    thorough
        Try many all the same, and see whether another explains the points as well.

    Returns
    -------
    Motion or None
        None with too few points.
    """
    if len(first) < POINTS_MIN:
        return None
    if len(first) > _POINTS_MAX:
        some = np.linspace(0, len(first) - 1, _POINTS_MAX).astype(int)
        first, second = first[some], second[some]
    scale = focal_px / _OUTLIER_PX
    starts = [] if near is None else [(near.turn, near.way)]
    if near is None or thorough:
        shift = np.median(second - first, axis=0)
        turned = _turn(np.array([-shift[1], shift[0], 0.0]))
        ways = np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0], [1.0, -1.0, 0], [0, 0, 1.0]])
        starts += [(turn, way / np.linalg.norm(way)) for turn in (np.eye(3), turned) for way in ways]
    tried = [_refine(first, second, turn, way, scale=scale) for turn, way in starts]
    # Points cannot lie behind the camera: that decides most ambiguities of a plane.
    tried = [item for item in tried if _before(first, second, item[1], item[2]) > _BEFORE_MIN] or tried
    cost, turn, way, covariance = min(tried, key=lambda item: item[0])
    rival = near.rival if near is not None else 0.0
    if len(starts) > 1:
        as_good = [item[1] for item in tried if len(first) * (item[0] - cost) < _AS_GOOD]
        rival = max(float(np.arccos(np.clip(0.5 * (np.trace(other @ turn.T) - 1.0), -1.0, 1.0))) for other in as_good)
    error = float(np.sqrt(max(covariance[0, 0], covariance[1, 1])))
    return Motion(turn=turn, way=way, turn_error=max(error, rival), rival=rival)


def _before(first: Array, second: Array, turn: Array, way: Array) -> float:
    """Return the share of the parallax that points before the camera would show."""
    far = first @ turn.T
    far = far[:, :2] / far[:, 2:]
    along = ((second[:, :2] - far) * (way[:2] - far * way[2])).sum(axis=1)
    along /= np.hypot(*(way[:2] - far * way[2]).T) + 1e-9
    total = float(np.abs(along).sum()) + 1e-12
    return max(float(along[along > 0].sum()), -float(along[along < 0].sum())) / total


def _turn(vector: Array) -> Array:
    return np.asarray(cv2.Rodrigues(vector)[0], np.float64)


def _crossing(vector: Array) -> Array:
    """Return the matrix that crosses with a vector."""
    x, y, z = vector.tolist()
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


#: Crossing with the three axes.
_AXES = tuple(_crossing(axis) for axis in np.eye(3))


def _aside(way: Array) -> tuple[Array, Array]:
    """Return two unit vectors square to `way`."""
    first = _crossing(way)[:, 0 if abs(way[0]) < 0.7 else 1]
    first = first / np.linalg.norm(first)
    return first, _crossing(way) @ first


def _sampson(first: Array, second: Array, turn: Array, way: Array) -> tuple[Array, Array]:
    """Distance from the epipolar geometry in units of the rays, and what it was divided by."""
    essential = _crossing(way) @ turn
    lines = first @ essential.T
    back = second @ essential
    size = np.sqrt(lines[:, 0] ** 2 + lines[:, 1] ** 2 + back[:, 0] ** 2 + back[:, 1] ** 2) + 1e-12
    return (second * lines).sum(axis=1) / size, size


def _refine(first: Array, second: Array, turn: Array, way: Array, *, scale: float) -> tuple[float, Array, Array, Array]:
    """Return cost, turn, way and the 5 x 5 covariance (three of the turn, two of the way)."""
    error, size = _sampson(first, second, turn, way)
    error = error * scale
    cost, damping = float(np.log1p(error * error).mean()), 1e-3
    normal = np.eye(5)
    for _ in range(_STEPS):
        one, other = _aside(way)
        changes = [_crossing(way) @ axis @ turn for axis in _AXES]
        changes += [_crossing(one) @ turn, _crossing(other) @ turn]
        slope = np.stack([((second @ change) * first).sum(axis=1) for change in changes], axis=1)
        slope *= (scale / size)[:, None]
        weighted = slope * (1.0 / (1.0 + error * error))[:, None]
        normal = weighted.T @ slope
        pull = weighted.T @ error
        better = False
        for _ in range(4):
            step = -np.linalg.solve(normal + damping * np.diag(np.diag(normal)) + 1e-9 * np.eye(5), pull)
            step = np.clip(step, -0.2, 0.2)
            try_turn = _turn(step[:3]) @ turn
            try_way = way + step[3] * one + step[4] * other
            try_way /= np.linalg.norm(try_way)
            try_error, try_size = _sampson(first, second, try_turn, try_way)
            try_error = try_error * scale
            try_cost = float(np.log1p(try_error * try_error).mean())
            if try_cost < cost:
                better = True
                break
            damping *= 10.0
        if not better:
            break
        gain = cost - try_cost
        turn, way, error, size, cost, damping = try_turn, try_way, try_error, try_size, try_cost, damping / 10.0
        if gain < 1e-5 * cost:
            break
    return cost, turn, way, np.asarray(np.linalg.pinv(normal + 1e-9 * np.eye(5)), np.float64)


def unturned(xy: Array, motion: Motion, *, focal_px: float, size: tuple[int, int]) -> tuple[Array, Array]:
    """Return where points of the first view would be seen in the second if they were far away, and the local map.

    Returns
    -------
    tuple
        (n, 2) pixels, and (n, 2, 2) the derivative of the second view's pixels by the first's.
    """
    turned = rays(xy, focal_px=focal_px, size=size) @ motion.turn.T
    depth = turned[:, 2:]
    place = turned[:, :2] / depth
    local = (motion.turn[None, :2, :2] - place[:, :, None] * motion.turn[None, 2:, :2]) / depth[:, :, None]
    return place * focal_px + np.array(size) / 2.0, local


def view_change_deg(far: Array, here: Array, *, focal_px: float, size: tuple[int, int]) -> Array:
    """Return the angles (n, 2) between where points would be seen if far away and where they are seen, degrees."""
    one, other = (rays(xy, focal_px=focal_px, size=size) for xy in (far, here))
    cosine = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    way = here - far
    return np.asarray(way / np.maximum(np.hypot(*way.T), 1e-9)[:, None] * angle[:, None], np.float64)


def facing_maps(
    xy: Array, here: Array, motion: Motion, *, normal: Array, focal_px: float, size: tuple[int, int]
) -> Array:
    """Return the local maps (n, 2, 2) of surfaces with this `normal` (3,) in the first view, now seen at `here`.

    A plane ``normal . X = 1`` moves by the homography ``turn + way * step * normal`` (Hartley and Zisserman, ch. 13);
    the step, way over depth, follows from where the point is seen.
    """
    first, now = (rays(points, focal_px=focal_px, size=size) for points in (xy, here))
    turned = first @ motion.turn.T
    lever = now[:, :2] * motion.way[2] - motion.way[:2]
    miss = turned[:, :2] - now[:, :2] * turned[:, 2:]
    step = (lever * miss).sum(axis=1) / np.maximum((lever * lever).sum(axis=1), 1e-12)
    # A surface seen edge on has no map; such an estimate of the normal is not believed.
    facing = np.maximum(first @ normal, 0.3)
    planes = motion.turn[None] + (step / facing)[:, None, None] * (motion.way[:, None] * normal[None, :])[None]
    seen = np.einsum("nij,nj->ni", planes, first)
    place = seen[:, :2] / seen[:, 2:]
    return np.asarray((planes[:, :2, :2] - place[:, :, None] * planes[:, None, 2, :2]) / seen[:, 2:, None], np.float64)
