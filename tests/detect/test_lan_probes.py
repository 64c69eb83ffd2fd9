"""Questions and answers of the searches: the bytes that the protocols prescribe, and nothing read out of garbage."""

import hashlib
import json
import struct
import uuid
import xml.etree.ElementTree as ET
import zlib
from collections import Counter

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given, settings
from hypothesis import strategies as st

from roomsweep.detect.lan import kasa, pppp
from roomsweep.detect.lan.datagrams import VALUE_MAX
from roomsweep.detect.lan.probes import Answer, listen_ports, probes, protocols, read_answer
from roomsweep.detect.signatures.match import discovery_protocol

MAC = "38:af:29:bb:bc:ab"
DEVICE_ID = b"TNPUSAF\0" + (430014).to_bytes(4, "big") + b"KGTGK\0\0\0"
TUYA_KEY = hashlib.md5(b"yGAdlopoPVldABfn", usedforsecurity=False).digest()


def dhip(document: object) -> bytes:
    body = json.dumps(document).encode()
    return bytes([32, 0, 0, 0]) + b"DHIP" + bytes(8) + struct.pack("<IIII", len(body), 0, len(body), 0) + body


def dvrip(document: object, *, number: bytes = b"\xfb\x05") -> bytes:
    body = json.dumps(document).encode() + b"\n\0"
    return b"\xff" + bytes(13) + number + struct.pack("<I", len(body)) + body


def netwave(*, number: bytes = b"000DC5123456\0", name: bytes = b"Hall") -> bytes:
    text = number.ljust(13, b"\0") + name.ljust(21, b"\0") + bytes(31)
    return b"MO_I" + b"\x01\x00" + bytes(9) + struct.pack("<II", len(text), len(text)) + text


def vstarcam() -> bytes:
    data = bytearray(256)
    data[:4] = bytes.fromhex("44480108")
    data[4:16] = b"192.168.1.30"
    data[84:90] = bytes.fromhex("38af29bbbcab")
    data[92:107] = b"VSTC123456ABCDE"
    data[124:130] = b"IPCAM1"
    return bytes(data)


def tuya_old(document: object) -> bytes:
    clear = json.dumps(document).encode()
    fill = 16 - len(clear) % 16
    encryptor = Cipher(algorithms.AES(TUYA_KEY), modes.ECB()).encryptor()
    body = bytes(4) + encryptor.update(clear + bytes([fill]) * fill)
    frame = b"\0\0\x55\xaa" + bytes(4) + struct.pack(">II", 0x13, len(body) + 8) + body
    return frame + struct.pack(">I", zlib.crc32(frame)) + b"\0\0\xaa\x55"


def tuya_new(document: object) -> bytes:
    clear = bytes(4) + json.dumps(document).encode()
    header = b"\0\0" + bytes(4) + struct.pack(">II", 0x13, 12 + len(clear) + 16)
    return b"\0\0\x66\x99" + header + b"n" * 12 + AESGCM(TUYA_KEY).encrypt(b"n" * 12, clear, header) + b"\0\0\x99\x66"


def wsd(types: str, scopes: str, *, element: str = "ProbeMatch") -> bytes:
    return f"""<?xml version="1.0"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:w="a" xmlns:dd="d" xmlns:tdn="n">
<SOAP-ENV:Body><dd:ProbeMatches><dd:{element}>
<w:EndpointReference><w:Address>urn:uuid:5f5a69c2-e0ae-504f-829b-00afa538ab17</w:Address></w:EndpointReference>
<dd:Types>{types}</dd:Types><dd:Scopes>{scopes}</dd:Scopes>
<dd:XAddrs>http://192.168.1.109:2020/onvif/device_service</dd:XAddrs></dd:{element}></dd:ProbeMatches>
</SOAP-ENV:Body></SOAP-ENV:Envelope>""".encode()


SADP = b"""<?xml version="1.0" encoding="UTF-8"?>
<ProbeMatch><Uuid>A</Uuid><Types>inquiry</Types><DeviceType>141945</DeviceType>
<DeviceDescription>DS-2CD2385G1-I</DeviceDescription><DeviceSN>DS-2CD2385G1-I20200414AAWR</DeviceSN>
<MAC>38-af-29-bb-bc-ab</MAC><IPv4Address>192.168.1.64</IPv4Address></ProbeMatch>"""

SSDP = (
    b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: upnp:rootdevice\r\nUSN: uuid:1::upnp:rootdevice\r\n"
    b"SERVER: Linux/3.10 UPnP/1.0 IpCamera/1.0\r\nLOCATION: http://192.168.1.9:49152/desc.xml\r\n\r\n"
)

V380 = b"NVDEVRESULT^100^38:AF:29:BB:BC:AB^192.168.1.8^255.255.255.0^192.168.1.1^1^2^3^4^5^6^12345678^7^8"
KASA_OLD = kasa.scramble(
    json.dumps(
        {
            "system": {
                "get_sysinfo": {
                    "system": {"type": "IOT.IPCAMERA", "mac": "38AF29BBBCAB", "model": "KC105", "alias": "b"}
                }
            }
        }
    ).encode()
)
KASA_NEW = (
    bytes.fromhex("0200000101e51100d9a84f3e58e2d8d5")
    + json.dumps(
        {"result": {"device_type": "SMART.IPCAMERA", "device_model": "C200(EU)", "mac": "38-AF-29-BB-BC-AB"}}
    ).encode()
)

DAHUA = {
    "method": "client.notifyDevInfo",
    "mac": MAC,
    "params": {"deviceInfo": {"DeviceClass": "IPC", "DeviceType": "IPC-C15", "SerialNo": "4D0A", "Vendor": "Private"}},
}
XM = {
    "NetWork.NetCommon": {"HostName": "LocalHost", "MAC": MAC, "SN": "88d1a51f2b", "HostIP": "0x0A01A8C0"},
    "Ret": 100,
}
TUYA = {"ip": "192.168.1.5", "gwId": "ebdc8a558456ba9f35sfo4", "productKey": "key8u54q9dtru5jw", "version": "3.3"}

GOOD = {
    "pppp": (b"\xf1\x41\x00\x14" + DEVICE_ID, {"uid": "TNPUSAF-430014-KGTGK", "prefix": "TNPUSAF"}),
    "v380": (V380, {"mac": MAC, "uid": "12345678"}),
    "dvrip": (dvrip(XM), {"mac": MAC, "serial": "88d1a51f2b", "name": "LocalHost"}),
    "dhip": (
        dhip(DAHUA),
        {"mac": MAC, "model": "IPC-C15", "serial": "4D0A", "device_class": "IPC", "maker": "Private"},
    ),
    "sadp": (SADP, {"mac": MAC, "model": "DS-2CD2385G1-I", "serial": "DS-2CD2385G1-I20200414AAWR"}),
    "netwave": (netwave(), {"mac": "00:0d:c5:12:34:56", "name": "Hall"}),
    "vstarcam": (vstarcam(), {"mac": MAC, "serial": "VSTC123456ABCDE", "name": "IPCAM1"}),
    "kasa": (KASA_NEW, {"mac": MAC, "model": "C200(EU)", "types": "SMART.IPCAMERA"}),
    "tuya": (
        tuya_old(TUYA),
        {"uid": "ebdc8a558456ba9f35sfo4", "product": "key8u54q9dtru5jw", "version": "3.3"},
    ),
    "wsd": (
        wsd("tdn:NetworkVideoTransmitter tds:Device", "onvif://www.onvif.org/name/Tapo%20C200 onvif://x"),
        {
            "types": "NetworkVideoTransmitter Device",
            "scopes": "onvif://www.onvif.org/name/Tapo%20C200 onvif://x",
            "location": "http://192.168.1.109:2020/onvif/device_service",
            "uid": "urn:uuid:5f5a69c2-e0ae-504f-829b-00afa538ab17",
            "name": "Tapo C200",
        },
    ),
    "ssdp": (
        SSDP,
        {
            "server": "Linux/3.10 UPnP/1.0 IpCamera/1.0",
            "types": "upnp:rootdevice",
            "uid": "uuid:1::upnp:rootdevice",
            "location": "http://192.168.1.9:49152/desc.xml",
        },
    ),
}


@pytest.mark.parametrize("protocol", sorted(GOOD))
def test_an_answer_is_read(protocol: str) -> None:
    payload, fields = GOOD[protocol]
    assert read_answer(protocol, payload) == Answer(protocol=protocol, fields=fields)


def test_every_protocol_has_an_example_here_and_a_row_in_the_table() -> None:
    assert set(GOOD) == protocols()
    for name in protocols():
        row = discovery_protocol(name)
        assert row is not None
        ports = {int(port) for port in row["ports"].split()}
        asked = {probe.port for probe in probes() if probe.protocol == name}
        assert asked <= ports
        assert asked or name == "tuya"
        own = {probe.source_port for probe in probes() if probe.protocol == name and row["own_port"]}
        assert {str(port) for port in own} <= {row["own_port"]}


@pytest.mark.parametrize("protocol", sorted(GOOD))
def test_no_protocol_reads_the_answers_of_another_or_a_part_of_its_own(protocol: str) -> None:
    payload, _ = GOOD[protocol]
    for other in protocols() - {protocol}:
        assert read_answer(other, payload) is None, other
    assert read_answer(protocol, b"") is None
    assert read_answer(protocol, payload[:12]) is None
    assert read_answer(protocol, b"\0" + payload) is None


def test_no_question_is_read_as_an_answer() -> None:
    """A computer that listens hears its own questions, and those of other people's phones."""
    for probe in probes():
        for protocol in protocols():
            assert read_answer(protocol, probe.payload) is None, probe


@pytest.mark.parametrize(
    ("port", "protocol"),
    [(32108, "pppp"), (10009, "v380"), (34569, "dvrip"), (37020, "sadp"), (10000, "netwave"), (20002, "kasa")],
)
def test_answers_are_known_by_their_port_too(port: int, protocol: str) -> None:
    assert read_answer(port, GOOD[protocol][0]) == read_answer(protocol, GOOD[protocol][0])


def test_unknown_protocols_and_ports_are_not_read() -> None:
    assert read_answer(53, V380) is None
    assert read_answer("smtp", V380) is None
    assert read_answer("v380", V380 + bytes(70_000)) is None


def test_questions_are_the_bytes_that_the_protocols_prescribe() -> None:
    sent: dict[str, list[bytes]] = {}
    for probe in probes():
        sent.setdefault(probe.protocol, []).append(probe.payload)
    # Searches as other programs send them (aiopppp: 2cba5f5d for "camera"; the others are in the table).
    assert {"f1300000", "f1320000", "2cba5f5d"} <= {payload.hex() for payload in sent["pppp"]}
    assert sent["v380"] == [b"NVDEVSEARCH^100"]
    assert sent["dvrip"] == [bytes.fromhex("ff00000000000000000000000000fa0500000000")]
    assert sent["vstarcam"] == [bytes.fromhex("44480101")]
    assert len(sent["netwave"][0]) == 27
    assert sent["netwave"][0].startswith(b"MO_I")
    (head, body) = sent["dhip"][0][:32], sent["dhip"][0][32:]
    assert head == bytes.fromhex("20000000") + b"DHIP" + bytes(8) + struct.pack("<QQ", len(body), len(body))
    assert json.loads(body) == {"method": "DHDiscover.search", "params": {"mac": "", "uni": 1}}
    # The first bytes of every Kasa program's question.
    assert sent["kasa"][0].hex().startswith("d0f281f88bff9af7d5ef94b6")
    assert sent["ssdp"][0].startswith(b"M-SEARCH * HTTP/1.1\r\n")
    assert sent["ssdp"][0].endswith(b"\r\n\r\n")


def test_one_datagram_for_each_variant_and_none_asks_more_than_a_phone_would() -> None:
    seen = Counter((probe.protocol, probe.port, probe.to, probe.group, probe.payload) for probe in probes())
    assert set(seen.values()) == {1}
    assert len(seen) <= 30
    for probe in probes():
        assert (probe.to == "multicast") == (probe.group is not None)
        assert len(probe.payload) < 1400, "one Ethernet frame"


def test_each_sending_has_ids_of_its_own() -> None:
    one, two = probes(uuid.UUID(int=1)), probes(uuid.UUID(int=2))
    with_id = {"wsd", "sadp"}
    for first, second in zip(one, two, strict=True):
        assert (first.payload != second.payload) is (first.protocol in with_id)
    ids = [
        ET.fromstring(probe.payload).findtext(".//{http://schemas.xmlsoap.org/ws/2004/08/addressing}MessageID")
        for probe in one
        if probe.protocol == "wsd"
    ]
    assert len(set(ids)) == len(ids) == 4


def test_passive_ports_are_those_of_the_table_and_answers_that_come_elsewhere() -> None:
    tuya = discovery_protocol("tuya")
    assert tuya is not None
    assert {int(port) for port in tuya["ports"].split()} <= set(listen_ports())
    assert {10009, 8601, 32108, 34569, 37020} <= set(listen_ports())


@pytest.mark.parametrize("group", pppp.GROUPS)
def test_every_group_of_peer_to_peer_cameras_is_read(group: str) -> None:
    for kind in (0x31, 0x41, 0x42):
        wire = pppp.scramble(bytes([0xF1, kind, 0, 20]) + DEVICE_ID, group=group)
        assert (wire[0] == 0xF1) is (group == "")
        found = read_answer("pppp", wire)
        assert found is not None
        assert found.fields["uid"] == "TNPUSAF-430014-KGTGK"
        assert found.fields.get("group", "") == group


@settings(deadline=None)
@given(st.binary(max_size=64), st.sampled_from(pppp.GROUPS))
def test_scrambling_is_undone(clear: bytes, group: str) -> None:
    assert pppp.unscramble(pppp.scramble(clear, group=group), group=group) == clear
    assert kasa.unscramble(kasa.scramble(clear)) == clear


@pytest.mark.parametrize(
    ("protocol", "payload"),
    [
        ("pppp", b"\xf1\x41\x00\x14" + DEVICE_ID.replace(b"KGTGK", b"kgtgk")),
        ("pppp", b"\xf1\x43\x00\x14" + DEVICE_ID),
        ("pppp", b"\xf1\x41\x00\x14" + b"A" * 20),
        ("v380", V380.replace(b"38:AF:29:BB:BC:AB", b"-").replace(b"12345678", b"")),
        ("v380", b"NVDEVRESULT^^^"),
        ("dvrip", dvrip(XM, number=b"\xfa\x05")),
        ("dvrip", dvrip({"NetWork.NetCommon": {"MAC": "x", "SN": ["a"]}})),
        ("dvrip", dvrip([1])),
        ("dhip", dhip({"method": "client.notifyDevInfo", "params": {"deviceInfo": {"Port": 1}}})),
        ("dhip", dhip({"method": "client.notifyDevInfo", "params": []})),
        ("dhip", json.dumps(DAHUA).encode()),
        ("sadp", SADP.replace(b"ProbeMatch>", b"Probe>")),
        ("sadp", b"<ProbeMatch><MAC>38-af-29-bb-bc-ab</MAC></ProbeMatch>"),
        ("netwave", netwave(number=b"camera")),
        ("netwave", netwave(number=b"000000000000")),
        ("netwave", netwave().replace(b"MO_I\x01", b"MO_I\x00")),
        ("vstarcam", vstarcam().replace(b"192.168.1.30", b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c")),
        ("kasa", KASA_NEW.replace(b"device_type", b"device_tape")),
        ("tuya", tuya_old({"from": "app", "ip": "192.168.1.5"})),
        ("tuya", tuya_old(TUYA)[:-4] + b"\0\0\xaa\x56"),
        ("tuya", tuya_new(TUYA)[:-5] + b"\0\0\0\x99\x66"),
        ("wsd", wsd("", "")),
        ("wsd", wsd("a:B", "c", element="Match")),
        ("ssdp", SSDP.replace(b"200 OK", b"404 Not Found")),
        ("ssdp", b"NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:byebye\r\nUSN: uuid:1\r\n\r\n"),
        ("ssdp", b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n"),
    ],
)
def test_what_is_no_answer_is_not_read(protocol: str, payload: bytes) -> None:
    assert read_answer(protocol, payload) is None


def test_other_forms_of_answers_are_read() -> None:
    assert read_answer("kasa", KASA_OLD) == Answer(
        protocol="kasa", fields={"mac": MAC, "model": "KC105", "types": "IOT.IPCAMERA", "name": "b"}
    )
    for payload in (
        tuya_new(TUYA),
        b"\0\0\x55\xaa" + bytes(12) + json.dumps(TUYA).encode() + bytes(4) + b"\0\0\xaa\x55",
    ):
        found = read_answer("tuya", payload)
        assert found is not None
        assert found.fields["uid"] == TUYA["gwId"]
    hello = wsd("wsdp:Device wprt:PrintDeviceType", "", element="Hello")
    hello = hello.replace(b"<dd:ProbeMatches>", b"").replace(b"</dd:ProbeMatches>", b"")
    found = read_answer("wsd", hello)
    assert found is not None
    assert found.fields["types"] == "Device PrintDeviceType"
    notify = b"NOTIFY * HTTP/1.1\nNT: urn:x\nNTS: ssdp:alive\nUSN: uuid:1\nLOCATION: http://192.168.1.1/\n\n"
    found = read_answer("ssdp", notify)
    assert found is not None
    assert found.fields["types"] == "urn:x"


def test_long_values_are_cut_or_refused() -> None:
    found = read_answer("wsd", wsd("a:B", "s" * 4000))
    assert found is not None
    assert len(found.fields["scopes"]) == VALUE_MAX
    assert read_answer("sadp", SADP.replace(b"DS-2CD2385G1-I", b"A" * 200)) is None


@settings(deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(sorted(protocols())))
@example(b"<" * 2000, "wsd")
@example(b'{"a":' * 400, "kasa")
def test_garbage_gives_nothing_and_never_raises(payload: bytes, protocol: str) -> None:
    found = read_answer(protocol, payload)
    assert found is None or found.protocol == protocol


@settings(deadline=None)
@given(st.data(), st.sampled_from(sorted(GOOD)))
def test_damaged_answers_never_raise_and_give_texts_only(data: st.DataObject, protocol: str) -> None:
    payload = bytearray(GOOD[protocol][0])
    for _ in range(data.draw(st.integers(1, 8))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    found = read_answer(protocol, bytes(payload[: data.draw(st.integers(0, len(payload)))]))
    if found is not None:
        assert found.fields
        assert all(isinstance(value, str) and 0 < len(value) <= VALUE_MAX for value in found.fields.values())
