"""Recordings that outlive the program: appended piece by piece, never overwriting anything.

Wi-Fi frames are laid out as a pcap file holds them: examined and recorded from the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..detect.capture import MAX_CAPLEN, LinkType, Records
from ..detect.errors import UnavailableError
from ..detect.text import clean

#: Bytes of a record's header in a pcap file (IETF draft-ietf-opsawg-pcap, 5).
RECORD_HEADER_BYTES = 16

#: Longest frame taken: radiotap's length field has 16 bits, and no frame is nearly as long.
FRAME_BYTES = 65_535

#: Bytes of a block, which bound the memory: more than a full channel sends in a second (some 60 Mbit/s that one
#: adapter can take).
_BLOCK_BYTES = 8 << 20

#: First bytes of a pcap file of nanoseconds in this computer's byte order, then version 2.4 (the same draft, 4).
_PCAP_MAGIC, _PCAP_VERSION = 0xA1B2_3C4D, (2, 4)


class Block:
    """A buffer that a second of frames is received into, with room for a pcap header before each.

    Parameters
    ----------
    size
        Bytes.
    """

    __slots__ = ("_data", "abouts", "heads", "last", "sizes", "stamps", "used", "view")

    def __init__(self, size: int = _BLOCK_BYTES) -> None:
        self._data: NDArray[np.uint8] = np.empty(size, dtype=np.uint8)
        self.view: memoryview = self._data.data
        #: Highest place at which the longest frame still fits.
        self.last = size - RECORD_HEADER_BYTES - FRAME_BYTES
        self.used = 0
        #: Of each frame: place of its header, bytes captured, the kernel's time, what the kernel says about it.
        self.heads: list[int] = []
        self.sizes: list[int] = []
        self.stamps: list[bytes] = []
        self.abouts: list[bytes] = []

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def full(self) -> bool:
        """Whether another frame may not fit."""
        return self.used > self.last

    def records(self, *, link_type: LinkType) -> Records:
        """Write the headers and return the frames as columns over the block; call once."""
        count = len(self.heads)
        heads = np.array(self.heads, dtype=np.int64)
        caplen = np.array(self.sizes, dtype=np.int64)
        word = np.int64 if not count or len(self.stamps[0]) == 16 else np.int32  # timespec of 64 and 32 bit systems
        times = np.frombuffer(b"".join(self.stamps), dtype=word).reshape(count, 2).astype(np.int64)
        # struct tpacket_auxdata: status, length on the air, length captured, ...
        about = np.frombuffer(b"".join(self.abouts), dtype=np.uint32).reshape(count, 5)
        length = np.maximum(about[:, 1].astype(np.int64), caplen)
        if count:
            words = np.stack([times[:, 0], times[:, 1], caplen, length], axis=1).astype(np.uint32)
            places = heads[:, None] + np.arange(RECORD_HEADER_BYTES)
            self._data[places] = words.view(np.uint8)
        data = self._data[: self.used]
        data.flags.writeable = False
        return Records(
            data=data,
            start=heads + RECORD_HEADER_BYTES,
            caplen=caplen,
            length=length,
            t_ns=times[:, 0] * 1_000_000_000 + times[:, 1],
            linktype=np.full(count, int(link_type), dtype=np.int32),
            flags=np.zeros(count, dtype=np.uint32),
        )


class RecordFile:
    """A file that is whole after every piece, whatever happens to the program then.

    Parameters
    ----------
    path
        Where to; it must not exist, so that no evidence is overwritten. Its folder is made.
    head
        Its first piece.

    Raises
    ------
    UnavailableError
        If it cannot be written.
    """

    def __init__(self, path: Path, *, head: bytes) -> None:
        self.path = path
        #: Why the recording stopped before the listening did, as a clause; None while all is well.
        self.problem: str | None = None
        self._digest = hashlib.sha256()
        self._whole = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # For the user alone: it holds strangers' addresses.
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            if path.exists():
                raise UnavailableError(
                    f"{clean(path.name)} is there already and is not overwritten", "Name another folder with --out."
                ) from error
            raise UnavailableError(
                f"The recording could not be written to {clean(str(path), limit=200)}: {error.strerror or error}",
                "Name another folder with --out.",
            ) from error
        self._hand_to_caller_of_sudo()
        self._append(head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was written."""
        return self._digest.hexdigest()

    def append(self, piece: bytes | memoryview) -> None:
        """Append a piece; when the disk refuses it, the file keeps its whole pieces and :attr:`problem` says why."""
        if self.problem is None and len(piece):
            self._append(piece)

    def _append(self, piece: bytes | memoryview) -> None:
        """Write straight to the operating system: what it has taken outlives this program."""
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError as error:
            self.problem = f"could not be recorded to the end ({error.strerror or error})"
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._whole)
            return
        self._whole += len(piece)
        self._digest.update(piece)

    def _hand_to_caller_of_sudo(self) -> None:
        """Give the file to the person who ran sudo, who could not read it otherwise."""
        who, group = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
        if who.isdigit() and group.isdigit() and hasattr(os, "geteuid") and os.geteuid() == 0:
            with contextlib.suppress(OSError):
                os.fchown(self._handle, int(who), int(group))


class Recording(RecordFile):
    """A pcap file of frames; see :class:`RecordFile`. `link_type` is that of the frames."""

    def __init__(self, path: Path, *, link_type: LinkType) -> None:
        head = struct.pack("=IHHiIII", _PCAP_MAGIC, *_PCAP_VERSION, 0, 0, MAX_CAPLEN, int(link_type))
        super().__init__(path, head=head)

    def add(self, records: Records) -> None:
        """Append a block."""
        if len(records):
            self.append(records.data.data)
