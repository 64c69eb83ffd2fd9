"""LE frames of every sniffer: the advertisers in them, and no others."""

import io
import random
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from roomsweep.detect.bluetooth.chains import Extended, open_extended
from roomsweep.detect.bluetooth.checksum import advertising_crc, channel_index, whitening
from roomsweep.detect.bluetooth.heard import AddressKind, Heard, Role
from roomsweep.detect.bluetooth.linklayer import AirCounts, AirReader
from roomsweep.detect.capture import CaptureReader

ADVERTISING = struct.pack("<I", 0x8E89BED6)
ME = bytes.fromhex("0102030405c6")  # on the air; written c6:05:04:03:02:01, random static
ME_NUMBER = 0xC60504030201
YOU = bytes.fromhex("a1a2a3a4a5a6")
DATA = bytes.fromhex("020106050987") + b"abc"


def spec_crc(pdu: bytes) -> bytes:
    """The register of the specification, bit by bit: Core 5.4, Vol 6 Part B, 3.1.1."""
    register = [(0x555555 >> bit) & 1 for bit in range(24)]
    for byte in pdu:
        for bit in range(8):
            fed = register[23] ^ ((byte >> bit) & 1)
            register = [fed, *register[:23]]
            for tap in (1, 3, 4, 6, 9, 10):
                register[tap] ^= fed
    out = 0
    for place in range(24):  # position 23 goes first, each byte least significant bit first
        out |= register[23 - place] << place
    return out.to_bytes(3, "little")


def pdu(kind: int, payload: bytes, *, tx_random: bool = True, rx_random: bool = False) -> bytes:
    return bytes([kind | tx_random << 6 | rx_random << 7, len(payload)]) + payload


def frame(body: bytes, *, good: bool = True) -> bytes:
    crc = spec_crc(body)
    return ADVERTISING + body + (crc if good else bytes([crc[0] ^ 0x10]) + crc[1:])


def nordic(body: bytes, *, version: int, crc_ok: bool = True, rssi: int = -60, phy: int = 0) -> bytes:
    radio = struct.pack("<BBBHI", crc_ok | phy << 4, 37, -rssi, 7, 1000) + body
    if version == 0:
        return b"\xbe\xef\x06" + struct.pack("<H", 9) + b"\0\0" + bytes([len(radio)]) + radio
    radio = b"\x0a" + radio
    if version == 1:
        return b"\x01\x06" + bytes([len(radio), 1]) + struct.pack("<HB", 9, 6) + radio
    return b"\x01" + struct.pack("<HBHB", len(radio), version, 9, 2 if version == 3 else 6) + radio


def radio_header(body: bytes, *, flags: int, channel: int = 0, signal: int = -50) -> bytes:
    return struct.pack("<BbbBIH", channel, signal, -128, 0, 0, flags) + body


def ppi(body: bytes, *, inner: int, field: int = 30006) -> bytes:
    btle = struct.pack("<BHBI4b", 0, 2402, 0, 0, -40, -48, -44, 9)
    return struct.pack("<BBHIHH", 0, 0, 24, inner, field, len(btle)) + btle + body


def pcap(linktype: int, records: Iterable[bytes]) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for number, record in enumerate(records):
        out += struct.pack("<IIII", 1_700_000_000 + number, 0, len(record), len(record)) + record
    return out


def read(capture: bytes, *, block_bytes: int = 1 << 20) -> tuple[list[Heard], AirCounts]:
    air = AirReader()
    heard = []
    for records in CaptureReader(io.BytesIO(capture), name="test", block_bytes=block_bytes):
        heard += air.read(records)
    heard += air.finish()
    return heard, air.counts


ADVERT = pdu(0, ME + DATA)


@pytest.mark.parametrize(
    ("linktype", "record", "rssi"),
    [
        (251, frame(ADVERT), None),
        (256, radio_header(frame(ADVERT), flags=0x0C03), -50),
        (256, radio_header(frame(ADVERT), flags=0x0001), None),
        (272, nordic(frame(ADVERT), version=0), -60),
        (272, nordic(frame(ADVERT), version=1), -60),
        (272, nordic(frame(ADVERT), version=2), -60),
        (272, nordic(frame(ADVERT), version=3), -60),
        (272, nordic(frame(ADVERT)[:4] + b"\0" + frame(ADVERT)[4:], version=3, phy=2), -60),
        (192, ppi(frame(ADVERT), inner=251), -44),
        (192, ppi(frame(ADVERT), inner=147), -44),
    ],
)
def test_an_advert_is_read_behind_every_header(linktype: int, record: bytes, rssi: int | None) -> None:
    heard, counts = read(pcap(linktype, [record] * 3))
    assert counts == AirCounts(frames=3)
    assert heard == [
        Heard(
            address=ME_NUMBER,
            kind=AddressKind.STATIC,
            role=Role.ADVERT,
            payload=DATA,
            count=3,
            first_ns=1_700_000_000 * 10**9,
            last_ns=1_700_000_002 * 10**9,
            rssi_dbm=() if rssi is None else ((rssi, 3),),
        )
    ]


@pytest.mark.parametrize(
    ("linktype", "record"),
    [
        (251, frame(ADVERT, good=False)),
        (256, radio_header(frame(ADVERT, good=False), flags=0x0001)),
        (256, radio_header(frame(ADVERT), flags=0x0403)),
        (272, nordic(frame(ADVERT), version=3, crc_ok=False)),
        (192, ppi(frame(ADVERT, good=False), inner=251)),
    ],
)
def test_a_wrong_check_sum_is_counted_and_left_out(linktype: int, record: bytes) -> None:
    heard, counts = read(pcap(linktype, [record, record]))
    assert heard == []
    assert counts == AirCounts(frames=2, bad_crc=2)


def test_the_flag_of_a_good_check_sum_is_believed_over_missing_bytes() -> None:
    heard, counts = read(pcap(256, [radio_header(ADVERTISING + ADVERT, flags=0x0C01)]))
    assert [item.address for item in heard] == [ME_NUMBER]
    assert counts == AirCounts(frames=1)


def test_a_frame_cut_before_its_end_makes_no_device() -> None:
    heard, counts = read(pcap(251, [frame(ADVERT)[:10], frame(ADVERT)[:5], ADVERTISING]))
    assert heard == []
    assert counts == AirCounts(frames=3, short=3)


@pytest.mark.parametrize("rf_channel", [0, 5, 12, 20, 39])
def test_whitened_frames_are_read_by_their_channel(rf_channel: int) -> None:
    plain = frame(ADVERT)
    noise = whitening()[channel_index(rf_channel)].tobytes()
    white = plain[:4] + bytes(a ^ b for a, b in zip(plain[4:], noise, strict=False))
    heard, counts = read(pcap(256, [radio_header(white, flags=0x0002, channel=rf_channel)]))
    assert [item.payload for item in heard] == [DATA]
    assert counts == AirCounts(frames=1)
    heard, counts = read(pcap(256, [radio_header(white, flags=0x0002, channel=rf_channel ^ 1)]))
    assert heard == []


def test_channel_37_whitens_as_published() -> None:
    # The sequence printed in many receivers' sources and in the specification's sample data.
    assert whitening()[37][:8].tobytes().hex() == "8dd257a13da766b0"


def test_frames_of_connections_are_not_adverts() -> None:
    heard, counts = read(pcap(251, [b"\x01\x02\x03\x04" + ADVERT + spec_crc(ADVERT)]))
    assert heard == []
    assert counts == AirCounts(frames=1, data_frames=1)


def test_who_scans_or_calls_does_not_advertise_but_whom_it_asks_does() -> None:
    scan = pdu(3, YOU + ME, rx_random=True)
    call = pdu(5, YOU + ME + bytes(22), rx_random=True)
    heard, _ = read(pcap(251, [frame(scan), frame(call)]))
    assert {(item.address, item.role) for item in heard} == {(ME_NUMBER, Role.ADDRESSED)}


def test_scan_response_directed_and_public_adverts() -> None:
    heard, counts = read(
        pcap(251, [frame(pdu(4, ME + DATA)), frame(pdu(1, ME + YOU)), frame(pdu(2, YOU, tx_random=False))])
    )
    assert {(item.role, item.kind, item.payload) for item in heard} == {
        (Role.RESPONSE, AddressKind.STATIC, DATA),
        (Role.ADVERT, AddressKind.STATIC, b""),
        (Role.ADVERT, AddressKind.PUBLIC, b""),
    }
    assert counts.unusable == 0


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (0xC6, AddressKind.STATIC),
        (0x46, AddressKind.RESOLVABLE),
        (0x06, AddressKind.NON_RESOLVABLE),
        (0x86, AddressKind.NON_RESOLVABLE),
    ],
)
def test_the_top_bits_tell_what_a_random_address_is(last: int, kind: AddressKind) -> None:
    heard, _ = read(pcap(251, [frame(pdu(0, ME[:5] + bytes([last])))]))
    assert [item.kind for item in heard] == [kind]


def test_extended_adverts_are_opened() -> None:
    # Address, set and pointer, power; then the data.
    header = bytes([0x01 | 0x08 | 0x10 | 0x40]) + ME + b"\x34\x12" + b"\x01\x02\x03" + b"\xf0"
    with_data = bytes([len(header)]) + header + DATA * 9
    pointer = bytes([6, 0x18]) + b"\x34\x12" + b"\x01\x02\x03"
    heard, counts = read(pcap(251, [frame(pdu(7, with_data)), frame(pdu(7, pointer)), frame(pdu(7, b"\x3f"))]))
    assert [(item.address, item.payload) for item in heard] == [(ME_NUMBER, DATA * 9)]
    assert counts == AirCounts(frames=3, anonymous=1, unusable=1)
    assert open_extended(b"\x00rest") == Extended(data=b"rest")
    assert open_extended(b"\x03\x01ab") is None


@pytest.mark.parametrize("body", [pdu(0, ME[:5]), pdu(0, ME + bytes(32)), pdu(3, ME), pdu(9, ME), pdu(7, b"")])
def test_forms_that_are_not_in_the_specification_are_counted(body: bytes) -> None:
    heard, counts = read(pcap(251, [frame(body)]))
    assert heard == []
    assert counts == AirCounts(frames=1, unusable=1)


def test_equal_messages_are_one_and_different_ones_stay_apart() -> None:
    chance = random.Random(7)
    adverts = [pdu(0, ME[:5] + bytes([i]) + chance.randbytes(chance.randrange(32))) for i in range(100)]
    sent = [chance.choice(adverts) for _ in range(2000)]
    heard, counts = read(
        pcap(272, [nordic(frame(body), version=3, rssi=-chance.randrange(30, 90)) for body in sent]),
        block_bytes=20_000,
    )
    told: dict[tuple[int, bytes], int] = {}
    for item in heard:
        assert sum(times for _, times in item.rssi_dbm) == item.count
        told[(item.address, item.payload)] = told.get((item.address, item.payload), 0) + item.count
    expected: dict[tuple[int, bytes], int] = {}
    for body in sent:
        key = (int.from_bytes(body[2:8], "little"), body[8:])
        expected[key] = expected.get(key, 0) + 1
    assert told == expected
    assert counts.frames == 2000


def test_the_check_sum_is_that_of_the_specification() -> None:
    chance = random.Random(3)
    for size in (2, 8, 39, 257):
        body = chance.randbytes(size)
        assert advertising_crc(body).to_bytes(3, "little") == spec_crc(body)


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_tshark_reads_our_sniffer_frames_the_same(version: int, tmp_path: Path) -> None:
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    bodies = [ADVERT, pdu(4, ME + DATA), pdu(2, YOU + DATA, tx_random=False)]
    capture = pcap(272, [nordic(frame(body), version=version, rssi=-71) for body in bodies])
    path = tmp_path / "nordic.pcap"
    path.write_bytes(capture)
    fields = ["-e", "btle.advertising_address", "-e", "nordic_ble.rssi", "-e", "nordic_ble.crcok"]
    done = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", *fields], capture_output=True, text=True, check=True
    )
    theirs = {tuple(line.split("\t")[:2]) for line in done.stdout.splitlines()}
    heard, _ = read(capture)
    ours = {(item.address.to_bytes(6).hex(":"), str(item.rssi_dbm[0][0])) for item in heard}
    assert theirs == ours
    assert len(ours) == 2
