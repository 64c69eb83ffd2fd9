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

#: Around a large spot or a group of lights the ring needs less: this many radii and this many px more.
_LARGE_RADII, _LARGE_GAP_PX = 1.5, 12.0

#: Grey of what lies outside the picture: visibly not part of it on dark and on light pictures.
_OUTSIDE = 112

#: Colour of a track, BGR: seen on grey rooms, by colour-blind eyes too.
_TRACK = (80, 220, 255)

#: Grey between pictures in a row.
_GAP = 235

_SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """One moment of a spot in a clip: a frame or the part of it around the spot, the spot's place in it, and when."""

    image: BgrImage
    x_px: float
    y_px: float
    t_s: float


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
    out_px = side_px * scale
    window = max(side_px, math.ceil(4.0 * _ring_radius(radius_px)))
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
        ring_px = max(_ring_radius(radius_px) * zoom, out_px / 9)
        _draw_ring(out, (x_px - left) * zoom, (y_px - top) * zoom, ring_px, stroke_px=max(2, out_px // 128))
    return out


def side_by_side(pictures: Sequence[BgrImage], *, labels: Sequence[str] = (), gap_px: int = 8) -> BgrImage:
    """Return pictures of one height in a row, with a light gap between them and a label in the corner of each.

    Raises
    ------
    ValueError
        If there is no picture.
    """
    parts: list[BgrImage] = []
    for number, picture in enumerate(pictures):
        part = picture.copy()
        if number < len(labels) and labels[number]:
            _draw_corner_label(part, labels[number])
        if parts:
            parts.append(np.full((len(part), gap_px, 3), _GAP, np.uint8))
        parts.append(part)
    return np.ascontiguousarray(np.hstack(parts))


def close_up(picture: Picture, finding: Finding) -> BgrImage:
    """Return the close-up of a finding that has a place; of a pair, torch on and torch off side by side."""
    x, y = finding.where.x_px or 0.0, finding.where.y_px or 0.0
    shown = [picture.image] if picture.off_image is None else [picture.image, picture.off_image]
    return side_by_side(
        [crop(image, x, y, radius_px=finding.where.radius_px) for image in shown],
        labels=("torch on", "torch off") if len(shown) == 2 else (),
    )


def strip(views: Sequence[View], *, radius_px: float | None, scale: int = 4, side_px: int = 48) -> BgrImage:
    """Return close-ups of one spot over time, in a row, each with its time and without a ring.

    Parameters
    ----------
    views
        At least one, in the order of time.
    radius_px, scale, side_px
        As for :func:`crop`; the same for all views, so that they can be compared.
    """
    return side_by_side(
        [
            crop(view.image, view.x_px, view.y_px, radius_px=radius_px, scale=scale, side_px=side_px, ring=False)
            for view in views
        ],
        labels=[f"{view.t_s:.1f} s" for view in views],
        gap_px=4,
    )


def annotate(
    image: BgrImage, findings: Sequence[Finding], *, longest_px: int | None = None, tracks: bool = True
) -> BgrImage:
    """Return the whole picture with a ring and the id of every finding that has a place in it.

    Parameters
    ----------
    image
        uint8 (height, width, 3), BGR; not changed.
    findings
        Findings of this picture; those without a place are passed over.
    longest_px
        Longest side of the returned picture; None keeps the size. Rings and ids are drawn after shrinking.
    tracks
        Whether to draw how the places of a clip's findings moved through the picture, a dot where each began.

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
    bare = out.copy() if tracks and any(finding.where.track for finding in findings) else out
    for finding in findings if tracks else ():
        _draw_track(out, finding.where.track or (), zoom=zoom, stroke_px=max(1, stroke // 2))
    for finding in findings:
        x, y = finding.where.x_px, finding.where.y_px
        if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
            continue
        radius = max(_ring_radius(finding.where.radius_px) * zoom, longest / 40)
        if bare is not out:
            _lay_bare(out, bare, x * zoom, y * zoom, radius)
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


def _ring_radius(radius_px: float | None) -> float:
    """Return the radius of the ring around a spot, px of the picture; a close-up is four of them wide."""
    radius = _radius(radius_px)
    return min(RING_RADII * radius, _LARGE_RADII * radius + _LARGE_GAP_PX)


def _lay_bare(image: BgrImage, bare: BgrImage, x: float, y: float, radius: float) -> None:
    """Put back what a track covers within the ring: the spot itself must be seen."""
    mask = np.zeros(image.shape[:2], np.uint8)
    if max(abs(x), abs(y), radius) < 1e5:
        cv2.circle(mask, (_fixed(x - 0.5), _fixed(y - 0.5)), _fixed(radius), (1,), cv2.FILLED, cv2.LINE_8, _SHIFT)
        image[mask > 0] = bare[mask > 0]


def _u8(image: Any) -> BgrImage:
    return np.ascontiguousarray(image, dtype=np.uint8)


def _fixed(value: float) -> int:
    return round(value * (1 << _SHIFT))


def _draw_ring(image: BgrImage, x: float, y: float, radius: float, *, stroke_px: int) -> None:
    """Draw a white ring between two black ones: on any background one of them is seen."""
    centre = (_fixed(x - 0.5), _fixed(y - 0.5))
    for colour, stroke in (((0, 0, 0), 3 * stroke_px), ((255, 255, 255), stroke_px)):
        cv2.circle(image, centre, _fixed(radius + 1.5 * stroke_px), colour, stroke, cv2.LINE_AA, _SHIFT)


def _draw_track(image: BgrImage, track: Sequence[tuple[int, float, float]], *, zoom: float, stroke_px: int) -> None:
    """Draw where a spot went: a light line on a dark one, and a dot where it began."""
    places = [(x * zoom - 0.5, y * zoom - 0.5) for _, x, y in track if math.isfinite(x) and math.isfinite(y)]
    # Beyond these OpenCV's fixed-point coordinates overflow; a real track does not leave its picture.
    places = [(x, y) for x, y in places if max(abs(x), abs(y)) < 1e5]
    if len(places) < 2:
        return
    line = [np.array([[_fixed(x), _fixed(y)] for x, y in places], np.int32)]
    for colour, stroke in (((0, 0, 0), 3 * stroke_px), (_TRACK, stroke_px)):
        cv2.polylines(image, line, False, colour, stroke, cv2.LINE_AA, _SHIFT)
        start = (_fixed(places[0][0]), _fixed(places[0][1]))
        cv2.circle(image, start, _fixed(1.5 * stroke_px + 0.5 * stroke), colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _draw_corner_label(image: BgrImage, label: str) -> None:
    """Write a few words into the lower left corner, on a dark plate."""
    text = label.encode("ascii", "replace").decode("ascii")[:24]
    height = image.shape[0]
    scale, stroke = max(0.6, height / 320), max(1, height // 120)
    (text_w, text_h), below = cv2.getTextSize(text, _FONT, scale, stroke)
    pad = max(3, height // 64)
    cv2.rectangle(image, (0, height - text_h - below - 2 * pad), (text_w + 2 * pad, height), (0, 0, 0), cv2.FILLED)
    cv2.putText(image, text, (pad, height - pad - below // 2), _FONT, scale, (255, 255, 255), stroke, cv2.LINE_AA)


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
