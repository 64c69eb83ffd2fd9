"""Finds the known lens in the pictures that a calibration was given, and measures its glint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detect.errors import InputError
from ..detect.lens.profile import CameraProfile
from ..detect.lens.spots import find_spots, grey_of, is_red_field, noise_of
from .pointspread import SpotFit, fit_spot
from .srgb import light_of

Image = NDArray[np.uint8]

#: How far from the middle a spot counts less, as a share of the shorter side: a quarter of it costs 40 %.
_MIDDLE = 0.25

#: A second spot from this share of the chosen one's strength is a doubt, and is told.
_RIVAL = 0.5

#: Axis ratio above which a spot is a streak, or the phone moved.
_ELONGATION_MAX = 2.5

#: Grey levels below the scale's end from which a pixel counts as full: the compression's ringing moves it.
_FULL_WITHIN = 4.0

#: Share of the pictures' pixels at their highest level from which that level is where they are full.
_PILE_UP = 2e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class LensPicture:
    """A picture, or frames of a clip, of the known lens with the torch on.

    Parameters
    ----------
    images
        One or more (rows, columns, 3) uint8 blue-green-red pictures of the same scene.
    name
        For messages.
    distance_m
        From the phone to the lens.
    camera
        Maker and model as the file names them, or None.
    exposure
        Relative exposure (time x sensitivity / aperture number squared), or None if the file does not tell.
    """

    images: tuple[Image, ...]
    name: str
    distance_m: float
    camera: str | None = None
    exposure: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glint:
    """The known lens in one picture.

    Parameters
    ----------
    name, distance_m
        Of the picture.
    x_px, y_px
        Where the lens was found.
    height_grey, surround_grey
        Height over the surround, and the surround, grey levels.
    saturated
        Whether its peak is full, so that its light could not be measured.
    noise_grey
        Noise of the picture as the detector takes it, grey levels.
    fit
        Its shape and light; None where it is saturated.
    rivals
        Other spots that are nearly as strong.
    """

    name: str
    distance_m: float
    x_px: float
    y_px: float
    height_grey: float
    surround_grey: float
    saturated: bool
    noise_grey: float
    fit: SpotFit | None
    rivals: int


def one_camera(pictures: Sequence[LensPicture]) -> str | None:
    """Return the camera's name; all pictures must be of one size and one camera."""
    first = pictures[0]
    size = first.images[0].shape
    named = [picture for picture in pictures if picture.camera]
    for picture in pictures[1:]:
        if sorted(picture.images[0].shape) != sorted(size):
            rows, columns = picture.images[0].shape[:2]
            raise InputError(
                picture.name,
                f"is {columns} x {rows} pixels and {first.name} {size[1]} x {size[0]}",
                "Take all pictures with the same phone, camera and settings, and give the originals.",
            )
    for picture in named[1:]:
        if picture.camera != named[0].camera:
            raise InputError(
                picture.name,
                f"was taken by another camera ({picture.camera}) than {named[0].name} ({named[0].camera})",
                "Calibrate one phone at a time.",
            )
    return named[0].camera if named else None


def saturation_of(pictures: Sequence[LensPicture]) -> float:
    """Return the grey level at which the pictures are full: their highest, if pixels pile up there, else 255."""
    counts = np.zeros(256, np.int64)
    for picture in pictures:
        counts += np.bincount(picture.images[0].max(axis=2).ravel(), minlength=256)
    top = int(np.flatnonzero(counts)[-1])
    # A level with many pixels and several times those of the levels below it is an end of the scale.
    piled = counts[top] > max(_PILE_UP * counts.sum(), 3 * counts[max(top - 8, 0) : top].mean())
    return float(top) if piled and top >= 200 else 255.0


def find_glint(picture: LensPicture, *, profile: CameraProfile, saturation: float) -> Glint:
    """Find the lens in a picture; of a clip, the frame with the median height stands for it."""
    found = [_in_frame(image, picture=picture, profile=profile, saturation=saturation) for image in picture.images]
    seen = sorted((glint for glint in found if glint is not None), key=lambda glint: glint.height_grey)
    if not seen:
        raise InputError(
            picture.name,
            "shows no bright spot where the lens could be",
            "Aim the phone so that the lens is in the middle and faces you, torch on, and go nearer.",
        )
    return seen[len(seen) // 2]


def _in_frame(image: Image, *, picture: LensPicture, profile: CameraProfile, saturation: float) -> Glint | None:
    spots = find_spots(image, profile=profile)
    if is_red_field(image):
        raise InputError(
            picture.name,
            "was taken through red film, whose light cannot be compared",
            "Calibrate without the film.",
        )
    rows, columns = image.shape[:2]
    away = np.hypot(spots.x_px - 0.5 * columns, spots.y_px - 0.5 * rows) / (_MIDDLE * min(rows, columns))
    score = spots.contrast * np.exp(-0.5 * away**2)
    score[(spots.elongation > _ELONGATION_MAX) | (spots.open_ended > 0)] = 0.0
    if not score.any():
        return None
    grey = grey_of(image, red_field=False)
    light = light_of(grey)
    order = np.argsort(-score, kind="stable")
    for index in order[:5].tolist():
        if score[index] < _RIVAL * score[order[0]]:
            break
        x, y = float(spots.x_px[index]), float(spots.y_px[index])
        core = image[max(int(y) - 2, 0) : int(y) + 3, max(int(x) - 2, 0) : int(x) + 3]
        full = float(core.max()) >= saturation - _FULL_WITHIN
        fit = None if full else fit_spot(light, x, y, sigma_px=max(0.7 * float(spots.radius_px[index]), 0.6))
        if fit is None and not full:
            continue  # bright, but not shaped like a point of light
        return Glint(
            name=picture.name,
            distance_m=picture.distance_m,
            x_px=x,
            y_px=y,
            height_grey=float(spots.height[index]),
            surround_grey=float(spots.surround[index]),
            saturated=full,
            noise_grey=noise_of(grey),
            fit=fit,
            rivals=int((score >= _RIVAL * score[index]).sum()) - 1,
        )
    return None


def notes_on(glint: Glint) -> list[str]:
    """Return what has to be said about a glint, as sentences."""
    out = []
    where = f"({glint.x_px:.0f}, {glint.y_px:.0f})"
    if glint.rivals:
        others = "another spot is" if glint.rivals == 1 else f"{glint.rivals} other spots are"
        out.append(
            f"In {glint.name} {others} nearly as strong; the strongest near the middle, at {where}, was taken. If that "
            "is not the lens, cover the others or aim so that the lens is in the middle."
        )
    if glint.saturated:
        out.append(
            f"In {glint.name} the lens at {where} is overexposed; its return at {glint.distance_m:g} m was left out."
        )
    return out
