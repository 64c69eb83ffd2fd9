"""Pictures for people: close-ups and overviews with a ring that shows the place and does not cover it.

Points are (x, y) with the origin at the corner of the top left pixel; OpenCV draws with the origin at that
pixel's centre, which is half a pixel further.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ...detect.result import Finding

BgrImage = npt.NDArray[np.uint8]

#: A ring keeps this many spot radii away from the middle of the spot, so that the spot's own surround, by
#: which the eye judges it, stays visible.
RING_RADII = 3.5

#: Spot radius assumed where a finding has none, px: a lens is 1 to 4 px wide in a room picture (measured on
#: pictures taken through a lens finder).
DEFAULT_RADIUS_PX = 2.0

#: A close-up is at least this many spot radii wide: ring and some of the object around it.
_WINDOW_RADII = 14.0

#: Grey of what lies outside the picture: visibly not part of it on dark and on light pictures.
_OUTSIDE = 112

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A picture as it was examined.

    Parameters
    ----------
    image
        uint8 (height, width, 3), BGR, upright.
    original_name
        Name of the file it was read from, as received.
    sha256
        SHA-256 of that file, hexadecimal.
    off_image
        The torch-off picture registered to `image`, same shape; None for a single photo.
    """

    image: BgrImage
    original_name: str
    sha256: str
    off_image: BgrImage | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.image.shape[1], self.image.shape[0]


def crop(
    image: BgrImage,
    x_px: float,
    y_px: float,
    *,
    radius_px: float | None,
    scale: int = 4,
    side_px: int = 96,
    ring: bool = True,
) -> BgrImage:
    """Return a close-up of the spot at (x_px, y_px), enlarged, with a ring around it.

    Parameters
    ----------
    image
        uint8 (height, width, 3), BGR.
    x_px, y_px
        Middle of the spot; what the close-up would show beyond the picture's edge is grey.
    radius_px
        Radius of the spot; None if not known.
    scale
        Enlargement.
    side_px
        Side of the part shown, px of `image`. A large spot gets a larger part at a smaller enlargement, so
        that the close-up keeps its size.
    ring
        Whether to draw the ring.

    Returns
    -------
    ndarray
        uint8 (side_px * scale, side_px * scale, 3), BGR.
    """
    radius = _radius(radius_px)
    out_px = side_px * scale
    window = max(side_px, math.ceil(_WINDOW_RADII * radius))
    left, top = math.floor(x_px - window / 2), math.floor(y_px - window / 2)
    part = np.full((window, window, 3), _OUTSIDE, np.uint8)
    height, width = image.shape[:2]
    x0, x1 = max(left, 0), min(left + window, width)
    y0, y1 = max(top, 0), min(top + window, height)
    if x0 < x1 and y0 < y1:
        part[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
    zoom = out_px / window
    method = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    out = _u8(cv2.resize(part, (out_px, out_px), interpolation=method))
    if ring:
        ring_px = max(RING_RADII * radius * zoom, out_px / 9)
        _draw_ring(out, (x_px - left) * zoom, (y_px - top) * zoom, ring_px, stroke_px=max(2, out_px // 128))
    return out


def annotate(image: BgrImage, findings: Sequence[Finding], *, longest_px: int | None = None) -> BgrImage:
    """Return the whole picture with a ring and the id of every finding that has a place in it.

    Parameters
    ----------
    image
        uint8 (height, width, 3), BGR; not changed.
    findings
        Findings of this picture; those without a place are passed over.
    longest_px
        Longest side of the returned picture; None keeps the size. Rings and ids are drawn after shrinking.

    Returns
    -------
    ndarray
        uint8 (height, width, 3), BGR.
    """
    height, width = image.shape[:2]
    zoom = 1.0 if longest_px is None else min(1.0, longest_px / max(height, width))
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    out = image.copy() if zoom == 1.0 else _u8(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    longest = max(size)
    stroke = max(2, longest // 320)
    for finding in findings:
        x, y = finding.where.x_px, finding.where.y_px
        if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
            continue
        radius = max(RING_RADII * _radius(finding.where.radius_px) * zoom, longest / 40)
        _draw_ring(out, x * zoom, y * zoom, radius, stroke_px=stroke)
        _draw_label(out, finding.id, x * zoom, y * zoom, radius, stroke_px=stroke)
    return out


def jpeg(image: BgrImage, *, quality: int = 82) -> bytes:
    """Return `image` as the bytes of a JPEG file without metadata."""
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise ValueError(f"a picture of shape {image.shape} cannot be encoded")
    return bytes(data.tobytes())


def _radius(radius_px: float | None) -> float:
    if radius_px is None or not math.isfinite(radius_px) or radius_px <= 0:
        return DEFAULT_RADIUS_PX
    return radius_px


def _u8(image: Any) -> BgrImage:
    return np.ascontiguousarray(image, dtype=np.uint8)


def _fixed(value: float) -> int:
    return round(value * (1 << _SHIFT))


def _draw_ring(image: BgrImage, x: float, y: float, radius: float, *, stroke_px: int) -> None:
    """Draw a white ring between two black ones: on any background one of them is seen."""
    centre = (_fixed(x - 0.5), _fixed(y - 0.5))
    for colour, stroke in (((0, 0, 0), 3 * stroke_px), ((255, 255, 255), stroke_px)):
        cv2.circle(image, centre, _fixed(radius + 1.5 * stroke_px), colour, stroke, cv2.LINE_AA, _SHIFT)


def _draw_label(image: BgrImage, label: str, x: float, y: float, radius: float, *, stroke_px: int) -> None:
    """Write the id beside its ring, inside the picture."""
    text = label.encode("ascii", "replace").decode("ascii")[:8]
    height, width = image.shape[:2]
    scale = max(height, width) / 900 + 0.1
    (text_w, text_h), below = cv2.getTextSize(text, _FONT, scale, stroke_px)
    gap = radius + 5 * stroke_px
    left = x + gap if x + gap + text_w <= width else x - gap - text_w
    base = y + text_h / 2
    at = (
        round(min(max(left, stroke_px), max(stroke_px, width - text_w - stroke_px))),
        round(min(max(base, text_h + stroke_px), max(text_h + stroke_px, height - below))),
    )
    # A dark plate: outlined letters were unreadable over light things.
    plate = (
        (at[0] - 2 * stroke_px, at[1] - text_h - 2 * stroke_px),
        (
            at[0] + text_w + 2 * stroke_px,
            # The two generations of OpenCV's fonts differ in where letters stand on their line.
            at[1] + below + text_h // 3,
        ),
    )
    cv2.rectangle(image, *plate, (0, 0, 0), cv2.FILLED)
    cv2.putText(image, text, at, _FONT, scale, (255, 255, 255), stroke_px, cv2.LINE_AA)
