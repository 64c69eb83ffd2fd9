"""Moments of a clip at which a finding is shown: picked from its track, cut from the frames in a second reading.

The frames were let go when they had been examined, so that memory does not grow with the clip; for a report a few
of them are wanted again. Only the part around the spot is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ...detect.lens.clip import Frame
from ...detect.result import Finding
from .crops import View

#: Views of one finding: five fit side by side on a phone's screen.
VIEWS = 5

#: Side of the part of a frame that is kept, px, and what of it is wanted for a large spot in its radii.
_SIDE_PX, _SIDE_RADII = 96, 16.0


def moments(finding: Finding, *, at_most: int = VIEWS) -> tuple[tuple[int, float, float], ...]:
    """Return ``(frame, x_px, y_px)`` at which to show a clip's finding: evenly over its track, its ends among them."""
    track = finding.where.track or ()
    if len(track) <= at_most:
        return tuple(track)
    picked = np.unique(np.linspace(0, len(track) - 1, at_most).round().astype(int))
    return tuple(track[index] for index in picked.tolist())


def views_of(frames: Iterable[Frame], findings: Sequence[Finding]) -> Mapping[str, tuple[View, ...]]:
    """Return the views of each finding, by its id.

    Parameters
    ----------
    frames
        All frames of the clip once more, from the first; read no further than needed.
    findings
        Those to show; without a track they get no view.
    """
    wanted: dict[int, list[tuple[Finding, float, float]]] = {}
    for finding in findings:
        for number, x, y in moments(finding):
            wanted.setdefault(number, []).append((finding, x, y))
    out: dict[str, list[View]] = {}
    if not wanted:
        return {}
    last = max(wanted)
    for number, frame in enumerate(frames):
        for finding, x, y in wanted.get(number, ()):
            out.setdefault(finding.id, []).append(_cut(frame, x, y, radius_px=finding.where.radius_px or 2.0))
        if number >= last:
            break
    return {name: tuple(views) for name, views in out.items()}


def _cut(frame: Frame, x: float, y: float, *, radius_px: float) -> View:
    """Return the part of a frame around (x, y)."""
    height, width = frame.image.shape[:2]
    half = math.ceil(max(_SIDE_PX, _SIDE_RADII * radius_px) / 2)
    left, top = max(0, min(math.floor(x) - half, width - 1)), max(0, min(math.floor(y) - half, height - 1))
    part = frame.image[top : math.floor(y) + half + 1, left : math.floor(x) + half + 1].copy()
    return View(image=np.asarray(part, dtype=np.uint8), x_px=x - left, y_px=y - top, t_s=frame.t_s)
