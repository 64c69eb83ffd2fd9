"""Follows lights over the live frames in the dark, by the lights of :mod:`roomsweep.detect.lens.dark_clip`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from ...detect.lens import dark_clip
from ...detect.lens.examine import LOOKS_MAX
from ...detect.lens.glow import Glow, facts_of, findings_of, glow_evidence, glows_of, is_fault, not_dark, title_of
from ...detect.lens.lights import DARK_MAX, Lights, darkness_of
from ...detect.lens.profile import CameraProfile
from ...detect.result import Examined, Level, Source, SourceState
from .following import Known, LiveFrame, Shown


class DarkFollowing:
    """Follows lights in the dark while the torch is off; parameters as for :class:`.following.LitFollowing`."""

    kind = "dark_video"

    def __init__(self, *, source_id: str, name: str, profile: CameraProfile | None = None) -> None:
        self.source_id, self._name, self._profile = source_id, name, profile
        self._active: list[dark_clip._Track] = []
        self._ended: list[dark_clip._Track] = []
        self._known: dict[int, Known] = {}
        self._levels: Counter[int] = Counter()
        self._named = 0
        self._number = -1
        self._made = 0
        self._first_s = self._last_s = 0.0

    def push(self, frame: LiveFrame) -> list[Shown]:
        """Take the next frame with the torch off; one that is not dark is counted only."""
        self._number += 1
        if self._number == 0:
            self._first_s = frame.t_s
        self._last_s = frame.t_s
        level = darkness_of(frame.image)
        self._levels[round(level)] += 1
        if level > DARK_MAX:
            return []
        lights, glows = glows_of(frame.image, profile=self._profile)
        owner = dark_clip._follow(self._active, lights, longest=max(frame.image.shape[:2]))
        for index in range(min(len(lights), dark_clip._FOLLOWED)):
            if index not in owner:
                x, y = float(lights.x_px[index]), float(lights.y_px[index])
                owner[index] = dark_clip._Track(
                    number=self._made, x_px=x, y_px=y, radius_px=float(lights.radius_px[index]), start=(x, y),
                    first_frame=self._number, last_frame=self._number,
                )  # fmt: skip
                self._active.append(owner[index])
                self._made += 1
        for glow in glows:
            self._see(glow, lights, owner, frame)
        gone = [track for track in self._active if track.missed > 5]  # as in a clip
        self._active = [track for track in self._active if track.missed <= 5]
        self._ended += [track for track in gone if track.count >= dark_clip.FRAMES_MIN]
        self._ended = sorted(self._ended, key=lambda track: -track.count)[: dark_clip._TRACKS_MAX]
        return self._shown(frame)

    def _see(self, glow: Glow, lights: Lights, owner: dict[int, dark_clip._Track], frame: LiveFrame) -> None:
        dark_clip._see(glow, lights, owner, frame=self._number, t_s=frame.t_s)

    def _shown(self, frame: LiveFrame) -> list[Shown]:
        """Return the leading lights of this frame."""
        out = []
        here = [track for track in self._active if track.missed == 0]
        for track in dark_clip._leading(here):
            rules, count = dark_clip._rules(track), track.members.most_common(1)[0][0]
            evidence = glow_evidence(rules, count=count)
            (finding,), _, _ = findings_of(
                [(evidence, title_of(rules, count=count), track.here)], source_id=self.source_id
            )
            known = self._known.get(track.number)
            if known is None and finding.level is Level.NOTED:
                continue
            if known is None:
                self._named += 1
                known = self._known[track.number] = Known(id=f"D{self._named}")
            better = track.strength > known.best_db
            if better:
                known.best_db, known.best_jpeg, known.frame = track.strength, frame.jpeg, self._number
                known.where = track.here
            if frame.zone:
                known.zones[frame.zone] += 1
            out.append(
                Shown(
                    id=known.id,
                    level=finding.level,
                    title=finding.title,
                    reason=evidence[0].says,
                    advice=finding.advice,
                    x_px=track.here.x_px or 0.0,
                    y_px=track.here.y_px or 0.0,
                    radius_px=track.here.radius_px or 1.0,
                    better=better,
                )
            )
        return out

    def examined(self) -> Examined:
        """Return the outcome so far."""
        tracks = dark_clip._leading([*self._ended, *self._active])
        findings = []
        looks = beyond = 0
        for place, track in enumerate(tracks):
            rules, count = dark_clip._rules(track), track.members.most_common(1)[0][0]
            judged = (glow_evidence(rules, count=count), title_of(rules, count=count), dark_clip._where(track))
            (finding,), raised, _ = findings_of([judged], source_id=self.source_id)
            looks += raised
            if looks > LOOKS_MAX and raised:
                beyond += 1
                finding = replace(finding, level=Level.NOTED)
            known = self._known.get(track.number)
            where = finding.where
            if known is not None:
                where = replace(known.where, track=where.track, zone=known.zone)
            findings.append(replace(finding, id=known.id if known else f"d{place + 1}", where=where))
        count = self._levels.total()
        level = float(np.median(list(self._levels.elements()))) if count else 0.0
        reason = not_dark(level) if level > DARK_MAX else None
        followed = [track for track in (*self._ended, *self._active) if track.count >= dark_clip.FRAMES_MIN]
        faults = sum(is_fault(dark_clip._rules(track)) for track in followed)
        source = Source(
            id=self.source_id,
            kind=self.kind,
            name=self._name,
            state=SourceState.PARTIAL if reason else SourceState.EXAMINED,
            reason=reason,
            facts={
                "live": True,
                "frames": count,
                "seconds": round(self._last_s - self._first_s, 2),
                **facts_of(level, len(followed) - faults, faults, looks, beyond),
            },
        )
        return Examined(source=source, findings=tuple(findings))

    def pictures(self) -> dict[str, tuple[int, bytes]]:
        """Return by finding id the number and the bytes of the frame that shows it best."""
        listed = dark_clip._leading([*self._ended, *self._active])
        kept = {track.number for track in listed} | {track.number for track in self._active}
        self._known = {number: known for number, known in self._known.items() if number in kept}
        return {known.id: (known.frame, known.best_jpeg) for known in self._known.values() if known.best_jpeg}
