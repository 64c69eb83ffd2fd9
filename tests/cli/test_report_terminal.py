"""The result in a terminal: complete at any width, plain where it is not a terminal."""

import io
import re

import pytest
from rich.console import Console

from roomsweep.cli.report.terminal import print_result
from roomsweep.detect.result import (
    Evidence,
    Finding,
    FindingKind,
    Grade,
    Identity,
    Level,
    Result,
    Source,
    SourceState,
    Tool,
    Verdict,
    Where,
)

SUSPECT = Finding(
    id="F1",
    kind=FindingKind.LENS_GLINT,
    level=Level.SUSPECT,
    title="A spot that behaves like a lens",
    source_ids=("photo-1",),
    probability=0.33,
    where=Where(x_px=10, y_px=20),
    evidence=(
        Evidence(rule="shape.x", grade=Grade.M, weight_db=3, says="It is round.", reference="r"),
        Evidence(rule="torch.x", grade=Grade.M, weight_db=12, says="It goes out with the torch.", reference="r"),
    ),
    advice="Step aside.",
)
LOOK = Finding(
    id="F2",
    kind=FindingKind.BLUETOOTH_DEVICE,
    level=Level.LOOK,
    title="A speaker or a camera",
    source_ids=("ble-1",),
    where=Where(rssi_dbm=-80),
    identity=Identity(mac="02:00:00:00:00:01"),
)
NOTED = Finding(
    id="F3",
    kind=FindingKind.WIFI_NETWORK,
    level=Level.NOTED,
    title="Network Hotel",
    source_ids=("ble-1",),
    where=Where(rssi_dbm=-61),
    identity=Identity(bssid="02:00:00:00:00:07"),
)
SOURCES = (
    Source(
        id="photo-1", kind="photo", name="a.jpg", state=SourceState.EXAMINED, facts={"width_px": 90, "height_px": 90}
    ),
    Source(id="ble-1", kind="bluetooth_capture", name="b.cap", state=SourceState.PARTIAL, reason="ends in record 7"),
)


def result(*findings: Finding, verdict: Verdict, sources: tuple[Source, ...] = SOURCES) -> Result:
    return Result(
        tool=Tool(name="roomsweep", version="0"),
        started_at="2026-01-01T00:00:00+00:00",
        verdict=verdict,
        sources=sources,
        findings=findings,
        limits=("The ceiling was not photographed.",),
    )


def printed(shown: Result, *, width: int = 80, show_noted: bool = False) -> str:
    file = io.StringIO()
    print_result(shown, console=Console(file=file, width=width), show_noted=show_noted)
    return file.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [40, 80, 119, 120, 200])
def test_all_is_told_at_any_width(width: int) -> None:
    text = printed(result(SUSPECT, LOOK, NOTED, verdict=Verdict.SUSPECTS_FOUND), width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    told = set(re.findall(r"\w[\w.]*\w|\w", text))
    everything = "F1 F2 Strong signs Take a look lens speaker a.jpg upper left torch aside ceiling b.cap ends record"
    assert set(everything.split()) <= told
    assert "\x1b" not in text


def test_the_weightiest_reason_is_the_one_told() -> None:
    text = words(printed(result(SUSPECT, verdict=Verdict.SUSPECTS_FOUND)))
    assert "Why: It goes out with the torch." in text
    assert "It is round." not in text
    assert "Where: a.jpg, upper left" in text
    assert "about 1 in 3 things" in text


def test_noted_findings_are_counted_or_listed() -> None:
    shown = result(NOTED, verdict=Verdict.NOTHING_FOUND)
    counted, listed = printed(shown), printed(shown, show_noted=True)
    assert "Network Hotel" not in counted
    assert "One other thing was seen and noted" in words(counted)
    assert re.search(r"F3\s+Network Hotel\s+02:00:00:00:00:07\s+-61 dBm", listed)


def test_nothing_found_tells_what_was_not_looked_at() -> None:
    text = words(printed(result(verdict=Verdict.NOTHING_FOUND)))
    assert text.startswith("Nothing was found by the checks that ran.")
    assert "One input could not be examined whole" in text
    assert "- The ceiling was not photographed." in text
    assert not re.search(r"\bsafe|\bclear\b|\bno (hidden )?cameras?\b", text, re.I)


def test_what_to_do_fits_the_level() -> None:
    strong = words(printed(result(SUSPECT, LOOK, verdict=Verdict.SUSPECTS_FOUND)))
    weak = words(printed(result(LOOK, verdict=Verdict.WORTH_A_LOOK)))
    assert "1. Do not touch or move it." in strong
    assert "Do not touch" not in weak
    assert "How to check: Bluetooth device" in weak


def test_nothing_examined_and_no_input() -> None:
    text = words(printed(result(verdict=Verdict.NOT_EXAMINED, sources=())))
    assert "Nothing could be examined." in text
    assert "No input was given." in text


def test_synthetic_input_is_said_first() -> None:
    made = Source(id="p", kind="photo", name="made.png", state=SourceState.EXAMINED, facts={"synthetic": True})
    assert printed(result(verdict=Verdict.NOTHING_FOUND, sources=(made,))).startswith("This report is synthetic")


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = result(SUSPECT, verdict=Verdict.SUSPECTS_FOUND)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    file = io.StringIO()
    print_result(shown, console=Console(file=file, width=80, force_terminal=True, color_system="standard"))
    assert "\x1b[1;33m" in file.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    file = io.StringIO()
    print_result(shown, console=Console(file=file, width=80, force_terminal=True, color_system="standard"))
    assert not re.search(r"\x1b\[[\d;]*3[0-7]", file.getvalue())


def test_an_ascii_terminal_gets_escapes_and_no_error() -> None:
    odd = Finding(
        id="F1", kind=FindingKind.WIFI_NETWORK, level=Level.LOOK, title="Network 家里", source_ids=("photo-1",)
    )
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    print_result(result(odd, verdict=Verdict.WORTH_A_LOOK), console=Console(file=file, width=80))
    file.flush()
    assert b"Network \\u5bb6\\u91cc" in raw.getvalue()
