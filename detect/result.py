"""The records that flow through roomsweep, and their JSON form.

    Source ─> observations ─> Evidence ─> Finding ─> Result

A :class:`Source` is one input and how far it was examined. An :class:`Evidence` is one observed fact with
its weight. A :class:`Finding` is one thing in the room. A :class:`Result` is the one document that every
command ends in; its JSON form is described by ``result.schema.json`` beside this module and named
``roomsweep.result/1``. Fields without a value are left out of the JSON.

No text in these records may say that a room is without cameras: a source that could not be read is
``not_examined``, never silently dropped, and :attr:`Result.limits` lists what was not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from importlib import resources
from typing import Any, Self

from .errors import DataError

SCHEMA = "roomsweep.result/1"


class SourceState(StrEnum):
    """How far one input was examined."""

    EXAMINED = "examined"
    PARTIAL = "partial"
    NOT_EXAMINED = "not_examined"


class FindingKind(StrEnum):
    """What sort of thing a finding is."""

    LENS_GLINT = "lens_glint"
    WIFI_STATION = "wifi_station"
    WIFI_NETWORK = "wifi_network"
    LAN_HOST = "lan_host"
    BLUETOOTH_DEVICE = "bluetooth_device"


class Level(StrEnum):
    """How strongly a finding points to a camera, strongest first.

    ``identified``: it says itself that it is a camera. ``suspect``: it behaves or looks like one by
    independent cues. ``look``: one weak cue; go and see. ``noted``: seen and explained, or the user's own.
    """

    IDENTIFIED = "identified"
    SUSPECT = "suspect"
    LOOK = "look"
    NOTED = "noted"

    @property
    def rank(self) -> int:
        """0 for the strongest level."""
        return list(Level).index(self)


class Verdict(StrEnum):
    """The one-line outcome of a result. There is deliberately no value that means "safe"."""

    CAMERA_IDENTIFIED = "camera_identified"
    SUSPECTS_FOUND = "suspects_found"
    WORTH_A_LOOK = "worth_a_look"
    NOTHING_FOUND = "nothing_found"
    NOT_EXAMINED = "not_examined"


class Grade(StrEnum):
    """What an evidence rule rests on.

    A: a real device, vendor document or reverse-engineering report. B: working client code, or several
    independent reports. C: one catalogue without a capture. M: measured on labelled real data.
    S: fitted on synthetic or rendered scenes. D: derived from physics or a standard.
    """

    A = "A"
    B = "B"
    C = "C"
    M = "M"
    S = "S"
    D = "D"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input.

    Parameters
    ----------
    id
        Unique in its result: ``"pair-1"``.
    kind
        ``photo``, ``pair``, ``video``, ``wifi_capture``, ``wifi_scan``, ``bluetooth_capture``, ``lan``, ...
    name
        What the user calls it: the file name, the interface. As received; cleaned where it is shown.
    state, reason
        How far it was examined; the reason is required unless it was examined whole.
    facts
        What was measured about the input itself (frames read, pixels, seconds): JSON values only.
    """

    id: str
    kind: str
    name: str
    state: SourceState
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.state is not SourceState.EXAMINED and not self.reason:
            raise ValueError(f"source {self.id} is {self.state} and must say why")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return _present(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form."""
        return cls(**{**data, "state": SourceState(data["state"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One observed fact about one thing.

    Parameters
    ----------
    rule
        ``family.name``; the family is what independence is judged by: ``identity.ssid``,
        ``vendor.oui_camera_narrow``, ``shape.glint``, ``torch.gated``.
    grade
        What the rule rests on.
    weight_db
        Decibans: 10 log10 of the likelihood ratio camera : not a camera. Negative speaks against.
    says
        The observation in plain words, one sentence, names cleaned.
    reference
        Where the rule and its weight come from.
    """

    rule: str
    grade: Grade
    weight_db: float
    says: str
    reference: str

    @property
    def family(self) -> str:
        """The part of the rule before the dot."""
        return self.rule.partition(".")[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return _present(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form."""
        return cls(**{**data, "grade": Grade(data["grade"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a thing was seen.

    Pixels are of the picture as a viewer shows it (EXIF orientation applied), origin at the corner of the
    top left pixel; ``track`` holds ``(frame, x_px, y_px)``; ``rssi_dbm`` is the strongest signal heard.
    """

    x_px: float | None = None
    y_px: float | None = None
    radius_px: float | None = None
    frame: int | None = None
    t_s: float | None = None
    track: tuple[tuple[int, float, float], ...] | None = None
    zone: str | None = None
    rssi_dbm: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return _present(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form."""
        track = data.get("track")
        points = None if track is None else tuple((int(f), float(x), float(y)) for f, x, y in track)
        return cls(**{**data, "track": points})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a thing calls itself. Names are as received (hostile): they are cleaned where they are shown."""

    mac: str | None = None
    bssid: str | None = None
    ssid: str | None = None
    ip: str | None = None
    name: str | None = None
    vendor: str | None = None
    randomised_mac: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return _present(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing in the room.

    Parameters
    ----------
    id
        Unique in its result; :func:`roomsweep.detect.fuse.fuse` numbers findings by rank: ``"F1"``.
    probability
        Calibrated 0..1, from the evidence and the stated prior (:mod:`roomsweep.detect.weighing`); None
        where the data behind the weights do not carry one.
    title
        One line in plain words, names cleaned.
    source_ids
        The sources it was seen in; the first is the one `where` belongs to.
    advice
        The one next step for the person in the room.
    """

    id: str
    kind: FindingKind
    level: Level
    title: str
    source_ids: tuple[str, ...]
    probability: float | None = None
    where: Where = Where()
    identity: Identity = Identity()
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""

    @property
    def weight_db(self) -> float:
        """The evidence summed, in decibans."""
        return sum(item.weight_db for item in self.evidence)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            **_present(self),
            "source_ids": list(self.source_ids),
            "where": self.where.to_dict(),
            "identity": self.identity.to_dict(),
            "evidence": [item.to_dict() for item in self.evidence],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form."""
        return cls(
            **{
                **data,
                "kind": FindingKind(data["kind"]),
                "level": Level(data["level"]),
                "source_ids": tuple(data["source_ids"]),
                "where": Where.from_dict(data.get("where") or {}),
                "identity": Identity.from_dict(data.get("identity") or {}),
                "evidence": tuple(Evidence.from_dict(item) for item in data.get("evidence") or ()),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a detector returns for one input: the source with its state, and the findings in it.

    Finding ids need only be unique within the source here; :mod:`roomsweep.detect.fuse` numbers them by rank.
    """

    source: Source
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """The program that made a result."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The one document that every command ends in.

    Parameters
    ----------
    tool
        Name and version.
    started_at
        ISO 8601 with an offset from UTC.
    verdict
        See :class:`Verdict`.
    sources, findings
        Findings are ranked, strongest first.
    limits
        What was not looked at, and what the checks that ran cannot see; never empty.
    """

    tool: Tool
    started_at: str
    verdict: Verdict
    sources: tuple[Source, ...]
    findings: tuple[Finding, ...]
    limits: tuple[str, ...]

    def source(self, source_id: str) -> Source:
        """Return the source with this id; raises KeyError."""
        for source in self.sources:
            if source.id == source_id:
                return source
        raise KeyError(source_id)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "schema": SCHEMA,
            "tool": {"name": self.tool.name, "version": self.tool.version},
            "started_at": self.started_at,
            "verdict": str(self.verdict),
            "sources": [source.to_dict() for source in self.sources],
            "findings": [finding.to_dict() for finding in self.findings],
            "limits": list(self.limits),
        }

    def to_json(self) -> str:
        """Return the JSON text: ASCII only, so that no name can reach a terminal as an escape."""
        return json.dumps(self.to_dict(), ensure_ascii=True, indent=2, allow_nan=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON form.

        Raises
        ------
        DataError
            If it is not a document of this schema.
        """
        if data.get("schema") != SCHEMA:
            raise DataError(f"This is not a {SCHEMA} document: its schema is {data.get('schema')!r}.")
        try:
            return cls(
                tool=Tool(**data["tool"]),
                started_at=data["started_at"],
                verdict=Verdict(data["verdict"]),
                sources=tuple(Source.from_dict(item) for item in data["sources"]),
                findings=tuple(Finding.from_dict(item) for item in data["findings"]),
                limits=tuple(data["limits"]),
            )
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise DataError(f"This {SCHEMA} document is damaged: {error!r}.") from error


def result_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of :class:`Result`, as shipped."""
    text = resources.files(__package__).joinpath("result.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _present(record: Any) -> dict[str, Any]:
    """The record's own fields that have a value, enums as their text."""
    out: dict[str, Any] = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if value is None:
            continue
        if isinstance(value, StrEnum):
            value = str(value)
        elif isinstance(value, tuple):
            value = [list(part) if isinstance(part, tuple) else part for part in value]
        elif isinstance(value, Mapping):
            value = dict(value)
        out[item.name] = value
    return out
