"""A real monitor interface of the Linux kernel, without a radio: a TUN device that says it delivers radiotap."""

import os
import struct
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

#: ioctls of Linux's include/uapi/linux/if_tun.h, the flag IFF_TUN, and ARPHRD_IEEE80211_RADIOTAP of if_arp.h.
TUNSETIFF, TUNSETLINK, IFF_TUN, RADIOTAP = 0x400454CA, 0x400454CD, 0x0001, 803

#: What a TUN device wants before a frame: flags, and an Ethernet type, which nobody reads here.
PREFIX = b"\0\0\0\x19"


class MonitorInterface:
    """An interface on which whatever is sent is heard."""

    def __init__(self, name: str, *, hardware_type: int, up: bool) -> None:
        import fcntl

        self.name = name
        self._handle = os.open("/dev/net/tun", os.O_RDWR)
        try:
            fcntl.ioctl(self._handle, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN))
            fcntl.ioctl(self._handle, TUNSETLINK, hardware_type)
            if up:
                self.switch("up")
        except BaseException:
            self.unplug()
            raise

    def switch(self, state: str) -> None:
        subprocess.run(["ip", "link", "set", self.name, state], check=True, capture_output=True, timeout=10)

    def send(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            os.write(self._handle, PREFIX + frame)

    def unplug(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


@pytest.fixture
def monitor_interface() -> Iterator[Callable[..., MonitorInterface]]:
    """Makes monitor interfaces: ``monitor_interface(hardware_type=803, up=True)``."""
    if not Path("/dev/net/tun").exists():
        pytest.skip("needs Linux with /dev/net/tun")
    made: list[MonitorInterface] = []

    def make(*, hardware_type: int = RADIOTAP, up: bool = True) -> MonitorInterface:
        name = f"rs{os.getpid()}x{len(made)}"[-15:]
        try:
            made.append(MonitorInterface(name, hardware_type=hardware_type, up=up))
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"needs the right to make a TUN device (root) and the program ip: {error}")
        return made[-1]

    yield make
    for interface in made:
        interface.unplug()
