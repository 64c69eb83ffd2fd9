"""Devices that the user has marked as their own; they stay marked until taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ...detect.mac import format_mac, parse_mac
from ..profiles import data_folder, save_profile

#: Form of the file; another one is not read.
SCHEMA = "roomsweep.mine/1"

#: Largest file that is read, and most devices in it.
_BYTES_MAX, _DEVICES_MAX = 1_000_000, 1_000

_FOLDER, _NAME = "devices", "mine"


def load_mine() -> dict[str, str]:
    """Return the marked addresses with the day when each was marked; none where there is no readable file."""
    path = data_folder() / _FOLDER / f"{_NAME}.json"
    try:
        if path.stat().st_size > _BYTES_MAX:
            return {}
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return {}
        rows = [(format_mac(parse_mac(row["mac"])), str(row["marked_at"])[:40]) for row in document["devices"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return dict(rows[:_DEVICES_MAX])


def mark(macs: Iterable[str], *, today: str) -> None:
    """Mark addresses as the user's own; those that are marked keep their day.

    Raises
    ------
    UnavailableError
        If the data folder cannot be written.
    """
    _save(dict.fromkeys(macs, today) | load_mine())


def unmark(macs: Iterable[str]) -> tuple[str, ...]:
    """Take marks back; return those of `macs` that had one.

    Raises
    ------
    UnavailableError
        If the data folder cannot be written.
    """
    known = load_mine()
    gone = tuple(mac for mac in dict.fromkeys(macs) if known.pop(mac, None) is not None)
    if gone:
        _save(known)
    return gone


def _save(devices: dict[str, str]) -> None:
    rows = [{"mac": mac, "marked_at": day} for mac, day in sorted(devices.items())]
    save_profile({"schema": SCHEMA, "devices": rows}, name=_NAME, kind=_FOLDER)
