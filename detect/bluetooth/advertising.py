"""Advertising data: the list of small fields in which a Bluetooth device says what it is.

The same form is used by advertisements, scan responses and extended inquiry responses. A field is one byte
of length, one of type and the content (Bluetooth Core 5.4, Vol 3 Part C, 11; the types are in the Core
Specification Supplement, Part A, and their numbers in the Bluetooth SIG's assigned numbers, 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias
from uuid import UUID

#: A 16- or 32-bit UUID as a number, any other as canonical lower-case text.
Uuid: TypeAlias = int | str

#: Field types (Bluetooth SIG assigned numbers, 2.3 "Common Data Types").
FLAGS = 0x01
UUIDS_16 = (0x02, 0x03)
UUIDS_32 = (0x04, 0x05)
UUIDS_128 = (0x06, 0x07)
SHORT_NAME, COMPLETE_NAME = 0x08, 0x09
TX_POWER = 0x0A
CLASS_OF_DEVICE = 0x0D
SERVICE_DATA_16 = 0x16
APPEARANCE = 0x19
SERVICE_DATA_32, SERVICE_DATA_128 = 0x20, 0x21
MANUFACTURER_DATA = 0xFF

#: End of every UUID that is a 16- or 32-bit one written in full (Core 5.4, Vol 3 Part B, 2.5.1).
_BASE_TAIL = "-0000-1000-8000-00805f9b34fb"

#: Distinct payloads whose reading is remembered; devices repeat the same few for hours.
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertising:
    """What one payload says. Names are as received (hostile): clean them before they are shown.

    Parameters
    ----------
    flags
        Discoverability bits.
    name, name_complete
        Local name, and whether the device says that it is whole.
    uuids
        Services, in order, each once.
    service_data
        (service, content) pairs.
    manufacturer
        (company number, content) pairs.
    tx_power_dbm
        Transmit power at the antenna, signed.
    appearance, class_of_device
        Numbers of what the device looks like (LE) or is (classic).
    truncated
        Whether a field ran over the end of the payload.
    """

    flags: int | None = None
    name: str | None = None
    name_complete: bool = False
    uuids: tuple[Uuid, ...] = ()
    service_data: tuple[tuple[Uuid, bytes], ...] = ()
    manufacturer: tuple[tuple[int, bytes], ...] = ()
    tx_power_dbm: int | None = None
    appearance: int | None = None
    class_of_device: int | None = None
    truncated: bool = False


@lru_cache(maxsize=_REMEMBERED)
def parse_advertising(payload: bytes) -> Advertising:
    """Read the fields of `payload`; never raises.

    A field that is too short for its type is skipped; one that runs over the end is read as far as it goes
    where that makes sense (names, manufacturer data) and sets `truncated`. A length of zero ends the list.
    """
    flags = tx_power_dbm = appearance = class_of_device = None
    name: str | None = None
    name_complete = truncated = False
    uuids: dict[Uuid, None] = {}
    service_data: list[tuple[Uuid, bytes]] = []
    manufacturer: list[tuple[int, bytes]] = []
    at = 0
    while at < len(payload):
        size = payload[at]
        if size == 0:
            break
        kind = payload[at + 1] if at + 1 < len(payload) else None
        content = payload[at + 2 : at + 1 + size]
        cut = at + 1 + size > len(payload)
        truncated |= cut
        at += 1 + size
        if kind is None:
            break
        if kind == FLAGS and content:
            flags = content[0]
        elif kind in UUIDS_16:
            uuids.update(dict.fromkeys(_numbers(content, 2)))
        elif kind in UUIDS_32:
            uuids.update(dict.fromkeys(_numbers(content, 4)))
        elif kind in UUIDS_128:
            whole = len(content) - len(content) % 16
            uuids.update(dict.fromkeys(uuid_128(content[i : i + 16]) for i in range(0, whole, 16)))
        elif kind in (SHORT_NAME, COMPLETE_NAME):
            if not name_complete:
                name = decode_name(content)
                name_complete = kind == COMPLETE_NAME and not cut
        elif kind == TX_POWER and content:
            tx_power_dbm = int.from_bytes(content[:1], signed=True)
        elif kind == APPEARANCE and len(content) >= 2:
            appearance = int.from_bytes(content[:2], "little")
        elif kind == CLASS_OF_DEVICE and len(content) >= 3:
            class_of_device = int.from_bytes(content[:3], "little")
        elif kind == SERVICE_DATA_16 and len(content) >= 2:
            service_data.append((int.from_bytes(content[:2], "little"), content[2:]))
        elif kind == SERVICE_DATA_32 and len(content) >= 4:
            service_data.append((int.from_bytes(content[:4], "little"), content[4:]))
        elif kind == SERVICE_DATA_128 and len(content) >= 16:
            service_data.append((uuid_128(content[:16]), content[16:]))
        elif kind == MANUFACTURER_DATA and len(content) >= 2:
            manufacturer.append((int.from_bytes(content[:2], "little"), content[2:]))
    return Advertising(
        flags=flags,
        name=name or None,
        name_complete=name_complete,
        uuids=tuple(uuids),
        service_data=tuple(service_data),
        manufacturer=tuple(manufacturer),
        tx_power_dbm=tx_power_dbm,
        appearance=appearance,
        class_of_device=class_of_device,
        truncated=truncated,
    )


def decode_name(content: bytes) -> str:
    """Return the name in `content` (UTF-8 up to the first NUL); bytes that are not text become ``\\xNN``."""
    return content.split(b"\0", 1)[0].decode("utf-8", errors="backslashreplace")


def uuid_128(content: bytes) -> Uuid:
    """Return the UUID in 16 little-endian bytes: a number where it is a short one written in full."""
    digits = content[::-1].hex()
    return _shortest(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")


def uuid_of(text: str) -> Uuid:
    """Return the UUID that `text` writes out: a number where it is a short one written in full.

    Raises
    ------
    ValueError
        If it is none.
    """
    return _shortest(str(UUID(text)))


def _shortest(text: str) -> Uuid:
    return int(text[:8], 16) if text.endswith(_BASE_TAIL) else text


def uuid_text(uuid: Uuid) -> str:
    """Return `uuid` as it is usually written: ``0xfd5f`` or the full text."""
    return f"0x{uuid:04x}" if isinstance(uuid, int) else uuid


def _numbers(content: bytes, width: int) -> list[int]:
    """The little-endian numbers of `width` bytes that fit in `content`."""
    whole = len(content) - len(content) % width
    return [int.from_bytes(content[i : i + width], "little") for i in range(0, whole, width)]
