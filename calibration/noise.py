"""The noise of a phone's pictures, from a dark and a white frame.

A phone's JPEG has lost most of the noise that a plain variance would measure: fine detail falls below the
quantiser's steps. So it is measured in the transform that JPEG itself uses, in the low frequencies, whose steps
are smallest, as the share of coefficients beyond a decision level of the quantiser: that share is the same before
and after the quantiser. Gradients of the light (vignetting, a lamp at one side) fall into the frequencies that vary
along one axis only, which are left out; the share is little moved by a few blocks with texture or dust.

Model: variance of the luma at the linear level L is ``read_noise**2 + L / full_well`` (photon transfer, Janesick,
*Photon Transfer*, 2007), in shares of full scale. The luma averages three channels, so it is quieter than one
photosite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..detect.errors import InputError
from .srgb import light_of, slope_at

#: Frequencies (down, across) that are used: the lowest that vary along both axes.
_FREQUENCIES = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1))

#: Share of the coefficients beyond one sigma, 2 (1 - Phi(1)): the decision level nearest to it is the steadiest.
_BEYOND_ONE_SIGMA = 0.317

#: Fewest blocks for one level: 200 x 6 coefficients give sigma to about 3 %.
_BLOCKS_MIN = 200

#: Blocks that are looked at, spread over the picture.
_BLOCKS_MAX = 60_000

#: Levels into which a white frame is divided.
_LEVELS = 8

#: Grey levels between which a block of a white frame can be used: noise is cut off outside of them.
_WHITE_FROM, _WHITE_TO = 40, 246

#: Median grey level above which a dark frame is not dark: stray light at a badly covered lens.
_DARK_MOST = 40.0

#: Noise of the luma of three channels with equal independent noise: root of the sum of the squared weights of
#: ITU-R BT.601 (0.299, 0.587, 0.114).
LUMA_SHARE = math.sqrt(0.299**2 + 0.587**2 + 0.114**2)

#: Variance that rounding to whole grey levels adds: once in each of three channels, and once in the luma.
_ROUNDING = (LUMA_SHARE**2 + 1.0) / 12.0

#: Variance that rounding the decoded picture adds: with steps of 1 it carries coefficients over the decision
#: levels; with greater steps it does not.
_DECODED, _DECODED_STEP = 1.0 / 12.0, 1.0

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Luma:
    """The luma of a picture as its file holds it, before any turning.

    Parameters
    ----------
    plane
        (rows, columns) uint8, its 8 x 8 blocks in step with the file's.
    steps
        (8, 8) steps of the file's quantiser; ones where the file is not a JPEG.
    name
        For messages.
    """

    plane: NDArray[np.uint8]
    steps: NDArray[np.float64]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Noise of the luma, see the module's text; None for what could not be measured."""

    read_noise: float | None = None
    full_well: float | None = None


def measure_noise(*, dark: Luma | None, white: Luma | None) -> tuple[Noise, tuple[str, ...]]:
    """Return the noise model and what has to be said about it.

    Raises
    ------
    InputError
        If the dark frame is not dark, or the white frame overexposed, dark or full of texture.
    """
    notes: list[str] = []
    read_noise = None if dark is None else _read_noise(dark)
    if read_noise == 0.0:
        notes.append(
            "The dark frame is even black: the phone takes the noise out of it, and the read noise is below it."
        )
    if white is None:
        return Noise(read_noise=read_noise), tuple(notes)
    if read_noise is None:
        notes.append("Without a dark frame the read noise is taken as nil, and the shot noise comes out a little high.")
    return Noise(read_noise=read_noise, full_well=_full_well(white, read_noise=read_noise or 0.0)), tuple(notes)


def _read_noise(dark: Luma) -> float:
    if float(np.median(dark.plane)) > _DARK_MOST:
        raise InputError(
            dark.name,
            f"is not dark (half of it is brighter than grey level {_DARK_MOST:.0f} of 255)",
            "Cover the camera's lens with a finger and black cloth, and take the dark frame again.",
        )
    coefficients, _, _ = _blocks(dark)
    sigma_grey = _sigma(coefficients, dark.steps)
    mean = float(light_of(dark.plane).mean())
    sigma = sigma_grey / float(slope_at(mean))
    return LUMA_SHARE * _uncut(mean, sigma / LUMA_SHARE)


def _uncut(mean: float, sigma: float) -> float:
    """Return the sigma of a Gaussian from mean and sigma of what a cut at zero left of it.

    Phones subtract the black level and cut what falls below, in each channel. With k the true mean in sigmas the
    moments are ``phi(k) + k Phi(k)`` and ``(k**2 + 1) Phi(k) + k phi(k)`` (censored normal, Tobin 1958).
    """
    if sigma <= 0.0 or mean <= 0.0:
        return sigma

    def moments(k: float) -> tuple[float, float]:
        density, below = _NORMAL.pdf(k), _NORMAL.cdf(k)
        first = density + k * below
        return first, math.sqrt((k * k + 1.0) * below + k * density - first * first)

    low, high = -1.0, 8.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        first, spread = moments(middle)
        low, high = (middle, high) if spread / first > sigma / mean else (low, middle)
    return sigma / moments(low)[1]


def _full_well(white: Luma, *, read_noise: float) -> float:
    coefficients, low, high = _blocks(white)
    level = light_of(0.5 * (low + high))
    usable = (low >= _WHITE_FROM) & (high <= _WHITE_TO)
    if usable.sum() < _BLOCKS_MIN:
        bright = float(np.mean(high > _WHITE_TO)) > 0.5
        raise InputError(
            white.name,
            "is overexposed"
            if bright
            else "is too dark"
            if float(np.median(high)) < 2 * _WHITE_FROM
            else "is not even",
            "Take the white frame of an evenly lit bare wall, out of focus, so that it comes out light grey.",
        )
    coefficients, level = coefficients[usable], level[usable]
    order = np.argsort(level, kind="stable")
    wells = []
    for part in np.array_split(order, max(1, min(_LEVELS, len(order) // _BLOCKS_MIN))):
        here = float(level[part].mean())
        variance = (_sigma(coefficients[part], white.steps) / float(slope_at(here))) ** 2 - read_noise**2
        if variance > 0.0:
            wells.append(here / variance)
    if not wells:
        raise InputError(
            white.name,
            "shows no noise: the phone or its compression took it out",
            "Take the white frame in weaker light, or leave --white out.",
        )
    return float(np.median(wells))


def _blocks(luma: Luma) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the chosen coefficients (n, 6), lowest and highest grey level (n) of the 8 x 8 blocks."""
    rows, columns = (size // 8 for size in luma.plane.shape)
    tiles = luma.plane[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    tiles = tiles[:: max(1, len(tiles) // _BLOCKS_MAX)]
    wave = np.array([[math.cos((2 * at + 1) * order * math.pi / 16) / 2 for at in range(8)] for order in range(4)])
    basis = np.stack([np.outer(wave[down], wave[across]).ravel() for down, across in _FREQUENCIES], axis=1)
    flat = tiles.reshape(len(tiles), 64)
    coefficients = flat.astype(np.float64) @ basis
    return coefficients, flat.min(axis=1).astype(np.float64), flat.max(axis=1).astype(np.float64)


def _sigma(coefficients: NDArray[np.float64], steps: NDArray[Any]) -> float:
    """Return the noise in grey levels before the quantiser; the transform keeps the variance of white noise."""
    found = []
    for column, (down, across) in enumerate(_FREQUENCIES):
        size, step = np.abs(coefficients[:, column]), float(steps[down, across])
        near = round(float(np.quantile(size, 1.0 - _BEYOND_ONE_SIGMA)) / step - 0.5)
        level = (max(near, 0) + 0.5) * step
        share = float(np.mean(size > level))
        # Fewer than 20 beyond the level say little more than that the noise is small against the step.
        if share * len(size) >= 20 and share < 0.9:
            variance = (level / _NORMAL.inv_cdf(1.0 - 0.5 * share)) ** 2 - _ROUNDING
            found.append(variance - (_DECODED if step <= _DECODED_STEP else 0.0))
    return math.sqrt(max(float(np.median(found)), 0.0)) if found else 0.0
