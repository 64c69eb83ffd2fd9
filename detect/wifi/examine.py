"""A capture -> its source and findings: every network and every station that really transmitted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..mac import format_mac, is_local
from ..result import Evidence, Examined, Finding, FindingKind, Identity, Level, Source, SourceState, Where
from ..signatures.match import Radio, Vendor
from ..text import clean
from ..weighing import level_of, probability_of
from . import judging
from .beacons import decode_ssid
from .boxes import join_boxes
from .headers import NO_SIGNAL
from .networks import Network
from .particulars import box_context, network_context, station_context
from .sorts import Sort
from .stream_judging import STREAM_ADVICE, JudgedStream, StreamVerdict, judge_network, judge_station, stream_facts
from .streams import Control, Stream, control_of, streams_of
from .survey import Survey, survey_capture

#: Noted things listed, strongest signal first: a busy building has thousands, and nobody reads more.
NOTED_LISTED = 300

#: Findings of each higher level listed: a flood of made-up camera names must not fill the report.
RAISED_LISTED = 500

#: Streams whose figures are told in a source's facts.
STREAMS_LISTED = 50

#: Start of the year 2000: a clock before it was never set.
_CLOCK_SET_NS = 946_684_800 * 10**9

_ETHERNET_NOTE = (
    "Ethernet frames, as a hotspot or a mirror port records them: devices are told by their addresses; "
    "networks and signal are not in them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    """A finding with what it is sorted by."""

    finding: Finding
    frames: int

    @property
    def order(self) -> tuple[float, ...]:
        rssi = self.finding.where.rssi_dbm
        return (
            self.finding.level.rank,
            -self.finding.weight_db if self.finding.level is not Level.NOTED else 0.0,
            -(NO_SIGNAL if rssi is None else rssi),
            -self.frames,
        )


def examine_capture(stream: BinaryIO, *, source_id: str, name: str) -> Examined:
    """Name the networks and stations in a capture and weigh which may be cameras.

    Parameters
    ----------
    stream
        A capture of Wi-Fi (802.11 frames, with or without the radio's headers) or of Ethernet.
    source_id, name
        For the source and its findings.

    Returns
    -------
    Examined
        Findings are sorted, strongest first; what is left out for length is counted in the source's facts.

    Raises
    ------
    InputError
        If the stream is not a capture, or one of something else.
    """
    return examine_survey(survey_capture(stream, name=name), source_id=source_id, name=name)


def examine_survey(
    survey: Survey, *, source_id: str, name: str, kind: str = "wifi_capture", facts: Mapping[str, Any] | None = None
) -> Examined:
    """Judge what was surveyed.

    Parameters
    ----------
    survey
        Of a capture, or of what was heard so far.
    source_id, name, kind
        For the source and its findings.
    facts
        More to tell about the source.
    """
    streams, control = streams_of(survey.traffic), control_of(survey.traffic)
    judged = {row: _judged(survey, row, streams, control) for row in survey.stations.present.nonzero()[0].tolist()}
    things = [*_networks(survey, source_id, streams), *_stations(survey, source_id, judged)]
    things.sort(key=lambda thing: thing.order)
    kept: list[_Thing] = []
    listed = dict.fromkeys(Level, 0)
    left_out = {FindingKind.WIFI_NETWORK: 0, FindingKind.WIFI_STATION: 0}
    raised_left_out = 0
    for thing in things:
        level = thing.finding.level
        if listed[level] < (NOTED_LISTED if level is Level.NOTED else RAISED_LISTED):
            listed[level] += 1
            kept.append(thing)
        else:
            left_out[thing.finding.kind] += 1
            raised_left_out += level is not Level.NOTED
    facts = {**_facts(survey), "streams": _stream_facts(survey, streams, judged), **(facts or {})}
    facts["networks_not_listed"] = left_out[FindingKind.WIFI_NETWORK]
    facts["stations_not_listed"] = left_out[FindingKind.WIFI_STATION]
    state, reason = _state(survey, raised_left_out=raised_left_out)
    source = Source(id=source_id, kind=kind, name=name, state=state, reason=reason, facts=facts)
    return Examined(source=source, findings=tuple(thing.finding for thing in kept))


def _judged(survey: Survey, row: int, streams: Mapping[int, Stream], control: Mapping[int, Control]) -> JudgedStream:
    stations = survey.stations
    return judge_station(
        streams.get(row),
        control.get(row),
        frames=int(stations.counts[row].sum()),
        seconds=max(0, int(stations.last_ns[row]) - int(stations.first_ns[row])) / 1e9,
    )


def _stream_facts(
    survey: Survey, streams: Mapping[int, Stream], judged: Mapping[int, JudgedStream]
) -> list[dict[str, Any]]:
    """Figures of the strongest streams of stations, for those who want to check the verdicts."""
    stations = survey.stations
    shown = [row for row in streams if row in judged and not stations.is_network[row]]
    shown.sort(key=lambda row: -streams[row].rate * streams[row].seconds)
    return [
        stream_facts(streams[row], judged[row].verdict, mac=format_mac(int(stations.address[row])))
        for row in shown[:STREAMS_LISTED]
    ]


def _networks(survey: Survey, source_id: str, streams: Mapping[int, Stream]) -> list[_Thing]:
    """Every box with a BSSID that transmitted or that a joining station named; its networks are one thing."""
    stations, book = survey.stations, survey.book
    row_of = {int(address): row for row, address in enumerate(stations.address) if stations.present[row]}
    heard = stations.address[stations.is_network & stations.present].tolist()
    boxes = join_boxes(
        book.networks,
        median_dbm={
            bssid: int(stations.median_dbm[row])
            for bssid, row in row_of.items()
            if bssid in book.networks and stations.median_dbm[row] != NO_SIGNAL
        },
        fingerprints=book.fingerprints,
        apart=frozenset(bssid for bssid, network in book.networks.items() if _calls_itself_camera(network)),
    )
    boxes += [(bssid,) for bssid in dict.fromkeys(heard) if bssid not in book.networks]
    return [_network(survey, source_id, members, row_of, streams) for members in boxes]


def _calls_itself_camera(network: Network) -> bool:
    return any(judging.is_camera_name(name) for name in _names(network))


def _network(
    survey: Survey,
    source_id: str,
    members: Sequence[int],
    row_of: Mapping[int, int],
    streams: Mapping[int, Stream],
) -> _Thing:
    """One box. It goes by the member whose name says most, else by the one with a registered address."""
    book, stations = survey.book, survey.stations
    faces = {bssid: judging.face(bssid, _names(book.networks.get(bssid))) for bssid in members}
    address = min(members, key=lambda bssid: (-faces[bssid].name_db, is_local(bssid), bssid))
    face = faces[address]
    evidence = judging.each_once(item for bssid in (address, *members) for item in faces[bssid].evidence)
    if len(members) > 1:
        evidence.append(box_context(members, book))
    about = network_context(book.networks.get(address), survey.beacon_beats.get(address))
    if about is not None:
        evidence.append(about)
    rows = [row_of[bssid] for bssid in members if bssid in row_of]
    if rows:
        for row in rows:
            evidence += judge_network(streams.get(row), receivers=int(survey.traffic.receivers[row]))
        evidence.append(_context(survey, rows, None))
    return _thing(
        survey,
        source_id,
        address,
        max(rows, key=lambda row: int(stations.max_dbm[row]), default=None),
        kind=FindingKind.WIFI_NETWORK,
        evidence=evidence,
        title=judging.network_title(
            address, face.ssid, signature=face.signature, vendor=face.vendor, of_box=len(members)
        ),
        identity=Identity(
            bssid=format_mac(address),
            ssid=face.ssid,
            vendor=face.vendor.name if face.vendor else None,
            randomised_mac=is_local(address),
        ),
        frames=int(stations.counts[rows].sum()),
    )


def _names(network: Network | None) -> list[str]:
    return [decode_ssid(name) for name in network.ssids] if network else []


def _stations(survey: Survey, source_id: str, judged: Mapping[int, JudgedStream]) -> list[_Thing]:
    """Every station that transmitted and can be told again: its address is its own, or it has joined."""
    stations = survey.stations
    wired = survey.frames == 0
    announced = survey.book.networks
    shown = stations.present & ~stations.is_network
    if not wired:
        shown &= ~stations.random | (stations.network >= 0) | _streaming(judged, len(stations))
    out = []
    for row in shown.nonzero()[0].tolist():
        address = int(stations.address[row])
        if address in announced:
            continue
        by_vendor, vendor = judging.judge_vendor(address)
        partner = int(stations.network[row])
        network = None
        if partner >= 0:
            bssid = int(stations.address[partner])
            known = announced.get(bssid)
            ssid = judging.best_name([decode_ssid(name) for name in known.ssids]) if known else None
            network = f"“{clean(ssid)}”" if ssid else format_mac(bssid)
        by_radio, radio = judging.judge_radio(survey.book.fingerprints.get(address, {}), address=address, vendor=vendor)
        about = station_context(survey.book.probed.get(address, ()), survey.sleep_beats.get(address))
        evidence = [item for item in (by_vendor, by_radio, about, _context(survey, [row], network)) if item]
        evidence += judged[row].evidence
        out.append(
            _thing(
                survey,
                source_id,
                address,
                row,
                kind=FindingKind.WIFI_STATION,
                evidence=evidence,
                title=_station_title(address, judged[row], vendor=vendor, radio=radio, wired=wired),
                advice=STREAM_ADVICE if judged[row].verdict is StreamVerdict.LIKE_CAMERA else None,
                identity=Identity(
                    mac=format_mac(address),
                    bssid=format_mac(int(stations.address[partner])) if partner >= 0 else None,
                    vendor=vendor.name if vendor else None,
                    randomised_mac=is_local(address),
                ),
                frames=int(stations.counts[row].sum()),
            )
        )
    return out


def _station_title(
    address: int, judged: JudgedStream, *, vendor: Vendor | None, radio: Radio | None, wired: bool
) -> str:
    title = judging.station_title(address, vendor=vendor, radio=radio, wired=wired)
    return f"{title}: {judged.verdict}" if judged.verdict is StreamVerdict.LIKE_CAMERA else title


def _streaming(judged: Mapping[int, JudgedStream], size: int) -> NDArray[np.bool_]:
    out = np.zeros(size, dtype=bool)
    out[[row for row, item in judged.items() if item.verdict is StreamVerdict.LIKE_CAMERA]] = True
    return out


def _thing(
    survey: Survey,
    source_id: str,
    address: int,
    row: int | None,
    *,
    kind: FindingKind,
    evidence: Sequence[Evidence],
    title: str,
    identity: Identity,
    frames: int,
    advice: str | None = None,
) -> _Thing:
    level = level_of(evidence)
    signal = NO_SIGNAL if row is None else int(survey.stations.max_dbm[row])
    finding = Finding(
        id=f"{source_id}:{format_mac(address)}",
        kind=kind,
        level=level,
        title=title,
        source_ids=(source_id,),
        probability=probability_of(evidence, prior="prior.device"),
        where=Where(rssi_dbm=None if signal == NO_SIGNAL else float(signal)),
        identity=identity,
        evidence=tuple(evidence),
        advice=advice or judging.advice_for(level, wired=survey.frames == 0),
    )
    return _Thing(finding=finding, frames=frames)


def _context(survey: Survey, rows: Sequence[int], network: str | None) -> Evidence:
    """How much the addresses of one thing send."""
    stations, some = survey.stations, np.asarray(rows)
    return judging.context(
        frames=int(stations.counts[some].sum()),
        seconds=max(0.0, (int(stations.last_ns[some].max()) - int(stations.first_ns[some].min())) / 1e9),
        bytes_up=int(stations.bytes_up[some].sum()),
        bytes_down=int(stations.bytes_down[some].sum()),
        network=network,
    )


def _facts(survey: Survey) -> dict[str, Any]:
    """What was measured about the capture itself."""
    stations = survey.stations
    station = stations.present & ~stations.is_network
    facts: dict[str, Any] = {
        "records": survey.records,
        "frames": survey.frames + survey.ethernet_frames,
        "bad_fcs_frames": survey.bad_fcs,
        "unreadable_frames": survey.unreadable,
        "junk_address_frames": survey.junk_addresses,
        "beacon_frames": int(stations.counts[:, Sort.BEACON].sum()),
        "link_types": list(survey.link_types),
        "channels_mhz": list(survey.channels_mhz),
        "networks": len(set(survey.book.networks) | set(stations.address[stations.is_network].tolist())),
        "stations": int(station.sum()),
        "randomised_stations": int((station & stations.random).sum()),
        "file_format": survey.end.file_format,
        "truncated": survey.end.truncated is not None,
    }
    if survey.first_ns is not None and survey.last_ns is not None:
        start = dt.datetime.fromtimestamp(survey.first_ns // 10**9, tz=dt.UTC)
        facts["started"] = start.isoformat()
        facts["seconds"] = round(max(0, survey.last_ns - survey.first_ns) / 1e9, 3)
        facts["clock_set"] = survey.first_ns >= _CLOCK_SET_NS
    if survey.ethernet_frames:
        facts["note"] = _ETHERNET_NOTE
    return facts


def _state(survey: Survey, *, raised_left_out: int) -> tuple[SourceState, str | None]:
    """How far the capture was examined, and why not further."""
    reasons = []
    if survey.end.truncated:
        reasons.append(survey.end.truncated)
    if survey.end.skipped_records:
        reasons.append(f"{survey.end.skipped_records} records belong to interfaces that the file does not describe")
    if survey.refused:
        reasons.append(
            f"{survey.refused} frames or announcements were left out: more addresses or names than any real place has, "
            "so something near is making them up"
        )
    if raised_left_out:
        reasons.append(f"{raised_left_out} raised findings are not listed: more than any real place has")
    if survey.records == 0:
        return SourceState.NOT_EXAMINED, "; ".join(["holds no frames", *reasons])
    if survey.frames + survey.ethernet_frames == 0:
        what = f"none of its {survey.records} frames can be read ({survey.bad_fcs} have a wrong check sum)"
        return SourceState.NOT_EXAMINED, "; ".join([what, *reasons])
    if reasons:
        return SourceState.PARTIAL, "; ".join(reasons)
    return SourceState.EXAMINED, None
