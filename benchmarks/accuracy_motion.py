"""How often streams are said to follow what happens in a room: synthetic streams that do, and that do not.

    python benchmarks/accuracy_motion.py [--rooms N] [--first SEED] [--no-write]

Every room (calibration/moving_streams.py) holds eight stations; somebody stands still and moves four times for 10 s
at drawn times. `power` counts the cameras with variable bit rate that follow, by how much their difference pictures
grow while somebody moves (gain 0.7: by 70 %); `drawn` takes the gain from 0.3 to 2.5. `false_follows` counts stations
that do not watch the room and are said to follow, by sort. `alone` is the p-value of one station by itself at 0.01,
two-sided, whatever the size of the change; `in_the_room` is the shipped verdict: corrected for all stations of the
room, at least 5 % more while somebody moves. Settings: `irregular_log` has actions that roomsweep did not draw, with
pauses of 5 to 20 s as a person leaves them; `deaf` lets the receiver miss a fifth of the time, two seconds at a time;
`hidden_while_moving` and `hidden_while_still` let it lose 40 % of all frames more in that state, as a body in the way
does. Only streams with enough bytes are tested; the others are counted in `too_little`.

Everything is synthetic: how often real cameras follow is not known from this. Bounds are two-sided 95 %
Clopper-Pearson over stations; two stations of one room share the drawn times, so they are not quite independent.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.stats import beta

from roomsweep.calibration.moving_streams import SORTS, MovingRoom, synthetic_moving_room
from roomsweep.detect.mac import parse_mac
from roomsweep.detect.wifi.comparisons import ALPHA, Answer
from roomsweep.detect.wifi.motion import MotionTest, follow
from roomsweep.detect.wifi.rates import RateTally

RESULTS = Path(__file__).parent / "results" / "accuracy_motion.json"

#: Settings beside the plain one, for :func:`synthetic_moving_room`.
SETTINGS: dict[str, dict[str, Any]] = {
    "irregular_log": {"by_hand": True},
    "deaf": {},
    "hidden_while_moving": {"hidden": (0.4, 0.0)},
    "hidden_while_still": {"hidden": (0.0, 0.4)},
}

#: Gains counted apart; None: drawn.
GAINS = (0.1, 0.3, 1.0, None)


def share(k: int, n: int) -> dict[str, Any]:
    """Return k of n with two-sided 95 % Clopper-Pearson bounds."""
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return {"k": k, "n": n, "share": round(k / n, 4) if n else None, "bounds_95": [round(low, 4), round(high, 4)]}


def tally_of(room: MovingRoom, *, deaf: np.random.Generator | None = None) -> RateTally:
    """Add up a room; with `deaf`, a fifth of the time is missing."""
    frames = room.frames()
    if deaf is not None:
        second = (frames.t_ns // 2_000_000_000).astype(np.int64)
        silent = deaf.random(int(second.max() - second.min()) + 1) < 0.2
        keep = np.flatnonzero(~silent[second - second.min()])
        columns = "mac_at mac_end t_ns length kind flags duration addr1 addr2 addr3 transmitter sequence signal_dbm"
        frames = replace(frames, **{name: getattr(frames, name)[keep] for name in (*columns.split(), "channel_mhz")})
    tally = RateTally()
    tally.add(frames)
    return tally


class Counts:
    """Counts of one setting."""

    def __init__(self) -> None:
        self.told: Counter[tuple[str, str]] = Counter()
        self.tested: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()

    def add(self, room: MovingRoom, test: MotionTest) -> None:
        """Count one room."""
        sort_of = {parse_mac(stream.mac): stream.sort for stream in room.streams}
        for station in test.stations:
            sort = sort_of[station.address]
            self.seen[sort] += 1
            self.tested[sort] += bool(station.responses)
            self.told[sort, str(station.answer)] += 1
            self.told[sort, "alone"] += any(item.p <= ALPHA for item in station.responses)

    def of(self, sort: str) -> dict[str, Any]:
        """Return the counts of one sort."""
        n = self.tested[sort]
        return {
            "alone": share(self.told[sort, "alone"], n),
            "in_the_room": share(self.told[sort, Answer.FOLLOWS], n),
            "sends_less": self.told[sort, Answer.SENDS_LESS],
            "too_little": self.seen[sort] - n,
        }


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rooms", type=int, default=1000, help="rooms in each setting")
    parser.add_argument("--first", type=int, default=10_000, help="seed of the first room")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    others = [sort for sort in SORTS if sort != "variable"]
    power: dict[str, Any] = {}
    false: dict[str, Any] = {}
    rooms_with_false = not_made = 0
    for gain in GAINS:
        counts = Counts()
        for seed in range(options.first, options.first + options.rooms):
            room = synthetic_moving_room(seed=seed, streams=SORTS, gain=gain)
            test = follow(tally_of(room), room.absolute(), seed=seed)
            not_made += bool(test.not_made)
            counts.add(room, test)
            wrong = sum(
                station.answer is Answer.FOLLOWS and station.address not in room.followers for station in test.stations
            )
            rooms_with_false += gain is None and wrong > 0
        power["drawn" if gain is None else f"gain_{gain:g}"] = counts.of("variable")
        if gain is None:
            false = {sort: counts.of(sort) for sort in others}
    settings: dict[str, Any] = {}
    for name, how in SETTINGS.items():
        counts = Counts()
        made = 0
        for seed in range(options.first, options.first + options.rooms):
            rng = np.random.default_rng([seed, 5])
            room = synthetic_moving_room(seed=seed, streams=SORTS, **how)
            test = follow(tally_of(room, deaf=rng if name == "deaf" else None), room.absolute(), seed=seed)
            made += bool(test.contrasts)
            counts.add(room, test)
        settings[name] = {
            "tests_made": share(made, options.rooms),
            "power": counts.of("variable"),
            "false_follows": {sort: counts.of(sort) for sort in others},
        }
    result = {
        "what": "synthetic streams only; four actions of 10 s in 110 s, eight stations a room",
        "rooms": options.rooms,
        "first_seed": options.first,
        "alpha": ALPHA,
        "power": power,
        "false_follows": false,
        "rooms_with_any_false_follow": share(rooms_with_false, options.rooms),
        "drawn_plans_not_usable": not_made,
        "settings": settings,
    }
    print(json.dumps(result, indent=2))
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
