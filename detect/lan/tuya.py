"""Tuya devices shout who they are every few seconds; nothing is sent to them.

Version 3.1 in the clear to UDP port 6666, 3.3 and 3.4 with AES in ECB mode to 6667, under a key that all share: the
MD5 of a published phrase. 3.5 shouts only when its app asks on 7000; it is read in GCM mode under the same key
(tinytuya 1.20.0, message_helper and udp_helper). The shout names the device's ID and product, not what it is: plugs,
lamps and cameras sound alike.
"""

from __future__ import annotations

import hashlib
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .datagrams import Answer, answer, label
from .documents import json_object

PROTOCOL = "tuya"
PORTS = (6666, 6667, 7000)

#: The key that every Tuya device and program shares for these shouts; it opens nothing else.
_KEY = hashlib.md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()

_OLD_START, _OLD_END = b"\x00\x00\x55\xaa", b"\x00\x00\xaa\x55"
_NEW_START, _NEW_END = b"\x00\x00\x66\x99", b"\x00\x00\x99\x66"

#: Old: start, number, command, length (4 bytes each), and in shouts a return code; at the end a checksum and the end
#: mark. New: start, 2 spare bytes, number, command, length; then 12 bytes nonce, text, 16 bytes tag, end mark.
_OLD_HEADER, _OLD_TAIL = 16, 8
_NEW_HEADER, _NONCE, _NEW_TAIL = 18, 12, 4

#: A shout has about 200 bytes.
_BYTES_MAX = 2048

_ID = re.compile(r"[0-9A-Za-z]{8,32}")


def read(payload: bytes) -> Answer | None:
    """Return ID, product and version of a shout, or None."""
    if len(payload) > _BYTES_MAX:
        return None
    if payload[:4] == _OLD_START and payload[-4:] == _OLD_END:
        found = _old(payload[_OLD_HEADER:-_OLD_TAIL])
    elif payload[:4] == _NEW_START and payload[-4:] == _NEW_END:
        found = _new(payload)
    else:
        found = None
    document = json_object(found) if found else None
    if document is None:
        return None
    number = label(document.get("gwId"))
    # What an app asks with has no gwId.
    if number is None or not _ID.fullmatch(number):
        return None
    return answer(
        PROTOCOL, uid=number, product=label(document.get("productKey")), version=label(document.get("version"))
    )


def _old(body: bytes) -> bytes | None:
    for start in (4, 0):  # with and without a return code
        text = body[start:]
        if text[:1] == b"{":
            return text.rstrip(b"\0")
        if text and len(text) % 16 == 0:
            decryptor = Cipher(algorithms.AES(_KEY), modes.ECB()).decryptor()
            clear = decryptor.update(text) + decryptor.finalize()
            if clear[:1] == b"{" and 1 <= clear[-1] <= 16:
                return clear[: -clear[-1]]
    return None


def _new(payload: bytes) -> bytes | None:
    body = payload[_NEW_HEADER:-_NEW_TAIL]
    if len(body) < _NONCE + 16:
        return None
    try:
        clear = AESGCM(_KEY).decrypt(body[:_NONCE], body[_NONCE:], payload[4:_NEW_HEADER])
    except InvalidTag:
        return None
    start = clear.find(b"{")
    return clear[start:].rstrip(b"\0") if 0 <= start <= 4 else None
