"""From the readings of one transmitter to its place, as far as they tell it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .grid import Posterior, locate_on_grid
from .radio_profile import RadioProfile
from .readings import Readings, Tag
from .room import Room, room_of
from .spots import Spots, spots_of

#: Fewest spots with positions for the grid: fewer leave rings, not a region. Three levels fix a place and a
#: reference power at best; the region is then wide, and says so.
SPOTS_MIN = 3

#: Probability from which "this room" or "beyond" is said. Between it and its complement: cannot tell. On
#: synthetic rooms benchmarks/accuracy_place.py counts how often what is said is right.
SAID_FROM = 0.8

#: Levels of two named spots that are not told apart, dB: two spots at one distance differ by the root of 2 times
#: the 3.2 dB of one spot's median (``grid.FADING_DB``), and by more than this once in four.
ALIKE_DB = 5.0


class RoomAnswer(StrEnum):
    """Whether the transmitter is in the room."""

    THIS_ROOM = "this_room"
    BEYOND = "beyond"
    CANNOT_TELL = "cannot_tell"


class Doubt(StrEnum):
    """Why it cannot be told whether the transmitter is in the room."""

    #: No place was tagged, or none of them has a position.
    NO_ROOM = "no_room"
    #: The levels suit places on both sides.
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one transmitter is.

    Parameters
    ----------
    mac, radio
        Of the transmitter; `mac` empty if the readings do not tell.
    spots
        The places where it was heard, in the order in which they were visited; empty if no reading names one.
    readings
        Readings of it.
    strongest_dbm
        Strongest reading.
    profile
        How signals fall here, as it was used.
    posterior
        Probability of each place; None without positions.
    room
        Outline of the room, None if the readings do not tell it.
    answer, doubt
        Whether it is in the room; why that cannot be told, None if it can.
    centre_m
        The point with the least expected distance to it, None without positions.
    landmark
        Row in `spots` of the named spot about which the least circle holds half of the probability; of the loudest
        named one without positions; None if no spot has a name.
    within_half_m, within_most_m
        Radii about the landmark, else about the centre, that hold 50 and 90 % of the probability.
    """

    mac: str
    radio: str
    spots: Spots
    readings: int
    strongest_dbm: float
    profile: RadioProfile
    posterior: Posterior | None = None
    room: Room | None = None
    answer: RoomAnswer = RoomAnswer.CANNOT_TELL
    doubt: Doubt | None = Doubt.NO_ROOM
    centre_m: tuple[float, float] | None = None
    landmark: int | None = None
    within_half_m: float | None = None
    within_most_m: float | None = None


def place_of(readings: Readings, *, mac: str, radio: str, profile: RadioProfile) -> Place:
    """Return where the transmitter of these readings is.

    Parameters
    ----------
    readings
        Of one transmitter, one at least.
    mac, radio
        What it is.
    profile
        How signals fall with distance here.
    """
    spots = spots_of(readings)
    strongest_dbm = float(readings.rssi_dbm.max())
    placed = spots.only(spots.placed)
    named = [row for row, name in enumerate(spots.name) if name]
    if len(placed) < SPOTS_MIN:
        return Place(
            mac=mac,
            radio=radio,
            spots=spots,
            readings=len(readings),
            strongest_dbm=strongest_dbm,
            profile=profile,
            landmark=max(named, key=lambda row: float(spots.rssi_dbm[row]), default=None),
        )
    room = room_of(placed)
    posterior = locate_on_grid(placed, profile=profile, room=room)
    centre = posterior.centre()
    known = [row for row in named if spots.placed[row]]
    radii = {row: posterior.within_m(float(spots.x_m[row]), float(spots.y_m[row]), 0.5) for row in known}
    landmark = min(radii, key=lambda row: radii[row], default=None)
    about = centre if landmark is None else (float(spots.x_m[landmark]), float(spots.y_m[landmark]))
    answer, doubt = _answer(posterior.room_probability)
    return Place(
        mac=mac,
        radio=radio,
        spots=spots,
        readings=len(readings),
        strongest_dbm=strongest_dbm,
        profile=profile,
        posterior=posterior,
        room=room,
        answer=answer,
        doubt=doubt,
        centre_m=centre,
        landmark=landmark,
        within_half_m=posterior.within_m(*about, 0.5),
        within_most_m=posterior.within_m(*about, 0.9),
    )


def _answer(probability: float | None) -> tuple[RoomAnswer, Doubt | None]:
    if probability is None:
        return RoomAnswer.CANNOT_TELL, Doubt.NO_ROOM
    if probability >= SAID_FROM:
        return RoomAnswer.THIS_ROOM, None
    if probability <= 1.0 - SAID_FROM:
        return RoomAnswer.BEYOND, None
    return RoomAnswer.CANNOT_TELL, Doubt.OVERLAP


def alike(place: Place) -> tuple[int, ...]:
    """Return the rows of the named spots that are about as loud as the loudest named one, the loudest first."""
    named = [row for row, name in enumerate(place.spots.name) if name]
    named.sort(key=lambda row: -float(place.spots.rssi_dbm[row]))
    level = place.spots.rssi_dbm
    return tuple(row for row in named if float(level[named[0]] - level[row]) < ALIKE_DB)


def has_outside(place: Place) -> bool:
    """Whether it was heard at a place outside the room, or at its door: without one, beyond can hardly be told."""
    spots = place.spots
    tagged = any(tag in (Tag.OUTSIDE, Tag.DOOR) for tag in spots.tag)
    return tagged or bool(place.room is not None and np.any(~place.room.holds(spots.x_m, spots.y_m) & spots.placed))
