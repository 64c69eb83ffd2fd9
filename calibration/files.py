"""What a calibration reads from picture files beside the picture: the luma as stored, and the exposure."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import ExifTags
from PIL import Image as Pillow

from ..detect.lens.reading import Picture
from ..detect.lens.spots import grey_of
from .noise import Luma


def luma_of(data: bytes, picture: Picture) -> Luma:
    """Return the luma of a picture file whose bytes were already read as `picture`.

    A JPEG is decoded to its luma alone, in its own orientation, so that its blocks and steps are known; of other
    formats the picture's grey is taken.
    """
    if picture.facts.get("format") == "JPEG" and picture.damage is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                file = Pillow.open(io.BytesIO(data), formats=("JPEG",))
                steps = np.array(file.quantization[0], dtype=np.float64).reshape(8, 8)  # type: ignore[attr-defined]
                file.draft("L", file.size)
                if file.mode == "L" and (steps >= 1.0).all():
                    return Luma(plane=np.asarray(file, dtype=np.uint8), steps=steps, name=picture.name)
            except Exception:  # a file that only the tolerant reader takes: its grey is good enough
                pass
    return Luma(plane=grey_of(picture.image, red_field=False), steps=np.ones((8, 8)), name=picture.name)


def exposure_of(data: bytes) -> float | None:
    """Return exposure time x sensitivity / aperture number squared from EXIF; None if it is not all there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exif = Pillow.open(io.BytesIO(data)).getexif().get_ifd(ExifTags.IFD.Exif)
            time_s = float(exif[ExifTags.Base.ExposureTime])
            sensitivity = exif[ExifTags.Base.ISOSpeedRatings]
            iso = float(sensitivity[0] if isinstance(sensitivity, tuple) else sensitivity)
            number = float(exif.get(ExifTags.Base.FNumber, 1.0))
        except Exception:  # EXIF is missing or damaged in many ways
            return None
    # 0.1 ms to 100 s, ISO 1 to a million: others are damage.
    if not (1e-5 < time_s < 100.0 and 1.0 <= iso <= 1e6 and 0.5 < number < 50.0):
        return None
    return time_s * iso / number**2
