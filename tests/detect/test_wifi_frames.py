"""Frames of every link type become the same columns; headers that lie are counted, not read."""

import io
import struct

import numpy as np
import pytest

from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.mac import format_mac
from roomsweep.detect.wifi import scapy_frames
from roomsweep.detect.wifi.frames import FROM_DS, PROTECTED, TO_DS, Frames, read_frames
from roomsweep.detect.wifi.headers import NO_SIGNAL

AP, STA, OTHER = "58:86:94:00:00:01", "30:8c:fb:00:00:02", "00:11:22:33:44:55"
DATA_UP = scapy_frames.data_frame(station=STA, bssid=AP, other=OTHER, uplink=True, payload=bytes(40))


def capture(frames, *, linktype):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for n, frame in enumerate(frames):
        out += struct.pack("<IIII", 1_700_000_000, n, len(frame), len(frame)) + frame
    return out


def frames_of(frames, *, linktype=127) -> Frames:
    (records,) = CaptureReader(io.BytesIO(capture(frames, linktype=linktype)), name="x")
    return read_frames(records)


def radiotap(present, fields, *, words=(), length=None, version=0):
    body = struct.pack(f"<{1 + len(words)}I", present, *words) + fields
    return struct.pack("<BBH", version, 0, 4 + len(body) if length is None else length) + body


def ppi(frame, *, fields=None, dlt=105, flags=0):
    if fields is None:
        common = struct.pack("<QHHHHBBbb", 99, 0x1, 12, 2437, 0xA0, 0, 0, -61, -95)
        fields = struct.pack("<HH", 2, len(common)) + common
    return struct.pack("<BBHI", 0, flags, 8 + len(fields), dlt) + fields + frame


def text(column):
    return [format_mac(int(value)) if value else "" for value in column]


PLAIN = radiotap(0, b"")


def test_addresses_and_directions_of_each_kind_of_frame():
    frames = [
        scapy_frames.beacon(bssid=AP, ssid=b"x", channel=1, protected=True),
        DATA_UP,
        scapy_frames.data_frame(station=STA, bssid=AP, other=OTHER, uplink=False, payload=bytes(40)),
        scapy_frames.request_to_send(receiver=AP, sender=STA),
        scapy_frames.block_ack(receiver=STA, sender=AP, first_sequence=5),
        scapy_frames.acknowledgement(receiver=STA),
        b"\xc4\x00\x10\x00" + bytes.fromhex(STA.replace(":", "")),
        b"\xa4\x00\x01\xc0" + bytes.fromhex((AP + STA).replace(":", "")),
    ]
    out = frames_of(frames, linktype=105)
    assert text(out.transmitter) == [AP, STA, AP, STA, AP, "", "", STA]
    assert text(out.addr1) == ["ff:ff:ff:ff:ff:ff", AP, STA, AP, STA, STA, STA, AP]
    assert text(out.addr3) == [AP, OTHER, OTHER, "", "", "", "", ""]
    assert out.kind.tolist() == [8, 40, 40, 27, 25, 29, 28, 26]
    assert (out.flags[1:3] & (TO_DS | FROM_DS)).tolist() == [TO_DS, FROM_DS]
    assert out.flags[1] & PROTECTED
    assert out.length.tolist() == [len(frame) for frame in frames]
    assert out.duration[3] == 300
    assert out.signal_dbm.tolist() == [NO_SIGNAL] * len(frames)
    assert out.t_ns.tolist() == [1_700_000_000_000_000_000 + 1000 * n for n in range(len(frames))]


def test_the_group_bit_of_a_control_transmitter_is_no_part_of_it():
    signalled = scapy_frames.request_to_send(receiver=AP, sender="31:8c:fb:00:00:02")
    assert text(frames_of([signalled], linktype=105).transmitter) == [STA]


def test_impossible_transmitters_are_counted_and_dropped():
    group = scapy_frames.probe_request(station="01:00:5e:00:00:01")
    nobody = scapy_frames.probe_request(station="00:00:00:00:00:00")
    out = frames_of([group, nobody, DATA_UP], linktype=105)
    assert text(out.transmitter) == ["", "", STA]
    assert out.junk_addresses == 2


@pytest.mark.parametrize(
    ("header", "signal", "mhz"),
    [
        (PLAIN, NO_SIGNAL, 0),
        (radiotap(1 << 5, struct.pack("<b", -42)), -42, 0),
        # TSFT is aligned to 8 bytes from the header's start, Channel to 2.
        (radiotap(0b101011, struct.pack("<QBxHHb", 1, 0, 2437, 0xA0, -50)), -50, 2437),
        (radiotap(0b111111, struct.pack("<QBBHHHb", 1, 0, 12, 5180, 0x140, 0, -51)), -51, 5180),
        # Without TSFT, Channel follows Rate at once or after one byte of padding.
        (radiotap(0b101100, struct.pack("<BxHHb", 12, 2412, 0xA0, -52)), -52, 2412),
        # A second and third present word move TSFT to the next multiple of 8.
        (radiotap(1 | 1 << 5 | 1 << 31, struct.pack("<4xQb", 1, -53), words=(1 << 5,)), -53, 0),
        (radiotap(1 | 1 << 5 | 1 << 31, struct.pack("<Qb", 1, -54), words=(1 << 31 | 1 << 5, 1 << 5)), -54, 0),
        # A vendor name space after the first word leaves the first word's fields where they are.
        (radiotap(1 << 5 | 1 << 30 | 1 << 31, struct.pack("<b", -55) + bytes(9), words=(0x7,)), -55, 0),
        # Other units in the signal field are not believed.
        (radiotap(1 << 5, struct.pack("<b", 60)), NO_SIGNAL, 0),
    ],
)
def test_radiotap_fields_by_their_alignment(header, signal, mhz):
    out = frames_of([header + DATA_UP])
    assert text(out.transmitter) == [STA]
    assert out.signal_dbm.tolist() == [signal]
    assert out.channel_mhz.tolist() == [mhz]


def test_check_sums_by_the_flags_of_radiotap():
    good = radiotap(1 << 1, b"\x10") + DATA_UP + b"\0\0\0\0"
    bad = radiotap(1 << 1, b"\x50") + DATA_UP + b"\0\0\0\0"
    without = radiotap(1 << 1, b"\x00") + DATA_UP
    out = frames_of([good, bad, without, good])
    assert len(out) == 3
    assert out.bad_fcs == 1
    assert out.length.tolist() == [len(DATA_UP)] * 3
    assert (out.mac_end - out.mac_at).tolist() == [len(DATA_UP)] * 3


def test_a_snapped_frame_keeps_its_length_on_the_air_and_loses_no_bytes_to_the_check_sum():
    frame = radiotap(1 << 1, b"\x10") + DATA_UP
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127)
    data += struct.pack("<IIII", 0, 0, len(frame), len(frame) + 1000) + frame
    (records,) = CaptureReader(io.BytesIO(data), name="x")
    out = read_frames(records)
    assert out.length.tolist() == [len(DATA_UP) + 1000 - 4]
    assert (out.mac_end - out.mac_at).tolist() == [len(DATA_UP)]


@pytest.mark.parametrize(
    "header",
    [
        radiotap(0, b"", length=9_000),
        radiotap(0, b"", length=7),
        radiotap(0, b"", version=1),
        radiotap(1 << 5, b""),
        radiotap(1 << 31, b"", words=(1 << 31,)),
        b"\0\0",
    ],
)
def test_radiotap_headers_that_lie_are_unreadable(header):
    out = frames_of([header + DATA_UP if len(header) > 2 else header, PLAIN + DATA_UP])
    assert text(out.transmitter) == [STA]
    assert out.unreadable == 1


def test_many_layouts_in_one_capture_are_told_apart():
    headers = [
        radiotap(1 << 5, struct.pack("<b", -40)),
        radiotap(1 << 1 | 1 << 5, struct.pack("<Bb", 0, -41)),
        radiotap(1 | 1 << 5, struct.pack("<Qb", 0, -42)),
        radiotap(1 << 5 | 1 << 31, struct.pack("<b", -43), words=(0,)),
    ] * 25
    out = frames_of([header + DATA_UP for header in headers])
    assert out.signal_dbm.tolist() == [-40, -41, -42, -43] * 25
    assert set(text(out.transmitter)) == {STA}


def test_ppi_with_wifi_inside():
    other_field = struct.pack("<HH", 30_002, 5) + b"stuff"
    common = struct.pack("<HHQHHHHBBbb", 2, 20, 0, 0x5, 0, 5180, 0, 0, 0, -70, -95)
    out = frames_of(
        [
            ppi(DATA_UP + b"\0\0\0\0"),
            ppi(DATA_UP, fields=other_field),
            ppi(DATA_UP, fields=other_field + common),
            ppi(DATA_UP, dlt=251),
            ppi(DATA_UP, fields=other_field + bytes(3) + common.replace(b"\x05\0\0\0", b"\0\0\0\0"), flags=1),
        ],
        linktype=192,
    )
    assert text(out.transmitter) == [STA] * 3
    assert out.signal_dbm.tolist() == [-61, NO_SIGNAL, -70]
    assert out.channel_mhz.tolist() == [2437, 0, 5180]
    assert out.length.tolist() == [len(DATA_UP)] * 3
    assert (out.bad_fcs, out.unreadable) == (1, 1)


@pytest.mark.parametrize("order", ["<", ">"])
def test_prism(order):
    header = bytearray(144)
    struct.pack_into(order + "II", header, 0, 0x44, 144)
    struct.pack_into(order + "I", header, 56, 7)
    struct.pack_into(order + "i", header, 92, -66)
    out = frames_of([bytes(header) + DATA_UP, b"too short for Prism" * 3], linktype=119)
    assert text(out.transmitter) == [STA]
    assert out.signal_dbm.tolist() == [-66]
    assert out.channel_mhz.tolist() == [2442]
    assert out.unreadable == 1


def test_avs():
    header = bytearray(64)
    struct.pack_into(">II", header, 0, 0x80211001, 64)
    struct.pack_into(">I", header, 28, 14)
    struct.pack_into(">Ii", header, 44, 1, -58)
    out = frames_of([bytes(header) + DATA_UP + bytes(100)], linktype=163)
    assert text(out.transmitter) == [STA]
    assert (out.signal_dbm.tolist(), out.channel_mhz.tolist()) == ([-58], [2484])


def test_short_and_strange_frames_are_unreadable():
    strange = [DATA_UP[:23], b"\x01\x00" + DATA_UP[2:], b"\x0c\x00" + DATA_UP[2:], b"\xd4\x00\x00", b""]
    out = frames_of([*strange, DATA_UP], linktype=105)
    assert text(out.transmitter) == [STA]
    assert out.unreadable == len(strange)


def test_other_link_types_are_foreign_and_a_mixture_is_sorted_out():
    out = frames_of([DATA_UP], linktype=1)
    assert (len(out), out.foreign) == (0, 1)
    assert out.addr1.dtype == np.uint64
