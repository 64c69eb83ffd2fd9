"""Examines one scan of a local network: which hosts are cameras, which are worth a look, and what the others are.

ObservedNetwork ─> known_of each host ─> Findings, and what the network itself hid
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from ..mac import is_local, parse_mac
from ..result import Examined, Finding, FindingKind, Identity, Level, Source, SourceState, Where
from ..text import clean
from ..weighing import level_of, probability_of
from .judging import Known, known_of, own_words, vendor_named
from .observed import ObservedHost, ObservedNetwork

#: Hosts listed as `noted`, and above it; more than this is no list that is read, or a flood of made-up answers.
MOST_NOTED, MOST_ACCUSED = 300, 500

#: Troubles with single hosts that are told.
MOST_TROUBLES = 50

#: Addresses that must have been asked before silence says something about the network.
ASKED_MIN = 8

#: What a scan of a network cannot see, for the list of what was not looked at.
LIMITS = (
    "A scan of the local network sees only what is on this network and answers: a camera that records to a card, "
    "that has a network or a mobile connection of its own, or that is switched off does not show.",
)

_ASK = (
    "Ask whose camera this is and what it sees; cameras of an entrance or of a neighbour's flat may share the "
    "network. If nobody can say, look where it could see the bed, the bath or the place where people change."
)
_ASK_RECORDER = "Ask which cameras send to this recorder and where they are."
_ASK_WHAT = "Ask what this device is; if nobody can say, look for it with the torch."
_TURN_OFF = "Switch your own devices off one by one and scan again: what goes with one of them is yours."


def examine_network(observed: ObservedNetwork, *, source_id: str, name: str) -> Examined:
    """Return what a scan of a network shows.

    Parameters
    ----------
    observed
        The scan, live or from a recording.
    source_id, name
        Of the source in the result.

    Returns
    -------
    Examined
        ``not_examined`` where nothing but the router answered: the network hides its guests from each other, and
        then silence says nothing. ``partial`` where something could not be asked, or the scan was broken off.
    """
    seen, stood_for = _seen(observed)
    findings, left_out = findings_of(seen, source_id=source_id)
    hides = _hides_guests(observed, seen, stood_for=stood_for)
    state, reason = _state(observed, hides=hides, accused=any(item.level is not Level.NOTED for item in findings))
    return Examined(
        source=Source(
            id=source_id,
            kind="lan",
            name=name,
            state=state,
            reason=reason,
            facts={
                "network": observed.cidr,
                "hosts": len(seen),
                "neighbours_answering": observed.neighbours_answering,
                "addresses_asked": observed.addresses_asked,
                "answers": sum(len(host.answers) for host in observed.hosts),
                "seconds": round(observed.seconds, 3),
                "hides_guests": hides,
                "router_stood_for": stood_for,
                **({"troubles": troubles} if (troubles := _troubles(seen)) else {}),
                "hosts_not_listed": left_out,
                **({"gateway": observed.gateway_ip} if observed.gateway_ip else {}),
                **({"started": observed.started} if observed.started else {}),
            },
        ),
        findings=findings,
    )


def findings_of(hosts: Sequence[ObservedHost], *, source_id: str) -> tuple[tuple[Finding, ...], int]:
    """Return a finding for each host, strongest first, as many as are listed, and how many are left out."""
    findings = [_finding(host, number, source_id=source_id) for number, host in enumerate(hosts, start=1)]
    ordered = sorted(findings, key=lambda item: (item.level.rank, -item.weight_db, _by_address(item)))
    accused = [item for item in ordered if item.level is not Level.NOTED][:MOST_ACCUSED]
    noted = [item for item in ordered if item.level is Level.NOTED][:MOST_NOTED]
    return (*accused, *noted), len(findings) - len(accused) - len(noted)


def _troubles(hosts: Sequence[ObservedHost]) -> list[str]:
    """What went wrong with single hosts; the others were examined all the same."""
    told = [f"{host.ip}: {clean(note, limit=120)}" for host in hosts for note in host.notes[:4]]
    return told[:MOST_TROUBLES]


def _seen(observed: ObservedNetwork) -> tuple[tuple[ObservedHost, ...], int]:
    """Return the hosts without those that only the router answered for, and how many those are.

    A router that keeps guests apart may answer ARP in everybody's name (RFC 1027): then each address has the router's
    hardware address, and nobody says a word behind it.
    """
    router = {host.mac for host in observed.hosts if "gateway" in host.roles and host.mac}
    seen = tuple(
        host
        for host in observed.hosts
        if host.mac not in router
        or host.roles
        or any((host.names, host.answers, host.open_ports, host.banners, host.services))
    )
    return seen, len(observed.hosts) - len(seen)


def _hides_guests(observed: ObservedNetwork, seen: Sequence[ObservedHost], *, stood_for: int) -> bool:
    """Whether nobody but the router and this computer was seen on a network that was asked."""
    others = [host for host in seen if not host.roles & {"gateway", "this_computer"}]
    silent = observed.neighbours_answering <= stood_for
    return not others and silent and observed.addresses_asked >= ASKED_MIN


def _state(observed: ObservedNetwork, *, hides: bool, accused: bool) -> tuple[SourceState, str | None]:
    """How far the network was examined, and why not whole: a clause whose subject is the network."""
    parts = [clean(text, limit=300) for text in observed.refused[:8] if text.strip()]
    if observed.interrupted:
        parts.append("the scan was broken off")
    if hides:
        seen = "only its router answered" if observed.gateway_ip else "nobody answered"
        parts.insert(0, f"hides other guests from you, or nobody else is on it ({seen}): nothing here could be seen")
        # A router that is itself a camera was examined.
        return (SourceState.PARTIAL if accused else SourceState.NOT_EXAMINED), "; ".join(parts)
    if not observed.hosts and observed.addresses_asked == 0:
        parts.insert(0, "was not asked")
        return SourceState.NOT_EXAMINED, "; ".join(parts)
    return (SourceState.PARTIAL if parts else SourceState.EXAMINED), "; ".join(parts) or None


def _finding(host: ObservedHost, number: int, *, source_id: str) -> Finding:
    known = known_of(host)
    evidence = tuple(item.evidence for item in known)
    mine = any(item.kind == "mine" for item in known)
    level = Level.NOTED if mine else level_of(evidence)
    mac = host.mac or next((item.fields["mac"] for item in host.answers if item.fields.get("mac")), None)
    vendor = vendor_named(host)
    return Finding(
        id=f"L{number}",
        kind=FindingKind.LAN_HOST,
        level=level,
        title=_title(host, known, level),
        source_ids=(source_id,),
        probability=None if mine or not evidence else probability_of(evidence, prior="prior.device"),
        where=Where(),
        identity=Identity(
            mac=mac,
            ip=host.ip,
            name=own_words(host),
            vendor=vendor.name if vendor else None,
            randomised_mac=is_local(parse_mac(mac)) if mac else None,
        ),
        evidence=evidence,
        advice=_advice(known, level),
    )


def _title(host: ObservedHost, known: Sequence[Known], level: Level) -> str:
    """One line: what it is, as surely as it is known, and where on the network."""
    words = own_words(host)
    called = f" “{clean(words)}”" if words else ""
    at = f"at {host.ip}"
    kinds = {item.kind: item for item in reversed(known)}
    mine = kinds.get("mine")
    if mine is not None:
        return f"{'This computer' if 'this_computer' in host.roles else 'Your own device'}{called} {at}"
    camera = next((item for item in known if item.is_camera), None)
    router = ", the router of this network," if "gateway" in host.roles else ""
    if camera is not None:
        what = "A camera or its recorder" if camera.kind == "camera_or_recorder" else "A camera"
        return f"{what} on the network{called}{router} {at} ({camera.device})"
    if level is not Level.NOTED:
        recorder = kinds.get("recorder")
        if recorder is not None:
            return f"A recorder for cameras{called} {at} ({recorder.device})"
        if any(item.evidence.rule == "behaviour.lan_video" for item in known):
            return f"A device that serves live video{called}{router} {at}"
        return f"Perhaps a camera{called}{router} {at} ({known[0].device})"
    if router:
        return f"The router of this network{called} {at}"
    other = kinds.get("other") or kinds.get("perhaps_other") or kinds.get("shared")
    if other is not None:
        return f"{other.device[:1].upper()}{other.device[1:]}{called} {at}"
    vendor = vendor_named(host)
    by = f" made by {clean(vendor.name)}" if vendor and vendor.tier != "module" else ""
    return f"Device{called}{by} {at}"


def _advice(known: Sequence[Known], level: Level) -> str:
    if level is Level.NOTED:
        return ""
    if any(item.is_camera for item in known):
        return _ASK
    if any(item.kind == "recorder" for item in known):
        return _ASK_RECORDER
    return _ASK_WHAT if level is Level.SUSPECT else f"{_ASK_WHAT} {_TURN_OFF}"


def _by_address(finding: Finding) -> tuple[int, int]:
    address = ipaddress.ip_address(finding.identity.ip or "::")
    return address.version, int(address)
