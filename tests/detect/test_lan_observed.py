"""A scan's recording: everything comes back, and nothing but an InputError comes out of damaged ones."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.errors import InputError
from roomsweep.detect.lan.datagrams import Answer
from roomsweep.detect.lan.examine import examine_network
from roomsweep.detect.lan.observed import (
    RECORDING_MAX,
    ROLES,
    Banner,
    MdnsService,
    ObservedHost,
    ObservedNetwork,
    read_recording,
)

TEXT = st.text(max_size=20)
TEXTS = st.dictionaries(TEXT, TEXT, max_size=3)
PORT = st.integers(1, 65_535)
HOST = st.builds(
    ObservedHost,
    ip=st.ip_addresses().map(str),
    mac=st.none()
    | st.integers(0, 2**46).map(
        lambda bits: ":".join(f"{bits << 2 & 0xFE_FFFF_FFFF_FF:012x}"[i : i + 2] for i in range(0, 12, 2))
    ),
    names=st.lists(TEXT, max_size=2).map(tuple),
    answers=st.lists(st.builds(Answer, protocol=TEXT, fields=TEXTS), max_size=2).map(tuple),
    open_ports=st.lists(st.tuples(st.sampled_from(["tcp", "udp"]), PORT), max_size=3).map(tuple),
    banners=st.lists(st.builds(Banner, port=PORT, field=TEXT, value=TEXT), max_size=2).map(tuple),
    services=st.lists(st.builds(MdnsService, service=TEXT, instance=TEXT, txt=TEXTS), max_size=2).map(tuple),
    roles=st.frozensets(st.sampled_from(sorted(ROLES))),
    notes=st.lists(TEXT, max_size=2).map(tuple),
)
NETWORK = st.builds(
    ObservedNetwork,
    cidr=st.sampled_from(["192.168.1.0/24", "10.0.0.0/30", "fe80::/64"]),
    hosts=st.lists(HOST, max_size=3).map(tuple),
    neighbours_answering=st.integers(0, 300),
    addresses_asked=st.integers(0, 300),
    gateway_ip=st.none() | st.ip_addresses().map(str),
    seconds=st.floats(0, 1e4),
    refused=st.lists(TEXT, max_size=2).map(tuple),
    started=TEXT,
    interrupted=st.booleans(),
)


@settings(deadline=None)
@given(NETWORK)
def test_a_recording_gives_back_the_scan(observed: ObservedNetwork) -> None:
    text = observed.to_json()
    assert text.isascii()
    again = read_recording(text.encode(), name="scan.json")
    assert again == observed
    one, two = (examine_network(item, source_id="lan", name="a") for item in (observed, again))
    assert one == two


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema": "roomsweep.lan/2"}',
        b'{"schema": "roomsweep.lan/1"}',
        bytes(RECORDING_MAX + 1),
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_recording(data, name="scan.json")
    assert "scan.json" in str(caught.value)
    assert "\n" not in str(caught.value)


FULL = ObservedNetwork(
    cidr="192.168.1.0/24",
    hosts=(
        ObservedHost(
            ip="192.168.1.9",
            mac="38:af:29:bb:bc:ab",
            answers=(Answer(protocol="v380", fields={"uid": "1"}),),
            open_ports=(("tcp", 554),),
            banners=(Banner(port=80, field="html.title", value="a"),),
            services=(MdnsService(service="_hap._tcp", instance="b", txt={"ci": "17"}),),
        ),
    ),
)
#: Paths in the document, and values that must not get in there.
DAMAGE = [
    (("cidr",), "x"),
    (("cidr",), None),
    (("hosts",), 3),
    (("hosts", 0), "host"),
    (("hosts", 0, "ip"), "300.1.1.1"),
    (("hosts", 0, "mac"), "ff:ff:ff:ff:ff:ff"),
    (("hosts", 0, "mac"), 7),
    (("hosts", 0, "open_ports"), [["tcp", 0]]),
    (("hosts", 0, "open_ports"), [["sctp", 9]]),
    (("hosts", 0, "open_ports"), [["tcp", True]]),
    (("hosts", 0, "answers", 0, "fields"), {"uid": 1}),
    (("hosts", 0, "answers", 0), []),
    (("hosts", 0, "services", 0, "txt"), "ci=17"),
    (("hosts", 0, "banners", 0, "port"), 2**70),
    (("seconds",), "long"),
    (("seconds",), -1),
    (("seconds",), 10**400),
    (("neighbours_answering",), -1),
    (("addresses_asked",), 2**64),
    (("gateway_ip",), 0),
    (("refused",), [1]),
]


@pytest.mark.parametrize(("path", "value"), DAMAGE)
def test_a_damaged_recording_is_refused(path: tuple[str | int, ...], value: object) -> None:
    document = json.loads(FULL.to_json())
    read_recording(json.dumps(document).encode(), name="scan.json")
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError, match="damaged"):
        read_recording(json.dumps(document).encode(), name="scan.json")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_recording(data, name="scan.json")


def test_an_unknown_role_is_left_out() -> None:
    document = json.loads(FULL.to_json())
    document["hosts"][0]["roles"] = ["gateway", "landlord"]
    (host,) = read_recording(json.dumps(document).encode(), name="scan.json").hosts
    assert host.roles == {"gateway"}
