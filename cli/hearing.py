"""Listening live to Bluetooth adverts: what the operating system tells becomes blocks, and a recording beside them.

The library bleak speaks to BlueZ (Linux), CoreBluetooth (macOS) and WinRT (Windows). It runs on an event loop in a
thread of its own; what it tells is taken from there about once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self
from uuid import UUID

from ..detect.bluetooth.advertising import Advertising, Uuid, uuid_of
from ..detect.bluetooth.adverts import Advert, advert_line, header_line, kind_of
from ..detect.bluetooth.heard import AddressKind
from ..detect.mac import parse_mac
from .bluetooth_lack import lack_of
from .interrupts import first_interrupt
from .recording import RecordFile

#: Seconds of adverts in a block, as for Wi-Fi.
BLOCK_S = 1.0

#: Longest wait before it is looked whether to stop, seconds.
_WAIT_S = 0.1

#: Longest wait for the system to begin, seconds: on macOS a person is asked for permission meanwhile.
_START_S = 30.0

#: Longest wait for it to end, seconds. BlueZ answers in less than one.
_STOP_S = 5.0

#: Adverts kept between two blocks; more is a flood of made-up ones. An adapter hears some 1,000 a second at most
#: (three channels of 1 Mb/s, messages of 0.4 ms).
_MOST_WAITING = 20_000

#: Seconds of silence after which something is wrong, where something was heard before: three times the longest
#: interval between adverts, 10.24 s (Bluetooth Core 5.4, Vol 6 Part B, 4.4.2.2).
SILENT_S = 30.72

#: Level that bleak gives where BlueZ told none.
_NO_LEVEL = -127

#: What a backend calls when it hears something: device and advertisement, as bleak describes them.
Told = Callable[[Any, Any], None]


class Scanner(Protocol):
    """What bleak's scanner is to us; a test puts its own in place."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End."""


def bleak_scanner(told: Told) -> Scanner:
    """Return bleak's scanner of this system, which asks for scan responses too: most names are in them."""
    from bleak import BleakScanner

    # BlueZ else tells equal contents once only, and the signal is what matters while somebody walks.
    options: dict[str, Any] = {"bluez": {"filters": {"DuplicateData": True}}} if sys.platform == "linux" else {}
    scanner: Scanner = BleakScanner(detection_callback=told, **options)
    return scanner


class Hearer:
    """What the Bluetooth adapter of this computer hears.

    Parameters
    ----------
    record_to
        Where the recording goes, or None. It must not exist.
    scanner
        Makes the scanner; a test puts its own in place.

    Raises
    ------
    UnavailableError
        At once, if nothing can be heard: no adapter, switched off, no permission, no service to speak to it; or if
        the recording exists or cannot be written.

    Notes
    -----
    Ctrl-C while the blocks are iterated ends them after what was heard so far; a second one interrupts at once.
    """

    #: What it is called where a Wi-Fi interface has a name.
    interface = "Bluetooth"

    def __init__(self, *, record_to: Path | None = None, scanner: Callable[[Told], Scanner] = bleak_scanner) -> None:
        #: Adverts heard, seconds listened, adverts given up because they came faster than they were taken.
        self.adverts = 0
        self.seconds = 0.0
        self.dropped = 0
        #: Whether Ctrl-C or :meth:`stop` ended it.
        self.stopped = False
        self._system = platform.system()
        self._clock_ns = time.time_ns() - time.monotonic_ns()
        self._lock = threading.Lock()
        self._waiting: list[Advert] = []
        self._heard_s: float | None = None
        self._over = threading.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._lost: str | None = None
        self._make = scanner
        self._recording: RecordFile | None = None
        self._thread = threading.Thread(target=self._run, name="bluetooth", daemon=True)
        self._thread.start()
        try:
            while not self._ready.wait(_WAIT_S):
                pass
            if self._failure is not None:
                raise lack_of(self._failure, system=self._system) from self._failure
            if record_to is not None:
                head = header_line(
                    listened_with=listened_with(self._system),
                    started_at=datetime.now().astimezone().isoformat(timespec="seconds"),
                )
                self._recording = RecordFile(record_to, head=head)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and close the recording."""
        self._over.set()
        self._thread.join(timeout=_STOP_S + 1.0)
        if self._recording:
            self._recording.close()

    @property
    def tells_addresses(self) -> bool:
        """Whether this system tells addresses: macOS does not."""
        return self._system != "Darwin"

    def stop(self) -> None:
        """End the blocks after what has been heard."""
        self.stopped = True

    @property
    def notes(self) -> tuple[str, ...]:
        """What went otherwise than meant, in clauses about Bluetooth."""
        silent_s = 0.0 if self._heard_s is None else self.seconds - self._heard_s
        return tuple(
            note
            for note in (
                self._lost,
                f"told nothing in its last {silent_s:.0f} s (was it switched off meanwhile?)"
                if silent_s > SILENT_S
                else None,
                self._recording.problem if self._recording else None,
                f"lost {self.dropped} adverts, which came faster than this computer took them"
                if self.dropped
                else None,
            )
            if note
        )

    def facts(self) -> dict[str, Any]:
        """What was measured about the listening itself."""
        out: dict[str, Any] = {
            "listened_with": listened_with(self._system),
            "seconds_listened": round(self.seconds, 1),
            "adverts_dropped": self.dropped,
        }
        if self._recording:
            out["recording"] = str(self._recording.path)
            out["sha256"] = self._recording.sha256
        return out

    def blocks(self, *, seconds: float | None) -> Iterator[list[Advert]]:
        """Yield what is heard, about a block a second, empty ones too; each is in the recording when it comes.

        Parameters
        ----------
        seconds
            How long to listen; None: until Ctrl-C or :meth:`stop`.
        """
        with self, first_interrupt(self.stop):
            now = began = time.monotonic()
            over = None if seconds is None else began + seconds
            while not self.stopped and (over is None or now < over):
                until = now + BLOCK_S if over is None else min(now + BLOCK_S, over)
                while not self.stopped and (left := until - time.monotonic()) > 0.0:
                    time.sleep(min(_WAIT_S, left))
                now = time.monotonic()
                self.seconds = now - began
                yield self._take()
                now = time.monotonic()

    def _take(self) -> list[Advert]:
        with self._lock:
            block, self._waiting = self._waiting, []
        if block:
            self._heard_s = self.seconds
            self.adverts += len(block)
            if self._recording:
                self._recording.append(b"".join(map(advert_line, block)))
        return block

    def _tell(self, device: Any, advertisement: Any) -> None:
        """Take one advert from bleak; runs on its thread."""
        t_ns = self._clock_ns + time.monotonic_ns()
        with contextlib.suppress(ValueError, TypeError, AttributeError):  # what no system should tell
            advert = advert_of(device, advertisement, t_ns=t_ns)
            with self._lock:
                if len(self._waiting) < _MOST_WAITING:
                    self._waiting.append(advert)
                else:
                    self.dropped += 1

    def _run(self) -> None:
        """The thread: begin, wait, end."""
        try:
            asyncio.run(self._listen())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _listen(self) -> None:
        scanner = self._make(self._tell)
        starting = asyncio.ensure_future(scanner.start())
        until = time.monotonic() + _START_S
        while not starting.done():
            if self._over.is_set():
                starting.cancel()
                return
            if time.monotonic() > until:
                starting.cancel()
                raise TimeoutError
            await asyncio.wait({starting}, timeout=_WAIT_S)
        starting.result()
        self._ready.set()
        while not self._over.is_set():
            await asyncio.sleep(_WAIT_S)
        try:
            await asyncio.wait_for(scanner.stop(), _STOP_S)
        except Exception as error:  # it went away while we listened: what was heard stays heard
            self._lost = f"went away while it was listened to ({type(error).__name__})"


def listened_with(system: str) -> str:
    """Return what tells the adverts on this system, with versions where they are known."""
    from importlib.metadata import PackageNotFoundError, version

    backend = {"Linux": "BlueZ", "Darwin": "CoreBluetooth", "Windows": "WinRT"}.get(system, system)
    try:
        return f"{backend} through bleak {version('bleak')}"
    except PackageNotFoundError:
        return backend


def advert_of(device: Any, advertisement: Any, *, t_ns: int) -> Advert:
    """Return what bleak told as an advert.

    Raises
    ------
    ValueError
        If its address is neither an address nor a UUID.
    """
    platform_data = tuple(advertisement.platform_data)
    try:
        address = parse_mac(device.address)
        kind = kind_of(address, random=_is_random(platform_data))
    except ValueError:
        address, kind = UUID(device.address).int, AddressKind.HIDDEN
    more = _bluez_properties(platform_data)
    flags = bytes(more.get("AdvertisingFlags") or b"")[:1]
    appearance = more.get("Appearance")
    rssi_dbm = int(advertisement.rssi)
    tx_power = advertisement.tx_power
    name = advertisement.local_name or None
    return Advert(
        t_ns=t_ns,
        address=address,
        kind=kind,
        rssi_dbm=None if rssi_dbm in (_NO_LEVEL, 127) else rssi_dbm,
        said=Advertising(
            flags=flags[0] if flags else None,
            name=name,
            name_complete=name is not None,
            uuids=tuple(dict.fromkeys(_uuids(advertisement.service_uuids))),
            service_data=tuple(
                (uuid, bytes(data)) for text, data in advertisement.service_data.items() for uuid in _uuids([text])
            ),
            manufacturer=tuple(
                (number & 0xFFFF, bytes(data)) for number, data in advertisement.manufacturer_data.items()
            ),
            tx_power_dbm=tx_power if tx_power is not None and -128 <= tx_power <= 127 else None,
            appearance=appearance if isinstance(appearance, int) and 0 <= appearance <= 0xFFFF else None,
        ),
    )


def _uuids(texts: list[str]) -> list[Uuid]:
    out = []
    for text in texts:
        with contextlib.suppress(ValueError):
            out.append(uuid_of(text))
    return out


def _bluez_properties(platform_data: tuple[Any, ...]) -> dict[str, Any]:
    """What BlueZ tells of the device besides; empty on other systems."""
    properties = platform_data[1] if len(platform_data) == 2 else None
    return properties if isinstance(properties, dict) else {}


def _is_random(platform_data: tuple[Any, ...]) -> bool | None:
    """Whether the address is random; None where the system does not tell."""
    told = _bluez_properties(platform_data).get("AddressType")
    if told in ("public", "random"):
        return bool(told == "random")
    # WinRT: the advertisement or the scan response, each with an address type: 0 public, 1 random.
    for event in platform_data[1] if len(platform_data) == 2 and isinstance(platform_data[1], tuple) else ():
        kind = getattr(event, "bluetooth_address_type", None)
        if kind is not None and int(kind) in (0, 1):
            return int(kind) == 1
    return None
