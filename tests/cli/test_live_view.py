import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from roomsweep.calibration.airwaves import synthetic_wifi
from roomsweep.cli.live_view import LiveView
from roomsweep.cli.sniffing import Sniffer
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.wifi import scapy_frames as frames
from roomsweep.detect.wifi.survey import Surveyor


def heard_so_far(**changes: Any) -> Any:
    """What the view asks of a sniffer."""
    return SimpleNamespace(**{"interface": "mon0", "seconds": 1.0, "frames": 0, "channel": 6, "notes": (), **changes})


def add(surveyor: Surveyor, pcap: bytes) -> None:
    for records in CaptureReader(io.BytesIO(pcap), name="air"):
        surveyor.add(records)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings are looked at after every block, however long that takes."""
    monkeypatch.setattr("roomsweep.cli.live_view._SHARE", float("inf"))


def pcap_of(*bodies: bytes) -> bytes:
    head = frames.radiotap(rssi_dbm=-40, channel=6, rate_mbps=1)
    out = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 7f000000")
    for second, body in enumerate(bodies, 1_767_225_600):
        record = head + frames.with_check_sequence(body)
        out += second.to_bytes(4, "little") + bytes(4) + len(record).to_bytes(4, "little") * 2 + record
    return out


@pytest.mark.usefixtures("no_pauses")
def test_lines_tell_what_is_raised_once_and_again_when_it_rises() -> None:
    out, surveyor = io.StringIO(), Surveyor()
    sniffer = heard_so_far(notes=("was heard on channel 6 only",))
    with LiveView(sniffer, seconds=60, console=Console(file=out, width=80)) as view:
        view.show(surveyor)
        assert "Take a look" not in out.getvalue()
        add(surveyor, synthetic_wifi(seed=1, seconds=2.0).data)
        view.show(surveyor)
        view.show(surveyor)
        early = out.getvalue()
        add(surveyor, synthetic_wifi(seed=1, seconds=20.0).data)
        sniffer.seconds = 21.0
        view.show(surveyor)
    late = out.getvalue().removeprefix(early)
    assert early.count("Says it is a camera: Wi-Fi network “GHBB-000001-NRLXW”") == 1
    assert early.count("Take a look: Station ec:71:db") == 1
    assert early.count("mon0 was heard on channel 6 only.") == 1
    assert late.count("Strong signs: Station ec:71:db") == 1
    assert "GHBB" not in late
    assert "only" not in late
    assert "21 of 60 s, channel 6, " in late
    assert "Noted" not in early + late


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("terminal", [False, True])
def test_hostile_names_do_nothing_to_the_screen(terminal: bool) -> None:
    out, surveyor = io.StringIO(), Surveyor()
    names = (b"GHBB-000001-NRLXW", b"\x1b]0;gone\x07\x1b[2J", b"[bold]a[/nothing]", b"a\r\nb", "\u202eabc".encode())
    bodies = [
        frames.beacon(bssid=f"00:0b:86:00:00:{number:02x}", ssid=name, channel=6, protected=True)
        for number, name in enumerate(names)
    ]
    add(surveyor, pcap_of(*bodies * 3))
    console = Console(file=out, width=100, height=30, force_terminal=terminal, color_system=None)
    with LiveView(heard_so_far(frames=15), seconds=60, console=console) as view:
        view.show(surveyor)
    shown = out.getvalue()
    assert "GHBB-000001-NRLXW" in shown
    assert "\x1b]0" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert shown.count("\x1b[2J") == 0
    assert ("[bold]a" in shown) is terminal, "noted things are shown in a terminal only"


@pytest.mark.usefixtures("no_pauses")
def test_a_small_screen_shows_the_strongest_and_counts_the_rest() -> None:
    out, surveyor = io.StringIO(), Surveyor()
    bodies = [
        frames.beacon(bssid=f"00:0b:86:00:{number:02x}:00", ssid=f"net {number}".encode(), channel=6, protected=True)
        for number in range(40)
    ]
    hidden = frames.beacon(bssid="10:a4:be:00:00:01", ssid=b"GHBB-000001-NRLXW", channel=6, protected=False)
    add(surveyor, pcap_of(*bodies, hidden, *bodies))
    console = Console(file=out, width=80, height=15, force_terminal=True, color_system=None)
    with LiveView(heard_so_far(), seconds=60, console=console) as view:
        view.show(surveyor)
        lines = out.getvalue().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("Level"))
    assert lines[first + 1].startswith("Says it is a camera")
    assert sum(line.startswith("Noted") for line in lines) == 5
    assert "... and 35 more, weaker ones" in out.getvalue()
    assert max(map(len, lines)) <= 80 + len("\x1b[?25l")


def test_the_view_asks_only_what_a_sniffer_has() -> None:
    names = set(vars(heard_so_far()))
    here = {name for name in names if hasattr(Sniffer, name)}
    assert names - here == {"interface", "seconds", "frames"}, "these are set by Sniffer's constructor"
