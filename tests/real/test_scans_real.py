"""Real lists of networks: counts agree with readers that share no code, and forms of one recording with each other."""

import collections
import csv
import json
import re
import xml.etree.ElementTree as ElementTree

import pytest

from roomsweep.detect.errors import InputError
from roomsweep.detect.mac import format_mac
from roomsweep.detect.result import Level, SourceState
from roomsweep.detect.wifi.scans.examine import examine_scan
from roomsweep.detect.wifi.scans.reading import read_scan

FOLDERS = ("scan_dumps", "airodump_lab_chile", "airodump_misc")

#: Names in the lists that the table of signatures documents as those of cameras.
DOCUMENTED = {"EZVIZ_BA8983061"}


@pytest.fixture(scope="session")
def radio(data_dir):
    return data_dir / "radio"


@pytest.fixture(scope="session")
def listings(radio):
    """Every file of the folders that is a list, by path."""
    out = {}
    for path in sorted(path for folder in FOLDERS for path in (radio / folder).rglob("*") if path.is_file()):
        try:
            out[path] = read_scan(path.read_bytes(), name=path.name)
        except InputError:
            continue
    return out


def of_form(listings, form):
    return {path: listing for path, listing in listings.items() if listing.form == form}


def test_every_list_is_read_whole_and_nothing_else_is(listings):
    forms = collections.Counter(listing.form for listing in listings.values())
    assert forms == {
        "airodump-ng": 9,
        "airodump-ng log": 3,
        "Kismet CSV": 9,
        "Kismet netxml": 3,
        "airport": 1,
        "iw": 1,
        "netsh": 1,
        "nmcli": 1,
    }
    assert {listing.damage for listing in listings.values()} == {None}
    assert {listing.unreadable for listing in listings.values()} == {0}


def test_airodump_agrees_with_the_csv_module(listings):
    networks = stations = 0
    for path, listing in of_form(listings, "airodump-ng").items():
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines(), skipinitialspace=True))
        macs = [row for row in rows if row and re.fullmatch(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}", row[0])]
        theirs = {row[0].lower(): row for row in macs if len(row) == 15}
        assert {format_mac(network.bssid) for network in listing.networks} == set(theirs), path.name
        assert {format_mac(item.mac) for item in listing.stations} == {row[0].lower() for row in macs if len(row) != 15}
        for network in listing.networks:
            row = theirs[format_mac(network.bssid)]
            assert [name.strip() for name in network.ssids] == [row[13].strip()] * bool(row[13].strip())
            assert network.signal_dbm == (None if row[8] == "-1" else float(row[8]))
            assert network.channel == (None if int(row[3]) < 1 else int(row[3]))
        networks += len(theirs)
        stations += len(macs) - len(theirs)
    assert (networks, stations) == (173, 379)


def test_the_forms_of_one_recording_agree(radio, listings):
    compared = 0
    for path, listing in of_form(listings, "Kismet netxml").items():
        stem = path.name.removesuffix(".kismet.netxml")
        table = next(other for other in listings if other.name == f"{stem}.csv" and radio in other.parents)
        assert {network.bssid: network.ssids for network in listing.networks} == {
            network.bssid: network.ssids for network in listings[table].networks
        }
        assert {station.mac: station.packets for station in listing.stations} == {
            station.mac: station.packets for station in listings[table].stations
        }
        log = listings[path.with_name(f"{stem}.log.csv")]
        assert {network.bssid for network in log.networks} <= {network.bssid for network in listing.networks}
        compared += len(listing.networks)
    assert compared == 56


def test_netxml_agrees_with_elementtree(listings):
    for path, listing in of_form(listings, "Kismet netxml").items():
        tree = ElementTree.fromstring(path.read_bytes())
        kinds = collections.Counter(item.get("type") for item in tree.iter("wireless-network"))
        assert len(listing.networks) == kinds["infrastructure"]
        clients = {item.text for item in tree.iter("client-mac")}
        assert {format_mac(station.mac).upper() for station in listing.stations} == clients


def test_kismet_csv_agrees_with_a_count_of_lines(listings):
    for path, listing in of_form(listings, "Kismet CSV").items():
        rows = [line.split(";") for line in path.read_text(encoding="utf-8").splitlines()[1:] if line.strip()]
        assert {format_mac(item.bssid).upper(): "".join(item.ssids) for item in listing.networks} == {
            row[3]: row[2] for row in rows
        }


def test_lists_of_other_programs_agree_with_the_published_parses(radio, listings):
    folder = radio / "scan_dumps" / "jc"
    for name in ("centos-7.7__iw-scan0", "osx-10.14.6__airport-s"):
        theirs = json.loads((folder / f"{name}.json").read_text())
        ours = listings[folder / f"{name}.out"].networks
        assert [(format_mac(item.bssid), *item.ssids) for item in ours] == [
            (item["bssid"], item["ssid"].strip()) for item in theirs
        ]
        assert [item.signal_dbm for item in ours] == [item.get("rssi", item.get("signal_dbm")) for item in theirs]
        channels = [str(item.get("channel", item.get("ds_parameter_set_channel"))).split(",")[0] for item in theirs]
        assert [str(item.channel) for item in ours] == channels


def test_netsh_agrees_with_a_count_of_lines(radio, listings):
    path = radio / "scan_dumps" / "pylates_get_netsh_fake_data_long.txt"
    text = path.read_text()
    addresses = set(re.findall(r"BSSID \d+ +: (\S+)", text))
    assert {format_mac(network.bssid) for network in listings[path].networks} == addresses
    assert {name for network in listings[path].networks for name in network.ssids} == {
        name.strip() for name in re.findall(r"^SSID \d+ : (.*)", text, re.MULTILINE)
    }


def test_nothing_is_raised_that_is_not_documented(listings):
    """Recall cannot be counted here: nobody says which of these networks were cameras."""
    raised = collections.Counter()
    named = total = 0
    for path in listings:
        out = examine_scan(path.read_bytes(), source_id="wifi-scan-1", name=path.name)
        assert out.source.state is SourceState.EXAMINED
        total += len(out.findings)
        for finding in out.findings:
            if finding.level in (Level.IDENTIFIED, Level.SUSPECT):
                assert finding.identity.ssid in DOCUMENTED
                named += 1
            elif finding.level is Level.LOOK:
                raised[finding.title] += 1
    assert named == 6
    assert total > 600
    assert sum(raised.values()) <= 0.01 * total


def test_a_capture_is_sent_to_the_right_option(radio):
    path = radio / "airodump_misc" / "srilanka" / "capture-01.cap"
    with pytest.raises(InputError, match="Give it with --wifi"):
        examine_scan(path.read_bytes(), source_id="wifi-scan-1", name=path.name)
