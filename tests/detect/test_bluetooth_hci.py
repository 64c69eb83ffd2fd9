"""A controller's events: the reports of other devices, in every file form."""

import io
import struct

import pytest

from roomsweep.detect.bluetooth.hci import EventReader
from roomsweep.detect.bluetooth.heard import AddressKind, Heard, Role
from roomsweep.detect.capture import CaptureReader

ME = bytes.fromhex("010203040546")
ME_NUMBER = 0x460504030201
DATA = bytes.fromhex("020106050987") + b"abc"
BTSNOOP_EPOCH_US = 0x00DCDDB30F2F8000


def event(code: int, body: bytes) -> bytes:
    return bytes([code, len(body)]) + body


def legacy(*reports: tuple[int, int, bytes, bytes, int]) -> bytes:
    body = b"".join(
        bytes([kind, address_type]) + address + bytes([len(data)]) + data + struct.pack("b", rssi)
        for kind, address_type, address, data, rssi in reports
    )
    return event(0x3E, bytes([0x02, len(reports)]) + body)


def extended(data: bytes, *, kind: int = 0x0013, address_type: int = 1, rssi: int = -55) -> bytes:
    body = struct.pack("<HB6sBBBbbHB6sB", kind, address_type, ME, 1, 2, 3, 127, rssi, 0, 0, bytes(6), len(data))
    return event(0x3E, bytes([0x0D, 1]) + body + data)


def btsnoop(datalink: int, records: list[tuple[int, bytes]]) -> bytes:
    out = b"btsnoop\0" + struct.pack(">II", 1, datalink)
    for number, (flags, record) in enumerate(records):
        t_us = BTSNOOP_EPOCH_US + (1_700_000_000 + number) * 10**6
        out += struct.pack(">IIIIq", len(record), len(record), flags, 0, t_us) + record
    return out


def pcap(linktype: int, records: list[bytes]) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for number, record in enumerate(records):
        out += struct.pack("<IIII", 1_700_000_000 + number, 0, len(record), len(record)) + record
    return out


def read(capture: bytes) -> tuple[list[Heard], EventReader]:
    reader = EventReader()
    heard: list[Heard] = []
    for records in CaptureReader(io.BytesIO(capture), name="test"):
        heard += reader.read(records)
    return heard, reader


ONE = legacy((0, 1, ME, DATA, -60))


@pytest.mark.parametrize(
    "capture",
    [
        btsnoop(1002, [(1, b"\x04" + ONE)]),
        btsnoop(1001, [(3, ONE)]),
        btsnoop(2001, [(3, ONE)]),
        pcap(187, [b"\x04" + ONE]),
        pcap(201, [b"\0\0\0\x01\x04" + ONE]),
        pcap(254, [b"\0\0\0\x03" + ONE]),
    ],
)
def test_a_report_is_read_in_every_form(capture: bytes) -> None:
    heard, reader = read(capture)
    assert heard == [
        Heard(
            address=ME_NUMBER,
            kind=AddressKind.RESOLVABLE,
            role=Role.ADVERT,
            payload=DATA,
            first_ns=1_700_000_000 * 10**9,
            last_ns=1_700_000_000 * 10**9,
            rssi_dbm=((-60, 1),),
        )
    ]
    assert (reader.frames, reader.reports, reader.unusable) == (1, 1, 0)


@pytest.mark.parametrize(
    "capture",
    [
        btsnoop(1002, [(0, b"\x01\x03\x0c\x00"), (1, b"\x02" + ONE)]),
        btsnoop(1001, [(2, ONE), (1, ONE), (0, ONE)]),
        btsnoop(2001, [(2, ONE), (4, ONE)]),
        pcap(254, [b"\0\0\0\x02" + ONE]),
    ],
)
def test_commands_and_data_are_passed_over(capture: bytes) -> None:
    heard, reader = read(capture)
    assert heard == []
    assert reader.unusable == 0


def test_reports_that_differ_in_signal_only_are_one_message() -> None:
    records = [(1, b"\x04" + legacy((4, 0, ME, DATA, rssi))) for rssi in (-60, -70, -60, 127)]
    heard, reader = read(btsnoop(1002, records))
    assert [(item.role, item.kind, item.count, item.rssi_dbm) for item in heard] == [
        (Role.RESPONSE, AddressKind.PUBLIC, 4, ((-70, 1), (-60, 2)))
    ]
    assert reader.reports == 4


def test_several_reports_in_one_event() -> None:
    other = bytes.fromhex("c1c2c3c4c5c6")
    heard, _ = read(btsnoop(1002, [(1, b"\x04" + legacy((0, 1, ME, DATA, -60), (4, 1, other, b"", -80)))]))
    assert [(item.address, item.role, item.rssi_dbm) for item in heard] == [
        (ME_NUMBER, Role.ADVERT, ((-60, 1),)),
        (0xC6C5C4C3C2C1, Role.RESPONSE, ((-80, 1),)),
    ]


def test_extended_reports_and_those_without_an_address() -> None:
    records = [
        (1, b"\x04" + extended(DATA * 20)),
        (1, b"\x04" + extended(DATA, kind=0x001B)),
        (1, b"\x04" + extended(DATA, address_type=0xFF)),
    ]
    heard, _ = read(btsnoop(1002, records))
    assert {(item.address, item.role, item.payload, item.rssi_dbm) for item in heard} == {
        (ME_NUMBER, Role.ADVERT, DATA * 20, ((-55, 1),)),
        (ME_NUMBER, Role.RESPONSE, DATA, ((-55, 1),)),
    }


def test_classic_devices_by_inquiry_and_name() -> None:
    rssi = event(0x22, b"\x01" + ME + b"\x01\x00" + b"\x04\x01\x20" + b"\0\0" + b"\xc4")
    plain = event(0x02, b"\x01" + ME + b"\x01\x00\x00" + b"\x08\x06\x00" + b"\0\0")
    eir = event(0x2F, b"\x01" + ME + b"\x01\x00" + b"\x04\x01\x20" + b"\0\0" + b"\xc0" + DATA + bytes(240 - len(DATA)))
    name = event(0x07, b"\x00" + ME + b"Printer".ljust(248, b"\0"))
    no_name = event(0x07, b"\x04" + ME + bytes(248))
    heard, _ = read(btsnoop(1002, [(1, b"\x04" + item) for item in (rssi, plain, eir, name, no_name)]))
    assert {(item.role, item.class_of_device, item.payload.rstrip(b"\0"), item.rssi_dbm) for item in heard} == {
        (Role.INQUIRY, 0x200104, b"", ((-60, 1),)),
        (Role.INQUIRY, 0x000608, b"", ()),
        (Role.INQUIRY, 0x200104, DATA, ((-64, 1),)),
        (Role.NAME, None, b"Printer", ()),
    }
    assert {item.kind for item in heard} == {AddressKind.CLASSIC}


@pytest.mark.parametrize("size", range(1, len(ONE)))
def test_a_cut_event_makes_no_device(size: int) -> None:
    heard, _ = read(btsnoop(1002, [(1, b"\x04" + ONE[:size])]))
    assert heard == []


def test_an_event_that_promises_more_reports_than_it_holds() -> None:
    body = bytearray(ONE)
    body[3] = 200
    heard, _ = read(btsnoop(1002, [(1, b"\x04" + bytes(body))]))
    assert [item.address for item in heard] == [ME_NUMBER]
