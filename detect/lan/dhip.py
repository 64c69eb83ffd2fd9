"""DHIP discovery of Dahua and of the many makers that sell its devices under their names.

A header of 32 bytes (its size, ``DHIP``, the length of the JSON behind it twice, all little-endian), then JSON.
Without the header nothing answers (github rroller/dahua discovery.py). Answers are ``client.notifyDevInfo`` with a
``deviceInfo``; its ``DeviceClass`` tells cameras (IPC, SD), recorders (NVR, HCVR) and door stations (VTO) apart.
"""

from __future__ import annotations

import struct

from .datagrams import Answer, Probe, answer, label, mac_text
from .documents import inside, json_object

PROTOCOL = "dhip"
PORT = 37810

#: Where Dahua's own tool asks (github julienblitte/UniversalScanner, facts only).
GROUP = "239.255.255.251"

_HEADER = struct.Struct("<I4s8sQQ")
_QUESTION = b'{"method":"DHDiscover.search","params":{"mac":"","uni":1}}'


def probes() -> tuple[Probe, ...]:
    """Return the question for the group and for all."""
    payload = _HEADER.pack(_HEADER.size, b"DHIP", bytes(8), len(_QUESTION), len(_QUESTION)) + _QUESTION
    return (
        Probe(protocol=PROTOCOL, port=PORT, payload=payload, to="multicast", group=GROUP),
        Probe(protocol=PROTOCOL, port=PORT, payload=payload, to="broadcast"),
    )


def read(payload: bytes) -> Answer | None:
    """Return model, class, serial number and address of an answer, or None."""
    if len(payload) <= _HEADER.size or payload[4:8] != b"DHIP":
        return None
    message = json_object(payload[_HEADER.size :].rstrip(b"\0\r\n"))
    if message is None or message.get("method") == "DHDiscover.search":
        return None
    found = inside(message, "params", "deviceInfo")
    # Answers of older firmware have the address beside the rest.
    mac = mac_text(label(message.get("mac"))) or mac_text(label(found.get("mac")))
    model, serial = label(found.get("DeviceType")), label(found.get("SerialNo"))
    if model is None and serial is None:
        return None
    return answer(
        PROTOCOL,
        mac=mac,
        model=model,
        serial=serial,
        device_class=label(found.get("DeviceClass")),
        maker=label(found.get("Vendor")),
        name=label(found.get("MachineName")),
    )
