"""The search of Netwave boards, which are in old Foscam cameras and their many copies.

``MO_I``, a two-byte number, 1 + 8 spare bytes, the text's length little-endian at 15, 4 spare bytes, then the text:
question 0 has four bytes 00 00 00 01, answer 1 has 65 bytes: the camera's ID (its hardware address in 12 figures) in
13, its name in 21, four IP addresses, and versions. 23 + 65 are the 88 bytes that such cameras are known to answer
(github julienblitte/UniversalScanner, facts only).
"""

from __future__ import annotations

import struct

from .datagrams import Answer, Probe, answer, mac_text, printable

PROTOCOL = "netwave"
PORT = 10000

_MAGIC = b"MO_I"
_HEADER = struct.Struct("<4sHB8sII")
_TEXT = struct.Struct(">13s21s4s4s4s4s4s4s4sHB")
_QUESTION, _ANSWER = 0, 1


def probes() -> tuple[Probe, ...]:
    """Return the one question."""
    text = bytes([0, 0, 0, 1])
    payload = _HEADER.pack(_MAGIC, _QUESTION, 0, bytes(8), len(text), len(text)) + text
    return (Probe(protocol=PROTOCOL, port=PORT, payload=payload, to="broadcast"),)


def read(payload: bytes) -> Answer | None:
    """Return address and name of an answer, or None."""
    if len(payload) < _HEADER.size + _TEXT.size or payload[:4] != _MAGIC:
        return None
    if _HEADER.unpack_from(payload)[1] != _ANSWER:
        return None
    number, name, *_ = _TEXT.unpack_from(payload, _HEADER.size)
    mac = mac_text(printable(number))
    return None if mac is None else answer(PROTOCOL, mac=mac, name=printable(name))
