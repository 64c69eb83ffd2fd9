"""A live search for one transmitter: levels second by second, places that the person names, the file they go to."""

from __future__ import annotations

import csv
import math
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from ..detect.errors import UnavailableError
from ..detect.place.readings import SPOT_MAX
from ..detect.place.warmer import Moment, Warmer
from ..detect.text import csv_cell
from ..detect.wifi.frames import Frames
from ..detect.wifi.headers import NO_SIGNAL

#: Seconds before a place is named whose levels are noted for it: as long as somebody stands there to type.
MARK_S = 3.0

_COLUMNS = ("spot", "x_m", "y_m", "rssi_dbm", "t_s", "mac", "radio")

#: A position after a name: ``corner 1 @ 0, 3.2``; also ``0;3,2`` with decimal commas.
_POSITION = re.compile(r"^(.*)@\s*(-?\d+(?:\.\d+)?|-?\d+,\d+(?=\s*[; ]))\s*[;,\s]\s*(-?\d+(?:[.,]\d+)?)\s*m?\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place that was named; `level_dbm` None if nothing was heard there."""

    name: str
    x_m: float
    y_m: float
    level_dbm: float | None


def mark_of(line: str, *, number: int) -> tuple[str, float, float]:
    """Return name and position of a typed line; without a name it is ``spot N``, without a position NaN."""
    found = _POSITION.match(line)
    name, x_m, y_m = line, math.nan, math.nan
    if found is not None:
        name, x_m, y_m = found[1], *(float(found[place].replace(",", ".")) for place in (2, 3))
    return name.strip()[:SPOT_MAX] or f"spot {number}", x_m, y_m


def must_be_new(path: Path) -> None:
    """Raise UnavailableError if `path` is there already, before anybody walks about in vain."""
    if path.exists():
        raise UnavailableError(f"{path.name} is there already", "Name another file with --record.")


class ReadingsFile:
    """The file that readings are appended to as they come, so that nothing is lost if the search breaks off.

    Parameters
    ----------
    path
        It must not exist.
    radio
        ``wifi`` or ``bluetooth``.

    Raises
    ------
    UnavailableError
        If it exists or cannot be written.
    """

    def __init__(self, path: Path, *, radio: str = "wifi") -> None:
        self.path = path
        self._radio = radio
        must_be_new(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream: IO[str] = path.open("x", encoding="utf-8", newline="")
        except OSError as error:
            raise UnavailableError(
                f"The readings cannot be written to {path}: {error.strerror or error}",
                "Name another file with --record.",
            ) from error
        self._writer = csv.writer(self._stream, lineterminator="\n")
        self._writer.writerow(_COLUMNS)
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def add(self, *, spot: str, x_m: float, y_m: float, rssi_dbm: float, t_s: float, mac: str) -> None:
        """Append one reading."""
        place = ["" if math.isnan(value) else f"{value:g}" for value in (x_m, y_m)]
        try:
            self._writer.writerow([csv_cell(spot), *place, f"{rssi_dbm:g}", f"{t_s:.1f}", mac, self._radio])
            self._stream.flush()
        except OSError as error:
            raise UnavailableError(
                f"The readings cannot be written to {self.path}: {error.strerror or error}", "Make room on the disk."
            ) from error


class Search:
    """What is known while somebody walks.

    Parameters
    ----------
    mac
        The transmitter.
    file
        Where the readings go: a median for every second, and those of the last seconds once more under a place's
        name when it is named.
    warmer
        What makes words of levels; the one for Wi-Fi by default.
    """

    def __init__(self, *, mac: str, file: ReadingsFile, warmer: Warmer | None = None) -> None:
        self.mac = mac
        self._file = file
        self._warmer = warmer or Warmer()
        self._seconds: deque[tuple[float, float]] = deque(maxlen=60)
        self._began_s: float | None = None
        self._now_s = 0.0
        self.marks: list[Mark] = []
        self.moment: Moment = self._warmer.moment(0.0)

    def add(self, frames: Frames, *, address: int) -> Moment:
        """Take in a block of about a second; an empty one is a second in which nothing was heard."""
        own = (frames.transmitter == np.uint64(address)) & (frames.signal_dbm != NO_SIGNAL)
        return self.hear(frames.t_ns / 1e9, own=own, rssi_dbm=frames.signal_dbm.astype(np.float64))

    def hear(self, t_s: NDArray[np.float64], *, own: NDArray[np.bool_], rssi_dbm: NDArray[np.float64]) -> Moment:
        """Take in all that was heard in about a second; `own` says what the transmitter sent.

        Parameters
        ----------
        t_s, rssi_dbm
            float64 (n,); when and how strongly each was heard.
        own
            bool (n,).
        """
        if len(t_s):
            self._began_s = float(t_s[0]) if self._began_s is None else self._began_s
            now_s = float(t_s.max()) - self._began_s
            # The clock of a driver may jump back; this one does not.
            self._now_s = now_s if now_s > self._now_s else self._now_s + 1.0
            at = np.clip(t_s[own] - self._began_s, 0.0, self._now_s)
            self._warmer.add(at, rssi_dbm[own])
        else:
            self._now_s += 1.0
        self.moment = self._warmer.moment(self._now_s)
        if self.moment.heard and self.moment.level_dbm is not None:
            self._seconds.append((self._now_s, self.moment.level_dbm))
            self._write("", math.nan, math.nan, self.moment.level_dbm, self._now_s)
        return self.moment

    def mark(self, line: str) -> Mark:
        """Name the place where the person stands."""
        name, x_m, y_m = mark_of(line, number=len(self.marks) + 1)
        recent = [(at, level) for at, level in self._seconds if at > self._now_s - MARK_S]
        level_dbm = float(np.median([level for _, level in recent])) if recent else None
        for at, level in recent:
            self._write(name, x_m, y_m, level, at)
        mark = Mark(name=name, x_m=x_m, y_m=y_m, level_dbm=level_dbm)
        if level_dbm is not None:
            self.marks.append(mark)
            self._warmer.name_spot(name, level_dbm=max(level for _, level in recent))
            self.moment = self._warmer.moment(self._now_s)
        return mark

    def _write(self, spot: str, x_m: float, y_m: float, rssi_dbm: float, t_s: float) -> None:
        self._file.add(spot=spot, x_m=x_m, y_m=y_m, rssi_dbm=rssi_dbm, t_s=t_s, mac=self.mac)
