"""Reads clips: the frames of a video file, upright, with their true times."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..detect.errors import InputError
from ..detect.lens.clip import Frame
from ..detect.lens.reading import PIXELS_MAX, SIDE_MIN

#: Share of the announced frames below which a clip counts as cut: announced counts are estimates in some files.
_WHOLE = 0.95


class ClipFile:
    """A video file, read frame by frame.

    Parameters
    ----------
    path
        The file; any format that OpenCV's FFmpeg reads (MP4, MOV, AVI, MKV; H.264, HEVC, MJPEG ...).

    Raises
    ------
    InputError
        If it cannot be opened, or its frames are larger or smaller than what is examined.
    """

    def __init__(self, path: Path) -> None:
        # FFmpeg and OpenCV would write their complaints to standard error; ours are the ones that are shown.
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self._video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._video.isOpened():
            raise InputError(
                path, "cannot be read as a video: it is damaged, cut before its index, or of a kind that is not read",
                "Copy it from the phone again.",
            )  # fmt: skip
        width, height = (int(self._video.get(key)) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > PIXELS_MAX:
            raise InputError(path, f"claims frames of {width} x {height} pixels, more than are read")
        if 0 < min(width, height) < SIDE_MIN:
            raise InputError(path, f"has frames of only {width} x {height} pixels")
        self._announced = int(self._video.get(cv2.CAP_PROP_FRAME_COUNT))
        self._read = 0
        self.facts: dict[str, Any] = {"width_px": width, "height_px": height}

    def frames(self) -> Iterator[Frame]:
        """Yield the frames in order; rotation tags are applied, times are the container's."""
        while True:
            more, image = self._video.read()
            if not more:
                self._video.release()
                return
            self._read += 1
            self.facts["width_px"], self.facts["height_px"] = image.shape[1], image.shape[0]
            # The position after a read is the time of the frame that was read.
            yield Frame(image=np.asarray(image, dtype=np.uint8), t_s=self._video.get(cv2.CAP_PROP_POS_MSEC) / 1000.0)

    @property
    def damage(self) -> str | None:
        """Why the clip is not whole, as a clause, after its frames were taken; None if it seems to be."""
        if self._announced > 0 and self._read < _WHOLE * self._announced:
            return f"ends early: {self._read} of {self._announced} announced frames could be decoded"
        return None
