"""The point spread of a camera: from a spot smaller than it, else from the sharpest edges of a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .srgb import Light

#: Reach of the window of a fit, in sigmas of the first guess, and at least so many pixels.
_REACH_SIGMAS, _REACH_MIN_PX = 4.0, 5

#: Sigmas that a fit may end at: below, one pixel alone is bright (a hot pixel); above, it is no spot.
_SIGMA_MIN, _SIGMA_MAX = 0.3, 12.0

#: Share of the window's variation that the fitted spot must explain.
_EXPLAINED_MIN = 0.5

#: Lowest step of an edge, in linear light: well above the noise, which would make edges look sharper.
_STEP_MIN = 0.12

#: Half length of the profile across an edge, pixels.
_PROFILE_PX = 6

#: Fewest edges, and the share of the sharpest that stands for the camera: edges of things are often soft or slanted.
_EDGES_MIN, _SHARPEST = 60, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotFit:
    """A round Gaussian on a sloping surround, in linear light.

    Parameters
    ----------
    x_px, y_px
        Centre; origin at the corner of the top left pixel.
    sigma_px
        Standard deviation.
    peak, surround
        Height over the surround, and the surround itself, as shares of full scale.
    flux
        The spot's light summed over its pixels, full scale of one pixel being 1.
    """

    x_px: float
    y_px: float
    sigma_px: float
    peak: float
    surround: float
    flux: float


def fit_spot(light: Light, x_px: float, y_px: float, *, sigma_px: float) -> SpotFit | None:
    """Fit a spot near (x_px, y_px); None if there is none.

    Least squares by Gauss-Newton with damping (Levenberg 1944) on centre and width; height, surround and its two
    slopes are linear and solved exactly at each step.

    Parameters
    ----------
    light
        (rows, columns) linear light, 0..1; full pixels must not be among it, they are cut off.
    sigma_px
        First guess.
    """
    reach = max(_REACH_MIN_PX, math.ceil(_REACH_SIGMAS * sigma_px))
    row, column = int(y_px), int(x_px)
    top, left = max(row - reach, 0), max(column - reach, 0)
    window = light[top : row + reach + 1, left : column + reach + 1]
    if min(window.shape) < _REACH_MIN_PX:
        return None
    rows, columns = (index + 0.5 for index in np.indices(window.shape, dtype=np.float64))
    values = window.ravel()
    plane = np.stack([np.ones_like(values), columns.ravel() - columns.mean(), rows.ravel() - rows.mean()], axis=1)

    def solved(at: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        square = (columns - at[0]) ** 2 + (rows - at[1]) ** 2
        bump = np.exp(-square / (2.0 * math.exp(2.0 * float(at[2]))))
        design = np.concatenate([bump.reshape(-1, 1), plane], axis=1)
        linear = np.linalg.lstsq(design, values, rcond=None)[0]
        return linear, values - design @ linear

    at = np.array([x_px - left, y_px - top, math.log(sigma_px)])
    linear, residual = solved(at)
    damping = 1e-3
    for _ in range(40):
        slopes = np.stack([(solved(at + step)[1] - residual) / 1e-4 for step in 1e-4 * np.eye(3)], axis=1)
        square = slopes.T @ slopes
        move = -np.linalg.solve(square + damping * np.diag(np.diag(square) + 1e-12), slopes.T @ residual)
        tried = at + np.clip(move, -0.7, 0.7)
        tried[2] = np.clip(tried[2], math.log(0.5 * _SIGMA_MIN), math.log(2.0 * _SIGMA_MAX))
        new_linear, new_residual = solved(tried)
        if new_residual @ new_residual < residual @ residual:
            at, linear, residual, damping = tried, new_linear, new_residual, 0.3 * damping
            if float(np.abs(move).max()) < 1e-4:
                break
        else:
            damping *= 10.0
            if damping > 1e6:
                break
    sigma, peak = math.exp(float(at[2])), float(linear[0])
    away = math.hypot(left + at[0] - x_px, top + at[1] - y_px)
    varied = float(((values - values.mean()) ** 2).sum())
    explained = 1.0 - float(residual @ residual) / varied if varied > 0.0 else 0.0
    if not (_SIGMA_MIN <= sigma <= _SIGMA_MAX and peak > 0.0 and away < reach and explained > _EXPLAINED_MIN):
        return None
    return SpotFit(
        x_px=left + float(at[0]),
        y_px=top + float(at[1]),
        sigma_px=sigma,
        peak=peak,
        surround=max(float(linear[1]), 0.0),
        flux=2.0 * math.pi * sigma**2 * peak,
    )


def detail_sigma_px(light: Light) -> float | None:
    """Return the point spread that the sharpest edges of a picture show; None if it has too few.

    An edge of height h blurred by a Gaussian of sigma s has the greatest slope h / (s sqrt(2 pi)); the difference of
    neighbouring pixels averages over one pixel, whose variance 1/12 is taken off. An upper bound: no edge of a thing
    is sharper than a step.
    """
    found = [_edges(light), _edges(light.T)]
    sigmas = np.concatenate(found)
    if len(sigmas) < _EDGES_MIN:
        return None
    sharpest = float(np.quantile(sigmas, _SHARPEST))
    return math.sqrt(max(sharpest**2 - 1.0 / 12.0, _SIGMA_MIN**2))


def _edges(light: Light) -> Light:
    """Return the sigmas of the edges along the rows."""
    part = light[:: max(1, light.shape[0] // 400)]
    slope = np.abs(np.diff(part, axis=1))
    reach = _PROFILE_PX
    if slope.shape[1] <= 2 * reach:
        return np.empty(0)
    middle = slope[:, reach:-reach]
    before, after = slope[:, reach - 1 : -reach - 1], slope[:, reach + 1 : slope.shape[1] - reach + 1]
    row, column = np.nonzero((middle > before) & (middle >= after) & (middle > _STEP_MIN / (2 * reach)))
    # Between the pixels `reach` to either side: only what rises or falls all the way is one edge.
    ends = part[row, column], part[row, np.minimum(column + 2 * reach + 1, part.shape[1] - 1)]
    step = np.abs(ends[1] - ends[0])
    index = column[:, None] + np.arange(2 * reach + 1)[None, :]
    path = slope[row[:, None], index].sum(axis=1)
    single = (step > _STEP_MIN) & (path < 1.15 * step)
    return np.asarray(step[single] / (middle[row, column][single] * math.sqrt(2.0 * math.pi)))
