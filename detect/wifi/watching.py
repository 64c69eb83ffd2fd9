"""From rates and actions to findings: which stations seem to be watching this room, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from ..capture import CaptureEnd, CaptureReader, Records
from ..mac import format_mac, is_local
from ..result import Evidence, Examined, Finding, FindingKind, Identity, Level, Source, SourceState
from ..text import clean
from ..weighing import level_of, probability_of, weigh
from . import judging
from .actions import ActionLog
from .comparisons import ALPHA, Answer, Response
from .ethernet import read_ethernet
from .frames import read_frames
from .motion import DRAWS, MotionTest, StationAnswer, follow
from .rates import RateTally, Senders
from .schedules import Contrast

#: Noted stations listed, most bytes first: as many as a report of a capture lists.
NOTED_LISTED = 300

#: Mean length of its data frames up to which a station that follows is taken for one that only answers a stream, as
#: who watches it does, bytes: CamLoPA's code asks more than 300 of a camera.
_ANSWERS_BYTES = 300

#: Share of the time below which the receiver's silence is told.
_HEARD_WELL = 0.9

_DEEDS = {
    Contrast.MOTION: ("somebody moved", "stood still"),
    Contrast.LENS: ("the lens was covered", "was open"),
    Contrast.LIGHT: ("the light was off", "was on"),
}

_TITLES = {
    "behaviour.follows_room": "sends like a camera that is watching this room",
    "hint.answers_room": "answers a stream that follows this room",
    "context.room_relay": "passes on a stream that follows this room",
    "context.room_no_response": "was not seen to follow this room",
}

_CONSTANT = (
    "That does not speak for it: cameras with constant bit rate never react (8 of 8 runs in one published log), nor "
    "does one that looks elsewhere."
)

_OWN_FIRST = (
    "First make sure that it is none of your own devices: switch them off, or name them as yours, and repeat. If it "
    "follows again, walk slowly through the room while scanning: where its signal is strongest, look closely."
)


def add_records(tally: RateTally, records: Records) -> None:
    """Add a block of a capture, or of what is heard live, to `tally`."""
    frames = read_frames(records)
    tally.add(frames)
    if frames.foreign:
        tally.add_ethernet(read_ethernet(records))


def examine_motion(
    stream: BinaryIO, log: ActionLog, *, source_id: str, name: str, own: Sequence[int] = (), seed: int = 0
) -> Examined:
    """Tell which stations of a capture follow the actions of a log.

    Parameters
    ----------
    stream
        A capture of Wi-Fi or Ethernet.
    log
        What was done while it ran.
    source_id, name
        For the source and its findings.
    own
        Addresses of the user's own devices, which are left out.
    seed
        Of the drawing of other times.

    Raises
    ------
    InputError
        If the stream is not a capture.
    """
    reader = CaptureReader(stream, name=name)
    tally = RateTally()
    for records in reader:
        add_records(tally, records)
    return examine_tally(tally, log, source_id=source_id, name=name, own=own, seed=seed, end=reader.end)


def examine_tally(
    tally: RateTally,
    log: ActionLog,
    *,
    source_id: str,
    name: str,
    own: Sequence[int] = (),
    seed: int = 0,
    end: CaptureEnd | None = None,
    facts: Mapping[str, Any] | None = None,
    draws: int = DRAWS,
) -> Examined:
    """Tell which stations of a tally follow the actions of a log; parameters as :func:`examine_motion`.

    Parameters
    ----------
    end
        How the reading of the capture ended, where it was one.
    facts
        More facts for the source.
    """
    start_s, stop_s = (tally.first_ns or 0) / 1e9, (tally.last_ns or 0) / 1e9
    stretches = log.stretches(capture_start_s=start_s, capture_stop_s=stop_s)
    test = follow(tally, stretches, seed=seed, own=own, draws=draws)
    state, reason = _state(tally, test, compared=bool(stretches), end=end)
    findings: tuple[Finding, ...] = ()
    left_out = 0
    if state is not SourceState.NOT_EXAMINED:
        findings, left_out = _findings(tally, test, source_id=source_id)
    answers = [station.answer for station in test.stations]
    source = Source(
        id=source_id,
        kind="motion",
        name=name,
        state=state,
        reason=reason,
        facts={
            "seconds": round(stop_s - start_s, 3),
            "seconds_compared": round(test.seconds, 1),
            "actions": test.actions,
            "compared": [str(contrast) for contrast in test.contrasts],
            "not_compared": {str(contrast): why for contrast, why in test.not_made.items()},
            "heard_share": round(test.heard, 3),
            "times_drawn": test.drawn,
            "other_times_tried": test.draws,
            "alpha": ALPHA,
            **{f"stations_{answer.name.lower()}": answers.count(answer) for answer in Answer},
            "stations_beyond_the_test": test.not_tested,
            "stations_not_listed": left_out,
            "own_devices": len(own),
            "repeated_frames": tally.repeated,
            "refused_frames": tally.refused,
            **(facts or {}),
        },
    )
    return Examined(source=source, findings=findings)


def _state(
    tally: RateTally, test: MotionTest, *, compared: bool, end: CaptureEnd | None
) -> tuple[SourceState, str | None]:
    reasons = []
    if end is not None and end.truncated:
        reasons.append(end.truncated)
    if tally.refused:
        reasons.append(
            f"{tally.refused} frames were left out, more than there is room for: something makes up addresses"
        )
    if tally.first_ns is None:
        return SourceState.NOT_EXAMINED, "; ".join(["holds no readable frame of Wi-Fi or Ethernet", *reasons])
    if not compared:
        return SourceState.NOT_EXAMINED, (
            "could not be compared: the log holds no action between two rests, as in still, move, still"
        )
    if not test.contrasts:
        why = "; ".join(test.not_made.values()) or "the actions lie outside the capture; were both clocks set alike?"
        return SourceState.NOT_EXAMINED, f"could not be compared: {why}"
    reasons += [f"{contrast} was not compared: {why}" for contrast, why in test.not_made.items()]
    if not any(station.responses for station in test.stations):
        reasons.append("held no station that sent enough to be tested")
    if test.not_tested:
        reasons.append(
            f"held {test.not_tested} busy stations more than are tested at once; name your own to leave them out"
        )
    if test.heard < _HEARD_WELL:
        reasons.append(f"the receiver listened in {test.heard:.0%} of the time only; stay on one channel")
    return (SourceState.PARTIAL, "; ".join(reasons)) if reasons else (SourceState.EXAMINED, None)


def _findings(tally: RateTally, test: MotionTest, *, source_id: str) -> tuple[tuple[Finding, ...], int]:
    senders = tally.senders()
    row_of = {address: row for row, address in enumerate(senders.address.tolist())}
    followers = {station.address for station in test.stations if station.answer is Answer.FOLLOWS}
    relays = {int(senders.network[row_of[address]]) for address in followers}
    out = [
        _finding(
            station,
            test,
            senders,
            row_of[station.address],
            source_id=source_id,
            wired=not tally.radio,
            relays=station.address in relays,
        )
        for station in test.stations
    ]
    out.sort(key=lambda finding: (finding.level.rank, -finding.weight_db))
    noted = [finding for finding in out if finding.level is Level.NOTED]
    raised = out[: len(out) - len(noted)]
    return (*raised, *noted[:NOTED_LISTED]), max(0, len(noted) - NOTED_LISTED)


def _finding(
    station: StationAnswer,
    test: MotionTest,
    senders: Senders,
    row: int,
    *,
    source_id: str,
    wired: bool,
    relays: bool,
) -> Finding:
    address, mac = station.address, format_mac(station.address)
    network = bool(senders.is_network[row])
    by_vendor, vendor = judging.judge_vendor(address)
    small = senders.bytes_sent[row] <= _ANSWERS_BYTES * senders.frames_sent[row]
    said = _say(station, test, network=network, relays=relays, answers=bool(small))
    evidence = tuple(item for item in (said, by_vendor) if item)
    level = level_of(evidence)
    if network:
        title = judging.network_title(address, None, signature=None, vendor=vendor)
        identity = Identity(bssid=mac, vendor=vendor.name if vendor else None, randomised_mac=is_local(address))
    else:
        title = judging.station_title(address, vendor=vendor, wired=wired)
        # Without the network it joined: addresses of an identity are taken for the device's own when sources are fused.
        identity = Identity(mac=mac, vendor=vendor.name if vendor else None, randomised_mac=is_local(address))
    title += ": " + _TITLES.get(said.rule, str(station.answer))
    return Finding(
        id=f"{source_id}:{mac}",
        kind=FindingKind.WIFI_NETWORK if network else FindingKind.WIFI_STATION,
        level=level,
        title=clean(title, limit=200),
        source_ids=(source_id,),
        probability=probability_of(evidence, prior="prior.device"),
        identity=identity,
        evidence=evidence,
        advice=_OWN_FIRST if said.weight_db > 0 else judging.advice_for(level, wired=wired),
    )


def _say(station: StationAnswer, test: MotionTest, *, network: bool, relays: bool, answers: bool) -> Evidence:
    """What one station's answer is evidence of."""
    if not station.responses:
        return weigh(
            "context.room_too_little",
            f"It sent {_rate(station.rate)} on average, too little to tell whether it follows the room.",
        )
    best = station.responses[0]
    tried = sum(len(item.responses) for item in test.stations)
    counted = "one comparison" if tried == 1 else f"{tried} comparisons"
    chance = f"By accident alone such a fit has p = {best.p_corrected:.2g} ({counted} counted)."
    match station.answer:
        case Answer.FOLLOWS if network and relays:
            return weigh("context.room_relay", f"{_change(best)} It passes on what a station of it sends. {chance}")
        case Answer.FOLLOWS if answers:
            return weigh(
                "hint.answers_room",
                f"{_change(best)} Its frames are small, as of one that receives such a stream. {chance}",
            )
        case Answer.FOLLOWS:
            who = "A camera that is watching this room does that"
            if network:
                who += ", or the network passes on the stream of one"
            return weigh("behaviour.follows_room", f"{_change(best)} {who}. {chance}")
        case Answer.SENDS_LESS:
            return weigh(
                "context.room_sends_less",
                f"{_change(best)} A body in the way of the radio does that; cameras send more then. {chance}",
            )
    return weigh(
        "context.room_no_response",
        f"It was not seen to follow what was done in the room (p = {best.p:.2g}, not corrected). {_CONSTANT}",
    )


def _change(response: Response) -> str:
    """How the rate changed, in words."""
    deed, rest = _DEEDS[response.contrast]
    whose = f"{'they' if response.contrast is Contrast.MOTION else 'it'} {rest}"
    much = f"something, and nothing while {whose}"
    if response.rest_rate > 0:
        much = f"{response.rate / response.rest_rate:.2f} times as much as while {whose}"
    late = f", {response.lag_s:.1f} s later" if response.lag_s else ""
    return f"While {deed} it sent {much} ({_rate(response.rate)} against {_rate(response.rest_rate)}{late})."


def _rate(rate: float) -> str:
    return f"{rate / 1000:,.1f} kB/s" if rate >= 100 else f"{rate:,.0f} bytes/s"
