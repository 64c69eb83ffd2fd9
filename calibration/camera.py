"""Measures a phone's camera from pictures of a known lens: point spread, noise, fall-off, and its range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..detect.errors import InputError
from ..detect.lens.profile import CameraProfile
from ..detect.lens.spots import grey_of
from .known_lens import Glint, LensPicture, find_glint, notes_on, one_camera, saturation_of
from .noise import Luma, measure_noise
from .pointspread import SpotFit, detail_sigma_px
from .reach import FallOff, Return, fall_off, reach_of
from .srgb import light_of

__all__ = ["Calibration", "Glint", "LensPicture", "calibrate_camera"]

#: A spot is taken as a point if the opening's own image (variance D**2 / 16) adds less than a quarter to its
#: variance, 12 % to its width.
_POINT_SHARE = 0.25

#: Powers of the distance outside of which something else was measured; between these and 2..4 the phone's own
#: exposure explains it.
_POWER_LOW, _POWER_HIGH = 1.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a calibration found: the profile, what it rests on, and what has to be said, as sentences."""

    profile: CameraProfile
    lens_mm: float
    glints: tuple[Glint, ...]
    fall: FallOff
    notes: tuple[str, ...]


def calibrate_camera(
    pictures: Sequence[LensPicture],
    *,
    lens_mm: float,
    hfov_deg: float,
    name: str,
    torch_offset_mm: float | None = None,
    dark: Luma | None = None,
    white: Luma | None = None,
) -> Calibration:
    """Measure a camera.

    Parameters
    ----------
    pictures
        Of one lens at one or more distances, at least one picture.
    lens_mm
        Opening of that lens.
    hfov_deg
        Field of view along the longer side.
    name
        Of the profile.
    torch_offset_mm
        From the camera's centre to the torch's; kept in the profile.
    dark, white
        Frames with the lens covered, and of an even wall.

    Raises
    ------
    InputError
        If the pictures are of different sizes or cameras, the lens is not seen, or is overexposed in all of them.
    """
    camera = one_camera(pictures)
    rows, columns = pictures[0].images[0].shape[:2]
    for frame in (dark, white):
        if frame is not None and sorted(frame.plane.shape) != sorted((rows, columns)):
            raise InputError(
                frame.name,
                f"is {frame.plane.shape[1]} x {frame.plane.shape[0]} pixels, the pictures of the lens are "
                f"{columns} x {rows}",
                "Take all of them with the same phone and settings.",
            )
    saturation = saturation_of(pictures)
    start = CameraProfile(hfov_deg=hfov_deg)
    glints = tuple(find_glint(picture, profile=start, saturation=saturation) for picture in pictures)
    notes = [note for glint in glints for note in notes_on(glint)]
    exposures, told = _relative_exposures(pictures)
    notes += told
    fits = [(glint, glint.fit) for glint in glints if glint.fit is not None]
    if not fits:
        raise InputError(
            ", ".join(glint.name for glint in glints),
            "the lens is overexposed in every picture, so its return cannot be measured"
            if len(glints) > 1
            else "shows the lens overexposed, so its return cannot be measured",
            "Take pictures from farther away, or lower the exposure in the camera app (-2).",
        )
    focal_px = start.focal_px(columns, rows)
    psf_px, note = _psf(pictures, fits, focal_px=focal_px, lens_mm=lens_mm)
    notes += note
    returns = [
        Return(
            distance_m=glint.distance_m,
            flux=None if glint.fit is None else glint.fit.flux / share,
            surround=float(light_of(glint.surround_grey)) / share,
            noise_grey=glint.noise_grey,
        )
        for glint, share in zip(glints, exposures, strict=True)
    ]
    fall = fall_off(returns)
    notes += _notes_on_fall(fall)
    noise, told_noise = measure_noise(dark=dark, white=white)
    profile = replace(
        start,
        psf_px=psf_px,
        measured=True,
        name=name,
        camera=camera,
        sides_px=(max(rows, columns), min(rows, columns)),
        saturation=saturation,
        read_noise=noise.read_noise,
        full_well=noise.full_well,
        torch_offset_mm=torch_offset_mm,
    )
    reach = reach_of(
        returns, fall, lens_mm=lens_mm, psf_px=psf_px, focal_px=focal_px, glint_px=profile.glint_px(columns, rows)
    )
    return Calibration(
        profile=replace(profile, reach=reach),
        lens_mm=lens_mm,
        glints=glints,
        fall=fall,
        notes=(*notes, *told_noise),
    )


def _relative_exposures(pictures: Sequence[LensPicture]) -> tuple[list[float], list[str]]:
    """Return each picture's exposure over their geometric mean, and what has to be said; ones if unknown."""
    known = [picture.exposure for picture in pictures if picture.exposure is not None]
    if len(known) < len(pictures):
        note = (
            "The files do not all tell their exposure, so it was taken as the same in all; if the phone changed it, "
            "the fall-off comes out too small and is held to at least 1/d^2."
        )
        return [1.0] * len(pictures), [note] if len(pictures) > 1 else []
    mean = float(np.exp(np.mean(np.log(known))))
    return [value / mean for value in known], []


def _psf(
    pictures: Sequence[LensPicture], fits: Sequence[tuple[Glint, SpotFit]], *, focal_px: float, lens_mm: float
) -> tuple[float, list[str]]:
    """Return the point spread from the spots that are points, else an upper bound."""

    def own(glint: Glint) -> float:
        """Sigma of the opening's own image, pixels."""
        return focal_px * lens_mm / (4000.0 * glint.distance_m)

    points = [fit.sigma_px for glint, fit in fits if own(glint) ** 2 <= _POINT_SHARE * fit.sigma_px**2]
    if points:
        return float(np.median(points)), []
    glint, fit = max(fits, key=lambda item: item[0].distance_m)
    picture = next(picture for picture in pictures if picture.name == glint.name)
    detail = detail_sigma_px(light_of(grey_of(picture.images[0], red_field=False)))
    from_detail = detail is not None and detail < fit.sigma_px
    source = "the finest detail" if from_detail else "the farthest glint"
    note = (
        f"The lens is so near that its opening is wider than the point spread, which was taken from {source} and may "
        "be smaller. A picture from farther away tells it better."
    )
    return (detail if from_detail and detail is not None else fit.sigma_px), [note]


def _notes_on_fall(fall: FallOff) -> list[str]:
    if fall.fitted is None:
        return [
            "With one distance the fall-off is not measured: the range beyond it is taken at 1/d^4, and nearer at "
            "1/d^2. Pictures at a second distance, half or twice as far, tell it."
        ]
    if not _POWER_LOW <= fall.fitted <= _POWER_HIGH:
        return [
            f"The return changes with the distance to the power {-fall.fitted:.1f}, which no lens does (-2 to -4): "
            "look whether the right spot was taken, the distances are right, and the lens faced the phone."
        ]
    return []
