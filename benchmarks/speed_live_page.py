"""How long the phone page's server takes from a frame to its answer, on one core, and whether its memory stays flat.

    python benchmarks/speed_live_page.py [--seconds S] [--rate HZ] [--no-write]

A server runs in a process of its own, held to one core (where the system can), and gets the frames of synthetic clips
of 1280 x 720 as JPEG over the loopback's websocket at `rate` a second, played forth and back. `age_ms` is from the
message's arrival to its answer as the server says it, `round_trip_ms` as the client sees it. `judged_age_ms` is how
old the frame was on which the shown findings were judged; their places are carried on from it. `answered` is the share
of the frames that were answered; the others were overtaken by newer ones. `of_length` holds the time beside that of
the frame's own interval, the ratio that matters: below 1 it keeps up. Memory is the server's resident set after a
third of the time, when its buffers are full, and at the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import tempfile
import threading
import time
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "speed_live_page.json"


def hold_to(core: int) -> None:
    """Keep this process on one core, and OpenCV on one thread."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


def serve(pipe: Connection, folder: str) -> None:
    """Serve until told to end; then tell how the sweep came out."""
    hold_to(0)
    import cv2

    from roomsweep.cli.live.serving import Live, Wanted

    cv2.setNumThreads(1)
    live = Live(Wanted(folder=Path(folder), port=0, local=True), started_at=datetime.now().astimezone())
    threading.Thread(target=lambda: (pipe.recv(), live.stop()), daemon=True).start()
    ended = live.run(ready=lambda: pipe.send(live.serving.url))
    pipe.send({"verdict": str(ended.result.verdict), "overtaken": live.analyst.dropped})


def resident_kb(pid: int) -> int:
    """Return the resident set of a process, kB; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def pictures(place: str, seed: int) -> list[bytes]:
    """Return the frames of a clip, played forth and back, as JPEG."""
    import cv2

    from roomsweep.calibration.clips import synthetic_clip

    clip = synthetic_clip(seed=seed, seconds=3.0, fps=15.0, width=1280, height=720, place=place)  # type: ignore[arg-type]
    out = [cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for frame in clip.frames()]
    return [*out, *out[-2:0:-1]]


def play(url: str, frames: list[bytes], *, seconds: float, rate_hz: float, pid: int) -> dict[str, Any]:
    """Send frames at a steady pace and measure the answers."""
    import numpy as np
    from websockets.sync.client import connect

    base, _, token = url.partition("/?t=")
    sent: dict[int, float] = {}
    ages: list[float] = []
    trips: list[float] = []
    judged: list[float] = []
    memory: list[int] = []
    with connect(base.replace("http", "ws", 1) + f"/frames?t={token}", compression=None, max_size=None) as link:

        def read() -> None:
            for text in link:
                told = json.loads(text)
                if told["type"] == "answer":
                    trips.append(1000.0 * (time.monotonic() - sent[told["seq"]]))
                    ages.append(told["age_ms"])
                    if told["judged_age_ms"] is not None:
                        judged.append(told["judged_age_ms"])

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        start = time.monotonic()
        for number, jpeg in enumerate(itertools.cycle(frames)):
            due = number / rate_hz
            if due > seconds:
                break
            if not memory and due > seconds / 3.0:
                memory.append(resident_kb(pid))
            time.sleep(max(0.0, start + due - time.monotonic()))
            header = json.dumps({"seq": number, "t_ms": 1000.0 * due, "torch": "on", "mode": "torch"}).encode()
            sent[number] = time.monotonic()
            link.send(len(header).to_bytes(4, "little") + header + jpeg)
        memory.append(resident_kb(pid))
        time.sleep(0.5)
    interval_ms = 1000.0 / rate_hz
    return {
        "frames": len(sent),
        "answered": round(len(ages) / len(sent), 3),
        "answers_hz": round(len(ages) / seconds, 1),
        "age_ms": {"median": round(float(np.median(ages)), 1), "p95": round(float(np.quantile(ages, 0.95)), 1)},
        "round_trip_ms": {
            "median": round(float(np.median(trips)), 1),
            "p95": round(float(np.quantile(trips, 0.95)), 1),
        },
        "judged_age_ms": {
            "median": round(float(np.median(judged)), 1),
            "p95": round(float(np.quantile(judged, 0.95)), 1),
        },
        "of_length": round(float(np.median(ages)) / interval_ms, 2),
        "memory_end_over_third": round(memory[-1] / memory[0], 3) if memory[0] else None,
        "memory_mb": round(memory[-1] / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=15.0)
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    hold_to(1)
    out: dict[str, Any] = {"width": 1280, "height": 720, "rate_hz": options.rate, "seconds": options.seconds}
    out["load_before"] = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    for place, seed in (("close", 4), ("room", 3)):
        frames = pictures(place, seed)
        with tempfile.TemporaryDirectory() as folder:
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, str(Path(folder) / "sweep")))
            process.start()
            url = ours.recv()
            assert process.pid is not None
            out[place] = play(url, frames, seconds=options.seconds, rate_hz=options.rate, pid=process.pid)
            ours.send("end")
            out[place] |= ours.recv()
            process.join()
    text = json.dumps(out, indent=1) + "\n"
    print(text)
    if not options.no_write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
