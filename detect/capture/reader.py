"""Opens a capture of any known format and yields its records block by block."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from ..errors import InputError
from .classic import ClassicWalker
from .pcapng import PcapngWalker
from .records import CaptureEnd, Records

#: Bytes asked of the stream at a time: large enough that numpy's fixed costs vanish, small beside any memory.
BLOCK_BYTES = 16 * 1024 * 1024

#: Packed bytes unpacked at a time, and zlib's number for gzip with the largest window (zlib.h, inflateInit2).
_PACKED_BYTES, _GZIP = 65_536, 16 + zlib.MAX_WBITS

#: Formats people hand over by mistake: first bytes, what it is, what to do.
_STRANGERS = (
    (
        b"version https://git-lfs",
        "is a Git LFS pointer, not the capture itself",
        "Fetch the real file with `git lfs pull`.",
    ),
    (b"PK\x03\x04", "is a ZIP archive", "Unpack it and give the capture inside."),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", "Unpack it and give the capture inside."),
    (b"Rar!", "is a RAR archive", "Unpack it and give the capture inside."),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd", "Unpack it with `zstd -d` and give the capture inside."),
    (b"\xfd7zXZ\0", "is packed with xz", "Unpack it with `xz -d` and give the capture inside."),
    (b"BZh", "is packed with bzip2", "Unpack it with `bzip2 -d` and give the capture inside."),
    (b"SQLite format 3\0", "is a database (a Kismet log?), not a capture", "Export it to pcap first."),
    (b"\xff\xd8\xff", "is a JPEG picture, not a capture", "Give pictures as photos."),
    (b"\x89PNG", "is a PNG picture, not a capture", "Give pictures as photos."),
)

_ANOTHER = "Open it in Wireshark and save it as pcapng, or capture again with tcpdump or airodump-ng."


class _Walker(Protocol):
    @property
    def file_format(self) -> str: ...
    @property
    def skipped_records(self) -> int: ...
    @property
    def linktypes(self) -> frozenset[int]: ...
    @property
    def inside_block(self) -> bool: ...
    def walk(self, buffer: bytes | bytearray) -> tuple[Records, int, str | None]: ...


class _Rejoined:
    """A stream with bytes put back at its front, for one that cannot seek; only reads."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int) -> bytes:
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._stream.read(size)


class _Unpacked:
    """The bytes inside a gzip file; only reads.

    Gives everything before the place where the packing is damaged; gzip.GzipFile loses what it was given together
    with that place.
    """

    def __init__(self, stream: _Rejoined) -> None:
        self._stream = stream
        self._packed = b""
        self._take = _PACKED_BYTES
        self._inflate = zlib.decompressobj(_GZIP)

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none only at the end; raises EOFError or zlib.error where it is cut or damaged."""
        while True:
            if self._inflate.eof and not self._begin_next():
                return b""
            self._packed = self._packed or self._stream.read(_PACKED_BYTES)
            if not self._packed:
                raise EOFError
            piece, before = self._packed[: self._take], self._inflate.copy()
            try:
                out = self._inflate.decompress(piece, size)
            except zlib.error:
                if len(piece) == 1:
                    raise
                self._inflate, self._take = before, len(piece) // 2
                continue
            self._packed = self._inflate.unconsumed_tail + self._packed[len(piece) :]
            if out:
                return out

    def _begin_next(self) -> bool:
        """Whether another packed piece follows; zeros may stand between (RFC 1952, 2.2; as gzip does)."""
        rest = (self._inflate.unused_data + self._packed).lstrip(b"\0")
        while not rest:
            more = self._stream.read(_PACKED_BYTES)
            if not more:
                return False
            rest = more.lstrip(b"\0")
        self._packed, self._inflate = rest, zlib.decompressobj(_GZIP)
        return True


class CaptureReader:
    """The records of a capture, in blocks.

    Parameters
    ----------
    stream
        The file, opened for reading bytes; it need not be able to seek. It is not closed.
    name
        The file's name, for messages.
    block_bytes
        How much is read at a time. Peak memory is a small multiple of it, whatever the file's size.

    Raises
    ------
    InputError
        At once, if the file is empty, is not a capture, or has a damaged header.

    Notes
    -----
    Iterate once. A file cut or damaged further on yields all whole records before that place and says so
    in :attr:`end`; nothing is raised for it.
    """

    def __init__(self, stream: BinaryIO, *, name: str, block_bytes: int = BLOCK_BYTES) -> None:
        if block_bytes < 1:
            raise ValueError("block_bytes must be positive")
        self._name = name
        self._block_bytes = block_bytes
        head = _read_up_to(stream, 64)
        self._pull: Callable[[int], bytes] = stream.read
        self._into = stream.readinto if isinstance(stream, io.BufferedReader) else None
        if head[:2] == b"\x1f\x8b":
            self._into = None
            self._pull = _Unpacked(_Rejoined(head, stream)).read
            head, _ = self._read(64)
            if not head:
                raise InputError(
                    name, "is a damaged or empty gzip file", "Please copy it from the capturing device again."
                )
        self._walker, self._at = _opened(head, name=name)
        self._pending = head[self._at :]
        self.end = self._ended("was not read to its end")

    def __iter__(self) -> Iterator[Records]:
        pending, self._pending = self._pending, b""
        records = 0
        cut: str | None = None
        more = True
        while more:
            buffer, fresh, problem = self._more(pending)
            more = bool(fresh) and problem is None
            found, taken, damage = self._walker.walk(buffer)
            self._at += taken
            pending = bytes(buffer[taken:])
            records += len(found)
            if damage:
                cut, more = f"is damaged at record {records + 1}, byte {self._at}: it {damage}", False
            elif problem:
                cut = f"{problem}; {records} whole records were read"
            elif not more and (pending or self._walker.inside_block):
                cut = f"ends inside record {records + 1}, at byte {self._at + len(pending)}"
            self.end = self._ended(cut if not more else "was not read to its end")
            if len(found):
                yield found

    def _ended(self, truncated: str | None) -> CaptureEnd:
        return CaptureEnd(
            truncated=truncated,
            skipped_records=self._walker.skipped_records,
            file_format=self._walker.file_format,
            linktypes=self._walker.linktypes,
        )

    def _more(self, pending: bytes) -> tuple[bytes | bytearray, int, str | None]:
        """`pending` and the next bytes behind it in one buffer, how many are new, and what stopped the unpacking."""
        if self._into is None:
            block, problem = self._read(self._block_bytes)
            return pending + block, len(block), problem
        # Read in place: putting two parts together afterwards costs a copy of the whole file.
        buffer = bytearray(len(pending) + self._block_bytes)
        buffer[: len(pending)] = pending
        at = len(pending)
        with memoryview(buffer) as view:
            try:
                while at < len(buffer) and (count := self._into(view[at:])):
                    at += count
            except OSError as error:
                raise InputError(self._name, f"cannot be read ({error.strerror or error})") from error
        del buffer[at:]
        return buffer, at - len(pending), None

    def _read(self, size: int) -> tuple[bytes, str | None]:
        """Up to `size` bytes, fewer only at the end; and what stopped the unpacking, if anything did."""
        pieces: list[bytes] = []
        missing = size
        try:
            while missing and (piece := self._pull(missing)):
                pieces.append(piece)
                missing -= len(piece)
        except (EOFError, zlib.error):
            return b"".join(pieces), "ends inside its gzip packing or is damaged there"
        except OSError as error:
            raise InputError(self._name, f"cannot be read ({error.strerror or error})") from error
        return b"".join(pieces), None


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    out = b""
    while len(out) < size and (piece := stream.read(size - len(out))):
        out += piece
    return out


def _opened(head: bytes, *, name: str) -> tuple[_Walker, int]:
    """The walker for a file that begins with `head`, and how much of it is file header."""
    if not head:
        raise InputError(name, "is empty (0 bytes)", "Was the capture stopped before anything was written?")
    opened = ClassicWalker.open(head, name=name) or PcapngWalker.open(head, name=name)
    if opened:
        return opened
    for magic, what, hint in _STRANGERS:
        if head.startswith(magic):
            raise InputError(name, what, hint)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html")):
        raise InputError(name, "is a web page, not a capture", "The download may have failed: fetch it again.")
    if all(byte in b"\t\r\n" or 32 <= byte < 127 or byte >= 128 for byte in head):
        raise InputError(name, "is a text file, not a capture", "Lists from scanning programs are given as scan lists.")
    raise InputError(name, "is not a capture in a known format (pcap, pcapng, btsnoop)", _ANOTHER)
