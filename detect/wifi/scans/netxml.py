"""Kismet's ``.netxml``, as Kismet up to 2013 and airodump-ng write it.

Read with expat, event by event. The document type that these files name is not fetched; a file that declares
entities is not read on, so nothing can be expanded; depth and text are bounded. The text here has one character
for each byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.parsers import expat

from ..beacons import decode_ssid
from .listed import Form, ScanBook, ScannedNetwork, ScannedStation
from .measures import channel_of, decimal, mac_of, security_of, whole

#: Deepest element read, and longest text of one, in characters: an honest file has 5 and some 80.
_DEPTH, _TEXT = 32, 1024

#: Clients of one network taken; more are made up.
_CLIENTS = 4096

#: Bytes given to the parser at once.
_PIECE = 1 << 20

_FREQUENCY = re.compile(r"(\d{4,5})\b")


class _RefusedError(Exception):
    """The file is hostile; what stands before was read."""


class _Reader:
    """Takes the parser's events and puts networks into a book when they end."""

    def __init__(self, book: ScanBook) -> None:
        self._book = book
        self._path: list[str] = []
        self._text: list[str] = []
        self._size = 0
        self._network: dict[str, list[str]] = {}
        self._clients: list[dict[str, list[str]]] = []
        self._kind = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEPTH:
            raise _RefusedError("nests elements deeper than any list of networks")
        self._text, self._size = [], 0
        if name == "wireless-network":
            self._network = {"last": [attributes.get("last-time", "")]}
            self._clients = []
            self._kind = attributes.get("type", "")
        elif name == "wireless-client" and len(self._clients) < _CLIENTS:
            self._clients.append({"last": [attributes.get("last-time", "")]})

    def data(self, text: str) -> None:
        if self._size < _TEXT:
            self._text.append(text[: _TEXT - self._size])
            self._size += len(text)

    def end(self, name: str) -> None:
        text = "".join(self._text)
        self._text, self._size = [], 0
        if name == "wireless-network":
            self._put()
            self._network = {}
        elif self._network:
            inside = self._clients[-1] if "wireless-client" in self._path and self._clients else self._network
            values = inside.setdefault(name, [])
            if len(values) < 64:
                values.append(text)
        self._path.pop()

    def refuse_entities(self, *declaration: object) -> None:
        raise _RefusedError("declares entities, which no list of networks does")

    def _put(self) -> None:
        network = self._network
        bssid = mac_of(_first(network, "BSSID"))
        if bssid is None:
            self._book.unreadable += 1
            return
        if self._kind == "probe":
            self._put_station(network, mac=bssid, network=None, client=self._clients[0] if self._clients else {})
            return
        channel, heard = whole(_first(network, "channel")), _FREQUENCY.match(_first(network, "freqmhz"))
        frequency_mhz = int(heard[1]) if heard and len(network.get("freqmhz", ())) == 1 else None
        names = [_name(text) for text in network.get("essid", ())]
        self._book.add_network(
            ScannedNetwork(
                bssid=bssid,
                ssids=tuple(name for name in names if name.strip("\0 ")),
                channel=channel if channel is not None and channel > 0 else channel_of(frequency_mhz),
                frequency_mhz=frequency_mhz,
                signal_dbm=_signal(network),
                security=_security(network.get("encryption", ())),
                last_seen=_first(network, "last"),
            )
        )
        for client in self._clients:
            mac = mac_of(_first(client, "client-mac"))
            if mac is None:
                self._book.unreadable += 1
            elif mac != bssid:  # Kismet lists the access point among its own clients
                self._put_station(client, mac=mac, network=bssid, client=client)

    def _put_station(
        self, seen: dict[str, list[str]], *, mac: int, network: int | None, client: dict[str, list[str]]
    ) -> None:
        asked = [_name(text) for text in (*client.get("ssid", ()), *client.get("essid", ()))]
        self._book.add_station(
            ScannedStation(
                mac=mac,
                bssid=network,
                signal_dbm=_signal(seen),
                packets=max((whole(text) or 0 for text in seen.get("total", ())), default=None),
                probed=tuple(name for name in asked if name.strip("\0 ")),
                last_seen=_first(seen, "last"),
            )
        )


def _first(values: Mapping[str, list[str]], key: str) -> str:
    return (values.get(key) or [""])[0]


def _signal(values: Mapping[str, list[str]]) -> float | None:
    """The strongest signal, or the last: what is not negative, or -1, is not known."""
    told = (decimal(_first(values, key)) for key in ("max_signal_dbm", "last_signal_dbm"))
    return next((value for value in told if value is not None and value < -1), None)


def _security(words: list[str] | tuple[()]) -> str | None:
    """airodump-ng names WPA2's cipher beside the word WPA: AES-CCM is that of WPA2."""
    told = " ".join(words)
    found = security_of(told)
    return "WPA2" if found == "WPA" and "AES-CCM" in told else found


def _name(text: str) -> str:
    """A name: airodump-ng writes each byte as a character reference."""
    try:
        return decode_ssid(text.encode("latin-1"))
    except UnicodeEncodeError:
        return text


def _recognises(text: str) -> bool:
    start = text[:65536].lstrip("\ufeff\xef\xbb\xbf \t\r\n")
    return start.startswith("<") and ("<detection-run" in text[:65536] or "<wireless-network" in text[:65536])


def _read(text: str, book: ScanBook) -> None:
    data = text.encode("latin-1", "replace")
    try:
        data.decode("utf-8")
        encoding = "UTF-8"
    except UnicodeDecodeError:
        encoding = "ISO-8859-1"
    # The encoding is set here, so that a file cannot choose a codec.
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    reader = _Reader(book)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.EntityDeclHandler = reader.refuse_entities
    try:
        for start in range(0, len(data), _PIECE):
            parser.Parse(data[start : start + _PIECE], False)
        parser.Parse(b"", True)
    except _RefusedError as refused:
        book.damage = f"{refused}: what stands before was read"
    except expat.ExpatError as error:
        book.damage = f"is cut or damaged at line {error.lineno}: the networks that stand before it whole were read"


FORM = Form(name="Kismet netxml", recognises=_recognises, read=_read, raw=True)
