"""Finds the surface around a spot again, the spot itself left out, to a fraction of a pixel.

Inverse-compositional Lucas-Kanade alignment (Baker and Matthews, IJCV 56(3), 2004) of a square patch with a
hole in its middle, for many spots at once: translation and a small affine change, since surfaces lean, on patches
rid of their mean and slope, the middle counting more than the rim, with Geman-McClure weights so that highlights
that move over the patch and things at other depths count less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .measures import Image

Array = NDArray[np.float64]
Patch = NDArray[np.float32]

#: Steps of the alignment: shifts of up to two pixels need eight.
_STEPS = 8

#: Difference at which a pixel's weight is halved, in spreads of the patch.
_OUTLIER = 0.5

#: Standard deviation of the affine change that the maps leave, a part of one: a front that leans by 7 degrees, passed
#: by 30 degrees, is shortened by 0.07 more or less than one that faces the phone.
_LEAN = 0.08

#: Standard deviation of the affine change that the maps leave, a part of one: a front that leans by 7 degrees, passed
#: by 30 degrees, is shortened by 0.07 more or less than one that faces the phone.
_LEAN = 0.08

#: Standard deviation of the weights around the middle, in reaches.
_SOFT = 0.55

#: Neighbouring pixels share their noise (point spread, codec): each counts as a third of one.
_SHARED = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Where n patches were found.

    Parameters
    ----------
    xy
        (n, 2) pixels.
    precision
        (n, 2, 2) inverse covariance of `xy`, one over square pixels: low along edges and on even surfaces.
    correlation
        (n,) weighted correlation, -1..1.
    """

    xy: Array
    precision: Array
    correlation: Array


def cut(grey: Image, xy: Array, *, half: int, step: float, maps: Array | None = None) -> Patch:
    """Return patches (n, 2 half + 1, 2 half + 1) around points, a sample every `step` pixels; bilinear.

    `maps` (n, 2, 2) carry offsets in the patch to offsets in the picture.
    """
    offset = np.arange(-half, half + 1) * step
    grid = np.stack(np.broadcast_arrays(offset[None, :], offset[:, None]), axis=-1).reshape(-1, 2)
    moved = np.broadcast_to(grid, (len(xy), *grid.shape)) if maps is None else grid[None] @ maps.transpose(0, 2, 1)
    # Pixel centres lie at half numbers.
    place = (moved + xy[:, None, :] - 0.5).astype(np.float32)
    rows, columns = grey.shape
    x = np.clip(place[..., 0], 0.0, columns - 1.001)
    y = np.clip(place[..., 1], 0.0, rows - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, down = x - left, y - top
    at = top * columns + left
    flat = grey.reshape(-1)
    upper = flat[at] * (1 - right) + flat[at + 1] * right
    lower = flat[at + columns] * (1 - right) + flat[at + columns + 1] * right
    side = 2 * half + 1
    return np.asarray(upper * (1 - down) + lower * down, np.float32).reshape(len(xy), side, side)


def align(
    patches: Patch,
    grey: Image,
    guess: Array,
    *,
    hole_px: Array,
    half: int,
    step: float,
    maps: Array,
) -> Aligned:
    """Find patches again.

    Parameters
    ----------
    patches
        (n, side, side) from :func:`cut`, their middle at least `half` samples from the edge.
    grey
        The picture to look in.
    guess
        (n, 2) where to begin.
    hole_px
        (n,) radius of the hole around the middle.
    half, step
        Reach that is used, in samples, and pixels between samples.
    maps
        (n, 2, 2) from offsets in the patch's picture to offsets in this one.
    """
    margin = patches.shape[1] // 2 - half
    whole = patches.astype(np.float32, copy=False)
    across = (np.gradient(whole, axis=2) / step)[:, margin : -margin or None, margin : -margin or None]
    along = (np.gradient(whole, axis=1) / step)[:, margin : -margin or None, margin : -margin or None]
    count = len(patches)
    want = whole[:, margin : -margin or None, margin : -margin or None].reshape(count, -1)
    slope = np.stack([across.reshape(count, -1), along.reshape(count, -1)], axis=-1)
    offset = np.arange(-half, half + 1) * step
    grid = np.stack(np.broadcast_arrays(offset[None, :], offset[:, None]), axis=-1).reshape(-1, 2)
    square = (grid**2).sum(axis=1)
    reach = (_SOFT * half * step) ** 2
    base = np.where(square[None, :] > hole_px[:, None] ** 2, np.exp(-0.5 * square / reach)[None, :], 0.0)
    base = base.astype(np.float32)
    planes = np.concatenate([np.ones((len(grid), 1)), grid / (half * step)], axis=1).astype(np.float32)
    want, spread = _evened(want, base, planes)
    slope /= spread[:, None, None]
    xy = guess.copy()
    warps = maps.copy()
    weight = base
    unit = (grid / (half * step)).astype(np.float32)
    # Columns: shift along x and y, then what x and y gain towards the right and the lower rim.
    slope = np.concatenate([slope, slope * unit[None, :, :1], slope * unit[None, :, 1:]], axis=-1)
    bound = np.diag([1e-6, 1e-6, *(4 * [1.0 / (_LEAN * half * step) ** 2])])
    for number in range(_STEPS + 1):
        seen = cut(grey, xy, half=half, step=step, maps=warps).reshape(count, -1)
        seen, _ = _evened(seen, weight, planes)
        error = seen - want
        weight = base / (1.0 + (error / _OUTLIER) ** 2) ** 2
        weighted = slope * weight[..., None]
        variance = (weight * error**2).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
        noise = (_SHARED * np.maximum(variance, 1e-3))[:, None, None]
        normal = (weighted.transpose(0, 2, 1) @ slope).astype(np.float64) + noise * bound
        if number == _STEPS:
            break
        pull = (weighted * error[..., None]).sum(axis=1)
        move = np.linalg.solve(normal, pull[..., None])[..., 0]
        move = np.clip(move, -1.5 * step, 1.5 * step)
        xy = xy - np.einsum("nij,nj->ni", warps, move[:, :2])
        lean = np.stack([move[:, 2:4], move[:, 4:6]], axis=-1) / (half * step)
        warps = warps @ (np.eye(2) - lean)
        if np.abs(move[:, :2]).max(initial=0.0) < 0.02 * step:
            break
    seen = error + want
    both = (base * seen * want).sum(axis=1)
    sizes = np.sqrt((base * seen**2).sum(axis=1) * (base * want**2).sum(axis=1)) + 1e-9
    covariance = np.linalg.inv(normal)[:, :2, :2] * noise
    return Aligned(
        xy=xy,
        precision=np.asarray(np.linalg.inv(covariance), np.float64),
        correlation=(both / sizes).astype(np.float64),
    )


def _evened(values: Patch, weight: Patch, planes: Patch) -> tuple[Patch, Patch]:
    """Return the rows without their weighted mean and slope, brought to spread 1, and what the spread was.

    The torch's light has a slope that goes along with the phone: left in, an even surface seems to run.
    """
    products = (planes[:, :, None] * planes[:, None, :]).reshape(len(planes), 9)
    normal = (weight @ products).reshape(-1, 3, 3).astype(np.float64) + 1e-6 * np.eye(3)
    fitted = np.linalg.solve(normal, ((weight * values) @ planes)[..., None])[..., 0].astype(np.float32)
    flat = values - fitted @ planes.T
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    spread = np.sqrt((weight * flat**2).sum(axis=1, keepdims=True) / total) + 0.5
    return flat / spread, spread[:, 0]
