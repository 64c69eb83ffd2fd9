"""Which device families write their Wi-Fi management frames in a given way (table ``wifi_fingerprints``).

A row may leave fields out: it then matches whatever a frame has in them. Element order always counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..errors import DataError
from ..result import Grade
from .tables import load_table

#: Frames with fingerprints, in the words of the table.
FRAMES = ("probe", "join", "beacon", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """One row of the table.

    Parameters
    ----------
    frame
        ``probe`` request, ``join`` (association request), ``beacon`` or ``answer`` (probe response).
    fingerprint
        As in :mod:`roomsweep.detect.wifi.fingerprints`, fields may be absent.
    device
        The family.
    kind
        ``consumer_cam`` or ``hidden_cam``; ``thermostat``, ``smoke_alarm``: other things of makers of cameras.
    vendor
        The maker whose addresses the family bears, as in ``oui_registrants``.
    shared_with
        What else was seen with the same fingerprint, or empty.
    grade, note, source
        As in every table.
    """

    frame: str
    fingerprint: str
    device: str
    kind: str
    vendor: str
    shared_with: str
    grade: Grade
    note: str
    source: str


def match_wifi_radio(frame: str, fingerprint: str) -> tuple[Radio, ...]:
    """Return the rows that a station's frame matches, in the table's order.

    Parameters
    ----------
    frame
        One of :data:`FRAMES`.
    fingerprint
        The text of the whole frame.
    """
    tags, fields = _parts(fingerprint)
    rows = _by_tags().get((frame, tags), ())
    return tuple(row for wanted, row in rows if wanted <= fields)


def _parts(fingerprint: str) -> tuple[str, frozenset[str]]:
    tags, *fields = fingerprint.split(" ")
    return tags, frozenset(fields)


@cache
def _by_tags() -> dict[tuple[str, str], tuple[tuple[frozenset[str], Radio], ...]]:
    """Rows by frame and element order, each with its fields."""
    out: dict[tuple[str, str], tuple[tuple[frozenset[str], Radio], ...]] = {}
    for row in load_table("wifi_fingerprints").rows:
        radio = Radio(
            frame=row["frame"],
            fingerprint=row["fingerprint"],
            device=row["device"],
            kind=row["kind"],
            vendor=row["vendor"],
            shared_with=row["shared_with"],
            grade=Grade(row["grade"]),
            note=row["note"],
            source=row["source"],
        )
        if radio.frame not in FRAMES:
            raise DataError(f"Table 'wifi_fingerprints' has the frame {radio.frame!r}, which there is not.")
        tags, fields = _parts(radio.fingerprint)
        out[radio.frame, tags] = (*out.get((radio.frame, tags), ()), (fields, radio))
    return out
