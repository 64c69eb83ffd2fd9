"""``roomsweep locate`` and ``roomsweep calibrate radio``, from files to what a person reads."""

import json
import sys
import xml.etree.ElementTree as Xml
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from roomsweep.calibration.signal_rooms import signal_room
from roomsweep.cli.app import main
from roomsweep.cli.radio_profiles import SCHEMA, load_radio_profiles
from roomsweep.detect.result import result_schema

MAC = "02:00:00:00:00:01"
SVG = "{http://www.w3.org/2000/svg}"


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def says(self) -> str:
        """What a person reads, as one line."""
        return " ".join((self.out + self.err).split())


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("ROOMSWEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run_it(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["roomsweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.out + captured.err
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run_it


@pytest.fixture
def in_room(tmp_path: Path) -> Path:
    path = tmp_path / "readings.csv"
    path.write_bytes(signal_room(12, walk=12, in_room=True).csv())
    return path


def test_a_file_gives_words_a_plan_and_a_result(run: Any, in_room: Path) -> None:
    ran = run("locate", in_room, "--out", "found")
    assert ran.status == 0
    assert f"Where is the Wi-Fi transmitter {MAC}?" in ran.says
    assert "As likely as not it is within about" in ran.says
    assert "Probably in this room" in ran.says
    assert "published values were used" in ran.says
    assert "says nothing about whether it is a camera" in ran.says
    plan = Path("found/plan.svg")
    root = Xml.fromstring(plan.read_text(encoding="utf-8"))
    words = [item.text or "" for item in root.iter(f"{SVG}text")]
    assert words[0] == f"Where is the Wi-Fi transmitter {MAC}?"
    assert any(word.startswith("corner 1 ") for word in words)
    assert "best guess" in words
    result = json.loads(Path("found/result.json").read_text())
    jsonschema.validate(result, result_schema())
    spots = result["sources"][0]["facts"]["places"][0]["spots"]
    assert 7 < spots <= 7 + 12  # near places of the walk are one
    assert len(list(root.iter(f"{SVG}circle"))) == spots + 1  # and the legend's


def test_json_is_the_result_alone(run: Any, in_room: Path) -> None:
    ran = run("locate", in_room, "--json")
    result = json.loads(ran.out)
    jsonschema.validate(result, result_schema())
    (finding,) = result["findings"]
    assert (finding["kind"], finding["level"]) == ("wifi_station", "noted")
    assert finding["identity"]["mac"] == MAC
    assert "probably in this room" in finding["where"]["zone"]
    assert finding["where"]["rssi_dbm"] < 0
    (source,) = result["sources"]
    assert (source["kind"], source["state"]) == ("readings", "examined")
    (place,) = source["facts"]["places"]
    assert place["room_answer"] == "this_room"
    assert 0.8 <= place["room_probability"] <= 1.0
    assert len(source["facts"]["sha256"]) == 64
    assert result["limits"]


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        ("", 3, "is empty"),
        ("spot,rssi_dbm\n", 3, "holds no readings"),
        ("spot,rssi_dbm\nbed,-50\n", 0, "Heard at “bed” only"),
        ("spot,rssi_dbm\nbed,-50\nbath,-70\n", 0, "Loudest at “bed”, by 20 dB"),
        ("spot,rssi_dbm\nbed,-50\nbath,-51\n", 0, "About equally loud at “bed”, “bath”"),
        ("rssi_dbm\n-50\n", 0, "No reading names its place"),
        ("spot,rssi_dbm\nbed,-50\nbath,loud\n", 0, "1 rows that could not be used: line 3"),
        ("spot,x_m,y_m,rssi_dbm\na,0,0,-50\nb,4,0,-60\nc,0,4,-60\n", 0, "do not tell where the room is"),
    ],
)
def test_little_is_said_of_little(run: Any, tmp_path: Path, text: str, status: int, says: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text, encoding="utf-8")
    ran = run("locate", path)
    assert ran.status == status
    assert says in ran.says


def test_a_missing_file_is_not_examined(run: Any) -> None:
    ran = run("locate", "nowhere.csv", "--json")
    assert ran.status == 3
    result = json.loads(ran.out)
    assert result["verdict"] == "not_examined"
    assert result["sources"][0]["reason"].startswith("was not found")


def test_several_transmitters_and_one_that_is_named(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(signal_room(1).csv() + signal_room(2).csv(mac="02:00:00:00:99:02").split(b"mac\n", 1)[1])
    every = run("locate", path, "--out", "both")
    assert "Another 1 transmitters" in every.says
    plans = sorted(item.name for item in Path("both").glob("*.svg"))
    assert plans == ["plan-wifi-020000000001.svg", "plan-wifi-020000009902.svg"]
    one = json.loads(run("locate", path, "--mac", "02-00-00-00-99-02", "--json").out)
    assert [finding["identity"]["mac"] for finding in one["findings"]] == ["02:00:00:00:99:02"]
    none = run("locate", path, "--mac", "02:00:00:00:00:77")
    assert "holds no reading of 02:00:00:00:00:77" in none.says


def test_hostile_names_reach_neither_terminal_nor_picture(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    names = ["\x1b[31mred", "<script>alert(1)</script>", "a & b \u202e", "[bold]bed[/bold]"]
    rows = "".join(f"{name},{place % 2 * 4},{place // 2 * 3},corner,-5{place}\n" for place, name in enumerate(names))
    path.write_text(f"spot,x_m,y_m,tag,rssi_dbm\n{rows}", encoding="utf-8")
    ran = run("locate", path, "--out", "found")
    assert ran.status == 0
    assert "\x1b" not in ran.out
    assert "\\x1b[31mred" in ran.out
    assert "[bold]bed[/bold]" in ran.out
    svg = Path("found/plan.svg").read_text(encoding="utf-8")
    assert "<script" not in svg
    words = {(item.text or "") for item in Xml.fromstring(svg).iter(f"{SVG}text")}
    assert any("<script>alert(1)</script>" in word for word in words)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a file of readings"),
        (("r.csv", "--mac", "aa:bb"), "--mac takes a hardware address"),
        (("r.csv", "--interface", "mon0"), "either a file of readings, or --interface"),
        (("--interface", "mon0"), "--interface needs --mac"),
        (("r.csv", "--record", "x.csv"), "--channel and --record go with --interface"),
    ],
)
def test_wrong_usage_is_told(run: Any, arguments: tuple[str, ...], says: str) -> None:
    ran = run("locate", *arguments)
    assert ran.status == 2
    assert says in ran.says


WALK = "spot,rssi_dbm,radio\n" + "".join(
    f"{distance} m,{level},wifi\n"
    for distance, level in ((0.5, -27), (1, -35), (1, -36), (2, -43), (2, -44), (3, -48), (4, -51), (6, -57))
)


def test_a_walk_becomes_a_profile_that_locate_uses(run: Any, in_room: Path, tmp_path: Path) -> None:
    walk = tmp_path / "walk.csv"
    walk.write_text(WALK, encoding="utf-8")
    ran = run("calibrate", "radio", walk, "--name", "This flat")
    assert ran.status == 0
    assert "exponent 2." in ran.says
    (stored,) = (tmp_path / "home" / "radios").iterdir()
    document = json.loads(stored.read_text())
    assert document["schema"] == SCHEMA
    low, high = document["fitted"]["exponent_bounds_95"]
    assert low < 2.75 < high
    assert document["profile"]["exponent"]["source"].startswith("measured: This flat")
    assert "How signals fall was measured here: This flat." in run("locate", in_room).says
    with_it = json.loads(run("locate", in_room, "--json").out)
    assert not any("published values" in limit for limit in with_it["limits"])
    without = json.loads(run("locate", in_room, "--json", "--profile", "published").out)
    assert any("published values" in limit for limit in without["limits"])
    missing = run("locate", in_room, "--profile", "Another flat")
    assert missing.status == 3
    assert "there are: “This flat”" in missing.says
    stored.write_text('{"schema": "roomsweep.radio/1", "made_at": "", "profile": {"radio": "wifi"}}')
    assert "The stored radio profile This_flat.json cannot be used" in run("locate", in_room).says


def test_json_of_a_calibration_is_the_stored_profile(run: Any, tmp_path: Path) -> None:
    walk = tmp_path / "walk.csv"
    walk.write_text("x_m,y_m,rssi_dbm\n1,0,-40\n2,0,-46\n4,0,-52\n0,8,-58\n,,-90\n", encoding="utf-8")
    ran = run("calibrate", "radio", walk, "--at", "0,0", "--json")
    document = json.loads(ran.out)
    assert document["left_out"] == 1
    assert document["fitted"]["exponent"] == pytest.approx(2.0, abs=0.02)
    (profile,), bad = load_radio_profiles()
    assert bad == ()
    assert profile.exponent.value == document["profile"]["exponent"]["value"]


@pytest.mark.parametrize(
    ("text", "arguments", "status", "says"),
    [
        (WALK, ("--at", "a,b"), 2, "--at takes a place"),
        (WALK, ("--name", "!"), 2, "--name needs"),
        (WALK, ("--mac", "1"), 2, "--mac takes"),
        (WALK, ("--mac", "02:00:00:00:00:09"), 3, "holds no reading of 02:00:00:00:00:09"),
        ("spot,rssi_dbm\nbed,-50\n", (), 3, "does not tell how far away"),
        ("spot,rssi_dbm\n1 m,-50\n", (), 3, "at 1 distances"),
        ("mac,distance_m,rssi_dbm\n020000000001,1,-50\n020000000002,1,-50\n", (), 3, "Name the known one with --mac"),
    ],
)
def test_a_calibration_that_tells_too_little_is_refused(
    run: Any, tmp_path: Path, text: str, arguments: tuple[str, ...], status: int, says: str
) -> None:
    walk = tmp_path / "walk.csv"
    walk.write_text(text, encoding="utf-8")
    ran = run("calibrate", "radio", walk, *arguments)
    assert ran.status == status
    assert says in ran.says
    assert not (tmp_path / "home").exists()
