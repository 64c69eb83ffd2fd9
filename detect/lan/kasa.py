"""The two searches of TP-Link: old Kasa devices on UDP port 9999, Tapo and new Kasa on 20002.

On 9999 JSON goes each byte XORed with the one before it on the wire, the first with 171; the answer has
``system.get_sysinfo``. On 20002 the question is 16 fixed bytes and the answer a header of 16 bytes and JSON with
``result``; both name a type that tells cameras (``IOT.IPCAMERA``, ``SMART.IPCAMERA``, ``SMART.TAPODOORBELL``) from
plugs and lamps (python-kasa 0.12.0).
"""

from __future__ import annotations

from .datagrams import Answer, Probe, answer, label, mac_text
from .documents import inside, json_object

PROTOCOL = "kasa"
PORT_OLD, PORT_NEW = 9999, 20002

_FIRST_KEY = 171
_QUESTION_OLD = b'{"system":{"get_sysinfo":{}}}'
_QUESTION_NEW = bytes.fromhex("020000010000000000000000463cb5d3")
_HEADER_NEW = 16


def probes() -> tuple[Probe, ...]:
    """Return one question for each generation."""
    return (
        Probe(protocol=PROTOCOL, port=PORT_OLD, payload=scramble(_QUESTION_OLD), to="broadcast"),
        Probe(protocol=PROTOCOL, port=PORT_NEW, payload=_QUESTION_NEW, to="broadcast"),
    )


def read(payload: bytes) -> Answer | None:
    """Return type, model and address of an answer of either generation, or None."""
    if payload[:2] == _QUESTION_NEW[:2]:
        found = inside(json_object(payload[_HEADER_NEW:]), "result")
        kind, model = label(found.get("device_type")), label(found.get("device_model"))
        mac = mac_text(label(found.get("mac")))
    else:
        found = inside(json_object(unscramble(payload)), "system", "get_sysinfo")
        # Cameras have one level more (github python-kasa, IOT.IPCAMERA).
        found = inside(found, "system") or found
        kind, model = label(found.get("mic_type")) or label(found.get("type")), label(found.get("model"))
        mac = mac_text(label(found.get("mac")) or label(found.get("mic_mac")) or label(found.get("ethernet_mac")))
    if kind is None or (mac is None and model is None):
        return None
    return answer(PROTOCOL, mac=mac, model=model, types=kind, name=label(found.get("alias")))


def scramble(clear: bytes) -> bytes:
    """Return what the wire carries on the old port."""
    out, key = bytearray(), _FIRST_KEY
    for byte in clear:
        key ^= byte
        out.append(key)
    return bytes(out)


def unscramble(wire: bytes) -> bytes:
    """Return what `wire` says on the old port."""
    return bytes(byte ^ key for byte, key in zip(wire, bytes([_FIRST_KEY]) + wire[:-1], strict=True)) if wire else b""
