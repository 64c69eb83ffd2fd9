"""The words: complete for every value, and never a promise that a room is without cameras."""

import dataclasses
import math
import re
import string
from collections.abc import Iterator
from typing import Any

import pytest

from roomsweep.cli.report import sentences, wording
from roomsweep.detect.result import (
    Evidence,
    Finding,
    FindingKind,
    Grade,
    Level,
    Result,
    Source,
    SourceState,
    Tool,
    Verdict,
    Where,
)

#: What no output may say, in any form.
PROMISE = re.compile(
    r"\bsafe\w*|\bclear\w*|\bclean\b|\bno (hidden )?cameras?\b|\bfree of\b|\bwithout (hidden )?cameras?\b|\ball good\b",
    re.I,
)


def every_word(value: Any) -> Iterator[str]:
    """All strings inside the module's tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from every_word(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from every_word(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from every_word(getattr(value, field.name))


def all_words() -> list[str]:
    tables = {name: value for name, value in vars(wording).items() if not name.startswith("__")}
    return list(every_word(tables))


def test_the_words_never_promise_a_room_without_cameras() -> None:
    words = all_words()
    assert len(words) > 150  # the walk reaches the tables
    assert [text for text in words if PROMISE.search(text)] == []


@pytest.mark.parametrize(
    "text", ["The room is safe.", "All clear", "No cameras found", "no camera here", "It is clean."]
)
def test_the_guard_on_promises_bites(text: str) -> None:
    assert PROMISE.search(text)


def test_phrases_are_whole_and_plain() -> None:
    for text in all_words():
        assert text == text.strip()
        assert "  " not in text
        assert "<" not in text


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_says_what_it_means_and_what_not(verdict: Verdict) -> None:
    words = wording.verdict_words(verdict)
    assert words.headline
    assert words.means
    assert words.means_not
    assert words.headline.endswith(".")


def test_nothing_found_reads_as_agreed() -> None:
    words = wording.verdict_words(Verdict.NOTHING_FOUND)
    assert words.headline == "Nothing was found by the checks that ran."
    assert "It does not mean that the room holds none." in words.means_not


def test_the_levels_keep_alarm_and_calm_apart() -> None:
    assert "says itself that it is a camera" in wording.level_words(Level.IDENTIFIED).meaning
    assert "Treat it as a camera until shown otherwise" in wording.level_words(Level.SUSPECT).meaning
    assert wording.level_words(Level.LOOK).meaning.startswith("Probably harmless")
    assert len({wording.level_words(level).name for level in Level}) == len(Level)


def test_what_to_do_now_covers_the_duties_and_ends_nowhere_alone() -> None:
    seen = " ".join(f"{step.what} {step.how}" for step in wording.do_now(seen=True))
    for duty in (
        "Do not touch or move it",
        "from far to near",
        "Leave power and network as they are",
        "Leave the room if you do not feel well",
        "Call the police",
        "help lines differ between countries and change",
        "Do not confront",
    ):
        assert duty in seen
    heard = wording.do_now(seen=False)
    assert heard[0].what == "First find out where it is."
    assert {step.what for step in heard} >= {"Do not touch or move it.", "Do not confront anybody."}


@pytest.mark.parametrize("kind", FindingKind)
def test_every_kind_has_a_name_and_steps_to_check(kind: FindingKind) -> None:
    assert wording.kind_name(kind)
    steps = wording.checks(kind)
    assert len(steps) >= 2
    assert all(step.what and step.how for step in steps)


def test_not_looked_at_keeps_its_order_and_refuses_unknown_topics() -> None:
    lines = wording.not_looked_at({"quiet", "photo"})
    assert len(lines) == 2
    assert lines[0].startswith("No photo taken with the torch on was examined")
    with pytest.raises(KeyError, match="sonar"):
        wording.not_looked_at({"sonar"})


def test_every_phrase_with_a_plural_has_both_forms() -> None:
    keys = set(wording._PHRASES)
    ones = {key.removesuffix("_one") for key in keys if key.endswith("_one")}
    assert ones
    for key in ones:
        assert wording.phrases(key, 1) != wording.phrases(key, 7)
        assert "7" in wording.phrases(key, 7)


def test_names_in_phrases_are_not_read_as_formats() -> None:
    text = wording.phrase("where_radio", name="{0.__class__}{name}")
    assert "{0.__class__}{name}" in text
    assert {field for _, field, _, _ in string.Formatter().parse(wording.phrase("chance")) if field} == {"chance"}


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (None, "not known"),
        (0.0, "fewer than 1 in 1,000"),
        (0.001, "about 1 in 1,000"),
        (0.011, "about 1 in 100"),
        (0.05, "about 1 in 20"),
        (0.33, "about 1 in 3"),
        (0.5, "about 5 in 10"),
        (0.72, "about 7 in 10"),
        (0.94, "about 9 in 10"),
        (0.97, "about 97 in 100"),
        (0.9999, "more than 99 in 100"),
        (1.0, "more than 99 in 100"),
        (math.nan, "not known"),
    ],
)
def test_probabilities_in_words(probability: float | None, words: str) -> None:
    assert sentences.chance(probability) == words


def test_a_probability_in_words_stays_near_the_number() -> None:
    for thousandths in range(1, 995):
        probability = thousandths / 1000
        numbers = [int(n.replace(",", "")) for n in re.findall(r"[\d,]+", sentences.chance(probability))]
        said = numbers[0] / numbers[1]
        assert abs(math.log10(said / probability)) < 0.15


@pytest.mark.parametrize(
    ("weight_db", "words"),
    [
        (0.0, "Speaks neither for nor against"),
        (3.0, "Weak sign of a camera"),
        (7.0, "Fair sign of a camera"),
        (12.0, "Strong sign of a camera"),
        (30.0, "Very strong sign of a camera"),
        (-3.0, "Speaks weakly against a camera"),
        (-7.0, "Speaks against a camera"),
        (-25.0, "Speaks strongly against a camera"),
    ],
)
def test_strength_in_words(weight_db: float, words: str) -> None:
    evidence = Evidence(rule="hint.x", grade=Grade.C, weight_db=weight_db, says="x", reference="x")
    assert sentences.strength(weight_db) == words
    assert sentences.weight_words(evidence) == f"{words} ({weight_db:+.1f} dB, grade C)"


def test_signal_words_fall_with_the_signal() -> None:
    said = [sentences.signal(rssi_dbm).split()[0] for rssi_dbm in (-30, -50, -51, -70, -71, -95)]
    assert said == ["Strong", "Strong", "Medium", "Medium", "Weak", "Weak"]


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ((0, 0), "upper left"),
        ((50, 50), "middle"),
        ((99, 99), "lower right"),
        ((100, 100), "lower right"),
        ((50, 1), "upper middle"),
    ],
)
def test_positions_by_thirds(point: tuple[float, float], words: str) -> None:
    assert wording.position_name(*point, width=100, height=100) == words


def test_times() -> None:
    assert sentences.time_words("2026-11-20T21:04:11+09:00") == "2026-11-20, 21:04:11 (UTC+09:00)"
    assert sentences.time_words("2026-11-20T21:04:11") == "2026-11-20, 21:04:11"
    assert sentences.time_words("yesterday\x1b[2J") == "yesterday\\x1b[2J"
    assert sentences.clock(67.42) == "1:07.4"


def finding(
    family: str,
    *,
    level: Level = Level.IDENTIFIED,
    kind: FindingKind = FindingKind.BLUETOOTH_DEVICE,
    where: Where | None = None,
) -> Finding:
    evidence = Evidence(rule=f"{family}.x", grade=Grade.A, weight_db=20, says="x", reference="x")
    return Finding(
        id="F1", kind=kind, level=level, title="x", source_ids=("s",), evidence=(evidence,), where=where or Where()
    )


def result(*findings: Finding, verdict: Verdict = Verdict.CAMERA_IDENTIFIED) -> Result:
    facts = {"width_px": 90, "height_px": 90}
    return Result(
        tool=Tool(name="roomsweep", version="0"),
        started_at="2026-01-01T00:00:00+00:00",
        verdict=verdict,
        sources=(Source(id="s", kind="photo", name="a.jpg", state=SourceState.EXAMINED, facts=facts),),
        findings=findings,
        limits=("x",),
    )


def test_cameras_that_people_wear_get_their_own_words() -> None:
    worn, hidden = finding("worn"), finding("identity")
    assert "wear" in sentences.verdict_of(result(worn)).headline
    assert "wear" not in sentences.verdict_of(result(worn, hidden)).headline
    assert sentences.steps_now(result(worn))[0].what.startswith("Look round")
    assert sentences.steps_now(result(worn, hidden))[0].what.startswith("First find out")


def test_steps_now_only_after_strong_findings() -> None:
    look = finding("hint", level=Level.LOOK)
    assert sentences.steps_now(result(look, verdict=Verdict.WORTH_A_LOOK)) == ()
    seen = finding("shape", level=Level.SUSPECT, kind=FindingKind.LENS_GLINT, where=Where(x_px=10, y_px=80))
    assert sentences.steps_now(result(seen, verdict=Verdict.SUSPECTS_FOUND))[0].what == "Do not touch or move it."


def test_where_uses_the_size_in_the_facts() -> None:
    shown = result(finding("shape", kind=FindingKind.LENS_GLINT, where=Where(x_px=10, y_px=80, t_s=61)))
    sources = {source.id: source for source in shown.sources}
    assert sentences.where_sentences(shown.findings[0], sources) == (
        "a.jpg, lower left (at 10, 80 of 90 × 90 pixels).",
        "At 1:01.0 in a.jpg.",
    )
    assert "pixels from the upper left corner of s" in sentences.where_sentences(shown.findings[0], {})[0]
