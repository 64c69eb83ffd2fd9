"""Streams recorded on a wire, put on the air: derived captures for testing what encrypted Wi-Fi shows.

A recording of Ethernet frames holds when a device sent and how much. Here each packet becomes an encrypted
802.11 data frame of the same time and matching length, with what a real sniffer does to it: lost frames, frames
heard twice, a wait for the air, records cut short. The payload is random. Everything made here is *derived*: the
timing on the wire is real, that on the air is modelled.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

#: Bytes that an Ethernet header has and an encrypted QoS frame has instead: MAC header 26, CCMP header 8, LLC 8,
#: integrity code 8 (IEEE 802.11-2020, 9.2.4, 12.5.2); the check sum is not recorded.
_ETHERNET_HEADER, _WIFI_OVERHEAD, _QOS_HEADER = 14, 50, 26

#: Rate of the modelled radio, bits per microsecond, and the time each frame takes besides its bits, microseconds: a
#: single-antenna 802.11n station at MCS 3 in 20 MHz (26 Mbit/s) with preamble, contention and acknowledgement.
_MBPS, _ACCESS_US = 26.0, 180.0

#: Frames longer than this are sent at the fast rates that a plain sniffer may miss, bytes.
_FAST_BYTES = 200

#: One aggregate (A-MPDU) lasts at most 5.484 ms (IEEE 802.11-2020, table 9-34, maximum PPDU duration), nanoseconds.
_AGGREGATE_NS = 5_484_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What one device sent and received, as on a wire.

    Parameters
    ----------
    t_ns
        int64 (n,); in order.
    up
        bool (n,); sent by the device, else received by it.
    length
        int64 (n,); bytes of the Ethernet frame.
    """

    t_ns: NDArray[np.int64]
    up: NDArray[np.bool_]
    length: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.t_ns)


def repeated(flow: Flow, *, seconds: float) -> Flow:
    """Return the flow from zero, played again and again until it lasts `seconds`; the mean gap lies between."""
    t = flow.t_ns - flow.t_ns[0]
    period = int(t[-1]) + int(np.mean(np.diff(t)))
    times = int(np.ceil(seconds * 1e9 / period))
    start = np.repeat(np.arange(times, dtype=np.int64) * period, len(flow))
    out = Flow(t_ns=np.tile(t, times) + start, up=np.tile(flow.up, times), length=np.tile(flow.length, times))
    return part(out, start_s=0.0, seconds=seconds)


def part(flow: Flow, *, start_s: float, seconds: float) -> Flow:
    """Return what happened in a stretch of time, from zero."""
    t = flow.t_ns - flow.t_ns[0] - int(start_s * 1e9)
    rows = np.flatnonzero((t >= 0) & (t < int(seconds * 1e9)))
    return Flow(t_ns=t[rows], up=flow.up[rows], length=flow.length[rows])


def joined(*flows: Flow) -> Flow:
    """Return several flows of one device as one."""
    t = np.concatenate([flow.t_ns for flow in flows])
    order = np.argsort(t, kind="stable")
    return Flow(
        t_ns=t[order],
        up=np.concatenate([flow.up for flow in flows])[order],
        length=np.concatenate([flow.length for flow in flows])[order],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """What happens to frames on the way to the capture.

    Parameters
    ----------
    loss
        Share of frames that the sniffer misses, 0..1.
    doubled
        Share of frames that are sent twice, the second time with the retry bit.
    fast_loss
        Share of long data frames missed besides: sniffers with fewer antennas miss fast frames and keep slow ones.
    control
        Whether bursts are announced and acknowledged by control frames (RTS, block acknowledgement).
    snap_bytes
        Bytes kept of each frame, or None for all.
    busy
        Share of the air's time that others use, 0..1: frames wait for it.
    """

    loss: float = 0.0
    fast_loss: float = 0.0
    control: bool = False
    doubled: float = 0.03
    snap_bytes: int | None = None
    busy: float = 0.2


def on_air(flow: Flow, *, air: Air, random: np.random.Generator) -> Flow:
    """Return the flow at the times when its frames pass a busy radio, one after the other."""
    cost = (_ACCESS_US + flow.length * 8 / _MBPS) * 1e3
    # Waiting for others: a share of frames meets a busy medium and waits for one aggregate of about 2 ms.
    cost += random.exponential(2e6, len(flow)) * (random.random(len(flow)) < air.busy / 4)
    done = np.cumsum(cost)
    # Each frame ends after it came and after the one before: end[i] = done[i] + max over j<=i of (t[j] - done[j-1]).
    free = np.maximum.accumulate(flow.t_ns - np.concatenate([[0.0], done[:-1]]))
    return replace(flow, t_ns=(done + free).astype(np.int64))


def reframed(
    flow: Flow,
    *,
    station: int,
    network: int,
    air: Air,
    random: np.random.Generator,
    start_ns: int = 1_700_000_000_000_000_000,
    access_point: bool = False,
) -> list[tuple[int, bytes, int]]:
    """Return records (time in ns, captured bytes, length) of radiotap frames for a device's flow.

    Parameters
    ----------
    station, network
        Addresses of the device and of the network that it is in; of its one client, if `access_point`.
    air
        What the radio and the sniffer do to it.
    random
        Source of losses, waits and payload.
    start_ns
        When the flow begins.
    access_point
        The device is the access point itself.
    """
    sent = on_air(flow, air=air, random=random)
    heard = random.random(len(sent)) >= air.loss
    heard &= (sent.length <= _FAST_BYTES) | (random.random(len(sent)) >= air.fast_loss)
    twice = random.random(len(sent)) < air.doubled
    again_heard = heard & (random.random(len(sent)) >= air.loss)
    payload = random.bytes(4096)
    device, other = station.to_bytes(6, "big"), network.to_bytes(6, "big")
    out = []
    numbers = [0, 0]
    for row in range(len(sent)):
        up = bool(sent.up[row])
        number = numbers[up] = (numbers[up] + 1) & 0xFFF
        size = int(sent.length[row]) - _ETHERNET_HEADER + _WIFI_OVERHEAD
        source, target = (device, other) if up else (other, device)
        from_network = up == access_point
        for copy, caught in ((0, heard[row]), (1, twice[row] and again_heard[row])):
            if not caught:
                continue
            flags = 0x40 | (0x02 if from_network else 0x01) | (0x08 if copy else 0)
            third = source if from_network and access_point else other
            header = struct.pack("<BBH6s6s6sHH", 0x88, flags, 48, target, source, third, number << 4, 0)
            body = header + payload[: max(0, size - _QOS_HEADER)]
            signal = -48 if up else -60
            record = struct.pack("<BBHIBBHHb", 0, 0, 15, 0x2E, 0x00, 12, 2437, 0x00A0, signal)[:15] + body
            captured = record if air.snap_bytes is None else record[: air.snap_bytes]
            out.append((start_ns + int(sent.t_ns[row]) + copy * 400_000, captured, len(record)))
    return out


def control_frames(
    flow: Flow,
    *,
    station: int,
    network: int,
    air: Air,
    random: np.random.Generator,
    start_ns: int = 1_700_000_000_000_000_000,
) -> list[tuple[int, bytes, int]]:
    """Return the requests to send and block acknowledgements around the bursts to and from a station."""
    radiotap = struct.pack("<BBHIBBHHb", 0, 0, 15, 0x2E, 0x00, 12, 2437, 0x00A0, -50)
    ends = (station.to_bytes(6, "big"), network.to_bytes(6, "big"))
    out = []
    for rows, (sender, receiver) in ((flow.up, ends), (~flow.up, ends[::-1])):
        t_ns = flow.t_ns[rows]
        first = np.append(True, np.diff(t_ns) > _AGGREGATE_NS)[: len(t_ns)]
        for at in t_ns[first].tolist():
            for delay, frame in (
                (-200_000, struct.pack("<BBH6s6s", 0xB4, 0, 300, receiver, sender)),
                (900_000, struct.pack("<BBH6s6s", 0x94, 0, 0, sender, receiver) + bytes(12)),
            ):
                if random.random() >= air.loss:
                    record = radiotap + frame
                    out.append((start_ns + at + delay, record, len(record)))
    return out


def capture(records: list[tuple[int, bytes, int]]) -> bytes:
    """Return a pcap file (nanoseconds, radiotap) of records in any order."""
    out = io.BytesIO()
    out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 127))
    for t_ns, body, length in sorted(records, key=lambda record: record[0]):
        out.write(struct.pack("<IIII", t_ns // 10**9, t_ns % 10**9, len(body), length) + body)
    return out.getvalue()
