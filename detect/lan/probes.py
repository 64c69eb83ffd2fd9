"""All questions that are put to a local network, and the one reader of all answers.

Each protocol's own module says what it sends and reads; here they are put together. Nothing here logs in, opens a
stream or changes anything: every datagram is one that the maker's own phone app sends to find its devices.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from . import dhip, dvrip, kasa, netwave, pppp, sadp, ssdp, tuya, v380, vstarcam, wsd
from .datagrams import DATAGRAM_MAX, Answer, Probe

__all__ = ["PORTS", "Answer", "Probe", "listen_ports", "probes", "protocols", "read_answer"]

#: For callers that send one scan only; programs that scan again pass an ID of their own.
_MESSAGE = uuid.UUID("6d1a5a4e-5c53-5d0e-9e3c-726f6f6d7377")

_READERS: dict[str, Callable[[bytes], Answer | None]] = {
    dhip.PROTOCOL: dhip.read,
    dvrip.PROTOCOL: dvrip.read,
    kasa.PROTOCOL: kasa.read,
    netwave.PROTOCOL: netwave.read,
    pppp.PROTOCOL: pppp.read,
    sadp.PROTOCOL: sadp.read,
    ssdp.PROTOCOL: ssdp.read,
    tuya.PROTOCOL: tuya.read,
    v380.PROTOCOL: v380.read,
    vstarcam.PROTOCOL: vstarcam.read,
    wsd.PROTOCOL: wsd.read,
}

#: Protocol by the port that its answers come from or go to.
PORTS: dict[int, str] = {
    dhip.PORT: dhip.PROTOCOL,
    dvrip.PORT: dvrip.PROTOCOL,
    kasa.PORT_OLD: kasa.PROTOCOL,
    kasa.PORT_NEW: kasa.PROTOCOL,
    netwave.PORT: netwave.PROTOCOL,
    pppp.PORT: pppp.PROTOCOL,
    sadp.PORT: sadp.PROTOCOL,
    ssdp.PORT: ssdp.PROTOCOL,
    **dict.fromkeys(tuya.PORTS, tuya.PROTOCOL),
    v380.PORT: v380.PROTOCOL,
    v380.ANSWER_PORT: v380.PROTOCOL,
    vstarcam.PORT: vstarcam.PROTOCOL,
    vstarcam.OWN_PORT: vstarcam.PROTOCOL,
    wsd.PORT: wsd.PROTOCOL,
}


def probes(message: uuid.UUID = _MESSAGE) -> tuple[Probe, ...]:
    """Return every question, one datagram for each variant of a protocol.

    Parameters
    ----------
    message
        ID that WS-Discovery and SADP send along; a host may leave a question unanswered whose ID it has seen.
    """
    return (
        *pppp.probes(),
        *v380.probes(),
        *dvrip.probes(),
        *dhip.probes(),
        *sadp.probes(message),
        *vstarcam.probes(),
        *netwave.probes(),
        *kasa.probes(),
        *wsd.probes(message),
        *ssdp.probes(),
    )


def listen_ports() -> tuple[int, ...]:
    """Return the UDP ports on which cameras and other devices speak without having been asked, or answer."""
    return (*tuya.PORTS, v380.ANSWER_PORT, vstarcam.OWN_PORT, pppp.PORT, dvrip.PORT, sadp.PORT)


def protocols() -> frozenset[str]:
    """Return the short names of all protocols that :func:`read_answer` knows."""
    return frozenset(_READERS)


def read_answer(protocol_or_port: str | int, payload: bytes) -> Answer | None:
    """Return what an answer says, or None for anything that is none. Never raises.

    Parameters
    ----------
    protocol_or_port
        A protocol's short name, or the UDP port that the answer came from or to.
    payload
        The datagram's bytes.
    """
    protocol = PORTS.get(protocol_or_port) if isinstance(protocol_or_port, int) else protocol_or_port
    reader = _READERS.get(protocol) if protocol else None
    if reader is None or not payload or len(payload) > DATAGRAM_MAX:
        return None
    return reader(payload)
