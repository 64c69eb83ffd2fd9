"""What a host of the network is evidence of: answers, texts at its doors, announcements, names, ports, its maker.

The knowledge is in the tables behind :mod:`roomsweep.detect.signatures.match`; here it is decided which rule a match
is and how it is put in words. A rule counts once for a host, and two protocols that say the same are one statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..mac import format_mac, parse_mac
from ..result import Evidence, Grade
from ..signatures.match import (
    Signature,
    Vendor,
    access_point_host,
    discovery_protocol,
    match_banner,
    match_dhcp_hostname,
    match_lan_device,
    match_mdns,
    match_p2p_prefix,
    port_meaning,
    vendor_of,
)
from ..text import clean
from ..weighing import weigh
from . import pppp, ssdp
from .datagrams import Answer
from .observed import Banner, MdnsService, ObservedHost

#: Of one host, most answers, banners, services, names and ports that are looked at. An ordinary host has a handful of
#: each; more is a flood.
MOST_LOOKED_AT = 64

#: Words of one answer's types or scopes that are looked at.
_WORDS_MAX = 64

#: What a host says beside its kind, in the order in which it is shown.
_SHOWN = ("model", "name", "uid", "server", "serial")

#: Protocols whose IDs are names that people see: on the device's label or in its app. Others are numbers for programs.
_NAMED_BY_ID = frozenset({"pppp", "tuya", "v380"})

#: Kinds of the tables ``lan_devices`` and ``udp_discovery``, most telling first.
_KINDS = ("camera", "camera_or_recorder", "recorder", "camera_maker", "other", "perhaps_other", "shared")

#: Who answers a protocol, as in the column ``specificity`` of ``udp_discovery``, in the kinds above. The others are
#: answered by things of all sorts.
_SPECIFIC = {"camera_only": "camera", "camera_or_dvr": "camera_or_recorder"}

_RULES = {
    "camera": "identity.lan_answer",
    "camera_or_recorder": "identity.lan_maker_answer",
    "recorder": "hint.lan_recorder",
    "camera_maker": "hint.lan_maker",
    "other": "context.lan_other",
    "perhaps_other": "context.lan_perhaps_other",
    "shared": "context.lan_host",
}

_BANNER_RULES = {
    "camera": "identity.lan_banner",
    "camera_or_recorder": "identity.lan_banner",
    "recorder": "hint.lan_recorder",
    "other": "context.lan_other",
    "perhaps_other": "context.lan_perhaps_other",
}

_PORT_RULES = {"strong": "hint.lan_port_strong", "medium": "hint.lan_port_medium", "weak": "hint.lan_port_weak"}

#: Fields of banners in words.
_DOORS = {
    "html.title": "the title of its web page",
    "http.server": "the name of its web server",
    "http.www-authenticate.realm": "the realm that its web page asks a password for",
    "rtsp.realm": "the realm that its video server asks a password for",
    "rtsp.server": "the name of its video server",
    "telnet.banner": "its greeting",
    "x509.subject": "its certificate's owner",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One thing known of a host: the evidence, what it is in a few words, and which kind of the tables."""

    evidence: Evidence
    device: str
    kind: str

    @property
    def is_camera(self) -> bool:
        """Whether the host itself says that it is a camera, or a camera or recorder."""
        return self.evidence.family == "identity"


def known_of(host: ObservedHost) -> tuple[Known, ...]:
    """Return what is known of a host, most telling first; each rule once."""
    found = [
        *_of_answers(host.answers[:MOST_LOOKED_AT]),
        *_of_services(host.services[:MOST_LOOKED_AT]),
        *_of_banners(host.banners[:MOST_LOOKED_AT]),
        *_of_names(host),
        *_of_address(host),
        *_of_ports(host),
        *_of_maker(host),
        *_of_roles(host),
    ]
    best: dict[str, Known] = {}
    for item in found:
        known = best.get(item.evidence.rule)
        if known is None or _rank(item) < _rank(known):
            best[item.evidence.rule] = item
    return tuple(sorted(best.values(), key=lambda item: -item.evidence.weight_db))


def vendor_named(host: ObservedHost) -> Vendor | None:
    """Return who made the host's network interface."""
    return vendor_of(parse_mac(host.mac)) if host.mac else None


def own_words(host: ObservedHost) -> str | None:
    """Return the name by which the host is best told from others: what it answered, else its host name."""
    for field in ("uid", "name"):
        for item in host.answers[:MOST_LOOKED_AT]:
            if item.fields.get(field) and (field == "name" or item.protocol in _NAMED_BY_ID):
                return item.fields[field]
    return next(
        iter((*host.names, *(service.instance for service in host.services if service.instance))), None
    ) or next((item.fields["model"] for item in host.answers[:MOST_LOOKED_AT] if item.fields.get("model")), None)


def _rank(item: Known) -> tuple[int, int]:
    order = _KINDS.index(item.kind) if item.kind in _KINDS else len(_KINDS)
    return order, 0 if item.evidence.grade is Grade.A else 1


def _of_answers(answers: Iterable[Answer]) -> Iterator[Known]:
    """One for each kind of thing that the answers say the host is, with all searches that said so."""
    by_kind: dict[str, list[Known]] = {}
    searches: dict[str, list[str]] = {}
    for item in answers:
        found = _of_answer(item)
        if found is not None:
            by_kind.setdefault(found.kind, []).append(found)
            searches.setdefault(found.kind, []).append(_search(item))
    if "camera" in by_kind and "camera_or_recorder" in by_kind:
        # The same statement in a less telling form.
        del by_kind["camera_or_recorder"]
        searches["camera"] += searches["camera_or_recorder"]
    for kind, items in by_kind.items():
        best = min(items, key=_rank)
        more = [name for name in dict.fromkeys(searches[kind]) if name and f" {name}:" not in best.evidence.says]
        if more:
            says = f"{best.evidence.says} So it did with {', '.join(more[:6])}."
            best = replace(best, evidence=replace(best.evidence, says=says))
        yield best


def _search(item: Answer) -> str:
    row = discovery_protocol(item.protocol)
    return clean(row["protocol"]) if row else ""


def _of_answer(item: Answer) -> Known | None:
    """What one answer is evidence of, None where it says nothing that the tables know."""
    signature = _best(_matches(item))
    row = discovery_protocol(item.protocol)
    if signature is not None:
        kind, device, grade, source = signature.kind, clean(signature.device), signature.grade, signature.source
    elif row is not None and row["specificity"] in _SPECIFIC:
        kind, grade, source = _SPECIFIC[row["specificity"]], Grade(row["grade"]), row["source"]
        device = f"{clean(row['protocol'])} {kind.replace('_', ' ')}"
    else:
        return None
    names = (name for name in _SHOWN if name != "uid" or item.protocol in _NAMED_BY_ID)
    shown = next((clean(item.fields[name]) for name in names if item.fields.get(name)), "")
    if row is None:
        start = "Its description says what it is"
    elif row["address"] == "listen":
        start = f"It tells of itself unasked, {_search(item)}"
    else:
        start = f"It answered the search {_search(item)}"
    says = f"{start}: {device}{f', “{shown}”' if shown else ''}."
    evidence = weigh(_RULES[kind], says, reference=source, grade=grade)
    return Known(evidence=evidence, device=device, kind=kind)


def _matches(item: Answer) -> Iterator[Signature]:
    """What the tables know of the fields of an answer."""
    family = match_p2p_prefix(item.fields.get("prefix", "")) if item.protocol == pppp.PROTOCOL else None
    if family is not None:
        yield replace(family, kind="camera")
    for field, value in item.fields.items():
        # A description's words on the model count as the model, and the target of a search as a type.
        where = {"upnp.about": "upnp.model", "upnp.name": "upnp.model", f"{ssdp.PROTOCOL}.types": "upnp.types"}.get(
            f"{item.protocol}.{field}", f"{item.protocol}.{field}"
        )
        words: Sequence[str] = value.split()[:_WORDS_MAX] if field in ("types", "scopes") else (value,)
        if field == "location":
            words = ("/" + value.split("://")[-1].partition("/")[2],)
        for word in words:
            found = match_lan_device(where, word)
            if found is not None:
                yield found


def _best(found: Iterable[Signature]) -> Signature | None:
    return min(found, key=lambda item: _KINDS.index(item.kind), default=None)


def _of_services(services: Iterable[MdnsService]) -> Iterator[Known]:
    for item in services:
        service = item.service.lower().rstrip(".").removesuffix(".local")
        found = match_mdns(service, instance=item.instance, txt=item.txt)
        called = f" as “{clean(item.instance)}”" if item.instance else ""
        if found is not None:
            rule = "identity.lan_mdns" if found.kind == "strong" else "hint.lan_mdns"
            says = f"It announces {clean(service)}{called}: {clean(found.device)}."
            yield Known(
                evidence=weigh(rule, says, reference=found.source, grade=found.grade),
                device=clean(found.device),
                kind="camera" if found.kind == "strong" else "perhaps_camera",
            )
            continue
        if service == "_rtsp._tcp":
            says = f"It announces live video ({service}){called}, which boards and displays do too."
            yield Known(evidence=weigh("hint.lan_mdns", says), device="video server", kind="perhaps_camera")
            continue
        other = match_lan_device("mdns.service", service)
        if other is not None:
            says = f"It announces {clean(service)}{called}: {clean(other.device)}."
            yield _other(other, says)


def _of_banners(banners: Iterable[Banner]) -> Iterator[Known]:
    for item in banners:
        if item.field == "rtsp.methods":
            says = f"It serves live video: TCP port {item.port} answers in RTSP."
            yield Known(evidence=weigh("behaviour.lan_video", says), device="video server", kind="perhaps_camera")
        field = "http.www-authenticate.realm" if item.field == "rtsp.realm" else item.field
        found = match_banner(field, item.value) or match_lan_device(field, item.value)
        if found is None:
            continue
        door = _DOORS.get(item.field, "a text")
        says = f"At TCP port {item.port} {door} is “{clean(item.value)}”: {clean(found.device)}."
        if found.table == "banners":
            rule = _BANNER_RULES[found.kind]
            evidence = weigh(rule, says, reference=found.source, grade=found.grade)
            yield Known(evidence=evidence, device=clean(found.device), kind=found.kind)
        else:
            yield _other(found, says)


def _other(found: Signature, says: str) -> Known:
    evidence = weigh(_RULES[found.kind], says, reference=found.source, grade=found.grade)
    return Known(evidence=evidence, device=clean(found.device), kind=found.kind)


def _of_names(host: ObservedHost) -> Iterator[Known]:
    address = parse_mac(host.mac) if host.mac else 0
    for name in host.names[:MOST_LOOKED_AT]:
        found = match_dhcp_hostname(name.partition(".")[0], mac=address)
        if found is not None:
            says = f"Its name on the network is “{clean(name)}”: {clean(found.device)}."
            evidence = weigh("hint.lan_name", says, reference=found.source, grade=found.grade)
            yield Known(evidence=evidence, device=clean(found.device), kind="perhaps_camera")


def _of_address(host: ObservedHost) -> Iterator[Known]:
    """The address that a camera gives itself in a network of its own making."""
    found = access_point_host(host.ip) if host.roles & {"gateway", "dhcp_server"} else None
    if found is not None:
        says = f"This network's router has the address {host.ip}, which {clean(found.device)} gives itself."
        evidence = weigh("hint.lan_address", says, reference=found.source, grade=found.grade)
        yield Known(evidence=evidence, device=clean(found.device), kind="perhaps_camera")


def _of_ports(host: ObservedHost) -> Iterator[Known]:
    """The open port that says most: open ports of one device go together, so only one counts."""
    speaking = {item.port for item in host.banners if item.field.startswith("rtsp.")}
    known = [
        (f"{proto.upper()} port {port}", found)
        for proto, port in host.open_ports[:MOST_LOOKED_AT]
        # A door that spoke has been judged by what it said.
        if (found := port_meaning(proto, port)) is not None and not (proto == "tcp" and port in speaking)
    ]
    if not known:
        return
    known.sort(key=lambda pair: list(_PORT_RULES).index(pair[1].kind))
    where, best = known[0]
    says = f"{where} is open: {clean(best.device)}."
    if len(known) > 1:
        says = f"{says[:-1]}; also {', '.join(name for name, _ in known[1:4])}."
    evidence = weigh(_PORT_RULES[best.kind], says, reference=best.source, grade=best.grade)
    yield Known(evidence=evidence, device=clean(best.device), kind="perhaps_camera")


def _of_maker(host: ObservedHost) -> Iterator[Known]:
    vendor = vendor_named(host)
    if vendor is None:
        return
    start = f"Its address begins with {vendor.prefix}, registered to {clean(vendor.registry_name)}"
    if vendor.tier == "camera_narrow":
        rule, says = "vendor.oui_camera_narrow", f"{start}, which makes hardly anything but cameras."
    elif vendor.tier == "module":
        rule, says = "vendor.oui_module", f"{start}, whose radio modules are built into devices of any kind."
    elif vendor.wares == "boards":
        rule, says = "vendor.oui_board", f"{start}, which makes small computers."
    elif vendor.wares == "worn":
        rule, says = "vendor.oui_worn", f"{start}, which makes worn devices, some with a camera."
    else:
        rule, says = "vendor.oui_camera_broad", f"{start}, which makes cameras among other things."
    yield Known(evidence=weigh(rule, says, reference=vendor.source), device=clean(vendor.name), kind="maker")


def _of_roles(host: ObservedHost) -> Iterator[Known]:
    called = format_mac(parse_mac(host.mac)) if host.mac else host.ip
    if "this_computer" in host.roles:
        evidence = weigh("context.lan_mine", "It is the computer that asks.")
        yield Known(evidence=evidence, device="this computer", kind="mine")
    elif "mine" in host.roles:
        evidence = weigh("context.lan_mine", f"You said that {called} is yours.")
        yield Known(evidence=evidence, device="your own device", kind="mine")
    if "gateway" in host.roles and access_point_host(host.ip) is None:
        evidence = weigh("context.lan_gateway", f"It is this network's router ({host.ip}).")
        yield Known(evidence=evidence, device="the router of this network", kind="gateway")
