"""What networks and stations say of themselves: the information elements of management frames.

Beacons repeat ten times a second, so each distinct one is parsed once: distinct by transmitter, subtype,
capabilities, length and name. Elements: IEEE 802.11-2020, 9.4.2; security suites: 9.4.2.24 (RSN) and the Wi-Fi
Alliance's WPA element (OUI 00:50:f2, type 1).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fingerprints import fingerprint_of
from .frames import Frames
from .headers import FCS_BYTES, gather

#: Subtypes of management frames with elements -> bytes of fixed fields before them (9.3.3).
FIXED_BYTES = {0: 4, 2: 10, 4: 0, 5: 12, 8: 12}
ASSOCIATION, REASSOCIATION, PROBE_REQUEST, PROBE_RESPONSE, BEACON = 0, 2, 4, 5, 8

#: Bytes of the management MAC header.
_MAC_BYTES = 24

#: Longest SSID (9.4.2.2).
_MAX_SSID = 32

#: uint64 (41, 5); row n has the bits of the first n of 40 bytes set.
_FIRST_BYTES = np.where(np.arange(40) < np.arange(41)[:, None], 0xFF, 0).astype(np.uint8).view("<u8")

#: Distinct frames parsed in one capture; a flood of made-up names is cut here. About 20 microseconds each.
MAX_DISTINCT = 32_768

#: Element numbers used (table 9-92).
_SSID, _DS, _RSN, _HT_OPERATION, _VENDOR = 0, 3, 48, 61, 221

#: Privacy bit of the capability field (9.4.1.4).
_PRIVACY = 0x0010

#: The Wi-Fi Alliance's older OUI: type 1 is WPA.
_WPA = b"\x00\x50\xf2\x01"

#: Its type 4 is Wi-Fi Protected Setup; attributes used (Wi-Fi Simple Configuration 2.0, table 28): device name,
#: manufacturer, model, UUID of the box.
_WPS = b"\x00\x50\xf2\x04"
_WPS_NAMES, _WPS_UUID = (0x1021, 0x1023, 0x1011), 0x1047

#: Youngest clock believed, in microseconds: real ones run since the box was switched on, while programs that
#: make up answers count from 0 (in a development capture four such networks said 3 to 11 microseconds).
_CLOCK_RUNS_US = 1_000_000

#: RSN authentication suites 00-0f-ac:n of WPA3: SAE, FT-SAE, Suite B 192, their SHA-384 forms (table 9-151).
_WPA3_SUITES = frozenset({8, 9, 12, 24, 25})

#: Opportunistic wireless encryption ("enhanced open").
_OWE_SUITE = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """What one management frame says.

    Parameters
    ----------
    subtype
        One of the keys of :data:`FIXED_BYTES`.
    transmitter, bssid
        Addresses as integers.
    ssid
        The name's bytes; None where the frame has no such element; empty or NULs where the name is hidden.
    security
        ``open``, ``WEP``, ``WPA``, ``WPA2``, ``WPA3``, ``OWE``; None in frames that do not tell (requests).
    channel
        Number of the channel, None where not told.
    vendors
        OUIs of vendor elements, in order, each once.
    fingerprint
        How the radio writes such frames (:mod:`.fingerprints`); empty where the frame is cut.
    interval_tu
        Time between beacons in units of 1,024 microseconds, None where not told.
    clock_start_us
        When the sender's clock was at 0, by the capturing clock, in microseconds; None where not told.
    wps_uuid, wps_names
        What Wi-Fi Protected Setup tells: the box's UUID; manufacturer, model and device name, those given.
    """

    subtype: int
    transmitter: int
    bssid: int
    ssid: bytes | None
    security: str | None
    channel: int | None
    vendors: tuple[int, ...]
    fingerprint: str
    interval_tu: int | None
    clock_start_us: int | None
    wps_uuid: bytes | None
    wps_names: tuple[bytes, ...]


class BeaconReader:
    """Parses each distinct management frame of a capture once."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        #: Distinct frames beyond :data:`MAX_DISTINCT`, not parsed.
        self.refused = 0

    def read(self, frames: Frames) -> list[Elements]:
        """Return what the frames of a block say that was not said before."""
        told = np.zeros(256, dtype=bool)
        told[list(FIXED_BYTES)] = True
        rows = np.flatnonzero(told[frames.kind] & (frames.transmitter != 0))
        if not len(rows):
            return []
        keys = _keys(frames, rows)
        new, first = np.unique(keys, return_index=True)
        out = []
        for key, at in sorted(zip(new.tolist(), rows[first].tolist(), strict=True), key=lambda pair: pair[1]):
            if key in self._seen:
                continue
            if len(self._seen) >= MAX_DISTINCT:
                self.refused += 1
                continue
            self._seen.add(key)
            body = frames.data[frames.mac_at[at] + _MAC_BYTES : frames.mac_end[at]].tobytes()
            out.append(
                parse_elements(
                    body,
                    subtype=int(frames.kind[at]),
                    transmitter=int(frames.transmitter[at]),
                    bssid=int(frames.addr3[at]),
                    t_us=int(frames.t_ns[at]) // 1000,
                )
            )
        return out


def _keys(frames: Frames, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A number for each frame that differs where what it says differs.

    The traffic indication map and counters in a beacon change all the time, so only the fixed capabilities,
    the first element (the name) and the length are looked at.
    """
    kind = frames.kind[rows]
    fixed = np.zeros(16, dtype=np.int64)
    fixed[list(FIXED_BYTES)] = list(FIXED_BYTES.values())
    body = frames.mac_at[rows] + _MAC_BYTES
    room = frames.mac_end[rows] - body
    element = gather(frames.data, body + fixed[kind], 40).view("<u8").reshape(-1, 5)
    first, size = element[:, 0] & np.uint64(0xFF), element[:, 0] >> np.uint64(8) & np.uint64(0xFF)
    named = (first == _SSID) & (room >= fixed[kind] + 2)
    said = np.where(named, np.minimum(size, _MAX_SSID).astype(np.int64) + 2, 0)
    element = element & _FIRST_BYTES[np.minimum(said, np.maximum(room - fixed[kind], 0))]
    capability = gather(frames.data, body + np.where(fixed[kind] == 12, 10, 0), 2).view("<u2").astype(np.uint64)
    parts = [
        frames.transmitter[rows],
        frames.addr3[rows],
        kind.astype(np.uint64) << np.uint64(32) | room.astype(np.uint64),
        np.where((fixed[kind] > 0) & (room >= fixed[kind]), capability, np.uint64(0)),
        *element.T,
    ]
    out = np.zeros(len(rows), dtype=np.uint64)
    for part in parts:
        # The mixing step of SplitMix64 (Steele, Lea, Flood 2014), wrapping on purpose.
        out = (out ^ part) * np.uint64(0x9E37_79B9_7F4A_7C15)
        out = (out ^ out >> np.uint64(30)) * np.uint64(0xBF58_476D_1CE4_E5B9)
        out ^= out >> np.uint64(27)
    return out


def parse_elements(body: bytes, *, subtype: int, transmitter: int, bssid: int, t_us: int | None = None) -> Elements:
    """Return what a management frame says; stops quietly where its elements are cut or damaged.

    Parameters
    ----------
    body
        Everything behind the MAC header.
    subtype
        One of the keys of :data:`FIXED_BYTES`.
    transmitter, bssid
        Addresses 2 and 3 of the frame.
    t_us
        When it was heard, by the capturing clock, in microseconds.
    """
    fixed = FIXED_BYTES[subtype]
    ssid: bytes | None = None
    channel: int | None = None
    rsn: bytes | None = None
    wpa = False
    wps: tuple[bytes | None, tuple[bytes, ...]] = (None, ())
    vendors: list[int] = []
    elements: list[tuple[int, bytes]] = []
    at = fixed
    while at + 2 <= len(body):
        tag, size = body[at], body[at + 1]
        value = body[at + 2 : at + 2 + size]
        if len(value) < size:
            break
        at += 2 + size
        elements.append((tag, value))
        if tag == _SSID and ssid is None and size <= _MAX_SSID:
            ssid = value
        elif (tag == _DS and size == 1) or (tag == _HT_OPERATION and size >= 1 and channel is None):
            channel = value[0]
        elif tag == _RSN and rsn is None:
            rsn = value
        elif tag == _VENDOR and size >= 3:
            wpa = wpa or value.startswith(_WPA)
            if value.startswith(_WPS):
                wps = _setup(value[4:])
            oui = int.from_bytes(value[:3], "big")
            if oui not in vendors:
                vendors.append(oui)
    security = interval = start_us = None
    if fixed == 12 and len(body) >= 12:
        clock_us, interval, capability = struct.unpack_from("<QHH", body)
        security = _security(rsn, wpa=wpa, privacy=bool(capability & _PRIVACY))
        if t_us is not None and clock_us >= _CLOCK_RUNS_US:
            start_us = t_us - clock_us
    # A rest of four bytes is a check sum that the radio did not mention; any other rest is a cut frame.
    whole = len(body) - at in (0, FCS_BYTES)
    return Elements(
        subtype=subtype,
        transmitter=transmitter,
        bssid=bssid,
        ssid=ssid,
        security=security,
        channel=channel,
        vendors=tuple(vendors),
        fingerprint=fingerprint_of(elements) if whole else "",
        interval_tu=interval,
        clock_start_us=start_us,
        wps_uuid=wps[0],
        wps_names=wps[1],
    )


def _setup(value: bytes) -> tuple[bytes | None, tuple[bytes, ...]]:
    """UUID and names in an element of Wi-Fi Protected Setup; names may be missing or empty."""
    uuid = None
    names: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(value):
        kind, size = struct.unpack_from(">HH", value, at)
        said = value[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _WPS_UUID and len(said) == 16:
            uuid = said
        elif kind in _WPS_NAMES and said.strip(b"\0 "):
            names.setdefault(kind, said)
    return uuid, tuple(names[kind] for kind in _WPS_NAMES if kind in names)


def _security(rsn: bytes | None, *, wpa: bool, privacy: bool) -> str:
    """The strongest protection offered."""
    if rsn is not None:
        suites = _suites(rsn)
        if suites & _WPA3_SUITES:
            return "WPA3"
        if _OWE_SUITE in suites:
            return "OWE"
        return "WPA2"
    if wpa:
        return "WPA"
    return "WEP" if privacy else "open"


def _suites(rsn: bytes) -> frozenset[int]:
    """Types of the standard's authentication suites in an RSN element."""
    at = 6  # version, group cipher
    pairwise = int.from_bytes(rsn[at : at + 2], "little")
    at += 2 + 4 * pairwise
    count = int.from_bytes(rsn[at : at + 2], "little")
    suites = (rsn[at + 2 + 4 * i : at + 6 + 4 * i] for i in range(min(count, 64)))
    return frozenset(suite[3] for suite in suites if len(suite) == 4 and suite[:3] == b"\x00\x0f\xac")


def is_hidden(ssid: bytes) -> bool:
    """Whether a name says nothing: empty, NULs or blanks."""
    return not ssid.strip(b"\0 ")


def decode_ssid(ssid: bytes) -> str:
    """Return a name's text: UTF-8; else Chinese GB 2312 where it is clearly that; else Latin-1.

    The standard leaves the encoding open (9.4.2.2), and routers sold in China use GB 18030 by default. Of that
    only the part of GB 2312 is taken, and only with two Chinese characters or more: its other pairs of bytes
    are also an accented letter and a plain one in Western European names.
    """
    try:
        return ssid.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = ssid.decode("gb2312")
    except UnicodeDecodeError:
        return ssid.decode("latin-1")
    return text if sum("\u4e00" <= char <= "\u9fff" for char in text) >= 2 else ssid.decode("latin-1")
