"""How well lenses are told from other glints in clips: synthetic clips with true parallax, and the rendered clips.

    python benchmarks/accuracy_clips.py [DATA] [--first SEED] [--deciding N] [--clips N] [--wide N] [--blinking N]
                                        [--no-write]

Deciding clips follow the advice: from half a metre 30 cm to either side, then the torch off for a second. Sweeps go
past a scene by 20 to 40 cm at 0.55 to 1.5 m. Both (calibration/clips.py) are written as Motion-JPEG or MPEG-4 by turns
into a temporary folder, read back and examined by the public examine_clip; each has hard negatives, and one in four
no lens.
Seeds below 500 were used to count weights or looked at while something was chosen, so the default seeds begin at 500.
DATA is a folder with the rendered clips of the development data; they are no part of this repository and are counted
apart.

Counting. A lens of a sweep counts if it is detectable in at least a third of the frames (in the frame, six sigmas and
15 grey levels over its surround). A lens of a deciding clip counts if it is detectable for a second and in view from
beyond its field for another; both follow from the geometry and the light, not from what was found. It is found where a
finding's track lies within 5 pixels of it in most of its places. `false_suspects` are suspects that are no lens.
`rules` counts, over followed spots whose mean shape speaks for a lens, how many lenses and how many other things each
rule spoke of, with the likelihood ratio smoothed after Jeffreys. `sums` are the sums of all evidence of counted
lenses, the best finding of each, and of other findings with a cue of motion. Bounds are two-sided 95 %
Clopper-Pearson, or exact Poisson for rates; spots of one clip are not independent, so the true bounds are wider.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.stats import beta, chi2

from roomsweep.calibration.clips import ClipFrame, SyntheticClip, deciding_clip, synthetic_clip, write_clip
from roomsweep.detect.lens.clip import Frame, examine_clip
from roomsweep.detect.result import Finding, Level

RESULTS = Path(__file__).parent / "results" / "accuracy_clips.json"

#: Pixels from a lens's place at 960 pixels of width within which a track lies on it.
HIT_PX = 5.0

#: A lens of a deciding clip must be detectable, and in view from beyond its field, for so long each.
DECIDABLE_S = 1.0

#: Frame rate of deciding clips: spots are looked for about so often anyway, and rendering takes most of the time.
DECIDING_FPS = 12.5

Place = tuple[float, float]


def share(k: int, n: int) -> dict[str, Any]:
    """Return k of n with two-sided 95 % Clopper-Pearson bounds."""
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return {"k": k, "n": n, "share": round(k / n, 3) if n else None, "bounds": [round(low, 3), round(high, 3)]}


def rate(k: int, n: int) -> dict[str, Any]:
    """Return k in n clips with exact Poisson bounds."""
    low = float(chi2.ppf(0.025, 2 * k)) / 2 / n if k else 0.0
    return {
        "k": k,
        "clips": n,
        "per_clip": round(k / n, 3),
        "bounds": [round(low, 3), round(chi2.ppf(0.975, 2 * k + 2) / 2 / n, 3)],
    }


def frames_of(path: Path) -> Iterator[Frame]:
    """Yield the frames of a file."""
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    while (read := video.read())[0]:
        yield Frame(image=np.asarray(read[1], np.uint8), t_s=video.get(cv2.CAP_PROP_POS_MSEC) / 1000.0)


class Tally:
    """Counts over clips."""

    def __init__(self) -> None:
        self.clips = self.lenses = 0
        self.ranked = Counter[str]()
        self.false = Counter[str]()
        self.rules: dict[str, list[int]] = {}
        self.others = [0, 0]
        self.lens_db: list[float] = []
        self.other_db: list[float] = []

    def add(self, findings: Sequence[Finding], lenses: Sequence[dict[int, Place]], *, hit_px: float) -> None:
        """Add one clip; `lenses` are the places by frame of each lens that counts, then of those that do not."""
        self.clips += 1
        found = [_lens_of(finding, lenses, hit_px) for finding in findings]
        for number, places in enumerate(lenses):
            if not places.get(-1):
                continue
            self.lenses += 1
            rank = found.index(number) if number in found else 99
            own = [item for item, lens in zip(findings, found, strict=True) if lens == number]
            self.ranked.update([name for name, limit in (("first", 1), ("first_3", 3), ("listed", 99)) if rank < limit])
            self.lens_db.append(max((_sum(item) for item in own), default=-99.0))
            self.ranked["look"] += any(item.level in (Level.LOOK, Level.SUSPECT) for item in own)
            self.ranked["suspect"] += any(item.level is Level.SUSPECT for item in own)
        for finding, lens in zip(findings, found, strict=True):
            shape = sum(line.weight_db for line in finding.evidence if line.family == "shape")
            if lens is None:
                self.false[finding.level.value] += 1
            if shape > 0.0:
                self.others[lens is None] += 1
                for rule in {line.rule for line in finding.evidence if line.family in ("motion", "steady", "torch")}:
                    self.rules.setdefault(rule, [0, 0])[lens is None] += 1
            if lens is None and any(line.family == "motion" and line.weight_db > 0 for line in finding.evidence):
                self.other_db.append(_sum(finding))

    def result(self) -> dict[str, Any]:
        lens_n, other_n = self.others
        return {
            "clips": self.clips,
            "lenses": {name: share(self.ranked[name], self.lenses) for name in ("first", "first_3", "look", "suspect")},
            "false_suspects": rate(self.false["suspect"], max(self.clips, 1)),
            "false_looks": rate(self.false["look"], max(self.clips, 1)),
            "rules": {
                rule: {
                    "lenses": f"{k}/{lens_n}",
                    "others": f"{m}/{other_n}",
                    "weight_db": round(10 * math.log10(((k + 0.5) / (lens_n + 1)) / ((m + 0.5) / (other_n + 1))), 1),
                }
                for rule, (k, m) in sorted(self.rules.items())
            },
            "sums": {"lenses": sorted(self.lens_db), "others_with_motion": sorted(self.other_db)},
        }


def _sum(finding: Finding) -> float:
    return round(sum(line.weight_db for line in finding.evidence), 1)


def _lens_of(finding: Finding, lenses: Sequence[dict[int, Place]], hit_px: float) -> int | None:
    """Return which lens a finding's track lies on."""
    assert finding.where is not None
    track = finding.where.track or ()
    for number, places in enumerate(lenses):
        hits = [math.dist((x, y), places[frame]) <= hit_px for frame, x, y in track if frame in places]
        if hits and 2 * sum(hits) > len(hits):
            return number
    return None


def examined(
    clip: SyntheticClip, path: Path, *, width: int, counts: Callable[[SyntheticClip, list[ClipFrame], int], bool]
) -> tuple[Sequence[Finding], list[dict[int, Place]]]:
    """Write a clip, read it back and examine it; return the findings and the places of its lenses."""
    truth = write_clip(clip, path)
    places: list[dict[int, Place]] = []
    for lens in range(len(clip.scene.lenses)):
        seen = {n: (frame.lenses[lens].x_px, frame.lenses[lens].y_px) for n, frame in enumerate(truth)}
        places.append({**seen, -1: (1.0, 1.0)} if counts(clip, truth, lens) else seen)
    return examine_clip(frames_of(path), source_id="v", name=path.name).examined.findings, places


def often_detectable(clip: SyntheticClip, truth: list[ClipFrame], lens: int) -> bool:
    """Whether a lens of a sweep counts: detectable in a third of the frames."""
    return sum(frame.lenses[lens].detectable for frame in truth) >= len(truth) / 3


def decidable(clip: SyntheticClip, truth: list[ClipFrame], lens: int) -> bool:
    """Whether a lens of a deciding clip counts: long enough detectable, and in view from beyond its field."""
    seen = [frame.lenses[lens] for frame in truth if frame.torch]
    beyond = sum(item.in_frame and item.off_axis_deg > clip.scene.lenses[lens].cutoff_deg for item in seen)
    return min(sum(item.detectable for item in seen), beyond) >= DECIDABLE_S * clip.fps


def synthetic(seeds: Sequence[int], *, width: int, torch: Any) -> dict[str, Any]:
    """Run synthetic sweeps: one lens, one, two, none, by turns of the seed."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            lenses = (1, 1, 2, 0)[seed % 4]
            clip = synthetic_clip(seed=seed, lenses=lenses, width=width, height=width * 9 // 16, torch=torch)
            path = Path(folder) / f"clip{('.mp4', '.avi')[seed // 4 % 2]}"
            findings, places = examined(clip, path, width=width, counts=often_detectable)
            tally.add(findings, places, hit_px=HIT_PX * width / 960)
            print(f"seed {seed}: {tally.ranked['suspect']} of {tally.lenses} lenses, {tally.false['suspect']} false")
    return tally.result()


def deciding(seeds: Sequence[int], *, width: int = 960, torch_off: bool = True) -> dict[str, Any]:
    """Run clips that follow the advice: one lens in three of four."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            lenses = (1, 1, 1, 0)[seed % 4]
            clip = deciding_clip(
                seed=seed, lenses=lenses, width=width, height=width * 9 // 16, fps=DECIDING_FPS, torch_off=torch_off
            )
            path = Path(folder) / f"clip{('.mp4', '.avi')[seed // 4 % 2]}"
            findings, places = examined(clip, path, width=width, counts=decidable)
            tally.add(findings, places, hit_px=HIT_PX * width / 960)
            print(
                f"seed {seed}: {tally.ranked['suspect']} of {tally.lenses} lenses, {tally.false['suspect']} false",
                flush=True,
            )
    return tally.result()


def rendered(folder: Path) -> dict[str, Any]:
    """Run the rendered clips."""
    tally = Tally()
    truth = json.loads((folder / "rendered" / "truth.json").read_text(encoding="utf-8"))
    for name, scene in truth.items():
        if scene["type"] != "video":
            continue
        places: list[dict[int, Place]] = []
        for lens in scene["lenses"]:
            seen = {n: (frame["x"], frame["y"]) for n, frame in enumerate(lens["frames"])}
            counts = sum(frame["detectable"] for frame in lens["frames"]) >= len(lens["frames"]) / 3
            places.append({**seen, -1: (1.0, 1.0)} if counts else seen)
        path = folder / "rendered" / name
        findings = examine_clip(frames_of(path), source_id="v", name=path.name).examined.findings
        tally.add(findings, places, hit_px=HIT_PX * scene["width"] / 960)
    return tally.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--first", type=int, default=500)
    parser.add_argument("--deciding", type=int, default=24)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--wide", type=int, default=1, help="clips of 1920 x 1080")
    parser.add_argument("--blinking", type=int, default=4)
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    first = options.first
    out: dict[str, Any] = {"seeds_from": first}
    parts: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("deciding_960", lambda: deciding(range(first, first + options.deciding))),
        ("synthetic_960", lambda: synthetic(range(first, first + options.clips), width=960, torch="steady")),
        (
            "synthetic_960_blinking",
            lambda: synthetic(range(first, first + options.blinking), width=960, torch="blinking"),
        ),
        ("synthetic_1920", lambda: synthetic(range(first, first + options.wide), width=1920, torch="steady")),
    ]
    if options.data:
        parts.insert(0, ("rendered", lambda: rendered(options.data)))
    for name, run in parts:
        out[name] = run()
        text = json.dumps(out, indent=1) + "\n"
        if not options.no_write:
            RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
