"""Tells a video from a picture by its first bytes, whatever it is called."""

from __future__ import annotations

from pathlib import Path

#: Brands of ISO media files (bytes 8-12) that are still pictures: the HEIF and AVIF families (ISO/IEC 23008-12).
_PICTURE_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"})


def is_clip(path: Path) -> bool:
    """Whether the file looks like a video; False for what cannot be opened."""
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return False
        with path.open("rb") as stream:
            head = stream.read(16)
    except (OSError, ValueError):
        return False
    if head[4:8] == b"ftyp":
        return head[8:12] not in _PICTURE_BRANDS
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):  # QuickTime without a brand
        return True
    return (head[:4] == b"RIFF" and head[8:12] == b"AVI ") or head[:4] == b"\x1aE\xdf\xa3"
