"""What networks say of themselves, once for each distinct saying."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.mac import parse_mac
from roomsweep.detect.wifi import scapy_frames
from roomsweep.detect.wifi.beacons import BEACON, FIXED_BYTES, BeaconReader, decode_ssid, is_hidden, parse_elements
from roomsweep.detect.wifi.frames import read_frames
from roomsweep.detect.wifi.networks import NetworkBook

AP, STA = "58:86:94:00:00:01", "30:8c:fb:00:00:02"


def frames_of(frames):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 105)
    for frame in frames:
        out += struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame
    (records,) = CaptureReader(io.BytesIO(out), name="x")
    return read_frames(records)


def book_of(*frames):
    reader, book = BeaconReader(), NetworkBook()
    book.add(reader.read(frames_of(frames)))
    return book


def association(ssid, *, subtype=0, bssid=AP):
    head = bytes([subtype << 4]) + bytes(3) + bytes.fromhex((bssid + STA + bssid).replace(":", "")) + bytes(2)
    return head + bytes(4 if subtype == 0 else 10) + bytes([0, len(ssid)]) + ssid


def rsn(*suites):
    out = struct.pack("<H", 1) + b"\x00\x0f\xac\x04" + struct.pack("<H", 1) + b"\x00\x0f\xac\x04"
    return out + struct.pack("<H", len(suites)) + b"".join(b"\x00\x0f\xac" + bytes([suite]) for suite in suites)


def body(*elements, capability=0x0401):
    return bytes(8) + struct.pack("<HH", 100, capability) + b"".join(bytes([n, len(v)]) + v for n, v in elements)


def parsed(data, subtype=BEACON):
    return parse_elements(data, subtype=subtype, transmitter=1, bssid=2)


@pytest.mark.parametrize(
    ("data", "security"),
    [
        (body((0, b"x")), "open"),
        (body((0, b"x"), capability=0x0411), "WEP"),
        (body((0, b"x"), (221, b"\x00\x50\xf2\x01\x01\x00"), capability=0x0411), "WPA"),
        (body((0, b"x"), (48, rsn(2)), capability=0x0411), "WPA2"),
        (body((0, b"x"), (48, rsn(2, 8)), capability=0x0411), "WPA3"),
        (body((0, b"x"), (48, rsn(18)), capability=0x0411), "OWE"),
        (body((0, b"x"), (48, b""), capability=0x0411), "WPA2"),
        (b"", None),
    ],
)
def test_security(data, security):
    assert parsed(data).security == security


def test_elements_in_order_with_channel_and_vendors():
    one = parsed(
        body((0, b"name"), (3, b"\x0b"), (221, b"\x00\x50\xf2\x04x"), (221, b"\x00\x50\xf2\x02"), (61, b"\x06"))
    )
    assert (one.ssid, one.channel, one.vendors) == (b"name", 11, (0x0050F2,))
    assert one.fingerprint == "0,3,221:0050f2-4,221:0050f2-2,61"
    assert parsed(body((0, b""), (61, b"\x24" + bytes(21)))).channel == 36


def wps(*attributes):
    return b"\x00\x50\xf2\x04" + b"".join(struct.pack(">HH", kind, len(said)) + said for kind, said in attributes)


def test_set_up_tells_the_uuid_and_the_names_of_a_box():
    element = wps(
        (0x1011, b"router"), (0x104A, b"\x10"), (0x1047, bytes(range(16))), (0x1021, b"Maker"), (0x1023, b" \0")
    )
    one = parsed(body((0, b"x"), (221, element)))
    assert (one.wps_uuid, one.wps_names) == (bytes(range(16)), (b"Maker", b"router"))
    cut = parsed(body((0, b"x"), (221, element[:20])))
    assert (cut.wps_uuid, cut.wps_names) == (None, (b"router",))
    assert parsed(body((0, b"x"), (221, b"\x00\x50\xf2\x04\x10"))).wps_names == ()


def test_the_clock_of_a_network_tells_when_it_was_switched_on_unless_it_is_made_up():
    def started(clock_us):
        data = struct.pack("<QHH", clock_us, 100, 0x0401) + b"\0\1x"
        return parse_elements(data, subtype=BEACON, transmitter=1, bssid=1, t_us=10_000_000_000)

    assert started(60_000_000).clock_start_us == 9_940_000_000
    assert started(60_000_000).interval_tu == 100
    assert started(3).clock_start_us is None
    assert parsed(body((0, b"x"))).clock_start_us is None


def test_cut_and_lying_elements_end_the_reading_quietly():
    whole = body((0, b"name"), (3, b"\x0b"))
    assert parsed(whole[:-1]).channel is None
    assert parsed(whole[:-1]).ssid == b"name"
    assert parsed(body((0, bytes(40)))).ssid is None


@given(st.binary(max_size=300), st.sampled_from(sorted(FIXED_BYTES)))
def test_any_bytes_can_be_parsed(data, subtype):
    one = parsed(data, subtype)
    assert one.ssid is None or len(one.ssid) <= 32
    assert len(one.fingerprint.split(" ")[0].split(",")) <= max(1, len(data) // 2)
    assert one.wps_uuid is None or len(one.wps_uuid) == 16
    assert len(one.wps_names) <= 3


def test_each_saying_is_parsed_once_and_a_new_name_is_noticed():
    reader = BeaconReader()

    def beacon(ssid, *, timestamp=0, traffic=b"\0\1\0\0"):
        fixed = timestamp.to_bytes(8, "little") + struct.pack("<HH", 100, 0x0401)
        head = b"\x80\0\0\0" + b"\xff" * 6 + bytes.fromhex((AP + AP).replace(":", "")) + bytes(2)
        return head + fixed + bytes([0, len(ssid)]) + ssid + bytes([3, 1, 6, 5, 4]) + traffic

    told = reader.read(frames_of([beacon(b"home", timestamp=n, traffic=bytes([n, 3, 0, n])) for n in range(50)]))
    assert [item.ssid for item in told] == [b"home"]
    assert reader.read(frames_of([beacon(b"home", timestamp=99)])) == []
    told = reader.read(frames_of([beacon(b"home"), beacon(b"hone"), beacon(b"home2")]))
    assert [item.ssid for item in told] == [b"hone", b"home2"]


def test_a_hidden_network_is_named_by_its_answer_or_by_who_joins_it():
    hidden = scapy_frames.beacon(bssid=AP, ssid=b"", channel=6, protected=True)
    network = book_of(hidden).networks[parse_mac(AP)]
    assert (network.hidden, network.ssids, network.security, network.channel) == (True, [], "WPA2", 6)
    answer = scapy_frames.probe_response(bssid=AP, station=STA, ssid=b"secret", channel=6, protected=True)
    assert book_of(hidden, answer).networks[parse_mac(AP)].ssids == [b"secret"]
    for subtype in (0, 2):
        network = book_of(hidden, association(b"secret", subtype=subtype)).networks[parse_mac(AP)]
        assert (network.ssids, network.hidden) == ([b"secret"], True)


def test_names_asked_for_are_kept_by_station():
    book = book_of(
        scapy_frames.probe_request(station=STA, ssid=b"home"),
        scapy_frames.probe_request(station=STA, ssid=b"office"),
        scapy_frames.probe_request(station=STA),
    )
    assert book.probed == {parse_mac(STA): [b"home", b"office"]}
    assert book.networks == {}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        ("Café 测试".encode(), "Café 测试"),
        ("测试网络".encode("gb18030"), "测试网络"),
        (b"Caf\xe9", "Café"),
        (b"QUI\xd1ONES", "QUIÑONES"),
        (b"\xff\xfe\x00x", "ÿþ\x00x"),
        (b"", ""),
    ],
)
def test_names_are_decoded(raw, text):
    assert decode_ssid(raw) == text


@given(st.binary(max_size=32))
def test_any_name_can_be_decoded(raw):
    assert len(decode_ssid(raw)) <= 32


def test_blank_names_are_hidden():
    assert [is_hidden(raw) for raw in (b"", b"\0" * 8, b"   ", b"\0 \0", b"x")] == [True, True, True, True, False]
