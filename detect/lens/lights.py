"""Small lights in a picture taken in the dark, each with its place, size, shape and colour.

A light is what stands out of its surround in every direction (the directional top-hat of :mod:`.spots`, with an
element as wide as a board of LEDs, not as a lens). The area above half of its height gives place and size. Its
colour is the sum of the light above the surround in linear units over the area and its foot, pixels at the end of
the scale left out: the middle of a light is clipped to white in any camera, the skirt keeps the colour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from .profile import CameraProfile
from .spots import Column, Image, contrast_map, noise_of

#: Widest light that is looked for, millimetres at the nearest distance: a board of LEDs whose glare has run
#: together. The boards of small night-vision cameras are 10-40 mm wide (reasoned from lens and LED sizes).
LIGHT_MAX_MM = 40.0

#: Lowest height over the surround in grey levels of 255, and in robust spreads of the contrast over the picture.
#: Counted on 40 synthetic dark rooms without a light: none found.
CONTRAST_MIN, SPREADS_MIN = 14.0, 9.0

#: Lights kept per picture, strongest first; a string of fairy lights has a hundred.
LIGHTS_MAX = 150

#: Median level, grey levels of 255, up to which a picture counts as dark: three stops below the mid-grey of 118 that
#: an automatic exposure aims at (18 % reflectance and sRGB, IEC 61966-2-1), so the phone had far too little light.
DARK_MAX = 41.0

#: A channel at this value is at the end of the scale and tells no colour.
_CLIPPED = 250

#: sRGB value to linear light (IEC 61966-2-1).
_LINEAR = np.where(
    np.arange(256) / 255.0 <= 0.04045,
    np.arange(256) / 255.0 / 12.92,
    ((np.arange(256) / 255.0 + 0.055) / 1.055) ** 2.4,
).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lights:
    """Lights of one picture as columns of length n, strongest first.

    Parameters
    ----------
    x_px, y_px
        Sub-pixel centre; origin at the corner of the top left pixel.
    radius_px
        Radius of the circle with the area above half height.
    elongation
        Ratio of the axes of that area, 1 is round.
    open_ended
        1 where that area runs out of the window: a window, a screen, a lamp, a long slit.
    height, surround
        Grey levels of the peak over its surround, and of the surround (brightest channel).
    concentration
        Share of the light of the 5 x 5 pixels around the peak that the brightest pixel has, linear: a point under a
        point spread of 0.8 px has at most 0.22, a hot pixel that was not smoothed 1.
    red, green, blue
        Light above the surround, linear, as shares of their sum; may be slightly negative.
    colour_snr
        The strongest channel's light over the noise of that sum.
    """

    x_px: Column
    y_px: Column
    radius_px: Column
    elongation: Column
    open_ended: Column
    height: Column
    surround: Column
    concentration: Column
    red: Column
    green: Column
    blue: Column
    colour_snr: Column

    def __len__(self) -> int:
        return len(self.x_px)

    @property
    def saturation(self) -> Column:
        """How pure the colour is, 0 white .. 1: least over largest share, from 1."""
        shares = np.stack([self.red, self.green, self.blue])
        return np.asarray(1.0 - np.clip(shares.min(axis=0) / np.maximum(shares.max(axis=0), 1e-9), 0.0, 1.0))

    @property
    def hue_deg(self) -> Column:
        """Hue, degrees: 0 red, 120 green, 240 blue, 300 violet-pink."""
        across = np.sqrt(3.0) * (self.green - self.blue)
        return np.asarray(np.degrees(np.arctan2(across, 2.0 * self.red - self.green - self.blue)) % 360.0)


def darkness_of(image: Image) -> float:
    """Return the median of the picture's luma, 0..255; compare with :data:`DARK_MAX`."""
    return float(np.median(cv2.cvtColor(np.ascontiguousarray(image[::3, ::3]), cv2.COLOR_BGR2GRAY)))


def light_px(profile: CameraProfile, width: int, height: int) -> int:
    """Return the width of the widest light looked for, pixels, odd."""
    focal_px = 0.5 * max(width, height) / math.tan(math.radians(0.5 * profile.hfov_deg))
    return max(15, int(focal_px * LIGHT_MAX_MM / (1000.0 * profile.near_m)) | 1)


def find_lights(image: Image, *, profile: CameraProfile | None = None) -> Lights:
    """Find the lights of a picture taken in the dark.

    Parameters
    ----------
    image
        (rows, columns, 3) uint8, blue-green-red, upright, full resolution.
    profile
        The camera; the stated defaults if None.

    Returns
    -------
    Lights
        Strongest first; empty for a picture smaller than one window.
    """
    profile = profile or CameraProfile()
    rows, columns = image.shape[:2]
    wide = min(light_px(profile, columns, rows), (min(rows, columns) // 3) | 1)
    if min(rows, columns) < 32:
        return _no_lights()
    # The brightest channel: a blue light has a ninth of its light in luma.
    level = np.asarray(cv2.max(cv2.max(image[..., 0], image[..., 1]), image[..., 2]), dtype=np.uint8)
    contrast = contrast_map(level, glint_px=wide, blur_px=profile.psf_px)
    part = contrast[::5, ::5].astype(np.float32)
    middle = float(np.median(part))
    spread = 1.4826 * float(np.median(np.abs(part - middle)))
    lowest = max(CONTRAST_MIN, middle + SPREADS_MIN * max(spread, 0.5 * noise_of(level)))
    rows_of = []
    taken = np.zeros(level.shape, dtype=bool)
    for row, column in _peaks(contrast, lowest=lowest):
        if taken[row, column]:
            continue
        found = _measure(image, level, contrast, taken, row, column, wide=wide)
        if found is not None:
            rows_of.append(found)
        if len(rows_of) == LIGHTS_MAX:
            break
    if not rows_of:
        return _no_lights()
    names = [item.name for item in fields(Lights)]
    return Lights(**{name: np.array([row[name] for row in rows_of]) for name in names})


def _no_lights() -> Lights:
    return Lights(**{item.name: np.empty(0) for item in fields(Lights)})


def _peaks(contrast: Image, *, lowest: float) -> list[tuple[int, int]]:
    """Return rows and columns of local maxima, highest first."""
    highest = np.asarray(cv2.dilate(contrast, np.ones((5, 5), np.uint8)))
    rows, columns = np.nonzero((contrast == highest) & (contrast >= np.ceil(lowest)))
    order = np.argsort(-contrast[rows, columns].astype(np.int16), kind="stable")[: 40 * LIGHTS_MAX]
    return list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


def _measure(
    image: Image, level: Image, contrast: Image, taken: NDArray[np.bool_], row: int, column: int, *, wide: int
) -> dict[str, float] | None:
    """Measure the light whose peak is at (row, column), and mark its area as taken; None for a part of another."""
    reach = wide
    top, left = max(0, row - reach), max(0, column - reach)
    window = np.s_[top : row + reach + 1, left : column + reach + 1]
    part = level[window]
    here = (row - top, column - left)
    height = float(contrast[row, column])
    surround = max(0.0, float(level[row, column]) - height)
    _, labels = cv2.connectedComponents((part > surround + 0.5 * height).astype(np.uint8), connectivity=8)
    mask = labels == labels[here]
    if labels[here] == 0 or (mask & taken[window]).any():
        return None
    taken[window] |= mask
    y, x = np.nonzero(mask)
    area = float(len(x))
    weight = np.maximum(part[mask].astype(np.float64) - surround, 0.5)
    centre_x, centre_y = float(np.average(x, weights=weight)), float(np.average(y, weights=weight))
    # 1/12 is the variance of one pixel about its own centre, so that one pixel is round.
    xx, yy = float(x.var()) + 1.0 / 12.0, float(y.var()) + 1.0 / 12.0
    xy = float(((x - x.mean()) * (y - y.mean())).mean())
    half = math.hypot(0.5 * (xx - yy), xy)
    radius = math.sqrt(area / math.pi)
    # Running into the picture's own edge is no sign of size.
    ends = (
        (mask[0].any() and top > 0)
        or (mask[-1].any() and top + mask.shape[0] < level.shape[0])
        or (mask[:, 0].any() and left > 0)
        or (mask[:, -1].any() and left + mask.shape[1] < level.shape[1])
    )
    return {
        "x_px": left + centre_x + 0.5,
        "y_px": top + centre_y + 0.5,
        "radius_px": radius,
        "elongation": math.sqrt((0.5 * (xx + yy) + half) / max(0.5 * (xx + yy) - half, 1e-9)),
        "open_ended": float(ends),
        "height": height,
        "surround": surround,
        "concentration": _concentration(level, row, column, surround=surround),
        **_colour(image[window], mask, radius=radius, ground_max=surround + 0.25 * height),
    }


def _concentration(level: Image, row: int, column: int, *, surround: float) -> float:
    """Return the brightest pixel's share of the light of the 5 x 5 pixels around it."""
    part = _LINEAR[level[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]] - _LINEAR[round(surround)]
    part = np.maximum(part, 0.0)
    return float(part.max() / max(float(part.sum()), 1e-9))


def _colour(part: Image, mask: NDArray[np.bool_], *, radius: float, ground_max: float) -> dict[str, float]:
    """Return the shares of red, green and blue in the light above its surround, and how sure they are."""
    brightest = part.max(axis=2)
    grown = 2 * max(2, min(30, round(0.8 * radius + 1.5))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grown, grown))
    own = np.asarray(cv2.dilate(mask.astype(np.uint8), disc)).astype(bool)
    beyond = np.asarray(cv2.dilate(own.astype(np.uint8), disc)).astype(bool) & ~own
    beyond &= brightest <= ground_max  # other lights are not ground
    if beyond.sum() < 8:
        beyond = ~own & (brightest <= ground_max)
    ground = _LINEAR[part[beyond]] if beyond.any() else np.zeros((1, 3), np.float32)
    open_scale = own & (brightest < _CLIPPED)
    # The skirt tells if it holds enough pixels; else the whole light, clipped or not.
    use = open_scale if open_scale.sum() >= max(6.0, 0.3 * math.sqrt(own.sum())) else own
    # Means, not medians: noise is cut off at black, which shifts medians of light and ground unlike.
    excess = _LINEAR[part[use]].astype(np.float64).sum(axis=0) - use.sum() * ground.mean(axis=0, dtype=np.float64)
    noise = ground.std(axis=0, dtype=np.float64) * math.sqrt(float(use.sum())) + 1e-4
    blue, green, red = (float(value) for value in excess)
    total = max(blue + green + red, 1e-6)
    return {
        "red": red / total,
        "green": green / total,
        "blue": blue / total,
        "colour_snr": float(np.max(excess / noise)),
    }
