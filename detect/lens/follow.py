"""Follows spots through the frames of a clip.

Between frames the motion of the picture is carried by corner features (pyramidal Lucas-Kanade optical flow,
checked forth and back), as a similarity for the whole picture and, near each spot, as the median motion of the
features close to it: a spot is looked for where its own surface went. A spot that is seen once and not again is
a sparkle; one that is found in frame after frame is judged by the mean of its shape's evidence, which evens out
noise, compression and the moments of a bad view.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .judge import shape_weights
from .profile import CameraProfile
from .spots import Image, Spots, find_spots

Points = NDArray[np.float32]

#: Longer side at which motion is measured, pixels: half a pixel there is less than the gate below.
_FLOW_PX = 960

#: Corner features that carry the motion, and their least distance as a share of the longer side.
_CORNERS, _CORNERS_APART = 400, 0.012

#: A feature counts if the way back ends within half a pixel of where it began.
_ROUND_TRIP_PX = 0.5

#: Features around a spot that tell how its surface moves, and how far away they may be (share of longer side).
_NEAR, _NEAR_REACH = 8, 0.12

#: How far from where its surface went a spot is still the same, as a share of the longer side: 6 px of 960.
_GATE = 0.006

#: Frames in a row that a spot may be missed before its track ends: 0.1 s at 30 frames a second.
GAP_FRAMES = 3

#: Spots looked at in one frame, strongest contrast first. Measured: lenses of the rendered clips rank up to 80th.
SPOTS_MAX = 120

#: Tracks kept after they ended, best evidence first: a bound on memory, far above what is reported.
ENDED_MAX = 200

#: Places of a track that are kept at least, for drawing it.
PATH_MAX = 60


@dataclass(slots=True, kw_only=True)
class Track:
    """One spot over the frames.

    Parameters
    ----------
    best, best_frame, best_s, best_db
        The spot (one row), number, time and evidence of the frame of its highest evidence.
    here
        Its place in the frame taken last: as seen, or where its surface went.
    count
        Frames it was seen in.
    possible
        Frames since the first in which its place was within the picture.
    missed
        Frames in a row that it was looked for in vain.
    sum_db, cues_db
        Evidence of its shape summed over the frames, decibans: in all, and of each cue by rule.
    path
        ``(frame, x_px, y_px)``, thinned evenly in long tracks.
    """

    best: Spots
    best_frame: int = 0
    best_s: float = 0.0
    best_db: float = -np.inf
    here: tuple[float, float] = (0.0, 0.0)
    count: int = 0
    possible: int = 0
    missed: int = 0
    sum_db: float = 0.0
    cues_db: dict[str, float] = field(default_factory=dict)
    path: list[tuple[int, float, float]] = field(default_factory=list)
    _stride: int = 1

    @property
    def mean_db(self) -> float:
        """Mean evidence of the shape over the frames it was seen in."""
        return self.sum_db / max(self.count, 1)

    @property
    def share_seen(self) -> float:
        """Share of the frames since its first in which it was seen, while its place was in the picture."""
        return self.count / max(self.possible, self.count, 1)

    def see(self, row: Spots, cues_db: dict[str, float], *, frame: int, t_s: float) -> None:
        """Add one sighting."""
        total_db = sum(cues_db.values())
        self.here = (float(row.x_px[0]), float(row.y_px[0]))
        self.count += 1
        self.missed = 0
        self.sum_db += total_db
        for rule, weight_db in cues_db.items():
            self.cues_db[rule] = self.cues_db.get(rule, 0.0) + weight_db
        if total_db >= self.best_db:
            self.best, self.best_frame, self.best_s, self.best_db = row, frame, t_s, total_db
        if frame % self._stride == 0:
            self.path.append((frame, *self.here))
        if len(self.path) > 2 * PATH_MAX:
            self._stride *= 2
            self.path = [place for place in self.path if place[0] % self._stride == 0]


class Follower:
    """Takes the frames of a clip one by one and keeps the tracks of its spots; memory does not grow with length.

    Parameters
    ----------
    profile
        The camera.
    """

    def __init__(self, *, profile: CameraProfile | None = None) -> None:
        self._profile = profile or CameraProfile()
        self._before: Image | None = None
        self._number = -1
        self._active: list[Track] = []
        self._ended: list[Track] = []

    def push(self, image: Image, *, t_s: float) -> list[Track]:
        """Take the next frame; return the tracks that were seen in it.

        Parameters
        ----------
        image
            (rows, columns, 3) uint8, blue-green-red.
        t_s
            Its time.
        """
        self._number += 1
        spots = find_spots(image, profile=self._profile, spots_max=SPOTS_MAX)
        weights = shape_weights(spots)
        self._carry(image)
        own = self._match(spots, gate_px=max(4.0, _GATE * max(image.shape[:2])))
        seen = []
        for index in range(len(spots)):
            row = spots.take(np.array([index]))
            track = own.get(index)
            if track is None:
                track = Track(best=row)
                self._active.append(track)
            cues_db = {rule: float(column[index]) for rule, column in weights.items()}
            track.see(row, cues_db, frame=self._number, t_s=t_s)
            seen.append(track)
        self._let_go(image)
        return seen

    def tracks(self) -> list[Track]:
        """Return all tracks so far, best mean evidence first."""
        return sorted((*self._ended, *self._active), key=lambda track: -track.mean_db)

    def _carry(self, image: Image) -> None:
        """Move every active track's place to where its surface is in this frame."""
        longest = max(image.shape[:2])
        scale = min(1.0, _FLOW_PX / longest)
        small: Image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        if scale < 1.0:
            small = np.asarray(cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        before, self._before = self._before, small
        if before is None or before.shape != small.shape or not self._active:
            return
        start, end = (points / scale for points in _flow(before, small))
        whole = np.eye(2, 3)
        if len(start) >= 4:
            found, _ = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=3.0 / scale)
            whole = whole if found is None else np.asarray(found)
        own = end - (start @ whole[:, :2].T + whole[:, 2])
        for track in self._active:
            place = np.array(track.here)
            moved = whole[:, :2] @ place + whole[:, 2]
            if len(start) >= _NEAR:
                distance = np.hypot(start[:, 0] - place[0], start[:, 1] - place[1])
                near = np.argpartition(distance, _NEAR - 1)[:_NEAR]
                near = near[distance[near] < _NEAR_REACH * longest]
                if len(near) >= _NEAR // 2:
                    moved = moved + np.median(own[near], axis=0)
            track.here = (float(moved[0]), float(moved[1]))

    def _match(self, spots: Spots, *, gate_px: float) -> dict[int, Track]:
        """Return which spot continues which track: long tracks choose first, each the nearest spot in its gate."""
        out: dict[int, Track] = {}
        for track in sorted(self._active, key=lambda track: -track.count):
            track.possible += 1
            track.missed += 1
            if len(spots) == 0:
                continue
            distance = np.hypot(spots.x_px - track.here[0], spots.y_px - track.here[1])
            for index in np.argsort(distance)[:3].tolist():
                if distance[index] < gate_px and index not in out:
                    out[index] = track
                    break
        return out

    def _let_go(self, image: Image) -> None:
        """End the tracks that were missed too long or left the picture."""
        rows, columns = image.shape[:2]
        going: list[Track] = []
        for track in self._active:
            inside = 0.0 <= track.here[0] < columns and 0.0 <= track.here[1] < rows
            (going if inside and track.missed <= GAP_FRAMES else self._ended).append(track)
        self._active = going
        if len(self._ended) > 2 * ENDED_MAX:
            # A lens is seen for longer than a sparkle: keep what has both evidence and length.
            self._ended.sort(key=lambda track: -track.mean_db * min(track.count, 30))
            del self._ended[ENDED_MAX:]


def _flow(before: Image, after: Image) -> tuple[Points, Points]:
    """Return matching points of two small grey frames, (n, 2) each."""
    none = np.empty((0, 2), np.float32)
    corners = cv2.goodFeaturesToTrack(before, _CORNERS, 0.01, _CORNERS_APART * max(before.shape))
    if corners is None:
        return none, none
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, corners.copy(), winSize=(15, 15), maxLevel=3)
    back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, there, corners.copy(), winSize=(15, 15), maxLevel=3)
    good = (found[:, 0] == 1) & (again[:, 0] == 1) & (np.abs(back - corners).max(axis=(1, 2)) < _ROUND_TRIP_PX)
    return np.asarray(corners[good, 0], np.float32), np.asarray(there[good, 0], np.float32)
