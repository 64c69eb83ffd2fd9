"""The two bit-level codes of the LE link layer: its check sum and its whitening.

Both are shift registers of the specification (Bluetooth Core 5.4, Vol 6 Part B, 3.1.1 and 3.2), here in
their reflected form, because the air carries the least significant bit first.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

#: x^24 + x^10 + x^9 + x^6 + x^4 + x^3 + x + 1 with its bits in the order of the air (Core, 3.1.1).
_POLYNOMIAL = 0xDA6000

#: Start value on the advertising channels, 0x555555, with its bits in the order of the air (Core, 3.1.1).
_ADVERTISING_START = 0xAAAAAA

#: Advertising access address (Core 5.4, Vol 6 Part B, 2.1.2).
ADVERTISING_ACCESS_ADDRESS = 0x8E89BED6

#: RF channels of the three primary advertising channels, (MHz - 2402) / 2, to channel index (Core, 1.4.1).
_PRIMARY = {0: 37, 12: 38, 39: 39}

#: Longest PDU with its check sum: header 2, payload 255, CRC 3 (Core, 2.3).
MAX_PDU_AND_CRC = 260


def advertising_crc(pdu: bytes) -> int:
    """Return the check sum of an advertising PDU as the number whose little-endian bytes are on the air."""
    table = _table()
    crc = _ADVERTISING_START
    for byte in pdu:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc


def crc_is_good(pdu_and_crc: bytes) -> bool:
    """Whether the last three bytes are the check sum of those before."""
    return advertising_crc(pdu_and_crc[:-3]) == int.from_bytes(pdu_and_crc[-3:], "little")


def channel_index(rf_channel: int) -> int:
    """Return the channel index (37 to 39 advertise first) of an RF channel number 0 to 39."""
    return _PRIMARY.get(rf_channel, rf_channel - 1 if rf_channel < 12 else rf_channel - 2)


@cache
def whitening() -> NDArray[np.uint8]:
    """Return the whitening bytes by channel index: uint8 (40, 260)."""
    out = np.zeros((40, MAX_PDU_AND_CRC), dtype=np.uint8)
    for channel in range(40):
        # Position 0 holds one, positions 1 to 6 the channel index, most significant bit first (Core, 3.2).
        register = [1, *((channel >> bit) & 1 for bit in range(5, -1, -1))]
        for at in range(MAX_PDU_AND_CRC):
            byte = 0
            for bit in range(8):
                fed = register[6]
                byte |= fed << bit
                register = [fed, *register[:6]]
                register[4] ^= fed
            out[channel, at] = byte
    out.setflags(write=False)
    return out


@cache
def _table() -> tuple[int, ...]:
    """The check sum of every single byte."""
    out = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        out.append(crc)
    return tuple(out)
