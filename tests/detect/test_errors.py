from pathlib import Path

import pytest

from roomsweep.detect.errors import DataError, InputError, RoomsweepError, UnavailableError


def test_input_error_says_what_where_and_what_next() -> None:
    error = InputError(Path("/media/card/walk.pcap"), "is empty (0 bytes)", "Copy it again from the recorder.")
    assert str(error) == "walk.pcap is empty (0 bytes). Copy it again from the recorder."
    assert error.reason == "is empty (0 bytes). Copy it again from the recorder."
    assert error.path == str(Path("/media/card/walk.pcap"))


def test_input_error_without_hint_is_one_sentence() -> None:
    error = InputError("--wifi", "names no file")
    assert str(error) == "--wifi names no file."
    assert error.reason == "names no file"


def test_input_error_of_a_path_without_a_name_keeps_the_path() -> None:
    assert str(InputError("/", "is a folder")).startswith("/ is a folder")


def test_unavailable_error_joins_reason_and_remedy() -> None:
    assert str(UnavailableError("There is no Bluetooth adapter", "Plug one in.")) == (
        "There is no Bluetooth adapter. Plug one in."
    )
    assert str(UnavailableError("There is no Bluetooth adapter")) == "There is no Bluetooth adapter."


@pytest.mark.parametrize("kind", [InputError, UnavailableError, DataError])
def test_one_base_catches_everything_raised_on_purpose(kind: type[Exception]) -> None:
    assert issubclass(kind, RoomsweepError)
    assert not issubclass(RoomsweepError, (OSError, ValueError))
