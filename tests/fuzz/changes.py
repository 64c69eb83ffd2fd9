"""Changes that keep an input's outer form, so that they get past magic numbers and lengths to what is read behind.

Each takes bytes and a source of chance and returns other bytes; `bend` changes bytes without knowing their form (the
fuzzer's own way, which learns from coverage).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, TypeAlias

from . import shapes
from .owed import SPLIT
from .shapes import FORMS, Record, records_of, written

Bend: TypeAlias = Callable[[bytes, int], bytes]
Change: TypeAlias = Callable[[bytes, int, Random, Bend], bytes]

#: Times at which clocks break: before 1970, never set, now, the ends of 32 and 64 bits.
_TIMES_NS = (
    -(1 << 63), -1, 0, 1, 10**9 - 1, 1_700_000_000 * 10**9, (1 << 31) * 10**9, ((1 << 32) - 1) * 10**9, (1 << 63) - 1,
    9_223_372_036_854_775_000, 253_402_300_800 * 10**9,
)  # fmt: skip

_STEPS_NS = (0, 1, 1_000, 400_000, 7_999_999, 8_000_001, 40_000_000, 102_400_000, 10**9, -40_000_000, 3600 * 10**9)

_LENGTHS = (0, 1, 10, 24, 60, 300, 1000, 1500, 2304, 65_535, 262_144, (1 << 31) - 1)

_WIFI_KINDS = (1, 105, 113, 119, 127, 163, 192, 276)
_BLUETOOTH_KINDS = (187, 192, 201, 251, 254, 256, 272, 1001, 1002, 2001)


def _changed_record(record: Record, size: int, rng: Random, bend: Bend, kinds: tuple[int, ...]) -> Record:
    way = rng.randrange(7)
    body = record.body
    if way == 0:
        return record.with_body(bend(body, size))
    if way == 1 and len(body) > 15:
        # What stands behind the radio header only.
        at = int.from_bytes(body[2:4], "little") if record.linktype in (127, 192) else rng.randrange(len(body))
        at = min(at, len(body))
        return record.with_body(body[:at] + bend(body[at:], size))
    if way == 2:
        return replace(record, body=body[: rng.randrange(len(body) + 1)])
    if way == 3:
        return replace(record, length=rng.choice(_LENGTHS))
    if way == 4:
        return replace(record, t_ns=rng.choice(_TIMES_NS))
    if way == 5:
        return replace(record, linktype=rng.choice(kinds))
    if record.linktype == 127:
        words = [rng.getrandbits(32) | 1 << 31 for _ in range(rng.choice((0, 1, 1, 2, 8, 30)))] + [rng.getrandbits(31)]
        at = min(int.from_bytes(body[2:4], "little"), len(body)) if len(body) > 4 else 0
        return record.with_body(shapes.radiotap(rng.randbytes(rng.choice((0, 4, 16, 60))), words=words) + body[at:])
    fields = [
        (rng.choice((0, 2, 3, 30006, 65535)), rng.randbytes(rng.choice((0, 3, 20, 24))))
        for _ in range(rng.randrange(4))
    ]
    dlt = rng.choice((105, 147, 251, 192))
    return replace(record.with_body(shapes.ppi(fields, dlt=dlt, aligned=rng.random() < 0.5) + body), linktype=192)


def _capture(kinds: tuple[int, ...]) -> Change:
    def change(data: bytes, size: int, rng: Random, bend: Bend) -> bytes:
        records = records_of(data) if rng.random() < 0.8 else None
        if not records:
            return bend(data, size)
        for _ in range(rng.choice((1, 1, 2, 4))):
            at = rng.randrange(len(records))
            way = rng.randrange(9)
            if way <= 3:
                records[at] = _changed_record(records[at], 2048, rng, bend, kinds)
            elif way == 4:
                # One record becomes a stream.
                step_ns, one = rng.choice(_STEPS_NS), records[at]
                count = rng.choice((2, 30, 300, 1500))
                records[at:at] = [replace(one, t_ns=one.t_ns + row * step_ns) for row in range(count)]
            elif way == 5:
                del records[at : at + rng.choice((1, 5, 50))]
            elif way == 6:
                piece = records[at : at + rng.choice((1, 5, 50, 500))]
                rng.shuffle(piece)
                records[at : at + len(piece)] = piece
            elif way == 7:
                shift = rng.choice(_TIMES_NS)
                records[at:] = [
                    replace(one, t_ns=max(-(1 << 62), min(1 << 62, one.t_ns + shift))) for one in records[at:]
                ]
            else:
                # Addresses that nobody has: of this record's sender, one for each copy.
                one, where = records[at], rng.choice((6, 10, 16, 25, 31))
                copies = [one.body[:where] + rng.randbytes(6) + one.body[where + 6 :] for _ in range(100)]
                records[at:at] = [replace(one, body=body, t_ns=one.t_ns + row) for row, body in enumerate(copies)]
            if not records:
                return bend(data, size)
        while len(records) > 1 and sum(len(one.body) + 40 for one in records) > size:
            del records[len(records) // 2 :]
        try:
            return written(records, rng.choice(FORMS))
        except struct.error:  # a length or time that this form cannot hold
            return bend(data, size)

    return change


def _motion(data: bytes, size: int, rng: Random, bend: Bend) -> bytes:
    log, split, capture = data.partition(SPLIT)
    if not split:
        return bend(data, size)
    if rng.random() < 0.4:
        return _lines(log, 2000, rng, bend) + split + capture
    return log + split + capture_wifi(capture, max(1, size - len(log) - len(split)), rng, bend)


_PIECES = (
    b",", b";", b"\t", b'"', b"\\", b"\\x", b"\\x4", b"\r\n", b"\n", b"\0", b":", b"|", b"{", b"[", b"}", b"]", b"<",
    b">", b"-", b"0", b"-1", b"1e400", b"NaN", b"inf", b"99999999999999999999", b"1e-320", b"0x10", "\u0663".encode(),
    "\u202e".encode(), "\ud800".encode("utf-8", "surrogatepass"), b"\x1b[2J", b"\xff\xfe", b"\xef\xbb\xbf", b"\x85",
    b"\x0b", "\u2028".encode(), b"02:AA:00:00:00:01", b"EC:71:DB:00:00:07", b"null", b"true", b'"_name"', b"&#x0;",
    b"&#xD800;", b"<!DOCTYPE a [", b"<!ENTITY a 'b'>", b"&a;", b"]]>", b"<![CDATA[", b"SSID 2 : ",
    b"    BSSID 2 : 02:aa:00:00:00:02\n", b"BSS 02:aa:00:00:00:09(on w)\n", b"Station MAC, First time seen, ",
    b"BSSID, First time seen, ", b"%", b"1970-01-01", b"9999-12-31T23:59:59+14:00", b"still", b"move", b"end",
    b"# least rest: motion 5 s\n", b"rssi_dbm", b"x_m",
)  # fmt: skip


def _lines(data: bytes, size: int, rng: Random, bend: Bend) -> bytes:
    """Text: lines and cells are doubled, moved, cut, and take each other's place."""
    if rng.random() < 0.3:
        return bend(data, size)
    lines = data.split(b"\n")
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines))
        way = rng.randrange(7)
        if way == 0:
            lines[at:at] = lines[at : at + rng.choice((1, 3))] * rng.choice((1, 2, 30, 600))
        elif way == 1:
            del lines[at : at + rng.choice((1, 3))]
            lines = lines or [b""]
        elif way == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif way == 3:
            place = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + rng.choice(_PIECES) * rng.choice((1, 1, 1, 2, 200)) + lines[at][place:]
        elif way == 4:
            mark = rng.choice((b",", b";", b"\t", b":", b" ", b'"'))
            cells = lines[at].split(mark)
            cells[rng.randrange(len(cells))] = rng.choice((*_PIECES, b"", b"x" * 500, rng.choice(cells)))
            lines[at] = mark.join(cells)
        elif way == 5:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        else:
            lines[at] = bend(lines[at], 1000)
        while sum(map(len, lines)) + len(lines) > size and len(lines) > 1:
            del lines[len(lines) // 2 :]
    return b"\n".join(lines)


def _text(data: bytes, size: int, rng: Random, bend: Bend) -> bytes:
    if rng.random() < 0.02:
        encoding = rng.choice(("utf-16", "utf-16-le", "utf-8-sig", "cp850", "cp936", "utf-8"))
        return data.decode("utf-8", "replace").encode(encoding, "replace")
    return _lines(data, size, rng, bend)


def _json(data: bytes, size: int, rng: Random, bend: Bend) -> bytes:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return bend(data, size)
    if rng.random() < 0.2:
        return bend(data, size)
    for _ in range(rng.choice((1, 1, 3))):
        value = _changed_value(value, rng)
    return json.dumps(value).encode()


def _changed_value(value: Any, rng: Random) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: _changed_value(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], _changed_value(value[at], rng), *value[at + (rng.random() < 0.9) :]]
    return rng.choice(
        (None, True, 0, -1, 1e308, float("nan"), 1 << 70, "", "x", "\ud800", [], {}, [[]], [1], {"a": 1}, value)
    )


def _json_lines(data: bytes, size: int, rng: Random, bend: Bend) -> bytes:
    if rng.random() < 0.3:
        return _lines(data, size, rng, bend)
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    lines[at] = _json(lines[at], size, rng, bend)
    return b"\n".join(lines)[:size]


def _picture(data: bytes, size: int, rng: Random, bend: Bend) -> bytes:
    """What stands in the EXIF block or in the boxes of a HEIC, in its own length; else any bytes."""
    marks = [at for mark in (b"Exif\0\0", b"eXIf", b"EXIF", b"meta", b"II*\0") if (at := data.find(mark)) >= 0]
    if not marks or rng.random() < 0.3:
        return bend(data, size)
    start = rng.choice(marks) + 4
    end = min(len(data), start + rng.choice((16, 60, 200, 400)))
    bent = bend(data[start:end], end - start)
    return data[:start] + bent + data[start + len(bent) : end] + data[end:]


capture_wifi = _capture(_WIFI_KINDS)

CHANGES: dict[str, Change] = {
    "capture": _capture((*_WIFI_KINDS, *_BLUETOOTH_KINDS, 0xFFFF)),
    "wifi": capture_wifi,
    "motion": _motion,
    "bluetooth": _capture(_BLUETOOTH_KINDS),
    "adverts": _json_lines,
    "scan": _text,
    "actions": _text,
    "readings": _text,
    "picture": _picture,
    "result": _json,
}
