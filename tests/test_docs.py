"""README and docs against the code: commands, options, links, file names, tables, wording."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from roomsweep.cli.app import app
from roomsweep.detect.result import Level, Verdict

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Folders of the repository: a path in the text that begins with one of them must exist.
FOLDERS = ("detect", "cli", "calibration", "tests", "benchmarks", "docs", "tools", ".ci")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")

#: What no page may say of a room. Pages that forbid the words put them in quotation marks or code.
_PROMISE = re.compile(
    r"\bsafe(?:ly|ty)?\b|\bclear\b|\bno (?:hidden )?cameras?\b|\bcamera-free\b|\bguarantee", re.IGNORECASE
)

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def shell_lines(text: str) -> list[str]:
    """Lines of shell blocks, comments and continuations taken out."""
    blocks = [body for language, body in _FENCE.findall(text) if language in ("", "sh", "bash", "console")]
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [line.split(" #")[0].strip() for line in joined.splitlines()]


def command_lines(text: str) -> list[list[str]]:
    """Every quoted command line of roomsweep, in blocks and within sentences, as words after the program."""
    quoted = shell_lines(text) + _INLINE.findall(_FENCE.sub("", text))
    found = [re.fullmatch(r"(?:\.venv/bin/)?roomsweep\b(?![/.])(.*)", line.strip()) for line in quoted]
    return [match[1].split() for match in found if match]


@cache
def help_of(command: str) -> str:
    done = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


@cache
def options_of(command: str) -> frozenset[str]:
    """Options that the help lists at the beginning of a line."""
    return frozenset(re.findall(r"^\s*(--[a-z][a-z-]*)", help_of(command), re.MULTILINE))


def listed(command: str) -> list[str]:
    """Commands that the help of a command lists, with all words after the program."""
    names = re.findall(r"^  ([a-z]+)  ", help_of(command).partition("Commands:")[2], re.MULTILINE)
    return [f"{command} {name}".strip() for name in names]


@cache
def commands() -> frozenset[str]:
    """Every command; one that only groups others stands for them, as in ``calibrate camera``."""
    return frozenset(inner for name in listed("") for inner in listed(name) or [name])


def command_of(words: list[str]) -> str:
    """The command that a command line names: of two words where they are one's name; "" if it names none."""
    before = [word for word in words if not word.startswith("-")]
    if not before or words[0].startswith("-"):
        return ""
    return " ".join(before[:2]) if " ".join(before[:2]) in commands() else before[0]


def test_the_pages_quote_command_lines() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = command_lines(text)
    assert {words[0] for words in lines if words} >= {"sweep", "glint", "wifi", "bluetooth", "demo", "doctor"}
    assert ["glint", "on.jpg", "--torch-off", "off.jpg", "--annotate", "marked"] in lines


@by_page
def test_every_command_line_names_a_command_and_options_that_exist(page: Path) -> None:
    for words in command_lines(page.read_text(encoding="utf-8")):
        command = command_of(words)
        if command:
            assert command in commands(), f"roomsweep {' '.join(words)}"
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= options_of(command), f"roomsweep {' '.join(words)}"


def test_the_help_is_read_rightly() -> None:
    assert commands() >= {"sweep", "glint", "wifi", "bluetooth", "demo", "doctor"}
    assert {"--pair", "--photo", "--wifi", "--bluetooth", "--json", "--out"} <= options_of("sweep")
    assert "--pair" not in options_of("wifi")
    assert "--lens" in options_of("calibrate camera")
    assert command_of(["calibrate", "camera", "--lens", "a.jpg", "1"]) == "calibrate camera"
    assert command_of(["wifi", "room.pcap"]) == "wifi"


def test_readme_lists_every_command_and_every_option_with_its_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {command for words in command_lines(text) if (command := command_of(words))} == commands()
    rows = re.findall(r"^\| (`--[^|]*) \| ([^|]*) \|", text, re.MULTILINE)
    told: dict[str, set[str]] = {}
    for options, of in rows:
        names = {"", *commands()} if of == "before the command" else set(_INLINE.findall(of))
        if of == "all":
            names = set(commands())
        if of == "before the command":
            names = {""}
        for option in _OPTION.findall(options):
            told.setdefault(option, set()).update(names)
    told["--help"].add("")
    real: dict[str, set[str]] = {}
    for command in ("", *commands()):
        for option in options_of(command):
            real.setdefault(option, set()).add(command)
    assert told == real


def test_readme_states_the_two_commands_and_the_makefile_has_them() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = shell_lines(text)
    assert {"make test", "make demo"} <= set(lines)
    named = {line.split()[1] for page in PAGES for line in shell_lines(page.read_text("utf-8")) if line[:5] == "make "}
    assert named <= targets


def test_readme_explains_every_verdict_and_level() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for word in (*Verdict, *Level):
        assert f"`{word}`" in text


@by_page
def test_every_relative_link_resolves(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name}: {target}"


@by_page
def test_every_file_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    words = {word for quoted in _INLINE.findall(text) for word in quoted.split()}
    words |= {word for line in shell_lines(text) for word in line.split()}
    for word in words:
        if word.split("/")[0] in FOLDERS and "/" in word:
            assert any(ROOT.glob(word.rstrip("/"))), f"{page.name}: {word}"


@by_page
def test_no_page_promises_anything_about_a_room(page: Path) -> None:
    text = _INLINE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    # Words that are quoted, and sentences on what no output may say.
    found = _PROMISE.search(re.sub(r"“[^”]*”|No output may[^.]*\.", "", text))
    assert found is None, f"{page.name}: {found[0] if found else ''}"


@pytest.mark.parametrize(
    "sentence",
    ["The room is safe.", "All clear!", "There are no cameras here.", "No camera was found.", "This guarantees it."],
)
def test_a_promise_would_be_found(sentence: str) -> None:
    assert _PROMISE.search(sentence)


@by_page
def test_no_page_names_a_path_of_one_machine(page: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|Users)/", page.read_text(encoding="utf-8"))


def test_the_pictures_are_small_and_shown_as_synthetic() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert pictures
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    for picture in pictures:
        assert picture.stat().st_size < 300_000, picture.name
        assert f"docs/pictures/{picture.name}" in shown
    assert "synthetic material" in shown


def test_the_tables_are_those_of_the_results() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "docs_tables.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "<!-- table: wifi_summary -->" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_tables_of_lenses_are_written_from_their_result(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("docs_tables", ROOT / "tools" / "docs_tables.py")
    assert spec is not None
    assert spec.loader is not None
    docs_tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(docs_tables)
    page = "<!-- table: lens_summary -->\nold\n<!-- end -->\n<!-- table: accuracy_lens -->\n<!-- end -->\n"
    assert docs_tables.filled(page, results=tmp_path).count("Not measured yet") == 2
    share = {"k": 8, "n": 9, "share": 0.8889, "bounds_95": [0.5175, 0.9972]}
    row = {
        "recall_at_look_or_higher": share,
        "first_3": share,
        "false_per_picture_at_look_or_higher": {"count": 9, "pictures": 6, "rate": 1.5, "bounds_95": [0.686, 2.848]},
    }
    unlit = {"false_per_picture_at_look_or_higher": row["false_per_picture_at_look_or_higher"]}
    common = {"pictures": 6, "scenes": 3}
    sets = {
        "real_photo": {**common, "detectable_lenses": 9, "methods": {"roomsweep_held_out": row, "top_hat": row}},
        "no_lens_photo": {**common, "detectable_lenses": 0, "methods": {"roomsweep_held_out": unlit}},
    }
    (tmp_path / "accuracy_lens.json").write_text(json.dumps({"sets": sets}), encoding="utf-8")
    done = docs_tables.filled(page, results=tmp_path)
    assert "old" not in done
    assert "| 8 of 9 | 52 % to 99.7 % | 8 | 1.5 | 0.7 to 2.8 |" in done
    assert "without a lens, one photo: 6 | – | – | – | 1.5 |" in done
    assert "| top hat |" in done


def test_notice_names_what_the_readme_names() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for word in (
        "scapy",
        "GPL-2.0-only",
        "recog",
        "Rapid7",
        "IEEE",
        "Bluetooth SIG",
        "Home Assistant",
        "Apache-2.0",
        "wifi_taxonomy",
    ):
        assert word in notice
