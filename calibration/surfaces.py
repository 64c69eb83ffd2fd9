"""Patterns for the faces of synthetic scenes: paper, wood, cloth, printed things. Linear BGR, 0..1."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .things import Colour, Texture

#: sRGB to linear by the plain power law; patterns need no better.
_GAMMA = 2.2


def colour(hex_rgb: str) -> Colour:
    """Return linear BGR of a colour written as on the web: ``"c8b496"``."""
    red, green, blue = (int(hex_rgb[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return blue**_GAMMA, green**_GAMMA, red**_GAMMA


def plain(size_px: tuple[int, int], tone: Colour, rng: np.random.Generator, *, grain: float = 0.03) -> Texture:
    """Return an even surface (width, height) with fine grain and slow mottle of relative strength `grain`."""
    width, height = size_px
    pattern = 1 + grain * (_noise(width, height, 3, rng) + 0.8 * _noise(width, height, 60, rng))
    return _tinted(pattern, tone)


def wallpaper(size_px: tuple[int, int], tone: Colour, rng: np.random.Generator, *, period_px: float) -> Texture:
    """Return wallpaper: pale stripes with a small repeating ornament, and the marks of use."""
    width, height = size_px
    x, y = np.arange(width) / period_px, np.arange(height)[:, None] / period_px
    stripes = 0.05 * np.tanh(6 * np.sin(2 * np.pi * x))
    shifted = y + 0.5 * (np.floor(x) % 2)
    ornament = np.cos(2 * np.pi * x) * np.cos(2 * np.pi * shifted) + 0.5 * np.cos(6 * np.pi * shifted)
    pattern = 1 + stripes + 0.07 * np.tanh(4 * (ornament - 0.9))
    pattern = pattern + 0.03 * _noise(width, height, 2, rng) + 0.05 * _noise(width, height, 150, rng)
    return _tinted(pattern, tone)


def wood(size_px: tuple[int, int], tone: Colour, rng: np.random.Generator) -> Texture:
    """Return wood with its grain lying across."""
    width, height = size_px
    slow = cv2.resize(rng.standard_normal((max(2, height // 24), 4)).astype(np.float32), size_px)
    fine = cv2.resize(rng.standard_normal((height, max(2, width // 160))).astype(np.float32), size_px)
    rings = np.sin(9 * slow + np.arange(height, dtype=np.float32)[:, None] / 5)
    return _tinted(1 + 0.12 * rings + 0.13 * fine, tone)


def books(size_px: tuple[int, int], rng: np.random.Generator) -> Texture:
    """Return the backs of standing books."""
    width, height = size_px
    out = np.zeros((height, width, 3), np.float32)
    tones = [colour(name) for name in ("7b2d26", "2b4162", "d7c9aa", "3c5a40", "8a7a5c", "20242b", "b8763a")]
    x = 0
    while x < width:
        thick = int(rng.integers(max(3, width // 9), max(5, width // 4)))
        tone = tones[int(rng.integers(len(tones)))]
        out[:, x : x + thick] = tone
        out[:, x : x + 1] *= 0.25
        band = int(height * rng.uniform(0.12, 0.3))
        lettering = tuple(min(1.0, 0.35 + channel) for channel in tone)
        cv2.rectangle(out, (x + thick // 4, band), (x + 3 * thick // 4, height - band), lettering, 1)
        x += thick
    return _tinted_by(out, 1 + 0.05 * _noise(width, height, 2, rng))


def printed(
    size_px: tuple[int, int], lines: tuple[str, ...], *, paper: Colour, ink: Colour, rng: np.random.Generator
) -> Texture:
    """Return a surface with lines of text."""
    width, height = size_px
    inked = np.zeros((height, width), np.uint8)
    step = height / (len(lines) + 1)
    for number, text in enumerate(lines, start=1):
        scale = min(step / 45, width / (20 * max(1, len(text))))
        (wide, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
        place = (int((width - wide) / 2), int(step * number + 10 * scale))
        cv2.putText(inked, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
    cover = inked[..., None].astype(np.float32) / np.float32(255)
    out = np.array(paper, np.float32) * (1 - cover) + np.array(ink, np.float32) * cover
    return _tinted_by(out, 1 + 0.03 * _noise(width, height, 2, rng))


def painting(size_px: tuple[int, int], rng: np.random.Generator) -> Texture:
    """Return a landscape as hotels hang it: sky, hills, a pale mount around it."""
    width, height = size_px
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    out = (1 - y) * np.array(colour("6f8fae"), np.float32) + y * np.array(colour("d9b48a"), np.float32)
    out = np.repeat(out, width, axis=1)
    for number, name in enumerate(("4f6a68", "35513f", "24382b")):
        ridge = _noise(width, 1, width // 6, rng)[0] * height * 0.06 + height * (0.55 + 0.14 * number)
        out[np.arange(height)[:, None] > ridge[None, :]] = colour(name)
    out = out * (1 + 0.12 * _noise(width, height, 5, rng))[..., None]
    mount = width // 9
    framed = np.empty((height, width, 3), np.float32)
    framed[:] = colour("d8d2c4")
    framed[mount:-mount, mount:-mount] = cv2.resize(out, (width - 2 * mount, height - 2 * mount))
    return np.clip(framed, 0.0, 1.0)


def _noise(width: int, height: int, period_px: int, rng: np.random.Generator) -> Texture:
    """Smooth noise of standard deviation about 1 whose grains are `period_px` wide."""
    small = rng.standard_normal((height // period_px + 2, width // period_px + 2), np.float32)
    if period_px == 1:
        return small[:height, :width]
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _tinted(pattern: NDArray[Any], tone: Colour) -> Texture:
    """A pattern of relative brightness (rows, columns) in one colour."""
    return _tinted_by(np.array(tone, np.float32), pattern)


def _tinted_by(surface: Texture, pattern: NDArray[Any]) -> Texture:
    """A coloured surface with a pattern of relative brightness."""
    out: Texture = np.clip(surface * pattern.astype(np.float32)[..., None], 0.0, 1.0)
    return out
