"""How much quicker a name is matched than by trying every pattern in turn.

    python benchmarks/speed_signatures.py

Both ways are asked the same names and must give the same answers. Only ratios are written down: times are of
the machine that ran this.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from roomsweep.detect.result import Grade
from roomsweep.detect.signatures.match import match_ssid, vendor_of
from roomsweep.detect.signatures.oui import parse_prefix
from roomsweep.detect.signatures.signature import FLAGS, grade_rank
from roomsweep.detect.signatures.tables import load_table

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 7


def seconds(ask: Callable[[], object]) -> float:
    """Return the shortest of some runs: the one that the machine disturbed least."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        ask()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Measure, check that the answers agree, write the ratios."""
    names = (ROOT / "tests/detect/ordinary_ssids.txt").read_text(encoding="utf-8").split("\n")
    cameras = [row["example"] for row in load_table("ssids").rows]
    rows = sorted(load_table("ssids").rows, key=lambda row: grade_rank(Grade(row["grade"])))
    compiled = [(re.compile(row["pattern"], FLAGS), row["pattern"]) for row in rows]

    def in_turn(name: str) -> str | None:
        return next((text for pattern, text in compiled if pattern.fullmatch(name)), None)

    blocks = {row["prefix"]: parse_prefix(row["prefix"]) for row in load_table("oui").rows}
    macs = [value << (48 - bits) for bits, value in list(blocks.values())[::20]] + list(range(0, 1 << 40, 1 << 34))

    def block_in_turn(mac: int) -> str | None:
        fits = [text for text, (bits, value) in blocks.items() if mac >> (48 - bits) == value]
        return max(fits, key=len, default=None)

    for name in names + cameras:
        found = match_ssid(name)
        slow = in_turn(name)
        assert (found is None) == (slow is None), name
    for mac in macs:
        vendor, slow = vendor_of(mac), block_in_turn(mac)
        assert (vendor.prefix if vendor else None) == (slow.lower() if slow else None), hex(mac)

    def ratio(slow: Callable[..., object], quick: Callable[..., object], asked: Sequence[object]) -> float:
        return round(seconds(lambda: [slow(x) for x in asked]) / seconds(lambda: [quick(x) for x in asked]), 1)

    result = {
        "what": "time of trying every row in turn, divided by the time of the matcher; same answers",
        "ssid_patterns": len(compiled),
        "ordinary_names": {"asked": len(names), "times_quicker": ratio(in_turn, match_ssid, names)},
        "camera_names": {"asked": len(cameras), "times_quicker": ratio(in_turn, match_ssid, cameras)},
        "address_blocks": len(blocks),
        "addresses": {"asked": len(macs), "times_quicker": ratio(block_in_turn, vendor_of, macs)},
    }
    target = ROOT / "benchmarks" / "results" / "speed_signatures.json"
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(target.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
