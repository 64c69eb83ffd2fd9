"""The report as one HTML file that needs nothing else: no scripts, no outside pictures, fonts or styles.

The template gets plain records of text and pictures; every text that reaches it passes the cleaner once
more (:func:`_finalize`) and is then escaped by Jinja2.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from ...detect.result import SCHEMA, Finding, Level, Result, Source, Verdict
from ...detect.text import clean
from . import sentences, wording
from .crops import BgrImage, Picture, annotate, crop, jpeg
from .keys import key_of, strip_key_of
from .sentences import show

#: Findings shown with pictures; those after them are folded up, in words only.
FINDINGS_WITH_PICTURES = 12

#: Bytes of JPEG in one report: with a third more for base64, it stays below 3 MB and can be sent by message.
PICTURE_BUDGET_BYTES = 2_000_000

#: Longest side of the overview picture, px: sharp on a phone 360 px wide with two dots a pixel.
OVERVIEW_PX = 720

#: Rows of the table of noted findings; a recording in a street can hold thousands.
NOTED_ROWS = 300

#: Level whose colour the verdict wears.
_TONES = {
    Verdict.CAMERA_IDENTIFIED: Level.IDENTIFIED,
    Verdict.SUSPECTS_FOUND: Level.SUSPECT,
    Verdict.WORTH_A_LOOK: Level.LOOK,
    Verdict.NOTHING_FOUND: Level.NOTED,
    Verdict.NOT_EXAMINED: Level.NOTED,
}

#: Longest text that the template passes on: reason and reference are the longest fields.
_TEXT_LIMIT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture in the report."""

    uri: Markup
    alt: str
    caption: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One piece of evidence as shown."""

    says: str
    weight: str
    rule: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One finding as shown."""

    id: str
    level: str
    badge: str
    meaning: str
    title: str
    kind: str
    chance: str
    where: tuple[str, ...]
    close_ups: tuple[Shot, ...]
    strip: Shot | None
    overview: Shot | None
    identity: tuple[tuple[str, str], ...]
    randomised: bool
    signal: str
    why: tuple[Reason, ...]
    advice: str
    pictures_left_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedRow:
    """One noted finding as shown."""

    id: str
    title: str
    address: str
    signal: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source as shown."""

    name: str
    kind: str
    state: str
    state_name: str
    reason: str
    synthetic: bool
    facts: tuple[tuple[str, str], ...]


def write_html(result: Result, path: Path, *, pictures: Mapping[str, Picture]) -> None:
    """Write the report of `result` to `path`.

    Parameters
    ----------
    result
        What was found.
    path
        The file to write; its folder exists.
    pictures
        By source id; findings of sources without one are told in words only.
    """
    path.write_text(render_html(result, pictures=pictures), encoding="utf-8", newline="\n")


def render_html(result: Result, *, pictures: Mapping[str, Picture]) -> str:
    """Return the report of `result` as HTML text; see :func:`write_html`."""
    sources = {source.id: source for source in result.sources}
    shown, worn = sentences.room_findings(result), sentences.worn_findings(result)
    noted = sentences.noted_findings(result)
    look = tuple(item for item in (*shown, *worn) if item.level is Level.LOOK)
    budget = _Budget(PICTURE_BUDGET_BYTES)
    cards = tuple(
        _card(item, sources, pictures, budget=budget, with_pictures=index < FINDINGS_WITH_PICTURES)
        for index, item in enumerate(shown)
    )
    worn_cards = tuple(_card(item, sources, pictures, budget=budget, with_pictures=False) for item in worn)
    return _template().render(
        verdict=str(result.verdict),
        tone=str(_tone(result)),
        words=sentences.verdict_of(result),
        made_at=sentences.time_words(result.started_at),
        synthetic=", ".join(sentences.synthetic_names(result)),
        incomplete=sentences.incomplete(result),
        do_now=sentences.steps_now(result),
        checks=sentences.steps_to_check(look),
        cards=cards[:FINDINGS_WITH_PICTURES],
        more_cards=cards[FINDINGS_WITH_PICTURES:],
        worn_cards=worn_cards,
        noted=tuple(_noted_row(item) for item in noted[:NOTED_ROWS]),
        noted_total=len(noted),
        limits=tuple(map(show, result.limits)),
        sources=tuple(_source_row(item) for item in result.sources),
        levels=tuple((str(level), wording.level_words(level)) for level in Level),
        tool=result.tool,
        schema=SCHEMA,
        hashes=_hashes(result.sources, pictures),
    )


def _tone(result: Result) -> Level:
    """The level whose colour the verdict wears; what people wear is no cause for the strongest."""
    return Level.SUSPECT if sentences.worn_only(result) else _TONES[result.verdict]


class _Budget:
    """Counts the bytes of pictures down; what does not fit any more is left out."""

    def __init__(self, total_bytes: int) -> None:
        self.left_bytes = total_bytes

    def shot(self, image: BgrImage, *, alt: str, caption: str, quality: int) -> Shot | None:
        data = jpeg(image, quality=quality)
        if len(data) > self.left_bytes:
            return None
        self.left_bytes -= len(data)
        uri = Markup("data:image/jpeg;base64," + base64.b64encode(data).decode("ascii"))
        height, width = image.shape[:2]
        return Shot(uri=uri, alt=alt, caption=caption, width=width, height=height)


def _card(
    finding: Finding,
    sources: Mapping[str, Source],
    pictures: Mapping[str, Picture],
    *,
    budget: _Budget,
    with_pictures: bool,
) -> Card:
    picture = pictures.get(key_of(finding))
    size = None if picture is None else (float(picture.size[0]), float(picture.size[1]))
    drawable = picture is not None and sentences.has_point(finding)
    close_ups: tuple[Shot, ...] = ()
    overview = strip = None
    if picture is not None and drawable and with_pictures:
        close_ups = _close_ups(finding, picture, budget)
        overview = budget.shot(
            annotate(picture.image, [finding], longest_px=OVERVIEW_PX),
            alt=wording.phrase("alt_overview", id=clean(finding.id), position=sentences.position(finding, size)),
            caption=wording.phrase("overview_clip" if finding.where.track else "overview"),
            quality=72,
        )
        over_time = pictures.get(strip_key_of(finding))
        if over_time is not None:
            strip = budget.shot(
                over_time.image,
                alt=wording.phrase("alt_strip", id=clean(finding.id)),
                caption=wording.phrase("strip"),
                quality=82,
            )
    words = wording.level_words(finding.level)
    rssi_dbm = finding.where.rssi_dbm
    return Card(
        id=clean(finding.id),
        level=str(finding.level),
        badge=words.name,
        meaning=words.meaning,
        title=show(finding.title),
        kind=wording.phrase("kind_glow") if sentences.is_glow(finding) else wording.kind_name(finding.kind),
        chance=sentences.chance_sentence(finding.probability),
        where=sentences.where_sentences(finding, sources, size=size),
        close_ups=close_ups,
        strip=strip,
        overview=overview,
        identity=sentences.identity_rows(finding.identity),
        randomised=finding.identity.randomised_mac is True,
        signal="" if rssi_dbm is None else sentences.signal(rssi_dbm),
        why=tuple(
            Reason(
                says=show(item.says),
                weight=sentences.weight_words(item),
                rule=show(item.rule),
                reference=show(item.reference),
            )
            for item in finding.evidence
        ),
        advice=show(finding.advice),
        pictures_left_out=drawable and not (close_ups and overview),
    )


def _close_ups(finding: Finding, picture: Picture, budget: _Budget) -> tuple[Shot, ...]:
    x, y = finding.where.x_px, finding.where.y_px
    if x is None or y is None:
        return ()
    kinds: list[tuple[BgrImage, str]] = [(picture.image, "crop")]
    if picture.off_image is not None:
        kinds = [(picture.image, "crop_on"), (picture.off_image, "crop_off")]
    shots = [
        budget.shot(
            crop(image, x, y, radius_px=finding.where.radius_px),
            alt=wording.phrase(f"alt_{key}", id=clean(finding.id)),
            caption=wording.phrase(key),
            quality=82,
        )
        for image, key in kinds
    ]
    return tuple(shot for shot in shots if shot is not None)


def _noted_row(finding: Finding) -> NotedRow:
    identity, rssi_dbm = finding.identity, finding.where.rssi_dbm
    return NotedRow(
        id=clean(finding.id),
        title=show(finding.title),
        address=clean(identity.mac or identity.bssid or identity.ip or ""),
        signal="" if rssi_dbm is None else f"{rssi_dbm:.0f} dBm",
        why=" ".join(show(item.says) for item in finding.evidence),
    )


def _source_row(source: Source) -> SourceRow:
    return SourceRow(
        name=clean(source.name),
        kind=wording.source_kind_name(clean(source.kind)),
        state=str(source.state),
        state_name=wording.state_name(source.state),
        reason=show(source.reason or ""),
        synthetic=source.facts.get("synthetic") is True,
        facts=tuple((clean(str(key)), _fact(value)) for key, value in source.facts.items()),
    )


def _fact(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return clean(text, limit=200)


def _hashes(sources: Sequence[Source], pictures: Mapping[str, Picture]) -> tuple[tuple[str, str], ...]:
    """File names with their SHA-256: of the pictures, and of whatever else a source's facts hold one of."""
    out: dict[tuple[str, str], None] = {}
    for source in sources:
        if source.id in pictures:
            picture = pictures[source.id]
            out[clean(picture.original_name), clean(picture.sha256)] = None
        for key, value in source.facts.items():
            if str(key).endswith("sha256") and isinstance(value, str):
                out.setdefault((clean(source.name), clean(value)))
    return tuple(out)


def _finalize(value: object) -> object:
    """Clean every text on its way into the page; markup is our own (pictures) and passes."""
    return clean(value, limit=_TEXT_LIMIT) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _template() -> jinja2.Template:
    text = resources.files(__package__).joinpath("templates", "report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["p"] = wording.phrase
    environment.globals["pn"] = wording.phrases
    return environment.from_string(text)
