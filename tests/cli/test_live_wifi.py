"""``roomsweep wifi --interface`` as a person runs it: in a process of its own, on an interface of the kernel."""

import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from roomsweep.calibration.airwaves import synthetic_wifi
from roomsweep.cli.app import app
from roomsweep.detect.result import result_schema

CAMERA_NAME = "GHBB-000001-NRLXW"

#: Answers as iw does for an interface of phy7, and notes what it is asked.
FAKE_IW = """#!/bin/sh
echo "$*" >> "$IW_LOG"
case "$*" in
  *" info" | "phy7 info") cat "$IW_ANSWER" ;;
  *" set freq "*) if [ -n "$IW_REFUSES" ]; then echo "command failed: $IW_REFUSES" >&2; exit 240; fi ;;
esac
"""
IW_ANSWER = """Interface mon0
\twiphy 7
\tchannel 6 (2437 MHz), width: 20 MHz (no HT), center1: 2437 MHz
Wiphy phy7
\t\t\t* 2412.0 MHz [1] (20.0 dBm)
\t\t\t* 2437.0 MHz [6] (20.0 dBm)
\t\t\t* 2467.0 MHz [12] (disabled)
\t\t\t* 5180.0 MHz [36] (23.0 dBm) (no IR)
"""


def frames_of(pcap: bytes) -> Iterator[bytes]:
    at = 24
    while at < len(pcap):
        (caplen,) = struct.unpack_from("<I", pcap, at + 8)
        yield pcap[at + 16 : at + 16 + caplen]
        at += 16 + caplen


@pytest.fixture(scope="module")
def room_air() -> list[bytes]:
    """What is on the air of a synthetic room with a camera's network, in three seconds."""
    return list(frames_of(synthetic_wifi(seed=1, seconds=3.0).data))


class Listening:
    """A running ``roomsweep wifi --interface``."""

    def __init__(self, *arguments: str, cwd: Path, environment: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-c", "from roomsweep.cli.app import main; main()", "wifi", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
        )
        self.said = ""

    def wait_for(self, words: str, *, patience_s: float = 30.0) -> None:
        """Read standard error until it holds `words`."""
        assert self.process.stderr is not None
        handle, until = self.process.stderr.fileno(), time.monotonic() + patience_s
        while words not in self.said:
            ready, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
            piece = os.read(handle, 65536).decode() if ready else ""
            assert piece, f"did not say {words!r}, but: {self.said}"
            self.said += piece

    def end(self) -> tuple[int, str]:
        """Wait for its end; returns the exit status and standard output."""
        try:
            out, err = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
        self.said += err
        return self.process.returncode, out


def result_of(out: str) -> dict[str, Any]:
    document = json.loads(out)
    jsonschema.validate(document, result_schema())
    assert isinstance(document, dict)
    return document


def what_was_found(result: dict[str, Any]) -> list[tuple[object, ...]]:
    return [(item["level"], item["title"], item["where"], item["identity"]) for item in result["findings"]]


def names_by_tshark(path: Path) -> tuple[int, set[str]]:
    """How many frames a capture holds, and the network names in them."""
    if shutil.which("tshark") is None:
        pytest.skip("needs tshark, which reads the recording as a check")
    command = ["tshark", "-r", str(path), "-T", "fields", "-e", "frame.number", "-e", "wlan.ssid"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    names = {line.partition("\t")[2] for line in lines}
    # Versions of tshark differ in whether they print the name or its bytes.
    return len(lines), {
        bytes.fromhex(name).decode() if re.fullmatch("([0-9a-f]{2})+", name) else name for name in names
    }


def test_names_are_heard_recorded_and_shown(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path
) -> None:
    air = monitor_interface()
    listening = Listening("--interface", air.name, "--seconds", "2.5", "--json", "--out", "room", cwd=tmp_path)
    listening.wait_for("Listening on")
    air.send(room_air)
    listening.wait_for(f"Says it is a camera: Wi-Fi network “{CAMERA_NAME}”")
    status, out = listening.end()
    assert status == 0
    result = result_of(out)
    assert result["verdict"] == "camera_identified"
    assert CAMERA_NAME in {finding["identity"].get("ssid") for finding in result["findings"]}
    (source,) = result["sources"]
    assert (source["kind"], source["name"], source["state"]) == ("wifi_live", air.name, "partial")
    assert "present channel only" in source["reason"]
    facts = source["facts"]
    assert facts["records"] == len(room_air)
    assert facts["kernel_drops"] == 0
    assert 2 <= facts["seconds_listened"] < 5
    recording = tmp_path / facts["recording"]
    assert recording.parent == tmp_path / "room"
    assert hashlib.sha256(recording.read_bytes()).hexdigest() == facts["sha256"]
    assert str(recording) in listening.said
    assert not any("No Wi-Fi recording was examined" in limit for limit in result["limits"])
    assert (tmp_path / "room" / "report.html").is_file()
    again = result_of(CliRunner().invoke(app, ["wifi", str(recording), "--json"]).stdout)
    assert what_was_found(again) == what_was_found(result), "the recording must lead to the same findings"
    count, names = names_by_tshark(recording)
    assert count == len(room_air)
    assert {CAMERA_NAME, "Hotel Seaview Guest"} <= names


def test_ctrl_c_gives_the_result_so_far(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path
) -> None:
    air = monitor_interface()
    listening = Listening("--interface", air.name, "--seconds", "600", "--json", cwd=tmp_path)
    listening.wait_for("Listening on")
    air.send(room_air)
    listening.wait_for("Says it is a camera")
    listening.process.send_signal(signal.SIGINT)
    status, out = listening.end()
    assert status == 0
    assert result_of(out)["verdict"] == "camera_identified"
    assert re.search(r"Stopped after \d+ s; this is what was heard until then\.", listening.said)
    assert "Traceback" not in listening.said


def test_a_killed_program_leaves_a_whole_recording(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path
) -> None:
    air = monitor_interface()
    listening = Listening("--interface", air.name, "--seconds", "600", "--json", cwd=tmp_path)
    listening.wait_for("Listening on")
    air.send(room_air)
    listening.wait_for("Says it is a camera")
    listening.process.kill()
    listening.end()
    (recording,) = tmp_path.glob("*.pcap")
    count, names = names_by_tshark(recording)
    assert count == len(room_air)
    assert CAMERA_NAME in names


def test_an_unplugged_adapter_costs_nothing_that_was_heard(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path
) -> None:
    air = monitor_interface()
    listening = Listening("--interface", air.name, "--seconds", "600", "--json", cwd=tmp_path)
    listening.wait_for("Listening on")
    air.send(room_air)
    listening.wait_for("Says it is a camera")
    air.unplug()
    status, out = listening.end()
    assert status == 0
    (source,) = result_of(out)["sources"]
    assert source["state"] == "partial"
    assert "was switched off or unplugged after" in source["reason"]


def test_silence_is_not_examined(monitor_interface: Callable[..., Any], tmp_path: Path) -> None:
    air = monitor_interface()
    listening = Listening("--interface", air.name, "--seconds", "1", "--json", cwd=tmp_path)
    status, out = listening.end()
    assert status == 3
    result = result_of(out)
    assert result["verdict"] == "not_examined"
    assert "heard no frame in 1 s" in result["sources"][0]["reason"]


def test_a_capture_may_be_named_besides(monitor_interface: Callable[..., Any], tmp_path: Path) -> None:
    air = monitor_interface()
    (tmp_path / "earlier.pcap").write_bytes(synthetic_wifi(seed=1, seconds=1.0).data)
    listening = Listening("earlier.pcap", "--interface", air.name, "--seconds", "1", "--json", cwd=tmp_path)
    status, out = listening.end()
    assert status == 0, "one of two inputs could be read"
    kinds = [(source["kind"], source["state"]) for source in result_of(out)["sources"]]
    assert kinds == [("wifi_live", "not_examined"), ("wifi_capture", "examined")]


# -- channels


@pytest.fixture
def iw(tmp_path: Path) -> dict[str, str]:
    """An environment in which `iw` is ours."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "iw").write_text(FAKE_IW)
    (folder / "iw").chmod(0o755)
    (tmp_path / "answer").write_text(IW_ANSWER)
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "IW_LOG": str(tmp_path / "iw.log"),
        "IW_ANSWER": str(tmp_path / "answer"),
        "IW_REFUSES": "",
    }


def hops(environment: dict[str, str]) -> list[int]:
    lines = Path(environment["IW_LOG"]).read_text().splitlines()
    return [int(line.split()[-1]) for line in lines if " set freq " in line]


def test_channels_are_gone_round_and_their_seconds_told(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path, iw: dict[str, str]
) -> None:
    air = monitor_interface()
    listening = Listening("--interface", air.name, "--seconds", "2.5", "--json", cwd=tmp_path, environment=iw)
    listening.wait_for("Listening on")
    air.send(room_air)
    status, out = listening.end()
    assert status == 0
    assert hops(iw)[:3] == [2412, 2437, 5180]
    assert set(hops(iw)) == {2412, 2437, 5180}
    assert f"dev {air.name} set freq 2412" in Path(iw["IW_LOG"]).read_text().splitlines()
    result = result_of(out)
    (source,) = result["sources"]
    assert source["state"] == "examined"
    seconds = source["facts"]["channel_seconds"]
    assert set(seconds) == {"1", "6", "36"}
    assert sum(seconds.values()) == pytest.approx(source["facts"]["seconds_listened"], abs=0.3)
    assert any("one channel at a time, 3 of them in" in limit for limit in result["limits"])


def test_a_channel_can_be_stayed_on(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path, iw: dict[str, str]
) -> None:
    air = monitor_interface()
    options = ("--interface", air.name, "--seconds", "1.2", "--channel", "36", "--json")
    listening = Listening(*options, cwd=tmp_path, environment=iw)
    listening.wait_for("Listening on")
    air.send(room_air)
    status, out = listening.end()
    assert status == 0
    assert hops(iw) == [5180]
    result = result_of(out)
    assert list(result["sources"][0]["facts"]["channel_seconds"]) == ["36"]
    assert "Wi-Fi was heard on channel 36 only." in result["limits"]


def test_a_busy_adapter_is_said_once_and_listened_to_all_the_same(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path, iw: dict[str, str]
) -> None:
    air = monitor_interface()
    iw["IW_REFUSES"] = "Device or resource busy (-16)"
    listening = Listening("--interface", air.name, "--seconds", "1.2", "--json", cwd=tmp_path, environment=iw)
    listening.wait_for("Listening on")
    air.send(room_air)
    status, out = listening.end()
    assert status == 0
    assert len(hops(iw)) == 1
    assert listening.said.count("Device or resource busy") == 1
    result = result_of(out)
    assert result["verdict"] == "camera_identified"
    assert "was heard on channel 6 only" in result["sources"][0]["reason"]


def test_a_channel_that_cannot_be_had_ends_it_at_once(
    monitor_interface: Callable[..., Any], tmp_path: Path, iw: dict[str, str]
) -> None:
    air = monitor_interface()
    options = ("--interface", air.name, "--json", "--channel")
    iw["IW_REFUSES"] = "Operation not permitted (-1)"
    refused = Listening(*options, "6", cwd=tmp_path, environment=iw)
    assert refused.end() == (4, "")
    assert "could not be set (Operation not permitted (-1))" in refused.said
    unknown = Listening(*options, "12", cwd=tmp_path, environment=iw)
    assert unknown.end() == (4, "")
    assert "It may use 1, 6, 36." in unknown.said
    assert not list(tmp_path.glob("*.pcap"))


# -- what a person sees


def test_a_terminal_shows_what_is_heard(
    monitor_interface: Callable[..., Any], room_air: list[bytes], tmp_path: Path
) -> None:
    air = monitor_interface()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from roomsweep.cli.app import main; main()"]
    process = subprocess.Popen(
        [*command, "wifi", "--interface", air.name, "--seconds", "600", "--json"],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(theirs)
    shown, sent, until = "", False, time.monotonic() + 30
    try:
        while CAMERA_NAME not in shown and time.monotonic() < until:
            if select.select([ours], [], [], 0.2)[0]:
                shown += os.read(ours, 65536).decode(errors="replace")
            if "Ctrl-C ends it" in shown and not sent:
                assert "Nothing was heard yet." in shown
                air.send(room_air)
                sent = True
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert re.search(rf"Says it is a camera +Wi-Fi network “{CAMERA_NAME}” .*… +-3\d dBm", shown)
    assert re.search(rf"\d+ of 600 s, {len(room_air):,} frames, \d+ networks", shown)


@pytest.mark.parametrize("name", ["mon-not-there", "lo"])
def test_an_interface_that_cannot_be_used_is_one_sentence(name: str, tmp_path: Path) -> None:
    if not Path("/sys/class/net/lo").exists():
        pytest.skip("needs Linux")
    listening = Listening("--interface", name, "--out", "room", cwd=tmp_path)
    assert listening.end() == (4, "")
    assert listening.said.startswith("roomsweep: ")
    assert name in listening.said
    assert listening.said.count("\n") == 1
    assert not (tmp_path / "room").exists()


def test_an_interface_that_is_switched_off_is_one_sentence(
    monitor_interface: Callable[..., Any], tmp_path: Path
) -> None:
    air = monitor_interface(up=False)
    listening = Listening("--interface", air.name, cwd=tmp_path)
    assert listening.end() == (4, "")
    assert f"sudo ip link set {air.name} up" in listening.said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--interface mon0"),
        (["--channel", "6"], "--channel goes with --interface"),
        (["--interface", "mon0", "--seconds", "0"], "--seconds"),
        (["--interface", "mon0", "--seconds", "nan"], "--seconds"),
        (["--interface", "mon0", "--seconds", "inf"], "--seconds"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(app, ["wifi", *arguments])
    assert done.exit_code == 2
    assert words in done.output
