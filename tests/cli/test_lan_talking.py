"""Conversations with servers on this computer, honest and hostile: what is read, and that every one ends."""

import asyncio
import contextlib
import os
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from roomsweep.cli.lan import doors, talking
from roomsweep.cli.lan.doors import DESCRIPTION_MAX, Doors, Kind, describe, own_place, ports, try_doors
from roomsweep.cli.lan.pace import Allowance, Pace, acknowledgements
from roomsweep.cli.lan.talking import BYTES_MAX, READS_MAX, Address, Manners, Reply, talk

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

T = TypeVar("T")

HERE = Address(ip="127.0.0.1")


def manners(packets: int = 60) -> Manners:
    return Manners(pace=Pace(1e6), allowance=Allowance(packets), at_once=asyncio.Semaphore(8))


def with_server(serve: Serve, visit: Callable[[int], Awaitable[T]], *, tls: ssl.SSLContext | None = None) -> T:
    """Run `visit` with the port of a server on this computer."""

    async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    async def run() -> T:
        server = await asyncio.start_server(polite, "127.0.0.1", 0, ssl=tls)
        try:
            return await visit(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

    return asyncio.run(run())


def page(text: bytes, *, head: bytes = b"") -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n" + head + b"\r\n" + text)
        await writer.drain()

    return serve


def knock(serve: Serve, kind: Kind, *, tls: ssl.SSLContext | None = None, packets: int = 60) -> Doors:
    return with_server(serve, lambda port: try_doors(HERE, manners=manners(packets), wanted=[(port, kind)]), tls=tls)


def said(found: Doors) -> dict[str, str]:
    return {item.field: item.value for item in found.banners}


def test_a_web_page_tells_server_title_and_realm() -> None:
    head = b'Server: Hikvision-Webs\r\nWWW-Authenticate: Basic realm="DVR"\r\n'
    found = knock(page(b"<html><title>NETSurveillance WEB</title>", head=head), "http")
    assert said(found) == {
        "http.server": "Hikvision-Webs",
        "html.title": "NETSurveillance WEB",
        "http.www-authenticate.realm": "DVR",
    }
    assert len(found.open_ports) == 1
    assert found.answered
    assert found.notes == []


def test_what_is_asked_is_get_and_options_of_the_root_and_nothing_else() -> None:
    heard: dict[str, bytes] = {}

    def listener(kind: str) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard[kind] = await reader.readuntil(b"\r\n\r\n")

        return serve

    for kind in ("http", "rtsp"):
        knock(listener(kind), kind)
    assert heard["http"].startswith(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert heard["rtsp"].startswith(b"OPTIONS rtsp://127.0.0.1:")
    for text in heard.values():
        assert b"Authorization" not in text
        assert b"User-Agent: roomsweep\r\n" in text


def test_a_knock_says_nothing() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))

    found = knock(serve, "knock")
    assert found.open_ports
    assert found.banners == []
    assert b"".join(heard) == b""


def test_video_servers_and_greetings() -> None:
    async def video(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Hipcam RealServer/V1.0\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n"
        )

    async def telnet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xfd\x01\xff\xfb\x03\r\n192.0.0.64 login: ")

    assert said(knock(video, "rtsp"))["rtsp.server"] == "Hipcam RealServer/V1.0"
    assert said(knock(telnet, "telnet")) == {"telnet.banner": "192.0.0.64 login:"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's certificate made by openssl, which shares no code with what reads it."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj"),
        *("/C=CN/O=embeddedsoftware/OU=DVRNVR", "-keyout", str(key), "-out", str(cert)),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except OSError as error:
        pytest.skip(f"needs the program openssl: {error}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def test_a_certificates_owner_is_read_and_the_page_behind_it(certificate: ssl.SSLContext) -> None:
    found = knock(page(b"<title>Login</title>"), "https", tls=certificate)
    assert said(found) == {"x509.subject": "C=CN,O=embeddedsoftware,OU=DVRNVR", "html.title": "Login"}


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nServer: ")
    while True:
        writer.write(b"A" * 65536)
        await writer.drain()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(os.urandom(5000))
    await writer.drain()


async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize("kind", ["http", "https", "rtsp", "telnet"])
@pytest.mark.parametrize("serve", [endless, drip, garbage, slam])
def test_hostile_servers_end_in_time(serve: Serve, kind: Kind) -> None:
    began = time.monotonic()
    found = knock(serve, kind)
    assert time.monotonic() - began < talking.TALK_S
    assert all(len(item.value) <= 600 for item in found.banners)


def test_silence_ends_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking, "READ_S", 0.2)
    found = knock(silence, "http")
    assert found.open_ports
    assert found.notes == [f"port {found.open_ports[0]} did not finish its answer in time"]


def test_a_steady_talker_ends_by_the_other_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talking, "TALK_S", 0.4)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 50)
            await writer.drain()
            await asyncio.sleep(0.1)

    reply = with_server(slow, lambda port: talk(HERE, port, manners=manners(), listen=True))
    assert reply.ended == "too_slow"
    assert 50 <= len(reply.data) <= 300


def test_no_more_is_read_than_said() -> None:
    reply = with_server(endless, lambda port: talk(HERE, port, manners=manners(10_000), request=b"x"))
    assert reply.ended == "too_much"
    assert 0 < len(reply.data) <= BYTES_MAX
    assert READS_MAX * 4096 >= BYTES_MAX


def test_closed_ports_are_an_answer_too() -> None:
    async def visit(port: int) -> Reply:
        return await talk(Address(ip="127.0.0.2"), port, manners=manners())

    assert with_server(silence, visit).state == "closed"


def test_a_host_is_not_sent_more_than_its_allowance() -> None:
    async def run() -> tuple[Doors, int]:
        own = manners(3)
        found = await try_doors(Address(ip="127.0.0.2"), manners=own, wanted=[(port, "knock") for port in range(1, 8)])
        return found, own.allowance.left("127.0.0.2")

    found, left = asyncio.run(run())
    assert found.left_out == 4
    assert left == 0
    assert found.answered


def test_what_goes_to_everybody_counts_for_each() -> None:
    allowance = Allowance(10)
    allowance.everybody(4)
    assert allowance.spend("a", 6)
    assert not allowance.spend("a")
    assert allowance.left("b") == 6
    assert acknowledgements(0) == 0
    assert acknowledgements(1449) == 2


def test_the_pace_is_kept() -> None:
    async def run() -> float:
        pace, began = Pace(100.0), time.monotonic()
        for _ in range(31):
            await pace.wait()
        return time.monotonic() - began

    assert asyncio.run(run()) >= 0.25


DESCRIPTION = (
    b'<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><friendlyName>Cam</friendlyName>'
    b"<manufacturer>Axis</manufacturer><modelName>M1054</modelName></device></root>"
)


def visit_description(serve: Serve, *, path: str = "/d.xml") -> object:
    def visit(port: int) -> Awaitable[object]:
        return describe(HERE, f"http://127.0.0.1:{port}{path}", manners=manners())

    return with_server(serve, visit)


def test_a_description_is_read_from_where_the_host_says() -> None:
    found = visit_description(page(DESCRIPTION, head=f"Content-Length: {len(DESCRIPTION)}\r\n".encode()))
    assert found is not None
    assert dict(found.fields)["model"] == "M1054"  # type: ignore[attr-defined]
    assert visit_description(page(DESCRIPTION)) == found  # without a length it ends with the connection


def test_descriptions_that_do_harm_are_refused_in_time() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "' + b"x" * 99 + b'"><!ENTITY b "&a;&a;&a;">]><root>&b;</root>'
    )
    began = time.monotonic()
    assert visit_description(page(bomb)) is None
    assert visit_description(page(b"<root>" + b"<a>x</a>" * 1_250_000 + b"</root>")) is None
    assert visit_description(page(b"", head=b"Content-Length: 10000000\r\n")) is None
    assert visit_description(page(b"", head=b"Content-Length: 99999999999999999999\r\n")) is None
    assert visit_description(endless) is None
    assert visit_description(slam) is None
    assert time.monotonic() - began < 2 * talking.TALK_S


@pytest.mark.parametrize(
    "location",
    [
        "http://192.168.1.10/d.xml",
        "https://192.168.1.9/d.xml",
        "http://user:password@192.168.1.9/d.xml",
        "http://192.168.1.9:99999/d.xml",
        "http://192.168.1.9:0/d.xml",
        "http://192.168.1.9/a b",
        "http://192.168.1.9/\r\nX: y",
        "http://[192.168.1.9/d.xml",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_host_cannot_send_us_elsewhere(location: str) -> None:
    assert own_place("192.168.1.9", location) is None


def test_its_own_places() -> None:
    assert own_place("192.168.1.9", "http://192.168.1.9:49152/d.xml?x=1") == (49152, "/d.xml?x=1")
    assert own_place("192.168.1.9", "http://192.168.1.9") == (80, "/")


def test_the_ports_are_those_of_the_table_and_few() -> None:
    assert {554, 80, 34567, 37777, 8554, 10554, 2020} <= set(ports())
    assert len(set(ports())) == len(ports()) <= 24
    assert {doors.kind_of(port) for port in ports()} == {"http", "https", "rtsp", "telnet", "knock"}
    assert DESCRIPTION_MAX > BYTES_MAX
    assert Path(doors.__file__).name == "doors.py"
