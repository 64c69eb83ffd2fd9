"""The live search: what is typed, what is kept, what is shown, and a run on an interface of the kernel."""

import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from roomsweep.cli.commands import locate
from roomsweep.cli.keys import Keys
from roomsweep.cli.search import ReadingsFile, Search, mark_of
from roomsweep.cli.search_view import SearchView, big
from roomsweep.detect.errors import UnavailableError
from roomsweep.detect.mac import parse_mac
from roomsweep.detect.place.readings import Tag, parse_readings
from roomsweep.detect.place.spots import spots_of
from roomsweep.detect.place.warmer import Trend
from roomsweep.detect.wifi import scapy_frames
from roomsweep.detect.wifi.frames import Frames

MAC = "02:11:22:33:44:55"
ADDRESS = parse_mac(MAC)


def heard(second: float, *levels: int, sender: int = ADDRESS) -> Frames:
    """One block of frames, a tenth of a second apart, from 2026 on."""
    count = len(levels)
    zeros = np.zeros(count, np.int64)
    return Frames(
        data=np.zeros(0, np.uint8),
        mac_at=zeros,
        mac_end=zeros,
        t_ns=np.int64(1_767_225_600_000_000_000) + np.int64(second * 1e9) + np.arange(count) * np.int64(100_000_000),
        length=zeros,
        kind=zeros.astype(np.uint8),
        flags=zeros.astype(np.uint8),
        duration=zeros.astype(np.uint16),
        addr1=zeros.astype(np.uint64),
        addr2=zeros.astype(np.uint64),
        addr3=zeros.astype(np.uint64),
        transmitter=np.full(count, sender, np.uint64),
        sequence=zeros.astype(np.uint16),
        signal_dbm=np.array(levels, np.int8),
        channel_mhz=np.full(count, 2437, np.uint16),
    )


@pytest.fixture
def search(tmp_path: Path) -> Iterator[Search]:
    with ReadingsFile(tmp_path / "r.csv") as file:
        yield Search(mac=MAC, file=file)


@pytest.mark.parametrize(
    ("line", "name", "place"),
    [
        ("corner 1", "corner 1", None),
        ("  ", "spot 4", None),
        ("corner 1 @ 0, 3.2", "corner 1", (0.0, 3.2)),
        ("corner@-1.5,2", "corner", (-1.5, 2.0)),
        ("corner @ 0,5; 3,2", "corner", (0.5, 3.2)),
        ("corner @ 1 2 m", "corner", (1.0, 2.0)),
        ("@ 1 2", "spot 4", (1.0, 2.0)),
        ("me@home", "me@home", None),
    ],
)
def test_a_typed_line_is_a_name_and_perhaps_a_position(line: str, name: str, place: tuple[float, float] | None) -> None:
    told, x_m, y_m = mark_of(line, number=4)
    assert told == name
    assert (None if np.isnan(x_m) else (x_m, y_m)) == place


def test_named_places_go_to_a_file_that_is_read_again(search: Search, tmp_path: Path) -> None:
    levels = {0: -70, 1: -69, 2: -60, 3: -50, 4: -50, 5: -50, 6: -50}
    trends = []
    for second, level in levels.items():
        trends.append(search.add(heard(second, level, level, level), address=ADDRESS).trend)
        search.add(heard(second + 0.5, -10, sender=ADDRESS + 1), address=ADDRESS)
        if second == 1:
            search.mark("door @ 0, 0")
    search.mark("=HYPERLINK(1)")
    assert Trend.WARMER in trends
    assert search.moment.best_dbm == -50.0
    assert [mark.level_dbm for mark in search.marks] == [-69.5, -50.0]
    readings = parse_readings((tmp_path / "r.csv").read_bytes(), name="r.csv")
    assert readings.left_out == 0
    assert set(readings.mac) == {MAC}
    spots = spots_of(readings)
    assert spots.name == ("door", "'=HYPERLINK(1)")
    assert spots.rssi_dbm.tolist() == [-69.5, -50.0]
    assert spots.tag == (Tag.DOOR, None)
    assert spots.x_m[0] == 0.0


def test_silence_is_counted_and_its_place_not_noted(search: Search) -> None:
    empty = heard(0.0)
    for _ in range(6):
        search.add(empty, address=ADDRESS)
    assert search.moment.trend is Trend.LOST
    assert search.mark("bed").level_dbm is None
    assert search.marks == []


def test_a_clock_that_jumps_back_does_not_stop_the_search(search: Search) -> None:
    for second in (0.0, 1.0, -3600.0, -3599.0):
        search.add(heard(second, -60, -60), address=ADDRESS)
    assert search.moment.t_s > 2.0


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(UnavailableError, match="is there already"):
        ReadingsFile(path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_letters_come_as_they_are_typed_and_lines_at_enter() -> None:
    reader, writer = os.pipe()
    with Keys(reader) as keys:
        os.write(writer, "bäx".encode() + b"\x7fd")
        deadline = time.monotonic() + 5
        while keys.typed != "bäd" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert keys.typed == "bäd"
        os.write(writer, b" 1\n\n")
        while len(lines := keys.lines()) < 2 and time.monotonic() < deadline:
            if lines:
                break
            time.sleep(0.01)
        assert lines[0] == "bäd 1"
    os.close(writer)
    os.close(reader)


def typed(*lines: str) -> Any:
    waiting = [list(lines)]
    return SimpleNamespace(typed="bed", lines=lambda: waiting.pop() if waiting else [])


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_view_shows_word_bar_best_and_places(search: Search, encoding: str) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=out, force_terminal=True, width=80, height=30, legacy_windows=False)
    with SearchView(search, interface="mon0", channel=6, keys=typed("corner 1"), console=console) as view:
        for second, level in enumerate((-70, -70, -50, -62)):
            search.add(heard(second, level, level), address=ADDRESS)
        view.show()
        view._live.refresh()  # type: ignore[union-attr]
    out.flush()
    shown = raw.getvalue().decode(encoding)
    assert "Looking for 02:11:22:33:44:55 on mon0, channel 6" in shown
    assert "-62 dBm" in shown
    assert "best so far -50 dBm at " in shown
    assert ", 1 s ago; 12 dB more than now" in shown
    assert "Noted: " in shown
    assert "place: bed" in shown
    assert ("█" in shown) == (encoding == "utf-8")


def test_without_a_terminal_each_change_is_a_line(search: Search) -> None:
    out = io.StringIO()
    view = SearchView(search, interface="mon0", channel=None, keys=typed(), console=Console(file=out, width=80))
    with view:
        for second, level in enumerate((-70, -70, -50, -50)):
            search.add(heard(second, level, level), address=ADDRESS)
            view.show()
    lines = out.getvalue().splitlines()
    assert lines[0] == "Looking for 02:11:22:33:44:55 on mon0"
    assert [line.split()[2] for line in lines[1:]] == ["STEADY", "WARMER"]


def test_big_words_fit_or_stay_small() -> None:
    wide, narrow = (Console(file=io.StringIO(), width=width) for width in (80, 20))
    assert len(big("WARMER", console=wide)) == 5
    assert len({len(row) for row in big("LOST", console=wide)}) <= 5
    assert big("WARMER", console=narrow) == ["WARMER"]
    assert all(big(trend.upper(), console=wide) for trend in Trend)


def test_a_search_on_a_kernel_interface_ends_in_a_place(
    monitor_interface: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ROOMSWEEP_HOME", str(tmp_path / "home"))
    interface = monitor_interface()
    reader, writer = os.pipe()
    monkeypatch.setattr("roomsweep.cli.keys._standard_input", lambda: reader)
    over = threading.Event()

    def transmit() -> None:
        body = scapy_frames.beacon(bssid=MAC, ssid=b"cam", channel=6, protected=True)
        frame = scapy_frames.radiotap(rssi_dbm=-47, channel=6, rate_mbps=1) + scapy_frames.with_check_sequence(body)
        began = time.monotonic()
        named = False
        while not over.wait(0.05):
            interface.send([frame])
            if not named and time.monotonic() - began > 2.2:
                os.write(writer, b"corner 1 @ 0, 0\n")
                named = True

    sender = threading.Thread(target=transmit)
    sender.start()
    try:
        live = locate.LiveSearch(
            interface=interface.name, mac=MAC, channel=None, record=tmp_path / "r.csv", seconds=2.4
        )
        status = locate.run_live(live, locate.Wanted(mac=MAC, as_json=True))
    finally:
        over.set()
        sender.join()
        os.close(writer)
        os.close(reader)
    said = capfd.readouterr()
    assert status == 0
    (finding,) = json.loads(said.out)["findings"]
    assert finding["where"] == {"zone": "loudest at “corner 1”", "rssi_dbm": -47.0}
    assert "STEADY" in said.err
    assert "The readings are in" in said.err
