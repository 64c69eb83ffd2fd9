"""Frames on a synthetic Wi-Fi channel, and the capture file they end in."""

from __future__ import annotations

import math
import struct
from collections import Counter
from functools import lru_cache

import numpy as np

from ..detect.mac import format_mac
from ..detect.wifi import scapy_frames as frames
from .transmitters import START_S, SyntheticCapture, Transmitter

#: Classic pcap: magic for microseconds in little-endian order, version 2.4, link type 127, radiotap.
_PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127)

#: Camera uplink: 12.5 pictures a second of about 8 kB make 100 kB/s, a common setting of cheap 1080p cameras.
_PICTURE_PERIOD_S, _PICTURE_BYTES, _KEY_PICTURE_EVERY = 0.08, 7200, 25

#: Payload of a full frame: 1500 bytes of IP behind LLC/SNAP, with CCMP's header and integrity code.
_FULL_PAYLOAD_BYTES = 1500 + 8 + frames.CCMP_HEADER_BYTES + frames.CCMP_MIC_BYTES

#: Payload of a frame that only acknowledges: 40-52 bytes of TCP and IP behind the same.
_SMALL_PAYLOAD_BYTES = 76


class Air:
    """Collects frames with their times and senders; frames come in any order and are sorted at the end."""

    def __init__(self, rng: np.random.Generator, *, seconds: float) -> None:
        self._rng = rng
        self._seconds = seconds
        self._sent: list[tuple[float, bytes, bytes]] = []
        self._about: dict[str, tuple[str, bool, str | None]] = {}
        self._counts: Counter[str] = Counter()
        self._sequence: Counter[str] = Counter()
        self._level: dict[str, int] = {}
        # One stretch of noise, cut anywhere, stands for every ciphertext.
        self._noise = rng.bytes(65536)
        self._channel = 6

    def capture(self, seed: int) -> SyntheticCapture:
        """Return the file."""
        out = [_PCAP_HEADER]
        kept = sorted((item for item in self._sent if item[0] < self._seconds), key=lambda item: item[0])
        for t_s, header, frame in kept:
            whole = header + frames.with_check_sequence(frame)
            microseconds = round(t_s * 1e6)
            stamp = (START_S + microseconds // 1_000_000, microseconds % 1_000_000)
            out.append(struct.pack("<IIII", *stamp, len(whole), len(whole)) + whole)
            if len(frame) >= 16:
                self._counts[format_mac(int.from_bytes(frame[10:16], "big"))] += 1
        truth = tuple(
            Transmitter(mac=mac, what=what, camera=camera, name=name, frames=self._counts[mac])
            for mac, (what, camera, name) in sorted(self._about.items())
        )
        return SyntheticCapture(data=b"".join(out), truth=truth, frames=len(kept), seconds=self._seconds, seed=seed)

    def add_network(
        self, bssid: str, ssid: bytes, *, rssi_dbm: int, protected: bool, what: str, camera: bool = False
    ) -> None:
        """An access point that sends beacons."""
        self._introduce(bssid, what, rssi_dbm, camera=camera, name=ssid.decode())
        frame = frames.beacon(bssid=bssid, ssid=ssid, channel=self._channel, protected=protected)
        period = frames.BEACON_INTERVAL_TU * 1024e-6
        for t_s in np.arange(float(self._rng.uniform(0, period)), self._seconds, period):
            self._send(float(t_s), bssid, frame, rate_mbps=1)

    def add_probes(self, phone: str, *, answered_by: tuple[str, bytes], rssi_dbm: int) -> None:
        """A phone that looks for networks now and then."""
        self._introduce(phone, "phone", rssi_dbm)
        bssid, ssid = answered_by
        probe = frames.probe_request(station=phone)
        answer = frames.probe_response(bssid=bssid, station=phone, ssid=ssid, channel=self._channel, protected=True)
        for t_s in self._rng.uniform(0, self._seconds, int(self._rng.integers(2, 5))):
            for burst in range(int(self._rng.integers(2, 5))):
                start = float(t_s) + 0.02 * burst
                self._send(start, phone, probe, rate_mbps=1)
                self._send(start + 0.003, bssid, answer, rate_mbps=1)

    def add_browsing(self, phone: str, bssid: str, gateway: str, *, rssi_dbm: int) -> None:
        """A phone that loads a page now and then: bursts down, little up, asleep between."""
        self._introduce(phone, "phone", rssi_dbm)
        for t_s in np.sort(self._rng.uniform(0, self._seconds, max(1, int(self._seconds / 4)))):
            now = float(t_s)
            self._send(now, phone, frames.null_frame(station=phone, bssid=bssid, asleep=False), rate_mbps=24)
            for _ in range(int(self._rng.integers(8, 40))):
                now += float(self._rng.exponential(0.012))
                self._data(now, phone, bssid, gateway, uplink=False, size=_FULL_PAYLOAD_BYTES)
                if self._rng.random() < 0.4:
                    self._data(now + 0.002, phone, bssid, gateway, uplink=True, size=_SMALL_PAYLOAD_BYTES)
            self._send(now + 0.1, phone, frames.null_frame(station=phone, bssid=bssid, asleep=True), rate_mbps=24)

    def add_film(self, television: str, bssid: str, gateway: str, *, rssi_dbm: int) -> None:
        """A television that receives a film in pieces, as players do, and acknowledges."""
        self._introduce(television, "television", rssi_dbm)
        for t_s in np.arange(0.4, self._seconds, 2.0):
            now = float(t_s)
            for number in range(110):
                now += float(self._rng.exponential(0.004))
                self._data(now, television, bssid, gateway, uplink=False, size=_FULL_PAYLOAD_BYTES)
                if number % 2:
                    self._data(now + 0.001, television, bssid, gateway, uplink=True, size=_SMALL_PAYLOAD_BYTES)

    def add_camera_stream(self, camera: str, bssid: str, gateway: str, *, rssi_dbm: int) -> None:
        """A camera that somebody watches: pictures at an even pace, nearly everything upwards."""
        self._introduce(camera, "network camera that streams", rssi_dbm, camera=True)
        for number, t_s in enumerate(np.arange(0.02, self._seconds, _PICTURE_PERIOD_S)):
            now = float(t_s) + float(self._rng.normal(0, 0.002))
            size = _PICTURE_BYTES * float(self._rng.lognormal(0.0, 0.12))
            if number % _KEY_PICTURE_EVERY == 0:
                size *= 3
            self._send(now, camera, frames.request_to_send(receiver=bssid, sender=camera), rate_mbps=24)
            first = self._sequence[camera]
            while size > 0:
                now += 0.0006
                piece = min(_FULL_PAYLOAD_BYTES, math.ceil(size) + _SMALL_PAYLOAD_BYTES)
                self._data(now, camera, bssid, gateway, uplink=True, size=piece, priority=5)
                size -= piece
            answer = frames.block_ack(receiver=camera, sender=bssid, first_sequence=first)
            self._send(now + 0.0003, bssid, answer, rate_mbps=24)
            if number % 6 == 0:
                self._data(now + 0.01, camera, bssid, gateway, uplink=False, size=_SMALL_PAYLOAD_BYTES)

    def _introduce(self, mac: str, what: str, rssi_dbm: int, *, camera: bool = False, name: str | None = None) -> None:
        self._about[mac] = (what, camera, name)
        self._level[mac] = rssi_dbm

    def _data(
        self, t_s: float, station: str, bssid: str, gateway: str, *, uplink: bool, size: int, priority: int = 0
    ) -> None:
        """A data frame with `size` bytes of payload."""
        start = int(self._rng.integers(0, len(self._noise) - size))
        sender = station if uplink else bssid
        cipher = self._noise[start : start + size - frames.CCMP_HEADER_BYTES]
        payload = frames.ccmp_payload(cipher, packet_number=self._sequence[sender] + 1)
        head = _data_head(station, bssid, gateway, uplink, priority)
        self._send(t_s, sender, head + payload, rate_mbps=54)
        if uplink and priority == 0:
            self._send(t_s + 0.0002, bssid, frames.acknowledgement(receiver=station), rate_mbps=24)

    def _send(self, t_s: float, sender: str, frame: bytes, *, rate_mbps: int) -> None:
        """Note a frame; those that carry a sequence number get the sender's next."""
        if frame[0] & 0x0C != 0x04:  # not a control frame (IEEE 802.11-2020, 9.2.4.1.3)
            number = self._sequence[sender] & 0xFFF
            self._sequence[sender] += 1
            at = frames.SEQUENCE_CONTROL_OFFSET
            frame = frame[:at] + struct.pack("<H", number << 4) + frame[at + 2 :]
        rssi_dbm = self._level[sender] + round(float(self._rng.normal(0, 1.5)))
        header = frames.radiotap(rssi_dbm=rssi_dbm, channel=self._channel, rate_mbps=rate_mbps)
        self._sent.append((t_s, header, frame))


@lru_cache(maxsize=256)
def _data_head(station: str, bssid: str, gateway: str, uplink: bool, priority: int) -> bytes:
    """The header of a data frame, built once for each direction of each conversation."""
    return frames.data_frame(station=station, bssid=bssid, other=gateway, uplink=uplink, payload=b"", priority=priority)
