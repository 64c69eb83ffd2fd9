"""Advertising data: read in full, tolerant of every damage."""

import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.bluetooth.advertising import Advertising, parse_advertising, uuid_text


def field(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def test_every_field_of_a_full_advert_is_read() -> None:
    long = uuid.UUID("021a9004-0382-4aea-bff4-6b3f1c5adfb4")
    payload = b"".join(
        [
            field(0x01, b"\x06"),
            field(0x03, struct.pack("<HH", 0xFD5F, 0x180F)),
            field(0x05, struct.pack("<I", 0x12345678)),
            field(0x07, long.bytes[::-1]),
            field(0x09, "Küche".encode()),
            field(0x0A, b"\xec"),
            field(0x19, struct.pack("<H", 0x0340)),
            field(0x16, struct.pack("<H", 0xFEAA) + b"\x40abc"),
            field(0x20, struct.pack("<I", 0xDEADBEEF) + b"x"),
            field(0x21, long.bytes[::-1] + b"yz"),
            field(0xFF, struct.pack("<H", 0x01AB) + bytes.fromhex("020102102716e4")),
            field(0x0D, b"\x04\x01\x20"),
        ]
    )
    assert parse_advertising(payload) == Advertising(
        flags=6,
        name="Küche",
        name_complete=True,
        uuids=(0xFD5F, 0x180F, 0x12345678, str(long)),
        service_data=((0xFEAA, b"\x40abc"), (0xDEADBEEF, b"x"), (str(long), b"yz")),
        manufacturer=((0x01AB, bytes.fromhex("020102102716e4")),),
        tx_power_dbm=-20,
        appearance=0x0340,
        class_of_device=0x200104,
    )


def test_nothing_says_nothing() -> None:
    assert parse_advertising(b"") == Advertising()
    assert parse_advertising(b"\x00\x02\x01\x06") == Advertising()


def test_a_field_that_runs_over_the_end_is_read_as_far_as_it_goes() -> None:
    said = parse_advertising(field(0x01, b"\x06") + b"\x10\x09Came")
    assert (said.flags, said.name, said.name_complete, said.truncated) == (6, "Came", False, True)


def test_a_short_uuid_written_in_full_is_the_short_one() -> None:
    full = uuid.UUID("0000fd5f-0000-1000-8000-00805f9b34fb")
    assert parse_advertising(field(0x06, full.bytes[::-1])).uuids == (0xFD5F,)


def test_the_complete_name_wins_over_the_short_one_in_either_order() -> None:
    short, complete = field(0x08, b"RB Me"), field(0x09, b"RB Meta 00DG")
    assert parse_advertising(short + complete).name == "RB Meta 00DG"
    assert parse_advertising(complete + short).name == "RB Meta 00DG"


@pytest.mark.parametrize(
    ("content", "name"), [(b"cam\0\0\0", "cam"), (b"\xff\xfe", "\\xff\\xfe"), (b"\0", None), (b"", None)]
)
def test_names_that_are_not_text(content: bytes, name: str | None) -> None:
    assert parse_advertising(field(0x09, content)).name == name


@pytest.mark.parametrize("kind", [0x02, 0x04, 0x06, 0x0A, 0x0D, 0x16, 0x19, 0x20, 0x21, 0xFF])
def test_fields_too_short_for_their_type_are_passed_over(kind: int) -> None:
    said = parse_advertising(field(kind, b"") + field(0x01, b"\x04"))
    assert said == Advertising(flags=4)


def test_uuids_are_written_as_people_write_them() -> None:
    assert uuid_text(0xFD5F) == "0xfd5f"
    assert uuid_text("021a9004-0382-4aea-bff4-6b3f1c5adfb4") == "021a9004-0382-4aea-bff4-6b3f1c5adfb4"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(payload: bytes) -> None:
    said = parse_advertising(payload)
    assert sum(len(data) for _, data in said.manufacturer) <= len(payload)
    assert len(said.name or "") <= 4 * len(payload)


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=20)), max_size=5),
    st.lists(st.integers(0, 0xFFFF), max_size=6, unique=True),
)
def test_what_is_written_is_read(makers: list[tuple[int, bytes]], services: list[int]) -> None:
    payload = b"".join(field(0xFF, struct.pack("<H", company) + data) for company, data in makers)
    payload += field(0x02, struct.pack(f"<{len(services)}H", *services))
    said = parse_advertising(payload)
    assert said.manufacturer == tuple(makers)
    assert said.uuids == tuple(services)
    assert not said.truncated
