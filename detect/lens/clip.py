"""Clips to findings: every spot followed over the frames and judged by its mean evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..result import Evidence, Examined, Finding, FindingKind, Level, Source, SourceState, Where
from ..weighing import level_of, probability_of, weigh
from .examine import ADVICE_NOTED, LISTED_MAX, LOOKS_MAX
from .follow import Follower, Track
from .judge import shape_evidence
from .profile import CameraProfile
from .spots import Image

#: Fewest frames in which a spot must be seen: fewer are a sparkle, or a place passed too quickly to judge.
#: Measured: every lens of the rendered clips is seen in 19 or more of 24 frames.
FRAMES_MIN = 6

#: Share of the frames from which a spot counts as steady.
STEADY_MIN = 0.9

ADVICE_CLIP = (
    "Go there with the torch beside the phone's camera, about half a metre away, and film it while you move the "
    "phone slowly 20 cm from side to side. A lens keeps its bright point on the same place until it goes out at "
    "once; on a screw or a tap the point slides. Look for a hole in the object around it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a clip: (rows, columns, 3) uint8 blue-green-red, upright, and its time in seconds."""

    image: Image
    t_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedClip:
    """A clip's outcome.

    Parameters
    ----------
    examined
        Source of kind ``video`` and findings with frame, time and track.
    stills
        The frame that shows each listed finding best, by frame number.
    """

    examined: Examined
    stills: dict[int, Image]


def examine_clip(
    frames: Iterable[Frame],
    *,
    source_id: str,
    name: str,
    profile: CameraProfile | None = None,
    facts: dict[str, Any] | None = None,
) -> ExaminedClip:
    """Follow and judge the spots of a clip taken with the torch on.

    Parameters
    ----------
    frames
        In order; taken one by one, so that memory does not grow with the clip's length.
    source_id, name
        Of the source that is returned.
    profile
        The camera; the stated defaults if None.
    facts
        What is known of the file, for the source's facts.
    """
    follower = Follower(profile=profile)
    stills: dict[int, Image] = {}
    number = -1
    last_s = 0.0
    for number, frame in enumerate(frames):
        follower.push(frame.image, t_s=frame.t_s)
        last_s = frame.t_s
        wanted = {track.best_frame for track in _leading(follower)}
        if number in wanted:
            stills[number] = frame.image
        for old in stills.keys() - wanted:
            del stills[old]
    chosen = _leading(follower)
    judged = sorted(((_evidence(track), track) for track in chosen), key=lambda item: -_sum(item[0]))
    findings: list[Finding] = []
    looks = 0
    for evidence, track in judged:
        level = level_of(evidence, look="policy.look_glint_db")
        if level is not Level.NOTED:
            looks += 1
            level = level if looks <= LOOKS_MAX else Level.NOTED
        findings.append(_finding(track, evidence, level, number=len(findings) + 1, source_id=source_id))
    empty = number < 0
    source = Source(
        id=source_id,
        kind="video",
        name=name,
        state=SourceState.NOT_EXAMINED if empty else SourceState.EXAMINED,
        reason="holds no frame that could be decoded" if empty else None,
        facts={**(facts or {}), "frames": number + 1, "seconds": round(last_s, 2), "spots_worth_a_look": looks},
    )
    return ExaminedClip(examined=Examined(source=source, findings=tuple(findings)), stills=stills)


def with_damage(clip: ExaminedClip, damage: str) -> ExaminedClip:
    """Return the outcome of a clip that was not whole: `damage` is a clause whose subject is the clip."""
    source = clip.examined.source
    if source.state is SourceState.EXAMINED:
        source = replace(source, state=SourceState.PARTIAL, reason=damage)
    return replace(clip, examined=replace(clip.examined, source=source))


def _leading(follower: Follower) -> list[Track]:
    """Return the tracks that would be listed."""
    return [track for track in follower.tracks() if track.count >= FRAMES_MIN][:LISTED_MAX]


def _sum(evidence: tuple[Evidence, ...]) -> float:
    return sum(line.weight_db for line in evidence)


def _evidence(track: Track) -> tuple[Evidence, ...]:
    """Return the mean evidence of the shape, and whether the spot was steadily there."""
    means = {rule: np.array([total / track.count]) for rule, total in track.cues_db.items()}
    shape = shape_evidence(track.best, means, 0)
    seen = f"seen in {track.count} of {max(track.possible, track.count)} frames in which its place was in the picture"
    rule = "steady.seen" if track.share_seen >= STEADY_MIN else "steady.fitful"
    return (*shape, weigh(rule, seen))


def _finding(track: Track, evidence: tuple[Evidence, ...], level: Level, *, number: int, source_id: str) -> Finding:
    return Finding(
        id=f"{source_id}-{number}",
        kind=FindingKind.LENS_GLINT,
        level=level,
        probability=probability_of(evidence, prior="prior.glint"),
        title="A small bright spot that stays while the camera moves",
        source_ids=(source_id,),
        where=Where(
            x_px=round(float(track.best.x_px[0]), 2),
            y_px=round(float(track.best.y_px[0]), 2),
            radius_px=round(float(track.best.radius_px[0]), 2),
            frame=track.best_frame,
            t_s=round(track.best_s, 3),
            track=tuple((frame, round(x, 2), round(y, 2)) for frame, x, y in track.path),
        ),
        evidence=evidence,
        advice=ADVICE_NOTED if level is Level.NOTED else ADVICE_CLIP,
    )
