"""``roomsweep calibrate radio``: from a walk away from a known transmitter to a radio profile."""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..ending import DONE

if TYPE_CHECKING:
    from ...calibration.radio import RadioFit


def run(path: Path, *, at_m: tuple[float, float] | None, mac: str | None, name: str | None, as_json: bool) -> int:
    """Fit, save the profile, tell what came out; return the exit status.

    Raises
    ------
    InputError
        If the readings do not tell enough.
    UnavailableError
        If the profile cannot be written.
    """
    import numpy as np
    from rich.console import Console
    from rich.text import Text

    from ...calibration.radio import distances_of, fit_radio
    from ...detect.errors import InputError
    from ...detect.place.readings import BYTES_MAX, parse_readings
    from ..input_files import must_be_file
    from ..profiles import save_profile
    from ..radio_profiles import KIND

    must_be_file(path)
    try:
        with path.open("rb") as stream:
            readings = parse_readings(stream.read(BYTES_MAX + 1), name=path.name)
    except OSError as error:
        raise InputError(path, f"cannot be opened: {error.strerror or error}") from error
    transmitters = [item for item in readings.transmitters() if mac is None or item[0] == mac]
    if not transmitters:
        raise InputError(path, f"holds no reading of {mac}", "Look at its column mac.")
    if len(transmitters) > 1:
        listed = ", ".join(address or "one without an address" for address, _, _ in transmitters[:5])
        raise InputError(path, f"holds {len(transmitters)} transmitters: {listed}", "Name the known one with --mac.")
    _, radio, own = transmitters[0]
    distances = distances_of(own, at_m=at_m)
    known = np.isfinite(distances)
    if not known.any():
        raise InputError(
            path,
            "does not tell how far away the transmitter was",
            "Fill the column distance_m, call the spots “1 m”, “2 m” and so on, or give --at X,Y with positions.",
        )
    name = name or f"{radio} {datetime.now():%Y-%m-%d}"
    fit = fit_radio(distances[known], own.rssi_dbm[known], name=name, radio=radio, file=path.name)
    document = _document(fit, file=path.name, left_out=readings.left_out + int((~known).sum()))
    # Told before it is saved, so that a full disk does not cost it.
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=True, indent=1) + "\n")
    else:
        for line in _lines(fit):
            Console().print(Text(line))
    saved = save_profile(document, name=name, kind=KIND)
    told = f"The profile is in {saved}; 'roomsweep locate' uses the newest one from now on."
    Console(stderr=as_json).print(Text(told))
    return DONE


def _document(fit: RadioFit, *, file: str, left_out: int) -> dict[str, Any]:
    """Return what is stored and printed as JSON."""
    from ...detect.text import clean
    from ..radio_profiles import SCHEMA, radio_record
    from ..version import version

    return {
        "schema": SCHEMA,
        "tool": {"name": "roomsweep", "version": version()},
        "made_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "profile": radio_record(fit.profile),
        "fitted": {
            "reference_dbm": round(fit.reference_dbm, 2),
            "reference_bounds_95_dbm": [round(value, 2) for value in fit.reference_bounds_dbm],
            "exponent": round(fit.exponent, 3),
            "exponent_bounds_95": [round(value, 3) for value in fit.exponent_bounds],
            "scatter_db": round(fit.scatter_db, 2),
        },
        "distances": [
            {"distance_m": round(distance, 3), "median_dbm": level}
            for distance, level in zip(fit.distances_m.tolist(), fit.medians_dbm.tolist(), strict=True)
        ],
        "readings": fit.readings,
        "left_out": left_out,
        "file": clean(file),
        "notes": list(fit.notes),
    }


def _lines(fit: RadioFit) -> list[str]:
    """Return the summary for a person."""
    from ...detect.text import clean

    profile = fit.profile
    low, high = fit.reference_bounds_dbm
    least, most = fit.exponent_bounds
    lines = [
        f"Radio profile: {clean(profile.name)} ({profile.radio}), {fit.readings} readings at {len(fit.distances_m)} "
        "distances",
        f"  level at 1 m   {fit.reference_dbm:.0f} dBm  ({low:.0f} to {high:.0f})",
        f"  exponent       {fit.exponent:.1f}  ({least:.1f} to {most:.1f})",
        f"  scatter        {fit.scatter_db:.1f} dB about the line",
        "",
        "Used from now on, with what is published:",
        f"  exponent       {profile.exponent.value:.1f} +- {profile.exponent.sigma:.1f}",
        f"  shadowing      {profile.shadowing_db.value:.1f} +- {profile.shadowing_db.sigma:.1f} dB",
        f"  level at 1 m   {profile.reference_dbm.value:.0f} +- {profile.reference_dbm.sigma:.0f} dBm, other senders",
        "",
        "Median level at each distance, and what the line says:",
    ]
    for distance, level in zip(fit.distances_m.tolist(), fit.medians_dbm.tolist(), strict=True):
        on_line = fit.reference_dbm - 10.0 * fit.exponent * math.log10(distance)
        lines.append(f"  {distance:5.2g} m  {level:4.0f} dBm  ({on_line:.0f})")
    lines += ["", *(clean(note, limit=1000) for note in fit.notes)] if fit.notes else []
    return lines
