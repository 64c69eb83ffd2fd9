"""Synthetic clips with known truth: a phone is swept 20-40 cm past a synthetic scene. Never called a film of a room.

Every frame is rendered from its own place, so parallax is true: a highlight is seen where the centre of its
ball is, a mirror image goes along with the phone, a lens stays on its hole and goes out beyond its field.
Left out, besides what :mod:`.render` leaves out: motion blur, the codec's rate control of real phones, focus.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from .close_ups import close_up, deciding_view
from .phone import Array, Phone, Pose
from .render import Linear, Picture, Shot, add_glints, expose, lens_light, spot_px, surface_light, torch_level
from .room import furnished_room
from .scenes import HardNegative, negative_truth, synthetic_phone
from .things import Lens, Scene

#: A lens is called detectable in a frame if its glint is this many sigmas over its surround, as in the rendered
#: development clips, and at least half of what the detector asks of a labelled glint, in grey levels.
DETECTABLE_SNR, DETECTABLE_GREY = 6.0, 15.0

#: Share of the seeds that show the furnished room from afar; the others are close views.
_ROOM_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class LensSeen:
    """A lens in one frame.

    Parameters
    ----------
    x_px, y_px
        From the corner of the top left pixel.
    off_axis_deg, distance_m
        View angle off its axis, and how far away it is.
    height
        Its glint over the surround, grey levels of 255, before the codec; 0 without the torch.
    snr
        The same in sigmas of noise and texture.
    detectable
        In the frame and bright enough.
    """

    x_px: float
    y_px: float
    off_axis_deg: float
    distance_m: float
    height: float
    snr: float
    in_frame: bool
    detectable: bool
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFrame:
    """One frame, (height, width, 3) BGR uint8, with its truth."""

    image: Picture
    t_s: float
    torch: bool
    pose: Pose
    lenses: tuple[LensSeen, ...]
    hard_negatives: tuple[HardNegative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticClip:
    """A clip that is rendered as its frames are taken."""

    seed: int
    scene: Scene
    phone: Phone
    poses: tuple[Pose, ...]
    torch: tuple[float, ...]
    exposures: tuple[float, ...]
    fps: float

    def frames(self) -> Iterator[ClipFrame]:
        """Render the frames in order; the same clip gives the same frames."""
        rng = np.random.default_rng([self.seed, 7])
        rows, columns = self.phone.height, self.phone.width
        # One plane of noise, read from another corner in every frame: drawing it anew takes half of the time.
        bank = rng.standard_normal((rows + 64, columns + 64, 3), np.float32)
        for number, (pose, lit, exposure) in enumerate(zip(self.poses, self.torch, self.exposures, strict=True)):
            shot = Shot(torch=lit > 0.0, exposure=exposure, full_well_e=4000, read_noise_e=3.0, jpeg_quality=0)
            surface, linear = self._light(pose, lit)
            y, x = (int(value) for value in rng.integers(0, 64, 2))
            image = expose(linear, shot=shot, noise=bank[y : y + rows, x : x + columns])
            negatives = negative_truth(self.scene, phone=self.phone, pose=pose)
            yield ClipFrame(
                image=image,
                t_s=number / self.fps,
                torch=lit >= 0.5,
                pose=pose,
                lenses=tuple(self._seen(lens, surface, pose, shot, lit) for lens in self.scene.lenses),
                hard_negatives=tuple(item for item in negatives if lit >= 0.5 or item.in_off),
            )

    def _light(self, pose: Pose, lit: float) -> tuple[Linear, Linear]:
        """Return the light without and with glints; a frame in which the torch turns is lit in its upper part."""
        upper = round(lit * self.phone.height)
        parts = []
        for torch, rows in ((True, slice(0, upper)), (False, slice(upper, None))):
            if rows.start == rows.stop or rows.start == self.phone.height:
                continue
            surface = surface_light(self.scene, phone=self.phone, pose=pose, torch=torch)
            linear = surface.copy()
            add_glints(linear, self.scene, phone=self.phone, pose=pose, torch=torch)
            parts.append((surface[rows], linear[rows]))
        if len(parts) == 1:
            return parts[0]
        (above, above_all), (below, below_all) = parts
        return np.concatenate([above, below]), np.concatenate([above_all, below_all])

    def _seen(self, lens: Lens, surface: Linear, pose: Pose, shot: Shot, lit: float) -> LensSeen:
        point = np.array(lens.position)
        x, y = spot_px(point, phone=self.phone, pose=pose)
        to_camera = np.asarray(pose.position_m) - point
        distance = float(np.linalg.norm(to_camera))
        cosine = float(to_camera @ np.array(lens.axis)) / distance
        in_frame = 4 <= x < self.phone.width - 4 and 4 <= y < self.phone.height - 4
        height = snr = 0.0
        if in_frame and lit >= 0.5:
            total = lens_light(lens, phone=self.phone, pose=pose) * torch_level(point, phone=self.phone, pose=pose)
            peak = shot.exposure * total / (2 * math.pi * self.phone.psf_px**2) * float(np.mean(lens.tint))
            row, column = int(y), int(x)
            around = surface[max(row - 5, 0) : row + 6, max(column - 5, 0) : column + 6].mean(axis=2) * shot.exposure
            level = float(np.median(around))
            # The hole is dark, so a faint glint first has to fill it.
            height = max(0.0, _grey(float(surface[row, column].mean()) * shot.exposure + peak) - _grey(level))
            noise = math.sqrt(max(level, 1e-4) / shot.full_well_e + (shot.read_noise_e / shot.full_well_e) ** 2)
            grey_noise = (_grey(level + noise) - _grey(level)) / math.sqrt(2.0)
            texture = 1.4826 * float(np.median(np.abs(_greys(around) - _grey(level))))
            snr = height / max(math.hypot(grey_noise, texture), 1.0)
        return LensSeen(
            x_px=x,
            y_px=y,
            off_axis_deg=math.degrees(math.acos(min(1.0, cosine))),
            distance_m=distance,
            height=height,
            snr=snr,
            in_frame=in_frame,
            detectable=in_frame and snr >= DETECTABLE_SNR and height >= DETECTABLE_GREY,
            host=lens.host,
        )


def _greys(level: Array | Linear) -> Array:
    """Grey levels of linear light, by the plain power law: a measure of contrast needs no better."""
    return np.asarray(255.0 * np.power(np.clip(level, 0.0, 1.0), 1 / 2.2), np.float64)


def _grey(level: float) -> float:
    return float(_greys(np.array(level)))


def synthetic_clip(
    *,
    seed: int,
    seconds: float = 3.0,
    fps: float = 30.0,
    width: int = 960,
    height: int = 540,
    lenses: int = 1,
    hard_negatives: bool = True,
    torch: Literal["steady", "blinking"] = "steady",
    sweep_m: float | None = None,
    place: Literal["any", "room", "close"] = "any",
) -> SyntheticClip:
    """Return a clip; the same arguments give the same frames.

    Parameters
    ----------
    seed
        Chooses the scene, the phone, the hand and the noise.
    seconds, fps
        Its length and frame rate.
    width, height
        Of the frames, pixels.
    lenses
        Hidden cameras, 0-2.
    hard_negatives
        Whether a close view holds things that glint; the furnished room always does.
    torch
        On all the time, or on and off by turns of a fifth to two fifths of a second.
    sweep_m
        Way of the hand; 20-40 cm by the seed if None.
    place
        The furnished room, a close view, or whichever the seed chooses.
    """
    rng = np.random.default_rng([seed, 6])
    phone = synthetic_phone(rng, width=width, height=height)
    far = place == "room" or (place == "any" and float(rng.uniform()) < _ROOM_SHARE)
    if far:
        scene, target_m = furnished_room(seed=seed, lenses=lenses), 1.25
    else:
        scene = close_up(seed=seed, lenses=lenses, hard_negatives=hard_negatives)
        target_m = float(np.linalg.norm(scene.faces[0].corner[2]))
    count = max(1, round(seconds * fps))
    way_m = float(rng.uniform(0.20, 0.40)) if sweep_m is None else sweep_m
    lit = np.ones(count)
    if torch == "blinking":
        lit = _blinks(rng, count, fps)
    drift = np.cumsum(rng.normal(0.0, 0.012, count))
    exposure = float(rng.uniform(1.3, 1.9)) * min(1.0, target_m**2) * np.exp(np.clip(drift, -0.2, 0.2))
    return SyntheticClip(
        seed=seed,
        scene=scene,
        phone=phone,
        poses=_sweep(rng, count, fps, way_m=way_m, target_m=target_m),
        torch=tuple(float(value) for value in lit),
        exposures=tuple(float(value) for value in exposure),
        fps=fps,
    )


#: Seconds for the way to one side, to the other and back, and of the torch off and on again at the end.
DECIDING_S, _DARK_S, _AFTER_S = 8.0, 0.7, 0.5

#: How far the hand goes to either side, metres: the advice says 30 cm.
DECIDING_REACH_M = (0.26, 0.34)

#: Mean of a frame in linear light that automatic exposure aims at: 18 % of full scale (ISO 12232, standard output
#: sensitivity), and up to two thirds of a stop more, since the torch lights the middle and phones expose brightly.
METERED = (0.18, 0.28)


def deciding_clip(
    *,
    seed: int,
    lenses: int = 1,
    hard_negatives: bool = True,
    fps: float = 30.0,
    width: int = 960,
    height: int = 540,
    torch_off: bool = True,
) -> SyntheticClip:
    """Return a clip as the advice asks for it: from half a metre, 30 cm to either side, then the torch off and on.

    The phone begins where the point shines and is kept turned to it, on an arc around it or a straight way.

    Parameters
    ----------
    seed
        Chooses the scene, the phone, the hand and the noise.
    lenses
        0 or 1; without one the middle holds something else.
    hard_negatives
        Whether there are things that glint.
    fps, width, height
        Of the frames.
    torch_off
        Whether the torch is switched off and on at the end.
    """
    rng = np.random.default_rng([seed, 9])
    phone = synthetic_phone(rng, width=width, height=height)
    scene = deciding_view(seed=seed, lenses=lenses, hard_negatives=hard_negatives)
    target_m = float(scene.faces[0].corner[2])
    moving = round(DECIDING_S * fps)
    dark, after = (round(_DARK_S * fps), round(_AFTER_S * fps)) if torch_off else (0, 0)
    count = moving + dark + after
    lit = np.ones(count)
    lit[moving : moving + dark] = 0.0
    if torch_off:
        lit[moving - 1] = float(rng.uniform(0.1, 1.0))
    poses = _to_both_sides(rng, moving, count, fps, target_m=target_m)
    exposure = float(rng.uniform(*METERED)) / _levels(scene, phone, poses, moving)
    return SyntheticClip(
        seed=seed,
        scene=scene,
        phone=phone,
        poses=poses,
        torch=tuple(float(value) for value in lit),
        exposures=tuple(float(value) for value in exposure),
        fps=fps,
    )


def _levels(scene: Scene, phone: Phone, poses: tuple[Pose, ...], moving: int) -> Array:
    """Return the mean light of each frame's lit surfaces, smoothed over half a second, as a phone meters it."""
    small = Phone(
        width=phone.width // 6, height=phone.height // 6, hfov_deg=phone.hfov_deg,
        torch_offset_m=phone.torch_offset_m, psf_px=0.5,
    )  # fmt: skip
    at = np.unique(np.linspace(0, moving - 1, 40).astype(int))
    light = [float(surface_light(scene, phone=small, pose=poses[i], torch=True).clip(0.0, 2.0).mean()) for i in at]
    smooth = np.convolve(np.pad(light, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    return np.interp(np.arange(len(poses)), at, smooth)


def _to_both_sides(
    rng: np.random.Generator, moving: int, count: int, fps: float, *, target_m: float
) -> tuple[Pose, ...]:
    """Return the way of a hand to one side, to the other and back, the phone kept turned to what is straight ahead."""
    direction = float(rng.choice([0.0, math.pi])) + float(rng.normal(0.0, 0.15))
    reach = float(rng.uniform(*DECIDING_REACH_M))
    roundness, aim = float(rng.uniform(0.0, 1.0)), float(rng.uniform(0.85, 1.05))
    shake, slow = _wander(rng, count, 5, fps), _wander(rng, count, 3, 4.0 * fps)
    phase = np.minimum(np.arange(count) / moving, 1.0)
    along = reach * np.sin(2.0 * math.pi * phase)
    poses = []
    for number in range(count):
        x, y = along[number] * math.cos(direction), along[number] * math.sin(direction)
        x, y = x + 0.002 * float(shake[number, 0]), y + 0.002 * float(shake[number, 1])
        # On the arc the phone comes nearer to the wall the farther it goes to the side.
        forth = roundness * (target_m - math.sqrt(max(target_m**2 - x * x - y * y, 0.04)))
        poses.append(
            Pose(
                position_m=(x, y, forth + 0.012 * float(slow[number, 2])),
                yaw_deg=-math.degrees(math.atan2(x, target_m - forth)) * aim
                + 0.35 * float(shake[number, 2]) + 1.5 * float(slow[number, 0]),
                pitch_deg=-math.degrees(math.atan2(y, target_m - forth)) * aim
                + 0.35 * float(shake[number, 3]) + 1.0 * float(slow[number, 1]),
                roll_deg=1.2 * float(shake[number, 4]),
            )
        )  # fmt: skip
    return tuple(poses)


def _blinks(rng: np.random.Generator, count: int, fps: float) -> Array:
    """Return the share of each frame's rows that is read with the torch on."""
    out = np.empty(count)
    start, on = 0, bool(rng.integers(2))
    while start < count:
        last = start + max(3, round(float(rng.uniform(0.2, 0.4)) * fps))
        out[start:last] = on
        if on and last < count:
            out[min(last, count) - 1] = float(rng.uniform(0.1, 1.0))
        start, on = last, not on
    return out


def _sweep(rng: np.random.Generator, count: int, fps: float, *, way_m: float, target_m: float) -> tuple[Pose, ...]:
    """Return the way of a hand that sweeps to one side and back a little, keeping the phone turned to the target."""
    direction = float(rng.choice([0.0, math.pi])) + float(rng.normal(0.0, 0.35))
    if rng.uniform() < 0.2:
        direction += math.pi / 2
    share = 0.5 - 0.5 * np.cos(np.linspace(0.0, float(rng.uniform(0.85, 1.25)) * math.pi, count))
    along = (share - 0.5 * share.max()) * way_m
    aim = float(rng.uniform(0.6, 1.0))
    shake = _wander(rng, count, 5, fps)
    poses = []
    for number in range(count):
        x, y = along[number] * math.cos(direction), along[number] * math.sin(direction)
        nearer = 0.15 * way_m * float(shake[number, 4])
        poses.append(
            Pose(
                position_m=(x + 0.002 * shake[number, 0], y + 0.002 * shake[number, 1], nearer * 0.3),
                yaw_deg=-math.degrees(math.atan2(x, target_m)) * aim + 0.35 * float(shake[number, 2]),
                pitch_deg=-math.degrees(math.atan2(y, target_m)) * aim + 0.35 * float(shake[number, 3]),
                roll_deg=1.2 * float(shake[number, 4]),
            )
        )
    return tuple(poses)


def _wander(rng: np.random.Generator, count: int, columns: int, fps: float) -> Array:
    """Return smooth noise of standard deviation about 1: a hand's tremor of some 3 Hz."""
    width = max(1.0, fps / 12.0)
    raw = rng.standard_normal((count + 64, columns))
    taps = np.exp(-0.5 * (np.arange(-24, 25) / width) ** 2)
    taps /= math.sqrt(float((taps**2).sum()))
    return np.stack([np.convolve(raw[:, i], taps, mode="same")[32 : 32 + count] for i in range(columns)], axis=1)


def write_clip(clip: SyntheticClip, path: Path) -> list[ClipFrame]:
    """Write the clip as Motion-JPEG (``.avi``) or MPEG-4 part 2 (``.mp4``); return the truth.

    OpenCV's own wheels bring no H.264 encoder. The returned frames carry no pictures (an empty array each), so that
    long clips fit into memory.

    Raises
    ------
    OSError
        If OpenCV can write no such file there.
    """
    codec = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix == ".avi" else "mp4v"))
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, clip.fps, (clip.phone.width, clip.phone.height))
    if not writer.isOpened():
        raise OSError(f"{path} cannot be written: OpenCV lacks the encoder, or the folder does not exist")
    empty = np.empty((0, 0, 3), np.uint8)
    truth = []
    for frame in clip.frames():
        writer.write(frame.image)
        truth.append(
            ClipFrame(
                image=empty,
                t_s=frame.t_s,
                torch=frame.torch,
                pose=frame.pose,
                lenses=frame.lenses,
                hard_negatives=frame.hard_negatives,
            )
        )
    writer.release()
    return truth
