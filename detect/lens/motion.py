"""Whether a spot stays on its surface while the view changes.

With the camera's turn undone, a point's motion in the picture is its parallax, which is inversely proportional to
its distance. The surface around a spot gives the parallax of the place; what the spot moves against its surface,
as a share of that parallax, is how far before (+) or behind (-) its surface the spot's image lies, as a
share of the distance. This share needs no scale:

- a lens lies in its hole, at most a few millimetres deep: 0 to -0.3 % at 1 m;
- the image of the torch in a ball is seen where the ball's centre is: a bolt, tap or pipe of radius R has it
  R behind its front, or before its wall: 0.5 to 2.5 % at 1 m;
- flat gloss carries the mirror image along with the phone, as if it were far away: near -100 %.

What cannot be measured (an even surface, too little movement, two windows that disagree) weighs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ..result import Evidence
from ..weighing import weigh
from .cone import WRONG_MAX, Field
from .judge import PERSISTS_MIN

Array = NDArray[np.float64]

#: Share of the distance up to which a spot counts as lying on its surface. A lens 1.5 mm behind its hole has
#: 0.3 % at half a metre; a ball of 5 mm radius has 0.5 % at 1 m.
FIXED_SHARE = 0.004

#: Share from which it runs: no ball of a room is so large, so it is a mirror image in something flat.
RUNS_SHARE = 0.06

#: Standard error of the share up to which it is called fixed, and how many of them a slide must exceed.
ERROR_MAX, SLIDES_ERRORS = 0.0025, 2.5

#: Fewest measures of the slide, and fewest degrees of view change, before anything is said. Below two degrees a
#: ball of 10 mm radius at 1 m slides by a quarter of a pixel in a frame of 960 pixels.
MEASURES_MIN, VIEW_MIN_DEG = 4, 2.0

#: View change in which it must have been seen to count as seen from far apart; a lens of a pinhole camera
#: returns light within 10-28 degrees off its axis, and is seldom met on its axis.
WIDE_DEG = 30.0

#: Measures in a row in which the surface was found and the spot was not, from which it went out.
GONE_MIN = 3

#: Smooth change of the light that a lens's field makes, nats, and the
#: view change that it takes. Measured on synthetic training clips: at 0.13 and more 0.02 other things a clip became
#: suspects, at 0.10 already 0.10; spots on changing reflections lie above the upper end.
FADES, FADE_MIN_DEG = (0.13, 0.45), 5.0

#: Views over which a lens shines, degrees: published are +-10, lenses of the synthetic scenes have +-12 to +-25.
#: Glitter and flat gloss flash over less. What shines over more is no lens.
CONE_DEG = (7.0, 54.0)

#: Largest step of the view between the last lit and the first dark look, degrees: within more it may have slid away.
CONE_GAP_DEG = 5.0

#: Share of the measures in which a spot may be saturated: what is cut off tells nothing of how it changes. Measured on
#: synthetic training clips: most other things that seemed to fade were saturated.
SATURATED_MAX = 0.5

#: Standard deviation of a spot's measured centre, samples: the intensity-weighted centre of a compressed spot.
_CENTRE_PX = 0.15

#: Consecutive measures share codec and drift: each counts as a third of an independent one.
_SHARED = 3.0

#: Windows in which a surface is looked for, the smallest first.
WINDOWS = 3

#: Distance from the surface's path that a spot may have across the parallax, samples: more is a wrong match.
_ASIDE_PX = 1.0


@dataclass(slots=True, kw_only=True)
class Fade:
    """How much a spot's light changes smoothly while the view changes; constant size.

    A ball returns the torch's light into every direction alike, and paint, tape and paper hardly less so. A lens
    returns it within a field, less and less towards the field's rim. Noise changes from measure to measure, the
    field slowly: the mean square of successive differences (von Neumann, 1941) tells them apart.
    """

    count: int = 0
    total: float = 0.0
    square: float = 0.0
    steps: float = 0.0
    last: float = 0.0
    saturated: int = 0

    def add(self, light: float, *, saturated: bool = False) -> None:
        """Add the natural log of the spot's light over its surround's, and whether its peak was cut off."""
        self.saturated += saturated
        if self.count:
            self.steps += (light - self.last) ** 2
        self.count += 1
        self.last = light
        self.total += light
        self.square += light * light

    @property
    def spread(self) -> float:
        """Standard deviation of the smooth part, nats; NaN with fewer than six measures or a saturated spot."""
        if self.count < 6 or self.saturated > SATURATED_MAX * self.count:
            return float("nan")
        variance = self.square / self.count - (self.total / self.count) ** 2
        noise = 0.5 * self.steps / (self.count - 1)
        return float(np.sqrt(max(variance - noise, 0.0)))


class Course(Enum):
    """What a spot does on its surface."""

    FIXED = "fixed"
    SLIDES = "slides"
    RUNS = "runs"
    UNMEASURED = "unmeasured"
    STILL = "still"


@dataclass(slots=True, kw_only=True)
class Sums:
    """Normal equations of ``slide = share x parallax + offset`` for one view; the offset is the first view's error."""

    normal: Array = field(default_factory=lambda: np.zeros((3, 3)))
    pull: Array = field(default_factory=lambda: np.zeros(3))
    square: float = 0.0
    count: int = 0

    def add(self, slide: Array, parallax: Array, precision: Array) -> None:
        """Add one measure: pixels, pixels, and the inverse covariance of the slide."""
        design = np.array([[parallax[0], 1.0, 0.0], [parallax[1], 0.0, 1.0]])
        weighted = design.T @ precision
        self.normal += weighted @ design
        self.pull += weighted @ slide
        self.square += float(slide @ precision @ slide)
        self.count += 1

    def solve(self, *, centre_px: float) -> tuple[float, float]:
        """Return the share and its standard error; the error is infinite with too few measures."""
        if self.count < 2:
            return 0.0, float("inf")
        normal = self.normal + np.diag([1e-9, 1.0 / centre_px**2, 1.0 / centre_px**2])
        solution = np.linalg.solve(normal, self.pull)
        left = max(self.square - float(solution @ self.pull), 0.0)
        scatter = max(1.0, left / (2 * self.count - 1))
        error = float(np.sqrt(np.linalg.inv(normal)[0, 0] * scatter * _SHARED))
        return float(solution[0]), error


@dataclass(slots=True, kw_only=True)
class Slide:
    """What is known of a spot's motion over its surface; constant size.

    Parameters
    ----------
    rejected
        Measures that were no motion along the parallax, and so could not be used.
    seen_deg
        Largest change of the view over which it was seen, degrees.
    gone
        Longest run of measured frames in which its surface was found and it was not.
    back
        Whether it was seen again after such a run.
    """

    rejected: int = 0
    seen_deg: float = 0.0
    gone: int = 0
    back: bool = False
    _gone_now: int = 0
    _counts: dict[int, int] = field(default_factory=dict)
    _sums: dict[tuple[int, int], Sums] = field(default_factory=dict)
    _done: dict[int, Array] = field(default_factory=dict)
    _reach: dict[int, Array] = field(default_factory=dict)
    _reach_done: Array | None = None
    _centre_px: float = _CENTRE_PX

    def add(self, view: int, window: int, slide: Array, parallax: Array, precision: Array, *, sample_px: float) -> None:
        """Add a measure of one window against one view."""
        self._centre_px = _CENTRE_PX * sample_px
        size = float(np.hypot(*parallax))
        across = np.array([-parallax[1], parallax[0]]) / max(size, 1e-6)
        if size > 3.0 * sample_px and abs(float(slide @ across)) > _ASIDE_PX * sample_px + 0.05 * size:
            self.rejected += 1
            return
        covariance = np.asarray(np.linalg.inv(precision), np.float64) + self._centre_px**2 * np.eye(2)
        self._sums.setdefault((view, window), Sums()).add(
            slide, parallax, np.asarray(np.linalg.inv(covariance), np.float64)
        )
        self._counts[window] = self._counts.get(window, 0) + 1

    def saw(self, view: int, angle_deg: Array) -> None:
        """Note that it was seen `angle_deg` (2,) away from the view."""
        ways = np.array([[1.0, 0.0], [0.0, 1.0], [0.7071, 0.7071], [0.7071, -0.7071]]) @ angle_deg
        old = self._reach.get(view)
        new = np.stack([ways, ways]) if old is None else np.stack([np.minimum(old[0], ways), np.maximum(old[1], ways)])
        # It was also seen in the view itself.
        new[0], new[1] = np.minimum(new[0], 0.0), np.maximum(new[1], 0.0)
        self._reach[view] = new
        self.seen_deg = max(self.seen_deg, float((new[1] - new[0]).max()))
        if self._gone_now >= 2:
            self.back = True
        self._gone_now = 0

    def missed(self) -> None:
        """Note that its surface was found and it was not there."""
        self._gone_now += 1
        self.gone = max(self.gone, self._gone_now)

    def forget(self, view: int) -> None:
        """Keep the outcome of a view that is given up, not its sums."""
        reach = self._reach.pop(view, None)
        if reach is not None:
            old = self._reach_done
            both = reach if old is None else np.stack([np.minimum(old[0], reach[0]), np.maximum(old[1], reach[1])])
            self._reach_done = both
        for window in range(WINDOWS):
            sums = self._sums.pop((view, window), None)
            if sums is not None:
                self._done[window] = self._done.get(window, np.zeros(2)) + _weighted(sums, self._centre_px)

    def of_window(self, window: int) -> tuple[float, float]:
        """Return share and standard error by one window."""
        total = self._done.get(window, np.zeros(2)).copy()
        for (_, which), sums in self._sums.items():
            if which == window:
                total += _weighted(sums, self._centre_px)
        if total[0] <= 0.0:
            return 0.0, float("inf")
        return float(total[1] / total[0]), float(1.0 / np.sqrt(total[0]))

    @property
    def measures(self) -> int:
        """Measures that were used, of the window that has most."""
        return max(self._counts.values(), default=0)

    @property
    def share(self) -> tuple[float, float]:
        """How far before its surface the spot lies, as a share of the distance, and its standard error."""
        return self._chosen()[:2]

    def _chosen(self) -> tuple[float, float, int]:
        """Return share, standard error and number of the window that tells.

        The smallest window whose error is not much above the least; the error is infinite where a smaller one
        that can tell disagrees with it: then one of them follows something else.
        """
        found = [self.of_window(window) for window in range(WINDOWS)]
        least = min(error for _, error in found)
        for place, (share, error) in enumerate(found):
            if error > max(ERROR_MAX, 1.5 * least) or np.isinf(error):
                continue
            for other, its_error in found[:place]:
                if its_error < 2.0 * ERROR_MAX and abs(share - other) > 3.0 * np.hypot(error, its_error):
                    return share, float("inf"), place
            return share, error, place
        return 0.0, float("inf"), 0

    @property
    def course(self) -> Course:
        """What the spot does on its surface."""
        share, error, window = self._chosen()
        if self.seen_deg < VIEW_MIN_DEG and self.measures:
            return Course.STILL
        if self.measures < MEASURES_MIN or np.isinf(error):
            return Course.UNMEASURED
        if abs(share) > FIXED_SHARE and abs(share) > SLIDES_ERRORS * error:
            # What lies before its surface may be an object before a wall that a large window found instead.
            if share > 0.0 and window > 0:
                return Course.UNMEASURED
            return Course.RUNS if abs(share) > RUNS_SHARE else Course.SLIDES
        if error <= ERROR_MAX and abs(share) <= FIXED_SHARE + error and not self._doubted():
            return Course.FIXED
        return Course.UNMEASURED

    def _doubted(self) -> bool:
        """Whether any window has the spot behind its surface, or the smallest has it before."""
        for window in range(WINDOWS):
            share, error = self.of_window(window)
            if -share - FIXED_SHARE > error or (window == 0 and share - FIXED_SHARE > error):
                return True
        return False

    @property
    def unseen_side(self) -> str:
        """Side to which the phone moved less, "left" or "right"; empty if it moved evenly or hardly at all."""
        lowest = min((reach[0][0] for reach in self._reach_kept()), default=0.0)
        highest = max((reach[1][0] for reach in self._reach_kept()), default=0.0)
        if highest - lowest < VIEW_MIN_DEG or abs(highest + lowest) < 0.3 * (highest - lowest):
            return ""
        # What moved to the right in the picture was passed to the left.
        return "right" if highest > -lowest else "left"

    def _reach_kept(self) -> list[Array]:
        return [*self._reach.values(), *([self._reach_done] if self._reach_done is not None else [])]


def _weighted(sums: Sums, centre_px: float) -> Array:
    """Return weight and weighted share of one view."""
    share, error = sums.solve(centre_px=centre_px)
    weight = 0.0 if np.isinf(error) or error <= 0.0 else 1.0 / error**2
    return np.array([weight, weight * share])


def motion_evidence(
    slide: Slide, fade: Fade, field: Field | None = None, *, persistence: float = math.nan
) -> tuple[Evidence, ...]:
    """Return what a spot's motion over its surface, and the change of its light with the view, say.

    Parameters
    ----------
    slide, fade
        Of the spot.
    field
        Over which views it shone.
    persistence
        Share of its contrast without the torch; NaN if the torch was never off.
    """
    share, error = slide.share
    course = slide.course
    angle = f"while the view changed by {slide.seen_deg:.0f} degrees"
    reach_mm = f"{1000 * abs(share):.0f} mm"
    fading = slide.seen_deg >= FADE_MIN_DEG and FADES[0] <= fade.spread < FADES[1]
    percent = f"{100 * (math.exp(fade.spread) - 1):.0f} %" if fading else ""
    if course is Course.FIXED:
        out = [
            weigh("steady.fixed", f"it stayed on its surface, to {1000 * (abs(share) + error):.0f} mm at 1 m, {angle}")
        ]
    elif course is Course.SLIDES:
        where = "before" if share > 0 else "behind"
        out = [weigh("motion.slides", f"it slid over its surface {angle}, as if it lay {reach_mm} {where} it at 1 m")]
    elif course is Course.RUNS:
        out = [weigh("motion.runs", f"it ran over its surface {angle}, as a mirror image does")]
    elif course is Course.STILL:
        out = [weigh("motion.still", "the phone moved too little to tell whether it stays on its surface")]
    else:
        says = "its surface is too even, or the view changed too little, to tell whether it slides"
        out = [weigh("motion.unmeasured", says)]
    cone = None if field is None else _cone(course, field, persistence=persistence)
    # Alone it does not last: on reflections that come and go it was seen in rendered rooms, never on what stays.
    if fading and course is Course.FIXED and cone is None:
        out.append(weigh("motion.fades", f"its light changed by {percent} {angle}, as a lens's does over its field"))
    if cone is not None:
        out.append(cone)
    if cone is None and slide.gone >= GONE_MIN:
        out.append(weigh("steady.goes_out", "it went out while its surface was still in view"))
    if cone is None and slide.seen_deg >= WIDE_DEG:
        out.append(
            weigh("motion.wide", f"it was seen over {slide.seen_deg:.0f} degrees of view, wider than most lenses")
        )
    return tuple(out)


def _cone(course: Course, field: Field, *, persistence: float) -> Evidence | None:
    """Return what the views over which a spot shone say; None if they say nothing."""
    if field.wrong > WRONG_MAX:
        return None
    over = f"it shone over {field.lit_deg:.0f} degrees of view"
    if field.lit_deg > CONE_DEG[1]:
        return weigh("motion.all_round", f"{over}, more than lenses do") if field.sides < 2 else None
    if field.sides == 0 or field.lit_deg < CONE_DEG[0] or field.gap_deg > CONE_GAP_DEG:
        return None
    if course in (Course.SLIDES, Course.RUNS) or persistence >= PERSISTS_MIN:
        return None
    if field.sides == 1:
        return weigh("steady.cone_side", f"{over} and went out on one side, its place still in view")
    says = f"{over} and went out on both sides, its place still in view, as a lens does"
    return weigh("motion.cone" if course is Course.FIXED else "motion.cone_even", says)
