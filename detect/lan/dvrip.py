"""DVRIP of Xiongmai (XM, Sofia): many cheap cameras and recorders.

A header of 20 bytes, FF first, the length of what follows little-endian at 16 and the message's number at 14 (search
0x05FA, its answer 0x05FB), then JSON with ``NetWork.NetCommon``. Devices answer by broadcast to the port that they
were asked on, 34569 (github AlexxIT/go2rtc internal/dvrip; python-dvr).
"""

from __future__ import annotations

from .datagrams import Answer, Probe, answer, label, mac_text
from .documents import inside, json_object

PROTOCOL = "dvrip"
PORT = 34569

_HEADER = 20
_SEARCH = bytes.fromhex("ff00000000000000000000000000fa0500000000")


def probes() -> tuple[Probe, ...]:
    """Return the one question."""
    return (Probe(protocol=PROTOCOL, port=PORT, payload=_SEARCH, to="broadcast", source_port=PORT),)


def read(payload: bytes) -> Answer | None:
    """Return name, addresses and serial number of an answer, or None."""
    if len(payload) <= _HEADER or payload[0] != 0xFF or payload[14:16] == _SEARCH[14:16]:
        return None
    found = inside(json_object(payload[_HEADER:].rstrip(b"\0\r\n")), "NetWork.NetCommon")
    mac = mac_text(label(found.get("MAC")))
    serial = label(found.get("SN"))
    if mac is None and serial is None:
        return None
    return answer(PROTOCOL, mac=mac, serial=serial, name=label(found.get("HostName")))
