"""Odd but well-formed headers, elements and events, told against a second, slow reading that shares no code."""

import io
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fuzz import owed, shapes
from fuzz.shapes import Record, element, event, heard, management, written
from roomsweep.detect.bluetooth.examine import examine_capture as examine_bluetooth
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.wifi.beacons import FIXED_BYTES, parse_elements
from roomsweep.detect.wifi.headers import FCS_BAD, NO_SIGNAL, RadioHeaders, read_headers

SENDER = bytes.fromhex("ec71db000001")


def header_of(data: bytes, *, linktype: int) -> RadioHeaders:
    """The header of one record, read among others so that nothing may reach into them."""
    around = bytes(range(1, 90))
    block = np.frombuffer(around + data + around, dtype=np.uint8)
    start = np.array([0, len(around), len(around) + len(data)])
    caplen = np.array([len(around), len(data), len(around)])
    found = read_headers(block, start, caplen, linktype=linktype)
    assert found is not None
    return found


#: Size and alignment of the fields of present bits 0 to 5 (radiotap.org).
FIELDS = ((8, 8), (1, 1), (1, 1), (4, 2), (2, 2), (1, 1))

chains = st.lists(st.integers(0, (1 << 31) - 1), min_size=1, max_size=6).map(
    lambda words: [word | 1 << 31 for word in words[:-1]] + [words[-1]]
)


def slow_radiotap(data: bytes) -> tuple[int, int, int] | None:
    """Offset of the frame, signal and MHz of a radiotap header, byte by byte; None if it is unusable."""
    if len(data) < 8:
        return None
    version, _, length, first = struct.unpack_from("<BBHI", data)
    if version or not 8 <= length <= len(data):
        return None
    at, word = 8, first
    while word >> 31:
        if at + 4 > length:
            return None
        (word,) = struct.unpack_from("<I", data, at)
        at += 4
    signal, mhz = NO_SIGNAL, 0
    for bit, (size, alignment) in enumerate(FIELDS):
        if not first >> bit & 1:
            continue
        at += -at % alignment
        if bit in (1, 3, 5) and at + size > length:
            return None
        if bit == 3:
            (mhz,) = struct.unpack_from("<H", data, at)
        if bit == 5:
            (signal,) = struct.unpack_from("b", data, at)
        at += size
    return length, signal if NO_SIGNAL < signal <= 10 else NO_SIGNAL, mhz


@given(words=chains, fields=st.binary(max_size=40), version=st.sampled_from([0, 0, 0, 1]), wrong=st.integers(-30, 30))
@example(words=[0x2A], fields=bytes([0, 0, 0x85, 9, 0xA0, 0, 0xCE]), version=0, wrong=0)
@example(words=[1 << 31 | 0x2E] * 3 + [0], fields=bytes(9), version=0, wrong=0)
def test_radiotap_headers_of_any_chain(words: list[int], fields: bytes, version: int, wrong: int) -> None:
    data = shapes.radiotap(fields, words=words, version=version)
    length = int.from_bytes(data[2:4], "little") + (wrong if wrong % 3 == 0 else 0)
    data = data[:2] + struct.pack("<H", length & 0xFFFF) + data[4:]
    found = header_of(data, linktype=127)
    expected = slow_radiotap(data)
    seen = (int(found.mac_offset[1]), int(found.signal_dbm[1]), int(found.channel_mhz[1]))
    if expected is None:
        assert seen[0] == -1
        assert seen[1:] == (NO_SIGNAL, 0)
    else:
        # Two bytes of alignment before the field of frequency hopping are optional in the wild.
        assert seen == expected or words[0] & 0x10


@given(
    fields=st.lists(st.tuples(st.sampled_from([2, 2, 3, 4, 30006]), st.binary(max_size=30)), max_size=6),
    aligned=st.booleans(),
    dlt=st.sampled_from([105, 105, 105, 251, 0]),
    wrong=st.sampled_from([0, 0, 0, -9, -1, 1, 70, 60_000]),
)
def test_ppi_headers_of_any_fields(fields: list[tuple[int, bytes]], aligned: bool, dlt: int, wrong: int) -> None:
    data = shapes.ppi(fields, dlt=dlt, aligned=aligned)
    length = len(data) + wrong
    data = data[:2] + struct.pack("<H", length & 0xFFFF) + data[4:]
    found = header_of(data, linktype=192)
    if dlt != 105 or not 8 <= length <= len(data):
        assert found.mac_offset[1] == -1
        assert found.signal_dbm[1] == NO_SIGNAL
        return
    assert found.mac_offset[1] == length
    whole = next((value for kind, value in fields if kind == 2 and len(value) >= 20), None)
    if whole is None or wrong:
        return
    flags, mhz, signal = struct.unpack_from("<8xHxxHxxxxb", whole)
    known = NO_SIGNAL < signal <= 10 and signal != 0
    assert found.signal_dbm[1] == (signal if known else NO_SIGNAL)
    assert found.channel_mhz[1] == mhz
    assert (found.fcs[1] == FCS_BAD) == bool(flags & 0x0C)


elements = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 3, 45, 48, 48, 61, 127, 221, 221, 255]),
        st.one_of(
            st.binary(max_size=40),
            st.binary(max_size=30).map(lambda data: b"\x00\x50\xf2\x04" + data),
            st.lists(
                st.tuples(st.sampled_from([0x1011, 0x1021, 0x1023, 0x1047]), st.binary(max_size=20)), max_size=4
            ).map(
                lambda said: b"\x00\x50\xf2\x04" + b"".join(struct.pack(">HH", kind, len(v)) + v for kind, v in said)
            ),
            st.tuples(st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=24)).map(
                lambda rsn: b"\x01\x00\x00\x0f\xac\x04" + struct.pack("<H", rsn[0]) + struct.pack("<H", rsn[1]) + rsn[2]
            ),
        ),
    ),
    max_size=12,
)


@given(said=elements, subtype=st.sampled_from(sorted(FIXED_BYTES)), cut=st.integers(0, 60))
def test_element_lists_of_any_order(said: list[tuple[int, bytes]], subtype: int, cut: int) -> None:
    fixed = bytes(FIXED_BYTES[subtype])
    body = fixed + b"".join(element(tag, value) for tag, value in said)
    out = parse_elements(body, subtype=subtype, transmitter=1, bssid=2)
    names = [value for tag, value in said if tag == 0 and len(value) <= 32]
    assert out.ssid == (names[0] if names else None)
    vendors = [int.from_bytes(value[:3], "big") for tag, value in said if tag == 221 and len(value) >= 3]
    assert out.vendors == tuple(dict.fromkeys(vendors))
    assert (out.security is None) == (len(fixed) != 12)
    shorter = parse_elements(body[: max(0, len(body) - cut)], subtype=subtype, transmitter=1, bssid=2)
    assert shorter.ssid in (None, out.ssid)
    assert set(shorter.vendors) <= set(out.vendors)


@settings(max_examples=40, deadline=None)
@given(said=st.lists(elements, min_size=1, max_size=6), subtypes=st.lists(st.sampled_from([0, 2, 4, 5, 8]), min_size=6))
def test_announcements_of_any_elements_keep_every_promise(
    said: list[list[tuple[int, bytes]]], subtypes: list[int]
) -> None:
    records = []
    for row, (one, subtype) in enumerate(zip(said, subtypes, strict=False)):
        body = bytes(FIXED_BYTES[subtype]) + b"".join(element(tag, value) for tag, value in one)
        frame = heard(management(subtype, body, sender=(0x000B86000000 + 4 * row).to_bytes(6, "big")))
        records.append(Record(t_ns=row * 10**8, body=frame, length=len(frame), linktype=127))
    found = owed.check(owed.read_wifi, written(records, "pcap"))
    assert found is not None
    assert found.source.facts["frames"] == len(records)


times = st.sampled_from([0, 1, 10**15, (1 << 64) - 1, 1 << 63, (1 << 63) - 1, 1_700_000_000_000_000])


@settings(max_examples=80, deadline=None)
@given(
    blocks=st.lists(
        st.one_of(
            st.tuples(st.just("packet"), st.integers(0, 3), times),
            st.tuples(st.just("face"), st.sampled_from([0, 3, 6, 9, 19, 20, 64, 127, 128, 191, 192, 255]), times),
            st.tuples(st.just("section"), st.sampled_from([0, 1]), times),
            st.tuples(st.just("simple"), st.integers(0, 30), times),
            st.tuples(st.just("other"), st.integers(0, 40), times),
        ),
        max_size=14,
    ),
    pieces=st.sampled_from([1, 29, 333, 1 << 16]),
)
def test_pcapng_blocks_in_any_order(blocks: list[tuple[str, int, int]], pieces: int) -> None:
    """Every packet of an interface that its section describes is read, no other, whatever stands between."""
    order, faces, expected, skipped = "<", 0, [], 0
    out = [shapes.section()]
    for kind, number, ticks in blocks:
        body = bytes([number]) * (number + 1)
        if kind == "packet":
            record = Record(t_ns=0, body=body, length=len(body), linktype=127)
            out.append(shapes.packet(record, number=number, order=order, ticks=ticks))
            expected += [body] if number < faces else []
            skipped += number >= faces
        elif kind == "simple":
            out.append(shapes.block(3, struct.pack(order + "I", len(body)) + body, order=order))
            expected += [body] if faces else []
            skipped += not faces
        elif kind == "face":
            offset = None if ticks == 0 else ticks % (1 << 62)
            out.append(shapes.interface(127, order=order, tsresol=number, tsoffset=offset))
            faces += 1
        elif kind == "section":
            order, faces = "<>"[number], 0
            out.append(shapes.section(order=order))
        else:
            out.append(shapes.block(0x0BAD + number, bytes(4 * number), order=order))
    reader = CaptureReader(io.BytesIO(b"".join(out)), name="a", block_bytes=pieces)
    seen = []
    for records in reader:
        ends = (records.start + records.caplen).tolist()
        seen += [records.data[a:b].tobytes() for a, b in zip(records.start.tolist(), ends, strict=True)]
    assert seen == expected
    assert reader.end.skipped_records == skipped
    assert reader.end.truncated is None


codes = st.sampled_from([0x02, 0x07, 0x22, 0x2F, 0x3E, 0x3E, 0x05])
reports = st.one_of(
    st.binary(max_size=255),
    st.tuples(st.sampled_from([2, 0x0D]), st.integers(0, 30), st.binary(max_size=200)).map(
        lambda said: bytes([said[0], said[1]]) + said[2]
    ),
    st.lists(st.binary(max_size=31), min_size=1, max_size=4).map(
        lambda said: (
            bytes([2, len(said)]) + b"".join(b"\0\0" + SENDER + bytes([len(data)]) + data + b"\xc4" for data in said)
        )
    ),
)


@settings(max_examples=60, deadline=None)
@given(events=st.lists(st.tuples(codes, reports), min_size=1, max_size=8), linktype=st.sampled_from([187, 201, 254]))
def test_controller_events_of_any_form(events: list[tuple[int, bytes]], linktype: int) -> None:
    front = {187: b"", 201: b"\0\0\0\1", 254: b"\0\0\0\3"}[linktype]
    bodies = [front + event(code, body[:255])[int(linktype == 254) :] for code, body in events]
    records = [Record(t_ns=row, body=body, length=len(body), linktype=linktype) for row, body in enumerate(bodies)]
    found = owed.check(owed.read_bluetooth, written(records, "pcap"))
    assert found is not None
    assert found.source.facts["frames"] == len(records)


@pytest.mark.parametrize("number", [0, 1, 2, 25, 26, 255])
def test_an_event_gives_as_many_reports_as_it_holds(number: int) -> None:
    one = b"\0\0" + SENDER + b"\x07\x06\x09Cam 1" + b"\xc4"
    body = bytes([2, number]) + one * 3
    record = Record(t_ns=0, body=event(0x3E, body), length=0, linktype=187)
    found = examine_bluetooth(io.BytesIO(written([record], "pcap")), source_id="a", name="a")
    assert found.source.facts["advertisers"] == int(number > 0)
