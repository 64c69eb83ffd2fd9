"""``iw dev wlan0 scan``: Linux, with administrator's rights.

Names are printed with every byte that is not plain as ``\\xNN`` (iw, util.c, ``print_ssid_escaped``), so a name can
never look like a line of the list.
"""

from __future__ import annotations

import re

from ..beacons import decode_ssid
from .listed import Form, ScanBook, ScannedNetwork, lines_of
from .measures import MAC, channel_of, decimal, mac_of

_BSS = re.compile(rf"\s*BSS ({MAC})\s*(?:\(|$)")
_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})")
_OUI = re.compile(r"Vendor specific: OUI ([0-9a-fA-F]{2}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2})")


def _recognises(text: str) -> bool:
    return any(_BSS.match(line) for line in lines_of(text))


def unescape(name: str) -> bytes:
    """Return the bytes of a name that is printed with ``\\xNN`` for what is not plain."""
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), name.encode("utf-8", "replace"))


class _Block:
    """The lines of one network."""

    def __init__(self, bssid: int | None) -> None:
        self.bssid = bssid
        self.name: str | None = None
        self.is_mesh = False
        self.frequency_mhz: int | None = None
        self.channel: int | None = None
        self.signal_dbm: float | None = None
        self.last_seen: str | None = None
        self.privacy: bool | None = None
        self.suites: str | None = None
        self.has_rsn = self.has_wpa = False
        self.vendors: list[int] = []
        self.device_name: str | None = None

    def take(self, line: str) -> None:
        """Take what one line tells; elements that are not used are passed over."""
        text = line.strip()
        key, _, value = text.partition(":")
        value = value.strip()
        if key == "SSID" and self.name is None:
            self.name = decode_ssid(unescape(value))
        elif key == "freq":
            number = decimal(value)
            self.frequency_mhz = None if number is None else int(number)
        elif key == "signal" and value.endswith("dBm"):
            self.signal_dbm = decimal(value.removesuffix("dBm"))
        elif key == "last seen":
            self.last_seen = value
        elif key == "capability":
            self.privacy = "Privacy" in value
        elif key == "RSN":
            self.has_rsn = True
        elif key == "WPA":
            self.has_wpa = True
        elif key == "MESH ID":
            self.is_mesh = True
        elif key == "* Authentication suites" and self.has_rsn and self.suites is None:
            self.suites = value
        elif key == "DS Parameter set":
            number = decimal(value.removeprefix("channel"))
            self.channel = None if number is None else int(number)
        elif key == "* Device name":
            self.device_name = decode_ssid(unescape(value))
        elif key == "Vendor specific" and len(self.vendors) < 64:
            oui = _OUI.match(text)
            if oui:
                self.vendors.append(int(oui[1].replace(":", ""), 16))

    @property
    def security(self) -> str | None:
        if self.has_rsn:
            words = (self.suites or "").split()
            if any("SAE" in word for word in words):
                return "WPA3"
            return "OWE" if "OWE" in words else "WPA2"
        if self.has_wpa:
            return "WPA"
        return None if self.privacy is None else "WEP" if self.privacy else "open"

    def put_into(self, book: ScanBook) -> None:
        book.add_network(
            ScannedNetwork(
                bssid=self.bssid,
                ssids=(self.name,) if self.name else (),
                channel=channel_of(self.frequency_mhz) or self.channel,
                frequency_mhz=self.frequency_mhz,
                signal_dbm=self.signal_dbm,
                security=self.security,
                vendors=tuple(dict.fromkeys(self.vendors)),
                device_name=self.device_name,
                last_seen=self.last_seen,
            )
        )


def _read(text: str, book: ScanBook) -> None:
    block: _Block | None = None
    for line in lines_of(text):
        start = _BSS.match(line)
        if start:
            if block is not None:
                block.put_into(book)
            block = _Block(mac_of(start[1]))
        elif block is not None:
            block.take(line)
    if block is not None:
        block.put_into(book)
        if block.name is None and not block.is_mesh:
            book.damage = "ends within a network: what stands before was read"


FORM = Form(name="iw", recognises=_recognises, read=_read)
