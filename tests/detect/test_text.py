import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.text import NAME_LIMIT, clean, csv_cell, file_stem

#: Any text at all, lone surrogates included, with the nastiest characters made likely.
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\x1b\x07\0\n\r\t\x7f\x9b\u202e\u2066\u200b\u2028\ufeff\ue000\ud800\u0301=+-@<>&[]'\"`$|/\\"),
        st.characters(),
    ),
    max_size=300,
)

NAMES = [
    "\x1b]0;owned\x07\x1b[2J",
    "[bold red]x[/bold red]",
    "<img src=x onerror=alert(1)>",
    "abc\u202egpj.exe",
    "a\0b",
    "line\nbreak\r\n",
    "x" * 10_000,
    "Z" + "\u0301" * 500,
    "\ud800",
]


def assert_harmless(shown: str, *, limit: int) -> None:
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(char).startswith("C") for char in shown)
    assert len(shown) <= limit + len("… (+ characters)") + 12


@given(HOSTILE, st.integers(min_value=1, max_value=200))
def test_cleaned_text_is_one_harmless_line(text: str, limit: int) -> None:
    assert_harmless(clean(text, limit=limit), limit=limit)


@pytest.mark.parametrize("name", NAMES)
def test_known_attacks(name: str) -> None:
    assert_harmless(clean(name), limit=NAME_LIMIT)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=NAME_LIMIT))
def test_ordinary_names_are_left_as_they_are(name: str) -> None:
    assert clean(name) == name


@given(HOSTILE)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once, limit=len(once) or 1) == once


def test_what_cannot_be_seen_becomes_visible() -> None:
    assert clean("a\x1bb\u202ec\U000e0001d") == "a\\x1bb\\u202ec\\U000e0001d"
    assert clean("Gäste WLAN 酒店\u00a05G") == "Gäste WLAN 酒店 5G"
    assert clean("") == ""


def test_a_cut_is_shown_with_what_is_missing() -> None:
    assert clean("abcdefgh", limit=3) == "abc… (+5 characters)"
    assert clean("abc", limit=3) == "abc"


def test_towers_of_marks_are_cut() -> None:
    assert clean("e\u0301\u0301\u0301\u0301\u0301x") == "e\u0301\u0301\u0301x"


@pytest.mark.parametrize("formula", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)"])
def test_a_spreadsheet_sees_text(formula: str) -> None:
    assert csv_cell(formula) == "'" + formula


@given(HOSTILE)
def test_no_cell_starts_like_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert cell[:1] not in tuple("=+-@\t\r")
    assert_harmless(cell, limit=1001)


@given(HOSTILE)
def test_a_file_stem_stays_in_its_folder(text: str) -> None:
    stem = file_stem(text)
    assert stem
    assert not re.search(r"[\\/:*?\"<>|\0\s]", stem)
    assert stem[0] not in ".-"
    assert stem != ".."
    stem.encode("utf-8")


def test_file_stems_read_like_their_names() -> None:
    assert file_stem("../../etc/passwd") == "etc_passwd"
    assert file_stem("Room 12 (sea view)") == "Room_12_sea_view"
    assert file_stem("\0") == "x00"
    assert file_stem("///") == "unnamed"
