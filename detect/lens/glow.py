"""Infrared lights of night-vision cameras in a picture taken in the dark with the torch off.

What is known. Night-vision cameras light the room with LEDs at 850 or 940 nm as soon as it is dark. Eyes do not see
940 nm, and 850 nm at most as a faint dull red when looked into. Silicon sees both, 940 nm about half as well as
850 nm, and the dyes of a colour sensor's filters let both pass in all three colours: balanced for daylight that
gives violet, pink or white. Whether it reaches the sensor depends on the phone's infrared filter: the main cameras
of most phones of the last ten years stop nearly all of it, many selfie cameras do not.

What is not known. No phone has been measured here; on some cameras infrared lights look red. Remote controls, face
unlocking, motion detectors and smart speakers use the same LEDs. So colour is a hint, a ring of lights a better one,
and the person with eyes in the room decides: everything here is of one family, ``glow``, and never more than `look`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..result import Evidence, Examined, Finding, FindingKind, Level, Source, SourceState, Where
from ..weighing import level_of, probability_of, weigh
from .grouping import Form, Group, group_lights
from .lights import DARK_MAX, Lights, darkness_of, find_lights, light_px
from .profile import CameraProfile
from .reading import Picture
from .spots import Image

#: Lights worth a look in one picture, and listed for it: as for glints.
LOOKS_MAX, LISTED_MAX = 5, 8

#: Hue of what is called violet or pink, degrees. Blue LEDs lie at 225-245, red ones at 345-10, purple between them in
#: no common status LED; equal light in the three colours, balanced for daylight, comes out at 280-330; the single
#: red pixels of a noisy sensor reach 344 after JPEG.
VIOLET_DEG = (262.0, 338.0)

#: Hue up to which a colour is called red or orange.
RED_TO_DEG = 30.0

#: Saturation below which a light is white.
PALE_MAX = 0.35

#: Colour is told where the light is this many times its noise.
COLOUR_SNR_MIN = 8.0

#: A light longer than this for its width is a slit, a reflection or part of a figure.
LONG_MIN = 2.2

#: A light whose radius is above this share of the widest light's is large: 12 mm across at half a metre.
LARGE_SHARE = 0.15

#: Share of the light in one pixel from which it is a pixel's own fault. A point spread of 0.5 px, sharper than any
#: phone's after demosaicking, puts at most 0.35 there with the rounding of sRGB; single hot pixels have 0.43-0.81 in
#: rendered pictures.
HOT_SHARE_MIN = 0.42

#: Surround, grey levels, from which a light lies on something lit: a screen, a lamp's shade, a window.
LIT_SURROUND_MIN = 110.0

ADVICE_GLOW = (
    "Do you see this light with your own eyes? Go near in the dark and look. If you see nothing there, or only a faint "
    "dull red, it is infrared. Remote controls, motion detectors and face unlocking use infrared too, so look from "
    "close by, with the torch on, for a round hole with glass beside the light or in the middle of the lights. If you "
    "see it as bright as in the picture, it is an ordinary light."
)
ADVICE_GLOW_NOTED = "If you do not see this light with your own eyes, photograph it again from closer by, in the dark."

_COLOUR_NAMES = {
    "glow.violet": "white-violet",
    "glow.whitish": "white",
    "glow.reddish": "red or orange",
    "glow.coloured": "coloured",
    "glow.colour_unknown": "faint",
}

_SAYS = {
    "glow.violet": "violet, pink or white-violet: infrared looks so to many cameras, and few lights made for eyes do",
    "glow.whitish": "white: infrared looks so to some cameras, and so do many ordinary lights",
    "glow.reddish": "red or orange, as most standby lights are; on some cameras infrared looks red as well",
    "glow.coloured": "green, blue or yellow, which only lights made for eyes are",
    "glow.colour_unknown": "too faint or too noisy to tell its colour",
    "glow.long": "long, like a slit, a reflection or a part of a figure",
    "glow.large": "larger than the small lights around a lens, though glare can run together",
    "glow.pattern": "among bars and areas of light, as in a clock's figures or on a screen",
    "glow.hot_pixel": "a single pixel wide, narrower than any lens draws a light: most likely a fault of the sensor",
    "glow.lit_surround": "it lies on something that is itself lit",
    "glow.not_dark": "the picture is not dark: night-vision lights switch on in the dark only, and gloss shines too",
    "glow.fitful": "it comes and goes",
    "glow.sensor_fixed": "it stays on the same pixels while the room moves through the picture: a fault of the sensor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Glow:
    """One light or group of lights, with the rules that speak about it.

    Parameters
    ----------
    group
        Members and place.
    rules
        Rule names of the table ``weights``; at most one on colour and one on each other topic.
    """

    group: Group
    rules: tuple[str, ...]

    @property
    def x_px(self) -> float:
        """Middle of the group."""
        return self.group.x_px

    @property
    def y_px(self) -> float:
        """Middle of the group."""
        return self.group.y_px


def glows_of(image: Image, *, profile: CameraProfile | None = None, dark: bool = True) -> tuple[Lights, list[Glow]]:
    """Return the lights of a picture, and each light or group of lights with the rules that hold for it.

    Parameters
    ----------
    image
        (rows, columns, 3) uint8, blue-green-red, upright.
    profile
        The camera.
    dark
        Whether the picture is dark (:func:`.lights.darkness_of`).
    """
    profile = profile or CameraProfile()
    lights = find_lights(image, profile=profile)
    wide = light_px(profile, image.shape[1], image.shape[0])
    forms = _forms(lights, wide=wide)
    small = np.array([form == "" for form in forms], dtype=bool)
    groups = group_lights(lights, is_part=small)
    return lights, [Glow(group=group, rules=_rules(lights, group, forms, dark=dark)) for group in groups]


def _forms(lights: Lights, *, wide: int) -> list[str]:
    """Return for each light the rule on its shape, or "" for a small round one."""
    large = (lights.radius_px > max(6.0, LARGE_SHARE * wide)) | (lights.open_ended > 0.0)
    long = (lights.elongation > LONG_MIN) & (lights.radius_px > 1.5)
    # Parts of a figure: two or more bars or areas close by for their size.
    extent = 3.0 * lights.radius_px * np.sqrt(lights.elongation)
    forms = []
    for index in range(len(lights)):
        apart = np.hypot(lights.x_px - lights.x_px[index], lights.y_px - lights.y_px[index])
        beside = (large | long) & (apart < np.maximum(extent, extent[index]))
        beside[index] = False
        if lights.concentration[index] > HOT_SHARE_MIN:
            forms.append("glow.hot_pixel")
        elif beside.sum() >= 2 or (long[index] and beside.any()):
            forms.append("glow.pattern")
        elif long[index]:
            forms.append("glow.long")
        else:
            forms.append("glow.large" if large[index] else "")
    return forms


def _rules(lights: Lights, group: Group, forms: Sequence[str], *, dark: bool) -> tuple[str, ...]:
    members = np.array(group.members)
    rules = []
    if group.form in (Form.RING, Form.ROW):
        rules.append(f"glow.{group.form}")
    elif group.form is Form.FEW and len(members) >= 3:
        rules.append("glow.cluster")
    elif group.form is Form.CROWD:
        rules.append("glow.pattern")
    colour = _colour_rule(lights, members)
    rules.append(colour)
    shapes = dict.fromkeys(forms[index] for index in group.members if forms[index])
    # No clock has violet figures, but the glare of infrared LEDs runs together into such.
    rules += ["glow.long" if shape == "glow.pattern" and colour == "glow.violet" else shape for shape in shapes]
    if np.median(lights.surround[members]) > LIT_SURROUND_MIN:
        rules.append("glow.lit_surround")
    if not dark:
        rules.append("glow.not_dark")
    return tuple(dict.fromkeys(rules))


def _colour_rule(lights: Lights, members: NDArray[np.intp]) -> str:
    """Name the colour of the members' light together."""
    sure = members[lights.colour_snr[members] >= COLOUR_SNR_MIN]
    if len(sure) == 0:
        return "glow.colour_unknown"
    red, green, blue = (float(np.median(column[sure])) for column in (lights.red, lights.green, lights.blue))
    most, least = max(red, green, blue), max(min(red, green, blue), 0.0)
    if 1.0 - least / most < PALE_MAX:
        return "glow.whitish"
    hue = float(np.degrees(np.arctan2(np.sqrt(3.0) * (green - blue), 2.0 * red - green - blue))) % 360.0
    if VIOLET_DEG[0] <= hue < VIOLET_DEG[1]:
        return "glow.violet"
    return "glow.reddish" if hue >= VIOLET_DEG[1] or hue < RED_TO_DEG else "glow.coloured"


def glow_evidence(rules: Sequence[str], *, count: int) -> tuple[Evidence, ...]:
    """Return the weighed evidence of `rules` about `count` lights, strongest first."""
    says = {
        "glow.ring": f"{count} like lights in a ring, as around the lens of a night-vision camera",
        "glow.row": f"{count} like lights in an even row",
        "glow.cluster": f"{count} like lights close together",
        **_SAYS,
    }
    return tuple(sorted((weigh(rule, says[rule]) for rule in rules), key=lambda line: -abs(line.weight_db)))


def title_of(rules: Sequence[str], *, count: int) -> str:
    """Return a finding's title."""
    colour = next((_COLOUR_NAMES[rule] for rule in rules if rule in _COLOUR_NAMES), "faint")
    if "glow.ring" in rules:
        return f"A ring of {count} small {colour} lights in the dark"
    if "glow.row" in rules:
        return f"A row of {count} small {colour} lights in the dark"
    if count > 1:
        return f"{count} small {colour} lights close together in the dark"
    if "glow.pattern" in rules or "glow.long" in rules:
        return f"A {colour} bar or figure of light in the dark"
    return f"A {'' if 'glow.large' in rules else 'small '}{colour} light in the dark"


def examine_dark_photo(picture: Picture, *, source_id: str, kind: str = "dark_photo") -> Examined:
    """Find and judge the lights of a photo taken in the dark with the torch off.

    Parameters
    ----------
    picture
        From :func:`.reading.read_picture`.
    source_id, kind
        Of the source that is returned. A picture that is not dark makes it partial.

    Returns
    -------
    Examined
        Findings of kind ``lens_glint``, never above ``look``.
    """
    level = darkness_of(picture.image)
    dark = level <= DARK_MAX
    lights, glows = glows_of(picture.image, profile=picture.profile, dark=dark)
    faults = sum(is_fault(glow.rules) for glow in glows)
    judged = [
        (
            glow_evidence(glow.rules, count=len(glow.group.members)),
            title_of(glow.rules, count=len(glow.group.members)),
            Where(
                x_px=round(glow.x_px, 2), y_px=round(glow.y_px, 2), radius_px=round(glow.group.radius_px, 2)
            ),
        )
        for glow in glows
        if not is_fault(glow.rules)
    ]  # fmt: skip
    findings, looks, beyond = findings_of(judged, source_id=source_id)
    reasons = [reason for reason in (picture.damage, None if dark else not_dark(level)) if reason]
    facts: dict[str, Any] = {**picture.facts, **facts_of(level, len(lights) - faults, faults, looks, beyond)}
    source = Source(
        id=source_id,
        kind=kind,
        name=picture.name,
        state=SourceState.PARTIAL if reasons else SourceState.EXAMINED,
        reason="; it ".join(reasons) or None,
        facts=facts,
    )
    return Examined(source=source, findings=findings)


def not_dark(level: float) -> str:
    """Return why a picture of this median level tells little, as a clause whose subject is the picture."""
    return (
        f"is not dark (median level {level:.0f} of 255): night-vision lights switch on in the dark only. Darken the "
        "room, switch the torch off and take it again"
    )


def is_fault(rules: Sequence[str]) -> bool:
    """Whether `rules` say that this is a fault of the sensor: it is counted, and not listed."""
    return "glow.hot_pixel" in rules or "glow.sensor_fixed" in rules


def facts_of(level: float, lights: int, faults: int, looks: int, beyond: int) -> dict[str, Any]:
    """Return what was measured, for a source's facts."""
    facts = {
        "median_level": round(level, 1),
        "lights": lights,
        "sensor_faults": faults,
        "lights_worth_a_look": looks,
    }
    return {**facts, "lights_worth_a_look_not_raised": beyond} if beyond else facts


def findings_of(
    judged: Sequence[tuple[tuple[Evidence, ...], str, Where]], *, source_id: str
) -> tuple[tuple[Finding, ...], int, int]:
    """Return the findings, strongest first, how many are worth a look, and how many of those were not raised."""
    findings: list[Finding] = []
    looks = beyond = 0
    for evidence, title, where in sorted(judged, key=lambda item: -sum(line.weight_db for line in item[0])):
        level = level_of(evidence)
        if level is not Level.NOTED:
            looks += 1
            if looks > LOOKS_MAX:
                beyond += 1
                level = Level.NOTED
        if len(findings) == LISTED_MAX:
            continue
        findings.append(
            Finding(
                id=f"{source_id}-{len(findings) + 1}",
                kind=FindingKind.LENS_GLINT,
                level=level,
                probability=probability_of(evidence, prior="prior.glow"),
                title=title,
                source_ids=(source_id,),
                where=where,
                evidence=evidence,
                advice=ADVICE_GLOW_NOTED if level is Level.NOTED else ADVICE_GLOW,
            )
        )
    return tuple(findings), looks, beyond
