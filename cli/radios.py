"""What the radios of this computer can hear live, and whether this account may listen."""

from __future__ import annotations

import re

from ..detect.text import clean
from .computer import Ability, Computer

#: Hardware type of an interface (Linux, include/uapi/linux/if_arp.h: ARPHRD_IEEE80211, ARPHRD_IEEE80211_RADIOTAP)
#: that delivers other devices' frames -> link type of what it delivers.
MONITOR_TYPES = {"801": 105, "803": 127}

#: Bits of the capability mask: CAP_NET_ADMIN, CAP_NET_RAW in Linux's include/uapi/linux/capability.h.
_CAP_NET_ADMIN, _CAP_NET_RAW = 12, 13

#: Drivers of common USB adapters whose monitor mode the Linux kernel itself carries (wireless.docs.kernel.org,
#: table of drivers).
MONITOR_ADAPTER = "Plug in a USB Wi-Fi adapter that knows monitor mode (those with mt76 or ath9k_htc chips do)."

_LIVE_ONLY = "Recorded captures can be examined all the same."


def bluetooth(here: Computer) -> Ability:
    """Whether Bluetooth adverts can be heard live."""
    name = "Bluetooth"
    if here.system != "Linux":
        return Ability(
            name=name,
            state="unknown",
            says="Whether Bluetooth can be heard shows when it is tried.",
            remedy="Switch Bluetooth on and allow it for the terminal when the computer asks.",
        )
    adapters = [item for item in here.names("sys", "class", "bluetooth") if re.fullmatch(r"hci\d+", item)]
    if not adapters:
        return Ability(
            name=name,
            state="no",
            says=f"There is no Bluetooth adapter. {_LIVE_ONLY}",
            remedy="Plug in a USB Bluetooth adapter that knows Bluetooth 4.0 or newer.",
        )
    listed = ", ".join(adapters)
    for switch in here.names("sys", "class", "rfkill"):
        place = ("sys", "class", "rfkill", switch)
        if here.read(*place, "type") == "bluetooth" and "1" in (here.read(*place, "soft"), here.read(*place, "hard")):
            return Ability(
                name=name,
                state="no",
                says=f"The Bluetooth adapter {listed} is switched off.",
                remedy="Switch it on: rfkill unblock bluetooth, or the switch on the computer.",
            )
    if not here.root.joinpath("run", "dbus", "system_bus_socket").exists():
        return Ability(
            name=name,
            state="no",
            says=f"The adapter {listed} is there, but not the system service that speaks to it (D-Bus).",
            remedy="Start it: sudo systemctl start dbus bluetooth",
        )
    if here.which("bluetoothctl") is None:
        return Ability(
            name=name,
            state="unknown",
            says=f"The adapter {listed} is there; whether its service BlueZ is, shows when it is tried.",
            remedy="If it fails, install BlueZ: sudo apt-get install bluez",
        )
    return Ability(
        name=name,
        state="yes",
        says=f"The adapter {listed} can listen.",
        remedy="Listen with: roomsweep bluetooth --seconds 60",
    )


def wifi_interfaces(here: Computer) -> dict[str, str]:
    """Wi-Fi interfaces of a Linux computer, each with the name of its radio (``phy0``)."""
    out = {}
    for interface in here.names("sys", "class", "net"):
        radio = here.read("sys", "class", "net", interface, "phy80211", "name")
        wireless = here.root.joinpath("sys", "class", "net", interface, "wireless").exists()
        if radio is not None or wireless or delivers_frames(here, interface):
            out[interface] = radio or ""
    return out


def delivers_frames(here: Computer, interface: str) -> bool:
    return here.read("sys", "class", "net", interface, "type") in MONITOR_TYPES


def wifi(here: Computer) -> Ability:
    """Whether there is a Wi-Fi interface."""
    if here.system != "Linux":
        return Ability(name="Wi-Fi", state="unknown", says="Whether networks can be listed shows when it is tried.")
    interfaces = wifi_interfaces(here)
    if not interfaces:
        return Ability(
            name="Wi-Fi",
            state="no",
            says=f"There is no Wi-Fi interface. {_LIVE_ONLY}",
            remedy="Plug in a USB Wi-Fi adapter.",
        )
    return Ability(name="Wi-Fi", state="yes", says=f"Wi-Fi interfaces: {clean(', '.join(interfaces))}.")


def monitor_radios(iw_phy: str) -> frozenset[str]:
    """Return the radios that can do monitor mode, from what ``iw phy`` prints."""
    out = set()
    radio, in_modes = "", False
    for line in iw_phy.splitlines():
        if start := re.match(r"Wiphy (\S+)", line):
            radio, in_modes = start[1], False
        elif line.strip() == "Supported interface modes:":
            in_modes = True
        elif in_modes and (mode := re.fullmatch(r"\s+\* (.+)", line)):
            if mode[1].strip() == "monitor":
                out.add(radio)
        else:
            in_modes = False
    return frozenset(out)


def monitor_mode(here: Computer) -> Ability:
    """Whether a Wi-Fi interface hears, or can be made to hear, other devices' frames."""
    name = "Wi-Fi monitor mode"
    if here.system != "Linux":
        return Ability(
            name=name,
            state="unknown",
            says=f"On {here.system or 'this system'} whether frames can be heard shows when it is tried.",
            remedy="A Linux computer with a USB adapter that knows monitor mode is the sure way.",
        )
    interfaces = wifi_interfaces(here)
    ready = [item for item in interfaces if delivers_frames(here, item)]
    if ready:
        return Ability(
            name=name,
            state="yes",
            says=f"Already in monitor mode: {clean(', '.join(ready))}.",
            remedy=f"Listen with: roomsweep wifi --interface {clean(ready[0])}",
        )
    if not interfaces:
        return Ability(
            name=name,
            state="no",
            says=f"There is no Wi-Fi interface to hear frames with. {_LIVE_ONLY}",
            remedy=MONITOR_ADAPTER,
        )
    listing = here.run(["iw", "phy"])
    if listing is None:
        return Ability(
            name=name,
            state="unknown",
            says="The program iw, which knows what the Wi-Fi adapter can do, is not there or failed.",
            remedy="Install it: sudo apt-get install iw",
        )
    able = monitor_radios(listing)
    found = [item for item, radio in interfaces.items() if radio in able]
    if found:
        return Ability(
            name=name,
            state="yes",
            says=f"Can be put into monitor mode: {clean(', '.join(found))}.",
            remedy=f"To do so: sudo ip link set {found[0]} down && sudo iw dev {found[0]} set type monitor"
            f" && sudo ip link set {found[0]} up",
        )
    return Ability(
        name=name,
        state="no",
        says=f"No Wi-Fi interface here ({clean(', '.join(interfaces))}) can hear other devices' frames. {_LIVE_ONLY}",
        remedy=MONITOR_ADAPTER,
    )


def permission(here: Computer) -> Ability:
    """Whether this program may listen on a network interface and change its channel."""
    name = "Permission to listen"
    if here.system != "Linux":
        return Ability(
            name=name,
            state="unknown",
            says="Whether this account may listen on a network interface shows when it is tried.",
            remedy="If it is refused, run roomsweep as an administrator.",
        )
    mask = re.search(r"^CapEff:\s*([0-9a-fA-F]+)$", here.read("proc", "self", "status") or "", re.MULTILINE)
    if mask is None:
        return Ability(name=name, state="unknown", says="The permissions of this program could not be read.")
    held = int(mask[1], 16)
    if not held >> _CAP_NET_RAW & 1:
        return Ability(
            name=name,
            state="no",
            says=f"This account may not listen on a network interface. {_LIVE_ONLY}",
            remedy="Run the live command with sudo.",
        )
    if not held >> _CAP_NET_ADMIN & 1:
        return Ability(
            name=name,
            state="yes",
            says="This account may listen, but not change channel or mode.",
            remedy="Run the live command with sudo to change channels.",
        )
    return Ability(name=name, state="yes", says="This account may listen and change channels.")
