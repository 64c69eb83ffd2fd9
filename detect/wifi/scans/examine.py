"""A list of networks -> its source and findings, judged as those of a capture are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ...mac import format_mac, is_local
from ...result import Evidence, Examined, Finding, FindingKind, Identity, Level, Source, SourceState, Where
from ...text import clean
from ...weighing import level_of, probability_of, weigh
from .. import judging
from ..examine import NOTED_LISTED, RAISED_LISTED
from .listed import ScanList, ScannedNetwork, ScannedStation
from .reading import note_of, read_scan

#: What no list shows.
_NOTE = (
    "A list shows networks that announce themselves. A camera that has joined a network, or that is silent, is not "
    "in it; a recording may show it."
)

_WITHHELD = (
    "gives {count} of its {total} networks without their names, which the system kept back. Allow the terminal the "
    "location (Privacy settings), then list again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    """A finding with what it is sorted by."""

    finding: Finding
    place: int

    @property
    def order(self) -> tuple[float, ...]:
        rssi = self.finding.where.rssi_dbm
        raised = self.finding.level is not Level.NOTED
        return (
            self.finding.level.rank,
            -self.finding.weight_db if raised else 0.0,
            -(-200.0 if rssi is None else rssi),
            self.place,
        )


def examine_scan(data: bytes, *, source_id: str, name: str) -> Examined:
    """Name the networks, and the stations where there are any, of a list and weigh which may be cameras.

    Parameters
    ----------
    data
        What one of the programs prints or writes, see :mod:`.reading`.
    source_id, name
        For the source and its findings.

    Returns
    -------
    Examined
        Findings are sorted, strongest first; what is left out for length is counted in the source's facts.

    Raises
    ------
    InputError
        If the data are not a list of a known form.
    """
    listing = read_scan(data, name=name)
    things = [
        _Thing(finding=finding, place=place)
        for place, finding in enumerate((*_networks(listing, source_id), *_stations(listing, source_id)))
    ]
    things.sort(key=lambda thing: thing.order)
    kept: list[Finding] = []
    listed: Counter[Level] = Counter()
    left_out: Counter[FindingKind] = Counter()
    raised_left_out = 0
    for thing in things:
        level = thing.finding.level
        if listed[level] < (NOTED_LISTED if level is Level.NOTED else RAISED_LISTED):
            listed[level] += 1
            kept.append(thing.finding)
        else:
            left_out[thing.finding.kind] += 1
            raised_left_out += level is not Level.NOTED
    facts = _facts(listing)
    facts["networks_not_listed"] = left_out[FindingKind.WIFI_NETWORK]
    facts["stations_not_listed"] = left_out[FindingKind.WIFI_STATION]
    state, reason = _state(listing, raised_left_out=raised_left_out)
    source = Source(id=source_id, kind="wifi_scan", name=name, state=state, reason=reason, facts=facts)
    return Examined(source=source, findings=tuple(kept))


def _networks(listing: ScanList, source_id: str) -> list[Finding]:
    return [_network(network, source_id, number) for number, network in enumerate(listing.networks, start=1)]


def _network(network: ScannedNetwork, source_id: str, number: int) -> Finding:
    address = network.bssid
    if address is not None:
        face = judging.face(address, network.ssids)
    else:
        name = judging.best_name(network.ssids)
        by_name, signature = judging.judge_name(name) if name else (None, None)
        face = judging.Face(ssid=name, signature=signature, vendor=None, evidence=(by_name,) if by_name else ())
    ssid, vendor = face.ssid, face.vendor
    evidence = [*face.evidence, _context(network)]
    if address is not None or ssid:
        # Without an address the name stands in the title; the address is used for nameless networks only.
        title = judging.network_title(address or 0, ssid, signature=face.signature, vendor=vendor)
    else:
        title = "Wi-Fi network without a name or an address in the list"
    if network.withheld:
        title = "Wi-Fi network whose name the system kept back"
    identity = Identity(
        bssid=None if address is None else format_mac(address),
        ssid=ssid,
        name=network.device_name,
        vendor=vendor.name if vendor else None,
        randomised_mac=None if address is None else is_local(address),
    )
    return _finding(
        f"{source_id}:{number}",
        source_id,
        kind=FindingKind.WIFI_NETWORK,
        title=title,
        identity=identity,
        evidence=evidence,
        signal_dbm=network.signal_dbm,
    )


def _stations(listing: ScanList, source_id: str) -> list[Finding]:
    """Every station that can be told again: its address is its own, or it belongs to a network."""
    names = {network.bssid: judging.best_name(network.ssids) for network in listing.networks}
    return [
        _station(station, source_id, number, names)
        for number, station in enumerate(listing.stations, start=1)
        if station.mac not in names and (not is_local(station.mac) or station.bssid is not None)
    ]


def _station(station: ScannedStation, source_id: str, number: int, names: dict[int | None, str | None]) -> Finding:
    by_vendor, vendor = judging.judge_vendor(station.mac)
    says = "Listed as a station"
    if station.packets is not None:
        says += f" with {station.packets:,} {'frame' if station.packets == 1 else 'frames'}"
    if station.bssid is not None:
        ssid = names.get(station.bssid)
        says += f", on network {f'“{clean(ssid)}”' if ssid else format_mac(station.bssid)}"
    context = weigh("context.radio", says + ".")
    return _finding(
        f"{source_id}:station-{number}",
        source_id,
        kind=FindingKind.WIFI_STATION,
        title=judging.station_title(station.mac, vendor=vendor, wired=False),
        identity=Identity(
            mac=format_mac(station.mac),
            bssid=None if station.bssid is None else format_mac(station.bssid),
            vendor=vendor.name if vendor else None,
            randomised_mac=is_local(station.mac),
        ),
        evidence=[item for item in (by_vendor, context) if item],
        signal_dbm=station.signal_dbm,
    )


def _finding(
    finding_id: str,
    source_id: str,
    *,
    kind: FindingKind,
    title: str,
    identity: Identity,
    evidence: list[Evidence],
    signal_dbm: float | None,
) -> Finding:
    level = level_of(evidence)
    return Finding(
        id=finding_id,
        kind=kind,
        level=level,
        title=title,
        source_ids=(source_id,),
        probability=probability_of(evidence, prior="prior.device"),
        where=Where(rssi_dbm=signal_dbm),
        identity=identity,
        evidence=tuple(evidence),
        advice=judging.advice_for(level, wired=False),
    )


def _context(network: ScannedNetwork) -> Evidence:
    """What else the list tells, as evidence of nothing."""
    says = "Listed"
    if network.channel is not None:
        says += f" on channel {network.channel}"
    if network.signal_percent is not None and network.signal_dbm is not None:
        says += f" with a signal of {network.signal_percent} %, reckoned as {network.signal_dbm:.0f} dBm"
    elif network.signal_dbm is not None:
        says += f" at {network.signal_dbm:.0f} dBm"
    if network.security is not None:
        says += ", open" if network.security == "open" else f", protected with {network.security}"
    if network.device_name:
        says += f"; the device calls itself “{clean(network.device_name)}”"
    return weigh("context.radio", says + ".")


def _facts(listing: ScanList) -> dict[str, Any]:
    """What was measured about the list itself."""
    facts: dict[str, Any] = {
        "form": listing.form,
        "networks": len(listing.networks),
        "nameless_networks": sum(network.hidden for network in listing.networks),
        "withheld_names": sum(network.withheld for network in listing.networks),
        "stations": len(listing.stations),
        "randomised_stations": sum(is_local(station.mac) for station in listing.stations),
        "unreadable_rows": listing.unreadable,
        "note": " ".join(filter(None, (_NOTE, note_of(listing.form)))),
    }
    if any(network.signal_percent is not None for network in listing.networks):
        facts["signal"] = "listed in percent; dBm are reckoned from it and near"
    return facts


def _state(listing: ScanList, *, raised_left_out: int) -> tuple[SourceState, str | None]:
    """How far the list was examined, and why not further."""
    reasons = []
    if listing.damage:
        reasons.append(listing.damage)
    if listing.unreadable:
        rows = "1 row" if listing.unreadable == 1 else f"{listing.unreadable} rows"
        reasons.append(f"has {rows} without sense, which could not be read")
    if listing.refused:
        reasons.append(
            f"has more entries or names than any real place: {listing.refused} were left out. Something near is making "
            "them up, or the list is of more than one place"
        )
    if raised_left_out:
        reasons.append(f"gives more raised findings than any real place: {raised_left_out} are not listed")
    total, withheld = len(listing.networks), sum(network.withheld for network in listing.networks)
    if not total and not listing.stations:
        empty = "lists no network at all: was Wi-Fi switched on?"
        return SourceState.NOT_EXAMINED, "; ".join([empty, *reasons])
    if withheld:
        said = _WITHHELD.format(count=withheld, total=total)
        if withheld == total and all(network.bssid is None for network in listing.networks) and not listing.stations:
            return SourceState.NOT_EXAMINED, "; ".join([f"tells no names and no addresses: it {said}", *reasons])
        reasons.append(said)
    if reasons:
        return SourceState.PARTIAL, "; ".join(reasons)
    return SourceState.EXAMINED, None
