"""WiGLE's table (``WigleWifi-1.4``, ``-1.6``), which Android's WiGLE app, Kismet and many collectors write.

Only rows of Wi-Fi are taken; where they were seen is not read.
"""

from __future__ import annotations

import csv

from .listed import Form, ScanBook, ScannedNetwork, lines_of
from .measures import channel_of, decimal, mac_of, security_of, whole


def _recognises(text: str) -> bool:
    return any(_header(line) for _, line in zip(range(3), lines_of(text[:65536]), strict=False))


def _header(line: str) -> list[str]:
    """The names of the columns, if the line is the header; older files call the address ``netid``."""
    names = [name.strip().lower() for name in line.lstrip("\ufeff").split(",")]
    return names if {"mac", "ssid", "authmode"} <= set(names) or {"netid", "ssid", "rssi"} <= set(names) else []


def _read(text: str, book: ScanBook) -> None:
    names: list[str] = []
    last_whole = True
    for line in lines_of(text):
        if not names:
            names = _header(line)
        elif line.strip():
            last_whole = _put(line, names, book)
            book.unreadable += not last_whole
    if not text.endswith("\n") and not last_whole:
        book.unreadable -= 1
        book.damage = "ends within a row: what stands before was read"


def _put(line: str, names: list[str], book: ScanBook) -> bool:
    """Add one row; return whether it is one."""
    try:
        fields = next(csv.reader([line]))
    except (csv.Error, StopIteration):
        return False
    if len(fields) < len(names):
        return False
    row = dict(zip(names, fields, strict=False))
    kind = row.get("type", "WIFI").strip().upper() or "WIFI"
    if kind not in ("WIFI", "W"):
        return True
    bssid = mac_of(row.get("mac") or row.get("netid") or "")
    if bssid is None:
        return False
    frequency_mhz = whole(row.get("frequency", "")) or None
    channel = whole(row.get("channel", ""))
    book.add_network(
        ScannedNetwork(
            bssid=bssid,
            ssids=(row["ssid"],) if row["ssid"] else (),
            channel=channel_of(frequency_mhz) or (channel if channel and channel > 0 else None),
            frequency_mhz=frequency_mhz,
            signal_dbm=decimal(row.get("rssi", "")),
            security=security_of(row.get("authmode", "")),
            last_seen=row.get("lastseen") or row.get("firstseen"),
        )
    )
    return True


FORM = Form(name="WiGLE CSV", recognises=_recognises, read=_read)
