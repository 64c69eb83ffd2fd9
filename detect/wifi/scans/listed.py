"""What a list of networks says, in one form for every program that prints one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...mac import is_group

#: Most networks and most stations taken from one list. A day of collecting in a city gives some ten thousand;
#: Linux keeps 1,000 in its own list (net/wireless/scan.c, ``bss_entries_limit``).
MAX_NETWORKS = MAX_STATIONS = 50_000

#: Names kept for one address: a device that says more is making them up.
MAX_NAMES = 64

#: Longest name kept, in characters: 32 bytes (IEEE 802.11-2020, 9.4.2.2), each up to four characters as an escape.
NAME_CHARACTERS = 128

#: Longest line looked at, in characters; the rest of a longer one is left out. The longest honest lines are rows
#: of Kismet's tables, of some 400.
LINE_CHARACTERS = 4096

#: From weakest to strongest, to tell what a network offers at most.
SECURITY_ORDER = ("open", "WEP", "WPA", "OWE", "WPA2", "WPA3")

#: Signals outside are not measurements: some programs write 0, 1 or -256 for "not known". Thermal noise over
#: 20 MHz is -101 dBm (-174 dBm/Hz + 73 dB), so nothing under -120 dBm is ever heard.
_WEAKEST_DBM, _STRONGEST_DBM = -120.0, -1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedNetwork:
    """One network of a list.

    Parameters
    ----------
    bssid
        Address as an integer; None where the list does not tell it.
    ssids
        Its names as text, each once; mostly one.
    hidden
        Whether it is listed without a name.
    withheld
        Whether the system kept the name back: there may be one.
    channel, frequency_mhz
        As listed; the channel also reckoned from the frequency.
    signal_dbm
        Strongest signal listed, or reckoned from `signal_percent`.
    signal_percent
        Where the list tells the signal in percent only.
    security
        One of :data:`SECURITY_ORDER`; None where it is not told.
    vendors
        OUIs of vendor elements, where the list has them.
    device_name
        What the device calls itself besides its SSID (Wi-Fi Protected Setup).
    last_seen
        As the list words it.
    """

    bssid: int | None
    ssids: tuple[str, ...] = ()
    hidden: bool = False
    withheld: bool = False
    channel: int | None = None
    frequency_mhz: int | None = None
    signal_dbm: float | None = None
    signal_percent: int | None = None
    security: str | None = None
    vendors: tuple[int, ...] = ()
    device_name: str | None = None
    last_seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedStation:
    """One station of a list that has stations.

    Parameters
    ----------
    mac
        Address as an integer.
    bssid
        The network it belongs to, if it is told.
    signal_dbm
        Strongest signal listed.
    packets
        Frames counted by the program that made the list.
    probed
        Names it asked for.
    last_seen
        As the list words it.
    """

    mac: int
    bssid: int | None = None
    signal_dbm: float | None = None
    packets: int | None = None
    probed: tuple[str, ...] = ()
    last_seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanList:
    """A list as read.

    Parameters
    ----------
    form
        Name of the program or form: ``iw``, ``netsh``, ``WiGLE CSV``, ...
    networks, stations
        Each address once, in the order listed.
    damage
        How the list is cut or damaged, as a clause whose subject is the file; None if it is whole.
    unreadable
        Rows that make no sense.
    refused
        Networks, stations and names left out because there were more than any place has.
    """

    form: str
    networks: tuple[ScannedNetwork, ...]
    stations: tuple[ScannedStation, ...]
    damage: str | None
    unreadable: int
    refused: int


class ScanBook:
    """Collects the rows of a list: each address once, bounded whatever the file holds."""

    def __init__(self) -> None:
        self._networks: dict[object, ScannedNetwork] = {}
        self._stations: dict[int, ScannedStation] = {}
        #: How the list is cut or damaged, as a clause whose subject is the file.
        self.damage: str | None = None
        #: Rows that make no sense.
        self.unreadable = 0
        self._refused = 0

    def add_network(self, network: ScannedNetwork) -> None:
        """Add one row; another row of the same address adds what is new and the stronger signal."""
        if network.bssid is not None and (network.bssid == 0 or is_group(network.bssid)):
            self.unreadable += 1
            return
        names = tuple(dict.fromkeys(name for name in map(_kept, network.ssids) if name.strip("\0 ")))
        key: object = network.bssid
        if network.bssid is None:
            key = (names, network.channel, network.withheld) if names else len(self._networks)
        old = self._networks.get(key)
        if old is None and len(self._networks) >= MAX_NETWORKS:
            self._refused += 1
            return
        if old is not None:
            names = tuple(dict.fromkeys((*old.ssids, *names)))
            self._refused += max(0, len(names) - MAX_NAMES)
            names = names[:MAX_NAMES]
        percent = network.signal_percent
        if percent is not None and not 0 <= percent <= 100:
            percent = None
        dbm = network.signal_dbm
        if dbm is not None and not _WEAKEST_DBM <= dbm <= _STRONGEST_DBM:
            dbm = None
        if old is not None and (dbm is None or (old.signal_dbm is not None and old.signal_dbm >= dbm)):
            dbm, percent = old.signal_dbm, old.signal_percent if percent is None else percent
        last_seen = network.last_seen[:NAME_CHARACTERS] if network.last_seen else None
        self._networks[key] = ScannedNetwork(
            bssid=network.bssid,
            ssids=names,
            hidden=not names and not network.withheld,
            withheld=network.withheld and not names,
            channel=_first(network.channel, old.channel if old else None),
            frequency_mhz=_first(network.frequency_mhz, old.frequency_mhz if old else None),
            signal_dbm=dbm,
            signal_percent=percent,
            security=_stronger(network.security, old.security if old else None),
            vendors=network.vendors or (old.vendors if old else ()),
            device_name=(_kept(network.device_name) if network.device_name else None)
            or (old.device_name if old else None),
            last_seen=last_seen or (old.last_seen if old else None),
        )

    def add_station(self, station: ScannedStation) -> None:
        """Add one row; another row of the same address adds what is new and the stronger signal."""
        if station.mac == 0 or is_group(station.mac):
            self.unreadable += 1
            return
        old = self._stations.get(station.mac)
        if old is None and len(self._stations) >= MAX_STATIONS:
            self._refused += 1
            return
        names = (*(old.probed if old else ()), *(name for name in map(_kept, station.probed) if name.strip("\0 ")))
        names = tuple(dict.fromkeys(names))
        self._refused += max(0, len(names) - MAX_NAMES)
        dbm = station.signal_dbm
        if dbm is not None and not _WEAKEST_DBM <= dbm <= _STRONGEST_DBM:
            dbm = None
        signals = [item for item in (dbm, old.signal_dbm if old else None) if item is not None]
        packets = [item for item in (station.packets, old.packets if old else None) if item is not None]
        last_seen = station.last_seen[:NAME_CHARACTERS] if station.last_seen else None
        self._stations[station.mac] = ScannedStation(
            mac=station.mac,
            bssid=_first(station.bssid, old.bssid if old else None),
            signal_dbm=max(signals, default=None),
            packets=max(packets, default=None),
            probed=names[:MAX_NAMES],
            last_seen=last_seen or (old.last_seen if old else None),
        )

    def __len__(self) -> int:
        return len(self._networks) + len(self._stations)

    def listing(self, form: str) -> ScanList:
        """Return what was collected."""
        return ScanList(
            form=form,
            networks=tuple(self._networks.values()),
            stations=tuple(self._stations.values()),
            damage=self.damage,
            unreadable=self.unreadable,
            refused=self._refused,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of list: how it is told, and how it is read.

    Parameters
    ----------
    name
        What people call it.
    recognises
        Whether the beginning of a text is of this form.
    read
        Puts the rows of a whole text into a book; raises nothing on hostile text.
    raw
        Whether it takes the file's bytes, one character for each: names in it have encodings of their own.
    note
        What lists of this form leave out, as a sentence; empty if nothing but what every list does.
    """

    name: str
    recognises: Callable[[str], bool]
    read: Callable[[str, ScanBook], None]
    raw: bool = False
    note: str = field(default="")


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of a text without their ends; only a line feed ends one, whatever names contain."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start : min(end, start + LINE_CHARACTERS)].rstrip("\r")
        start = end + 1


def _kept(name: str) -> str:
    """A name cut to what a name can have, and free of halves of characters, which no encoding can write."""
    return name[:NAME_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _first(new: int | None, old: int | None) -> int | None:
    return old if new is None else new


def _stronger(new: str | None, old: str | None) -> str | None:
    known = [item for item in (new, old) if item is not None]
    return max(known, key=SECURITY_ORDER.index, default=None)
