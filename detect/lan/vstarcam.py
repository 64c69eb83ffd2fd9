"""The search of VStarcam (Eye4): ``DH`` 01 01 to UDP port 8600 from port 8601, ``DH`` 01 08 with fixed fields back.

Offsets: IP address as text at 4, hardware address at 84, serial number at 92, name at 124, firmware at 204 (github
julienblitte/UniversalScanner, facts only).
"""

from __future__ import annotations

import re

from .datagrams import Answer, Probe, answer, mac_text, printable

PROTOCOL = "vstarcam"
PORT, OWN_PORT = 8600, 8601

_SEARCH, _ANSWER = bytes.fromhex("44480101"), bytes.fromhex("44480108")

#: Bytes up to the end of the name.
_SIZE_MIN = 0x9C

_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def probes() -> tuple[Probe, ...]:
    """Return the one question."""
    return (Probe(protocol=PROTOCOL, port=PORT, payload=_SEARCH, to="broadcast", source_port=OWN_PORT),)


def read(payload: bytes) -> Answer | None:
    """Return addresses, serial number and name of an answer, or None."""
    if len(payload) < _SIZE_MIN or payload[:4] != _ANSWER:
        return None
    if not _IPV4.fullmatch(printable(payload[0x04:0x14]) or ""):
        return None
    serial, name = printable(payload[0x5C:0x7C]), printable(payload[0x7C:0x9C])
    if not serial:
        return None
    return answer(PROTOCOL, mac=mac_text(payload[0x54:0x5A].hex()), serial=serial, name=name)
