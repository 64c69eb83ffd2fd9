"""Examines Bluetooth: a capture, a recording of adverts, or adverts as they come.

capture  ─> AirReader, EventReader ┐
adverts  ─> AdvertReader ──────────┼─> Register ─> group ─> known_of ─> Findings
live     ─> Advert ────────────────┘
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

from ..capture import CaptureEnd, CaptureReader, LinkType, Records
from ..errors import InputError
from ..result import Examined, Source, SourceState
from . import hci, linklayer
from .advertisers import Register, group
from .adverts import Advert, AdvertReader, heard_of, is_adverts
from .judging import RANDOM, judge, keep_strongest, signals_of

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

#: Bytes looked at to tell a recording of adverts.
_HEAD_BYTES = 256


def examine_capture(stream: BinaryIO, *, source_id: str, name: str) -> Examined:
    """Return what a Bluetooth capture or a recording of adverts shows.

    Parameters
    ----------
    stream
        pcap, pcapng or btsnoop of LE frames or of a controller's events, gzip or not; or adverts, see
        :mod:`.adverts`, for which it must be able to seek.
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
    if stream.seekable():
        begin = stream.tell()
        head = stream.read(_HEAD_BYTES)
        stream.seek(begin)
        if is_adverts(head):
            return _examine_recording(stream, source_id=source_id, name=name)
    reader = CaptureReader(stream, name=name, block_bytes=_BLOCK_BYTES)
    seen = _Seen()
    for records in reader:
        seen.take(records)
    seen.register.add(seen.air.finish())
    end = reader.end
    if seen.messages == 0:
        raise _not_bluetooth(name, end, seen)
    facts = {
        "bad_crc_frames": seen.air.counts.bad_crc,
        "unusable_frames": seen.air.counts.short + seen.air.counts.unusable + seen.events.unusable,
        "connection_frames": seen.air.counts.data_frames,
        "link_types": sorted(end.linktypes),
        "file_format": end.file_format,
        "truncated": end.truncated is not None,
    }
    return _examined(seen, source_id=source_id, name=name, kind="bluetooth_capture", facts=facts, why=_why(end, seen))


def examine_adverts(
    hearing: Hearing,
    *,
    source_id: str,
    name: str,
    kind: str = "bluetooth_live",
    facts: Mapping[str, Any] | None = None,
    why: Iterable[str] = (),
) -> Examined:
    """Return what adverts that an operating system told show; may be called again as more come.

    Parameters
    ----------
    hearing
        What was told.
    source_id, name, kind
        Of the source in the result.
    facts
        More facts on the source.
    why
        Clauses on what was not examined; the source is ``partial`` if there are any.
    """
    return _examined(hearing, source_id=source_id, name=name, kind=kind, facts=facts or {}, why=list(why))


def _examine_recording(stream: BinaryIO, *, source_id: str, name: str) -> Examined:
    reader = AdvertReader(stream, name=name)
    hearing = Hearing()
    for adverts in reader:
        hearing.add(adverts)
    if hearing.messages == 0:
        raise InputError(name, "holds no advert", "Please listen again, for a minute at least.")
    why = [f"the file {reader.truncated}"] if reader.truncated else []
    if reader.unusable:
        why.append(f"{reader.unusable} of its lines are not adverts and were passed over")
    facts = {
        "file_format": "adverts",
        "listened_with": reader.listened_with,
        "unusable_lines": reader.unusable,
        "truncated": reader.truncated is not None,
    }
    return _examined(hearing, source_id=source_id, name=name, kind="bluetooth_capture", facts=facts, why=why)


@dataclass(slots=True)
class Hearing:
    """What was heard so far.

    Parameters
    ----------
    register
        The devices.
    messages
        Frames, events or adverts.
    first_ns, last_ns
        When the first and the last came.
    """

    register: Register = field(default_factory=Register)
    messages: int = 0
    first_ns: int = 0
    last_ns: int = 0

    def add(self, adverts: Iterable[Advert]) -> None:
        """Take in adverts."""
        heard = heard_of(adverts)
        if heard:
            self.count(len(heard), min(item.first_ns for item in heard), max(item.last_ns for item in heard))
            self.register.add(heard)

    def count(self, messages: int, first_ns: int, last_ns: int) -> None:
        """Count messages that came between two times."""
        self.first_ns = min(self.first_ns, first_ns) if self.messages else first_ns
        self.last_ns = max(self.last_ns, last_ns) if self.messages else last_ns
        self.messages += messages


@dataclass(slots=True)
class _Seen(Hearing):
    """What the records of a capture held so far."""

    air: linklayer.AirReader = field(default_factory=linklayer.AirReader)
    events: hci.EventReader = field(default_factory=hci.EventReader)
    records: int = 0

    def take(self, records: Records) -> None:
        """Take in a block of a capture."""
        if len(records) == 0:
            return
        ours = np.isin(records.linktype, list(hci.LINK_TYPES | linklayer.LINK_TYPES - {int(LinkType.PPI)}))
        ours |= linklayer.holds_le_frames(records)
        self.records += len(records)
        if not ours.any():
            return
        times = records.t_ns[ours]
        self.count(int(ours.sum()), int(times.min()), int(times.max()))
        self.register.add(self.air.read(records))
        self.register.add(self.events.read(records))


def _examined(
    hearing: Hearing, *, source_id: str, name: str, kind: str, facts: Mapping[str, Any], why: list[str]
) -> Examined:
    """The devices judged, and the source with its facts."""
    register = hearing.register
    if register.refused:
        why.append(f"it holds more than {register.most} addresses: {register.refused} messages were left out")
    addresses = register.advertisers()
    devices = group(addresses)
    findings = judge(devices, register=register, source_id=source_id, started_ns=hearing.first_ns)
    kept, left_out = keep_strongest(findings)
    told: dict[str, object] = {
        "frames": hearing.messages,
        "advertisers": len(addresses),
        "devices": len(devices),
        "random_addresses": sum(item.kind in RANDOM for item in addresses),
        "seconds": round(max(0, hearing.last_ns - hearing.first_ns) / 1e9, 3),
        "devices_listed": len(kept),
        "devices_not_listed": len(devices) - len(findings) + left_out,
        **facts,
    }
    if hearing.first_ns >= _FIRST_DAY_NS:
        told["started"] = dt.datetime.fromtimestamp(hearing.first_ns // 10**9, tz=dt.UTC).isoformat()
    signals = signals_of(devices, kept, register=register, started_ns=hearing.first_ns)
    if signals:
        told["signal_over_time"] = signals
    reason = "; ".join(why) or None
    return Examined(
        source=Source(
            id=source_id,
            kind=kind,
            name=name,
            state=SourceState.PARTIAL if reason else SourceState.EXAMINED,
            reason=reason,
            facts=told,
        ),
        findings=kept,
    )


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


def _why(end: CaptureEnd, seen: _Seen) -> list[str]:
    """Why the capture was not examined whole, in clauses."""
    parts = []
    if end.truncated:
        parts.append(f"the file {end.truncated}")
    others = seen.records - seen.messages
    if others:
        parts.append(f"{others} of its {seen.records} records are not of Bluetooth and were passed over")
    if end.skipped_records:
        parts.append(f"{end.skipped_records} records were skipped because the file does not say what they are")
    return parts
