"""Fuzzes the readers with atheris, one after the other.

    python -m fuzz [--seconds N] [--found DIR] [READER...]

Run from the repository with ``tests`` on PYTHONPATH; ``make fuzz`` does that. What breaks a promise of :mod:`.owed` is
written to ``DIR/READER``, one file for each place in the program where it happens; the run goes on. Inputs that
reached new code are kept in ``DIR/READER/reached`` and are where the next run begins.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
import traceback
from pathlib import Path
from random import Random

#: Memory of the whole process, Mbyte: Python, numpy and OpenCV take 200 of it, instrumented.
_MEMORY_MB = 1024

#: What one input may add to the most that was ever taken, Mbyte.
_INPUT_MB = 256

#: Atheris keeps what a change of ours returned, so a run takes more and more: from here on it begins again, Mbyte.
_GIVEN_BACK_MB = 600

#: Seconds by the clock after which an input counts as one that never ends; the limit on processor time is in `owed`.
_HANGS_S = 60

#: Tokens for libFuzzer where bytes are changed without knowing their form.
_TOKENS = (
    b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x0a\x0d\x0d\x0a", b"\x4d\x3c\x2b\x1a", b"btsnoop\0", b"\x1f\x8b\x08",
    b"ftyp", b"meta", b"infe", b"iloc", b"Exif\0\0", b"II*\0", b"MM\0*", b"\x00\x50\xf2\x04", b"\x00\x0f\xac\x08",
)  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__, add_help=True)
    parser.add_argument("readers", nargs="*", metavar="READER", help="which; all if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (60)")
    parser.add_argument("--found", type=Path, default=Path(".fuzz"), help="where inputs are kept (.fuzz)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Run every reader in a process of its own; return 1 if anything was found."""
    arguments = _arguments()
    if arguments.one:
        _fuzz(arguments.readers[0], seconds=arguments.seconds, folder=arguments.found / arguments.readers[0])
        return 0
    from .owed import READERS

    unknown = set(arguments.readers) - set(READERS)
    if unknown:
        print(f"no such reader: {', '.join(sorted(unknown))}; there are {', '.join(READERS)}", file=sys.stderr)
        return 2
    try:
        import atheris
    except ImportError:
        print("atheris is not installed: pip install -e '.[fuzz]' (Linux on x86-64)", file=sys.stderr)
        return 4
    del atheris
    found = 0
    for name in arguments.readers or READERS:
        figures = _run(name, seconds=arguments.seconds, found=arguments.found)
        found += figures["findings"]
        print(json.dumps(figures), flush=True)
    return int(found > 0)


def _run(name: str, *, seconds: int, found: Path) -> dict[str, object]:
    """Fuzz one reader in a process that may crash, and begin again where it does; return what was done."""
    folder = found / name
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    begun = time.monotonic()
    totals = {"executions": 0, "edges": 0, "peak_mb": 0}
    with (folder / "log.txt").open("a") as log:
        while (left := int(begun + seconds - time.monotonic())) > 0:
            command = [sys.executable, "-m", __package__, "--one", "--seconds", str(left), "--found", str(found), name]
            done = subprocess.run(
                command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace"
            )
            log.write(done.stderr)
            runs = re.findall(r"stat::number_of_executed_units: (\d+)|^#(\d+)\s", done.stderr, re.MULTILINE)
            totals["executions"] += max((int(a or b) for a, b in runs), default=0)
            totals["edges"] = max([totals["edges"], *map(int, re.findall(r" cov: (\d+)", done.stderr))])
            peaks = re.findall(r"stat::peak_rss_mb: *(\d+)| rss: (\d+)Mb", done.stderr)
            totals["peak_mb"] = max([totals["peak_mb"], *(int(a or b) for a, b in peaks)])
            if not runs:
                raise SystemExit(f"{name} could not be fuzzed:\n{done.stderr[-2000:]}")
    files = {path for path in folder.iterdir() if path.is_file() and path.suffix not in (".txt", ".dict")} - before
    return {"reader": name, "seconds": round(time.monotonic() - begun), **totals, "findings": len(files)}


def _fuzz(name: str, *, seconds: int, folder: Path) -> None:
    """Fuzz one reader until the time is over; does not come back."""
    import atheris

    with atheris.instrument_imports(include=["roomsweep"]):
        from . import owed
    from .changes import CHANGES
    from .seeds import SEEDS

    reached, begin = folder / "reached", folder / "seeds"
    for each in (reached, begin):
        each.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]()):
        (begin / f"{number:03}").write_bytes(seed[: owed.BYTES_MAX])
    tokens = begin.with_suffix(".dict")
    tokens.write_text("".join('"' + "".join(rf"\x{byte:02x}" for byte in token) + '"\n' for token in _TOKENS))
    read, change = owed.READERS[name].read, CHANGES[name]
    seen: set[str] = set()
    done = 0

    def one(data: bytes) -> None:
        nonlocal done
        done += 1
        if done % 64 == 0 and _memory_mb() > _GIVEN_BACK_MB:
            print(f"#{done} gives its memory back", file=sys.stderr, flush=True)
            os._exit(0)
        start_s, start_mb = time.process_time(), _highest_mb()
        try:
            owed.check(read, data)
        except Exception as error:  # every one of them is a finding
            _keep(folder, data, _place(error), seen, error)
        took_s = time.process_time() - start_s
        if took_s > owed.SECONDS_MAX:
            _keep(folder, data, "slow", seen, TimeoutError(f"took {took_s:.1f} s of processor time"))
        if _highest_mb() - start_mb > _INPUT_MB:
            _keep(folder, data, "memory", seen, MemoryError(f"took {_highest_mb() - start_mb} MB"))

    def changed(data: bytes, size: int, seed: int) -> bytes:
        return change(data, size, Random(seed), atheris.Mutate)[:size]

    flags = [
        f"-max_total_time={seconds}", f"-max_len={owed.BYTES_MAX}", f"-timeout={_HANGS_S}",
        f"-rss_limit_mb={_MEMORY_MB}", f"-artifact_prefix={folder}/crash-", f"-dict={tokens}", "-print_final_stats=1",
        "-close_fd_mask=1", "-len_control=0",
    ]  # fmt: skip
    atheris.Setup([name, *flags, str(reached), str(begin)], one, custom_mutator=changed)
    atheris.Fuzz()


def _memory_mb() -> int:
    """What the process takes now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) >> 8
    except OSError:
        return 0


def _highest_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _place(error: BaseException) -> str:
    """A name for the innermost place in roomsweep where an error came from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/fuzz/__main__" not in frame.filename]
    own = [frame for frame in frames if "/detect/" in frame.filename or "/calibration/" in frame.filename]
    last = (own or frames)[-1]
    words = re.sub(r"[^a-z]+", "-", str(error).lower())[:40] if type(error).__name__ == "BrokenPromiseError" else ""
    return f"{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}{words}"


def _keep(folder: Path, data: bytes, place: str, seen: set[str], error: BaseException) -> None:
    path = folder / place
    if place in seen and len(data) >= path.stat().st_size:
        return
    seen.add(place)
    path.write_bytes(data)
    path.with_name("log.txt").open("a").write("".join(traceback.format_exception(error)) + f"written to {path}\n")


if __name__ == "__main__":
    sys.exit(main())
