import os
from pathlib import Path

import pytest

from roomsweep.cli.file_kind import is_clip
from roomsweep.cli.input_files import must_be_file, picture_bytes, sha256_of
from roomsweep.detect.errors import InputError


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: os.mkfifo(path), "is a pipe or a device"),
        (lambda path: None, "was not found"),
    ],
)
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, make, says: str) -> None:
    path = tmp_path / "named.jpg"
    make(path)
    assert is_clip(path) is False
    for check in (must_be_file, picture_bytes):
        with pytest.raises(InputError, match=says):
            check(path)


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0.jpg"])
def test_names_that_the_system_does_not_take_are_refused(name: str) -> None:
    assert is_clip(Path(name)) is False
    with pytest.raises(InputError, match=r"is not a usable file name|was not found"):
        must_be_file(Path(name))


def test_a_file_is_read_whole_and_hashed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    assert picture_bytes(path) == b"abc"
    # SHA-256 of "abc", FIPS 180-4, example B.1
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("head", "clip"),
    [
        (b"\0\0\0\x18ftypmp42\0\0\0\0", True),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", True),
        (b"\0\0\0\x18ftypheic\0\0\0\0", False),
        (b"RIFF\0\0\0\0AVI LIST", True),
        (b"RIFF\0\0\0\0WEBPVP8 ", False),
        (b"\x1aE\xdf\xa3\0\0\0\0\0\0\0\0\0\0\0\0", True),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01", False),
        (b"", False),
    ],
)
def test_a_clip_is_told_by_its_first_bytes(tmp_path: Path, head: bytes, clip: bool) -> None:
    path = tmp_path / "whatever.txt"
    path.write_bytes(head)
    assert is_clip(path) is clip
