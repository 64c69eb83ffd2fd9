"""Networks by their BSSID, put together from everything that was said about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .beacons import ASSOCIATION, BEACON, PROBE_REQUEST, PROBE_RESPONSE, REASSOCIATION, Elements, is_hidden

#: Names kept per network and per station: a device that says more is making them up.
MAX_NAMES = 64

#: Fingerprints kept per address and sort of frame: a real radio has a few (bands, named and unnamed probes).
MAX_FINGERPRINTS = 8

#: Sorts of frames with fingerprints, in the words of the table ``wifi_fingerprints``.
FRAME_WORDS = {
    ASSOCIATION: "join",
    REASSOCIATION: "join",
    PROBE_REQUEST: "probe",
    PROBE_RESPONSE: "answer",
    BEACON: "beacon",
}

#: From weakest to strongest, to report what a network offers at most.
_SECURITY_ORDER = ("open", "WEP", "WPA", "OWE", "WPA2", "WPA3")


@dataclass(slots=True, kw_only=True)
class Network:
    """One BSSID.

    Parameters
    ----------
    bssid
        Address as an integer.
    ssids
        Its names as bytes, each once, in the order heard; never hidden ones.
    hidden
        Whether it beacons without a name.
    security
        See :class:`~roomsweep.detect.wifi.beacons.Elements`; None where no beacon or response was heard.
    channel
        As it says itself.
    vendors
        OUIs of its vendor elements.
    interval_tu, clock_start_us
        See :class:`~roomsweep.detect.wifi.beacons.Elements`; as first told.
    wps_uuid, wps_names
        The same; of the frame that tells most.
    """

    bssid: int
    ssids: list[bytes] = field(default_factory=list)
    hidden: bool = False
    security: str | None = None
    channel: int | None = None
    vendors: tuple[int, ...] = ()
    interval_tu: int | None = None
    clock_start_us: int | None = None
    wps_uuid: bytes | None = None
    wps_names: tuple[bytes, ...] = ()


class NetworkBook:
    """Collects what management frames say, into networks and into the names that stations ask for."""

    def __init__(self) -> None:
        #: By BSSID.
        self.networks: dict[int, Network] = {}
        #: Names asked for in probe requests, by station.
        self.probed: dict[int, list[bytes]] = {}
        #: Fingerprints by address and sort of frame (:data:`FRAME_WORDS`), each once, in the order heard.
        self.fingerprints: dict[int, dict[str, list[str]]] = {}

    def add(self, told: Iterable[Elements]) -> None:
        """Add what the frames of one block say."""
        for item in told:
            if item.fingerprint:
                known = self.fingerprints.setdefault(item.transmitter, {}).setdefault(FRAME_WORDS[item.subtype], [])
                if item.fingerprint not in known and len(known) < MAX_FINGERPRINTS:
                    known.append(item.fingerprint)
            if item.subtype == PROBE_REQUEST:
                if item.ssid and not is_hidden(item.ssid):
                    _append(self.probed.setdefault(item.transmitter, []), item.ssid)
            elif item.subtype in (ASSOCIATION, REASSOCIATION):
                # A station that joins names the network, also a hidden one. Address 3 is the BSSID.
                if item.ssid and not is_hidden(item.ssid) and item.bssid:
                    _append(self._network(item.bssid).ssids, item.ssid)
            elif item.subtype in (BEACON, PROBE_RESPONSE):
                self._announced(item)

    def _announced(self, item: Elements) -> None:
        network = self._network(item.transmitter)
        if item.ssid is not None:
            if is_hidden(item.ssid):
                network.hidden = network.hidden or item.subtype == BEACON
            else:
                _append(network.ssids, item.ssid)
        if item.security is not None:
            known = network.security or item.security
            network.security = max(known, item.security, key=_SECURITY_ORDER.index)
        network.channel = item.channel or network.channel
        network.vendors = network.vendors or item.vendors
        network.interval_tu = network.interval_tu or item.interval_tu
        if network.clock_start_us is None:
            network.clock_start_us = item.clock_start_us
        network.wps_uuid = network.wps_uuid or item.wps_uuid
        network.wps_names = max(network.wps_names, item.wps_names, key=len)

    def _network(self, bssid: int) -> Network:
        return self.networks.setdefault(bssid, Network(bssid=bssid))


def _append(names: list[bytes], name: bytes) -> None:
    if name not in names and len(names) < MAX_NAMES:
        names.append(name)
