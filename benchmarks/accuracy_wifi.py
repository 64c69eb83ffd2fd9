"""How well captures of Wi-Fi and Ethernet tell cameras by identity, on labelled real captures.

    python benchmarks/accuracy_wifi.py DATA [--no-write]

DATA is a folder with radio/labels.tsv (columns file, kind, mac, device, camera) and the captures it names; none
of them is part of this repository. Shares come with two-sided 95 % Clopper-Pearson bounds. Files of one device
are not independent, so shares are also given by device. The last part counts what the weights of the rules on
vendors rest on: distinct hardware addresses.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scipy.stats import beta

from roomsweep.detect.errors import InputError
from roomsweep.detect.result import Finding, Level
from roomsweep.detect.wifi.examine import examine_capture

RESULTS = Path(__file__).parent / "results" / "accuracy_wifi.json"

#: Devices that share a camera's address prefix: a look is right, more is not.
SIBLINGS = ("Nest Thermostat", "Nest Protect")

SUFFIXES = frozenset({".pcap", ".cap", ".pcapng"})


def bounds(k: int, n: int) -> dict[str, Any]:
    """Return k of n with its share and Clopper-Pearson bounds."""
    if not n:
        return {"k": k, "n": n}
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    high = float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0
    return {"k": k, "n": n, "share": round(k / n, 4), "bounds_95": [round(low, 4), round(high, 4)]}


def strongest(findings: Iterable[Finding]) -> Level:
    """Return the strongest level among findings; noted where there are none."""
    return min((finding.level for finding in findings), key=lambda level: level.rank, default=Level.NOTED)


def at_least(level: Level, levels: Iterable[Level]) -> int:
    """Count levels that are at least `level`."""
    return sum(item.rank <= level.rank for item in levels)


def by_level(levels: list[Level]) -> dict[str, Any]:
    """Shares of files at or above each level."""
    return {
        f"{level}_or_higher": bounds(at_least(level, levels), len(levels))
        for level in (Level.LOOK, Level.SUSPECT, Level.IDENTIFIED)
    }


def by_device(levels: dict[str, list[Level]]) -> dict[str, Any]:
    """Devices of which every file is at look or higher."""
    return bounds(sum(at_least(Level.LOOK, some) == len(some) for some in levels.values()), len(levels))


def read_all(radio: Path) -> dict[str, tuple[Finding, ...]]:
    """Findings of every capture by its path below `radio`; captures of something else are left out."""
    out = {}
    for path in sorted(radio.rglob("*")):
        if path.suffix in SUFFIXES:
            try:
                with path.open("rb") as stream:
                    examined = examine_capture(stream, source_id="w", name=path.name)
            except InputError:
                continue
            out[str(path.relative_to(radio))] = examined.findings
    return out


def about(findings: tuple[Finding, ...], mac: str) -> list[Finding]:
    """The findings about one device, or all where the label is of the whole file."""
    return [item for item in findings if not mac or mac in (item.identity.mac, item.identity.bssid)]


def main() -> None:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    radio = options.data / "radio"
    findings = read_all(radio)
    with (radio / "labels.tsv").open(encoding="utf-8") as lines:
        labels = [row for row in csv.DictReader(lines, delimiter="\t") if row["file"] in findings]

    groups: dict[str, list[Level]] = defaultdict(list)
    devices: dict[str, dict[str, list[Level]]] = defaultdict(lambda: defaultdict(list))
    raised: dict[str, int] = defaultdict(int)
    cameras: set[str] = set()
    unsure: set[str] = set()
    for row in labels:
        found = about(findings[row["file"]], row["mac"])
        level = strongest(found)
        if row["camera"] == "yes":
            group = "cameras_80211" if row["kind"] == "802.11" else "cameras_ethernet"
            named = [item for item in found if item.level is not Level.NOTED and item.identity.mac]
            cameras |= {row["mac"]} - {""} if row["mac"] else {item.identity.mac or "" for item in named}
        elif row["camera"] == "maybe":
            group = "maybe"
            unsure.add(row["mac"])
        elif row["device"].startswith(SIBLINGS):
            group = "siblings_of_cameras"
        elif "," in row["device"] or row["device"].startswith(("flats", "88 minutes")):
            group = "places_without_documented_camera"
        else:
            group = "other_devices"
            if level is not Level.NOTED:
                raised[row["device"]] += 1
        groups[group].append(level)
        devices[group][row["mac"] or row["device"]].append(level)

    everything = {
        item.identity.mac or item.identity.bssid or "": item
        for some in findings.values()
        for item in some
        if not item.identity.randomised_mac
    }
    others = {mac: item for mac, item in everything.items() if mac not in cameras | unsure}
    rules = sorted({e.rule for item in everything.values() for e in item.evidence if e.rule.startswith("vendor.")})

    def showing(rule: str, items: Iterable[Finding]) -> int:
        return sum(any(e.rule == rule for e in item.evidence) for item in items)

    seen = [everything[mac] for mac in cameras if mac in everything]
    names = {item.identity.ssid for some in findings.values() for item in some if item.identity.ssid}
    named_rules = [
        e.rule
        for some in findings.values()
        for i in some
        for e in i.evidence
        if e.rule.startswith(("id", "hi", "setup"))
    ]
    result = {
        "what": "identity only: names of networks and makers of radios; how a station sends is not judged here",
        "captures": len(findings),
        "files_by_level": {group: by_level(levels) for group, levels in sorted(groups.items())},
        "devices_always_at_look_or_higher": {group: by_device(some) for group, some in sorted(devices.items())},
        "other_devices_raised": dict(raised),
        "distinct_network_names": {"names": len(names), "matched_any_rule_on_names": len(named_rules)},
        "addresses_by_rule": {
            rule: {
                "cameras": bounds(showing(rule, seen), len(seen)),
                "others": bounds(showing(rule, others.values()), len(others)),
            }
            for rule in rules
        },
    }
    print(json.dumps(result, indent=2))
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
