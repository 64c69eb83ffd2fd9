"""Who bought the block of hardware addresses that an address is from.

The table ``oui`` holds blocks of the IEEE registry whose registrants are listed, by their exact registry
names, in ``oui_registrants``; ``tools/update_oui.py`` writes it. A block says who made the radio, often a
module maker who sells to makers of anything, so a vendor is a hint and never an identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..errors import DataError
from ..mac import is_group, is_local
from .tables import load_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """The registrant of a block of addresses.

    Parameters
    ----------
    name
        The firm as people call it.
    registry_name
        The firm as the registry writes it.
    tier
        ``camera_narrow``: sells hardly anything but cameras. ``camera_broad``: cameras among other things.
        ``module``: radio modules or chips that are built into anything.
    wares
        ``boards``: its Wi-Fi devices are small computers, so a camera among them is home-made. ``worn``: they are
        glasses, headsets, body cameras or radios. Empty: nothing of the kind is known.
    prefix
        The block's first address bytes, with its length where that is not 24 bits: ``a4:da:22:20/28``.
    bits
        Length of the prefix: 24, 28 or 36.
    source
        Where the row comes from.
    """

    name: str
    registry_name: str
    tier: str
    wares: str
    prefix: str
    bits: int
    source: str


def vendor_of(mac: int) -> Vendor | None:
    """Return the registrant of the address `mac`, by the longest prefix listed, or None.

    None also for local and group addresses: nobody registered those, and clearing their bits gives the
    name of a stranger.
    """
    if is_local(mac) or is_group(mac):
        return None
    blocks = _blocks()
    for bits in (36, 28, 24):  # the sizes the registry sells: MA-S, MA-M, MA-L
        row = blocks.get((bits, mac >> (48 - bits)))
        if row is not None:
            return _vendor(*row)
    return None


def parse_prefix(text: str) -> tuple[int, int]:
    """Return bits and value of a prefix as the table writes it: ``A4:DA:22`` or ``A4:DA:22:20/28``.

    Raises
    ------
    DataError
        If the prefix has another length than 24, 28 or 36 bits, has bits set behind its end, or lies in
        local or group addresses.
    """
    digits, _, length = text.partition("/")
    hexadecimal = digits.replace(":", "")
    try:
        bits = int(length or 24)
        value = int(hexadecimal.ljust(12, "0"), 16)
    except ValueError as error:
        raise DataError(f"{text!r} is not a block of hardware addresses.") from error
    if bits not in (24, 28, 36) or len(hexadecimal) != 2 * -(-bits // 8) or value & ((1 << (48 - bits)) - 1):
        raise DataError(f"{text!r} is not a block of 24, 28 or 36 bits.")
    if is_local(value) or is_group(value):
        raise DataError(f"{text!r} lies in addresses that nobody registers.")
    return bits, value >> (48 - bits)


@cache
def _blocks() -> dict[tuple[int, int], tuple[str, str]]:
    """Return prefix text and registry name by length and value."""
    return {parse_prefix(row["prefix"]): (row["prefix"], row["registry_name"]) for row in load_table("oui").rows}


@cache
def _registrants() -> dict[str, tuple[str, str, str]]:
    """Return vendor, tier and wares by registry name."""
    rows = load_table("oui_registrants").rows
    return {row["registry_name"]: (row["vendor"], row["tier"], row["wares"]) for row in rows}


@cache
def _vendor(prefix: str, registry_name: str) -> Vendor:
    try:
        name, tier, wares = _registrants()[registry_name]
    except KeyError:
        raise DataError(f"Table 'oui' has {registry_name!r}, which 'oui_registrants' does not.") from None
    return Vendor(
        name=name,
        registry_name=registry_name,
        tier=tier,
        wares=wares,
        prefix=prefix.lower(),
        bits=parse_prefix(prefix)[0],
        source=load_table("oui").card.source,
    )
