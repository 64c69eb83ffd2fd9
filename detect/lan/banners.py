"""What a host shows at its doors: heads of HTTP and RTSP responses, page titles, realms, names in certificates.

Pure reading of bytes that somebody else fetched: ``GET /`` and nothing deeper, ``OPTIONS`` for RTSP, the certificate
that a TLS server shows to anybody. Field names are those of the table ``banners``.
"""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509

#: Longest head that is read, and most lines in it: common servers refuse heads of more than 8 KiB and 100 lines.
_HEAD_MAX, _LINES_MAX = 16 * 1024, 128

#: How much of a page is searched for its title.
PAGE_MAX = 64 * 1024

#: Longest value kept. Server names and titles have a few dozen characters.
_VALUE_MAX = 512

#: Largest certificate that is read; ordinary ones have one to two kilobytes.
CERTIFICATE_MAX = 16 * 1024

_STATUS = re.compile(r"(?:HTTP|RTSP)/\d\.\d (\d{3})(?: .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_REALM = re.compile(r"""\brealm\s*=\s*(?:"((?:[^"\\]|\\.){0,256})"|([^\s",]{1,256}))""", re.IGNORECASE)
_TITLE = re.compile(r"<title(?:\s[^<>]{0,256})?>([^<]{1,2048})<", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a response or request.

    Parameters
    ----------
    start
        Its first line.
    status
        The number in it, where it is a response.
    fields
        Values by name, names in lower case, the first of each.
    size
        Bytes up to the body.
    """

    start: str
    status: int | None
    fields: Mapping[str, str]
    size: int


def read_head(data: bytes) -> Head | None:
    """Return the head at the start of `data`, or None where there is none.

    A head that is cut is read as far as it goes. Lines that are no fields are passed over: small servers write many
    things.
    """
    end = re.search(rb"\r?\n\r?\n", data[:_HEAD_MAX])
    head = data[: end.start() if end else _HEAD_MAX]
    lines = head.decode("latin-1").split("\n", _LINES_MAX)[:_LINES_MAX]
    start = lines[0].strip()
    if not re.fullmatch(r"[A-Z-]{3,16} \S{1,2048} HTTP/\d\.\d|(?:HTTP|RTSP)/\d\.\d \d{3}(?: .*)?", start):
        return None
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon and _NAME.fullmatch(name.strip()):
            fields.setdefault(name.strip().lower(), value.strip()[:_VALUE_MAX])
    status = _STATUS.fullmatch(start)
    return Head(
        start=start[:_VALUE_MAX],
        status=int(status[1]) if status else None,
        fields=fields,
        size=end.end() if end else len(head),
    )


def http_banners(data: bytes) -> dict[str, str]:
    """Return what the response to ``GET /`` says: ``http.server``, ``http.www-authenticate.realm``, ``html.title``.

    Parameters
    ----------
    data
        The bytes received, also if the response is cut.
    """
    head = read_head(data)
    if head is None or not head.start.startswith("HTTP/"):
        return {}
    return _present(
        {
            "http.server": _text(head.fields.get("server")),
            "http.www-authenticate.realm": _realm(head.fields.get("www-authenticate")),
            "html.title": _title(data[head.size : head.size + PAGE_MAX]),
        }
    )


def rtsp_banners(data: bytes) -> dict[str, str]:
    """Return what the response to ``OPTIONS`` says: ``rtsp.server`` and ``rtsp.realm``.

    ``rtsp.methods`` is there, if only as an empty text, whenever the host answered in RTSP at all.
    """
    head = read_head(data)
    if head is None or not head.start.startswith("RTSP/"):
        return {}
    return {
        **_present(
            {
                "rtsp.server": _text(head.fields.get("server")),
                "rtsp.realm": _realm(head.fields.get("www-authenticate")),
            }
        ),
        "rtsp.methods": _text(head.fields.get("public")) or "",
    }


def certificate_banners(der: bytes) -> dict[str, str]:
    """Return the subject of a certificate in DER, as ``x509.subject``: ``C=CN,O=embeddedsoftware,OU=DVRNVR``.

    Empty where it is none; cameras are known for certificates that are against the rules, which are read as far as
    the library goes.
    """
    if not der or len(der) > CERTIFICATE_MAX:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about rules that the certificate breaks: not the reader's fault
        try:
            names = x509.load_der_x509_certificate(der).subject
            parts = [
                f"{_SHORT.get(item.oid.dotted_string, item.oid.dotted_string)}={_plain(item.value)}" for item in names
            ]
        except (ValueError, TypeError, x509.UnsupportedGeneralNameType, UnicodeError):
            return {}
    text = _text(",".join(parts))
    return {"x509.subject": text} if text else {}


#: Short names of a subject's parts (RFC 4519, 2; RFC 2985, 5.2.1 for E).
_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "E",
}


def _plain(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _realm(challenge: str | None) -> str | None:
    found = _REALM.search(challenge or "")
    return _text(re.sub(r"\\(.)", r"\1", found[1] or found[2] or "")) if found else None


def _title(page: bytes) -> str | None:
    found = _TITLE.search(page.decode("utf-8", "replace"))
    return _text(" ".join(html.unescape(found[1]).split())) if found else None


def _text(value: str | None) -> str | None:
    return value.strip()[:_VALUE_MAX] or None if value else None


def _present(values: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
