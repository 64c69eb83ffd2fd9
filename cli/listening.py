"""The socket on which frames are heard: scapy's listening socket, made ready for speed and for little knowledge.

Besides ``detect/wifi/scapy_frames.py`` the only module that imports scapy (GPL-2.0-only). scapy opens the
socket; frames are taken from it as bytes, and nothing of scapy leaves here.

The kernel is asked to cut data frames behind their headers before it hands them over: what other people send is
never read, not even into memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import select
import socket
import struct

from ..detect.capture import LinkType
from ..detect.errors import UnavailableError
from ..detect.text import clean
from .recording import FRAME_BYTES, RECORD_HEADER_BYTES, Block

#: Numbers of Linux that Python's socket module does not name (include/uapi/linux/socket.h, if_packet.h;
#: asm-generic/socket.h).
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_IGNORE_OUTGOING = 263, 6, 23
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33

#: Room for frames that wait while a block is examined, bytes. A frame takes some 0.8 to 2.5 kB of it (the kernel counts
#: its own bookkeeping), so this holds more than a second of a full channel: 54 Mbit/s of frames of 1500 bytes,
#: each acknowledged, are under 9,000 frames/s.
_BUFFER_BYTES = 32 << 20

#: Ancillary data: the kernel's time of the frame (timespec), and what it says about it (tpacket_auxdata, 20 bytes).
_ANCILLARY_BYTES = socket.CMSG_SPACE(16) + socket.CMSG_SPACE(20) if hasattr(socket, "CMSG_SPACE") else 0

#: Frames taken before the clock is looked at again.
_RUN = 64

#: Bytes kept of a data frame: the longest header (24, fourth address 6, QoS 2, HT control 4; IEEE 802.11-2020,
#: 9.3.2.1), and 8 that tell how the rest is protected or, unprotected, its kind (CCMP header, LLC/SNAP).
DATA_FRAME_BYTES = 24 + 6 + 2 + 4 + 8

#: Longer than any frame: kept whole.
_WHOLE = 0x0004_0000


def _cut_data_frames(link_type: LinkType) -> list[tuple[int, int, int, int]]:
    """Return a classic BPF program (code, jump if true, jump if false, value) that says how much to keep.

    Codes are those of Linux's Documentation/networking/filter.rst.
    """
    lb_abs, lb_ind, ld_len, ld_imm = 0x30, 0x50, 0x80, 0x00
    lsh, add_x, add_k, and_k, tax, txa = 0x64, 0x0C, 0x04, 0x54, 0x07, 0x87
    jgt_x, jeq_k, ret_a, ret_k = 0x2D, 0x15, 0x16, 0x06
    if link_type is LinkType.RADIOTAP:  # the header's length, little endian, is its bytes 2 and 3
        header = [
            (lb_abs, 0, 0, 3),
            (lsh, 0, 0, 8),
            (tax, 0, 0, 0),
            (lb_abs, 0, 0, 2),
            (add_x, 0, 0, 0),
            (tax, 0, 0, 0),
        ]
    else:
        header = [(ld_imm, 0, 0, 0), (tax, 0, 0, 0)]
    return [
        *header,
        (ld_len, 0, 0, 0),
        (jgt_x, 0, 3, 0),  # no frame behind the header: keep what there is
        (lb_ind, 0, 0, 0),
        (and_k, 0, 0, 0x0C),  # the type of the frame control field: 2 is data
        (jeq_k, 1, 0, 0x08),
        (ret_k, 0, 0, _WHOLE),
        (txa, 0, 0, 0),
        (add_k, 0, 0, DATA_FRAME_BYTES),
        (ret_a, 0, 0, 0),
    ]


class Ear:
    """An open listening socket on one interface.

    Parameters
    ----------
    interface
        A monitor interface that is switched on.
    link_type
        What it delivers.

    Raises
    ------
    UnavailableError
        If scapy is missing or the socket is refused.
    """

    def __init__(self, interface: str, *, link_type: LinkType) -> None:
        self._interface = interface
        # scapy warns on standard error of link types whose layers were not loaded; none is needed.
        logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
        try:
            from scapy.arch.linux import L2ListenSocket
        except ImportError as error:
            raise UnavailableError(
                f"The package scapy, which opens the interface, cannot be loaded ({clean(str(error), limit=120)})",
                "Install it: pip install scapy",
            ) from error
        try:
            self._scapy = L2ListenSocket(iface=interface, promisc=False)
        except OSError as error:
            raise _refused(interface, error) from error
        self._socket: socket.socket = self._scapy.ins
        self._drops = 0
        try:
            self._prepare(link_type)
        except OSError as error:
            self.close()
            raise _refused(interface, error) from error

    def _prepare(self, link_type: LinkType) -> None:
        program = _cut_data_frames(link_type)
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
        self._socket.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(code))
        )
        with contextlib.suppress(OSError):  # without the right to change the network: up to the system's limit
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        with contextlib.suppress(OSError):  # Linux before 4.20: this computer's own frames are heard as well
            self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:  # what came in whole before the program was attached
                self._socket.recv(1)
        self.kernel_drops()

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._scapy.close()

    def wait(self, seconds: float) -> None:
        """Wait until a frame is there, or `seconds` are over."""
        select.select([self._socket], [], [], max(0.0, seconds))

    def kernel_drops(self) -> int:
        """Return how many frames the kernel dropped since the start because nobody took them."""
        with contextlib.suppress(OSError):
            # Reading sets the kernel's counters to zero (packet(7), PACKET_STATISTICS).
            counters = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
            self._drops += int(struct.unpack("II", counters)[1])
        return self._drops

    def take(self, block: Block) -> bool:
        """Take some waiting frames into `block`; returns whether more may wait and fit.

        Raises
        ------
        OSError
            If the interface was switched off or is gone.
        """
        receive, view, used = self._socket.recvmsg_into, block.view, block.used
        heads, sizes, stamps, abouts = block.heads, block.sizes, block.stamps, block.abouts
        try:
            for _ in range(_RUN):
                if used > block.last:
                    return False
                at = used + RECORD_HEADER_BYTES
                size, told, _, _ = receive([view[at : at + FRAME_BYTES]], _ANCILLARY_BYTES)
                if len(told) != 2:  # neither time nor length were told: not one of the frames asked for
                    continue
                heads.append(used)
                sizes.append(size)
                stamps.append(told[0][2])
                abouts.append(told[1][2])
                used = at + size
        except BlockingIOError:
            return False
        finally:
            block.used = used
        return True


def _refused(interface: str, error: OSError) -> UnavailableError:
    shown = clean(interface, limit=40)
    if isinstance(error, PermissionError):
        return UnavailableError(
            f"This account may not listen on {shown}", "Run the command with sudo: sudo .venv/bin/roomsweep ..."
        )
    return UnavailableError(
        f"The interface {shown} cannot be listened to: {error.strerror or error}",
        "See what 'roomsweep doctor' says, and try again.",
    )
