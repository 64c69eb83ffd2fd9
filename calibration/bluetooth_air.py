"""Adverts on a synthetic Bluetooth LE scan, and the btsnoop file they end in.

The file holds what a host sees of its adapter over H4: the command that starts the scan, its completion,
and one LE Advertising Report event for each advert (Bluetooth Core 5.4, Vol 4, Part E, 7.7.65.2).
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np

from ..detect.mac import parse_mac
from .transmitters import START_S, SyntheticCapture, Transmitter

#: btsnoop: version 1, data link 1002 (HCI UART, H4); the container of RFC 1761 with its own magic.
_BTSNOOP_HEADER = b"btsnoop\0" + struct.pack(">II", 1, 1002)

#: Microseconds from January 1st of the year 0, where btsnoop counts from, to 1970.
_BTSNOOP_EPOCH_US = 0x00DC_DDB3_0F2F_8000

#: Record flags of btsnoop: bit 0 set where the adapter sent it, bit 1 set for commands and events.
_SENT_COMMAND, _RECEIVED_EVENT = 2, 3

#: Packet indicators of H4 (Bluetooth Core 5.4, Vol 4, Part A, 2).
_H4_COMMAND, _H4_EVENT = b"\x01", b"\x04"

#: LE Set Scan Enable (on, duplicates kept) and its Command Complete event (Vol 4, Part E, 7.8.11 and 7.7.14).
_SCAN_ENABLE = _H4_COMMAND + bytes.fromhex("0c20 02 01 00")
_SCAN_ENABLED = _H4_EVENT + bytes.fromhex("0e 04 01 0c20 00")

#: Event types of an advertising report: connectable and scannable, not connectable, scan response.
_ADV_IND, _ADV_NONCONN_IND, _SCAN_RSP = 0x00, 0x03, 0x04

#: Longest advert of the legacy kind (Vol 6, Part B, 2.3.1).
_ADVERT_BYTES = 31

#: When the first advert can be heard, after the command and its completion.
_SCAN_BEGINS_S = 0.002

#: Every advert is delayed by up to 10 ms at random (Vol 6, Part B, 4.4.2.2.1).
_ADVERT_DELAY_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Advert:
    """What one advert says, as the bytes of its data structures."""

    data: bytes
    name: str | None = None

    @classmethod
    def of(
        cls,
        *,
        flags: int | None = None,
        name: str | None = None,
        services: tuple[int, ...] = (),
        service_data: tuple[int, bytes] | None = None,
        company: tuple[int, bytes] | None = None,
    ) -> Self:
        """Build the data structures (types of the Bluetooth SIG's assigned numbers, 2.3).

        Raises
        ------
        ValueError
            If they are longer than an advert can be.
        """
        parts: list[tuple[int, bytes]] = []
        if flags is not None:
            parts.append((0x01, bytes([flags])))
        if services:
            parts.append((0x03, b"".join(struct.pack("<H", uuid) for uuid in services)))
        if service_data is not None:
            parts.append((0x16, struct.pack("<H", service_data[0]) + service_data[1]))
        if company is not None:
            parts.append((0xFF, struct.pack("<H", company[0]) + company[1]))
        if name is not None:
            parts.append((0x09, name.encode()))
        data = b"".join(bytes([len(body) + 1, kind]) + body for kind, body in parts)
        if len(data) > _ADVERT_BYTES:
            raise ValueError(f"an advert holds {_ADVERT_BYTES} bytes, not {len(data)}")
        return cls(data=data, name=name)


class Airtime:
    """Collects adverts with their times; they come in any order and are sorted at the end."""

    def __init__(self, rng: np.random.Generator, *, seconds: float) -> None:
        self._rng = rng
        self._seconds = seconds
        self._heard: list[tuple[float, str, bytes]] = []
        self._about: dict[str, tuple[str, bool, str | None]] = {}

    def add(
        self,
        address: str,
        advert: Advert,
        *,
        what: str,
        rssi_dbm: int,
        period_s: float,
        answer: Advert | None = None,
        public: bool = False,
        camera: bool = False,
    ) -> None:
        """A device that advertises.

        Parameters
        ----------
        answer
            What it says when the scanner asks for more; then it is reported after each advert.
        public
            Whether its address is one bought from the registry.
        """
        self._about[address] = (what, camera, advert.name or (answer.name if answer else None))
        kind = _ADV_IND if answer else _ADV_NONCONN_IND
        for start in np.arange(float(self._rng.uniform(_SCAN_BEGINS_S, period_s)), self._seconds, period_s):
            now = float(start) + float(self._rng.uniform(0, _ADVERT_DELAY_S))
            level = rssi_dbm + round(float(self._rng.normal(0, 3)))
            self._heard.append((now, address, _report(kind, address, advert.data, level, public=public)))
            if answer:
                reply = _report(_SCAN_RSP, address, answer.data, level, public=public)
                self._heard.append((now + 0.0004, address, reply))

    def capture(self, seed: int) -> SyntheticCapture:
        """Return the file."""
        kept = sorted((item for item in self._heard if item[0] < self._seconds), key=lambda item: item[0])
        counts = Counter(address for _, address, _ in kept)
        out = [_BTSNOOP_HEADER, _record(0.0, _SENT_COMMAND, _SCAN_ENABLE)]
        out.append(_record(0.001, _RECEIVED_EVENT, _SCAN_ENABLED))
        out += [_record(t_s, _RECEIVED_EVENT, packet) for t_s, _, packet in kept]
        truth = tuple(
            Transmitter(mac=mac, what=what, camera=camera, name=name, frames=counts[mac])
            for mac, (what, camera, name) in sorted(self._about.items())
        )
        return SyntheticCapture(data=b"".join(out), truth=truth, frames=len(kept) + 2, seconds=self._seconds, seed=seed)


def _report(kind: int, address: str, data: bytes, rssi_dbm: int, *, public: bool) -> bytes:
    """One LE Advertising Report event with one report."""
    who = bytes([kind, 0 if public else 1]) + parse_mac(address).to_bytes(6, "little")
    body = b"\x02\x01" + who + bytes([len(data)]) + data + struct.pack("b", rssi_dbm)
    return _H4_EVENT + bytes([0x3E, len(body)]) + body


def _record(t_s: float, flags: int, packet: bytes) -> bytes:
    """One record of the file."""
    stamp_us = _BTSNOOP_EPOCH_US + START_S * 1_000_000 + round(t_s * 1e6)
    return struct.pack(">IIIIq", len(packet), len(packet), flags, 0, stamp_us) + packet
