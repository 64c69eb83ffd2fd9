"""The slow lane: judges frames, photos and the whole sweep, in a thread of its own.

It takes the newest frame whenever it is free, so that it never falls behind; the quick lane (:mod:`.analysis`) answers
every frame meanwhile with what was judged last.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from ...detect.errors import InputError
from ...detect.lens.examine import examine_photo
from ...detect.lens.profile import CameraProfile
from ...detect.lens.reading import read_picture
from ...detect.result import Examined, SourceState
from ..profiles import KnownCameras
from ..report.crops import BgrImage, crop, jpeg
from . import words
from .dark_following import DarkFollowing
from .following import LitFollowing, LiveFrame, Shown
from .messages import Mode, RefusedError, Torch
from .saving import Ended, SweepLog, end_of

_log = logging.getLogger("roomsweep.live")

_T = TypeVar("_T")

#: Jobs that may wait besides the frames: photos of 12 megapixels take half a second each.
JOBS_MAX = 4

#: Photos taken into one sweep: a bound on memory and time.
STILLS_MAX = 60

#: Time between two close-ups of one finding, seconds: as often as a person sees a change.
_CROP_S = 0.7

#: Time between two hand-overs of what was found to the log, seconds, as often as it writes.
_SAVE_S = 1.0

#: Close-up on the phone: so many pixels of the frame, enlarged so many times.
_CROP_PX, _CROP_SCALE = 64, 4


class OverloadedError(Exception):
    """More photos came than are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToJudge:
    """A decoded frame, its number, what the page says of the torch and of what it is doing, and when it came."""

    frame: LiveFrame
    number: int
    mode: Mode
    torch: Torch
    came_s: float = 0.0

    @property
    def between(self) -> bool:
        """Whether it is a torch-off frame of a blinking torch."""
        return self.mode == "blink" and self.torch == "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is to be shown in the frame with this number, and new close-ups by finding, as data addresses."""

    number: int = -1
    came_s: float = 0.0
    shown: tuple[Shown, ...] = ()
    crops: dict[str, str] = field(default_factory=dict)


class Judge:
    """The thread that judges.

    Parameters
    ----------
    log
        Where the sweep is saved.
    started_at
        When it began, with its time zone.
    clock
        Seconds that only go forward.
    extras
        Further lines of the log, by key, asked for at every saving.
    """

    def __init__(
        self,
        *,
        log: SweepLog,
        started_at: datetime,
        clock: Callable[[], float],
        extras: Callable[[], dict[str, dict[str, Any]]],
    ) -> None:
        self._log, self._started_at, self._clock, self._extras = log, started_at, clock, extras
        self._condition = threading.Condition()
        self._lit_waiting: ToJudge | None = None
        self._between_waiting: ToJudge | None = None
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._stopping = False
        self._cameras = KnownCameras()
        self.profile: CameraProfile | None = None
        self._size: tuple[int, int] | None = None
        self._lit: LitFollowing | None = None
        self._dark: DarkFollowing | None = None
        self._stills: list[Examined] = []
        self._still_bytes: dict[str, bytes] = {}
        self._stills_asked = 0
        self._judged = Judged()
        self._crop_s: dict[str, float] = {}
        self._pictured: dict[str, int] = {}
        self._saved_s = -np.inf
        self._unsaved = False
        #: Frames that could not be decoded, and those whose judging failed by a fault of ours.
        self.failed = 0
        #: Frames that were judged.
        self.count = 0
        self._thread = threading.Thread(target=self._run, name="judging", daemon=True)
        self._thread.start()

    def offer(self, item: ToJudge) -> None:
        """Take a frame; it replaces one of its kind that still waits."""
        with self._condition:
            if item.between:
                self._between_waiting = item
            else:
                self._lit_waiting = item
            self._condition.notify()

    def latest(self) -> Judged:
        """Return what was judged last; its close-ups are given once."""
        with self._condition:
            judged = self._judged
            self._judged = replace(judged, crops={})
        return judged

    def begin(self, *, width: int, height: int) -> CameraProfile:
        """Choose the camera's profile by the size of the first frame."""
        if self.profile is None:
            self._size = (width, height)
            facts: dict[str, Any] = {"width_px": width, "height_px": height}
            self.profile = self._cameras.profile_for(facts) or CameraProfile()
            self._log.add("frames", facts)
        return self.profile

    def still(self, data: bytes, *, zone: str | None) -> Future[dict[str, Any]]:
        """Take a photo into the sweep; the future gives what was found in it.

        Raises
        ------
        OverloadedError
            If too many wait or were taken already.
        """
        with self._condition:
            if len(self._jobs) >= JOBS_MAX or self._stills_asked >= STILLS_MAX:
                raise OverloadedError
            self._stills_asked += 1
        return self._job(lambda: self._look_at_still(data, zone))

    def end(self) -> Future[Ended]:
        """Return the result so far; the sweep may go on."""
        return self._job(self._end)

    def stop(self) -> None:
        """Do the jobs that wait, and end the thread."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()

    def _job(self, work: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        with self._condition:
            if self._stopping:
                future.cancel()
                return future
            self._jobs.append((work, future))
            self._condition.notify()
        return future

    def _run(self) -> None:
        while True:
            with self._condition:
                while not (self._jobs or self._lit_waiting or self._between_waiting or self._stopping):
                    # What came since the last saving is saved even if nothing more comes.
                    if not self._condition.wait(_SAVE_S if self._unsaved else None):
                        break
                item, job = self._take(), self._jobs.popleft() if self._jobs else None
                if self._stopping and job is None:
                    return
            if item is not None:
                try:
                    self._judge(item)
                except Exception:  # a fault of ours in one frame must not end the sweep
                    self.failed += 1
                    _log.exception("judging a frame")
            if job is not None:
                settle(job[1], job[0])
            elif self._unsaved and self._clock() - self._saved_s >= _SAVE_S:
                try:
                    self._save()
                except Exception:  # what was found must not be lost with it
                    self._saved_s = self._clock()
                    _log.exception("saving")

    def _take(self) -> ToJudge | None:
        """Return the older of the waiting frames: a torch-off frame belongs to the one before it."""
        lit, between = self._lit_waiting, self._between_waiting
        if between is not None and (lit is None or between.number < lit.number):
            self._between_waiting = None
            return between
        self._lit_waiting = None
        return lit

    def _judge(self, item: ToJudge) -> None:
        """Follow one frame and keep what it shows."""
        self._unsaved = True
        following = self._following(item)
        if item.between and isinstance(following, LitFollowing):
            following.push_unlit(item.frame)
            return
        shown = following.push(item.frame)
        self.count += 1
        crops = {}
        for one in shown:
            if one.better and self._clock() - self._crop_s.get(one.id, -np.inf) >= _CROP_S:
                self._crop_s[one.id] = self._clock()
                part = crop(
                    item.frame.image, one.x_px, one.y_px, radius_px=one.radius_px, side_px=_CROP_PX, scale=_CROP_SCALE
                )
                crops[one.id] = data_address(part)
        with self._condition:
            here = {one.id for one in shown}
            old = {name: address for name, address in self._judged.crops.items() if name in here}
            self._judged = Judged(number=item.number, came_s=item.came_s, shown=tuple(shown), crops=old | crops)

    def _following(self, item: ToJudge) -> LitFollowing | DarkFollowing:
        """Return what follows frames of this kind."""
        if item.mode == "dark":
            if self._dark is None:
                name = words.phrase("source_dark")
                self._dark = DarkFollowing(source_id="dark-video-1", name=name, profile=self.profile)
            return self._dark
        if self._lit is None:
            name = words.phrase("source_lit")
            self._lit = LitFollowing(source_id="video-1", name=name, profile=self.profile)
        return self._lit

    def _look_at_still(self, data: bytes, zone: str | None) -> dict[str, Any]:
        """Examine a photo and take it into the sweep."""
        number = len(self._stills) + 1
        name = words.phrase("source_still", number=number)
        try:
            picture = self._cameras.applied(read_picture(data, name=name))
        except InputError as error:
            raise RefusedError("a photo that cannot be read", status=415) from error
        examined = examine_photo(picture, source_id=f"photo-{number}")
        findings = tuple(
            replace(finding, id=f"P{number}.{place}", where=replace(finding.where, zone=zone))
            for place, finding in enumerate(examined.findings, start=1)
        )
        examined = replace(examined, findings=findings)
        self._stills.append(examined)
        self._still_bytes[examined.source.id] = data
        self._log.picture(examined.source.id, data)
        self._save()
        rows, columns = picture.image.shape[:2]
        return {
            "type": "still",
            "source": examined.source.id,
            "findings": [
                {
                    "id": finding.id,
                    "level": str(finding.level),
                    "x": round((finding.where.x_px or 0.0) / columns, 5),
                    "y": round((finding.where.y_px or 0.0) / rows, 5),
                    "r": round((finding.where.radius_px or 0.0) / columns, 5),
                    "title": finding.title,
                    "reason": finding.evidence[0].says if finding.evidence else "",
                    "advice": finding.advice,
                    "zone": zone,
                }
                for finding in findings
            ],
        }

    def _examined(self) -> list[Examined]:
        """Return all sources so far."""
        out = [item.examined() for item in (self._lit, self._dark) if item is not None]
        if self.failed and out and out[0].source.state is SourceState.EXAMINED:
            reason = words.phrase("some_failed", count=self.failed)
            out[0] = replace(out[0], source=replace(out[0].source, state=SourceState.PARTIAL, reason=reason))
        return [*out, *self._stills]

    def _save(self) -> None:
        """Hand what was found so far to the log; it writes once a second."""
        self._saved_s, self._unsaved = self._clock(), False
        examined = self._examined()
        best = self._shown_best()
        for name, (number, data) in best.items():
            if self._pictured.get(name) != number:
                self._pictured[name] = number
                self._log.picture(name, data)
        self._pictured = {name: number for name, number in self._pictured.items() if name in best}
        self._log.sources(examined)
        for key, record in self._extras().items():
            self._log.add(key, record)
        ids = {finding.id for item in examined for finding in item.findings}
        self._crop_s = {name: at for name, at in self._crop_s.items() if name in ids}

    def _shown_best(self) -> dict[str, tuple[int, bytes]]:
        """Return number and bytes of the frame that shows each finding best, by source and finding."""
        return {
            f"{following.source_id}-{name}": picture
            for following in (self._lit, self._dark)
            if following is not None
            for name, picture in following.pictures().items()
        }

    def _end(self) -> Ended:
        self._save()
        frames = self._still_bytes | {name: data for name, (_, data) in self._shown_best().items()}
        return end_of(self._examined(), started_at=self._started_at, frames=frames, size=self._size)


def data_address(image: BgrImage) -> str:
    """Return a picture as an address that holds it."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(image)).decode("ascii")


def settle(future: Future[_T], work: Callable[[], _T]) -> None:
    """Give a future what `work` returns or raises; a fault of ours ends nothing else."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except RefusedError as error:
        future.set_exception(error)
    except Exception as error:
        _log.exception("looking")
        future.set_exception(error)
