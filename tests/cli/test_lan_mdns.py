"""Multicast DNS and the discovery datagrams, on records written for these tests and on this computer's loopback."""

import asyncio
import ipaddress
import random
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.cli.lan import mdns
from roomsweep.cli.lan.discovery import ANSWERS_MAX, Discovery, within
from roomsweep.cli.lan.mdns import known_kinds, packets_of, split_name, text_of
from roomsweep.cli.lan.networks import Joined, Target
from roomsweep.cli.lan.pace import Allowance, Pace
from roomsweep.detect.lan.datagrams import Answer

NETWORK = ipaddress.IPv4Network("192.168.77.0/24")
TARGET = Target(
    network=NETWORK,
    joined=Joined(interface="eth0", index=2, ip="192.168.77.2", network=NETWORK, link_local="fe80::2"),
)


def labels(name: str) -> bytes:
    """A DNS name on the wire (RFC 1035, 3.1), with dots inside an instance's name kept."""
    instance, found, kind = name.partition("._")
    parts = [instance, *f"_{kind}".rstrip(".").split(".")] if found else name.rstrip(".").split(".")
    return b"".join(bytes([len(part.encode())]) + part.encode() for part in parts) + b"\0"


def record(name: str, kind: int, data: bytes) -> bytes:
    return (
        labels(name)
        + kind.to_bytes(2, "big")
        + b"\0\1"
        + (120).to_bytes(4, "big")
        + len(data).to_bytes(2, "big")
        + data
    )


def response(*records: bytes) -> bytes:
    return b"\0\0\x84\0\0\0" + len(records).to_bytes(2, "big") + bytes(4) + b"".join(records)


def txt(*items: str) -> bytes:
    return b"".join(bytes([len(item)]) + item.encode() for item in items)


def service(ip: str, *, name: str = "Cam 1._hap._tcp.local.", host: str = "cam.local.") -> bytes:
    return response(
        record("_hap._tcp.local.", 12, labels(name)),
        record(name, 33, bytes(6) + labels(host)),
        record(name, 16, txt("ci=17", "MD=X")),
        record(host, 1, socket.inet_aton(ip)),
    )


def sorted_out(*datagrams: tuple[str, bytes]) -> dict[str, mdns.Announced]:
    records = mdns._Records()
    for ip, data in datagrams:
        mdns._read(records, ip, data)
    return mdns._by_host(records, TARGET)


def test_a_service_is_read_with_its_text_and_host_name() -> None:
    found = sorted_out(("192.168.77.19", service("192.168.77.19")))
    assert set(found) == {"192.168.77.19"}
    (item,) = found["192.168.77.19"].services.values()
    assert (item.service, item.instance, dict(item.txt)) == ("_hap._tcp", "Cam 1", {"ci": "17", "md": "X"})
    assert list(found["192.168.77.19"].names) == ["cam.local"]


def test_a_router_that_passes_on_is_not_the_camera() -> None:
    assert set(sorted_out(("192.168.77.1", service("192.168.77.19")))) == {"192.168.77.19"}


def test_a_name_elsewhere_stays_with_who_announced_it() -> None:
    assert set(sorted_out(("192.168.77.5", service("8.8.8.8")))) == {"192.168.77.5"}


def test_noise_says_nothing() -> None:
    noise = random.Random(3)
    datagrams = [("192.168.77.5", noise.randbytes(size)) for size in (0, 1, 12, 13, 100, 9000)]
    datagrams += [("192.168.77.5", b"\0\0\x84\0" + noise.randbytes(200)) for _ in range(50)]
    loop = response(b"\xc0\x0c" + b"\0\x0c\0\1" + bytes(4) + b"\0\2\xc0\x0c")
    assert sorted_out(*datagrams, ("192.168.77.5", loop)) == {}


def test_a_flood_is_cut() -> None:
    many = [("192.168.77.5", service("192.168.77.5", name=f"Cam {n}._hap._tcp.local.")) for n in range(1500)]
    assert len(sorted_out(*many)["192.168.77.5"].services) == 1000


@given(st.binary(max_size=600))
def test_any_text_record_is_read(data: bytes) -> None:
    assert all(isinstance(value, str) for value in text_of(data).values())


def test_names_are_split() -> None:
    assert split_name("HP v2.1 x._ipp._tcp.local.") == ("HP v2.1 x", "_ipp._tcp")
    assert split_name("_hap._tcp.local.") == ("", "_hap._tcp")
    assert split_name("strange") == ("", "strange")


def test_questions_fit_in_one_packet() -> None:
    (packet,) = packets_of([(f"{kind}.local.", 12) for kind in known_kinds()])
    assert len(packet) < 1400
    assert packet[4:6] == len(known_kinds()).to_bytes(2, "big")
    assert packets_of([("x" * 300 + ".local.", 12)]) in ([], [packets_of([])])


@pytest.mark.parametrize(
    ("ip", "inside"),
    [
        ("192.168.77.9", True),
        ("192.168.77.2", False),  # this computer
        ("192.168.78.9", False),
        ("8.8.8.8", False),
        ("fe80::9", True),
        ("fe80::2", False),
        ("2001:db8::1", False),
        ("nonsense", False),
    ],
)
def test_only_hosts_of_the_network_are_heard(ip: str, inside: bool) -> None:
    assert within(ip, TARGET) is inside


V380 = b"NVDEVRESULT^100^02:00:5e:10:00:01^192.168.77.9^255.255.255.0^a^b^c^d^e^f^g^31234567^0"


def discovery(heard: list[tuple[str, Answer]]) -> Discovery:
    return Discovery(TARGET, pace=Pace(), allowance=Allowance(), heard=lambda ip, answer: heard.append((ip, answer)))


def test_an_answer_is_told_once() -> None:
    heard: list[tuple[str, Answer]] = []
    listening = discovery(heard)
    for _ in range(3):
        listening._take("192.168.77.9", V380, "v380")
    listening._take("10.0.0.9", V380, "v380")
    assert [(ip, answer.protocol, answer.fields["uid"]) for ip, answer in heard] == [
        ("192.168.77.9", "v380", "31234567")
    ]


def test_a_host_that_answers_without_end_is_cut() -> None:
    heard: list[tuple[str, Answer]] = []
    listening = discovery(heard)
    for number in range(5000):
        listening._take("192.168.77.9", V380.replace(b"31234567", str(number).encode()), "v380")
    listening._take("192.168.77.8", V380, "v380")
    assert len([ip for ip, _ in heard if ip == "192.168.77.9"]) == ANSWERS_MAX
    assert heard[-1][0] == "192.168.77.8"


def test_everybody_is_asked_a_few_variants_and_single_hosts_the_rest() -> None:
    listening = discovery([])
    first = listening._first_variants()
    assert len([probe for probe in first if probe.protocol == "pppp"]) == 2
    assert len(first) < 20
    assert {probe.protocol for probe in first} == {probe.protocol for probe in listening._probes}


def test_a_port_that_is_taken_is_said_and_the_question_still_sent() -> None:
    async def run() -> list[str]:
        here = Joined(interface="lo", index=1, ip="127.0.0.1", network=NETWORK)
        target = Target(network=NETWORK, joined=here)
        listening = Discovery(target, pace=Pace(), allowance=Allowance(), heard=lambda ip, answer: None)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("", 10009))  # without letting others share it
            assert await listening._socket(socket.AF_INET, "v380", 10009) is not None
        await listening.__aexit__()
        return listening.refused

    (reason,) = asyncio.run(run())
    assert reason.startswith("this computer cannot use UDP port 10009 (")
