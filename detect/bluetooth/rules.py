"""From what an advertiser says to evidence: camera names, makers, worn cameras, trackers, set-up.

The knowledge is in the tables behind :mod:`roomsweep.detect.signatures.match` and in the table
``ble_context``; this module decides which rule a match is and how it is put in words. Makers that sell
mostly other things never accuse: they are noted with what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Self
from uuid import UUID

from ..mac import format_mac
from ..result import Evidence, Grade
from ..signatures.match import (
    Signature,
    match_ble_company,
    match_ble_name,
    match_ble_uuid,
    vendor_of,
)
from ..signatures.signature import signature_of
from ..signatures.tables import load_table
from ..text import clean
from ..weighing import weigh
from .advertisers import Advertiser
from .advertising import Uuid, uuid_text
from .heard import AddressKind

#: Kinds of the signature tables: cameras that people wear or carry.
WORN = frozenset({"wearable_camera", "body_camera", "action_camera"})

#: Kinds whose names are a camera's own statement, besides the worn ones.
_CAMERA_NAMES = frozenset({"camera_vendor", "public_cam", "dashcam", "baby_monitor"})

#: Kinds that many things without a camera share.
_SHARED = frozenset({"ambiguous"})

#: Names looked at per device; one device has one name, or two while it is renamed.
_NAMES_TRIED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One thing known about an advertiser.

    Parameters
    ----------
    evidence
        The rule that fired, in words.
    kind
        Kind of the signature: ``wearable_camera``, ``tracker``, ``setup``, ...
    device
        What the thing is, in words of the table.
    """

    evidence: Evidence
    kind: str
    device: str


def known_of(advertiser: Advertiser) -> tuple[Known, ...]:
    """Return what the tables know about `advertiser`, each rule once, the heaviest first."""
    best: dict[str, Known] = {}
    for known in _all(advertiser):
        rule = known.evidence.rule
        if rule not in best or known.evidence.grade < best[rule].evidence.grade:
            best[rule] = known
    return tuple(sorted(best.values(), key=lambda known: -known.evidence.weight_db))


def _all(advertiser: Advertiser) -> Iterator[Known]:
    for name in advertiser.names[:_NAMES_TRIED]:
        found = match_ble_name(name)
        if found:
            yield _known(_name_rule(found), found, f"It calls itself “{clean(name)}”: {found.device}.")
    for company in advertiser.companies:
        found = match_ble_company(company)
        if found:
            yield _known(
                _maker_rule(found, "ble_company"),
                found,
                f"It sends data marked with company number 0x{company:04x}: {found.device}.",
            )
    for uuid in advertiser.services:
        found = match_ble_uuid(uuid)
        if found and found.kind != "tracker":
            yield _known(
                _maker_rule(found, "ble_uuid"),
                found,
                f"It announces the service {uuid_text(uuid)}: {found.device}.",
            )
    if advertiser.kind in (AddressKind.PUBLIC, AddressKind.CLASSIC):
        vendor = vendor_of(advertiser.addresses[-1])
        if vendor and vendor.tier == "camera_narrow":
            prefix = format_mac(advertiser.addresses[-1])[:8]
            yield Known(
                evidence=weigh(
                    "vendor.ble_address",
                    f"Its address begins with {prefix}, bought by the camera maker {clean(vendor.name)}.",
                    reference=vendor.source,
                ),
                kind="camera_vendor",
                device=clean(vendor.name),
            )
    for found, text in _payloads(advertiser):
        yield _known("identity.worn_ble_payload", found, f"Its advert holds the text {text}: {found.device}.")
    for found, says in _context(advertiser):
        rule = "setup.ble" if found.kind == "setup" else "context.tracker"
        yield _known(rule, found, says)


def _name_rule(found: Signature) -> str:
    if found.kind in WORN | _CAMERA_NAMES and found.grade in (Grade.A, Grade.B):
        return "identity.worn_ble_name" if found.kind in WORN else "identity.ble_name"
    return "worn.ble_name" if found.kind in WORN else "hint.ble_name"


def _maker_rule(found: Signature, field: str) -> str:
    if found.kind in WORN:
        return f"worn.{field}"
    if found.kind == "camera_vendor":
        return f"vendor.{field}"
    return "context.ble_shared" if found.kind in _SHARED else "context.ble_maker"


def _known(rule: str, found: Signature, says: str) -> Known:
    note = f" Note: {found.note}." if found.note else ""
    return Known(
        evidence=weigh(rule, says + note, reference=found.source, grade=found.grade),
        kind=found.kind,
        device=found.device,
    )


def _payloads(advertiser: Advertiser) -> Iterator[tuple[Signature, str]]:
    """Texts inside what it sends, by the table ``ble_payloads``."""
    contents = {
        "uuid": [UUID(uuid).bytes for uuid in advertiser.services if isinstance(uuid, str)],
        "service_data": [data for _, data in advertiser.service_data],
        "company_data": [data for _, data in advertiser.manufacturer],
    }
    for text, fields, found in _payload_rows():
        needles = (text.encode(), text.encode()[::-1])
        if any(needle in content for field in fields for content in contents[field] for needle in needles):
            yield found, text


@cache
def _payload_rows() -> tuple[tuple[str, tuple[str, ...], Signature], ...]:
    return tuple(
        (row["text"], tuple(row["where"].split()), signature_of("ble_payloads", row["text"], row))
        for row in load_table("ble_payloads").rows
    )


def _context(advertiser: Advertiser) -> Iterator[tuple[Signature, str]]:
    """Trackers and devices in set-up, by the table ``ble_context``; what asks for more bits comes first."""
    numbers, names = _context_rows()
    contents: list[tuple[str, str, bytes]] = []
    contents += [("company_data", f"0x{number:04x}", data) for number, data in advertiser.manufacturer]
    contents += [("service_data", uuid_text(uuid), data) for uuid, data in advertiser.service_data]
    for field, owner, beginning, found in numbers:
        if any(field == f and owner == o and beginning.begins(data) for f, o, data in contents):
            yield found, f"It sends the advert of this sort: {found.device}."
    services: tuple[Uuid, ...] = advertiser.services
    for uuid in services:
        row = _context_uuids().get(uuid_text(uuid))
        if row:
            yield row, f"It announces the service {uuid_text(uuid)}: {row.device}."
    for name in advertiser.names[:_NAMES_TRIED]:
        for pattern, row in names:
            if pattern.fullmatch(name):
                yield row, f"It calls itself “{clean(name)}”: {row.device}."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beginning:
    """How a content begins: as many bytes as `size`, equal to `value` where `mask` has ones."""

    size: int
    value: int
    mask: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Read hexadecimal digits, and a mask behind a slash where not every bit counts."""
        digits, _, mask = text.partition("/")
        size = len(digits) // 2
        return cls(size=size, value=int(digits or "0", 16), mask=int(mask or "f" * (2 * size) or "0", 16))

    def begins(self, content: bytes) -> bool:
        """Whether `content` begins so."""
        return len(content) >= self.size and int.from_bytes(content[: self.size]) & self.mask == self.value


@cache
def _context_uuids() -> dict[str, Signature]:
    rows = load_table("ble_context").rows
    return {row["value"]: signature_of("ble_context", row["value"], row) for row in rows if row["field"] == "uuid"}


@cache
def _context_rows() -> tuple[
    tuple[tuple[str, str, _Beginning, Signature], ...], tuple[tuple[re.Pattern[str], Signature], ...]
]:
    """Beginnings of contents, those of the most bits first, and patterns of names."""
    beginnings, names = [], []
    for row in load_table("ble_context").rows:
        found = signature_of("ble_context", row["value"], row)
        if row["field"] == "name":
            names.append((re.compile(row["value"], re.DOTALL), found))
        elif row["field"] != "uuid":
            owner, _, begins = row["value"].partition(":")
            beginnings.append((row["field"], owner, _Beginning.of(begins), found))
    beginnings.sort(key=lambda item: -item[2].mask.bit_count())
    return tuple(beginnings), tuple(names)
