"""A small LAN of network namespaces: one switch, one namespace for each host. Linux and root."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000


def ip(*lines: str) -> None:
    """Run lines of the program ``ip`` in one go."""
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True, timeout=60)


def remove_leftovers() -> None:
    """Remove namespaces of earlier worlds whose process was killed."""
    for path in Path("/run/netns").glob("rs*-*"):
        number = path.name[2:].partition("-")[0]
        if number.isdigit() and not Path("/proc", number).exists():
            left = subprocess.run(["ip", "netns", "pids", path.name], capture_output=True, text=True, timeout=20)
            for process in left.stdout.split():
                with contextlib.suppress(OSError):
                    os.kill(int(process), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", path.name], capture_output=True, timeout=20)


class Switch:
    """A bridge in a namespace of its own, and the namespaces of hosts on it."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.name = f"{prefix}switch"
        self._hosts: list[str] = []
        remove_leftovers()
        ip(f"netns add {self.name}")
        with self.inside("switch"):  # the switch itself is no host
            Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
        self._in(self.name, "link set lo up", "link add br0 type bridge mcast_snooping 0", "link set br0 up")

    def add(self, hosts: Sequence[tuple[str, str | None, str]], *, length: int = 24, isolated: bool = False) -> None:
        """Add hosts: names, IPv4 addresses (None: IPv6 only), hardware addresses.

        Isolated ones hear each other as little as guests of a hotel do: only hosts added without it reach them.
        """
        ip(*(f"netns add {self.prefix}{name}" for name, _, _ in hosts))
        links, ports = [], []
        for number, (name, _, mac) in enumerate(hosts, start=len(self._hosts)):
            port = f"p{number}"
            links.append(f"link add {port} type veth peer name eth0 address {mac} netns {self.prefix}{name}")
            ports += [f"link set {port} master br0", f"link set {port} up"]
        self._in(self.name, *links, *ports)
        if isolated:
            for number in range(len(self._hosts), len(self._hosts) + len(hosts)):
                command = [
                    "ip",
                    "netns",
                    "exec",
                    self.name,
                    "bridge",
                    "link",
                    "set",
                    "dev",
                    f"p{number}",
                    "isolated",
                    "on",
                ]
                subprocess.run(command, check=True, timeout=20)
        for name, address, _ in hosts:
            with self.inside(name):
                Path("/proc/sys/net/ipv6/conf/eth0/accept_dad").write_text("0")
                Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
            lines = ["link set lo up", "link set eth0 up"]
            if address is not None:
                lines.append(f"addr add {address}/{length} brd + dev eth0")
            self._in(f"{self.prefix}{name}", *lines)
        self._hosts += [name for name, _, _ in hosts]

    def route(self, name: str, *, via: str) -> None:
        self._in(f"{self.prefix}{name}", f"route add default via {via}")

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Let this thread make sockets in a host's namespace; they stay in it."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{self.prefix}{name}", "rb") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                if libc.setns(home.fileno(), CLONE_NEWNET):
                    os.abort()  # nothing after this would be where it thinks it is

    def run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a program in a host's namespace; its output goes to a file that is thrown away."""
        return subprocess.Popen(
            ["ip", "netns", "exec", f"{self.prefix}{name}", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def remove(self) -> None:
        for name in [*(f"{self.prefix}{host}" for host in self._hosts), self.name]:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True, timeout=20)

    def _in(self, namespace: str, *lines: str) -> None:
        command = ["ip", "-netns", namespace, "-batch", "-"]
        subprocess.run(command, input="\n".join(lines), text=True, check=True, timeout=60)


class Counter:
    """Counts what one host is sent by another: frames to it, frames to everybody, and ARP that asks for it."""

    def __init__(self, *, mac: str, address: str | None, sender: str) -> None:
        self._mac, self._sender = bytes.fromhex(mac.replace(":", "")), bytes.fromhex(sender.replace(":", ""))
        self._ip = socket.inet_aton(address) if address else None
        self.own = self.everybody = 0
        self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._sock.bind(("eth0", 0))
        self._sock.setblocking(False)

    def read(self) -> None:
        while True:
            try:
                frame = self._sock.recv(64)
            except BlockingIOError:
                return
            if frame[6:12] != self._sender:
                continue
            if frame[:6] == self._mac:
                self.own += 1
            elif frame[12:14] == b"\x08\x06":
                self.own += frame[38:42] == self._ip
            elif frame[12:14] == b"\x86\xdd" and frame[20] == 58:
                pass  # neighbour discovery and router solicitation to groups: the system's own
            else:
                self.everybody += 1

    def reset(self) -> None:
        self.read()
        self.own = self.everybody = 0

    def close(self) -> None:
        self._sock.close()
