"""What the lens detector has to know about the phone's camera. Made by calibration; defaults are stated as such."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraProfile:
    """Optics of one phone camera.

    Parameters
    ----------
    hfov_deg
        Field of view along the picture's longer side, degrees. Default: 70, the main camera of a phone
        (26 mm equivalent focal length).
    psf_px
        Sigma of the point spread, pixels. Default 0.8, a sharp picture after demosaicking.
    lens_max_mm
        Widest lens opening to look for. Default 4: covert lenses have 0.8-3 mm, glare widens them.
    near_m
        Nearest working distance. Default 0.5: nearer, the torch's offset turns the return away from the camera.
    measured
        Whether these come from a calibration rather than from the defaults.
    """

    hfov_deg: float = 70.0
    psf_px: float = 0.8
    lens_max_mm: float = 4.0
    near_m: float = 0.5
    measured: bool = False

    def glint_px(self, width: int, height: int) -> int:
        """Return the width of the largest glint in pixels of a picture of this size, odd, at least 5.

        The opening's image at the nearest distance, and two pixels of point spread on either side.
        """
        focal_px = 0.5 * max(width, height) / math.tan(math.radians(0.5 * self.hfov_deg))
        return max(5, int(focal_px * self.lens_max_mm / (1000.0 * self.near_m) + 4.0) | 1)
