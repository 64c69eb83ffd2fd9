"""What the person should do otherwise, told from the frames themselves: slower, nearer, more light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...detect.lens.lights import DARK_MAX
from ...detect.lens.spots import Image
from .messages import Mode, Torch

#: Width to which a frame is brought to tell how it moved, pixels: a shift of one is 0.6 % of the picture.
_WIDTH = 160

#: Speed over the picture, widths in a second, from which a lens smears: at an exposure of 1/30 s, usual in dim rooms,
#: a point then runs over 11 of 1280 pixels, the width of the largest glint that is looked for.
FAST = 0.25

#: Reasoned: less than twice the level at which a picture counts as dark, the torch does not light what is in the
#: picture, so it is too far away.
FAR_MAX = 1.6 * DARK_MAX

#: Agreement of two frames' phase correlation below which the shift says nothing (measured on synthetic clips: frames
#: of one place have 0.2 and more, of different places up to 0.05).
_AGREE_MIN = 0.08

#: Frames in a row in which something must hold before it is said: a quarter of a second at 15 frames a second.
_FRAMES = 4


class Hints:
    """Takes frame after frame and says what is wrong with the way they are taken."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._before_s = 0.0
        self._counts: dict[str, int] = {}

    def push(self, image: Image, *, t_s: float, mode: Mode, torch: Torch) -> list[str]:
        """Return the hints for this frame, the most pressing first.

        Parameters
        ----------
        image
            (rows, columns, 3) uint8, blue-green-red.
        t_s
            Its time, seconds.
        mode, torch
            As the page says.
        """
        step = max(1, image.shape[1] // _WIDTH)
        small = cv2.cvtColor(np.ascontiguousarray(image[::step, ::step]), cv2.COLOR_BGR2GRAY)
        level = float(np.median(small))
        lit = mode == "torch" or (mode == "blink" and torch == "on")
        now = {
            "too_fast": self._speed(np.log1p(small.astype(np.float32)), t_s) > FAST,
            "no_torch": mode == "torch" and torch == "off",
            "too_dark": lit and level <= DARK_MAX / 4.0,  # two stops below dark: hardly anything is drawn
            "too_far": lit and DARK_MAX / 4.0 < level <= FAR_MAX and torch == "on",
            "not_dark": mode == "dark" and level > DARK_MAX,
        }
        for name, holds in now.items():
            if mode == "blink" and torch == "off" and name in ("too_dark", "too_far"):
                continue  # the frames between tell nothing of the lit ones
            self._counts[name] = self._counts.get(name, 0) + 1 if holds else 0
        return [name for name, count in self._counts.items() if count >= _FRAMES]

    def _speed(self, small: NDArray[np.float32], t_s: float) -> float:
        """Return how fast the picture moved since the frame before, its widths in a second; 0 if not known."""
        before, self._before = self._before, small
        passed, self._before_s = t_s - self._before_s, t_s
        # After half a second nothing of the frame before need be left in the picture.
        if before is None or before.shape != small.shape or not 0.0 < passed <= 0.5:
            return 0.0
        window = cv2.createHanningWindow((small.shape[1], small.shape[0]), cv2.CV_32F)
        (x, y), agreement = cv2.phaseCorrelate(before - before.mean(), small - small.mean(), window)
        if agreement < _AGREE_MIN:
            return 0.0
        return float(np.hypot(x, y) / small.shape[1] / passed)
