"""Does a station stream like a camera? Told from lengths and times alone, so under any encryption.

Three views stand side by side. The *rate view* asks for a steady stream that goes out: rate, share of seconds with
traffic, variation over five seconds, share sent (the rule of a work log on two cheap cameras). The *picture view*
asks whether the stream is made of pictures: its bursts keep the time of a clock for many seconds (a camera's
crystal; the round trips that pace an upload drift), and large key pictures recur. The *packet view* is that of
DeWiCam (AsiaCCS 2018): within 300 packets some, but not nearly all, have the largest length. Where the sniffer
lost the data frames themselves, a *control view* counts the requests and acknowledgements that go with them.

A camera that nobody watches sends next to nothing, so a station that does not stream is never said to be no camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rhythm import clock_of, keys_of
from .traffic import LARGE_BYTES, Traffic

#: Lowest mean rate that is judged, bytes a second (work log: below 10 kB/s ignore).
RATE_MIN = 10_000

#: A second belongs to a stream if it has a quarter of that; a stream goes on over this many quiet seconds.
_ACTIVE_BYTES, _QUIET_S = RATE_MIN // 4, 1

#: Seconds and packets before a verdict: DeWiCam decides on 300 packets, in 2.7 s on average.
SECONDS_MIN, FRAMES_MIN = 3, 300

#: Seconds from which a stream counts as long: four of the five-second windows over which it must be steady.
LONG_S = 20

#: Rate view: share of seconds with traffic, and coefficient of variation over five seconds (work log).
DUTY_MIN, VARIATION_MAX, WINDOW_S = 0.9, 0.5, 5

#: Windows for the variation of streams too short for four of five seconds.
_SHORT_WINDOW_S = 2

#: Share of bytes sent. Derived: packets of 240 bytes, each answered by the shortest Ethernet frame of 60, make 0.8;
#: the work log's 0.9 was measured on a camera whose packets are larger.
SHARE_MIN = 0.8

#: What comes back may be sound instead of acknowledgements. Frames a second and their mean length, bytes: sound
#: comes every 20 to 60 ms (RFC 7587, section 2.1.5) in frames of 94 bytes and more at 32 kbit/s; acknowledgements of
#: TCP have 54 to 78. In a conversation the station sends such frames too, up to the length of 20 ms at 64 kbit/s
#: with every header (G.711, RFC 3551).
_TALK_FRAMES, _TALK_BYTES, _TALK_LONGEST = 12.0, 90.0, 260

#: Smallest mean power of a clock, in units of what bursts at random times have (Rayleigh's test, whose power is
#: distributed as an exponential with mean 1). Recorded cameras have 24 to 100, synthetic ones 27 and more; photo
#: backups, browsing and hubs at most 18 (60 runs each).
CLOCK_POWER_MIN = 20.0

#: The same for control frames, which do not show whether packets are full: uploads paced by a steady round trip
#: reach 34 (60 runs).
CONTROL_CLOCK_POWER_MIN = 40.0

#: Least power of key pictures, in units of chance: among 250 rates chance reaches it once in 90 stretches.
KEY_POWER_MIN = 10.0

#: Packet view: packets a window, and the share that may have the largest length (DeWiCam).
PACKET_WINDOW, TOP_SHARE = 300, (0.05, 0.95)

#: Lengths within this of the largest count as largest, bytes: options of IP and TCP come and go.
_TOP_SLACK = 16

#: Bulk: hardly a burst ends in a packet that is not full, or all that do are alike (the end of a TLS record of 16 kB,
#: RFC 8446, 5.1). Pictures end anywhere. Packets that are not full and not of the commonest such length, a burst;
#: derived: 10 pictures among 50 packets of sound a second make 0.17.
_REST_MIN = 0.15

#: Control view: events a second in most seconds, and their share among those of sending and receiving. A picture needs
#: at least one request or acknowledgement, and cheap cameras make ten pictures a second or more; a tenth may be lost.
#: Where every packet is acknowledged by one that is announced as well, a third of the events are the sender's.
_CONTROL_RATE, _CONTROL_SHARE = 9.0, 0.25

#: Data frames caught for each such event, at most, for the data to count as lost: a frame that is caught makes up to
#: two events, so this is a third of one to one.
_CAUGHT_MAX = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The stretch of a station's traffic that is most like a stream, in figures.

    Parameters
    ----------
    start_s
        Second in which it begins, since the epoch.
    seconds, frames
        How long it lasts, and the data frames sent in it: what the verdict rests on.
    rate
        Bytes a second, as on Ethernet.
    duty
        Share of its seconds with traffic.
    variation
        Coefficient of variation over windows; None if there are fewer than two.
    share
        Share of bytes sent by the station, of those sent and received.
    large_share
        Share of frames longer than 1000 bytes.
    answer_frames, answer_bytes
        Frames a second that came to it, and their mean length.
    clock_hz, clock_power
        Rate at which bursts recur, and its power in units of chance; None and 0 if there are too few bursts.
    key_s, key_power
        Period of key pictures and its power.
    packet_share
        Share of windows of 300 packets that look like a camera's to DeWiCam's view; None if there is no window.
    rests
        Packets that are neither full nor of the commonest other length, for each burst; None if unknown.
    sound_frames
        Frames a second that it sent in the lengths of sound.
    """

    start_s: int
    seconds: int
    frames: int
    rate: float
    duty: float
    variation: float | None
    share: float
    large_share: float
    answer_frames: float
    answer_bytes: float
    clock_hz: float | None = None
    clock_power: float = 0.0
    key_s: float | None = None
    key_power: float = 0.0
    packet_share: float | None = None
    rests: float | None = None
    sound_frames: float = 0.0

    @property
    def enough(self) -> bool:
        """Whether there is enough of it to judge."""
        return self.seconds >= SECONDS_MIN and self.frames >= FRAMES_MIN

    @property
    def outgoing(self) -> bool:
        """Whether there is enough of it, and it goes out."""
        return self.enough and self.rate >= RATE_MIN and self.share >= SHARE_MIN

    @property
    def steady(self) -> bool:
        """Rate view: goes out steadily."""
        return (
            self.outgoing and self.duty >= DUTY_MIN and self.variation is not None and self.variation <= VARIATION_MAX
        )

    @property
    def long(self) -> bool:
        """Whether it lasts long enough for the rate view to have its full weight."""
        return self.seconds >= LONG_S

    @property
    def answered(self) -> bool:
        """Whether what comes back is more than acknowledgements: sound, or steering."""
        return self.answer_frames >= _TALK_FRAMES and self.answer_bytes >= _TALK_BYTES

    @property
    def talks(self) -> bool:
        """Whether sound goes both ways, as in a call."""
        return self.answered and self.sound_frames >= _TALK_FRAMES

    @property
    def bulk(self) -> bool:
        """Whether it is made of full packets only, as the sending of a file is."""
        return self.rests is not None and self.rests < _REST_MIN

    @property
    def pictured(self) -> bool:
        """Whether its bursts end anywhere, as pictures do."""
        return self.rests is not None and self.rests >= _REST_MIN

    @property
    def clocked(self) -> bool:
        """Picture view: bursts keep time."""
        return self.pictured and self.clock_hz is not None and self.clock_power >= CLOCK_POWER_MIN

    @property
    def keyed(self) -> bool:
        """Picture view: key pictures recur."""
        return self.pictured and self.key_s is not None and self.key_power >= KEY_POWER_MIN

    @property
    def mixed(self) -> bool:
        """Packet view: most windows are like a camera's."""
        return self.packet_share is not None and self.packet_share >= 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Sending that shows in control frames: events a second, over how many seconds, and the clock they keep."""

    rate: float
    seconds: int
    clock_hz: float | None
    clock_power: float

    @property
    def clocked(self) -> bool:
        """Whether they keep the time of a clock, as pictures do."""
        return self.clock_hz is not None and self.clock_power >= CONTROL_CLOCK_POWER_MIN


def streams_of(traffic: Traffic) -> dict[int, Stream]:
    """Return, by row of ``traffic.address``, the most stream-like stretch of each station that sent enough.

    Stations without a stretch of at least :data:`RATE_MIN` are left out: nothing can be told of them.
    """
    out = {}
    borders = np.searchsorted(traffic.station, np.arange(len(traffic.address) + 1))
    busy = np.flatnonzero(np.diff(borders))
    for station in busy.tolist():
        rows = slice(int(borders[station]), int(borders[station + 1]))
        stretches = [_measured(traffic, rows, low, high) for low, high in _stretches(traffic, rows)]
        judged = [stream for stream in stretches if stream.rate >= RATE_MIN]
        if judged:
            since_ns = int(traffic.packets[station][0, 0]) if station in traffic.packets else 0
            out[station] = _with_pictures(max(judged, key=lambda item: _rank(item, since_ns)), traffic, station)
    return out


def _rank(stream: Stream, since_ns: int) -> tuple[float, ...]:
    """Order of stretches: enough to judge, its packets still kept (they are from `since_ns` on), steady, and large.

    Without the packets a file cannot be told from pictures, so a stretch that has them goes before.
    """
    kept = (stream.start_s + stream.seconds) * 10**9 - since_ns >= SECONDS_MIN * 10**9
    return stream.enough, kept, stream.steady, stream.seconds * stream.rate


def control_of(traffic: Traffic) -> dict[int, Control]:
    """Return, by row of ``traffic.address``, the stations whose steady sending shows in control frames."""
    out = {}
    borders = np.searchsorted(traffic.station, np.arange(len(traffic.address) + 1))
    for station in np.flatnonzero(np.diff(borders)).tolist():
        rows = slice(int(borders[station]), int(borders[station + 1]))
        up, down = traffic.control_up[rows], traffic.control_down[rows]
        second = traffic.second[rows]
        caught = traffic.sent_frames[rows]
        lively = (up >= _CONTROL_RATE) & (up >= _CONTROL_SHARE * (up + down)) & (caught <= _CAUGHT_MAX * up)
        runs = _runs(second, lively)
        if not runs:
            continue
        low, high = max(runs, key=lambda run: second[run[1]] - second[run[0]])
        seconds = int(second[high] - second[low]) + 1
        if seconds >= LONG_S and np.count_nonzero(lively[low : high + 1]) >= DUTY_MIN * seconds:
            start = int(second[low]) * 10**9
            kept = _between(traffic.control_bursts.get(station), start, start + seconds * 10**9)
            clock_hz, clock_power = clock_of(kept)
            out[station] = Control(
                rate=float(up[low : high + 1].sum()) / seconds,
                seconds=seconds,
                clock_hz=clock_hz,
                clock_power=clock_power,
            )
    return out


def _runs(second: NDArray[np.int64], wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last row of each run of wanted seconds, over quiet ones of at most :data:`_QUIET_S`."""
    at = np.flatnonzero(wanted)
    if not len(at):
        return []
    cut = np.flatnonzero(np.diff(second[at]) > _QUIET_S + 1)
    return list(zip(at[np.append(0, cut + 1)].tolist(), at[np.append(cut, len(at) - 1)].tolist(), strict=True))


def _stretches(traffic: Traffic, rows: slice) -> list[tuple[int, int]]:
    return _runs(traffic.second[rows], traffic.sent_bytes[rows] >= _ACTIVE_BYTES)


def _measured(traffic: Traffic, rows: slice, low: int, high: int) -> Stream:
    """The rate view of the rows `low` to `high`, counted within `rows`."""
    part = slice(rows.start + low, rows.start + high + 1)
    second = traffic.second[part]
    sent, frames = traffic.sent_bytes[part], traffic.sent_frames[part]
    received, answers = int(traffic.received_bytes[part].sum()), int(traffic.received_frames[part].sum())
    seconds = int(second[-1] - second[0]) + 1
    series = np.zeros(seconds)
    series[second - second[0]] = sent
    total, count = int(sent.sum()), int(frames.sum())
    return Stream(
        start_s=int(second[0]),
        seconds=seconds,
        frames=count,
        rate=total / seconds,
        duty=float(np.count_nonzero(series)) / seconds,
        variation=_variation(series),
        share=total / (total + received) if total else 0.0,
        large_share=float(traffic.large_frames[part].sum()) / max(1, count),
        answer_frames=answers / seconds,
        answer_bytes=received / answers if answers else 0.0,
    )


def _variation(series: NDArray[np.float64]) -> float | None:
    """Coefficient of variation of the sums over windows; the first and last second are rarely whole."""
    inner = series[1:-1] if len(series) > 4 else series
    width = WINDOW_S if len(inner) >= LONG_S else min(_SHORT_WINDOW_S, max(1, len(inner) // 2))
    count = len(inner) // width
    if count < 2:
        return None
    sums = inner[: count * width].reshape(count, width).sum(axis=1)
    mean = float(sums.mean())
    return float(sums.std()) / mean if mean else None


def _with_pictures(stream: Stream, traffic: Traffic, station: int) -> Stream:
    """Add the picture view and the packet view of the bursts and packets that were kept of this stretch."""
    low, high = stream.start_s * 10**9, (stream.start_s + stream.seconds) * 10**9
    bursts = _between(traffic.bursts.get(station), low, high)
    packets = _between(traffic.packets.get(station), low, high)
    sound = (packets[:, 1] >= _TALK_BYTES) & (packets[:, 1] <= _TALK_LONGEST)
    lasted_s = max(1.0, float(packets[-1, 0] - packets[0, 0]) / 1e9) if len(packets) else 1.0
    clock_hz, clock_power = clock_of(bursts)
    key_s, key_power = keys_of(bursts)
    top = packets[:, 1] >= int(packets[:, 1].max(initial=0)) - _TOP_SLACK
    seen = (
        _between(bursts, int(packets[0, 0]), int(packets[-1, 0]) + 1) if len(packets) >= PACKET_WINDOW else packets[:0]
    )
    return Stream(
        **{name: getattr(stream, name) for name in _RATE_VIEW},
        clock_hz=clock_hz,
        clock_power=clock_power,
        key_s=key_s,
        key_power=key_power,
        packet_share=_packet_share(packets),
        rests=_rests(packets[~top, 1]) / len(seen) if len(seen) else None,
        sound_frames=float(np.count_nonzero(sound)) / lasted_s,
    )


_RATE_VIEW = (
    "start_s",
    "seconds",
    "frames",
    "rate",
    "duty",
    "variation",
    "share",
    "large_share",
    "answer_frames",
    "answer_bytes",
)


def _between(rows: NDArray[np.int64] | None, low: int, high: int) -> NDArray[np.int64]:
    if rows is None:
        return np.zeros((0, 3), dtype=np.int64)
    return rows[(rows[:, 0] >= low) & (rows[:, 0] < high)]


def _rests(length: NDArray[np.int64]) -> int:
    """How many lengths are not the commonest one."""
    return len(length) - int(np.unique(length, return_counts=True)[1].max(initial=0))


def _packet_share(packets: NDArray[np.int64]) -> float | None:
    """Share of windows of 300 packets whose largest is over 1000 bytes and neither rare nor nearly all."""
    windows = len(packets) // PACKET_WINDOW
    if not windows:
        return None
    length = packets[: windows * PACKET_WINDOW, 1].reshape(windows, PACKET_WINDOW)
    largest = length.max(axis=1, keepdims=True)
    top = (length >= largest - _TOP_SLACK).mean(axis=1)
    like = (largest[:, 0] > LARGE_BYTES) & (top >= TOP_SHARE[0]) & (top <= TOP_SHARE[1])
    return float(like.mean())
