"""``roomsweep bluetooth --seconds``: the real bleak against BlueZ's D-Bus API played by python-dbusmock.

The mock runs on a bus of its own, so nothing of this computer's Bluetooth is touched.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from roomsweep.cli.app import app
from roomsweep.detect.result import result_schema

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
MOCK, BLUEZ_MOCK = "org.freedesktop.DBus.Mock", "org.bluez.Mock"
BASE_UUID = "0000{:04x}-0000-1000-8000-00805f9b34fb"
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    {rule}
  </policy>
</busconfig>
"""
GLASSES, LAMP, TAG = "C6:05:04:03:02:01", "AA:BB:CC:00:00:01", "C0:11:22:33:44:56"


def wait_until(holds: Callable[[], bool], what: str, *, patience_s: float = 20.0) -> None:
    until = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.05)


def python_with_dbusmock() -> str:
    """The interpreter that has python-dbusmock: its D-Bus binding is a package of the system, not of PyPI's wheels."""
    for python in dict.fromkeys((sys.executable, "/usr/bin/python3")):
        if Path(python).exists():
            done = subprocess.run([python, "-c", "import dbusmock"], capture_output=True, timeout=60, check=False)
            if done.returncode == 0:
                return python
    pytest.skip("needs python-dbusmock (Debian: python3-dbusmock), which plays BlueZ")


class Bus:
    """A private system bus."""

    def __init__(self, folder: Path, *, rule: str = "") -> None:
        if sys.platform != "linux" or shutil.which("dbus-daemon") is None:
            pytest.skip("needs Linux and the program dbus-daemon, for a bus of its own")
        self.address = f"unix:path={folder / 'bus'}"
        self.log = folder / "log"
        self._running: list[subprocess.Popen[bytes]] = []
        config = folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(socket=folder / "bus", rule=rule))
        self._start(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"])
        wait_until((folder / "bus").exists, "the bus")

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address, "COLUMNS": "200"}

    def play_bluez(self) -> None:
        """Let python-dbusmock be org.bluez, without an adapter."""
        self._start([python_with_dbusmock(), "-m", "dbusmock", "--system", "--template", "bluez5"])
        name = ["org.bluez"]
        bus = "org.freedesktop.DBus"
        wait_until(lambda: self.call(bus, "/org/freedesktop/DBus", bus, "NameHasOwner", "s", name) == [True], "BlueZ")

    def add_adapter(self, *, powered: bool = True, roles: Sequence[str] = ("central",)) -> None:
        from dbus_fast import Variant

        path = "/org/bluez/hci0"
        self.call("org.bluez", "/", BLUEZ_MOCK, "AddAdapter", "ss", ["hci0", "computer"])
        told = Variant("as", list(roles))
        with contextlib.suppress(AssertionError):  # newer mocks have it already
            self.call("org.bluez", path, MOCK, "AddProperty", "ssv", [ADAPTER, "Roles", told])
        properties = {"Powered": Variant("b", powered), "Roles": told}
        self.call("org.bluez", path, MOCK, "UpdateProperties", "sa{sv}", [ADAPTER, properties])

    def advertise(
        self,
        address: str,
        *,
        rssi: int = -60,
        kind: str = "random",
        name: str = "",
        company: dict[int, bytes] | None = None,
        services: Sequence[int] = (),
        service_data: dict[int, bytes] | None = None,
    ) -> None:
        """A device that was not there before advertises, as BlueZ tells it."""
        from dbus_fast import Variant

        path = f"/org/bluez/hci0/dev_{address.replace(':', '_')}"
        companies = {number: Variant("ay", data) for number, data in (company or {}).items()}
        contents = {BASE_UUID.format(uuid): Variant("ay", data) for uuid, data in (service_data or {}).items()}
        properties = {
            "Address": Variant("s", address),
            "AddressType": Variant("s", kind),
            "Alias": Variant("s", name or address.replace(":", "-")),
            "Adapter": Variant("o", "/org/bluez/hci0"),
            "Connected": Variant("b", False),
            "RSSI": Variant("n", rssi),
            "UUIDs": Variant("as", [BASE_UUID.format(uuid) for uuid in services]),
            "ManufacturerData": Variant("a{qv}", companies),
            "ServiceData": Variant("a{sv}", contents),
            **({"Name": Variant("s", name)} if name else {}),
        }
        self.call("org.bluez", "/", MOCK, "AddObject", "ssa{sv}a(ssss)", [path, DEVICE, properties, []])
        told = [Variant("o", path), Variant("a{sa{sv}}", {DEVICE: properties})]
        signal_of = ["org.freedesktop.DBus.ObjectManager", "InterfacesAdded", "oa{sa{sv}}", told]
        self.call("org.bluez", "/", MOCK, "EmitSignal", "sssav", signal_of)

    def hear_again(self, address: str, rssi: int) -> None:
        """A known device advertises again."""
        from dbus_fast import Variant

        path = f"/org/bluez/hci0/dev_{address.replace(':', '_')}"
        self.call("org.bluez", path, MOCK, "UpdateProperties", "sa{sv}", [DEVICE, {"RSSI": Variant("n", rssi)}])

    def call(
        self, to: str, path: str, interface: str, member: str, signature: str = "", body: Sequence[Any] = ()
    ) -> list[Any]:
        """Call a method and return what it answers."""
        from dbus_fast import BusType, Message, MessageType
        from dbus_fast.aio import MessageBus

        async def ask() -> list[Any]:
            bus = await MessageBus(bus_address=self.address, bus_type=BusType.SYSTEM).connect()
            try:
                message = Message(
                    destination=to, path=path, interface=interface, member=member, signature=signature, body=list(body)
                )
                reply = await bus.call(message)
            finally:
                bus.disconnect()
            assert reply is not None
            assert reply.message_type is MessageType.METHOD_RETURN, (reply.error_name, reply.body)
            return list(reply.body)

        return asyncio.run(ask())

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait(timeout=10)
        self._running.clear()

    def _start(self, command: list[str]) -> None:
        with self.log.open("ab") as log:
            self._running.append(subprocess.Popen(command, stdout=log, stderr=log, env=self.environment))


class Running:
    """A running roomsweep."""

    def __init__(self, *arguments: str, cwd: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-c", "from roomsweep.cli.app import main; main()", *arguments]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**environment, "PYTHONUNBUFFERED": "1"},
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


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """A bus without BlueZ on it."""
    folder = tmp_path / "bus"
    folder.mkdir()
    made = Bus(folder)
    yield made
    made.stop()


@pytest.fixture
def bluez(bus: Bus) -> Bus:
    """A bus with BlueZ and an adapter that is on."""
    bus.play_bluez()
    bus.add_adapter()
    return bus


def result_of(out: str) -> dict[str, Any]:
    document = json.loads(out)
    jsonschema.validate(document, result_schema())
    assert isinstance(document, dict)
    return document


def found(result: dict[str, Any]) -> list[tuple[object, ...]]:
    keys = ("id", "level", "title", "where", "identity", "evidence", "advice", "probability")
    return [tuple(finding.get(key) for key in keys) for finding in result["findings"]]


def replayed(path: Path) -> dict[str, Any]:
    return result_of(CliRunner().invoke(app, ["bluetooth", str(path), "--json"]).stdout)


def put_on_air(bus: Bus) -> None:
    bus.advertise(GLASSES, company={0x01AB: bytes.fromhex("020102102716e4")}, services=[0xFD5F])
    bus.advertise(TAG, service_data={0xFCB2: b"\x01\x00\xaa"}, rssi=-80)
    bus.advertise(LAMP, name="Kitchen \x1b[31mlamp", kind="public", rssi=-70)


def test_adverts_are_heard_shown_recorded_and_replayed(bluez: Bus, tmp_path: Path) -> None:
    run = Running("bluetooth", "--seconds", "5", "--json", "--out", "room", cwd=tmp_path, environment=bluez.environment)
    run.wait_for("Listening on Bluetooth for 5 s")
    put_on_air(bluez)
    run.wait_for("Strong signs: A camera somebody wears nearby")
    run.wait_for("Noted: A tracker (tracker of the common tracker format (DULT), away from its owner)")
    bluez.hear_again(GLASSES, -44)
    status, out = run.end()
    assert status == 0
    assert "\x1b" not in run.said
    result = result_of(out)
    assert result["verdict"] == "suspects_found"
    levels = {finding["identity"]["mac"]: finding["level"] for finding in result["findings"]}
    assert levels == {GLASSES.lower(): "suspect", TAG.lower(): "noted", LAMP.lower(): "noted"}
    by_mac = {finding["identity"]["mac"]: finding for finding in result["findings"]}
    assert by_mac[GLASSES.lower()]["where"]["rssi_dbm"] == -44
    assert by_mac[GLASSES.lower()]["identity"]["randomised_mac"] is True
    assert by_mac[LAMP.lower()]["identity"]["randomised_mac"] is False
    (source,) = result["sources"]
    assert (source["kind"], source["state"]) == ("bluetooth_live", "examined")
    assert source["facts"]["listened_with"].startswith("BlueZ through bleak ")
    recording = tmp_path / source["facts"]["recording"]
    assert recording.parent == tmp_path / "room"
    assert hashlib.sha256(recording.read_bytes()).hexdigest() == source["facts"]["sha256"]
    assert str(recording) in run.said
    assert (tmp_path / "room" / "report.html").is_file()
    again = replayed(recording)
    assert found(again) == found(result), "the recording must lead to the same findings"
    assert again["sources"][0]["facts"]["signal_over_time"] == source["facts"]["signal_over_time"]
    log = bluez.log.read_text(encoding="utf-8")
    assert '"DuplicateData": True' in log
    assert "StopDiscovery" in log


def test_a_kill_keeps_what_was_heard(bluez: Bus, tmp_path: Path) -> None:
    run = Running("bluetooth", "--seconds", "60", "--out", "room", cwd=tmp_path, environment=bluez.environment)
    run.wait_for("Listening on Bluetooth")
    put_on_air(bluez)
    run.wait_for("A camera somebody wears nearby")
    run.process.send_signal(signal.SIGKILL)
    run.end()
    (recording,) = (tmp_path / "room").glob("bluetooth-*.jsonl")
    result = replayed(recording)
    assert {finding["identity"]["mac"] for finding in result["findings"]} >= {GLASSES.lower()}
    assert recording.stat().st_mode & 0o077 == 0, "it holds strangers' addresses"


def test_ctrl_c_gives_what_was_heard(bluez: Bus, tmp_path: Path) -> None:
    run = Running("bluetooth", "--seconds", "60", "--json", cwd=tmp_path, environment=bluez.environment)
    run.wait_for("Listening on Bluetooth")
    put_on_air(bluez)
    run.wait_for("A camera somebody wears nearby")
    run.process.send_signal(signal.SIGINT)
    status, out = run.end()
    assert status == 0
    assert len(result_of(out)["findings"]) == 3
    assert "Stopped after" in run.said


def test_an_adapter_that_vanishes_is_said(bluez: Bus, tmp_path: Path) -> None:
    run = Running("bluetooth", "--seconds", "4", "--json", cwd=tmp_path, environment=bluez.environment)
    run.wait_for("Listening on Bluetooth")
    put_on_air(bluez)
    run.wait_for("A camera somebody wears nearby")
    bluez.call("org.bluez", "/", BLUEZ_MOCK, "RemoveAdapterWithDevices", "s", ["hci0"])
    status, out = run.end()
    assert status == 0
    (source,) = result_of(out)["sources"]
    assert source["state"] == "partial"
    assert "went away while it was listened to" in source["reason"]


def test_warmer_and_colder_for_one_device(bluez: Bus, tmp_path: Path) -> None:
    run = Running("bluetooth", "--mac", LAMP, "--json", "--out", "room", cwd=tmp_path, environment=bluez.environment)
    run.wait_for(f"Looking for {LAMP.lower()} on Bluetooth")
    put_on_air(bluez)
    run.wait_for("STEADY")
    assert run.process.stdin is not None
    until = time.monotonic() + 30.0
    while "WARMER" not in run.said and time.monotonic() < until:
        bluez.hear_again(LAMP, -50)
        bluez.hear_again(LAMP, -51)
        time.sleep(0.2)
        ready, _, _ = select.select([run.process.stderr], [], [], 0.0)
        if ready:
            assert run.process.stderr is not None
            run.said += os.read(run.process.stderr.fileno(), 65536).decode()
    assert "WARMER" in run.said
    run.process.stdin.write("by the shelf @ 1, 2\n")
    run.process.stdin.flush()
    run.wait_for("by the shelf")
    run.process.send_signal(signal.SIGINT)
    status, out = run.end()
    assert status == 0
    assert len(result_of(out)["findings"]) == 3
    (readings,) = (tmp_path / "room").glob("readings-*.csv")
    text = readings.read_text(encoding="utf-8")
    assert re.search(rf"^by the shelf,1,2,-5[01](\.5)?,[\d.]+,{LAMP.lower()},bluetooth$", text, re.MULTILINE)
    placed = CliRunner().invoke(app, ["locate", str(readings), "--json"])
    assert result_of(placed.stdout)["sources"][0]["state"] != "not_examined"


def lacking(tmp_path: Path, environment: dict[str, str]) -> str:
    """The one sentence of a run that cannot hear."""
    run = Running("bluetooth", "--seconds", "3", cwd=tmp_path, environment=environment)
    status, out = run.end()
    assert (status, out) == (4, ""), run.said
    assert run.said.count("\n") == 1
    assert "Traceback" not in run.said
    assert list(tmp_path.glob("*.jsonl")) == [], "nothing was heard, so there is no recording"
    return run.said


def test_no_dbus_is_one_sentence_and_exit_4(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("D-Bus is how Linux speaks to Bluetooth")
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/none", "COLUMNS": "200"}
    said = lacking(tmp_path, environment)
    assert "D-Bus, is not running. Start it: sudo systemctl start dbus bluetooth" in said
    run = Running("bluetooth", "--seconds", "3", "--json", cwd=tmp_path, environment=environment)
    status, out = run.end()
    result = result_of(out)
    assert (status, result["verdict"]) == (4, "not_examined")
    (source,) = result["sources"]
    assert source["facts"] == {"unavailable": True}
    assert source["reason"].startswith("cannot be heard: ")
    assert "D-Bus" in run.said


def test_no_bluez_on_the_bus(bus: Bus, tmp_path: Path) -> None:
    said = lacking(tmp_path, bus.environment)
    assert "BlueZ, is not running" in said
    assert "apt-get install bluez" in said


def test_no_adapter_and_one_that_is_off_or_too_old(bus: Bus, tmp_path: Path) -> None:
    bus.play_bluez()
    said = lacking(tmp_path, bus.environment)
    assert "There is no Bluetooth adapter. Plug in a USB Bluetooth adapter" in said
    bus.add_adapter(powered=False)
    assert "Bluetooth is switched off. Switch it on: rfkill unblock bluetooth" in lacking(tmp_path, bus.environment)
    bus.call("org.bluez", "/", BLUEZ_MOCK, "RemoveAdapter", "s", ["hci0"])
    bus.add_adapter(roles=["peripheral"])
    assert "too old" in lacking(tmp_path, bus.environment)


def test_no_permission(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    folder.mkdir()
    bus = Bus(folder, rule='<deny send_destination="org.bluez" send_interface="org.freedesktop.DBus.ObjectManager"/>')
    try:
        bus.play_bluez()
        said = lacking(tmp_path, bus.environment)
    finally:
        bus.stop()
    assert "This program may not use Bluetooth. Run the command with sudo" in said


def test_a_sweep_goes_on_without_bluetooth(tmp_path: Path) -> None:
    from roomsweep.calibration.airwaves import synthetic_bluetooth

    capture = tmp_path / "scan.btsnoop"
    capture.write_bytes(synthetic_bluetooth(seed=1, seconds=3.0).data)
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/none", "COLUMNS": "200"}
    run = Running(
        "sweep", "--bluetooth", "live", "--bluetooth", str(capture), "--json", cwd=tmp_path, environment=environment
    )
    status, out = run.end()
    assert status == 0, run.said
    result = result_of(out)
    states = {source["kind"]: source["state"] for source in result["sources"]}
    assert states == {"bluetooth_live": "not_examined", "bluetooth_capture": "examined"}
    if sys.platform == "linux":
        assert any("D-Bus, is not running" in limit for limit in result["limits"])
