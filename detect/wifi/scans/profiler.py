"""``system_profiler SPAirPortDataType -json``: macOS, without administrator's rights.

Without leave to use the location, macOS writes ``<redacted>`` for names, and mostly no addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .json_text import flat_objects, whole_value
from .listed import Form, ScanBook, ScannedNetwork
from .measures import channel_of, decimal, frequency_of, mac_of, security_of, whole

_LISTS = ("spairport_airport_other_local_wireless_networks", "spairport_airport_local_wireless_networks")
_CURRENT = "spairport_current_network_information"

#: ``149 (5GHz, 80MHz)``
_CHANNEL = re.compile(r"(\d{1,3})(?:\s?\((\d(?:\.\d)?)\s?GHz|\b)")
#: ``-55 dBm / -92 dBm``: signal and noise.
_SIGNAL = re.compile(r"(-\d{1,3}) dBm")

#: What macOS writes for a name that it keeps back.
REDACTED = "<redacted>"


def _recognises(text: str) -> bool:
    return text.lstrip()[:1] == "{" and "spairport" in text.lower()


def _read(text: str, book: ScanBook) -> None:
    value, is_whole = whole_value(text)
    if is_whole:
        for network in _networks(value):
            _put(network, book)
        return
    book.damage = "ends within the list: the networks that stand in it whole were read"
    for item in flat_objects(text):
        if any(key.startswith("spairport_network_") for key in item):
            _put(item, book)


def _networks(value: Any) -> Iterator[dict[str, Any]]:
    """Every network in a document, wherever its shape is as expected."""
    sections = value.get("SPAirPortDataType") if isinstance(value, dict) else None
    for section in _objects(sections):
        for interface in _objects(section.get("spairport_airport_interfaces")):
            current = interface.get(_CURRENT)
            if isinstance(current, dict) and "_name" in current:
                yield current
            for key in _LISTS:
                yield from _objects(interface.get(key))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _put(item: dict[str, Any], book: ScanBook) -> None:
    name = item.get("_name")
    if name is not None and not isinstance(name, str):
        book.unreadable += 1
        return
    withheld = name == REDACTED
    channel = _CHANNEL.match(str(item.get("spairport_network_channel", ""))[:64])
    number = whole(channel[1]) if channel else None
    frequency_mhz = frequency_of(number, band_ghz=decimal(channel[2]) if channel and channel[2] else None)
    # "(2GHz, ...)" is the band at 2.4 GHz.
    signal = _SIGNAL.match(str(item.get("spairport_signal_noise", ""))[:64])
    book.add_network(
        ScannedNetwork(
            bssid=mac_of(str(item.get("spairport_network_bssid", ""))[:64]),
            ssids=(name,) if name and not withheld else (),
            withheld=withheld,
            channel=channel_of(frequency_mhz) or number,
            frequency_mhz=frequency_mhz,
            signal_dbm=decimal(signal[1]) if signal else None,
            security=security_of(str(item.get("spairport_security_mode", ""))[:64]),
        )
    )


FORM = Form(name="system_profiler", recognises=_recognises, read=_read)
