"""Numbers and words of lists, brought to the same units: channel, signal, protection."""

from __future__ import annotations

import math
import re

from ...mac import parse_mac

#: A hardware address as programs print it.
MAC = r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}"

_MAC = re.compile(MAC)
_WHOLE = re.compile(r"[+-]?\d{1,12}")
_DECIMAL = re.compile(r"[+-]?\d{1,12}(?:\.\d{0,12})?")


def mac_of(text: str) -> int | None:
    """Return the address that `text` is, or None."""
    text = text.strip()
    return parse_mac(text) if _MAC.fullmatch(text) else None


def whole(text: object) -> int | None:
    """Return the whole number that a cell or a JSON value is, or None."""
    value = decimal(text)
    return None if value is None or value != int(value) else int(value)


def decimal(text: object) -> float | None:
    """Return the number that a cell or a JSON value is, or None."""
    if isinstance(text, bool):
        return None
    if isinstance(text, int | float):
        return float(text) if abs(text) < 1e12 and math.isfinite(text) else None
    if isinstance(text, str) and _DECIMAL.fullmatch(text.strip()):
        return float(text.strip())
    return None


def channel_of(frequency_mhz: int | None) -> int | None:
    """Return the channel of a centre frequency (IEEE 802.11-2020, 15.4.4.3, 17.3.8.4.2; 802.11ax-2021, 27.3.23.2)."""
    if frequency_mhz is None:
        return None
    if frequency_mhz == 2484:
        return 14
    for low, high, start in ((2412, 2472, 2407), (5005, 5925, 5000), (5935, 5935, 5925), (5955, 7115, 5950)):
        if low <= frequency_mhz <= high and (frequency_mhz - start) % 5 == 0:
            return (frequency_mhz - start) // 5
    return None


def frequency_of(channel: int | None, *, band_ghz: float | None) -> int | None:
    """Return the centre frequency of a channel in a band (2.4, 5 or 6 GHz), MHz; numbers repeat between bands."""
    if channel is None or band_ghz is None:
        return None
    if 2 <= band_ghz < 3:
        found = 2484 if channel == 14 else 2407 + 5 * channel
    elif 5 <= band_ghz < 6:
        found = 5000 + 5 * channel
    elif 6 <= band_ghz < 7.2:
        found = 5950 + 5 * channel
    else:
        return None
    return found if channel_of(found) == channel else None


def windows_dbm(percent: int | None) -> float | None:
    """Return the signal of a quality that Windows tells: 0 % is -100 dBm, 100 % is -50 dBm, linear between.

    Source: Microsoft, wlanapi.h, WLAN_ASSOCIATION_ATTRIBUTES, ``wlanSignalQuality``. What is stronger than -50 dBm
    reads 100 %, so near a device the true signal is higher.
    """
    return None if percent is None or not 0 <= percent <= 100 else percent / 2 - 100


def network_manager_dbm(percent: int | None) -> float | None:
    """Return the signal of a strength that NetworkManager tells: percent - 120 dBm.

    Source: NetworkManager, ``nl80211_xbm_to_percent``: 30 % is -90 dBm and less, 100 % is -20 dBm and more, linear
    between.
    """
    return None if percent is None or not 0 <= percent <= 100 else percent - 120.0


def security_of(text: str) -> str | None:
    """Return the strongest protection that words like ``WPA2-PSK``, ``[RSN-SAE-CCMP]``, ``OPN`` or ``NONE`` name."""
    text = text.upper()
    for kind, words in (
        ("WPA3", ("WPA3", "SAE")),
        ("OWE", ("OWE",)),
        ("WPA2", ("WPA2", "RSN")),
        ("WPA", ("WPA",)),
        ("WEP", ("WEP",)),
        ("open", ("OPN", "OPEN", "NONE", "[ESS]", "[IBSS]")),
    ):
        # WPA2 with SAE beside it is called WPA3 here: the strongest that is offered.
        if any(word in text for word in words):
            return kind
    return None
