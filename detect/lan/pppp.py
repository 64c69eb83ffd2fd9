"""PPPP (CS2, iLnkP2P): the peer-to-peer protocol of most cheap hidden cameras, its search on the local network.

A search is four bytes, ``F1 30 00 00``, to UDP port 32108. A device answers with its ID in a punch packet
(``F1 41``); some shout the same ID unasked (``F1 31``, seen on a Yi camera). Groups of makers scramble all of it
with a keystream made from a table that all share and a key of four bytes from a password of the group; a device
answers only the search of its own group. Facts: github magicus/pppp-dissector (PPPP.md), github devbis/aiopppp,
re-ws.pl 2018/05. The ID gives no access to anything.
"""

from __future__ import annotations

import re
import struct
from functools import cache

from .datagrams import Answer, Probe, answer

PROTOCOL = "pppp"
PORT = 32108

#: First byte of every packet in the clear.
_MAGIC = 0xF1

_LAN_SEARCH, _LAN_SEARCH_EXT = 0x30, 0x32
#: Packets that carry a device's ID: LAN notify, punch, ready.
_WITH_ID = frozenset({0x31, 0x41, 0x42})

#: Prefix, serial number, check code.
_ID = struct.Struct(">8sI8s")
#: Three to seven capitals (PPPP.md), here with the eighth byte that the field has for its end.
_PREFIX = re.compile(rb"[A-Z]{3,8}\0*")
_CHECK = re.compile(rb"[A-Z]{5}\0*")

#: Passwords of the groups (PPPP.md). They scramble the search, they open nothing. Empty: in the clear.
GROUPS = (
    *("", "camera", "SHIX", "@@@@....", "VMSV", "FERRY@88", "mycamera", "Deng123abc", "Duncom", "JX20130716"),
    *("hyWHzyhtzH", "JYDGAOZHANP2P", "SZGMBESTER"),
)

#: The substitution table of the protocol's scrambling, the same in every implementation (github devbis/aiopppp).
_TABLE = bytes.fromhex(
    "7c9ce84a13dedcb22f2123e4307b3d8cbc0b270c3cf79ae7087196009785efc1"
    "1fc4dba1c2ebd901faba3b05b81587832872d18b5ad6da9358feaacc6e1bf0a3"
    "88ab43c00db545384f502266207f075b14981d9ba72ab9a8cbf1fc4947063eb1"
    "0e043a945eee541134dd4df9ecc7c9e3781a6f706ba4bda95dd5f8e5bb26af42"
    "37d8e1020aae5f1cc573094e6924906d12b319ad748a2940f52dbea559e0f479"
    "d24bce8982488425c6912ba2fb8fe9a6b09e3f65f603312eac0f952c5ced39b7"
    "336c567eb4a0fd7a815351868d9f77ff6a80dfe2bf10d775645776f355cdd0c8"
    "18e6364162cf99f2324c67606192cad3ea637d16b68ed46835c3529d46441e17"
)


def probes() -> tuple[Probe, ...]:
    """Return a search for every group, and the extended one in the clear."""
    search = bytes([_MAGIC, _LAN_SEARCH, 0, 0])
    extended = bytes([_MAGIC, _LAN_SEARCH_EXT, 0, 0])
    return tuple(
        Probe(protocol=PROTOCOL, port=PORT, payload=payload, to="broadcast")
        for payload in (*(scramble(search, group=group) for group in GROUPS), extended)
    )


def read(payload: bytes) -> Answer | None:
    """Return the device's ID from an answer of any group, or None."""
    if len(payload) != 4 + _ID.size:
        return None
    for group in GROUPS:
        clear = unscramble(payload, group=group)
        if clear[0] != _MAGIC or clear[1] not in _WITH_ID or int.from_bytes(clear[2:4], "big") != _ID.size:
            continue
        prefix, serial, check = _ID.unpack_from(clear, 4)
        if _PREFIX.fullmatch(prefix) and _CHECK.fullmatch(check):
            letters, code = (part.rstrip(b"\0").decode("ascii") for part in (prefix, check))
            return answer(PROTOCOL, uid=f"{letters}-{serial:06d}-{code}", prefix=letters, group=group or None)
    return None


def scramble(clear: bytes, *, group: str) -> bytes:
    """Return what the wire carries for `clear` in the group with this password."""
    if not group:
        return clear
    out = bytearray()
    previous = 0
    for byte in clear:
        previous = byte ^ _TABLE[(_key(group)[previous & 3] + previous) & 0xFF]
        out.append(previous)
    return bytes(out)


def unscramble(wire: bytes, *, group: str) -> bytes:
    """Return what `wire` says in the group with this password."""
    if not group or not wire:
        return wire
    key = _key(group)
    before = b"\0" + wire[:-1]
    return bytes(
        byte ^ _TABLE[(key[previous & 3] + previous) & 0xFF] for byte, previous in zip(wire, before, strict=True)
    )


@cache
def _key(group: str) -> tuple[int, int, int, int]:
    """Return a password's key: its sum, the sum's negative, the sum of its thirds, and all of it XORed.

    The key of the password "camera" in github devbis/aiopppp, 69 97 CC 19, comes out of it.
    """
    letters = group.encode("ascii")
    total = sum(letters)
    mixed = 0
    for letter in letters:
        mixed ^= letter
    return total & 0xFF, -total & 0xFF, sum(letter // 3 for letter in letters) & 0xFF, mixed
