"""Registers a torch-off picture to its torch-on picture, and asks which spots the torch makes.

Light differs between the two by design, so the pictures are compared by where they change, not by how bright
they are: the gradient of the logarithm (which a change of exposure or of a smooth illumination leaves alone),
each place divided by the mean gradient around it. Phase correlation of these maps gives the shift for each of
a few turns, and the enhanced correlation coefficient (Evangelidis and Psarakis, IEEE TPAMI 30(10), 2008)
refines shift and turn. Features with RANSAC were tried first and lost 8 of 26 pairs, see docs/decisions.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .profile import CameraProfile
from .spots import Column, Image, Spots, contrast_map, noise_of, windows

#: Longer side at which pictures are registered, pixels: 960 px keep a hand's shake measurable to half a pixel.
_REGISTER_PX = 960

#: Turns tried before refinement, degrees; refinement reaches about two degrees further.
_TURNS_DEG = (0.0, -3.0, 3.0, -6.0, 6.0)

#: Agreement of the maps at which no other turn is tried. Measured: pictures of different rooms reach 0.15.
_AGREEMENT_ENOUGH = 0.3

#: For the test below the maps are kept to what is finer than this, in their pixels: broad outlines agree with
#: themselves when displaced too. Measured: the least margin of a true pair is then 3.4 times the
#: greatest of a false one, instead of 1.3 times.
_FINE_PX = 13

#: Registration is believed where the maps agree this much more than they do when displaced by 12-40 px. Measured:
#: the 28 true pairs of the development pictures reach 0.064-0.75, 65 pairs of different rooms at most 0.019.
MARGIN_MIN = 0.035

#: Shortest side of pictures that can be registered, pixels: displacing them by 12-40 px must mean something.
#: Measured: pictures of pure noise pass the margin at 32 px and no longer at 80.
SIDE_MIN = 96

#: Where a spot may lie after registration, as a share of the longer side: parallax between near and far things.
#: Measured: the registered lenses of the development set lie within 0.5 %, the worst in a picture's corner.
_SLACK = 0.006

#: The same where the spot's own neighbourhood was found again: 4 px of 1280.
_SLACK_MATCHED = 0.003

#: Longer side at which neighbourhoods are looked for, pixels: finer detail differs with the light.
_MATCH_PX = 1600

#: Least correlation at which a spot's neighbourhood counts as found again. Measured: patches of different places
#: reach 0.3 within the reach in one of twenty cases.
_MATCH_MIN = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How the torch-off picture lies on the torch-on picture.

    Parameters
    ----------
    matrix
        2 x 3 float64: torch-on pixel to torch-off pixel, both at full resolution.
    agreement
        Correlation of the gradient maps, -1..1.
    margin
        How much it exceeds the best correlation of displaced maps.
    """

    matrix: NDArray[np.float64]
    agreement: float
    margin: float

    @property
    def trusted(self) -> bool:
        """Whether the pictures show the same place, as far as this can tell."""
        return self.margin >= MARGIN_MIN

    @property
    def shift_px(self) -> float:
        """Length of the shift at the picture's origin, full-resolution pixels."""
        return float(np.hypot(self.matrix[0, 2], self.matrix[1, 2]))

    @property
    def turn_deg(self) -> float:
        """The turn between the two, degrees."""
        return float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0])))


def change_map(grey: Image, *, scale: float) -> NDArray[np.float32]:
    """Return where `grey` changes, at `scale`: gradient of the logarithm over its local mean, at most 4."""
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1.0 else grey
    # 8 grey levels keep the logarithm of a dark, noisy surface from drowning the rest.
    smooth = cv2.GaussianBlur(np.log(small.astype(np.float32) + 8.0), (0, 0), 1.2)
    size = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    level = cv2.blur(size, (41, 41)) + np.float32(np.median(size[::5, ::5]) + 1e-6)
    return np.asarray(np.minimum(size / level, 4.0), dtype=np.float32)


def _agreement(on: NDArray[np.float32], off: NDArray[np.float32], matrix: NDArray[np.float32]) -> float:
    """Correlation of the two maps where they overlap; -1 where less than a quarter does."""
    moved = cv2.warpAffine(
        off, matrix, on.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=(-1e6,)
    )
    seen = moved > -5.0  # the maps lie within -4..4
    if seen.mean() < 0.25:
        return -1.0
    first, second = on[seen], moved[seen]
    first, second = first - first.mean(), second - second.mean()
    size = float(np.sqrt((first * first).sum(dtype=np.float64) * (second * second).sum(dtype=np.float64)))
    return float((first * second).sum(dtype=np.float64)) / size if size > 0.0 else -1.0


def register(on: Image, off: Image) -> Registration:
    """Register two grey pictures of the same place under different light.

    Parameters
    ----------
    on, off
        (rows, columns) uint8 of equal shape.

    Returns
    -------
    Registration
        Ask its ``trusted`` before using it.
    """
    if min(on.shape) < SIDE_MIN:
        return Registration(matrix=np.eye(2, 3), agreement=0.0, margin=0.0)
    scale = min(1.0, _REGISTER_PX / max(on.shape))
    map_on, map_off = change_map(on, scale=scale), change_map(off, scale=scale)
    rows, columns = map_on.shape
    hanning = cv2.createHanningWindow((columns, rows), cv2.CV_32F)
    best = -2.0
    best_matrix: NDArray[np.float32] = np.eye(2, 3, dtype=np.float32)
    for turn in _TURNS_DEG:
        about = cv2.getRotationMatrix2D((columns / 2.0, rows / 2.0), turn, 1.0)
        turned = cv2.warpAffine(map_off, about, (columns, rows), borderMode=cv2.BORDER_REFLECT) if turn else map_off
        (dx, dy), _ = cv2.phaseCorrelate(map_on - map_on.mean(), turned - turned.mean(), hanning)
        # on -> turned off is a shift; off -> turned off is `about`, so on -> off undoes it.
        back = cv2.invertAffineTransform(about)
        matrix = back.copy()
        matrix[:, 2] += back[:, :2] @ np.array([dx, dy])
        agreement = _agreement(map_on, map_off, matrix.astype(np.float32))
        if agreement > best:
            best, best_matrix = agreement, matrix.astype(np.float32)
        if best > _AGREEMENT_ENOUGH:
            break
    try:
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 40, 1e-4)
        everywhere = np.full(map_on.shape, 255, np.uint8)
        _, refined = cv2.findTransformECC(
            map_on, map_off, best_matrix.copy(), cv2.MOTION_EUCLIDEAN, criteria, everywhere, 5
        )
        moved = np.asarray(refined, dtype=np.float32)
        agreement = _agreement(map_on, map_off, moved)
        if agreement >= best:
            best, best_matrix = agreement, moved
    except cv2.error:
        pass  # it does not converge where there is nothing to register; the margin below says so
    fine_on, fine_off = (plane - cv2.blur(plane, (_FINE_PX, _FINE_PX)) for plane in (map_on, map_off))
    displaced = []
    for dx, dy in ((12, 0), (-12, 0), (0, 12), (0, -12), (28, 28), (-28, 28), (40, -16), (-40, -16)):
        moved = best_matrix.copy()
        moved[:, 2] += (dx, dy)
        displaced.append(_agreement(fine_on, fine_off, moved))
    margin = _agreement(fine_on, fine_off, best_matrix) - max(displaced)
    full = np.asarray(best_matrix, dtype=np.float64) * np.array([1.0, 1.0, 1.0 / scale])
    return Registration(matrix=full, agreement=best, margin=margin)


def _locally(
    spots: Spots, on: Image, off: Image, registration: Registration, *, reach: float
) -> tuple[Column, Column, NDArray[np.bool_]]:
    """Return where each spot lies in `off` (x, y, pixel index), and whether its neighbourhood was matched there.

    Near and far things shift differently between two hand-held pictures, so the neighbourhood of every spot is
    looked for within `reach` pixels of where the registration puts it.
    """
    scale = min(1.0, _MATCH_PX / max(on.shape))
    map_on, map_off = change_map(on, scale=scale), change_map(off, scale=scale)
    rows, columns = map_on.shape
    place = np.stack([spots.x_px - 0.5, spots.y_px - 0.5, np.ones(len(spots))])
    x, y = registration.matrix @ place
    matched = np.zeros(len(spots), dtype=bool)
    step = max(2, round(reach * scale))
    half = 3 * step
    for index in range(len(spots)):
        here_x, here_y = round(float(place[0, index]) * scale), round(float(place[1, index]) * scale)
        there_x, there_y = round(float(x[index]) * scale), round(float(y[index]) * scale)
        room = half + step
        inside = (half <= here_x < columns - half) and (half <= here_y < rows - half)
        if not inside or not (room <= there_x < columns - room and room <= there_y < rows - room):
            continue
        around = map_on[here_y - half : here_y + half + 1, here_x - half : here_x + half + 1]
        wide = map_off[there_y - room : there_y + room + 1, there_x - room : there_x + room + 1]
        match = cv2.matchTemplate(wide, around, cv2.TM_CCOEFF_NORMED)
        _, best, _, (best_x, best_y) = cv2.minMaxLoc(match)
        if best >= _MATCH_MIN:
            x[index] += (best_x - step) / scale
            y[index] += (best_y - step) / scale
            matched[index] = True
    return x, y, matched


def persistence(spots: Spots, on: Image, off: Image, registration: Registration, *, profile: CameraProfile) -> Column:
    """Return how much of each spot's relative contrast is there without the torch, 0..1 or more.

    Contrast over the surround's brightness is what a lamp, a screen or a printed dot keeps when exposure and
    light change: they have about 1, an LED that the exposure lifts more, a reflection of the torch 0.

    Parameters
    ----------
    spots
        Of the torch-on picture.
    on, off
        The two pictures, (rows, columns) uint8 grey, full resolution.
    registration
        From :func:`register`.

    Returns
    -------
    ndarray
        One value for each spot; NaN where the spot lies outside the torch-off picture.
    """
    if len(spots) == 0:
        return np.empty(0)
    rows, columns = off.shape
    longest = max(rows, columns)
    glint_px = profile.glint_px(columns, rows)
    slack = max(3, round(_SLACK * longest))
    x, y, matched = _locally(spots, on, off, registration, reach=slack)
    at_x, at_y = np.rint(x).astype(int), np.rint(y).astype(int)
    inside = (at_x >= 0) & (at_y >= 0) & (at_x < columns) & (at_y < rows)
    at_x, at_y = np.clip(at_x, 0, columns - 1), np.clip(at_y, 0, rows - 1)
    contrast = contrast_map(off, glint_px=glint_px, blur_px=profile.psf_px)
    # The largest of the (2 slack + 1)^2 values of pure noise lies near four sigmas: that much proves nothing.
    floor = 4.0 * noise_of(off)
    near = max(4, round(_SLACK_MATCHED * longest))
    there = np.empty(len(spots))
    for index in range(len(spots)):
        reach = near if matched[index] else slack
        top, left = max(at_y[index] - reach, 0), max(at_x[index] - reach, 0)
        there[index] = contrast[top : at_y[index] + reach + 1, left : at_x[index] + reach + 1].max()
    surround = np.median(windows(off, at_y, at_x, reach=min(glint_px, 25) // 2), axis=(1, 2))
    share = np.maximum(there - floor, 0.0) / (surround + 10.0) / (spots.contrast / (spots.surround + 10.0))
    return np.where(inside, share, np.nan)
