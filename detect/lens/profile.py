"""What the lens detector has to know about the phone's camera. Made by calibration; defaults are stated as such."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Ratio of the fields of view up to which two pictures may be of one camera. Main, wide and far cameras of one phone
#: are at least 1.5 apart.
_SAME_ZOOM = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The smallest lens that a phone shows at one distance.

    Parameters
    ----------
    distance_m
        From the phone to the lens.
    smallest_mm
        Opening of that lens, millimetres; None where none of a size that is looked for shows.
    low_mm, high_mm
        Bounds of it by the scatter of the measurement and the uncertainty of the fall-off.
    """

    distance_m: float
    smallest_mm: float | None
    low_mm: float | None = None
    high_mm: float | None = None


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
    name
        What the calibration was called; empty for the defaults.
    camera
        Maker and model as the pictures name them, None if they do not.
    sides_px
        Longer and shorter side of the pictures that were measured, None for the defaults: another size is
        another point spread and mostly another crop.
    saturation
        Grey level at which the picture is full.
    read_noise, full_well
        Noise of the luma: sigma in the dark as a share of full scale, and level over variance at full scale,
        so that the variance at the linear level L (0..1) is ``read_noise**2 + L / full_well``. None if not measured.
    torch_offset_mm
        From the camera's centre to the torch's, None if not given.
    reach
        The smallest lens it shows, by rising distance; empty if not measured.
    """

    hfov_deg: float = 70.0
    psf_px: float = 0.8
    lens_max_mm: float = 4.0
    near_m: float = 0.5
    measured: bool = False
    name: str = ""
    camera: str | None = None
    sides_px: tuple[int, int] | None = None
    saturation: float = 255.0
    read_noise: float | None = None
    full_well: float | None = None
    torch_offset_mm: float | None = None
    reach: tuple[Reach, ...] = ()

    def focal_px(self, width: int, height: int) -> float:
        """Return the focal length in pixels of a picture of this size."""
        return 0.5 * max(width, height) / math.tan(math.radians(0.5 * self.hfov_deg))

    def glint_px(self, width: int, height: int) -> int:
        """Return the width of the largest glint in pixels of a picture of this size, odd, at least 5.

        The opening's image at the nearest distance, and two pixels of point spread on either side.
        """
        return max(5, int(self.focal_px(width, height) * self.lens_max_mm / (1000.0 * self.near_m) + 4.0) | 1)

    def fits(self, width: int, height: int, *, camera: str | None, hfov_deg: float | None = None) -> bool:
        """Whether a picture may be of this camera: of the same size, not named as another one's, same zoom.

        Phones have several cameras under one name, so the field of view that the picture's file tells must agree
        where it is known (`hfov_deg`), to 15 %: files round their focal length and refer it to the diagonal or
        to the width.
        """
        if self.sides_px != (max(width, height), min(width, height)):
            return False
        if hfov_deg is not None:
            zoom = math.tan(math.radians(0.5 * hfov_deg)) / math.tan(math.radians(0.5 * self.hfov_deg))
            if abs(math.log(zoom)) > math.log(_SAME_ZOOM):
                return False
        return camera is None or self.camera is None or camera == self.camera

    def farthest_m(self, opening_mm: float) -> float | None:
        """Return how far away a lens of this opening shows, metres.

        Between the distances of :attr:`reach` the smallest opening is taken to follow a power of the distance.
        None if it does not show at the nearest of them; the farthest of them if it still shows there.
        """
        shown: Reach | None = None
        for step in self.reach:
            if step.smallest_mm is not None and step.smallest_mm <= opening_mm:
                shown = step
                continue
            if shown is None or shown.smallest_mm is None:
                return None
            if step.smallest_mm is None:
                return shown.distance_m
            share = math.log(opening_mm / shown.smallest_mm) / math.log(step.smallest_mm / shown.smallest_mm)
            return shown.distance_m * math.pow(step.distance_m / shown.distance_m, share)
        return None if shown is None else shown.distance_m
