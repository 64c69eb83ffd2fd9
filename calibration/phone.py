"""The phone that looks at a synthetic scene: a pinhole camera with a torch beside it, and where it is held.

World coordinates are metres: x to the right, y down, z away from the phone's first position, which is the
origin. Picture coordinates have their origin at the corner of the top left pixel, as everywhere in roomsweep,
so the centre of the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone camera and its torch.

    Parameters
    ----------
    width, height
        Of the picture, in pixels.
    hfov_deg
        Horizontal field of view. Main cameras of phones see 65-80 degrees.
    torch_offset_m
        From the camera's centre to the torch's, to the right: 8-20 mm on phones.
    psf_px
        Standard deviation of the lens and sampling blur.
    """

    width: int
    height: int
    hfov_deg: float
    torch_offset_m: float
    psf_px: float

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / math.tan(math.radians(self.hfov_deg) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the phone is and how it is turned; the default is the origin, looking along z.

    Parameters
    ----------
    position_m
        Of the camera's centre.
    yaw_deg, pitch_deg, roll_deg
        Turned to the right, down, and clockwise, in that order.
    """

    position_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    rotation: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        yaw, pitch, roll = (math.radians(angle) for angle in (self.yaw_deg, self.pitch_deg, self.roll_deg))
        turn_y = np.array([[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]])
        turn_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
        turn_z = np.array([[math.cos(roll), math.sin(roll), 0], [-math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
        object.__setattr__(self, "rotation", turn_z @ turn_x @ turn_y)

    def to_camera(self, points_m: Array) -> Array:
        """Return world points (..., 3) in camera coordinates."""
        moved: Array = (points_m - np.asarray(self.position_m)) @ self.rotation.T
        return moved

    def torch_position_m(self, phone: Phone) -> Array:
        """Return the torch's place in world coordinates."""
        offset: Array = np.array([phone.torch_offset_m, 0.0, 0.0]) @ self.rotation
        return np.asarray(self.position_m) + offset


def project(points_m: Array, *, phone: Phone, pose: Pose) -> Array:
    """Return where world points (n, 3) fall in the picture, (n, 2); they must lie before the camera."""
    camera = pose.to_camera(points_m)
    centre = np.array([phone.width, phone.height]) / 2
    pixels: Array = camera[..., :2] / camera[..., 2:] * phone.focal_px + centre
    return pixels
