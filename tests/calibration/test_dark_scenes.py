"""Synthetic dark rooms: what was put in is there, in its colour, and nothing else is."""

import numpy as np
import pytest

from roomsweep.calibration.dark_scenes import LIGHTS, DarkRoom, dark_scene


def test_the_same_seed_gives_the_same_picture_and_another_seed_another() -> None:
    first, again, other = dark_scene(seed=4), dark_scene(seed=4), dark_scene(seed=5)
    assert np.array_equal(first.picture, again.picture)
    assert first.lights == again.lights
    assert not np.array_equal(first.picture, other.picture)
    assert first.picture.shape == (720, 960, 3)
    assert first.picture.dtype == np.uint8


def test_a_dark_room_is_dark() -> None:
    assert np.median(dark_scene(seed=1, infrared="ring").picture) < 40


@pytest.mark.parametrize(("colour", "strongest"), [("red", 2), ("green", 1), ("blue", 0)])
def test_colours_come_out_as_they_are_named(colour: str, strongest: int) -> None:
    room = DarkRoom(seed=2, width=200, height=160)
    room.add_light(colour, 100.5, 80.5, strength=0.4)
    patch = room.scene().picture[77:84, 97:104].reshape(-1, 3).mean(axis=0)
    assert int(patch.argmax()) == strongest


def test_infrared_is_seen_by_all_three_filters() -> None:
    for colour in ("ir850", "ir940"):
        assert min(LIGHTS[colour]) > 0.85 * max(LIGHTS[colour])


def test_the_room_moves_and_hot_pixels_stay() -> None:
    room = DarkRoom(seed=3, width=200, height=160)
    room.add_light("green", 60.5, 60.5, strength=3.0)
    room.add_hot_pixels(1)
    before, after = room.scene(jpeg_quality=None), room.scene(shift_px=(20, 10), noise=1, jpeg_quality=None)
    (light, hot), (moved, same) = before.lights, after.lights
    assert (moved.x_px - light.x_px, moved.y_px - light.y_px) == (20.0, 10.0)
    assert hot == same
    for scene, place in ((before, light), (after, moved), (before, hot), (after, same)):
        x, y = int(place.x_px), int(place.y_px)
        assert scene.picture[y - 1 : y + 2, x - 1 : x + 2].max() > 90, place


def test_every_light_asked_for_is_told() -> None:
    for kind, told in (("ring", "ir_ring"), ("row", "ir_row"), ("single", "ir_single")):
        scene = dark_scene(seed=9, infrared=kind)
        infrared = [light for light in scene.lights if light.kind.startswith("ir")]
        assert [light.kind for light in infrared] == [told]
        x, y = int(infrared[0].x_px), int(infrared[0].y_px)
        reach = int(infrared[0].radius_px) + 4
        assert scene.picture[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].max() > 100
    assert not any(light.kind.startswith("ir") for light in dark_scene(seed=9).lights)
