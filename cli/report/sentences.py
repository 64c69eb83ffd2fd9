"""From the numbers of a finding to the sentences of :mod:`.wording`, for every report alike.

Everything returned here is ready to be shown: names are cleaned. Escaping for HTML is left to the template.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from ...detect.result import Evidence, Finding, FindingKind, Identity, Level, Result, Source, SourceState
from ...detect.text import clean
from .wording import Step, VerdictWords, checks, checks_glow, do_now, kind_name, phrase, position_name, verdict_words

#: Longest sentence shown, in characters: detectors write one sentence per field, names in it already cut at
#: 80; this only bounds what a damaged or forged result document may bring.
SENTENCE_LIMIT = 1000

#: Levels that call for :func:`steps_now`.
STRONG_LEVELS = frozenset({Level.IDENTIFIED, Level.SUSPECT})

#: The family of evidence that a camera is one that people wear (table ``weights``, rules ``worn.*``).
WORN_FAMILY = "worn"

#: How the rules begin by which such a camera says itself what it is.
WORN_IDENTITY = "identity.worn_"

#: The family of evidence on lights seen in the dark with the torch off (table ``weights``, rules ``glow.*``).
GLOW_FAMILY = "glow"

#: Bounds between strong, medium and weak signals, dBm. Free-space loss over the first metre is 40 dB at
#: 2.45 GHz (ITU-R P.525) and indoors 30 dB per decade of distance after that (ITU-R P.1238-12, N = 30): a
#: Bluetooth sender of 0 dBm falls to -50 dBm at 2 m and to -70 dBm at 10 m, a Wi-Fi sender of 15 dBm at 7 m
#: and 32 m. Walls shorten all of them.
SIGNAL_STRONG_DBM, SIGNAL_WEAK_DBM = -50.0, -70.0

#: Steps of the words for a weight, decibans: Jeffreys, Theory of Probability (1961), appendix B, grades at
#: half powers of ten of the likelihood ratio; his third and fourth grade are one here.
STRENGTH_STEPS_DB = (5.0, 10.0, 20.0)

#: Numbers that "about 1 in N" is rounded to: more digits would pretend to a precision that no weight has.
_ONE_IN = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 70, 100, 150, 200, 300, 500, 700, 1000)


def show(text: str) -> str:
    """Return a sentence made elsewhere (title, evidence, advice, reason) cleaned for one line."""
    return clean(text, limit=SENTENCE_LIMIT)


def chance(probability: float | None) -> str:
    """Return a probability as a frequency in words: ``about 1 in 20``."""
    if probability is None or not 0.0 <= probability <= 1.0:
        return phrase("chance_unknown")
    if probability < 0.0008:  # nearer to nothing than to 1 in 1,000 on the ladder below
        return phrase("chance_below")
    if probability < 0.45:
        count = min(_ONE_IN, key=lambda n: abs(math.log(probability * n)))
        return phrase("chance_one_in", count=count)
    if probability < 0.945:
        return phrase("chance_in_ten", count=round(10 * probability))
    if probability < 0.995:
        return phrase("chance_in_hundred", count=round(100 * probability))
    return phrase("chance_above")


def chance_sentence(probability: float | None) -> str:
    """Return the sentence on the estimate."""
    if probability is None or not 0.0 <= probability <= 1.0:
        return phrase("chance_none")
    return phrase("chance", chance=chance(probability))


def strength(weight_db: float) -> str:
    """Return in words how strongly a weight speaks, and for which side."""
    weak, fair, strong = STRENGTH_STEPS_DB
    size = abs(weight_db)
    if size < 0.05:  # shown as 0.0 dB
        return phrase("strength_neutral")
    if weight_db > 0:
        grade = "weak" if size < weak else "fair" if size < fair else "strong" if size < strong else "very"
        return phrase(f"strength_for_{grade}")
    grade = "weak" if size < weak else "fair" if size < fair else "strong"
    return phrase(f"strength_against_{grade}")


def weight_words(evidence: Evidence) -> str:
    """Return the weight of one piece of evidence: words, signed decibans, grade."""
    return phrase("weight", strength=strength(evidence.weight_db), weight=evidence.weight_db, grade=evidence.grade)


def signal(rssi_dbm: float) -> str:
    """Return what a signal strength tells about the distance, which is little."""
    if rssi_dbm >= SIGNAL_STRONG_DBM:
        return phrase("signal_strong", rssi=rssi_dbm)
    return phrase("signal_medium" if rssi_dbm >= SIGNAL_WEAK_DBM else "signal_weak", rssi=rssi_dbm)


def has_point(finding: Finding) -> bool:
    """Whether the finding has a place in a picture."""
    x, y = finding.where.x_px, finding.where.y_px
    return x is not None and y is not None and math.isfinite(x) and math.isfinite(y)


def picture_size(source: Source | None) -> tuple[float, float] | None:
    """Return width and height of a source's picture from its facts, where it has them."""
    facts: Mapping[str, object] = {} if source is None else source.facts
    width, height = facts.get("width_px"), facts.get("height_px")
    if isinstance(width, int | float) and isinstance(height, int | float) and width > 0 and height > 0:
        return float(width), float(height)
    return None


def position(finding: Finding, size: tuple[float, float] | None) -> str:
    """Return in words where in the picture the finding lies: ``upper left``; empty if that is not known."""
    where = finding.where
    if where.x_px is None or where.y_px is None or size is None or not has_point(finding):
        return ""
    return position_name(where.x_px, where.y_px, width=size[0], height=size[1])


def where_sentences(
    finding: Finding, sources: Mapping[str, Source], *, size: tuple[float, float] | None = None
) -> tuple[str, ...]:
    """Return where the finding was seen or heard.

    Parameters
    ----------
    finding
        Any finding.
    sources
        The result's sources by id.
    size
        Width and height of the picture that `where` belongs to, px; by default from the source's facts.
    """
    names = [clean(sources[key].name if key in sources else key) for key in finding.source_ids]
    name = names[0] if names else ""
    size = size or picture_size(sources.get(finding.source_ids[0]) if finding.source_ids else None)
    where, out = finding.where, []
    if has_point(finding):
        place = position(finding, size)
        if place and size:
            out.append(
                phrase(
                    "where_position",
                    position=place,
                    name=name,
                    x=where.x_px,
                    y=where.y_px,
                    width=int(size[0]),
                    height=int(size[1]),
                )
            )
        else:
            out.append(phrase("where_pixels", x=where.x_px, y=where.y_px, name=name))
    elif finding.kind is FindingKind.LAN_HOST:
        out.append(phrase("where_lan", name=name))
    elif finding.kind.value != "lens_glint":
        live = bool(finding.source_ids) and _kind_of(sources.get(finding.source_ids[0])).endswith("_live")
        known = "_placed" if where.zone else "_live" if live else ""
        out.append(phrase(f"where_radio{known}", name=name))
    else:
        out.append(phrase("where_unknown", name=name))
    if where.t_s is not None and has_point(finding):
        out.append(phrase("where_time", time=clock(where.t_s), name=name))
    if where.zone:
        out.append(phrase("where_zone", zone=clean(where.zone)))
    if len(names) > 1:
        out.append(phrase("also_in", names=", ".join(names[1:])))
    return tuple(out)


def _kind_of(source: Source | None) -> str:
    return "" if source is None else source.kind


def clock(t_s: float) -> str:
    """Return seconds into a recording as minutes and seconds: ``1:07.4``."""
    minutes, seconds = divmod(max(t_s, 0.0), 60.0)
    return f"{int(minutes)}:{seconds:04.1f}"


def identity_rows(identity: Identity) -> tuple[tuple[str, str], ...]:
    """Return what a thing calls itself, as label and value."""
    rows = []
    if identity.ssid is not None:
        rows.append((phrase("ssid"), clean(identity.ssid) or phrase("ssid_empty")))
    if identity.name:
        rows.append((phrase("name"), clean(identity.name)))
    if identity.vendor:
        rows.append((phrase("vendor"), phrase("vendor_note", vendor=clean(identity.vendor))))
    if identity.mac:
        rows.append((phrase("mac"), clean(identity.mac)))
    if identity.bssid and identity.bssid != identity.mac:
        rows.append((phrase("bssid"), clean(identity.bssid)))
    if identity.ip:
        rows.append((phrase("ip"), clean(identity.ip)))
    return tuple(rows)


def strongest_reason(finding: Finding) -> str:
    """Return what the weightiest evidence for a camera says, or failing that the weightiest at all."""
    if not finding.evidence:
        return ""
    return show(max(finding.evidence, key=lambda item: item.weight_db).says)


def is_worn(finding: Finding) -> bool:
    """Whether the finding is a camera that people wear."""
    return any(
        (item.family == WORN_FAMILY or item.rule.startswith(WORN_IDENTITY)) and item.weight_db > 0
        for item in finding.evidence
    )


def is_glow(finding: Finding) -> bool:
    """Whether the finding was seen as a light in the dark only."""
    return bool(finding.evidence) and all(item.family == GLOW_FAMILY for item in finding.evidence)


def strong_findings(result: Result) -> tuple[Finding, ...]:
    """Return the findings that are identified or suspect."""
    return tuple(item for item in result.findings if item.level in STRONG_LEVELS)


def worn_only(result: Result) -> bool:
    """Whether there are strong findings, all of them cameras that people wear."""
    strong = strong_findings(result)
    return bool(strong) and all(is_worn(item) for item in strong)


def verdict_of(result: Result) -> VerdictWords:
    """Return the words of the result's verdict."""
    return verdict_words(result.verdict, worn_only=worn_only(result))


def steps_now(result: Result) -> tuple[Step, ...]:
    """Return what to do now; empty unless something is identified or suspect."""
    strong = strong_findings(result)
    return do_now(seen=any(map(has_point, strong)), worn_only=worn_only(result)) if strong else ()


def steps_to_check(findings: Sequence[Finding]) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    """Return, for each kind among `findings` in their order, what it is called and how a person checks it."""
    kinds = dict.fromkeys((item.kind, is_glow(item)) for item in findings)
    return tuple(
        (phrase("kind_glow"), checks_glow()) if glow else (kind_name(kind), checks(kind)) for kind, glow in kinds
    )


def shown_findings(result: Result) -> tuple[Finding, ...]:
    """Return the findings above noted."""
    return tuple(item for item in result.findings if item.level is not Level.NOTED)


def room_findings(result: Result) -> tuple[Finding, ...]:
    """Return the findings above noted that may be a part of the room."""
    return tuple(item for item in shown_findings(result) if not is_worn(item))


def worn_findings(result: Result) -> tuple[Finding, ...]:
    """Return the findings above noted that are cameras which people wear or carry; they are listed apart."""
    return tuple(item for item in shown_findings(result) if is_worn(item))


def noted_findings(result: Result) -> tuple[Finding, ...]:
    """Return the noted findings."""
    return tuple(item for item in result.findings if item.level is Level.NOTED)


def incomplete(result: Result) -> int:
    """Return how many sources were not examined whole."""
    return sum(source.state is not SourceState.EXAMINED for source in result.sources)


def synthetic_names(result: Result) -> tuple[str, ...]:
    """Return the names of the sources that were made by a computer."""
    return tuple(clean(item.name) for item in result.sources if item.facts.get("synthetic") is True)


def time_words(started_at: str) -> str:
    """Return an ISO 8601 time in a form people read; one that is not ISO 8601 is shown cleaned."""
    try:
        moment = datetime.fromisoformat(started_at)
    except ValueError:
        return clean(started_at)
    offset = moment.strftime("%z")
    if not offset:
        return moment.strftime("%Y-%m-%d, %H:%M:%S")
    return phrase(
        "time_with_offset",
        date=moment.strftime("%Y-%m-%d"),
        time=moment.strftime("%H:%M:%S"),
        offset=f"{offset[:3]}:{offset[3:5]}",
    )
