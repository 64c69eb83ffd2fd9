"""``netsh wlan show networks mode=bssid``: Windows, in any language.

The words differ with the language; what every language shares is the structure: ``SSID n :`` begins a network,
``BSSID n :`` with an address begins one of its access points (German Windows prints ``BSSIDD``), and of its values
the first in percent is the signal, the first small whole number after it at the same indent is the channel, and
one in GHz is the band. Deeper lines (load of the channel, access points beside it) are passed over.
"""

from __future__ import annotations

import re

from .listed import Form, ScanBook, ScannedNetwork, lines_of
from .measures import channel_of, decimal, frequency_of, mac_of, security_of, whole, windows_dbm

#: A full-width colon is what some Asian input turns a colon into.
_COLON = re.compile("[:：]")
_SSID = re.compile(r"\s*SSID\s+\d{1,6}\s*")
_NUMBERED = re.compile(r"\s*\S{1,40}\s+\d{1,6}\s*")
#: Turkish writes the sign first.
_PERCENT = re.compile(r"(\d{1,3})\s?[%％٪]|[%％٪]\s?(\d{1,3})")
_BAND = re.compile(r"(\d(?:[.,]\d)?)\s?GHz", re.IGNORECASE)
_CHANNEL = re.compile(r"\d{1,3}")
_RSSI = re.compile(r"-\d{1,3}(?:\s?dBm)?")
#: Names of ciphers, which no language translates.
_CIPHER = re.compile(r"CCMP|TKIP|GCMP|WEP|AES|BIP", re.IGNORECASE)
#: Marks without a width that Windows puts round numbers in some languages.
_MARKS = str.maketrans("", "", "\u200e\u200f\u202a\u202b\u202c\ufeff")


def _split(line: str) -> tuple[str, str] | None:
    """Key and value of a line, or None."""
    colon = _COLON.search(line)
    return (line[: colon.start()], line[colon.end() :]) if colon else None


def _recognises(text: str) -> bool:
    pairs = (_split(line) for line in lines_of(text))
    return any(pair and _SSID.fullmatch(pair[0]) for pair in pairs)


class _Network:
    """The lines of one network, with the access point that is being read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head: list[str] = []
        self.points = 0
        self.bssid: int | None = None
        self.percent: int | None = None
        self.rssi_dbm: float | None = None
        self.indent = 0
        self.channel: int | None = None
        self.band_ghz: float | None = None

    def begin_point(self, bssid: int, book: ScanBook) -> None:
        if self.points:
            self.put_into(book)
        self.points += 1
        self.bssid, self.percent, self.rssi_dbm = bssid, None, None
        self.channel, self.band_ghz, self.indent = None, None, 0

    def take(self, key: str, value: str) -> None:
        value = value.translate(_MARKS).strip()
        if not self.points:
            self.head.append(value)
            return
        indent = len(key) - len(key.lstrip())
        percent = _PERCENT.fullmatch(value)
        band = _BAND.fullmatch(value)
        if percent and self.percent is None:
            self.percent, self.indent = int(percent[1] or percent[2]), indent
        elif self.percent is None or indent != self.indent:
            return
        elif band:
            self.band_ghz = decimal(band[1].replace(",", "."))
        elif _CHANNEL.fullmatch(value) and self.channel is None:
            self.channel = whole(value)
        elif _RSSI.fullmatch(value):
            self.rssi_dbm = decimal(value.removesuffix("dBm"))

    @property
    def security(self) -> str | None:
        """From the lines before the first access point: kind of network, who may join, cipher."""
        joined = " ".join(self.head)
        found = security_of(joined)
        if found is None and len(self.head) == 3 and not _CIPHER.search(self.head[2]) and self.head[2]:
            return "open"
        return found

    def put_into(self, book: ScanBook) -> None:
        frequency_mhz = frequency_of(self.channel, band_ghz=self.band_ghz)
        book.add_network(
            ScannedNetwork(
                bssid=self.bssid,
                ssids=(self.name,) if self.name else (),
                channel=channel_of(frequency_mhz) or self.channel,
                frequency_mhz=frequency_mhz,
                signal_dbm=windows_dbm(self.percent) if self.rssi_dbm is None else self.rssi_dbm,
                signal_percent=self.percent if self.rssi_dbm is None else None,
                security=self.security,
            )
        )


def _read(text: str, book: ScanBook) -> None:
    network: _Network | None = None
    points = 0
    for line in lines_of(text):
        pair = _split(line)
        if pair is None:
            continue
        key, value = pair
        if _SSID.fullmatch(key):
            if network is not None:
                network.put_into(book)
            network = _Network(value.strip())
        elif network is not None:
            address = mac_of(value) if _NUMBERED.fullmatch(key) else None
            if address is None:
                network.take(key, value)
            else:
                points += 1
                network.begin_point(address, book)
    if network is None:
        return
    network.put_into(book)
    # A list with mode=bssid ends in an access point with its signal.
    if points and (not network.points or network.percent is None):
        book.damage = "ends within a network: what stands before was read"


FORM = Form(name="netsh", recognises=_recognises, read=_read)
