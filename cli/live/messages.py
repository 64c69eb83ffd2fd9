"""What the phone sends: a frame with a few words about it, and how much of it is believed.

A message is the length of its header (four bytes, little-endian), the header (JSON) and a JPEG. Everything in it may
have been written by somebody else: sizes are read before anything is decoded.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Literal

Torch = Literal["on", "off", "unknown"]
Mode = Literal["torch", "dark", "blink"]

#: Largest JPEG of a live frame, bytes: one of 1920 x 1080 with much detail has 1 MB at quality 90.
FRAME_BYTES_MAX = 4_000_000

#: Largest header, bytes: ours has 200 to 300.
HEADER_BYTES_MAX = 4_096

#: Largest message.
MESSAGE_BYTES_MAX = 4 + HEADER_BYTES_MAX + FRAME_BYTES_MAX

#: Most pixels of a live frame: 3840 x 2160, the largest that phones' browsers give.
FRAME_PIXELS_MAX = 3840 * 2160

#: Largest full-resolution photo, bytes: 48 megapixels at half a byte each.
STILL_BYTES_MAX = 24_000_000

#: Most pixels of a photo.
STILL_PIXELS_MAX = 50_000_000

#: Smallest side on which a spot has a surround, pixels; as for photos (detect/lens/reading.py).
SIDE_MIN = 32

#: Most scans of a JPEG: progressive ones of phones have about ten, and every scan costs a pass over all pixels.
SCANS_MAX = 24

#: Longest name of a zone, characters.
ZONE_MAX = 40

#: Frame headers of JPEG (ITU-T T.81, table B.1) that are decoded: baseline, extended and progressive, Huffman coded.
_FRAME_MARKERS = frozenset({0xC0, 0xC1, 0xC2})

#: Markers without a length: restarts, start of image, and TEM.
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


class RefusedError(Exception):
    """A message that is not taken; its text is one clause for the log, without anything the sender wrote."""

    def __init__(self, what: str, *, status: int = 400) -> None:
        self.what = what
        self.status = status
        super().__init__(what)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMessage:
    """One frame as the phone sent it.

    Parameters
    ----------
    seq
        The phone's number of the frame.
    t_s
        When it was taken, by the phone's clock, seconds.
    width, height
        Pixels, from the JPEG's own header.
    torch, mode
        What the page says of the torch, and what it is doing.
    yaw_deg, pitch_deg
        Where the camera looked, or None.
    zone
        What the user says is looked at, as received, or None.
    still
        Whether it is a single photo among the frames.
    jpeg
        The picture.
    """

    seq: int
    t_s: float
    width: int
    height: int
    torch: Torch
    mode: Mode
    yaw_deg: float | None
    pitch_deg: float | None
    zone: str | None
    still: bool
    jpeg: bytes


def read_message(data: bytes) -> FrameMessage:
    """Read one message.

    Raises
    ------
    RefusedError
        If it is not one, or claims or holds more than is taken.
    """
    if len(data) > MESSAGE_BYTES_MAX:
        raise RefusedError(f"a frame of {len(data)} bytes, more than are taken", status=413)
    if len(data) < 4:
        raise RefusedError("a message too short to hold a frame")
    length = int.from_bytes(data[:4], "little")
    if not 2 <= length <= min(HEADER_BYTES_MAX, len(data) - 4):
        raise RefusedError("a message whose header does not fit in it")
    try:
        header = json.loads(data[4 : 4 + length])
    except (ValueError, RecursionError):
        raise RefusedError("a message whose header is not JSON") from None
    if not isinstance(header, dict):
        raise RefusedError("a message whose header is not an object")
    jpeg = data[4 + length :]
    width, height = jpeg_size(jpeg, bytes_max=FRAME_BYTES_MAX, pixels_max=FRAME_PIXELS_MAX)
    if not jpeg.endswith(b"\xff\xd9"):
        raise RefusedError("a JPEG that ends early", status=415)
    return FrameMessage(
        seq=_whole(header.get("seq")),
        t_s=_number(header.get("t_ms"), 0.0, 1e13, "time") / 1000.0,
        width=width,
        height=height,
        torch=_torch(header.get("torch", "unknown")),
        mode=_mode(header.get("mode", "torch")),
        yaw_deg=_maybe(header.get("yaw_deg"), "yaw"),
        pitch_deg=_maybe(header.get("pitch_deg"), "pitch"),
        zone=zone_of(header.get("zone")),
        still=header.get("still") is True,
        jpeg=jpeg,
    )


def jpeg_size(data: bytes, *, bytes_max: int, pixels_max: int) -> tuple[int, int]:
    """Return width and height that a JPEG claims, pixels, without decoding it.

    Raises
    ------
    RefusedError
        If it is no JPEG, too small, or claims or holds more than is taken.
    """
    if len(data) > bytes_max:
        raise RefusedError(f"a picture of {len(data)} bytes, more than are taken", status=413)
    if data[:3] != b"\xff\xd8\xff":
        raise RefusedError("a picture that is no JPEG", status=415)
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker in _BARE:
            at += 2
            continue
        if marker == 0xDA:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAME_MARKERS and length >= 8 and at + 9 <= len(data):
            height, width = (int.from_bytes(data[at + n : at + n + 2], "big") for n in (5, 7))
            _check_claim(data, width, height, pixels_max=pixels_max)
            return width, height
        at += 2 + max(length, 2)
    raise RefusedError("a JPEG without a size", status=415)


def _check_claim(data: bytes, width: int, height: int, *, pixels_max: int) -> None:
    if width * height > pixels_max:
        raise RefusedError(f"a JPEG that claims {width} x {height} pixels", status=413)
    if min(width, height) < SIDE_MIN:
        raise RefusedError(f"a JPEG of only {width} x {height} pixels", status=415)
    if data.count(b"\xff\xda") > SCANS_MAX:
        raise RefusedError("a JPEG of too many scans", status=415)


def zone_of(value: object) -> str | None:
    """Return the name of a zone as received; None for none.

    Raises
    ------
    RefusedError
        If it is no name.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > ZONE_MAX:
        raise RefusedError("a zone that is no short name")
    return value


def _torch(value: object) -> Torch:
    for known in ("on", "off", "unknown"):
        if value == known:
            return known
    raise RefusedError("a message that says something else of the torch than on or off")


def _mode(value: object) -> Mode:
    for known in ("torch", "dark", "blink"):
        if value == known:
            return known
    raise RefusedError("a message of an unknown mode")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise RefusedError("a message without a number")
    return value


def _number(value: Any, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedError(f"a message without a {what}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and low <= number <= high):
        raise RefusedError(f"a message with an impossible {what}")
    return number


def _maybe(value: Any, what: str) -> float | None:
    # Browsers give 0..360 and -180..180; more than two turns is damage.
    return None if value is None else _number(value, -720.0, 720.0, what)
