import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.mac import format_mac, is_group, is_local, parse_mac

ADDRESSES = st.integers(min_value=0, max_value=2**48 - 1)


@given(ADDRESSES)
def test_writing_and_reading_are_inverse(address: int) -> None:
    text = format_mac(address)
    assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", text)
    assert parse_mac(text) == address


@pytest.mark.parametrize(
    "text",
    ["10:A4:BE:00:12:fe", "10-a4-be-00-12-fe", "10a4.be00.12fe", "10A4BE0012FE", " 10:a4:be:00:12:fe\n"],
)
def test_every_common_spelling_is_read(text: str) -> None:
    assert format_mac(parse_mac(text)) == "10:a4:be:00:12:fe"


@pytest.mark.parametrize(
    "text",
    ["", "10:a4:be:00:12", "10:a4:be:00:12:fe:00", "10:a4:be:00:12:fg", "not a mac", "٠٠:00:00:00:00:00"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a hardware address"):
        parse_mac(text)


@given(st.text(max_size=40))
def test_reading_raises_nothing_but_value_error(text: str) -> None:
    try:
        address = parse_mac(text)
    except ValueError:
        return
    assert 0 <= address < 2**48


@pytest.mark.parametrize(
    ("text", "local", "group"),
    [
        ("10:a4:be:00:00:01", False, False),
        ("da:a1:19:00:00:01", True, False),
        ("01:00:5e:00:00:fb", False, True),
        ("33:33:00:00:00:01", True, True),
        ("ff:ff:ff:ff:ff:ff", True, True),
    ],
)
def test_bits_of_the_first_octet(text: str, local: bool, group: bool) -> None:
    assert is_local(parse_mac(text)) is local
    assert is_group(parse_mac(text)) is group
