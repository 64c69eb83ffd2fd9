"""From a spot's measures to weighed evidence.

The measures of :mod:`.spots` are turned into a few features, each clipped to the range it was fitted on, and a
logistic model (table ``glint_model``, fitted by :mod:`roomsweep.calibration.glint_fit`) gives every feature a
weight in decibans per unit. Features that tell the same story are added into one cue, and each cue becomes one
line of evidence that a person can read. All cues of a still picture are of one family, ``shape``: a single
still can therefore never make more than ``look``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..result import Evidence, Grade
from ..signatures.tables import load_table
from ..weighing import weigh
from .spots import Column, Spots

#: Share of the contrast that is left without the torch: below, the torch makes the spot; above, it shines or is
#: painted by itself. Measured on the registered pairs of the development pictures: 13 lenses have 0-0.14.
GATED_MAX = 0.2
PERSISTS_MIN = 0.5


def features(spots: Spots, *, median_surround: float) -> dict[str, Column]:
    """Return the model's features of each spot.

    Parameters
    ----------
    spots
        n spots of one picture.
    median_surround
        Median of ``spots.surround`` over all spots of the picture, grey levels.

    Returns
    -------
    dict
        Feature name to n values; natural logarithms where the measure is a ratio, NaN where it says nothing.
    """
    area = np.log(np.pi * spots.radius_px**2)
    relative = np.log((spots.surround + 10.0) / (median_surround + 10.0))
    red_field = np.isnan(spots.tint)
    return {
        "height": np.log(spots.height),
        "ratio": np.log((spots.peak + 10.0) / (spots.surround + 10.0)),
        "snr": np.log(spots.height / (spots.noise + 2.0)),
        "prominence": spots.prominence,
        "area": area,
        # 2.2 is the middle of the fitted glints' log areas: nine pixels.
        "area_off": (area - 2.2) ** 2,
        "elongation": np.log(spots.elongation),
        "foot": np.clip(spots.foot, 1.0, 6.0),
        "open_ended": spots.open_ended,
        "ring_spread": np.log(spots.ring_spread + 0.03),
        "ring_tilt": np.log(spots.ring_tilt + 0.03),
        "ring_high": np.clip(spots.ring_high, 0.0, 1.0),
        "ring_max": np.clip(spots.ring_max, 0.0, 1.5),
        "tint": spots.tint,
        "clutter": np.log(spots.clutter + 1.0) - np.log(spots.contrast),
        "neighbours": np.log1p(spots.neighbours),
        "peers": np.log1p(spots.peers),
        # Polished metal mirrors the dark room, so its highlights lie in the dark; but so do lenses in dark things.
        # Beyond a factor of two either way brightness is not let speak: unbounded it cost a lens on a black box
        # 31 dB (docs/decisions.md). In a red field the channel of glints shows colour, not brightness.
        "host_bright": np.where(red_field, np.nan, np.minimum(spots.surround / 255.0, 0.5)),
        "host_relative": np.where(red_field, np.nan, np.clip(relative, -0.7, 0.7)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One feature of the model: `weight_db` decibans for each unit above `centre`, within `low`..`high`."""

    cue: str
    feature: str
    centre: float
    low: float
    high: float
    weight_db: float


@cache
def model() -> tuple[Term, ...]:
    """Return the shipped model."""
    return tuple(
        Term(
            cue=row["cue"],
            feature=row["feature"],
            centre=float(row["centre"]),
            low=float(row["low"]),
            high=float(row["high"]),
            weight_db=float(row["weight_db"]),
        )
        for row in load_table("glint_model").rows
    )


def shape_weights(spots: Spots, *, terms: Sequence[Term] | None = None) -> dict[str, Column]:
    """Return each cue's weight for every spot, decibans, by rule name; `terms` replace the shipped model's."""
    terms = model() if terms is None else terms
    if len(spots) == 0:
        return {term.cue: np.empty(0) for term in terms}
    values = features(spots, median_surround=float(np.median(spots.surround)))
    out: dict[str, Column] = {}
    for term in terms:
        value = np.clip(values[term.feature], term.low, term.high)
        weight = np.nan_to_num(term.weight_db * (value - term.centre), nan=0.0)
        out[term.cue] = out.get(term.cue, np.zeros(len(spots))) + weight
    return out


def _words(cue: str, spots: Spots, index: int, weight_db: float) -> str:
    """Say what was observed for one cue."""
    width = 2.0 * spots.radius_px[index]
    alone = int(spots.neighbours[index])
    for_it = weight_db > 0.0
    return {
        "shape.contrast": f"{spots.height[index]:.0f} of 255 grey levels brighter than its surround"
        + (", more than most bright spots here" if for_it else ", no more than other bright spots here"),
        "shape.compact": f"{width:.1f} pixels wide, "
        + ("small, round and sharp like a lens glint" if for_it else "not as small, round and sharp as a lens glint"),
        "shape.surround": "the surface around it is "
        + ("even, as around a hole with a lens" if for_it else "uneven or shaded, as on metal or glass"),
        "shape.tint": "its colour "
        + ("differs from" if spots.tint[index] > 0.15 else "is close to")
        + " its surround's",
        "shape.alone": (
            "it stands alone" if alone == 0 else f"{alone} similar spots close by, as on screws, foil or mesh"
        ),
        "shape.host": "it sits on " + ("a lit, matt part" if for_it else "a dark or shiny part") + " of the picture",
    }[cue]


def shape_evidence(spots: Spots, weights: dict[str, Column], index: int) -> tuple[Evidence, ...]:
    """Return the evidence of one spot's shape, strongest first."""
    card = load_table("glint_model").card
    lines = [
        Evidence(
            rule=cue,
            grade=Grade.S,
            weight_db=round(float(column[index]), 1),
            says=_words(cue, spots, index, float(column[index])),
            reference=f"weight: {card.source}",
        )
        for cue, column in weights.items()
        if not (np.isnan(spots.tint[index]) and cue in ("shape.tint", "shape.host"))
    ]
    return tuple(sorted(lines, key=lambda line: -abs(line.weight_db)))


def torch_evidence(persistence: float) -> Evidence | None:
    """Return what the torch-off picture says about one spot; None where the spot lies outside of it."""
    if np.isnan(persistence):
        return None
    if persistence < GATED_MAX:
        return weigh("torch.gated", "there with the torch, gone without it")
    if persistence < PERSISTS_MIN:
        return weigh("torch.dimmed", "much weaker without the torch")
    return weigh("torch.persists", "there without the torch too: it shines by itself or is a bright mark")
