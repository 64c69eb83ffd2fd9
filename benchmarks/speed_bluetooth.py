"""How fast Bluetooth captures are read, as a ratio to tshark on the same file and machine.

Writes two captures of known content into a temporary folder, an nRF sniffer's pcap and a phone's btsnoop log,
reads each with `examine_capture` and with `tshark -r F -T fields -e frame.number`, the least that tshark can
do while dissecting, and takes the best of several runs of both, in processor time. Adverts repeat as often
as in the development data, and a sixth of the sniffer's frames have a wrong check sum, as there.

    python benchmarks/speed_bluetooth.py [--frames N] [--runs N]
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from roomsweep.detect.bluetooth.examine import examine_capture

RESULTS = Path(__file__).parent / "results" / "speed_bluetooth.json"

#: Devices in the synthetic room, eight times those of the development data's sniffer capture (39 in 125 s).
DEVICES = 300

#: Contents of a device that counts in its payload. With one device in four counting, one frame in 170 of a
#: run of 300,000 says something new; in the development data it is one in 167 (74 of 12,345) and one in 118.
CONTENTS = 20


def adverts(chance: random.Random, frames: int) -> list[tuple[bytes, bytes, int, int]]:
    """Return (address, data, signal, PDU or report kind) of each frame."""
    devices = []
    for number in range(DEVICES):
        address = chance.randbytes(5) + bytes([chance.choice([0xC0, 0x40, 0x00])])
        if number % 4 == 0:
            data = b"\x02\x01\x06" + bytes([9, 9]) + f"dev{number:05}".encode()
        elif number % 4 == 1:
            data = b"\x1e\xff\x06\x00\x01\x09\x20\x22" + chance.randbytes(23)
        else:
            data = b"\x02\x01\x1a\x0b\xff\x4c\x00\x10\x06" + chance.randbytes(6)
        devices.append((address, data, chance.randrange(-95, -35), number % 4 == 3, 4 * (number % 8 == 0)))
    out = []
    for number in range(frames):
        address, data, signal, counts, kind = chance.choice(devices)
        if counts:
            data = data[:-2] + struct.pack("<H", number * CONTENTS // frames)
        out.append((address, data, signal + chance.randrange(-4, 5), kind))
    return out


def nordic_pcap(sent: list[tuple[bytes, bytes, int, int]], chance: random.Random) -> bytes:
    """An nRF sniffer's capture, header version 3."""
    out = bytearray(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 272))
    for number, (address, data, signal, kind) in enumerate(sent):
        good = chance.random() > 1 / 6
        body = b"\xd6\xbe\x89\x8e" + bytes([0x40 | kind, 6 + len(data)]) + address + data + b"\x01\x02\x03"
        if not good:
            body = body[:9] + chance.randbytes(4) + body[13:]
        radio = struct.pack("<BBBBHI", 10, good, 37 + number % 3, -signal, 0, number) + body
        record = b"\x00" + struct.pack("<HBHB", len(radio), 3, number & 0xFFFF, 2) + radio
        out += struct.pack("<IIII", 1_700_000_000 + number // 1000, number % 1000 * 1000, len(record), len(record))
        out += record
    return bytes(out)


def phone_btsnoop(sent: list[tuple[bytes, bytes, int, int]]) -> bytes:
    """A phone's log of LE advertising reports."""
    out = bytearray(b"btsnoop\0" + struct.pack(">II", 1, 1002))
    for number, (address, data, signal, kind) in enumerate(sent):
        body = bytes([2, 1, kind, 1]) + address + bytes([len(data)]) + data + struct.pack("b", signal)
        record = bytes([4, 0x3E, len(body)]) + body
        t_us = 0x00DCDDB30F2F8000 + 1_700_000_000 * 10**6 + number * 1000
        out += struct.pack(">IIIIq", len(record), len(record), 1, 0, t_us) + record
    return bytes(out)


def processor_s() -> float:
    """Processor time of this process and of its finished children, user and system."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def best_of(runs: int, work: Callable[[], object]) -> float:
    """The least processor time of several runs in seconds; others' work on the machine does not count."""
    times = []
    for _ in range(runs):
        begin = processor_s()
        work()
        times.append(processor_s() - begin)
    return min(times)


def measure(path: Path, *, runs: int) -> dict[str, object]:
    """Time both on one file."""

    def ours() -> object:
        with path.open("rb") as stream:
            return examine_capture(stream, source_id="b", name=path.name)

    def theirs() -> object:
        return subprocess.run(
            ["tshark", "-r", str(path), "-T", "fields", "-e", "frame.number"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )

    with path.open("rb") as stream:
        facts = examine_capture(stream, source_id="b", name=path.name).source.facts
    frames = int(facts["frames"])
    ours_s, theirs_s = best_of(runs, ours), best_of(runs, theirs)
    return {
        "frames": frames,
        "bytes": path.stat().st_size,
        "advertisers": facts["advertisers"],
        "roomsweep_frames_per_s": round(frames / ours_s),
        "tshark_frames_per_s": round(frames / theirs_s),
        "ratio": round(theirs_s / ours_s, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    if not shutil.which("tshark"):
        print("tshark is not installed: there is nothing to compare with.", file=sys.stderr)
        return 4
    chance = random.Random(20261120)
    sent = adverts(chance, arguments.frames)
    version = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
    captures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (
            ("nordic.pcap", nordic_pcap(sent, chance)),
            ("phone.btsnoop", phone_btsnoop(sent)),
        ):
            path = Path(folder) / name
            path.write_bytes(content)
            captures[name] = measure(path, runs=arguments.runs)
    result = {
        "what": "frames per second of processor time through examine_capture, beside tshark -T fields -e frame.number",
        "tshark": version.splitlines()[0],
        "python": platform.python_version(),
        "runs": arguments.runs,
        "captures": captures,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
