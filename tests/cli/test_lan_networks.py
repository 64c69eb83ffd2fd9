"""Which networks are asked and which are refused; what the system tells of networks and neighbours."""

import ipaddress
import re
import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.cli.lan.neighbours import Neighbour, neighbours_of_netlink, neighbours_of_program
from roomsweep.cli.lan.networks import (
    Joined,
    RefusedNetworkError,
    Target,
    gateways_of_proc,
    gateways_of_program,
    joined_networks,
    read_network,
    target_of,
)
from roomsweep.detect.errors import UnavailableError


def joined(interface: str, ip: str, length: int = 24, **more: str) -> Joined:
    network = ipaddress.IPv4Network(f"{ip}/{length}", strict=False)
    return Joined(interface=interface, index=2, ip=ip, network=network, **more)


@pytest.mark.parametrize(
    "text", ["192.168.1.0/24", "192.168.1.77/24", "10.1.2.0/22", "172.20.0.9", "100.64.1.0/24", "169.254.0.0/22"]
)
def test_private_networks_are_taken(text: str) -> None:
    assert read_network(text) == ipaddress.ip_network(text, strict=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("8.8.8.0/24", "not the address range of a local network"),
        ("172.32.0.0/24", "not the address range"),
        ("127.0.0.1", "not the address range"),
        ("224.0.0.0/24", "not the address range"),
        ("0.0.0.0/0", "not the address range"),
        ("192.168.0.0/16", "has 65,534 addresses, too many to ask politely. Name a part of it, at most a /22"),
        ("10.0.0.0/21", "as in 10.0.0.0/24"),
        ("fe80::/64", "Name the IPv4 network"),
        ("hotel", "is not a network; write it like 192.168.1.0/24"),
        ("192.168.1.0/24; rm", "is not a network"),
        ("\x1b[31m", "\\x1b"),
    ],
)
def test_others_are_refused_in_one_clear_sentence(text: str, words: str) -> None:
    with pytest.raises(RefusedNetworkError, match=re.escape(words)):
        read_network(text)


@given(st.text())
def test_any_text_is_a_network_or_refused(text: str) -> None:
    try:
        network = read_network(text)
    except RefusedNetworkError as error:
        said, network = str(error), None
    if network is None:
        assert said.isprintable()
    else:
        assert network.is_private or network.subnet_of(ipaddress.IPv4Network("100.64.0.0/10"))


def test_the_joined_network_is_the_one_with_the_router() -> None:
    known = [
        joined("docker0", "172.17.0.1", 16),
        joined("eth1", "192.168.9.5"),
        joined("wlan0", "192.168.1.7", gateway_ip="192.168.1.1"),
    ]
    target = target_of(None, joined=known)
    assert target.joined == known[2]
    assert str(target.network) == "192.168.1.0/24"
    assert "192.168.1.7" not in target.addresses()
    assert len(target.addresses()) == 253


def test_a_named_network_finds_its_interface_or_lies_behind_a_router() -> None:
    known = [joined("wlan0", "192.168.1.7", gateway_ip="192.168.1.1")]
    part = target_of("192.168.1.4/30", joined=known)
    assert part.joined == known[0]
    assert not part.whole
    assert part.addresses() == ["192.168.1.4", "192.168.1.5", "192.168.1.6"]  # 7 is this computer
    assert target_of("192.168.0.0/22", joined=known).whole
    beyond = target_of("192.168.2.0/24", joined=known)
    assert beyond.joined is None
    assert len(beyond.addresses()) == 254


def test_a_joined_network_that_is_too_wide_or_public_is_refused_too() -> None:
    with pytest.raises(RefusedNetworkError, match="too many"):
        target_of(None, joined=[joined("wlan0", "10.0.0.7", 16)])
    with pytest.raises(RefusedNetworkError, match="local network"):
        target_of(None, joined=[joined("wlan0", "8.8.8.7")])


@pytest.mark.parametrize("known", [[], [joined("docker0", "172.17.0.1", 16)], [joined("tun0", "10.8.0.2")]])
def test_no_network_is_said(known: list[Joined]) -> None:
    with pytest.raises(UnavailableError, match="joined no network"):
        target_of(None, joined=known)


def test_one_address_is_a_network() -> None:
    assert Target(network=read_network("192.168.1.9")).addresses() == ["192.168.1.9"]


def test_the_networks_of_this_computer_can_be_listed() -> None:
    for item in joined_networks():
        assert ipaddress.IPv4Address(item.ip) in item.network
        assert not item.network.is_loopback


def test_gateways_of_linux() -> None:
    header = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"

    def row(destination: str, gateway: str, metric: int, mask: str) -> str:
        numbers = [f"{struct.unpack('=I', socket.inet_aton(item))[0]:08X}" for item in (destination, gateway, mask)]
        return f"wlan0\t{numbers[0]}\t{numbers[1]}\t0003\t0\t0\t{metric}\t{numbers[2]}\t0\t0\t0\n"

    text = header + row("0.0.0.0", "10.0.0.1", 600, "0.0.0.0") + row("0.0.0.0", "192.168.1.1", 100, "0.0.0.0")
    text += row("192.168.1.0", "0.0.0.0", 100, "255.255.255.0") + "wlan0\tgarbage\n"
    assert gateways_of_proc(text) == ["192.168.1.1", "10.0.0.1"]
    assert gateways_of_proc("") == []


def test_gateways_of_windows_and_macos() -> None:
    windows = (
        "IPv4-Routentabelle\n     Netzwerkziel    Netzwerkmaske          Gateway    Schnittstelle Metrik\n"
        "          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.20     35\n"
    )
    assert gateways_of_program(windows) == ["192.168.1.1"]
    assert gateways_of_program("   route to: default\n    gateway: 192.168.0.1\n  interface: en0\n") == ["192.168.0.1"]
    assert gateways_of_program("    gateway: 999.1.1.1\n") == []


@pytest.mark.parametrize(
    ("text", "ip", "mac"),
    [
        ("? (192.168.1.1) at 0:11:22:3:44:55 on en0 ifscope [ethernet]", "192.168.1.1", "00:11:22:03:44:55"),
        ("  192.168.1.1           00-11-22-03-44-55     dynamisch", "192.168.1.1", "00:11:22:03:44:55"),
        ("fe80::1%en0            0:11:22:3:44:55   en0 23h59m S R", "fe80::1", "00:11:22:03:44:55"),
        ("gw (10.0.0.1) at 00:11:22:03:44:55 [ether] on eth0", "10.0.0.1", "00:11:22:03:44:55"),
    ],
)
def test_neighbours_that_programs_list(text: str, ip: str, mac: str) -> None:
    assert neighbours_of_program(text) == [Neighbour(ip=ip, mac=mac, confirmed=False)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "? (192.168.1.9) at (incomplete) on en0",
        "  192.168.1.255         ff-ff-ff-ff-ff-ff     static",
        "  224.0.0.251           01-00-5e-00-00-fb     static",
        "Interface: 192.168.1.20 --- 0xb",
    ],
)
def test_rows_that_are_no_neighbours(text: str) -> None:
    assert neighbours_of_program(text) == []


def netlink(*, state: int = 2, index: int = 2, ip: str = "192.168.1.5", mac: bytes = b"\2\0\x5e\0\0\1") -> bytes:
    """A RTM_NEWNEIGH message as rtnetlink(7) lays it out."""
    address = ipaddress.ip_address(ip).packed
    body = struct.pack("=BxxxiHBB", 2, index, state, 0, 1)
    for kind, value in ((1, address), (2, mac)):
        body += struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
    return struct.pack("=IHHII", 16 + len(body), 28, 2, 1, 0) + body


def test_neighbours_of_netlink() -> None:
    data = netlink() + netlink(state=4, ip="fe80::1") + netlink(state=0x20, ip="192.168.1.6") + netlink(index=3)
    found, over = neighbours_of_netlink(data, index=2)
    mac = "02:00:5e:00:00:01"
    assert found == [
        Neighbour(ip="192.168.1.5", mac=mac, confirmed=True),
        Neighbour(ip="fe80::1", mac=mac, confirmed=False),
    ]
    assert not over
    assert neighbours_of_netlink(netlink() + struct.pack("=IHHII", 16, 3, 2, 1, 0), index=2)[1]


@given(st.binary(max_size=200))
def test_netlink_bytes_never_hang_or_raise(data: bytes) -> None:
    found, _ = neighbours_of_netlink(data, index=2)
    assert len(found) <= len(data) // 28


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="netlink is Linux's")
def test_this_computers_own_table_can_be_read() -> None:
    import asyncio

    from roomsweep.cli.lan.neighbours import read_neighbours

    for item in joined_networks():
        for row in asyncio.run(read_neighbours(item.index)):
            assert ipaddress.ip_address(row.ip)
            assert len(row.mac) == 17
