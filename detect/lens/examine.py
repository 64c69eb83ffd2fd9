"""Photos and torch pairs to findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..result import Evidence, Examined, Finding, FindingKind, Level, Source, SourceState, Where
from ..text import clean
from ..weighing import level_of, probability_of
from .judge import Term, shape_evidence, shape_weights, torch_evidence
from .pair import Registration, persistence, register
from .reading import Picture
from .spots import Image, Spots, find_spots, grey_of, is_red_field

#: Spots worth a look in one picture: as many places as a frightened person checks in one go. The stronger ones
#: of a picture full of glitter come first; how many were left out is said.
LOOKS_MAX = 5

#: Spots listed for one picture, those below `look` among them.
LISTED_MAX = 8

#: Spots that the torch-off picture is asked about, best shape first: the torch adds at most 2 dB, so that none
#: of the others could come up to be listed.
ASKED_MAX = 60

ADVICE_PHOTO = (
    "Go there with the torch beside the phone's camera, about half a metre away, and move the phone slowly 30 cm "
    "to either side. A lens keeps its bright point on the same place until it goes out; on a screw or a tap "
    "the point slides. A second photo from the same place with the torch off rules out lamps."
)
ADVICE_PAIR = (
    "Go there with the torch beside the phone's camera, about half a metre away, and move the phone slowly 30 cm "
    "to either side. A lens keeps its bright point on the same place until it goes out; on a screw or a tap "
    "the point slides. Look for a hole in the object around it."
)
ADVICE_NOTED = "Nothing to do, unless the object looks out of place to you."


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedPair:
    """A torch pair's outcome, with the torch-off picture laid over the torch-on picture for showing.

    `off` has the shape of the torch-on picture, or is None where the two could not be laid over each other.
    """

    examined: Examined
    off: Image | None


def examine_photo(
    picture: Picture, *, source_id: str, kind: str = "photo", terms: Sequence[Term] | None = None
) -> Examined:
    """Find and judge the spots of one photo.

    Parameters
    ----------
    picture
        From :func:`.reading.read_picture`.
    source_id, kind
        Of the source that is returned.
    terms
        The glint model, where it is not the shipped one: to judge scenes by a model that has not seen them.

    Returns
    -------
    Examined
        Findings of kind ``lens_glint``, strongest first, never above ``look``.
    """
    spots = find_spots(picture.image, profile=picture.profile)
    facts = _facts(picture, spots)
    return _examined(
        spots, None, facts, name=picture.name, source_id=source_id, kind=kind, partly=picture.damage, terms=terms
    )


def examine_pair(on: Picture, off: Picture, *, source_id: str, terms: Sequence[Term] | None = None) -> ExaminedPair:
    """Find the spots of the torch-on photo and ask the torch-off photo about each.

    A pair that cannot be laid over each other is examined as a single photo and said to be partial.

    Parameters
    ----------
    on, off
        The same place with and without the torch; a hand's shift and turn between them is allowed.
    source_id
        Of the source that is returned, of kind ``pair``.
    terms
        As in :func:`examine_photo`.
    """
    spots = find_spots(on.image, profile=on.profile)
    facts = {**_facts(on, spots), "off_name": off.name, "off_sha256": off.sha256}
    name = f"{on.name} + {off.name}"
    red = is_red_field(on.image)
    problem, off_image = _same_size(on.image, off.image)
    registration: Registration | None = None
    if problem is None:
        registration = register(grey_of(on.image, red_field=False), grey_of(off_image, red_field=False))
        facts["registration_margin"] = round(registration.margin, 3)
        if registration.trusted:
            facts["shift_px"] = round(registration.shift_px, 1)
            facts["turn_deg"] = round(registration.turn_deg, 2)
        else:
            problem = "the two photos show too little in common to be laid over each other"
            registration = None
    partly: str | None
    if registration is None:
        partly = f"was looked at with the torch on only: {problem}"
        examined = _examined(
            spots, None, facts, name=name, source_id=source_id, kind="pair", partly=partly, terms=terms
        )
        return ExaminedPair(examined=examined, off=None)
    shape_db = np.sum(list(shape_weights(spots, terms=terms).values()), axis=0)
    asked = np.argsort(-shape_db, kind="stable")[:ASKED_MAX]
    left = np.full(len(spots), np.nan)
    left[asked] = persistence(
        spots.take(asked),
        grey_of(on.image, red_field=red),
        grey_of(off_image, red_field=red),
        registration,
        profile=on.profile,
    )
    damage = [f"{clean(picture.name)} {picture.damage}" for picture in (on, off) if picture.damage]
    partly = f"is not whole: {'; '.join(damage)}" if damage else None
    examined = _examined(spots, left, facts, name=name, source_id=source_id, kind="pair", partly=partly, terms=terms)
    shown = cv2.warpAffine(
        off_image,
        registration.matrix,
        (on.image.shape[1], on.image.shape[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return ExaminedPair(examined=examined, off=np.asarray(shown, dtype=np.uint8))


def look_limit(spots: Spots, *, paired: bool) -> str:
    """Return the name of the evidence from which a spot is worth a look, a row of the table ``weights``."""
    if paired:
        return "policy.look_pair_db"
    red_field = len(spots) and bool(np.isnan(spots.tint).all())
    return "policy.look_red_db" if red_field else "policy.look_glint_db"


def _same_size(on: Image, off: Image) -> tuple[str | None, Image]:
    """Return what keeps the two from being compared, and the torch-off picture at the torch-on picture's size."""
    if on.shape == off.shape:
        return None, off
    rows, columns = on.shape[:2]
    # 2 % of difference is a crop of a few pixels; more is another format or orientation.
    if abs(off.shape[1] / off.shape[0] * rows / columns - 1.0) > 0.02:
        return f"the two photos differ in shape ({columns} x {rows} and {off.shape[1]} x {off.shape[0]} pixels)", off
    return None, np.asarray(cv2.resize(off, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _facts(picture: Picture, spots: Spots) -> dict[str, Any]:
    facts = {**picture.facts, "bright_spots": len(spots)}
    if is_red_field(picture.image):
        facts["red_field"] = True
    return facts


def _examined(
    spots: Spots,
    left: np.ndarray[tuple[int], np.dtype[np.float64]] | None,
    facts: dict[str, Any],
    *,
    name: str,
    source_id: str,
    kind: str,
    partly: str | None,
    terms: Sequence[Term] | None,
) -> Examined:
    """Judge the spots and make the findings."""
    weights = shape_weights(spots, terms=terms)
    total_db = np.sum(list(weights.values()), axis=0)
    torch = [torch_evidence(float(value)) for value in left] if left is not None else [None] * len(spots)
    total_db = total_db + np.array([line.weight_db if line else 0.0 for line in torch])
    findings = []
    looks = beyond = 0
    for place, index in enumerate(np.argsort(-total_db, kind="stable").tolist()):
        gated = torch[index]
        evidence = shape_evidence(spots, weights, index)
        if gated is not None:
            evidence = (gated, *evidence)
        level = level_of(evidence, look=look_limit(spots, paired=left is not None))
        raised = level is not Level.NOTED
        if raised:
            looks += 1
            if looks > LOOKS_MAX:
                beyond += 1
                level = Level.NOTED
        if place < LISTED_MAX:
            findings.append(_finding(spots, index, evidence, level, number=place + 1, source_id=source_id))
        elif not raised:
            break  # the weaker ones are not raised either
    facts["spots_worth_a_look"] = looks
    if beyond:
        facts["spots_worth_a_look_not_raised"] = beyond
    source = Source(
        id=source_id,
        kind=kind,
        name=name,
        state=SourceState.PARTIAL if partly else SourceState.EXAMINED,
        reason=partly,
        facts=facts,
    )
    return Examined(source=source, findings=tuple(findings))


def _finding(
    spots: Spots, index: int, evidence: tuple[Evidence, ...], level: Level, *, number: int, source_id: str
) -> Finding:
    rules = {line.rule for line in evidence}
    paired = any(rule.startswith("torch.") for rule in rules)
    if "torch.gated" in rules:
        title = "A small bright spot that is there only with the torch"
    elif "torch.persists" in rules:
        title = "A small light or bright mark that is there without the torch too"
    else:
        title = "A small bright spot"
    raised = ADVICE_PAIR if paired else ADVICE_PHOTO
    return Finding(
        id=f"{source_id}-{number}",
        kind=FindingKind.LENS_GLINT,
        level=level,
        probability=probability_of(evidence, prior="prior.glint"),
        title=title,
        source_ids=(source_id,),
        where=Where(
            x_px=round(float(spots.x_px[index]), 2),
            y_px=round(float(spots.y_px[index]), 2),
            radius_px=round(float(spots.radius_px[index]), 2),
        ),
        evidence=evidence,
        advice=ADVICE_NOTED if level is Level.NOTED else raised,
    )
