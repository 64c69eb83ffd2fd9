"""``roomsweep lan`` where no network is needed: usage, recordings, marks."""

import ipaddress
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from roomsweep.cli.app import app
from roomsweep.cli.lan import consent, mine, networks, scan
from roomsweep.cli.lan.networks import Joined, Target, read_network
from roomsweep.cli.lan.notes import HostNotes, joined_by_mac
from roomsweep.detect.lan.datagrams import Answer
from roomsweep.detect.lan.observed import ObservedHost, ObservedNetwork

MAC = "02:00:5e:10:00:01"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROOMSWEEP_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def network(*hosts: ObservedHost) -> ObservedNetwork:
    return ObservedNetwork(
        cidr="192.168.1.0/24", hosts=hosts, neighbours_answering=len(hosts), addresses_asked=253, seconds=6.0
    )


CAMERA = ObservedHost(ip="192.168.1.9", mac=MAC, answers=(Answer(protocol="v380", fields={"uid": "31234567"}),))
OTHER = ObservedHost(ip="192.168.1.10", mac="02:00:5e:10:00:02")


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "lan.json"
    path.write_text(network(CAMERA, OTHER).to_json(), encoding="utf-8")
    return str(path)


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("command", [("lan",), ("sweep", "--lan")])
@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("8.8.8.0/24", "not the address range of a local network"),
        ("10.0.0.0/8", "too many to ask politely"),
        ("here", "is not a network"),
    ],
)
def test_what_may_not_be_asked_is_wrong_usage(command: tuple[str, ...], named: str, words: str) -> None:
    code, out, err = run(*command, named)
    assert code == 2
    assert words in " ".join(err.split())
    assert out == ""


@pytest.mark.parametrize("option", ["--mine", "--not-mine"])
def test_marks_are_addresses(option: str) -> None:
    code, _, err = run("lan", option, "my phone")
    assert code == 2
    assert "hardware address" in err


def test_a_recording_is_judged_again(recording: str) -> None:
    code, out, _ = run("lan", recording, "--json")
    assert code == 0
    levels = {item["identity"]["ip"]: item["level"] for item in json.loads(out)["findings"]}
    assert levels == {"192.168.1.9": "identified", "192.168.1.10": "noted"}


def test_a_bad_recording_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "lan.json"
    path.write_text("{}")
    code, out, _ = run("lan", str(path), "--json")
    assert code == 3
    (source,) = json.loads(out)["sources"]
    assert "not a recording" in source["reason"]
    code, out, _ = run("lan", str(tmp_path / "absent.json"), "--json")
    assert code == 3
    assert json.loads(out)["sources"][0]["state"] == "not_examined"


def test_marks_are_kept_listed_and_taken_back(recording: str, home: Path) -> None:
    assert run("lan", "--list-mine")[0] == 0
    assert "No device is marked" in run("lan", "--list-mine")[2]
    code, out, err = run("lan", recording, "--json", "--mine", MAC.upper().replace(":", "-"))
    assert (code, json.loads(out)["verdict"]) == (0, "nothing_found")
    assert f"Marked as your own: {MAC}" in err
    assert json.loads(run("lan", recording, "--json")[1])["verdict"] == "nothing_found"
    assert MAC in run("lan", "--list-mine")[1]
    assert json.loads(run("lan", "--list-mine", "--json")[1])[0]["mac"] == MAC
    code, out, err = run("lan", recording, "--json", "--not-mine", MAC, "--not-mine", "02:00:5e:10:00:09")
    assert f"No longer marked as your own: {MAC}." in err
    assert "Was not marked as your own: 02:00:5e:10:00:09." in err
    assert json.loads(out)["verdict"] == "camera_identified"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "roomsweep.mine/1", "devices": [{"mac": 7}]}', "\0"])
def test_a_damaged_list_of_marks_is_no_list(text: str, home: Path) -> None:
    path = home / "devices" / "mine.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert mine.load_mine() == {}
    mine.mark([MAC], today="2026-01-31")
    assert mine.load_mine() == {MAC: "2026-01-31"}


def test_a_mark_keeps_its_day() -> None:
    mine.mark([MAC], today="2026-01-31")
    mine.mark([MAC, "02:00:5e:10:00:02"], today="2026-02-01")
    assert mine.load_mine() == {MAC: "2026-01-31", "02:00:5e:10:00:02": "2026-02-01"}


def test_the_notice_tells_how_many_and_by_what() -> None:
    own = Joined(
        interface="wlan0", index=2, ip="192.168.1.7", network=read_network("192.168.1.0/24"), gateway_ip="192.168.1.1"
    )
    first, *rest = consent.notice(Target(network=own.network, joined=own))
    assert first.startswith("253 addresses of the network 192.168.1.0/24 (joined by wlan0, router 192.168.1.1) will be")
    assert "at most 60 packets to each device" in " ".join(rest)
    assert "no password is tried" in " ".join(rest)
    assert consent.notice(Target(network=own.network))[0].startswith(
        "254 addresses of the network 192.168.1.0/24 will be"
    )


def test_a_round_is_reported_kept_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a round that needs no network; the real ones are in lan_world."""
    asked: list[tuple[str, frozenset[str]]] = []

    def played(target: Target, *, mine: dict[str, str], progress: object) -> ObservedNetwork:
        asked.append((str(target.network), frozenset(mine)))
        for step in ("finding", "asking", "done"):
            progress(scan.Progress(step=step, found=2, asked=1, seconds=3.0))  # type: ignore[operator, arg-type]
        return network(CAMERA, OTHER)

    monkeypatch.setattr(scan, "scan_network", played)
    mine.mark(["02:00:5e:10:00:02"], today="2026-01-31")
    out = tmp_path / "out"
    code, printed, err = run("lan", "192.168.1.0/24", "--out", str(out), "--all")
    assert code == 0
    assert asked == [("192.168.1.0/24", frozenset({"02:00:5e:10:00:02"}))]
    assert "Says it is a camera" in printed
    assert "192.168.1.0/24: 2 found, 1 of them asked what they are (3 s)" in err
    kept = json.loads((out / "lan.json").read_text(encoding="utf-8"))
    assert [host["ip"] for host in kept["hosts"]] == ["192.168.1.9", "192.168.1.10"]
    assert {path.name for path in out.iterdir()} == {"lan.json", "report.html", "result.json"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Heard by radio" not in page
    assert "On the network 192.168.1.0/24" in page


def test_the_network_is_not_missing_from_what_was_looked_at(recording: str) -> None:
    assert "not asked what they are" not in " ".join(json.loads(run("lan", recording, "--json")[1])["limits"])


def test_a_sweep_goes_on_where_the_joined_network_may_not_be_asked(
    recording: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wide = Joined(interface="wlan0", index=2, ip="10.0.0.7", network=ipaddress.IPv4Network("10.0.0.0/8"))
    monkeypatch.setattr(networks, "joined_networks", lambda: [wide])
    code, out, _ = run("sweep", "--lan", "auto", "--yes", "--wifi", str(tmp_path / "absent.pcap"), "--json")
    assert code == 3
    states = {source["kind"]: source for source in json.loads(out)["sources"]}
    assert set(states) == {"lan", "wifi_capture"}
    assert states["lan"]["state"] == "not_examined"
    assert "too many to ask politely" in states["lan"]["reason"]
    code, _, err = run("lan", "--yes")
    assert code == 2
    assert "too many to ask politely" in " ".join(err.split())


def test_a_sweep_says_that_there_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "joined_networks", list)
    code, out, _ = run("sweep", "--lan", "auto", "--yes", "--json")
    assert code == 4
    (source,) = json.loads(out)["sources"]
    assert "joined no network" in source["reason"]


def test_two_addresses_of_one_box_are_one_host() -> None:
    v380 = Answer(protocol="v380", fields={"uid": "1"})
    hosts = {
        "192.168.1.9": HostNotes(mac=MAC, alive=True, open_ports=[80, 80]),
        "fe80::9": HostNotes(mac=MAC, answers=[v380, v380], names={"cam.local": None}),
        "fe80::10": HostNotes(mac="02:00:5e:10:00:02", alive=True),
        "fe80::11": HostNotes(),
    }
    for _ in range(2):  # it is asked for again and again while a round runs
        joined = joined_by_mac(hosts)
    assert {ip for ip, host in joined.items() if host.is_there} == {"192.168.1.9", "fe80::10"}
    record = joined["192.168.1.9"].record("192.168.1.9", roles=["mine"])
    assert record.answers == (v380,)
    assert record.names == ("cam.local",)
    assert record.open_ports == (("tcp", 80),)
    assert record.roles == {"mine"}


@pytest.fixture
def known() -> scan.Scan:
    """A round over a network that is not there, with its router known."""
    here = Joined(
        interface="wlan0", index=2, ip="192.168.1.7", network=read_network("192.168.1.0/24"), gateway_ip="192.168.1.1"
    )
    known = scan.Scan(Target(network=here.network, joined=here), mine=[MAC])
    known._hosts["192.168.1.1"] = HostNotes(mac="02:00:5e:10:00:99", alive=True)
    return known


def test_who_a_router_stands_in_for(known: scan.Scan) -> None:
    behind, own = HostNotes(mac="02:00:5e:10:00:99"), HostNotes(mac="02:00:5e:10:00:05")
    known._hosts |= {"192.168.1.30": behind, "192.168.1.31": own}
    asking = known._questioning
    assert asking._is_stood_for("192.168.1.30", behind)
    assert not asking._is_stood_for("192.168.1.31", own)
    assert not asking._is_stood_for("192.168.1.1", known._hosts["192.168.1.1"])
    known._hosts |= {f"192.168.1.{n}": HostNotes(mac="02:00:5e:10:00:05") for n in range(40, 44)}
    assert asking._is_stood_for("192.168.1.31", own)


def test_what_lies_beyond_the_link_is_said() -> None:
    here = Joined(interface="wlan0", index=2, ip="192.168.1.7", network=read_network("192.168.1.0/24"))
    observed = scan.Scan(Target(network=read_network("192.168.0.0/23"), joined=here)).observed()
    assert observed.addresses_asked == 253
    assert observed.refused == ("255 of its addresses lie beyond this computer's link and were not asked",)


def test_made_up_neighbours_are_bounded(known: scan.Scan) -> None:
    for number in range(1, 2000):
        known._heard(f"fe80::{number:x}", Answer(protocol="v380", fields={"uid": str(number)}))
    assert len(known._hosts) <= 300
    observed = known.observed(interrupted=True)
    assert observed.interrupted
    roles = {host.ip: host.roles for host in observed.hosts}
    assert roles["192.168.1.1"] == {"gateway"}
    assert roles["192.168.1.7"] == {"this_computer"}
    assert observed.neighbours_answering == len(observed.hosts) - 2
