"""Several networks of one box are one row; two boxes never become one where anything heard disagrees."""

import dataclasses
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.result import FindingKind, Level
from roomsweep.detect.wifi import scapy_frames
from roomsweep.detect.wifi.beats import MAX_FOLLOWED, BeatTally
from roomsweep.detect.wifi.boxes import join_boxes
from roomsweep.detect.wifi.examine import examine_capture
from roomsweep.detect.wifi.frames import read_frames
from roomsweep.detect.wifi.networks import Network
from roomsweep.detect.wifi.particulars import network_context, station_context
from roomsweep.detect.wifi.stations import StationTally
from roomsweep.detect.wifi.survey import survey_capture

HOME, GUEST = 0x4448B9_0CE180, 0x4648B9_0CE180
BEACON = {"beacon": ["0,1,3,50,5,48,45 ht=002c.01.0000ffff"]}
GUEST_BEACON = {"beacon": ["0,1,3,50,5,45,221:0050f2-4 ht=002c.01.0000ffff"]}


def network(bssid, **more):
    return Network(bssid=bssid, **{"channel": 1, "clock_start_us": 1_000_000_000_000, **more})


def joined(one, other, *, dbm=(-60, -62), texts=(BEACON, GUEST_BEACON), apart=()):
    networks = {item.bssid: item for item in (one, other)}
    boxes = join_boxes(
        networks,
        median_dbm={bssid: level for bssid, level in zip(networks, dbm, strict=True) if level is not None},
        fingerprints=dict(zip(networks, texts, strict=True)),
        apart=apart,
    )
    assert sorted(bssid for box in boxes for bssid in box) == sorted(networks)
    return len(boxes) == 1


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (0x44227C_F08058, 0x44227C_F0805B, True),  # neighbours, as Huawei numbers them
        (0x4448B9_0CE180, 0x4648B9_0CE180, True),  # the bit of made-up addresses
        (0x9CA2F4_7CEAF6, 0x9EA2F4_6CEAF6, True),  # that bit and one octet, as TP-Link does
        (0x44227C_F08058, 0x44227C_F08078, False),  # another block
        (0x44227C_F08058, 0x44227C_F18058, False),
        (0x44227C_F08058, 0x48227C_F08058, False),  # both registered: two makers
        (0x9CA2F4_7CEAF6, 0x9EA2F4_6CEAF7, False),  # two octets
    ],
)
def test_addresses_of_one_box_are_near(one, other, near):
    assert joined(network(one), network(other)) is near


def test_everything_heard_must_agree():
    home = network(HOME, wps_uuid=b"a" * 16)
    assert joined(home, network(GUEST))
    assert not joined(home, network(GUEST, channel=6))
    assert not joined(home, network(GUEST, channel=None))
    assert not joined(network(HOME, channel=None), network(GUEST, channel=None))
    assert not joined(home, network(GUEST, wps_uuid=b"b" * 16))
    assert joined(home, network(GUEST, clock_start_us=1_000_014_000_000))
    assert not joined(home, network(GUEST, clock_start_us=1_000_030_000_000))
    assert not joined(home, network(GUEST), dbm=(-50, -75))
    assert joined(home, network(GUEST), dbm=(None, -75))
    other_radio = {"beacon": ["0,1,3,50,5,48,45 ht=002d.01.0000ffff"]}
    assert not joined(home, network(GUEST), texts=(BEACON, other_radio))
    assert not joined(home, network(GUEST), texts=(BEACON, {}))
    assert not joined(home, network(GUEST), texts=(BEACON, {"answer": BEACON["beacon"]}))


def test_without_clocks_the_uuid_must_be_there_and_equal():
    home, guest = (network(bssid, clock_start_us=None) for bssid in (HOME, GUEST))
    assert not joined(home, guest)
    both = [dataclasses.replace(item, wps_uuid=b"a" * 16) for item in (home, guest)]
    assert joined(*both)


def test_networks_that_must_stay_apart_do():
    assert not joined(network(HOME), network(GUEST), apart={HOME, GUEST})
    assert joined(network(HOME), network(GUEST), apart={HOME})


def test_a_third_network_must_agree_with_both():
    bssids = [0x44227C_F08050, 0x44227C_F08058, 0x44227C_F0805F, 0x44227C_F08066]
    networks = {bssid: network(bssid) for bssid in bssids}
    boxes = join_boxes(networks, median_dbm={}, fingerprints=dict.fromkeys(bssids, BEACON))
    assert boxes == [tuple(bssids[:3]), (bssids[3],)]


@given(st.sets(st.integers(0, 40), max_size=30), st.sets(st.integers(0, 40), max_size=10))
def test_every_network_is_in_one_box_and_no_two_kept_apart_share_one(last, apart):
    networks = {HOME + n: network(HOME + n) for n in last}
    boxes = join_boxes(
        networks,
        median_dbm={},
        fingerprints=dict.fromkeys(networks, BEACON),
        apart={HOME + n for n in apart},
    )
    assert sorted(bssid for box in boxes for bssid in box) == sorted(networks)
    assert all(sum(bssid - HOME in apart for bssid in box) <= 1 for box in boxes)
    assert all(box[-1] - box[0] <= 15 for box in boxes)


def test_a_flood_of_networks_is_compared_with_few(monkeypatch):
    calls = []
    networks = {HOME + (n << 16): network(HOME + (n << 16)) for n in range(2000)}
    monkeypatch.setattr("roomsweep.detect.wifi.boxes._neighbours", lambda *pair: calls.append(pair) or False)
    assert len(join_boxes(networks, median_dbm={}, fingerprints={})) == 2000
    assert len(calls) <= 2000 * 5 * 32


def capture(frames, *, step_us=102_400):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 105)
    for n, frame in enumerate(frames):
        at = 1_700_000_000_000_000 + n * step_us
        out += struct.pack("<IIII", at // 10**6, at % 10**6, len(frame), len(frame)) + frame
    return io.BytesIO(out)


def beacon(bssid, ssid, *, clock_us=10**9, protected=False):
    frame = scapy_frames.beacon(bssid=bssid, ssid=ssid, channel=1, protected=protected)
    return frame[:24] + struct.pack("<Q", clock_us) + frame[32:]


def findings(frames):
    found = examine_capture(capture(frames), source_id="w", name="x").findings
    assert all(item.kind is FindingKind.WIFI_NETWORK for item in found)
    return found


LOCAL_HOME, HOME_TEXT = "46:48:b9:0c:e1:80", "44:48:b9:0c:e1:80"


def test_one_box_is_one_row_that_names_all_its_networks():
    (finding,) = findings([beacon(HOME_TEXT, b"Home", protected=True), beacon(LOCAL_HOME, b"Guests")])
    assert (finding.identity.bssid, finding.identity.ssid) == (HOME_TEXT, "Home")
    assert finding.title == "Wi-Fi network “Home”, one of 2 of one box"
    (box,) = [item for item in finding.evidence if item.rule == "context.box"]
    assert box.says == f"One box sends 2 networks: “Home” ({HOME_TEXT}); “Guests” ({LOCAL_HOME})."
    assert box.weight_db == 0
    assert [item.says for item in finding.evidence if item.rule == "context.radio"] == ["Heard 2 frames over 0 s."]
    assert len(findings([beacon(HOME_TEXT, b"Home"), beacon("44:48:b9:99:e1:80", b"Guests")])) == 2


@pytest.mark.parametrize("order", [1, -1])
def test_a_camera_among_a_boxs_networks_is_what_the_box_is(order):
    frames = [beacon(HOME_TEXT, b"Home"), beacon(LOCAL_HOME, b"GHBB-000001-NRLXW")]
    (finding,) = findings(frames[::order])
    assert finding.level is Level.IDENTIFIED
    assert finding.identity.bssid == LOCAL_HOME
    assert "“Home”" in " ".join(item.says for item in finding.evidence)
    rules = [item.rule for item in finding.evidence]
    assert len(rules) == len(set(rules))
    assert {"identity.ssid", "address.local", "context.box"} <= set(rules)


def test_two_cameras_are_never_one():
    names = (b"GHBB-000001-NRLXW", b"GHBB-000002-NRLXW")
    assert len(findings([beacon(HOME_TEXT, names[0]), beacon(LOCAL_HOME, names[1])])) == 2
    assert len(findings([beacon(HOME_TEXT, b"IPCAM-1234"), beacon(LOCAL_HOME, b"IPCAM-1235")])) == 2


def test_a_fact_of_two_members_counts_once():
    (finding,) = findings([beacon(HOME_TEXT, b"SmartLife-1A2B"), beacon(LOCAL_HOME, b"SmartLife-1A2C")])
    assert [item.rule for item in finding.evidence].count("setup.ssid") == 1
    assert finding.level is Level.NOTED
    assert "SmartLife-1A2C" in " ".join(item.says for item in finding.evidence)


def test_hostile_names_are_cleaned_in_the_list_of_a_box():
    found = findings([beacon(HOME_TEXT, b"a\x1b[31m"), beacon(LOCAL_HOME, b"\xe2\x80\xaeb")])
    says = " ".join(item.says for item in found[0].evidence)
    assert "\x1b" not in says
    assert "\u202e" not in says
    assert "\\x1b" in says


def beats(frames, **more):
    from roomsweep.detect.capture import CaptureReader

    tally, stations = BeatTally(), StationTally()
    for records in CaptureReader(capture(frames, **more), name="x", block_bytes=700):
        read = read_frames(records)
        tally.add(read, stations.add(read))
    return tally


def test_beacons_have_a_beat_over_the_blocks_and_what_was_missed_is_counted():
    steady = [beacon(HOME_TEXT, b"Home")] * 40
    (beat,) = beats(steady).beacons().values()
    assert (beat.gaps, beat.lost, beat.odd, beat.steady_share) == (39, 0, 0, 1.0)
    assert beat.median_s == pytest.approx(0.1024, rel=0.03)
    every_third = [frame for _ in range(20) for frame in (beacon(HOME_TEXT, b"Home"), *[other] * 2)]
    (beat,) = [beat for bssid, beat in beats(every_third).beacons().items() if bssid == HOME]
    assert (beat.gaps, beat.lost, beat.odd) == (19, 38, 0)


other = scapy_frames.null_frame(station="00:11:22:33:44:55", bssid=HOME_TEXT, asleep=True)


def test_a_second_transmitter_with_the_same_address_is_off_the_beat():
    (beat,) = beats([beacon(HOME_TEXT, b"Home")] * 60, step_us=51_200).beacons().values()
    assert beat.odd == 59
    context = network_context(network(HOME, ssids=[b"Home"], interval_tu=100, security="WPA2"), beat)
    assert context is not None
    assert context.says == (
        "On channel 1, protected by WPA2, announced every 102 ms. "
        "59 came off the beat, as when a second transmitter uses the same address."
    )


def test_stations_that_sleep_have_a_beat_which_is_context_only():
    tally = beats([other] * 30, step_us=2_000_000)
    assert tally.beacons() == {}
    (beat,) = tally.sleepers().values()
    assert beat.median_s == pytest.approx(2.0, rel=0.03)
    context = station_context([b"home", b"a\x1bb", *[bytes([n + 65]) for n in range(5)]], beat)
    assert context is not None
    assert context.says == (
        "It asks for “home”, “a\\x1bb”, “A”, “B”, “C” and 2 more. "
        "It told its network 30 times that it sleeps or wakes, typically 2 s apart."
    )
    assert context.weight_db == 0
    assert "camera" not in context.says
    assert station_context([], None) is None


def test_a_flood_of_networks_has_no_more_beats_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr("roomsweep.detect.wifi.beats.MAX_FOLLOWED", 5)
    frames = [beacon(f"44:00:00:00:00:{n:02x}", b"x") for n in range(20)] * 3
    assert MAX_FOLLOWED > 5
    assert len(beats(frames).beacons()) == 5


def test_a_survey_has_the_beats():
    survey = survey_capture(capture([beacon(HOME_TEXT, b"Home")] * 30), name="x")
    assert survey.beacon_beats[HOME].gaps == 29
    assert survey.sleep_beats == {}


def test_what_a_network_tells_of_itself():
    says = network_context(
        network(
            HOME, hidden=True, security="open", wps_names=(b"Maker", b"Maker", b"M1"), vendors=(0x240AC4, 0x0050F2)
        ),
        None,
    )
    assert says is not None
    assert says.says == (
        "On channel 1, open to everybody, hidden. Its set-up service calls it “Maker M1”. "
        "It sends elements of Espressif."
    )
    assert network_context(Network(bssid=1), None) is None
    assert network_context(None, None) is None
