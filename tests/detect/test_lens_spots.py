import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.spots import CONTRAST_MIN, Spots, find_spots, grey_of, is_red_field, noise_of

Image = NDArray[np.uint8]


def ground(kind: str, height: int = 240, width: int = 320) -> NDArray[np.float64]:
    """A wall: even, in uneven light, or with a grain of a few grey levels."""
    y, x = np.mgrid[:height, :width]
    if kind == "plain":
        return np.full((height, width), 70.0)
    if kind == "gradient":
        return 30.0 + 90.0 * x / width + 40.0 * y / height
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), 3.0)
    return np.asarray(70.0 + 5.0 * grain / grain.std(), dtype=np.float64)


def add_spot(
    image: NDArray[np.float64], x_px: float, y_px: float, *, sigma_px: float = 1.2, height: float = 120.0
) -> None:
    """A point of light seen by a camera: a Gaussian; the place counts from the corner of the top left pixel."""
    rows, columns = np.indices(image.shape[:2])
    r2 = (columns + 0.5 - x_px) ** 2 + (rows + 0.5 - y_px) ** 2
    light = height * np.exp(-r2 / (2.0 * sigma_px**2))
    image += light if image.ndim == 2 else light[..., None]


def picture(grey: NDArray[np.float64], *, noise: float = 1.5, seed: int = 0) -> Image:
    rng = np.random.default_rng(seed)
    noisy = grey + rng.normal(0.0, noise, grey.shape)
    one = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return one if one.ndim == 3 else np.repeat(one[..., None], 3, axis=2)


def nearest(spots: Spots, x_px: float, y_px: float) -> tuple[int, float]:
    """Index of and distance to the spot next to a place."""
    apart = np.hypot(spots.x_px - x_px, spots.y_px - y_px)
    return int(apart.argmin()), float(apart.min())


@pytest.mark.parametrize("kind", ["plain", "gradient", "texture"])
@pytest.mark.parametrize("sigma_px", [0.8, 1.2, 2.0])
def test_a_spot_is_found_where_it_is(kind: str, sigma_px: float) -> None:
    rng = np.random.default_rng(int(10 * sigma_px))
    places = [
        (40.0 + 60 * i + rng.uniform(0, 1), 50.0 + 70 * j + rng.uniform(0, 1)) for i in range(4) for j in range(3)
    ]
    grey = ground(kind)
    for place in places:
        add_spot(grey, *place, sigma_px=sigma_px)
    spots = find_spots(picture(grey))
    assert len(spots) >= len(places)
    for place in places:
        index, apart = nearest(spots, *place)
        assert apart < 0.3
        assert index < len(places)  # none of the ground's own spots is stronger
        # Half of the height of a Gaussian lies at 1.18 sigma.
        assert spots.radius_px[index] == pytest.approx(1.18 * sigma_px, abs=0.5)
        # The smallest cover two pixels, which are twice as long as wide.
        assert spots.elongation[index] <= (2.01 if sigma_px < 1 else 1.6)
        assert spots.open_ended[index] == 0


def test_height_and_surround_are_grey_levels() -> None:
    grey = ground("plain")
    add_spot(grey, 100.5, 120.5, sigma_px=1.5, height=100.0)
    spots = find_spots(picture(grey, noise=1.0))
    assert len(spots) == 1
    assert spots.surround[0] == pytest.approx(70, abs=1)
    assert spots.peak[0] == pytest.approx(170, abs=4)
    assert spots.height[0] == pytest.approx(100, abs=4)
    assert spots.noise[0] == pytest.approx(1.0, abs=0.6)
    assert spots.saturated[0] == 0
    assert spots.prominence[0] == 0  # as strong as the middle of the strongest: itself


def test_a_blown_out_spot_is_said_to_be() -> None:
    grey = ground("plain")
    add_spot(grey, 100.5, 120.5, height=600.0)
    spots = find_spots(picture(grey))
    assert spots.saturated[0] == 1
    assert spots.peak[0] == 255


def test_brightness_alone_is_not_asked_for() -> None:
    for level in (0.0, 20.0, 200.0):
        grey = np.full((240, 320), level)
        add_spot(grey, 160.2, 120.7, height=40.0)
        spots = find_spots(picture(grey))
        assert nearest(spots, 160.2, 120.7)[1] < 0.3


def things(kind: str) -> NDArray[np.float64]:
    grey = ground("plain")
    if kind == "empty":
        pass
    elif kind == "vertical edge":
        grey[:, 150:] += 120
    elif kind == "horizontal edge":
        grey[120:] += 120
    elif kind == "vertical line":
        grey[:, 150:152] += 120
    elif kind == "horizontal line":
        grey[120:122] += 120
    elif kind == "disc":
        cv2.circle(grey, (160, 120), 40, 200.0, -1)
    elif kind == "bright window":
        cv2.rectangle(grey, (80, 60), (240, 180), 250.0, -1)
    elif kind == "dark hole":
        cv2.circle(grey, (160, 120), 3, 0.0, -1)
    return cv2.GaussianBlur(grey, (0, 0), 0.8)


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "vertical edge",
        "horizontal edge",
        "vertical line",
        "horizontal line",
        "disc",
        "bright window",
        "dark hole",
    ],
)
def test_what_is_long_or_large_or_dark_is_no_spot(kind: str) -> None:
    assert len(find_spots(picture(things(kind)))) == 0


@pytest.mark.parametrize("degrees", [7, 20, 45, 70, 83])
def test_a_slanted_line_is_no_round_spot(degrees: float) -> None:
    grey = ground("plain")
    across, down = 200 * math.cos(math.radians(degrees)), 200 * math.sin(math.radians(degrees))
    start, end = (round(160 - across), round(120 - down)), (round(160 + across), round(120 + down))
    cv2.line(grey, start, end, 190.0, 2, cv2.LINE_AA)
    spots = find_spots(picture(cv2.GaussianBlur(grey, (0, 0), 0.8)))
    # A slanted line is narrow along rows and along columns, so it may pass the top-hat; its shape tells it apart.
    inside = (abs(spots.x_px - 160) < 140) & (abs(spots.y_px - 120) < 100)
    assert ((spots.open_ended == 1) | (spots.elongation > 2.5))[inside].all()


def test_one_spot_beside_an_edge_is_still_found() -> None:
    grey = ground("plain")
    grey[:, 180:] += 90
    add_spot(grey, 165.3, 100.6)
    assert nearest(find_spots(picture(grey)), 165.3, 100.6)[1] < 0.4


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 200), (300, 70), (480, 640), (1500, 2000)])
def test_pictures_of_any_size(height: int, width: int) -> None:
    x_px, y_px = width / 2 + 0.3, height / 2 - 0.2
    grey = np.full((height, width), 60.0)
    small = grey[height // 2 - 20 : height // 2 + 20, width // 2 - 20 : width // 2 + 20]
    add_spot(small, x_px - (width // 2 - 20), y_px - (height // 2 - 20))
    spots = find_spots(picture(grey))
    index, apart = nearest(spots, x_px, y_px)
    assert index == 0
    assert apart < 0.3


def test_a_picture_smaller_than_one_surround_has_none() -> None:
    profile = CameraProfile(hfov_deg=10.0)
    assert profile.glint_px(33, 33) == 5
    assert len(find_spots(np.full((9, 33, 3), 80, np.uint8), profile=profile)) == 0


@pytest.mark.parametrize(("x_px", "y_px"), [(2.5, 120.5), (317.5, 120.5), (160.5, 2.5), (160.5, 237.5), (1.5, 1.5)])
def test_a_spot_at_the_border_is_found(x_px: float, y_px: float) -> None:
    grey = ground("plain")
    add_spot(grey, x_px, y_px)
    index, apart = nearest(find_spots(picture(grey)), x_px, y_px)
    assert index == 0
    assert apart < 1.5


@pytest.mark.parametrize("sigma", [2.0, 6.0, 12.0])
def test_noise_alone_has_no_spots(sigma: float) -> None:
    image = picture(np.full((600, 800), 90.0), noise=sigma, seed=3)
    assert noise_of(image[..., 0]) == pytest.approx(sigma, rel=0.1)
    assert len(find_spots(image)) == 0


def test_below_the_least_contrast_nothing_is_found_and_above_it_is() -> None:
    for height, found in ((CONTRAST_MIN - 3, 0), (3 * CONTRAST_MIN, 1)):
        grey = ground("plain")
        add_spot(grey, 160.5, 120.5, height=height, sigma_px=1.5)
        assert len(find_spots(picture(grey, noise=0.0))) == found


def test_more_noise_asks_for_more_contrast() -> None:
    grey = ground("plain")
    add_spot(grey, 160.5, 120.5, height=40.0)
    assert len(find_spots(picture(grey, noise=1.0))) == 1
    assert len(find_spots(picture(grey, noise=1.0), snr_min=100.0)) == 0


def test_no_more_than_asked_for_are_kept_and_the_strongest_first() -> None:
    grey = ground("plain")
    for place in range(40):
        add_spot(grey, 20.5 + 40 * (place % 8), 20.5 + 45 * (place // 8), height=40.0 + 3 * place)
    spots = find_spots(picture(grey))
    assert len(spots) == 40
    assert (np.diff(spots.contrast) <= 0).all()
    few = find_spots(picture(grey), spots_max=7)
    assert len(few) == 7
    assert (few.contrast == spots.contrast[:7]).all()


def test_a_row_has_neighbours_and_one_alone_has_none() -> None:
    profile = CameraProfile()
    glint_px = profile.glint_px(640, 480)
    grey = np.full((480, 640), 70.0)
    for step in range(5):
        add_spot(grey, 100.5 + 1.5 * glint_px * step, 100.5)
    add_spot(grey, 500.5, 400.5)
    spots = find_spots(picture(grey))
    assert len(spots) == 6
    alone, _ = nearest(spots, 500.5, 400.5)
    middle, _ = nearest(spots, 100.5 + 3 * glint_px, 100.5)
    assert spots.neighbours[alone] == spots.peers[alone] == 0
    assert spots.neighbours[middle] == spots.peers[middle] == 4
    assert spots.clutter[middle] > spots.clutter[alone]


def test_tint_is_the_colour_that_the_spot_adds() -> None:
    grey = np.repeat(ground("plain")[..., None], 3, axis=2)
    add_spot(grey, 80.5, 120.5)
    red = grey[..., 2]
    add_spot(red, 240.5, 120.5, height=150.0)
    spots = find_spots(picture(grey))
    white, _ = nearest(spots, 80.5, 120.5)
    coloured, _ = nearest(spots, 240.5, 120.5)
    assert spots.tint[white] < 0.15
    assert spots.tint[coloured] > 0.8


def test_through_red_film_the_red_channel_is_left_out() -> None:
    field = np.zeros((240, 320, 3))
    field[..., 2] = ground("gradient") + 60
    field[..., :2] = 20.0
    for channel in (0, 1):
        add_spot(field[..., channel], 160.3, 120.6, height=100.0)
    dot = field[..., 2]
    add_spot(dot, 60.5, 60.5, height=90.0)
    image = picture(field)
    assert is_red_field(image)
    spots = find_spots(image)
    assert len(spots) == 1
    assert nearest(spots, 160.3, 120.6)[1] < 0.3
    assert np.isnan(spots.tint[0])
    assert (grey_of(image) == grey_of(image, red_field=True)).all()
    assert grey_of(image, red_field=False)[60, 60] > grey_of(image)[60, 60] + 20


@pytest.mark.parametrize("colour", [(70, 70, 70), (40, 60, 80), (0, 0, 0), (255, 255, 255), (200, 60, 20)])
def test_an_ordinary_room_is_no_red_field(colour: tuple[int, int, int]) -> None:
    assert not is_red_field(np.full((60, 80, 3), colour, np.uint8))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_even_colour_has_no_spots(level: int) -> None:
    assert len(find_spots(np.full((240, 320, 3), level, np.uint8))) == 0


def test_taking_some_spots_takes_every_column() -> None:
    grey = ground("plain")
    for place in range(3):
        add_spot(grey, 60.5 + 80 * place, 100.5, height=60.0 + 40 * place)
    spots = find_spots(picture(grey))
    two = spots.take(np.array([2, 0]))
    assert len(two) == 2
    assert two.x_px.tolist() == [spots.x_px[2], spots.x_px[0]]
    assert two.tint.tolist() == [spots.tint[2], spots.tint[0]]
    assert len(spots.take(np.empty(0, np.intp))) == 0


def test_the_picture_is_not_changed() -> None:
    grey = ground("texture")
    add_spot(grey, 100.5, 100.5)
    image = picture(grey)
    before = image.copy()
    first, second = find_spots(image), find_spots(image)
    assert (image == before).all()
    assert (first.x_px == second.x_px).all()
