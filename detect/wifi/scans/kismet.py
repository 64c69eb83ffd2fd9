"""Kismet's table with semicolons (``.kismet.csv``), as Kismet up to 2013 and airodump-ng write it.

The text here has one character for each byte.
"""

from __future__ import annotations

from ..beacons import decode_ssid
from .listed import Form, ScanBook, ScannedNetwork, ScannedStation, lines_of
from .measures import decimal, mac_of, security_of, whole

_HEADER = "Network;NetType;ESSID;BSSID;"

#: Fields up to the address when the name has no semicolon: number, kind, name.
_NAME, _BSSID = 2, 3


def _recognises(text: str) -> bool:
    return any(line.startswith(_HEADER) for line in lines_of(text[:65536]))


def _read(text: str, book: ScanBook) -> None:
    names: list[str] = []
    last_whole = True
    for line in lines_of(text):
        if line.startswith(_HEADER):
            names = line.split(";")
        elif names and line.strip():
            last_whole = _put(line, names, book)
            book.unreadable += not last_whole
    if not text.endswith("\n") and not last_whole:
        book.unreadable -= 1
        book.damage = "ends within a row: what stands before was read"


def _put(line: str, names: list[str], book: ScanBook) -> bool:
    """Add one row; return whether it is one."""
    fields = line.split(";")
    place = _BSSID
    while place < len(fields) and mac_of(fields[place]) is None:
        place += 1  # a name with semicolons in it
    extra = place - _BSSID
    if len(fields) - extra < min(len(names) - 1, 24):
        return False
    name = ";".join(fields[_NAME:place]).encode("latin-1", "replace")
    row = dict(zip(names[_BSSID:], fields[place:], strict=False))
    bssid = mac_of(row["BSSID"])
    if bssid is None:
        return False
    # airodump-ng writes the signal as the quality; Kismet as the signal, and 0 where it is not known.
    signals = [decimal(row.get(key, "")) for key in ("BestSignal", "BestQuality")]
    signal_dbm = next((value for value in signals if value is not None and value < 0), None)
    if fields[1].strip() == "probe":
        book.add_station(ScannedStation(mac=bssid, signal_dbm=signal_dbm, last_seen=row.get("LastTime")))
        return True
    channel = whole(row.get("Channel", ""))
    book.add_network(
        ScannedNetwork(
            bssid=bssid,
            ssids=(decode_ssid(name),) if name.strip(b"\0 ") else (),
            channel=channel if channel is not None and channel > 0 else None,
            signal_dbm=None if signal_dbm == -1 else signal_dbm,
            security=security_of(row.get("Encryption", "")),
            last_seen=row.get("LastTime"),
        )
    )
    return True


FORM = Form(name="Kismet CSV", recognises=_recognises, read=_read, raw=True)
