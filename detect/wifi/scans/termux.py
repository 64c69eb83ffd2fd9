"""``termux-wifi-scaninfo``: Android, with Termux and its add-on Termux:API."""

from __future__ import annotations

from typing import Any

from .json_text import flat_objects, whole_value
from .listed import Form, ScanBook, ScannedNetwork
from .measures import channel_of, decimal, mac_of, security_of, whole


def _recognises(text: str) -> bool:
    start = text.lstrip()
    return start[:1] == "[" and (start[1:].strip() == "]" or ('"bssid"' in start and '"frequency_mhz"' in start))


def error_in(text: str) -> str | None:
    """Return what Termux:API says went wrong, where the text is such an answer."""
    if text.lstrip()[:1] != "{" or "API_ERROR" not in text[:4096]:
        return None
    value, is_whole = whole_value(text[:65536])
    said = value.get("API_ERROR") if is_whole and isinstance(value, dict) else None
    return said if isinstance(said, str) else None


def _read(text: str, book: ScanBook) -> None:
    value, is_whole = whole_value(text)
    if not is_whole:
        book.damage = "ends within the list: the networks that stand in it whole were read"
        value = flat_objects(text)
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            _put(item, book)
        else:
            book.unreadable += 1


def _put(item: dict[str, Any], book: ScanBook) -> None:
    bssid, name = item.get("bssid"), item.get("ssid")
    address = mac_of(bssid[:64]) if isinstance(bssid, str) else None
    if address is None or not isinstance(name, str | None):
        book.unreadable += 1
        return
    frequency_mhz = whole(item.get("frequency_mhz"))
    book.add_network(
        ScannedNetwork(
            bssid=address,
            ssids=(name,) if name else (),
            channel=channel_of(frequency_mhz),
            frequency_mhz=frequency_mhz,
            signal_dbm=decimal(item.get("rssi")),
            security=security_of(str(item.get("capabilities", ""))[:1024]),
        )
    )


FORM = Form(name="termux-wifi-scaninfo", recognises=_recognises, read=_read)
