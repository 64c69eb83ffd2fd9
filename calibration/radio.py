"""How signals fall with distance here: fitted from readings of a transmitter whose place is known.

Readings at one distance share their shadowing, so each distance counts once, with its median. The line through these
is fitted by Huber's M-estimator (P. J. Huber, Robust Statistics, 1981: iteratively reweighted least squares), so that
one distance behind a pillar does not turn it. Bounds are Student's t on the reweighted residuals, two-sided 95 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detect.errors import InputError
from ..detect.place.radio_profile import (
    EXPONENT_MAX,
    EXPONENT_MIN,
    SENDERS_SIGMA_DB,
    Quantity,
    RadioProfile,
    default_profile,
)
from ..detect.place.readings import Readings

#: Fewest distances, and least ratio of the farthest to the nearest, for an exponent: with less, 5 dB of shadowing
#: moves it by more than its published range (5 dB x 1.4 / (10 log10 3) = 1.5).
DISTANCES_MIN, RATIO_MIN = 3, 3.0

#: Distances closer than this, as a ratio, are one: a hand's breadth at 1 m.
_SAME = 1.1

#: Where Huber's estimator turns from squares to absolute values, standard deviations: 95 % as efficient as least
#: squares where errors are normal (Huber, 1981).
_HUBER = 1.345

#: The median absolute deviation of a normal distribution in standard deviations, inverted.
_MAD = 1.4826

#: Least standard deviation of a distance's median about the line, dB: rounding to whole dB and change at rest.
_SCATTER_MIN_DB = 1.0

#: What bounds are widened by: without it those of seven distances held 91 to 93 % of the truth of synthetic walks
#: (seeds 50000-50599 of benchmarks/accuracy_place.py, which counts on others).
_WIDER = 1.15

#: Student's t, 97.5 %, for 1 to 30 degrees of freedom; beyond, the normal distribution's 1.96 is used.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioFit:
    """What a walk told.

    Parameters
    ----------
    profile
        For :mod:`roomsweep.detect.place`.
    reference_dbm, reference_bounds_dbm
        Level of the known transmitter at 1 m, and 95 % bounds.
    exponent, exponent_bounds
        As fitted, before it was held to the range that is considered; and 95 % bounds.
    scatter_db
        Standard deviation of the distances' medians about the line.
    distances_m, medians_dbm
        float64; what was fitted.
    readings
        How many there were.
    notes
        What has to be said of it, sentences.
    """

    profile: RadioProfile
    reference_dbm: float
    reference_bounds_dbm: tuple[float, float]
    exponent: float
    exponent_bounds: tuple[float, float]
    scatter_db: float
    distances_m: NDArray[np.float64]
    medians_dbm: NDArray[np.float64]
    readings: int
    notes: tuple[str, ...]


def fit_radio(
    distances_m: NDArray[np.float64],
    rssi_dbm: NDArray[np.float64],
    *,
    name: str,
    radio: str,
    file: str = "the readings",
) -> RadioFit:
    """Fit reference power, exponent and shadowing.

    Parameters
    ----------
    distances_m, rssi_dbm
        float64 (n,); distances are greater than 0.
    name
        Of the profile.
    radio
        ``wifi`` or ``bluetooth``.
    file
        Where the readings come from, for errors.

    Raises
    ------
    InputError
        If there are too few distances, or too close together.
    """
    distance, median = _by_distance(distances_m, rssi_dbm)
    if len(distance) < DISTANCES_MIN:
        raise InputError(
            file,
            f"holds readings at {len(distance)} distances, and {DISTANCES_MIN} are needed",
            "Take readings at 1, 2 and 4 m at least, better at 0.5, 1, 1.5, 2, 3, 4 and 6 m.",
        )
    if distance[-1] / distance[0] < RATIO_MIN:
        raise InputError(
            file,
            f"holds readings from {distance[0]:.2g} to {distance[-1]:.2g} m only",
            f"The farthest must be {RATIO_MIN:g} times as far as the nearest, as 1 m and 4 m.",
        )
    log_distance = 10.0 * np.log10(distance)
    design = np.stack([np.ones(len(distance)), -log_distance], axis=1)
    estimate, sigma, scatter_db = _huber(design, median)
    reference_dbm, exponent = (float(value) for value in estimate)
    freedom = len(distance) - 2
    factor = _WIDER * (_T[freedom - 1] if freedom <= len(_T) else 1.96)
    bounds = [(float(v - factor * s), float(v + factor * s)) for v, s in zip(estimate, sigma, strict=True)]
    held = min(max(exponent, EXPONENT_MIN), EXPONENT_MAX)
    default = default_profile(radio)
    # The prior stands in as far as the walk is uncertain: its variance is weighed against the published one's.
    shrunk, shrunk_sigma = _weighed(held, float(sigma[1]) * factor / 1.96, default.exponent)
    shadowing = _shadowing(scatter_db, freedom, default.shadowing_db)
    told = f"measured: {name}, {len(distance)} distances from {distance[0]:.2g} to {distance[-1]:.2g} m"
    profile = RadioProfile(
        radio=radio,
        reference_dbm=Quantity(
            value=reference_dbm,
            sigma=math.hypot(float(sigma[0]) * factor / 1.96, SENDERS_SIGMA_DB),
            source=f"{told}; other senders differ by {SENDERS_SIGMA_DB:g} dB",
        ),
        exponent=Quantity(value=shrunk, sigma=shrunk_sigma, source=f"{told}, weighed with published values"),
        shadowing_db=Quantity(value=shadowing[0], sigma=shadowing[1], source=f"{told}, weighed with published values"),
        measured=True,
        name=name,
    )
    return RadioFit(
        profile=profile,
        reference_dbm=reference_dbm,
        reference_bounds_dbm=bounds[0],
        exponent=exponent,
        exponent_bounds=bounds[1],
        scatter_db=scatter_db,
        distances_m=distance,
        medians_dbm=median,
        readings=len(rssi_dbm),
        notes=_notes(exponent, bounds[1], len(distance)),
    )


def distances_of(readings: Readings, *, at_m: tuple[float, float] | None) -> NDArray[np.float64]:
    """Return the distance of each reading to the known transmitter, metres; NaN where it is not told.

    From the column ``distance_m``, else from the position and `at_m`, else from a spot's name that is a length
    (``2 m``, ``0,5m``).
    """
    out = readings.distance_m.copy()
    if at_m is not None:
        away = np.hypot(readings.x_m - at_m[0], readings.y_m - at_m[1])
        out = np.where(np.isnan(out), away, out)
    for row, spot in enumerate(readings.spot):
        if np.isnan(out[row]):
            out[row] = _length_m(spot)
    return np.where(out > 0.0, out, np.nan)


def _length_m(text: str) -> float:
    number = text.strip().lower().removesuffix("m").strip().replace(",", ".")
    if not text.strip().lower().endswith("m") or not number.replace(".", "", 1).isdecimal():
        return math.nan
    value = float(number)
    return value if 0.0 < value <= 1000.0 else math.nan


def _by_distance(
    distances_m: NDArray[np.float64], rssi_dbm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distances, rising, and the median level at each; near ones are one."""
    order = np.argsort(distances_m, kind="stable")
    distance, level = distances_m[order], rssi_dbm[order]
    groups: list[list[int]] = []
    for row in range(len(distance)):
        if groups and distance[row] <= _SAME * distance[groups[-1][0]]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return (
        np.array([np.exp(np.log(distance[rows]).mean()) for rows in groups], np.float64),
        np.array([np.median(level[rows]) for rows in groups], np.float64),
    )


def _huber(
    design: NDArray[np.float64], level: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the estimate, its standard deviations and the scatter about it."""
    weight = np.ones(len(level))
    estimate: NDArray[np.float64] = np.zeros(design.shape[1])
    for _ in range(50):
        root = np.sqrt(weight)
        new = np.asarray(np.linalg.lstsq(design * root[:, None], level * root, rcond=None)[0], np.float64)
        left = level - design @ new
        scale = max(_SCATTER_MIN_DB, _MAD * float(np.median(np.abs(left))))
        weight = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(left), 1e-9))
        if np.allclose(new, estimate, atol=1e-6):
            break
        estimate = new
    estimate = new
    freedom = max(len(level) - design.shape[1], 1)
    psi = weight * left
    kept = float(np.mean(np.abs(left) <= _HUBER * scale))
    # Huber (1981), 7.6: the variance of the bounded residuals over the squared share of unbounded ones, with his
    # correction for few of them.
    few = 1.0 + design.shape[1] / len(level) * (1.0 - kept) / max(kept, 0.5)
    variance = few**2 * float(psi @ psi) / freedom / max(kept, 0.5) ** 2
    scatter = max(_SCATTER_MIN_DB, math.sqrt(float(left @ left) / freedom))
    sigma = np.sqrt(max(variance, _SCATTER_MIN_DB**2) * np.diag(np.linalg.inv(design.T @ design)))
    return estimate, sigma, scatter


def _weighed(value: float, sigma: float, prior: Quantity) -> tuple[float, float]:
    """Return mean and standard deviation of the product of two normal distributions."""
    precision = 1.0 / max(sigma, 0.05) ** 2 + 1.0 / prior.sigma**2
    mean = (value / max(sigma, 0.05) ** 2 + prior.value / prior.sigma**2) / precision
    return mean, precision**-0.5


def _shadowing(scatter_db: float, freedom: int, prior: Quantity) -> tuple[float, float]:
    """Return shadowing and its uncertainty: that of a standard deviation is its share of 1 / sqrt(2 x freedom)."""
    return _weighed(scatter_db, max(1.0, scatter_db / math.sqrt(2.0 * freedom)), prior)


def _notes(exponent: float, bounds: tuple[float, float], distances: int) -> tuple[str, ...]:
    out = []
    if not EXPONENT_MIN <= exponent <= EXPONENT_MAX:
        out.append(
            f"The signal falls with an exponent of {exponent:.1f}, where {EXPONENT_MIN} to {EXPONENT_MAX} were ever "
            "measured: look whether the distances are right and whether it was one transmitter."
        )
    if bounds[1] - bounds[0] > 2.0 * (EXPONENT_MAX - EXPONENT_MIN):
        out.append(
            "The bounds are wider than what is known without measuring, so published values stay in use for the most "
            "part. More distances tell more."
        )
    elif distances < 6:
        out.append("More distances, six or more, make the bounds narrower.")
    return tuple(out)
