"""A synthetic corner of a hotel room: a sideboard with everyday objects against a papered wall.

Sizes are those of ordinary furniture. The seed moves and recolours things and chooses which object the lens
hides in. Besides the lens, the room holds what is most often taken for one: drawer knobs (convex, polished),
a chrome lamp pole (streak), glass over a painting (mirror image of the torch), a power LED, white dots
printed on dark paper, a patch of reflecting tape.
"""

from __future__ import annotations

import math

import numpy as np

from . import surfaces
from .things import Ball, Face, Glass, Led, Lens, Mark, Point, Rail, Scene, Texture

#: Texture resolution, per metre: about what the picture resolves at 1.3 m.
_PX_PER_M = 900

#: Pupil, efficiency, beam, and field of hidden pinhole cameras, as ranges: pinhole lenses have f = 2-4 mm at
#: F/2-F/2.8; 0.2-6 % efficiency and beams of 0.5-1.5 degrees are reasoned (no public measurement exists).
#: Faint and strongly defocused ones are left out: this room demonstrates, it does not measure a rate.
PUPIL_M = (0.0010, 0.0016)
EFFICIENCY = (0.002, 0.01)
LOBE_DEG = (0.8, 1.4)
CUTOFF_DEG = 25.0


def furnished_room(*, seed: int, lenses: int = 1) -> Scene:
    """Return the room.

    Parameters
    ----------
    seed
        The same seed gives the same room.
    lenses
        Hidden cameras, 0-3: in the clock, the charger, the speaker.

    Raises
    ------
    ValueError
        If there is no place for so many lenses.
    """
    hosts = ("clock", "charger", "speaker")
    if not 0 <= lenses <= len(hosts):
        raise ValueError(f"a room has 0-{len(hosts)} lenses, not {lenses}")
    rng = np.random.default_rng([seed, 1])
    wall_z = float(rng.uniform(1.32, 1.45))
    top_y = float(rng.uniform(0.17, 0.21))
    hidden = [hosts[i] for i in sorted(rng.permutation(len(hosts))[:lenses])]

    faces: list[Face] = []
    _walls(faces, rng, wall_z=wall_z)
    glass, marks = _hangings(faces, rng, wall_z=wall_z)
    balls = _sideboard(faces, rng, wall_z=wall_z, top_y=top_y)
    marks.append(_tape(faces, rng, wall_z=wall_z))
    rail = _lamp(faces, rng, wall_z=wall_z, top_y=top_y)
    spots, led = _objects(faces, rng, wall_z=wall_z, top_y=top_y)
    return Scene(
        faces=tuple(faces),
        lenses=tuple(_lens(spots[host], host, rng) for host in hidden),
        balls=balls,
        rails=(rail,),
        glasses=(glass,),
        leds=(led,),
        marks=tuple(marks),
        lamp=(-1.6, -1.1, 0.2),
        lamp_level=float(rng.uniform(0.10, 0.14)),
        haze_level=float(rng.uniform(0.02, 0.03)),
    )


def _size(width_m: float, height_m: float) -> tuple[int, int]:
    return max(8, round(width_m * _PX_PER_M)), max(8, round(height_m * _PX_PER_M))


def _board(x: float, y: float, z: float, width: float, height: float, albedo: Texture) -> Face:
    """A face that looks at the phone."""
    return Face(corner=(x, y, z), across=(width, 0.0, 0.0), down=(0.0, height, 0.0), albedo=albedo)


def _box(faces: list[Face], corner: Point, size: tuple[float, float, float], front: Texture, rest: Texture) -> None:
    """Add a box: `corner` is the top left of its front, `size` is width, height, depth."""
    (x, y, z), (w, h, d) = corner, size
    faces.append(Face(corner=(x, y, z + d), across=(w, 0, 0), down=(0, 0, -d), albedo=rest))
    faces.append(Face(corner=(x, y, z + d), across=(0, 0, -d), down=(0, h, 0), albedo=rest))
    faces.append(Face(corner=(x + w, y, z), across=(0, 0, d), down=(0, h, 0), albedo=rest))
    faces.append(_board(x, y, z, w, h, front))


def _walls(faces: list[Face], rng: np.random.Generator, *, wall_z: float) -> None:
    tone = surfaces.colour(("b9a88c", "a9adb0", "b3a3a0", "a7b09a")[int(rng.integers(4))])
    corner_x = 0.80
    paper = surfaces.wallpaper(_size(2.4, 1.8), tone, rng, period_px=0.06 * _PX_PER_M)
    faces.append(_board(corner_x - 2.4, -1.0, wall_z, 2.4, 1.8, paper))
    side = surfaces.plain((300, 500), tone, rng, grain=0.02)
    faces.append(Face(corner=(corner_x, -1.0, wall_z), across=(0, 0, -wall_z + 0.3), down=(0, 1.8, 0), albedo=side))


def _hangings(faces: list[Face], rng: np.random.Generator, *, wall_z: float) -> tuple[Glass, list[Mark]]:
    """A painting under glass that leans a little out of true, and a dark poster with white dots."""
    wide, high = 0.46, 0.34
    x, y = float(rng.uniform(-0.56, -0.48)), float(rng.uniform(-0.45, -0.40))
    # Leaned and turned so that the mirror image of a torch near the origin falls inside the glass.
    aim_x, aim_y = x + wide * float(rng.uniform(0.35, 0.65)), y + high * float(rng.uniform(0.3, 0.6))
    turn, lean = math.atan2(aim_x, wall_z), math.atan2(aim_y, wall_z)
    across = np.array([math.cos(turn), 0.0, -math.sin(turn)])
    down = np.array([-math.sin(turn) * math.sin(lean), math.cos(lean), -math.cos(turn) * math.sin(lean)])
    centre = np.array([x + wide / 2, y + high / 2, wall_z - 0.12])

    def pane(w: float, h: float, out_m: float, albedo: Texture) -> Face:
        towards = np.cross(down, across)
        start = centre + towards * out_m - across * w / 2 - down * h / 2
        return Face(corner=_point(start), across=_point(across * w), down=_point(down * h), albedo=albedo)

    wood = surfaces.wood(_size(wide, high), surfaces.colour("4a3423"), rng)
    faces.append(pane(wide, high, 0.0, wood))
    picture = pane(wide - 0.05, high - 0.05, 0.004, surfaces.painting(_size(wide - 0.05, high - 0.05), rng))
    faces.append(picture)

    px, py, pw, ph = float(rng.uniform(0.06, 0.12)), float(rng.uniform(-0.5, -0.45)), 0.27, 0.36
    poster = surfaces.plain(_size(pw, ph), surfaces.colour("1d2433"), rng)
    marks = []
    for _ in range(14):
        u, v, radius = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.08, 0.7)), float(rng.uniform(0.9, 2.0)) / 1000
        _dot(poster, u, v, radius)
        marks.append(
            Mark(
                position=(px + u * pw, py + v * ph, wall_z - 0.001), radius_m=radius, kind="printed_dot", host="poster"
            )
        )
    faces.append(_board(px, py, wall_z - 0.001, pw, ph, poster))
    caption = surfaces.printed(
        _size(pw * 0.7, 0.045), ("NIGHT SKY",), paper=surfaces.colour("1d2433"), ink=(0.6, 0.6, 0.6), rng=rng
    )
    faces.append(_board(px + pw * 0.15, py + ph * 0.8, wall_z - 0.002, pw * 0.7, 0.045, caption))
    return Glass(face=picture, reflectance=0.04, host="painting"), marks


def _dot(albedo: Texture, u: float, v: float, radius_m: float) -> None:
    """Print a white dot, by coverage so that its size is right."""
    rows, columns = albedo.shape[:2]
    x, y = u * columns - 0.5, v * rows - 0.5
    distance = np.hypot(np.arange(columns) - x, np.arange(rows)[:, None] - y)
    cover = np.clip(radius_m * _PX_PER_M + 0.5 - distance, 0.0, 1.0).astype(np.float32)[..., None]
    albedo *= 1 - cover
    albedo += np.float32(0.85) * cover


def _point(vector: np.ndarray) -> Point:
    return float(vector[0]), float(vector[1]), float(vector[2])


def _sideboard(faces: list[Face], rng: np.random.Generator, *, wall_z: float, top_y: float) -> tuple[Ball, ...]:
    """A sideboard with two drawers, each with a polished knob."""
    x, wide, deep, high = -1.05, 1.75, 0.36, 0.55
    tone = surfaces.colour(("6b4a30", "4b3526", "8a6a48")[int(rng.integers(3))])
    front_z = wall_z - deep
    body = surfaces.wood(_size(wide, deep), tone, rng)
    _box(faces, (x, top_y, front_z), (wide, high, deep), surfaces.wood(_size(wide, high), tone, rng), body)
    balls = []
    for number in range(2):
        left = x + 0.30 + number * 0.72
        drawer = surfaces.wood(_size(0.66, 0.2), tone, rng)
        drawer[:3] *= 0.3
        drawer[-3:] *= 0.3
        drawer[:, :3] *= 0.3
        drawer[:, -3:] *= 0.3
        radius = float(rng.uniform(0.007, 0.011))
        _knob(drawer, 0.33, 0.09, radius)
        faces.append(_board(left, top_y + 0.035, front_z - 0.002, 0.66, 0.2, drawer))
        centre = (left + 0.33, top_y + 0.125, front_z - 0.012)
        balls.append(Ball(centre=centre, radius_m=radius, reflectance=float(rng.uniform(0.45, 0.6)), host="knob"))
    return tuple(balls)


def _knob(albedo: Texture, x_m: float, y_m: float, radius_m: float) -> None:
    """Paint a metal knob as a picture shows it beside its highlight: dark, with a paler rim, and its shadow."""
    columns, rows = np.arange(albedo.shape[1]), np.arange(albedo.shape[0])[:, None]
    for down_m, outer, tone in ((0.003, 1.15, 0.03), (0.0, 1.0, 0.30), (0.0, 0.85, 0.12)):
        away = np.hypot(columns - x_m * _PX_PER_M, rows - (y_m + down_m) * _PX_PER_M) / (radius_m * _PX_PER_M)
        cover = np.clip((outer - away) * radius_m * _PX_PER_M + 0.5, 0.0, 1.0).astype(np.float32)[..., None]
        albedo *= 1 - cover
        albedo += np.array((0.8, 0.95, 1.0), np.float32) * np.float32(tone) * cover


def _tape(faces: list[Face], rng: np.random.Generator, *, wall_z: float) -> Mark:
    """A patch of reflecting tape: glass beads return about fifty times what white paper does."""
    x, y, wide, high = float(rng.uniform(0.5, 0.56)), float(rng.uniform(-0.38, -0.3)), 0.014, 0.011
    silver = surfaces.plain((16, 12), (0.55, 0.55, 0.55), rng)
    face = _board(x, y, wall_z - 0.001, wide, high, silver)
    faces.append(Face(corner=face.corner, across=face.across, down=face.down, albedo=silver, retro_gain=50.0))
    centre = (x + wide / 2, y + high / 2, wall_z - 0.001)
    return Mark(position=centre, radius_m=wide / 2, kind="tape", host="wall")


def _lamp(faces: list[Face], rng: np.random.Generator, *, wall_z: float, top_y: float) -> Rail:
    """A table lamp that is switched off: cloth shade, chrome pole, dark foot."""
    x, z, radius = float(rng.uniform(0.55, 0.6)), wall_z - 0.2, 0.007
    shade_y = top_y - 0.42
    pole = np.repeat(np.linspace(0.02, 0.16, 12, dtype=np.float32)[None, :, None] * np.ones(3, np.float32), 200, axis=0)
    faces.append(_board(x - radius, shade_y + 0.14, z, 2 * radius, top_y - shade_y - 0.16, pole))
    foot = surfaces.plain(_size(0.13, 0.02), surfaces.colour("2a2724"), rng)
    _box(faces, (x - 0.065, top_y - 0.02, z - 0.06), (0.13, 0.02, 0.12), foot, foot)
    cloth = surfaces.plain(_size(0.24, 0.17), surfaces.colour("c9b99b"), rng, grain=0.05)
    cloth *= (0.45 + 0.55 * np.sin(np.linspace(0.25, np.pi - 0.25, cloth.shape[1])) ** 0.7)[None, :, None].astype(
        np.float32
    )
    faces.append(_board(x - 0.12, shade_y, z - 0.01, 0.24, 0.17, cloth))
    return Rail(
        start=(x, shade_y + 0.18, z),
        end=(x, top_y - 0.03, z),
        radius_m=radius,
        reflectance=0.6,
        roughness_deg=2.5,
        host="lamp pole",
    )


def _objects(
    faces: list[Face], rng: np.random.Generator, *, wall_z: float, top_y: float
) -> tuple[dict[str, Point], Led]:
    """Things on the sideboard, in an order that the seed chooses; returns where a lens may hide, and the LED."""
    spots: dict[str, Point] = {}
    led: Led | None = None
    sizes = {
        "clock": (0.20, 0.085, 0.06),
        "books": (0.17, 0.20, 0.13),
        "charger": (0.065, 0.075, 0.05),
        "tissues": (0.21, 0.09, 0.11),
        "box": (0.23, 0.05, 0.15),
        "speaker": (0.10, 0.15, 0.09),
    }
    x = -0.67
    gap = (0.48 - x - sum(size[0] for size in sizes.values())) / len(sizes)
    for name in [list(sizes)[i] for i in rng.permutation(len(sizes))]:
        wide, high, deep = sizes[name]
        corner = (x, top_y - high, wall_z - 0.17 - deep / 2 - float(rng.uniform(0.0, 0.07)))
        cx, front = corner[0] + wide / 2, corner[2]
        dark = surfaces.plain(_size(wide, high), surfaces.colour("17181a"), rng, grain=0.08)
        rest = surfaces.plain(_size(wide, deep), surfaces.colour("1d1e21"), rng)
        if name == "books":
            top = surfaces.plain(_size(wide, deep), surfaces.colour("cfc6b2"), rng)
            _box(faces, corner, (wide, high, deep), surfaces.books(_size(wide, high), rng), top)
        elif name == "tissues":
            paper, ink = surfaces.colour("9fb7c4"), surfaces.colour("35566b")
            label = surfaces.printed(_size(wide, high), ("soft", "100 tissues"), paper=paper, ink=ink, rng=rng)
            _box(faces, corner, (wide, high, deep), label, surfaces.plain(_size(wide, deep), paper, rng))
        else:
            _box(faces, corner, (wide, high, deep), dark, rest)
        if name == "clock":
            digits = surfaces.printed(
                _size(0.12, 0.05), ("23:47",), paper=surfaces.colour("20282a"), ink=surfaces.colour("a9c9a4"), rng=rng
            )
            faces.append(_board(corner[0] + 0.02, corner[1] + 0.017, front - 0.001, 0.12, 0.05, digits))
            spots[name] = (corner[0] + 0.172, corner[1] + 0.042, front)
        elif name == "charger":
            socket = surfaces.plain((24, 12), surfaces.colour("4b4d50"), rng)
            faces.append(_board(cx - 0.012, corner[1] + 0.048, front - 0.001, 0.024, 0.011, socket))
            spots[name] = (cx, corner[1] + 0.022, front)
        elif name == "speaker":
            cloth = surfaces.plain(_size(wide - 0.016, 0.085), surfaces.colour("34363b"), rng, grain=0.25)
            faces.append(_board(corner[0] + 0.008, corner[1] + 0.057, front - 0.001, wide - 0.016, 0.085, cloth))
            spots[name] = (cx, corner[1] + 0.028, front)
        elif name == "box":
            spots["box"] = (corner[0] + wide - 0.03, corner[1] + 0.028, front - 0.001)
            tint = ((0.05, 0.1, 1.0), (0.1, 1.0, 0.15), (1.0, 0.35, 0.1))[int(rng.integers(3))]
            light = tuple(float(40 * channel) for channel in tint)
            led = Led(position=spots["box"], light=(light[0], light[1], light[2]), host="set-top box")
        x += wide + gap
    for name in ("clock", "charger", "speaker"):
        px, py, pz = spots[name]
        hole = surfaces.plain((8, 8), (0.004, 0.004, 0.004), rng)
        faces.append(_board(px - 0.0016, py - 0.0016, pz - 0.001, 0.0032, 0.0032, hole))
    assert led is not None
    return spots, led


def _lens(position: Point, host: str, rng: np.random.Generator) -> Lens:
    """A pinhole camera that looks roughly, not exactly, at where the phone is held."""
    towards = -np.array(position) + rng.normal(0.0, 0.06, 3)
    axis = towards / np.linalg.norm(towards)
    return Lens(
        position=position,
        axis=_point(axis),
        aperture_m=float(rng.uniform(*PUPIL_M)),
        efficiency=float(rng.uniform(*EFFICIENCY)),
        lobe_deg=float(rng.uniform(*LOBE_DEG)),
        cutoff_deg=CUTOFF_DEG,
        tint=((1.0, 0.95, 0.9), (0.8, 0.95, 1.0), (1.0, 0.85, 0.95))[int(rng.integers(3))],
        host=host,
    )
