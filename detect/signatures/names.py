"""What a network's or a Bluetooth device's own words say about it: names and assigned numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from .signature import FLAGS, Signature, patterns, signature_of
from .tables import load_table

#: An SSID has at most 32 bytes (IEEE 802.11-2020, 9.4.2.2), so at most 32 characters.
SSID_LIMIT = 32

#: A Bluetooth device name has at most 248 bytes (Bluetooth Core 5.4, Vol 3, Part C, 3.2.2).
BLE_NAME_LIMIT = 248

#: The Bluetooth base UUID: an assigned 16-bit number stands in its first four bytes
#: (Bluetooth Core 5.4, Vol 3, Part B, 2.5.1).
_BASE_UUID = re.compile(r"0000([0-9a-f]{4})-0000-1000-8000-00805f9b34fb")

#: A peer-to-peer device ID: operator's prefix, serial number, check code (palant.info, 2025-11-05).
_DEVICE_ID = re.compile(r"([A-Z]{3,7})-\d{6}-[A-Z]{5}", FLAGS)


def match_ssid(ssid: str) -> Signature | None:
    """Return what is known of networks named like `ssid`, best grade first, or None.

    A name that is a peer-to-peer device ID is a camera whatever its prefix; where the prefix is in the
    table ``p2p_prefixes``, the signature names the family and both sources.

    Parameters
    ----------
    ssid
        The network's name as decoded, not cleaned. Case counts.
    """
    found = patterns("ssids", limit=SSID_LIMIT).match(ssid)
    if found is None or found.kind != "p2p_cam":
        return found
    device_id = _DEVICE_ID.fullmatch(ssid)
    family = _p2p_families().get(device_id[1]) if device_id else None
    if family is None:
        return found
    return replace(
        found,
        device=f"{family.device} (device ID prefix {family.pattern})",
        kind=family.kind,
        note="; ".join(filter(None, (found.note, family.note))),
        source=f"{found.source}; prefix: {family.source}",
    )


def match_ble_name(name: str) -> Signature | None:
    """Return what is known of Bluetooth devices that call themselves like `name`, or None. Case counts."""
    return patterns("ble_names", limit=BLE_NAME_LIMIT).match(name)


def match_p2p_prefix(prefix: str) -> Signature | None:
    """Return the family of the peer-to-peer cameras whose device IDs begin with `prefix`, or None."""
    return _p2p_families().get(prefix)


def match_ble_company(company_id: int) -> Signature | None:
    """Return what is known of the company with the assigned number `company_id`, or None."""
    return _ble_companies().get(company_id)


def match_ble_uuid(uuid: int | str) -> Signature | None:
    """Return what is known of a service UUID, or None.

    Parameters
    ----------
    uuid
        The 16-bit number, or the canonical text of all 128 bits. Text in the form of the Bluetooth base
        UUID is looked up by its 16 bits.
    """
    if isinstance(uuid, str):
        uuid = uuid.lower()
        base = _BASE_UUID.fullmatch(uuid)
        if base:
            uuid = int(base[1], 16)
    return _ble_uuids().get(uuid)


@cache
def _p2p_families() -> dict[str, Signature]:
    return {row["prefix"]: signature_of("p2p_prefixes", row["prefix"], row) for row in load_table("p2p_prefixes").rows}


@cache
def _ble_companies() -> dict[int, Signature]:
    return {
        int(row["company_id"], 16): signature_of("ble_companies", row["company_id"], row)
        for row in load_table("ble_companies").rows
    }


@cache
def _ble_uuids() -> dict[int | str, Signature]:
    out: dict[int | str, Signature] = {}
    for row in load_table("ble_uuids").rows:
        text = row["uuid"]
        out[int(text, 16) if text.startswith("0x") else text] = signature_of("ble_uuids", text, row)
    return out
