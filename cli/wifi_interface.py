"""One network interface: whether it hears other devices' Wi-Fi frames, and if not, what would help.

Looks and changes nothing. Every refusal is one sentence on what is wrong and the commands that mend it.
"""

from __future__ import annotations

import re
import shlex

from ..detect.capture import LinkType
from ..detect.errors import UnavailableError
from ..detect.text import clean
from . import radios
from .computer import Computer

#: ARPHRD_IEEE80211_PRISM (Linux, include/uapi/linux/if_arp.h): frames behind a header of old drivers' own.
_PRISM = "802"

#: Bit of an interface's flags: it is switched on (IFF_UP in Linux's include/uapi/linux/if.h).
_IFF_UP = 0x1

_ELSEWHERE = {
    "Darwin": "On a Mac record with: sudo tcpdump -I -i en0 -w room.pcap, stop it with Ctrl-C, and then run: roomsweep "
    "wifi room.pcap",
    "Windows": "On Windows record with Wireshark and Npcap (tick raw 802.11 support when installing it, and monitor "
    "mode for the adapter), and then run: roomsweep wifi room.pcapng",
}


def link_type_of(here: Computer, interface: str) -> LinkType:
    """Return what `interface` delivers.

    Raises
    ------
    UnavailableError
        If nothing can be heard on it: another system, no such interface, managed mode, switched off, or no
        permission.
    """
    shown = clean(interface, limit=40)
    if here.system != "Linux":
        system = {"Darwin": "macOS"}.get(here.system, here.system or "this system")
        raise UnavailableError(
            f"Listening live works on Linux only, and this is {system}",
            _ELSEWHERE.get(here.system, "Give a capture recorded in monitor mode instead: roomsweep wifi room.pcap"),
        )
    if not interface or interface not in here.names("sys", "class", "net"):
        raise UnavailableError(f"There is no network interface “{shown}”", _what_there_is(here))
    link_type = radios.MONITOR_TYPES.get(here.read("sys", "class", "net", interface, "type") or "")
    if link_type is None:
        raise _not_in_monitor_mode(here, interface)
    flags = here.read("sys", "class", "net", interface, "flags") or ""
    if re.fullmatch(r"0x[0-9a-fA-F]+", flags) and not int(flags, 16) & _IFF_UP:
        raise UnavailableError(
            f"The interface {shown} is in monitor mode but switched off",
            f"Switch it on: sudo ip link set {shlex.quote(interface)} up (and if that is refused: sudo rfkill unblock "
            "wifi)",
        )
    allowed = radios.permission(here)
    if allowed.state == "no":
        raise UnavailableError(
            "This account may not listen on a network interface",
            f"Run the command with sudo: sudo .venv/bin/roomsweep ... --interface {shlex.quote(interface)}",
        )
    return LinkType(link_type)


def _what_there_is(here: Computer) -> str:
    """What could be named instead."""
    found = radios.wifi_interfaces(here)
    if not found:
        return radios.MONITOR_ADAPTER
    ready = [name for name in found if radios.delivers_frames(here, name)]
    if ready:
        return f"In monitor mode here: {clean(', '.join(ready))}."
    return f"Wi-Fi interfaces here: {clean(', '.join(found))}. 'roomsweep doctor' tells what they can do."


def _not_in_monitor_mode(here: Computer, interface: str) -> UnavailableError:
    shown, name = clean(interface, limit=40), shlex.quote(interface)
    if here.read("sys", "class", "net", interface, "type") == _PRISM:
        return UnavailableError(
            f"The interface {shown} delivers frames in the old Prism form, which is not read live",
            f"Record with: sudo tcpdump -i {name} -w room.pcap, and then run: roomsweep wifi room.pcap",
        )
    found = radios.wifi_interfaces(here)
    if interface not in found:
        return UnavailableError(f"The interface {shown} is not one of Wi-Fi", _what_there_is(here))
    radio = found[interface] or "phy0"
    listing = here.run(["iw", "phy"])
    if listing and radio not in radios.monitor_radios(listing):
        return UnavailableError(
            f"The adapter of {shown} cannot hear other devices' frames: it knows no monitor mode",
            radios.MONITOR_ADAPTER,
        )
    return UnavailableError(
        f"The interface {shown} is in managed mode, in which it hears its own traffic only",
        f"Put it into monitor mode (this ends its connection): sudo ip link set {name} down; sudo iw dev {name} set "
        f"type monitor; sudo ip link set {name} up. Or add an interface beside it: sudo iw phy {shlex.quote(radio)} "
        "interface add mon0 type monitor; sudo ip link set mon0 up; then name mon0",
    )
