"""Reads pictures: any common format in, one upright blue-green-red picture out.

One orientation rule for all formats: what a viewer shows (EXIF orientation applied). The size is read from the
header before anything is decoded, so that a small file cannot claim a huge picture.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, ImageFile, ImageOps, UnidentifiedImageError
from PIL import Image as Pillow

from ..errors import InputError
from .heif import enable_heif
from .profile import CameraProfile
from .spots import Image

#: Most pixels of a picture: phones give up to 50 megapixels in ordinary use, some 200 on request; 120 million
#: pixels are 360 MB decoded.
PIXELS_MAX = 120_000_000

#: Longest side in pixels; beyond it a picture is a panorama or an attack.
SIDE_MAX = 32_000

#: Smallest side in pixels on which a spot has a surround.
SIDE_MIN = 32

#: Formats that are asked for, by Pillow's names, HEIF apart; its JPEG reader also reads MPO (several JPEGs in one).
FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")

#: Width of a 35 mm frame, to which the equivalent focal length of EXIF refers, millimetres.
_FULL_FRAME_MM = 36.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as a viewer shows it.

    Parameters
    ----------
    image
        (rows, columns, 3) uint8, blue-green-red, upright.
    name
        File name as received.
    sha256
        Of the file's bytes.
    damage
        Why it is not whole, as a clause, or None.
    profile
        The camera as far as the file tells, else the defaults.
    facts
        Format, size and what the file says of the camera: for the source's facts.
    """

    image: Image
    name: str
    sha256: str
    damage: str | None
    profile: CameraProfile
    facts: dict[str, Any]


def read_picture(data: bytes, *, name: str) -> Picture:
    """Decode the bytes of a picture file.

    Parameters
    ----------
    data
        The whole file.
    name
        Its name, for messages.

    Raises
    ------
    InputError
        If it is empty, not a picture, of a format that is not read, too large or too small.
    """
    if not data:
        raise InputError(name, "is empty (0 bytes)", "Take the picture again.")
    with warnings.catch_warnings():
        # What Pillow warns of (many pixels, damaged tags, missing bytes) is told by an error or by `damage`.
        warnings.simplefilter("ignore")
        return _read(data, name)


def _read(data: bytes, name: str) -> Picture:
    header = _open(data, name)
    width, height = header.size
    if width * height > PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise InputError(
            name,
            f"claims {width} x {height} pixels, more than the {PIXELS_MAX // 1_000_000} megapixels that are read",
            "Send the picture as the phone took it.",
        )
    if min(width, height) < SIDE_MIN:
        raise InputError(name, f"is only {width} x {height} pixels", "Send the original picture, not its preview.")
    pages = _pages(header)
    damage = f"holds {pages} pictures, of which the first was looked at" if pages > 1 else None
    exif = _exif(header)
    image, broken = _decode(header, data, name)
    facts: dict[str, Any] = {
        "format": "JPEG" if header.format == "MPO" else header.format,
        "width_px": image.shape[1],
        "height_px": image.shape[0],
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    focal = exif.get("focal_35mm")
    profile = CameraProfile()
    if focal:
        profile = CameraProfile(hfov_deg=float(np.degrees(2.0 * np.arctan(0.5 * _FULL_FRAME_MM / focal))))
        facts["focal_length_35mm"] = focal
    if exif.get("camera"):
        facts["camera"] = exif["camera"]
    facts["camera_profile"] = "focal length from the file, else defaults" if focal else "defaults"
    return Picture(
        image=image,
        name=name,
        sha256=str(facts["sha256"]),
        damage=broken or damage,
        profile=profile,
        facts=facts,
    )


def _open(data: bytes, name: str) -> Pillow.Image:
    heif = data[4:8] == b"ftyp"
    if heif:
        enable_heif(data, name=name)
    if data.startswith(b"version https://git-lfs"):
        raise InputError(name, "is a pointer of Git LFS, not the picture", "Fetch the real file with 'git lfs pull'.")
    try:
        # Pillow fails on a name without a reader, so HEIF is asked for only where it is registered.
        header = Pillow.open(io.BytesIO(data), formats=("HEIF",) if heif else FORMATS)
    except UnidentifiedImageError:
        raise InputError(
            name, _not_a_picture(data), "Pictures are read as JPEG, PNG, TIFF, BMP, WebP or HEIC."
        ) from None
    except Pillow.DecompressionBombError:
        raise InputError(name, "claims more pixels than are read", "Send the picture as the phone took it.") from None
    except Exception as error:  # Pillow's readers raise many kinds on damaged headers
        raise InputError(name, f"cannot be read as a picture ({type(error).__name__})", "Take it again.") from error
    return header


def _not_a_picture(data: bytes) -> str:
    if data[:3] == b"GIF":
        return "is a GIF picture, which is not read"
    if data[4:8] == b"ftyp" or data[:4] in (b"RIFF", b"\x1aE\xdf\xa3"):
        return "is a video or a picture of a kind that is not read"
    head = data[:512]
    text = bool(head) and all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in head)
    return "is a text file, not a picture" if text else "is not a picture"


def _pages(header: Pillow.Image) -> int:
    """Return how many pictures the file holds; phones put a preview beside theirs in MPO and HEIF."""
    if header.format in ("MPO", "HEIF"):
        return 1
    try:
        return int(getattr(header, "n_frames", 1))
    except Exception:
        return 1  # a damaged list of pages; the first was found


def _exif(header: Pillow.Image) -> dict[str, Any]:
    """Return the equivalent focal length (mm) and the camera's name, as far as the file tells."""
    out: dict[str, Any] = {}
    try:
        exif = header.getexif()
        focal = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm)
        # 10 to 200 mm are what phones have; others are damage.
        if focal is not None and 10.0 <= float(focal) <= 200.0:
            out["focal_35mm"] = float(focal)
        names = [str(exif.get(tag, "")).strip("\0 ") for tag in (ExifTags.Base.Make, ExifTags.Base.Model)]
        if any(names):
            out["camera"] = " ".join(part for part in names if part)
    except Exception:
        return out  # damaged EXIF says nothing about the picture itself
    return out


def _decode(header: Pillow.Image, data: bytes, name: str) -> tuple[Image, str | None]:
    """Return the upright picture and what is missing of it."""
    broken = None
    try:
        header.load()
    except Exception as error:
        broken = "ends early or is damaged"
        header = _open(data, name)
        before = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            header.load()
        except Exception:
            raise InputError(name, "is damaged and cannot be decoded", "Copy it again, or take it again.") from error
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before
    try:
        upright = ImageOps.exif_transpose(header)
    except Exception:
        upright = header
    image = _to_bgr(upright)
    if broken:
        rows = _whole_rows(image)
        if rows == 0:
            raise InputError(name, "holds no picture data", "Copy it again, or take it again.")
        broken += f"; about {100 * rows // image.shape[0]} % of it could be looked at"
    return image, broken


def _to_bgr(picture: Pillow.Image) -> Image:
    """Return 8-bit blue-green-red; 16-bit and float greys are scaled, transparency is laid on black."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(picture, dtype=np.float64)
        values = np.nan_to_num(values, nan=0.0)
        # 16-bit files use the whole range or less; 255 is the most an 8-bit file in a wide container holds, and 1
        # the most of a float file in shares of white.
        highest = values.max(initial=0.0)
        top = 65535.0 if highest > 255.0 else 1.0 if picture.mode == "F" and highest <= 1.0 else 255.0
        grey = np.clip(values * (255.0 / top), 0.0, 255.0).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        black = Pillow.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Pillow.alpha_composite(black, picture)
    rgb = np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"), dtype=np.uint8)
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)


def _whole_rows(image: Image) -> int:
    """Return how many rows, at the top or (BMP) at the bottom, are not the decoder's even filling."""
    varied = np.flatnonzero(np.ptp(image.reshape(len(image), -1), axis=1) > 0)
    return int(varied[-1] - varied[0]) + 1 if len(varied) else 0
