"""Lights of a clip taken in the dark with the torch off, followed over its frames.

There is little else to be seen in such a clip, so the lights themselves tell how the picture moved: the shift on
which most of them agree from frame to frame. A light is looked for where that shift puts it. What stays on the same
pixels while the rest moves is no light but a fault of the sensor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..result import Examined, Source, SourceState, Where
from .clip import ExaminedClip, Frame
from .glow import (
    LISTED_MAX,
    Glow,
    facts_of,
    findings_of,
    glow_evidence,
    glows_of,
    is_fault,
    not_dark,
    title_of,
)
from .lights import DARK_MAX, Lights, darkness_of
from .profile import CameraProfile
from .spots import Image

#: Fewest frames in which a light must be seen: noise does not come back to the same place.
FRAMES_MIN = 3

#: Share of the frames since its first in which a steady light is seen.
STEADY_MIN = 0.6

#: How far from where the shift puts it a light is still the same, as a share of the longer side.
_GATE = 0.012

#: Largest shift between two frames, as a share of the longer side: a quick pan at 15 frames a second.
_SHIFT_MAX = 0.12

#: Two lights moved alike within this many pixels, and a light votes for the shift by the square of its radius up to
#: this: one large lamp must not outvote the rest.
_AGREE_PX, _AREA_MAX = 1.5, 36.0

#: A fault of the sensor stays within this many pixels, while the picture has moved by the second number in sum.
_FIXED_PX, _MOVED_PX = 1.0, 8.0

#: Lights of one frame that are followed, strongest first, and tracks that are kept.
_FOLLOWED, _TRACKS_MAX = 40, 400

#: Places of a track that are kept at most, for drawing it.
_PATH_MAX = 120


@dataclass(slots=True, kw_only=True)
class _Track:
    """One light over the frames."""

    number: int
    x_px: float
    y_px: float
    radius_px: float
    first_frame: int
    last_frame: int
    count: int = 0
    missed: int = 0
    moved_px: float = 0.0
    start: tuple[float, float] = (0.0, 0.0)
    strayed_px: float = 0.0
    rules: Counter[str] = field(default_factory=Counter)
    beside: Counter[int] = field(default_factory=Counter)
    members: Counter[int] = field(default_factory=Counter)
    best: float = -1.0
    strength: float = 0.0
    here: Where = field(default_factory=Where)
    where: Where = field(default_factory=Where)
    path: list[tuple[int, float, float]] = field(default_factory=list)
    stride: int = 1

    @property
    def sensor_fixed(self) -> bool:
        """Whether it stayed on its pixels while the room moved."""
        return self.strayed_px <= _FIXED_PX and self.moved_px >= _MOVED_PX


def examine_dark_clip(
    frames: Iterable[Frame],
    *,
    source_id: str,
    name: str,
    profile: CameraProfile | None = None,
    facts: dict[str, Any] | None = None,
) -> ExaminedClip:
    """Follow and judge the lights of a clip taken in the dark with the torch off.

    Parameters
    ----------
    frames
        In order; taken one by one.
    source_id, name, profile, facts
        As for :func:`.clip.examine_clip`.

    Returns
    -------
    ExaminedClip
        Source of kind ``dark_video``; findings never above ``look``.
    """
    active: list[_Track] = []
    ended: list[_Track] = []
    stills: dict[int, Image] = {}
    levels: list[float] = []
    number, made, last_s = -1, 0, 0.0
    for number, frame in enumerate(frames):
        levels.append(darkness_of(frame.image))
        last_s = frame.t_s
        lights, glows = glows_of(frame.image, profile=profile, dark=levels[-1] <= DARK_MAX)
        owner = _follow(active, lights, longest=max(frame.image.shape[:2]))
        for index in range(min(len(lights), _FOLLOWED)):
            if index not in owner:
                x, y = float(lights.x_px[index]), float(lights.y_px[index])
                owner[index] = _Track(
                    number=made, x_px=x, y_px=y, radius_px=float(lights.radius_px[index]), start=(x, y),
                    first_frame=number, last_frame=number,
                )  # fmt: skip
                active.append(owner[index])
                made += 1
        for glow in glows:
            _see(glow, lights, owner, frame=number, t_s=frame.t_s)
        gone = [track for track in active if track.missed > 5]
        active = [track for track in active if track.missed <= 5]
        ended += [track for track in gone if track.count >= FRAMES_MIN]
        ended = sorted(ended, key=lambda track: -track.count)[:_TRACKS_MAX]
        leading = _leading([*ended, *active])
        for track in leading:
            # One that has just come to be listed is shown by a frame that is still at hand.
            if track.where.frame not in stills and track.here.frame == number:
                track.where, track.best = track.here, track.strength
        wanted = {track.where.frame for track in leading}
        if number in wanted:
            stills[number] = frame.image
        for old in stills.keys() - wanted:
            del stills[old]
    judged = []
    for track in _leading([*ended, *active]):
        rules, count = _rules(track), track.members.most_common(1)[0][0]
        judged.append((glow_evidence(rules, count=count), title_of(rules, count=count), _where(track)))
    findings, looks, beyond = findings_of(judged, source_id=source_id)
    level = float(np.median(levels)) if levels else 0.0
    reason = "holds no frame that could be decoded" if number < 0 else not_dark(level) if level > DARK_MAX else None
    state = SourceState.NOT_EXAMINED if number < 0 else SourceState.PARTIAL if reason else SourceState.EXAMINED
    followed = [track for track in (*ended, *active) if track.count >= FRAMES_MIN]
    faults = sum(is_fault(_rules(track)) for track in followed)
    source = Source(
        id=source_id,
        kind="dark_video",
        name=name,
        state=state,
        reason=reason,
        facts={
            **(facts or {}),
            "frames": number + 1,
            "seconds": round(last_s, 2),
            **facts_of(level, len(followed) - faults, faults, looks, beyond),
        },
    )
    return ExaminedClip(examined=Examined(source=source, findings=findings), stills=stills)


def _follow(active: list[_Track], lights: Lights, *, longest: int) -> dict[int, _Track]:
    """Move the tracks by the picture's shift; return which light continues which track."""
    count = min(len(lights), _FOLLOWED)
    x, y = lights.x_px[:count], lights.y_px[:count]
    shift_x, shift_y = _shift(active, lights, longest=longest)
    owner: dict[int, _Track] = {}
    moved = float(np.hypot(shift_x, shift_y))
    for track in sorted(active, key=lambda track: -track.count):
        track.missed += 1
        free = np.array([index not in owner for index in range(count)], dtype=bool)
        if not free.any():
            track.x_px, track.y_px = track.x_px + shift_x, track.y_px + shift_y
            continue
        # A fault of the sensor is where it was before; anything else where the shift puts it.
        stayed = np.where(free, np.hypot(x - track.start[0], y - track.start[1]), np.inf)
        carried = np.where(free, np.hypot(x - track.x_px - shift_x, y - track.y_px - shift_y), np.inf)
        fixed = track.strayed_px <= _FIXED_PX and stayed.min() <= _FIXED_PX
        distance = stayed if fixed else carried
        index = int(np.argmin(distance))
        if distance[index] > _GATE * longest:
            track.x_px, track.y_px = track.x_px + shift_x, track.y_px + shift_y
            continue
        owner[index] = track
        track.moved_px += moved
        track.x_px, track.y_px, track.radius_px = float(x[index]), float(y[index]), float(lights.radius_px[index])
        track.strayed_px = max(track.strayed_px, float(stayed[index]))
    return owner


def _shift(active: list[_Track], lights: Lights, *, longest: int) -> tuple[float, float]:
    """Return the shift that most light agrees on, each pair of lights weighed by the smaller one's area.

    Faults of the sensor vote for no shift, but are small; those that are known as such do not vote.
    """
    tracks = [track for track in active if not track.missed and not track.sensor_fixed]
    if not tracks or len(lights) == 0:
        return 0.0, 0.0
    x, y, radius = (column[:_FOLLOWED] for column in (lights.x_px, lights.y_px, lights.radius_px))
    dx = (x[None, :] - np.array([track.x_px for track in tracks])[:, None]).ravel()
    dy = (y[None, :] - np.array([track.y_px for track in tracks])[:, None]).ravel()
    weight = np.minimum(radius[None, :], np.array([track.radius_px for track in tracks])[:, None]).ravel() ** 2
    near = np.hypot(dx, dy) < _SHIFT_MAX * longest
    dx, dy, weight = dx[near], dy[near], np.minimum(weight[near], _AREA_MAX)
    if len(dx) == 0:
        return 0.0, 0.0
    agree = np.hypot(dx[:, None] - dx[None, :], dy[:, None] - dy[None, :]) < _AGREE_PX
    best = int(np.argmax((agree * weight[None, :]).sum(axis=1)))
    own = agree[best]
    return float(np.average(dx[own], weights=weight[own])), float(np.average(dy[own], weights=weight[own]))


def _see(glow: Glow, lights: Lights, owner: dict[int, _Track], *, frame: int, t_s: float) -> None:
    """Add one sighting to the tracks of a group's members."""
    own = [owner[index] for index in glow.group.members if index in owner]
    strength = float(sum(lights.height[index] for index in glow.group.members))
    for track in own:
        track.count += 1
        track.missed = 0
        track.last_frame = frame
        track.rules.update(glow.rules)
        track.members[len(glow.group.members)] += 1
        track.beside.update(other.number for other in own if other is not track)
        track.strength = strength
        track.here = Where(
            x_px=round(glow.x_px, 2),
            y_px=round(glow.y_px, 2),
            radius_px=round(glow.group.radius_px, 2),
            frame=frame,
            t_s=round(t_s, 3),
        )
        if strength > track.best:
            track.best, track.where = strength, track.here
        if frame % track.stride == 0:
            track.path.append((frame, round(glow.x_px, 2), round(glow.y_px, 2)))
        if len(track.path) > _PATH_MAX:
            track.stride *= 2
            track.path = [place for place in track.path if place[0] % track.stride == 0]


def _rules(track: _Track) -> tuple[str, ...]:
    """Return the rules that held in most of the sightings, and what the frames together say."""
    rules = [rule for rule, count in track.rules.items() if 2 * count > track.count]
    if not any(rule in rules for rule in ("glow.violet", "glow.whitish", "glow.reddish", "glow.coloured")):
        rules = ["glow.colour_unknown", *(rule for rule in rules if rule != "glow.colour_unknown")]
    if track.sensor_fixed:
        rules.append("glow.sensor_fixed")
    if track.count < STEADY_MIN * (track.last_frame - track.first_frame + 1):
        rules.append("glow.fitful")
    return tuple(rules)


def _where(track: _Track) -> Where:
    place = track.where
    return Where(
        x_px=place.x_px, y_px=place.y_px, radius_px=place.radius_px, frame=place.frame, t_s=place.t_s,
        track=tuple(track.path),
    )  # fmt: skip


def _leading(tracks: list[_Track]) -> list[_Track]:
    """Return the tracks that would be listed, one for each group, strongest evidence first."""
    ranked = sorted(
        (track for track in tracks if track.count >= FRAMES_MIN and not is_fault(_rules(track))),
        key=lambda track: (-_weight(track), -track.count, track.number),
    )
    out: list[_Track] = []
    shown: set[int] = set()
    for track in ranked:
        # Seen in one group with one that is listed, most of the time.
        if any(2 * count > track.count and other in shown for other, count in track.beside.items()):
            continue
        out.append(track)
        shown.add(track.number)
        if len(out) == LISTED_MAX:
            break
    return out


def _weight(track: _Track) -> float:
    return sum(line.weight_db for line in glow_evidence(_rules(track), count=1))
