"""Follows spots through the frames of a clip.

Some ten times a second spots are looked for, each where its own surface went: corner features carry the motion of
the picture, the median of those near a spot the motion of its surface. A spot that
is seen once and not again is a sparkle; one that is found again and again is judged by the mean of its shape's
evidence, which evens out noise, compression and the moments of a bad view, and by whether it stays on its
surface (:mod:`.motion`) against a few views of the clip that are kept for comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .blinking import Blinks, Torch
from .cone import Cone, peak_at
from .judge import shape_weights
from .motion import Fade, Slide, motion_evidence
from .patches import Patch, align, cut
from .profile import CameraProfile
from .spots import Image, Spots, contrast_map, find_spots, grey_of, noise_of
from .views import POINTS_MIN, Corners, Motion, facing_maps, motion_between, rays, unturned, view_change_deg

Array = NDArray[np.float64]

#: Longer side at which corners are followed, pixels: half a pixel there is less than the gate below.
_FLOW_PX = 960

#: Grey levels as their logarithm: corners of dim places count like those of bright ones, highlights less.
_DIM = np.round(255.0 * np.log1p(np.arange(256) / 16.0) / math.log1p(255.0 / 16.0)).astype(np.uint8)

#: Time between two frames in which spots are looked for, seconds: a hand that moves at 0.25 m/s goes 2 cm.
MEASURE_S = 0.08

#: Frames after which spots are looked for whatever the times say: some containers have none.
_MEASURE_FRAMES = 6

#: Corners around a spot that tell how its surface moves, and how far away they may be (share of longer side).
_NEAR, _NEAR_REACH = 8, 0.12

#: How far from where its surface went a spot is still the same, as a share of the longer side: 6 px of 960.
_GATE = 0.006

#: Measures in a row that a spot may be missed before its track ends: 0.25 s, and 0.8 s for one that was seen
#: often, so that it can be told whether it went out while its surface stayed.
GAP_MEASURES, GAP_KNOWN = 3, 10

#: The same for one that was seen often: a hand that goes on beyond a lens's field comes back in 3 to 5 s.
GAP_HELD = 60

#: How far from where corners carried a place that was not found again it may lie, samples.
_CARRIED = 6.0

#: Spots looked at in one frame, strongest contrast first. Measured: lenses of the rendered clips rank up to 80th.
SPOTS_MAX = 120

#: Tracks kept after they ended, best evidence first: a bound on memory, far above what is reported.
ENDED_MAX = 200

#: Places of a track that are kept at least, for drawing it.
PATH_MAX = 60

#: Views kept for comparison, the least time between two, and the tracks whose surface is followed: bounds on
#: time and memory. The best tracks come first, and eight are listed.
_VIEWS_MAX, _VIEW_S, _WORTH = 4, 0.35, 24

#: Views, the oldest first, in which a surface is looked for in one frame, besides the nearest: a bound on time.
_TRIES = 1

#: Change of the view from all kept views at which another is kept, degrees: a surface is found again over twice that.
_VIEW_DEG = 12.0

#: Windows around a spot in which its surface is looked for: reach in steps, and samples of the flow's scale in a step.
#: The smallest holds little but the object; the largest finds the outline of an object without texture. Windows that
#: reach twice as far mix in the wall behind a flat box: a sunk screw, 9 mm deep, then seemed to lie on its surface.
_WINDOWS = ((9, 1.0), (16, 1.0), (15, 2.0))

#: Sightings after which the motion of a track is asked for the order, and again after so many.
_ASKED = 8

#: Correlation below which a surface was not found again: patches of other places reach 0.3.
_FOUND = 0.45

#: Parallax must exceed so many standard errors of the turn: otherwise turning looks like moving.
_TURN_ERRORS = 4.0

#: Torch-off frames in which a spot is looked for, at most.
_OFF_MAX = 25


@dataclass(slots=True, kw_only=True)
class Anchor:
    """A spot's surface in one kept view: its place there, its patches, and where that place went.

    `sure` tells whether the spot itself was seen there, and so how its surface lies about it.
    """

    x_px: float
    y_px: float
    hole_px: float
    patches: tuple[Patch, ...]
    here: tuple[float, float]
    sure: bool = True
    base_deg: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True, kw_only=True, eq=False)
class Track:
    """One spot over the frames.

    Parameters
    ----------
    best, best_frame, best_s, best_db
        The spot (one row), number, time and evidence of the frame of its highest evidence.
    here
        Its place in the frame measured last: as seen, or where its surface went.
    last_frame, last_db, last
        Frame, evidence and row of its last sighting.
    count
        Measured frames it was seen in.
    possible
        Measured frames from its first to its last sighting in which its place was within the picture.
    missed
        Measures in a row that it was looked for in vain.
    sum_db, cues_db
        Evidence of its shape summed over the frames, decibans: in all, and of each cue by rule.
    highest, bright, bright_db
        Its greatest height over its surround so far; the heights as shares of that, summed; and the cues so weighted.
    slide
        Its motion over its surface.
    fade
        How its light changed.
    left_off
        Share of its contrast that torch-off frames of a blinking clip showed, the latest few.
    path
        ``(frame, x_px, y_px)``, thinned evenly in long tracks.
    """

    best: Spots
    best_frame: int = 0
    best_s: float = 0.0
    best_db: float = -np.inf
    here: tuple[float, float] = (0.0, 0.0)
    last: Spots | None = None
    last_frame: int = 0
    last_s: float = 0.0
    last_db: float = -np.inf
    count: int = 0
    possible: int = 0
    missed: int = 0
    held: int = 99
    motion_db: float = 0.0
    highest: float = 1e-3
    bright: float = 0.0
    sum_db: float = 0.0
    cues_db: dict[str, float] = field(default_factory=dict)
    bright_db: dict[str, float] = field(default_factory=dict)
    slide: Slide = field(default_factory=Slide)
    fade: Fade = field(default_factory=Fade)
    cone: Cone = field(default_factory=Cone)
    angle_deg: tuple[float, float] = (0.0, 0.0)
    peak: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    left_off: list[float] = field(default_factory=list)
    path: list[tuple[int, float, float]] = field(default_factory=list)
    anchors: dict[int, Anchor] = field(default_factory=dict)
    _looked: int = 0
    _stride: int = 1

    @property
    def mean_db(self) -> float:
        """Mean evidence of the shape over the frames it was seen in."""
        return self.sum_db / max(self.count, 1)

    @property
    def share_seen(self) -> float:
        """Share of the measured frames between first and last sighting in which it was seen."""
        return self.count / max(self.possible, self.count, 1)

    @property
    def persistence(self) -> float:
        """Median share of its contrast without the torch; NaN if the torch was never off."""
        return float(np.median(self.left_off)) if self.left_off else math.nan

    @property
    def standing_db(self) -> float:
        """Evidence of shape and motion as far as known: the order in which tracks are kept and followed."""
        return self.mean_db + self.motion_db

    def look(self) -> None:
        """Note that it is looked for."""
        self._looked += 1
        self.missed += 1

    def see(self, row: Spots, cues_db: dict[str, float], *, frame: int, t_s: float) -> None:
        """Add one sighting."""
        total_db = sum(cues_db.values())
        self.here = (float(row.x_px[0]), float(row.y_px[0]))
        self.last, self.last_frame, self.last_s, self.last_db = row, frame, t_s, total_db
        self.count += 1
        self.possible = max(self._looked, self.count)
        self.missed = 0
        self.sum_db += total_db
        self.highest = max(self.highest, float(row.height[0]))
        share = float(row.height[0]) / self.highest
        self.bright += share
        self.fade.add(_light(row), saturated=bool(row.saturated[0]))
        for rule, weight_db in cues_db.items():
            self.cues_db[rule] = self.cues_db.get(rule, 0.0) + weight_db
            self.bright_db[rule] = self.bright_db.get(rule, 0.0) + share * weight_db
        if total_db >= self.best_db:
            self.best, self.best_frame, self.best_s, self.best_db = row, frame, t_s, total_db
        if self.count % self._stride == 0:
            self.path.append((frame, *self.here))
        if len(self.path) > 2 * PATH_MAX:
            self._stride *= 2
            self.path = self.path[::2]


def _light(row: Spots) -> float:
    """Return the log of a spot's light over its surround's, by the plain power law of sRGB and its area."""
    peak, surround = float(row.peak[0]), float(row.surround[0])
    above = max((peak / 255.0) ** 2.2 - (surround / 255.0) ** 2.2, 1e-4)
    return math.log(above * float(row.radius_px[0]) ** 2 / ((surround + 5.0) / 255.0) ** 2.2)


def _planes(grey: Image, sample_px: float) -> list[Image]:
    """Return the picture for each window, smoothed to its step."""
    side = round(sample_px * _WINDOWS[-1][1]) | 1
    return [grey, grey, np.asarray(cv2.blur(grey, (side, side)), np.uint8)]


def _lies(track: Track) -> tuple[float, float]:
    """Return where a track's brightest point lies; where its surface went, if it is not seen."""
    if track.missed or math.isnan(track.peak[0]):
        return track.here
    return track.peak[0], track.peak[1]


@dataclass(slots=True, kw_only=True)
class _View:
    """A frame that is kept for comparison: its corners, and the motion from it to the frame measured last."""

    number: int
    corners: dict[int, tuple[float, float]]
    motion: Motion | None = None
    tries: int = 0
    away_deg: float = 0.0
    normal: Array = field(default_factory=lambda: np.array([0.0, 0.0, 1.0]))


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
        self._corners = Corners()
        self._marked: dict[int, tuple[float, float]] = {}
        self._views: list[_View] = []
        self._views_made = 0
        self._view_s = -math.inf
        self._measured_s = -math.inf
        self._measured_frame = -1
        self._blinks = Blinks()
        self._off_frame = -1
        self._drift = np.zeros(2)

    @property
    def blinking(self) -> bool:
        """Whether the torch was switched during the clip."""
        return self._blinks.switched > 0

    def push(self, image: Image, *, t_s: float) -> list[Track]:
        """Take the next frame; return the tracks that were seen in it (none in frames not measured).

        Parameters
        ----------
        image
            (rows, columns, 3) uint8, blue-green-red.
        t_s
            Its time.
        """
        self._number += 1
        grey: Image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        longest = max(image.shape[:2])
        scale = min(1.0, _FLOW_PX / longest)
        small = grey
        if scale < 1.0:
            small = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        steps = self._blinks.switched
        torch = self._blinks.push(float(cv2.mean(small)[0]))
        small = np.asarray(cv2.LUT(small, _DIM), np.uint8)
        if steps == 0 and self._blinks.switched and self._blinks.began_off:
            # What was followed so far was seen without the torch.
            self._active, self._ended, self._views, self._before = [], [], [], None
            self._corners, self._marked = Corners(), {}
        if torch is Torch.TURNING:
            return []
        if torch is Torch.OFF:
            self._look_without_torch(image)
            return []
        due = t_s - self._measured_s >= MEASURE_S - 1e-3 or t_s < self._measured_s
        if not due and self._number - self._measured_frame < _MEASURE_FRAMES:
            return []
        if self._before is not None and self._before.shape == small.shape:
            self._corners.follow(self._before, small)
        elif self._before is not None:
            self._corners, self._marked, self._views = Corners(), {}, []
        self._before = small
        passed = max(self._number - self._measured_frame, 1)
        self._measured_s, self._measured_frame = t_s, self._number
        return self._measure(image, grey, scale, t_s, passed)

    def tracks(self) -> list[Track]:
        """Return all tracks so far, best evidence first."""
        return sorted((*self._ended, *self._active), key=lambda track: -track.standing_db)

    def _measure(self, image: Image, grey: Image, scale: float, t_s: float, passed: int) -> list[Track]:
        """Look for spots in this frame, `passed` frames after the last; match them to tracks, measure their slide."""
        spots = find_spots(image, profile=self._profile, spots_max=SPOTS_MAX)
        weights = shape_weights(spots)
        self._carry(scale, max(image.shape[:2]), passed)
        own = self._match(spots, gate_px=max(4.0, _GATE * max(image.shape[:2])))
        seen = []
        for index in range(len(spots)):
            row = spots.take(np.array([index]))
            track = own.get(index)
            if track is None:
                track = Track(best=row)
                track.look()
                self._active.append(track)
            cues_db = {rule: float(column[index]) for rule, column in weights.items()}
            track.see(row, cues_db, frame=self._number, t_s=t_s)
            seen.append(track)
        assert self._before is not None
        self._compare(grey, scale, t_s)
        self._corners.renew(self._before)
        self._marked = self._places()
        self._let_go(image)
        return seen

    def _places(self) -> dict[int, tuple[float, float]]:
        """Return the corners' places by number, in pixels of the flow's scale."""
        return dict(zip(self._corners.numbers.tolist(), map(tuple, self._corners.xy.tolist()), strict=True))

    def _carry(self, scale: float, longest: int, passed: int) -> None:
        """Move every active track's place to where its surface is in this frame."""
        now = self._places()
        shared = [number for number in now if number in self._marked]
        if not self._active or len(shared) < 4:
            return
        start = np.array([self._marked[number] for number in shared]) / scale
        end = np.array([now[number] for number in shared]) / scale
        self._drift = np.median(end - start, axis=0) / passed
        found, _ = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=3.0 / scale)
        whole = np.eye(2, 3) if found is None else np.asarray(found)
        own = end - (start @ whole[:, :2].T + whole[:, 2])
        carried: list[Track | Anchor] = list(self._active)
        carried += [anchor for track in self._active for anchor in track.anchors.values()]
        places = np.array([item.here for item in carried])
        moved = places @ whole[:, :2].T + whole[:, 2]
        if len(start) >= _NEAR:
            square = ((places[:, None, :] - start[None, :, :]) ** 2).sum(axis=2)
            near = np.argpartition(square, _NEAR - 1, axis=1)[:, :_NEAR]
            close = np.take_along_axis(square, near, axis=1) < (_NEAR_REACH * longest) ** 2
            local = np.median(own[near], axis=1)
            moved += np.where(close.sum(axis=1, keepdims=True) >= _NEAR // 2, local, 0.0)
        for item, (x, y) in zip(carried, moved.tolist(), strict=True):
            item.here = (x, y)

    def _match(self, spots: Spots, *, gate_px: float) -> dict[int, Track]:
        """Return which spot continues which track: long tracks choose first, each the nearest spot in its gate."""
        out: dict[int, Track] = {}
        for track in self._active:
            track.look()
        if len(spots) == 0 or not self._active:
            return out
        order = sorted(self._active, key=lambda track: -track.count)
        places = np.array([track.here for track in order])
        distance = np.hypot(places[:, :1] - spots.x_px[None, :], places[:, 1:] - spots.y_px[None, :])
        for row, track in enumerate(order):
            for index in np.argsort(distance[row])[:3].tolist():
                if distance[row, index] < gate_px and index not in out:
                    out[index] = track
                    break
        return out

    def _compare(self, grey: Image, scale: float, t_s: float) -> None:
        """Measure the slide of the best tracks against the kept views; keep this view too if it is needed."""
        now = self._places()
        size = (grey.shape[1], grey.shape[0])
        focal_px = 0.5 * max(size) / math.tan(math.radians(0.5 * self._profile.hfov_deg))
        worth = [track for track in self._active if track.missed == 0 or track.count >= 4]
        worth = sorted(worth, key=lambda track: -track.standing_db)[:_WORTH]
        for track in worth:
            if track.count % _ASKED == 0 or track.missed % _ASKED == 1:
                told = motion_evidence(track.slide, track.fade, track.cone.field(), persistence=track.persistence)
                track.motion_db = sum(line.weight_db for line in told)
            if track.missed == 0:
                track.peak = peak_at(grey, track.here, sample_px=1.0 / scale)
        done: set[int] = set()
        tries: dict[int, int] = {}
        nearest = min(self._views, key=lambda view: view.away_deg, default=None)
        for view in list(self._views):
            shared = [number for number in now if number in view.corners]
            if len(shared) < POINTS_MIN:
                self._drop(view)
                continue
            rows = [track for track in worth if view.number in track.anchors and id(track) not in done]
            rows = [track for track in rows if tries.get(id(track), 0) < _TRIES or view is nearest]
            if not rows:
                continue
            for track in rows:
                tries[id(track)] = tries.get(id(track), 0) + 1
            first = rays(np.array([view.corners[n] for n in shared]) / scale, focal_px=focal_px, size=size)
            second = rays(np.array([now[n] for n in shared]) / scale, focal_px=focal_px, size=size)
            view.tries += 1
            # Early on, and from time to time later, all motions are tried.
            thorough = view.tries in (2, 4, 7) or view.tries % 8 == 0
            view.motion = motion_between(first, second, focal_px=focal_px, near=view.motion, thorough=thorough)
            if view.motion is not None:
                done |= self._slides(rows, view, grey, 1.0 / scale, focal_px, size)
        self._dark_by_corners(worth, grey, 1.0 / scale, focal_px, size)
        lacking = sum(not track.anchors for track in worth)
        far = min((view.away_deg for view in self._views), default=0.0) > _VIEW_DEG
        if not self._views or (t_s - self._view_s >= _VIEW_S and (far or lacking > 0.15 * len(worth))):
            self._keep_view(worth, grey, scale, t_s)

    def _slides(
        self, tracks: list[Track], view: _View, grey: Image, sample_px: float, focal_px: float, size: tuple[int, int]
    ) -> set[int]:
        """Measure tracks against one view; return which surfaces were found."""
        assert view.motion is not None
        anchors = [track.anchors[view.number] for track in tracks]
        first = np.array([(anchor.x_px, anchor.y_px) for anchor in anchors])
        guess = np.array([anchor.here for anchor in anchors])
        far, _ = unturned(first, view.motion, focal_px=focal_px, size=size)
        hole = np.array([anchor.hole_px for anchor in anchors])
        out: set[int] = set()
        least = _TURN_ERRORS * focal_px * view.motion.turn_error
        for index, track in enumerate(tracks):
            way = np.array(track.here) - far[index]
            if track.missed == 0 and np.hypot(*way) > least:
                track.slide.saw(view.number, np.degrees(np.arctan(way / focal_px)))
        planes = _planes(grey, sample_px)
        # Of several depths in a window, the one nearest to the spot's own is looked for.
        start = np.array([_lies(t) if t.missed == 0 else a.here for t, a in zip(tracks, anchors, strict=True)])
        maps = facing_maps(first, start, view.motion, normal=view.normal, focal_px=focal_px, size=size)
        for window in reversed(range(len(_WINDOWS))):
            half, step = _WINDOWS[window][0], _WINDOWS[window][1] * sample_px
            patches = np.stack([anchor.patches[window] for anchor in anchors])
            aligned = align(patches, planes[window], start, hole_px=hole, half=half, step=step, maps=maps)
            moved = np.hypot(*(aligned.xy - guess).T)
            good = (aligned.correlation > _FOUND) & (moved < 8.0 * sample_px)
            start = np.where(good[:, None], aligned.xy, start)
            for index in np.flatnonzero(good).tolist():
                track = tracks[index]
                out.add(id(track))
                parallax = aligned.xy[index] - far[index]
                told = track.missed == 0 and anchors[index].sure and not math.isnan(track.peak[0])
                if told and np.hypot(*parallax) > least:
                    track.slide.add(
                        view.number,
                        window,
                        np.array(track.peak[:2]) - aligned.xy[index],
                        parallax,
                        aligned.precision[index],
                        sample_px=sample_px,
                    )
        for index, track in enumerate(tracks):
            if id(track) in out:
                anchors[index].here = (float(start[index, 0]), float(start[index, 1]))
                if track.missed:
                    track.slide.missed()
                    track.here, track.held = anchors[index].here, 0
        self._light_of(tracks, out, view, anchors, far, grey, sample_px, focal_px, size)
        return out

    def _dark_by_corners(
        self, tracks: list[Track], grey: Image, sample_px: float, focal_px: float, size: tuple[int, int]
    ) -> None:
        """Look at the places that were neither seen nor found again, on even surfaces, where corners carried them."""
        for track in tracks:
            if not track.missed or track.cone.last_frame == self._number:
                continue
            for view in self._views:
                anchor = track.anchors.get(view.number)
                if anchor is None or view.motion is None:
                    continue
                far, _ = unturned(np.array([[anchor.x_px, anchor.y_px]]), view.motion, focal_px=focal_px, size=size)
                angle = view_change_deg(far, np.array([track.here]), focal_px=focal_px, size=size)[0]
                light = peak_at(grey, track.here, sample_px=sample_px, reach=_CARRIED)[2]
                if not math.isnan(light):
                    whole = np.array(anchor.base_deg) + angle
                    track.cone.add(whole, light, seen=False, frame=self._number)
                break

    def _light_of(
        self,
        tracks: list[Track],
        found: set[int],
        view: _View,
        anchors: list[Anchor],
        far: Array,
        grey: Image,
        sample_px: float,
        focal_px: float,
        size: tuple[int, int],
    ) -> None:
        """Take the light at each track's place, lit or dark, with the direction of the view."""
        places = np.array([track.here for track in tracks])
        angles = view_change_deg(far, places, focal_px=focal_px, size=size)
        view.away_deg = float(np.median(np.hypot(*angles.T)))
        for track, anchor, place, angle in zip(tracks, anchors, places, angles, strict=True):
            seen = track.missed == 0
            if not (seen or id(track) in found) or track.cone.last_frame == self._number:
                continue
            track.angle_deg = (anchor.base_deg[0] + float(angle[0]), anchor.base_deg[1] + float(angle[1]))
            light = track.peak[2] if seen else peak_at(grey, place, sample_px=sample_px)[2]
            if not math.isnan(light):
                track.cone.add(np.array(track.angle_deg), light, seen=seen, frame=self._number)

    def _keep_view(self, worth: list[Track], grey: Image, scale: float, t_s: float) -> None:
        """Keep this frame as a view, with the surfaces of the spots seen in it."""
        rows = [track for track in worth if (track.missed == 0 or track.held <= 1) and track.last is not None]
        if not rows:
            return
        places = np.array([_lies(track) for track in rows])
        view = _View(number=self._views_made, corners=self._places())
        known = [item for item in self._views if item.motion is not None]
        if known:
            # Surfaces are taken to face the first view of the clip.
            assert known[0].motion is not None
            view.normal = known[0].motion.turn @ known[0].normal
        self._views_made += 1
        self._view_s = t_s
        self._views.append(view)
        patches = [
            cut(plane, places, half=half + 1, step=step / scale)
            for plane, (half, step) in zip(_planes(grey, 1.0 / scale), _WINDOWS, strict=True)
        ]
        for number, (track, (x, y)) in enumerate(zip(rows, places.tolist(), strict=True)):
            assert track.last is not None
            hole = 2.0 * float(track.last.radius_px[0]) + 2.0 / scale
            track.anchors[view.number] = Anchor(
                x_px=x, y_px=y, hole_px=min(hole, 6.0 / scale), here=(x, y), sure=track.missed == 0,
                patches=tuple(window[number] for window in patches),
                base_deg=track.angle_deg,
            )  # fmt: skip
        if len(self._views) > _VIEWS_MAX:
            self._drop(min(self._views[:-1], key=lambda item: sum(item.number in t.anchors for t in self._active)))

    def _drop(self, view: _View) -> None:
        """Give a view up."""
        self._views.remove(view)
        for track in self._active:
            track.slide.forget(view.number)
            track.anchors.pop(view.number, None)

    def _look_without_torch(self, image: Image) -> None:
        """Ask the first torch-off frames after a step how much of each spot is there without the torch."""
        if self._number - self._measured_frame > _MEASURE_FRAMES or self._off_frame > self._measured_frame:
            return
        self._off_frame = self._number
        tracks = [track for track in self._active if track.missed == 0 and track.last is not None]
        if not tracks:
            return
        grey = grey_of(image)
        rows, columns = grey.shape
        contrast = contrast_map(grey, glint_px=self._profile.glint_px(columns, rows), blur_px=self._profile.psf_px)
        reach = round(max(4.0, 0.5 * _GATE * max(rows, columns)))
        highest = np.asarray(cv2.dilate(contrast, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)))
        surround = cv2.medianBlur(grey, 15)
        floor = 4.0 * noise_of(grey)
        ahead = self._drift * (self._number - self._measured_frame)
        for track in tracks:
            assert track.last is not None
            x, y = int(track.here[0] + ahead[0]), int(track.here[1] + ahead[1])
            if 0 <= x < columns and 0 <= y < rows and len(track.left_off) < _OFF_MAX:
                there = max(float(highest[y, x]) - floor, 0.0) / (float(surround[y, x]) + 10.0)
                lit = float(track.last.contrast[0]) / (float(track.last.surround[0]) + 10.0)
                track.left_off.append(there / lit)

    def _let_go(self, image: Image) -> None:
        """End the tracks that were missed too long or left the picture."""
        rows, columns = image.shape[:2]
        going: list[Track] = []
        for track in self._active:
            inside = 0.0 <= track.here[0] < columns and 0.0 <= track.here[1] < rows
            gap = GAP_KNOWN if track.count >= GAP_MEASURES + 1 and track.anchors else GAP_MEASURES
            track.held += 1
            if track.count >= GAP_MEASURES + 2 and track.anchors:
                gap = GAP_HELD
            if inside and track.missed <= gap:
                going.append(track)
            else:
                for view in self._views:
                    track.slide.forget(view.number)
                track.anchors.clear()
                self._ended.append(track)
        self._active = going
        if len(self._ended) > 2 * ENDED_MAX:
            # A lens is seen for longer than a sparkle: keep what has both evidence and length.
            self._ended.sort(key=lambda track: -track.standing_db * min(track.count, 12))
            del self._ended[ENDED_MAX:]
