"""Radio profiles in the user's data folder: saved by ``calibrate radio``, used by ``locate``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..detect.place.radio_profile import EXPONENT_MAX, EXPONENT_MIN, Quantity, RadioProfile, default_profile
from ..detect.place.readings import RADIOS
from ..detect.text import clean
from .profiles import data_folder

#: Form of a stored profile; another one is not read.
SCHEMA = "roomsweep.radio/1"

#: Folder in the data folder.
KIND = "radios"

#: Largest profile that is read, and most of them.
_BYTES_MAX, _PROFILES_MAX = 1_000_000, 200

_SOURCE_MAX = 500


def radio_record(profile: RadioProfile) -> dict[str, Any]:
    """Return a profile as JSON holds it."""
    return asdict(profile)


def load_radio_profiles() -> tuple[tuple[RadioProfile, ...], tuple[str, ...]]:
    """Return the stored profiles, newest first, and the names of files that cannot be used."""
    found: list[tuple[str, RadioProfile]] = []
    bad = []
    try:
        paths = sorted((data_folder() / KIND).glob("*.json"))[:_PROFILES_MAX]
    except OSError:
        return (), ()
    for path in paths:
        try:
            if path.stat().st_size > _BYTES_MAX:
                raise ValueError("too large")
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                raise ValueError("another form")
            found.append((str(document["made_at"]), _profile_of(document["profile"])))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            bad.append(path.name)
    found.sort(key=lambda item: item[0], reverse=True)
    return tuple(profile for _, profile in found), tuple(bad)


def _profile_of(record: Mapping[str, Any]) -> RadioProfile:
    """Return the profile of a record; ValueError, KeyError or TypeError if it does not hold one."""
    if record["radio"] not in RADIOS:
        raise ValueError("another radio")
    return RadioProfile(
        radio=str(record["radio"]),
        reference_dbm=_quantity(record["reference_dbm"], -128.0, 20.0, sigma_max=40.0),
        exponent=_quantity(record["exponent"], EXPONENT_MIN, EXPONENT_MAX, sigma_max=4.0),
        shadowing_db=_quantity(record["shadowing_db"], 0.1, 30.0, sigma_max=30.0),
        measured=True,
        name=str(record["name"]),
    )


def _quantity(record: Mapping[str, Any], low: float, high: float, *, sigma_max: float) -> Quantity:
    value, sigma = _number(record["value"], low, high), _number(record["sigma"], 0.0, sigma_max)
    return Quantity(value=value, sigma=max(sigma, 1e-3), source=clean(str(record["source"]), limit=_SOURCE_MAX))


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError("out of range")
    return number


class KnownRadios:
    """The stored profiles as one search uses them: the newest of the radio, or the one that is named.

    Parameters
    ----------
    name
        Of the profile that is wanted, None for the newest.
    """

    def __init__(self, *, name: str | None = None) -> None:
        profiles, self.unreadable = load_radio_profiles()
        self._profiles = tuple(item for item in profiles if name is None or item.name == name)
        self.names = tuple(item.name for item in profiles)

    def profile_for(self, radio: str) -> RadioProfile:
        """Return the profile of a radio, the published values if none is stored."""
        return next((item for item in self._profiles if item.radio == radio), default_profile(radio))
