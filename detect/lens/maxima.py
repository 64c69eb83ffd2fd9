"""The strongest local maxima of a contrast map, without comparing every pixel with its neighbours.

A pixel that is the maximum of its 7 x 7 surround is the maximum of its 4 x 4 block as well. So blocks are taken
first, and only the strongest are looked into; their maxima also tell how much else shines around a spot.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Column = NDArray[np.float64]
Indices = NDArray[np.intp]

#: Side of the blocks whose maxima stand for the contrast around a spot, pixels: the width of a small glint,
#: so that a scatter of small spots weighs as much as a few large ones.
BLOCK_PX = 4

#: Half the side of the square in which a peak is the highest, pixels.
_REACH_PX = 3

#: Blocks for each wanted maximum: a glint of three pixels touches four blocks, of which one holds its peak.
_BLOCKS_EACH = 5


def block_maxima(contrast: Image) -> Image:
    """Return the maximum of each block of `BLOCK_PX` x `BLOCK_PX` pixels, the cut ones at the far edges too."""
    down, right = (-size % BLOCK_PX for size in contrast.shape)
    if down or right:
        contrast = np.asarray(cv2.copyMakeBorder(contrast, 0, down, 0, right, cv2.BORDER_CONSTANT), dtype=np.uint8)
    across = np.maximum(np.maximum(contrast[0::4], contrast[1::4]), np.maximum(contrast[2::4], contrast[3::4]))
    return np.maximum(np.maximum(across[:, 0::4], across[:, 1::4]), np.maximum(across[:, 2::4], across[:, 3::4]))


def strongest_peaks(
    contrast: Image, blocks: Image, *, lowest: float, apart_px: int, at_most: int
) -> tuple[Indices, Indices]:
    """Return rows and columns of the strongest local maxima, strongest first.

    Parameters
    ----------
    contrast, blocks
        The map, uint8, and its :func:`block_maxima`.
    lowest
        Least value of a maximum.
    apart_px
        Side of the cells of which each holds, with its neighbours, one maximum.
    at_most
        How many to return.
    """
    at = _local_maxima(contrast, blocks, lowest=int(np.ceil(lowest)), at_least=4 * at_most)
    rows, columns = np.divmod(at, contrast.shape[1])
    order = np.argsort(-contrast[rows, columns].astype(np.int16), kind="stable")[: 4 * at_most]
    taken = np.zeros((contrast.shape[0] // apart_px + 3, contrast.shape[1] // apart_px + 3), bool)
    kept = []
    for index in order.tolist():
        row, column = int(rows[index]) // apart_px, int(columns[index]) // apart_px
        if taken[row + 1, column + 1]:
            continue
        taken[row : row + 3, column : column + 3] = True
        kept.append(index)
        if len(kept) == at_most:
            break
    return rows[kept], columns[kept]


def _local_maxima(contrast: Image, blocks: Image, *, lowest: int, at_least: int) -> Indices:
    """Return the flat indices, rising, of all maxima from `lowest` on, or of `at_least` of the strongest."""
    if lowest > 255:
        return np.empty(0, np.intp)
    counts = np.asarray(cv2.calcHist([blocks], [0], None, [256], [0.0, 256.0]), dtype=np.int64).ravel()
    reaching = np.append(np.cumsum(counts[::-1])[::-1], 0)
    level = max(lowest, int(np.flatnonzero(reaching <= _BLOCKS_EACH * at_least)[0]))
    at = _maxima_in_blocks(contrast, blocks, level=level)
    if level == lowest or len(at) >= at_least:
        return at
    # Broad plateaus all over: every pixel is compared.
    side = 2 * _REACH_PX + 1
    highest = cv2.dilate(contrast, np.ones((side, side), np.uint8))
    top = np.asarray(cv2.compare(contrast, highest, cv2.CMP_EQ, dst=highest), dtype=np.uint8)
    _, high = cv2.threshold(contrast, lowest - 1.0, 1.0, cv2.THRESH_BINARY)
    return np.flatnonzero((top & np.asarray(high, dtype=np.uint8)).view(bool))


def _maxima_in_blocks(contrast: Image, blocks: Image, *, level: int) -> Indices:
    """Return the flat indices, rising, of the maxima in the blocks that reach `level`."""
    height, width = contrast.shape
    block_rows, block_columns = np.divmod(np.flatnonzero(blocks >= level), blocks.shape[1])
    inside = np.arange(BLOCK_PX)
    rows = np.minimum(block_rows[:, None, None] * BLOCK_PX + inside[:, None], height - 1)
    columns = np.minimum(block_columns[:, None, None] * BLOCK_PX + inside, width - 1)
    at = rows * width + columns
    flat = contrast.reshape(-1)
    at = np.unique(at[flat[at] == blocks[block_rows, block_columns][:, None, None]])
    # The nearest neighbours settle most of them.
    for reach in (1, _REACH_PX):
        step = np.arange(-reach, reach + 1)
        rows, columns = np.divmod(at, width)
        around_rows = np.clip(rows[:, None] + step, 0, height - 1) * width
        around_columns = np.clip(columns[:, None] + step, 0, width - 1)
        around = flat[around_rows[:, :, None] + around_columns[:, None, :]]
        at = at[around.max(axis=(1, 2)) <= flat[at]]
    return np.asarray(at, dtype=np.intp)
