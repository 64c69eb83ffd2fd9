"""What a station's traffic is evidence of, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..result import Evidence
from ..weighing import weigh, weights
from .streams import Control, Stream

#: Where the views come from, for the references.
_RATE_VIEW = "work log on two cheap cameras: 9 of 9 watched runs, no other device"
_PICTURE_VIEW = "roomsweep docs/how-it-works.md"
_PACKET_VIEW = "DeWiCam, AsiaCCS 2018"


#: Next step with a station that streams: one's own things first, then whether it watches this room, then where it is.
STREAM_ADVICE = (
    "First rule out your own phone and computer: end calls and uploads, then record again. If it still streams, find "
    "out whether it watches this room (roomsweep motion: stand still, then move about, while recording), and follow "
    "its signal (roomsweep locate)."
)


class StreamVerdict(StrEnum):
    """What is said of a station's traffic."""

    LIKE_CAMERA = "streams like a camera"
    UNLIKE = "does not"
    TOO_LITTLE = "too little seen to tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedStream:
    """A station's traffic judged: the verdict, and the evidence for and against, the verdict's sentence last."""

    verdict: StreamVerdict
    evidence: tuple[Evidence, ...]


def judge_station(stream: Stream | None, control: Control | None, *, frames: int, seconds: float) -> JudgedStream:
    """Judge the traffic of a station.

    Parameters
    ----------
    stream, control
        From :func:`~.streams.streams_of` and :func:`~.streams.control_of`; None if there is none.
    frames, seconds
        What was heard of it in all, for stations without a stream.
    """
    found = _of_stream(stream) if stream else []
    if control and not found:
        # Only where the data frames tell nothing: otherwise both tell the same fact.
        found += _of_control(control)
    sum_db = sum(item.weight_db for item in found)
    if found and sum_db >= weights()["policy.look_db"].weight_db:
        verdict = StreamVerdict.LIKE_CAMERA
    elif stream is not None and stream.enough:
        verdict = StreamVerdict.UNLIKE
    else:
        verdict = StreamVerdict.TOO_LITTLE
    return JudgedStream(verdict=verdict, evidence=(*found, _sentence(verdict, stream, frames=frames, seconds=seconds)))


def judge_network(stream: Stream | None, *, receivers: int) -> tuple[Evidence, ...]:
    """Judge what a network's box itself sends: a camera with a network of its own sends to the one who watches.

    Routers stand in the same place when they pass on a film or the other side of a call under their own address,
    so this is worth a look and no more.
    """
    if stream is None or receivers != 1 or not (stream.steady and stream.clocked) or stream.talks:
        return ()
    says = (
        f"The network's own box sends {_rate(stream)} to one device for {stream.seconds} s, in the steady rhythm of "
        f"{_hertz(stream)}: a camera that is watched directly does this, and so does a router that passes on "
        "a live picture."
    )
    return (weigh("behaviour.network_streams", says, reference=_PICTURE_VIEW),)


def stream_facts(stream: Stream, verdict: StreamVerdict, *, mac: str) -> dict[str, Any]:
    """Return the figures of a judged stream, for a source's facts."""
    return {
        "mac": mac,
        "verdict": verdict.value,
        "seconds": stream.seconds,
        "frames": stream.frames,
        "bytes_per_s": round(stream.rate),
        "duty": round(stream.duty, 3),
        "variation": None if stream.variation is None else round(stream.variation, 3),
        "share_sent": round(stream.share, 3),
        "large_frame_share": round(stream.large_share, 3),
        "clock_hz": None if stream.clock_hz is None else round(stream.clock_hz, 2),
        "clock_power": round(stream.clock_power, 1),
        "key_s": None if stream.key_s is None else round(stream.key_s, 2),
        "key_power": round(stream.key_power, 1),
        "packet_view": None if stream.packet_share is None else round(stream.packet_share, 2),
    }


def _of_stream(stream: Stream) -> list[Evidence]:
    """Evidence of the three views; nothing for what does not go out."""
    if not stream.outgoing:
        return []
    out = []
    if stream.steady:
        variation = 0.0 if stream.variation is None else stream.variation
        says = (
            f"It sends {_rate(stream)} for {stream.seconds} s, {stream.share:.0%} of the bytes outward, and varies by "
            f"{variation:.0%}: a steady stream that goes out."
        )
        out.append(
            weigh("behaviour.steady_uplink" if stream.long else "behaviour.steady_briefly", says, reference=_RATE_VIEW)
        )
    if stream.clocked:
        says = (
            f"It sends in bursts, in the steady rhythm of {_hertz(stream)} ({stream.clock_power:.0f} times as strong "
            "as by chance), as pictures come."
        )
        out.append(weigh("behaviour.picture_clock", says, reference=_PICTURE_VIEW))
    if stream.keyed and stream.key_s is not None:
        says = f"Much larger bursts come every {stream.key_s:.1f} s, as the key pictures of a video do."
        out.append(weigh("behaviour.key_pictures", says, reference=_PICTURE_VIEW))
    if stream.mixed:
        says = "In most windows of 300 packets some, but not nearly all, have the largest length, as a camera's do."
        out.append(weigh("behaviour.packet_mix", says, reference=_PACKET_VIEW))
    if stream.bulk:
        says = "Nearly every packet is full, as when a file is sent."
        out.append(weigh("traffic.bulk", says, reference=_PICTURE_VIEW))
    if stream.talks:
        says = "Packets as of sound go both ways many times a second, as in a call."
        out.append(weigh("traffic.conversation", says, reference=_PICTURE_VIEW))
    elif stream.answered:
        says = "What comes back is more than acknowledgements: sound, or steering."
        out.append(weigh("traffic.answered", says, reference=_PICTURE_VIEW))
    return out


def _of_control(control: Control) -> list[Evidence]:
    says = (
        f"For {control.seconds} s it asks for the air or is acknowledged {control.rate:.0f} times a second: it sends "
        "steadily, but its data frames were not caught."
    )
    out = [weigh("behaviour.control_steady", says, reference="field reports of sniffers that lose fast data frames")]
    if control.clocked:
        says = (
            f"This has the steady rhythm of {control.clock_hz or 0.0:.1f} a second ({control.clock_power:.0f} times as "
            "strong as by chance), as pictures come."
        )
        out.append(weigh("behaviour.control_clock", says, reference=_PICTURE_VIEW))
    return out


def _sentence(verdict: StreamVerdict, stream: Stream | None, *, frames: int, seconds: float) -> Evidence:
    """The verdict with what it rests on."""
    if stream is None:
        basis = f"{frames:,} frames in {seconds:.0f} s, hardly any of them with data"
    else:
        basis = f"{stream.frames:,} data frames in {stream.seconds} s"
    text = {
        StreamVerdict.LIKE_CAMERA: f"Taken together, it streams like a camera ({basis}): see the lines above.",
        StreamVerdict.UNLIKE: f"It sends much, but does not stream like a camera ({basis}). This rules none out: "
        "some send stored clips.",
        StreamVerdict.TOO_LITTLE: f"Too little seen to tell whether it streams ({basis}). A camera that nobody watches "
        "sends next to nothing.",
    }[verdict]
    return weigh("context.stream", text)


def _rate(stream: Stream) -> str:
    return f"{stream.rate / 1000:,.0f} kB/s"


def _hertz(stream: Stream) -> str:
    return f"{stream.clock_hz or 0.0:.1f} a second"
