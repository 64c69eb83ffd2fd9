"""Fits the glint model: labelled pictures to decibans for each feature of a spot.

The model is a logistic regression (ridge penalty, Newton's method); its slopes, in units of 10 / ln 10, are
weights of evidence, and its intercept, which only says how rich in lenses the labelled pictures were, is left
out in favour of the stated prior.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..detect.lens.judge import Term, features
from ..detect.lens.spots import Spots

#: Which cue each feature belongs to.
CUES: Mapping[str, str] = {
    "height": "shape.contrast",
    "ratio": "shape.contrast",
    "snr": "shape.contrast",
    "prominence": "shape.contrast",
    "area": "shape.compact",
    "area_off": "shape.compact",
    "elongation": "shape.compact",
    "foot": "shape.compact",
    "open_ended": "shape.compact",
    "ring_spread": "shape.surround",
    "ring_tilt": "shape.surround",
    "ring_high": "shape.surround",
    "ring_max": "shape.surround",
    "tint": "shape.tint",
    "clutter": "shape.alone",
    "neighbours": "shape.alone",
    "peers": "shape.alone",
    "host_bright": "shape.host",
    "host_relative": "shape.host",
}

#: Decibans for each natural-log unit of odds.
DB_PER_NAT = 10.0 / np.log(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSpots:
    """The spots of one labelled picture.

    Parameters
    ----------
    name, group
        The picture, and what it must not be split from in cross-validation (its scene).
    spots
        As found.
    label
        (n,) int8: 1 a lens, 0 something else, -1 left out (beside a lens, or too faint to be labelled).
    missed
        Labelled lenses without a spot.
    """

    name: str
    group: str
    spots: Spots
    label: NDArray[np.int8]
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GlintModel:
    """A fitted model: one value for each feature, in the order of :data:`CUES`."""

    centre: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    weight_db: NDArray[np.float64]

    def score_db(self, spots: Spots) -> NDArray[np.float64]:
        """Return the summed evidence of every spot, decibans."""
        if len(spots) == 0:
            return np.empty(0)
        return np.nan_to_num(np.clip(_matrix(spots), self.low, self.high) - self.centre) @ self.weight_db

    def terms(self) -> tuple[Term, ...]:
        """Return the model as the detector takes it."""
        values = zip(CUES.items(), self.centre, self.low, self.high, self.weight_db, strict=True)
        return tuple(
            Term(
                cue=cue,
                feature=feature,
                centre=float(centre),
                low=float(low),
                high=float(high),
                weight_db=float(weight_db),
            )
            for (feature, cue), centre, low, high, weight_db in values
        )


def _matrix(spots: Spots) -> NDArray[np.float64]:
    values = features(spots, median_surround=float(np.median(spots.surround)))
    return np.stack([values[name] for name in CUES], axis=1)


def fit(
    pictures: Sequence[LabelledSpots], *, weights: Mapping[str, float] | None = None, ridge: float = 1.0
) -> GlintModel:
    """Fit the model.

    Parameters
    ----------
    pictures
        With at least one lens and one other spot among them.
    weights
        How often each lens of a picture counts, by picture name; 1 where absent.
    ridge
        Penalty on the squared slopes of standardised features.
    """
    used = [picture for picture in pictures if len(picture.spots)]
    x = np.concatenate([_matrix(picture.spots) for picture in used])
    label = np.concatenate([picture.label for picture in used])
    weight = np.concatenate(
        [np.where(picture.label == 1, (weights or {}).get(picture.name, 1.0), 1.0) for picture in used]
    )
    keep = label >= 0
    x, y, weight = x[keep], label[keep].astype(np.float64), weight[keep]
    # Clipped where the fit has hardly seen anything: the model must not extrapolate.
    low, high = np.nanpercentile(x, 0.2, axis=0), np.nanpercentile(x, 99.8, axis=0)
    low = np.fmin(low, np.nanmin(x[y == 1], axis=0))
    high = np.fmax(high, np.nanmax(x[y == 1], axis=0))
    x = np.clip(x, low, high)
    # What says nothing about a spot (NaN) is set to the mean of all: it then moves neither way.
    x = np.where(np.isnan(x), np.nanmean(x, axis=0), x)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    slopes, intercept = _logistic((x - mean) / spread, y, weight, ridge=ridge)
    slopes = slopes / spread
    # Evidence is counted from the point between the others' mean and the lenses' mean at which the model gives
    # just the share of lenses it was fitted with: there the features say nothing.
    base = np.average(y, weights=weight)
    other, lens = (np.average(x[y == value], axis=0, weights=weight[y == value]) for value in (0, 1))
    nothing = np.log(base / (1.0 - base)) - intercept
    centre = other + (lens - other) * (nothing - slopes @ (other - mean)) / (slopes @ (lens - other))
    return GlintModel(centre=centre, low=low, high=high, weight_db=slopes * DB_PER_NAT)


def _logistic(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], *, ridge: float
) -> tuple[NDArray[np.float64], float]:
    """Return slopes and intercept of a ridge logistic regression by Newton's method; the intercept is free."""
    design = np.hstack([x, np.ones((len(x), 1))])
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 0.0
    beta = np.zeros(design.shape[1])
    base = np.average(y, weights=weight)
    beta[-1] = np.log(base / (1.0 - base))
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ beta, -30.0, 30.0)))
        gradient = design.T @ (weight * (p - y)) + penalty * beta
        curvature = (design * (weight * p * (1.0 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        beta -= step * min(1.0, 5.0 / (np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return beta[:-1], float(beta[-1])


def to_csv(fitted: GlintModel, *, source: str) -> str:
    """Return the model as the rows of the table ``glint_model``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["cue", "feature", "centre", "low", "high", "weight_db", "source"])
    rows = [
        (cue, feature, *(f"{value:.4g}" for value in values), source)
        for (feature, cue), *values in zip(
            CUES.items(), fitted.centre, fitted.low, fitted.high, fitted.weight_db, strict=True
        )
    ]
    writer.writerows(sorted(rows))
    return out.getvalue()
