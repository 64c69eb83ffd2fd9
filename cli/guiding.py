"""Guides a person through still / move / still, and notes when they were told to do what."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from ..detect.wifi.actions import ActionLog, Clock
from ..detect.wifi.schedules import Action, Stretch, steps
from .report.wording import phrase

#: From the first line to the first action: time to put the computer down, seconds.
READY_S = 5.0

#: Announced with their length; those of rests are drawn, and nobody should wait for their end.
_ANNOUNCED = frozenset({Action.MOVE, Action.COVER, Action.LIGHT_OFF})


class Guide:
    """Runs the steps in a thread of its own while the main one listens.

    Parameters
    ----------
    stretches
        What is done when, in seconds from the beginning.
    say
        Shows one line.
    key
        Waits a moment for a key: True where one came, None where none did yet, False where none will come any more.
        None in its place: the steps follow the clock.
    clock
        Seconds since 1970, as the capture has them.
    wait
        Waits so many seconds, or until the guiding is stopped.

    Notes
    -----
    By the clock, the times are those that were drawn, so the test is exact. By key, the person is told what is next and
    how long about, and the times noted are those of the keys.
    """

    def __init__(
        self,
        stretches: Sequence[Stretch],
        *,
        say: Callable[[str], None],
        key: Callable[[], bool | None] | None = None,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._stretches = tuple(stretches)
        self._steps = steps(stretches)
        self._say, self._key, self._clock = say, key, clock
        self._stop = threading.Event()
        self._broken_off = False
        self._wait = wait or self._stop.wait
        self._rows: list[tuple[float, Action]] = []
        self._thread = threading.Thread(target=self._run, name="guide", daemon=True)
        #: Whether all steps are over, or the guiding was stopped.
        self.done = threading.Event()

    @property
    def seconds(self) -> float:
        """How long the run takes by the clock."""
        return READY_S + (self._stretches[-1].stop_s if self._stretches else 0.0)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; if that is before the time, the state that lasts is closed now."""
        self._broken_off = not self.done.is_set()
        self._stop.set()
        self.done.wait(timeout=2.0)

    @property
    def log(self) -> ActionLog:
        """What was done so far, in seconds since 1970; closed where it was broken off."""
        rows = list(self._rows)
        if rows and rows[-1][1] is not Action.END:
            rows.append((max(self._clock(), rows[-1][0] + 1e-3), Action.END))
        drawn = {item.contrast: item.least_s for item in self._stretches if item.least_s is not None}
        return ActionLog(
            times_s=tuple(time_s for time_s, _ in rows),
            actions=tuple(action for _, action in rows),
            clock=Clock.EPOCH,
            least_rest_s=drawn if self._key is None and not self._broken_off else {},
        )

    def _run(self) -> None:
        try:
            if self._key is None:
                self._by_clock()
            else:
                self._by_key(self._key)
        finally:
            self.done.set()

    def _by_clock(self) -> None:
        self._say(phrase("guide_ready", seconds=READY_S))
        begin = self._clock() + READY_S
        for place, (at_s, action) in enumerate(self._steps):
            self._wait(max(0.0, begin + at_s - self._clock()))
            if self._stop.is_set():
                return
            self._rows.append((begin + at_s, action))
            self._say(self._line(place, "now"))

    def _by_key(self, key: Callable[[], bool | None]) -> None:
        for place, (_, action) in enumerate(self._steps):
            self._say(phrase("guide_key_end") if action is Action.END else self._line(place, "key"))
            while (pressed := key()) is None and not self._stop.is_set():
                pass
            if not pressed:
                return
            self._rows.append((max(self._clock(), self._rows[-1][0] + 1e-3 if self._rows else 0.0), action))
            if action is Action.END:
                self._say(self._line(place, "key"))

    def _line(self, place: int, how: str) -> str:
        """What is said at a step: what to do, and for how long where that may be known."""
        at_s, action = self._steps[place]
        if action is Action.END:
            return phrase("guide_break" if place + 1 < len(self._steps) else "guide_end")
        lasts_s = self._steps[place + 1][0] - at_s
        told = how == "key" or action in _ANNOUNCED
        key = f"guide_{how}_{'for' if told else 'until'}"
        return phrase(key, what=phrase(f"guide_{action}"), seconds=lasts_s)
