"""From evidence to probability and level.

Weights are decibans, 10 log10 of the likelihood ratio camera : not a camera, so independent facts add up
(Good, 1950). They come from the table ``weights``: each rule with the counts it was measured on, or the
words "reasoned" and why. Levels follow the contract: identity identifies, independent cues make a suspect,
and a cue without identity or behaviour behind it is capped at ``look``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from .errors import DataError
from .result import Evidence, Grade, Level
from .signatures.tables import load_table

#: Families whose evidence, at grade A or B, is the thing's own statement that it is a camera.
IDENTITY_FAMILIES = frozenset({"identity"})

#: Families that show behaviour or optics of a camera; two different ones make a suspect. Hints (a vendor, a
#: name lead, a signal) are not among them: any number of hints stays ``look``. Nor is the torch: what is there
#: with it and gone without it may be a lens or a polished bolt, which one pair of pictures does not tell apart
#: (measured: 19.6 dB for a lens and 26 dB for a bolt of one pair).
CUE_FAMILIES = frozenset({"behaviour", "shape", "motion", "glow"})

#: Families of which two different rules make a suspect: company and service of one advert are two statements
#: that the device makes about itself.
STATEMENT_FAMILIES = frozenset({"worn"})


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
    return round(1.0 / (1.0 + math.pow(10.0, -total_db / 10.0)), 4)


def level_of(
    evidence: Sequence[Evidence], *, look: str = "policy.look_db", suspect: str = "policy.suspect_db"
) -> Level:
    """Return the level that this evidence carries.

    ``identified`` needs an identity of grade A or B. ``suspect`` needs a sum of at least the limit `suspect`
    and either a behaviour, or cues of two independent families, or two statements of the device about itself.
    ``look`` needs a sum of at least the limit `look`. Everything else is ``noted``.

    Parameters
    ----------
    evidence
        Facts about one thing.
    look, suspect
        Rule names of the limits in the table ``weights``.
    """
    if any(
        item.family in IDENTITY_FAMILIES and item.grade in (Grade.A, Grade.B) and item.weight_db > 0
        for item in evidence
    ):
        return Level.IDENTIFIED
    total_db = sum(item.weight_db for item in evidence)
    speaking = [item for item in evidence if item.weight_db > 0]
    cues = {item.family for item in speaking if item.family in CUE_FAMILIES}
    statements = {item.rule for item in speaking if item.family in STATEMENT_FAMILIES}
    independent = "behaviour" in cues or len(cues) >= 2 or len(statements) >= 2
    if independent and total_db >= weights()[suspect].weight_db:
        return Level.SUSPECT
    if total_db >= weights()[look].weight_db:
        return Level.LOOK
    return Level.NOTED
