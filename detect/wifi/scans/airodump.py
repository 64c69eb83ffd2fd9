"""airodump-ng: its table of networks and stations (``-01.csv``) and its log of sightings (``-01.log.csv``).

Names are written raw by some versions and escaped by others (aircrack-ng, dump_write.c, ``format_text_for_csv``);
the number of their bytes stands before them and decides. The text here has one character for each byte.
"""

from __future__ import annotations

import re

from ..beacons import decode_ssid
from .listed import Form, ScanBook, ScannedNetwork, ScannedStation, lines_of
from .measures import decimal, mac_of, security_of, whole

_NETWORKS = re.compile(r"\s*BSSID, First time seen,", re.IGNORECASE)
_STATIONS = re.compile(r"\s*Station MAC, First time seen,", re.IGNORECASE)
_LOG = re.compile(r"\s*LocalTime,\s?GPSTime,\s?ESSID,\s?BSSID,\s?Power,", re.IGNORECASE)

#: What airodump-ng writes behind a backslash.
_ESCAPES = {"n": 10, "r": 13, "t": 9}
_HEX = re.compile(r"x([0-9A-Fa-f]{2})")

#: Fields before the name in a row of the table, and behind it in a row of the log.
_BEFORE_NAME, _BEHIND_NAME = 13, 8

#: airodump-ng writes -1 for a signal and a channel that it does not know.
_UNKNOWN = -1

_NOTE = "airodump-ng leaves out stations of which it heard control frames only, so silent ones are missing."


def _unescape(text: str) -> bytes:
    """The bytes of an escaped name."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    out = bytearray()
    place = 0
    while place < len(text):
        char = text[place]
        place += 1
        if char == "\\" and place < len(text):
            code = _HEX.match(text, place)
            if code:
                out.append(int(code[1], 16))
                place = code.end()
                continue
            char = text[place]
            place += 1
            out.append(_ESCAPES.get(char, ord(char) & 0xFF))
        else:
            out.append(ord(char) & 0xFF)
    return bytes(out)


def _name_of(rest: str, size: int) -> bytes:
    """The name of `size` bytes at the beginning of what stands behind the other fields, with the key behind it."""
    rest = rest.removeprefix(" ")
    if rest[size : size + 1] in (",", ""):
        return rest[:size].encode("latin-1", "replace")
    name = _unescape(rest.rpartition(",")[0])
    return name if len(name) == size else _unescape(rest.partition(",")[0])


def _put_network(line: str, book: ScanBook) -> bool:
    """Add one row; return whether it is one."""
    fields = line.split(",", _BEFORE_NAME)
    bssid = mac_of(fields[0])
    if bssid is None or len(fields) <= _BEFORE_NAME:
        return False
    size = whole(fields[12])
    name = _name_of(fields[13], size) if size is not None and 0 < size <= 255 else b""
    channel, signal = whole(fields[3]), decimal(fields[8])
    book.add_network(
        ScannedNetwork(
            bssid=bssid,
            ssids=(decode_ssid(name),) if name.strip(b"\0 ") else (),
            channel=channel if channel is not None and channel > 0 else None,
            signal_dbm=None if signal == _UNKNOWN else signal,
            security=security_of(f"{fields[5]} {fields[7]}"),
            last_seen=fields[2].strip(),
        )
    )
    return True


def _put_station(line: str, book: ScanBook) -> bool:
    fields = line.split(",", 6)
    mac = mac_of(fields[0])
    if mac is None or len(fields) < 7:
        return False
    signal, packets = decimal(fields[3]), whole(fields[4])
    asked = re.split(r"(?<!\\),", fields[6])
    book.add_station(
        ScannedStation(
            mac=mac,
            bssid=mac_of(fields[5]),
            signal_dbm=None if signal == _UNKNOWN else signal,
            packets=packets,
            probed=tuple(decode_ssid(_unescape(name)) for name in asked if name),
            last_seen=fields[2].strip(),
        )
    )
    return True


def _recognises(text: str) -> bool:
    return any(_NETWORKS.match(line) or _STATIONS.match(line) for line in lines_of(text[:65536]))


def _read(text: str, book: ScanBook) -> None:
    put = None
    has_stations = False
    last_whole = True
    for line in lines_of(text):
        if _NETWORKS.match(line):
            put = _put_network
        elif _STATIONS.match(line):
            put, has_stations = _put_station, True
        elif put is not None and line.strip():
            last_whole = put(line, book)
            book.unreadable += not last_whole
    if not text.endswith("\n") and not last_whole:
        book.unreadable -= 1
        book.damage = "ends within a row: what stands before was read"
    elif not has_stations:
        book.damage = "ends before the list of stations: what stands before was read"


def _recognises_log(text: str) -> bool:
    return any(_LOG.match(line) for line in lines_of(text[:65536]))


def _read_log(text: str, book: ScanBook) -> None:
    begun = False
    last_whole = True
    for line in lines_of(text):
        if _LOG.match(line):
            begun = True
        elif begun and line.strip():
            last_whole = _put_sighting(line, book)
            book.unreadable += not last_whole
    if not text.endswith("\n") and not last_whole:
        book.unreadable -= 1
        book.damage = "ends within a row: what stands before was read"


def _put_sighting(line: str, book: ScanBook) -> bool:
    """Add one row of the log: time, time of the satellites, name, address, signal, protection, place, kind."""
    front = line.split(",", 2)
    if len(front) < 3:
        return False
    fields = front[2].rsplit(",", _BEHIND_NAME)
    if len(fields) <= _BEHIND_NAME:
        return False
    name, address, signal = _unescape(fields[0]), mac_of(fields[1]), decimal(fields[2])
    if address is None:
        return False
    signal = None if signal == _UNKNOWN else signal
    if fields[8].strip().lower() == "client":
        book.add_station(ScannedStation(mac=address, signal_dbm=signal, last_seen=front[0].strip()))
        return True
    book.add_network(
        ScannedNetwork(
            bssid=address,
            ssids=(decode_ssid(name),) if name.strip(b"\0 ") else (),
            signal_dbm=signal,
            security=security_of(fields[3]),
            last_seen=front[0].strip(),
        )
    )
    return True


FORM = Form(name="airodump-ng", recognises=_recognises, read=_read, raw=True, note=_NOTE)
LOG = Form(name="airodump-ng log", recognises=_recognises_log, read=_read_log, raw=True, note=_NOTE)
