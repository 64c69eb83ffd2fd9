"""Camera profiles in the user's data folder: saved by ``calibrate camera``, used by whatever looks at pictures."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..detect.errors import UnavailableError
from ..detect.lens.profile import CameraProfile, Reach
from ..detect.text import clean, file_stem
from .report.wording import not_looked_at, phrase, range_sentence

if TYPE_CHECKING:
    from ..detect.lens.reading import Picture

#: Form of a stored profile; another one is not read.
SCHEMA = "roomsweep.camera/1"

#: Largest profile that is read, and most of them: ours have a few kilobytes, and people a few phones.
_BYTES_MAX, _PROFILES_MAX = 1_000_000, 200


def data_folder() -> Path:
    """Return where roomsweep keeps what it has to remember; the environment's ROOMSWEEP_HOME moves it."""
    home = os.environ.get("ROOMSWEEP_HOME")
    if home:
        return Path(home).expanduser()
    import platformdirs

    return platformdirs.user_data_path("roomsweep")


def profile_record(profile: CameraProfile) -> dict[str, Any]:
    """Return a profile as JSON holds it."""
    record = asdict(profile)
    record["sides_px"] = list(profile.sides_px) if profile.sides_px else None
    record["reach"] = [asdict(step) for step in profile.reach]
    return record


def save_profile(document: Mapping[str, Any], *, name: str, kind: str = "cameras") -> Path:
    """Write a profile's document under its name into the folder of its kind, whole or not at all; return where.

    Raises
    ------
    UnavailableError
        If the folder cannot be written.
    """
    folder = data_folder() / kind
    path = folder / f"{file_stem(name)}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, part = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                json.dump(document, stream, ensure_ascii=False, indent=1)
                stream.write("\n")
            os.replace(part, path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnavailableError(
            f"The profile could not be written to {folder}: {error.strerror or error}",
            "Set ROOMSWEEP_HOME to a folder that can be written.",
        ) from error
    return path


def load_profiles() -> tuple[tuple[CameraProfile, ...], tuple[str, ...]]:
    """Return the stored profiles, newest first, and the names of files that cannot be used."""
    found: list[tuple[str, CameraProfile]] = []
    bad = []
    try:
        paths = sorted((data_folder() / "cameras").glob("*.json"))[:_PROFILES_MAX]
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


def _profile_of(record: Mapping[str, Any]) -> CameraProfile:
    """Return the profile of a record; ValueError, KeyError or TypeError if it does not hold one."""
    long_side, short_side = (int(side) for side in record["sides_px"])
    camera = record.get("camera")
    reach = tuple(
        Reach(
            distance_m=_number(step["distance_m"], 0.01, 100.0),
            smallest_mm=_maybe(step.get("smallest_mm"), 0.001, 1000.0),
            low_mm=_maybe(step.get("low_mm"), 0.001, 1000.0),
            high_mm=_maybe(step.get("high_mm"), 0.001, 1000.0),
        )
        for step in list(record.get("reach", ()))[:100]
    )
    return CameraProfile(
        hfov_deg=_number(record["hfov_deg"], 1.0, 175.0),
        psf_px=_number(record["psf_px"], 0.1, 20.0),
        measured=True,
        name=str(record["name"]),
        camera=None if camera is None else str(camera),
        sides_px=(long_side, short_side),
        saturation=_number(record.get("saturation", 255.0), 1.0, 255.0),
        read_noise=_maybe(record.get("read_noise"), 0.0, 1.0),
        full_well=_maybe(record.get("full_well"), 0.0, 1e9),
        torch_offset_mm=_maybe(record.get("torch_offset_mm"), 0.0, 1000.0),
        reach=tuple(sorted(reach, key=lambda step: step.distance_m)),
    )


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError("out of range")
    return number


def _maybe(value: object, low: float, high: float) -> float | None:
    return None if value is None else _number(value, low, high)


class KnownCameras:
    """The stored profiles as one sweep uses them.

    Parameters
    ----------
    stored
        Whether to look for stored profiles at all; not for synthetic inputs, which no phone has taken.
    """

    def __init__(self, *, stored: bool = True) -> None:
        self._profiles: tuple[CameraProfile, ...] | None = None if stored else ()
        self._bad: tuple[str, ...] = ()
        self._used: dict[str, CameraProfile] = {}
        self._defaults = False

    def applied(self, picture: Picture, *, torch: bool = True) -> Picture:
        """Return a picture with the profile of its camera, if one is stored, and the facts that tell so.

        The range is told only of pictures with the `torch` on: it is that of lenses, not of lights.
        """
        told = picture.facts.get("focal_length_35mm") is not None
        facts = dict(picture.facts)
        profile = self.profile_for(facts, hfov_deg=picture.profile.hfov_deg if told else None, torch=torch)
        return replace(picture, profile=profile or picture.profile, facts=facts)

    def profile_for(
        self, facts: dict[str, Any], *, hfov_deg: float | None = None, torch: bool = True
    ) -> CameraProfile | None:
        """Return the stored profile for a picture or clip with these facts, or None; adds what it says to them.

        Of several that fit, one of the same camera by name comes first, then the newest.
        """
        if self._profiles is None:
            self._profiles, self._bad = load_profiles()
        width, height, camera = (facts.get(key) for key in ("width_px", "height_px", "camera"))
        fitting = [
            profile
            for profile in self._profiles
            if isinstance(width, int)
            and isinstance(height, int)
            and profile.fits(width, height, camera=camera, hfov_deg=hfov_deg)
        ]
        if not fitting:
            self._defaults |= torch
            facts.setdefault("camera_profile", "defaults")
            return None
        profile = next((item for item in fitting if camera is not None and item.camera == camera), fitting[0])
        key = "profile_measured" if camera is not None and profile.camera == camera else "profile_by_size"
        facts["camera_profile"] = phrase(key, name=clean(profile.name))
        if torch:
            facts["smallest_lens_mm"] = {
                f"{step.distance_m:g} m": None if step.smallest_mm is None else round(step.smallest_mm, 2)
                for step in profile.reach
            }
            self._used[profile.name] = profile
        return profile

    def limits(self) -> tuple[str, ...]:
        """Return the sentences on the range of the phones whose pictures were looked at."""
        out = [range_sentence(profile) for profile in self._used.values()]
        if self._defaults:
            out += not_looked_at({"no_range"})
        return (*out, *(phrase("profile_unreadable", name=clean(name)) for name in self._bad))
