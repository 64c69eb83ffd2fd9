"""What networks and stations say of themselves: the information elements of management frames.

Beacons repeat ten times a second, so each distinct one is parsed once: distinct by transmitter, subtype,
capabilities, length and name. Elements: IEEE 802.11-2020, 9.4.2; security suites: 9.4.2.24 (RSN) and the Wi-Fi
Alliance's WPA element (OUI 00:50:f2, type 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .frames import Frames
from .headers import gather

#: Subtypes of management frames with elements -> bytes of fixed fields before them (9.3.3).
FIXED_BYTES = {0: 4, 2: 10, 4: 0, 5: 12, 8: 12}
ASSOCIATION, REASSOCIATION, PROBE_REQUEST, PROBE_RESPONSE, BEACON = 0, 2, 4, 5, 8

#: Bytes of the management MAC header.
_MAC_BYTES = 24

#: Longest SSID (9.4.2.2).
_MAX_SSID = 32

#: Distinct frames parsed in one capture; a flood of made-up names is cut here. About 20 microseconds each.
MAX_DISTINCT = 32_768

#: Element numbers used (table 9-92).
_SSID, _DS, _RSN, _HT_OPERATION, _VENDOR = 0, 3, 48, 61, 221

#: Privacy bit of the capability field (9.4.1.4).
_PRIVACY = 0x0010

#: The Wi-Fi Alliance's older OUI: type 1 is WPA.
_WPA = b"\x00\x50\xf2\x01"

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
    tags
        Element numbers in order: a fingerprint of the software.
    """

    subtype: int
    transmitter: int
    bssid: int
    ssid: bytes | None
    security: str | None
    channel: int | None
    vendors: tuple[int, ...]
    tags: tuple[int, ...]


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
    element = gather(frames.data, body + fixed[kind], 40).view(np.uint8).reshape(-1, 40).copy()
    named = (element[:, 0] == _SSID) & (room >= fixed[kind] + 2)
    said = np.where(named, np.minimum(element[:, 1], _MAX_SSID) + 2, 0)
    said = np.minimum(said, np.maximum(room - fixed[kind], 0))
    element[np.arange(40) >= said[:, None]] = 0
    capability = gather(frames.data, body + np.where(fixed[kind] == 12, 10, 0), 2).view("<u2").astype(np.uint64)
    parts = [
        frames.transmitter[rows],
        frames.addr3[rows],
        kind.astype(np.uint64) << np.uint64(32) | room.astype(np.uint64),
        np.where((fixed[kind] > 0) & (room >= fixed[kind]), capability, np.uint64(0)),
        *element.view("<u8").T,
    ]
    out = np.zeros(len(rows), dtype=np.uint64)
    for part in parts:
        # The mixing step of SplitMix64 (Steele, Lea, Flood 2014), wrapping on purpose.
        out = (out ^ part) * np.uint64(0x9E37_79B9_7F4A_7C15)
        out = (out ^ out >> np.uint64(30)) * np.uint64(0xBF58_476D_1CE4_E5B9)
        out ^= out >> np.uint64(27)
    return out


def parse_elements(body: bytes, *, subtype: int, transmitter: int, bssid: int) -> Elements:
    """Return what a management frame says; stops quietly where its elements are cut or damaged.

    Parameters
    ----------
    body
        Everything behind the MAC header.
    subtype
        One of the keys of :data:`FIXED_BYTES`.
    transmitter, bssid
        Addresses 2 and 3 of the frame.
    """
    fixed = FIXED_BYTES[subtype]
    ssid: bytes | None = None
    channel: int | None = None
    rsn: bytes | None = None
    wpa = False
    vendors: list[int] = []
    tags: list[int] = []
    at = fixed
    while at + 2 <= len(body):
        tag, size = body[at], body[at + 1]
        value = body[at + 2 : at + 2 + size]
        if len(value) < size:
            break
        at += 2 + size
        tags.append(tag)
        if tag == _SSID and ssid is None and size <= _MAX_SSID:
            ssid = value
        elif (tag == _DS and size == 1) or (tag == _HT_OPERATION and size >= 1 and channel is None):
            channel = value[0]
        elif tag == _RSN and rsn is None:
            rsn = value
        elif tag == _VENDOR and size >= 3:
            wpa = wpa or value.startswith(_WPA)
            oui = int.from_bytes(value[:3], "big")
            if oui not in vendors:
                vendors.append(oui)
    security = None
    if fixed == 12 and len(body) >= 12:
        capability = int.from_bytes(body[10:12], "little")
        security = _security(rsn, wpa=wpa, privacy=bool(capability & _PRIVACY))
    return Elements(
        subtype=subtype,
        transmitter=transmitter,
        bssid=bssid,
        ssid=ssid,
        security=security,
        channel=channel,
        vendors=tuple(vendors),
        tags=tuple(tags),
    )


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
