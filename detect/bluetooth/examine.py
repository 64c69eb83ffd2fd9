"""Examines one Bluetooth capture: who advertises nearby, and who of them is a camera.

stream ─> CaptureReader ─> AirReader, EventReader ─> Register ─> group ─> known_of ─> Findings
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from ..capture import CaptureEnd, CaptureReader, LinkType, Records
from ..errors import InputError
from ..mac import format_mac
from ..result import Examined, Finding, FindingKind, Identity, Level, Source, SourceState, Where
from ..text import clean
from ..weighing import level_of, probability_of
from . import hci, linklayer
from .advertisers import Advertiser, Register, group
from .heard import AddressKind
from .rules import WORN, Known, known_of

#: Devices listed as `noted`: a list longer than this is not read. The others are counted.
MOST_NOTED = 200

#: Devices listed above `noted`; more than this is a flood of forged adverts, not a room.
MOST_ACCUSED = 500

#: Bytes read at a time. Fastest of 0.5 to 16 MiB by benchmarks/speed_bluetooth.py: the columns of such a block
#: stay in the processor's cache.
_BLOCK_BYTES = 4 * 1024 * 1024

#: Wi-Fi link types, for telling the user what was given instead.
_WIFI = frozenset(
    {
        int(LinkType.IEEE802_11),
        int(LinkType.PRISM),
        int(LinkType.RADIOTAP),
        int(LinkType.IEEE802_11_AVS),
        int(LinkType.PPI),
    }
)

_WIRED = frozenset({int(LinkType.ETHERNET), int(LinkType.LINUX_SLL), int(LinkType.LINUX_SLL2)})

#: A clock before this day was never set: Bluetooth LE is of 2010-06-30 (Core 4.0).
_FIRST_DAY_NS = 1_277_856_000 * 10**9

#: Company and beginning of the content of an iBeacon (Apple, Proximity Beacon Specification, 2015).
_IBEACON = (0x004C, b"\x02\x15")

_ADVICE_WORN = (
    "Look for somebody nearby who wears camera glasses or a body camera; this is a person's device, "
    "not a thing fixed in the room."
)
_ADVICE_ACTION = "Look for a small action camera lying, clamped or standing about, and ask whose it is."
_ADVICE_DEVICE = "Walk about slowly: the signal grows as you come nearer to it. Look at what stands there."
_ADVICE_TRACKER = "If it is not yours and goes where you go, have your phone's own tracker alert look for it."
_ADVICE_SETUP = "It waits to be joined to a network. If nobody here is setting something up, look for it."


def examine_capture(stream: BinaryIO, *, source_id: str, name: str) -> Examined:
    """Return what a Bluetooth capture shows.

    Parameters
    ----------
    stream
        pcap, pcapng or btsnoop of LE frames or of a controller's events, gzip or not.
    source_id, name
        Of the source in the result.

    Returns
    -------
    Examined
        ``partial`` where the file is cut, or holds records of other kinds or more addresses than are kept.

    Raises
    ------
    InputError
        If it is no capture, or none of Bluetooth, or empty.
    """
    reader = CaptureReader(stream, name=name, block_bytes=_BLOCK_BYTES)
    seen = _Seen()
    for records in reader:
        seen.add(records)
    end = reader.end
    if seen.bluetooth == 0:
        raise _not_bluetooth(name, end, seen)
    addresses = seen.register.advertisers()
    devices = group(addresses)
    findings = _findings(devices, source_id=source_id, started_ns=seen.first_ns)
    kept, left_out = _keep_strongest(findings)
    facts: dict[str, object] = {
        "frames": seen.bluetooth,
        "bad_crc_frames": seen.air.counts.bad_crc,
        "unusable_frames": seen.air.counts.short + seen.air.counts.unusable + seen.events.unusable,
        "connection_frames": seen.air.counts.data_frames,
        "advertisers": len(addresses),
        "devices": len(devices),
        "random_addresses": sum(item.kind in _RANDOM for item in addresses),
        "seconds": round(max(0, seen.last_ns - seen.first_ns) / 1e9, 3),
        "link_types": sorted(end.linktypes),
        "file_format": end.file_format,
        "truncated": end.truncated is not None,
        "devices_listed": len(kept),
        "devices_not_listed": len(devices) - len(findings) + left_out,
    }
    if seen.first_ns >= _FIRST_DAY_NS:
        facts["started"] = dt.datetime.fromtimestamp(seen.first_ns // 10**9, tz=dt.UTC).isoformat()
    reason = _reason(end, seen)
    return Examined(
        source=Source(
            id=source_id,
            kind="bluetooth_capture",
            name=name,
            state=SourceState.PARTIAL if reason else SourceState.EXAMINED,
            reason=reason,
            facts=facts,
        ),
        findings=kept,
    )


_RANDOM = frozenset({AddressKind.STATIC, AddressKind.RESOLVABLE, AddressKind.NON_RESOLVABLE})


@dataclass(slots=True)
class _Seen:
    """What the records held so far."""

    air: linklayer.AirReader = field(default_factory=linklayer.AirReader)
    events: hci.EventReader = field(default_factory=hci.EventReader)
    register: Register = field(default_factory=Register)
    records: int = 0
    bluetooth: int = 0
    first_ns: int = 0
    last_ns: int = 0

    def add(self, records: Records) -> None:
        if len(records) == 0:
            return
        ours = np.isin(records.linktype, list(hci.LINK_TYPES | linklayer.LINK_TYPES - {int(LinkType.PPI)}))
        ours |= linklayer.holds_le_frames(records)
        self.records += len(records)
        if not ours.any():
            return
        times = records.t_ns[ours]
        first, last = int(times.min()), int(times.max())
        self.first_ns = min(self.first_ns, first) if self.bluetooth else first
        self.last_ns = max(self.last_ns, last) if self.bluetooth else last
        self.bluetooth += int(ours.sum())
        self.register.add(self.air.read(records))
        self.register.add(self.events.read(records))


def _not_bluetooth(name: str, end: CaptureEnd, seen: _Seen) -> InputError:
    if seen.records == 0:
        cut = f": it {end.truncated}" if end.truncated else ""
        return InputError(name, f"holds no whole record{cut}", "Please capture again, for a minute at least.")
    if end.linktypes & _WIFI:
        return InputError(name, "is a Wi-Fi capture, not one of Bluetooth", "Please give it as a Wi-Fi capture.")
    if end.linktypes & _WIRED:
        return InputError(
            name,
            "is a capture of network traffic (Ethernet), not one of Bluetooth",
            "Please capture with a Bluetooth sniffer, or take your phone's Bluetooth HCI log.",
        )
    kinds = ", ".join(str(number) for number in sorted(end.linktypes))
    return InputError(name, f"is not a Bluetooth capture (link type {kinds})", "Please give one of Bluetooth.")


def _reason(end: CaptureEnd, seen: _Seen) -> str | None:
    """Why the capture was not examined whole, or None."""
    parts = []
    if end.truncated:
        parts.append(f"the file {end.truncated}")
    others = seen.records - seen.bluetooth
    if others:
        parts.append(f"{others} of its {seen.records} records are not of Bluetooth and were passed over")
    if end.skipped_records:
        parts.append(f"{end.skipped_records} records were skipped because the file does not say what they are")
    if seen.register.refused:
        parts.append(
            f"it holds more than {seen.register.most} addresses: {seen.register.refused} messages were left out"
        )
    return "; ".join(parts) or None


def _findings(devices: Sequence[Advertiser], *, source_id: str, started_ns: int) -> list[Finding]:
    """The devices that say something about themselves, or of which the tables know something."""
    out = []
    for number, device in enumerate(devices, start=1):
        known = known_of(device)
        if not (known or device.names or device.companies):
            continue
        evidence = tuple(item.evidence for item in known)
        level = level_of(evidence)
        address = device.addresses[-1]
        out.append(
            Finding(
                id=f"B{number}",
                kind=FindingKind.BLUETOOTH_DEVICE,
                level=level,
                title=_title(device, known, level),
                source_ids=(source_id,),
                probability=probability_of(evidence, prior="prior.device") if evidence else None,
                where=Where(
                    t_s=round(max(0, device.first_ns - started_ns) / 1e9, 3),
                    rssi_dbm=device.rssi_max_dbm,
                ),
                identity=Identity(
                    mac=format_mac(address),
                    name=device.names[0] if device.names else None,
                    vendor=_vendor(device, known),
                    randomised_mac=device.kind in _RANDOM,
                ),
                evidence=evidence,
                advice=_advice(known, level),
            )
        )
    return out


def _keep_strongest(findings: list[Finding]) -> tuple[tuple[Finding, ...], int]:
    """The strongest findings, as many as are listed, and how many are left out."""

    def rank(finding: Finding) -> tuple[float, ...]:
        rssi = finding.where.rssi_dbm
        # Of the noted, those that the tables know come first: people ask about trackers.
        return (finding.level.rank, -finding.weight_db, not finding.evidence, -(-1000 if rssi is None else rssi))

    ordered = sorted(findings, key=rank)
    accused = [finding for finding in ordered if finding.level is not Level.NOTED][:MOST_ACCUSED]
    noted = [finding for finding in ordered if finding.level is Level.NOTED][:MOST_NOTED]
    kept = (*accused, *noted)
    return kept, len(findings) - len(kept)


def _title(device: Advertiser, known: tuple[Known, ...], level: Level) -> str:
    """One line: what it is, as surely as it is known."""
    called = f" “{clean(device.names[0])}”" if device.names else ""
    if known and level is not Level.NOTED:
        top = known[0]
        perhaps = level is Level.LOOK
        if top.kind == "action_camera":
            return f"{'Perhaps an' if perhaps else 'An'} action camera{called} ({top.device})"
        if top.kind in WORN:
            return f"{'Perhaps a' if perhaps else 'A'} camera somebody wears nearby{called} ({top.device})"
        if level is Level.IDENTIFIED:
            return f"A camera by its Bluetooth name{called} ({top.device})"
        if top.evidence.family == "hint":
            return f"Bluetooth device{called}, named like a camera ({top.device})"
        return f"Bluetooth device{called} of a camera maker ({top.device})"
    context = next((item for item in known if item.kind in ("tracker", "setup")), None)
    if context is not None and context.kind == "tracker":
        return f"A tracker{called} ({context.device})"
    if context is not None:
        return f"A device waiting to be set up{called} ({context.device})"
    if called:
        return f"Bluetooth device{called}"
    if known:
        return f"Bluetooth device ({known[0].device})"
    return f"Bluetooth device of company 0x{device.companies[0]:04x}"


def _vendor(device: Advertiser, known: tuple[Known, ...]) -> str | None:
    by_maker = next((item.device for item in known if item.evidence.rule.endswith(("_company", "_address"))), None)
    if by_maker is not None:
        return by_maker
    # Anybody's beacon may carry Apple's number in the iBeacon form: it says nothing of the maker.
    own = [company for company, data in device.manufacturer if (company, data[:2]) != _IBEACON]
    return f"company 0x{own[0]:04x}" if own else None


def _advice(known: tuple[Known, ...], level: Level) -> str:
    if not known:
        return ""
    if level is not Level.NOTED:
        if known[0].kind == "action_camera":
            return _ADVICE_ACTION
        return _ADVICE_WORN if known[0].kind in WORN else _ADVICE_DEVICE
    kinds = {item.kind for item in known}
    if "tracker" in kinds:
        return _ADVICE_TRACKER
    return _ADVICE_SETUP if "setup" in kinds else ""
