"""Recordings of adverts: what is written is read again, and hostile lines do no harm."""

import io
import json
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.bluetooth.advertising import Advertising
from roomsweep.detect.bluetooth.adverts import (
    LINE_BYTES,
    Advert,
    AdvertReader,
    advert_line,
    header_line,
    is_adverts,
    kind_of,
    parse_advert,
)
from roomsweep.detect.bluetooth.examine import Hearing, examine_adverts, examine_capture
from roomsweep.detect.bluetooth.heard import AddressKind
from roomsweep.detect.errors import InputError
from roomsweep.detect.result import Examined, Level, SourceState

HEAD = header_line(listened_with="BlueZ through bleak", started_at="2026-11-20T12:00:00+00:00")
START_NS = 1_700_000_000 * 10**9
RAY_BAN = Advertising(uuids=(0xFD5F,), manufacturer=((0x01AB, bytes.fromhex("020102102716e4")),))


def advert(
    said: Advertising = RAY_BAN, *, t_s: float = 0.0, address: int = 0xC60504030201, rssi: int | None = -60
) -> Advert:
    return Advert(
        t_ns=START_NS + round(t_s * 1e9), address=address, kind=kind_of(address, random=True), rssi_dbm=rssi, said=said
    )


def examine(data: bytes) -> Examined:
    return examine_capture(io.BytesIO(data), source_id="b1", name="bluetooth.jsonl")


uuids = st.one_of(st.integers(0, 0xFFFF_FFFF), st.uuids().map(str).filter(lambda text: not text.endswith("5f9b34fb")))
contents = st.binary(max_size=40)
adverts = st.builds(
    Advert,
    t_ns=st.integers(0, 2**63 - 1),
    address=st.integers(0, 2**48 - 1),
    kind=st.just(AddressKind.UNTOLD),
    rssi_dbm=st.none() | st.integers(-127, 20),
    said=st.builds(
        Advertising,
        flags=st.none() | st.integers(0, 255),
        name=st.none() | st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()),
        uuids=st.lists(uuids, max_size=4, unique=True).map(tuple),
        service_data=st.lists(st.tuples(uuids, contents), max_size=3).map(tuple),
        manufacturer=st.lists(st.tuples(st.integers(0, 0xFFFF), contents), max_size=3).map(tuple),
        tx_power_dbm=st.none() | st.integers(-128, 127),
        appearance=st.none() | st.integers(0, 0xFFFF),
    ),
)


@settings(max_examples=100, deadline=None)
@given(adverts, st.sampled_from([True, False, None]))
def test_what_is_written_is_read_again(made: Advert, random: bool | None) -> None:
    sent = Advert(
        t_ns=made.t_ns,
        address=made.address,
        kind=kind_of(made.address, random=random),
        rssi_dbm=made.rssi_dbm,
        said=made.said,
    )
    line = advert_line(sent)
    assert line.isascii()
    assert line.count(b"\n") == 1
    read = parse_advert(line)
    assert read is not None
    said = (read.said.flags, read.said.name, read.said.uuids, read.said.service_data, read.said.manufacturer)
    made_said = made.said
    assert said == (made_said.flags, made_said.name, made_said.uuids, made_said.service_data, made_said.manufacturer)
    assert (read.t_ns, read.address, read.kind, read.rssi_dbm) == (sent.t_ns, sent.address, sent.kind, sent.rssi_dbm)
    assert (read.said.tx_power_dbm, read.said.appearance) == (made_said.tx_power_dbm, made_said.appearance)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["t_ns", "address", "id", "name", "services", "service_data", "company_data", "rssi_dbm"]
                    ),
                    inner,
                    max_size=8,
                )
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_hostile_lines_are_passed_over(line: bytes) -> None:
    read = parse_advert(line)
    assert read is None or 0 <= read.address < 2**128
    good = advert_line(advert())
    examined = examine(HEAD + line.replace(b"\n", b" ") + b"\n" + good)
    assert len([finding for finding in examined.findings if finding.level is Level.SUSPECT]) >= 1


def test_a_line_without_an_end_costs_no_memory_and_not_the_rest() -> None:
    long = b'{"name":"' + b"x" * (3 * LINE_BYTES) + b'"}\n'
    examined = examine(HEAD + long + advert_line(advert()))
    assert examined.source.state is SourceState.PARTIAL
    assert "1 of its lines" in (examined.source.reason or "")
    assert len(examined.findings) == 1


def test_a_recording_cut_by_a_kill_keeps_what_was_heard() -> None:
    whole = HEAD + advert_line(advert()) + advert_line(advert(t_s=1.0))
    examined = examine(whole[:-20])
    assert examined.source.facts["frames"] == 1
    assert examined.source.reason == "the file ends inside line 3"
    assert examine(whole).source.state is SourceState.EXAMINED


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HEAD, "holds no advert"),
        (HEAD.replace(b"adverts/1", b"adverts/9"), "does not know"),
        (b'{"x": "roomsweep.adverts/1"\n', "does not begin"),
        (b'[{"schema": "roomsweep.adverts/1"}]\n', "not a capture"),
        (b'{"schema": ' * 100 + b'"roomsweep.adverts/1"\n', "not a capture|does not begin"),
    ],
)
def test_other_files_are_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        examine(data)


def test_half_a_surrogate_pair_harms_no_output() -> None:
    head = b'{"schema":"roomsweep.adverts/1","listened_with":"\\ud800"}\n'
    line = advert_line(advert()).replace(b'"rssi_dbm"', b'"name":"\\udfffcam","rssi_dbm"')
    examined = examine(head + line)
    assert examined.findings[0].identity.name == r"\udfffcam"
    for text in (examined.findings[0].title, examined.source.facts["listened_with"]):
        assert text.encode()


def test_a_recording_is_told_from_a_capture() -> None:
    assert is_adverts(HEAD[:200])
    assert not is_adverts(b"btsnoop\0")
    assert AdvertReader(io.BytesIO(HEAD), name="x").listened_with == "BlueZ through bleak"


def test_the_glasses_of_the_documents_fire_in_a_recording_too() -> None:
    lines = [advert_line(advert(t_s=number, rssi=-60 + 10 * (number == 3))) for number in range(5)]
    (finding,) = examine(HEAD + b"".join(lines)).findings
    assert finding.level is Level.SUSPECT
    assert "camera somebody wears nearby" in finding.title
    assert finding.identity.mac == "c6:05:04:03:02:01"
    assert finding.identity.randomised_mac is True
    told = {item.rule: item for item in finding.evidence}["context.ble_heard"]
    assert told.says == "It was heard from 0:00 to 0:04 of the recording, strongest (-50 dBm) at 0:03."
    assert told.weight_db == 0


def test_a_headset_of_that_firm_does_not_fire() -> None:
    headset = Advertising(manufacturer=((0x058E, b"\x01\x02"),))
    (finding,) = examine(HEAD + advert_line(advert(headset))).findings
    assert finding.level is Level.NOTED


def test_live_and_replayed_lead_to_the_same_findings_and_signals() -> None:
    heard = [
        *(advert(t_s=number / 3, rssi=-70 + number) for number in range(20)),
        advert(Advertising(name="\x1b[31mlamp", name_complete=True), t_s=3.3, address=0x40AA, rssi=None),
        Advert(t_ns=START_NS + 9, address=0x0011_2233_4455, kind=AddressKind.UNTOLD, said=Advertising(name="x")),
        Advert(t_ns=START_NS, address=UUID(int=7 << 100).int, kind=AddressKind.HIDDEN, said=Advertising(name="mac")),
    ]
    hearing = Hearing()
    for item in heard:
        hearing.add([item])
    live = examine_adverts(hearing, source_id="b1", name="Bluetooth")
    again = examine(HEAD + b"".join(map(advert_line, heard)))
    assert live.findings == again.findings
    assert live.source.kind == "bluetooth_live"
    for fact in ("frames", "advertisers", "devices", "seconds", "started", "signal_over_time"):
        assert live.source.facts[fact] == again.source.facts[fact]
    (signals,) = live.source.facts["signal_over_time"]
    assert signals["device"] == "c6:05:04:03:02:01"
    assert signals["signal"][:2] == [[0, -69.0], [1, -66.0]]
    by_name = {finding.identity.name: finding.identity for finding in live.findings}
    assert (by_name["mac"].mac, by_name["mac"].randomised_mac) == (None, None)
    assert (by_name["x"].mac, by_name["x"].randomised_mac) == ("00:11:22:33:44:55", None)
    assert by_name["\x1b[31mlamp"].randomised_mac is True


def test_examining_while_it_goes_on_leaves_the_hearing_as_it_was() -> None:
    hearing = Hearing()
    hearing.add([advert()])
    first = examine_adverts(hearing, source_id="b1", name="Bluetooth")
    assert examine_adverts(hearing, source_id="b1", name="Bluetooth") == first
    hearing.add([advert(t_s=2.0)])
    assert examine_adverts(hearing, source_id="b1", name="Bluetooth").source.facts["frames"] == 2
    nothing = examine_adverts(Hearing(), source_id="b1", name="Bluetooth", why=["told of no device"])
    assert nothing.findings == ()
    assert nothing.source.state is SourceState.PARTIAL
