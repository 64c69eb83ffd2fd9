"""Three methods of others for finding lens glints, re-stated in a few lines from their published descriptions.

All return places as (x, y), strongest first; x and y are measured from the corner of the top left pixel. They
have no levels: whatever they return, their user is shown.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum

Image = NDArray[np.uint8]
Places = list[tuple[float, float]]

#: Most pixels of a bright-spot app's blob: what is larger is a lamp or a window.
APP_AREA_MAX = 200

#: Top-hat element and limits of the single-frame method: 11 px, above 60 grey levels, at most 9 px, aspect 2.
TOP_HAT_PX, TOP_HAT_MIN, TOP_HAT_AREA_MAX, TOP_HAT_ASPECT_MAX = 11, 60, 9, 2.0

#: Longer side at which ECC registers, pixels; at full size it takes minutes.
ECC_PX = 960


def _blobs(strength: Image, mask: NDArray[np.bool_], *, area_max: int, aspect_max: float = np.inf) -> Places:
    """Centres of the connected areas of `mask`, by their highest `strength`, the larger first among equals."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return []
    highest = np.asarray(maximum(strength, labels, np.arange(1, count)), dtype=float)
    area = stats[1:, cv2.CC_STAT_AREA]
    sides = np.sort(stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]], axis=1)
    kept = np.flatnonzero((area <= area_max) & (sides[:, 1] <= aspect_max * sides[:, 0]))
    order = kept[np.lexsort((-area[kept], -highest[kept]))]
    return [(float(x) + 0.5, float(y) + 0.5) for x, y in centres[1:][order]]


def _grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def bright_blobs(image: Image, *, above: int) -> Places:
    """Bright-spot apps: blobs of grey above a fixed level."""
    grey = _grey(image)
    return _blobs(grey, grey > above, area_max=APP_AREA_MAX)


def top_hat(image: Image) -> Places:
    """Blobs of the 11 px top-hat of (blue + green) / 2: small, and nearly square."""
    cyan = cv2.addWeighted(image[..., 0], 0.5, image[..., 1], 0.5, 0.0)
    hat = np.asarray(cv2.morphologyEx(cyan, cv2.MORPH_TOPHAT, np.ones((TOP_HAT_PX, TOP_HAT_PX), np.uint8)), np.uint8)
    return _blobs(hat, hat > TOP_HAT_MIN, area_max=TOP_HAT_AREA_MAX, aspect_max=TOP_HAT_ASPECT_MAX)


def difference(on: Image, off: Image, *, above: int) -> Places:
    """Blobs where torch on exceeds torch off by more than `above` grey levels, the pictures as they are."""
    gain = np.asarray(cv2.subtract(_grey(on), _grey(off)), dtype=np.uint8)
    return _blobs(gain, gain > above, area_max=APP_AREA_MAX)


def registered_difference(on: Image, off: Image, *, above: int) -> Places:
    """The same after ECC on luminance (shift and turn); unregistered where ECC does not converge."""
    scale = min(1.0, ECC_PX / max(on.shape))
    first, second = (
        cv2.resize(_grey(image), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for image in (on, off)
    )
    start = np.eye(2, 3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-4)
    try:
        everywhere = np.full(first.shape, 255, np.uint8)
        _, found = cv2.findTransformECC(first, second, start, cv2.MOTION_EUCLIDEAN, criteria, everywhere, 5)
    except cv2.error:
        return difference(on, off, above=above)
    matrix = np.asarray(found, dtype=np.float64) * np.array([1.0, 1.0, 1.0 / scale])
    size = (on.shape[1], on.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(off, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return difference(on, np.asarray(moved, dtype=np.uint8), above=above)
