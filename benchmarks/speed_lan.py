"""How long a round over a /24 with 20 hosts takes and what it sends, beside nmap -sn and arp-scan where installed.

    sudo python benchmarks/speed_lan.py [--repeats N] [--no-write]

Needs Linux, root, and the servers of tests/cli/lan_world/world.py, which is the network: namespaces with cameras,
a printer, a disk, a television, computers and a phone. The others only tell who is there; roomsweep also asks what
each is. nmap and arp-scan send ARP themselves, which takes root; roomsweep lets the system do it, which does not, and
waits until its three tries are over. Times on such a network are mostly waiting and hardly depend on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from roomsweep.cli.lan.networks import target_of
from roomsweep.cli.lan.scan import Progress, Scan

HERE = Path(__file__).resolve().parent
WORLD = HERE.parent / "tests" / "cli" / "lan_world" / "world.py"
RESULTS = HERE / "results" / "speed_lan.json"

#: Programs that tell who is there, by command; the network's name comes last.
PEERS = {"nmap_sn": ["nmap", "-sn", "-n"], "arp_scan": ["arp-scan", "--interface=eth0", "--plain"]}


def one_round(network: str) -> dict[str, float]:
    """Do a round in this process, which is in the guest's namespace."""
    last: list[tuple[int, float]] = [(0, 0.0)]

    def told(progress: Progress) -> None:
        if progress.found > last[0][0]:
            last[0] = (progress.found, progress.seconds)

    scan = Scan(target_of(network), progress=told)
    observed = asyncio.run(scan.run())
    return {
        "hosts": len([host for host in observed.hosts if "this_computer" not in host.roles]),
        "last_host_found_s": round(last[0][1], 2),
        "found_s": round(scan.found_s, 2),
        "questioned_s": round(scan.questioned_s, 2),
    }


class World:
    """The network of the tests, without the hosts that do harm."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(WORLD), "--honest"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.about = self._line()
        if not self.about.get("up"):
            raise SystemExit(f"the network did not come up: {self.about.get('missing')}")

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline() or "{}")

    def command(self, word: str) -> dict[str, dict[str, int]]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._line()

    def run(self, *command: str) -> tuple[str, float, list[int]]:
        """Run a program as a guest; return what it printed, how long it took, and the packets that each host got."""
        subprocess.run(["ip", "-netns", self.about["guest"], "neigh", "flush", "all"], check=True)
        self.command("reset")
        began = time.monotonic()
        done = subprocess.run(
            ["ip", "netns", "exec", self.about["guest"], *command], capture_output=True, text=True, check=True
        )
        seconds = time.monotonic() - began
        counts = self.command("counts")
        return done.stdout, seconds, [count["own"] + count["everybody"] for count in counts.values()]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def peer(world: World, name: str, network: str, *, repeats: int) -> dict[str, Any] | None:
    command = PEERS[name]
    if shutil.which(command[0]) is None:
        return None
    rounds = [world.run(*command, network) for _ in range(repeats)]
    own = {host["ip"] for host in world.about["hosts"]}
    found = [len(own & set(re.findall(r"\d+\.\d+\.\d+\.\d+", text))) for text, _, _ in rounds]
    return {
        "hosts_found": min(found),
        "seconds": round(statistics.median(seconds for _, seconds, _ in rounds), 2),
        "packets_to_a_host_max": max(max(counts) for _, _, counts in rounds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--inside", metavar="NETWORK", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(one_round(options.inside)))
        return
    world = World()
    try:
        network = world.about["network"]
        outs = [world.run(sys.executable, __file__, "--inside", network) for _ in range(options.repeats)]
        rounds = [json.loads(text) for text, _, _ in outs]
        peers = {name: peer(world, name, network, repeats=options.repeats) for name in PEERS}
        hosts = len(world.about["hosts"])
    finally:
        world.close()
    sent = [statistics.median(counts) for _, _, counts in outs]
    typical = {key: statistics.median(item[key] for item in rounds) for key in rounds[0]}
    result = {
        "what": f"who is on a /24 with {hosts} hosts and what each is, in network namespaces",
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "repeats": options.repeats,
        "hosts": hosts,
        "roomsweep": {
            "hosts_found": min(item["hosts"] for item in rounds),
            "last_host_found_s": typical["last_host_found_s"],
            "found_s": typical["found_s"],
            "questioned_s": typical["questioned_s"],
            "packets_to_a_host_median": statistics.median(sent),
            "packets_to_a_host_max": max(max(counts) for _, _, counts in outs),
        },
        "peers": {name: item for name, item in peers.items() if item is not None},
        "finding": {
            "times_as_long_as": {
                name: round(typical["found_s"] / item["seconds"], 2) for name, item in peers.items() if item is not None
            }
        },
    }
    print(json.dumps(result, indent=2))
    if not options.no_write:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
