"""Follows spots over the live frames, so that a finding keeps its id while it is looked at.

The follower of clips (:mod:`roomsweep.detect.lens.follow`) does the work; here it is asked after every frame, and what
it found is tied to an id, a zone and the frame that shows it best. :mod:`.dark_following` does so in the dark.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from ...detect.lens import clip
from ...detect.lens.blinking import STEP
from ...detect.lens.examine import LISTED_MAX, LOOKS_MAX
from ...detect.lens.follow import Follower, Track
from ...detect.lens.pair import persistence, register
from ...detect.lens.profile import CameraProfile
from ...detect.lens.spots import Image, Spots, grey_of
from ...detect.result import Evidence, Examined, Finding, Level, Source, SourceState, Where
from ...detect.weighing import level_of

#: Measures in a row that a spot may be missed and still be shown: 0.25 s, after which its circle would lie wrong.
_SHOWN_MISSED = 3

#: Spots judged in one frame, best first: what a finished clip lists.
_JUDGED = LISTED_MAX

#: Findings kept of one sweep: a bound on memory, far above what anybody goes through.
_KEPT_MAX = 60

#: Longest time between a torch-on frame and the torch-off frame that is held against it, seconds: phones take a tenth
#: to three tenths to switch, and a hand that keeps still meanwhile drifts by a centimetre or two.
PAIR_S = 0.5

#: Spots of a torch-on frame that the torch-off frame is asked about: each takes a tenth of a millisecond.
_ASKED = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One finding in the frame that was looked at last.

    Parameters
    ----------
    id
        Stays while it is followed.
    level, title, reason, advice
        As in the result; the reason is the strongest line of evidence.
    x_px, y_px, radius_px
        Its place in the frame.
    better
        Whether this frame shows it better than any before: time for a new close-up.
    """

    id: str
    level: Level
    title: str
    reason: str
    advice: str
    x_px: float
    y_px: float
    radius_px: float
    better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFrame:
    """One decoded frame: the picture, its time in seconds, the bytes it came in, and what was said to be looked at."""

    image: Image
    t_s: float
    jpeg: bytes
    zone: str | None = None


@dataclass(slots=True, kw_only=True)
class Known:
    """What is remembered of a track that was shown: its id, the zones it was seen in, and its best sighting."""

    id: str
    best: clip._Shown | None = None
    best_jpeg: bytes = b""
    best_db: float = -np.inf
    frame: int = 0
    where: Where = field(default_factory=Where)
    zones: Counter[str] = field(default_factory=Counter)

    @property
    def zone(self) -> str | None:
        """The zone in which it was seen most often."""
        return self.zones.most_common(1)[0][0] if self.zones else None


class LitFollowing:
    """Follows bright spots while the torch is on.

    Parameters
    ----------
    source_id, name
        Of the source of the result.
    profile
        The camera; the stated defaults if None.
    """

    kind = "video"

    def __init__(self, *, source_id: str, name: str, profile: CameraProfile | None = None) -> None:
        self.source_id, self._name = source_id, name
        self._profile = profile or CameraProfile()
        self._follower = Follower(profile=profile)
        self._number = -1
        self._first_s = self._last_s = 0.0
        self._known: dict[Track, Known] = {}
        self._made = 0
        self._lit: LiveFrame | None = None
        self._lit_level = 0.0
        self._asked_s = -np.inf
        self._last_shown: list[Shown] = []
        #: Torch-on frames that were held against a torch-off frame.
        self.pairs = 0

    def push(self, frame: LiveFrame) -> list[Shown]:
        """Take the next frame with the torch on."""
        self._number += 1
        if self._number == 0:
            self._first_s = frame.t_s
        self._last_s = frame.t_s
        if self._follower.push(frame.image, t_s=frame.t_s):
            # Only in frames that were measured are the spots where their tracks say.
            self._lit, self._lit_level = frame, _level(frame.image)
        out = []
        looks = 0
        for track in self._candidates():
            evidence = clip._evidence(track)
            level = self._level_of(evidence)
            known = self._known.get(track)
            if level is Level.NOTED and known is None:
                continue
            looks += level is not Level.NOTED
            if looks > LOOKS_MAX:
                level = Level.NOTED
                if known is None:
                    continue
            if known is None:
                self._made += 1
                known = self._known[track] = Known(id=f"L{self._made}")
            out.append(self._shown(track, known, evidence, level, frame))
        self._forget()
        self._last_shown = out
        return out

    def push_unlit(self, frame: LiveFrame) -> list[Shown]:
        """Hold a frame with the torch off against the torch-on frame just before it; return what is shown on.

        Labels come from the page, and a phone switches its torch with a delay: a frame that is not darker by a
        torch's step says nothing.
        """
        self._ask(frame)
        return [replace(item, better=False) for item in self._last_shown]

    def _ask(self, frame: LiveFrame) -> None:
        """Ask the torch-off frame how much of each spot is there without the torch."""
        lit = self._lit
        if lit is None or not 0.0 <= frame.t_s - lit.t_s <= PAIR_S or self._asked_s == lit.t_s:
            return
        if lit.image.shape != frame.image.shape or self._lit_level < STEP * _level(frame.image):
            return
        tracks = [track for track in self._candidates(at_most=_ASKED) if track.missed == 0 and track.last is not None]
        if not tracks:
            return
        self._asked_s = lit.t_s
        on, off = grey_of(lit.image, red_field=False), grey_of(frame.image, red_field=False)
        registration = register(on, off)
        if not registration.trusted:
            return
        self.pairs += 1
        rows = _together([track.last for track in tracks if track.last is not None])
        for track, share in zip(
            tracks, persistence(rows, on, off, registration, profile=self._profile).tolist(), strict=True
        ):
            if not np.isnan(share) and len(track.left_off) < 25:  # as many as a clip's torch-off frames
                track.left_off.append(share)

    def examined(self) -> Examined:
        """Return the outcome so far."""
        tracks = list(dict.fromkeys((*clip._leading(self._follower, at_most=4 * LISTED_MAX), *self._known)))
        judged = sorted(((clip._evidence(track), track) for track in tracks), key=lambda item: -clip._sum(item[0]))
        findings: list[Finding] = []
        looks: Counter[str | None] = Counter()
        listed: Counter[str | None] = Counter()
        for evidence, track in judged:
            known = self._known.get(track)
            zone = None if known is None else known.zone
            level = self._level_of(evidence)
            if listed[zone] == LISTED_MAX:
                continue
            listed[zone] += 1
            if level is not Level.NOTED:
                looks[zone] += 1
                level = level if looks[zone] <= LOOKS_MAX else Level.NOTED
            best = (known.best if known is not None else None) or clip._Shown.best_of(track)
            finding = clip._finding(track, best, evidence, level, number=0, source_id=self.source_id)
            name = known.id if known is not None else f"n{len(findings) + 1}"
            findings.append(replace(finding, id=name, where=replace(finding.where, zone=zone)))
        facts: dict[str, Any] = {
            "live": True,
            "frames": self._number + 1,
            "seconds": round(self._last_s - self._first_s, 2),
            "spots_worth_a_look": sum(looks.values()),
        }
        if self.pairs:
            facts["torch_pairs"] = self.pairs
        if self._follower.blinking:
            facts["torch_blinks"] = True
        source = Source(id=self.source_id, kind=self.kind, name=self._name, state=SourceState.EXAMINED, facts=facts)
        return Examined(source=source, findings=tuple(findings))

    def pictures(self) -> dict[str, tuple[int, bytes]]:
        """Return by finding id the number and the bytes of the frame that shows it best."""
        return {known.id: (known.frame, known.best_jpeg) for known in self._known.values() if known.best_jpeg}

    def _candidates(self, *, at_most: int = _JUDGED) -> list[Track]:
        """Return the tracks seen now that are long enough to be judged, best first."""
        return [
            track
            for track in self._follower.tracks()
            if track.count >= clip.FRAMES_MIN and track.missed <= _SHOWN_MISSED
        ][:at_most]

    @staticmethod
    def _level_of(evidence: tuple[Evidence, ...]) -> Level:
        return level_of(evidence, look="policy.look_glint_db", suspect="policy.suspect_glint_db")

    def _shown(
        self, track: Track, known: Known, evidence: tuple[Evidence, ...], level: Level, frame: LiveFrame
    ) -> Shown:
        better = track.last_frame == self._number and track.last is not None and track.last_db > known.best_db
        if better and track.last is not None:
            known.best = clip._Shown(
                track=track, spot=track.last, frame=self._number, t_s=frame.t_s, weight_db=track.last_db, image=None
            )
            known.best_db, known.best_jpeg, known.frame = track.last_db, frame.jpeg, self._number
        if frame.zone and track.missed == 0:
            known.zones[frame.zone] += 1
        strongest = max(evidence, key=lambda line: line.weight_db)
        radius = float((track.last or track.best).radius_px[0])
        return Shown(
            id=known.id,
            level=level,
            title=clip._title(track, evidence),
            reason=strongest.says,
            advice=clip._advice(track, evidence, level),
            x_px=track.here[0],
            y_px=track.here[1],
            radius_px=radius,
            better=better,
        )

    def _forget(self) -> None:
        """Let go of the weakest of too many findings."""
        if len(self._known) > _KEPT_MAX:
            here = set(self._candidates())
            gone = sorted((track for track in self._known if track not in here), key=lambda item: item.standing_db)
            for track in gone[: len(self._known) - _KEPT_MAX]:
                del self._known[track]


def _level(image: Image) -> float:
    """Return the mean grey level of a picture, plus one: what torch steps are ratios of."""
    blue, green, red, _ = cv2.mean(np.ascontiguousarray(image[::4, ::4]))
    return 0.114 * blue + 0.587 * green + 0.299 * red + 1.0  # luma of Rec. 601, as OpenCV's grey


def _together(rows: list[Spots]) -> Spots:
    """Return single spots as one table."""
    names = Spots.__dataclass_fields__
    return Spots(**{name: np.concatenate([getattr(row, name) for row in rows]) for name in names})
