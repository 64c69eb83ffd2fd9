"""Opens what the user named: regular files only, with one clear sentence for everything else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..detect.errors import InputError

if TYPE_CHECKING:
    from ..detect.lens.reading import Picture

#: Largest picture file that is read, bytes: an uncompressed picture of 120 megapixels with 16 bits a channel.
PICTURE_BYTES_MAX = 800_000_000


def must_be_file(path: Path) -> None:
    """Raise InputError unless `path` is a regular file: a pipe or a device could be read forever, and only once."""
    try:
        if path.is_dir():
            raise InputError(path, "is a folder, not a file", "Name the file in it.")
        if not path.exists():
            raise InputError(path, "was not found", "Check the name and the folder.")
        if not path.is_file():
            raise InputError(path, "is a pipe or a device, not a file", "Save it to a file first.")
    except (OSError, ValueError) as error:  # a name with a NUL, or longer than the system takes
        raise InputError(path, "is not a usable file name") from error


def picture_bytes(path: Path) -> bytes:
    """Return the bytes of a picture file; raises InputError, also for what the system does not let us read."""
    must_be_file(path)
    try:
        if path.stat().st_size > PICTURE_BYTES_MAX:
            raise InputError(path, "is larger than any picture that is read", "Send the picture as the phone took it.")
        return path.read_bytes()
    except OSError as error:
        raise InputError(path, "cannot be opened", "Check its permissions.") from error


def read_picture_file(path: Path) -> Picture:
    """Return the decoded picture; raises InputError."""
    from ..detect.lens.reading import read_picture

    return read_picture(picture_bytes(path), name=path.name)


def sha256_of(path: Path) -> str:
    """Return the hash of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
