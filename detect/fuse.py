"""Findings of all sources into one ranked result.

A device that several radios heard is one finding: the same hardware address, an address next to it (one box
numbers its radios in a row), the same IP address, or the same name of a kind that names one device. Its
evidence is put together, and a fact that two radios saw is counted once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from .mac import is_local, parse_mac
from .result import (
    Evidence,
    Examined,
    Finding,
    FindingKind,
    Identity,
    Level,
    Result,
    Source,
    SourceState,
    Tool,
    Verdict,
    Where,
)
from .text import clean
from .weighing import level_of, probability_of

_Record = TypeVar("_Record", Where, Identity)

#: How far apart the addresses of one box's radios are: Espressif numbers station, access point, Bluetooth and
#: Ethernet from one base address, +0 to +3 (ESP-IDF programming guide, "Miscellaneous System APIs").
ADJACENT = 3

#: Shortest name that can name one device: shorter ones ("TV", "IPC") are shared by many.
NAME_MIN = 8

#: Fewest digits in it: set-up names carry at least four figures of a serial number or address (table ``ssids``).
DIGITS_MIN = 4

#: Rules by which a device is the user's own: whatever another radio shows of it, it stays noted.
OWN_RULES = frozenset({"context.lan_mine"})

#: Rules by which a host says what it is, and it is no camera: they take a look back that another radio asked for.
OTHER_RULES = frozenset({"context.lan_gateway", "context.lan_other"})

#: Rules that go by the name that a device gives itself. Where its radios were joined by that name, it is one fact.
NAME_RULES = frozenset(
    {
        *("hint.ble_name", "hint.lan_name", "hint.ssid_lead", "identity.ble_name", "identity.ssid"),
        "identity.worn_ble_name",
        *("setup.ssid", "setup.ssid_camera_kit", "setup.ssid_explained", "worn.ble_name"),
    }
)

#: A hardware address in a name: ``axis-accc8e123456``.
_ADDRESS_IN_NAME = re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])")


def fuse(examined: Sequence[Examined], *, tool: Tool, started_at: str, not_looked_at: Sequence[str] = ()) -> Result:
    """Put together what was found.

    Parameters
    ----------
    examined
        One for each input; source ids must differ.
    tool, started_at
        For the result.
    not_looked_at
        Sentences on what was not looked at; every source that was not examined whole adds its own.

    Returns
    -------
    Result
        Findings ranked by level, then probability; numbered ``F1``, ``F2``, ...

    Raises
    ------
    ValueError
        If two sources have one id.
    """
    sources = tuple(item.source for item in examined)
    if len({source.id for source in sources}) != len(sources):
        raise ValueError("two sources have the same id")
    merged = _merge([finding for item in examined for finding in item.findings])
    ranked = sorted(merged, key=_rank)
    findings = tuple(replace(finding, id=f"F{number}") for number, finding in enumerate(ranked, start=1))
    return Result(
        tool=tool,
        started_at=started_at,
        verdict=verdict_of(sources, findings),
        sources=sources,
        findings=findings,
        limits=(*_unexamined(sources), *not_looked_at) or ("What these checks cannot see was not stated.",),
    )


def verdict_of(sources: Iterable[Source], findings: Iterable[Finding]) -> Verdict:
    """Return the one-line outcome."""
    levels = {finding.level for finding in findings}
    for level, verdict in (
        (Level.IDENTIFIED, Verdict.CAMERA_IDENTIFIED),
        (Level.SUSPECT, Verdict.SUSPECTS_FOUND),
        (Level.LOOK, Verdict.WORTH_A_LOOK),
    ):
        if level in levels:
            return verdict
    if all(source.state is SourceState.NOT_EXAMINED for source in sources):
        return Verdict.NOT_EXAMINED
    return Verdict.NOTHING_FOUND


def _rank(finding: Finding) -> tuple[int, float, float]:
    signal = finding.where.rssi_dbm if finding.where.rssi_dbm is not None else -200.0
    return (finding.level.rank, -finding.weight_db, -signal)


def _unexamined(sources: Iterable[Source]) -> tuple[str, ...]:
    """Say which inputs were not examined whole; a reason is a clause whose subject is the input."""
    words = {SourceState.PARTIAL: "Examined in part only", SourceState.NOT_EXAMINED: "Not examined"}
    return tuple(
        f"{words[source.state]}: {clean(source.name)} {clean(source.reason or '', limit=500).rstrip('.')}."
        for source in sources
        if source.state in words
    )


def _merge(findings: Sequence[Finding]) -> list[Finding]:
    """Join the findings that are one device, keeping the order of first appearance."""
    groups: list[list[Finding]] = []
    group_of: dict[tuple[str, str | int], int] = {}
    for finding in findings:
        own, shared, told = _keys(finding)
        places = list(dict.fromkeys(group_of[key] for key in own if key in group_of))
        if not places:
            # A name or a neighbouring address joins different radios only: access points share their names.
            places = [
                group_of[key]
                for key in shared
                if key in group_of and all(member.kind is not finding.kind for member in groups[group_of[key]])
            ][:1]
        if not places:
            places = [len(groups)]
            groups.append([])
        place = min(places)
        groups[place].append(finding)
        # One that has the address of one group and the IP address of another shows that they are one device.
        for other in places:
            if other != place:
                groups[place] += groups[other]
                groups[other] = []
                group_of.update({key: place for key, old in group_of.items() if old == other})
        for key in (*own, *told):
            group_of.setdefault(key, place)
    return [group[0] if len(group) == 1 else _joined(group) for group in groups if group]


def _keys(
    finding: Finding,
) -> tuple[list[tuple[str, str | int]], list[tuple[str, str | int]], list[tuple[str, str | int]]]:
    """Return what names this device and no other, what another radio of the same box may be known by, and what this
    one tells for others to be known by."""
    if finding.kind is FindingKind.LENS_GLINT:
        return [], [], []
    identity = finding.identity
    # A station's BSSID is the network that it is in, with all the others there: only a network's own names it.
    address = identity.mac or identity.bssid
    addresses = [parse_mac(address)] if address else []
    own: list[tuple[str, str | int]] = [("mac", address) for address in addresses]
    if identity.ip:
        own.append(("ip", identity.ip))
    shared: list[tuple[str, str | int]] = [
        ("mac", address + step)
        for address in addresses
        if not (is_local(address) or identity.randomised_mac)
        for distance in range(1, ADJACENT + 1)
        for step in (-distance, distance)
    ]
    names = [name for name in (identity.name, identity.ssid) if name]
    told: list[tuple[str, str | int]] = [("name", token) for token in map(_token, names) if token]
    shared += told
    # A name with a hardware address in it, beside the thing with that address.
    in_names = [int(digits, 16) for name in names for digits in _ADDRESS_IN_NAME.findall(name.casefold())]
    told += [("named", address) for address in in_names if address]
    shared += [("mac", address) for address in in_names if address]
    shared += [("named", address) for address in addresses]
    return own, shared, told


def _token(name: str) -> str | None:
    """Return the letters and digits of a name that can name one device: it has digits in it; None for others."""
    token = "".join(char for char in name.casefold() if char.isalnum())
    long = len(token) >= NAME_MIN and sum(char.isdigit() for char in token) >= DIGITS_MIN
    return token if long else None


def _joined(group: Sequence[Finding]) -> Finding:
    """Return one finding for one device: the strongest leads, each rule counts once at its strongest."""
    lead, *others = sorted(group, key=_rank)
    evidence: dict[str, Evidence] = {}
    for finding in (lead, *others):
        for line in finding.evidence:
            known = evidence.get(line.rule)
            if known is None or abs(line.weight_db) > abs(known.weight_db):
                evidence[line.rule] = line
    # The maker of one box is one fact, by whichever registry it was looked up.
    makers = sorted((line for line in evidence.values() if line.family == "vendor"), key=lambda line: -line.weight_db)
    for line in makers[1:]:
        del evidence[line.rule]
    tokens = [
        {token for name in (finding.identity.name, finding.identity.ssid) if name and (token := _token(name))}
        for finding in group
    ]
    if any(one & other for at, one in enumerate(tokens) for other in tokens[:at]):
        named = sorted((evidence[rule] for rule in NAME_RULES & evidence.keys()), key=lambda line: -line.weight_db)
        for line in named[1:]:
            del evidence[line.rule]
    lines = tuple(sorted(evidence.values(), key=lambda line: -abs(line.weight_db)))
    own, other = (
        next((finding for finding in group if any(line.rule in rules for line in finding.evidence)), None)
        for rules in (OWN_RULES, OTHER_RULES)
    )
    level = min((level_of(lines), *(finding.level for finding in group)), key=lambda level: level.rank)
    if own is not None or (other is not None and level is Level.LOOK and level_of(lines) is Level.NOTED):
        level = Level.NOTED
    else:
        other = None
    teller = own or other or lead
    return replace(
        lead,
        level=level,
        title=teller.title,
        advice=teller.advice,
        probability=probability_of(lines, prior="prior.device") if own is None else None,
        source_ids=tuple(dict.fromkeys(source for finding in (lead, *others) for source in finding.source_ids)),
        where=_filled(lead.where, [finding.where for finding in others]),
        identity=_filled(lead.identity, [finding.identity for finding in others]),
        evidence=lines,
    )


def _filled(lead: _Record, others: Sequence[_Record]) -> _Record:
    """Return `lead` with its absent values taken from the others."""
    missing = {
        name: value
        for other in reversed(others)
        for name, value in other.to_dict().items()
        if getattr(lead, name) is None
    }
    return replace(lead, **missing)
