"""How well transmitters are placed by signal strength: synthetic rooms with known truth, beside simpler methods.

    python benchmarks/accuracy_place.py [DATA] [--rooms N] [--first SEED] [--no-write]

Rooms (calibration/signal_rooms.py) have walls, open and shut doors, aerials that favour directions, bodies in the way
and shadowing drawn from published ranges; half of the transmitters are in the room, half within 5 m beyond its walls,
readings go through the public reader of CSV files. `round` is seven places with three readings each; `walk` adds 20
places in the room. Seeds 10000-10499 were looked at when the model was made, so the default seeds begin at 100000.

Counted: the distance of the best guess from the truth; how often the regions of 50 and 90 % hold the truth; how often
"this room" and "beyond" are right, and how often neither is said. Beside it, on the same readings: the place of the
strongest reading, and the best fit of log-distance path loss by least squares, both of which always decide.

DATA is a folder with the development captures; they are no part of this repository. The fixed senders in the captures
of a sniffer at rest (folder home_monitor_italy) give the change of the level at rest, which the hysteresis of the
warmer-colder view rests on, and how often that view says a change where there is none.

All of the accuracy is synthetic. Published figures beside it are of other methods in other rooms and cannot be set
against these counts.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binomtest

from roomsweep.calibration.radio import fit_radio
from roomsweep.calibration.signal_rooms import SignalRoom, calibration_walk, signal_room
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.place.placing import Place, RoomAnswer, place_of
from roomsweep.detect.place.radio_profile import EXPONENT_MAX, EXPONENT_MIN, default_profile
from roomsweep.detect.place.readings import Readings, parse_readings
from roomsweep.detect.place.warmer import Warmer, changes
from roomsweep.detect.wifi.frames import read_frames

RESULTS = Path(__file__).parent / "results" / "accuracy_place.json"

#: Walks of 1 to this many paces at which a calibration is tried, and its distances.
WALK_M = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)

PUBLISHED = [
    {
        "what": "Lumos (USENIX Security 2022)",
        "median_error_m": 1.5,
        "note": "real, a walk with a phone's visual odometry and signal strength, 30 minutes",
    },
    {
        "what": "CamLoPA",
        "median_error_m": None,
        "note": "real, by how a person who walks blocks a camera's stream; tells nearness from about -39 dBm",
    },
]


def share(k: int, n: int) -> dict[str, Any]:
    """Return k of n with two-sided 95 % Clopper-Pearson bounds."""
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return {"k": k, "n": n, "share": round(k / n, 4) if n else None, "bounds_95": [round(low, 4), round(high, 4)]}


def median(errors: list[float]) -> dict[str, Any]:
    """Return the median with its 95 % bounds by order statistics (binomial)."""
    ordered = sorted(errors)
    n = len(ordered)
    bounds = binomtest(n // 2, n).proportion_ci(0.95, method="exact")
    rank = (max(0, math.floor(n * bounds.low)), min(n - 1, math.ceil(n * bounds.high)))
    return {
        "n": n,
        "median_m": round(float(np.median(ordered)), 2),
        "bounds_95_m": [round(ordered[at], 2) for at in rank],
        "tenth_worst_m": round(float(np.quantile(ordered, 0.9)), 2),
    }


def least_squares(readings: Readings, room: SignalRoom) -> tuple[float, float]:
    """Return the place that fits log-distance path loss best: no priors, no shadowing, the mean at each place."""
    places: dict[tuple[float, float], list[float]] = {}
    for x, y, level in zip(readings.x_m, readings.y_m, readings.rssi_dbm, strict=True):
        places.setdefault((float(x), float(y)), []).append(float(level))
    at = np.array(list(places))
    level = np.array([np.mean(values) for values in places.values()])
    x, y = np.meshgrid(
        np.arange(-5.0, room.width_m + 5.01, 0.25), np.arange(-5.0, room.depth_m + 5.01, 0.25), indexing="xy"
    )
    away = np.sqrt((x.ravel()[:, None] - at[:, 0]) ** 2 + (y.ravel()[:, None] - at[:, 1]) ** 2 + 0.5)
    loss = 10.0 * np.log10(away)
    spread = loss - loss.mean(axis=1, keepdims=True)
    slope = np.clip(
        -(spread @ (level - level.mean())) / np.maximum((spread**2).sum(axis=1), 1e-9), EXPONENT_MIN, EXPONENT_MAX
    )
    left = (level - level.mean()) + slope[:, None] * spread
    best = int(np.argmin((left**2).sum(axis=1)))
    return float(x.ravel()[best]), float(y.ravel()[best])


def in_room(room: SignalRoom, at: tuple[float, float]) -> bool:
    """Whether a point is in the room."""
    return 0.0 <= at[0] <= room.width_m and 0.0 <= at[1] <= room.depth_m


class Tally:
    """Counts over rooms."""

    def __init__(self) -> None:
        self.errors: dict[str, dict[str, list[float]]] = {}
        self.held = {"50": [0, 0], "90": [0, 0]}
        self.said = {"this_room": [0, 0], "beyond": [0, 0]}
        self.cannot_tell = self.rooms = 0
        self.others: dict[str, list[int]] = {}
        self.no_positions = {"right": 0, "said": 0}

    def add(self, room: SignalRoom, place: Place, readings: Readings) -> None:
        """Add one room."""
        assert place.posterior is not None
        assert place.centre_m is not None
        self.rooms += 1
        side = "in_room" if room.in_room else "beyond"
        level = place.posterior.level_at(*room.at_m)
        for name, limit in (("50", 0.5), ("90", 0.9)):
            self.held[name][0] += level <= limit
            self.held[name][1] += 1
        if place.answer is RoomAnswer.CANNOT_TELL:
            self.cannot_tell += 1
        else:
            right = room.in_room == (place.answer is RoomAnswer.THIS_ROOM)
            self.said[str(place.answer)][0] += right
            self.said[str(place.answer)][1] += 1
        loudest = int(np.argmax(readings.rssi_dbm))
        guesses = {
            "roomsweep": place.centre_m,
            "strongest_reading": (float(readings.x_m[loudest]), float(readings.y_m[loudest])),
            "least_squares": least_squares(readings, room),
        }
        for name, at in guesses.items():
            error = math.hypot(at[0] - room.at_m[0], at[1] - room.at_m[1])
            for group in ("all", side):
                self.errors.setdefault(name, {}).setdefault(group, []).append(error)
            if name != "roomsweep":
                counts = self.others.setdefault(name, [0, 0])
                # A reading in the corridor or at the door speaks for beyond.
                said = in_room(room, at) and not (name == "strongest_reading" and at[1] <= 0.0)
                counts[0] += said == room.in_room
                counts[1] += 1

    def result(self) -> dict[str, Any]:
        right = self.said["this_room"][0] + self.said["beyond"][0]
        said = self.said["this_room"][1] + self.said["beyond"][1]
        return {
            "error": {name: {group: median(e) for group, e in groups.items()} for name, groups in self.errors.items()},
            "regions": {f"{name}_percent_region_holds_it": share(k, n) for name, (k, n) in self.held.items()},
            "room": {
                "this_room_is_right": share(*self.said["this_room"]),
                "beyond_is_right": share(*self.said["beyond"]),
                "right_of_what_is_said": share(right, said),
                "cannot_tell": share(self.cannot_tell, self.rooms),
                **{f"{name}_right": share(k, n) for name, (k, n) in self.others.items()},
            },
        }


def rooms(count: int, first: int, *, walk: int) -> dict[str, Any]:
    """Count over rooms from seed `first`."""
    tally = Tally()
    for seed in range(first, first + count):
        room = signal_room(seed, walk=walk)
        readings = parse_readings(room.csv(), name="synthetic.csv")
        mac, radio, own = readings.transmitters()[0]
        tally.add(room, place_of(own, mac=mac, radio=radio, profile=default_profile(radio)), readings)
    return tally.result()


def calibrations(count: int, first: int) -> dict[str, Any]:
    """Return how often the bounds of a calibration hold the truth."""
    held = {"exponent": 0, "reference": 0}
    errors: list[float] = []
    plain: list[float] = []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        exponent, reference = rng.uniform(1.8, 3.6), rng.uniform(-45.0, -30.0)
        distance, level = calibration_walk(
            seed, reference_dbm=reference, exponent=exponent, shadowing_db=rng.uniform(2.0, 5.0), distances_m=WALK_M
        )
        fit = fit_radio(distance, level, name="synthetic", radio="wifi")
        held["exponent"] += fit.exponent_bounds[0] <= exponent <= fit.exponent_bounds[1]
        held["reference"] += fit.reference_bounds_dbm[0] <= reference <= fit.reference_bounds_dbm[1]
        errors.append(abs(fit.exponent - exponent))
        plain.append(abs(-float(np.polyfit(10.0 * np.log10(distance), level, 1)[0]) - exponent))
    return {
        "bounds": {f"95_percent_bounds_hold_the_{name}": share(k, count) for name, k in held.items()},
        "exponent_error_median": round(float(np.median(errors)), 2),
        "exponent_error_median_plain_least_squares": round(float(np.median(plain)), 2),
    }


def at_rest(folder: Path) -> dict[str, Any]:
    """Return the change of the level of fixed senders, and false changes of the word."""
    steps: list[float] = []
    spreads: list[float] = []
    false = minutes = 0.0
    senders = 0
    for times, levels in _senders(folder):
        seconds = np.floor(times - times[0]).astype(np.int64)
        number, counts = np.unique(seconds, return_counts=True)
        good = number[counts >= 3]
        medians = np.array([np.median(levels[seconds == second]) for second in good])
        step = np.diff(medians)[np.diff(good) == 1]
        if len(good) < 30 or len(step) < 20:
            continue
        senders += 1
        spreads.append(float(step.std()))
        steps += np.abs(step).tolist()
        warmer, moments = Warmer(), []
        for second in range(int(seconds[-1]) + 1):
            here = seconds == second
            warmer.add(times[here] - times[0], levels[here])
            moments.append(warmer.moment(second + 1.0))
        false += changes(moments)
        minutes += len(moments) / 60.0
    if not senders:
        return {}
    return {
        "senders": senders,
        "steps": len(steps),
        "step_sigma_db_median": round(float(np.median(spreads)), 2),
        "step_db_99_of_100": round(float(np.quantile(steps, 0.99)), 1),
        "minutes": round(minutes, 1),
        "false_changes": int(false),
        "false_changes_a_minute": round(false / minutes, 2),
    }


def _senders(folder: Path) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield time and level of the frames of every sender with 150 or more."""
    for path in sorted(folder.rglob("*.pcap*")):
        blocks = []
        with path.open("rb") as stream:
            for records in CaptureReader(stream, name=path.name):
                frames = read_frames(records)
                keep = (frames.transmitter > 0) & (frames.signal_dbm < 0) & (frames.signal_dbm > -110)
                blocks.append((frames.t_ns[keep] / 1e9, frames.signal_dbm[keep], frames.transmitter[keep]))
        if not blocks:
            continue
        times, levels, senders = (np.concatenate(column) for column in zip(*blocks, strict=True))
        for sender in np.unique(senders):
            own = senders == sender
            if own.sum() >= 150:
                order = np.argsort(times[own], kind="stable")
                yield times[own][order], levels[own][order].astype(np.float64)


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, help="folder with the development captures")
    parser.add_argument("--rooms", type=int, default=600)
    parser.add_argument("--first", type=int, default=100_000)
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    result: dict[str, Any] = {
        "synthetic": True,
        "seeds": [options.first, options.first + options.rooms - 1],
        "round": rooms(options.rooms, options.first, walk=0),
        "walk": rooms(options.rooms // 2, options.first + 1_000_000, walk=20),
        "calibration": calibrations(400, options.first),
        "published": PUBLISHED,
    }
    if options.data is not None:
        result["at_rest_real"] = at_rest(options.data / "home_monitor_italy")
    print(json.dumps(result, indent=1))
    if not options.no_write:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
