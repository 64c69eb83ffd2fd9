"""How well lens glints are found in photos and torch pairs, beside three methods of others on the same pictures.

    python benchmarks/accuracy_lens.py [DATA] [--seeds N] [--date YYYY-MM-DD] [--no-write]

DATA is a folder of labelled pictures as calibration/labelled_pictures.py reads it; none of them is part of this
repository, and without it only the synthetic sets are run. Roomsweep is asked through its public examine_photo
and examine_pair, once with the shipped model (`shipped`: it was fitted on DATA, so this is in sample) and once
with a model fitted without the picture's scene (`held_out`). The synthetic pictures are in no fit.

Counting. A finding is a hit where it lies at a detectable lens, false where it lies at no lens at all; one at a
lens that is not detectable is neither. `first_3` asks whether the lens is among the first three findings as they
are listed, hits on others included. Shares come with two-sided 95 % Clopper-Pearson bounds, rates per picture
with exact Poisson bounds. Frames of one clip and pictures of one scene are not independent, and false findings
come in clusters, so the true bounds are wider; `scenes` says how many there are.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from lens_peers import Places, bright_blobs, difference, registered_difference, top_hat
from scipy.stats import beta, chi2

from roomsweep.calibration.glint_fit import LabelledSpots, fit
from roomsweep.calibration.labelled_pictures import (
    FIT_SEEDS,
    LabelledLens,
    LabelledPicture,
    read_pictures,
    synthetic_pictures,
)
from roomsweep.detect.lens.examine import examine_pair, examine_photo
from roomsweep.detect.lens.judge import Term
from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.reading import Picture
from roomsweep.detect.lens.spots import Image, find_spots
from roomsweep.detect.result import Examined, Level
from roomsweep.detect.signatures.tables import load_table

RESULTS = Path(__file__).parent / "results" / "accuracy_lens.json"

#: As in tools/fit_glints.py.
REAL_WEIGHT = 4.0

#: Seeds of the synthetic pairs start here; tests and the demonstration use smaller ones.
FIRST_SEED = 5000

#: What a place that carries no level counts as: its user is shown it.
SHOWN = Level.LOOK

#: Name of the set by the kind of picture: as a photo, and with its torch-off picture.
SETS = {
    "lit": ("real_photo", "real_pair"),
    "unlit": ("real_finder_off", ""),
    "room": ("no_lens_photo", "no_lens_pair"),
    "rendered_still": ("rendered_photo", ""),
    "rendered_pair": ("rendered_pair_on_alone", "rendered_pair"),
    "rendered_frame": ("rendered_frame", ""),
    "synthetic": ("synthetic_photo", "synthetic_pair"),
}

Found = list[tuple[float, float, Level]]


@dataclass
class Tally:
    """Counts of one method on one set."""

    pictures: int = 0
    lenses: int = 0
    hit: dict[Level, int] = field(default_factory=lambda: dict.fromkeys(Level, 0))
    first: dict[int, int] = field(default_factory=lambda: {1: 0, 3: 0, 5: 0})
    false: dict[Level, int] = field(default_factory=lambda: dict.fromkeys(Level, 0))
    all: dict[Level, int] = field(default_factory=lambda: dict.fromkeys(Level, 0))

    def add(self, found: Found, lenses: Sequence[LabelledLens]) -> None:
        """Count one picture."""
        self.pictures += 1
        at = np.array([[x, y] for x, y, _ in found]).reshape(-1, 2)
        taken = np.zeros(len(found), bool)
        for lens in lenses:
            near = _near(at, lens)
            taken |= near
            if not lens.detectable:
                continue
            self.lenses += 1
            if near.any():
                for top in self.first:
                    self.first[top] += int(near.argmax()) < top
                best = min((found[i][2] for i in np.flatnonzero(near)), key=lambda level: level.rank)
                self.hit[best] += 1
        for is_lens, (_, _, level) in zip(taken.tolist(), found, strict=True):
            self.all[level] += 1
            self.false[level] += not is_lens

    def result(self, *, levels: bool) -> dict[str, Any]:
        """Shares and rates; `levels` also those of `suspect` and of everything listed."""
        out: dict[str, Any] = {}
        if self.lenses:
            out["recall_at_look_or_higher"] = share(_upto(self.hit, Level.LOOK), self.lenses)
            if levels:
                out["recall_at_suspect"] = share(_upto(self.hit, Level.SUSPECT), self.lenses)
            out |= {f"first_{top}": share(count, self.lenses) for top, count in self.first.items()}
        out["false_per_picture_at_look_or_higher"] = rate(_upto(self.false, Level.LOOK), self.pictures)
        if levels:
            out["false_per_picture_at_suspect"] = rate(_upto(self.false, Level.SUSPECT), self.pictures)
            out["false_per_picture_listed"] = rate(_upto(self.false, Level.NOTED), self.pictures)
            out["findings_per_picture_at_look_or_higher"] = round(_upto(self.all, Level.LOOK) / self.pictures, 3)
        return out


def _near(at: np.ndarray[Any, np.dtype[np.float64]], lens: LabelledLens) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which places are this lens, by the same distance as in the fit."""
    alone = LabelledPicture(name="", group="", kind="", image=np.empty((0, 0, 3), np.uint8), off=None, lenses=(lens,))
    return np.array([alone.hit_by(x, y) is not None for x, y in at], dtype=bool)


def _upto(counts: dict[Level, int], level: Level) -> int:
    return sum(count for item, count in counts.items() if item.rank <= level.rank)


def share(k: int, n: int) -> dict[str, Any]:
    """k of n with Clopper-Pearson bounds."""
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return {"k": k, "n": n, "share": round(k / n, 4), "bounds_95": [round(low, 4), round(high, 4)]}


def rate(k: int, n: int) -> dict[str, Any]:
    """k in n pictures with exact Poisson bounds."""
    low = float(chi2.ppf(0.025, 2 * k)) / 2 / n if k else 0.0
    high = float(chi2.ppf(0.975, 2 * k + 2)) / 2 / n
    return {"count": k, "pictures": n, "rate": round(k / n, 3), "bounds_95": [round(low, 3), round(high, 3)]}


def as_read(image: Image, name: str) -> Picture:
    """The picture as the reader would hand it over, with the default camera."""
    return Picture(image=image, name=name, sha256="", damage=None, profile=CameraProfile(), facts={})


def places(examined: Examined) -> Found:
    """Findings as places with levels, in the order of the list."""
    return [
        (item.where.x_px, item.where.y_px, item.level)
        for item in examined.findings
        if item.where is not None and item.where.x_px is not None and item.where.y_px is not None
    ]


def held_out_models(data: Path) -> dict[str, tuple[Term, ...]]:
    """For each scene, a model fitted on all others."""
    spots: list[LabelledSpots] = []
    weights = {}
    for picture in itertools.chain(read_pictures(data), synthetic_pictures(FIT_SEEDS)):
        spots.append(picture.label(find_spots(picture.image)))
        if picture.kind == "lit":
            weights[picture.name] = REAL_WEIGHT
    return {
        group: fit([item for item in spots if item.group != group], weights=weights).terms()
        for group in {item.group for item in spots}
    }


PHOTO_PEERS: dict[str, Callable[[Image], Places]] = {
    "threshold_140": lambda image: bright_blobs(image, above=140),
    "threshold_200": lambda image: bright_blobs(image, above=200),
    "threshold_250": lambda image: bright_blobs(image, above=250),
    "top_hat": top_hat,
}
PAIR_PEERS: dict[str, Callable[[Image, Image], Places]] = {
    "difference_60": lambda on, off: difference(on, off, above=60),
    "difference_120": lambda on, off: difference(on, off, above=120),
    "ecc_difference_60": lambda on, off: registered_difference(on, off, above=60),
    "ecc_difference_120": lambda on, off: registered_difference(on, off, above=120),
}


class Board:
    """Tallies by set and method."""

    def __init__(self) -> None:
        self.tallies: dict[str, dict[str, Tally]] = {}
        self.scenes: dict[str, set[str]] = {}
        self.unregistered: dict[str, int] = {}

    def add(self, where: str, method: str, picture: LabelledPicture, found: Found) -> None:
        """Count one picture for one method."""
        self.tallies.setdefault(where, {}).setdefault(method, Tally()).add(found, picture.lenses)
        self.scenes.setdefault(where, set()).add(picture.group)

    def run(self, picture: LabelledPicture, models: dict[str, tuple[Term, ...]]) -> None:
        """Ask every method about one picture."""
        alone, paired = SETS[picture.kind]
        on = as_read(picture.image, picture.name)
        judges: dict[str, Sequence[Term] | None] = {"roomsweep_shipped": None}
        if picture.group in models:
            judges["roomsweep_held_out"] = models[picture.group]
        for method, terms in judges.items():
            self.add(alone, method, picture, places(examine_photo(on, source_id="p", terms=terms)))
        for method, peer in PHOTO_PEERS.items():
            self.add(alone, method, picture, [(x, y, SHOWN) for x, y in peer(picture.image)])
        if picture.off is None or not paired:
            return
        off = as_read(picture.off, "off")
        for method, terms in judges.items():
            pair = examine_pair(on, off, source_id="p", terms=terms)
            self.add(paired, method, picture, places(pair.examined))
            if terms is None and pair.off is None:
                self.unregistered[paired] = self.unregistered.get(paired, 0) + 1
        if picture.off.shape == picture.image.shape:
            for method, both in PAIR_PEERS.items():
                self.add(paired, method, picture, [(x, y, SHOWN) for x, y in both(picture.image, picture.off)])

    def result(self) -> dict[str, Any]:
        """Everything counted."""
        out = {}
        for where in sorted(self.tallies):
            methods = self.tallies[where]
            first = methods["roomsweep_shipped"]
            out[where] = {
                "pictures": first.pictures,
                "scenes": len(self.scenes[where]),
                "detectable_lenses": first.lenses,
                **({"pairs_not_registered": self.unregistered.get(where, 0)} if where.endswith("_pair") else {}),
                "methods": {name: tally.result(levels="roomsweep" in name) for name, tally in methods.items()},
            }
        return out


def table(sets: dict[str, Any]) -> Iterator[str]:
    """The main counts for reading."""
    for where, item in sets.items():
        yield f"\n{where}: {item['pictures']} pictures, {item['scenes']} scenes, {item['detectable_lenses']} lenses"
        firsts = "".join(f"{f'first {top}':>9s}" for top in (1, 3, 5))
        yield f"  {'':22s}{'look or higher':>24s}{firsts}{'false a picture':>26s}{'suspect':>9s}"
        for name, row in item["methods"].items():
            line = f"  {name:22s}"
            if "first_1" in row:
                found = row["recall_at_look_or_higher"]
                low, high = found["bounds_95"]
                line += f"{found['k']:4d} of {found['n']:3d} ({low:.2f}-{high:.2f})".rjust(24)
                line += "".join(f"{row[f'first_{top}']['k']:9d}" for top in (1, 3, 5))
            else:
                line += " " * 51
            false = row["false_per_picture_at_look_or_higher"]
            line += f"{false['rate']:.2f} ({false['bounds_95'][0]:.2f}-{false['bounds_95'][1]:.2f})".rjust(26)
            if "false_per_picture_at_suspect" in row:
                line += f"{row['false_per_picture_at_suspect']['count']:9d}"
            yield line


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="folder of labelled pictures")
    parser.add_argument("--seeds", type=int, default=40, help="synthetic pairs")
    parser.add_argument("--date", help="written into the results; the glint model's date if not given")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    board = Board()
    models = held_out_models(options.data) if options.data else {}
    if options.data:
        for picture in read_pictures(options.data):
            board.run(picture, models)
    for picture in synthetic_pictures(range(FIRST_SEED, FIRST_SEED + options.seeds)):
        board.run(picture, models)
    card = load_table("glint_model").card
    sets = board.result()
    result = {
        "what": "photos and torch pairs to findings, by the public calls; every finding counts once",
        "date": options.date or str(card.dated),
        "glint_model_dated": str(card.dated),
        "data": options.data.resolve().name if options.data else None,
        "synthetic_seeds": [FIRST_SEED, FIRST_SEED + options.seeds - 1],
        "opencv": cv2.__version__,
        "sets": sets,
    }
    for line in table(sets):
        print(line)
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
