"""Captures of every format become the same columns; damage is told, never raised."""

import gzip
import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.capture import MAX_CAPLEN, CaptureReader, LinkType, Records
from roomsweep.detect.errors import InputError

PACKETS = [b"first", b"", b"third packet", bytes(300)]
TIMES_NS = [1_700_000_000_123_456_000, 1_700_000_000_123_457_000, 1_700_000_001_000_000_000, 5_000]


def pcap(packets=PACKETS, times=TIMES_NS, *, order="<", nano=False, network=127, extra=0, modified=False):
    magic = 0xA1B2CD34 if modified else 0xA1B23C4D if nano else 0xA1B2C3D4
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, network)
    for packet, t_ns in zip(packets, times, strict=True):
        fraction = t_ns % 10**9 // (1 if nano else 1000)
        head = struct.pack(order + "IIII", t_ns // 10**9, fraction, len(packet), len(packet) + extra)
        out += head + (bytes(8) if modified else b"") + packet
    return out


def block(kind, body, *, order="<"):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(*, order="<"):
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order=order)


def interface(linktype, *, order="<", snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", linktype, 0, snaplen) + options, order=order)


def option(code, value, *, order="<"):
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(packet, ticks, *, number=0, order="<", extra=0):
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFF_FFFF, len(packet), len(packet) + extra)
    return block(6, head + packet, order=order)


def old_packet(packet, ticks, *, number=0, order="<"):
    head = struct.pack(order + "HHIIII", number, 7, ticks >> 32, ticks & 0xFFFF_FFFF, len(packet), len(packet))
    return block(2, head + packet, order=order)


def simple(packet, *, length=None, order="<"):
    return block(3, struct.pack(order + "I", len(packet) if length is None else length) + packet, order=order)


def btsnoop(packets=PACKETS, times=TIMES_NS, *, datalink=1002, flags=1):
    out = b"btsnoop\0" + struct.pack(">II", 1, datalink)
    for packet, t_ns in zip(packets, times, strict=True):
        t_us = t_ns // 1000 + 0x00DCDDB30F2F8000
        out += struct.pack(">IIIIq", len(packet), len(packet), flags, 0, t_us) + packet
    return out


def read(data, **options):
    reader = CaptureReader(io.BytesIO(data), name="some.pcap", **options)
    return list(reader), reader.end


def packets_of(blocks: list[Records]) -> list[bytes]:
    return [
        block.data[at : at + size].tobytes()
        for block in blocks
        for at, size in zip(block.start, block.caplen, strict=True)
    ]


def column(blocks: list[Records], name: str) -> list[int]:
    return [int(value) for block in blocks for value in getattr(block, name)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1 << 20])
def test_pcap_of_either_byte_order_and_resolution(order, nano, block_bytes):
    blocks, end = read(pcap(order=order, nano=nano, extra=11), block_bytes=block_bytes)
    assert packets_of(blocks) == PACKETS
    assert column(blocks, "t_ns") == TIMES_NS
    assert column(blocks, "length") == [len(packet) + 11 for packet in PACKETS]
    assert column(blocks, "linktype") == [LinkType.RADIOTAP] * 4
    assert (end.truncated, end.file_format, end.linktypes) == (None, "pcap", frozenset({127}))


def test_columns_have_the_types_that_detectors_rely_on():
    (block_,), _ = read(pcap())
    assert block_.data.dtype == np.uint8
    assert {block_.start.dtype, block_.caplen.dtype, block_.length.dtype, block_.t_ns.dtype} == {np.dtype("i8")}
    assert (block_.linktype.dtype, block_.flags.dtype) == (np.dtype("i4"), np.dtype("u4"))


def test_modified_pcap_and_fcs_bits_of_the_network_field():
    blocks, _ = read(pcap(modified=True, network=0x5400_0069))
    assert packets_of(blocks) == PACKETS
    assert set(column(blocks, "linktype")) == {LinkType.IEEE802_11}


@pytest.mark.parametrize("make", [pcap, btsnoop])
def test_gzip_is_unpacked(make):
    blocks, end = read(gzip.compress(make()), block_bytes=50)
    assert packets_of(blocks) == PACKETS
    assert end.truncated is None


def test_a_stream_that_cannot_seek_and_gives_little_at_a_time():
    class Dribble(io.RawIOBase):
        def __init__(self, data):
            self.data = data

        def read(self, size=-1):
            piece, self.data = self.data[: min(size, 3)], self.data[min(size, 3) :]
            return piece

    for data in (pcap(), gzip.compress(pcap())):
        assert packets_of(list(CaptureReader(Dribble(data), name="pipe"))) == PACKETS


def test_btsnoop():
    blocks, end = read(btsnoop(flags=3))
    assert packets_of(blocks) == PACKETS
    assert column(blocks, "t_ns") == TIMES_NS
    assert column(blocks, "flags") == [3] * 4
    assert end.file_format == "btsnoop"
    assert end.linktypes == frozenset({LinkType.BLUETOOTH_HCI_H4})
    assert read(btsnoop(datalink=2001))[1].linktypes == frozenset({LinkType.BTSNOOP_MONITOR})


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("block_bytes", [1, 30, 1 << 20])
def test_pcapng_blocks_of_all_packet_kinds(order, block_bytes):
    data = section(order=order) + interface(127, order=order) + interface(1, order=order, snaplen=8)
    data += enhanced(b"one", 1_500_000, order=order, extra=5)
    data += block(0x0BAD, b"unknown block", order=order)
    data += old_packet(b"two", 2_500_000, number=1, order=order)
    data += simple(b"three", order=order)
    data += enhanced(b"", 3_000_000, number=1, order=order)
    blocks, end = read(data, block_bytes=block_bytes)
    assert packets_of(blocks) == [b"one", b"two", b"three", b""]
    assert column(blocks, "t_ns") == [1_500_000_000, 2_500_000_000, 2_500_000_000, 3_000_000_000]
    assert column(blocks, "linktype") == [127, 1, 127, 1]
    assert column(blocks, "length") == [8, 3, 5, 0]
    assert (end.truncated, end.file_format, end.linktypes) == (None, "pcapng", frozenset({1, 127}))


def test_simple_packets_are_cut_at_their_interfaces_snap_length():
    blocks, _ = read(section() + interface(105, snaplen=4) + simple(b"abcd", length=900))
    assert packets_of(blocks) == [b"abcd"]
    assert column(blocks, "length") == [900]


@pytest.mark.parametrize(
    ("resolution", "ticks", "expected_ns"),
    [
        (bytes([9]), 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (bytes([3]), 1_700_000_000_123, 1_700_000_000_123_000_000),
        (bytes([12]), 5_000_000_000_123, 5_000_000_000),
        (bytes([0]), 77, 77_000_000_000),
        (bytes([0x80 | 10]), 1024 * 5 + 512, 5_500_000_000),
        (bytes([0x80 | 32]), (7 << 32) + (1 << 31), 7_500_000_000),
        (bytes([0x80 | 60]), (3 << 60) + (1 << 58), 3_250_000_000),
        (bytes([100]), 12_345, 0),
    ],
)
def test_pcapng_time_resolutions(resolution, ticks, expected_ns):
    blocks, _ = read(section() + interface(127, options=option(9, resolution)) + enhanced(b"x", ticks))
    assert column(blocks, "t_ns") == [expected_ns]


def test_pcapng_time_offset_and_absurd_times_stay_in_64_bits():
    options = option(2, b"wlan0") + option(14, struct.pack("<q", 1_000)) + option(0, b"")
    blocks, _ = read(section() + interface(127, options=options) + enhanced(b"x", 5_000_000))
    assert column(blocks, "t_ns") == [1_005_000_000_000]
    wild = option(9, bytes([0])) + option(14, struct.pack("<q", 2**62))
    blocks, _ = read(section() + interface(127, options=wild) + enhanced(b"x", 2**64 - 1))
    assert 9e18 < column(blocks, "t_ns")[0] < 2**63


def test_each_section_has_its_own_order_and_interfaces():
    data = section() + interface(127) + enhanced(b"little", 1)
    data += section(order=">") + interface(105, order=">") + enhanced(b"big", 2, order=">")
    data += section() + enhanced(b"nobody's", 3)
    blocks, end = read(data)
    assert packets_of(blocks) == [b"little", b"big"]
    assert column(blocks, "linktype") == [127, 105]
    assert end.skipped_records == 1


@pytest.mark.parametrize("make", [pcap, btsnoop])
def test_every_cut_yields_the_whole_records_and_says_where(make):
    data = make()
    head = len(data) - sum(map(len, PACKETS)) - 4 * (16 if make is pcap else 24)
    ends, at = [], head
    for packet in PACKETS:
        at += (16 if make is pcap else 24) + len(packet)
        ends.append(at)
    for cut in range(head, len(data) + 1):
        blocks, end = read(data[:cut], block_bytes=40)
        whole = sum(cut >= at for at in ends)
        assert packets_of(blocks) == PACKETS[:whole]
        if cut in (head, *ends):
            assert end.truncated is None
        else:
            assert end.truncated == f"ends inside record {whole + 1}, at byte {cut}"


def test_a_cut_pcapng_and_a_cut_gzip_say_so():
    data = section() + interface(127) + enhanced(b"whole", 1) + enhanced(b"cut off", 2)
    blocks, end = read(data[:-3])
    assert packets_of(blocks) == [b"whole"]
    assert end.truncated == f"ends inside record 2, at byte {len(data) - 3}"
    skipping = section() + interface(127) + enhanced(b"whole", 1) + block(0x0BAD, bytes(100))
    assert "ends inside record 2" in (read(skipping[:-9])[1].truncated or "")
    random = np.random.default_rng(1)
    long = [random.bytes(256) for _ in range(100)]
    packed = gzip.compress(pcap(long, [0] * 100))
    blocks, end = read(packed[: len(packed) // 2])
    assert 40 < len(packets_of(blocks)) < 60
    assert packets_of(blocks) == long[: len(packets_of(blocks))]
    assert "gzip" in (end.truncated or "")


@pytest.mark.parametrize("claimed", [MAX_CAPLEN + 1, 2**31, 2**32 - 1])
def test_an_absurd_length_is_damage_and_costs_no_memory(claimed):
    data = pcap([b"good"], [0]) + struct.pack("<IIII", 1, 2, claimed, claimed) + b"rest"
    blocks, end = read(data)
    assert packets_of(blocks) == [b"good"]
    assert end.truncated is not None
    assert end.truncated.startswith(f"is damaged at record 2, byte {24 + 16 + 4}:")
    assert str(claimed) in end.truncated


def test_an_absurd_length_that_lies_inside_the_file_is_damage_too():
    inside = struct.pack("<IIII", 1, 2, MAX_CAPLEN + 1, 60) + bytes(MAX_CAPLEN + 500)
    blocks, end = read(pcap([b"good"], [0]) + inside)
    assert packets_of(blocks) == [b"good"]
    assert "is damaged at record 2" in (end.truncated or "")


@pytest.mark.parametrize(
    "damage",
    [
        struct.pack("<II", 6, 33) + bytes(40),
        struct.pack("<II", 6, 8) + bytes(40),
        struct.pack("<II", 6, 1 << 30) + bytes(40),
        struct.pack("<II", 6, 40) + bytes(40),
        struct.pack("<II", 99, 4) + bytes(40),
        struct.pack("<II", 1, 12) + bytes(40),
        struct.pack("<III", 0x0A0D0D0A, 28, 1) + bytes(40),
    ],
)
def test_damaged_pcapng_blocks_end_the_reading_with_a_reason(damage):
    start = section() + interface(127) + enhanced(b"good", 1)
    blocks, end = read(start + damage)
    assert packets_of(blocks) == [b"good"]
    assert end.truncated is not None
    assert end.truncated.startswith(f"is damaged at record 2, byte {len(start)}: it has a")


def test_a_packet_longer_than_its_block_is_left_out():
    lying = bytearray(enhanced(b"abcd", 1))
    struct.pack_into("<I", lying, 20, 4000)
    blocks, end = read(section() + interface(127) + bytes(lying) + enhanced(b"good", 2))
    assert packets_of(blocks) == [b"good"]
    assert end.skipped_records == 1


def test_a_length_on_air_shorter_than_the_capture_is_not_believed():
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    data += struct.pack("<IIII", 0, 0, 4, 2) + b"abcd" + struct.pack("<IIII", 0, 0, 4, 2**32 - 1) + b"abcd"
    assert column(read(data)[0], "length") == [4, 4]


def test_a_header_without_records_is_no_error():
    for data in (pcap([], []), btsnoop([], []), section() + interface(127), section()):
        blocks, end = read(data)
        assert blocks == []
        assert end.truncated is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "is a Git LFS pointer"),
        (b"BSSID, First time seen, Last time seen\r\n", "is a text file, not a capture"),
        ("Réseau, première vue\n".encode(), "is a text file, not a capture"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "is a web page"),
        (b"PK\x03\x04rest", "is a ZIP archive"),
        (b"SQLite format 3\0rest", "is a database"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "is a JPEG picture"),
        (bytes(64), "is not a capture in a known format"),
        (pcap()[:20], "ends inside its header (20 of 24 bytes)"),
        (btsnoop()[:12], "ends inside its header (12 of 16 bytes)"),
        (section()[:20], "ends inside its header (20 of 28 bytes)"),
        (b"\x0a\x0d\x0d\x0a" + bytes(40), "no byte-order mark"),
        (struct.pack("<IHHiIII", 0xA1B2C3D4, 9, 4, 0, 0, 65535, 1), "names pcap version 9.4"),
        (b"btsnoop\0" + struct.pack(">II", 5, 1002), "btsnoop capture of version 5"),
        (gzip.compress(b""), "empty gzip"),
        (b"\x1f\x8b\x08 and then no gzip at all", "damaged or empty gzip"),
        (gzip.compress(b"only text in here\n"), "is a text file"),
    ],
)
def test_what_is_no_capture_is_refused_in_one_clear_sentence(data, words):
    with pytest.raises(InputError) as caught:
        CaptureReader(io.BytesIO(data), name="folder/some.pcap")
    assert words in caught.value.what
    assert str(caught.value).startswith("some.pcap is ")


def test_a_broken_disk_is_an_input_error():
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            if size == 64:
                return pcap()[:64]
            raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match="cannot be read"):
        list(CaptureReader(Broken(), name="some.pcap"))


NG = section() + interface(127) + enhanced(b"one", 1) + simple(b"two") + old_packet(b"three", 3)


@settings(max_examples=150, deadline=None)
@given(
    base=st.sampled_from([pcap(), pcap(order=">", nano=True), btsnoop(), NG, gzip.compress(pcap()), b""]),
    edits=st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=4)), max_size=6),
    tail=st.binary(max_size=200),
    block_bytes=st.sampled_from([1, 13, 200, 1 << 16]),
)
def test_mutated_captures_raise_nothing_but_input_errors(base, edits, tail, block_bytes):
    data = bytearray(base + tail)
    for at, value in edits:
        data[at : at + len(value)] = value
    try:
        blocks, end = read(bytes(data), block_bytes=block_bytes)
    except InputError:
        return
    for one in blocks:
        assert (one.start >= 0).all()
        assert (one.start + one.caplen <= len(one.data)).all()
        assert (one.length >= one.caplen).all()
    assert end.truncated is None or end.truncated.startswith(("ends inside", "is damaged at record"))


@pytest.mark.parametrize("seed", range(40))
def test_payload_that_looks_like_headers_and_clocks_that_jump(seed):
    random = np.random.default_rng(seed)
    order = "<" if seed % 2 else ">"
    base = [0, 1_700_000_000, 0x6565_6565][seed % 3]
    out, want = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127), []
    for _ in range(60):
        seconds = base + int(random.choice([0, 1, 70_000, 200_000]))
        payload = bytes(random.choice([0x65, 0x41, 0, 1], size=int(random.choice([0, 1, 16, 60]))).astype(np.uint8))
        payload += struct.pack(order + "I", seconds) * int(random.integers(3))
        out += struct.pack(order + "IIII", seconds, 7, len(payload), len(payload)) + payload
        want.append((seconds * 10**9 + 7000, payload))
    for block_bytes in (64, 1000, 1 << 20):
        blocks, end = read(out, block_bytes=block_bytes)
        assert list(zip(column(blocks, "t_ns"), packets_of(blocks), strict=True)) == want
        assert end.truncated is None


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
def test_a_file_on_disk_is_read_as_the_same_bytes_in_memory(tmp_path, block_bytes):
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(extra=11) + b"cut")
    with path.open("rb") as stream:
        reader = CaptureReader(stream, name="a.pcap", block_bytes=block_bytes)
        blocks = list(reader)
    assert packets_of(blocks) == PACKETS
    assert "ends inside record 5" in reader.end.truncated
    assert not any(block.data.flags.writeable for block in blocks)
