"""Synthetic pictures with known truth, for the demonstration and for tests. Never called a photograph.

The scene (:mod:`roomsweep.calibration.room`), the camera and its pose (:mod:`roomsweep.calibration.phone`)
and the rendering (:mod:`roomsweep.calibration.render`, where the optics and what they leave out are stated)
are apart, so that the same room can be seen from many places.

Geometry of a pair: a phone with 66-72 degrees of horizontal view is held about 1.1 m from the objects, the
torch 10-16 mm beside the camera. Between the torch-on and the torch-off picture the hand moves by 3-10 px and
rolls by up to 0.6 degrees, and the phone exposes anew. What detectors score on these pictures says that the
program works, not how often it finds a camera in a room: that is measured on other data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .phone import Array, Phone, Pose
from .render import Picture, Shot, ball_highlight_m, mirror_image_px, rail_highlight_m, render, spot_px
from .room import furnished_room
from .things import Scene

#: Full width at half of the peak of a Gaussian, halved, in standard deviations: sqrt(2 ln 2).
_HALF_WIDTH = 1.1774


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticLens:
    """Where a hidden lens is seen: pixels from the corner of the top left pixel, in both pictures."""

    x_px: float
    y_px: float
    radius_px: float
    off_x_px: float
    off_y_px: float
    distance_m: float
    off_axis_deg: float
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HardNegative:
    """A bright spot that is not a lens.

    ``kind`` is ``specular`` (convex and polished), ``streak``, ``mirror_image`` (flat gloss), ``led``,
    ``printed_dot`` or ``tape``; ``in_off`` tells whether it shines without the torch.
    """

    x_px: float
    y_px: float
    radius_px: float
    kind: str
    host: str
    in_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPair:
    """A torch-on and a torch-off picture, (height, width, 3) BGR uint8, with the truth about the first."""

    on: Picture
    off: Picture
    lenses: tuple[SyntheticLens, ...]
    hard_negatives: tuple[HardNegative, ...]
    seed: int
    psf_px: float
    hfov_deg: float
    torch_offset_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticPhoto:
    """One torch-on picture with its truth."""

    picture: Picture
    lenses: tuple[SyntheticLens, ...]
    hard_negatives: tuple[HardNegative, ...]
    seed: int
    psf_px: float


def synthetic_pair(*, seed: int, width: int = 1600, height: int = 1200, lenses: int = 1) -> SyntheticPair:
    """Return a pair; the same arguments give the same pictures.

    Parameters
    ----------
    seed
        Chooses the room, the phone, the hand and the noise.
    width, height
        Of the pictures, in pixels.
    lenses
        How many hidden cameras, 0-3.
    """
    scene = furnished_room(seed=seed, lenses=lenses)
    rng = np.random.default_rng([seed, 2])
    phone = synthetic_phone(rng, width=width, height=height)
    on_pose = Pose()
    off_pose = moved_hand(rng, phone=phone)
    on_shot, off_shot = _shots(rng)
    return SyntheticPair(
        on=render(scene, phone=phone, pose=on_pose, shot=on_shot, rng=rng),
        off=render(scene, phone=phone, pose=off_pose, shot=off_shot, rng=rng),
        lenses=lens_truth(scene, phone=phone, on_pose=on_pose, off_pose=off_pose),
        hard_negatives=negative_truth(scene, phone=phone, pose=on_pose),
        seed=seed,
        psf_px=phone.psf_px,
        hfov_deg=phone.hfov_deg,
        torch_offset_mm=phone.torch_offset_m * 1000,
    )


def synthetic_photo(*, seed: int, width: int = 1600, height: int = 1200, lenses: int = 1) -> SyntheticPhoto:
    """Return the torch-on picture of :func:`synthetic_pair` for the same arguments."""
    scene = furnished_room(seed=seed, lenses=lenses)
    rng = np.random.default_rng([seed, 2])
    phone = synthetic_phone(rng, width=width, height=height)
    pose = Pose()
    off_pose = moved_hand(rng, phone=phone)
    shot, _ = _shots(rng)
    return SyntheticPhoto(
        picture=render(scene, phone=phone, pose=pose, shot=shot, rng=rng),
        lenses=lens_truth(scene, phone=phone, on_pose=pose, off_pose=off_pose),
        hard_negatives=negative_truth(scene, phone=phone, pose=pose),
        seed=seed,
        psf_px=phone.psf_px,
    )


def synthetic_phone(rng: np.random.Generator, *, width: int, height: int) -> Phone:
    """Return a phone as people carry them."""
    return Phone(
        width=width,
        height=height,
        hfov_deg=float(rng.uniform(66.0, 72.0)),
        torch_offset_m=float(rng.uniform(0.010, 0.016)),
        psf_px=float(rng.uniform(0.75, 1.05)),
    )


def moved_hand(rng: np.random.Generator, *, phone: Phone) -> Pose:
    """Return a pose 3-10 px and up to 0.6 degrees of roll away from the first, as between two taps."""
    shift_px, direction = float(rng.uniform(3.0, 8.0)), float(rng.uniform(0.0, 2 * math.pi))
    degrees_per_px = math.degrees(1 / phone.focal_px)
    return Pose(
        position_m=(float(rng.uniform(-2, 2)) / 1000, float(rng.uniform(-2, 2)) / 1000, 0.0),
        yaw_deg=shift_px * math.cos(direction) * degrees_per_px,
        pitch_deg=shift_px * math.sin(direction) * degrees_per_px,
        roll_deg=float(rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 0.6)),
    )


def lens_truth(scene: Scene, *, phone: Phone, on_pose: Pose, off_pose: Pose) -> tuple[SyntheticLens, ...]:
    """Return where the scene's lenses are seen from both poses."""
    out = []
    for lens in scene.lenses:
        point = np.array(lens.position)
        x, y = spot_px(point, phone=phone, pose=on_pose)
        off_x, off_y = spot_px(point, phone=phone, pose=off_pose)
        to_camera = np.asarray(on_pose.position_m) - point
        distance = float(np.linalg.norm(to_camera))
        cosine = float(to_camera @ np.array(lens.axis)) / distance
        out.append(
            SyntheticLens(
                x_px=x,
                y_px=y,
                radius_px=_HALF_WIDTH * phone.psf_px,
                off_x_px=off_x,
                off_y_px=off_y,
                distance_m=distance,
                off_axis_deg=math.degrees(math.acos(min(1.0, cosine))),
                host=lens.host,
            )
        )
    return tuple(out)


def negative_truth(scene: Scene, *, phone: Phone, pose: Pose) -> tuple[HardNegative, ...]:
    """Return where the things that are not lenses shine in the torch-on picture."""
    spot = _HALF_WIDTH * phone.psf_px
    out = []

    def add(place: tuple[float, float] | None, radius_px: float, kind: str, host: str, *, in_off: bool) -> None:
        if place is not None and 0 <= place[0] < phone.width and 0 <= place[1] < phone.height:
            x, y = place
            out.append(HardNegative(x_px=x, y_px=y, radius_px=radius_px, kind=kind, host=host, in_off=in_off))

    def seen(point: Array) -> tuple[float, float]:
        return spot_px(point, phone=phone, pose=pose)

    for ball in scene.balls:
        add(seen(ball_highlight_m(ball.centre, ball.radius_m, pose=pose)), spot, "specular", ball.host, in_off=False)
    for rail in scene.rails:
        add(seen(rail_highlight_m(rail, pose=pose)), spot, "streak", rail.host, in_off=False)
    for glass in scene.glasses:
        place = mirror_image_px(glass.face, phone=phone, pose=pose)
        add(place, 4 * phone.psf_px, "mirror_image", glass.host, in_off=False)
    for led in scene.leds:
        add(seen(np.array(led.position)), 1.25 * spot, "led", led.host, in_off=True)
    for mark in scene.marks:
        point = np.array(mark.position)
        radius = mark.radius_m * phone.focal_px / float(np.linalg.norm(point - np.asarray(pose.position_m)))
        add(seen(point), radius, mark.kind, mark.host, in_off=mark.kind == "printed_dot")
    return tuple(out)


def _shots(rng: np.random.Generator) -> tuple[Shot, Shot]:
    """Return how a phone exposes with and without the torch: the dim picture is longer and noisier."""
    quality = int(rng.integers(90, 95))
    on = Shot(
        torch=True, exposure=float(rng.uniform(1.5, 1.9)), full_well_e=5000, read_noise_e=3.0, jpeg_quality=quality
    )
    off = Shot(
        torch=False, exposure=float(rng.uniform(3.0, 4.0)), full_well_e=1500, read_noise_e=3.0, jpeg_quality=quality
    )
    return on, off
