"""Measures of many spots at once, each in its window.

Everything is done for all spots of a picture together, on windows of the picture's own 8-bit values: a picture
of glitter has hundreds of spots, and measuring them one by one took longer than decoding the file. What each
measure means stands at :class:`.spots.Spots`.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .maxima import BLOCK_PX
from .maxima import Column as Column
from .maxima import Image as Image
from .maxima import Indices as Indices

#: Circles on which the surround's evenness is measured, pixels outside of the spot's edge: past the point
#: spread's foot, and near enough to be the same surface.
_RINGS_PX = (1.8, 2.8, 3.8)

#: Points on each circle; at a radius of 4 pixels one for each pixel.
_RING_POINTS = 24


def windows(plane: Image | NDArray[np.float32], rows: Indices, columns: Indices, *, reach: int) -> NDArray[np.float32]:
    """Return square windows of `plane` around pixels, mirrored at the border: (n, 2 reach + 1, 2 reach + 1[, 3])."""
    return np.asarray(_cut(plane, rows, columns, reach=reach), dtype=np.float32)


def _cut(plane: NDArray[Any], rows: Indices, columns: Indices, *, reach: int) -> NDArray[Any]:
    """Return the windows in the plane's own type."""
    side = 2 * reach + 1
    out = np.empty((len(rows), side, side, *plane.shape[2:]), plane.dtype)
    height, width = plane.shape[:2]
    for index, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        top, left = row - reach, column - reach
        if top >= 0 and left >= 0 and top + side <= height and left + side <= width:
            out[index] = plane[top : top + side, left : left + side]
        else:
            across = _mirrored(np.arange(left, left + side), width)
            out[index] = plane[_mirrored(np.arange(top, top + side), height)[:, None], across[None, :]]
    return out


def _mirrored(index: Indices, size: int) -> Indices:
    """Return indices mirrored into 0..size - 1, the border itself not repeated."""
    if size == 1:
        return np.zeros_like(index)
    period = 2 * (size - 1)
    index = np.abs(index) % period
    return np.where(index >= size, period - index, index)


def measure(
    image: Image,
    grey: Image,
    contrast: Image,
    blocks: Image,
    rows: Indices,
    columns: Indices,
    *,
    glint_px: int,
    red_field: bool,
) -> dict[str, Column]:
    """Measure every spot.

    Parameters
    ----------
    image, grey, contrast, blocks
        The picture, its channel of glints, that channel's contrast map, and the map's :func:`block_maxima`.
    rows, columns
        Pixel of each spot, n of them.
    glint_px
        Width of the largest glint, odd.
    red_field
        Whether the picture was taken through red film: tints say nothing there.

    Returns
    -------
    dict
        Measure to n values; names and units as in :class:`.spots.Spots`.
    """
    reach = glint_px + 4
    grid = np.arange(-reach, reach + 1)
    square = grid[None, :] ** 2 + grid[:, None] ** 2
    core = square <= 1.5**2
    ring = (square > (0.5 * glint_px + 0.5) ** 2) & (square <= (0.5 * glint_px + 4.5) ** 2)

    patch: Image = _cut(grey, rows, columns, reach=reach)
    flat = patch.reshape(len(patch), -1)
    peak = flat[:, np.flatnonzero(core)].max(axis=1).astype(np.float64)
    # Stable sorting of 8 and 16 bit values is by radix, several times as quick as partitioning.
    around = np.sort(flat[:, np.flatnonzero(ring)], axis=1, kind="stable")
    surround = _quantile(around, 0.5)
    away = np.abs(2 * around.astype(np.int16) - (2.0 * surround).astype(np.int16)[:, None])
    noise = 1.4826 * 0.5 * _quantile(np.sort(away, axis=1, kind="stable"), 0.5)
    height = np.maximum(peak - surround, 1.0)

    mask = _area_above(patch, surround + 0.5 * height, square)
    out = _outline(patch, mask, surround, height, square)
    x, y = out["x_px"], out["y_px"]
    spread, tilt = _evenness(patch, x + reach, y + reach, out["radius_px"])
    tint = np.full(len(rows), np.nan) if red_field else _tint(image, rows, columns, core=core, ring=ring)

    strength = contrast[rows, columns].astype(np.float64)
    apart = (rows[:, None] - rows[None, :]) ** 2 + (columns[:, None] - columns[None, :]) ** 2
    close = (apart < 16 * glint_px**2) & (apart > 0.49 * glint_px**2) & (strength[None, :] > strength[:, None] / 3.0)
    wide = (apart < 64 * glint_px**2) & (apart > 4) & (height[None, :] > 0.5 * height[:, None])
    strongest = np.sort(height)[::-1][:20]
    return out | {
        "x_px": columns + x + 0.5,
        "y_px": rows + y + 0.5,
        "contrast": strength,
        "height": height,
        "peak": peak,
        "surround": surround,
        "noise": noise,
        "ring_spread": spread / height,
        "ring_tilt": tilt / height,
        "ring_high": (_quantile(around, 0.9) - surround) / height,
        "ring_max": (around[:, -1] - surround) / height,
        "tint": tint,
        "clutter": _clutter(
            blocks[: contrast.shape[0] // BLOCK_PX, : contrast.shape[1] // BLOCK_PX], rows, columns, glint_px=glint_px
        ),
        "neighbours": close.sum(axis=1).astype(np.float64),
        "peers": wide.sum(axis=1).astype(np.float64),
        "prominence": np.log(height) - np.log(np.median(strongest)),
        "saturated": (peak >= 250.0).astype(np.float64),
    }


def _quantile(ordered: NDArray[np.uint8] | NDArray[np.int16], share: float) -> Column:
    """Return the quantile of each row of values in rising order, interpolated linearly."""
    place = share * (ordered.shape[1] - 1)
    below = int(place)
    above = min(below + 1, ordered.shape[1] - 1)
    low, high = ordered[:, below].astype(np.float64), ordered[:, above].astype(np.float64)
    return np.asarray(low + (high - low) * (place - below), dtype=np.float64)


def _area_above(patch: Image, level: Column, square: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Return, in each window, the connected area above `level` that holds the middle; a small disc if none does."""
    count, side = patch.shape[:2]
    reach = side // 2
    # One row of nothing below each window keeps the windows of the stack apart.
    above = np.zeros((count, side + 1, side), np.uint8)
    np.greater(patch, np.floor(level).astype(np.uint8)[:, None, None], out=above[:, :side].view(bool))
    _, labels = cv2.connectedComponents(above.reshape(-1, side), connectivity=8, ltype=cv2.CV_32S)
    label = np.asarray(labels).reshape(count, side + 1, side)[:, :side]
    own = label[:, reach, reach]
    beside = label[:, reach - 1 : reach + 2, reach - 1 : reach + 2].max(axis=(1, 2))
    own = np.where(own > 0, own, beside)
    mask = label == own[:, None, None]
    mask[own == 0] = square <= 1
    return np.asarray(mask, dtype=bool)


def _outline(
    patch: Image, mask: NDArray[np.bool_], surround: Column, height: Column, square: NDArray[np.int_]
) -> dict[str, Column]:
    """Return centre (from the window's middle), radius, elongation, open end and foot of each area."""
    count, side = patch.shape[:2]
    reach = side // 2
    at = np.flatnonzero(mask)
    first = np.searchsorted(at, np.arange(count) * side * side)
    size = np.diff(first, append=len(at))
    y, x = np.divmod(at, side)
    x, y = (x - reach).astype(np.float64), (y - np.repeat(np.arange(count) * side + reach, size)).astype(np.float64)

    def total(values: Column) -> Column:
        return np.asarray(np.add.reduceat(values, first), dtype=np.float64)

    area = size.astype(np.float64)
    weight = np.maximum(patch.reshape(-1)[at] - np.repeat(surround + 0.5 * height, size), 0.5)
    weights = total(weight)
    mean_x, mean_y = total(x) / area, total(y) / area
    # 1/12 is the variance of one pixel about its own centre, so that one pixel is round.
    xx = total(x * x) / area - mean_x**2 + 1.0 / 12.0
    yy = total(y * y) / area - mean_y**2 + 1.0 / 12.0
    xy = total(x * y) / area - mean_x * mean_y
    middle, half = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    radius = np.sqrt(area / np.pi)
    edge = mask[:, 0].any(axis=1) | mask[:, -1].any(axis=1) | mask[:, :, 0].any(axis=1) | mask[:, :, -1].any(axis=1)
    foot = patch > np.floor(surround + 0.25 * height).astype(np.uint8)[:, None, None]
    foot &= square.astype(np.int32) < np.ceil((2.0 * radius + 2.0) ** 2).astype(np.int32)[:, None, None]
    in_foot = cv2.reduce(foot.view(np.uint8).reshape(count, -1), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return {
        "x_px": total(x * weight) / weights,
        "y_px": total(y * weight) / weights,
        "radius_px": radius,
        "elongation": np.sqrt((middle + half) / np.maximum(middle - half, 1e-9)),
        "open_ended": edge.astype(np.float64),
        "foot": np.asarray(in_foot)[:, 0] / area,
    }


def _evenness(patch: Image, x: Column, y: Column, radius: Column) -> tuple[Column, Column]:
    """Return spread and first angular harmonic of circles around (x, y) of each window, grey levels."""
    angle = np.arange(_RING_POINTS) * (2.0 * np.pi / _RING_POINTS)
    out = (radius[:, None] + np.array(_RINGS_PX))[:, :, None]
    last = patch.shape[1] - 1
    at_x = np.clip(x[:, None, None] + out * np.cos(angle), 0.0, last)
    at_y = np.clip(y[:, None, None] + out * np.sin(angle), 0.0, last)
    left, top = (np.minimum(at.astype(np.intp), last - 1) for at in (at_x, at_y))
    right, down = at_x - left, at_y - top
    side, flat = patch.shape[1], patch.reshape(-1)
    at = (np.arange(len(patch))[:, None, None] * side + top) * side + left
    upper = flat[at] * (1.0 - right) + flat[at + 1] * right
    lower = flat[at + side] * (1.0 - right) + flat[at + side + 1] * right
    rings = upper * (1.0 - down) + lower * down
    circle = rings.mean(axis=1)
    # Summed without a matrix product, whose threads cost more than they save on so little.
    tilt = 2.0 * np.hypot((circle * np.cos(angle)).mean(axis=1), (circle * np.sin(angle)).mean(axis=1))
    return rings.std(axis=(1, 2)), tilt


def _tint(image: Image, rows: Indices, columns: Indices, *, core: NDArray[np.bool_], ring: NDArray[np.bool_]) -> Column:
    """Return the spread of the colour difference between each spot and its ring over the largest channel."""
    reach = core.shape[0] // 2
    height, width = image.shape[:2]
    cut = np.flatnonzero((rows < reach) | (columns < reach) | (rows >= height - reach) | (columns >= width - reach))
    flat = np.ascontiguousarray(image).reshape(-1)

    def channels(where: NDArray[np.bool_]) -> list[Image]:
        down, right = np.nonzero(where)
        at = (rows * width + columns)[:, None] + ((down - reach) * width + right - reach)[None, :]
        row = _mirrored(rows[cut, None] + (down - reach)[None, :], height)
        column = _mirrored(columns[cut, None] + (right - reach)[None, :], width)
        at[cut] = row * width + column
        at *= 3
        return [flat.take(at), flat.take(at + 1), flat.take(at + 2)]

    inside = np.stack(channels(core), axis=2)
    brightest = inside[np.arange(len(rows)), inside.sum(axis=2, dtype=np.int32).argmax(axis=1)]
    middle = [_quantile(np.sort(channel, axis=1, kind="stable"), 0.5) for channel in channels(ring)]
    difference = brightest - np.stack(middle, axis=1)
    return np.asarray(
        (difference.max(axis=1) - difference.min(axis=1)) / (np.abs(difference).max(axis=1) + 1.0), dtype=np.float64
    )


def _clutter(coarse: Image, rows: Indices, columns: Indices, *, glint_px: int) -> Column:
    """Return the mean of the blocks within five glint widths, the spot itself left out."""
    block = BLOCK_PX
    reach = max(2, round(2.5 * glint_px / block))
    inner = int(max(2.0, 0.5 * glint_px / block))
    padded = cv2.copyMakeBorder(coarse, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    sums = cv2.integral(padded, sdepth=cv2.CV_64F)
    row = np.minimum(rows // block, coarse.shape[0] - 1) + reach
    column = np.minimum(columns // block, coarse.shape[1] - 1) + reach

    def box(half: int) -> Column:
        top, bottom, left, right = row - half, row + half + 1, column - half, column + half + 1
        return np.asarray(sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left])

    return (box(reach) - box(inner)) / ((2 * reach + 1) ** 2 - (2 * inner + 1) ** 2)
