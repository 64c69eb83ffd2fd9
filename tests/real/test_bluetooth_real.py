"""Real captures: the devices that tshark shows, and no camera where there is none."""

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from roomsweep.detect.bluetooth.advertisers import Advertiser, Register
from roomsweep.detect.bluetooth.examine import examine_capture
from roomsweep.detect.bluetooth.hci import EventReader
from roomsweep.detect.bluetooth.linklayer import AirReader
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.mac import format_mac
from roomsweep.detect.result import Examined, Level, SourceState


def examine(path: Path) -> Examined:
    with path.open("rb") as stream:
        return examine_capture(stream, source_id="b", name=path.name)


def register_of(path: Path) -> Register:
    register, air, events = Register(), AirReader(), EventReader()
    with path.open("rb") as stream:
        for records in CaptureReader(stream, name=path.name):
            register.add(air.read(records))
            register.add(events.read(records))
    register.add(air.finish())
    return register


def advertisers(path: Path) -> tuple[Advertiser, ...]:
    return register_of(path).advertisers()


def tshark(path: Path, display_filter: str, *fields: str) -> list[list[str]]:
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    names = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", str(path), "-Y", display_filter, "-T", "fields", *names],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_the_sniffer_capture_has_39_good_advertisers_and_not_998(data_dir: Path) -> None:
    path = data_dir / "radio" / "ble_nrf_tesi" / "capture.pcapng"
    examined = examine(path)
    assert examined.source.state is SourceState.EXAMINED
    facts = examined.source.facts
    assert (facts["frames"], facts["bad_crc_frames"], facts["advertisers"]) == (14843, 2498, 39)
    ours = {format_mac(record.addresses[0]) for record in advertisers(path)}
    theirs = {row[0] for row in tshark(path, "nordic_ble.crcok == 1", "btle.advertising_address")}
    assert ours == theirs


def test_the_second_sniffer_capture_agrees_with_tshark(data_dir: Path) -> None:
    path = data_dir / "radio" / "ble_nrf_tesi" / "garmin.pcapng"
    rows = tshark(path, "nordic_ble.crcok == 1", "btle.advertising_address", "btcommon.eir_ad.entry.device_name")
    records = advertisers(path)
    assert {format_mac(record.addresses[0]) for record in records} == {row[0] for row in rows} - {""}
    names = {name for record in records for name in record.names}
    assert names == {row[1] for row in rows} - {""}


def test_the_phone_log_has_the_addresses_and_names_that_tshark_shows(data_dir: Path) -> None:
    path = data_dir / "radio" / "ble_btsnoop" / "csacca_home_mit.btsnoop"
    rows = tshark(
        path,
        "bthci_evt.le_meta_subevent == 2",
        "bthci_evt.bd_addr",
        "btcommon.eir_ad.entry.device_name",
        "btcommon.eir_ad.entry.company_id",
        "bthci_evt.rssi",
    )
    records = advertisers(path)
    assert {format_mac(record.addresses[0]) for record in records} == {a for row in rows for a in row[0].split(",")}
    assert {name for record in records for name in record.names} == {row[1] for row in rows} - {""}
    companies = {int(item, 16) for row in rows for item in row[2].split(",") if item}
    assert {company for record in records for company in record.companies} == companies
    strongest = max(int(value) for row in rows for value in row[3].split(","))
    assert max(record.rssi_max_dbm or -128 for record in records) == strongest


@pytest.mark.parametrize(("file", "address"), [("known_ltk.pcap", "78:c5:6e:ee:5d:e8"), ("whad_ble_pairing.pcap", "")])
def test_link_layer_captures_of_other_sniffers_are_read(data_dir: Path, file: str, address: str) -> None:
    examined = examine(data_dir / "radio" / "ble_linklayer" / file)
    assert examined.source.state is SourceState.EXAMINED
    assert examined.source.facts["advertisers"] == 1
    assert examined.source.facts["bad_crc_frames"] == 0


def test_no_device_of_any_bluetooth_capture_is_above_noted(data_dir: Path) -> None:
    files = [path for path in sorted((data_dir / "radio").glob("ble_*/*")) if path.is_file()]
    assert len(files) >= 5
    accused = [
        (path.name, finding.title)
        for path in files
        for finding in examine(path).findings
        if finding.level is not Level.NOTED
    ]
    assert accused == []


def test_the_signal_by_the_second_is_that_of_tshark(data_dir: Path) -> None:
    path = data_dir / "radio" / "ble_nrf_tesi" / "capture.pcapng"
    own = "nordic_ble.crcok == 1 && !(btle.advertising_header.pdu_type in {3, 5})"
    rows = tshark(path, own, "btle.advertising_address", "frame.time_epoch", "nordic_ble.rssi")
    theirs: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for address, time, level in rows:
        if address:
            theirs[address, int(time.split(".")[0])].append(int(level))
    register = register_of(path)
    ours = {
        (format_mac(record.addresses[0]), round(at)): (count, round(level, 6))
        for record in register.advertisers()
        for series in [register.series(record)]
        for at, level, count in zip(series.t_s.tolist(), series.rssi_dbm.tolist(), series.count.tolist(), strict=True)
    }
    assert len(ours) > 1000
    assert ours == {key: (len(levels), round(sum(levels) / len(levels), 6)) for key, levels in theirs.items()}


def test_trackers_in_the_real_captures_are_named(data_dir: Path) -> None:
    titles = [finding.title for finding in examine(data_dir / "radio/ble_btsnoop/csacca_home_mit.btsnoop").findings]
    assert sum("Tile" in title for title in titles) == 2
    titles = [finding.title for finding in examine(data_dir / "radio/ble_nrf_tesi/capture.pcapng").findings]
    assert sum("Find My" in title for title in titles) == 18
