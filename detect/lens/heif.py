"""Makes Pillow read HEIC, and keeps from it the files on which pi-heif ends the whole program.

pi-heif (seen with 1.4.0) crashes where the type or the content type of an item is not text, which it takes to be
text; one flipped bit in a photo does that. The boxes are those of ISO/IEC 14496-12: 8.11.6 for ``infe``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..errors import InputError


def enable_heif(data: bytes, *, name: str) -> None:
    """Register pi-heif with Pillow, if it can be trusted with `data`.

    Raises
    ------
    InputError
        If pi-heif is missing, or the list of items in the file is damaged.
    """
    try:
        import pi_heif
    except ImportError:
        raise InputError(
            name, "is a HEIC or AVIF picture, for which pi-heif is missing", "Install it with 'pip install pi-heif'."
        ) from None
    if not all(_is_text(entry) for entry in _item_entries(data)):
        raise InputError(name, "is damaged and cannot be decoded", "Copy it again, or take it again.")
    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def _item_entries(data: bytes) -> Iterator[bytes]:
    """Yield what stands in every ``infe`` box after its type; such a box lies somewhere in a ``meta`` box."""
    for meta in _boxes(data, b"meta"):
        place = meta.find(b"infe")
        while place >= 0:
            size = int.from_bytes(meta[max(0, place - 4) : place], "big")
            yield meta[place + 4 : place - 4 + size]
            place = meta.find(b"infe", place + 4)


def _boxes(data: bytes, kind: bytes) -> Iterator[bytes]:
    """Yield every box of this kind at the file's top level."""
    place = 0
    while place + 8 <= len(data):
        size, found = struct.unpack_from(">I4s", data, place)
        if size == 1 and place + 16 <= len(data):
            size = struct.unpack_from(">Q", data, place + 8)[0]
        # 0 means: to the end of the file. Less than a header is damage, after which nothing can be told.
        if size < 8:
            size = len(data) - place
        if found == kind:
            yield data[place : place + size]
        place += size


def _is_text(entry: bytes) -> bool:
    """Whether type, name and content type of an item are text."""
    # Version and flags take 4 bytes, then 2 bytes of number (4 from version 3 on), 2 of protection, 4 of type.
    kind = 8 if entry[:1] < b"\x03" else 10
    try:
        entry[kind : kind + 4].decode("ascii")
        entry[kind + 4 :].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
