"""Names and addresses of real networks: none that is not a camera's may be taken for one."""

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from roomsweep.detect.mac import parse_mac
from roomsweep.detect.signatures.match import match_ssid, vendor_of

#: Captures with many networks, none of a camera (labels.tsv), that tshark reads in a second or two.
CAPTURES = ("airodump_lab_chile/dump-01.cap", "aircrack_tests/test1.pcap", "home_monitor_italy/03_SamsungA53_01.pcap")


def airodump_names(path: Path) -> set[str]:
    """Return the names in the first list of an airodump CSV file: its 14th cell."""
    names = set()
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        for cells in csv.reader(stream, skipinitialspace=True):
            if cells and cells[0].startswith("Station MAC"):
                break
            if len(cells) >= 14 and cells[0].count(":") == 5:
                names.add(cells[13].strip())
    return names - {""}


def test_names_in_scan_lists_identify_only_what_calls_itself_a_camera(data_dir: Path) -> None:
    lists = [
        path for path in (data_dir / "radio").rglob("*.csv") if ".kismet" not in path.name and ".log" not in path.name
    ]
    names = set().union(*(airodump_names(path) for path in lists))
    assert len(names) > 20
    identified = {name for name in names if (found := match_ssid(name)) and found.grade in ("A", "B")}
    # One list did hear a camera: an EZVIZ network named after a serial number.
    assert {name for name in identified if not re.fullmatch(r"EZVIZ_[A-Z]{2}\d{7}", name)} == set()


@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark to read the captures independently")
@pytest.mark.parametrize("capture", CAPTURES)
def test_names_on_the_air_identify_nothing(data_dir: Path, capture: str) -> None:
    command = ["tshark", "-r", str(data_dir / "radio" / capture), "-Y", "wlan.ssid", "-T", "fields", "-e", "wlan.ssid"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    names = {bytes.fromhex(name).decode("utf-8", "surrogateescape") for name in listed if name != "<MISSING>"}
    assert names
    assert {name for name in names if (found := match_ssid(name)) and found.grade in ("A", "B")} == set()


def test_addresses_of_labelled_cameras_are_of_camera_or_module_makers(data_dir: Path) -> None:
    """Counts, not a rule: a vendor is a hint, and makers of anything (D-Link, Edimax) are left out on purpose."""
    with (data_dir / "radio" / "labels.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["mac"].count(":") == 5]
    narrow = {camera: set[str]() for camera in ("yes", "no")}
    seen = {camera: set[str]() for camera in ("yes", "no")}
    for row in rows:
        if row["camera"] in seen:
            seen[row["camera"]].add(row["mac"])
            vendor = vendor_of(parse_mac(row["mac"]))
            if vendor is not None and vendor.tier == "camera_narrow":
                narrow[row["camera"]].add(row["mac"])
    assert seen["yes"]
    assert seen["no"]
    assert narrow["no"] == set()
