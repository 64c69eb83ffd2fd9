"""V380 (Macro-video): one line of text in answer to one line of text.

The search goes to UDP port 10008 and the answer comes to port 10009 whatever the asker's port. Fields of the answer
are parted by carets: 2 is the hardware address, 3 the IP address, 12 the device's ID (github prsyahmi/v380
v380-nodejs; github ricardojlrufino/anyka_v380ipcam_experiments).
"""

from __future__ import annotations

import re

from .datagrams import Answer, Probe, answer, mac_text

PROTOCOL = "v380"
PORT, ANSWER_PORT = 10008, 10009

_SEARCH = b"NVDEVSEARCH^100"

#: Fields of an answer, at least: the ID is the thirteenth.
_FIELDS_MIN, _MAC_AT, _ID_AT = 13, 2, 12

#: An answer of a few hundred bytes; this is plenty.
_BYTES_MAX = 2048

_ID = re.compile(r"[0-9A-Za-z]{1,32}")


def probes() -> tuple[Probe, ...]:
    """Return the one question."""
    return (Probe(protocol=PROTOCOL, port=PORT, payload=_SEARCH, to="broadcast", source_port=ANSWER_PORT),)


def read(payload: bytes) -> Answer | None:
    """Return hardware address and ID of an answer, or None."""
    if len(payload) > _BYTES_MAX or not payload.startswith(b"NVDEVRESULT^"):
        return None
    parts = payload.rstrip(b"\0\r\n").decode("ascii", "replace").split("^")
    if len(parts) < _FIELDS_MIN:
        return None
    mac, number = mac_text(parts[_MAC_AT]), parts[_ID_AT].strip()
    if mac is None and not _ID.fullmatch(number):
        return None
    return answer(PROTOCOL, mac=mac, uid=number if _ID.fullmatch(number) else None)
