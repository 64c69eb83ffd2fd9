"""What a synthetic scene is made of: flat faces that scatter light, and things that glint.

A scene knows nothing of cameras: the same scene is seen from many poses. Points are metres in world
coordinates (:mod:`roomsweep.calibration.phone`). How each thing looks is computed in
:mod:`roomsweep.calibration.render`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]
Colour = tuple[float, float, float]
Texture = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A flat parallelogram that scatters light evenly.

    Parameters
    ----------
    corner, across, down
        Top left corner as seen from its front, and the edges from there. The front looks to
        ``-(across x down)``.
    albedo
        (rows, columns, 3) linear BGR reflectance, 0..1.
    retro_gain
        How many times brighter than white paper it returns light to where it came from; 1 for ordinary
        surfaces.
    retro_half_deg
        Tilt at which the gain above that of paper has fallen to half.
    """

    corner: Point
    across: Point
    down: Point
    albedo: Texture
    retro_gain: float = 1.0
    retro_half_deg: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A focused camera behind a small opening: it returns light to where it came from.

    Parameters
    ----------
    position, axis
        Of the opening, and where the camera looks (unit vector).
    aperture_m
        Diameter of the entrance pupil.
    efficiency
        Share of the light entering the pupil that returns.
    lobe_deg
        Standard deviation of the returned beam: how well the camera is focused.
    cutoff_deg
        View angle off the axis beyond which nothing returns.
    tint
        Linear BGR factors of the coating.
    host
        What it hides in.
    """

    position: Point
    axis: Point
    aperture_m: float
    efficiency: float
    lobe_deg: float
    cutoff_deg: float
    tint: Colour
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """A polished convex end (knob, bolt, tap): it shows the torch as a small round spot.

    Parameters
    ----------
    centre, radius_m
        Of its curvature.
    reflectance
        Of its surface.
    host
        What it belongs to.
    axis, cap_deg
        Where the middle of its polished part faces (unit vector), and how far from there, seen from the centre,
        the part reaches: a screw's head is a small part of a ball. A whole ball if None.
    """

    centre: Point
    radius_m: float
    reflectance: float
    host: str
    axis: Point | None = None
    cap_deg: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    """A polished cylinder: it shows the torch as a streak along its axis."""

    start: Point
    end: Point
    radius_m: float
    reflectance: float
    #: Standard deviation of the slopes of its brushed surface along the axis, which makes the streak's length.
    roughness_deg: float
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """A flat gloss in front of a face: it shows the torch's mirror image where its normal meets the phone."""

    face: Face
    reflectance: float
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """A small light of its own, with or without the torch."""

    position: Point
    #: Linear BGR light, in units of a white surface in the scene's ambient light, summed over the spot, as
    #: seen from 1 m by a camera of 1000 px focal length.
    light: Colour
    host: str
    #: Where it shines (unit vector; evenly if None), and the half width of its beam at half of its light.
    axis: Point | None = None
    half_deg: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place on a face that a detector may take for a lens: printed dots, a reflecting patch."""

    position: Point
    radius_m: float
    kind: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything in a room. Faces are listed from the back to the front and painted in that order.

    Parameters
    ----------
    lamp
        Where the weak ambient light comes from, and how strong it is.
    lamp_level, haze_level
        Light of the lamp on a white surface 1 m from it, and light from everywhere; in the torch's units
        (a white surface 1 m before the torch has 1).
    """

    faces: tuple[Face, ...]
    lenses: tuple[Lens, ...]
    balls: tuple[Ball, ...]
    rails: tuple[Rail, ...]
    glasses: tuple[Glass, ...]
    leds: tuple[Led, ...]
    marks: tuple[Mark, ...]
    lamp: Point
    lamp_level: float
    haze_level: float
