"""The one CSV form of signal readings, and what is made of rows that cannot be used."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.errors import InputError
from roomsweep.detect.place.examine import examine_readings
from roomsweep.detect.place.radio_profile import default_profile
from roomsweep.detect.place.readings import BYTES_MAX, Readings, Tag, parse_readings, tag_of
from roomsweep.detect.place.spots import SPOTS_MAX, spots_of


def parse(text: str) -> Readings:
    return parse_readings(text.encode(), name="readings.csv")


def test_a_full_row_is_read() -> None:
    readings = parse(
        "spot,x_m,y_m,tag,rssi_dbm,t_s,mac,radio,distance_m\n"
        "Window corner,0.2,3.1,corner,-54,12.5,AA-BB-CC-00-11-22,Bluetooth,2\n"
    )
    assert readings.spot == ("Window corner",)
    assert readings.tag == (Tag.CORNER,)
    assert readings.mac == ("aa:bb:cc:00:11:22",)
    assert readings.radio == ("bluetooth",)
    numbers = (readings.x_m, readings.y_m, readings.rssi_dbm, readings.t_s, readings.distance_m)
    assert [float(column[0]) for column in numbers] == [0.2, 3.1, -54, 12.5, 2]
    assert readings.left_out == 0


@pytest.mark.parametrize(
    "text",
    [
        "rssi_dbm,spot\n-54,bed\n",
        "\ufeffSPOT, RSSI_dBm ,colour\nbed,-54,red\n",
        "# by hand\nspot;rssi_dbm\r\nbed;-54,0\r\n",
        "spot\trssi_dbm\rbed\t-54\r",
        "spot,rssi_dbm\n\nbed,\N{MINUS SIGN}54\n\n",
    ],
)
def test_column_order_separators_and_line_ends_do_not_matter(text: str) -> None:
    readings = parse(text)
    assert readings.spot == ("bed",)
    assert readings.rssi_dbm.tolist() == [-54.0]
    assert np.isnan(readings.x_m).all()
    assert readings.radio == ("wifi",)


def test_utf16_as_spreadsheets_write_it() -> None:
    readings = parse_readings("spot;rssi_dbm\nkätzchen;-60\n".encode("utf-16"), name="r.csv")
    assert readings.spot == ("kätzchen",)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("bed,,,,x", "“x” as rssi_dbm"),
        ("bed,,,,", "no rssi_dbm"),
        ("bed,,,,54", "54 as rssi_dbm"),
        ("bed,1,,,-54", "only one of x_m and y_m"),
        ("bed,1,inf,,-54", "“inf” as y_m"),
        ("bed,1,3000,,-54", "more than 1000 m"),
        ("bed,1,2,ceiling,-54", "the tag “ceiling”"),
    ],
)
def test_a_row_that_cannot_be_used_is_left_out_and_named(row: str, fault: str) -> None:
    readings = parse(f"spot,x_m,y_m,tag,rssi_dbm\nbed,1,2,inside,-50\n{row}\n{row}\n")
    assert len(readings) == 1
    assert readings.left_out == 2
    assert readings.fault.startswith("line 3 has ")
    assert fault in readings.fault


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("mac", "aa:bb", "the address “aa:bb”"),
        ("radio", "zigbee", "the radio “zigbee”"),
        ("distance_m", "0", "greater"),
    ],
)
def test_other_columns_are_checked_too(column: str, cell: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        parse(f"rssi_dbm,{column}\n-50,{cell}\n")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty"),
        (b" \n\n", "white space"),
        (b"# only\n", "comments only"),
        (b"spot,signal\nbed,-54\n", "rssi_dbm"),
        (b"rssi_dbm,spot\n", "holds no readings"),
        (b"\x00\x01\x02\x00" * 40, "not a text file"),
        (b"rssi_dbm,spot\n" + b"x" * 200_000 + b",bed\n", "not a table|no reading"),
        (b"rssi_dbm\n" + b"-50\n" * 5_100_000, "MB"),
    ],
    ids=["empty", "white", "comments", "columns", "head", "binary", "long", "large"],
)
def test_what_is_no_list_of_readings_is_refused_in_one_sentence(data: bytes, what: str) -> None:
    with pytest.raises(InputError, match=what) as raised:
        parse_readings(data, name="r.csv")
    assert len(str(raised.value)) < 400
    assert raised.value.hint
    assert len(data) <= BYTES_MAX or what == "MB"


def test_the_tag_is_read_from_the_name_where_there_is_no_tag() -> None:
    assert tag_of("corner by the window") is Tag.CORNER
    assert tag_of("outside the door") is Tag.OUTSIDE
    assert tag_of("Door") is Tag.DOOR
    assert tag_of("indoors") is None
    assert parse("spot,tag,rssi_dbm\ndoor,inside,-50\n").tag == (Tag.INSIDE,)


def test_transmitters_come_apart_strongest_first() -> None:
    readings = parse("mac,radio,rssi_dbm\n020000000001,,-70\n,,-60\n020000000001,,-50\n020000000001,bluetooth,-80\n")
    found = [(mac, radio, own.rssi_dbm.tolist()) for mac, radio, own in readings.transmitters()]
    assert found == [
        ("02:00:00:00:00:01", "wifi", [-70.0, -50.0]),
        ("", "wifi", [-60.0]),
        ("02:00:00:00:00:01", "bluetooth", [-80.0]),
    ]


def test_readings_of_one_place_are_one_spot_with_their_median() -> None:
    spots = spots_of(
        parse(
            "spot,x_m,y_m,rssi_dbm\nBed,1,1,-50\nbed,,,-52\nBED,1.2,1,-90\n,3,3,-60\n,3.1,3,-62\n,,,-20\nbed,9,9,-70\n"
        )
    )
    assert spots.name == ("Bed", "", "bed")
    assert spots.rssi_dbm.tolist() == [-52.0, -61.0, -70.0]
    assert spots.count.tolist() == [3, 2, 1]
    assert spots.x_m.tolist() == pytest.approx([1.1, 3.05, 9.0])


def test_a_long_walk_becomes_a_bounded_number_of_spots() -> None:
    rng = np.random.default_rng(1)
    rows = "\n".join(f"{x:.2f},{y:.2f},-60" for x, y in rng.uniform(0, 60, (5000, 2)))
    spots = spots_of(parse(f"x_m,y_m,rssi_dbm\n{rows}\n"))
    assert 10 < len(spots) <= SPOTS_MAX
    assert spots.count.sum() == 5000


@settings(max_examples=150, deadline=None)
@given(
    data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: f"spot,rssi_dbm\n{text}".encode()))
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        readings = parse_readings(data, name="r.csv")
    except InputError:
        return
    assert len(readings) > 0
    assert all(-128 <= level <= 20 for level in readings.rssi_dbm)


@settings(max_examples=40, deadline=None)
@given(
    name=st.text(min_size=1, max_size=60).filter(lambda text: text.strip() and not set('",;\t\r\n#') & set(text)),
    level=st.integers(-100, -20),
)
def test_hostile_names_come_out_harmless(name: str, level: int) -> None:
    text = f"spot,rssi_dbm,radio\n{name},{level},wifi\n{name},{level},wifi\n"
    try:
        readings = parse_readings(text.encode("utf-8", "surrogatepass"), name="r.csv")
    except InputError:
        return
    found = examine_readings(readings, source_id="readings-1", name="r.csv", profile_for=default_profile)
    for finding in found.examined.findings:
        for said in (finding.title, finding.where.zone or "", finding.evidence[0].says, finding.advice):
            assert said.isprintable()


def test_numbers_are_finite_or_absent() -> None:
    readings = parse("rssi_dbm,t_s\n-50,nan\n-51,\n")
    assert readings.left_out == 1
    assert math.isnan(readings.t_s[0])
