"""Fits the glint model on a folder of labelled pictures and writes the table ``glint_model``.

    python tools/fit_glints.py ../shared/data

Prints how well lenses rank when each scene is judged by a model that has not seen it.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np

from roomsweep.calibration.glint_fit import fit, to_csv
from roomsweep.calibration.labelled_pictures import FIT_SEEDS, read_pictures, synthetic_pictures
from roomsweep.detect.lens.spots import find_spots

#: A real glint weighs as much as four rendered ones: there are few, and they are what counts.
REAL_WEIGHT = 4.0

SOURCE = (
    "logistic fit on 79 labelled lenses (9 real, 46 rendered, 24 synthetic) among the bright spots of 162 pictures, "
    "2026-11-20"
)


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="write detect/signatures/glint_model.csv")
    options = parser.parse_args()
    pictures = []
    kinds = {}
    for picture in itertools.chain(read_pictures(options.data), synthetic_pictures(FIT_SEEDS)):
        pictures.append(picture.label(find_spots(picture.image)))
        kinds[picture.name] = picture.kind
    weights = {name: REAL_WEIGHT for name, kind in kinds.items() if kind == "lit"}
    ranks: dict[str, list[int]] = {}
    others: dict[str, list[np.ndarray]] = {}
    own: dict[str, list[float]] = {}
    for group in sorted({picture.group for picture in pictures}):
        held = fit([picture for picture in pictures if picture.group != group], weights=weights)
        for picture in (picture for picture in pictures if picture.group == group):
            score = held.score_db(picture.spots)
            kind = kinds[picture.name]
            mine = score[picture.label == 1]
            rest = score[picture.label == 0]
            ranks.setdefault(kind, []).extend([int((rest > value).sum()) for value in mine] + [999] * picture.missed)
            others.setdefault(kind, []).append(rest)
            own.setdefault(kind, []).extend(mine.tolist())
    for kind, found in ranks.items():
        line = f"{kind:15s} pictures {len(others[kind]):3d}"
        if found:
            line += f"  lenses {len(found):3d}" + "".join(
                f"  first {top}: {sum(rank < top for rank in found)}" for top in (1, 3, 5)
            )
        print(line)
        for limit in (6, 8, 10, 12, 14, 16, 18):
            false = np.mean([(rest >= limit).sum() for rest in others[kind]])
            capped = np.mean([min(5, (rest >= limit).sum()) for rest in others[kind]])
            hits = sum(value >= limit for value in own[kind])
            print(f"    at {limit} dB: {hits} of {len(found)} lenses, {false:.2f} ({capped:.2f}) others a picture")
    model = fit(pictures, weights=weights)
    table = to_csv(model, source=SOURCE)
    total = sum(len(picture.spots) for picture in pictures)
    print(len(pictures), "pictures", total, "spots", sum(int((p.label == 1).sum()) for p in pictures), "lenses")
    if options.write:
        place = Path(__file__).resolve().parents[1] / "detect" / "signatures" / "glint_model.csv"
        place.write_text(table, encoding="utf-8")
        print(f"wrote {place.name}")


if __name__ == "__main__":
    main()
