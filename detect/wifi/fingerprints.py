"""A short text that says how a radio writes its management frames: which elements, in which order, able to do what.

Chip and driver write these frames, so devices that share both share the text: it tells families apart, not
devices. What changes from frame to frame (names, counters, load) is left out. The idea that the order of the
elements and the capability fields tell device families apart is that of D. Gentry and A. Pennarun, "Passive
Taxonomy of Wifi Clients using MLME Frame Contents" (arXiv:1608.01725); the form of the text is this program's own::

    0,1,50,45 rates=02040b160c1218243048606c ht=002c.01.000000ff

First the numbers of the elements in order (IEEE 802.11-2020, table 9-92), vendors' ones with OUI and type
(``221:0050f2-2``), extended ones with their extension (``255-35``). Then, where present: ``rates`` supported and
extended; ``ht`` capabilities, A-MPDU parameters, first four bytes of receivable MCS (9.4.2.55); ``vht`` capabilities,
receive and transmit maps (9.4.2.157); ``he`` MAC and PHY capabilities (802.11ax-2021, 9.4.2.248); ``ext`` extended
capabilities byte by byte; ``power`` least and most power in dBm. Multi-byte fields are written as numbers, as the
standard defines them, not in the order of bytes on the air.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Elements used (table 9-92), and the extension number of the HE capabilities.
_RATES, _POWER, _HT, _MORE_RATES, _EXTENDED, _VHT, _VENDOR, _EXTENSION = 1, 33, 45, 50, 127, 191, 221, 255
_HE = 35

#: Elements that the networks of one box need not have in common: they belong to a network's name, its protection
#: and its load, not to the radio (traffic map, BSS load, RSN, measurement; WPA and WPS of OUI 00:50:f2).
_OF_ONE_NETWORK = frozenset({"5", "11", "48", "70", "221:0050f2-1", "221:0050f2-4"})

#: Most elements and longest text: a frame that says more was made to say it. The longest text in the development
#: captures has 328 characters, the most elements in one frame are 30.
MAX_ELEMENTS, MAX_TEXT = 64, 600


def fingerprint_of(elements: Sequence[tuple[int, bytes]]) -> str:
    """Return the text for a frame's elements in order; empty for none and for more than any device has."""
    if not elements or len(elements) > MAX_ELEMENTS:
        return ""
    tags: list[str] = []
    said: dict[str, str] = {}
    for tag, value in elements:
        if tag == _VENDOR and len(value) >= 4:
            tags.append(f"221:{value[:3].hex()}-{value[3]}")
        elif tag == _EXTENSION and value:
            tags.append(f"255-{value[0]}")
            if value[0] == _HE and len(value) >= 18:
                said.setdefault("he", f"{_number(value[1:7])}.{_number(value[7:18])}")
        else:
            tags.append(str(tag))
        if tag in (_RATES, _MORE_RATES):
            said["rates"] = said.get("rates", "") + value.hex()
        elif tag == _HT and len(value) >= 7:
            said.setdefault("ht", f"{_number(value[:2])}.{value[2]:02x}.{_number(value[3:7])}")
        elif tag == _VHT and len(value) >= 10:
            said.setdefault("vht", f"{_number(value[:4])}.{_number(value[4:6])}.{_number(value[8:10])}")
        elif tag == _EXTENDED and value:
            said.setdefault("ext", value.hex())
        elif tag == _POWER and len(value) >= 2:
            said.setdefault("power", f"{_signed(value[0])}..{_signed(value[1])}")
    order = ("rates", "ht", "vht", "he", "ext", "power")
    text = " ".join([",".join(tags), *(f"{key}={said[key]}" for key in order if key in said)])
    return text if len(text) <= MAX_TEXT else ""


def radio_part(fingerprint: str) -> str:
    """Return what of a network's fingerprint belongs to the radio: equal for all networks of one box."""
    tags, _, rest = fingerprint.partition(" ")
    return f"{','.join(tag for tag in tags.split(',') if tag not in _OF_ONE_NETWORK)} {rest}"


def _number(value: bytes) -> str:
    return f"{int.from_bytes(value, 'little'):0{2 * len(value)}x}"


def _signed(value: int) -> int:
    return value - 256 if value > 127 else value
