"""Synthetic close views: a wall with a few everyday objects, seen from half a metre to one and a half.

The furnished room of :mod:`.room` is seen from afar; here is what a person films when they go near: a smoke
alarm, a clock, a socket with screws, a vent with holes, hooks and taps. Each polished thing has the centre of
its curvature before or behind the surface that is seen around it, as real screws (behind), knobs and taps
have: that distance is what makes its highlight slide. A lens sits at most 1.5 mm behind its hole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from . import surfaces
from .phone import Array
from .room import CUTOFF_DEG, EFFICIENCY, LOBE_DEG, PUPIL_M
from .things import Ball, Face, Glass, Led, Lens, Mark, Point, Rail, Scene, Texture

#: Texture resolution, per metre: two pixels of a 960-pixel frame at half a metre.
_PX_PER_M = 2000

#: Distances of the wall, metres: the working range of a torch and a phone.
DISTANCE_M = (0.55, 1.5)

#: Half field of hidden pinhole cameras over which they return light, degrees. The published +-10 degrees is the
#: narrow end; the room's lenses have 25.
CUTOFFS_DEG = (12.0, CUTOFF_DEG)

#: Tilt at which reflecting tape has lost half of its gain: published are 20-40 degrees up to which it stays visible.
TAPE_HALF_DEG = 30.0

#: Half widths of the beams of small lights in clear and in matt plastic, degrees, as their datasheets give them.
LED_CLEAR_DEG, LED_MATT_DEG = (10.0, 20.0), (30.0, 60.0)

#: Radius of bolts and rivets, metres.
BOLT_RADIUS_M = (0.002, 0.006)

#: Where a lens may hide.
HOSTS = ("smoke alarm", "clock", "socket", "vent")


@dataclass(slots=True, kw_only=True)
class _Panel:
    """A flat front in the world: its middle, and unit vectors along it and towards the phone."""

    middle: Array
    across: Array
    down: Array
    size_m: tuple[float, float]
    texture: Texture

    @property
    def out(self) -> Array:
        """Unit vector from the front towards the phone."""
        return -np.cross(self.across, self.down)

    def at(self, x_m: float, y_m: float, out_m: float = 0.0) -> Point:
        """Return the world point that lies so far from the middle."""
        return _point(self.middle + self.across * x_m + self.down * y_m + self.out * out_m)

    def face(self, out_m: float = 0.0) -> Face:
        wide, high = self.size_m
        return Face(
            corner=self.at(-wide / 2, -high / 2, out_m),
            across=_point(self.across * wide),
            down=_point(self.down * high),
            albedo=self.texture,
        )

    def disc(self, x_m: float, y_m: float, radius_m: float, tone: tuple[float, float, float]) -> None:
        """Paint a disc by coverage."""
        rows, columns = self.texture.shape[:2]
        column = (x_m / self.size_m[0] + 0.5) * columns - 0.5
        row = (y_m / self.size_m[1] + 0.5) * rows - 0.5
        per_m = columns / self.size_m[0]
        away = np.hypot(np.arange(columns) - column, np.arange(rows)[:, None] - row)
        cover = np.clip(radius_m * per_m + 0.5 - away, 0.0, 1.0).astype(np.float32)[..., None]
        self.texture *= 1 - cover
        self.texture += np.array(tone, np.float32) * cover

    def bar(self, x_m: float, y_m: float, wide_m: float, high_m: float, tone: tuple[float, float, float]) -> None:
        """Paint a rectangle around a place."""
        rows, columns = self.texture.shape[:2]
        x0, x1 = (int((x_m + side * wide_m / 2) / self.size_m[0] * columns + columns / 2) for side in (-1, 1))
        y0, y1 = (int((y_m + side * high_m / 2) / self.size_m[1] * rows + rows / 2) for side in (-1, 1))
        self.texture[max(y0, 0) : max(y1, y0 + 1), max(x0, 0) : max(x1, x0 + 1)] = tone


@dataclass(slots=True, kw_only=True)
class _Parts:
    """What has been put up so far."""

    faces: list[Face] = field(default_factory=list)
    balls: list[Ball] = field(default_factory=list)
    rails: list[Rail] = field(default_factory=list)
    glasses: list[Glass] = field(default_factory=list)
    leds: list[Led] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    holes: dict[str, Point] = field(default_factory=dict)


#: Distance of the deciding view, metres: the advice says half a metre.
DECIDING_M = (0.45, 0.60)

#: Width of its wall, metres: it must lie before the phone from wherever it is seen.
_DECIDING_WALL_M = 1.4

#: Direction of a hidden lens's axis against the line to where the phone begins, standard deviation in radians for
#: each of two directions: the phone begins where the point shines, which need not be straight before it.
_ASIDE, _ASIDE_DECIDING = 0.06, 0.10

#: Things beside the hosts: of the close views, and of the deciding view.
_OTHERS = ("tap", "hook", "picture", "stickers", "rail")
_OTHERS_DECIDING = (*_OTHERS, "bolts", "beads")


def deciding_view(*, seed: int, lenses: int = 1, hard_negatives: bool = True) -> Scene:
    """Return a wall whose middle holds the thing to be decided about, at half a metre, with others around it.

    Parameters
    ----------
    seed
        Chooses objects, places, colours and distance.
    lenses
        One, in the middle, or none: then a host without a camera or something polished is in the middle.
    hard_negatives
        Whether there are polished, shining and reflecting things.

    Raises
    ------
    ValueError
        If more than one lens is asked for.
    """
    if not 0 <= lenses <= 1:
        raise ValueError(f"a deciding view has 0 or 1 lens, not {lenses}")
    rng = np.random.default_rng([seed, 8])
    distance = float(rng.uniform(*DECIDING_M))
    parts = _Parts()
    _wall(parts, rng, distance, wide=_DECIDING_WALL_M)
    hosts = [HOSTS[i] for i in rng.permutation(len(HOSTS))[:2]]
    others = [_OTHERS_DECIDING[i] for i in rng.permutation(len(_OTHERS_DECIDING))]
    names = [*hosts, *(others[:4] if hard_negatives else [])]
    if lenses == 0 and hard_negatives and rng.uniform() < 0.7:
        names = [*others[:5], hosts[0]]
    around = [((i % 3 - 1) * 0.20, (i // 3 - 0.5) * 0.28) for i in rng.permutation(6)]
    for number, name in enumerate(names):
        x, y = (0.0, 0.0) if number == 0 else around[number]
        middle = np.array([x, y, distance - 0.004]) + np.array([*rng.uniform(-0.015, 0.015, 2), 0.0])
        across, down = _turned(rng)
        _MAKERS[name](parts, rng, middle, across, down, hard_negatives)
    return _scene(parts, rng, hosts[:lenses], aside=_ASIDE_DECIDING)


def close_up(*, seed: int, lenses: int = 1, hard_negatives: bool = True) -> Scene:
    """Return a wall with a few objects; the same seed gives the same wall.

    Parameters
    ----------
    seed
        Chooses objects, places, colours and distance.
    lenses
        Hidden cameras, 0-2.
    hard_negatives
        Whether there are polished, shining and reflecting things beside the hosts.

    Raises
    ------
    ValueError
        If there is no place for so many lenses.
    """
    if not 0 <= lenses <= 2:
        raise ValueError(f"a close view has 0-2 lenses, not {lenses}")
    rng = np.random.default_rng([seed, 5])
    distance = float(rng.uniform(*DISTANCE_M))
    parts = _Parts()
    _wall(parts, rng, distance)
    hosts = [HOSTS[i] for i in rng.permutation(len(HOSTS))[:2]]
    others = [_OTHERS[i] for i in rng.permutation(len(_OTHERS))[:4]]
    # Six places in two rows, spaced as the view widens with distance.
    step = 0.30 * distance + 0.04
    places = [((i % 3 - 1) * step, (i // 3 - 0.5) * 0.8 * step) for i in rng.permutation(6)]
    for name, (x, y) in zip([*hosts, *(others if hard_negatives else [])], places, strict=False):
        middle = np.array([x, y, distance - 0.004]) + np.array([*rng.uniform(-0.015, 0.015, 2), 0.0])
        across, down = _turned(rng)
        _MAKERS[name](parts, rng, middle, across, down, hard_negatives)
    return _scene(parts, rng, hosts[:lenses], aside=_ASIDE)


def _scene(parts: _Parts, rng: np.random.Generator, hidden: list[str], *, aside: float) -> Scene:
    """Return what was put up, with lenses in the holes of `hidden`."""
    return Scene(
        faces=tuple(parts.faces),
        lenses=tuple(_lens(parts.holes[name], name, rng, aside=aside) for name in hidden),
        balls=tuple(parts.balls),
        rails=tuple(parts.rails),
        glasses=tuple(parts.glasses),
        leds=tuple(parts.leds),
        marks=tuple(parts.marks),
        lamp=(-1.2, -1.0, 0.2),
        lamp_level=float(rng.uniform(0.03, 0.14)),
        haze_level=float(rng.uniform(0.01, 0.03)),
    )


def _point(vector: Array) -> Point:
    return float(vector[0]), float(vector[1]), float(vector[2])


def _pick(rng: np.random.Generator, *names: str) -> tuple[float, float, float]:
    return surfaces.colour(names[int(rng.integers(len(names)))])


def _turned(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the directions of a front that is turned and leaned a little."""
    turn, lean = (math.radians(float(angle)) for angle in rng.normal(0.0, 7.0, 2))
    across = np.array([math.cos(turn), 0.0, -math.sin(turn)])
    down = np.array([-math.sin(turn) * math.sin(lean), math.cos(lean), -math.cos(turn) * math.sin(lean)])
    return across, down


def _panel(middle: Array, across: Array, down: Array, wide_m: float, high_m: float, texture: Texture) -> _Panel:
    return _Panel(middle=middle, across=across, down=down, size_m=(wide_m, high_m), texture=texture)


def _size(wide_m: float, high_m: float) -> tuple[int, int]:
    return max(8, round(wide_m * _PX_PER_M)), max(8, round(high_m * _PX_PER_M))


def _sides(parts: _Parts, front: _Panel, depth_m: float, tone: Texture) -> None:
    """Add the four sides of the box behind a front, as far as they are seen."""
    wide, high = front.size_m
    back = _point(-front.out * depth_m)
    forth = _point(front.out * depth_m)
    left, right = front.at(-wide / 2, -high / 2, -depth_m), front.at(wide / 2, -high / 2)
    low = front.at(-wide / 2, high / 2)
    down, across = _point(front.down * high), _point(front.across * wide)
    parts.faces.append(Face(corner=left, across=forth, down=down, albedo=tone))
    parts.faces.append(Face(corner=right, across=back, down=down, albedo=tone))
    parts.faces.append(Face(corner=left, across=across, down=forth, albedo=tone))
    parts.faces.append(Face(corner=low, across=across, down=back, albedo=tone))


def _wall(parts: _Parts, rng: np.random.Generator, distance: float, *, wide: float | None = None) -> None:
    wide, high = wide or 2.6 * distance + 0.5, 1.7 * distance + 0.5
    size = (int(wide * 800), int(high * 800))
    tone = _pick(rng, "b9a88c", "a9adb0", "8f9c8a", "b3a3a0", "7d7a72")
    kind = int(rng.integers(3))
    if kind == 0:
        texture = surfaces.wallpaper(size, tone, rng, period_px=40.0)
    elif kind == 1:
        texture = surfaces.wood(size, _pick(rng, "6b4a30", "8a6a48", "9a7f5c"), rng)
    else:
        texture = surfaces.plain(size, tone, rng, grain=0.09)
        pitch = int(rng.integers(80, 130))
        texture[::pitch] *= 0.6
        texture[:, ::pitch] *= 0.6
    turn = math.radians(float(np.clip(rng.normal(0.0, 6.0), -15.0, 15.0)))
    across = np.array([math.cos(turn), 0.0, -math.sin(turn)])
    middle = np.array([0.0, 0.0, distance + 0.02])
    parts.faces.append(_panel(middle, across, np.array([0.0, 1.0, 0.0]), wide, high, texture).face())


def _host(parts: _Parts, name: str, front: _Panel, x_m: float, y_m: float, rng: np.random.Generator) -> None:
    """Make a hole in a front."""
    front.disc(x_m, y_m, float(rng.uniform(0.0011, 0.0018)), (0.004, 0.004, 0.004))
    parts.holes[name] = front.at(x_m, y_m, -float(rng.uniform(0.0003, 0.0015)))


def _screw(parts: _Parts, front: _Panel, x_m: float, y_m: float, host: str, rng: np.random.Generator) -> None:
    """A domed screw head: a part of a ball whose centre lies behind the front."""
    radius = float(rng.uniform(0.005, 0.012))
    head = float(rng.uniform(0.0022, 0.0035))
    front.disc(x_m, y_m, head * 1.15, (0.05, 0.05, 0.05))
    front.disc(x_m, y_m, head, (0.22, 0.22, 0.22))
    front.bar(x_m, y_m, 1.6 * head, 0.0007, (0.03, 0.03, 0.03))
    rise = radius - math.sqrt(radius**2 - head**2)
    centre = front.at(x_m, y_m, rise - radius)
    _polished(parts, front, centre, radius, math.asin(head / radius), float(rng.uniform(0.1, 0.6)), host)


def _polished(
    parts: _Parts, front: _Panel, centre: Point, radius_m: float, cap: float, reflectance: float, host: str
) -> None:
    """Add a part of a ball that faces as the front does, so many radians to each side."""
    parts.balls.append(
        Ball(
            centre=centre, radius_m=radius_m, reflectance=reflectance, host=host,
            axis=_point(front.out), cap_deg=math.degrees(cap),
        )
    )  # fmt: skip


def _led(
    parts: _Parts,
    front: _Panel,
    x_m: float,
    y_m: float,
    light: tuple[float, float, float],
    host: str,
    rng: np.random.Generator,
) -> None:
    """A small light; a third of them in clear plastic, whose beam is narrow."""
    narrow = rng.uniform() < 1 / 3
    half = float(rng.uniform(*(LED_CLEAR_DEG if narrow else LED_MATT_DEG)))
    place = front.at(x_m, y_m)
    parts.leds.append(Led(position=place, light=light, host=host, axis=_point(front.out), half_deg=half))


def _smoke_alarm(
    parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool
) -> None:
    side, depth = float(rng.uniform(0.08, 0.11)), float(rng.uniform(0.015, 0.035))
    tone = _pick(rng, "d8d6d0", "c9c7c0")
    front = _panel(middle, across, down, side, side, surfaces.plain(_size(side, side), tone, rng, grain=0.02))
    front.middle = front.middle + front.out * depth
    for row in range(5):
        for column in (-1, 1):
            front.bar(column * side * 0.27, (row - 2) * side * 0.13, side * 0.3, side * 0.03, (0.03, 0.03, 0.03))
    front.bar(0.0, -side * 0.42, side * 0.9, 0.001, (0.2, 0.2, 0.2))
    _host(parts, "smoke alarm", front, side * 0.02, side * 0.36, rng)
    _sides(parts, front, depth, surfaces.plain((16, 16), tone, rng))
    if negatives:
        _led(parts, front, -side * 0.2, side * 0.40, (0.6, 1.2, 18.0), "smoke alarm", rng)
    parts.faces.append(front.face())


def _clock(parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool) -> None:
    wide, high, depth = 0.14, 0.07, float(rng.uniform(0.02, 0.04))
    body = surfaces.plain(_size(wide, high), _pick(rng, "17181a", "2a2c30", "d0ccc4"), rng, grain=0.08)
    front = _panel(middle, across, down, wide, high, body)
    front.middle = front.middle + front.out * depth
    paper, ink = surfaces.colour("20282a"), surfaces.colour("a9c9a4")
    digits = surfaces.printed(_size(0.09, 0.045), ("23:47",), paper=paper, ink=ink, rng=rng)
    rows, columns = digits.shape[:2]
    front.texture[20 : 20 + rows, 16 : 16 + columns] = digits
    _host(parts, "clock", front, wide * 0.36, high * float(rng.uniform(-0.2, 0.2)), rng)
    _sides(parts, front, depth, surfaces.plain((16, 16), surfaces.colour("1d1e21"), rng))
    if negatives:
        tint = ((0.5, 1.0, 14.0), (0.8, 14.0, 1.5), (14.0, 4.0, 1.0))[int(rng.integers(3))]
        _led(parts, front, wide * 0.36, high * 0.38, tint, "clock", rng)
    parts.faces.append(front.face())


def _socket(
    parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool
) -> None:
    side = 0.082
    tone = _pick(rng, "d8d6d0", "cfc8b8", "3a3b3d")
    front = _panel(middle, across, down, side, side, surfaces.plain(_size(side, side), tone, rng, grain=0.02))
    front.middle = front.middle + front.out * 0.010
    front.disc(0.0, 0.0, 0.0205, tuple(0.75 * channel for channel in tone))  # type: ignore[arg-type]
    front.disc(0.0, 0.0, 0.0190, tuple(0.55 * channel for channel in tone))  # type: ignore[arg-type]
    for x in (-0.0095, 0.0095):
        front.disc(x, 0.0, 0.0025, (0.01, 0.01, 0.01))
    if negatives:
        _screw(parts, front, 0.0, 0.0, "socket", rng)
        _screw(parts, front, -0.033, 0.033, "socket", rng)
    _host(parts, "socket", front, float(rng.uniform(0.024, 0.032)), float(rng.uniform(-0.032, -0.024)), rng)
    _sides(parts, front, 0.010, surfaces.plain((16, 16), tone, rng))
    parts.faces.append(front.face())


def _vent(parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool) -> None:
    wide, high = 0.16, 0.10
    tone = _pick(rng, "c8c6c0", "6f7174", "3a3b3d")
    front = _panel(middle, across, down, wide, high, surfaces.plain(_size(wide, high), tone, rng, grain=0.03))
    front.middle = front.middle + front.out * 0.006
    pitch = float(rng.uniform(0.009, 0.013))
    columns, rows = int(0.12 / pitch), int(0.07 / pitch)
    for column in range(columns):
        for row in range(rows):
            x, y = (column - (columns - 1) / 2) * pitch, (row - (rows - 1) / 2) * pitch
            front.disc(x, y, 0.0022, (0.01, 0.01, 0.01))
    x = (int(rng.integers(columns)) - (columns - 1) / 2) * pitch
    y = (int(rng.integers(rows)) - (rows - 1) / 2) * pitch
    _host(parts, "vent", front, x, y, rng)
    if negatives:
        for x in (-0.073, 0.073):
            _screw(parts, front, x, 0.0, "vent", rng)
    parts.faces.append(front.face())


def _tap(parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool) -> None:
    """A chrome end: a ball whose front carries an emblem and a seam, seen before its centre."""
    radius = float(rng.uniform(0.010, 0.025))
    side = 1.6 * radius
    shade = np.sin(np.linspace(0.15, np.pi - 0.15, _size(side, side)[0], dtype=np.float32)) ** 2
    metal = np.array((0.20, 0.19, 0.18), np.float32) * (0.15 + shade[:, None, None] * shade[None, :, None])
    front = _panel(middle, across, down, side, side, np.ascontiguousarray(metal, np.float32))
    front.middle = front.middle + front.out * float(rng.uniform(0.03, 0.06))
    front.bar(0.0, 0.3 * side, 0.5 * side, 0.0012, (0.01, 0.01, 0.01))
    front.bar(-0.2 * side, -0.3 * side, 0.0012, 0.25 * side, (0.01, 0.01, 0.01))
    front.disc(0.3 * side, -0.25 * side, 0.0015, (0.02, 0.02, 0.25))
    parts.faces.append(front.face())
    centre = front.at(0.0, 0.0, -0.75 * radius)
    parts.balls.append(Ball(centre=centre, radius_m=radius, reflectance=float(rng.uniform(0.2, 0.6)), host="tap"))


def _hook(parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool) -> None:
    """A plate with a knob before it and two screws."""
    wide, high = 0.035, 0.07
    front = _panel(
        middle, across, down, wide, high, surfaces.wood(_size(wide, high), _pick(rng, "6b6a66", "3a3028"), rng)
    )
    front.middle = front.middle + front.out * 0.005
    radius = float(rng.uniform(0.005, 0.011))
    front.disc(0.0, 0.0, 1.1 * radius, (0.03, 0.03, 0.03))
    front.disc(0.0, 0.0, 0.9 * radius, (0.15, 0.15, 0.16))
    for y in (-0.027, 0.027):
        _screw(parts, front, 0.0, y, "hook", rng)
    parts.faces.append(front.face())
    centre = front.at(0.0, 0.0, radius + float(rng.uniform(0.005, 0.025)))
    parts.balls.append(Ball(centre=centre, radius_m=radius, reflectance=float(rng.uniform(0.2, 0.6)), host="hook"))


def _picture(
    parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool
) -> None:
    """A small picture under glass, leaned so that the torch's mirror image crosses it."""
    wide, high = 0.20, 0.15
    towards = -middle / np.linalg.norm(middle)
    across = np.cross(np.array([0.0, 1.0, 0.0]), -towards)
    across /= np.linalg.norm(across)
    down = np.cross(-towards, across)
    front = _panel(middle, across, down, wide, high, surfaces.painting(_size(wide, high), rng))
    front.middle = front.middle + front.out * 0.035
    parts.faces.append(front.face())
    parts.glasses.append(Glass(face=front.face(0.002), reflectance=0.04, host="picture"))


def _stickers(
    parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool
) -> None:
    """A dark label with pale dots, and a patch of reflecting tape."""
    wide, high = 0.10, 0.08
    body = surfaces.plain(_size(wide, high), surfaces.colour("1d2433"), rng)
    front = _panel(middle, across, down, wide, high, body)
    for _ in range(5):
        x, y = float(rng.uniform(-0.4, 0.4)) * wide, float(rng.uniform(-0.4, 0.1)) * high
        radius = float(rng.uniform(0.8, 2.0)) / 1000
        front.disc(x, y, radius, (0.85, 0.85, 0.85))
        parts.marks.append(Mark(position=front.at(x, y), radius_m=radius, kind="printed_dot", host="label"))
    parts.faces.append(front.face())
    tape = _panel(
        front.middle + front.down * 0.3 * high, across, down, 0.008, 0.006, surfaces.plain((16, 12), (0.5,) * 3, rng)
    )
    face = tape.face(0.001)
    gain = float(rng.uniform(15.0, 50.0))
    parts.faces.append(replace(face, retro_gain=gain, retro_half_deg=TAPE_HALF_DEG))
    parts.marks.append(Mark(position=tape.at(0.0, 0.0, 0.001), radius_m=0.004, kind="tape", host="label"))


def _bolts(parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool) -> None:
    """A plate with a round rivet, domed bolts of small radius, and a screw sunk into a hole."""
    wide, high = 0.09, 0.07
    tone = _pick(rng, "8a8c8f", "3a3b3d", "6b5a48")
    front = _panel(middle, across, down, wide, high, surfaces.plain(_size(wide, high), tone, rng, grain=0.05))
    front.middle = front.middle + front.out * 0.004
    for x, y in ((-0.03, -0.02), (0.03, -0.02), (-0.03, 0.02)):
        radius = float(rng.uniform(*BOLT_RADIUS_M))
        # From a flat dome to half a ball, whose centre lies in the plate's face.
        cap = math.radians(float(rng.uniform(25.0, 90.0)))
        head = radius * math.sin(cap)
        front.disc(x, y, head * 1.1, (0.04, 0.04, 0.04))
        front.disc(x, y, head * 0.9, (0.12, 0.12, 0.12))
        centre = front.at(x, y, -radius * math.cos(cap))
        _polished(parts, front, centre, radius, cap, float(rng.uniform(0.2, 0.6)), "bolt")
    hole, deep = float(rng.uniform(0.0025, 0.004)), float(rng.uniform(0.004, 0.010))
    radius = float(rng.uniform(*BOLT_RADIUS_M))
    front.disc(0.03, 0.02, hole, (0.006, 0.006, 0.006))
    # The hole's rim hides it from the side.
    cap = math.atan(hole / (deep + radius))
    _polished(parts, front, front.at(0.03, 0.02, -deep - radius), radius, cap, 0.5, "sunk screw")
    parts.faces.append(front.face())


def _beads(parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool) -> None:
    """Cloth with glass beads, which shine from everywhere, and nearly flat polished chips, which flash."""
    wide, high = 0.10, 0.08
    tone = _pick(rng, "5a2f3a", "2f3d5a", "26241f")
    front = _panel(middle, across, down, wide, high, surfaces.plain(_size(wide, high), tone, rng, grain=0.15))
    for number in range(6):
        x, y = (number % 3 - 1) * 0.032, (number // 3 - 0.5) * 0.036
        if number % 2:
            radius = float(rng.uniform(0.0015, 0.003))
            _polished(parts, front, front.at(x, y, 0.3 * radius), radius, math.pi / 2, 0.3, "bead")
            continue
        size, radius = float(rng.uniform(0.0006, 0.0015)), float(rng.uniform(0.012, 0.05))
        lean = front.out + front.across * float(rng.normal(0.0, 0.12)) + front.down * float(rng.normal(0.0, 0.08))
        lean /= np.linalg.norm(lean)
        chip = Ball(
            centre=_point(np.array(front.at(x, y)) - lean * radius), radius_m=radius,
            reflectance=float(rng.uniform(0.05, 0.3)), host="chip", axis=_point(lean),
            cap_deg=math.degrees(math.asin(size / radius)),
        )  # fmt: skip
        parts.balls.append(chip)
    parts.faces.append(front.face())


def _rail(parts: _Parts, rng: np.random.Generator, middle: Array, across: Array, down: Array, negatives: bool) -> None:
    """A brushed rail that stands off the wall."""
    radius = float(rng.uniform(0.004, 0.008))
    start, end = middle - across * 0.1, middle + across * 0.1
    bar = np.repeat(np.linspace(0.02, 0.16, 12, dtype=np.float32)[:, None, None] * np.ones(3, np.float32), 200, axis=1)
    out = -np.cross(across, down) * 0.03
    front = _panel(middle + out, across, down, 0.2, 2 * radius, bar)
    parts.faces.append(front.face())
    parts.rails.append(
        Rail(
            start=_point(start + out * 0.8),
            end=_point(end + out * 0.8),
            radius_m=radius,
            reflectance=0.5,
            roughness_deg=float(rng.uniform(1.0, 3.0)),
            host="rail",
        )
    )


_MAKERS = {
    "smoke alarm": _smoke_alarm,
    "clock": _clock,
    "socket": _socket,
    "vent": _vent,
    "tap": _tap,
    "hook": _hook,
    "picture": _picture,
    "stickers": _stickers,
    "rail": _rail,
    "bolts": _bolts,
    "beads": _beads,
}


def _lens(position: Point, host: str, rng: np.random.Generator, *, aside: float) -> Lens:
    """A pinhole camera that looks roughly, not exactly, at where the phone is held."""
    towards = -np.array(position)
    towards /= np.linalg.norm(towards)
    axis = towards + rng.normal(0.0, aside, 3)
    axis /= np.linalg.norm(axis)
    return Lens(
        position=position,
        axis=_point(axis),
        aperture_m=float(rng.uniform(*PUPIL_M)),
        efficiency=float(rng.uniform(*EFFICIENCY)),
        lobe_deg=float(rng.uniform(*LOBE_DEG)),
        cutoff_deg=float(rng.uniform(*CUTOFFS_DEG)),
        tint=((1.0, 0.95, 0.9), (0.8, 0.95, 1.0), (1.0, 0.85, 0.95))[int(rng.integers(3))],
        host=host,
    )
