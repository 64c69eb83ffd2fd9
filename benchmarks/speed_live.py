"""How many frames a second listening live takes, beside scapy's sniff() on the same interface.

    python benchmarks/speed_live.py [--frames N] [--repeats N] [--no-write]

Needs Linux, root and /dev/net/tun: a TUN device that says it delivers radiotap is a monitor interface without a
radio. A process of its own sends beacons and data frames into it as fast as each side can take them; what counts
is the processor time a frame costs the listener, recording and columns included. Also tried is at which steady
rates no frame is lost. Times depend on the machine; the ratio is what is kept.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import platform
import statistics
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from roomsweep.cli.sniffing import Sniffer
from roomsweep.detect.wifi import scapy_frames as frames
from roomsweep.detect.wifi.survey import Surveyor

RESULTS = Path(__file__).parent / "results" / "speed_live.json"
NAME = "rsbench0"

#: ioctls of Linux's include/uapi/linux/if_tun.h, the flag IFF_TUN, and ARPHRD_IEEE80211_RADIOTAP of if_arp.h.
TUNSETIFF, TUNSETLINK, IFF_TUN, RADIOTAP = 0x400454CA, 0x400454CD, 0x0001, 803

#: Frames a second sent to scapy's sniff(), which loses them silently at more.
SLOW = 2_000


def open_interface() -> int:
    """Make the monitor interface; returns the handle frames are written to."""
    handle = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH14x", NAME.encode(), IFF_TUN))
    fcntl.ioctl(handle, TUNSETLINK, RADIOTAP)
    subprocess.run(["ip", "link", "set", NAME, "up"], check=True)
    return handle


def material() -> list[bytes]:
    """One beacon to three data frames of usual lengths."""
    head = frames.radiotap(rssi_dbm=-50, channel=6, rate_mbps=54)
    camera, point = "ec:71:db:00:00:01", "00:0b:86:00:00:02"
    bodies = [frames.beacon(bssid=point, ssid=b"Hotel", channel=6, protected=True)]
    bodies += [
        frames.data_frame(station=camera, bssid=point, other=point, uplink=up, payload=bytes(size))
        for up, size in ((True, 1400), (True, 600), (False, 90))
    ]
    return [b"\0\0\0\x19" + head + frames.with_check_sequence(body) for body in bodies]


def send(handle: int, *, count: int, rate: float) -> int:
    """Send from a process of its own; returns its number."""
    child = os.fork()
    if child:
        return child
    pieces, began = material(), time.monotonic()
    for number in range(count):
        if number % 100 == 0:
            time.sleep(max(0.0, number / rate - (time.monotonic() - began)))
        os.write(handle, pieces[number % len(pieces)])
    os._exit(0)


def by_roomsweep(handle: int, *, count: int, rate: float, survey: bool = False) -> tuple[int, float, int]:
    """Listen as the program does; returns frames taken, processor seconds, frames the kernel dropped."""
    with tempfile.TemporaryDirectory() as folder:
        sniffer, surveyor = Sniffer(NAME, record_to=Path(folder) / "air.pcap"), Surveyor()
        child = send(handle, count=count, rate=rate)
        began = time.process_time()
        for records in sniffer.blocks(seconds=count / rate + 1.5):
            if survey:
                surveyor.add(records)
        spent = time.process_time() - began
        os.waitpid(child, 0)
    return sniffer.frames, spent, sniffer.kernel_drops


def by_scapy(handle: int, *, count: int, rate: float) -> tuple[int, float, int]:
    """Listen with sniff(), which dissects every frame."""
    from scapy.layers import dot11  # noqa: F401 - names the layers of this link type
    from scapy.sendrecv import sniff

    taken = 0

    def note(_: object) -> None:
        nonlocal taken
        taken += 1

    child = send(handle, count=count, rate=rate)
    began = time.process_time()
    sniff(iface=NAME, prn=note, store=False, timeout=count / rate + 1.5)
    spent = time.process_time() - began
    os.waitpid(child, 0)
    return taken, spent, count - taken


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    try:
        handle = open_interface()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"not measured: needs Linux, root and /dev/net/tun ({error})")
        return
    listeners: dict[str, Callable[[], tuple[int, float, int]]] = {
        "roomsweep": lambda: by_roomsweep(handle, count=options.frames, rate=50_000),
        "roomsweep_with_survey": lambda: by_roomsweep(handle, count=options.frames, rate=50_000, survey=True),
        "scapy_sniff": lambda: by_scapy(handle, count=5 * SLOW, rate=SLOW),
    }
    cost: dict[str, list[float]] = {name: [] for name in listeners}
    for _ in range(options.repeats):
        for name, listen in listeners.items():
            taken, spent, _ = listen()
            cost[name].append(spent / max(taken, 1))
    typical = {name: statistics.median(values) for name, values in cost.items()}
    lost = {}
    for rate in (10_000, 30_000, 100_000):
        taken, _, dropped = by_roomsweep(handle, count=3 * rate, rate=rate, survey=True)
        lost[str(rate)] = {"sent": 3 * rate, "taken": taken, "dropped_by_the_kernel": dropped}
    result = {
        "what": "take frames from a monitor interface, record them, lay them out as columns",
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "repeats": options.repeats,
        "processor_us_a_frame": {name: round(1e6 * value, 2) for name, value in typical.items()},
        **{
            name.replace("roomsweep", "listening"): {
                "times_as_fast_as": {"scapy_sniff": round(typical["scapy_sniff"] / value, 1)}
            }
            for name, value in typical.items()
            if name != "scapy_sniff"
        },
        "lost_at_frames_a_second": lost,
    }
    print(json.dumps(result, indent=2))
    if not options.no_write:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
