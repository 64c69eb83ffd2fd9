"""From evidence to probability and level.

Weights are decibans, 10 log10 of the likelihood ratio camera : not a camera, so independent facts add up
(Good, 1950). They come from the table ``weights``: each rule with the counts it was measured on, or the
words "reasoned" and why. Levels follow the contract: identity identifies, independent cues make a suspect,
and a cue without identity or behaviour behind it is capped at ``look``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .errors import DataError
from .result import Evidence, Grade, Level
from .signatures.tables import load_table

#: Families whose evidence, at grade A or B, is the thing's own statement that it is a camera.
IDENTITY_FAMILIES = frozenset({"identity"})

#: Families that show behaviour or optics of a camera; two different ones make a suspect. Hints (a vendor, a
#: name lead, a signal) are not among them: any number of hints stays ``look``.
CUE_FAMILIES = frozenset({"behaviour", "shape", "torch", "motion", "glow"})

#: Families of which one alone makes a suspect: encrypted traffic that streams like a camera (DESIGN contract).
STRONG_FAMILIES = frozenset({"behaviour"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One row of the table ``weights``."""

    rule: str
    grade: Grade
    weight_db: float
    reference: str


@cache
def weights() -> dict[str, Weight]:
    """Return the shipped weights by rule."""
    out = {}
    for row in load_table("weights").rows:
        counts = ""
        if row["n_cameras"]:
            counts = (
                f"; seen on {row['k_cameras']} of {row['n_cameras']} cameras"
                f" and {row['k_others']} of {row['n_others']} other things"
            )
        out[row["rule"]] = Weight(
            rule=row["rule"],
            grade=Grade(row["grade"]),
            weight_db=float(row["weight_db"]),
            reference=f"{row['basis']}{counts}; {row['source']}",
        )
    return out


def weigh(rule: str, says: str, *, reference: str = "", grade: Grade | None = None) -> Evidence:
    """Return the evidence of `rule` with its shipped weight.

    Parameters
    ----------
    rule
        A rule of the table ``weights``.
    says
        The observation in plain words, names already cleaned.
    reference
        Where the matched signature comes from; the weight's own reference follows it.
    grade
        The signature's grade, where it has one of its own.

    Raises
    ------
    DataError
        If the table has no such rule.
    """
    try:
        weight = weights()[rule]
    except KeyError:
        raise DataError(f"The table of weights has no rule {rule!r}.") from None
    return Evidence(
        rule=rule,
        grade=grade or weight.grade,
        weight_db=weight.weight_db,
        says=says,
        reference=f"{reference} | weight: {weight.reference}" if reference else f"weight: {weight.reference}",
    )


def probability_of(evidence: Sequence[Evidence], *, prior: str) -> float:
    """Return the probability that the thing is a camera.

    Parameters
    ----------
    evidence
        Facts about one thing, independent given what it is; each fact once.
    prior
        Rule name of the prior in the table ``weights``, its odds in decibans: ``"prior.glint"``.

    Returns
    -------
    float
        0..1, rounded to four digits: more would be pretence.
    """
    total_db = weights()[prior].weight_db + sum(item.weight_db for item in evidence)
    return round(1.0 / (1.0 + 10.0 ** (-total_db / 10.0)), 4)


def level_of(evidence: Sequence[Evidence]) -> Level:
    """Return the level that this evidence carries.

    ``identified`` needs an identity of grade A or B. ``suspect`` needs a strong behaviour, or cues of two
    independent families whose weights are positive and no evidence that outweighs them. ``look`` needs a
    positive sum of at least ``policy.look_db``. Everything else is ``noted``.
    """
    if any(
        item.family in IDENTITY_FAMILIES and item.grade in (Grade.A, Grade.B) and item.weight_db > 0
        for item in evidence
    ):
        return Level.IDENTIFIED
    total_db = sum(item.weight_db for item in evidence)
    policy = weights()
    cues = {item.family for item in evidence if item.family in CUE_FAMILIES and item.weight_db > 0}
    if total_db >= policy["policy.suspect_db"].weight_db and (len(cues) >= 2 or cues & STRONG_FAMILIES):
        return Level.SUSPECT
    if total_db >= policy["policy.look_db"].weight_db:
        return Level.LOOK
    return Level.NOTED
