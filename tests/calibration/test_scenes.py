import math

import numpy as np
import pytest
from numpy.typing import NDArray

from roomsweep.calibration.phone import Phone, Pose, project
from roomsweep.calibration.render import lens_light, mirror_image_px
from roomsweep.calibration.room import furnished_room
from roomsweep.calibration.scenes import SyntheticPair, synthetic_pair, synthetic_photo

SEEDS = (0, 7, 21)
PHONE = Phone(width=1600, height=1200, hfov_deg=70.0, torch_offset_m=0.012, psf_px=0.9)


@pytest.fixture(scope="module", params=SEEDS)
def pair(request: pytest.FixtureRequest) -> SyntheticPair:
    """A pair with every lens the room has a place for."""
    return synthetic_pair(seed=request.param, lenses=3)


def around(picture: NDArray[np.uint8], x_px: float, y_px: float, reach: int) -> NDArray[np.int16]:
    """Brightest channel of the square about the pixel that holds a point, as far as it is in the picture."""
    column, row = math.floor(x_px), math.floor(y_px)
    cut = picture[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
    return cut.max(axis=2).astype(np.int16)


def contrast(picture: NDArray[np.uint8], x_px: float, y_px: float) -> int:
    """How far the brightest pixel within 2 px of a point stands above the median of its surround."""
    return int(around(picture, x_px, y_px, 2).max() - np.median(around(picture, x_px, y_px, 7)))


def test_pictures_are_what_a_phone_gives(pair: SyntheticPair) -> None:
    for picture in (pair.on, pair.off):
        assert picture.shape == (1200, 1600, 3)
        assert picture.dtype == np.uint8
    # Dim without the torch, neither black nor blown out with it.
    assert 10 < pair.off.mean() < 70 < pair.on.mean() < 150
    assert (pair.on.min(axis=2) == 255).mean() < 0.02


def test_each_lens_is_the_peak_of_its_surround_with_the_torch_only(pair: SyntheticPair) -> None:
    assert len(pair.lenses) == 3
    for lens in pair.lenses:
        near = around(pair.on, lens.x_px, lens.y_px, 9)
        assert contrast(pair.on, lens.x_px, lens.y_px) >= 60
        # Within half a pixel of the truth (pixel centres lie at .5), centroid of what stands out.
        rows, columns = np.indices(near.shape)
        weight = np.clip(near - np.median(near) - 40, 0, None)
        x = (weight * columns).sum() / weight.sum() + math.floor(lens.x_px) - 9 + 0.5
        y = (weight * rows).sum() / weight.sum() + math.floor(lens.y_px) - 9 + 0.5
        assert math.hypot(x - lens.x_px, y - lens.y_px) < 0.5
        # A small round spot: at half of its height 1-6 px wide.
        half = (near > (int(near.max()) + np.median(near)) / 2).sum()
        assert 1 <= half <= 28
        assert contrast(pair.off, lens.off_x_px, lens.off_y_px) < 25


def test_hard_negatives_shine_where_the_truth_says(pair: SyntheticPair) -> None:
    kinds = [spot.kind for spot in pair.hard_negatives]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "specular": 2,
        "streak": 1,
        "mirror_image": 1,
        "led": 1,
        "printed_dot": 14,
        "tape": 1,
    }
    for spot in pair.hard_negatives:
        reach = math.ceil(spot.radius_px) + 1
        peak = int(around(pair.on, spot.x_px, spot.y_px, reach).max())
        surround = float(np.percentile(around(pair.on, spot.x_px, spot.y_px, 8 * reach), 25))
        assert peak - surround >= 40, spot
        if spot.kind in ("specular", "streak", "mirror_image", "tape"):
            assert peak == 255, spot


def test_only_the_led_shines_without_the_torch(pair: SyntheticPair) -> None:
    (led,) = (spot for spot in pair.hard_negatives if spot.kind == "led")
    # The hand moved by up to some 20 px, so search there.
    assert around(pair.off, led.x_px, led.y_px, 24).max() > 150
    for spot in pair.hard_negatives:
        if spot.kind in ("specular", "streak", "tape"):
            assert around(pair.off, spot.x_px, spot.y_px, 8).max() < 130, spot


def test_a_streak_is_long_and_a_knob_is_round(pair: SyntheticPair) -> None:
    streak = next(spot for spot in pair.hard_negatives if spot.kind == "streak")
    knob = next(spot for spot in pair.hard_negatives if spot.kind == "specular")
    for spot, long in ((streak, True), (knob, False)):
        bright = around(pair.on, spot.x_px, spot.y_px, 12) > 240
        tall, wide = int(bright.any(axis=1).sum()), int(bright.any(axis=0).sum())
        assert (tall > 3 * wide) is long


def test_the_hand_moved_between_the_pictures(pair: SyntheticPair) -> None:
    moved = [math.hypot(lens.x_px - lens.off_x_px, lens.y_px - lens.off_y_px) for lens in pair.lenses]
    assert 1 < max(moved) < 25


def test_the_same_seed_gives_the_same_pictures() -> None:
    first, again, other = (synthetic_pair(seed=seed, width=400, height=300) for seed in (3, 3, 4))
    assert np.array_equal(first.on, again.on)
    assert np.array_equal(first.off, again.off)
    assert first.lenses == again.lenses
    assert not np.array_equal(first.on, other.on)


def test_a_photo_is_the_lit_half_of_the_pair() -> None:
    pair, photo = synthetic_pair(seed=5, width=400, height=300), synthetic_photo(seed=5, width=400, height=300)
    assert np.array_equal(pair.on, photo.picture)
    assert pair.lenses == photo.lenses
    assert pair.hard_negatives == photo.hard_negatives


@pytest.mark.parametrize("lenses", [0, 1, 2])
def test_the_number_of_lenses_is_the_number_asked_for(lenses: int) -> None:
    assert len(furnished_room(seed=1, lenses=lenses).lenses) == lenses


@pytest.mark.parametrize("lenses", [-1, 4])
def test_a_room_has_places_for_three(lenses: int) -> None:
    with pytest.raises(ValueError, match="0-3 lenses"):
        furnished_room(seed=1, lenses=lenses)


def test_everything_is_in_the_picture_for_many_seeds() -> None:
    narrow = Phone(width=1600, height=1200, hfov_deg=66.0, torch_offset_m=0.010, psf_px=0.9)
    for seed in range(6):
        scene = furnished_room(seed=seed, lenses=3)
        points = np.array([lens.position for lens in scene.lenses])
        pixels = project(points, phone=narrow, pose=Pose())
        assert (pixels > 20).all()
        assert (pixels < (1580, 1180)).all()
        for glass in scene.glasses:
            assert mirror_image_px(glass.face, phone=narrow, pose=Pose()) is not None


def test_projection_is_that_of_a_pinhole() -> None:
    # 1 m ahead, half of the field of view to the side: on the edge of the picture.
    edge = math.tan(math.radians(35.0))
    pixels = project(np.array([[0.0, 0.0, 1.0], [edge, 0.0, 1.0], [-2 * edge, 0.0, 2.0]]), phone=PHONE, pose=Pose())
    assert pixels == pytest.approx(np.array([[800.0, 600.0], [1600.0, 600.0], [0.0, 600.0]]))


def test_turning_the_phone_moves_the_picture_the_other_way() -> None:
    ahead = np.array([[0.0, 0.0, 1.0]])
    (right,) = project(ahead, phone=PHONE, pose=Pose(yaw_deg=1.0))
    (down,) = project(ahead, phone=PHONE, pose=Pose(pitch_deg=1.0))
    step = PHONE.focal_px * math.tan(math.radians(1.0))
    assert right == pytest.approx([800 - step, 600])
    assert down == pytest.approx([800, 600 - step])
    # A phone rolled clockwise sees what was at its right higher up.
    (rolled,) = project(np.array([[0.5, 0.0, 1.0]]), phone=PHONE, pose=Pose(roll_deg=10.0))
    assert rolled[1] < 600


def test_near_things_move_more_than_far_ones() -> None:
    pose = Pose(position_m=(0.1, 0.0, 0.0))
    near, far = project(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]]), phone=PHONE, pose=pose)
    assert 800 - near[0] == pytest.approx(0.1 * PHONE.focal_px)
    assert 800 - near[0] == pytest.approx(2 * (800 - far[0]))


def test_a_lens_dies_off_its_axis_and_with_a_torch_far_from_the_camera() -> None:
    (lens,) = furnished_room(seed=2, lenses=1).lenses
    on_axis = np.array(lens.position) + np.array(lens.axis)
    seen = Pose(position_m=(float(on_axis[0]), float(on_axis[1]), float(on_axis[2])))
    full = lens_light(lens, phone=PHONE, pose=seen)
    aside = Pose(position_m=(float(on_axis[0]) + math.tan(math.radians(30.0)), float(on_axis[1]), float(on_axis[2])))
    assert full > 0
    assert lens_light(lens, phone=PHONE, pose=aside) == 0.0
    far_torch = Phone(width=1600, height=1200, hfov_deg=70.0, torch_offset_m=0.1, psf_px=0.9)
    assert lens_light(lens, phone=far_torch, pose=seen) < full / 100
