"""Tells torch-on from torch-off frames of a clip by the pictures themselves.

A torch that is switched changes the picture's mean brightness at once; exposure control, moving the phone and
daylight change it over several frames. So the state changes where brightness steps.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

#: Ratio of mean brightness between two frames from which the torch was switched: a hand-held sweep at 30 frames a
#: second changes it by at most a few per cent, a torch in a dim room by a factor of two and more.
STEP = 1.3

#: Frames over which a step may be spread: a rolling shutter splits it over two.
_OVER = 2


class Torch(Enum):
    """What is known of the torch in a frame."""

    #: No step so far: taken to be on.
    STEADY = "steady"
    ON = "on"
    OFF = "off"
    #: It was switched in this frame or the one before.
    TURNING = "turning"


class Blinks:
    """Takes the mean brightness of frame after frame and says whether the torch is on."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_OVER + 1)
        self._state = Torch.STEADY
        self._since = 0
        #: Steps so far.
        self.switched = 0
        #: Whether the clip began with the torch off, known after the first step.
        self.began_off = False

    def push(self, level: float) -> Torch:
        """Take the mean grey level of the next frame, 0..255."""
        self._levels.append(level + 1.0)
        before = list(self._levels)[:-1]
        self._since += 1
        if before:
            ratio = self._levels[-1] / (min(before) if self._levels[-1] > before[-1] else max(before))
            if ratio > STEP and self._state is not Torch.ON:
                self._step(Torch.ON)
            elif ratio < 1.0 / STEP and self._state is not Torch.OFF:
                self._step(Torch.OFF)
            elif max(ratio, 1.0 / ratio) > STEP:
                self._since = 0
        if self._state is not Torch.STEADY and self._since < _OVER - 1:
            return Torch.TURNING
        return self._state

    def _step(self, state: Torch) -> None:
        if self.switched == 0:
            self.began_off = state is Torch.ON
        self.switched += 1
        self._state = state
        self._since = 0
