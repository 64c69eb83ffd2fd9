"""A small LAN with real servers and written ones, for tests, the benchmark, and whoever wants to look at it.

    sudo .venv/bin/python tests/cli/lan_world/world.py [--isolated]

Prints one line of JSON when all is up: the guest's namespace, and every host with what it is. Then it takes commands on
standard input, each answered by a line: ``counts`` (packets that each host was sent by the guest since the last
``reset``), ``reset``; at the end of input everything is taken down. Try it from the guest's namespace:

    sudo ip netns exec NAMESPACE .venv/bin/roomsweep lan 192.168.77.0/24 --all
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import hostile
import responders as say
from namespaces import Counter, Switch

from roomsweep.detect.lan.pppp import GROUPS, scramble

HERE = Path(__file__).parent
NETWORK, GUEST, GATEWAY = "192.168.77.0/24", "192.168.77.2", "192.168.77.1"

#: Name, last part of the address (0: IPv6 only), what it is. Hardware addresses name no maker.
HOSTS = (
    ("gateway", 1, "decoy"), ("rtsp", 11, "camera"), ("pppp", 12, "camera"), ("pppp-group", 13, "camera"),
    ("v380", 14, "camera"), ("dahua", 15, "camera"), ("hikvision", 16, "camera"), ("xm", 17, "camera"),
    ("banner", 18, "camera"), ("homekit", 19, "camera"), ("tls", 20, "camera"), ("only-ipv6", 0, "camera"),
    ("printer", 31, "decoy"), ("nas", 32, "decoy"), ("tv", 33, "decoy"), ("web", 34, "decoy"),
    ("computer", 35, "decoy"), ("nothing-open", 36, "decoy"), ("silent", 37, "decoy"), ("phone", 38, "decoy"),
    ("garbage", 41, "hostile"), ("endless", 42, "hostile"), ("large", 43, "hostile"), ("bomb", 44, "hostile"),
    ("drip", 45, "hostile"), ("slam", 46, "hostile"),
)  # fmt: skip
GUEST_MAC = "02:00:5e:77:00:02"


def address_of(last: int) -> str | None:
    return f"192.168.77.{last}" if last else None


def mac_of(number: int) -> str:
    return f"02:00:5e:77:01:{number:02x}"


class World:
    def __init__(self, *, isolated: bool, honest: bool, scratch: str) -> None:
        self.switch = Switch(f"rs{os.getpid()}-")
        self.scratch = scratch
        self.counters: dict[str, Counter] = {}
        self.missing: list[str] = []
        self._isolated = isolated
        self.hosts = [row for row in HOSTS if not (honest and row[2] == "hostile")]
        self._programs: list[subprocess.Popen[bytes]] = []
        self._keep: list[object] = []

    def build(self) -> None:
        self.switch.add([("guest", GUEST, GUEST_MAC)], isolated=self._isolated)
        rows = [(name, address_of(last), mac_of(number)) for number, (name, last, _) in enumerate(self.hosts)]
        self.switch.add(rows[:1])  # the gateway is heard by all
        self.switch.add(rows[1:], isolated=self._isolated)
        for name, last, _ in (("guest", 2, ""), *self.hosts[1:]):
            if last:
                self.switch.route(name, via=GATEWAY)
        for name, address, mac in rows:
            with self.switch.inside(name):
                counter = self.counters[name] = Counter(mac=mac, address=address, sender=GUEST_MAC)
            asyncio.get_running_loop().add_reader(counter._sock, counter.read)

    def stand_in(self) -> None:
        """Let the router answer ARP in everybody's name and pass on what guests send each other."""
        with self.switch.inside("gateway"):
            conf = Path("/proc/sys/net/ipv4/conf")
            for name, value in (
                ("eth0/proxy_arp_pvlan", "1"),
                ("all/send_redirects", "0"),
                ("eth0/send_redirects", "0"),
            ):
                Path(conf, name).write_text(value)
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1")

    async def udp(self, name: str, port: int, answer: say.Answer, *groups: str) -> None:
        own = self.ip(name)
        with self.switch.inside(name):
            sock = say.udp_socket(port, groups=groups, own=own)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: say.Udp(answer), sock=sock)
        self._keep.append(transport)

    async def tcp(self, name: str, port: int, serve: Callable, **more: object) -> None:
        with self.switch.inside(name):
            sock = say.tcp_socket(port, ipv6=self.ip(name) == "")
        self._keep.append(await asyncio.start_server(serve, sock=sock, **more))

    def program(self, name: str, *command: str) -> None:
        if shutil.which(command[0]) is None:
            self.missing.append(command[0])
        else:
            self._programs.append(self.switch.run(name, *command))

    def ip(self, name: str) -> str:
        return next(address_of(last) or "" for other, last, _ in HOSTS if other == name)

    def mac(self, name: str) -> str:
        return mac_of(next(number for number, (other, _, _) in enumerate(HOSTS) if other == name))

    async def mdns(self, name: str, kind: str, instance: str, port: int, txt: dict[str, str]) -> None:
        import socket

        from zeroconf import IPVersion, ServiceInfo
        from zeroconf.asyncio import AsyncZeroconf

        with self.switch.inside(name):
            responder = AsyncZeroconf(interfaces=[self.ip(name)], ip_version=IPVersion.V4Only)
        info = ServiceInfo(
            f"{kind}.local.",
            f"{instance}.{kind}.local.",
            port=port,
            properties=txt,
            server=f"{name}.local.",
            addresses=[socket.inet_aton(self.ip(name))],
        )
        self._keep.append(responder)
        await responder.zeroconf.async_wait_for_start()
        # Without the three probes for the name, which take a second: nobody else has it here.
        responder.zeroconf.registry.async_add(info)

    async def populate(self) -> None:
        page = say.web("<html><head><title>Welcome</title></head></html>", head="Server: nginx\r\n")
        await self.tcp("gateway", 80, say.web("<title>Router</title>", head="Server: httpd\r\n"))
        await self._cameras()
        await self._others(page)
        if len(self.hosts) == len(HOSTS):
            await self._hostile()

    async def _cameras(self) -> None:
        self.program("rtsp", "/usr/bin/python3", str(HERE / "rtsp_server.py"), "554")
        self.program("rtsp", sys.executable, str(HERE / "onvif_device.py"), self.ip("rtsp"))
        answer = say.punch("GHBB", 123456, "NRLXW")
        await self.udp("pppp", 32108, say.pppp(b"\xf1\x30\0\0", answer))
        # The group whose search is sent last: all the others are, too.
        question = scramble(b"\xf1\x30\0\0", group=GROUPS[-1])
        await self.udp("pppp-group", 32108, say.pppp(question, scramble(answer, group=GROUPS[-1])))
        await self.udp("v380", 10008, say.v380(self.mac("v380"), self.ip("v380")))
        own = self.mac("dahua"), self.ip("dahua")
        await self.udp("dahua", 37810, say.dahua(*own), "239.255.255.251")
        await self.tcp("dahua", 37777, say.quiet)
        own = self.mac("hikvision"), self.ip("hikvision")
        await self.udp("hikvision", 37020, say.hikvision(*own), "239.255.255.250")
        login = say.web(
            "<html></html>",
            head='Server: Hikvision-Webs\r\nWWW-Authenticate: Digest realm="IP Camera(C1)"\r\n',
            status="401 Unauthorized",
        )
        await self.tcp("hikvision", 80, login)
        await self.tcp("hikvision", 8000, say.quiet)
        await self.udp("xm", 34569, say.xiongmai(self.mac("xm"), self.ip("xm")))
        await self.tcp("xm", 34567, say.quiet)
        await self.tcp("xm", 80, say.web("<html><head><title>NETSurveillance WEB</title></head></html>"))
        await self.tcp("banner", 81, say.web("<title>IPCAM</title>", head="Server: Netwave IP Camera\r\n"))
        await self.mdns(
            "homekit", "_hap._tcp", "Nursery", 5001, {"ci": "17", "md": "Cam", "sf": "0", "id": "A1:B2:C3:D4:E5:F6"}
        )
        tls = say.certificate([("COUNTRY_NAME", "US"), ("COMMON_NAME", "camera.ubnt.dev")], self.scratch)
        await self.tcp("tls", 443, say.web("<title>Login</title>"), ssl=tls)
        await self.tcp("only-ipv6", 80, say.web("<title>cam</title>", head="Server: GNU rsp/1.0 IP Camera\r\n"))

    async def _others(self, page: Callable) -> None:
        await self.tcp("printer", 80, say.web("<title>HP LaserJet</title>", head="Server: HP HTTP Server\r\n"))
        await self.tcp("printer", 9100, say.quiet)
        await self.mdns("printer", "_ipp._tcp", "HP LaserJet", 631, {"ty": "HP LaserJet", "rp": "ipp/print"})
        scopes = "ldap:///ou=printers"
        await self.udp(
            "printer", 3702, say.wsd("p:PrintDeviceType", scopes, f"http://{self.ip('printer')}/"), "239.255.255.250"
        )
        folder = Path(self.scratch, "media")
        folder.mkdir()
        config = Path(self.scratch, "minidlna.conf")
        config.write_text(
            f"port=8200\nnetwork_interface=eth0\nmedia_dir={folder}\ndb_dir={self.scratch}/db\nlog_dir={self.scratch}\n"
            "friendly_name=Files\nnotify_interval=900\ninotify=no\n"
        )
        self.program("nas", "minidlnad", "-f", str(config), "-S", "-P", f"{self.scratch}/minidlna.pid")
        await self.tcp("nas", 80, page)
        await self.tcp("nas", 445, say.quiet)
        await self.mdns("nas", "_smb._tcp", "Files", 445, {})
        await self.udp("tv", 1900, say.ssdp(f"http://{self.ip('tv')}:7676/tv.xml", "Linux UPnP/1.0"), "239.255.255.250")
        await self.tcp("tv", 7676, say.web(say.TV, kind="text/xml"))
        await self.tcp("tv", 8080, page)
        await self.tcp("tv", 8000, say.quiet)
        await self.mdns("tv", "_googlecast._tcp", "TV", 8009, {"md": "TV", "fn": "Room 12"})
        await self.tcp("web", 80, page)
        await self.tcp("web", 8080, page)
        self.program("computer", "wsdd", "-4", "-i", "eth0", "-n", "LAPTOP")
        # A host that drops whatever comes: it is known by ARP alone.
        self.program("silent", "ip", "route", "add", "blackhole", f"{GUEST}/32")

    async def _hostile(self) -> None:
        ports = (80, 443, 554, 8080, 23)
        for port in (1900, 3702, 10008, 32108, 34569, 37020, 37810, 5353):
            await self.udp(
                "garbage", port, hostile.garbage_udp, *(("239.255.255.250",) if port in (1900, 3702, 37020) else ())
            )
        for name in ("garbage", "endless", "drip", "slam"):
            for port in ports:
                await self.tcp(name, port, getattr(hostile, name))
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<root>"
        await self.tcp("large", 80, hostile.large(head))
        await self.tcp("bomb", 80, say.web(hostile.BOMB, kind="text/xml"))
        for name in ("large", "bomb"):
            answer = say.ssdp(f"http://{self.ip(name)}/d.xml", "x")
            await self.udp(name, 1900, answer, "239.255.255.250")
        bomb = hostile.BOMB.encode()
        await self.udp("bomb", 3702, lambda data, addr: [(bomb, addr)], "239.255.255.250")
        await self.udp("bomb", 37020, lambda data, addr: [(bomb, addr)], "239.255.255.250")

    def is_up(self) -> bool:
        """Whether the programs listen: they take a moment."""
        wanted = [
            ("rtsp", "tcp", 554),
            ("rtsp", "udp", 3702),
            ("nas", "udp", 1900),
            ("nas", "tcp", 8200),
            ("computer", "udp", 3702),
        ]
        for name, protocol, port in wanted:
            with self.switch.inside(name):
                table = Path(f"/proc/thread-self/net/{protocol}").read_text()
                table += Path(f"/proc/thread-self/net/{protocol}6").read_text()
            if f":{port:04X} " not in table:
                return False
        return True

    def counts(self) -> dict[str, dict[str, int]]:
        for counter in self.counters.values():
            counter.read()
        return {name: {"own": item.own, "everybody": item.everybody} for name, item in self.counters.items()}

    def remove(self) -> None:
        for program in self._programs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
        self.switch.remove()


async def commands(world: World) -> None:
    """Answer commands until the input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        if line == "reset":
            for counter in world.counters.values():
                counter.reset()
        print(json.dumps(world.counts()), flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--isolated", action="store_true", help="guests hear the gateway and nobody else")
    parser.add_argument("--proxy", action="store_true", help="with --isolated: the router passes on between guests")
    parser.add_argument("--honest", action="store_true", help="leave out the hosts that do harm: 20 are left")
    wanted = parser.parse_args()
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory() as scratch:
        world = World(isolated=wanted.isolated, honest=wanted.honest, scratch=scratch)
        try:
            world.build()
            if wanted.proxy:
                world.stand_in()
            await world.populate()
            for _ in range(100):
                if world.missing or world.is_up():
                    break
                await asyncio.sleep(0.1)
            hosts = [
                {"name": name, "ip": address_of(last), "mac": mac_of(number), "kind": kind}
                for number, (name, last, kind) in enumerate(world.hosts)
            ]
            about = {
                "guest": f"{world.switch.prefix}guest",
                "prefix": world.switch.prefix,
                "network": NETWORK,
                "guest_mac": GUEST_MAC,
                "hosts": hosts,
                "missing": world.missing,
                "up": world.is_up() if not world.missing else False,
            }
            print(json.dumps(about), flush=True)
            await commands(world)
        finally:
            world.remove()


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(main())
