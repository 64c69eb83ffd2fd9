"""Clips to findings: every spot followed over the frames, judged by its mean shape, its motion and the torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..result import Evidence, Examined, Finding, FindingKind, Level, Source, SourceState, Where
from ..weighing import level_of, probability_of, weigh
from .examine import ADVICE_NOTED, LISTED_MAX, LOOKS_MAX
from .follow import Follower, Track
from .judge import shape_evidence, torch_evidence
from .motion import Course, motion_evidence
from .profile import CameraProfile
from .spots import Image, Spots

#: Fewest measured frames in which a spot must be seen: fewer are a sparkle, or a place passed too quickly to judge.
#: Measured: lenses of the rendered clips are seen in 10 or more of 12 measured frames.
FRAMES_MIN = 5

#: Share of the measured frames from which a spot counts as steady.
STEADY_MIN = 0.9

#: Rules of what shines within a field of view and goes out beyond it.
_CONES = ("motion.cone", "motion.cone_even", "steady.cone_side")

_NEAR = "Go there with the torch beside the phone's camera, about half a metre away, and "
_ARC = (
    "film it for ten seconds: begin where it shines and move the phone slowly 30 cm to one side, then 30 cm to the "
    "other, with the point kept in the middle; at the end switch the torch off for a second. "
)
_LENS = (
    "A lens keeps its bright point on the same place and goes out on either side; on a screw or tap the point slides, "
    "and most other things shine on. "
)
_HOLE = "Look for a hole in the object around it."

ADVICE_CLIP = f"{_NEAR}{_ARC}{_LENS}{_HOLE}"
ADVICE_STILL = f"The phone moved too little to tell a lens from a screw. Go to about half a metre and {_ARC}{_LENS}"
ADVICE_UNMEASURED = (
    "What is around the point is too even, or the way was too short, to tell whether it slides. Go to 30 to 50 cm, so "
    f"that the edges of the object are in the picture, and {_ARC}Go farther {{side}}. {_LENS}"
)
ADVICE_FIXED = (
    "The point stayed on its surface while you moved. Go near and look for a hole there; move further {side}: a lens "
    "goes out within about 25 degrees, most reflectors stay. Switch the torch off: a lamp stays. Cover the point until "
    "you know."
)
ADVICE_CONE = (
    "The point shone only from within a narrow field and went out beyond, as a lens does; a screw deep in a hole does "
    "so too. Look into the hole from near. Cover the point until you know."
)
ADVICE_SLIDES = (
    "The point slid over its surface, as on polished metal or glass. If the object looks out of place to you, film it "
    "again from half a metre."
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
    shown: dict[int, _Shown] = {}
    number = -1
    last_s = 0.0
    for number, frame in enumerate(frames):
        last_s = frame.t_s
        if follower.push(frame.image, t_s=frame.t_s):
            _keep_best(shown, _leading(follower), number, frame.image)
    chosen = _leading(follower, at_most=4 * LISTED_MAX)
    judged = sorted(((_evidence(track), track) for track in chosen), key=lambda item: -_sum(item[0]))[:LISTED_MAX]
    findings: list[Finding] = []
    stills: dict[int, Image] = {}
    looks = 0
    for evidence, track in judged:
        level = level_of(evidence, look="policy.look_glint_db", suspect="policy.suspect_glint_db")
        if level is not Level.NOTED:
            looks += 1
            level = level if looks <= LOOKS_MAX else Level.NOTED
        best = shown.get(id(track)) or _Shown.best_of(track)
        if best.image is not None:
            stills[best.frame] = best.image
        findings.append(_finding(track, best, evidence, level, number=len(findings) + 1, source_id=source_id))
    empty = number < 0
    source = Source(
        id=source_id,
        kind="video",
        name=name,
        state=SourceState.NOT_EXAMINED if empty else SourceState.EXAMINED,
        reason="holds no frame that could be decoded" if empty else None,
        facts={
            **(facts or {}),
            "frames": number + 1,
            "seconds": round(last_s, 2),
            "spots_worth_a_look": looks,
            **({"torch_blinks": True} if follower.blinking else {}),
        },
    )
    return ExaminedClip(examined=Examined(source=source, findings=tuple(findings)), stills=stills)


def with_damage(clip: ExaminedClip, damage: str) -> ExaminedClip:
    """Return the outcome of a clip that was not whole: `damage` is a clause whose subject is the clip."""
    source = clip.examined.source
    if source.state is SourceState.EXAMINED:
        source = replace(source, state=SourceState.PARTIAL, reason=damage)
    return replace(clip, examined=replace(clip.examined, source=source))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A sighting that shows a track well, with its frame if that was kept."""

    track: Track
    spot: Spots
    frame: int
    t_s: float
    weight_db: float
    image: Image | None

    @staticmethod
    def best_of(track: Track) -> _Shown:
        return _Shown(
            track=track,
            spot=track.best,
            frame=track.best_frame,
            t_s=track.best_s,
            weight_db=track.best_db,
            image=None,
        )


def _keep_best(shown: dict[int, _Shown], leading: list[Track], frame: int, image: Image) -> None:
    """Keep the best sighting of each leading track since it leads; let go of those that lead no more."""
    wanted = {id(track) for track in leading}
    for old in shown.keys() - wanted:
        del shown[old]
    for track in leading:
        before = shown.get(id(track))
        if track.last_frame != frame or track.last is None or (before and before.weight_db >= track.last_db):
            continue
        shown[id(track)] = _Shown(
            track=track, spot=track.last, frame=frame, t_s=track.last_s, weight_db=track.last_db, image=image
        )


def _leading(follower: Follower, *, at_most: int = LISTED_MAX) -> list[Track]:
    """Return the tracks that would be listed, or may be."""
    return [track for track in follower.tracks() if track.count >= FRAMES_MIN][:at_most]


def _sum(evidence: tuple[Evidence, ...]) -> float:
    return sum(line.weight_db for line in evidence)


def _evidence(track: Track) -> tuple[Evidence, ...]:
    """Return the mean evidence of the shape, and what motion, torch and steadiness say."""
    seen = f"seen in {track.count} of {max(track.possible, track.count)} looks at its place"
    torch = torch_evidence(track.persistence)
    motion = motion_evidence(track.slide, track.fade, track.cone.field(), persistence=track.persistence)
    # Where it went out beyond a field, going out says nothing of steadiness, and at the field's rim it was faint: the
    # bright sightings show its shape.
    goes_out = any(line.rule in _CONES for line in motion)
    sums, parts = (track.bright_db, track.bright) if goes_out else (track.cues_db, track.count)
    shape = shape_evidence(track.best, {rule: np.array([total / parts]) for rule, total in sums.items()}, 0)
    steady = goes_out or track.share_seen >= STEADY_MIN
    rule = "steady.seen" if steady else "steady.fitful"
    return (*motion, *((torch,) if torch else ()), *shape, weigh(rule, seen))


def _advice(track: Track, evidence: tuple[Evidence, ...], level: Level) -> str:
    """Return what to do to decide."""
    course = track.slide.course
    if level is not Level.NOTED and any(line.rule in _CONES[:2] for line in evidence):
        return ADVICE_CONE
    if course in (Course.SLIDES, Course.RUNS):
        return ADVICE_SLIDES if level is not Level.NOTED else ADVICE_NOTED
    if level is Level.NOTED:
        return ADVICE_NOTED
    side = {"left": "to the left", "right": "to the right"}.get(track.slide.unseen_side, "to the side")
    if course is Course.FIXED:
        return ADVICE_FIXED.format(side=side)
    if course is Course.STILL:
        return ADVICE_STILL
    return ADVICE_UNMEASURED.format(side=side) if track.slide.seen_deg else ADVICE_CLIP


_TITLES = {
    Course.FIXED: "A small bright spot that stays on its surface while the camera moves",
    Course.SLIDES: "A small bright spot that slides over its surface while the camera moves",
    Course.RUNS: "A mirror image that runs over its surface while the camera moves",
}


def _title(track: Track, evidence: tuple[Evidence, ...]) -> str:
    if any(line.rule in _CONES[:2] for line in evidence):
        return "A small bright spot that shines within a narrow field of view only"
    return _TITLES.get(track.slide.course, "A small bright spot that stays while the camera moves")


def _finding(
    track: Track, best: _Shown, evidence: tuple[Evidence, ...], level: Level, *, number: int, source_id: str
) -> Finding:
    return Finding(
        id=f"{source_id}-{number}",
        kind=FindingKind.LENS_GLINT,
        level=level,
        probability=probability_of(evidence, prior="prior.glint"),
        title=_title(track, evidence),
        source_ids=(source_id,),
        where=Where(
            x_px=round(float(best.spot.x_px[0]), 2),
            y_px=round(float(best.spot.y_px[0]), 2),
            radius_px=round(float(best.spot.radius_px[0]), 2),
            frame=best.frame,
            t_s=round(best.t_s, 3),
            track=tuple((frame, round(x, 2), round(y, 2)) for frame, x, y in track.path),
        ),
        evidence=evidence,
        advice=_advice(track, evidence, level),
    )
