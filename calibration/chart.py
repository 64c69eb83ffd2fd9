"""The field of view of a camera, from one photo of a printed chessboard at a known distance."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..detect.errors import InputError

#: Inner corners of the chessboard, across and down: one of 10 x 7 squares, which fits a sheet of A4 with squares
#: of 25 mm. Unequal numbers, so that it cannot be mistaken for itself turned.
CORNERS = (9, 6)

#: Ratio of the squares' two sides in the photo beyond which the board was not faced: 20 degrees of tilt.
_TILT_MAX = 1.06


def hfov_from_chart(image: NDArray[np.uint8], *, name: str, distance_m: float, square_mm: float) -> float:
    """Return the field of view along the picture's longer side, degrees.

    Parameters
    ----------
    image
        (rows, columns, 3) uint8 photo of the chessboard, faced squarely.
    name
        Of the file, for messages.
    distance_m
        From the phone's camera to the board.
    square_mm
        Side of a square.

    Raises
    ------
    InputError
        If the board is not seen, or is tilted.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    found, corners = cv2.findChessboardCornersSB(grey, CORNERS)
    if not found:
        raise InputError(
            name,
            f"shows no chessboard of {CORNERS[0] + 1} x {CORNERS[1] + 1} squares",
            "Print one, lay it flat, take all of it sharp and evenly lit, or give the field of view with --hfov.",
        )
    grid = np.asarray(corners, dtype=np.float64).reshape(CORNERS[1], CORNERS[0], 2)
    across = float(np.linalg.norm(np.diff(grid, axis=1), axis=2).mean())
    down = float(np.linalg.norm(np.diff(grid, axis=0), axis=2).mean())
    if max(across, down) > _TILT_MAX * min(across, down):
        raise InputError(name, "shows the chessboard at a slant", "Hold the phone square to it.")
    focal_px = 0.5 * (across + down) * 1000.0 * distance_m / square_mm
    return math.degrees(2.0 * math.atan(0.5 * max(image.shape[:2]) / focal_px))
