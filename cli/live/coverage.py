"""Where the camera has looked, by the phone's orientation sensor."""

from __future__ import annotations

import math
from typing import Any

from ...detect.lens.profile import CameraProfile

#: Side of one cell, degrees: a fifth of a phone camera's view, so that its edge is told well enough to be filled.
CELL_DEG = 10

#: Rows of cells told about: from the floor in front of the feet to the ceiling near the walls.
PITCH_DEG = (-60, 60)

_COLUMNS = 360 // CELL_DEG
_ROWS = (PITCH_DEG[1] - PITCH_DEG[0]) // CELL_DEG


class Coverage:
    """Cells of a panorama that were in the picture: `_ROWS` rows from below to above, `_COLUMNS` around."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def look(
        self, *, yaw_deg: float | None, pitch_deg: float | None, width: int, height: int, profile: CameraProfile
    ) -> None:
        """Note a frame: its direction, and its size in pixels, which tells how wide it saw."""
        if yaw_deg is None or pitch_deg is None:
            return
        focal_px = profile.focal_px(width, height)
        across, along = (math.degrees(math.atan(0.5 * side / focal_px)) for side in (width, height))
        for row in range(_ROWS):
            pitch = PITCH_DEG[0] + (row + 0.5) * CELL_DEG
            if abs(pitch - pitch_deg) > along:
                continue
            shrunk = max(math.cos(math.radians(pitch)), 0.1)
            for column in range(_COLUMNS):
                apart = abs((((column + 0.5) * CELL_DEG - yaw_deg + 180.0) % 360.0) - 180.0)
                if apart * shrunk <= across:
                    self._seen.add(row * _COLUMNS + column)

    def record(self) -> dict[str, Any]:
        """Return what JSON holds of it: the cells' size and numbers, and the share of all that was seen."""
        return {
            "cell_deg": CELL_DEG,
            "pitch_deg": list(PITCH_DEG),
            "columns": _COLUMNS,
            "rows": _ROWS,
            "seen": sorted(self._seen),
            "share": round(len(self._seen) / (_ROWS * _COLUMNS), 3),
        }
