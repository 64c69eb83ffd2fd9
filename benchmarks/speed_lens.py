"""How long searching a 12-megapixel photo for lens glints takes, beside decoding the same file.

    python benchmarks/speed_lens.py [--repeats N] [--picture FILE ...] [--no-write]

Makes photos of 4000 x 3000 pixels from a synthetic room (plain, textured, glittering; JPEG quality 92) and times,
on one core, in one run and in turn: cv2.imdecode of the file, find_spots with shape_weights, and the public
examine_photo on the decoded picture; then examine_pair, with a second photo moved by a hand's shake and without
the torch. Results are ratios of medians to imdecode's; times themselves depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roomsweep.calibration.scenes import synthetic_pair
from roomsweep.detect.lens.examine import examine_pair, examine_photo
from roomsweep.detect.lens.judge import shape_weights
from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.reading import Picture
from roomsweep.detect.lens.spots import find_spots

RESULTS = Path(__file__).parent / "results" / "speed_lens.json"

Image = NDArray[np.uint8]

#: A phone's 12-megapixel photo.
WIDTH, HEIGHT = 4000, 3000

#: JPEG quality of a phone's photos.
QUALITY = 92

CONTENTS = ("plain", "textured", "glittering")


def make_photo(room: Image, *, content: str, seed: int) -> Image:
    """A room at full size: smooth with little noise, with a grain as of plaster, or with 20,000 glints."""
    rng = np.random.default_rng(seed)
    image = np.asarray(cv2.resize(room, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    noise = rng.normal(0.0, 1.5 if content == "plain" else 3.0, image.shape).astype(np.float32)
    if content == "textured":
        grain = np.asarray(cv2.GaussianBlur(rng.normal(0.0, 1.0, image.shape[:2]).astype(np.float32), (0, 0), 1.5))
        noise += (10.0 / grain.std() * grain)[..., None]
    elif content == "glittering":
        glints = np.zeros(image.shape[:2], np.float32)
        count = 20_000
        glints[rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)] = rng.uniform(100.0, 3000.0, count)
        noise += cv2.GaussianBlur(glints, (0, 0), 1.1)[..., None]
    return np.asarray(np.clip(image + noise, 0.0, 255.0), dtype=np.uint8)


def encoded(image: Image) -> NDArray[np.uint8]:
    """The JPEG file's bytes."""
    return np.asarray(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1], dtype=np.uint8)


def decoded(data: NDArray[np.uint8]) -> Image:
    """What is compared with."""
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def as_read(image: Image, name: str) -> Picture:
    """The picture as the reader would hand it over."""
    return Picture(image=image, name=name, sha256="", damage=None, profile=CameraProfile(), facts={})


def medians(runners: dict[str, Callable[[], Any]], *, repeats: int) -> dict[str, Any]:
    """Ratios of each runner's median time to that of ``imdecode``, all run in turn, the first round not counted."""
    times: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(repeats + 1):
        for name, runner in runners.items():
            start = time.perf_counter()
            runner()
            if turn:
                times[name].append(time.perf_counter() - start)
    base = statistics.median(times["imdecode"])
    return {
        f"{name}_times_imdecode": {
            "median": round(statistics.median(values) / base, 2),
            "least_and_most": [round(min(values) / base, 2), round(max(values) / base, 2)],
        }
        for name, values in times.items()
        if name != "imdecode"
    }


def measure_photo(data: NDArray[np.uint8], *, repeats: int) -> dict[str, Any]:
    """Search of one file."""
    image = decoded(data)
    runners: dict[str, Callable[[], Any]] = {
        "imdecode": lambda: decoded(data),
        "search": lambda: shape_weights(find_spots(image)),
        "examine_photo": lambda: examine_photo(as_read(image, "photo"), source_id="p"),
    }
    return {
        "bytes": len(data),
        "megapixels": round(image.shape[0] * image.shape[1] / 1e6, 1),
        "spots": len(find_spots(image)),
        **medians(runners, repeats=repeats),
    }


def measure_pair(on_data: NDArray[np.uint8], off_data: NDArray[np.uint8], *, repeats: int) -> dict[str, Any]:
    """Examination of two files; the ratio is to decoding one of them."""
    on, off = as_read(decoded(on_data), "on"), as_read(decoded(off_data), "off")
    runners: dict[str, Callable[[], Any]] = {
        "imdecode": lambda: decoded(on_data),
        "examine_pair": lambda: examine_pair(on, off, source_id="p"),
    }
    registered = examine_pair(on, off, source_id="p").off is not None
    return {"registered": registered, **medians(runners, repeats=repeats)}


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--picture", type=Path, nargs="*", default=[], help="photos of your own to measure as well")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    room = synthetic_pair(seed=900)
    files = {
        content: [
            encoded(make_photo(image, content=content, seed=seed)) for seed, image in enumerate((room.on, room.off))
        ]
        for content in CONTENTS
    }
    result: dict[str, Any] = {
        "what": "searching a photo for glints relative to decoding its file, one core, medians of runs in turn",
        "machine": {
            "processor": platform.machine(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "opencv": cv2.__version__,
        },
        "repeats": options.repeats,
        "photos": {name: measure_photo(on, repeats=options.repeats) for name, (on, _) in files.items()},
        "pairs": {name: measure_pair(on, off, repeats=max(5, options.repeats)) for name, (on, off) in files.items()},
    }
    if options.picture:
        result["own_photos"] = [
            measure_photo(np.fromfile(path, np.uint8), repeats=options.repeats) for path in options.picture
        ]
    print(json.dumps(result, indent=2))
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
