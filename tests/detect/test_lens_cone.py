import math

import numpy as np
import pytest

from roomsweep.detect.lens.cone import DARK_MIN, LOOKS_MAX, Cone, peak_at
from roomsweep.detect.lens.motion import Fade, Slide, motion_evidence

#: Directions of a hand that goes to one side, to the other and back, degrees.
WAY_DEG = 31.0 * np.sin(np.linspace(0.0, 2.0 * math.pi, 100))


def cone_of(light, *, way=WAY_DEG, seed=3):
    """A place seen along `way`; `light` gives what it returns towards an angle."""
    rng = np.random.default_rng(seed)
    cone = Cone()
    for number, angle in enumerate(way):
        value = light(angle) * math.exp(rng.normal(0.0, 0.1)) + rng.normal(0.0, 0.02)
        cone.add(np.array([angle, 0.1 * angle]), value, seen=value > 0.15, frame=number)
    return cone


def lens(cutoff_deg, axis_deg=0.0):
    return lambda angle: max(0.0, 1.0 - ((angle - axis_deg) / cutoff_deg) ** 2)


@pytest.mark.parametrize("cutoff_deg", [10.0, 15.0, 25.0])
def test_a_lens_goes_out_on_both_sides(cutoff_deg):
    field = cone_of(lens(cutoff_deg)).field()
    assert field.sides == 2
    assert field.lit_deg == pytest.approx(2 * cutoff_deg, rel=0.35)
    assert field.all_deg == pytest.approx(62.0, abs=2.0)
    assert field.wrong < 0.05


def test_a_lens_that_looks_aside_goes_out_on_one_side():
    field = cone_of(lens(20.0, axis_deg=18.0)).field()
    assert field.sides == 1


@pytest.mark.parametrize("light", [lambda _: 1.0, lambda angle: math.cos(math.radians(angle))])
def test_balls_and_paint_shine_from_everywhere(light):
    field = cone_of(light).field()
    assert field.sides == 0
    assert field.lit_deg > 58.0


def test_what_comes_and_goes_contradicts_itself():
    flicker = iter(np.random.default_rng(0).integers(0, 2, 1000).tolist())
    field = cone_of(lambda _: float(next(flicker))).field()
    assert field is None or field.wrong > 0.2


def test_a_short_flash_has_a_narrow_field():
    field = cone_of(lambda angle: float(abs(angle) < 3.0)).field()
    assert field is None or field.lit_deg < 7.0


def test_too_few_looks_tell_nothing():
    assert Cone().field() is None
    assert cone_of(lambda _: 1.0, way=WAY_DEG[:DARK_MIN]).field() is None
    assert cone_of(lambda _: 0.0).field() is None


def test_memory_is_bounded():
    cone = cone_of(lens(15.0), way=np.tile(WAY_DEG, 30))
    assert len(cone.looks) <= LOOKS_MAX
    assert cone.field().sides == 2


def told(field, slide=None, **options):
    return {line.rule: line for line in motion_evidence(slide or Slide(), Fade(), field, **options)}


def test_what_the_field_says():
    both, one = cone_of(lens(15.0)).field(), cone_of(lens(20.0, axis_deg=18.0)).field()
    all_round, flash = cone_of(lambda _: 1.0).field(), cone_of(lambda angle: float(abs(angle) < 3.0)).field()
    assert told(both)["motion.cone_even"].weight_db > 0
    assert told(one)["steady.cone_side"].weight_db >= 0
    assert told(all_round)["motion.all_round"].weight_db < 0
    for rules in (told(flash), told(None), told(both, persistence=0.9)):
        assert not {"motion.cone", "motion.cone_even", "steady.cone_side"} & set(rules)


def test_a_field_that_closes_on_both_sides_is_the_only_cue_of_motion_and_none_for_what_slides():
    both, one = cone_of(lens(15.0)).field(), cone_of(lens(20.0, axis_deg=18.0)).field()
    for field, cue in ((both, True), (one, False)):
        assert any(line.family == "motion" and line.weight_db > 0 for line in told(field).values()) is cue
    sliding = Slide()
    for size in np.linspace(5.0, 300.0, 40):
        parallax = np.array([size, 0.0])
        sliding.saw(0, np.array([size / 12.0, 0.0]))
        sliding.add(0, 0, -0.02 * parallax, parallax, np.eye(2) * 25.0, sample_px=1.0)
    rules = told(both, sliding)
    assert "motion.slides" in rules
    assert not {"motion.cone", "motion.cone_even"} & set(rules)


def spot(x, y, *, height=100.0, floor=60.0):
    rows, columns = np.mgrid[0:60, 0:80] + 0.5
    return np.round(floor + height * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2.0)).astype(np.uint8)


def test_the_peak_is_found_to_a_part_of_a_pixel():
    for x, y in ((40.5, 30.5), (40.8, 30.2), (41.3, 29.6)):
        found = peak_at(spot(x, y), (40.5, 30.5), sample_px=1.0)
        assert found[:2] == pytest.approx((x, y), abs=0.2)
        assert found[2] > 1.0


def test_a_highlight_on_a_pale_disc_is_told_from_the_disc():
    rows, columns = np.mgrid[0:60, 0:80] + 0.5
    disc = np.where(np.hypot(columns - 40, rows - 30) < 4.0, 60, 0)
    picture = np.minimum(spot(42.0, 30.0, height=130.0) + disc, 255).astype(np.uint8)
    assert peak_at(picture, (40.5, 30.0), sample_px=1.0)[0] == pytest.approx(42.0, abs=0.5)


def test_a_dark_hole_gives_no_light_and_the_rim_of_the_picture_none_at_all():
    assert peak_at(spot(40.0, 30.0, height=-50.0), (40.0, 30.0), sample_px=1.0)[2] < 0.05
    assert math.isnan(peak_at(spot(2.0, 2.0), (2.0, 2.0), sample_px=1.0)[2])
