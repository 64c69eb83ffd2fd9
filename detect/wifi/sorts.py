"""What an 802.11 frame counts as for the one who sent it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

#: Type * 16 + subtype of a block acknowledgement request.
BLOCK_ACK_REQUEST = 16 + 8


class Sort(IntEnum):
    """What a frame counts as for its transmitter."""

    OTHER = 0
    BEACON = 1
    PROBE_REQUEST = 2
    PROBE_RESPONSE = 3
    JOINING = 4
    LEAVING = 5
    ACTION = 6
    RTS = 7
    BLOCK_ACK = 8
    CONTROL = 9
    DATA = 10
    NULL = 11


def _sorts() -> NDArray[np.int64]:
    """Sort by type * 16 + subtype (IEEE 802.11-2020, table 9-1)."""
    out = np.zeros(256, dtype=np.int64)
    for subtype, sort in {
        0: Sort.JOINING,
        1: Sort.JOINING,
        2: Sort.JOINING,
        3: Sort.JOINING,
        4: Sort.PROBE_REQUEST,
        5: Sort.PROBE_RESPONSE,
        8: Sort.BEACON,
        10: Sort.LEAVING,
        11: Sort.JOINING,
        12: Sort.LEAVING,
        13: Sort.ACTION,
        14: Sort.ACTION,
    }.items():
        out[subtype] = sort
    out[16:32] = Sort.CONTROL
    out[16 + 8] = out[16 + 9] = Sort.BLOCK_ACK
    out[16 + 11] = Sort.RTS
    # Bit 2 of a data subtype means that the frame carries no data.
    out[32:48] = [Sort.NULL if subtype & 4 else Sort.DATA for subtype in range(16)]
    return out


#: int64 (256,); the :class:`Sort` of each type * 16 + subtype.
SORT_OF = _sorts()

#: Sorts that prove presence on their own; control frames need a second one, as their short addresses are the
#: ones that a damaged frame without check sum invents.
PROOFS = (Sort.BEACON, Sort.PROBE_REQUEST, Sort.PROBE_RESPONSE, Sort.JOINING, Sort.ACTION, Sort.DATA, Sort.NULL)
