"""Synthetic pictures of a dark room with the torch off, with known truth. Never called a photograph.

Light is added up in linear units on a colour-filter mosaic (each pixel sees one colour), given shot noise, read
noise and hot pixels there, and only then demosaicked, white-balanced and encoded: so that hot pixels and colours
look as a phone makes them look. What is simple: the phone's point spread is a Gaussian with a faint halo, a room
is an even dim ground with furniture edges, and night modes, denoising and lens flare are left out.

The colours in which the mosaic sees each light are stated at :data:`LIGHTS`: reasoned from how such filters work,
not measured on a phone. What detectors score here says that the program works, not how often it finds a camera.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Plane = NDArray[np.float64]

#: How strongly red, green and blue pixels see each light. The dyes of the three filters stop absorbing beyond about
#: 800 nm, so that all three see 850 and 940 nm nearly alike, red a little more. Visible lights: LED spectra 20-30 nm
#: wide against filters with the usual overlap. White: a daylight-white LED.
LIGHTS: dict[str, tuple[float, float, float]] = {
    "ir850": (1.0, 0.88, 0.92),
    "ir940": (1.0, 0.97, 0.98),
    "red": (1.0, 0.10, 0.03),
    "green": (0.08, 1.0, 0.25),
    "amber": (1.0, 0.42, 0.04),
    "blue": (0.04, 0.30, 1.0),
    "white": (0.50, 1.0, 0.63),
}

#: Gains that make white of what the mosaic sees under a daylight-white LED, red, green, blue.
_WHITE_GAINS = (2.0, 1.0, 1.6)

#: From balanced sensor colours to sRGB: rows sum to 1, so white stays white. Typical of published phone profiles.
_TO_SRGB = np.array([[1.55, -0.45, -0.10], [-0.25, 1.50, -0.25], [0.0, -0.50, 1.50]])

#: Segments of the digits on a clock, in the usual order a-g.
_SEGMENTS = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc",
    "5": "afgcd", "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg",
}  # fmt: skip
_SEGMENT_ENDS = {
    "a": ((0, 0), (1, 0)), "b": ((1, 0), (1, 1)), "c": ((1, 1), (1, 2)), "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)), "f": ((0, 0), (0, 1)), "g": ((0, 1), (1, 1)),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """What shines, and where: pixels from the corner of the top left pixel.

    ``kind`` is ``ir_ring``, ``ir_single``, ``status``, ``digits``, ``slit``, ``window`` or ``hot_pixel``;
    ``colour`` a key of :data:`LIGHTS`; ``radius_px`` that of the whole thing.
    """

    kind: str
    colour: str
    x_px: float
    y_px: float
    radius_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkScene:
    """One dark picture, (height, width, 3) BGR uint8, with its truth."""

    picture: Picture
    lights: tuple[Light, ...]
    seed: int


class DarkRoom:
    """A dark room to which lights are added one by one, then seen through a phone.

    Parameters
    ----------
    seed
        Chooses the ground, the white balance and the noise.
    width, height
        Of the picture, even.
    ambient
        Mean light of the ground, 1 fills a pixel. 0.002 is a room in which one sees shapes at most. With `ground`
        the share of its light that is left.
    psf_px
        Sigma of the point spread.
    ground
        A picture of a room, (height, width, 3) BGR uint8 of even sides, to be darkened in place of an even ground.
    balance
        White balance: 0 stays at daylight, 1 takes equal light in the three colours for white. By the seed if None.
    """

    def __init__(
        self, *, seed: int, width: int = 960, height: int = 720, ambient: float = 0.002, psf_px: float = 0.8,
        ground: Picture | None = None, balance: float | None = None,
    ) -> None:  # fmt: skip
        self._rng = np.random.default_rng([seed, 77])
        self._seed, self._psf_px = seed, psf_px
        self._light: Plane = np.zeros((height, width, 3) if ground is None else ground.shape)
        self._hot: list[tuple[int, int, float]] = []
        self._truth: list[Light] = []
        if ground is None:
            self._ground(ambient)
        else:
            self._light += ambient * _linear(ground) / np.array(_WHITE_GAINS)
        # The balance that the phone chooses in the dark wanders: with nothing to go by it may stay at daylight, or
        # take the brightest light for white.
        chosen = float(self._rng.uniform(0.0, 0.6))
        self._balance = chosen if balance is None else balance

    def _ground(self, ambient: float) -> None:
        height, width = self._light.shape[:2]
        coarse = self._rng.uniform(0.4, 1.6, (4, 5)).astype(np.float32)
        even = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float64)
        for _ in range(6):  # furniture
            x, y = int(self._rng.integers(width)), int(self._rng.integers(height))
            even[y : y + int(self._rng.integers(40, 300)), x : x + int(self._rng.integers(40, 300))] *= (
                self._rng.uniform(0.3, 1.2)
            )
        self._light += ambient * np.clip(even, 0.0, None)[..., None] * np.array([0.7, 1.0, 0.6])

    def _draw(
        self, stamp: Callable[[Plane, Plane], Plane], colour: str, strength: float, box: tuple[float, ...]
    ) -> None:
        """Add ``strength * stamp(x, y)`` in a box (left, top, right, bottom)."""
        height, width = self._light.shape[:2]
        left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
        right, bottom = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
        if left >= right or top >= bottom:
            return
        x, y = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
        self._light[top:bottom, left:right] += strength * stamp(x, y)[..., None] * np.array(LIGHTS[colour])

    def _point(self, colour: str, x_px: float, y_px: float, *, radius_px: float, strength: float) -> None:
        """A disc under the point spread, and the faint halo of a lens: 1 % of the light within some ten pixels."""
        sigma = math.hypot(self._psf_px, 0.5 * radius_px)

        def core(x: Plane, y: Plane) -> Plane:
            return np.asarray(np.exp(-((x - x_px) ** 2 + (y - y_px) ** 2) / (2.0 * sigma**2)))

        def halo(x: Plane, y: Plane) -> Plane:
            return np.asarray(0.01 / (1.0 + ((x - x_px) ** 2 + (y - y_px) ** 2) / (3.0 * sigma) ** 2) ** 1.5)

        reach = 40.0 * sigma
        box = (x_px - reach, y_px - reach, x_px + reach, y_px + reach)
        self._draw(core, colour, strength, box)
        self._draw(halo, colour, strength, box)

    def add_light(
        self, colour: str, x_px: float, y_px: float, *, radius_px: float = 1.5, strength: float = 1.0, kind: str = ""
    ) -> None:
        """Add one light; a strength of 1 just fills the brightest pixel's colour."""
        self._point(colour, x_px, y_px, radius_px=radius_px, strength=strength)
        kind = kind or ("ir_single" if colour.startswith("ir") else "status")
        self._truth.append(Light(kind=kind, colour=colour, x_px=x_px, y_px=y_px, radius_px=radius_px))

    def add_ring(
        self, colour: str, x_px: float, y_px: float, *, count: int = 6, ring_px: float = 14.0, tilt: float = 1.0,
        radius_px: float = 1.5, strength: float = 1.0,
    ) -> None:  # fmt: skip
        """Add `count` lights on a circle, seen at an angle that shortens one axis by `tilt`."""
        turn = float(self._rng.uniform(0.0, 2.0 * math.pi))
        for number in range(count):
            angle = turn + 2.0 * math.pi * number / count
            self._point(
                colour, x_px + ring_px * math.cos(angle), y_px + tilt * ring_px * math.sin(angle),
                radius_px=radius_px, strength=strength * float(self._rng.uniform(0.85, 1.15)),
            )  # fmt: skip
        self._truth.append(Light(kind="ir_ring", colour=colour, x_px=x_px, y_px=y_px, radius_px=ring_px))

    def add_row(
        self, colour: str, x_px: float, y_px: float, *, count: int = 4, step_px: float = 12.0, radius_px: float = 1.5,
        strength: float = 1.0,
    ) -> None:  # fmt: skip
        """Add `count` lights in a row that begins at (x_px, y_px): a router's, or a bar of infrared LEDs."""
        for number in range(count):
            self._point(colour, x_px + number * step_px, y_px, radius_px=radius_px, strength=strength)
        kind = "ir_row" if colour.startswith("ir") else "status"
        middle = x_px + 0.5 * (count - 1) * step_px
        self._truth.append(Light(kind=kind, colour=colour, x_px=middle, y_px=y_px, radius_px=0.5 * count * step_px))

    def add_digits(
        self, text: str, colour: str, x_px: float, y_px: float, *, height_px: float = 24.0, strength: float = 0.8
    ) -> None:
        """Add the digits of a clock; the top left corner of the first is at (x_px, y_px)."""
        half, place = 0.5 * height_px, x_px
        for sign in text:
            if sign == ":":
                for share in (0.6, 1.4):
                    self._point(colour, place, y_px + share * half, radius_px=0.06 * height_px, strength=strength)
                place += 0.4 * height_px
                continue
            for segment in _SEGMENTS[sign]:
                (x0, y0), (x1, y1) = _SEGMENT_ENDS[segment]
                self._line(
                    colour, place + half * (x0 + 0.16 * (x1 - x0)), y_px + half * (y0 + 0.16 * (y1 - y0)),
                    place + half * (x1 - 0.16 * (x1 - x0)), y_px + half * (y1 - 0.16 * (y1 - y0)),
                    width_px=0.05 * height_px, strength=strength,
                )  # fmt: skip
            place += 0.8 * height_px
        self._truth.append(
            Light(kind="digits", colour=colour, x_px=0.5 * (x_px + place), y_px=y_px + half, radius_px=place - x_px)
        )

    def _line(
        self, colour: str, x0: float, y0: float, x1: float, y1: float, *, width_px: float, strength: float
    ) -> None:
        sigma, length2 = math.hypot(self._psf_px, width_px), (x1 - x0) ** 2 + (y1 - y0) ** 2

        def stamp(x: Plane, y: Plane) -> Plane:
            along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2, 0.0, 1.0)
            off = (x - x0 - along * (x1 - x0)) ** 2 + (y - y0 - along * (y1 - y0)) ** 2
            return np.asarray(np.exp(-off / (2.0 * sigma**2)))

        reach = 5.0 * sigma
        box = (min(x0, x1) - reach, min(y0, y1) - reach, max(x0, x1) + reach, max(y0, y1) + reach)
        self._draw(stamp, colour, strength, box)

    def add_slit(self, x0: float, y0: float, x1: float, y1: float, *, strength: float = 0.5) -> None:
        """Add a slit of light, as under a door or beside a curtain."""
        self._line("white", x0, y0, x1, y1, width_px=1.0, strength=strength)
        reach = 0.5 * math.hypot(x1 - x0, y1 - y0)
        self._truth.append(
            Light(kind="slit", colour="white", x_px=0.5 * (x0 + x1), y_px=0.5 * (y0 + y1), radius_px=reach)
        )

    def add_window(self, x_px: float, y_px: float, *, side_px: float = 120.0, strength: float = 0.3) -> None:
        """Add a window with its cross, light behind it."""

        def stamp(x: Plane, y: Plane) -> Plane:
            inside = np.maximum(np.abs(x - x_px), np.abs(y - y_px))
            cross = np.minimum(np.abs(x - x_px), np.abs(y - y_px))
            return np.asarray(np.clip(0.5 * side_px - inside, 0.0, 1.0) * np.clip(cross - 3.0, 0.0, 1.0))

        reach = 0.5 * side_px + 2.0
        self._draw(stamp, "white", strength, (x_px - reach, y_px - reach, x_px + reach, y_px + reach))
        self._truth.append(Light(kind="window", colour="white", x_px=x_px, y_px=y_px, radius_px=reach))

    def add_hot_pixels(self, count: int) -> None:
        """Add pixels that read too much whatever falls on them."""
        height, width = self._light.shape[:2]
        for _ in range(count):
            x, y = int(self._rng.integers(4, width - 4)), int(self._rng.integers(4, height - 4))
            self._hot.append((x, y, float(self._rng.uniform(0.15, 1.2))))
            self._truth.append(Light(kind="hot_pixel", colour="white", x_px=x + 0.5, y_px=y + 0.5, radius_px=0.5))

    def scene(self, *, shift_px: tuple[int, int] = (0, 0), noise: int = 0, jpeg_quality: int | None = 92) -> DarkScene:
        """Return the picture; `shift_px` moves the room but not the hot pixels, `noise` chooses another noise."""
        rng = np.random.default_rng([self._seed, 78, noise])
        light = np.roll(self._light, shift_px, axis=(1, 0))
        raw = _mosaic(light)
        raw = rng.poisson(np.clip(raw, 0.0, 4.0) * _FULL_WELL) / _FULL_WELL + rng.normal(0.0, _READ_NOISE, raw.shape)
        for x, y, value in self._hot:
            raw[y, x] += value
        picture = _developed(raw, balance=self._balance)
        if jpeg_quality is not None:
            _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
            picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
        truth = tuple(
            light
            if light.kind == "hot_pixel"
            else Light(
                kind=light.kind, colour=light.colour, x_px=light.x_px + shift_px[0], y_px=light.y_px + shift_px[1],
                radius_px=light.radius_px,
            )
            for light in self._truth
        )  # fmt: skip
        return DarkScene(picture=picture, lights=truth, seed=self._seed)


#: Electrons that fill a pixel at the gain used in the dark, and the read noise as a share of it: a small phone pixel
#: of 6000 electrons at a gain of 16, 2 electrons of read noise. Reasoned, typical of published sensor data sheets.
_FULL_WELL, _READ_NOISE = 375.0, 0.006


def _mosaic(light: Plane) -> Plane:
    """Return what each pixel sees through its own filter: red, green / green, blue."""
    raw = light[..., 1].copy()
    raw[0::2, 0::2] = light[0::2, 0::2, 0]
    raw[1::2, 1::2] = light[1::2, 1::2, 2]
    return raw


def _linear(picture: Picture) -> Plane:
    """Return a picture's light, red, green, blue, 0..1."""
    shares = picture[..., ::-1].astype(np.float64) / 255.0
    return np.asarray(np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4))


def _developed(raw: Plane, *, balance: float) -> Picture:
    """Demosaic, balance, convert and encode; `balance` 0 is daylight, 1 takes equal filters for white."""
    scaled = np.round(np.clip(raw + 0.05, 0.0, 1.05) * 60000.0).astype(np.uint16)
    # OpenCV names the mosaic by its second row and column.
    colours = cv2.cvtColor(scaled, cv2.COLOR_BayerBG2RGB).astype(np.float64) / 60000.0 - 0.05
    gains = np.array([gain ** (1.0 - balance) for gain in _WHITE_GAINS])
    balanced = np.clip(colours * gains, -0.05, 1.0)
    linear = np.clip(balanced @ _TO_SRGB.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    return np.ascontiguousarray(np.round(encoded * 255.0).astype(np.uint8)[..., ::-1])


def dark_scene(*, seed: int, width: int = 960, height: int = 720, infrared: str = "") -> DarkScene:
    """Return a dark room with the usual lights; the same arguments give the same picture.

    Parameters
    ----------
    seed
        Chooses everything that is not given.
    width, height
        Of the picture, even.
    infrared
        ``"ring"`` (850 nm, 4-10 LEDs), ``"row"`` (850 nm, 3-6), ``"single"`` (940 nm), or nothing: then every
        light in the room is an ordinary one.
    """
    rng = np.random.default_rng([seed, 76])
    room = DarkRoom(
        seed=seed, width=width, height=height, ambient=float(rng.uniform(0.0005, 0.01)),
        psf_px=float(rng.uniform(0.7, 1.1)),
    )  # fmt: skip
    # Six fields of the picture, so that things do not cover each other.
    fields = [(width * (1 + 2 * (n % 3)) / 6, height * (1 + 2 * (n // 3)) / 4) for n in range(6)]
    order = rng.permutation(6).tolist()
    spread = 0.05 * width

    def place() -> tuple[float, float]:
        x, y = fields[order.pop()]
        return x + float(rng.uniform(-spread, spread)), y + float(rng.uniform(-spread, spread))

    if infrared:
        x, y = place()
        size, strength = float(rng.uniform(0.8, 2.5)), float(rng.uniform(0.3, 6.0))
        if infrared == "ring":
            count = int(rng.integers(4, 11))
            ring_px = max(float(rng.uniform(8.0, 30.0)), 1.3 * count * size)
            tilt = float(rng.uniform(0.6, 1.0))
            room.add_ring(
                "ir850", x, y, count=count, ring_px=ring_px, tilt=tilt, radius_px=size, strength=strength
            )  # fmt: skip
        elif infrared == "row":
            step = float(rng.uniform(6.0, 12.0)) * max(1.0, size / 1.5)
            room.add_row("ir850", x, y, count=int(rng.integers(3, 7)), step_px=step, radius_px=size, strength=strength)
        else:
            room.add_light("ir940", x, y, radius_px=size, strength=float(rng.uniform(0.06, 1.0)))
    colours = ("red", "green", "amber", "blue")
    for _ in range(2):
        x, y = place()
        colour = colours[int(rng.integers(4))]
        size, strength = float(rng.uniform(0.8, 2.5)), float(rng.uniform(0.2, 3.0))
        if rng.random() < 0.3:
            room.add_row(colour, x, y, count=int(rng.integers(3, 6)), radius_px=size, strength=strength)
        else:
            room.add_light(colour, x, y, radius_px=size, strength=strength)
    if rng.random() < 0.6:
        x, y = place()
        colour = (*colours, "white")[int(rng.integers(5))]
        text = f"{int(rng.integers(0, 24)):02d}:{int(rng.integers(0, 60)):02d}"
        room.add_digits(text, colour, x - 40, y, height_px=float(rng.uniform(18, 40)))
    if rng.random() < 0.5:
        x, y = place()
        room.add_window(x, y, side_px=float(rng.uniform(60, 200)), strength=float(rng.uniform(0.02, 0.4)))
    if rng.random() < 0.5:
        y = float(rng.uniform(0.85, 0.97)) * height
        room.add_slit(
            0.2 * width, y, 0.6 * width, y + float(rng.uniform(-20, 20)), strength=float(rng.uniform(0.05, 0.8))
        )
    room.add_hot_pixels(int(rng.integers(0, 25)))
    return room.scene()
