"""Whole rounds without rights: over addresses of this computer's loopback, as if they lay behind a router."""

import asyncio
import ipaddress
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from roomsweep.cli.lan import questioning, scan
from roomsweep.cli.lan.networks import Target
from roomsweep.cli.lan.scan import Progress, Scan, scan_network
from roomsweep.detect.lan.observed import ObservedNetwork, read_recording

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="on Linux alone all of 127.0.0.0/8 is this computer"
)

TARGET = Target(network=ipaddress.IPv4Network("127.0.55.0/29"))
V380 = b"NVDEVRESULT^100^02:00:5e:10:00:01^127.0.55.3^255.255.255.0^a^b^c^d^e^f^g^31234567^0"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for shouts and late answers."""
    monkeypatch.setattr(scan, "_LISTEN_S", 0.0)
    monkeypatch.setattr(scan, "_ANSWERED_S", 0.0)


@pytest.fixture
def camera() -> Iterator[list[bytes]]:
    """A V380 camera at 127.0.55.3, which notes what it is asked."""
    heard: list[bytes] = []
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.55.3", 10008))
        except OSError as error:
            pytest.skip(f"needs UDP port 10008: {error}")
        sock.settimeout(0.05)

        def serve() -> None:
            while not over.is_set():
                try:
                    data, asker = sock.recvfrom(2048)
                except TimeoutError:
                    continue
                heard.append(data)
                sock.sendto(V380, (asker[0], 10009))

        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        over.set()
        thread.join()


def test_hosts_are_found_and_a_camera_is_told(camera: list[bytes]) -> None:
    told: list[Progress] = []
    observed = scan_network(TARGET, progress=told.append)
    assert [host.ip for host in observed.hosts] == [f"127.0.55.{n}" for n in range(1, 7)]
    answers = {host.ip: [item.protocol for item in host.answers] for host in observed.hosts}
    assert answers == {f"127.0.55.{n}": ["v380"] if n == 3 else [] for n in range(1, 7)}
    assert camera == [b"NVDEVSEARCH^100"]
    assert (observed.addresses_asked, observed.neighbours_answering, observed.gateway_ip) == (6, 6, None)
    assert not observed.interrupted
    assert read_recording(observed.to_json().encode(), name="lan.json") == observed
    assert [item.step for item in told][-1] == "done"
    assert told[-1].found == told[-1].asked == 6


def test_an_empty_network_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "SIGNS_OF_LIFE", ())
    observed = scan_network(TARGET)
    assert observed.hosts == ()
    assert observed.neighbours_answering == 0


def test_showing_must_not_cost_the_round() -> None:
    def show(progress: Progress) -> None:
        raise RuntimeError("the terminal has gone")

    assert len(scan_network(TARGET, progress=show).hosts) == 6


def broken_off(stop: Callable[[asyncio.Task[ObservedNetwork]], None]) -> ObservedNetwork:
    async def run() -> ObservedNetwork:
        work = Scan(TARGET)
        task = asyncio.create_task(work.run())
        await asyncio.sleep(0.3)
        stop(task)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [item for item in asyncio.all_tasks() if item is not asyncio.current_task()] == []
        return work.observed(interrupted=True)

    return asyncio.run(run())


def test_a_round_that_is_broken_off_keeps_what_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_LISTEN_S", 30.0)
    observed = broken_off(lambda task: task.cancel())
    assert observed.interrupted
    assert len(observed.hosts) == 6


def test_hosts_that_take_too_long_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forever(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(questioning, "try_doors", forever)
    monkeypatch.setattr(scan, "_ASKING_S", 0.1)
    monkeypatch.setattr(scan, "_ASKING_S_PER_HOST", 0.0)
    observed = scan_network(TARGET)
    assert observed.refused == ("6 of its devices were not asked to the end: time was up",)
    assert len(observed.hosts) == 6
