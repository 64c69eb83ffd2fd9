"""WS-Discovery, by which ONVIF cameras are found, and printers and Windows computers too.

A SOAP ``Probe`` over UDP to port 3702 of the group 239.255.255.250 or FF02::C (WS-Discovery 1.0, 2.4; the ONVIF Core
Specification, 7.3, names the type ``dn:NetworkVideoTransmitter``). Two questions are sent: for that type, since some
cameras answer only it, and for any, so that printers say that they are printers. Types and scopes tell them apart.
"""

from __future__ import annotations

import re
import uuid

from .datagrams import Answer, Probe, answer
from .documents import first, xml_texts

PROTOCOL = "wsd"
PORT = 3702
GROUPS = ("239.255.255.250", "ff02::c")

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
    "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
    "<a:MessageID>urn:uuid:{message}</a:MessageID>"
    "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
    "<s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>"
)

_ONVIF_SCOPE = "onvif://www.onvif.org/"

#: Scopes with a device's own words (ONVIF Core Specification, 7.3.2).
_SCOPES = {"name": "name", "hardware": "model", "mac": "mac"}


def probes(message: uuid.UUID) -> tuple[Probe, ...]:
    """Return a question for cameras and one for anybody, for IPv4 and IPv6, under IDs made from `message`."""
    out = []
    for group in GROUPS:
        for types in ("<d:Types>dn:NetworkVideoTransmitter</d:Types>", ""):
            own = uuid.uuid5(message, f"{group} {types}")
            payload = _ENVELOPE.format(message=own, types=types).encode("ascii")
            out.append(Probe(protocol=PROTOCOL, port=PORT, payload=payload, to="multicast", group=group))
    return tuple(out)


def read(payload: bytes) -> Answer | None:
    """Return types, scopes and addresses of a match or a hello, or None."""
    texts = xml_texts(payload.rstrip(b"\0\r\n "))
    if texts is None:
        return None
    body = {
        path: values
        for path, values in texts.items()
        if re.fullmatch(r"Envelope/Body/(?:ProbeMatches/ProbeMatch|Hello)/.+", path)
    }
    if not body:
        return None
    # The prefixes are each sender's own choice: only the names behind them are the same everywhere.
    types = " ".join(dict.fromkeys(word.rpartition(":")[2] for word in " ".join(_all(body, "Types")).split()))
    scopes = " ".join(_all(body, "Scopes")).split()
    own = {
        kind: _unquoted(scope[len(_ONVIF_SCOPE) + len(kind) + 1 :])
        for scope in reversed(scopes)
        for kind in _SCOPES
        if scope.startswith(f"{_ONVIF_SCOPE}{kind}/")
    }
    if not types and not scopes:
        return None
    return answer(
        PROTOCOL,
        types=types,
        scopes=" ".join(scopes),
        location=first(body, "XAddrs"),
        uid=first(body, "EndpointReference/Address"),
        **{_SCOPES[kind]: text for kind, text in own.items() if text},
    )


def _all(body: dict[str, list[str]], name: str) -> list[str]:
    return [value for path, values in body.items() if path.endswith(f"/{name}") for value in values]


def _unquoted(text: str) -> str:
    """Return a scope's text with %20 and the like read (RFC 3986, 2.1); what is no UTF-8 stays a question mark."""
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8"))
    return raw.decode("utf-8", "replace").strip()[:128]
