"""Over which views a spot shines: a lens answers within a cone about its axis and goes out beyond it.

In every measured frame the light at the spot's place is taken, whether the detector sees a spot there or not, with
the direction from which the place is seen. Sorted by direction, a lens shines over 8 to 50 degrees and is dark
beside; a ball, paint, a matt lamp and tape shine over all that a hand can reach, flat gloss and glitter over a few.

The light is compared with the surround's, so that exposure and the torch's distance cancel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .measures import Image

Array = NDArray[np.float64]

#: Looks that are kept of a spot; of longer clips every second, fourth ... is.
LOOKS_MAX = 200

#: Share of its usual light below which a spot counts as dark, and from which it counts as lit: between them it is
#: neither, for a lens fades towards the rim of its field.
DARK_SHARE, LIT_SHARE = 0.15, 0.3

#: Fewest looks from within and from beyond the cone.
LIT_MIN, DARK_MIN = 5, 4

#: Share of looks that may contradict the cone: a place is missed now and then, or another thing lies there.
WRONG_MAX = 0.08

#: Radius in which a spot's peak is looked for around its place, and of the ring that is its surround, samples.
_PEAK, _RING = 2.0, (5.5, 8.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Over which views a spot shines, degrees along the way of the phone.

    Parameters
    ----------
    lit_deg
        Between the outermost views in which it shone.
    all_deg
        Between the outermost views on its place.
    lit, before, after
        Looks: lit ones, dark ones beyond the first end, and beyond the second.
    gap_deg
        The larger of the steps between the last lit and the first dark look.
    wrong
        Share of the looks that contradict: dark within, or lit beyond.
    """

    lit_deg: float
    all_deg: float
    lit: int
    before: int
    after: int
    gap_deg: float
    wrong: float

    @property
    def sides(self) -> int:
        """On how many sides it goes out."""
        return (self.before >= DARK_MIN) + (self.after >= DARK_MIN)


@dataclass(slots=True, kw_only=True)
class Cone:
    """The light of one place by the direction of the view; bounded size."""

    looks: list[tuple[float, float, float, bool]] = field(default_factory=list)
    last_frame: int = -1
    _stride: int = 1
    _count: int = 0

    def add(self, angle_deg: Array, light: float, *, seen: bool, frame: int) -> None:
        """Add a look: direction against the first view, light over the surround's, whether the detector saw it."""
        self.last_frame = frame
        self._count += 1
        if self._count % self._stride == 0:
            self.looks.append((float(angle_deg[0]), float(angle_deg[1]), light, seen))
        if len(self.looks) > LOOKS_MAX:
            self._stride *= 2
            self.looks = self.looks[::2]

    def field(self) -> Field | None:
        """Return over which views the place shone, or None if there are too few looks."""
        if len(self.looks) < LIT_MIN + DARK_MIN:
            return None
        looks = np.array(self.looks)
        angles, light, seen = looks[:, :2], looks[:, 2], looks[:, 3] > 0.5
        if seen.sum() < LIT_MIN:
            return None
        centred = angles - angles.mean(axis=0)
        _, _, ways = np.linalg.svd(centred, full_matrices=False)
        along = centred @ ways[0]
        usual = float(np.median(light[seen]))
        lit = light > LIT_SHARE * usual
        dark = (light < DARK_SHARE * usual) & ~seen
        order = np.argsort(along)
        along, lit, dark = along[order], lit[order], dark[order]
        # The interval with the fewest contradictions: lit looks count for it within, dark ones against it.
        worth = np.concatenate([[0.0], np.cumsum(lit.astype(float) - dark)])
        lowest = np.minimum.accumulate(worth)
        end = int(np.argmax(worth - lowest))
        start = int(np.argmin(worth[: end + 1]))
        if end - start < LIT_MIN:
            return None
        wrong = int(dark[start:end].sum() + lit[:start].sum() + lit[end:].sum())
        before, after = int(dark[:start].sum()), int(dark[end:].sum())
        gaps = [float(along[start] - along[:start][dark[:start]].max())] if before else []
        gaps += [float(along[end:][dark[end:]].min() - along[end - 1])] if after else []
        return Field(
            lit_deg=float(along[end - 1] - along[start]),
            all_deg=float(along[-1] - along[0]),
            lit=int(lit[start:end].sum()),
            before=before,
            after=after,
            gap_deg=max(gaps, default=0.0),
            wrong=wrong / len(along),
        )


def peak_at(
    grey: Image, xy: Array | tuple[float, float], *, sample_px: float, reach: float = _PEAK
) -> tuple[float, float, float]:
    """Return the brightest point about a place: x, y, and its linear light over its surround's, 0 and less if dark.

    The centre of what is above half of the peak: of a highlight on a pale screw's head the highlight, where the
    centre of all that is bright would be the head's. Looked for within `reach` samples. All NaN near the picture's
    edge.
    """
    side = math.ceil((_RING[1] + 1.0) * sample_px)
    x, y = int(xy[0]), int(xy[1])
    rows, columns = grey.shape
    if not (side <= x < columns - side and side <= y < rows - side):
        return math.nan, math.nan, math.nan
    part = grey[y - side : y + side + 1, x - side : x + side + 1]
    offset = np.arange(-side, side + 1) + 0.5
    across, down = offset[None, :] + (x - xy[0]), offset[:, None] + (y - xy[1])
    away = np.hypot(across, down) / sample_px
    surround = float(np.median(part[(away > _RING[0]) & (away < _RING[1])]))
    peak = float(part[away <= reach].max())
    excess = (part - (surround + 0.5 * (peak - surround))) * (away <= reach + 1.5)
    excess = np.maximum(excess, 0.0)
    total = float(excess.sum())
    light = (_linear(peak) - _linear(surround)) / (_linear(surround) + 0.01)
    if peak <= surround or total <= 0.0:
        return float(xy[0]), float(xy[1]), light
    return float(xy[0] + (excess * across).sum() / total), float(xy[1] + (excess * down).sum() / total), light


def _linear(level: float) -> float:
    """Linear light of a grey level by the plain power law."""
    return math.pow(level / 255.0, 2.2)
