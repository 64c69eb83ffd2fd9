"""How well captures of Wi-Fi and Ethernet tell cameras, above all by identity, on labelled real captures.

    python benchmarks/accuracy_wifi.py DATA [--no-write]

DATA is a folder with radio/labels.tsv (columns file, kind, mac, device, camera) and the captures it names; none
of them is part of this repository. Shares come with two-sided 95 % Clopper-Pearson bounds. Files of one device
are not independent, so shares are also given by device. Then follow what the weights rest on: distinct hardware
addresses for the rules on vendors; device models for the rules on how a radio writes its frames, also with the
captures or models in question held out of the table; and which networks were joined to boxes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scipy.stats import beta

from roomsweep.detect.errors import InputError
from roomsweep.detect.mac import is_local, parse_mac
from roomsweep.detect.result import Finding, Level
from roomsweep.detect.signatures.match import match_wifi_radio
from roomsweep.detect.weighing import level_of
from roomsweep.detect.wifi.examine import examine_capture
from roomsweep.detect.wifi.survey import survey_capture

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


def level_without(findings: Iterable[Finding], *parts: str) -> Level:
    """Return the strongest level among findings without the evidence whose rule has one of these parts."""
    levels = [level_of([e for e in item.evidence if not any(part in e.rule for part in parts)]) for item in findings]
    return min(levels, key=lambda level: level.rank, default=Level.NOTED)


def texts_of(path: Path) -> set[tuple[str, str]]:
    """Sorts of frames and fingerprints of the stations in a capture, rates left out as in the table."""
    with path.open("rb") as stream:
        book = survey_capture(stream, name=path.name).book
    return {
        (frame, " ".join(part for part in text.split(" ") if not part.startswith(("rates=", "power="))))
        for frames in book.fingerprints.values()
        for frame, texts in frames.items()
        for text in texts
        if frame in ("probe", "join")
    }


def fingerprints(radio: Path, labels: list[dict[str, str]]) -> dict[str, Any]:
    """How many device models share a fingerprint, and what is left of the table when it must not know a capture."""
    captures = [
        (row["device"], row["camera"], texts_of(radio / row["file"]))
        for row in labels
        if row["file"].startswith("wifi_taxonomy/pcaps/")
    ]
    models: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for device, _, texts in captures:
        models[device] |= texts
    cameras = {device for device, camera, _ in captures if camera == "yes"}
    siblings = {device for device in models if device.startswith(SIBLINGS)}

    def matched(texts: set[tuple[str, str]], kinds: frozenset[str], *, shared: bool | None = None) -> bool:
        rows = [row for text in texts for row in match_wifi_radio(*text) if row.kind in kinds]
        return any(shared is None or bool(row.shared_with) is shared for row in rows)

    def counts(kinds: frozenset[str], *, shared: bool | None = None, ghz_5: bool = False) -> dict[str, Any]:
        some = {device: texts for device, texts in models.items() if not ghz_5 or device in at_5_ghz}
        rest = set(some) - cameras
        return {
            "camera_models": bounds(
                sum(matched(some[device], kinds, shared=shared) for device in cameras & set(some)),
                len(cameras & set(some)),
            ),
            "other_models": bounds(sum(matched(some[device], kinds, shared=shared) for device in rest), len(rest)),
            "siblings": bounds(
                sum(matched(models[device], kinds, shared=shared) for device in siblings), len(siblings)
            ),
        }

    at_5_ghz = {row["device"] for row in labels if "5GHz" in row["file"] and "/pcaps/" in row["file"]}
    sharing: dict[tuple[str, str], set[str]] = defaultdict(set)
    for device, texts in models.items():
        for text in texts:
            sharing[text].add(device)
    of_cameras = [(device, texts) for device, camera, texts in captures if camera == "yes"]

    def found_again(*, hold_out_model: bool) -> int:
        """Camera captures with a fingerprint that other captures of cameras, or of other camera models, have."""
        return sum(
            any(
                texts & others
                for at, (other, others) in enumerate(of_cameras)
                if at != place and not (hold_out_model and other == device)
            )
            for place, (device, texts) in enumerate(of_cameras)
        )

    camera_kinds, other_kinds = frozenset({"consumer_cam", "hidden_cam"}), frozenset({"thermostat", "smoke_alarm"})
    return {
        "models": len(models),
        "fingerprints": len(sharing),
        "of_one_model_only": bounds(sum(len(some) == 1 for some in sharing.values()), len(sharing)),
        "most_models_with_one": max(map(len, sharing.values()), default=0),
        "camera_captures_found_again_without_the_capture": bounds(found_again(hold_out_model=False), len(of_cameras)),
        "camera_captures_found_again_without_the_model": bounds(found_again(hold_out_model=True), len(of_cameras)),
        "models_by_rule": {
            "hint.fingerprint": counts(camera_kinds, shared=False, ghz_5=True),
            "hint.fingerprint_shared": counts(camera_kinds, shared=True),
            "hint.fingerprint_explained": counts(other_kinds),
        },
    }


def boxes(findings: dict[str, tuple[Finding, ...]]) -> dict[str, Any]:
    """What was joined, by address so that a box in several captures counts once."""
    joined = {
        item.identity.bssid: evidence.says
        for some in findings.values()
        for item in some
        for evidence in item.evidence
        if evidence.rule == "context.box"
    }
    networks = {item.identity.bssid for some in findings.values() for item in some if item.kind == "wifi_network"}
    return {
        "rows": len(networks),
        "rows_of_several_networks": len(joined),
        "with_two_names_or_more": sum(says.count("“") > 1 for says in joined.values()),
    }


def addresses(finding: Finding) -> set[str]:
    """The hardware addresses of one finding: one, or those of all networks of a box."""
    own = {finding.identity.mac or finding.identity.bssid or ""} - {""}
    for item in finding.evidence:
        if item.rule == "context.box":
            own |= set(re.findall(r"\((\w\w(?::\w\w){5})\)", item.says))
    return own


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
    identity: dict[str, list[Level]] = defaultdict(list)
    bare: dict[str, list[Level]] = defaultdict(list)
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
        identity[group].append(level_without(found, "behaviour."))
        bare[group].append(level_without(found, "behaviour.", "fingerprint"))
        devices[group][row["mac"] or row["device"]].append(level)

    everything = {
        mac: item
        for some in findings.values()
        for item in some
        for mac in addresses(item)
        if not is_local(parse_mac(mac))
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
        "what": "names of networks, makers of radios, how radios write their frames; by level also how they send",
        "captures": len(findings),
        "files_by_level": {group: by_level(levels) for group, levels in sorted(groups.items())},
        "files_by_identity_alone": {group: by_level(levels) for group, levels in sorted(identity.items())},
        "files_by_identity_without_fingerprints": {
            group: by_level(levels) for group, levels in sorted(bare.items()) if "80211" in group or "sibling" in group
        },
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
        "fingerprints": fingerprints(radio, labels),
        "boxes": boxes(findings),
    }
    print(json.dumps(result, indent=2))
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
