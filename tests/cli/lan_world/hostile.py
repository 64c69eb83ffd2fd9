"""Hosts that answer to do harm: garbage, answers without end, bombs, drips, doors slammed at once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable

TEN_MEGABYTES = 10_000_000

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><root><device><friendlyName>&j;</friendlyName></device></root>"
)


def garbage_udp(data: bytes, addr: tuple) -> list:
    """Ten datagrams of noise for every one that comes, some under the right magic numbers."""
    noise = random.Random(len(data)).randbytes(900)
    heads = (
        b"",
        b"\xf1\x41\0\x14",
        b"NVDEVRESULT^",
        b"DH\x01\x08",
        data[:20],
        b"HTTP/1.1 200 OK\r\n",
        b"<?xml ",
        b"\xff",
    )
    return [(head + noise, addr) for head in heads] + [(b"", addr), (noise[:1] * 60_000, addr)]


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.write(random.Random(1).randbytes(3000))
        await writer.drain()
    writer.close()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A head, and then a server name that never ends."""
    with contextlib.suppress(OSError):
        writer.write(b"HTTP/1.1 200 OK\r\nServer: ")
        while True:
            writer.write(b"A" * 65536)
            await writer.drain()
    writer.close()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One byte now and then, for as long as anybody listens."""
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nServer: " + b"x" * 10_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)
    writer.close()


async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Closes at once, by a reset."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def large(head: str) -> Callable:
    """A document of ten megabytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head.encode())
            for _ in range(TEN_MEGABYTES // 100_000):
                writer.write(b"<a>" + b"x" * 99_993 + b"</a>")
                await writer.drain()
        writer.close()

    return serve
