"""Looks at the frames, one at a time, in a thread of its own; newest wins.

While one frame is in work the next one waits. If another comes meanwhile, it takes the waiting one's place, so that
what is answered is never older than what one frame takes. The last frame's outcome is saved every second.
"""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import cv2
import numpy as np

from ...detect.errors import InputError
from ...detect.lens.examine import examine_photo
from ...detect.lens.profile import CameraProfile
from ...detect.lens.reading import read_picture
from ...detect.lens.spots import Image
from ...detect.result import Examined, SourceState
from ...detect.text import clean
from ..profiles import KnownCameras
from ..report.crops import crop, jpeg
from . import words
from .coverage import Coverage
from .following import DarkFollowing, LitFollowing, LiveFrame, Shown
from .hints import Hints
from .messages import FrameMessage, RefusedError
from .saving import Ended, SweepLog, end_of

_log = logging.getLogger("roomsweep.live")

_T = TypeVar("_T")

#: Jobs that may wait besides the frames: photos of 12 megapixels take half a second each.
JOBS_MAX = 4

#: Photos taken into one sweep: a bound on memory and time.
STILLS_MAX = 60

#: Time between two close-ups of one finding, seconds, and between two savings of what was found.
_CROP_S, _SAVE_S = 0.7, 1.0

#: Close-up on the phone: so many pixels of the frame, enlarged so many times.
_CROP_PX, _CROP_SCALE = 64, 4


class OverloadedError(Exception):
    """More photos came than are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    message: FrameMessage
    future: Future[dict[str, Any] | None]
    came_s: float


class Analyst:
    """The thread that looks.

    Parameters
    ----------
    log
        Where the sweep is saved.
    started_at
        When it began, with its time zone.
    clock
        Seconds that only go forward.
    """

    def __init__(self, *, log: SweepLog, started_at: datetime, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._started_at, self._clock = log, started_at, clock
        self._condition = threading.Condition()
        self._waiting: _Waiting | None = None
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._stopping = False
        self._cameras = KnownCameras()
        self._profile: CameraProfile | None = None
        self._size: tuple[int, int] | None = None
        self._lit: LitFollowing | None = None
        self._dark: DarkFollowing | None = None
        self._stills: list[Examined] = []
        self._still_bytes: dict[str, bytes] = {}
        self._hints = Hints()
        self._coverage = Coverage()
        self._told_cells = -1
        self._zone: str | None = None
        self._crop_s: dict[str, float] = {}
        self._offset_s = self._last_s = 0.0
        self._saved_s = -np.inf
        self._pictured: dict[str, int] = {}
        #: Frames looked at, overtaken by newer ones, and not decoded.
        self.looked = self.dropped = self.failed = 0
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)
        self._thread.start()

    def offer(self, message: FrameMessage) -> Future[dict[str, Any] | None]:
        """Take a frame; its answer comes with the future, None if a newer frame came first.

        A frame that cannot be decoded gives :class:`RefusedError`.
        """
        waiting = _Waiting(message=message, future=Future(), came_s=self._clock())
        with self._condition:
            old, self._waiting = self._waiting, waiting
            if old is not None:
                self.dropped += 1
            if self._stopping:
                self._waiting, old = None, waiting
            self._condition.notify()
        if old is not None:
            _settle(old.future, lambda: None)
        return waiting.future

    def still(self, data: bytes, *, zone: str | None) -> Future[dict[str, Any]]:
        """Take a full-resolution photo into the sweep; the future gives what was found in it.

        Raises
        ------
        OverloadedError
            If too many wait or were taken already.
        """
        return self._job(lambda: self._look_at_still(data, zone), bounded=True)

    def zone(self, zone: str | None) -> Future[None]:
        """Note what is looked at from now on, for frames that do not say so themselves."""

        def note() -> None:
            self._zone = zone

        return self._job(note)

    def end(self) -> Future[Ended]:
        """Return the result so far; the sweep may go on."""
        return self._job(self._end)

    def stop(self) -> None:
        """End the thread; whoever waits for a frame gets None."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()

    def _job(self, work: Callable[[], _T], *, bounded: bool = False) -> Future[_T]:
        future: Future[_T] = Future()
        with self._condition:
            if bounded and (len(self._jobs) >= JOBS_MAX or len(self._stills) >= STILLS_MAX):
                raise OverloadedError
            if self._stopping:
                future.cancel()
                return future
            self._jobs.append((work, future))
            self._condition.notify()
        return future

    def _run(self) -> None:
        while True:
            with self._condition:
                while not (self._jobs or self._waiting or self._stopping):
                    self._condition.wait()
                waiting, self._waiting = self._waiting, None
                job = self._jobs.popleft() if self._jobs else None
                if self._stopping and job is None:
                    if waiting is not None:
                        _settle(waiting.future, lambda: None)
                    return
            if waiting is not None:
                _settle(waiting.future, partial(self._answer, waiting))
            if job is not None:
                _settle(job[1], job[0])

    def _answer(self, waiting: _Waiting) -> dict[str, Any]:
        """Look at one frame and say what is to be shown."""
        message = waiting.message
        data = np.frombuffer(message.jpeg, np.uint8)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if decoded is None:
            self.failed += 1
            raise RefusedError("a JPEG that cannot be decoded", status=415)
        image: Image = np.asarray(decoded, np.uint8)
        self._begin(image)
        t_s = self._time(message.t_s)
        frame = LiveFrame(image=image, t_s=t_s, jpeg=message.jpeg, zone=message.zone or self._zone)
        hints = self._hints.push(image, t_s=t_s, mode=message.mode, torch=message.torch)
        assert self._profile is not None
        self._coverage.look(
            yaw_deg=message.yaw_deg, pitch_deg=message.pitch_deg, width=image.shape[1], height=image.shape[0],
            profile=self._profile,
        )  # fmt: skip
        shown = self._follow(frame, message)
        self.looked += 1
        coverage = self._coverage.record()
        if len(coverage["seen"]) == self._told_cells:
            del coverage["seen"]
        else:
            self._told_cells = len(coverage["seen"])
        out = {
            "type": "answer",
            "seq": message.seq,
            "findings": [self._finding(item, frame) for item in shown],
            "hints": [*hints, *(["not_saved"] if self._log.error else [])],
            "coverage": coverage,
            "dropped": self.dropped,
        }
        if self._clock() - self._saved_s >= _SAVE_S:
            self._save()
        out["age_ms"] = round(1000.0 * (self._clock() - waiting.came_s), 1)
        return out

    def _begin(self, image: Image) -> None:
        """Choose the camera's profile with the first frame."""
        if self._profile is None:
            self._size = (image.shape[1], image.shape[0])
            facts: dict[str, Any] = {"width_px": self._size[0], "height_px": self._size[1]}
            self._profile = self._cameras.profile_for(facts) or CameraProfile()
            self._log.add("frames", facts)

    def _time(self, t_s: float) -> float:
        """Return the phone's time made to go forward: a page that is opened again begins at zero."""
        if t_s + self._offset_s < self._last_s:
            self._offset_s = self._last_s - t_s + 1.0
        self._last_s = t_s + self._offset_s
        return self._last_s

    def _follow(self, frame: LiveFrame, message: FrameMessage) -> list[Shown]:
        """Hand a frame to what follows frames of its kind; return what it shows."""
        if message.mode == "dark":
            if self._dark is None:
                name = words.phrase("source_dark")
                self._dark = DarkFollowing(source_id="dark-video-1", name=name, profile=self._profile)
            return self._dark.push(frame)
        if self._lit is None:
            name = words.phrase("source_lit")
            self._lit = LitFollowing(source_id="video-1", name=name, profile=self._profile)
        if message.mode == "blink" and message.torch == "off":
            return self._lit.push_unlit(frame)
        return self._lit.push(frame)

    def _finding(self, item: Shown, frame: LiveFrame) -> dict[str, Any]:
        """Return a finding as the page takes it; places and radius as shares of the picture."""
        rows, columns = frame.image.shape[:2]
        close_up = None
        if item.better and self._clock() - self._crop_s.get(item.id, -np.inf) >= _CROP_S:
            self._crop_s[item.id] = self._clock()
            part = crop(
                frame.image, item.x_px, item.y_px, radius_px=item.radius_px, side_px=_CROP_PX, scale=_CROP_SCALE
            )
            close_up = "data:image/jpeg;base64," + base64.b64encode(jpeg(part)).decode("ascii")
        return {
            "id": item.id,
            "track": item.id,
            "level": str(item.level),
            "x": round(item.x_px / columns, 5),
            "y": round(item.y_px / rows, 5),
            "r": round(item.radius_px / columns, 5),
            "title": item.title,
            "reason": item.reason,
            "advice": item.advice,
            "zone": frame.zone,
            "crop": close_up,
        }

    def _look_at_still(self, data: bytes, zone: str | None) -> dict[str, Any]:
        """Examine a photo and take it into the sweep."""
        number = len(self._stills) + 1
        name = words.phrase("source_still", number=number)
        try:
            picture = self._cameras.applied(read_picture(data, name=name))
        except InputError as error:
            raise RefusedError("a photo that cannot be read", status=415) from error
        examined = examine_photo(picture, source_id=f"photo-{number}")
        where_zone = zone or self._zone
        findings = tuple(
            replace(finding, id=f"P{number}.{place}", where=replace(finding.where, zone=where_zone))
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
                    "zone": where_zone,
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
        self._saved_s = self._clock()
        examined = self._examined()
        for name, (number, data) in self._shown_best().items():
            if self._pictured.get(name) != number:
                self._pictured[name] = number
                self._log.picture(name, data)
        self._log.sources(examined)
        self._log.add("coverage", self._coverage.record())
        self._log.add("counts", {"looked": self.looked, "dropped": self.dropped, "failed": self.failed})
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


def _settle(future: Future[_T], work: Callable[[], _T]) -> None:
    """Give a future what `work` returns or raises; a fault of ours ends nothing else."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except RefusedError as error:
        future.set_exception(error)
    except Exception as error:
        _log.exception("looking at a frame: %s", clean(type(error).__name__))
        future.set_exception(error)
