"""From a capture to findings in plain words."""

import gzip
import io
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.errors import InputError
from roomsweep.detect.result import FindingKind, Level, SourceState
from roomsweep.detect.wifi import scapy_frames, stations
from roomsweep.detect.wifi.examine import NOTED_LISTED, RAISED_LISTED, examine_capture

CAMERA = "46:88:44:00:00:01"
AP, PHONE, NEST, DAHUA = "58:86:94:00:00:01", "0a:11:22:33:44:55", "18:b4:30:50:00:00", "38:af:29:bb:bc:ab"


def radiotap(frame, *, signal=-50):
    return struct.pack("<BBHIb", 0, 0, 9, 1 << 5, signal) + frame


def capture(frames, *, linktype=127, seconds=1_700_000_000):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for n, frame in enumerate(frames):
        out += struct.pack("<IIII", seconds + n, 0, len(frame), len(frame)) + frame
    return out


def examine(data):
    return examine_capture(io.BytesIO(data), source_id="wifi-1", name="room.pcap")


def beacon(bssid, ssid, *, protected=False):
    return scapy_frames.beacon(bssid=bssid, ssid=ssid, channel=6, protected=protected)


def data_up(station, bssid=AP):
    return scapy_frames.data_frame(
        station=station, bssid=bssid, other="00:11:22:33:44:55", uplink=True, payload=bytes(900)
    )


def test_a_network_that_names_itself_as_a_camera_is_identified():
    out = examine(capture([radiotap(beacon(CAMERA, b"GHBB-000001-NRLXW"), signal=-38), radiotap(beacon(AP, b"Hotel"))]))
    first, second = out.findings
    assert (first.level, first.kind) == (Level.IDENTIFIED, FindingKind.WIFI_NETWORK)
    assert first.title.startswith("Wi-Fi network “GHBB-000001-NRLXW” names itself as a camera")
    assert first.where.rssi_dbm == -38
    assert (first.identity.bssid, first.identity.ssid) == (CAMERA, "GHBB-000001-NRLXW")
    assert first.identity.randomised_mac is True
    assert {"identity.ssid", "address.local"} <= {item.rule for item in first.evidence}
    assert "signal rises" in first.advice
    assert first.probability is not None
    assert first.probability > 0.9
    assert (second.level, second.title, second.advice) == (Level.NOTED, "Wi-Fi network “Hotel”", "")
    assert out.source.state is SourceState.EXAMINED


@pytest.mark.parametrize(
    ("ssid", "level"),
    [
        (b"Tapo_Cam_1A2B", Level.IDENTIFIED),
        (b"IPCAM-1234", Level.LOOK),
        (b"ARLO_VMB_0123456789", Level.LOOK),
        (b"SmartLife-1A2B", Level.NOTED),
        (b"Flock-123456", Level.NOTED),
        (b"CAM", Level.NOTED),
        (b"Hotel Guest", Level.NOTED),
        (b"", Level.NOTED),
    ],
)
def test_levels_of_network_names(ssid, level):
    (finding,) = examine(capture([radiotap(beacon(AP, ssid))])).findings
    assert finding.level is level


def test_the_name_of_a_hidden_camera_network_comes_from_its_answer():
    answer = scapy_frames.probe_response(
        bssid=CAMERA, station=PHONE, ssid=b"GHBB-000001-NRLXW", channel=6, protected=False
    )
    out = examine(capture([radiotap(beacon(CAMERA, b"\0" * 17)), radiotap(answer)]))
    assert [finding.level for finding in out.findings] == [Level.IDENTIFIED]


def test_stations_by_their_makers():
    frames = [beacon(AP, b"Hotel"), data_up(DAHUA), data_up(NEST), data_up(PHONE), data_up("a4:cf:12:00:00:01")]
    out = examine(capture([radiotap(frame) for frame in frames]))
    by_mac = {finding.identity.mac: finding for finding in out.findings}
    assert by_mac[DAHUA].title == f"Station {DAHUA} made by Dahua, a maker of cameras"
    assert by_mac[DAHUA].level is by_mac[NEST].level is Level.LOOK
    assert by_mac["a4:cf:12:00:00:01"].identity.vendor == "Espressif"
    assert by_mac["a4:cf:12:00:00:01"].level is Level.NOTED
    assert by_mac[PHONE].title == f"Station {PHONE} with a made-up address"
    assert by_mac[PHONE].identity.bssid == AP
    assert any("on network “Hotel”" in item.says for item in by_mac[PHONE].evidence)
    assert {finding.level for finding in out.findings} == {Level.LOOK, Level.NOTED}


def test_phones_that_only_probe_are_counted_not_listed():
    probes = [scapy_frames.probe_request(station=f"da:00:00:00:00:{n:02x}") for n in range(9)]
    out = examine(capture([radiotap(frame) for frame in [*probes, scapy_frames.probe_request(station=NEST)]]))
    assert [finding.identity.mac for finding in out.findings] == [NEST]
    assert (out.source.facts["stations"], out.source.facts["randomised_stations"]) == (10, 9)


@pytest.mark.parametrize("kind", ["c0", "a0"])
def test_forged_deauthentication_and_disassociation_list_nobody(kind):
    forged = bytes.fromhex(f"{kind}000000" + (AP + DAHUA + AP).replace(":", "")) + bytes(2) + b"\x07\x00"
    out = examine(capture([radiotap(forged)] * 9))
    assert out.findings == ()
    assert out.source.state is SourceState.EXAMINED


def test_frames_with_a_wrong_check_sum_make_no_findings():
    bad = struct.pack("<BBHIBb", 0, 0, 10, 1 << 1 | 1 << 5, 0x50, -50) + data_up(DAHUA) + bytes(4)
    out = examine(capture([bad, radiotap(beacon(AP, b"Hotel"))]))
    assert [finding.identity.bssid for finding in out.findings] == [AP]
    assert out.source.facts["bad_fcs_frames"] == 1
    only = examine(capture([bad]))
    assert (only.source.state, only.findings) == (SourceState.NOT_EXAMINED, ())
    assert "1 have a wrong check sum" in (only.source.reason or "")


def test_ethernet_captures_give_devices_by_source_address():
    frame = bytes.fromhex("ffffffffffff" + DAHUA.replace(":", "") + "0800") + bytes(46)
    out = examine(capture([frame, frame], linktype=1))
    (finding,) = out.findings
    assert (finding.level, finding.title) == (Level.LOOK, f"Device {DAHUA} made by Dahua, a maker of cameras")
    assert out.source.facts["frames"] == 2
    assert "Ethernet frames" in out.source.facts["note"]
    cooked = struct.pack(">HHH", 0, 1, 6) + bytes.fromhex(DAHUA.replace(":", "")) + bytes(2) + b"\x08\0" + bytes(20)
    (finding,) = examine(capture([cooked], linktype=113)).findings
    assert finding.identity.mac == DAHUA
    second = bytes(10) + b"\0\x06" + bytes.fromhex(DAHUA.replace(":", "")) + bytes(22)
    (finding,) = examine(capture([second], linktype=276)).findings
    assert finding.identity.mac == DAHUA


def test_facts_of_the_capture():
    channel = struct.pack("<BBHIHHb", 0, 0, 13, 1 << 3 | 1 << 5, 2437, 0xA0, -50)
    facts = examine(capture([channel + beacon(AP, b"Hotel"), channel + data_up(PHONE)])).source.facts
    assert facts["frames"] == 2
    assert facts["seconds"] == 1.0
    assert facts["started"] == "2023-11-14T22:13:20+00:00"
    assert facts["clock_set"] is True
    assert facts["channels_mhz"] == [2437]
    assert facts["link_types"] == ["radiotap"]
    assert facts["file_format"] == "pcap"
    assert (facts["networks"], facts["stations"]) == (1, 1)
    json.dumps(dict(facts))


def test_a_clock_that_was_never_set_is_said():
    facts = examine(capture([radiotap(beacon(AP, b"Hotel"))], seconds=300)).source.facts
    assert (facts["started"], facts["clock_set"]) == ("1970-01-01T00:05:00+00:00", False)


def test_truncated_captures_are_partial_and_keep_what_was_whole():
    data = capture([radiotap(beacon(CAMERA, b"GHBB-000001-NRLXW"))] * 2)
    out = examine(data[:-5])
    assert out.source.state is SourceState.PARTIAL
    assert "ends inside record 2" in (out.source.reason or "")
    assert out.source.facts["truncated"] is True
    assert out.findings[0].level is Level.IDENTIFIED


def test_an_empty_capture_is_not_examined():
    out = examine(capture([]))
    assert (out.source.state, out.source.reason) == (SourceState.NOT_EXAMINED, "holds no frames")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (capture([b"x" * 40], linktype=251), "is a capture of Bluetooth, not of Wi-Fi"),
        (capture([], linktype=187), "is a capture of Bluetooth, not of Wi-Fi"),
        (b"btsnoop\0" + struct.pack(">II", 1, 1002), "is a capture of Bluetooth, not of Wi-Fi"),
        (capture([struct.pack("<BBHI", 0, 0, 8, 251) + bytes(30)], linktype=192), "without any Wi-Fi frame"),
        (capture([b"x" * 40], linktype=249), "something else than Wi-Fi (link type 249)"),
        (b"", "is empty"),
    ],
)
def test_captures_of_the_wrong_kind_are_refused(data, words):
    with pytest.raises(InputError) as caught:
        examine(data)
    assert words in caught.value.what


def test_hostile_names_stay_on_one_clean_line():
    hostile = "\x1b[2J<b>\u202egnp\r\n".encode()
    (finding,) = examine(capture([radiotap(beacon(AP, hostile))])).findings
    assert finding.identity.ssid == hostile.decode()
    assert finding.title.isprintable()
    assert "\\x1b[2J" in finding.title


def test_a_flood_of_made_up_cameras_is_cut_and_said():
    flood = [radiotap(beacon(f"46:00:00:00:{n >> 8:02x}:{n & 255:02x}", b"GHBB-000001-NRLXW")) for n in range(600)]
    out = examine(capture(flood))
    assert len(out.findings) == RAISED_LISTED
    assert out.source.state is SourceState.PARTIAL
    assert "100 raised findings are not listed" in (out.source.reason or "")
    assert out.source.facts["networks_not_listed"] == 100


def test_noted_things_are_listed_by_strength_up_to_a_limit():
    many = [radiotap(beacon(f"58:00:00:00:{n >> 8:02x}:{n & 255:02x}", b"n"), signal=-90 + n % 60) for n in range(400)]
    out = examine(capture(many))
    assert len(out.findings) == NOTED_LISTED
    signals = [finding.where.rssi_dbm for finding in out.findings]
    assert signals == sorted(signals, reverse=True)
    assert out.source.facts["networks_not_listed"] == 100


def test_more_addresses_than_fit_are_reported(monkeypatch):
    monkeypatch.setattr(stations, "MAX_ADDRESSES", 50)
    out = examine(capture([radiotap(beacon(f"58:00:00:00:00:{n:02x}", b"n")) for n in range(80)]))
    assert out.source.state is SourceState.PARTIAL
    # Half the room is kept for addresses that come again and again.
    assert "55 frames or announcements were left out" in (out.source.reason or "")


WHOLE = capture([radiotap(beacon(CAMERA, b"GHBB-000001-NRLXW")), radiotap(data_up(DAHUA)), radiotap(data_up(PHONE))])
PPI = capture([struct.pack("<BBHIHH", 0, 0, 32, 105, 2, 20) + bytes(20) + beacon(AP, b"x")] * 3, linktype=192)
PRISM = capture([struct.pack("<II", 68, 144) + bytes(136) + beacon(AP, b"x")] * 3, linktype=119)
PLAIN = capture([beacon(AP, b"x"), data_up(PHONE)], linktype=105)


@settings(max_examples=120, deadline=None)
@given(
    base=st.sampled_from([WHOLE, PPI, PRISM, PLAIN, gzip.compress(WHOLE), b""]),
    edits=st.lists(st.tuples(st.integers(0, 700), st.binary(min_size=1, max_size=4)), max_size=8),
    tail=st.binary(max_size=120),
)
def test_mutated_captures_raise_nothing_but_input_errors(base, edits, tail):
    data = bytearray(base + tail)
    for at, value in edits:
        data[at : at + len(value)] = value
    try:
        out = examine(bytes(data))
    except InputError:
        return
    assert out.source.facts["records"] >= out.source.facts["frames"]
    json.dumps([finding.to_dict() for finding in out.findings], allow_nan=False)
    assert all(finding.title.isprintable() for finding in out.findings)
