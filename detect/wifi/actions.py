"""The log of what was done in the room, as a small text file.

    # roomsweep actions
    # least rest: motion 5 s
    time,action
    0.0,still
    9.4,move
    19.4,still
    ...
    118.0,end

Each row begins a state that lasts until the next; ``end`` begins none. Times are all of one sort: seconds since the
capture's first frame, seconds since 1970, or ISO 8601 with an offset from UTC. Columns are parted by commas, semicolons
or tabs; the heading, empty lines and lines that begin with ``#`` may be left out. The note on the shortest rest is
written where roomsweep drew the times; it makes the p-value exact.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np

from ..errors import InputError
from ..text import clean
from .schedules import CONTRAST_OF, Action, Contrast, Stretch

#: Largest file and most rows read: an hour of an action every second is a tenth of it.
MAX_BYTES, MAX_ROWS = 2_000_000, 20_000

#: From this number on, seconds are counted since 1970: three years, longer than any capture and earlier than any
#: capturing clock that was ever set.
_EPOCH_S = 1e8

#: Latest time believed, seconds since 1970: as :class:`~roomsweep.detect.capture.Records`, in 2262.
_LAST_S = 9.2e9

_LEAST_REST = re.compile(
    rf"#\s*least rest:\s*({'|'.join(Contrast)})\s+(\d{{1,4}}(?:\.\d{{1,6}})?)\s*s\s*$", re.IGNORECASE | re.ASCII
)

_EXAMPLE = "Each line is a time and an action, as in “12.5,move”; actions are " + ", ".join(Action) + "."


class Clock(StrEnum):
    """What the times of a log are counted from."""

    CAPTURE = "capture"
    EPOCH = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionLog:
    """What was done when.

    Parameters
    ----------
    times_s, actions
        Beginning of each state, rising, and the state.
    clock
        What the times are counted from.
    least_rest_s
        Shortest rest of the drawing for the comparisons whose times roomsweep drew.
    """

    times_s: tuple[float, ...]
    actions: tuple[Action, ...]
    clock: Clock
    least_rest_s: Mapping[Contrast, float] = field(default_factory=dict)

    def stretches(self, *, capture_start_s: float, capture_stop_s: float) -> tuple[Stretch, ...]:
        """Return the times of each comparison, in seconds since 1970.

        A stretch is a run of one comparison's two states that begins and ends in its state of rest; what comes
        before the first rest or after the last one is left out, since nothing is known of what was before it. The
        last state lasts until the capture's end if the log does not end it.
        """
        offset = capture_start_s if self.clock is Clock.CAPTURE else 0.0
        rows = [(time + offset, action) for time, action in zip(self.times_s, self.actions, strict=True)]
        if rows and rows[-1][1] is not Action.END:
            rows.append((max(capture_stop_s, rows[-1][0]), Action.END))
        out = []
        run: list[tuple[float, Action]] = []
        for time, action in rows:
            if run and CONTRAST_OF.get(action) is not CONTRAST_OF[run[0][1]]:
                out += self._stretch(run, time)
                run = []
            if CONTRAST_OF.get(action) is not None:
                run.append((time, action))
        return tuple(out)

    def _stretch(self, run: Sequence[tuple[float, Action]], stop_s: float) -> list[Stretch]:
        """The stretch of a run, or none where it holds no action between two rests."""
        contrast = CONTRAST_OF[run[0][1]]
        spans = [(a, b, action) for (a, action), (b, _) in zip(run, [*run[1:], (stop_s, Action.END)], strict=True)]
        rests = [place for place, span in enumerate(spans) if span[2] is contrast.rest]
        if not rests:
            return []
        spans = spans[rests[0] : rests[-1] + 1]
        # Two rows of one state are one state.
        merged: list[tuple[float, float]] = []
        for begin, end, action in spans:
            if action is contrast.deed:
                if merged and merged[-1][1] == begin:
                    begin = merged.pop()[0]
                merged.append((begin, end))
        if not merged:
            return []
        return [
            Stretch(
                contrast=contrast,
                start_s=spans[0][0],
                stop_s=spans[-1][1],
                begin_s=np.array([begin for begin, _ in merged]),
                length_s=np.array([end - begin for begin, end in merged]),
                least_s=self.least_rest_s.get(contrast),
            )
        ]


def read_actions(data: bytes, *, name: str) -> ActionLog:
    """Read a log of actions.

    Parameters
    ----------
    data
        The file.
    name
        Its name, for messages.

    Raises
    ------
    InputError
        If it is not one; the message names the line.
    """
    if len(data) > MAX_BYTES:
        raise InputError(name, "is larger than any list of actions", _EXAMPLE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(name, "is not a text file", _EXAMPLE) from None
    rows: list[tuple[float, Clock, Action]] = []
    least: dict[Contrast, float] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if note := _LEAST_REST.match(line):
            least[Contrast(note[1].lower())] = float(note[2])
        if not line or line.startswith("#"):
            continue
        row = _row(line, number=number, name=name, first=not rows)
        if row is None:
            continue
        if rows and row[1] is not rows[-1][1]:
            raise InputError(name, f"mixes two sorts of time (line {number})", "Give all times in the same way.")
        if rows and row[0] <= rows[-1][0]:
            raise InputError(name, f"has a time that is not later than the one before (line {number})")
        if len(rows) == MAX_ROWS:
            raise InputError(name, f"has more than {MAX_ROWS} actions")
        rows.append(row)
    if not rows:
        raise InputError(name, "holds no actions", _EXAMPLE)
    return ActionLog(
        times_s=tuple(row[0] for row in rows),
        actions=tuple(row[2] for row in rows),
        clock=rows[0][1],
        least_rest_s=least,
    )


def write_actions(log: ActionLog) -> str:
    """Return the text of a log, as :func:`read_actions` reads it."""
    out = ["# roomsweep actions"]
    out += [f"# least rest: {contrast} {least_s:g} s" for contrast, least_s in sorted(log.least_rest_s.items())]
    out.append("time,action")
    out += [f"{time:.3f},{action}" for time, action in zip(log.times_s, log.actions, strict=True)]
    return "\n".join(out) + "\n"


def _row(line: str, *, number: int, name: str, first: bool) -> tuple[float, Clock, Action] | None:
    """One row; None for the heading, which may stand before the first row."""
    mark = next((mark for mark in (";", "\t", ",") if mark in line), None)
    if mark is None:
        raise InputError(name, f"has a line without a time and an action (line {number})", _EXAMPLE)
    cells = [cell.strip().strip('"').strip() for cell in line.split(mark)]
    when, what = cells[0], re.sub(r"[\s-]+", "_", cells[1].lower())
    if first and when.lower() in ("time", "t", "t_s", "time_s", "seconds"):
        return None
    if mark == ";":
        when = when.replace(",", ".")
    time, clock = _time(when, number=number, name=name)
    try:
        return time, clock, Action(what)
    except ValueError:
        shown = clean(cells[1], limit=40)
        raise InputError(name, f"has an unknown action “{shown}” (line {number})", _EXAMPLE) from None


def _time(text: str, *, number: int, name: str) -> tuple[float, Clock]:
    shown = clean(text, limit=40)
    if re.fullmatch(r"[+-]?\d{1,12}(\.\d{0,12})?", text, re.ASCII):
        time = float(text)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(name, f"has a time that cannot be read, “{shown}” (line {number})", _EXAMPLE) from None
        if moment.tzinfo is None:
            raise InputError(
                name,
                f"has a time without its offset from UTC, “{shown}” (line {number})",
                "Write it as in 2026-01-31T12:00:00+01:00, or give seconds since the capture's beginning.",
            )
        try:
            time = moment.timestamp()
        except (OverflowError, ValueError):
            time = math.inf
        if _EPOCH_S <= time <= _LAST_S:
            return time, Clock.EPOCH
        time = math.inf
    if not 0 <= time <= _LAST_S:
        raise InputError(name, f"has a time that cannot be, “{shown}” (line {number})", _EXAMPLE)
    return time, Clock.EPOCH if time >= _EPOCH_S else Clock.CAPTURE
