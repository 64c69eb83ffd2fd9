"""The questions that are sent on a local network, the answers that come back, and the strictness both share.

Whatever a stranger's host sends is hostile: a reader takes at most :data:`DATAGRAM_MAX` bytes, keeps fields that look
like what the protocol says they are, and returns None for everything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..mac import format_mac, is_group, parse_mac

#: Largest datagram that is read: the length field of UDP has 16 bits (RFC 768).
DATAGRAM_MAX = 65_535

#: Longest value of a field that is kept, in characters. A URI of WS-Discovery may have 2048 bytes (DPWS 1.1, 2.3);
#: models, serial numbers and names have a few dozen.
VALUE_MAX = 2048

#: Where a question goes.
To = Literal["broadcast", "multicast", "unicast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One datagram that asks hosts what they are.

    Parameters
    ----------
    protocol
        Short name of the protocol, as in :attr:`Answer.protocol` and in the table ``udp_discovery``.
    port
        UDP port that it is sent to.
    payload
        Its bytes.
    to
        ``broadcast``, ``multicast`` or ``unicast``.
    group
        Multicast address, IPv4 or IPv6, where it goes to one.
    source_port
        Port that it must be sent from, because answers go there whatever the sender's port; None: any.
    """

    protocol: str
    port: int
    payload: bytes
    to: To
    group: str | None = None
    source_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one host said of itself in one protocol.

    Parameters
    ----------
    protocol
        Short name of the protocol.
    fields
        ``mac``, ``model``, ``serial``, ``uid``, ``name``, ``maker``, ``types``, ``scopes``, ``location``, ... as
        received, so hostile; only what the protocol's rules allow is here.
    """

    protocol: str
    fields: Mapping[str, str] = field(default_factory=dict)


def answer(protocol: str, **fields: str | None) -> Answer:
    """Return an answer with those `fields` that have a value, each cut to :data:`VALUE_MAX` characters."""
    return Answer(protocol=protocol, fields={key: value[:VALUE_MAX] for key, value in fields.items() if value})


def mac_text(text: str | None) -> str | None:
    """Return a hardware address in the contract's form, or None where `text` is none that a device can have."""
    if not text or len(text) > 20:
        return None
    try:
        address = parse_mac(text)
    except ValueError:
        return None
    return None if address == 0 or is_group(address) else format_mac(address)


def printable(data: bytes) -> str | None:
    """Return the text of a fixed field that ends at its first NUL; None unless all of it is printable ASCII."""
    text = data.split(b"\0", 1)[0]
    if any(not 0x20 <= byte < 0x7F for byte in text):
        return None
    return text.decode("ascii").strip()


def label(value: object, *, most: int = 128) -> str | None:
    """Return a JSON or XML value that is a short text of one line, or None."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if text and len(text) <= most and not _CONTROLS.search(text) else None


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
