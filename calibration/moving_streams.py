"""Synthetic streams of a room in which somebody moves, for the test of whether a stream follows.

Nothing here was ever on the air. A camera with variable bit rate spends more bytes on its difference pictures while
the scene moves, under a leaky bucket that takes some of it back; one with constant bit rate spends the same whatever
happens. Beside them stand streams that go up and down for reasons of their own: a camera that watches another room,
a video call, voice, an upload, the acknowledgements of a download, an idle plug. What the test scores on them says
that it works as a test; how real cameras react was not measured here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..detect.mac import parse_mac
from ..detect.wifi import scapy_frames
from ..detect.wifi.actions import ActionLog, Clock
from ..detect.wifi.frames import TO_DS, Frames
from ..detect.wifi.headers import NO_SIGNAL
from ..detect.wifi.schedules import MOTION_PLAN, Plan, Stretch, steps
from .transmitters import START_S, random_wifi_address

Scene = Callable[[NDArray[np.float64]], NDArray[np.float64]]

#: Pictures a second of common cameras.
_RATES_HZ = (10.0, 12.5, 15.0, 20.0, 25.0)

#: Payload of a full data frame and bytes around it: LLC/SNAP, IP and UDP; 26 of MAC header and 16 of CCMP.
_PAYLOAD, _AROUND = 1400, 78

#: Bytes kept of each record in the capture file, as capturing tools are often set.
_SNAP = 128

#: Pcap header: microseconds, little-endian, version 2.4, link type 127 (radiotap).
_PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127)

#: QoS data and beacon as type * 16 + subtype (IEEE 802.11-2020, table 9-1).
_QOS_DATA, _BEACON = 0x28, 0x08

#: Period of beacons, seconds.
_BEACON_S = scapy_frames.BEACON_INTERVAL_TU * 1024e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingStream:
    """What is heard of one station: its sort, times, lengths and sequence numbers, and whether it follows this room."""

    mac: str
    sort: str
    what: str
    follows: bool
    t_s: NDArray[np.float64]
    length: NDArray[np.int64]
    number: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingRoom:
    """Some streams on one channel, and what was done in the room meanwhile; all synthetic."""

    streams: tuple[MovingStream, ...]
    stretches: tuple[Stretch, ...]
    bssid: str
    seconds: float
    seed: int

    @property
    def log(self) -> ActionLog:
        """The actions, in seconds since the capture's beginning."""
        rows = steps(self.stretches)
        return ActionLog(
            times_s=tuple(time for time, _ in rows),
            actions=tuple(action for _, action in rows),
            clock=Clock.CAPTURE,
            least_rest_s={item.contrast: item.least_s for item in self.stretches if item.least_s is not None},
        )

    @property
    def followers(self) -> frozenset[int]:
        """Addresses of the streams that follow the room."""
        return frozenset(parse_mac(stream.mac) for stream in self.streams if stream.follows)

    def absolute(self) -> tuple[Stretch, ...]:
        """Return the actions' times in seconds since 1970, as the frames have them."""
        return tuple(
            replace(
                stretch,
                start_s=stretch.start_s + START_S,
                stop_s=stretch.stop_s + START_S,
                begin_s=stretch.begin_s + START_S,
            )
            for stretch in self.stretches
        )

    def frames(self) -> Frames:
        """Return the frames as columns, with the access point's beacons."""
        beacons = np.arange(0.0, self.seconds, _BEACON_S)
        t_s = np.concatenate([beacons, *(stream.t_s for stream in self.streams)])
        order = np.argsort(t_s, kind="stable")
        bssid = parse_mac(self.bssid)

        def column(first: int, rest: Sequence[NDArray[np.int64]], kind: type) -> NDArray[np.int64]:
            return np.concatenate([np.full(len(beacons), first), *rest]).astype(kind)[order]

        each = [(stream, len(stream.t_s)) for stream in self.streams]
        sender = column(bssid, [np.full(size, parse_mac(stream.mac)) for stream, size in each], np.uint64)
        count = len(order)
        none = np.zeros(count, dtype=np.int64)
        return Frames(
            data=np.zeros(0, dtype=np.uint8),
            mac_at=none,
            mac_end=none,
            t_ns=START_S * 10**9 + np.round(t_s[order] * 1e9).astype(np.int64),
            length=column(120, [stream.length for stream in self.streams], np.int64),
            kind=column(_BEACON, [np.full(size, _QOS_DATA) for _, size in each], np.uint8).astype(np.uint8),
            flags=column(0, [np.full(size, TO_DS) for _, size in each], np.uint8).astype(np.uint8),
            duration=none.astype(np.uint16),
            addr1=column(0xFFFF_FFFF_FFFF, [np.full(size, bssid) for _, size in each], np.uint64).astype(np.uint64),
            addr2=sender.astype(np.uint64),
            addr3=np.full(count, bssid, dtype=np.uint64),
            transmitter=sender.astype(np.uint64),
            sequence=column(0, [stream.number & 0xFFF for stream, _ in each], np.uint16).astype(np.uint16),
            signal_dbm=np.full(count, NO_SIGNAL, dtype=np.int8),
            channel_mhz=np.full(count, 2437, dtype=np.uint16),
        )

    def capture(self) -> bytes:
        """Return a radiotap pcap of the same frames, each record cut to its first bytes."""
        rng = np.random.default_rng([self.seed, 9])
        heads = {
            parse_mac(stream.mac): scapy_frames.radiotap(rssi_dbm=-48 - 4 * number, channel=6, rate_mbps=54)
            + scapy_frames.data_frame(
                station=stream.mac, bssid=self.bssid, other=self.bssid, uplink=True, payload=b"", priority=5
            )
            for number, stream in enumerate(self.streams)
        }
        radio = scapy_frames.radiotap(rssi_dbm=-55, channel=6, rate_mbps=1)
        beacon = radio + scapy_frames.with_check_sequence(
            scapy_frames.beacon(bssid=self.bssid, ssid=b"Synthetic guest network", channel=6, protected=True)
        )
        noise = rng.bytes(_SNAP)
        frames = self.frames()
        out = [_PCAP_HEADER]
        columns = (frames.t_ns, frames.transmitter, frames.length, frames.sequence)
        for t_ns, sender, length, number in zip(*(column.tolist() for column in columns), strict=True):
            head = heads.get(sender)
            if head is None:
                record, size = beacon, len(beacon)
            else:
                at = len(head) - 26 + scapy_frames.SEQUENCE_CONTROL_OFFSET
                record = (head[:at] + struct.pack("<H", number << 4) + head[at + 2 :] + noise)[:_SNAP]
                size = len(head) - 26 + length + 4
                record = record[:size]
            out.append(struct.pack("<IIII", t_ns // 10**9, t_ns % 10**9 // 1000, len(record), size) + record)
        return b"".join(out)


def synthetic_moving_room(
    *,
    seed: int,
    streams: Sequence[str] = ("variable", "constant", "call", "upload", "plug"),
    plan: Plan = MOTION_PLAN,
    gain: float | None = None,
    loss: float | None = None,
    by_hand: bool = False,
    hidden: tuple[float, float] = (0.0, 0.0),
) -> MovingRoom:
    """Return a room with the named streams, while somebody follows a guided plan.

    Parameters
    ----------
    seed
        The same seed gives the same room.
    streams
        Sorts: ``variable``, ``constant``, ``next_door``, ``call``, ``voice``, ``upload``, ``download``, ``plug``.
    plan
        What is done.
    gain
        How much larger the variable camera's difference pictures become while somebody moves, as a share; by
        default drawn from 0.3 to 2.5. With 1.4 the rate is 2.4 times as high before the bucket takes its part.
    loss
        Share of frames that the receiver loses; by default drawn from 0 to 0.2.
    by_hand
        The actions are as a person might time them who leaves pauses of 5 to 20 s, not as the plan draws them.
    hidden
        Shares of frames that the receiver loses besides, of every stream, while somebody moves and while they stand
        still: a body in the way.
    """
    rng = np.random.default_rng([seed, 7])
    lead_s, tail_s = 4.0, 5.0
    stretch = plan.stretch(rng, start_s=lead_s)
    if by_hand:
        stretch = _by_hand(rng, stretch)
    seconds = stretch.stop_s + tail_s
    here, elsewhere = _room_scene(rng, stretch), _other_scene(rng, seconds)
    lost = float(rng.uniform(0.0, 0.2)) if loss is None else loss
    out = []
    for sort in streams:
        react = float(rng.uniform(0.3, 2.5)) if gain is None else gain
        match sort:
            case "variable":
                t_s, length = _camera(rng, seconds, scene=here, gain=react)
            case "next_door":
                t_s, length = _camera(rng, seconds, scene=elsewhere, gain=react)
            case "constant":
                t_s, length = _camera(rng, seconds, scene=here, gain=react, constant=True)
            case _:
                t_s, length = _OTHERS[sort](rng, seconds)
        order = np.argsort(t_s, kind="stable")
        t_s, length = t_s[order], length[order]
        keep = _kept(rng, t_s, lost) & (t_s < seconds)
        in_the_way = stretch.covers(t_s, stretch.begin_s[None], stretch.length_s[None])[0]
        keep &= ~(rng.random(len(t_s)) < np.where(in_the_way, hidden[0], hidden[1]))
        out.append(
            MovingStream(
                mac=random_wifi_address(rng),
                sort=sort,
                what=_WHAT[sort],
                follows=sort == "variable",
                t_s=t_s[keep],
                length=length[keep],
                number=np.flatnonzero(keep),
            )
        )
    return MovingRoom(
        streams=tuple(out), stretches=(stretch,), bssid=random_wifi_address(rng), seconds=seconds, seed=seed
    )


#: What each sort of stream is.
_WHAT = {
    "variable": "camera with variable bit rate that watches this room",
    "constant": "camera with constant bit rate that watches this room",
    "next_door": "camera with variable bit rate that watches another room",
    "call": "video call",
    "voice": "voice call",
    "upload": "upload",
    "download": "download, acknowledgements only",
    "plug": "smart plug",
}


#: Sorts of streams.
SORTS = tuple(_WHAT)


def _by_hand(rng: np.random.Generator, stretch: Stretch) -> Stretch:
    """As many actions, for about as long, with pauses of 5 to 20 s."""
    actions = len(stretch.begin_s)
    rests = rng.uniform(5.0, 20.0, actions + 1)
    lengths = stretch.length_s * rng.uniform(0.8, 1.2, actions)
    begin = stretch.start_s + np.cumsum(rests[:-1]) + np.cumsum(lengths) - lengths
    stop_s = stretch.start_s + float(rests.sum() + lengths.sum())
    return replace(stretch, begin_s=begin, length_s=lengths, stop_s=stop_s, least_s=None)


def _room_scene(rng: np.random.Generator, stretch: Stretch) -> Scene:
    """How much moves: somebody starts and stops some tenths of a second late, and moves unevenly."""
    late = rng.uniform(0.2, 0.9, (2, len(stretch.begin_s)))
    begin = stretch.begin_s + late[0]
    end = stretch.begin_s + stretch.length_s + late[1]
    steps_s = np.arange(0.0, stretch.stop_s + 20.0, 0.5)
    uneven = np.clip(rng.normal(0.75, 0.25, len(steps_s)), 0.1, 1.0)

    def scene(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        moving = ((t_s[:, None] >= begin) & (t_s[:, None] < end)).any(axis=1)
        return np.asarray(np.where(moving, np.interp(t_s, steps_s, uneven), 0.02))

    return scene


def _other_scene(rng: np.random.Generator, seconds: float) -> Scene:
    """Somebody moves and rests at times of their own: 3 to 20 s each."""
    turns = np.cumsum(rng.uniform(3.0, 20.0, int(seconds / 3.0) + 4)) - rng.uniform(0.0, 20.0)
    return lambda t_s: np.asarray(np.where(np.searchsorted(turns, t_s) % 2, 0.8, 0.02))


def _camera(
    rng: np.random.Generator, seconds: float, *, scene: Scene, gain: float, constant: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Pictures under a leaky bucket, cut into frames."""
    rate_hz = float(rng.choice(_RATES_HZ))
    mean = float(np.exp(rng.uniform(np.log(20e3), np.log(250e3)))) / rate_hz
    key_every = int(rng.integers(1, 5) * rate_hz)
    key_size = float(rng.uniform(2.5, 6.0))
    delay_s = float(rng.uniform(0.1, 0.8))
    t_s = np.arange(float(rng.uniform(0, 0.1)), seconds + 1.0, 1.0 / rate_hz)
    need = mean * (1.0 + gain * scene(t_s)) * rng.lognormal(0.0, 0.15, len(t_s))
    key = np.arange(len(t_s)) % key_every == 0
    if constant:
        # The quantiser takes up whatever the scene asks for, and saves what a key picture costs on those after it.
        size = mean * rng.lognormal(0.0, 0.1, len(t_s)) * np.where(key, key_size, 1.0 - (key_size - 1.0) / key_every)
    else:
        size = np.where(key, mean * key_size * rng.lognormal(0.0, 0.05, len(t_s)), need)
        # Bucket: drained at 1.2 to 2.5 times the still scene's rate, over 0.5 to 4 s; its level makes pictures coarser.
        drain = mean * float(rng.uniform(1.2, 2.5)) * (1.0 + (key_size - 1.0) / key_every)
        depth = drain * rate_hz * float(rng.uniform(0.5, 4.0))
        level = 0.0
        for number in range(len(size)):
            size[number] /= 1.0 + level / depth
            level = max(0.0, level + size[number] - drain)
    t_s = t_s + delay_s + rng.normal(0.0, 0.003, len(t_s))
    return _cut(t_s, size)


def _call(rng: np.random.Generator, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Video call: pictures whose size wanders, with times of hardly anything; rate adaptation in steps."""
    t_s = np.arange(0.0, seconds, 1 / 20)
    second = np.arange(int(seconds) + 2)
    wander = np.exp(_wander(rng, len(second), pull=0.1, spread=0.35))
    quiet = np.repeat(rng.random(len(second) // 3 + 1) < 0.25, 3)[: len(second)]
    steps_up = np.repeat(rng.choice([0.5, 1.0, 1.5], len(second) // 12 + 1), 12)[: len(second)]
    size = 4000.0 * np.interp(t_s, second, wander * steps_up) * np.where(quiet[t_s.astype(int)], 0.05, 1.0)
    return _cut(t_s, size * rng.lognormal(0.0, 0.3, len(t_s)))


def _voice(rng: np.random.Generator, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Voice: fifty small packets a second, fewer while nobody speaks."""
    t_s = np.arange(0.0, seconds, 0.02)
    turns = np.cumsum(rng.exponential(4.0, int(seconds) + 8))
    speaking = np.searchsorted(turns, t_s) % 2 == 0
    keep = speaking | (np.arange(len(t_s)) % 8 == 0)
    return t_s[keep], np.full(int(keep.sum()), 110 + _AROUND, dtype=np.int64)


def _upload(rng: np.random.Generator, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Upload of pictures: full frames, with a rate that wanders and drifts, and pauses between files."""
    bins = np.arange(0.0, seconds, 0.1)
    rate = 60.0 * np.exp(_wander(rng, len(bins), pull=0.02, spread=0.12) + rng.normal(0, 0.5) * bins / seconds)
    pause = np.searchsorted(np.cumsum(rng.uniform(1.0, 15.0, int(seconds) + 4)), bins) % 3 == 0
    count = rng.poisson(np.where(pause, 0.0, np.minimum(rate, 300.0)) * 0.1)
    t_s = np.repeat(bins, count) + rng.uniform(0, 0.1, int(count.sum()))
    return np.sort(t_s), np.full(len(t_s), _PAYLOAD + _AROUND, dtype=np.int64)


def _download(rng: np.random.Generator, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Download: acknowledgements in bursts every two seconds or so, as of a player that fills its buffer."""
    starts = np.cumsum(rng.uniform(1.5, 2.5, int(seconds) + 2))
    count = rng.integers(60, 200, len(starts))
    t_s = np.repeat(starts, count) + rng.uniform(0.0, 0.6, int(count.sum()))
    return np.sort(t_s), np.full(len(t_s), 40 + _AROUND, dtype=np.int64)


def _plug(rng: np.random.Generator, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Plug: a keep-alive every ten seconds."""
    t_s = np.arange(float(rng.uniform(0, 10)), seconds, 10.0)
    return t_s, np.full(len(t_s), 60 + _AROUND, dtype=np.int64)


_OTHERS: dict[str, Callable[[np.random.Generator, float], tuple[NDArray[np.float64], NDArray[np.int64]]]] = {
    "call": _call,
    "voice": _voice,
    "upload": _upload,
    "download": _download,
    "plug": _plug,
}


def _wander(rng: np.random.Generator, count: int, *, pull: float, spread: float) -> NDArray[np.float64]:
    """A random walk that is pulled back to 0."""
    out = np.zeros(count)
    for number in range(1, count):
        out[number] = (1.0 - pull) * out[number - 1] + spread * rng.normal()
    return out


def _cut(t_s: NDArray[np.float64], size: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cut pictures into frames."""
    parts = np.maximum(1, np.ceil(size / _PAYLOAD)).astype(np.int64)
    which = np.repeat(np.arange(len(t_s)), parts)
    number = np.arange(len(which)) - np.repeat(np.cumsum(parts) - parts, parts)
    length = np.where(number == parts[which] - 1, size[which] - (parts[which] - 1) * _PAYLOAD, _PAYLOAD) + _AROUND
    return t_s[which] + 0.0006 * number, length.astype(np.int64)


def _kept(rng: np.random.Generator, t_s: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Which frames the receiver hears: half of what is lost goes one by one, half in bad tenths of a second."""
    bad = rng.random(int(t_s.max(initial=0.0) * 10) + 2) < share / 2
    tenth = (10.0 * np.maximum(t_s, 0.0)).astype(np.int64)
    return np.asarray((rng.random(len(t_s)) >= share / 2) & ~bad[tenth])
