"""Devices that send a lot, as synthetic flows: cameras of several builds, and what is mistaken for them.

Rates, packet sizes and habits are those that the field's publications and work logs give (docs/how-it-works.md);
where none is known, a protocol's own figures stand. Everything made here is synthetic. What it leaves out: real
encoders' rate control, real congestion control, other traffic of the same device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .reframe import Flow, joined

#: Ethernet frames: the longest; a TCP acknowledgement with its options; the shortest.
_FULL, _ACK, _SHORT = 1514, 66, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """How a synthetic camera sends.

    Parameters
    ----------
    kbps
        Mean rate of the video, kbit/s.
    fps
        Pictures a second.
    key_s
        Seconds between key pictures; None: every picture is one (Motion JPEG) or all are alike (constant rate).
    key_ratio
        Bytes of a key picture over those of the others.
    spread
        Relative spread of the sizes of like pictures.
    packet
        Longest Ethernet frame it makes.
    answer
        ``none``: datagrams nobody answers; ``tcp``: every second full packet is acknowledged; ``each``: every
        packet is, as peer-to-peer camera protocols do (PPPP).
    audio
        Bytes of an audio packet every 40 ms, 0 for none.
    jitter_ms
        Spread of the moment a picture leaves.
    paced
        Share of the picture's time over which its packets are spread.
    """

    kbps: float
    fps: float
    key_s: float | None = 2.0
    key_ratio: float = 8.0
    spread: float = 0.3
    packet: int = _FULL
    answer: str = "none"
    audio: int = 0
    jitter_ms: float = 2.0
    paced: float = 0.05


def camera(how: Camera, *, seconds: float, random: np.random.Generator) -> Flow:
    """Return the flow of a camera that somebody watches."""
    count = int(seconds * how.fps)
    weight = random.lognormal(0.0, how.spread, count)
    if how.key_s is not None:
        weight[:: max(2, round(how.key_s * how.fps))] *= how.key_ratio
    size = np.maximum(100.0, weight / weight.mean() * how.kbps * 125.0 / how.fps)
    # A crystal's clock with the encoder's jitter on every picture.
    start = np.arange(count) / how.fps + np.abs(random.normal(0.0, how.jitter_ms / 1e3, count))
    times, lengths = _packets(start, size, packet=how.packet, spread_s=how.paced / how.fps)
    flows = [_flow(times, lengths, up=True)]
    if how.answer == "tcp":
        flows.append(_flow(times[::2] + _delay(random, len(times[::2])), _ACK, up=False))
    elif how.answer == "each":
        flows.append(_flow(times + _delay(random, len(times)), _SHORT, up=False))
    if how.audio:
        flows.append(_flow(_clock(0.04, seconds, random), how.audio + 42, up=True))
    return joined(*flows)


#: Cameras as the sources tell of them, by name.
CAMERAS: dict[str, Camera] = {
    # 50-63 kB/s, constant, PPPP packets of 1028 bytes, 25 pictures (work log on an A9; cam-reverse).
    "a9_constant": Camera(
        kbps=450, fps=25, key_s=None, spread=0.08, packet=1070, answer="each", jitter_ms=4.0, paced=0.3
    ),
    # 196 kB/s, key picture every 3 s, 83 % of packets of 1200 bytes and more (the same log, second camera).
    "second_log_camera": Camera(kbps=1570, fps=25, key_s=3.0, key_ratio=10.0, answer="tcp"),
    "h264_720p_15": Camera(kbps=800, fps=15, key_s=4.0, key_ratio=12.0, audio=160),
    "h265_slow_scene": Camera(kbps=250, fps=20, key_s=4.0, key_ratio=30.0, spread=0.5, answer="tcp"),
    "lowest_150": Camera(kbps=150, fps=15, key_s=2.0, key_ratio=10.0, answer="each", packet=1070),
    "lowest_150_mjpeg": Camera(kbps=170, fps=5, key_s=None, spread=0.1, packet=1450),
    "mjpeg_drone_like": Camera(kbps=1900, fps=20, key_s=None, spread=0.2, packet=1122, jitter_ms=6.0),
    "cloud_1080p": Camera(kbps=2200, fps=30, key_s=2.0, key_ratio=10.0, answer="tcp", audio=320, paced=0.5),
    "uhd_4mbit": Camera(kbps=4200, fps=25, key_s=2.0, key_ratio=12.0, answer="tcp", paced=0.7),
}


def any_camera(*, random: np.random.Generator) -> Camera:
    """Return a camera of random build: every figure within what the named ones span."""
    return Camera(
        kbps=float(np.exp(random.uniform(np.log(150.0), np.log(4000.0)))),
        fps=float(random.choice([8, 10, 12.5, 15, 18, 20, 25, 30])),
        key_s=[None, 1.0, 2.0, 3.0, 4.0][int(random.integers(5))],
        key_ratio=float(random.uniform(4.0, 20.0)),
        spread=float(random.uniform(0.08, 0.5)),
        packet=int(random.choice([1070, 1122, 1454, _FULL])),
        answer=str(random.choice(["none", "tcp", "each"])),
        audio=int(random.choice([0, 160, 320])),
        jitter_ms=float(random.uniform(1.0, 6.0)),
        paced=float(random.uniform(0.05, 0.7)),
    )


def bulk_upload(*, seconds: float, random: np.random.Generator, record: int = 0) -> Flow:
    """A file over TCP: full packets in windows that the round trip clocks, rate by the link.

    Every `record` packets one is not full (the end of a TLS record), if that is not 0.
    """
    rate = random.uniform(0.15e6, 3e6)
    trip = random.uniform(0.02, 0.12)
    times: list[float] = []
    t, window = 0.0, 10.0
    while t < seconds:
        burst = max(2, int(min(window, rate * trip / _FULL * random.uniform(0.8, 1.2))))
        times += (t + np.arange(burst) * random.uniform(0.2e-3, 0.6e-3)).tolist()
        t += trip * random.lognormal(0.0, 0.08)
        # Additive increase, halving on loss (RFC 5681).
        window = window / 2 if random.random() < 0.01 else window + 1
    at = np.array(times)
    length = np.full(len(at), _FULL)
    if record:
        length[record - 1 :: record] = 600
    return joined(_flow(at, length, up=True), _flow(at[::2] + trip, _ACK, up=False))


def https_upload(*, seconds: float, random: np.random.Generator) -> Flow:
    """The same with TLS: records of 16 kB are twelve packets, the last one shorter (RFC 8446, 5.1)."""
    return bulk_upload(seconds=seconds, random=random, record=12)


def photo_backup(*, seconds: float, random: np.random.Generator) -> Flow:
    """Pictures of 1 to 5 MB sent one after the other, with pauses."""
    parts = []
    t = 0.0
    while t < seconds:
        lasts = random.uniform(1.0, 5.0)
        one = bulk_upload(seconds=lasts, random=random)
        parts.append(Flow(t_ns=one.t_ns + int(t * 1e9), up=one.up, length=one.length))
        t += lasts + random.exponential(2.0)
    return joined(*parts)


def video_call(*, seconds: float, random: np.random.Generator, shown: bool = True, heard: bool = True) -> Flow:
    """A two-way call over RTP: own video and sound up, the other's sound, and if `shown` video, down.

    The sender's rate follows the estimate of the link: duty 0.71 and a coefficient of variation of 0.64 to 0.74
    over 5 s were measured on a laptop in a call (work log).
    """
    flows = [_call_video(seconds, random, up=True)]
    flows.append(_sound(seconds, random, up=True))
    if heard:
        flows.append(_sound(seconds, random, up=False))
    if shown:
        flows.append(_call_video(seconds, random, up=False))
    return joined(*flows)


def call_one_way(*, seconds: float, random: np.random.Generator) -> Flow:
    """A call in which only this side shows itself: the other is heard."""
    return video_call(seconds=seconds, random=random, shown=False)


def call_watching(*, seconds: float, random: np.random.Generator) -> Flow:
    """A call in which only the other side shows itself."""
    return joined(
        _call_video(seconds, random, up=False), _sound(seconds, random, up=False), _sound(seconds, random, up=True)
    )


def voice_call(*, seconds: float, random: np.random.Generator) -> Flow:
    """Sound both ways, every 20 ms."""
    return joined(_sound(seconds, random, up=True), _sound(seconds, random, up=False))


def watching(*, seconds: float, random: np.random.Generator) -> Flow:
    """Video on demand: segments of 4 s fetched at the link's rate, acknowledged."""
    parts = []
    for start in np.arange(0.0, seconds, 4.0):
        size = random.uniform(0.5e6, 2.5e6)
        count = int(size / _FULL)
        at = start + np.arange(count) * _FULL / random.uniform(2e6, 5e6)
        parts += [_flow(at, _FULL, up=False), _flow(at[::2] + 2e-3, _ACK, up=True)]
    return joined(*parts)


def smart_plug(*, seconds: float, random: np.random.Generator) -> Flow:
    """A keep-alive every 10 s or so, more bytes up than down (a WeMo in the captures: 10 to 16 times)."""
    at = np.sort(random.uniform(0.0, seconds, max(3, int(seconds / 3))))
    return joined(_flow(at, random.integers(80, 700, len(at)), up=True), _flow(at + 0.03, _ACK, up=False))


def music_sender(*, seconds: float, random: np.random.Generator) -> Flow:
    """A loudspeaker that feeds others: PCM of constant rate in packets of one size, every 10 ms or so."""
    period = random.uniform(0.008, 0.012)
    at = _clock(period, seconds, random)
    return joined(_flow(at, 1_400, up=True), _flow(at[::8] + 1e-3, _SHORT, up=False))


def sensor_hub(*, seconds: float, random: np.random.Generator) -> Flow:
    """A hub that reports in small packets, several a second."""
    at = np.sort(random.uniform(0.0, seconds, int(seconds * 15)))
    return joined(_flow(at, random.integers(90, 260, len(at)), up=True), _flow(at + 0.02, _ACK, up=False))


def web_browsing(*, seconds: float, random: np.random.Generator) -> Flow:
    """Pages: requests up, bursts down, long pauses."""
    starts = np.cumsum(random.exponential(6.0, max(2, int(seconds / 6))))
    parts = []
    for start in starts[starts < seconds]:
        count = int(random.integers(50, 1500))
        at = start + np.sort(random.uniform(0.0, random.uniform(0.3, 2.0), count))
        parts += [_flow(at, _FULL, up=False), _flow(at[::2] + 2e-3, _ACK, up=True)]
        parts.append(_flow(at[::20], random.integers(200, 1500, len(at[::20])), up=True))
    return joined(*parts) if parts else _flow(np.array([0.0]), _SHORT, up=True)


#: What is no hidden camera, by name.
OTHERS: dict[str, Callable[..., Flow]] = {
    "bulk_upload": bulk_upload,
    "https_upload": https_upload,
    "photo_backup": photo_backup,
    "video_call": video_call,
    "call_one_way": call_one_way,
    "call_watching": call_watching,
    "voice_call": voice_call,
    "watching": watching,
    "smart_plug": smart_plug,
    "music_sender": music_sender,
    "sensor_hub": sensor_hub,
    "web_browsing": web_browsing,
}


def _call_video(seconds: float, random: np.random.Generator, *, up: bool) -> Flow:
    """Video of a call: 15 to 30 pictures a second without key pictures, at a rate that wanders and pauses."""
    fps = random.choice([15.0, 24.0, 30.0])
    start = np.arange(int(seconds * fps)) / fps + np.abs(random.normal(0.0, 4e-3, int(seconds * fps)))
    steps = int(seconds) + 1
    level = np.exp(np.clip(np.cumsum(random.normal(0.0, 0.25, steps)), -1.2, 0.6))
    level[random.random(steps) < 0.29] = 0.0
    size = 1.2e6 / 8 / fps * level[start.astype(int).clip(0, steps - 1)] * random.lognormal(0.0, 0.25, len(start))
    sent = size > 50
    times, lengths = _packets(start[sent], size[sent], packet=1_230, spread_s=0.6 / fps)
    return _flow(times, lengths, up=up)


def _sound(seconds: float, random: np.random.Generator, *, up: bool) -> Flow:
    """Opus every 20 ms: 40 to 120 bytes of payload behind RTP, UDP and IP (RFC 7587)."""
    at = _clock(0.02, seconds, random)
    return _flow(at, random.integers(94, 176, len(at)), up=up)


def _clock(period_s: float, seconds: float, random: np.random.Generator) -> NDArray[np.float64]:
    count = int(seconds / period_s)
    jitter: NDArray[np.float64] = np.abs(random.normal(0.0, 1e-3, count))
    return np.arange(count) * period_s + jitter + float(random.uniform(0.0, period_s))


def _delay(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    return random.uniform(1e-3, 30e-3, count)


def _packets(
    start: NDArray[np.float64], size: NDArray[np.float64], *, packet: int, spread_s: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cut pictures into packets with headers of 42 bytes; each is spread over `spread_s`, the last is a rest."""
    payload = packet - 42
    count = np.maximum(1, np.ceil(size / payload)).astype(np.int64)
    picture = np.repeat(np.arange(len(start)), count)
    place = np.arange(len(picture)) - np.repeat(np.cumsum(count) - count, count)
    rest = (size[picture] - place * payload).astype(np.int64)
    lengths = np.clip(rest, 18, payload) + 42
    # At least 0.15 ms from packet to packet: a small processor at its wire.
    gap = np.maximum(spread_s / np.maximum(1, count), 0.15e-3)
    return start[picture] + place * gap[picture], lengths


def _flow(at: NDArray[np.float64], length: NDArray[np.int64] | int, *, up: bool) -> Flow:
    order = np.argsort(at, kind="stable")
    lengths = np.broadcast_to(np.asarray(length, dtype=np.int64), at.shape)[order]
    return Flow(t_ns=(at[order] * 1e9).astype(np.int64), up=np.full(len(at), up), length=lengths)
