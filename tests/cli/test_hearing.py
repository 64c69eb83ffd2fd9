"""The listener itself, with a scanner double in place of bleak's: every system's way to tell, and every way to fail."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)
from typer.testing import CliRunner

from roomsweep.cli import hearing
from roomsweep.cli.app import app
from roomsweep.cli.bluetooth_lack import lack_of
from roomsweep.cli.commands import live_bluetooth
from roomsweep.cli.hearing import Hearer, Told, advert_of
from roomsweep.detect.bluetooth.adverts import AdvertReader
from roomsweep.detect.bluetooth.heard import AddressKind
from roomsweep.detect.errors import UnavailableError
from roomsweep.detect.result import Result

FD5F = "0000fd5f-0000-1000-8000-00805f9b34fb"
Reason = BleakBluetoothNotAvailableReason


def told(
    address: str, *, name: str | None = None, rssi: int = -60, platform_data: tuple[Any, ...] = (), **content: Any
) -> tuple[Any, Any]:
    """Device and advertisement as bleak's records have them."""
    said = {"manufacturer_data": {}, "service_data": {}, "service_uuids": [], "tx_power": None, **content}
    advertisement = SimpleNamespace(local_name=name, rssi=rssi, platform_data=platform_data, **said)
    return SimpleNamespace(address=address, name=name), advertisement


def glasses(address: str = "C6:05:04:03:02:01", **more: Any) -> tuple[Any, Any]:
    return told(address, manufacturer_data={0x01AB: bytes.fromhex("020102102716e4")}, service_uuids=[FD5F], **more)


class Double:
    """A scanner that tells what it is given, again and again."""

    def __init__(self, tell: Told, what: list[tuple[Any, Any]], *, fails: BaseException | None = None, **ways: Any):
        self._tell, self._what, self._fails, self._ways = tell, what, fails, ways
        self._task: asyncio.Task[None] | None = None
        self.stopped = threading.Event()

    async def start(self) -> None:
        if self._fails:
            raise self._fails
        if self._ways.get("hangs"):
            await asyncio.sleep(3600)
        self._task = asyncio.create_task(self._play())

    async def _play(self) -> None:
        while True:
            for device, advertisement in self._what:
                self._tell(device, advertisement)
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self.stopped.set()
        if self._ways.get("stop_fails"):
            raise BleakError("gone")


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Double]]:
    """``doubles(adverts, fails=..., system="Linux")``: puts a double in bleak's place; returns those made."""
    monkeypatch.setattr(hearing, "BLOCK_S", 0.05)

    def put(*what: tuple[Any, Any], system: str = "Linux", **ways: Any) -> list[Double]:
        made: list[Double] = []

        def make(tell: Told) -> Double:
            made.append(Double(tell, list(what), **ways))
            return made[-1]

        monkeypatch.setattr(hearing.Hearer.__init__, "__kwdefaults__", {"record_to": None, "scanner": make})
        monkeypatch.setattr("platform.system", lambda: system)
        return made

    return put


def heard(hearer: Hearer, *, seconds: float = 0.3) -> list[Any]:
    return [advert for block in hearer.blocks(seconds=seconds) for advert in block]


def test_what_is_told_is_counted_recorded_and_the_scanner_stopped(
    doubles: Callable[..., list[Double]], tmp_path: Path
) -> None:
    made = doubles(glasses(), told("AA:BB:CC:00:00:01", name="lamp"))
    before_ns = time.time_ns()
    hearer = Hearer(record_to=tmp_path / "deep" / "r.jsonl")
    adverts = heard(hearer)
    assert hearer.adverts == len(adverts) >= 6
    assert made[0].stopped.is_set()
    assert hearer.notes == ()
    assert before_ns <= adverts[0].t_ns <= adverts[-1].t_ns <= time.time_ns()
    with (tmp_path / "deep" / "r.jsonl").open("rb") as stream:
        again = [advert for block in AdvertReader(stream, name="r") for advert in block]
    assert again == adverts


def test_each_systems_addresses() -> None:
    def kind(*platform_data: Any, address: str = "C6:05:04:03:02:01") -> AddressKind:
        return advert_of(*glasses(address, platform_data=platform_data), t_ns=1).kind

    assert kind("/org/bluez/hci0/dev", {"AddressType": "random"}) is AddressKind.STATIC
    assert kind("/org/bluez/hci0/dev", {"AddressType": "public"}) is AddressKind.PUBLIC
    response = SimpleNamespace(bluetooth_address_type=1)
    assert kind(object(), (None, response)) is AddressKind.STATIC
    assert kind(object(), (SimpleNamespace(bluetooth_address_type=0), response)) is AddressKind.PUBLIC
    assert kind(object(), (SimpleNamespace(bluetooth_address_type=2), None)) is AddressKind.UNTOLD
    assert kind(object(), (SimpleNamespace(), None)) is AddressKind.UNTOLD
    assert kind(object(), {}, -50, address="5A3C7E2E-8B1D-4C6F-9A2B-0123456789AB") is AddressKind.HIDDEN


def test_what_bluez_tells_besides_and_what_it_does_not() -> None:
    more = {"AddressType": "random", "AdvertisingFlags": b"\x06", "Appearance": 0x0140}
    content = {"service_data": {FD5F: b"\x01", "no uuid": b"\x02"}, "tx_power": 4}
    advert = advert_of(*told("C6:05:04:03:02:01", platform_data=("", more), rssi=-127, **content), t_ns=1)
    assert (advert.said.flags, advert.said.appearance, advert.said.tx_power_dbm) == (6, 0x0140, 4)
    assert advert.said.service_data == ((0xFD5F, b"\x01"),)
    assert advert.rssi_dbm is None
    with pytest.raises(ValueError, match="badly formed"):
        advert_of(*told("neither address nor UUID"), t_ns=1)


def test_what_no_system_should_tell_ends_nothing(doubles: Callable[..., list[Double]]) -> None:
    doubles(told("nonsense"), told("AA:BB:CC:00:00:01", rssi="loud"), glasses())  # type: ignore[arg-type]
    assert {advert.address for advert in heard(Hearer())} == {0xC60504030201}


NO_RADIO = BleakBluetoothNotAvailableError("x", Reason.NO_BLUETOOTH)
OFF = BleakBluetoothNotAvailableError("x", Reason.POWERED_OFF)
DENIED = BleakBluetoothNotAvailableError("x", Reason.DENIED_BY_USER)


@pytest.mark.parametrize(
    ("error", "system", "words"),
    [
        (NO_RADIO, "Windows", "There is no Bluetooth adapter. Plug in"),
        (BleakBluetoothNotAvailableError("x", Reason.NO_BLE_CENTRAL_ROLE), "Linux", "too old"),
        (OFF, "Linux", "Bluetooth is switched off. Switch it on: rfkill unblock bluetooth"),
        (OFF, "Darwin", "Bluetooth is switched off. Switch Bluetooth on in the control centre."),
        (OFF, "Windows", "Bluetooth is switched off. Switch Bluetooth on in the settings"),
        (DENIED, "Darwin", "This program may not use Bluetooth. Allow it for the terminal in System Settings"),
        (DENIED, "Windows", "This program may not use Bluetooth. Allow it in Settings"),
        (BleakBluetoothNotAvailableError("x", Reason.UNKNOWN), "Darwin", "Bluetooth is not ready."),
        (FileNotFoundError(2, "No such file"), "Linux", "D-Bus, is not running. Start it: sudo systemctl start"),
        (ConnectionRefusedError(), "Linux", "D-Bus, is not running."),
        (BleakDBusError("org.freedesktop.DBus.Error.ServiceUnknown", ["x"]), "Linux", "BlueZ, is not running."),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["x"]), "Linux", "may not use Bluetooth. Run"),
        (BleakDBusError("org.bluez.Error.NotReady", ["x"]), "Linux", "Bluetooth is switched off."),
        (BleakDBusError("org.bluez.Error.InProgress", ["x"]), "Linux", "could not be listened to (InProgress)."),
        (BleakError("strange \x1b[31m"), "Linux", "could not be listened to (strange"),
        (ImportError("no bleak"), "Linux", "bleak is missing or damaged. Install it: pip install bleak"),
        (TimeoutError(), "Darwin", "did not answer. Switch Bluetooth off and on"),
    ],
)
def test_every_lack_is_one_sentence_with_its_remedy(error: BaseException, system: str, words: str) -> None:
    said = str(lack_of(error, system=system))
    assert words in said
    assert "\x1b" not in said
    assert "\n" not in said


def test_a_failure_to_begin_leaves_no_recording_and_no_thread(
    doubles: Callable[..., list[Double]], tmp_path: Path
) -> None:
    doubles(fails=NO_RADIO)
    with pytest.raises(UnavailableError, match="There is no Bluetooth adapter"):
        Hearer(record_to=tmp_path / "r.jsonl")
    assert list(tmp_path.iterdir()) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "bluetooth"]


def test_a_system_that_never_answers_is_given_up(
    doubles: Callable[..., list[Double]], monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles(hangs=True)
    monkeypatch.setattr(hearing, "_START_S", 0.1)
    with pytest.raises(UnavailableError, match="did not answer"):
        Hearer()


def test_a_recording_is_never_overwritten(doubles: Callable[..., list[Double]], tmp_path: Path) -> None:
    made = doubles(glasses())
    (tmp_path / "r.jsonl").write_text("mine")
    with pytest.raises(UnavailableError, match="not overwritten"):
        Hearer(record_to=tmp_path / "r.jsonl")
    assert made[0].stopped.is_set()
    assert (tmp_path / "r.jsonl").read_text() == "mine"


def test_what_goes_wrong_while_it_listens_is_noted(
    doubles: Callable[..., list[Double]], monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles(glasses(), stop_fails=True)
    monkeypatch.setattr(hearing, "_MOST_WAITING", 3)
    monkeypatch.setattr(hearing, "BLOCK_S", 0.2)
    hearer = Hearer()
    adverts = heard(hearer)
    assert 0 < len(adverts) == hearer.adverts <= 9
    assert hearer.dropped > 0
    gone, lost = hearer.notes
    assert gone == "went away while it was listened to (BleakError)"
    assert lost == f"lost {hearer.dropped} adverts, which came faster than this computer took them"


def test_a_long_silence_after_adverts_is_noted(doubles: Callable[..., list[Double]]) -> None:
    made = doubles(glasses())
    hearer = Hearer()
    heard(hearer, seconds=0.1)
    assert hearer.notes == ()
    hearer.seconds += hearing.SILENT_S + 1.0
    assert [note for note in hearer.notes if "told nothing in its last" in note]
    assert made[0].stopped.is_set()


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_macos_tells_no_addresses_and_the_result_says_so(doubles: Callable[..., list[Double]], in_folder: Path) -> None:
    doubles(glasses("5A3C7E2E-8B1D-4C6F-9A2B-0123456789AB"), system="Darwin")
    status, out, _ = run("bluetooth", "--seconds", "1", "--json")
    assert status == 0
    result = Result.from_dict(json.loads(out))
    (finding,) = result.findings
    assert finding.level == "suspect"
    assert (finding.identity.mac, finding.identity.randomised_mac) == (None, None)
    assert any("keeps the addresses" in limit for limit in result.limits)
    (recording,) = in_folder.glob("bluetooth-*.jsonl")
    again = Result.from_dict(json.loads(run("bluetooth", str(recording), "--json")[1]))
    assert again.findings == tuple(replace(item, source_ids=again.findings[0].source_ids) for item in result.findings)


def test_one_device_cannot_be_followed_on_macos(doubles: Callable[..., list[Double]], in_folder: Path) -> None:
    doubles(glasses("5A3C7E2E-8B1D-4C6F-9A2B-0123456789AB"), system="Darwin")
    with pytest.raises(UnavailableError, match=r"macOS does not tell .* Use a Linux or Windows computer"):
        run("bluetooth", "--mac", "C6:05:04:03:02:01")
    assert list(in_folder.iterdir()) == []


def test_a_silent_room_is_partial_and_not_called_clear(doubles: Callable[..., list[Double]], in_folder: Path) -> None:
    doubles()
    status, out, _ = run("bluetooth", "--seconds", "1")
    assert status == 0
    assert "told of no device in 1 s" in out
    assert "It does not mean that the room holds none" in out


def test_in_a_sweep_it_is_one_of_the_inputs(
    doubles: Callable[..., list[Double]], in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles(glasses(), told("AA:BB:CC:00:00:01", name="V380_1A2B3C"))
    monkeypatch.setattr(live_bluetooth, "SWEEP_S", 1.0)
    status, out, err = run("sweep", "--bluetooth", "live", "--out", "room")
    assert status == 0
    assert "The recording is in" in err
    assert {path.suffix for path in (in_folder / "room").iterdir()} == {".html", ".json", ".jsonl"}
    room, worn = out.split("Cameras that people wear or carry nearby")
    assert "V380_1A2B3C" in room
    assert "A camera somebody wears nearby" not in room
    assert "A camera somebody wears nearby" in worn
    html = (in_folder / "room" / "report.html").read_text(encoding="utf-8")
    room, worn = html.split('<h2 id="worn">')
    assert "V380_1A2B3C" in room
    assert 'data-level="suspect"' not in room
    assert 'data-level="suspect"' in worn.split("</section>")[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("bluetooth",),
        ("bluetooth", "--seconds", "0"),
        ("bluetooth", "--seconds", "inf"),
        ("bluetooth", "--mac", "not an address"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2
