"""How a radio writes its frames: the text, the table of families, and what follows from a match."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.result import Grade, Level
from roomsweep.detect.signatures.match import match_wifi_radio, vendor_of
from roomsweep.detect.signatures.tables import load_table
from roomsweep.detect.wifi import scapy_frames
from roomsweep.detect.wifi.examine import examine_capture
from roomsweep.detect.wifi.fingerprints import MAX_ELEMENTS, MAX_TEXT, fingerprint_of, radio_part
from roomsweep.detect.wifi.survey import survey_capture

AP = "58:86:94:00:00:01"
NEST, DROPCAM, MODULE, OTHER, RANDOM = (
    "18:b4:30:50:00:01",
    "30:8c:fb:00:00:02",
    "24:0a:c4:00:00:03",
    "58:86:94:00:00:04",
    "0a:11:22:33:44:55",
)

#: Elements of a probe and a joining request of cameras and of a thermostat, made by hand from the standard.
HT = struct.pack("<HB", 0x002C, 0x01) + b"\xff" + bytes(22)
HT_5 = struct.pack("<HB", 0x106E, 0x01) + b"\xff" + bytes(22)
HT_THERMOSTAT = struct.pack("<HB", 0x0020, 0x1A) + b"\xff" + bytes(22)
RATES, MORE = (1, bytes.fromhex("02040b160c121824")), (50, bytes.fromhex("3048606c"))
BROADCOM, EPIGRAM = (221, b"\x00\x10\x18\x02\x00"), (221, b"\x00\x90\x4c\x33" + bytes(26))
CAMERA = [(0, b""), RATES, MORE, (45, HT)]
CAMERA_5 = [(0, b""), RATES, (45, HT_5)]
THERMOSTAT = [(0, b""), RATES, MORE, (3, b"\x06"), (45, HT_THERMOSTAT), BROADCOM, EPIGRAM]


def written(elements):
    return b"".join(bytes([tag, len(value)]) + value for tag, value in elements)


def probe(station, elements):
    head = b"\x40\0\0\0" + b"\xff" * 6 + bytes.fromhex(station.replace(":", "")) + b"\xff" * 6 + bytes(2)
    return head + written(elements)


def joining(station, elements):
    address, bssid = (bytes.fromhex(text.replace(":", "")) for text in (station, AP))
    return bytes(4) + bssid + address + bssid + bytes(2) + bytes(4) + written(elements)


def capture(*frames, linktype=105):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for n, frame in enumerate(frames):
        out += struct.pack("<IIII", 1_700_000_000 + n, 0, len(frame), len(frame)) + frame
    return io.BytesIO(out)


def station(*frames, mac):
    findings = examine_capture(capture(*frames), source_id="w", name="x").findings
    (finding,) = [finding for finding in findings if finding.identity.mac == mac]
    return finding


def rules(finding):
    return {item.rule for item in finding.evidence if not item.rule.startswith("context.r")}


def test_the_text_has_the_order_of_elements_and_what_the_radio_can_do():
    elements = [
        *((0, b"name"), RATES, (33, b"\xfe\x0e"), MORE, (45, HT)),
        (191, struct.pack("<IHHHH", 0x0338_61B2, 0xFFFA, 0, 0xFFFA, 0)),
        (127, bytes.fromhex("0400080000000040")),
        (221, b"\x00\x50\xf2\x08\x00"),
        (255, b"\x23" + bytes(range(6)) + bytes(range(11))),
        (221, b"ab"),
        (255, b""),
    ]
    assert fingerprint_of(elements) == (
        "0,1,33,50,45,191,127,221:0050f2-8,255-35,221,255 rates=02040b160c1218243048606c ht=002c.01.000000ff "
        "vht=033861b2.fffa.fffa he=050403020100.0a09080706050403020100 ext=0400080000000040 power=-2..14"
    )


def test_names_and_counters_do_not_change_the_text_and_order_does():
    first = fingerprint_of([(0, b"a"), RATES, (5, b"\0\1\0\0"), (3, b"\x06")])
    assert first == fingerprint_of([(0, b"other"), RATES, (5, b"\1\1\0\xff"), (3, b"\x0b")])
    assert first != fingerprint_of([(0, b"a"), (5, b"\0\1\0\0"), RATES, (3, b"\x06")])


def test_elements_that_are_too_short_for_their_fields_are_only_counted():
    assert fingerprint_of([(45, b"\1\2"), (191, b"\1"), (127, b""), (33, b"")]) == "45,191,127,33"


def test_more_than_any_device_says_gives_no_text():
    assert fingerprint_of([]) == ""
    assert fingerprint_of([(3, b"\x06")] * MAX_ELEMENTS) != ""
    assert fingerprint_of([(3, b"\x06")] * (MAX_ELEMENTS + 1)) == ""
    assert fingerprint_of([(127, bytes(255)), (1, bytes(255))]) == ""


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=255)), max_size=80))
def test_any_elements_give_a_short_line(elements):
    text = fingerprint_of(elements)
    assert len(text) <= MAX_TEXT
    assert text.isascii()
    assert text.isprintable()
    assert all(radio.fingerprint.split(" ")[0] == text.split(" ")[0] for radio in match_wifi_radio("probe", text))
    assert radio_part(text).isprintable()


def test_the_radio_part_leaves_out_protection_setup_and_load():
    plain = fingerprint_of([(0, b"a"), RATES, (5, b""), (45, HT)])
    more = [
        (0, b""),
        RATES,
        (11, bytes(5)),
        (48, b"\1\0"),
        (221, b"\x00\x50\xf2\x04"),
        (221, b"\x00\x50\xf2\x01"),
        (45, HT),
    ]
    assert radio_part(fingerprint_of(more)) == radio_part(plain)
    assert radio_part(fingerprint_of([*more, BROADCOM])) != radio_part(plain)


def test_every_row_matches_itself_and_is_in_the_form_that_is_computed():
    rows = load_table("wifi_fingerprints").rows
    assert {row["kind"] for row in rows} == {"consumer_cam", "thermostat", "smoke_alarm"}
    for row in rows:
        assert row["fingerprint"] in {radio.fingerprint for radio in match_wifi_radio(row["frame"], row["fingerprint"])}
        tags, *fields = row["fingerprint"].split(" ")
        assert all(field.split("=")[0] in {"ht", "vht", "he", "ext", "power", "rates"} for field in fields)
        assert tags.startswith("0,1")
        # A row without capabilities would take every radio with that order of elements.
        assert any(field.startswith("ht=") for field in fields)


def test_a_row_leaves_fields_open_but_not_the_sort_of_frame_or_the_order():
    text = fingerprint_of(CAMERA)
    (radio,) = match_wifi_radio("probe", text)
    assert (radio.kind, radio.grade, radio.shared_with) == ("consumer_cam", Grade.A, "Amazon Kindle 4")
    assert match_wifi_radio("probe", fingerprint_of([*CAMERA[:3], (127, b"\x04"), CAMERA[3]])) == ()
    assert match_wifi_radio("beacon", text) == ()
    assert match_wifi_radio("probe", text.replace("ht=002c", "ht=002d")) == ()
    assert match_wifi_radio("probe", "") == ()


@pytest.mark.parametrize(
    ("mac", "elements", "rule", "level"),
    [
        (NEST, CAMERA, "hint.fingerprint_shared", Level.LOOK),
        (NEST, CAMERA_5, "hint.fingerprint", Level.LOOK),
        (NEST, THERMOSTAT, "hint.fingerprint_explained", Level.NOTED),
        (NEST, [(0, b""), RATES], None, Level.LOOK),
        (DROPCAM, CAMERA_5, "hint.fingerprint", Level.LOOK),
        (DROPCAM, THERMOSTAT, None, Level.LOOK),
        (MODULE, CAMERA_5, "hint.fingerprint", Level.NOTED),
        (OTHER, CAMERA, "context.fingerprint", Level.NOTED),
        (OTHER, THERMOSTAT, None, Level.NOTED),
    ],
)
def test_what_a_fingerprint_says_depends_on_whose_address_it_comes_from(mac, elements, rule, level):
    finding = station(probe(mac, elements), mac=mac)
    assert {name for name in rules(finding) if "fingerprint" in name} == ({rule} if rule else set())
    assert finding.level is level


def test_a_fingerprint_alone_asks_for_no_look_and_names_the_things_that_share_it():
    # A made-up address is a station of its own only once it has joined.
    finding = station(probe(RANDOM, CAMERA), joining(RANDOM, CAMERA), data(RANDOM), mac=RANDOM)
    (item,) = [item for item in finding.evidence if "fingerprint" in item.rule]
    assert item.rule == "hint.fingerprint_shared"
    assert "Amazon Kindle 4" in item.says
    assert item.weight_db > 0
    assert finding.level is Level.NOTED


def data(mac):
    return scapy_frames.data_frame(station=mac, bssid=AP, other=OTHER, uplink=True, payload=bytes(40))


def test_a_station_that_writes_like_a_camera_and_like_a_thermostat_is_told_as_neither():
    finding = station(probe(NEST, CAMERA), probe(NEST, THERMOSTAT), mac=NEST)
    assert not [name for name in rules(finding) if "fingerprint" in name]
    assert finding.level is Level.LOOK


def test_the_title_of_an_explained_station_says_what_it_is():
    finding = station(probe(NEST, THERMOSTAT), mac=NEST)
    assert finding.title == f"Station {NEST} made by Nest Labs: by its radio Nest Thermostat at 2.4 GHz"
    assert finding.advice == ""


def test_a_cut_frame_has_no_fingerprint_and_an_unmentioned_check_sum_does_not_matter():
    whole = probe(NEST, CAMERA)
    for frame, texts in ((whole, 1), (whole[:-1], 0), (whole + b"\xde\xad\xbe\xef", 1), (whole + b"\xde\xad", 0)):
        survey = survey_capture(capture(frame), name="x")
        assert sum(len(some) for some in survey.book.fingerprints.values()) == texts


def test_the_explained_families_are_of_makers_of_cameras():
    for row in load_table("wifi_fingerprints").rows:
        names = row["vendor"].split("; ")
        registered = {entry["vendor"] for entry in load_table("oui_registrants").rows}
        assert set(names) <= registered, row


def test_what_a_maker_mostly_sells_is_in_the_table():
    wares = {row["vendor"]: row["wares"] for row in load_table("oui_registrants").rows if row["wares"]}
    assert set(wares.values()) == {"boards", "worn"}
    assert {name for name, what in wares.items() if what == "boards"} == {"Raspberry Pi", "Seeed"}
    board = vendor_of(0xB827EB_000001)
    assert board is not None
    assert (board.name, board.wares) == ("Raspberry Pi", "boards")
    nest = vendor_of(0x18B430_000001)
    assert nest is not None
    assert nest.wares == ""
    finding = station(probe("b8:27:eb:00:00:01", [(0, b""), RATES]), mac="b8:27:eb:00:00:01")
    assert "vendor.oui_board" in rules(finding)
    assert finding.title.endswith("made by Raspberry Pi")


def test_the_tool_prints_address_frame_text_and_family(tmp_path: Path):
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("wifi_fingerprint", Path(__file__).parents[2] / "tools" / "wifi_fingerprint.py")
    assert spec is not None
    assert spec.loader is not None
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    path = tmp_path / "x.pcap"
    beacon = scapy_frames.beacon(bssid=AP, ssid=b"home", channel=6, protected=True)
    path.write_bytes(capture(probe(NEST, CAMERA), joining(DROPCAM, THERMOSTAT), beacon).getvalue())
    first, second = tool.lines(path)
    family = "Dropcam HD, Dropcam Pro or Nest Cam Indoor at 2.4 GHz"
    assert first.split("\t") == [NEST, "probe", fingerprint_of(CAMERA), family]
    assert second.split("\t") == [DROPCAM, "join", fingerprint_of(THERMOSTAT), ""]
    assert len(tool.lines(path, networks=True)) == 3
    assert len(tool.lines(path, addresses=frozenset({0x18B430_500001}))) == 1
