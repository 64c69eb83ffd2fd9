"""All questions that detectors ask of the signature tables.

Every function is quick on hostile text of any length and returns None where nothing is known. Rows that were
refused (too broad, no source, a look-alike firm) are kept in the table ``refused`` for the tests and never
come back from here.
"""

from __future__ import annotations

import datetime as dt

from .names import match_ble_company, match_ble_name, match_ble_uuid, match_p2p_prefix, match_ssid
from .oui import Vendor, vendor_of
from .services import (
    access_point_host,
    discovery_protocol,
    match_banner,
    match_dhcp_hostname,
    match_lan_device,
    match_mdns,
    port_meaning,
    udp_discovery,
)
from .signature import Signature
from .tables import load_card, table_names
from .wifi_radios import Radio, match_wifi_radio

__all__ = [
    "Radio",
    "Signature",
    "Vendor",
    "access_point_host",
    "discovery_protocol",
    "match_banner",
    "match_ble_company",
    "match_ble_name",
    "match_ble_uuid",
    "match_dhcp_hostname",
    "match_lan_device",
    "match_mdns",
    "match_p2p_prefix",
    "match_ssid",
    "match_wifi_radio",
    "port_meaning",
    "table_age_warnings",
    "udp_discovery",
    "vendor_of",
]


def table_age_warnings(today: dt.date) -> tuple[str, ...]:
    """Return a sentence for every shipped table that is older on `today` than its card allows."""
    out = []
    for name in table_names():
        card = load_card(name)
        if card.max_age_days is not None and (today - card.dated).days > card.max_age_days:
            out.append(
                f"The table {name!r} is of {card.dated.isoformat()}, more than {card.max_age_days} days old: "
                "newer devices are missing from it. Please update roomsweep."
            )
    return tuple(out)
