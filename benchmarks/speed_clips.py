"""How fast a clip of 1920 x 1080 is examined on one core, beside its own length and beside decoding it.

    python benchmarks/speed_clips.py [--seconds S] [--no-write]

Renders a synthetic clip, writes it as Motion-JPEG and as MPEG-4, and times in one run, on one core and in turn:
decoding all frames, and decoding with examine_clip. `realtime` is the clip's length over the time taken, at 30
frames a second: 1 and more keeps up. Memory: the peak of Python's and numpy's allocations for the clip once and
four times over.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from roomsweep.calibration.clips import synthetic_clip, write_clip
from roomsweep.detect.lens.clip import Frame, examine_clip

RESULTS = Path(__file__).parent / "results" / "speed_clips.json"


def frames(path: Path, *, times: int = 1) -> Iterator[Frame]:
    """Decode a file on one thread, `times` over; there is no cut, for it is played forth and back."""
    number = 0
    for _ in range(times):
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        while (read := video.read())[0]:
            yield Frame(image=np.asarray(read[1], np.uint8), t_s=number / 30.0)
            number += 1


def took(work: Callable[[], object]) -> float:
    """Return the processor time of `work`, seconds; the shortest of two runs."""
    out = []
    for _ in range(2):
        start = time.process_time()
        work()
        out.append(time.process_time() - start)
    return min(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        for (place, seed), ending in itertools.product((("room", 3), ("close", 4)), (".mp4", ".avi")):
            clip = synthetic_clip(seed=seed, seconds=options.seconds, width=1920, height=1080, place=place)
            path = Path(folder) / f"clip{ending}"
            write_clip(clip, path)
            decoding = took(lambda path=path: sum(1 for _ in frames(path)))
            examining = took(lambda path=path: examine_clip(frames(path), source_id="v", name="clip"))
            peaks = []
            for times in (1, 4):
                tracemalloc.start()
                examine_clip(frames(path, times=times), source_id="v", name="clip")
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
            out[f"{place}{ending}"] = {
                "realtime": round(options.seconds / examining, 2),
                "over_decoding": round(examining / decoding, 2),
                "memory_of_four_times_the_length": round(peaks[1] / peaks[0], 2),
            }
    text = json.dumps(out, indent=1) + "\n"
    print(text)
    if not options.no_write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
