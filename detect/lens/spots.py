"""Small bright spots that stand out from their surround in every direction.

Recall comes from here, precision from :mod:`.judge`: a spot is whatever is brighter than its surround by
several noise sigmas and narrower than the largest lens glint in all directions. Absolute brightness is
never asked for, because the return of an unresolved lens falls with distance while its local contrast holds.

Method: a directional top-hat. A flat structuring element as long as the largest glint is run along the rows
and along the columns; what survives either opening is an edge, a line or a surface, and is subtracted
(Serra, *Image Analysis and Mathematical Morphology*, 1982, for the top-hat; the maximum over directions
keeps lines out, which a square element lets through).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from .profile import CameraProfile

Image = NDArray[np.uint8]
Column = NDArray[np.float64]

#: A red film or a red lens finder leaves a picture whose red exceeds both others by this factor. Measured: the
#: eight finder pictures of the development set have 1.6-4.5, ordinary rooms and rendered rooms at most 1.4.
RED_FIELD_RATIO = 1.55

#: Spots kept per picture, strongest contrast first. Measured: the weakest labelled glint ranks 114th by contrast
#: alone in its picture.
SPOTS_MAX = 400

#: Lowest contrast over the surround in grey levels of 255: half of the weakest labelled detectable glint (19).
CONTRAST_MIN = 9.0

#: Lowest contrast in noise sigmas; at 6 a 12-megapixel picture of pure noise gives less than one spot.
SNR_MIN = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spots:
    """Spots of one picture as columns of length n, strongest contrast first.

    Parameters
    ----------
    x_px, y_px
        Sub-pixel centre; origin at the corner of the top left pixel.
    contrast
        Height over the surround by the directional top-hat, grey levels of 255.
    height
        Peak over the median of the ring around the spot, grey levels.
    peak, surround
        Grey levels of the peak and of the ring's median.
    noise
        Robust spread of the ring (1.4826 x median absolute deviation), grey levels.
    radius_px
        Radius of the circle with the area above half height.
    elongation
        Ratio of the axes of that area, 1 is round.
    ring_spread, ring_tilt
        Spread of the grey levels on circles just outside the spot, and their first angular harmonic, both
        over the height: 0 for a point of light on an even surface, large on an edge or a shaded ball.
    ring_high, ring_max
        90th percentile and maximum of the ring over its median, over the height: other bright things close by.
    foot
        Area above a quarter of the height over the area above half: 2 for a blurred point, near 1 for a
        hard-edged pinhole, large for a soft highlight.
    open_ended
        1 where the area above half height runs out of the window.
    tint
        Spread of the colour difference spot - surround over its largest channel, 0 grey .. 1 one channel alone;
        0 in a red field, where it says nothing.
    clutter
        Mean contrast of the wider neighbourhood (five times the largest glint), grey levels.
    neighbours, peers
        Spots with at least a third of this spot's contrast within four, and with half its height within eight
        times the largest glint: rows of screws, perforated sheet, foil print.
    prominence
        Natural log of height over the median height of the picture's twenty strongest spots.
    saturated
        1 where the peak is at the end of the scale.
    """

    x_px: Column
    y_px: Column
    contrast: Column
    height: Column
    peak: Column
    surround: Column
    noise: Column
    radius_px: Column
    elongation: Column
    ring_spread: Column
    ring_tilt: Column
    ring_high: Column
    ring_max: Column
    foot: Column
    open_ended: Column
    tint: Column
    clutter: Column
    neighbours: Column
    peers: Column
    prominence: Column
    saturated: Column

    def __len__(self) -> int:
        return len(self.x_px)

    def take(self, index: NDArray[np.intp]) -> Spots:
        """Return the spots at `index`, in that order."""
        return Spots(**{item.name: getattr(self, item.name)[index] for item in fields(self)})


def is_red_field(image: Image) -> bool:
    """Whether the picture was taken through red film or a red lens finder."""
    blue, green, red = (float(value) for value in image[::7, ::7].reshape(-1, 3).mean(axis=0))
    return red > RED_FIELD_RATIO * max(blue, green) + 5.0


def grey_of(image: Image, *, red_field: bool | None = None) -> Image:
    """Return the channel in which a glint stands out: luma, or (blue + green) / 2 in a red field.

    In a red field the red channel is bright everywhere, while a lens returns enough light to fill the others.
    `red_field` overrules the picture's own look: both pictures of a pair are read alike.
    """
    if is_red_field(image) if red_field is None else red_field:
        return np.asarray(cv2.addWeighted(image[..., 0], 0.5, image[..., 1], 0.5, 0.0), dtype=np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def contrast_map(grey: Image, *, glint_px: int, blur_px: float) -> Image:
    """Return the directional top-hat of `grey`: height of what is narrower than `glint_px` in every direction.

    Parameters
    ----------
    grey
        (rows, columns) uint8.
    glint_px
        Width of the largest glint, odd.
    blur_px
        Sigma of the smoothing before, about the camera's point spread: it averages the noise over one spot.
    """
    smooth = cv2.GaussianBlur(grey, (3, 3), blur_px)
    along = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, np.ones((1, glint_px), np.uint8), borderType=cv2.BORDER_REPLICATE)
    across = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, np.ones((glint_px, 1), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.subtract(smooth, cv2.max(along, across)), dtype=np.uint8)


def noise_of(grey: Image) -> float:
    """Return the noise of `grey` in grey levels, from the median difference of pixels two apart.

    That median is 0.6745 * sqrt(2) sigma for Gaussian noise. Texture raises it, so it is an upper bound.
    """
    part = grey[:: max(1, grey.shape[0] // 300)].astype(np.int16)
    if part.shape[1] < 3:
        return 0.0
    difference = float(np.median(np.abs(part[:, 2:] - part[:, :-2])))
    return difference / (0.6745 * float(np.sqrt(2.0)))


def find_spots(
    image: Image,
    *,
    profile: CameraProfile | None = None,
    snr_min: float = SNR_MIN,
    spots_max: int = SPOTS_MAX,
) -> Spots:
    """Find the spots of a picture.

    Parameters
    ----------
    image
        (rows, columns, 3) uint8, blue-green-red, upright, at full resolution: a lens of 1.5 mm at 1 m is
        1.4 pixels wide in a picture of 1280.
    profile
        The camera; the stated defaults if None.
    snr_min
        Lowest contrast in sigmas of the picture's noise.
    spots_max
        How many to keep.

    Returns
    -------
    Spots
        Strongest contrast first; empty for a picture smaller than one surround.
    """
    profile = profile or CameraProfile()
    rows, columns = image.shape[:2]
    glint_px = profile.glint_px(columns, rows)
    if min(rows, columns) <= 2 * glint_px:
        return _measure(image, image[..., 0], image[..., 0], np.empty((0, 2), np.intp), glint_px=glint_px)
    grey = grey_of(image)
    contrast = contrast_map(grey, glint_px=glint_px, blur_px=profile.psf_px)
    lowest = max(CONTRAST_MIN, snr_min * noise_of(grey))
    peaks = _local_maxima(contrast, lowest=lowest, apart_px=max(4, glint_px // 3), at_most=spots_max)
    return _measure(image, grey, contrast, peaks, glint_px=glint_px)


def _local_maxima(contrast: Image, *, lowest: float, apart_px: int, at_most: int) -> NDArray[np.intp]:
    """Return (row, column) of the strongest local maxima, one for each cell of `apart_px` and its neighbours."""
    highest = cv2.dilate(contrast, np.ones((7, 7), np.uint8))
    rows, columns = np.nonzero((contrast == highest) & (contrast >= lowest))
    order = np.argsort(-contrast[rows, columns].astype(np.int16), kind="stable")[: 4 * at_most]
    taken: set[tuple[int, int]] = set()
    kept = []
    for index in order.tolist():
        row, column = int(rows[index]) // apart_px, int(columns[index]) // apart_px
        if (row, column) in taken:
            continue
        taken.update((row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
        kept.append(index)
        if len(kept) == at_most:
            break
    return np.stack([rows[kept], columns[kept]], axis=1)


def windows(
    plane: NDArray[np.uint8] | NDArray[np.float32],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    *,
    reach: int,
) -> NDArray[np.float32]:
    """Return square windows of `plane` around pixels, mirrored at the border: (n, 2 reach + 1, 2 reach + 1[, 3])."""
    padded = cv2.copyMakeBorder(plane, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    step = np.arange(2 * reach + 1)
    patch = padded[rows[:, None, None] + step[None, :, None], columns[:, None, None] + step[None, None, :]]
    return np.asarray(patch, dtype=np.float32)


def _measure(image: Image, grey: Image, contrast: Image, peaks: NDArray[np.intp], *, glint_px: int) -> Spots:
    """Measure every spot in its window."""
    count = len(peaks)
    if count == 0:
        return Spots(**{item.name: np.empty(0) for item in fields(Spots)})
    rows, columns = peaks[:, 0], peaks[:, 1]
    reach = glint_px + 4
    grid = np.arange(-reach, reach + 1)
    distance = np.hypot(grid[None, :], grid[:, None])
    patch = windows(grey, rows, columns, reach=reach)

    core = distance <= 1.5
    ring = (distance > 0.5 * glint_px + 0.5) & (distance <= 0.5 * glint_px + 4.5)
    peak = patch[:, core].max(axis=1).astype(np.float64)
    around = patch[:, ring]
    surround = np.median(around, axis=1).astype(np.float64)
    noise = 1.4826 * np.median(np.abs(around - surround[:, None]), axis=1)
    height = np.maximum(peak - surround, 1.0)
    ring_high = (np.percentile(around, 90, axis=1) - surround) / height
    ring_max = (around.max(axis=1) - surround) / height

    shapes = np.array([_shape(patch[i], surround[i], height[i], distance) for i in range(count)])
    centre_x, centre_y, area, elongation, open_ended, foot, ring_spread, ring_tilt = shapes.T

    if is_red_field(image):
        tint = np.zeros(count)
    else:
        colour = windows(image, rows, columns, reach=reach)
        inside = colour[:, core]
        brightest = inside[np.arange(count), inside.sum(axis=2).argmax(axis=1)]
        difference = brightest - np.median(colour[:, ring], axis=1)
        tint = (difference.max(axis=1) - difference.min(axis=1)) / (np.abs(difference).max(axis=1) + 1.0)

    strength = contrast[rows, columns].astype(np.float64)
    apart = np.hypot(rows[:, None] - rows[None, :], columns[:, None] - columns[None, :])
    close = (apart < 4 * glint_px) & (apart > 0.7 * glint_px) & (strength[None, :] > strength[:, None] / 3.0)
    wide = (apart < 8 * glint_px) & (apart > 2.0) & (height[None, :] > 0.5 * height[:, None])
    strongest = np.sort(height)[::-1][:20]
    return Spots(
        x_px=columns + centre_x + 0.5,
        y_px=rows + centre_y + 0.5,
        contrast=strength,
        height=height,
        peak=peak,
        surround=surround,
        noise=np.asarray(noise, dtype=np.float64),
        radius_px=np.sqrt(area / np.pi),
        elongation=elongation,
        ring_spread=ring_spread,
        ring_tilt=ring_tilt,
        ring_high=np.asarray(ring_high, dtype=np.float64),
        ring_max=np.asarray(ring_max, dtype=np.float64),
        foot=foot,
        open_ended=open_ended,
        tint=np.asarray(tint, dtype=np.float64),
        clutter=_clutter(contrast, rows, columns, glint_px=glint_px),
        neighbours=close.sum(axis=1).astype(np.float64),
        peers=wide.sum(axis=1).astype(np.float64),
        prominence=np.log(height) - np.log(np.median(strongest)),
        saturated=(peak >= 250.0).astype(np.float64),
    )


def _shape(
    patch: NDArray[np.float32], surround: float, height: float, distance: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return centre x, y (from the window's middle), area, elongation, open end, foot, ring spread and tilt."""
    reach = patch.shape[0] // 2
    half = surround + 0.5 * height
    _, labels = cv2.connectedComponents((patch > half).astype(np.uint8), connectivity=8)
    own = labels[reach, reach] or labels[reach - 1 : reach + 2, reach - 1 : reach + 2].max()
    mask = labels == own if own else distance <= 1.0
    y, x = np.nonzero(mask)
    value = np.maximum(patch[mask] - half, 0.5)
    centre_x, centre_y = (
        float(np.average(x, weights=value)) - reach,
        float(np.average(y, weights=value)) - reach,
    )
    area = float(len(x))
    # 1/12 is the variance of one pixel about its own centre, so that one pixel is round.
    spread = np.cov(np.stack([x, y]), bias=True) + np.eye(2) / 12.0 if len(x) > 1 else np.eye(2) / 12.0
    small, large = np.linalg.eigvalsh(spread)
    open_ended = float(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())
    radius = np.sqrt(area / np.pi)
    foot = float((patch[distance < 2.0 * radius + 2.0] > surround + 0.25 * height).sum()) / area
    angle = np.arange(24) * (2.0 * np.pi / 24)
    out = radius + np.array([1.8, 2.8, 3.8])
    rings = cv2.remap(
        patch,
        (reach + centre_x + out[:, None] * np.cos(angle)).astype(np.float32),
        (reach + centre_y + out[:, None] * np.sin(angle)).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    tilt = 2.0 * abs(np.mean(rings.mean(axis=0) * np.exp(1j * angle))) / height
    return (
        centre_x,
        centre_y,
        area,
        float(np.sqrt(large / small)),
        open_ended,
        foot,
        float(rings.std()) / height,
        float(tilt),
    )


def _clutter(contrast: Image, rows: NDArray[np.intp], columns: NDArray[np.intp], *, glint_px: int) -> Column:
    """Return the mean contrast within five glint widths, the spot itself left out.

    Taken over the maxima of 4 x 4 blocks, so that a scatter of small spots weighs as much as a few large ones.
    """
    block = 4
    height, width = (size // block * block for size in contrast.shape)
    coarse = contrast[:height, :width].reshape(height // block, block, width // block, block).max(axis=(1, 3))
    reach = max(2, round(2.5 * glint_px / block))
    grid = np.arange(-reach, reach + 1)
    outside = np.maximum(abs(grid[None, :]), abs(grid[:, None])) > max(2.0, 0.5 * glint_px / block)
    patch = windows(
        np.ascontiguousarray(coarse),
        np.minimum(rows // block, coarse.shape[0] - 1),
        np.minimum(columns // block, coarse.shape[1] - 1),
        reach=reach,
    )
    return np.asarray(patch[:, outside].mean(axis=1), dtype=np.float64)
