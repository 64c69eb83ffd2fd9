"""How fast a capture of Wi-Fi becomes networks and stations, beside tshark and scapy on the same file.

    python benchmarks/speed_wifi.py [--frames N] [--repeats N] [--capture FILE] [--no-write]

Makes a radiotap capture of beacons, encrypted data, control frames and probes in a temporary folder, then
times, in one run and in turn: the whole path of roomsweep (open, columns, stations, networks), `tshark -T
fields` with five columns, and scapy's RawPcapReader that only iterates. Results are ratios of medians; times
themselves depend on the machine. Peak memory is taken in processes of their own, for 100 MB and 1 GB.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results" / "speed_wifi.json"
NETWORKS, STATIONS = 40, 120

#: Frames of such a capture that make 100 MB.
MEMORY_FRAMES = 250_000


def radiotap(*, signal_dbm: int, mhz: int, wide: bool) -> bytes:
    """A radiotap header: TSFT, flags, rate, channel, signal; `wide` has a second present word and antenna."""
    if wide:
        fields = struct.pack("<QBBHHbxH", 123_456_789, 0x10, 12, mhz, 0x00A0, signal_dbm, 0)
        words = struct.pack("<II", 0xA000_402F, 0x0000_0820)
        body = words + b"\0" * 4 + fields + struct.pack("<bB", signal_dbm, 1)
    else:
        body = struct.pack("<IBBHHb", 0x0000_002E, 0x10, 12, mhz, 0x00A0, signal_dbm)
    return struct.pack("<BBH", 0, 0, 4 + len(body)) + body


def make_capture(path: Path, *, frames: int, seed: int = 1) -> None:
    """Write a capture with the mix of a busy flat: half data, a fifth beacons, the rest control and probes."""
    random = np.random.default_rng(seed)
    bssids = [bytes([0x58, 0x86, 0x94, 0, 0, n]) for n in range(NETWORKS)]
    macs = [bytes([0x30 + 4 * (n % 3), 0x8C, 0xFB, 0, n >> 8, n & 255]) for n in range(STATIONS)]
    templates: list[tuple[float, bytes, int]] = []
    everyone = b"\xff" * 6
    for n, bssid in enumerate(bssids):
        name = f"network {n}".encode()
        elements = bytes([0, len(name)]) + name + bytes.fromhex("010882848b960c121824") + bytes([3, 1, 1 + n % 13])
        elements += bytes.fromhex("050400010000") + bytes.fromhex("30140100000fac040100000fac040100000fac020000")
        elements += bytes([221, 120]) + bytes.fromhex("0050f204") + bytes(116)
        fixed = bytes(8) + struct.pack("<HH", 100, 0x0431)
        beacon = b"\x80\x00\x00\x00" + everyone + bssid + bssid + b"\x10\x00" + fixed + elements
        templates.append((0.2 / NETWORKS, beacon, 0))
    for n, mac in enumerate(macs):
        bssid = bssids[n % NETWORKS]
        up = b"\x88\x41\x30\x00" + bssid + mac + bssid + b"\x20\x00\x00\x00" + bytes(8)
        down = b"\x88\x42\x30\x00" + mac + bssid + bssid + b"\x20\x00\x00\x00" + bytes(8)
        probe = b"\x40\x00\x00\x00" + everyone + mac + everyone + b"\x30\x00" + bytes.fromhex("0000010402040b16")
        templates += [
            (0.30 / STATIONS, up, 1),
            (0.20 / STATIONS, down, 1),
            (0.06 / STATIONS, b"\xb4\x00\x40\x01" + bssid + mac, 0),
            (0.10 / STATIONS, b"\x94\x00\x00\x00" + mac + bssid + bytes(12), 0),
            (0.08 / STATIONS, b"\xd4\x00\x00\x00" + mac, 0),
            (0.06 / STATIONS, probe, 0),
        ]
    chance = np.array([weight for weight, _, _ in templates])
    pick = random.choice(len(templates), size=frames, p=chance / chance.sum()).tolist()
    payload = random.choice([40, 90, 300, 1200, 1460], size=frames, p=[0.3, 0.2, 0.1, 0.2, 0.2]).tolist()
    heads = [radiotap(signal_dbm=-30 - n % 60, mhz=2412 + 5 * (n % 13), wide=n % 4 == 0) for n in range(len(templates))]
    filler = random.bytes(1500)
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 127))
        for n, (which, size) in enumerate(zip(pick, payload, strict=True)):
            _, frame, is_data = templates[which]
            body = heads[which] + frame + (filler[:size] if is_data else b"") + b"\0\0\0\0"
            out.write(struct.pack("<IIII", 1_700_000_000 + n // 2000, n % 2000 * 500, len(body), len(body)) + body)


def run_roomsweep(path: Path) -> int:
    """The whole path; returns the frames read."""
    from roomsweep.detect.wifi.survey import survey_capture

    with path.open("rb") as stream:
        return survey_capture(stream, name=path.name).frames


def run_tshark(path: Path) -> int:
    """Five columns by tshark; returns the lines."""
    columns = ("frame.time_epoch", "frame.len", "wlan.fc.type_subtype", "wlan.ta", "wlan.ra")
    command = ["tshark", "-r", str(path), "-T", "fields", *(word for name in columns for word in ("-e", name))]
    out = subprocess.run(command, check=True, capture_output=True)
    return out.stdout.count(b"\n")


def run_scapy(path: Path) -> int:
    """Scapy's raw reader, no dissection; returns the records."""
    from scapy.utils import RawPcapReader

    with RawPcapReader(str(path)) as reader:
        return sum(1 for _ in reader)


def peak_mib(path: Path) -> float:
    """Peak resident memory of the whole path in a process of its own (Linux)."""
    code = (
        "import sys, pathlib\n"
        "from roomsweep.detect.wifi.survey import survey_capture\n"
        "with pathlib.Path(sys.argv[1]).open('rb') as stream: survey_capture(stream, name='x')\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
    return float(out.stdout) / 1024


def measure(path: Path, *, repeats: int) -> dict[str, object]:
    """Medians of `repeats` runs in turn, as frames per second and ratios."""
    runners: dict[str, Callable[[Path], int]] = {"roomsweep": run_roomsweep, "scapy_raw": run_scapy}
    if shutil.which("tshark"):
        runners["tshark_5_fields"] = run_tshark
    run_roomsweep(path)  # imports and the file's pages are warm for all
    times: dict[str, list[float]] = {name: [] for name in runners}
    counts: dict[str, int] = {}
    for _ in range(repeats):
        for name, runner in runners.items():
            start = time.perf_counter()
            counts[name] = runner(path)
            times[name].append(time.perf_counter() - start)
    speed = {name: counts[name] / statistics.median(values) for name, values in times.items()}
    return {
        "bytes": path.stat().st_size,
        "frames": counts,
        "frames_per_s": {name: round(value) for name, value in speed.items()},
        "spread_s": {name: [round(min(v), 3), round(max(v), 3)] for name, v in times.items()},
        "times_as_fast_as": {
            name: round(speed["roomsweep"] / value, 2) for name, value in speed.items() if name != "roomsweep"
        },
    }


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--capture", type=Path, help="a real capture to measure as well")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic.pcap"
        make_capture(path, frames=options.frames)
        result: dict[str, object] = {
            "what": "open a radiotap capture, read columns, add up stations, networks, traffic, beats and fingerprints",
            "machine": {"processor": platform.machine(), "python": platform.python_version(), "numpy": np.__version__},
            "repeats": options.repeats,
            "synthetic": measure(path, repeats=options.repeats),
        }
        if Path("/proc/self/status").exists():
            peaks = {}
            for name, frames in (("100_mb", MEMORY_FRAMES), ("1_gb", 10 * MEMORY_FRAMES)):
                make_capture(path, frames=frames)
                peaks[name] = {"bytes": path.stat().st_size, "peak_mib": round(peak_mib(path), 1)}
            result["memory"] = peaks
    if options.capture:
        result["real"] = measure(options.capture, repeats=options.repeats)
    print(json.dumps(result, indent=2))
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
