"""A Bluetooth capture from bytes to findings: who fires, who does not, and what damage does."""

import gzip
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.bluetooth.examine import examine_capture
from roomsweep.detect.bluetooth.judging import MOST_NOTED
from roomsweep.detect.errors import InputError
from roomsweep.detect.result import Examined, Finding, Level, SourceState

BTSNOOP_EPOCH_US = 0x00DCDDB30F2F8000
NOBODY = bytes.fromhex("010203040546")


def field(kind: int, content: bytes) -> bytes:
    return bytes([len(content) + 1, kind]) + content


def maker(company: int, content: bytes = b"\x01\x02") -> bytes:
    return field(0xFF, struct.pack("<H", company) + content)


def service(uuid: int) -> bytes:
    return field(0x03, struct.pack("<H", uuid))


def name(text: str) -> bytes:
    return field(0x09, text.encode())


def report(data: bytes, *, address: bytes = NOBODY, rssi: int = -60, random: bool = True) -> bytes:
    body = bytes([2, 1, 0, random]) + address + bytes([len(data)]) + data + struct.pack("b", rssi)
    return bytes([4, 0x3E, len(body)]) + body


def btsnoop(records: list[bytes]) -> bytes:
    out = b"btsnoop\0" + struct.pack(">II", 1, 1002)
    for number, record in enumerate(records):
        t_us = BTSNOOP_EPOCH_US + 1_700_000_000 * 10**6 + number * 10**5
        out += struct.pack(">IIIIq", len(record), len(record), 1, 0, t_us) + record
    return out


def pcap(linktype: int, records: list[bytes]) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)
    for number, record in enumerate(records):
        out += struct.pack("<IIII", 1_700_000_000 + number, 0, len(record), len(record)) + record
    return out


def nordic(body: bytes) -> bytes:
    radio = struct.pack("<BBBBHI", 10, 1, 37, 60, 7, 1000) + b"\xd6\xbe\x89\x8e" + body + b"\0\0\0"
    return b"\x01" + struct.pack("<HBHB", len(radio), 3, 9, 2) + radio


def examine(capture: bytes) -> Examined:
    return examine_capture(io.BytesIO(capture), source_id="b1", name="room.log")


def only(*data: bytes, address: bytes = NOBODY, random: bool = True) -> Finding:
    """The one finding about one device that sends these."""
    examined = examine(btsnoop([report(item, address=address, random=random) for item in data]))
    (finding,) = examined.findings
    return finding


RAY_BAN = maker(0x01AB, bytes.fromhex("020102102716e4")) + service(0xFD5F)


def test_the_documented_advert_of_camera_glasses_fires_as_a_worn_camera() -> None:
    finding = only(RAY_BAN)
    assert {item.rule for item in finding.evidence} == {"worn.ble_company", "worn.ble_uuid"}
    assert finding.level.rank <= Level.LOOK.rank
    assert sum(item.weight_db for item in finding.evidence) >= 10
    assert "camera somebody wears nearby" in finding.title
    assert "wears" in finding.advice


def test_glasses_that_give_their_name_are_identified() -> None:
    finding = only(RAY_BAN, name("RB Meta 00DG"))
    assert finding.level is Level.IDENTIFIED
    assert finding.title == "A camera somebody wears nearby “RB Meta 00DG” (Ray-Ban Meta glasses)"
    assert finding.identity.name == "RB Meta 00DG"


@pytest.mark.parametrize(
    ("data", "random"),
    [
        (maker(0x058E), True),  # a headset
        (maker(0x058E) + service(0xFD5F), True),  # a headset with the service that glasses share
        (maker(0x0820), True),  # Brilliant Home, not Brilliant Labs
        (maker(0x00A3), True),  # Meta Watch
        (maker(0x03D5), True),  # Wyzelink
        (maker(0x004C), True),
        (maker(0x0075) + name("[TV] Samsung 7 Series (58)"), False),
        (maker(0x0CC2) + name("soundcore Liberty"), True),
        (maker(0x01B5), True),
        (maker(0x0D53), True),
        (maker(0x04EC), True),
        (maker(0x038F) + service(0xFE95), True),
        (name("IP CAMERAMAN's phone"), True),
        (name("RB Meta"), True),
    ],
)
def test_decoys_do_not_fire(data: bytes, random: bool) -> None:
    finding = only(data, random=random)
    assert finding.level is Level.NOTED


@pytest.mark.parametrize(
    ("data", "rule", "title"),
    [
        (maker(0x01AB), "worn.ble_company", "Perhaps a camera somebody wears nearby"),
        (maker(0x034D), "worn.ble_company", "Perhaps a camera somebody wears nearby"),
        (maker(0x02F2), "worn.ble_company", "Perhaps an action camera"),
        (service(0xFEA6), "worn.ble_uuid", "Perhaps an action camera"),
        (maker(0x0E25), "vendor.ble_company", "of a camera maker"),
        (name("HIDVCAM-1A2B3C"), "hint.ble_name", "named like a camera"),
    ],
)
def test_one_cue_is_worth_a_look(data: bytes, rule: str, title: str) -> None:
    finding = only(data)
    assert finding.level is Level.LOOK
    assert [item.rule for item in finding.evidence] == [rule]
    assert title in finding.title
    assert finding.advice
    assert finding.probability is not None
    assert 0 < finding.probability < 0.5


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (maker(0x004C, b"\x12\x19\x10" + bytes(24)), "AirTag in Apple Find My, away from its owner"),
        (maker(0x004C, b"\x12\x19\xd4" + bytes(24)), "AirTag in Apple Find My, away from its owner"),
        (maker(0x004C, b"\x12\x02\x10\x01"), "AirTag in Apple Find My, near its owner"),
        (maker(0x004C, b"\x12\x19\x24" + bytes(24)), "tag of another maker in Apple Find My, away from its owner"),
        (maker(0x004C, b"\x12\x02\x24\x01"), "tag of another maker in Apple Find My, near its owner"),
        (maker(0x004C, b"\x12\x05"), "Find My"),
        (field(0x16, b"\xb2\xfc\x01"), "tracker format"),
        (field(0x16, b"\xb2\xfc\x01\x01"), "tracker format (DULT), near its owner"),
        (field(0x16, b"\xb2\xfc\x02\xfe" + bytes(8)), "tracker format (DULT), away from its owner"),
        (service(0xFEED), "Tile"),
        (service(0xFD5A), "SmartTag"),
        (field(0x16, b"\x5a\xfd\x13" + bytes(19)), "SmartTag, away from its owner for a day"),
        (field(0x16, b"\x5a\xfd\x15" + bytes(19)), "SmartTag, near its owner"),
        (service(0xFE33), "Chipolo"),
        (field(0x16, b"\xaa\xfe\x41" + bytes(20)), "Find Hub"),
    ],
)
def test_trackers_are_noted_with_what_they_are(data: bytes, text: str) -> None:
    finding = only(data)
    assert finding.level is Level.NOTED
    assert finding.title.startswith("A tracker (")
    assert text in finding.title
    assert {item.rule for item in finding.evidence} >= {"context.tracker"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x12\x02\x00\x00", "Apple phone, tablet or computer in Find My, near its owner"),
        (b"\x12\x19\x34" + bytes(24), "AirPods or other headphones in Apple Find My, away from its owner"),
    ],
)
def test_things_that_can_be_found_are_not_called_trackers(data: bytes, text: str) -> None:
    finding = only(maker(0x004C, data))
    assert finding.level is Level.NOTED
    assert finding.title == f"Bluetooth device ({text})"
    assert finding.evidence[0].rule == "context.tracker"


REVERSED_UUID = b"AXJANUSBWCDEVICE"[::-1]


@pytest.mark.parametrize(
    "data",
    [
        field(0x21, REVERSED_UUID + b"\x01"),  # as was recorded beside a camera: inside a 128-bit UUID
        field(0x07, REVERSED_UUID),
        field(0x16, b"\x6c\xfeBWCDEVICE"),
        maker(0x034D, b"\x01BWCDEVICE"),
    ],
)
def test_a_body_camera_that_says_so_is_identified_as_worn(data: bytes) -> None:
    finding = only(data)
    assert finding.level is Level.IDENTIFIED
    assert finding.title == "A camera somebody wears nearby (Axon body camera)"
    assert "identity.worn_ble_payload" in {item.rule for item in finding.evidence}
    assert "wears" in finding.advice


def test_half_of_that_text_is_nothing() -> None:
    assert only(field(0x16, b"\x34\x12BWC DEVICE") + name("x")).level is Level.NOTED


@pytest.mark.parametrize(
    "data",
    [field(0x16, b"\x01\xa2\x00") + name("TY"), service(0xFFFF) + name("BLUFI_DEVICE"), name("PROV_A1B2C3")],
)
def test_devices_in_set_up_are_noted(data: bytes) -> None:
    finding = only(data)
    assert finding.level is Level.NOTED
    assert finding.title.startswith("A device waiting to be set up")
    assert "setup.ble" in {item.rule for item in finding.evidence}


def test_names_on_the_air_are_hostile() -> None:
    finding = only(name("\x1b[31m<b>\u202ex") + maker(0x01AB))
    assert finding.identity.name == "\x1b[31m<b>\u202ex"
    for text in (finding.title, *(item.says for item in finding.evidence)):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_beacon_in_the_apple_form_is_not_called_apples() -> None:
    beacon = maker(0x004C, b"\x02\x15" + bytes(21))
    assert only(beacon, name("thermometer")).identity.vendor is None
    assert only(beacon, maker(0xEC88)).identity.vendor == "company 0xec88"


def test_one_fact_said_twice_is_weighed_once() -> None:
    finding = only(service(0xFEA5), service(0xFEA6))
    assert [item.rule for item in finding.evidence] == ["worn.ble_uuid"]


def test_nameless_devices_are_counted_and_silent_ones_not_listed() -> None:
    examined = examine(btsnoop([report(b""), report(maker(0x1234), address=bytes(5) + b"\xc0")]))
    assert [finding.title for finding in examined.findings] == ["Bluetooth device of company 0x1234"]
    facts = examined.source.facts
    assert (facts["advertisers"], facts["devices_listed"], facts["devices_not_listed"]) == (2, 1, 1)


def test_a_crowd_is_listed_strongest_first_and_counted() -> None:
    crowd = [
        report(name(f"d{number}"), address=number.to_bytes(5) + b"\xc0", rssi=-90 + number % 50)
        for number in range(MOST_NOTED + 30)
    ]
    examined = examine(btsnoop([*crowd, report(RAY_BAN)]))
    assert len(examined.findings) == MOST_NOTED + 1
    assert examined.source.facts["devices_not_listed"] == 30
    assert "wears" in examined.findings[0].title
    signals = [finding.where.rssi_dbm or 0 for finding in examined.findings[1:]]
    assert signals == sorted(signals, reverse=True)


def test_the_source_says_what_was_read() -> None:
    examined = examine(btsnoop([report(RAY_BAN)] * 21))
    assert examined.source.kind == "bluetooth_capture"
    assert examined.source.state is SourceState.EXAMINED
    facts = examined.source.facts
    assert facts["frames"] == 21
    assert facts["seconds"] == 2.0
    assert facts["random_addresses"] == 1
    assert facts["file_format"] == "btsnoop"
    assert facts["started"] == "2023-11-14T22:13:20+00:00"


def test_gzip_is_opened() -> None:
    assert examine(gzip.compress(btsnoop([report(RAY_BAN)]))).findings == examine(btsnoop([report(RAY_BAN)])).findings


def test_a_cut_capture_is_partial_and_says_where() -> None:
    whole = btsnoop([report(RAY_BAN)] * 3)
    examined = examine(whole[:-5])
    assert examined.source.state is SourceState.PARTIAL
    assert "ends" in (examined.source.reason or "")
    assert len(examined.findings) == 1


@pytest.mark.parametrize(
    ("capture", "words"),
    [
        (pcap(127, [b"\0\0\x08\0\0\0\0\0" + bytes(30)]), "is a Wi-Fi capture, not one of Bluetooth"),
        (pcap(105, [bytes(30)]), "is a Wi-Fi capture, not one of Bluetooth"),
        (pcap(192, [struct.pack("<BBHI", 0, 0, 8, 105) + bytes(30)]), "is a Wi-Fi capture"),
        (pcap(1, [bytes(60)]), "network traffic"),
        (pcap(9999, [bytes(60)]), "is not a Bluetooth capture"),
        (pcap(251, []), "holds no whole record"),
        (b"", "empty"),
        (b"hello world, this is text\n" * 20, "not a capture"),
    ],
)
def test_other_files_are_refused_by_what_they_are(capture: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        examine(capture)


def test_a_capture_with_other_records_too_is_partial() -> None:
    bluetooth = nordic(b"\x42\x0c" + NOBODY + maker(0x1234))
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    out = section + b"".join(struct.pack("<IIHHII", 1, 20, link, 0, 0, 20) for link in (272, 1))
    for interface, record in ((0, bluetooth), (1, bytes(60))):
        padded = record + bytes(-len(record) % 4)
        size = 32 + len(padded)
        out += struct.pack("<IIIIIII", 6, size, interface, 0, 0, len(record), len(record)) + padded
        out += struct.pack("<I", size)
    examined = examine(out)
    assert examined.source.state is SourceState.PARTIAL
    assert "1 of its 2 records" in (examined.source.reason or "")
    assert len(examined.findings) == 1


@given(
    st.sampled_from([187, 192, 201, 251, 254, 256, 272]),
    st.lists(st.binary(max_size=80), min_size=1, max_size=8),
)
def test_any_record_bytes_are_read_or_refused(linktype: int, records: list[bytes]) -> None:
    try:
        frames = examine(pcap(linktype, records)).source.facts["frames"]
    except InputError:
        frames = 0
        assert linktype == 192  # anything may stand in PPI; the others are Bluetooth by their number
    assert frames <= len(records)


EVERYTHING = btsnoop(
    [report(RAY_BAN), report(name("RB Meta 00DG")), report(maker(0x004C, b"\x12\x19" + bytes(25)))] * 2
)
SNIFFED = pcap(272, [nordic(bytes([kind | 0x40, 6 + len(RAY_BAN)]) + NOBODY + RAY_BAN) for kind in (0, 2, 4, 7)] * 2)


@settings(max_examples=200)
@given(
    st.sampled_from([EVERYTHING, SNIFFED]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=12),
    st.integers(0, 10_000),
)
def test_mutated_captures_never_break_it(capture: bytes, edits: list[tuple[int, int]], end: int) -> None:
    bent = bytearray(capture)
    for at, value in edits:
        bent[at % len(bent)] = value
    cut = bytes(bent[: end % (len(bent) + 1)] if end % 3 == 0 else bent)
    try:
        findings = examine(cut).findings
    except InputError:
        findings = ()
    assert all(finding.title.isprintable() for finding in findings)


def test_ten_thousand_distinct_devices_are_read_without_pause() -> None:
    flood = [report(maker(0x01AB), address=zlib.crc32(bytes([i & 255, i >> 8])).to_bytes(6)) for i in range(10_000)]
    examined = examine(btsnoop(flood))
    assert len(examined.findings) == 500
    assert examined.source.facts["advertisers"] == 10_000
