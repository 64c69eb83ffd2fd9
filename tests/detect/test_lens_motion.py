import math

import cv2
import numpy as np
import pytest

from roomsweep.detect.lens.blinking import Blinks, Torch
from roomsweep.detect.lens.motion import Course, Fade, Slide, motion_evidence
from roomsweep.detect.lens.patches import align, cut
from roomsweep.detect.lens.views import POINTS_MIN, Corners, motion_between, rays, unturned

FOCAL_PX = 700.0
SIZE = (960, 540)


def turned(vector):
    return cv2.Rodrigues(np.array(vector, float))[0]


def views(*, turn, way, depth, points=120, noise_px=0.0, seed=0):
    """Rays of points at `depth` from two cameras."""
    rng = np.random.default_rng(seed)
    flat = np.c_[rng.uniform(-0.6, 0.6, points), rng.uniform(-0.35, 0.35, points), np.ones(points)]
    world = flat * rng.uniform(*depth, points)[:, None]
    second = (world - np.array(way)) @ turned(turn).T
    out = [world / world[:, 2:], second / second[:, 2:]]
    for rows in out:
        rows[:, :2] += rng.normal(0.0, noise_px / FOCAL_PX, (points, 2))
    return out


def slide_of(share, *, noise_px=0.05, measures=20, reach_px=140.0, windows=(0, 1, 2), surface_noise_px=0.1):
    """A spot that lies `share` of its distance before its surface, seen from a sweep."""
    rng = np.random.default_rng(3)
    slide = Slide()
    for step in np.linspace(0.05, 1.0, measures):
        parallax = np.array([reach_px * step, 3.0])
        slide.saw(0, np.degrees(np.arctan(parallax / FOCAL_PX)))
        for window in windows:
            seen = share * parallax + rng.normal(0.0, noise_px, 2)
            slide.add(0, window, seen, parallax, np.eye(2) / surface_noise_px**2, sample_px=1.0)
    return slide


# The motion of the camera


@pytest.mark.parametrize("depth", [(0.8, 1.6), (1.0, 1.0001)])
def test_turn_is_found_in_rooms_and_on_walls(depth):
    turn = (0.02, -0.10, 0.03)
    first, second = views(turn=turn, way=(0.2, 0.02, 0.01), depth=depth, noise_px=0.15)
    motion = motion_between(first, second, focal_px=FOCAL_PX)
    off = math.degrees(np.arccos((np.trace(motion.turn @ turned(turn).T) - 1) / 2))
    assert off < max(0.6, 3 * math.degrees(motion.turn_error))
    if depth[1] > 1.1:
        assert abs(motion.way @ (turned(turn) @ np.array((0.2, 0.02, 0.01)) / 0.2)) == pytest.approx(1.0, abs=0.02)


def test_a_known_motion_nearby_is_enough_to_start_from():
    first, second = views(turn=(0.01, -0.08, 0.0), way=(0.15, 0.0, 0.02), depth=(0.7, 1.5))
    cold = motion_between(first, second, focal_px=FOCAL_PX)
    warm = motion_between(first, second, focal_px=FOCAL_PX, near=cold)
    assert warm.turn == pytest.approx(cold.turn, abs=1e-3)


def test_too_few_points_give_no_motion():
    first, second = views(turn=(0, 0, 0), way=(0.1, 0, 0), depth=(1, 2), points=POINTS_MIN - 1)
    assert motion_between(first, second, focal_px=FOCAL_PX) is None


def test_with_the_turn_undone_far_points_stay_and_near_points_move():
    turn = (0.03, -0.05, 0.02)
    first, second = views(turn=turn, way=(0.1, 0.0, 0.0), depth=(0.8, 1.6))
    motion = motion_between(first, second, focal_px=FOCAL_PX)
    pixels = first[:, :2] * FOCAL_PX + np.array(SIZE) / 2
    far, maps = unturned(pixels, motion, focal_px=FOCAL_PX, size=SIZE)
    expected = (first @ turned(turn).T)[:, :2] / (first @ turned(turn).T)[:, 2:] * FOCAL_PX + np.array(SIZE) / 2
    assert far == pytest.approx(expected, abs=1.5)
    # The local map is the derivative.
    nudged, _ = unturned(pixels + np.array([0.5, 0.0]), motion, focal_px=FOCAL_PX, size=SIZE)
    assert (nudged - far) / 0.5 == pytest.approx(maps[:, :, 0], abs=1e-2)
    assert rays(pixels, focal_px=FOCAL_PX, size=SIZE) == pytest.approx(first)


def test_corners_keep_their_numbers():
    rng = np.random.default_rng(1)
    grain = cv2.GaussianBlur(rng.uniform(0, 255, (240, 320)).astype(np.float32), (0, 0), 2.0)
    before = np.clip((grain - grain.mean()) * 6 + 120, 0, 255).astype(np.uint8)
    after = np.roll(before, (3, 5), axis=(0, 1))
    corners = Corners()
    corners.follow(before, after)
    assert len(corners.numbers) == 0
    corners.renew(before)
    places = dict(zip(corners.numbers.tolist(), corners.xy, strict=True))
    corners.follow(before, after)
    assert len(corners.numbers) > 50
    moved = np.array([xy - places[number] for number, xy in zip(corners.numbers.tolist(), corners.xy, strict=True)])
    assert np.median(moved, axis=0) == pytest.approx((5.0, 3.0), abs=0.05)


# The surface around a spot


def surface(*, x=0.0, y=0.0, spot=None, side=120):
    """An uneven surface moved by (x, y) pixels, with a bright spot at a place of its own."""
    rows, columns = np.mgrid[0:side, 0:side].astype(float)
    u, v = columns - x, rows - y
    out = 120 + 25 * np.sin(u / 5.1) * np.cos(v / 6.3) + 20 * np.sin((u + v) / 9.0)
    if spot is not None:
        out += 130 * np.exp(-((columns - spot[0]) ** 2 + (rows - spot[1]) ** 2) / 4.0)
    return np.clip(np.round(out), 0, 255).astype(np.uint8)


def found(patch, picture, guess):
    return align(patch, picture, guess, hole_px=np.array([5.0]), half=14, step=1.0, maps=np.eye(2)[None])


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.37, -0.81), (1.2, 0.9)])
def test_a_surface_is_found_to_a_seventh_of_a_pixel_whatever_the_spot_does(shift):
    middle = np.array([[60.5, 60.5]])
    patch = cut(surface(spot=(60, 60)), middle, half=16, step=1.0)
    for slid in (0.0, 2.0):
        picture = surface(x=shift[0], y=shift[1], spot=(60 + shift[0] + slid, 60 + shift[1]))
        out = found(patch, picture, middle)
        assert out.xy[0] == pytest.approx(middle[0] + shift, abs=0.14)
        assert out.correlation[0] > 0.9


def test_changed_light_does_not_move_a_surface():
    middle = np.array([[60.5, 60.5]])
    patch = cut(surface(), middle, half=16, step=1.0)
    slope = np.linspace(0.4, 0.9, 120)[None, :]
    picture = (surface(x=0.6) * slope).astype(np.uint8)
    assert found(patch, picture, middle).xy[0] == pytest.approx((61.1, 60.5), abs=0.15)


def test_even_and_other_surfaces_are_not_found():
    middle = np.array([[60.5, 60.5]])
    noise = np.random.default_rng(0).normal(0, 2, (120, 120))
    even = np.clip(120 + noise, 0, 255).astype(np.uint8)
    patch = cut(even, middle, half=16, step=1.0)
    other = np.clip(120 + noise[::-1, ::-1] + np.arange(120), 0, 255).astype(np.uint8)
    assert found(patch, other, middle).correlation[0] < 0.45


def test_an_edge_tells_only_what_lies_across_it():
    columns = np.mgrid[0:120, 0:120][1]
    edge = (100 + 60 / (1 + np.exp(-(columns - 66.0)))).astype(np.uint8)
    middle = np.array([[60.5, 60.5]])
    out = found(cut(edge, middle, half=16, step=1.0), edge, middle)
    assert out.precision[0, 0, 0] > 100 * out.precision[0, 1, 1]


# What a spot does on its surface


@pytest.mark.parametrize(
    ("share", "course"),
    [
        (0.0, Course.FIXED),
        (-0.0015, Course.FIXED),  # a lens 1.5 mm behind its hole, at 1 m
        (-0.01, Course.SLIDES),  # a ball of 10 mm
        (0.025, Course.SLIDES),  # a knob 25 mm before its board
        (-1.0, Course.RUNS),  # the torch mirrored in flat glass
    ],
)
def test_courses(share, course):
    slide = slide_of(share)
    assert slide.share[0] == pytest.approx(share, abs=0.003)
    assert slide.course is course


def test_too_little_movement_is_still():
    assert slide_of(0.0, reach_px=10.0).course is Course.STILL


def test_noise_is_unclear():
    assert slide_of(0.0, noise_px=2.0, surface_noise_px=2.0, reach_px=40.0).course is Course.UNMEASURED
    assert Slide().course is Course.UNMEASURED


def test_windows_that_disagree_are_unclear():
    slide = slide_of(0.0, windows=(1,))
    other = slide_of(-0.012, windows=(0,))
    slide._sums.update(other._sums)
    assert slide.course is not Course.FIXED


def test_an_object_before_a_wall_is_not_called_sliding():
    """Only large windows were found, and what they found lies behind the spot: that is the wall."""
    assert slide_of(0.03, windows=(1, 2)).course is Course.UNMEASURED
    assert slide_of(-0.03, windows=(1, 2)).course is Course.SLIDES


def test_views_that_are_given_up_still_count():
    slide = slide_of(-0.01)
    before = slide.share
    slide.forget(0)
    assert slide.share == pytest.approx(before)
    assert slide.course is Course.SLIDES
    assert slide.seen_deg > 5


def test_motion_across_the_parallax_is_rejected():
    slide = Slide()
    slide.add(0, 0, np.array([0.0, 12.0]), np.array([80.0, 0.0]), np.eye(2), sample_px=1.0)
    assert (slide.measures, slide.rejected) == (0, 1)


def test_the_side_that_was_not_seen_is_named():
    assert slide_of(0.0).unseen_side == "right"
    assert Slide().unseen_side == ""


# How its light changes


def faded(values, *, saturated=False):
    fade = Fade()
    for value in values:
        fade.add(float(value), saturated=saturated)
    return fade


def test_a_lens_fades_smoothly_and_noise_does_not():
    rng = np.random.default_rng(5)
    angle = np.linspace(-1, 1, 40)
    field = faded(np.log(1 - 0.5 * angle**2) + rng.normal(0, 0.05, 40))
    assert 0.13 < field.spread < 0.3
    assert faded(rng.normal(0, 0.2, 40)).spread < 0.1
    assert faded(np.zeros(40)).spread == 0.0


def test_saturated_or_short_series_tell_nothing():
    assert math.isnan(faded(np.linspace(0, 1, 40), saturated=True).spread)
    assert math.isnan(faded([0.1, 0.2]).spread)


def rules(slide, fade):
    return {line.rule: line for line in motion_evidence(slide, fade)}


def test_fading_is_said_of_what_stays_and_makes_no_motion_cue():
    fading, constant = faded(np.linspace(0, 0.8, 30)), faded(np.zeros(30))
    for share, fade, said in ((0.0, fading, True), (0.0, constant, False), (-0.01, fading, False)):
        lines = rules(slide_of(share), fade)
        assert ("motion.fades" in lines) is said
        assert not any(line.family == "motion" and line.weight_db > 0 for line in lines.values())
    assert rules(slide_of(-0.01), fading)["motion.slides"].weight_db < 0
    assert rules(slide_of(-1.0), fading)["motion.runs"].weight_db < 0
    assert rules(slide_of(0.0, reach_px=10.0), fading)["motion.still"].weight_db == 0
    assert rules(Slide(), fading)["motion.unmeasured"].weight_db == 0


def test_wide_and_gone_are_said():
    slide = slide_of(0.0, reach_px=450.0)
    for _ in range(4):
        slide.missed()
    assert {"motion.wide", "steady.goes_out"} <= set(rules(slide, Fade()))


# The torch


def test_torch_steps_are_seen():
    blinks = Blinks()
    states = [blinks.push(level) for level in (100, 101, 99, 30, 30, 31, 29, 95, 100, 100)]
    assert states[:3] == [Torch.STEADY] * 3
    assert states[3] is Torch.TURNING
    assert states[5:7] == [Torch.OFF] * 2
    assert states[9] is Torch.ON
    assert blinks.switched == 2
    assert not blinks.began_off


def test_a_clip_that_begins_without_the_torch():
    blinks = Blinks()
    for level in (30, 30, 30, 60, 100, 100):
        state = blinks.push(level)
    assert blinks.began_off
    assert state is Torch.ON
    assert blinks.switched == 1


def test_slow_changes_are_no_steps():
    blinks = Blinks()
    for level in 100 * 1.05 ** np.arange(-20, 20):
        assert blinks.push(float(level)) is Torch.STEADY
