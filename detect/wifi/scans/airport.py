"""``airport -s``: macOS up to 14, without administrator's rights.

The name stands right-aligned before the address; newer systems leave the address out.
"""

from __future__ import annotations

import re

from .listed import Form, ScanBook, ScannedNetwork, lines_of
from .measures import MAC, decimal, mac_of, security_of, whole

_HEADER = re.compile(r"\s*SSID BSSID\s+RSSI\s+CHANNEL\s")

#: What stands behind the name: the last of its kind in the line, so a name cannot forge it.
_TAIL = re.compile(
    rf"\s(?P<bssid>{MAC}|\s{{2,24}})\s(?P<rssi>-\d{{1,3}})\s{{1,4}}(?P<channel>\d{{1,3}})(?:,[+-]\d)?\s{{1,12}}"
    r"[YN]\s{1,4}(?:[A-Z0-9]{2}|--)\s(?P<security>.*)"
)

#: Longest line: a name of 32 characters in full width, the columns, and the words for the protection.
_LINE = 512


def _recognises(text: str) -> bool:
    return any(_HEADER.match(line) for line in lines_of(text[:65536]))


def _read(text: str, book: ScanBook) -> None:
    last_whole = True
    begun = False
    for line in lines_of(text):
        if _HEADER.match(line):
            begun = True
        elif begun and line.strip():
            last_whole = _put(line[:_LINE], book)
            book.unreadable += not last_whole
    if not last_whole:
        book.unreadable -= 1
        book.damage = "ends within a row: what stands before was read"


def _put(line: str, book: ScanBook) -> bool:
    """Add one row; return whether it is one."""
    found = None
    for match in _TAIL.finditer(line):
        found = match
        if match["bssid"].strip():
            # A tail within another's words for the protection would be a name's; only the last counts.
            later = _TAIL.search(line, match.start() + 1)
            while later:
                found, later = later, _TAIL.search(line, later.start() + 1)
            break
    if found is None:
        return False
    name = line[: found.start()].lstrip(" ")
    book.add_network(
        ScannedNetwork(
            bssid=mac_of(found["bssid"]),
            ssids=(name,) if name else (),
            channel=whole(found["channel"]),
            signal_dbm=decimal(found["rssi"]),
            security=security_of(found["security"]),
        )
    )
    return True


FORM = Form(name="airport", recognises=_recognises, read=_read)
