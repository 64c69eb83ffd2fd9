"""Signal readings as people write them down: how strongly a transmitter was heard, and where.

One CSV form serves a hand-written list, a walk, and what ``roomsweep locate --interface`` writes. The first line
names the columns, in any order:

========== =====================================================================================
rssi_dbm   needed: the reading, dBm (a negative number; decimals allowed)
spot       name of the place, as the person calls it
x_m, y_m   the place in metres, from any corner the person likes; both or neither
tag        ``inside``, ``corner``, ``door`` or ``outside``: what the place is to the room
t_s        seconds, from any start
mac        address of the transmitter; several transmitters in one file are told apart by it
radio      ``wifi`` (meant where it is empty) or ``bluetooth``
distance_m metres to a transmitter whose place is known; for calibration
========== =====================================================================================

Comma, semicolon or tab separate; with semicolon or tab a decimal comma is read, too. Lines that begin with ``#`` and
columns of other names are passed over. Where there is no tag, the words ``outside``, ``door``, ``corner`` and
``inside`` in a spot's name, in this order, stand for one. A row that cannot be used is left out, counted, and the
first one is named.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..mac import format_mac, parse_mac
from ..text import clean

#: Largest file that is read, bytes, and most rows: an hour's walk with ten readings a second has 36,000.
BYTES_MAX, ROWS_MAX = 20_000_000, 200_000

#: Longest name of a spot that is kept, characters; more is no name.
SPOT_MAX = 200

#: Bounds of a reading, dBm. Radiotap holds it in a signed octet (-128 to 127); no receiver is given more than
#: the +20 dBm that a Wi-Fi sender may radiate (ETSI EN 300 328).
RSSI_MIN_DBM, RSSI_MAX_DBM = -128.0, 20.0

#: Farthest position and distance, metres: radios of these kinds are not heard from farther, and a number beyond
#: this is in centimetres.
POSITION_MAX_M = 1000.0

COLUMNS = ("spot", "x_m", "y_m", "tag", "rssi_dbm", "t_s", "mac", "radio", "distance_m")

RADIOS = ("wifi", "bluetooth")

_HINT = "The first line must name the columns, as in: spot,x_m,y_m,tag,rssi_dbm"


class Tag(StrEnum):
    """What a spot is to the room, in the order in which words in its name decide."""

    OUTSIDE = "outside"
    DOOR = "door"
    CORNER = "corner"
    INSIDE = "inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """n readings as columns.

    Parameters
    ----------
    rssi_dbm
        float64 (n,).
    x_m, y_m, t_s, distance_m
        float64 (n,); NaN where not given.
    spot
        Names as written (hostile: they are cleaned where they are shown); empty where not given.
    tag
        What the place is to the room, None where not told.
    mac
        Lower case with colons; empty where not given.
    radio
        ``wifi`` or ``bluetooth``.
    left_out
        Rows that could not be used.
    fault
        What was wrong with the first of them, as a clause.
    """

    rssi_dbm: NDArray[np.float64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    t_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    spot: tuple[str, ...]
    tag: tuple[Tag | None, ...]
    mac: tuple[str, ...]
    radio: tuple[str, ...]
    left_out: int = 0
    fault: str = ""

    def __len__(self) -> int:
        return len(self.rssi_dbm)

    def rows(self, rows: Sequence[int]) -> Readings:
        """Return these rows only."""
        at = np.asarray(rows, np.int64)
        return Readings(
            rssi_dbm=self.rssi_dbm[at],
            x_m=self.x_m[at],
            y_m=self.y_m[at],
            t_s=self.t_s[at],
            distance_m=self.distance_m[at],
            spot=tuple(self.spot[row] for row in rows),
            tag=tuple(self.tag[row] for row in rows),
            mac=tuple(self.mac[row] for row in rows),
            radio=tuple(self.radio[row] for row in rows),
        )

    def transmitters(self) -> tuple[tuple[str, str, Readings], ...]:
        """Return address, radio and readings of every transmitter, the strongest first.

        Readings without an address are of one transmitter of their own, for each radio.
        """
        groups: dict[tuple[str, str], list[int]] = {}
        for row, key in enumerate(zip(self.mac, self.radio, strict=True)):
            groups.setdefault(key, []).append(row)
        ranked = sorted(groups.items(), key=lambda item: -float(self.rssi_dbm[item[1]].max()))
        return tuple((mac, radio, self.rows(rows)) for (mac, radio), rows in ranked)


def parse_readings(data: bytes, *, name: str) -> Readings:
    """Return the readings of a CSV file's bytes.

    Parameters
    ----------
    data
        The file. UTF-8, with or without byte-order mark; UTF-16 with one; other bytes are shown as U+FFFD.
    name
        The file's name, for errors.

    Raises
    ------
    InputError
        If it is empty, too large, no such table, or holds no row that can be used.
    """
    if not data.strip():
        raise InputError(name, "is empty (0 bytes)" if not data else "holds nothing but white space", _HINT)
    if len(data) > BYTES_MAX:
        raise InputError(name, f"has more than {BYTES_MAX // 1_000_000} MB, which no list of readings has", _HINT)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = data.decode(encoding, "replace")
    if "\0" in text[:4096]:
        raise InputError(name, "is not a text file", "Readings are a CSV table. " + _HINT)
    # Only these end a line: str.splitlines would also cut at separators that a name may hold.
    lines = [(number, line) for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1)]
    lines = [(number, line) for number, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise InputError(name, "holds comments only", _HINT)
    head = lines[0][1]
    separator = max(",;\t", key=head.count)
    columns = [cell.strip().lower() for cell in _cells([head], separator, name=name)[0]]
    if "rssi_dbm" not in columns:
        raise InputError(name, "does not name a column rssi_dbm in its first line", _HINT)
    if len(lines) - 1 > ROWS_MAX:
        raise InputError(name, f"has more than {ROWS_MAX:,} rows", "Split it, or keep one reading a second.")
    rows = []
    for number, line in lines[1:]:
        cells = _cells([line], separator, name=name)[0]
        row = {key: cell.strip() for key, cell in zip(columns, cells, strict=False) if key in COLUMNS}
        if separator != ",":
            row = {key: cell.replace(",", ".") if key in _NUMBERS else cell for key, cell in row.items()}
        rows.append((f"line {number}", row))
    readings = readings_of(rows)
    if not len(readings):
        what = f"holds no reading that can be used: {readings.fault}" if rows else "holds no readings"
        raise InputError(name, what, "A reading is a line such as: window corner,0.2,3.1,corner,-54")
    return readings


_NUMBERS = frozenset({"x_m", "y_m", "rssi_dbm", "t_s", "distance_m"})


def _cells(lines: list[str], separator: str, *, name: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator)) or [[]]
    except csv.Error as error:
        raise InputError(name, "is not a table of comma-separated values", _HINT) from error


def readings_of(rows: Iterable[tuple[str, Mapping[str, str]]]) -> Readings:
    """Return readings from rows of text cells by column name.

    Parameters
    ----------
    rows
        Each with words for its place (``"line 7"``), for :attr:`Readings.fault`.
    """
    numbers: list[tuple[float, ...]] = []
    words: list[tuple[str, Tag | None, str, str]] = []
    left_out, fault = 0, ""
    for place, row in rows:
        try:
            numbers.append(_numbers_of(row))
            words.append(_words_of(row))
        except ValueError as error:
            del numbers[len(words) :]
            fault = fault or f"{place} {error}"
            left_out += 1
    table = np.array(numbers, np.float64).reshape(-1, 5)
    return Readings(
        rssi_dbm=table[:, 0],
        x_m=table[:, 1],
        y_m=table[:, 2],
        t_s=table[:, 3],
        distance_m=table[:, 4],
        spot=tuple(row[0] for row in words),
        tag=tuple(row[1] for row in words),
        mac=tuple(row[2] for row in words),
        radio=tuple(row[3] for row in words),
        left_out=left_out,
        fault=fault,
    )


def _numbers_of(row: Mapping[str, str]) -> tuple[float, float, float, float, float]:
    """Return the numbers of a row; ValueError says in a clause what is wrong."""
    rssi_dbm = _number(row, "rssi_dbm")
    if math.isnan(rssi_dbm):
        raise ValueError("has no rssi_dbm")
    if not RSSI_MIN_DBM <= rssi_dbm <= RSSI_MAX_DBM:
        raise ValueError(f"has {rssi_dbm:g} as rssi_dbm, which must be from {RSSI_MIN_DBM:g} to {RSSI_MAX_DBM:g}")
    x_m, y_m = _number(row, "x_m"), _number(row, "y_m")
    if math.isnan(x_m) != math.isnan(y_m):
        raise ValueError("has only one of x_m and y_m")
    distance_m = _number(row, "distance_m")
    if max(abs(value) for value in (x_m, y_m, distance_m, 0.0) if not math.isnan(value)) > POSITION_MAX_M:
        raise ValueError(f"has a place more than {POSITION_MAX_M:g} m away; places are in metres")
    if distance_m <= 0.0:
        raise ValueError("has a distance_m that is not greater than 0")
    return rssi_dbm, x_m, y_m, _number(row, "t_s"), distance_m


def _words_of(row: Mapping[str, str]) -> tuple[str, Tag | None, str, str]:
    """Return spot, tag, address and radio of a row; ValueError says in a clause what is wrong."""
    spot = row.get("spot", "")[:SPOT_MAX]
    told = row.get("tag", "").lower()
    try:
        tag = Tag(told) if told else tag_of(spot)
    except ValueError:
        raise ValueError(f"has the tag “{clean(told, limit=30)}”, which is none of {', '.join(Tag)}") from None
    mac = row.get("mac", "")
    try:
        mac = format_mac(parse_mac(mac)) if mac else ""
    except ValueError:
        raise ValueError(f"has the address “{clean(mac, limit=30)}”, which is not one like 00:11:22:33:44:55") from None
    radio = row.get("radio", "").lower() or RADIOS[0]
    if radio not in RADIOS:
        raise ValueError(f"has the radio “{clean(radio, limit=30)}”, which is none of {', '.join(RADIOS)}")
    return spot, tag, mac, radio


def _number(row: Mapping[str, str], column: str) -> float:
    cell = row.get(column, "").replace("\N{MINUS SIGN}", "-")
    if not cell:
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"has “{clean(cell, limit=30)}” as {column}, which is not a number")
    return value


def tag_of(spot: str) -> Tag | None:
    """Return what a spot's name says that it is to the room: a whole word out of :class:`Tag`; None if none does."""
    words = set(re.findall(r"[^\W\d_]+", spot.lower()))
    return next((tag for tag in Tag if tag in words), None)
