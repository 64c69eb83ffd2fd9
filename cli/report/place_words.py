"""What is said of a transmitter's place, in the terminal and on the plan alike."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...detect.place.examine import metres
from ...detect.place.placing import ALIKE_DB, Doubt, Place, RoomAnswer, alike, has_outside
from ...detect.text import clean
from .wording import phrase

_RADIOS = {"wifi": "Wi-Fi", "bluetooth": "Bluetooth"}

#: Spots that are listed.
_SPOTS = 12

#: Width of the bar beside a level, characters, and the levels at its ends, dBm: what is lost in noise, and what is
#: heard within a metre (Wi-Fi -30 to -40 dBm at 1 to 2 m).
_BAR, _BAR_LOW_DBM, _BAR_HIGH_DBM = 24, -95.0, -30.0


def title_of(place: Place) -> str:
    """Return what was looked for."""
    radio = _RADIOS[place.radio]
    if place.mac:
        return phrase("place_title", radio=radio, mac=place.mac)
    return phrase("place_title_unnamed", radio=radio)


def sentences_of(place: Place) -> tuple[str, ...]:
    """Return what can be said of the place, most important first."""
    if place.posterior is None:
        return (*_compared(place), phrase("place_no_positions"))
    out = []
    if place.within_half_m is not None and place.within_most_m is not None:
        about = phrase("place_middle")
        if place.landmark is not None:
            about = f"“{clean(place.spots.name[place.landmark], limit=40)}”"
        half, most = metres(place.within_half_m), metres(place.within_most_m)
        out.append(phrase("place_within", half=half, about=about, most=most))
    out += _room(place)
    if place.posterior.at_edge():
        out.append(phrase("place_farther"))
    return tuple(out)


def _room(place: Place) -> list[str]:
    probability = None if place.posterior is None else place.posterior.room_probability
    if place.doubt is Doubt.NO_ROOM or probability is None:
        return [phrase("place_no_room")]
    if place.answer is RoomAnswer.THIS_ROOM:
        return [phrase("place_this_room", chance=_chance(probability))]
    if place.answer is RoomAnswer.BEYOND:
        return [phrase("place_beyond", chance=_chance(1.0 - probability))]
    out = [phrase("place_overlap", chance=_chance(probability))]
    return out if has_outside(place) else [*out, phrase("place_overlap_outside")]


def _chance(probability: float) -> int:
    """Return a probability in hundredths, never 0 or 100: no reading is that sure."""
    return min(99, max(1, round(100.0 * probability)))


def _compared(place: Place) -> list[str]:
    rows = alike(place)
    spots = place.spots
    if not rows:
        return [phrase("place_nowhere", dbm=place.strongest_dbm)]
    names = [f"“{clean(spots.name[row], limit=40)}”" for row in rows]
    if len(rows) > 1:
        return [phrase("place_alike", names=", ".join(names[:6]), db=ALIKE_DB)]
    others = [float(spots.rssi_dbm[row]) for row, name in enumerate(spots.name) if name and row != rows[0]]
    if not others:
        return [phrase("place_only", name=names[0])]
    return [phrase("place_loudest", name=names[0], db=float(spots.rssi_dbm[rows[0]]) - max(others))]


def print_place(place: Place, *, console: Console) -> None:
    """Print a place for a person."""
    console.print(plain(title_of(place), console, style="bold"))
    for number, sentence in enumerate(sentences_of(place)):
        console.print(plain(sentence, console, style="bold" if number == 0 else ""))
    spots = place.spots
    if len(spots):
        console.print()
        console.print(plain(phrase("place_spots"), console))
        console.print(spot_table(list(spots.name), spots.rssi_dbm.tolist(), console=console, spots=place))
    console.print()
    key = "place_measured" if place.profile.measured else "place_default"
    console.print(plain(phrase(key, name=clean(place.profile.name)), console, style="dim"))


def spot_table(names: Sequence[str], levels_dbm: Sequence[float], *, console: Console, spots: Place) -> Table:
    """Return the strongest spots, each with its level as a bar."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    order = sorted(range(len(names)), key=lambda row: -levels_dbm[row])
    for row in order[:_SPOTS]:
        name = clean(names[row], limit=40) or _position(spots, row)
        cells = (name, f"{levels_dbm[row]:.0f} dBm", bar(levels_dbm[row], width=_BAR, console=console))
        grid.add_row(*(plain(cell, console) for cell in cells))
    if len(names) > _SPOTS:
        grid.add_row(plain(phrase("place_more", count=len(names) - _SPOTS), console), "", "")
    return grid


def bar(level_dbm: float, *, width: int, console: Console) -> str:
    """Return a level as a bar."""
    full, empty = ("█", "░") if console.encoding.lower().startswith("utf") else ("#", ".")
    share = (level_dbm - _BAR_LOW_DBM) / (_BAR_HIGH_DBM - _BAR_LOW_DBM)
    filled = min(width, max(0, round(width * share)))
    return full * filled + empty * (width - filled)


def _position(place: Place, row: int) -> str:
    x, y = float(place.spots.x_m[row]), float(place.spots.y_m[row])
    return f"{x:.1f}, {y:.1f} m"


def plain(text: str, console: Console, *, style: str = "") -> Text:
    """Text without markup; what the terminal's encoding lacks becomes a visible escape."""
    if not console.encoding.lower().startswith("utf"):
        text = text.encode(console.encoding, "backslashreplace").decode(console.encoding)
    return Text(text, style=style)
