"""Hardware addresses (EUI-48): reading, writing, and the bits that say what an address is worth."""

from __future__ import annotations

import re

_HEX12 = re.compile(r"[0-9a-f]{12}")

#: Bit 1 of the first octet: the address was made up locally, not bought from the registry
#: (IEEE 802-2014, 8.2.2). A vendor must never be looked up for such an address.
LOCAL_BIT = 0x02

#: Bit 0 of the first octet: a group of receivers, never a device.
GROUP_BIT = 0x01


def parse_mac(text: str) -> int:
    """Return the address `text` (colons, dashes, dots or none) as an integer below 2**48.

    Raises
    ------
    ValueError
        If `text` is not twelve hexadecimal digits with separators.
    """
    digits = re.sub(r"[:\-. ]", "", text.strip().lower())
    if not _HEX12.fullmatch(digits):
        raise ValueError(f"not a hardware address: {text!r}")
    return int(digits, 16)


def format_mac(address: int) -> str:
    """Return the integer `address` in the contract's form: lower case, with colons."""
    digits = f"{address & 0xFFFF_FFFF_FFFF:012x}"
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def is_local(address: int) -> bool:
    """Whether the address is locally administered: random, or made up by its device."""
    return bool((address >> 40) & LOCAL_BIT)


def is_group(address: int) -> bool:
    """Whether the address is multicast or broadcast."""
    return bool((address >> 40) & GROUP_BIT)
