"""Turns a scene, a phone and a pose into the picture that the phone would take.

Light model, all linear until the sensor. A face with reflectance rho shows rho x E, with E the sum of

- the torch, ``cos(angle) / distance**2`` (inverse square) times its lobe, 1 at 1 m straight ahead;
- a lamp outside the picture, also inverse square, and an even haze.

A thing that glints is smaller than the picture's blur, so only its total light matters. In units of the
white surface of one pixel at the thing's place (focal length f in px, distance d):

- lens, a Gaussian beam of standard deviation s returned from a pupil of area A with efficiency k, seen at
  the angle t between torch and camera: ``pi f**2 A k / (2 pi s**2 d**2) exp(-t**2 / (2 s**2))``;
- ball of radius R and reflectance k: ``pi f**2 k R**2 / (4 d**2)`` (a convex mirror of focal length R/2), as long
  as the point of it that faces the phone is polished;
- rail of radius R whose surface slopes along its axis have the standard deviation g, for each metre:
  ``pi f**2 k R / (4 sqrt(2 pi) g d**2) exp(-a**2 / (2 g**2))`` at the angle a from the foot of the
  perpendicular (a convex mirror across, a rough flat one along);
- flat glass of reflectance k, with D the way from torch to glass to camera: ``pi f**2 k / D**2``.

The sensor adds shot and read noise, saturates, applies the sRGB curve and JPEG.

Left out: shadows of the torch (hidden behind their objects at such a small offset), light between
surfaces, occlusion of glints, mosaic and denoising, lens distortion, rolling shutter, diffraction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .phone import Array, Phone, Pose, project
from .things import Ball, Face, Glass, Led, Lens, Rail, Scene

Picture = NDArray[np.uint8]
Linear = NDArray[np.float32]

#: Exponent of the torch's lobe. Reasoned: a bare white LED is Lambertian (exponent 1) and a phone's small lens
#: narrows it; 3 leaves half the light at 37 degrees.
TORCH_LOBE = 3.0

#: Radius of the torch's lit area: phone flash LEDs are 2-3 mm wide behind their diffuser.
TORCH_RADIUS_M = 0.0013

#: Light is smooth, so it is computed once in so many pixels and interpolated.
_LIGHT_STEP_PX = 8

#: Turn of the view over which a highlight passes over a rim: the torch's image has a width.
_RIM_DEG = 1.0

#: Share of a saturating spot's light that scatters in lens and cover glass, and how far: reasoned, so that a
#: torch mirrored in glass has the soft glow it has in real pictures.
_GLOW_SHARE, _GLOW_PX = 0.03, 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """How one picture was taken.

    Parameters
    ----------
    torch
        Whether the torch is on.
    exposure
        Sensor output, 1 being full scale, for a white surface in light of level 1.
    full_well_e
        Electrons at full scale: fewer at a high ISO setting, so that the picture is noisier.
    read_noise_e
        Standard deviation of the read noise.
    jpeg_quality
        As written by the phone.
    """

    torch: bool
    exposure: float
    full_well_e: float
    read_noise_e: float
    jpeg_quality: int


def render(scene: Scene, *, phone: Phone, pose: Pose, shot: Shot, rng: np.random.Generator) -> Picture:
    """Return the picture, (height, width, 3) BGR."""
    linear = surface_light(scene, phone=phone, pose=pose, torch=shot.torch)
    add_glints(linear, scene, phone=phone, pose=pose, torch=shot.torch)
    noise = rng.standard_normal(linear.shape, np.float32)
    picture = expose(linear, shot=shot, noise=noise)
    written, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, shot.jpeg_quality])
    assert written
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def surface_light(scene: Scene, *, phone: Phone, pose: Pose, torch: bool) -> Linear:
    """Return the light of the scattering surfaces, (height, width, 3), blurred by the lens."""
    linear = np.zeros((phone.height, phone.width, 3), np.float32)
    for face in scene.faces:
        _paint(linear, face, scene=scene, phone=phone, pose=pose, torch=torch)
    return cv2.GaussianBlur(linear, (0, 0), phone.psf_px).astype(np.float32, copy=False)


def add_glints(linear: Linear, scene: Scene, *, phone: Phone, pose: Pose, torch: bool) -> None:
    """Add everything that is smaller than the blur: LEDs, and what returns the torch."""
    for led in scene.leds:
        _add_led(linear, led, scene=scene, phone=phone, pose=pose)
    if not torch:
        return
    for lens in scene.lenses:
        point = np.array(lens.position)
        total = lens_light(lens, phone=phone, pose=pose) * torch_level(point, phone=phone, pose=pose)
        _stamp(linear, spot_px(point, phone=phone, pose=pose), total, lens.tint, sigma_px=phone.psf_px)
    for ball in scene.balls:
        point = ball_highlight_m(ball.centre, ball.radius_m, pose=pose)
        distance = float(np.linalg.norm(point - np.asarray(pose.position_m)))
        total = math.pi * (phone.focal_px * ball.radius_m / distance) ** 2 * ball.reflectance / 4
        total *= torch_level(point, phone=phone, pose=pose) * ball_share(ball, pose=pose)
        _stamp(linear, spot_px(point, phone=phone, pose=pose), total, (1, 1, 1), sigma_px=phone.psf_px)
    for rail in scene.rails:
        _add_streak(linear, rail, phone=phone, pose=pose)
    for glass in scene.glasses:
        _add_mirror_image(linear, glass, phone=phone, pose=pose)


def spot_px(point: Array, *, phone: Phone, pose: Pose) -> tuple[float, float]:
    """Return where one world point falls in the picture."""
    x, y = project(point[None, :], phone=phone, pose=pose)[0]
    return float(x), float(y)


def lens_light(lens: Lens, *, phone: Phone, pose: Pose) -> float:
    """Return the light a lens returns, summed over its spot; see the module's text for the units."""
    point = np.array(lens.position)
    to_camera = np.asarray(pose.position_m) - point
    to_torch = pose.torch_position_m(phone) - point
    distance = float(np.linalg.norm(to_camera))
    off_axis = math.degrees(math.acos(min(1.0, float(to_camera @ np.array(lens.axis)) / distance)))
    if off_axis >= lens.cutoff_deg:
        return 0.0
    between = float(np.linalg.norm(np.cross(to_camera, to_torch))) / distance / float(np.linalg.norm(to_torch))
    lobe = math.radians(lens.lobe_deg)
    area = math.pi * (lens.aperture_m / 2) ** 2
    peak = phone.focal_px**2 * area * lens.efficiency / (2 * lobe**2 * distance**2)
    # The pupil of a lens seen from the side is foreshortened and then cut off by the hole it looks through.
    vignette = 1.0 - (off_axis / lens.cutoff_deg) ** 2
    return peak * vignette * math.exp(-(between**2) / (2 * lobe**2))


def ball_highlight_m(centre: tuple[float, float, float], radius_m: float, *, pose: Pose) -> Array:
    """Return the point of a ball that faces the phone: there the torch is mirrored."""
    to_camera = np.asarray(pose.position_m) - np.array(centre)
    point: Array = np.array(centre) + to_camera / np.linalg.norm(to_camera) * radius_m
    return point


def ball_share(ball: Ball, *, pose: Pose) -> float:
    """Return how much of the torch's image a ball's polished part holds: 1, or 0 once it has slid over the rim."""
    if ball.axis is None:
        return 1.0
    angle = _angle_deg(np.asarray(pose.position_m) - np.array(ball.centre), np.array(ball.axis))
    return float(np.clip((ball.cap_deg - angle) / _RIM_DEG + 0.5, 0.0, 1.0))


def _angle_deg(first: Array, second: Array) -> float:
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(first, second))), float(first @ second)))


def mirror_image_px(face: Face, *, phone: Phone, pose: Pose) -> tuple[float, float] | None:
    """Return where the torch's mirror image in a flat gloss is seen, or None if it lies beside the gloss."""
    corner, across, down = np.array(face.corner), np.array(face.across), np.array(face.down)
    normal = np.cross(across, down)
    normal /= np.linalg.norm(normal)
    torch, eye = pose.torch_position_m(phone), np.asarray(pose.position_m)
    image = torch - 2 * normal * float((torch - corner) @ normal)
    ray = image - eye
    hit = eye + ray * float((corner - eye) @ normal) / float(ray @ normal)
    u = float((hit - corner) @ across) / float(across @ across)
    v = float((hit - corner) @ down) / float(down @ down)
    return spot_px(hit, phone=phone, pose=pose) if 0 < u < 1 and 0 < v < 1 else None


def rail_highlight_m(rail: Rail, *, pose: Pose) -> Array:
    """Return the point of a rail where its streak is brightest."""
    start, end = np.array(rail.start), np.array(rail.end)
    along = (end - start) / np.linalg.norm(end - start)
    to_camera = np.asarray(pose.position_m) - start
    foot = start + along * float(np.clip(to_camera @ along, 0.0, np.linalg.norm(end - start)))
    towards = np.asarray(pose.position_m) - foot
    point: Array = foot + towards / np.linalg.norm(towards) * rail.radius_m
    return point


def torch_level(point: Array, *, phone: Phone, pose: Pose) -> float:
    """Light of the torch on a surface at `point` that faces it."""
    ray = point - pose.torch_position_m(phone)
    distance = float(np.linalg.norm(ray))
    ahead = max(0.0, float(ray @ pose.rotation[2]) / distance)
    return math.pow(ahead, TORCH_LOBE) / distance**2


def _paint(linear: Linear, face: Face, *, scene: Scene, phone: Phone, pose: Pose, torch: bool) -> None:
    """Paint one face over what is there, if its front is seen."""
    corner, across, down = np.array(face.corner), np.array(face.across), np.array(face.down)
    normal = -np.cross(across, down)
    normal /= np.linalg.norm(normal)
    eye = np.asarray(pose.position_m)
    if float((eye - corner) @ normal) <= 0:
        return
    quad = project(np.stack([corner, corner + across, corner + across + down, corner + down]), phone=phone, pose=pose)
    x0, y0 = np.maximum(np.floor(quad.min(axis=0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(quad.max(axis=0)).astype(int) + 1, (phone.width, phone.height))
    if x0 >= x1 or y0 >= y1:
        return
    rows, columns = face.albedo.shape[:2]
    texture = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32) - np.float32(0.5)
    here = (quad - (x0 + 0.5, y0 + 0.5)).astype(np.float32)
    size = (int(x1 - x0), int(y1 - y0))
    paint = cv2.warpPerspective(
        face.albedo,
        cv2.getPerspectiveTransform(texture, here),
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    mask = np.zeros(size[::-1], np.uint8)
    # Sub-pixel corners as fixed-point numbers; far corners are cut to what the drawing routine can hold.
    fixed = np.round(np.clip(here, -20_000, 20_000) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed, 255, lineType=cv2.LINE_AA, shift=4)

    nx = -(-size[0] // _LIGHT_STEP_PX) + 1
    ny = -(-size[1] // _LIGHT_STEP_PX) + 1
    xs = (x0 + np.linspace(0, size[0], nx) - phone.width / 2) / phone.focal_px
    ys = (y0 + np.linspace(0, size[1], ny) - phone.height / 2) / phone.focal_px
    rays = np.stack(np.broadcast_arrays(xs[None, :], ys[:, None], 1.0), axis=-1) @ pose.rotation
    slope = rays @ normal
    reach = float((corner - eye) @ normal) / np.where(slope < -1e-3, slope, -1e-3)
    points = eye + rays * reach[..., None]
    level = np.full(points.shape[:2], scene.haze_level)
    level += scene.lamp_level * _level_from(np.array(scene.lamp), points, normal)
    if torch:
        ray = points - pose.torch_position_m(phone)
        ahead = np.clip(ray @ pose.rotation[2] / np.linalg.norm(ray, axis=-1), 0.0, 1.0)
        from_torch = _level_from(pose.torch_position_m(phone), points, normal)
        gain = face.retro_gain
        if math.isfinite(face.retro_half_deg):
            middle = corner + 0.5 * (across + down)
            gain = 1.0 + (gain - 1.0) * 0.5 ** ((_angle_deg(eye - middle, normal) / face.retro_half_deg) ** 2)
        level += gain * ahead**TORCH_LOBE * from_torch
    light = cv2.resize(level.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)

    target = linear[y0:y1, x0:x1]
    cover = mask.astype(np.float32) * np.float32(1 / 255)
    target *= (1 - cover)[..., None]
    target += paint * (light * cover)[..., None]


def _level_from(source: Array, points: Array, normal: Array) -> Array:
    """Light on a surface from a point source, 1 at 1 m straight on."""
    ray = source - points
    square = np.maximum((ray * ray).sum(axis=-1), 0.01)
    level: Array = np.maximum(ray @ normal, 0.0) / square**1.5
    return level


def _stamp(
    linear: Linear, centre_px: tuple[float, float], total: float, colour: tuple[float, float, float], *, sigma_px: float
) -> None:
    """Add a Gaussian spot whose sum is `total`."""
    reach = math.ceil(5 * sigma_px)
    x, y = centre_px[0] - 0.5, centre_px[1] - 0.5
    x0, x1 = max(0, math.floor(x) - reach), min(linear.shape[1], math.floor(x) + reach + 2)
    y0, y1 = max(0, math.floor(y) - reach), min(linear.shape[0], math.floor(y) + reach + 2)
    if x0 >= x1 or y0 >= y1:
        return
    across = np.exp(-((np.arange(x0, x1) - x) ** 2) / (2 * sigma_px**2))
    down = np.exp(-((np.arange(y0, y1) - y) ** 2) / (2 * sigma_px**2))
    spot = np.outer(down, across) * (total / (2 * math.pi * sigma_px**2))
    linear[y0:y1, x0:x1] += (spot[..., None] * np.array(colour)).astype(np.float32)


def _add_led(linear: Linear, led: Led, *, scene: Scene, phone: Phone, pose: Pose) -> None:
    point = np.array(led.position)
    distance = float(np.linalg.norm(point - np.asarray(pose.position_m)))
    total = (phone.focal_px / 1000 / distance) ** 2 * (scene.lamp_level + scene.haze_level)
    if led.axis is not None:
        off_deg = _angle_deg(np.asarray(pose.position_m) - point, np.array(led.axis))
        total *= 0.5 ** ((off_deg / led.half_deg) ** 2)
    _stamp(linear, spot_px(point, phone=phone, pose=pose), total, led.light, sigma_px=1.25 * phone.psf_px)


def _add_streak(linear: Linear, rail: Rail, *, phone: Phone, pose: Pose) -> None:
    """Add the streak of a rail as a row of spots; its slopes spread the light of each along the axis."""
    start, end = np.array(rail.start), np.array(rail.end)
    length = float(np.linalg.norm(end - start))
    bright = rail_highlight_m(rail, pose=pose)
    distance = float(np.linalg.norm(bright - np.asarray(pose.position_m)))
    spread = distance * math.tan(math.radians(rail.roughness_deg))
    count = max(2, int(length / distance * phone.focal_px))
    slope = math.radians(rail.roughness_deg)
    per_m = math.pi * (phone.focal_px / distance) ** 2 * rail.reflectance * rail.radius_m
    per_step = per_m / (4 * math.sqrt(2 * math.pi) * slope) * length / count
    level = torch_level(bright, phone=phone, pose=pose)
    for step in np.linspace(0, 1, count):
        point = start + (end - start) * step
        off_m = float(np.linalg.norm(point - bright))
        total = per_step * level * math.exp(-(off_m**2) / (2 * spread**2))
        if total > 1e-3:
            towards = np.asarray(pose.position_m) - point
            surface = point + towards / np.linalg.norm(towards) * rail.radius_m
            _stamp(linear, spot_px(surface, phone=phone, pose=pose), total, (1.0, 1.0, 1.0), sigma_px=phone.psf_px)


def _add_mirror_image(linear: Linear, glass: Glass, *, phone: Phone, pose: Pose) -> None:
    """Add the torch mirrored in flat glass: far beyond full scale, with a glow around it."""
    place = mirror_image_px(glass.face, phone=phone, pose=pose)
    if place is None:
        return
    corner = np.array(glass.face.corner)
    path = 2 * float(np.linalg.norm(corner - np.asarray(pose.position_m)))
    total = math.pi * (phone.focal_px / path) ** 2 * glass.reflectance
    size_px = TORCH_RADIUS_M * phone.focal_px / path
    _stamp(linear, place, total, (1.0, 1.0, 1.0), sigma_px=math.hypot(phone.psf_px, size_px / 2))
    _stamp(linear, place, total * _GLOW_SHARE, (1.0, 1.0, 1.0), sigma_px=_GLOW_PX)


def expose(linear: Linear, *, shot: Shot, noise: Linear) -> Picture:
    """Return what the sensor makes of the light: exposed, noisy, saturated, by the sRGB curve (IEC 61966-2-1).

    Parameters
    ----------
    linear
        (height, width, 3) light.
    shot
        Its JPEG quality is not used.
    noise
        Standard normal values of the same shape.
    """
    signal = linear * np.float32(shot.exposure)
    np.minimum(signal, 1.2, out=signal)
    deviation = signal / np.float32(shot.full_well_e) + np.float32((shot.read_noise_e / shot.full_well_e) ** 2)
    np.sqrt(deviation, out=deviation)
    deviation *= noise
    signal += deviation
    codes = np.clip(signal * np.float32(4095) + np.float32(0.5), 0, 4095).astype(np.uint16)
    return np.asarray(_curve()[codes], np.uint8)


@cache
def _curve() -> Picture:
    level = np.arange(4096) / 4095
    curve = np.where(level <= 0.0031308, 12.92 * level, 1.055 * level ** (1 / 2.4) - 0.055)
    return np.round(curve * 255).astype(np.uint8)
