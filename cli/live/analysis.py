"""The quick lane: takes the frames one at a time, newest wins, and answers each.

While one frame is in work the next one waits. If another comes meanwhile, it takes the waiting one's place, so that
an answer is never older than what one frame takes. Judging takes longer than that; it is done beside
(:mod:`.judging`), and what was judged last is carried on to the newest frame (:mod:`.carrying`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import cv2
import numpy as np

from ...detect.lens.spots import Image
from .carrying import Carrier
from .coverage import Coverage
from .following import LiveFrame
from .hints import Hints
from .judging import Judge, Judged, ToJudge, settle
from .messages import FrameMessage, RefusedError
from .saving import Ended, SweepLog

#: Frames after which what was judged is no longer shown if nothing newer came: the carrier's memory.
_STALE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    message: FrameMessage
    future: Future[dict[str, Any] | None]
    came_s: float


class Analyst:
    """Answers frames, and hands them on to be judged.

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
        self._log, self._clock = log, clock
        self._condition = threading.Condition()
        self._waiting: _Waiting | None = None
        self._stopping = False
        self._hints = Hints()
        self._coverage = Coverage()
        self._carrier = Carrier()
        self._told_cells = -1
        self._zone: str | None = None
        self._offset_s = self._last_s = 0.0
        #: Frames that were answered, and overtaken by newer ones.
        self.looked = self.dropped = 0
        self._judge = Judge(log=log, started_at=started_at, clock=clock, extras=self._extras)
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)
        self._thread.start()

    def offer(self, message: FrameMessage) -> Future[dict[str, Any] | None]:
        """Take a frame; its answer comes with the future, None if a newer frame came first.

        A frame that cannot be decoded gives :class:`RefusedError`.
        """
        waiting = _Waiting(message=message, future=Future(), came_s=self._clock())
        with self._condition:
            if self._stopping:
                old: _Waiting | None = waiting
            else:
                old, self._waiting = self._waiting, waiting
                self._condition.notify()
            if old is not None:
                self.dropped += 1
        if old is not None:
            settle(old.future, lambda: None)
        return waiting.future

    def still(self, data: bytes, *, zone: str | None) -> Future[dict[str, Any]]:
        """Take a full-resolution photo into the sweep; see :meth:`.Judge.still`."""
        return self._judge.still(data, zone=zone or self._zone)

    def note_zone(self, zone: str | None) -> None:
        """Note what is looked at from now on, for frames that do not say so themselves."""
        self._zone = zone

    def end(self) -> Future[Ended]:
        """Return the result so far; the sweep may go on."""
        return self._judge.end()

    def stop(self) -> None:
        """End the threads; whoever waits for a frame gets None."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join()
        self._judge.stop()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not (self._waiting or self._stopping):
                    self._condition.wait()
                waiting, self._waiting = self._waiting, None
                if self._stopping:
                    if waiting is not None:
                        settle(waiting.future, lambda: None)
                    return
            if waiting is not None:
                settle(waiting.future, partial(self._answer, waiting))

    def _answer(self, waiting: _Waiting) -> dict[str, Any]:
        """Look at one frame and say what is to be shown."""
        message = waiting.message
        data = np.frombuffer(message.jpeg, np.uint8)
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if decoded is None:
            self._judge.failed += 1
            raise RefusedError("a JPEG that cannot be decoded", status=415)
        image: Image = np.asarray(decoded, np.uint8)
        rows, columns = image.shape[:2]
        profile = self._judge.begin(width=columns, height=rows)
        t_s = self._time(message.t_s)
        self.looked += 1
        number = self.looked
        self._carrier.see(image, number)
        frame = LiveFrame(image=image, t_s=t_s, jpeg=message.jpeg, zone=message.zone or self._zone)
        self._judge.offer(
            ToJudge(frame=frame, number=number, mode=message.mode, torch=message.torch, came_s=waiting.came_s)
        )
        hints = self._hints.push(image, t_s=t_s, mode=message.mode, torch=message.torch)
        self._coverage.look(
            yaw_deg=message.yaw_deg, pitch_deg=message.pitch_deg, width=columns, height=rows, profile=profile
        )
        coverage = self._coverage.record()
        if len(coverage["seen"]) == self._told_cells:
            del coverage["seen"]
        else:
            self._told_cells = len(coverage["seen"])
        judged = self._judge.latest()
        now_s = self._clock()
        return {
            "type": "answer",
            "seq": message.seq,
            "findings": self._findings(judged, image, number, zone=frame.zone),
            "hints": [*hints, *(["not_saved"] if self._log.error else [])],
            "coverage": coverage,
            "dropped": self.dropped,
            "age_ms": round(1000.0 * (self._clock() - waiting.came_s), 1),
            "judged_age_ms": round(1000.0 * (now_s - judged.came_s), 1) if judged.number > 0 else None,
        }

    def _time(self, t_s: float) -> float:
        """Return the phone's time made to go forward: a page that is opened again begins at zero."""
        if t_s + self._offset_s < self._last_s:
            self._offset_s = self._last_s - t_s + 1.0  # a second later, as long as opening takes at least
        self._last_s = t_s + self._offset_s
        return self._last_s

    def _findings(self, judged: Judged, image: Image, number: int, *, zone: str | None) -> list[dict[str, Any]]:
        """Return what was judged last as the page takes it; places and radius as shares of the picture."""
        if not judged.shown or number - judged.number > _STALE:
            return []
        rows, columns = image.shape[:2]
        places = self._carrier.carried([(item.x_px, item.y_px) for item in judged.shown], since=judged.number)
        return [
            {
                "id": item.id,
                "track": item.id,
                "level": str(item.level),
                "x": round(place[0] / columns, 5),
                "y": round(place[1] / rows, 5),
                "r": round(item.radius_px / columns, 5),
                "title": item.title,
                "reason": item.reason,
                "advice": item.advice,
                "zone": zone,
                "crop": judged.crops.get(item.id),
            }
            for item, place in zip(judged.shown, places, strict=True)
            if place is not None
        ]

    def _extras(self) -> dict[str, dict[str, Any]]:
        """Return what is saved besides the findings."""
        counts = {"answered": self.looked, "judged": self._judge.count, "overtaken": self.dropped}
        return {"coverage": self._coverage.record(), "counts": {**counts, "failed": self._judge.failed}}
