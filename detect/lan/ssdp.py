"""SSDP, the search of UPnP: an HTTP-like question to a group, an HTTP-like answer, and the description it points to.

Question and answer: UPnP Device Architecture 2.0, 1.3; the description: 2.3. Routers, televisions, printers, disks
and cameras answer alike; the description names maker, model and device type.
"""

from __future__ import annotations

from .banners import read_head
from .datagrams import DATAGRAM_MAX, Answer, Probe, answer, label
from .documents import first, xml_texts

PROTOCOL, DESCRIPTION = "ssdp", "upnp"
PORT = 1900
GROUPS = ("239.255.255.250", "ff02::c")


def probes() -> tuple[Probe, ...]:
    """Return the one question, for IPv4 and IPv6: whatever is a root device, answer within a second."""
    out = []
    for group in GROUPS:
        host = f"[{group}]" if ":" in group else group
        lines = ("M-SEARCH * HTTP/1.1", f"HOST: {host}:{PORT}", 'MAN: "ssdp:discover"', "MX: 1", "ST: upnp:rootdevice")
        payload = "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")
        out.append(Probe(protocol=PROTOCOL, port=PORT, payload=payload, to="multicast", group=group))
    return tuple(out)


def read(payload: bytes) -> Answer | None:
    """Return server, target, name and location of an answer or an announcement, or None."""
    if len(payload) > DATAGRAM_MAX:
        return None
    head = read_head(payload)
    if head is None:
        return None
    fields = head.fields
    if head.start.startswith("NOTIFY ") and fields.get("nts", "").lower() not in ("ssdp:alive", "ssdp:update"):
        return None
    if not (head.start.startswith("NOTIFY ") or head.status == 200) or not ("usn" in fields or "st" in fields):
        return None
    return answer(
        PROTOCOL,
        server=label(fields.get("server"), most=256),
        types=label(fields.get("st") or fields.get("nt"), most=256),
        uid=label(fields.get("usn"), most=256),
        location=label(fields.get("location"), most=512),
    )


def read_description(data: bytes) -> Answer | None:
    """Return what a device's description says: types, maker, model, name, serial number; None where it says nothing.

    Parameters
    ----------
    data
        The document that the answer's location names, at most :data:`~.documents.XML_BYTES_MAX` bytes.
    """
    texts = xml_texts(data.strip())
    if texts is None:
        return None
    types = label(first(texts, "root/device/deviceType"), most=256)
    maker, model = (label(first(texts, f"root/device/{name}")) for name in ("manufacturer", "modelName"))
    if types is None and maker is None and model is None:
        return None
    return answer(
        DESCRIPTION,
        types=types,
        maker=maker,
        model=model,
        about=label(first(texts, "root/device/modelDescription"), most=256),
        name=label(first(texts, "root/device/friendlyName")),
        serial=label(first(texts, "root/device/serialNumber")),
    )
