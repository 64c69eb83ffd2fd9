"""Adverts as an operating system tells them, one a line: what live listening records, and what replays it.

Linux, macOS and Windows hand out adverts that they have parsed and, in part, put together; the bytes of the air are
gone. So the recording keeps what was told and pretends to no more. It is text, UTF-8, one JSON object a line. The
first line is ``{"schema": "roomsweep.adverts/1", ...}`` with ``listened_with`` and ``started_at``; every other line is
one advert::

    {"t_ns": 1700000000000000000, "address": "c6:05:04:03:02:01", "address_type": "random", "rssi_dbm": -60,
     "name": "...", "services": ["0xfd5f"], "service_data": [["0xfcb2", "0100"]],
     "company_data": [["0x01ab", "020102102716e4"]], "tx_power_dbm": 4, "appearance": 0, "flags": 6}

Times are nanoseconds since 1970, contents hexadecimal; what was not told is left out. Where the system keeps
addresses to itself there is ``"id"``, the UUID by which it names the device, in place of ``address``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from uuid import UUID

import numpy as np

from ..errors import InputError
from ..mac import format_mac, parse_mac
from ..text import clean
from .advertising import Advertising, Uuid, uuid_of, uuid_text
from .heard import NO_RSSI, AddressKind, Heard, Role, address_kind

SCHEMA = "roomsweep.adverts/1"

#: Longest line read, bytes: an extended advertisement of 1,650 bytes is 3,300 digits; names may be escaped sixfold.
LINE_BYTES = 32_768

#: Adverts read at a time.
_BLOCK = 4096

#: Services and contents taken from one advert: 1,650 bytes hold no more than 825.
_MOST_ITEMS = 825

#: Latest time that numpy's nanoseconds hold.
_LAST_NS = 2**63 - 1

_TYPES = {"random": True, "public": False}
_COMPANY = re.compile(r"0x[0-9a-f]{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advert:
    """One advert as an operating system told it.

    Parameters
    ----------
    t_ns
        When it was told, nanoseconds since 1970.
    address, kind
        Of the device; for :attr:`AddressKind.HIDDEN` the number of its UUID.
    rssi_dbm
        Signal strength, None where it was not told.
    said
        What it says, after the system put advertisement and scan response together.
    """

    t_ns: int
    address: int
    kind: AddressKind
    rssi_dbm: int | None = None
    said: Advertising = field(default_factory=Advertising)

    @property
    def heard(self) -> Heard:
        """The advert in the form that all readers share."""
        level = NO_RSSI if self.rssi_dbm is None else max(-127, min(self.rssi_dbm, NO_RSSI - 1))
        return Heard(
            address=self.address,
            kind=self.kind,
            role=Role.ADVERT,
            first_ns=self.t_ns,
            last_ns=self.t_ns,
            rssi_dbm=() if level == NO_RSSI else ((level, 1),),
            said=self.said,
            t_ns=np.array([self.t_ns], dtype=np.int64),
            levels_dbm=np.array([level], dtype=np.int16),
        )


def kind_of(address: int, *, random: bool | None) -> AddressKind:
    """Return what an address is; `random` None where the system does not tell."""
    return AddressKind.UNTOLD if random is None else address_kind(address, random=random)


def header_line(*, listened_with: str, started_at: str) -> bytes:
    """Return the first line of a recording."""
    return _line({"schema": SCHEMA, "listened_with": listened_with, "started_at": started_at})


def advert_line(advert: Advert) -> bytes:
    """Return the line of one advert; ASCII only, so that no name reaches a terminal as an escape."""
    said, out = advert.said, dict[str, Any](t_ns=advert.t_ns)
    if advert.kind is AddressKind.HIDDEN:
        out["id"] = str(UUID(int=advert.address))
    else:
        out["address"] = format_mac(advert.address)
        if advert.kind is not AddressKind.UNTOLD:
            out["address_type"] = "public" if advert.kind is AddressKind.PUBLIC else "random"
    told = {
        "rssi_dbm": advert.rssi_dbm,
        "name": said.name,
        "services": [uuid_text(uuid) for uuid in said.uuids] or None,
        "service_data": [[uuid_text(uuid), data.hex()] for uuid, data in said.service_data] or None,
        "company_data": [[f"0x{number:04x}", data.hex()] for number, data in said.manufacturer] or None,
        "tx_power_dbm": said.tx_power_dbm,
        "appearance": said.appearance,
        "flags": said.flags,
    }
    return _line({**out, **{key: value for key, value in told.items() if value is not None}})


def is_adverts(head: bytes) -> bool:
    """Whether a file that begins with `head` (some 200 bytes) is such a recording, of whatever version."""
    return head.lstrip()[:1] == b"{" and b'"roomsweep.adverts/' in head


class AdvertReader:
    """The adverts of a recording, in blocks.

    Parameters
    ----------
    stream
        The file, opened for reading bytes.
    name
        Its name, for messages.

    Raises
    ------
    InputError
        At once, if the first line is not one of this form.
    """

    def __init__(self, stream: BinaryIO, *, name: str) -> None:
        self._stream = stream
        first = stream.readline(LINE_BYTES)
        try:
            header = json.loads(first)
            schema = header["schema"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise InputError(
                name, "does not begin as a recording of adverts does", "Please give the file as it was recorded."
            ) from None
        if schema != SCHEMA:
            raise InputError(
                name, "is a recording of adverts in a form that this version does not know", "Please update roomsweep."
            )
        listened_with = header.get("listened_with")
        #: What it was made with, cleaned; empty if it does not say.
        self.listened_with: str = clean(listened_with, limit=80) if isinstance(listened_with, str) else ""
        #: Lines that are not adverts, and how the file ends, None if after a whole line.
        self.unusable = 0
        self.truncated: str | None = None

    def __iter__(self) -> Iterator[list[Advert]]:
        block: list[Advert] = []
        number = 1
        while line := self._stream.readline(LINE_BYTES):
            number += 1
            if not line.endswith(b"\n"):
                if len(line) < LINE_BYTES:
                    self.truncated = f"ends inside line {number}"
                    break
                while (rest := self._stream.readline(LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                self.unusable += 1
                continue
            advert = parse_advert(line)
            if advert is None:
                self.unusable += 1
                continue
            block.append(advert)
            if len(block) >= _BLOCK:
                yield block
                block = []
        if block:
            yield block


def parse_advert(line: bytes) -> Advert | None:
    """Return the advert of one line, None if it is not one."""
    try:
        told = json.loads(line)
        t_ns, rssi_dbm = told["t_ns"], _number(told.get("rssi_dbm"), -128, 127)
        if type(t_ns) is not int or not 0 <= t_ns <= _LAST_NS:
            return None
        if "id" in told:
            address, kind = UUID(told["id"]).int, AddressKind.HIDDEN
        else:
            address = parse_mac(told["address"])
            kind = kind_of(address, random=_TYPES.get(told.get("address_type")))
        name = told.get("name")
        if isinstance(name, str):  # half a surrogate pair cannot be written into any file
            name = name.encode("utf-8", "backslashreplace").decode()
        said = Advertising(
            flags=_number(told.get("flags"), 0, 0xFF),
            name=name if isinstance(name, str) and name else None,
            name_complete=isinstance(name, str),
            uuids=tuple(dict.fromkeys(_uuid(item) for item in told.get("services", [])[:_MOST_ITEMS])),
            service_data=tuple((_uuid(uuid), bytes.fromhex(data)) for uuid, data in _items(told, "service_data")),
            manufacturer=tuple((_company(text), bytes.fromhex(data)) for text, data in _items(told, "company_data")),
            tx_power_dbm=_number(told.get("tx_power_dbm"), -128, 127),
            appearance=_number(told.get("appearance"), 0, 0xFFFF),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return Advert(t_ns=t_ns, address=address, kind=kind, rssi_dbm=rssi_dbm, said=said)


def heard_of(adverts: Iterable[Advert]) -> list[Heard]:
    """Return adverts in the form that all readers share."""
    return [advert.heard for advert in adverts]


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def _items(told: dict[str, Any], key: str) -> list[Any]:
    items = told.get(key, [])
    return items[:_MOST_ITEMS] if isinstance(items, list) else []


def _uuid(text: str) -> Uuid:
    if re.fullmatch(r"0x[0-9a-f]{4,8}", text):
        return int(text, 16)
    return uuid_of(text)


def _company(text: str) -> int:
    if not _COMPANY.fullmatch(text):
        raise ValueError(text)
    return int(text, 16)


def _number(value: object, low: int, high: int) -> int | None:
    """A whole number within bounds, None for anything else."""
    return value if type(value) is int and low <= value <= high else None
