"""What this computer can do for a sweep, and how to get the rest.

Photos and captures that are already recorded need nothing but Python. Only listening live needs hardware and
permission, and that is what most of the questions are about. Every probe looks and changes nothing; none
raises: what cannot be found out is ``unknown``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from ..detect.text import clean
from . import radios
from .computer import Ability, Computer

__all__ = ["Ability", "Computer", "examine_computer"]

#: Oldest Python that roomsweep is written for (pyproject.toml, requires-python).
_OLDEST_PYTHON = (3, 11)


def examine_computer(computer: Computer | None = None) -> tuple[Ability, ...]:
    """Return every ability, in the order a person should read them."""
    here = computer or Computer.this()
    return tuple(_answers(here))


def _answers(here: Computer) -> Iterator[Ability]:
    probes: tuple[tuple[str, Callable[[Computer], Ability]], ...] = (
        ("Python", _python),
        ("Photos", _photos),
        ("iPhone photos", _iphone_photos),
        ("Bluetooth", radios.bluetooth),
        ("Wi-Fi", radios.wifi),
        ("Wi-Fi monitor mode", radios.monitor_mode),
        ("Permission to listen", radios.permission),
        ("Records folder", _records_folder),
        ("tshark", _tshark),
        ("Chromium", _chromium),
    )
    for name, probe in probes:
        try:
            yield probe(here)
        except Exception as error:  # a probe that fails must not hide the others
            yield Ability(name=name, state="unknown", says=f"Could not be found out: {clean(str(error))}.")


def _python(here: Computer) -> Ability:
    version = ".".join(map(str, here.python))
    if here.python[:2] >= _OLDEST_PYTHON:
        return Ability(name="Python", state="yes", says=f"Python {version} runs this.")
    oldest = ".".join(map(str, _OLDEST_PYTHON))
    return Ability(
        name="Python", state="no", says=f"Python {version} is too old.", remedy=f"Install {oldest} or newer."
    )


def _photos(here: Computer) -> Ability:
    try:
        version = here.load("cv2")
    except Exception as error:
        remedy = "Install roomsweep again."
        if here.system == "Linux" and "cannot open shared object" in str(error):
            remedy = "Install the system libraries libGL and libglib: sudo apt-get install libgl1 libglib2.0-0"
        return Ability(
            name="Photos", state="no", says=f"OpenCV cannot be loaded: {clean(str(error), limit=200)}.", remedy=remedy
        )
    return Ability(name="Photos", state="yes", says=f"OpenCV {clean(version)} is there for photos and clips.")


def _iphone_photos(here: Computer) -> Ability:
    try:
        version = here.load("pi_heif")
    except Exception as error:
        return Ability(
            name="iPhone photos",
            state="no",
            says=f"HEIC pictures cannot be read: {clean(str(error), limit=200)}.",
            remedy="Install pi-heif: pip install pi-heif. Or set the iPhone to 'Most Compatible' pictures.",
        )
    return Ability(name="iPhone photos", state="yes", says=f"HEIC pictures are read by pi-heif {clean(version)}.")


def _records_folder(here: Computer) -> Ability:
    name, folder = "Records folder", here.data_folder
    shown = clean(str(folder), limit=200)
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        made = "Records are kept in" if nearest == folder else "Records will be kept in"
        return Ability(name=name, state="yes", says=f"{made} {shown}.")
    return Ability(
        name=name,
        state="no",
        says=f"Nothing can be written to {shown}.",
        remedy=f"Give this account the right to write to {clean(str(nearest), limit=200)}.",
    )


def _tshark(here: Computer) -> Ability:
    if here.which("tshark"):
        return Ability(name="tshark", state="yes", says="It is there; only roomsweep's own tests use it.")
    return Ability(
        name="tshark",
        state="no",
        says="It is not there; only roomsweep's own tests use it.",
        remedy="To run every test: sudo apt-get install tshark",
    )


def _chromium(here: Computer) -> Ability:
    if any(here.which(program) for program in ("chromium", "chromium-browser", "google-chrome")):
        return Ability(name="Chromium", state="yes", says="It is there; only roomsweep's own tests use it.")
    return Ability(
        name="Chromium",
        state="no",
        says="It is not there; only roomsweep's own tests use it.",
        remedy="To run every test: sudo apt-get install chromium",
    )
