"""From a file of readings to a source, its findings and their places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..mac import is_local, parse_mac
from ..result import Examined, Finding, FindingKind, Identity, Source, SourceState, Where
from ..text import clean
from ..weighing import level_of, weigh
from .placing import Place, RoomAnswer, alike, place_of
from .radio_profile import RadioProfile
from .readings import Readings

#: Most transmitters of one file that are placed, the strongest first: each takes a part of a second.
TRANSMITTERS_MAX = 50

_KINDS = {"wifi": FindingKind.WIFI_STATION, "bluetooth": FindingKind.BLUETOOTH_DEVICE}

_RADIO_WORDS = {"wifi": "Wi-Fi", "bluetooth": "Bluetooth"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedReadings:
    """What readings gave: for the result, and the places in the order of the findings."""

    examined: Examined
    places: tuple[Place, ...]


def examine_readings(
    readings: Readings,
    *,
    source_id: str,
    name: str,
    profile_for: Callable[[str], RadioProfile],
    mac: str | None = None,
) -> ExaminedReadings:
    """Place the transmitters that were read.

    Parameters
    ----------
    readings
        At least one.
    source_id, name
        Of the source.
    profile_for
        Gives the profile for ``wifi`` or ``bluetooth``.
    mac
        Only this transmitter, lower case with colons; None: all, the strongest :data:`TRANSMITTERS_MAX` of them.
    """
    every = [item for item in readings.transmitters() if mac is None or item[0] == mac]
    places = tuple(
        place_of(own, mac=address, radio=radio, profile=profile_for(radio))
        for address, radio, own in every[:TRANSMITTERS_MAX]
    )
    reasons = []
    if readings.left_out:
        reasons.append(f"has {readings.left_out} rows that could not be used: {readings.fault}")
    if mac is not None and not every:
        reasons.append(f"holds no reading of {mac}")
    if len(every) > len(places):
        reasons.append(f"holds {len(every)} transmitters, of which the strongest {len(places)} were placed")
    source = Source(
        id=source_id,
        kind="readings",
        name=name,
        state=SourceState.PARTIAL if reasons else SourceState.EXAMINED,
        reason="; ".join(reasons) or None,
        facts={
            "readings": len(readings),
            "transmitters": len(every),
            "places": [_facts(place) for place in places],
        },
    )
    findings = tuple(_finding(place, number, source_id) for number, place in enumerate(places, start=1))
    return ExaminedReadings(examined=Examined(source=source, findings=findings), places=places)


def zone_words(place: Place) -> str:
    """Return the place in words, one line, names cleaned; empty if nothing can be said of it."""
    if place.posterior is None:
        return _loudest_words(place)
    parts = []
    if place.within_half_m is not None and place.within_most_m is not None:
        half, most = metres(place.within_half_m), metres(place.within_most_m)
        about = "the middle of the region"
        if place.landmark is not None:
            about = f"“{clean(place.spots.name[place.landmark], limit=40)}”"
        parts.append(f"as likely as not within about {half} of {about}, nine times in ten within about {most}")
    parts.append(room_words(place))
    return "; ".join(parts)


def room_words(place: Place) -> str:
    """Return in words whether it is in the room."""
    if place.answer is RoomAnswer.THIS_ROOM:
        return "probably in this room"
    if place.answer is RoomAnswer.BEYOND:
        return "probably beyond this room"
    return "whether it is in this room cannot be told"


def metres(value: float) -> str:
    """Return a distance in words, no finer than it is known: half metres up to 3 m, then whole ones."""
    if value < 3.0:
        return f"{max(0.5, round(2.0 * value) / 2.0):g} m"
    return f"{round(value):g} m"


def _loudest_words(place: Place) -> str:
    rows = alike(place)
    if not rows:
        return ""
    names = [f"“{clean(place.spots.name[row], limit=40)}”" for row in rows[:3]]
    if len(rows) == 1:
        return f"loudest at {names[0]}"
    more = f" and {len(rows) - 3} others" if len(rows) > 3 else ""
    return (
        f"about equally loud at {', '.join(names[:-1])} and {names[-1]}{more}"
        if not more
        else (f"about equally loud at {', '.join(names)}{more}")
    )


def _finding(place: Place, number: int, source_id: str) -> Finding:
    zone = zone_words(place)
    says = f"Heard {place.readings} times at {len(place.spots)} places, {place.strongest_dbm:.0f} dBm at most."
    if zone:
        says = f"{says[:-1]}; {zone}."
    evidence = (weigh("context.place", says),)
    title = f"{_RADIO_WORDS[place.radio]} transmitter {place.mac or 'without an address'}"
    spots = place.spots
    return Finding(
        id=f"{source_id}-{number}",
        kind=_KINDS[place.radio],
        level=level_of(evidence),
        title=title,
        source_ids=(source_id,),
        where=Where(zone=zone or None, rssi_dbm=place.strongest_dbm),
        identity=Identity(mac=place.mac or None, randomised_mac=is_local(parse_mac(place.mac)) if place.mac else None),
        evidence=evidence,
        advice=_advice(place, named=bool(len(spots)) and place.landmark is not None),
    )


def _advice(place: Place, *, named: bool) -> str:
    if place.answer is RoomAnswer.BEYOND:
        return (
            "Take readings on the other side of the wall or in the corridor, if you may, to see whether it gets "
            "louder. It may belong to somebody else."
        )
    if place.posterior is None and not named:
        return "Take readings at named spots, best with positions: the corners, the door, outside the door."
    return (
        "Search the marked region with the torch, slowly, from where a camera would look at the bed, the bath or the "
        "place where people change. Do not touch or unplug what you find."
    )


def _facts(place: Place) -> dict[str, object]:
    """Return what programs may want to know of a place; JSON values only."""
    out: dict[str, object] = {
        "mac": place.mac or None,
        "radio": place.radio,
        "readings": place.readings,
        "spots": len(place.spots),
        "room_answer": str(place.answer),
        "doubt": None if place.doubt is None else str(place.doubt),
    }
    if place.posterior is not None and place.centre_m is not None:
        probability = place.posterior.room_probability
        out |= {
            "room_probability": None if probability is None else round(probability, 3),
            "centre_m": [round(value, 2) for value in place.centre_m],
            "within_half_m": None if place.within_half_m is None else round(place.within_half_m, 1),
            "within_most_m": None if place.within_most_m is None else round(place.within_most_m, 1),
            "exponent": round(place.posterior.exponent, 2),
            "may_be_farther": place.posterior.at_edge(),
        }
    return out
