"""Carries places from frame to frame by the motion of the picture around them.

Judging a frame takes longer than the next one takes to come. So findings are judged in one frame and shown in the
newest, where what lies around each of them has gone since: pyramidal Lucas-Kanade on a few points about the place
(Bouguet, 2000, as in OpenCV), and the motion of the whole picture where those are lost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ...detect.lens.spots import Image

Places = NDArray[np.float64]

#: Longer side at which motion is measured, pixels: half a pixel there is 2.7 of 1280, far less than a circle's width.
_SIDE_PX = 480

#: Small frames that are kept: more than a second at 15 a second, several times what judging a frame takes.
_KEPT = 20

#: Points about a place: a square of three by three, this many pixels apart, beyond the glint itself.
_APART_PX = 7.0

#: Corners of the whole picture that are followed.
_CORNERS = 40

#: Side of the window that is looked for, and levels of the pyramid: 21 x 2^3 finds shifts of a third of the picture.
_WINDOW, _LEVELS = (21, 21), 3


class Carrier:
    """Keeps the last frames, small, and tells where places of one of them are in the newest."""

    def __init__(self) -> None:
        self._small: OrderedDict[int, Image] = OrderedDict()
        self._scale = 1.0

    def see(self, image: Image, number: int) -> None:
        """Take the next frame: (rows, columns, 3) uint8 and its number, which rises."""
        self._scale = min(1.0, _SIDE_PX / max(image.shape[:2]))
        size = (max(1, round(image.shape[1] * self._scale)), max(1, round(image.shape[0] * self._scale)))
        # Area averaging over whole blocks is several times as quick as over broken ones; nearest is enough before it.
        step = max(1, int(0.5 / self._scale))
        part = np.ascontiguousarray(image[::step, ::step]) if step > 1 else image
        small = cv2.cvtColor(cv2.resize(part, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        self._small[number] = np.asarray(small, np.uint8)
        while len(self._small) > _KEPT:
            self._small.popitem(last=False)

    def carried(self, places: Sequence[tuple[float, float]], *, since: int) -> list[tuple[float, float] | None]:
        """Return where places (x, y) of frame `since` are in the newest one, None for those that left it.

        All are None where that frame is no longer kept, or the size has changed since.
        """
        number, now = next(reversed(self._small.items()), (since, None))
        then = self._small.get(since)
        if now is None or then is None or now.shape != then.shape:
            return [None] * len(places)
        if number == since or not places:
            return list(places)
        start = np.array(places, np.float64) * self._scale
        moved = start + self._moves(then, now, start)
        rows, columns = now.shape
        inside = (moved >= 0.0).all(axis=1) & (moved[:, 0] < columns) & (moved[:, 1] < rows)
        return [
            (float(x) / self._scale, float(y) / self._scale) if here else None
            for (x, y), here in zip(moved.tolist(), inside.tolist(), strict=True)
        ]

    @staticmethod
    def _moves(then: Image, now: Image, start: Places) -> Places:
        """Return how the picture moved about each place, pixels of the small frames: (n, 2)."""
        grid = np.array([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)], np.float64) * _APART_PX
        about = (start[:, None, :] + grid[None, :, :]).reshape(-1, 2)
        corners = cv2.goodFeaturesToTrack(then, _CORNERS, 0.01, 12.0)  # a corner of a hundredth of the best one's
        all_corners = np.empty((0, 2)) if corners is None else np.asarray(corners, np.float64).reshape(-1, 2)
        points = np.concatenate([about, all_corners]).astype(np.float32)[:, None, :]
        ends, found, errors = cv2.calcOpticalFlowPyrLK(
            then, now, points, np.empty_like(points), winSize=_WINDOW, maxLevel=_LEVELS
        )
        shift = (np.asarray(ends) - points).reshape(-1, 2).astype(np.float64)
        # Differences of more than a tenth of the scale a pixel are another place.
        good = (np.asarray(found).ravel() == 1) & (np.asarray(errors).ravel() < 25.0)
        count = len(about)
        whole = np.median(shift[count:][good[count:]], axis=0) if good[count:].any() else np.zeros(2)
        out = np.tile(whole, (len(start), 1))
        for place in range(len(start)):
            own = slice(9 * place, 9 * place + 9)
            if good[own].sum() >= 5:  # more than half of the nine
                out[place] = np.median(shift[own][good[own]], axis=0)
        return out
