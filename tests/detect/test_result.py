import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from roomsweep.detect.errors import DataError
from roomsweep.detect.mac import format_mac
from roomsweep.detect.result import (
    SCHEMA,
    Evidence,
    Finding,
    FindingKind,
    Grade,
    Identity,
    Level,
    Result,
    Source,
    SourceState,
    Tool,
    Verdict,
    Where,
    result_schema,
)

VALIDATOR = Draft202012Validator(result_schema())

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
WORDS = st.text(min_size=1, max_size=20)
MACS = st.none() | st.integers(0, 2**48 - 1).map(format_mac)
JSON_VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | st.text(max_size=10)
FACTS = st.dictionaries(st.text(max_size=8), JSON_VALUES | st.lists(JSON_VALUES, max_size=3), max_size=3)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """None, or a value of `strategy`."""
    return st.none() | strategy


@st.composite
def sources(draw: st.DrawFn) -> Source:
    state = draw(st.sampled_from(SourceState))
    reason = draw(WORDS) if state is not SourceState.EXAMINED else draw(maybe(WORDS))
    return Source(id=draw(WORDS), kind=draw(WORDS), name=draw(st.text()), state=state, reason=reason, facts=draw(FACTS))


EVIDENCE = st.builds(
    Evidence,
    rule=st.from_regex(r"[a-z]+\.[a-z0-9_]+", fullmatch=True),
    grade=st.sampled_from(Grade),
    weight_db=NUMBERS,
    says=WORDS,
    reference=WORDS,
)
WHERES = st.builds(
    Where,
    x_px=maybe(NUMBERS),
    y_px=maybe(NUMBERS),
    radius_px=maybe(st.floats(0, 1e4)),
    frame=maybe(st.integers(0, 10**6)),
    t_s=maybe(NUMBERS),
    track=maybe(st.lists(st.tuples(st.integers(0, 10**6), NUMBERS, NUMBERS), max_size=3).map(tuple)),
    zone=maybe(st.text(max_size=10)),
    rssi_dbm=maybe(NUMBERS),
)
IDENTITIES = st.builds(
    Identity,
    mac=MACS,
    bssid=MACS,
    ssid=maybe(st.text(max_size=32)),
    ip=maybe(WORDS),
    name=maybe(st.text(max_size=32)),
    vendor=maybe(WORDS),
    randomised_mac=maybe(st.booleans()),
)
FINDINGS = st.builds(
    Finding,
    id=WORDS,
    kind=st.sampled_from(FindingKind),
    level=st.sampled_from(Level),
    title=st.text(max_size=40),
    source_ids=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    probability=maybe(st.floats(0, 1)),
    where=WHERES,
    identity=IDENTITIES,
    evidence=st.lists(EVIDENCE, max_size=3).map(tuple),
    advice=st.text(max_size=40),
)
RESULTS = st.builds(
    Result,
    tool=st.builds(Tool, name=WORDS, version=WORDS),
    started_at=st.datetimes().map(lambda moment: moment.isoformat() + "+00:00"),
    verdict=st.sampled_from(Verdict),
    sources=st.lists(sources(), max_size=3).map(tuple),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    limits=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
)

EXAMPLE = Result(
    tool=Tool(name="roomsweep", version="0.1.0"),
    started_at="2026-11-20T10:00:00+00:00",
    verdict=Verdict.WORTH_A_LOOK,
    sources=(
        Source(id="pair-1", kind="pair", name="on.jpg", state=SourceState.EXAMINED, facts={"pixels": 12}),
        Source(id="wifi-1", kind="wifi_capture", name="x", state=SourceState.NOT_EXAMINED, reason="is empty"),
    ),
    findings=(
        Finding(
            id="F1",
            kind=FindingKind.LENS_GLINT,
            level=Level.LOOK,
            title="A small bright spot",
            source_ids=("pair-1",),
            probability=0.2,
            where=Where(x_px=10.5, y_px=3.0, radius_px=1.5, track=((0, 10.5, 3.0), (1, 11.0, 3.5))),
            evidence=(
                Evidence(rule="shape.round", grade=Grade.M, weight_db=4.0, says="It is round.", reference="x"),
                Evidence(
                    rule="torch.gated",
                    grade=Grade.M,
                    weight_db=2.5,
                    says="It needs the torch.",
                    reference="x",
                ),
            ),
            advice="Go and see.",
        ),
    ),
    limits=("Cameras without a radio that face away were not looked for.",),
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(RESULTS)
def test_every_result_survives_its_json_form(result: Result) -> None:
    text = result.to_json()
    assert text.isascii()
    document = json.loads(text)
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    assert Result.from_dict(document) == result
    assert Result.from_dict(document).to_json() == text


def test_the_shipped_schema_is_a_schema_and_names_every_value() -> None:
    schema = result_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"] == {"const": SCHEMA}
    finding = schema["$defs"]["finding"]["properties"]
    assert finding["kind"]["enum"] == [str(kind) for kind in FindingKind]
    assert finding["level"]["enum"] == [str(level) for level in Level]
    assert schema["properties"]["verdict"]["enum"] == [str(verdict) for verdict in Verdict]
    assert schema["$defs"]["source"]["properties"]["state"]["enum"] == [str(state) for state in SourceState]
    assert schema["$defs"]["evidence"]["properties"]["grade"]["enum"] == [str(grade) for grade in Grade]


def test_absent_values_are_left_out() -> None:
    document = EXAMPLE.to_dict()
    assert document["findings"][0]["identity"] == {}
    assert "reason" not in document["sources"][0]
    assert document["findings"][0]["where"]["track"] == [[0, 10.5, 3.0], [1, 11.0, 3.5]]
    assert "rssi_dbm" not in document["findings"][0]["where"]


def test_null_is_read_like_absent() -> None:
    document = EXAMPLE.to_dict()
    document["findings"][0]["where"]["rssi_dbm"] = None
    document["findings"][0]["identity"]["mac"] = None
    document["sources"][0]["reason"] = None
    assert VALIDATOR.is_valid(document)
    assert Result.from_dict(document) == EXAMPLE


def test_weights_add_up() -> None:
    assert EXAMPLE.findings[0].weight_db == 6.5
    assert [item.family for item in EXAMPLE.findings[0].evidence] == ["shape", "torch"]


def test_a_source_that_was_not_examined_must_say_why() -> None:
    with pytest.raises(ValueError, match="must say why"):
        Source(id="a", kind="photo", name="a.jpg", state=SourceState.NOT_EXAMINED)
    with pytest.raises(ValueError, match="must say why"):
        Source(id="a", kind="photo", name="a.jpg", state=SourceState.PARTIAL, reason="")


def test_sources_are_found_by_id() -> None:
    assert EXAMPLE.source("wifi-1").reason == "is empty"
    with pytest.raises(KeyError):
        EXAMPLE.source("nothing")


def test_levels_are_ranked_strongest_first() -> None:
    assert sorted(Level, key=lambda level: level.rank) == [
        Level.IDENTIFIED,
        Level.SUSPECT,
        Level.LOOK,
        Level.NOTED,
    ]


def test_no_verdict_is_an_all_clear() -> None:
    assert not {str(verdict) for verdict in Verdict} & {"safe", "clear", "clean", "no_camera", "ok"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "roomsweep.result/2"),
        (("schema",), None),
        (("verdict",), "safe"),
        (("tool",), {"name": "roomsweep"}),
        (("tool",), "roomsweep"),
        (("sources",), None),
        (("sources", 0, "state"), "cleared"),
        (("sources", 1, "reason"), ""),
        (("findings", 0, "level"), "certain"),
        (("findings", 0, "kind"), "ghost"),
        (("findings", 0, "surprise"), 1),
        (("findings", 0, "evidence", 0, "grade"), "Z"),
        (("findings", 0, "where", "track"), [[1, 2]]),
        (("findings", 0, "where"), {"depth_m": 2.0}),
        (("limits",), None),
    ],
)
def test_damaged_documents_are_refused(path: tuple[str | int, ...], value: object) -> None:
    document: Any = copy.deepcopy(EXAMPLE.to_dict())
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(DataError, match=SCHEMA.replace(".", r"\.")):
        Result.from_dict(document)


@pytest.mark.parametrize("key", ["schema", "tool", "started_at", "verdict", "sources", "findings", "limits"])
def test_every_field_of_the_document_is_required(key: str) -> None:
    document = EXAMPLE.to_dict()
    del document[key]
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(DataError):
        Result.from_dict(document)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_damaged_only_data_errors_come_out(data: st.DataObject) -> None:
    document: Any = copy.deepcopy(EXAMPLE.to_dict())
    inner = document
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if not isinstance(inner[key], (dict, list)) or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = data.draw(JSON_VALUES | st.lists(JSON_VALUES, max_size=2) | FACTS)
    try:
        result = Result.from_dict(document)
    except DataError:
        return
    assert isinstance(result.verdict, Verdict)
