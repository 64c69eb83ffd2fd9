"""Answers in captures of network traffic: read where they are whole and of this network, passed over elsewhere."""

import io
import ipaddress
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.capture import CaptureReader, LinkType
from roomsweep.detect.errors import InputError
from roomsweep.detect.lan.overheard import LINK_TYPES, Overhearing, overhear
from roomsweep.detect.result import Level

V380 = b"NVDEVRESULT^100^38:AF:29:BB:BC:AB^192.168.1.8^255.255.255.0^192.168.1.1^1^2^3^4^5^6^12345678^7^8"
MAC = bytes.fromhex("38af29bbbcab")


def datagram(
    payload: bytes,
    *,
    source: str = "192.168.1.8",
    ports: tuple[int, int] = (10008, 10009),
    first: int = 0x45,
    flags: int = 0,
) -> bytes:
    udp = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH", first, 0, 20 + len(udp), 1, flags, 64, 17, 0)
    return head + ipaddress.IPv4Address(source).packed + b"\xff\xff\xff\xff" + udp


def ethernet(packet: bytes, *, mac: bytes = MAC, kind: int = 0x0800) -> bytes:
    return b"\xff" * 6 + mac + struct.pack(">H", kind) + packet


def capture(*frames: bytes, linktype: int = 1, snap: int = 65_535) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, linktype)
    for number, frame in enumerate(frames):
        out += struct.pack("<IIII", 1_700_000_000 + number, 0, min(snap, len(frame)), len(frame)) + frame[:snap]
    return out


def heard(data: bytes) -> Overhearing:
    ear = Overhearing()
    for records in CaptureReader(io.BytesIO(data), name="a.pcap"):
        ear.add(records)
    return ear


def test_a_camera_that_answers_a_phone_is_identified() -> None:
    data = capture(ethernet(datagram(b"NVDEVSEARCH^100")), ethernet(datagram(V380)), ethernet(datagram(V380)))
    (finding,) = overhear(io.BytesIO(data), source_id="wifi-1", name="a.pcap")
    assert finding.level is Level.IDENTIFIED
    assert (finding.identity.mac, finding.identity.ip) == ("38:af:29:bb:bc:ab", "192.168.1.8")
    assert finding.source_ids == ("wifi-1",)
    assert len(heard(data).hosts()[0].answers) == 1, "the same answer once"


@pytest.mark.parametrize(
    ("linktype", "frame"),
    [
        (113, struct.pack(">HHH", 0, 1, 6) + MAC + b"\0\0" + b"\x08\0" + datagram(V380)),
        (276, b"\x08\0\0\0" + struct.pack(">IHBB", 1, 1, 0, 6) + MAC + b"\0\0" + datagram(V380)),
    ],
)
def test_cooked_captures_are_read(linktype: int, frame: bytes) -> None:
    assert LinkType(linktype).name.lower() in LINK_TYPES
    (host,) = heard(capture(frame, linktype=linktype)).hosts()
    assert (host.mac, host.ip) == ("38:af:29:bb:bc:ab", "192.168.1.8")


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(ethernet(datagram(V380, source="8.8.8.8")), id="from outside"),
        pytest.param(ethernet(datagram(V380, ports=(5000, 5001))), id="other ports"),
        pytest.param(ethernet(datagram(V380, first=0x46)), id="options"),
        pytest.param(ethernet(datagram(V380, flags=0x2000)), id="fragment"),
        pytest.param(ethernet(datagram(V380), kind=0x86DD), id="not IPv4"),
        pytest.param(ethernet(datagram(V380), mac=b"\x01" + MAC[1:]), id="group"),
        pytest.param(ethernet(datagram(V380), mac=bytes(6)), id="nobody"),
        pytest.param(ethernet(datagram(V380))[:50], id="cut"),
        pytest.param(ethernet(datagram(b"hello")), id="no answer"),
    ],
)
def test_what_is_no_answer_of_this_network_is_passed_over(frame: bytes) -> None:
    assert heard(capture(frame)).hosts() == ()


def test_a_capture_of_something_else_has_none_and_a_file_that_is_none_is_refused() -> None:
    assert heard(capture(ethernet(datagram(V380)), linktype=105)).hosts() == ()
    assert heard(capture()).hosts() == ()
    with pytest.raises(InputError):
        overhear(io.BytesIO(b"hello, this is no capture at all"), source_id="a", name="a.txt")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=4), st.sampled_from([1, 113, 276]))
def test_garbage_frames_give_nothing(bodies: list[bytes], linktype: int) -> None:
    frames = [ethernet(datagram(body)) for body in bodies] + bodies
    ear = heard(capture(*frames, linktype=linktype))
    assert all(host.answers for host in ear.hosts())
