"""Lights in the dark: place, size, shape and colour, and what is too large or too narrow to be one."""

import cv2
import numpy as np
import pytest

from roomsweep.calibration.dark_scenes import DarkRoom
from roomsweep.detect.lens.grouping import Form, form_of, group_lights
from roomsweep.detect.lens.lights import Lights, darkness_of, find_lights
from roomsweep.detect.lens.spots import Image


def room(seed: int = 0, **options: float) -> DarkRoom:
    return DarkRoom(seed=seed, width=480, height=360, **options)  # type: ignore[arg-type]


def nearest(lights: Lights, x_px: float, y_px: float) -> int:
    return int(np.argmin(np.hypot(lights.x_px - x_px, lights.y_px - y_px)))


@pytest.mark.parametrize(("x", "y"), [(200.5, 150.5), (200.0, 150.25), (8.0, 180.0)])
def test_a_light_is_found_at_its_place(x: float, y: float) -> None:
    dark = room()
    dark.add_light("white", x, y, strength=1.0)
    lights = find_lights(dark.scene().picture)
    assert len(lights) == 1
    assert (lights.x_px[0], lights.y_px[0]) == pytest.approx((x, y), abs=0.3)
    assert lights.elongation[0] < 1.3
    assert lights.open_ended[0] == 0.0


def test_a_larger_light_has_a_larger_radius() -> None:
    radii = []
    for radius in (1.0, 3.0, 6.0):
        dark = room()
        dark.add_light("white", 240.0, 180.0, radius_px=radius)
        radii.append(float(find_lights(dark.scene().picture).radius_px[0]))
    assert radii == sorted(radii)
    assert radii[-1] > 1.8 * radii[0]


@pytest.mark.parametrize(
    ("colour", "low", "high"),
    [("red", 335, 15), ("green", 100, 145), ("blue", 215, 250), ("ir850", 262, 338), ("amber", 345, 60)],
)
@pytest.mark.parametrize("strength", [0.5, 4.0])
def test_the_hue_survives_clipping_and_jpeg(colour: str, low: float, high: float, strength: float) -> None:
    dark = room()
    dark.add_light(colour, 240.0, 180.0, radius_px=2.0, strength=strength)
    lights = find_lights(dark.scene().picture)
    hue = float(lights.hue_deg[0])
    assert low <= hue <= high or (low > high and (hue >= low or hue <= high))
    assert lights.colour_snr[0] > 8.0


def test_white_is_pale() -> None:
    dark = room(balance=0.0)
    dark.add_light("white", 240.0, 180.0, radius_px=2.0, strength=0.6)
    assert find_lights(dark.scene().picture).saturation[0] < 0.35


def test_noise_alone_gives_no_light() -> None:
    for seed in range(8):
        assert len(find_lights(room(seed, ambient=0.001 * (seed + 1)).scene().picture)) == 0


def test_a_window_and_a_slit_are_no_small_lights() -> None:
    dark = room()
    dark.add_window(150.0, 120.0, side_px=120.0)
    dark.add_slit(250.0, 300.0, 450.0, 306.0)
    lights = find_lights(dark.scene().picture)
    small = (lights.radius_px < 6.0) & (lights.open_ended == 0.0) & (lights.elongation < 2.2)
    assert not small.any()


def test_one_bright_pixel_is_narrower_than_a_light() -> None:
    image = np.full((200, 200, 3), 6, np.uint8)
    image[100, 100] = 220
    dark = room()
    dark.add_light("white", 240.5, 180.5, radius_px=0.1)
    assert find_lights(image).concentration[0] > 0.9
    assert find_lights(dark.scene(jpeg_quality=None).picture).concentration[0] < 0.35


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("side", [8, 33, 200])
def test_an_even_picture_has_no_light(value: int, side: int) -> None:
    image: Image = np.full((side, side, 3), value, np.uint8)
    assert len(find_lights(image)) == 0
    assert darkness_of(image) == value


def test_lights_beside_each_other_stay_apart() -> None:
    dark = room()
    dark.add_row("ir850", 200.0, 180.0, count=4, step_px=10.0)
    lights = find_lights(dark.scene().picture)
    assert len(lights) == 4
    assert np.sort(lights.x_px) == pytest.approx([200.0, 210.0, 220.0, 230.0], abs=0.5)


def circle(count: int, *, tilt: float = 1.0, turn: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    angle = turn + 2 * np.pi * np.arange(count) / count
    return 100 + 20 * np.cos(angle), 80 + 20 * tilt * np.sin(angle)


@pytest.mark.parametrize("count", [4, 5, 6, 9, 30])
@pytest.mark.parametrize("tilt", [1.0, 0.7, 0.5])
def test_rings_are_rings_from_aside_too(count: int, tilt: float) -> None:
    assert form_of(*circle(count, tilt=tilt)) is Form.RING


def test_other_forms() -> None:
    line = np.arange(5.0)
    assert form_of(10 * line, 3 * line) is Form.ROW
    assert form_of(np.array([0.0, 10.0, 90.0]), np.zeros(3)) is Form.FEW  # a line without even steps
    assert form_of(line[:1], line[:1]) is Form.ALONE
    assert form_of(line[:2], line[:2]) is Form.FEW
    x, y = circle(8)
    assert form_of(x[:5], y[:5]) is Form.FEW  # an arc
    assert form_of(np.append(x, 100.0), np.append(y, 80.0)) is Form.FEW  # something in the middle
    grid = np.arange(64)
    assert form_of(grid % 8, grid // 8.0) is Form.CROWD


def test_groups_keep_colours_apart_and_miss_no_light() -> None:
    dark = room()
    dark.add_ring("ir850", 150.0, 150.0, count=6)
    dark.add_light("green", 190.0, 150.0)
    dark.add_light("red", 400.0, 300.0)
    lights = find_lights(dark.scene().picture)
    groups = group_lights(lights)
    assert sorted(index for group in groups for index in group.members) == list(range(len(lights)))
    (ring,) = [group for group in groups if group.form is Form.RING]
    assert len(ring.members) == 6
    assert (ring.x_px, ring.y_px) == pytest.approx((150.0, 150.0), abs=1.0)
    assert ring.radius_px == pytest.approx(17.0, abs=2.5)
    assert sum(group.form is Form.ALONE for group in groups) == 2


def test_lights_may_touch_the_edge() -> None:
    image: Image = np.full((120, 160, 3), 5, np.uint8)
    for x, y in ((0, 0), (159, 119), (80, 0)):
        cv2.circle(image, (x, y), 3, (200, 180, 200), -1)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), dtype=np.uint8)
    lights = find_lights(image)
    assert len(lights) == 3
    assert (lights.open_ended == 0.0).all()
    assert nearest(lights, 160, 120) != nearest(lights, 0, 0)
