import math
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roomsweep.calibration.scenes import SyntheticPair, synthetic_pair
from roomsweep.detect.lens.examine import LISTED_MAX, LOOKS_MAX, ExaminedPair, examine_pair, examine_photo
from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.reading import Picture
from roomsweep.detect.result import Examined, Finding, FindingKind, Level, SourceState
from roomsweep.detect.weighing import level_of, weights

SEEDS = range(10)


def picture(image: NDArray[np.uint8], *, name: str = "photo.jpg", damage: str | None = None) -> Picture:
    return Picture(
        image=np.ascontiguousarray(image),
        name=name,
        sha256="0" * 64,
        damage=damage,
        profile=CameraProfile(),
        facts={"format": "JPEG"},
    )


@pytest.fixture(scope="module")
def rooms() -> list[tuple[SyntheticPair, Examined, ExaminedPair]]:
    """Ten synthetic rooms, examined by the torch-on picture alone and as a pair."""
    out = []
    for seed in SEEDS:
        room = synthetic_pair(seed=seed, width=1200, height=900)
        alone = examine_photo(picture(room.on), source_id="photo-1")
        both = examine_pair(picture(room.on, name="on.jpg"), picture(room.off, name="off.jpg"), source_id="pair-1")
        out.append((room, alone, both))
    return out


def place_of(examined: Examined, x_px: float, y_px: float, *, within_px: float = 3.0) -> int:
    """At which place in the list the spot stands; the list's length if it is not there."""
    for place, finding in enumerate(examined.findings):
        assert finding.where.x_px is not None
        assert finding.where.y_px is not None
        if math.hypot(finding.where.x_px - x_px, finding.where.y_px - y_px) <= within_px:
            return place
    return len(examined.findings)


def test_the_lens_is_among_the_first_three(rooms: list[tuple[SyntheticPair, Examined, ExaminedPair]]) -> None:
    lenses = [(alone, both.examined, room.lenses[0]) for room, alone, both in rooms]
    assert sum(place_of(alone, lens.x_px, lens.y_px) < 3 for alone, _, lens in lenses) >= 8
    assert sum(place_of(both, lens.x_px, lens.y_px) < 3 for _, both, lens in lenses) >= 8


def test_findings_hold_together(rooms: list[tuple[SyntheticPair, Examined, ExaminedPair]]) -> None:
    for room, alone, both in rooms:
        for examined, source_id in ((alone, "photo-1"), (both.examined, "pair-1")):
            check_findings(examined, source_id)
            assert examined.source.state is SourceState.EXAMINED
            for finding in examined.findings:
                assert 0 <= (finding.where.x_px or -1) <= room.on.shape[1]
                assert 0 <= (finding.where.y_px or -1) <= room.on.shape[0]


def check_findings(examined: Examined, source_id: str) -> None:
    findings = examined.findings
    assert len(findings) <= LISTED_MAX
    assert examined.source.id == source_id
    assert [finding.id for finding in findings] == [f"{source_id}-{number + 1}" for number in range(len(findings))]
    totals = [finding.weight_db for finding in findings]
    # Lines of evidence are rounded to a tenth each: seven of them, so 0.35 at most either way.
    assert all(later <= earlier + 0.7 for earlier, later in pairwise(totals))
    assert sum(finding.level is Level.LOOK for finding in findings) <= LOOKS_MAX
    for finding in findings:
        assert finding.kind is FindingKind.LENS_GLINT
        assert finding.level in (Level.LOOK, Level.NOTED)
        assert finding.source_ids == (source_id,)
        assert finding.probability is not None
        odds_db = weights()["prior.glint"].weight_db + finding.weight_db
        assert finding.probability == pytest.approx(1 / (1 + 10 ** (-odds_db / 10)), abs=1e-4)
        assert finding.title
        assert finding.advice
        if finding.level is Level.LOOK:
            assert level_of(finding.evidence, look="policy.look_glint_db") is Level.LOOK


def test_a_look_says_how_to_check(rooms: list[tuple[SyntheticPair, Examined, ExaminedPair]]) -> None:
    for _, alone, both in rooms:
        for examined in (alone, both.examined):
            for finding in examined.findings:
                assert ("about half a metre" in finding.advice) == (finding.level is Level.LOOK)
                assert ("torch off" in finding.advice) == (finding.level is Level.LOOK and examined is alone)


def test_a_pair_says_what_the_torch_does(rooms: list[tuple[SyntheticPair, Examined, ExaminedPair]]) -> None:
    gated = 0
    for room, alone, both in rooms:
        assert not any(line.family == "torch" for finding in alone.findings for line in finding.evidence)
        assert both.off is not None
        assert both.off.shape == room.on.shape
        facts = both.examined.source.facts
        assert facts["registration_margin"] > 0.06
        assert 0 < facts["turn_deg"] ** 2 < 1
        lens = room.lenses[0]
        place = place_of(both.examined, lens.x_px, lens.y_px)
        if place < len(both.examined.findings):
            finding = both.examined.findings[place]
            gated += "torch.gated" in {line.rule for line in finding.evidence}
            assert "torch.persists" not in {line.rule for line in finding.evidence}
    assert gated >= 8


def test_the_shown_torch_off_picture_lies_on_the_torch_on_picture(
    rooms: list[tuple[SyntheticPair, Examined, ExaminedPair]],
) -> None:
    # An LED shines in both: in the laid-over picture it must be where it is in the first.
    for room, _, both in rooms[:4]:
        led = next(spot for spot in room.hard_negatives if spot.kind == "led")
        assert both.off is not None
        column, row = int(led.x_px), int(led.y_px)
        cut = both.off[row - 6 : row + 7, column - 6 : column + 7].max(axis=2).astype(float)
        weight = np.clip(cut - np.median(cut) - 0.3 * (cut.max() - np.median(cut)), 0, None)
        rows, columns = np.indices(cut.shape)
        assert abs((weight * columns).sum() / weight.sum() + column - 6 + 0.5 - led.x_px) < 1.5
        assert abs((weight * rows).sum() / weight.sum() + row - 6 + 0.5 - led.y_px) < 1.5


def room_with_lamp(*, lit: bool) -> NDArray[np.uint8]:
    """A grained wall with a glint that needs the torch at 150, 120 and a lamp at 450, 330 that does not."""
    rng = np.random.default_rng(11)
    grain = cv2.GaussianBlur(rng.normal(size=(480, 640)), (0, 0), 4.0)
    wall = 90.0 + 8.0 * grain / grain.std()
    for number in range(12):
        x, y = int(rng.integers(0, 600)), int(rng.integers(0, 440))
        if min(math.hypot(x - 130, y - 100), math.hypot(x - 430, y - 310)) > 110:
            cv2.rectangle(wall, (x, y), (x + 50, y + 30), 40.0 + 10 * number, -1)
    rows, columns = np.indices(wall.shape)
    for x, y, shines in ((150.5, 120.5, lit), (450.5, 330.5, True)):
        if shines:
            wall += 130.0 * np.exp(-((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2) / (2 * 1.2**2))
    noise = np.random.default_rng(int(lit)).normal(0, 1.5, wall.shape)
    grey = np.clip(np.rint(wall + noise), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def of_lamp_and_glint(examined: Examined) -> tuple[Finding, Finding]:
    return tuple(examined.findings[place_of(examined, *place)] for place in ((450.5, 330.5), (150.5, 120.5)))  # type: ignore[return-value]


def test_what_shines_without_the_torch_sinks_below_what_does_not() -> None:
    on, off = room_with_lamp(lit=True), room_with_lamp(lit=False)
    alone = examine_photo(picture(on), source_id="p")
    both = examine_pair(picture(on), picture(off), source_id="p").examined
    lamp_alone, glint_alone = of_lamp_and_glint(alone)
    lamp, glint = of_lamp_and_glint(both)
    assert lamp_alone.title == glint_alone.title == "A small bright spot"
    assert "without the torch too" in lamp.title
    assert "only with the torch" in glint.title
    assert lamp.weight_db == pytest.approx(lamp_alone.weight_db + weights()["torch.persists"].weight_db, abs=0.01)
    assert glint.weight_db == pytest.approx(glint_alone.weight_db + weights()["torch.gated"].weight_db, abs=0.01)
    assert both.findings.index(glint) < both.findings.index(lamp)


def test_pictures_of_different_rooms_are_examined_as_one_photo() -> None:
    on = room_with_lamp(lit=True)
    other = np.ascontiguousarray(np.rot90(room_with_lamp(lit=False), 2))
    pair = examine_pair(picture(on, name="a.jpg"), picture(other, name="b.jpg"), source_id="pair-1")
    alone = examine_photo(picture(on), source_id="pair-1")
    source = pair.examined.source
    assert source.state is SourceState.PARTIAL
    assert source.reason is not None
    assert "too little in common" in source.reason
    assert source.name == "a.jpg + b.jpg"
    assert pair.off is None
    assert pair.examined.findings == alone.findings
    assert len(alone.findings) >= 2


@pytest.mark.parametrize("black", [0, 90, 255])
def test_a_torch_off_picture_of_nothing_costs_nothing(black: int) -> None:
    on = room_with_lamp(lit=True)
    pair = examine_pair(picture(on), picture(np.full_like(on, black)), source_id="pair-1")
    assert pair.examined.source.state is SourceState.PARTIAL
    assert pair.examined.findings == examine_photo(picture(on), source_id="pair-1").findings


def test_pictures_of_other_shape_are_said_to_differ() -> None:
    on = room_with_lamp(lit=True)
    upright = np.ascontiguousarray(np.rot90(room_with_lamp(lit=False)))
    pair = examine_pair(picture(on), picture(upright), source_id="pair-1")
    source = pair.examined.source
    assert source.state is SourceState.PARTIAL
    assert "differ in shape (640 x 480 and 480 x 640 pixels)" in (source.reason or "")
    assert pair.off is None
    assert pair.examined.findings


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_a_torch_off_picture_of_another_size_is_fitted(scale: float) -> None:
    on = room_with_lamp(lit=True)
    off = np.asarray(cv2.resize(room_with_lamp(lit=False), None, fx=scale, fy=scale), np.uint8)
    pair = examine_pair(picture(on), picture(off), source_id="pair-1")
    assert pair.examined.source.state is SourceState.EXAMINED
    assert pair.off is not None
    assert pair.off.shape == on.shape
    lamp, glint = of_lamp_and_glint(pair.examined)
    assert "only with the torch" in glint.title
    assert "only with the torch" not in lamp.title


def test_damage_makes_a_source_partial_and_names_the_photo() -> None:
    on, off = room_with_lamp(lit=True), room_with_lamp(lit=False)
    assert examine_photo(picture(on), source_id="p").source.reason is None
    alone = examine_photo(picture(on, damage="ends early"), source_id="p")
    assert alone.source.state is SourceState.PARTIAL
    assert "ends early" in (alone.source.reason or "")
    assert alone.findings
    pair = examine_pair(picture(on, name="a"), picture(off, name="b", damage="ends early"), source_id="p").examined
    assert pair.source.state is SourceState.PARTIAL
    assert "b ends early" in (pair.source.reason or "")


def glitter(count: int) -> NDArray[np.uint8]:
    """Equal round spots on a light wall, in no order, far apart."""
    wall = np.full((900, 1200), 110.0)
    rng = np.random.default_rng(4)
    rows, columns = np.indices((21, 21))
    cells = rng.permutation(12 * 9)[:count]
    for cell in cells.tolist():
        x, y = 50 + 100 * (cell % 12) + int(rng.integers(-20, 20)), 50 + 100 * (cell // 12) + int(rng.integers(-20, 20))
        wall[y - 10 : y + 11, x - 10 : x + 11] += 140 * np.exp(-((rows - 10) ** 2 + (columns - 10) ** 2) / (2 * 1.2**2))
    grey = np.clip(np.rint(wall + rng.normal(0, 1.5, wall.shape)), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize("count", [0, 1, 3, 30])
def test_no_more_than_five_places_to_look_at(count: int) -> None:
    examined = examine_photo(picture(glitter(count)), source_id="photo-1")
    check_findings(examined, "photo-1")
    facts = examined.source.facts
    assert facts["bright_spots"] == count
    assert len(examined.findings) == min(count, LISTED_MAX)
    looks = sum(finding.level is Level.LOOK for finding in examined.findings)
    assert looks == min(facts["spots_worth_a_look"], LOOKS_MAX)
    assert facts.get("spots_worth_a_look_not_raised", 0) == max(0, facts["spots_worth_a_look"] - LOOKS_MAX)
    if count == 30:
        assert facts["spots_worth_a_look"] > LOOKS_MAX  # else this picture does not test the cap


def test_a_picture_of_nothing_has_no_findings_and_is_examined() -> None:
    for level in (0, 128, 255):
        even = np.full((200, 300, 3), level, np.uint8)
        examined = examine_photo(picture(even), source_id="photo-1")
        assert examined.findings == ()
        assert examined.source.state is SourceState.EXAMINED
        assert examined.source.facts["bright_spots"] == 0
        assert examine_pair(picture(even), picture(even), source_id="p").examined.findings == ()


def test_a_red_field_is_told() -> None:
    red = np.zeros((200, 300, 3), np.uint8)
    red[..., 2] = 150
    assert examine_photo(picture(red), source_id="p").source.facts["red_field"] is True
    assert "red_field" not in examine_photo(picture(np.full_like(red, 90)), source_id="p").source.facts
