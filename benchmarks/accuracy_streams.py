"""How often a camera's stream is told from other traffic, on derived, synthetic and real captures.

    python benchmarks/accuracy_streams.py ../shared/data/radio [--runs N] [--seed N] [--no-write]

Derived: recordings of real cameras on a wire, played again until they last 30 s and put on the air (see
``calibration/reframe.py``). Synthetic: cameras of stated builds and everything that is mistaken for them. Each
sender is one of five of a busy network; its address is random, the sniffer misses frames and cuts the rest at 128
bytes. Real: every capture with labels, as it is. Counts come with Clopper-Pearson bounds of 95 %. Runs of one kind
are not independent evidence about cameras in the world: the number of kinds is what limits these figures.
"""

from __future__ import annotations

import argparse
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import beta

from roomsweep.calibration import reframe, talkers
from roomsweep.calibration.reframe import Air, Flow
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.errors import InputError
from roomsweep.detect.mac import format_mac, parse_mac
from roomsweep.detect.result import Level
from roomsweep.detect.wifi.ethernet import read_ethernet
from roomsweep.detect.wifi.examine import examine_capture

RESULTS = Path(__file__).parent / "results" / "accuracy_streams.json"
SECONDS = 30.0

#: Real streams on a wire: file, address, from and to in seconds (where it streams), None for all.
RECORDED = {
    "dahua_rtsp": ("dahua_rtsp_2ic80/rtsp.pcapng", "38:af:29:bb:bc:ab", None),
    "drone": ("drone_cam_uav/capture.pcapng", "b8:3d:fb:68:3c:9a", None),
    "dlink_clip_1": ("smarthome_firewall_mixed/proto-wlan2.4.raw.pcap", "b0:c5:54:43:54:83", (334, 342)),
    "dlink_clip_2": ("smarthome_firewall_mixed/proto-wlan2.4.raw.pcap", "b0:c5:54:43:54:83", (846, 854)),
    "xiaomi_clip_1": ("smarthome_firewall_mixed/proto-wlan2.4.raw.pcap", "78:8b:2a:b2:20:ea", (276, 282)),
    "xiaomi_clip_2": ("smarthome_firewall_mixed/proto-wlan2.4.raw.pcap", "78:8b:2a:b2:20:ea", (785, 795)),
}

#: Recorded streams of what is no camera, likewise.
RECORDED_OTHERS = {
    "zoom_call": ("ndpi_iot/zoom_p2p.pcapng", "26:36:f5:5b:c4:75", (206, 208.2)),
    "zoom_voice": ("ndpi_iot/zoom_p2p.pcapng", "26:36:f5:5b:c4:75", (454, 459)),
    "sonos_one": ("ndpi_iot/sonos.pcapng", "34:7e:5c:ff:a2:6e", None),
    "sonos_two": ("ndpi_iot/sonos.pcapng", "5c:aa:fd:02:92:1a", None),
}

#: What the air does, by name: the ordinary one, and two worse ones.
AIRS = {
    "ordinary": Air(loss=0.1, snap_bytes=128),
    "busy": Air(loss=0.1, snap_bytes=128, busy=0.8, doubled=0.15),
    "lossy": Air(loss=0.3, snap_bytes=128, busy=0.5),
}


def recorded(path: Path, address: str, span: tuple[float, float] | None) -> Flow:
    """Return what one device of an Ethernet capture sent and received."""
    own = parse_mac(address)
    parts = []
    with path.open("rb") as stream:
        for records in CaptureReader(stream, name=path.name):
            frames = read_ethernet(records)
            parts.append((frames.t_ns, frames.source, frames.destination, frames.length))
    t_ns, source, destination, length = (np.concatenate([part[n] for part in parts]) for n in range(4))
    t_s = (t_ns - t_ns.min()) / 1e9
    rows = (source == own) | (destination == own)
    if span:
        rows &= (t_s >= span[0]) & (t_s < span[1])
    rows = np.flatnonzero(rows)[np.argsort(t_ns[rows], kind="stable")]
    return Flow(t_ns=t_ns[rows], up=source[rows] == own, length=length[rows])


def bounds(count: int, of: int) -> list[float]:
    """Clopper-Pearson bounds of 95 %."""
    low = 0.0 if count == 0 else float(beta.ppf(0.025, count, of - count + 1))
    high = 1.0 if count == of else float(beta.ppf(0.975, count + 1, of - count))
    return [round(low, 4), round(high, 4)]


def senders(data: Path | None) -> tuple[dict[str, Callable[..., Flow]], dict[str, Callable[..., Flow]]]:
    """Return cameras and others by name, each a function of a random generator."""
    cameras: dict[str, Callable[..., Flow]] = {}
    others: dict[str, Callable[..., Flow]] = {}
    for name, how in talkers.CAMERAS.items():
        cameras[f"synthetic {name}"] = lambda random, how=how: talkers.camera(how, seconds=SECONDS, random=random)
    cameras["synthetic of random build"] = lambda random: talkers.camera(
        talkers.any_camera(random=random), seconds=SECONDS, random=random
    )
    for name, make in talkers.OTHERS.items():
        others[f"synthetic {name}"] = lambda random, make=make: make(seconds=SECONDS, random=random)
    if data is not None:
        for table, out in ((RECORDED, cameras), (RECORDED_OTHERS, others)):
            for name, (file, address, span) in table.items():
                flow = reframe.repeated(recorded(data / file, address, span), seconds=SECONDS)
                out[f"derived {name}"] = lambda random, flow=flow: flow
    return cameras, others


def trial(wanted: Flow, around: list[Flow], *, air: Air, random: np.random.Generator) -> tuple[Level, set[str]]:
    """Put flows on one network; return the level and the stream rules of the first one's station."""
    network = 0x001A2B000000 | int(random.integers(1 << 24))
    records = []
    address = 0
    for place, flow in enumerate([wanted, *around]):
        mac = 0x020000000000 | int(random.integers(1 << 40)) & 0xFCFFFFFFFFFF
        records += reframe.reframed(flow, station=mac, network=network, air=air, random=random)
        if air.control:
            records += reframe.control_frames(flow, station=mac, network=network, air=air, random=random)
        address = address or (mac if place == 0 else 0)
    examined = examine_capture(io.BytesIO(reframe.capture(records)), source_id="w", name="derived")
    for finding in examined.findings:
        if finding.identity.mac == format_mac(address):
            return finding.level, {item.rule for item in finding.evidence}
    return Level.NOTED, set()


def by_kind(
    kinds: dict[str, Callable[..., Flow]], others: dict[str, Callable[..., Flow]], *, runs: int, seed: int, air: Air
) -> dict[str, dict[str, object]]:
    """Levels and rules of every kind of sender, each time among four others."""
    out: dict[str, dict[str, object]] = {}
    for number, (name, make) in enumerate(kinds.items()):
        levels: Counter[str] = Counter()
        rules: Counter[str] = Counter()
        for run in range(runs):
            random = np.random.default_rng([seed, number, run])
            around = [others[key](random) for key in random.choice(list(others), 4, replace=False)]
            level, seen = trial(make(random), around, air=air, random=random)
            levels[level.value] += 1
            rules.update(rule for rule in seen if rule.startswith(("behaviour.", "traffic.")))
        out[name] = {"runs": runs, "levels": dict(levels), "rules": dict(sorted(rules.items()))}
    return out


def total(kinds: dict[str, dict[str, object]], *, levels: tuple[str, ...]) -> dict[str, object]:
    """How many runs and kinds reached one of `levels`."""
    runs = sum(int(kind["runs"]) for kind in kinds.values())
    reached = [sum(kind["levels"].get(level, 0) for level in levels) for kind in kinds.values()]
    mostly = sum(2 * count > int(kind["runs"]) for count, kind in zip(reached, kinds.values(), strict=True))
    return {
        "runs": [sum(reached), runs],
        "bounds": bounds(sum(reached), runs),
        "kinds": [mostly, len(kinds)],
        "kind_bounds": bounds(mostly, len(kinds)),
    }


def real(data: Path) -> dict[str, object]:
    """Verdicts on the captures as they are."""
    cameras = {row[2] for row in _labels(data) if row[4] == "yes" and row[2]}
    found: list[dict[str, object]] = []
    judged = 0
    for path in sorted(data.rglob("*")):
        if path.suffix not in {".pcap", ".cap", ".pcapng"} or not path.is_file():
            continue
        try:
            with path.open("rb") as stream:
                examined = examine_capture(stream, source_id="w", name=path.name)
        except InputError:
            continue
        for item in examined.source.facts["streams"]:
            judged += item["verdict"] != "too little seen to tell"
        for finding in examined.findings:
            rules = sorted(item.rule for item in finding.evidence if item.rule.startswith("behaviour."))
            if rules and finding.level is not Level.NOTED:
                found.append(
                    {
                        "file": str(path.relative_to(data)),
                        "camera": finding.identity.mac in cameras,
                        "level": finding.level.value,
                        "rules": rules,
                    }
                )
    return {"streams_judged": judged, "raised": found}


def _labels(data: Path) -> list[list[str]]:
    lines = (data / "labels.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [(line.split("\t") + [""] * 5)[:5] for line in lines]


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", nargs="?", type=Path, help="folder with the labelled radio captures")
    parser.add_argument("--runs", type=int, default=20, help="runs of every kind in every air")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--no-write", action="store_true", help="print only")
    arguments = parser.parse_args()
    cameras, others = senders(arguments.data)
    out: dict[str, object] = {
        "what": "level of a sender among five of a network; 30 s, random address, frames cut at 128 bytes",
        "seed": arguments.seed,
        "airs": {},
    }
    for name, air in AIRS.items():
        seen = by_kind(cameras, others, runs=arguments.runs, seed=arguments.seed, air=air)
        rest = by_kind(others, others, runs=arguments.runs, seed=arguments.seed + 1, air=air)
        out["airs"][name] = {
            "loss": air.loss,
            "busy": air.busy,
            "cameras_suspect": total(seen, levels=("suspect", "identified")),
            "cameras_look": total(seen, levels=("suspect", "identified", "look")),
            "others_suspect": total(rest, levels=("suspect", "identified")),
            "others_look": total(rest, levels=("suspect", "identified", "look")),
            "cameras": seen,
            "others": rest,
        }
    lost = Air(loss=0.1, fast_loss=0.97, control=True, snap_bytes=128)
    kept = by_kind(cameras, others, runs=max(1, arguments.runs // 4), seed=arguments.seed + 2, air=lost)
    quiet = by_kind(others, others, runs=max(1, arguments.runs // 4), seed=arguments.seed + 3, air=lost)
    out["control_frames_only"] = {
        "fast_loss": lost.fast_loss,
        "cameras_look": total(kept, levels=("suspect", "identified", "look")),
        "others_look": total(quiet, levels=("suspect", "identified", "look")),
        "others_suspect": total(quiet, levels=("suspect", "identified")),
        "cameras": kept,
        "others": quiet,
    }
    if arguments.data is not None:
        out["real"] = real(arguments.data)
    text = json.dumps(out, indent=1)
    print(text)
    if not arguments.no_write:
        RESULTS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
