"""Infrared lights of a dark photo: what is raised, what is not, and that nobody's word decides but the person's."""

from dataclasses import replace

import numpy as np
import pytest

from roomsweep.calibration.dark_scenes import DarkRoom, dark_scene
from roomsweep.detect.lens.glow import (
    ADVICE_GLOW,
    LISTED_MAX,
    LOOKS_MAX,
    examine_dark_photo,
    glow_evidence,
    title_of,
)
from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.reading import Picture
from roomsweep.detect.lens.spots import Image
from roomsweep.detect.result import Evidence, Examined, Finding, Grade, Level, SourceState
from roomsweep.detect.weighing import CUE_FAMILIES, level_of, weights


def picture(image: Image, *, damage: str | None = None) -> Picture:
    return Picture(image=image, name="dark.jpg", sha256="0", damage=damage, profile=CameraProfile(), facts={})


def examined(room: DarkRoom) -> Examined:
    return examine_dark_photo(picture(room.scene().picture), source_id="dark-photo-1")


def dark(seed: int = 0, **options: float) -> DarkRoom:
    return DarkRoom(seed=seed, width=640, height=480, **options)  # type: ignore[arg-type]


def raised(result: Examined) -> list[Finding]:
    return [finding for finding in result.findings if finding.level is not Level.NOTED]


def rules(finding: Finding) -> set[str]:
    return {line.rule for line in finding.evidence}


@pytest.mark.parametrize("count", [4, 6, 8, 10])
def test_a_ring_is_one_finding_with_its_middle(count: int) -> None:
    room = dark()
    room.add_ring("ir850", 300.0, 200.0, count=count, ring_px=10.0 + 1.5 * count, tilt=0.8)
    (finding,) = raised(examined(room))
    assert (finding.where.x_px, finding.where.y_px) == pytest.approx((300.0, 200.0), abs=1.5)
    assert {"glow.violet", "glow.ring"} <= rules(finding)
    assert f"ring of {count}" in finding.title
    assert finding.level is Level.LOOK
    assert finding.advice == ADVICE_GLOW
    assert "your own eyes" in finding.advice


def test_a_single_weak_light_at_940_nm_is_worth_a_look() -> None:
    room = dark(balance=0.5)
    room.add_light("ir940", 300.0, 200.0, strength=0.15)
    (finding,) = raised(examined(room))
    assert rules(finding) & {"glow.violet", "glow.whitish"}


def test_white_balance_may_turn_infrared_white_and_it_is_still_raised() -> None:
    room = dark(balance=1.0)
    room.add_light("ir850", 300.0, 200.0, strength=0.6)
    (finding,) = raised(examined(room))
    assert rules(finding) == {"glow.whitish"}


@pytest.mark.parametrize("colour", ["red", "green", "amber", "blue"])
@pytest.mark.parametrize("count", [1, 4])
def test_status_lights_are_noted_only(colour: str, count: int) -> None:
    room = dark()
    room.add_row(colour, 300.0, 200.0, count=count)
    result = examined(room)
    assert not raised(result)
    assert len(result.findings) == 1
    assert rules(result.findings[0]) & {"glow.reddish", "glow.coloured"}


@pytest.mark.parametrize("colour", ["red", "green", "amber", "blue", "white"])
def test_a_clock_is_noted_only(colour: str) -> None:
    room = dark(balance=0.0)
    room.add_digits("23:58", colour, 200.0, 200.0, height_px=36.0)
    assert not raised(examined(room))


def test_a_window_a_slit_and_hot_pixels_are_not_raised() -> None:
    room = dark(balance=0.0)
    room.add_window(200.0, 150.0)
    room.add_slit(100.0, 420.0, 400.0, 425.0)
    room.add_hot_pixels(30)
    assert not raised(examined(room))


def test_hot_pixels_are_counted_and_not_listed() -> None:
    image: Image = np.full((300, 400, 3), 5, np.uint8)
    for place in (50, 100, 150):
        image[place, 2 * place] = 240
    result = examine_dark_photo(picture(image), source_id="d")
    assert result.findings == ()
    assert result.source.facts["sensor_faults"] == 3
    assert result.source.facts["lights"] == 0


def test_a_red_ring_is_worth_a_look_and_a_green_one_is_not() -> None:
    for colour, levels in (("red", [Level.LOOK]), ("green", [])):
        room = dark()
        room.add_ring(colour, 300.0, 200.0, count=6, ring_px=20.0)
        assert [finding.level for finding in raised(examined(room))] == levels


def test_a_picture_that_is_not_dark_says_so_and_raises_nothing() -> None:
    room = dark(ambient=0.4)
    room.add_ring("ir850", 300.0, 200.0, count=6, strength=3.0)
    result = examined(room)
    assert result.source.state is SourceState.PARTIAL
    assert "is not dark" in (result.source.reason or "")
    assert not raised(result)


def test_a_damaged_picture_keeps_its_reason() -> None:
    image: Image = np.full((100, 100, 3), 200, np.uint8)
    result = examine_dark_photo(picture(image, damage="ends early"), source_id="d")
    assert (result.source.reason or "").startswith("ends early; it is not dark")
    dark_one = examine_dark_photo(picture(np.zeros_like(image), damage="ends early"), source_id="d")
    assert dark_one.source.reason == "ends early"
    assert dark_one.source.state is SourceState.PARTIAL


def test_many_lights_are_bounded_and_counted() -> None:
    room = dark(balance=0.0)
    rng = np.random.default_rng(0)
    for column in range(8):
        for row in range(5):
            x, y = 40.0 + 78 * column + rng.uniform(-8, 8), 50.0 + 92 * row + rng.uniform(-8, 8)
            room.add_light("white", x, y, strength=0.8)
    result = examined(room)
    assert len(raised(result)) == LOOKS_MAX
    assert len(result.findings) == LISTED_MAX
    facts = result.source.facts
    assert facts["lights"] == 40
    assert facts["lights_worth_a_look_not_raised"] == facts["lights_worth_a_look"] - LOOKS_MAX > 0


def test_everything_about_light_together_is_never_suspect() -> None:
    every = [rule for rule, weight in weights().items() if rule.startswith("glow.") and weight.weight_db > 0]
    assert "glow" in CUE_FAMILIES
    assert level_of(glow_evidence(every, count=6)) is Level.LOOK
    shape = Evidence(rule="shape.contrast", grade=Grade.S, weight_db=7.0, says="", reference="")
    assert level_of((*glow_evidence(["glow.violet"], count=1), shape)) is Level.SUSPECT


def test_titles_and_words_exist_for_every_rule() -> None:
    for rule in weights():
        if rule.startswith("glow."):
            (line,) = glow_evidence([rule], count=5)
            assert line.says
            assert title_of([rule], count=5)
    assert title_of(["glow.ring", "glow.reddish"], count=7) == "A ring of 7 small red or orange lights in the dark"


def test_seeded_rooms_with_everything_in_them() -> None:
    """A smoke alarm for the numbers of benchmarks/accuracy_dark.py, on other seeds."""
    found = false = 0
    for seed in range(100, 108):
        scene = dark_scene(seed=seed, infrared="ring")
        result = examine_dark_photo(replace(picture(scene.picture)), source_id="d")
        (ring,) = [light for light in scene.lights if light.kind == "ir_ring"]
        hits = [
            finding
            for finding in raised(result)
            if np.hypot((finding.where.x_px or 0) - ring.x_px, (finding.where.y_px or 0) - ring.y_px) < ring.radius_px
        ]
        found += bool(hits)
        false += len(raised(result)) - len(hits)
    assert found >= 7
    assert false <= 1
