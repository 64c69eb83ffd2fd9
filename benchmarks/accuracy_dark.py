"""How well infrared lights are found in dark pictures, on seeded synthetic rooms (calibration/dark_scenes.py).

    python benchmarks/accuracy_dark.py [DATA] [--seeds N] [--date YYYY-MM-DD] [--no-write]

No picture of a real night-vision camera was at hand, so recall is synthetic throughout and says that the program
works. Three sets: rooms with a ring or row at 850 nm or a single LED at 940 nm among ordinary lights, the same rooms
without, and glints joined with lights: a synthetic torch pair, and the same room darkened with a ring of LEDs about
the lens; another room's dark picture must not join. DATA (optional) is the development data: its pictures without a
torch hold no infrared light, so whatever is raised there is false; some hold lamps.

Shares come with two-sided 95 % Clopper-Pearson bounds, rates per picture with exact Poisson bounds.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_lens import as_read, rate, share

from roomsweep.calibration.dark_scenes import DarkRoom, DarkScene, dark_scene
from roomsweep.calibration.labelled_pictures import read_pictures
from roomsweep.calibration.scenes import SyntheticPair, synthetic_pair
from roomsweep.detect.lens.examine import examine_pair
from roomsweep.detect.lens.glow import examine_dark_photo
from roomsweep.detect.lens.glow_join import join_glow
from roomsweep.detect.lens.lights import DARK_MAX, darkness_of
from roomsweep.detect.result import Finding, Level

RESULTS = Path(__file__).parent / "results" / "accuracy_dark.json"

#: Seeds start here; tests and the choice of limits and weights used those below 200 and 6000-6149.
FIRST_SEED = 8000

#: Share of the torch-off picture's light that is left in the dark one: a median level of 17 of 255.
DARKENED = 0.2


def near(finding: Finding, x_px: float, y_px: float, reach_px: float) -> bool:
    """Whether a finding lies within `reach_px` of a place."""
    where = finding.where
    if where.x_px is None or where.y_px is None:
        return False
    return bool(np.hypot(where.x_px - x_px, where.y_px - y_px) < reach_px)


def count_scene(scene: DarkScene, counts: Counter[str]) -> None:
    """Add one synthetic room."""
    findings = examine_dark_photo(as_read(scene.picture, "dark"), source_id="dark").findings
    raised = [finding for finding in findings if finding.level is Level.LOOK]
    infrared = [light for light in scene.lights if light.kind.startswith("ir")]
    counts["pictures"] += 1
    hits = []
    for light in infrared:
        counts["infrared"] += 1
        own = [finding for finding in raised if near(finding, light.x_px, light.y_px, light.radius_px + 6.0)]
        counts["found"] += bool(own)
        counts["first"] += bool(own) and findings[0] in own
        rules = {line.rule for finding in own for line in finding.evidence}
        counts["as_group"] += bool(rules & {"glow.ring", "glow.row"})
        hits += own
    counts["false"] += sum(finding not in hits for finding in raised)


def synthetic_sets(seeds: int) -> dict[str, Any]:
    """Counts by what is in the room."""
    out: dict[str, Any] = {}
    for kind in ("ring", "row", "single", ""):
        counts: Counter[str] = Counter()
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            count_scene(dark_scene(seed=seed, infrared=kind), counts)
        entry: dict[str, Any] = {"false_per_picture_at_look": rate(counts["false"], counts["pictures"])}
        if kind:
            entry["recall_at_look"] = share(counts["found"], counts["infrared"])
            entry["first"] = share(counts["first"], counts["infrared"])
        if kind in ("ring", "row"):
            entry["told_as_ring_or_row"] = share(counts["as_group"], counts["infrared"])
        out[{"ring": "ring_850", "row": "row_850", "single": "single_940", "": "ordinary_lights"}[kind]] = entry
    return out


def dark_of(pair: SyntheticPair, x_px: float, y_px: float, *, seed: int) -> DarkScene:
    """The torch-off picture darkened, with a ring of infrared LEDs about a place."""
    room = DarkRoom(seed=seed, ambient=DARKENED, ground=pair.off)
    room.add_ring("ir850", x_px, y_px, ring_px=16.0, strength=1.0)
    room.add_light("red", 200.0, 200.0)
    return room.scene()


def joins(seeds: int) -> dict[str, Any]:
    """How often a listed lens within a ring is joined with it, and a ring in another room with anything."""
    counts: Counter[str] = Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        pair = synthetic_pair(seed=seed)
        lens = pair.lenses[0]
        lit = examine_pair(as_read(pair.on, "on"), as_read(pair.off, "off"), source_id="pair").examined
        seen = any(near(item, lens.x_px, lens.y_px, 5.0) for item in lit.findings)
        scene = dark_of(pair, lens.off_x_px, lens.off_y_px, seed=seed)
        dark = examine_dark_photo(as_read(scene.picture, "dark"), source_id="dark")
        joined = join_glow(lit, dark, lit_image=pair.on, dark_image=scene.picture)
        suspects = [item for item in joined.lit.findings if item.level is Level.SUSPECT]
        right = sum(near(item, lens.x_px, lens.y_px, 5.0) for item in suspects)
        counts["rooms"] += 1
        counts["lens_listed"] += seen
        counts["tried"] += joined.margin is not None
        counts["laid"] += joined.trusted
        counts["joined"] += seen and right > 0
        counts["false"] += len(suspects) - right
        # Another room's dark picture, with its ring at the very place of this room's lens.
        other = dark_of(synthetic_pair(seed=seed + 100_000), lens.x_px, lens.y_px, seed=seed)
        strange = examine_dark_photo(as_read(other.picture, "dark"), source_id="dark")
        wrong = join_glow(lit, strange, lit_image=pair.on, dark_image=other.picture)
        counts["strange_tried"] += wrong.margin is not None
        counts["strange_suspects"] += sum(item.level is Level.SUSPECT for item in wrong.lit.findings)
    return {
        "rooms": counts["rooms"],
        "laid_over": share(counts["laid"], max(counts["tried"], 1)),
        "listed_lenses_joined_to_suspect": share(counts["joined"], max(counts["lens_listed"], 1)),
        "false_suspects": rate(counts["false"], counts["rooms"]),
        "another_rooms_picture_false_suspects": rate(counts["strange_suspects"], max(counts["strange_tried"], 1)),
    }


def real_set(data: Path) -> dict[str, Any]:
    """What is raised in pictures without torch and without infrared lights, by how dark they are."""
    counts: Counter[str] = Counter()
    for picture in read_pictures(data):
        image = picture.off if picture.off is not None else picture.image if picture.kind == "room" else None
        if image is None:
            continue
        origin = "rendered" if picture.kind.startswith("rendered") else "real"
        kind = f"{origin}_{'dark' if darkness_of(image) <= DARK_MAX else 'not_dark'}"
        findings = examine_dark_photo(as_read(image, picture.name), source_id="dark").findings
        counts[f"{kind}_pictures"] += 1
        counts[kind] += sum(finding.level is Level.LOOK for finding in findings)
    kinds = [f"{origin}_{dark}" for origin in ("real", "rendered") for dark in ("dark", "not_dark")]
    return {kind: rate(counts[kind], counts[f"{kind}_pictures"]) for kind in kinds if counts[f"{kind}_pictures"]}


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=150)
    parser.add_argument("--rooms", type=int, default=20)
    parser.add_argument("--date", default="")
    parser.add_argument("--no-write", action="store_true")
    arguments = parser.parse_args()
    result: dict[str, Any] = {
        "date": arguments.date,
        "first_seed": FIRST_SEED,
        "synthetic": synthetic_sets(arguments.seeds),
        "join_synthetic": joins(arguments.rooms),
    }
    if arguments.data is not None:
        result["without_infrared"] = real_set(arguments.data)
    print(json.dumps(result, indent=1))
    if not arguments.no_write:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
