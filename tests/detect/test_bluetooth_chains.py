"""Extended advertising whose parts come in several messages, on the air and from a controller."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.bluetooth.chains import MOST_DATA, AirChains, Extended, open_extended
from roomsweep.detect.bluetooth.checksum import advertising_crc
from roomsweep.detect.bluetooth.examine import examine_capture
from roomsweep.detect.bluetooth.hci import EventReader
from roomsweep.detect.bluetooth.heard import AddressKind, Heard, Role
from roomsweep.detect.bluetooth.linklayer import AirReader
from roomsweep.detect.capture import CaptureReader

ADVERTISING = struct.pack("<I", 0x8E89BED6)
ME, YOU = bytes.fromhex("0102030405c6"), bytes.fromhex("a1a2a3a4a5c6")
ME_NUMBER = int.from_bytes(ME, "little")
NAME = b"\x0d\x09RB Meta 00DG"
START_US = 1_700_000_000 * 10**6
BTSNOOP_EPOCH_US = 0x00DCDDB30F2F8000


def extended(
    *, address: bytes = b"", set_id: int | None = None, after_us: int | None = None, data: bytes = b""
) -> bytes:
    """The payload of a PDU of extended advertising; the pointer's offset counts in units of 30 us."""
    flags, fields = 0, b""
    if address:
        flags, fields = flags | 0x01, fields + address
    if set_id is not None:
        flags, fields = flags | 0x08, fields + struct.pack("<H", set_id)
    if after_us is not None:
        pointer = 7 | (after_us // 30) << 8
        flags, fields = flags | 0x10, fields + pointer.to_bytes(3, "little")
    header = bytes([flags]) + fields if flags else b""
    return bytes([len(header)]) + header + data


def frame(payload: bytes, *, crc: bool = True) -> bytes:
    pdu = bytes([0x47, len(payload)]) + payload
    return ADVERTISING + pdu + (advertising_crc(pdu) ^ (not crc)).to_bytes(3, "little")


def pcap(messages: list[tuple[int, bytes]]) -> bytes:
    """Bare LE frames at their times in microseconds."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 251)
    for at_us, record in messages:
        seconds, rest = divmod(START_US + at_us, 10**6)
        out += struct.pack("<IIII", seconds, rest, len(record), len(record)) + record
    return out


def read(messages: list[tuple[int, bytes]], *, block_bytes: int = 1 << 20) -> tuple[list[tuple[int, bytes]], int]:
    """What is heard as (address, data), without the empty ones, and how much stays without an address."""
    air = AirReader()
    heard: list[Heard] = []
    for records in CaptureReader(io.BytesIO(pcap(messages)), name="test", block_bytes=block_bytes):
        heard += air.read(records)
    heard += air.finish()
    return [(item.address, item.payload) for item in heard if item.payload], air.counts.anonymous


POINTER = frame(extended(set_id=0x3001, after_us=3000))
NAMED_POINTER = frame(extended(address=ME, set_id=0x3001, after_us=3000))


@pytest.mark.parametrize("block_bytes", [1 << 20, 64])
def test_a_chain_is_one_advertisement(block_bytes: int) -> None:
    messages = [
        (0, POINTER),
        (3000, frame(extended(address=ME, set_id=0x3001, after_us=2400, data=NAME[:4]))),
        (5400, frame(extended(set_id=0x3001, after_us=1200, data=NAME[4:9]))),
        (6600, frame(extended(set_id=0x3001, data=NAME[9:]))),
    ]
    assert read(messages, block_bytes=block_bytes) == ([(ME_NUMBER, NAME)], 0)


def test_the_address_may_be_in_the_pointer_only() -> None:
    messages = [(0, NAMED_POINTER), (3000, frame(extended(set_id=0x3001, data=NAME)))]
    assert read(messages) == ([(ME_NUMBER, NAME)], 0)


def test_three_primary_channels_point_to_one_message() -> None:
    messages = [
        (0, frame(extended(set_id=0x3001, after_us=3000))),
        (600, frame(extended(set_id=0x3001, after_us=2400))),
        (1200, frame(extended(set_id=0x3001, after_us=1800))),
        (3000, frame(extended(address=ME, set_id=0x3001, data=NAME))),
    ]
    assert read(messages) == ([(ME_NUMBER, NAME)], 0)


def test_two_devices_at_once_stay_apart() -> None:
    messages = [
        (0, NAMED_POINTER),
        (300, frame(extended(address=YOU, set_id=0x4002, after_us=3000))),
        (3000, frame(extended(set_id=0x3001, data=NAME))),
        (3300, frame(extended(set_id=0x4002, data=b"\x02\x01\x06"))),
    ]
    heard, anonymous = read(messages)
    assert set(heard) == {(ME_NUMBER, NAME), (int.from_bytes(YOU, "little"), b"\x02\x01\x06")}
    assert anonymous == 0


@pytest.mark.parametrize(
    "second",
    [
        (3000, frame(extended(set_id=0x3002, data=NAME))),  # of another set
        (900_000, frame(extended(set_id=0x3001, data=NAME))),  # at another time
        (3000, frame(extended(data=NAME))),  # of no set
        (3000, frame(extended(set_id=0x3001, data=NAME), crc=False)),  # damaged
    ],
)
def test_what_was_not_pointed_to_is_nobodys(second: tuple[int, bytes]) -> None:
    heard, _ = read([(0, NAMED_POINTER), second])
    assert heard == []


def test_what_is_left_of_a_broken_chain_is_told() -> None:
    begin = frame(extended(address=ME, set_id=0x3001, after_us=2400, data=b"\x02\x01\x06"))
    assert read([(0, begin)]) == ([(ME_NUMBER, b"\x02\x01\x06")], 0)
    assert read([(0, begin), (500_000, begin)]) == ([(ME_NUMBER, b"\x02\x01\x06")] * 2, 0)
    assert read([(0, POINTER)]) == ([], 1)


def test_glasses_that_name_themselves_in_a_chain_are_found() -> None:
    messages = [
        (0, POINTER),
        (3000, frame(extended(address=ME, set_id=0x3001, after_us=2400, data=NAME[:6]))),
        (5400, frame(extended(set_id=0x3001, data=NAME[6:]))),
    ]
    (finding,) = examine_capture(io.BytesIO(pcap(messages)), source_id="b1", name="x").findings
    assert finding.identity.name == "RB Meta 00DG"
    assert finding.level == "identified"


def test_endless_chains_are_cut_and_open_ones_given_up() -> None:
    chains = AirChains()
    heard: list[Heard] = []
    for number in range(40):
        message = Extended(address=ME, set_id=1, points_ns=1000, data=bytes(200))
        heard += chains.add(number * 1000, message, random=True, rssi_dbm=127)
    heard += chains.end()
    assert max(len(item.payload) for item in heard) == MOST_DATA
    for number in range(10_000):
        list(chains.add(number, Extended(set_id=number, points_ns=10**9), random=True, rssi_dbm=127))
    assert sum(1 for _ in chains.end()) == 0
    assert chains.anonymous == 10_000


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_opened_or_refused(payload: bytes) -> None:
    opened = open_extended(payload)
    if opened is not None:
        assert payload.endswith(opened.data)
        assert len(opened.address) in (0, 6)


def report(data: bytes, *, more: bool = False, address: bytes = ME, set_id: int = 3, scan: bool = False) -> bytes:
    kind = 0x0020 * more | 0x0008 * scan
    head = struct.pack("<HB6sBBBbbHB6sB", kind, 1, address, 1, 2, set_id, 127, -55, 0, 0, bytes(6), len(data))
    return head + data


def event(*reports: bytes) -> bytes:
    body = bytes([0x0D, len(reports)]) + b"".join(reports)
    return b"\x04" + bytes([0x3E, len(body)]) + body


def controller(events: list[bytes]) -> list[Heard]:
    out = b"btsnoop\0" + struct.pack(">II", 1, 1002)
    for number, record in enumerate(events):
        out += struct.pack(">IIIIq", len(record), len(record), 1, 0, BTSNOOP_EPOCH_US + START_US + number // 2) + record
    reader, heard = EventReader(), []
    for records in CaptureReader(io.BytesIO(out), name="test", block_bytes=256):
        heard += reader.read(records)
    return heard


def test_a_controllers_pieces_are_put_together() -> None:
    pieces = [b"\x82\x09" + b"a" * 100, b"a" * 29 + b"\x05\xff", b"\x4c\x00\x12\x02"]
    events = [event(report(piece, more=number < 2)) for number, piece in enumerate(pieces)]
    other = event(report(b"\x02\x01\x06", address=YOU))
    heard = controller([events[0], other, events[1], other, events[2], events[0], events[1], events[2]])
    mine = [item for item in heard if item.address == ME_NUMBER]
    assert [(item.payload, item.kind, item.rssi_dbm) for item in mine] == [
        (b"".join(pieces), AddressKind.STATIC, ((-55, 1),))
    ] * 2
    assert sum(item.count for item in heard if item.address != ME_NUMBER) == 2


def test_pieces_of_sets_and_of_scan_responses_are_not_mixed() -> None:
    heard = controller(
        [
            event(report(b"ab", more=True, set_id=1), report(b"cd", more=True, set_id=2)),
            event(report(b"xy", scan=True, set_id=1)),
            event(report(b"ef", set_id=2)),
            event(report(b"gh", set_id=1)),
        ]
    )
    assert [(item.role, item.payload) for item in heard] == [
        (Role.RESPONSE, b"xy"),
        (Role.ADVERT, b"cdef"),
        (Role.ADVERT, b"abgh"),
    ]
