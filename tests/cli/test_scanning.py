"""Lists that this computer makes: real programs on the path, written for these tests, run as real processes."""

import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from roomsweep.calibration.airwaves import synthetic_wifi
from roomsweep.cli import scanning
from roomsweep.cli.app import main
from roomsweep.cli.scanning import make_list
from roomsweep.detect.errors import UnavailableError
from roomsweep.detect.result import result_schema

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs of these tests are shell scripts")

TERSE = r"02\:AA\:00\:00\:00\:01:2437 MHz:6:84:WPA2:486F74656C:Hotel" + "\n"
CAMERA = r"46\:88\:44\:00\:00\:01:2412 MHz:1:60::474842422D3030303030312D4E524C5857:GHBB-000001-NRLXW" + "\n"
IW = "BSS 46:88:44:00:00:01(on wlan0)\n\tfreq: 2412\n\tsignal: -60.00 dBm\n\tSSID: GHBB-000001-NRLXW\n"
NETSH = "SSID 1 : Hotel\n    A : B\n    C : WPA2\n    D : CCMP\n    BSSID 1 : 02:aa:00:00:00:01\n         S : 90%\n"
PROFILER = (
    '{"SPAirPortDataType": [{"spairport_airport_interfaces": [{"spairport_airport_other_local_wireless_networks": '
    '[{"_name": "Hotel", "spairport_network_channel": "6 (2GHz, 20MHz)"}]}]}]}'
)
AIRPORT = (
    "                            SSID BSSID             RSSI CHANNEL HT CC SECURITY (auth/unicast/group)\n"
    "                           Hotel 02:aa:00:00:00:01 -55  36      Y  DE WPA2(PSK/AES/AES)\n"
)
TERMUX = '[{"bssid": "02:aa:00:00:00:01", "frequency_mhz": 2437, "rssi": -50, "ssid": "Hotel"}]'


class Programs:
    """A folder that is the whole path; programs in it note how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls.log"

    def add(self, name: str, script: str) -> None:
        """Add a program; `script` sees its arguments as ``$*``."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.calls}"\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def printing(self, name: str, text: str, *, status: int = 0) -> None:
        """Add a program that prints `text`."""
        file = self.folder / f"{name}.out"
        file.write_text(text)
        self.add(name, f'/bin/cat "{file}"; exit {status}')

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(scanning, "AIRPORT", str(folder / "no-airport"))
    return Programs(folder)


def test_nmcli_is_asked_first(programs: Programs) -> None:
    programs.printing("nmcli", TERSE)
    programs.printing("iw", IW)
    made = make_list(platform="linux")
    assert (made.data, made.file_name) == (TERSE.encode(), "nmcli.txt")
    (call,) = programs.called()
    assert call == made.command
    assert call.startswith("nmcli -t -e yes -f BSSID,")
    assert call.endswith("device wifi list --rescan yes")


def test_an_old_nmcli_is_asked_again_in_its_own_words(programs: Programs) -> None:
    file = programs.folder / "list"
    file.write_text(TERSE)
    programs.add("nmcli", f'case "$*" in *rescan*) echo "Error: invalid field" >&2; exit 2;; esac; /bin/cat "{file}"')
    made = make_list(platform="linux")
    assert made.data == TERSE.encode()
    assert [("SSID-HEX" in call, "rescan" in call) for call in programs.called()] == [(True, True), (False, False)]


@pytest.mark.parametrize("script", ["exit 0", 'echo "Error: NetworkManager is not running." >&2; exit 8'])
def test_iw_is_asked_where_nmcli_lists_nothing(programs: Programs, script: str) -> None:
    programs.add("nmcli", script)
    file = programs.folder / "list"
    file.write_text(IW)
    programs.add(
        "iw",
        f'case "$*" in dev) printf "phy#0\\n\\tInterface wlan0\\n\\t\\ttype managed\\n";; *) /bin/cat "{file}";; esac',
    )
    made = make_list(platform="linux")
    assert (made.data, made.command, made.file_name) == (IW.encode(), "iw dev wlan0 scan", "iw.txt")


def test_iw_without_rights_gives_the_last_list(programs: Programs) -> None:
    file = programs.folder / "list"
    file.write_text(IW)
    programs.add(
        "iw",
        f'case "$*" in dev) printf "\\tInterface wlan0\\n";; *dump) /bin/cat "{file}";; '
        '*) echo "command failed: Operation not permitted (-1)" >&2; exit 255;; esac',
    )
    made = make_list(platform="linux")
    assert (made.data, made.command) == (IW.encode(), "iw dev wlan0 scan dump")


def test_no_rights_and_no_last_list_say_how_to_get_one(programs: Programs) -> None:
    programs.add(
        "iw",
        'case "$*" in dev) printf "\\tInterface wlan0\\n";; *dump) exit 0;; '
        '*) echo "command failed: Operation not permitted (-1)" >&2; exit 255;; esac',
    )
    with pytest.raises(UnavailableError, match="Operation not permitted") as missing:
        make_list(platform="linux")
    assert "sudo iw dev wlan0 scan > list.txt" in missing.value.remedy


def test_no_adapter(programs: Programs) -> None:
    programs.add("nmcli", 'echo "Error: No Wi-Fi device found." >&2; exit 10')
    programs.add("iw", "exit 0")
    with pytest.raises(UnavailableError, match=r"nmcli: Error: No Wi-Fi device found; iw: there is no Wi-Fi adapter"):
        make_list(platform="linux")


@pytest.mark.parametrize(
    ("platform", "words"),
    [
        ("linux", "nmcli is not installed; iw is not installed. Install iw"),
        ("win32", "netsh is not installed"),
        ("darwin", "system_profiler is not installed"),
        ("android", "termux-wifi-scaninfo is not installed. Install it: pkg install termux-api"),
        ("sunos5", "no known way on this system"),
    ],
)
def test_no_program(programs: Programs, platform: str, words: str) -> None:
    with pytest.raises(UnavailableError, match=words):
        make_list(platform=platform)
    assert programs.called() == []


def test_windows(programs: Programs) -> None:
    programs.printing("netsh", NETSH)
    assert make_list(platform="win32").data == NETSH.encode()
    assert programs.called() == ["netsh wlan show networks mode=bssid"]


def test_windows_without_leave_to_use_the_location(programs: Programs) -> None:
    programs.printing("netsh", "Network shell commands need location permission.\nTurn it on.\n", status=1)
    with pytest.raises(UnavailableError, match=r"need location permission\. Turn it on") as missing:
        make_list(platform="win32")
    assert "Location" in missing.value.remedy


def test_macos(programs: Programs) -> None:
    programs.printing("system_profiler", PROFILER)
    made = make_list(platform="darwin")
    assert (made.data, made.file_name) == (PROFILER.encode(), "system_profiler.json")
    assert programs.called() == ["system_profiler SPAirPortDataType -json"]


def test_macos_falls_back_to_airport(programs: Programs) -> None:
    programs.printing("system_profiler", '{"SPAirPortDataType": []}')
    programs.printing("airport", AIRPORT)
    assert make_list(platform="darwin").data == AIRPORT.encode()


def test_android(programs: Programs) -> None:
    programs.printing("termux-wifi-scaninfo", TERMUX)
    programs.printing("nmcli", TERSE)
    assert make_list(platform="linux").data == TERMUX.encode()
    programs.printing("termux-wifi-scaninfo", '{"API_ERROR": "Location needs to be enabled on the device"}')
    with pytest.raises(UnavailableError, match="Location needs to be enabled"):
        make_list(platform="android")


def test_a_program_that_hangs_is_ended_with_what_it_started(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scanning, "SCAN_S", 0.5)
    pid_file = tmp_path / "pid"
    programs.add("nmcli", f'/bin/sleep 600 & echo $! > "{pid_file}"; wait')
    start = time.monotonic()
    with pytest.raises(UnavailableError, match="nmcli did not answer within 0 s"):
        make_list(platform="linux")
    assert time.monotonic() - start < 60
    process = Path("/proc") / pid_file.read_text().strip() / "stat"
    for _ in range(100):
        if not process.exists() or process.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        pytest.fail("the program that was started is still there")


def test_what_cannot_be_started_is_said(programs: Programs) -> None:
    path = programs.folder / "netsh"
    path.write_bytes(b"\x7fELF rubbish")
    path.chmod(0o755)
    with pytest.raises(UnavailableError, match="netsh cannot be started"):
        make_list(platform="win32")


def test_complaints_are_shown_harmless(programs: Programs) -> None:
    programs.add("netsh", "printf 'bad\\033[2J\\n\\nnews %0999d' 1 >&2; exit 1")
    with pytest.raises(UnavailableError, match=r"netsh: bad\\x1b\[2J news 0") as missing:
        make_list(platform="win32")
    assert len(str(missing.value)) < 500


# --- through the command line ---


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run the command line in this process, in an empty folder; return its status, output and messages."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the command line asks the programs of Linux here")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "200")

    def run_it(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["roomsweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err
        return int(ended.value.code or 0), captured.out, captured.err

    return run_it


def result_of(text: str) -> dict[str, Any]:
    document = json.loads(text)
    jsonschema.validate(document, result_schema())
    assert isinstance(document, dict)
    return document


def test_sweep_makes_a_list_and_keeps_it_beside_the_report(programs: Programs, run: Any, tmp_path: Path) -> None:
    programs.printing("nmcli", TERSE + CAMERA)
    status, out, _ = run("sweep", "--wifi-scan", "auto", "--json", "--out", tmp_path / "report")
    result = result_of(out)
    assert (status, result["verdict"]) == (0, "camera_identified")
    (source,) = result["sources"]
    assert (source["id"], source["kind"], source["name"]) == ("wifi-scan-1", "wifi_scan", "Wi-Fi list of this computer")
    assert source["facts"]["command"].startswith("nmcli ")
    kept = (tmp_path / "report" / "wifi-scan-1-nmcli.txt").read_bytes()
    assert kept == (TERSE + CAMERA).encode()
    assert [item["identity"]["ssid"] for item in result["findings"]] == ["GHBB-000001-NRLXW", "Hotel"]
    assert any("only lists of networks" in limit for limit in result["limits"])
    assert "wifi-scan-1-nmcli.txt" not in out


def test_wifi_takes_lists_and_captures_together(programs: Programs, run: Any, tmp_path: Path) -> None:
    programs.printing("nmcli", TERSE)
    capture, listed = tmp_path / "air.pcap", tmp_path / "auto"
    capture.write_bytes(synthetic_wifi(seed=1, seconds=3.0).data)
    listed.write_text(IW)
    status, out, _ = run("wifi", capture, "--scan", listed, "--scan", "auto", "--json")
    result = result_of(out)
    assert status == 0
    assert [source["kind"] for source in result["sources"]] == ["wifi_capture", "wifi_scan", "wifi_scan"]
    assert {source["state"] for source in result["sources"]} == {"examined"}
    assert not any("only lists of networks" in limit for limit in result["limits"])


def test_a_list_that_cannot_be_made_is_not_examined_and_ends_with_4(programs: Programs, run: Any) -> None:
    status, out, _ = run("wifi", "--scan", "auto", "--json")
    result = result_of(out)
    assert (status, result["verdict"]) == (4, "not_examined")
    (source,) = result["sources"]
    assert (source["state"], source["facts"]["unavailable"]) == ("not_examined", True)
    assert "Install iw" in source["reason"]
    assert programs.called() == []


@pytest.mark.parametrize("printed", ["SSID  SIGNAL\n", "rubbish\n"])
def test_a_list_of_nothing_or_of_something_else_ends_with_4(programs: Programs, run: Any, printed: str) -> None:
    programs.printing("nmcli", printed)
    status, out, _ = run("wifi", "--scan", "auto", "--json")
    assert status == 4
    assert result_of(out)["sources"][0]["facts"]["unavailable"] is True


def test_the_rest_of_a_sweep_goes_on(programs: Programs, run: Any, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(IW)
    status, out, _ = run("sweep", "--wifi-scan", "auto", "--wifi-scan", listed, "--json")
    assert (status, result_of(out)["verdict"]) == (0, "camera_identified")
    assert any(limit.startswith("Not examined: Wi-Fi list of this computer") for limit in result_of(out)["limits"])
    status, _, _ = run("sweep", "--wifi-scan", "auto", "--wifi-scan", tmp_path / "missing.txt", "--json")
    assert status == 3  # one input could have been read


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd4\xc3\xb2\xa1" + bytes(40), "Give it with --wifi"),
        (b"", "is empty"),
        (b"hello\n", "not a list of networks"),
    ],
)
def test_files_that_are_no_lists_end_with_3(run: Any, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    status, out, _ = run("wifi", "--scan", path, "--json")
    assert status == 3
    assert words in result_of(out)["sources"][0]["reason"]


def test_wrong_usage(run: Any) -> None:
    assert run("wifi")[0] == 2
    status, _, err = run("wifi", "--scan", "auto", "--interface", "mon0")
    assert (status, "two runs" in err) == (2, True)
