"""SADP, the search of Hikvision and of the makers that sell its devices under their names.

An XML ``Probe`` with an ID goes to the group 239.255.255.250 on UDP port 37020; devices answer to the same group and
port with a ``ProbeMatch`` that names model, serial number and hardware address (github julienblitte/UniversalScanner,
facts only). Recorders, door stations and switches of the maker answer as well: the model tells them apart.
"""

from __future__ import annotations

import uuid

from .datagrams import Answer, Probe, answer, label, mac_text
from .documents import first, xml_texts

PROTOCOL = "sadp"
PORT = 37020
GROUP = "239.255.255.250"


def probes(message: uuid.UUID) -> tuple[Probe, ...]:
    """Return the one question, under the ID `message`."""
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><Probe><Uuid>{str(message).upper()}</Uuid>'
        "<Types>inquiry</Types></Probe>"
    )
    payload = text.encode("ascii")
    return (Probe(protocol=PROTOCOL, port=PORT, payload=payload, to="multicast", group=GROUP, source_port=PORT),)


def read(payload: bytes) -> Answer | None:
    """Return model, serial number and address of an answer, or None."""
    texts = xml_texts(payload.rstrip(b"\0\r\n "))
    if texts is None or not all(path.startswith("ProbeMatch/") for path in texts):
        return None
    model, serial = label(first(texts, "DeviceDescription")), label(first(texts, "DeviceSN"))
    mac = mac_text(first(texts, "MAC"))
    if model is None and (serial is None or mac is None):
        return None
    return answer(PROTOCOL, mac=mac, model=model, serial=serial)
