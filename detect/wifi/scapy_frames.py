"""802.11 frames made by scapy. Besides ``cli/listening.py`` the only module that imports scapy (GPL-2.0-only).

Captures are read by our own column reader; scapy is used where it is the right tool, which is to build
frames for demonstrations and tests. Every function returns plain bytes, so nothing of scapy leaves here.

Addresses are text with colons; SSIDs are bytes, because on the air they are. Frames come without their frame
check sequence: :func:`with_check_sequence` adds it.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from scapy.layers.dot11 import (
    Dot11,
    Dot11Beacon,
    Dot11Elt,
    Dot11EltRates,
    Dot11ProbeReq,
    Dot11ProbeResp,
    Dot11QoS,
    RadioTap,
)
from scapy.packet import Packet, Raw

#: Where the sequence control field of a management or data frame lies (IEEE 802.11-2020, 9.2.3).
SEQUENCE_CONTROL_OFFSET = 22

#: Length of a CCMP header and of its message integrity code (IEEE 802.11-2020, 12.5.3.2).
CCMP_HEADER_BYTES, CCMP_MIC_BYTES = 8, 8

#: Beacons are sent every 100 time units of 1024 microseconds by nearly every access point.
BEACON_INTERVAL_TU = 100

#: Flags of the frame control field (IEEE 802.11-2020, 9.2.4.1); scapy's names for them differ between versions.
_TO_DS, _FROM_DS, _POWER_SAVE, _PROTECTED = 0x01, 0x02, 0x10, 0x40

#: RSN element of an ordinary WPA2 network: version 1, group and pairwise cipher CCMP (00-0F-AC:4), key
#: management PSK (00-0F-AC:2), no capabilities (IEEE 802.11-2020, 9.4.2.24).
_RSN_WPA2_PSK = bytes.fromhex("0100 000fac04 0100 000fac04 0100 000fac02 0000")

#: Traffic indication map in which nobody's frames wait: count 0, period 1 (IEEE 802.11-2020, 9.4.2.5).
_EMPTY_TRAFFIC_MAP = b"\x00\x01\x00\x00"

_BROADCAST = "ff:ff:ff:ff:ff:ff"

#: Rates of an 802.11b/g station in units of 0.5 Mb/s, basic ones with the top bit set.
_RATES = (0x82, 0x84, 0x8B, 0x96, 0x0C, 0x12, 0x18, 0x24)


@lru_cache(maxsize=1024)
def radiotap(*, rssi_dbm: int, channel: int, rate_mbps: int) -> bytes:
    """Return a radiotap header: flags (check sequence present), rate, channel of the 2.4 GHz band, signal.

    Raises
    ------
    ValueError
        If the channel is not 1-13.
    """
    if not 1 <= channel <= 13:
        raise ValueError(f"channel {channel} is not one of 1-13")
    header = RadioTap(
        present="Flags+Rate+Channel+dBm_AntSignal",
        Flags="FCS",
        Rate=rate_mbps,
        ChannelFrequency=2407 + 5 * channel,
        ChannelFlags="OFDM+2GHz" if rate_mbps in (6, 9, 12, 18, 24, 36, 48, 54) else "CCK+2GHz",
        dBm_AntSignal=rssi_dbm,
    )
    return bytes(header)


def with_check_sequence(frame: bytes) -> bytes:
    """Return the frame with its check sequence: the CRC of ISO 3309, low byte first."""
    return frame + zlib.crc32(frame).to_bytes(4, "little")


def beacon(*, bssid: str, ssid: bytes, channel: int, protected: bool) -> bytes:
    """Return a beacon of an access point, with an RSN element (WPA2, CCMP, PSK) where `protected`."""
    capabilities = "ESS+short-slot+privacy" if protected else "ESS+short-slot"
    head = Dot11(type=0, subtype=8, addr1=_BROADCAST, addr2=bssid, addr3=bssid)
    body = Dot11Beacon(beacon_interval=BEACON_INTERVAL_TU, cap=capabilities)
    return bytes(_described(head / body, ssid=ssid, channel=channel, protected=protected, traffic=True))


def probe_response(*, bssid: str, station: str, ssid: bytes, channel: int, protected: bool) -> bytes:
    """Return an access point's answer to a probe."""
    capabilities = "ESS+short-slot+privacy" if protected else "ESS+short-slot"
    head = Dot11(type=0, subtype=5, addr1=station, addr2=bssid, addr3=bssid)
    body = Dot11ProbeResp(beacon_interval=BEACON_INTERVAL_TU, cap=capabilities)
    return bytes(_described(head / body, ssid=ssid, channel=channel, protected=protected))


def probe_request(*, station: str, ssid: bytes = b"") -> bytes:
    """Return a probe; an empty SSID asks every network."""
    head = Dot11(type=0, subtype=4, addr1=_BROADCAST, addr2=station, addr3=_BROADCAST)
    return bytes(head / Dot11ProbeReq() / Dot11Elt(ID=0, info=ssid) / Dot11EltRates(rates=list(_RATES)))


def data_frame(*, station: str, bssid: str, other: str, uplink: bool, payload: bytes, priority: int = 0) -> bytes:
    """Return an encrypted QoS data frame between a station and its access point.

    Parameters
    ----------
    other
        The far end on the wire behind the access point.
    uplink
        Whether the station sends it.
    payload
        CCMP header, ciphertext and integrity code, as they are on the air.
    priority
        The traffic identifier; 5 is video.
    """
    if uplink:
        head = Dot11(type=2, subtype=8, FCfield=_TO_DS | _PROTECTED, addr1=bssid, addr2=station, addr3=other)
    else:
        head = Dot11(type=2, subtype=8, FCfield=_FROM_DS | _PROTECTED, addr1=station, addr2=bssid, addr3=other)
    return bytes(head / Dot11QoS(TID=priority)) + payload


def ccmp_payload(ciphertext: bytes, *, packet_number: int) -> bytes:
    """Return `ciphertext` (which ends in its integrity code) behind the CCMP header of key 0."""
    number = packet_number.to_bytes(6, "little")
    return number[:2] + b"\x00\x20" + number[2:] + ciphertext


def null_frame(*, station: str, bssid: str, asleep: bool) -> bytes:
    """Return a null data frame, by which a station says that it sleeps or wakes."""
    flags = _TO_DS | _POWER_SAVE if asleep else _TO_DS
    return bytes(Dot11(type=2, subtype=4, FCfield=flags, addr1=bssid, addr2=station, addr3=bssid))


def request_to_send(*, receiver: str, sender: str, duration_us: int = 300) -> bytes:
    """Return an RTS: it names its sender."""
    return bytes(Dot11(type=1, subtype=11, ID=duration_us, addr1=receiver, addr2=sender))


def block_ack(*, receiver: str, sender: str, first_sequence: int) -> bytes:
    """Return a compressed block acknowledgement: it names its sender (IEEE 802.11-2020, 9.3.1.8)."""
    control, start = 0x0005, (first_sequence & 0xFFF) << 4
    body = control.to_bytes(2, "little") + start.to_bytes(2, "little") + b"\xff" * 8
    head: Packet = Dot11(type=1, subtype=9, addr1=receiver, addr2=sender)
    return bytes(head)[:16] + bytes(Raw(body))


def acknowledgement(*, receiver: str) -> bytes:
    """Return an acknowledgement: it names no sender."""
    return bytes(Dot11(type=1, subtype=13, addr1=receiver))


def _described(packet: Packet, *, ssid: bytes, channel: int, protected: bool, traffic: bool = False) -> Packet:
    """Add the elements that describe a network, in the order of their numbers."""
    packet = packet / Dot11Elt(ID=0, info=ssid) / Dot11EltRates(rates=list(_RATES))
    packet = packet / Dot11Elt(ID=3, info=bytes([channel]))
    if traffic:
        packet = packet / Dot11Elt(ID=5, info=_EMPTY_TRAFFIC_MAP)
    return packet / Dot11Elt(ID=48, info=_RSN_WPA2_PSK) if protected else packet
