"""What a host on the network says about itself: banners, announced services, ports, host names, addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from .signature import FLAGS, Patterns, Signature, grade_rank, signature_of
from .tables import load_table

#: Longest text that is looked at. A DNS-SD TXT string has at most 255 bytes (RFC 6763, 6.1); a certificate's
#: subject of a few long attributes (64 characters each in RFC 5280, appendix A.1) stays far below.
TEXT_LIMIT = 2048

_NO_TXT: Mapping[str, str] = {}


def match_banner(field: str, value: str) -> Signature | None:
    """Return what is known of hosts whose `field` reads `value`, or None.

    Parameters
    ----------
    field
        Where the text was found, as in the column ``field`` of the table ``banners``: ``http.server``,
        ``html.title``, ``rtsp.server``, ...
    value
        The text as decoded, white space at its ends is ignored.
    """
    known = _banners().get(field)
    return known.match(value.strip()) if known else None


def match_mdns(service: str, *, instance: str = "", txt: Mapping[str, str] = _NO_TXT) -> Signature | None:
    """Return what is known of hosts that announce such a service, best grade first, or None.

    Parameters
    ----------
    service
        Service type, with or without domain: ``_hap._tcp`` or ``_hap._tcp.local.``; case does not count
        (RFC 6763, 4.1.3).
    instance
        The instance's name.
    txt
        Keys and values of the TXT record; the keys' case does not count (RFC 6763, 6.4).
    """
    rows = _mdns().get(_service_type(service))
    if rows is None:
        return None
    fields = {f"txt.{key.lower()}": value for key, value in txt.items()} | {"instance": instance}
    for field, known in rows:
        value = fields.get(field, "" if field == "service" else None)
        found = known.match(value) if value is not None else None
        if found is not None:
            return found
    return None


def match_dhcp_hostname(hostname: str, *, mac: int) -> Signature | None:
    """Return what is known of hosts that ask for an address under this name, or None.

    Parameters
    ----------
    hostname
        The name in the DHCP request; case does not count.
    mac
        The host's hardware address: some names count only with their vendor's prefix.
    """
    if len(hostname) > TEXT_LIMIT:
        return None
    for pattern, prefixes, row in _dhcp_hostnames():
        if (not prefixes or mac >> 24 in prefixes) and pattern.fullmatch(hostname.lower()):
            return row
    return None


def port_meaning(proto: str, port: int) -> Signature | None:
    """Return what an open `port` may mean; `proto` is ``tcp`` or ``udp``. None where the table has nothing."""
    return _ports().get((proto.lower(), port))


def access_point_host(ip: str) -> Signature | None:
    """Return the camera family whose own access point uses the address `ip` for itself, or None."""
    return _hosts().get(ip)


def match_lan_device(where: str, value: str) -> Signature | None:
    """Return what hosts are that say `value` of themselves, or None; best grade first.

    Parameters
    ----------
    where
        As in the column ``where`` of the table ``lan_devices``: ``wsd.types``, ``upnp.model``, ``mdns.service``, ...
    value
        The text as decoded, white space at its ends is ignored.
    """
    known = _lan_devices().get(where)
    return known.match(value.strip()) if known else None


def discovery_protocol(short: str) -> Mapping[str, str] | None:
    """Return the row of the table ``udp_discovery`` with this short name, or None."""
    return next((row for row in udp_discovery() if row["short"] == short), None) if short else None


def udp_discovery() -> tuple[Mapping[str, str], ...]:
    """Return the rows of the table ``udp_discovery``: who answers what on which port."""
    return load_table("udp_discovery").rows


def _service_type(service: str) -> str:
    text = service.lower().rstrip(".")
    return text.removesuffix(".local")


def _by_field(table: str, column: str) -> dict[str, Patterns]:
    """Return the patterns of a table by the field that its `column` names."""
    pairs: dict[str, list[tuple[str, Signature]]] = {}
    for row in load_table(table).rows:
        pairs.setdefault(row[column], []).append((row["pattern"], signature_of(table, row["pattern"], row)))
    return {field: Patterns(found, limit=TEXT_LIMIT) for field, found in pairs.items()}


@cache
def _banners() -> dict[str, Patterns]:
    return _by_field("banners", "field")


@cache
def _lan_devices() -> dict[str, Patterns]:
    return _by_field("lan_devices", "where")


@cache
def _mdns() -> dict[str, list[tuple[str, Patterns]]]:
    """Return per service the fields to look at with their patterns, best grade first."""
    out: dict[str, list[tuple[int, str, Patterns]]] = {}
    for row in load_table("mdns").rows:
        signature = signature_of("mdns", row["pattern"] or row["service"], row)
        known = Patterns([(row["pattern"], signature)], limit=TEXT_LIMIT)
        out.setdefault(row["service"], []).append((grade_rank(signature.grade), row["field"], known))
    return {
        service: [(field, known) for _, field, known in sorted(rows, key=lambda item: item[0])]
        for service, rows in out.items()
    }


@cache
def _dhcp_hostnames() -> tuple[tuple[re.Pattern[str], frozenset[int], Signature], ...]:
    return tuple(
        (
            re.compile(row["pattern"], FLAGS),
            frozenset(int(prefix.replace(":", ""), 16) for prefix in row["prefixes"].split()),
            signature_of("dhcp_hostnames", row["pattern"], row),
        )
        for row in load_table("dhcp_hostnames").rows
    )


@cache
def _ports() -> dict[tuple[str, int], Signature]:
    return {
        (row["proto"], int(row["port"])): signature_of("ports", f"{row['proto']}/{row['port']}", row)
        for row in load_table("ports").rows
    }


@cache
def _hosts() -> dict[str, Signature]:
    return {row["ip"]: signature_of("ap_mode_hosts", row["ip"], row) for row in load_table("ap_mode_hosts").rows}
