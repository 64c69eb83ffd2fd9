import json
import os
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import jsonschema
import numpy as np
import pytest

from roomsweep.calibration.airwaves import synthetic_bluetooth, synthetic_wifi
from roomsweep.cli.app import app, main
from roomsweep.detect.result import result_schema

#: What nobody may conclude from a sweep, in any words; clearing of floats is the style sheet's.
FORBIDDEN = re.compile(
    r"\bsafe\b|\ball[- ]clear\b|\b(is|are|room|looks|seems) (now )?clear\b"
    r"|\bno (hidden |spy )?cameras? (\w+ ){0,2}(found|present|here|detected|seen)\b|\bfree of cameras\b",
    re.IGNORECASE,
)

#: Characters that act on a terminal or turn a line around.
SHAPELESS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Ran(NamedTuple):
    """How one run of the command line ended."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The one document on standard output, checked against the schema."""
        document = json.loads(self.out)
        jsonschema.validate(document, result_schema())
        assert isinstance(document, dict)
        return document

    def source(self, source_id: str) -> dict[str, Any]:
        return next(source for source in self.result["sources"] if source["id"] == source_id)


class Room(NamedTuple):
    """Small inputs of one room."""

    on: Path
    off: Path
    wifi: Path
    bluetooth: Path


def picture(*, lit: bool) -> np.ndarray:
    """A stained wall with a point of light that needs the torch."""
    rng = np.random.default_rng(2)
    grain = cv2.GaussianBlur(rng.normal(size=(240, 320)), (0, 0), 5.0)
    wall = 90.0 + 12.0 * grain / grain.std()
    for number in range(6):
        cv2.rectangle(wall, (30 + 50 * number, 20), (60 + 50 * number, 60 + 10 * number), 50.0 + 15 * number, -1)
    if lit:
        rows, columns = np.indices(wall.shape)
        wall += 150.0 * np.exp(-((columns + 0.5 - 160.5) ** 2 + (rows + 0.5 - 180.5) ** 2) / (2 * 1.2**2))
    grey = np.clip(wall + np.random.default_rng(int(lit)).normal(0, 1.5, wall.shape), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    folder = tmp_path_factory.mktemp("room")
    out = Room(*(folder / name for name in ("on.png", "off.png", "air.pcap", "ble.btsnoop")))
    cv2.imwrite(str(out.on), picture(lit=True))
    cv2.imwrite(str(out.off), picture(lit=False))
    out.wifi.write_bytes(synthetic_wifi(seed=1, seconds=3.0).data)
    out.bluetooth.write_bytes(synthetic_bluetooth(seed=1, seconds=3.0).data)
    return out


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command line in this process, in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "200")

    def run_it(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["roomsweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        code = ended.value.code
        ran = Ran(code if isinstance(code, int) else 0, captured.out, captured.err)
        for text in (ran.out, ran.err):
            assert not FORBIDDEN.search(text), FORBIDDEN.search(text)
            assert "Traceback" not in text
        return ran

    return run_it


def page_text(path: Path) -> str:
    """The words of an HTML page, without its style sheet."""

    class Words(HTMLParser):
        text = ""
        inside = True

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.inside = tag not in ("style", "script")
            self.text += " ".join(value or "" for name, value in attrs if name in ("alt", "title", "aria-label"))

        def handle_endtag(self, tag: str) -> None:
            self.inside = True

        def handle_data(self, data: str) -> None:
            if self.inside:
                self.text += data

    words = Words()
    words.feed(path.read_text(encoding="utf-8"))
    text = re.sub(r"\s+", " ", words.text)
    assert len(text) > 500
    assert not FORBIDDEN.search(text), FORBIDDEN.search(text)
    return text


# --- what a sweep ends in


def test_a_whole_sweep(run: Any, room: Room, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    ran = run("sweep", "--pair", room.on, room.off, "--wifi", room.wifi, "--bluetooth", room.bluetooth, "--out", out)
    assert ran.status == 0
    assert "GHBB-" in ran.out
    assert str(out) in ran.out.replace("\n", "")
    saved = json.loads((out / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(saved, result_schema())
    assert saved["verdict"] == "camera_identified"
    assert [(source["id"], source["state"]) for source in saved["sources"]] == [
        ("pair-1", "examined"),
        ("wifi-1", "examined"),
        ("bluetooth-1", "examined"),
    ]
    assert "GHBB-" in page_text(out / "report.html")
    for source in saved["sources"]:
        assert re.fullmatch(r"[0-9a-f]{64}", source["facts"]["sha256"])
    glint = next(finding for finding in saved["findings"] if finding["kind"] == "lens_glint")
    assert abs(glint["where"]["x_px"] - 160.5) < 1
    assert abs(glint["where"]["y_px"] - 180.5) < 1


def test_json_is_one_document_and_the_notes_are_elsewhere(run: Any, room: Room, tmp_path: Path) -> None:
    ran = run("sweep", "--photo", room.on, "--wifi", room.wifi, "--out", tmp_path / "out", "--json")
    assert ran.status == 0
    assert ran.result["schema"] == "roomsweep.result/1"
    assert ran.out.isascii()
    assert ran.out.endswith("}\n")
    assert "report.html" in ran.err.replace("\n", "")
    assert json.loads((tmp_path / "out" / "result.json").read_text()) == ran.result
    assert "\n{" not in ran.err


def test_json_without_a_folder_writes_nothing(run: Any, room: Room) -> None:
    ran = run("sweep", "--photo", room.on, "--json")
    assert ran.result["verdict"] in ("worth_a_look", "nothing_found")
    assert list(Path.cwd().iterdir()) == []


def test_without_a_folder_a_dated_one_is_made(run: Any, room: Room) -> None:
    assert run("sweep", "--photo", room.on).status == 0
    (folder,) = Path.cwd().iterdir()
    assert re.fullmatch(r"sweep-\d{8}-\d{6}", folder.name)
    assert {"report.html", "result.json"} <= {path.name for path in folder.iterdir()}


def test_two_pairs_in_their_order(run: Any, room: Room) -> None:
    ran = run("sweep", "--pair", room.on, room.off, "--pair", room.off, room.on, "--json")
    assert [source["name"] for source in ran.result["sources"]] == ["on.png + off.png", "off.png + on.png"]
    assert [source["id"] for source in ran.result["sources"]] == ["pair-1", "pair-2"]


@pytest.mark.parametrize("command", ["glint", "wifi", "bluetooth"])
def test_commands_for_one_kind(run: Any, room: Room, command: str) -> None:
    path = {"glint": room.on, "wifi": room.wifi, "bluetooth": room.bluetooth}[command]
    ran = run(command, path, path, "--json")
    assert ran.status == 0
    assert [source["state"] for source in ran.result["sources"]] == ["examined", "examined"]
    text = run(command, path)
    assert text.status == 0
    assert path.name in text.out
    assert list(Path.cwd().iterdir()) == []


def test_glint_with_the_torch_off_picture_is_a_pair(run: Any, room: Room, tmp_path: Path) -> None:
    ran = run("glint", room.on, "--torch-off", room.off, "--annotate", tmp_path / "marked", "--json")
    (source,) = ran.result["sources"]
    assert (source["kind"], source["state"]) == ("pair", "examined")
    assert (tmp_path / "marked" / "report.html").is_file()


def test_marked_pictures_are_written_for_what_is_worth_a_look(run: Any, room: Room, tmp_path: Path) -> None:
    ran = run("glint", room.on, "--annotate", tmp_path / "marked", "--json")
    looks = [finding for finding in ran.result["findings"] if finding["level"] != "noted"]
    written = sorted(path.name for path in (tmp_path / "marked").iterdir() if path.suffix == ".jpg")
    assert len(looks) >= 1
    assert written == [*sorted(f"{finding['id']}-crop.jpg" for finding in looks), "photo-1-on.png-marked.jpg"]
    image = cv2.imread(str(tmp_path / "marked" / "photo-1-on.png-marked.jpg"))
    assert image is not None
    assert image.shape == (240, 320, 3)


def test_all_lists_what_was_only_noted(run: Any, room: Room) -> None:
    few, many = run("wifi", room.wifi).out, run("wifi", room.wifi, "--all").out
    assert "SEAVIEW-STAFF" not in few
    assert "SEAVIEW-STAFF" in many


# --- exit statuses


def test_fail_on_a_level(run: Any, room: Room) -> None:
    assert run("wifi", room.wifi, "--json", "--fail-on", "identified").status == 1
    assert run("wifi", room.wifi, "--json", "--fail-on", "look").status == 1
    assert run("glint", room.on, "--json", "--fail-on", "identified").status == 0
    assert run("glint", room.on, "--json", "--fail-on", "suspect").status == 0
    assert run("glint", room.on, "--json", "--fail-on", "noted").status == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("sweep",),
        ("sweep", "--json"),
        ("sweep", "--pair", "on.png"),
        ("sweep", "--pair", "on.png", "--json"),
        ("sweep", "--pair", "on.png", "off.png", "--pair", "on.png"),
        ("sweep", "--pair", "on.png", "off.png", "third.png"),
        ("sweep", "--photo"),
        ("sweep", "--photo", "on.png", "--fail-on", "everything"),
        ("sweep", "--unheard-of"),
        ("unheard-of",),
        ("glint",),
        ("glint", "a.png", "b.png", "--torch-off", "c.png"),
        ("wifi",),
        ("bluetooth", "--json"),
    ],
)
def test_wrong_usage(run: Any, arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.status == 2
    if arguments:
        assert ran.out == ""
    assert ran.err or ran.out


def test_nothing_readable(run: Any, tmp_path: Path) -> None:
    note = tmp_path / "note.jpg"
    note.write_text("to do: buy milk")
    ran = run("sweep", "--photo", note, "--wifi", tmp_path / "missing.pcap", "--bluetooth", note, "--json")
    assert ran.status == 3
    assert ran.result["verdict"] == "not_examined"
    assert {source["state"] for source in ran.result["sources"]} == {"not_examined"}
    assert ran.result["findings"] == []
    text = run("sweep", "--photo", note, "--out", tmp_path / "out")
    assert text.status == 3
    assert "text file" in text.out
    assert "text file" in page_text(tmp_path / "out" / "report.html")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_folder_that_cannot_be_written(run: Any, room: Room, tmp_path: Path, as_json: bool) -> None:
    file = tmp_path / "a file"
    file.write_text("x")
    for out in (file / "out", file):
        ran = run("sweep", "--wifi", room.wifi, "--out", out, *(["--json"] if as_json else []))
        assert ran.status == 4
        assert "GHBB-" in ran.out  # the result is not lost
        assert "could not be written" in ran.err
        if as_json:
            assert ran.result["verdict"] == "camera_identified"


# --- one bad input does not cost the others


def bad_inputs(folder: Path, room: Room) -> dict[str, tuple[list[object], str, str, str]]:
    """Arguments, source id, state and a word of the reason."""
    text, empty, half, truncated = (folder / name for name in ("text.txt", "empty.jpg", "half.png", "cut.pcap"))
    text.write_text("not what you think\n" * 9)
    empty.write_bytes(b"")
    half.write_bytes(room.on.read_bytes()[: room.on.stat().st_size // 2])
    truncated.write_bytes(room.wifi.read_bytes()[:-7])
    none = folder / "none.jpg"
    return {
        "missing photo": (["--photo", none], "photo-1", "not_examined", "was not found"),
        "text as photo": (["--photo", text], "photo-1", "not_examined", "text file"),
        "empty photo": (["--photo", empty], "photo-1", "not_examined", "empty"),
        "folder as photo": (["--photo", folder], "photo-1", "not_examined", "folder"),
        "half a photo": (["--photo", half], "photo-1", "partial", "ends early"),
        "missing torch-on": (["--pair", none, room.off], "pair-1", "not_examined", "was not found"),
        "missing torch-off": (["--pair", room.on, none], "pair-1", "partial", "none.jpg"),
        "text as torch-off": (["--pair", room.on, text], "pair-1", "partial", "text file"),
        "missing Wi-Fi": (["--wifi", folder / "no.pcap"], "wifi-1", "not_examined", "was not found"),
        "text as Wi-Fi": (["--wifi", text], "wifi-1", "not_examined", "text"),
        "truncated Wi-Fi": (["--wifi", truncated], "wifi-1", "partial", "ends"),
        "Bluetooth as Wi-Fi": (["--wifi", room.bluetooth], "wifi-1", "not_examined", "Bluetooth"),
        "photo as Wi-Fi": (["--wifi", room.on], "wifi-1", "not_examined", ""),
        "Wi-Fi as Bluetooth": (["--bluetooth", room.wifi], "bluetooth-2", "not_examined", "Wi-Fi"),
        "folder as Bluetooth": (["--bluetooth", folder], "bluetooth-2", "not_examined", "folder"),
        "name too long": (["--photo", "a" * 5000], "photo-1", "not_examined", ""),
    }


BAD = [
    "missing photo",
    "text as photo",
    "empty photo",
    "folder as photo",
    "half a photo",
    "missing torch-on",
    "missing torch-off",
    "text as torch-off",
    "missing Wi-Fi",
    "text as Wi-Fi",
    "truncated Wi-Fi",
    "Bluetooth as Wi-Fi",
    "photo as Wi-Fi",
    "Wi-Fi as Bluetooth",
    "folder as Bluetooth",
    "name too long",
]


@pytest.mark.parametrize("case", BAD)
def test_a_bad_input_is_told_and_the_rest_is_examined(run: Any, room: Room, tmp_path: Path, case: str) -> None:
    arguments, source_id, state, reason = bad_inputs(tmp_path, room)[case]
    out = tmp_path / "out"
    ran = run("sweep", "--bluetooth", room.bluetooth, *arguments, "--out", out, "--json")
    assert ran.status == 0
    bad = ran.source(source_id)
    assert bad["state"] == state
    assert reason in bad["reason"]
    assert ran.source("bluetooth-1")["state"] == "examined"
    assert bad["reason"][:20] in " ".join(ran.result["limits"])
    if reason:
        assert reason in page_text(out / "report.html")
    if state == "partial" and source_id.startswith("p"):
        assert (out / "report.html").stat().st_size > 10_000


def test_a_fault_in_one_detector_does_not_cost_the_others(
    run: Any, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    import roomsweep.detect.wifi.examine as examine

    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("in a test")

    monkeypatch.setattr(examine, "examine_capture", broken)
    ran = run("sweep", "--wifi", room.wifi, "--photo", room.on, "--json")
    assert ran.status == 0
    assert ran.source("wifi-1")["state"] == "not_examined"
    assert "fault in roomsweep" in ran.source("wifi-1")["reason"]
    assert ran.source("photo-1")["state"] == "examined"


# --- names that strangers chose

HOSTILE = {
    "escape": "a\x1b[2J\x1b[31mb\x1b]0;x\x07.png",
    "markup": "[red]x[link=http:x]y[bold]:warning:.png",
    "html": "<img src=x onerror=alert(1)>&lt;.png",
    "newline": "a\nSource: all is well\r.png",
    "bidi": "a\u202egnp.exe\u2066\u200b.png",
    "quotes": "\"' onmouseover='alert(1).png",
    "template": "{{ 7*7 }}{path}%s.png",
    "dots": "..png",
    "surrogate": os.fsdecode(b"a\xff\xfe.png"),
    "dash": "-rf.png",
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_file_names_do_nothing(run: Any, room: Room, tmp_path: Path, attack: str) -> None:
    hostile = tmp_path / "in" / HOSTILE[attack]
    hostile.parent.mkdir()
    hostile.write_bytes(room.on.read_bytes())
    out = tmp_path / "out"
    ran = run("sweep", "--photo", hostile, "--pair", hostile, tmp_path / "in" / (HOSTILE[attack] + "x"), "--out", out)
    assert ran.status == 0
    for text in (ran.out, ran.err, (out / "report.html").read_text(encoding="utf-8")):
        assert {char for char in text if unicodedata.category(char) in SHAPELESS} <= {"\n"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "onmouseover='" not in page
    assert "Source: all is well\n" not in ran.out
    json_text = (out / "result.json").read_text(encoding="utf-8")
    assert json_text.isascii()
    assert json.loads(json_text)["sources"][0]["name"] in (HOSTILE[attack],) or attack == "dots"
    for path in out.iterdir():
        assert re.fullmatch(r"[\w.-]+", path.name)
        assert not path.name.startswith((".", "-"))
    assert sorted(path.name for path in out.parent.iterdir()) == ["here", "in", "out"]


def test_a_hostile_missing_name_in_a_message(run: Any) -> None:
    ran = run("sweep", "--photo", "no\x1b[31m\u202e.png")
    assert ran.status == 3
    for text in (ran.out, ran.err):
        assert {char for char in text if unicodedata.category(char) in SHAPELESS} <= {"\n"}


# --- the demonstration


def test_the_demonstration_is_synthetic_and_identifies_its_network(run: Any, tmp_path: Path) -> None:
    ran = run("demo", "--out", tmp_path / "demo")
    assert ran.status == 0
    assert "synthetic" in ran.out
    result = json.loads((tmp_path / "demo" / "result.json").read_text())
    jsonschema.validate(result, result_schema())
    assert result["verdict"] == "camera_identified"
    assert all(source["facts"]["synthetic"] is True for source in result["sources"])
    assert all(source["state"] == "examined" for source in result["sources"])
    assert all("synthetic" in source["name"] for source in result["sources"])
    first = result["findings"][0]
    assert first["level"] == "identified"
    assert first["identity"]["ssid"].startswith("GHBB-")
    text = page_text(tmp_path / "demo" / "report.html")
    assert "synthetic" in text
    assert "GHBB-" in text


def test_the_demonstration_where_nothing_can_be_written(run: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ran = run("demo", "--out", tmp_path / "file" / "demo")
    assert ran.status == 4
    assert "could not be written" in ran.err


# --- help, and the program as installed


COMMANDS = sorted(command.name or command.callback.__name__ for command in app.registered_commands if command.callback)

#: roomsweep in a fresh interpreter: what it says on --help, and which costly modules that took.
FRESH = """
import sys
from roomsweep.cli.app import main
for command in COMMANDS:
    sys.argv = ["roomsweep", *([command] if command else []), "--help"]
    try:
        main()
    except SystemExit as ended:
        assert ended.code in (0, None), (command, ended.code)
costly = {"cv2", "numpy", "scapy", "PIL", "jinja2", "scipy"} & set(sys.modules)
print("IMPORTED", sorted(costly))
"""


def test_help_of_every_command_imports_nothing_costly() -> None:
    assert {"sweep", "glint", "wifi", "bluetooth", "demo", "doctor"} <= set(COMMANDS)
    code = FRESH.replace("COMMANDS", repr(["", *COMMANDS]))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.rstrip().endswith("IMPORTED []")
    assert ran.stdout.count("Usage: ") == len(COMMANDS) + 1


def installed(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("roomsweep")
    if not program.is_file():
        pytest.skip(f"roomsweep is not installed beside {sys.executable}")
    return subprocess.run(
        [str(program), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, **options
    )


def test_the_installed_program_says_its_version() -> None:
    ran = installed("--version")
    assert ran.returncode == 0
    assert re.fullmatch(r"roomsweep \d+\.\d+\S*\n", ran.stdout)


def test_the_installed_program_sweeps(room: Room, tmp_path: Path) -> None:
    ran = installed("sweep", "--wifi", room.wifi, "--photo", tmp_path / "none.jpg", "--json", cwd=tmp_path)
    assert ran.returncode == 0
    document = json.loads(ran.stdout)
    jsonschema.validate(document, result_schema())
    assert document["verdict"] == "camera_identified"
    assert ran.stderr == ""


def test_the_installed_program_without_input() -> None:
    ran = installed("sweep")
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "--photo" in ran.stderr


def test_a_reader_that_goes_away_is_no_fault(room: Room, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("roomsweep")
    if not program.is_file():
        pytest.skip(f"roomsweep is not installed beside {sys.executable}")
    reading, writing = os.pipe()
    os.close(reading)  # nobody reads
    try:
        ran = subprocess.run(
            [str(program), "wifi", str(room.wifi), "--json"],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            cwd=tmp_path,
        )
    finally:
        os.close(writing)
    assert b"Traceback" not in ran.stderr
    assert b"fault" not in ran.stderr
    assert ran.returncode == 0
