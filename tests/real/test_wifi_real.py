"""Real captures: every one is read, counts and transmitters agree with tshark, levels agree with the labels."""

import collections
import csv
import io
import itertools
import re
import shutil
import statistics
import subprocess

import pytest

from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.errors import InputError
from roomsweep.detect.mac import format_mac, parse_mac
from roomsweep.detect.result import Level, SourceState
from roomsweep.detect.wifi.examine import examine_capture
from roomsweep.detect.wifi.frames import GROUP, read_frames
from roomsweep.detect.wifi.survey import survey_capture

SUFFIXES = {".pcap", ".cap", ".pcapng", ".btsnoop"}

TRANSMITTERS = (
    "aircrack_tests/wpa.cap",
    "aircrack_tests/test1.pcap",
    "airodump_misc/srilanka/capture-01.cap",
    "wemo_phone_activity/active1.pcap",
    "home_monitor_italy/05_SamsungA53_01.pcap",
    "wifi_taxonomy/pcaps/Nest Cam Indoor 5GHz Google Wifi sw 3221797 Specific Probe.pcap",
)


@pytest.fixture(scope="session")
def radio(data_dir):
    return data_dir / "radio"


@pytest.fixture(scope="session")
def captures(radio):
    return sorted(path for path in radio.rglob("*") if path.suffix in SUFFIXES)


@pytest.fixture(scope="session")
def examined(captures):
    """Every capture examined as Wi-Fi, by path; those refused are left out."""
    out = {}
    for path in captures:
        try:
            with path.open("rb") as stream:
                out[path] = examine_capture(stream, source_id="wifi-1", name=path.name)
        except InputError:
            continue
    return out


@pytest.fixture
def tshark():
    found = shutil.which("tshark")
    if found is None:
        pytest.skip("tshark is not installed")

    def run(path, *arguments):
        command = [found, "-r", str(path), "-T", "fields", *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()

    return run


def read(path):
    with path.open("rb") as stream:
        yield from CaptureReader(stream, name=path.name)


def level_of(result):
    return min((finding.level for finding in result.findings), key=lambda level: level.rank, default=Level.NOTED)


def test_every_capture_is_read(captures, examined):
    assert len(captures) > 1000
    refused = {path.parent.name for path in captures if path not in examined}
    assert refused == {"ble_btsnoop", "ble_linklayer", "ble_nrf_tesi"}
    partial = [path.name for path, out in examined.items() if out.source.state is SourceState.PARTIAL]
    assert partial == ["Playstation 4 2.4GHz CUH-1115A.pcap"]
    empty = {path.name for path, out in examined.items() if out.source.state is SourceState.NOT_EXAMINED}
    assert "capture_20251101_185123.pcap" in empty


def test_record_counts_equal_those_of_capinfos(captures):
    capinfos = shutil.which("capinfos")
    if capinfos is None:
        pytest.skip("capinfos (of Wireshark) is not installed")
    command = [capinfos, "-c", "-T", "-M", "-r", *map(str, captures)]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    theirs = dict(line.rsplit("\t", 1) for line in lines)
    assert len(theirs) > 1000
    for path in captures:
        if str(path) in theirs:
            assert str(sum(map(len, read(path)))) == theirs[str(path)], path.name


@pytest.mark.parametrize("name", TRANSMITTERS)
def test_transmitters_equal_those_of_tshark(radio, tshark, name):
    path = radio / name
    ours = collections.Counter()
    bad = 0
    for records in read(path):
        frames = read_frames(records)
        bad += frames.bad_fcs
        ours.update(frames.transmitter[frames.transmitter != 0].tolist())
    theirs = collections.Counter()
    their_bad = 0
    fields = ("wlan.ta", "wlan.fc.type", "radiotap.flags.badfcs", "wlan.fc.type_subtype")
    lines = tshark(path, "-E", "occurrence=f", *(part for field in fields for part in ("-e", field)))
    for line in lines:
        address, kind, wrong, _ = line.split("\t")
        if wrong in ("1", "True"):
            their_bad += 1
        elif address:
            number = int(address.replace(":", ""), 16)
            number &= ~int(GROUP) if kind == "1" else -1
            if number and not number & int(GROUP):
                theirs[number] += 1
    assert ours == theirs
    assert bad == their_bad


def test_a_ppi_wrapped_capture_gives_the_same_transmitters_as_its_original(radio):
    """The only PPI capture at hand is of Bluetooth, so a real radiotap one is rewrapped."""
    path = radio / "airodump_misc/srilanka/capture-01.cap"
    head = path.read_bytes()[:20] + (192).to_bytes(4, "little")
    out = [head]
    expected = collections.Counter()
    for records in read(path):
        frames = read_frames(records)
        expected.update(frames.transmitter.tolist())
        for at, size in zip(records.start[:2000].tolist(), records.caplen[:2000].tolist(), strict=True):
            body = b"\0\0\x08\0" + (105).to_bytes(4, "little") + records.data[at : at + size].tobytes()
            out.append(bytes(8) + len(body).to_bytes(4, "little") * 2 + body)
    found = collections.Counter()
    for records in CaptureReader(io.BytesIO(b"".join(out)), name="ppi"):
        found.update(read_frames(records).transmitter.tolist())
    assert found.total() == 2000
    assert set(found) <= set(expected)
    assert len(found) > 2


def test_cameras_by_their_makers_are_worth_a_look_and_their_siblings_no_more(examined):
    cameras = {path.name: out for path, out in examined.items() if path.name.startswith(("Dropcam", "Nest Cam"))}
    assert len(cameras) == 20
    missed = [name for name, out in cameras.items() if level_of(out).rank > Level.LOOK.rank]
    assert missed == []
    siblings = [out for path, out in examined.items() if path.name.startswith(("Nest T", "Nest P"))]
    assert len(siblings) >= 14
    assert all(level_of(out).rank >= Level.LOOK.rank for out in siblings)


def rules_of(result):
    return {item.rule for finding in result.findings for item in finding.evidence}


def test_the_way_a_radio_writes_tells_a_makers_thermostats_from_its_cameras(examined):
    siblings = [out for path, out in examined.items() if path.name.startswith(("Nest T", "Nest P"))]
    assert {level_of(out) for out in siblings} == {Level.NOTED}
    assert all("hint.fingerprint_explained" in rules_of(out) for out in siblings)
    cameras = [out for path, out in examined.items() if path.name.startswith(("Dropcam", "Nest Cam"))]
    assert {level_of(out) for out in cameras} == {Level.LOOK}
    assert all(rules_of(out) & {"hint.fingerprint", "hint.fingerprint_shared"} for out in cameras)


def test_no_other_thing_is_taken_for_a_camera_by_its_radio_but_those_known_to_share_it(examined):
    names = {
        path.name.split(" 2.4GHz")[0].split(" 5GHz")[0]
        for path, out in examined.items()
        if rules_of(out) & {"hint.fingerprint", "hint.fingerprint_shared", "context.fingerprint"}
    }
    assert names == {"Amazon Kindle 4", "Dropcam HD", "Dropcam Pro", "Nest Cam Indoor"}
    kindles = [out for path, out in examined.items() if path.name.startswith("Amazon Kindle 4")]
    assert {level_of(out) for out in kindles} == {Level.NOTED}


def test_element_orders_equal_those_of_tshark(radio, tshark):
    path = radio / "home_monitor_italy/05_SamsungA53_01.pcap"
    lines = tshark(path, "-Y", "wlan.fc.type_subtype == 8", "-e", "wlan.ta", "-e", "wlan.tag.number")
    theirs = collections.defaultdict(set)
    for address, tags in (line.split("\t") for line in lines):
        theirs[address].add(tags)
    with path.open("rb") as stream:
        book = survey_capture(stream, name=path.name).book
    ours = collections.defaultdict(set)
    for address, frames in book.fingerprints.items():
        for text in frames.get("beacon", ()):
            numbers = (tag.partition(":")[0].partition("-")[0] for tag in text.partition(" ")[0].split(","))
            ours[format_mac(address)].add(",".join(numbers))
    assert len(ours) > 5
    assert {address: tags & theirs[address] for address, tags in ours.items()} == dict(ours)


BOXES = {
    "home_monitor_italy": [
        {"78:98:e8:d7:bb:c7", "7a:98:e8:d7:bb:c7"},
        {"9c:a2:f4:7c:ea:f6", "9e:a2:f4:6c:ea:f6"},
    ],
    "airodump_lab_chile": [
        {"44:22:7c:f0:80:58", "44:22:7c:f0:80:5b"},
        {"44:48:b9:0c:e1:80", "46:48:b9:0c:e1:80"},
        {"b0:ec:dd:72:04:ec", "b0:ec:dd:72:04:ef"},
        {"d8:59:82:a1:60:cc", "d8:59:82:a1:60:cf"},
        {"e8:a6:60:81:e7:e8", "e8:a6:60:81:e7:eb"},
    ],
    "neighbourhood_88min": [],
    "airodump_misc": [],
}


@pytest.mark.parametrize("folder", BOXES)
def test_the_networks_of_one_box_are_one_row_and_those_of_two_homes_are_not(examined, folder):
    """Judged by hand: same base address, same channel, clocks within 14 s; names of one home only."""
    found = set()
    for path, out in examined.items():
        if folder in path.parts:
            for finding in out.findings:
                for item in finding.evidence:
                    if item.rule == "context.box":
                        found.add(frozenset(re.findall(r"\((\w\w(?::\w\w){5})\)", item.says)))
    assert found == {frozenset(box) for box in BOXES[folder]}


def test_beacon_gaps_equal_those_of_tshark(radio, tshark):
    path = radio / "home_monitor_italy/05_SamsungA53_01.pcap"
    lines = tshark(path, "-Y", "wlan.fc.type_subtype == 8", "-e", "wlan.ta", "-e", "frame.time_epoch")
    times = collections.defaultdict(list)
    for address, epoch in (line.split("\t") for line in lines):
        times[address].append(float(epoch))
    with path.open("rb") as stream:
        beats = survey_capture(stream, name=path.name).beacon_beats
    checked = 0
    for address, some in times.items():
        gaps = [b - a for a, b in itertools.pairwise(some) if 0.001 <= b - a < 65.536]
        if len(gaps) >= 20:
            beat = beats[parse_mac(address)]
            assert beat.gaps == len(gaps)
            assert beat.median_s == pytest.approx(statistics.median_low(gaps), rel=0.03)
            checked += 1
    assert checked >= 4


def test_other_devices_hardly_ever_give_a_finding(examined, radio):
    with (radio / "labels.tsv").open(encoding="utf-8") as lines:
        labels = list(csv.DictReader(lines, delimiter="\t"))
    others = [
        radio / row["file"]
        for row in labels
        if row["camera"] == "no" and row["file"].startswith("wifi_taxonomy/") and "Nest" not in row["file"]
    ]
    raised = [path.name for path in others if path in examined and level_of(examined[path]) is not Level.NOTED]
    assert len(others) > 900
    assert len(raised) <= 0.01 * len(others), raised


@pytest.mark.parametrize(
    "folder",
    ["home_monitor_italy", "neighbourhood_88min", "wemo_phone_activity", "probes_but_lab", "probes_polimi_labelled"],
)
def test_places_without_a_documented_camera_raise_no_suspect(examined, folder):
    outs = [out for path, out in examined.items() if folder in path.parts]
    assert outs
    assert all(level_of(out).rank >= Level.LOOK.rank for out in outs)


@pytest.mark.parametrize(
    ("name", "mac", "level"),
    [
        ("dahua_rtsp_2ic80/rtsp.pcapng", "38:af:29:bb:bc:ab", Level.SUSPECT),
        ("drone_cam_uav/capture.pcapng", "b8:3d:fb:68:3c:9a", Level.SUSPECT),
        ("smarthome_firewall_mixed/proto-wlan2.4.raw.pcap", "b0:c5:54:43:54:83", Level.SUSPECT),
        ("smarthome_firewall_mixed/proto-wlan2.4.raw.pcap", "78:8b:2a:b2:20:ea", Level.LOOK),
    ],
)
def test_recorded_cameras_that_stream_are_told_by_it(examined, radio, name, mac, level):
    (found,) = [item for item in examined[radio / name].findings if item.identity.mac == mac]
    assert found.level is level
    assert "behaviour.picture_clock" in {item.rule for item in found.evidence}


def test_nothing_without_a_camera_streams_like_one(examined, radio):
    cameras = {"38:af:29:bb:bc:ab", "b8:3d:fb:68:3c:9a", "b0:c5:54:43:54:83", "78:8b:2a:b2:20:ea"}
    streaming = {
        item["mac"]
        for one in examined.values()
        for item in one.source.facts["streams"]
        if item["verdict"] == "streams like a camera"
    }
    assert streaming == cameras


def test_chinese_network_names_are_read(examined, radio):
    (finding,) = examined[radio / "aircrack_tests/Chinese-SSID-Name.pcap"].findings
    assert finding.identity.ssid == "测试"
