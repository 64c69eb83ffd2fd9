"""A glint and an infrared-like light at one place: two independent cues of one camera.

The two are seen in different pictures, the glint with the torch on and the light in the dark, so they are brought
together only where the dark picture can be laid over the lit one with certainty (:mod:`.pair`). A light is no second
cue to its own image in the lit picture: the glint must lie beside the light, or in the middle of the ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..result import Examined, Finding, Level
from ..weighing import level_of, probability_of, weights
from .pair import Registration, register
from .spots import Image, grey_of

#: Least margin of registration for a join. Measured on synthetic rooms with their torch-off pictures darkened, 6 each:
#: with 0.2 of the light (median level 17) 0.17-0.21, places good to 1 px of 1600; with 0.1 (median 13) 0.10-0.14; with
#: 0.05 nothing registers. On pictures of other rooms at most 0.085.
MARGIN_MIN = 0.1

#: Sigma of the smoothing of the dark picture before, as a share of the longer side: 3 px of 1600. Measured on the
#: same: it lifts the margins at 0.1 of the light from 0.05-0.09.
_SMOOTH = 0.002

#: How far from a light the lens that it shines for may be, in the light's radii: as for LEDs of one board.
_BESIDE_RADII = 14.0

#: Slack of a place carried from one picture into the other, as a share of the longer side: parallax of a hand's shift
#: between near and far things, as in :mod:`.pair`.
_SLACK = 0.006

#: Lights that may join: white ones alone are too many.
_TELLING = frozenset({"glow.violet", "glow.ring"})

ADVICE_JOINED = (
    "Do not touch it. Look at the place in the dark with your own eyes: if you see no light there, or only a faint "
    "dull red, it is infrared. Then look from close by, with the torch on, for a round hole with glass in it. If you "
    "find both, treat it as a camera: photograph it from far to near, and leave."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Outcome of laying a dark picture over a lit one.

    Parameters
    ----------
    lit, dark
        The two inputs with what was joined moved from `dark` to `lit`; unchanged where the pictures do not register.
    margin
        Of the registration; None where nothing was there to join, so that it was not tried.
    """

    lit: Examined
    dark: Examined
    margin: float | None

    @property
    def trusted(self) -> bool:
        """Whether the pictures lie over each other."""
        return self.margin is not None and self.margin >= MARGIN_MIN


def join_glow(lit: Examined, dark: Examined, *, lit_image: Image, dark_image: Image) -> Joined:
    """Bring together glints of a lit photo and lights of a dark one of the same place.

    Parameters
    ----------
    lit
        From :func:`.examine.examine_photo` or :func:`.examine.examine_pair`. Its glints take part that reach
        ``policy.look_db``, raised or not.
    dark
        From :func:`.glow.examine_dark_photo`.
    lit_image, dark_image
        The two pictures, blue-green-red; of the same shape but for their resolution.
    """
    # A picture has hundreds of bright spots, so a glint is raised by a high limit of its own only. At a place that a
    # light points out there is one, and the limit of everything else holds.
    enough_db = weights()["policy.look_db"].weight_db
    glints = [finding for finding in lit.findings if finding.weight_db >= enough_db]
    telling = [finding for finding in dark.findings if finding.level is Level.LOOK and _rules(finding) & _TELLING]
    if not glints or not telling:
        return Joined(lit=lit, dark=dark, margin=None)
    rows, columns = lit_image.shape[:2]
    across = dark_image.shape[1] / columns
    if abs(dark_image.shape[0] / rows / across - 1.0) > 0.02:
        return Joined(lit=lit, dark=dark, margin=0.0)
    sized = dark_image
    if dark_image.shape != lit_image.shape:
        sized = np.asarray(cv2.resize(dark_image, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    smooth = cv2.GaussianBlur(grey_of(sized, red_field=False), (0, 0), max(0.5, _SMOOTH * max(rows, columns)))
    laid = register(grey_of(lit_image, red_field=False), np.asarray(smooth, dtype=np.uint8))
    if laid.margin < MARGIN_MIN:
        return Joined(lit=lit, dark=dark, margin=laid.margin)
    moved: dict[str, Finding] = {}
    used: set[str] = set()
    slack_px = _SLACK * max(rows, columns)
    for glint in glints:
        for light in telling:
            if light.id not in used and _belongs(glint, light, laid, across=across, slack_px=slack_px):
                moved[glint.id] = _joined(glint, light)
                used.add(light.id)
                break
    return Joined(
        lit=replace(lit, findings=_ranked([moved.get(finding.id, finding) for finding in lit.findings])),
        dark=replace(dark, findings=tuple(finding for finding in dark.findings if finding.id not in used)),
        margin=laid.margin,
    )


def _rules(finding: Finding) -> set[str]:
    return {line.rule for line in finding.evidence}


def _belongs(glint: Finding, light: Finding, laid: Registration, *, across: float, slack_px: float) -> bool:
    """Whether the glint lies where a lens of this light would: in the middle of a ring, or beside the light."""
    if glint.where.x_px is None or glint.where.y_px is None or light.where.x_px is None or light.where.y_px is None:
        return False
    x, y = laid.matrix @ np.array([glint.where.x_px - 0.5, glint.where.y_px - 0.5, 1.0]) + 0.5
    apart = float(np.hypot(x - light.where.x_px / across, y - light.where.y_px / across))
    radius = (light.where.radius_px or 2.0) / across
    if "glow.ring" in _rules(light):
        return apart < 0.5 * radius
    return radius + slack_px < apart < max(_BESIDE_RADII * min(radius, 6.0), radius) + slack_px


def _joined(glint: Finding, light: Finding) -> Finding:
    evidence = tuple(sorted((*glint.evidence, *light.evidence), key=lambda line: -abs(line.weight_db)))
    title = "A bright spot in the middle of" if "glow.ring" in _rules(light) else "A bright spot beside"
    return replace(
        glint,
        level=level_of(evidence, look="policy.look_glint_db"),
        probability=probability_of(evidence, prior="prior.glint"),
        title=f"{title} {light.title[0].lower()}{light.title[1:]}",
        source_ids=(*glint.source_ids, *light.source_ids),
        evidence=evidence,
        advice=ADVICE_JOINED,
    )


def _ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.level.rank, -finding.weight_db)))
