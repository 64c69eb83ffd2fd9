import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from roomsweep.calibration.airwaves import SyntheticCapture, synthetic_bluetooth, synthetic_wifi
from roomsweep.calibration.bluetooth_air import Advert
from roomsweep.detect.mac import format_mac, is_local, parse_mac
from roomsweep.detect.wifi import scapy_frames

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


@pytest.fixture(scope="module")
def wifi() -> SyntheticCapture:
    return synthetic_wifi(seed=11)


@pytest.fixture(scope="module")
def bluetooth() -> SyntheticCapture:
    return synthetic_bluetooth(seed=11)


def tshark(capture: SyntheticCapture, folder: Path, *options: str) -> list[list[str]]:
    """What tshark reads in the capture: a row of fields for each packet."""
    path = folder / "capture"
    path.write_bytes(capture.data)
    fields = [part for name in options for part in ("-e", name)]
    command = ["tshark", "-n", "-o", "wlan.check_checksum:TRUE", "-r", str(path), "-T", "fields", *fields]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def packets_of_pcap(data: bytes) -> list[tuple[float, bytes]]:
    """Times and bytes of a little-endian pcap, read without any of our readers."""
    assert struct.unpack_from("<IHHiIII", data) == (0xA1B2C3D4, 2, 4, 0, 0, 65535, 127)
    out, at = [], 24
    while at < len(data):
        seconds, microseconds, kept, length = struct.unpack_from("<IIII", data, at)
        assert kept == length
        out.append((seconds + microseconds / 1e6, data[at + 16 : at + 16 + kept]))
        at += 16 + kept
    assert at == len(data)
    return out


def test_wifi_tells_what_it_holds(wifi: SyntheticCapture) -> None:
    packets = packets_of_pcap(wifi.data)
    assert len(packets) == wifi.frames
    times = [t_s for t_s, _ in packets]
    assert times == sorted(times)
    assert 0.95 * wifi.seconds < times[-1] - times[0] < wifi.seconds
    names = {item.name for item in wifi.truth if item.name}
    assert names == {"Hotel Seaview Guest", "SEAVIEW-STAFF", "Café Möwe", "GHBB-000001-NRLXW"}
    assert {item.what for item in wifi.cameras} == {
        "hidden camera of the LookCam family",
        "network camera that streams",
    }
    assert all(item.frames > 0 for item in wifi.truth)


def test_phones_have_random_addresses_and_cameras_do_not(wifi: SyntheticCapture) -> None:
    for item in wifi.truth:
        assert is_local(parse_mac(item.mac)) is (item.what == "phone")


def test_the_camera_streams_steadily_and_nearly_only_upwards(wifi: SyntheticCapture) -> None:
    (camera,) = (item for item in wifi.cameras if item.name is None)
    address = parse_mac(camera.mac).to_bytes(6, "big")
    per_second: Counter[int] = Counter()
    down = 0
    start = packets_of_pcap(wifi.data)[0][0]
    for t_s, packet in packets_of_pcap(wifi.data):
        frame = packet[struct.unpack_from("<H", packet, 2)[0] : -4]
        if frame[0] != 0x88:  # QoS data
            continue
        if frame[10:16] == address:
            per_second[int(t_s - start)] += len(frame)
        elif frame[4:10] == address:
            down += len(frame)
    up = sum(per_second.values())
    assert 80e3 < up / wifi.seconds < 130e3
    assert down < 0.05 * up
    assert min(per_second[second] for second in range(int(wifi.seconds) - 1)) > 0.5 * up / wifi.seconds


@needs_tshark
def test_tshark_reads_the_wifi_capture_whole(wifi: SyntheticCapture, tmp_path: Path) -> None:
    rows = tshark(wifi, tmp_path, "wlan.ta", "wlan.fcs.status", "_ws.malformed", "wlan.ssid", "radiotap.dbm_antsignal")
    assert len(rows) == wifi.frames
    assert {row[1] for row in rows} == {"1"}, "check sequences are good"
    assert {row[2] for row in rows} == {""}, "no frame is malformed"
    assert Counter(row[0] for row in rows if row[0]) == {item.mac: item.frames for item in wifi.truth}
    ssids = {bytes.fromhex(row[3]).decode() if row[3].isalnum() else row[3] for row in rows}
    assert {item.name for item in wifi.truth if item.name} <= ssids
    assert all(-100 < int(row[4]) < -20 for row in rows)


@needs_tshark
def test_tshark_reads_the_bluetooth_capture_whole(bluetooth: SyntheticCapture, tmp_path: Path) -> None:
    fields = ("bthci_evt.bd_addr", "btcommon.eir_ad.entry.device_name", "_ws.malformed", "bthci_evt.rssi")
    rows = tshark(bluetooth, tmp_path, *fields)
    assert len(rows) == bluetooth.frames
    assert {row[2] for row in rows} == {""}
    assert Counter(row[0] for row in rows if row[0]) == {item.mac: item.frames for item in bluetooth.truth}
    assert {(row[0], row[1]) for row in rows if row[1]} == {
        (item.mac, item.name) for item in bluetooth.truth if item.name
    }
    assert all(-110 < int(row[3]) < -20 for row in rows if row[3])


def test_bluetooth_tells_what_it_holds(bluetooth: SyntheticCapture) -> None:
    data, at, times, heard = bluetooth.data, 16, [], Counter[str]()
    assert data[:16] == b"btsnoop\0" + struct.pack(">II", 1, 1002)
    while at < len(data):
        kept, length, flags, drops, stamp = struct.unpack_from(">IIIIq", data, at)
        assert (kept, drops) == (length, 0)
        packet = data[at + 24 : at + 24 + kept]
        times.append(stamp)
        if packet[:2] == b"\x04\x3e":
            assert flags == 3
            assert packet[2] == len(packet) - 3
            heard[format_mac(int.from_bytes(packet[7:13], "little"))] += 1
        at += 24 + kept
    assert at == len(data)
    assert len(times) == bluetooth.frames
    assert times == sorted(times)
    # 2026-01-01 counted from the year 0 in microseconds.
    assert times[-1] - 0x00DCDDB30F2F8000 == pytest.approx(1_767_225_620e6, abs=2e6)
    assert heard == {item.mac: item.frames for item in bluetooth.truth}
    assert bluetooth.cameras == ()
    assert {item.name for item in bluetooth.truth if item.name} == {"WH-1000XM4", "[TV] Room 214", "TY"}


@pytest.mark.parametrize("make", [synthetic_wifi, synthetic_bluetooth])
def test_the_same_seed_gives_the_same_bytes(make: type[SyntheticCapture]) -> None:
    first, again, other = make(seed=1, seconds=2.0), make(seed=1, seconds=2.0), make(seed=2, seconds=2.0)
    assert first == again
    assert first.data != other.data


def test_an_advert_that_is_too_long_is_refused() -> None:
    assert len(Advert.of(name="x" * 29).data) == 31
    with pytest.raises(ValueError, match="31 bytes, not 32"):
        Advert.of(name="x" * 30)


def test_a_radiotap_header_is_for_the_lower_band() -> None:
    header = scapy_frames.radiotap(rssi_dbm=-42, channel=13, rate_mbps=1)
    assert len(header) == struct.unpack_from("<H", header, 2)[0]
    with pytest.raises(ValueError, match="channel 36"):
        scapy_frames.radiotap(rssi_dbm=-42, channel=36, rate_mbps=6)


def test_frames_carry_hostile_names_as_they_are() -> None:
    name = b"\x1b[2J<b>\x00\xff"
    frame = scapy_frames.beacon(bssid="10:a4:be:00:00:01", ssid=name, channel=1, protected=False)
    assert b"\x00" + bytes([len(name)]) + name in frame
