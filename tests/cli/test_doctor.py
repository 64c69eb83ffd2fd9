import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from roomsweep.cli import computer as computer_module
from roomsweep.cli.doctor import Ability, Computer, examine_computer
from roomsweep.cli.radios import monitor_radios

#: As `iw phy` of iw 5.19 lays it out, shortened.
IW_PHY = """Wiphy phy0
\twiphy index: 0
\tSupported Ciphers:
\t\t* WEP40 (00-0f-ac:1)
\tSupported interface modes:
\t\t * managed
\t\t * AP
\tBand 1:
\t\tCapabilities: 0x11ef
\tsoftware interface modes (can always be added):
\t\t * monitor
Wiphy phy1
\tSupported interface modes:
\t\t * IBSS
\t\t * managed
\t\t * monitor
\tBand 1:
"""


def nothing(_: Sequence[str]) -> str | None:
    return None


def computer(root: Path, **changes: object) -> Computer:
    """A Linux computer whose files are below `root`, with nothing installed unless said."""
    parts: dict[str, object] = {
        "system": "Linux",
        "root": root,
        "python": (3, 11, 7),
        "data_folder": root / "home" / "share" / "roomsweep",
        "run": nothing,
        "which": lambda _: None,
        "load": lambda _: "1.2.3",
    }
    return Computer(**{**parts, **changes})  # type: ignore[arg-type]


def write(root: Path, place: str, text: str = "") -> None:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def ability(name: str, here: Computer) -> Ability:
    """The one ability of this name."""
    (found,) = (item for item in examine_computer(here) if item.name == name)
    return found


def raising(error: BaseException) -> Callable[[str], str]:
    def load(_: str) -> str:
        raise error

    return load


def test_this_computer_is_examined_without_an_error() -> None:
    found = {item.name: item for item in examine_computer()}
    assert found["Python"].state == "yes"
    assert found["Photos"].state == "yes"
    assert found["iPhone photos"].state == "yes"
    for item in found.values():
        assert item.says.endswith(".")
        assert item.state in ("yes", "no", "unknown")
        assert item.state == "yes" or item.remedy or item.says


def test_a_bare_computer_says_how_to_get_everything(tmp_path: Path) -> None:
    for item in examine_computer(computer(tmp_path)):
        if item.state == "no":
            assert item.remedy, item.name


def test_old_python(tmp_path: Path) -> None:
    assert ability("Python", computer(tmp_path, python=(3, 10, 2))).state == "no"
    assert ability("Python", computer(tmp_path, python=(4, 0, 0))).state == "yes"


def test_opencv_without_its_system_libraries(tmp_path: Path) -> None:
    error = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    found = ability("Photos", computer(tmp_path, load=raising(error)))
    assert found.state == "no"
    assert "libgl1" in found.remedy


def test_heic_that_is_missing(tmp_path: Path) -> None:
    found = ability("iPhone photos", computer(tmp_path, load=raising(ModuleNotFoundError("No module named 'pi_heif'"))))
    assert found.state == "no"
    assert "pi-heif" in found.remedy


def test_bluetooth_step_by_step(tmp_path: Path) -> None:
    def now(**changes: object) -> Ability:
        return ability("Bluetooth", computer(tmp_path, **changes))

    assert now().state == "no"
    assert "no Bluetooth adapter" in now().says
    (tmp_path / "sys/class/bluetooth/hci0").mkdir(parents=True)
    assert "D-Bus" in now().says
    write(tmp_path, "run/dbus/system_bus_socket")
    assert now().state == "unknown"
    assert now(which=lambda program: f"/usr/bin/{program}").state == "yes"
    write(tmp_path, "sys/class/rfkill/rfkill0/type", "bluetooth\n")
    write(tmp_path, "sys/class/rfkill/rfkill0/soft", "1\n")
    assert "switched off" in now(which=lambda program: f"/usr/bin/{program}").says


@pytest.mark.parametrize("system", ["Darwin", "Windows", ""])
def test_elsewhere_only_trying_tells(tmp_path: Path, system: str) -> None:
    for name in ("Bluetooth", "Wi-Fi", "Wi-Fi monitor mode", "Permission to listen"):
        assert ability(name, computer(tmp_path, system=system)).state == "unknown"


def test_iw_is_read_by_radio() -> None:
    assert monitor_radios(IW_PHY) == {"phy1"}
    assert monitor_radios("") == frozenset()
    assert monitor_radios("\x00 * monitor\nSupported interface modes:\n") == frozenset()


@pytest.mark.parametrize(("radio", "state"), [("phy0", "no"), ("phy1", "yes")])
def test_monitor_mode_is_that_of_the_radio(tmp_path: Path, radio: str, state: str) -> None:
    write(tmp_path, "sys/class/net/eth0/type", "1\n")
    write(tmp_path, "sys/class/net/wlan0/type", "1\n")
    write(tmp_path, "sys/class/net/wlan0/phy80211/name", f"{radio}\n")
    here = computer(tmp_path, run=lambda command: IW_PHY if list(command) == ["iw", "phy"] else None)
    assert ability("Wi-Fi", here).says == "Wi-Fi interfaces: wlan0."
    found = ability("Wi-Fi monitor mode", here)
    assert found.state == state
    assert "wlan0" in found.says


def test_monitor_mode_without_iw_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "sys/class/net/wlan0/wireless").mkdir(parents=True)
    found = ability("Wi-Fi monitor mode", computer(tmp_path))
    assert found.state == "unknown"
    assert "install iw" in found.remedy


def test_an_interface_that_delivers_radiotap_is_ready(tmp_path: Path) -> None:
    write(tmp_path, "sys/class/net/mon0/type", "803\n")
    found = ability("Wi-Fi monitor mode", computer(tmp_path))
    assert found.state == "yes"
    assert "Already in monitor mode: mon0" in found.says


@pytest.mark.parametrize(
    ("mask", "state", "word"),
    [
        ("000001ffffffffff", "yes", "change channels"),
        ("0000000000002000", "yes", "but not change"),
        ("0000000000001000", "no", "may not listen"),
        ("0000000000000000", "no", "may not listen"),
        ("not a mask", "unknown", "could not be read"),
    ],
)
def test_permission_is_read_from_the_capability_mask(tmp_path: Path, mask: str, state: str, word: str) -> None:
    write(tmp_path, "proc/self/status", f"Name:\tpython\nCapPrm:\tffff\nCapEff:\t{mask}\nSeccomp:\t0\n")
    found = ability("Permission to listen", computer(tmp_path))
    assert found.state == state
    assert word in found.says


def test_records_folder(tmp_path: Path) -> None:
    assert ability("Records folder", computer(tmp_path)).says.startswith("Records will be kept in")
    assert ability("Records folder", computer(tmp_path, data_folder=tmp_path)).says.startswith("Records are kept in")
    write(tmp_path, "file")
    assert ability("Records folder", computer(tmp_path, data_folder=tmp_path / "file" / "x")).state == "no"


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="needs an account that is not root")
def test_records_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert ability("Records folder", computer(tmp_path)).state == "no"


def test_programs_that_only_tests_use(tmp_path: Path) -> None:
    here = computer(tmp_path, which=lambda program: "/x" if program in ("tshark", "google-chrome") else None)
    assert ability("tshark", here).state == "yes"
    assert ability("Chromium", here).state == "yes"
    assert ability("Chromium", computer(tmp_path)).state == "no"


def test_a_probe_that_breaks_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "sys/class/net/wlan0/wireless").mkdir(parents=True)

    def broken(_: Sequence[str]) -> str | None:
        raise RuntimeError("\x1b[2Jboom")

    found = examine_computer(computer(tmp_path, run=broken))
    assert len(found) == len(examine_computer(computer(tmp_path)))
    (monitor,) = (item for item in found if item.name == "Wi-Fi monitor mode")
    assert monitor.state == "unknown"
    assert monitor.says == "Could not be found out: \\x1b[2Jboom."


def test_a_program_that_hangs_or_is_missing_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Computer(system="Linux", root=tmp_path, python=(3, 11, 0), data_folder=tmp_path).run
    monkeypatch.setattr(computer_module, "_PATIENCE_S", 0.1)
    assert run(["sleep", "5"]) is None
    assert run([str(tmp_path / "no-such-program")]) is None
    assert run(["false"]) is None
    assert run(["echo", "heard"]) == "heard\n"
