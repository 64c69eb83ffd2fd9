import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from roomsweep.detect.lens.judge import GATED_MAX, PERSISTS_MIN
from roomsweep.detect.lens.pair import Registration, change_map, persistence, register
from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.spots import find_spots

HEIGHT, WIDTH = 480, 640
MARGIN = 80


def wall(seed: int, *, height: int = HEIGHT + 2 * MARGIN, width: int = WIDTH + 2 * MARGIN) -> NDArray[np.float64]:
    """A wall with stains and edges of all sizes, larger than the picture of it."""
    rng = np.random.default_rng(seed)
    out = np.full((height, width), 90.0)
    for sigma_px, levels in ((2, 6), (6, 10), (20, 20)):
        grain = cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), sigma_px)
        out += levels * grain / grain.std()
    for _ in range(25):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        right, bottom = x + int(rng.integers(20, 120)), y + int(rng.integers(20, 120))
        cv2.rectangle(out, (x, y), (right, bottom), float(rng.uniform(30, 180)), 2 if rng.random() < 0.5 else -1)
    return np.clip(out, 5, 250)


def seen(room: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle of `room` from a hand moved by `matrix`, which takes pixels of the unmoved picture to this one."""
    back = cv2.invertAffineTransform(matrix)
    back[:, 2] += MARGIN
    return cv2.warpAffine(room, back, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def hand(dx_px: float, dy_px: float, turn_deg: float) -> NDArray[np.float64]:
    """A turn about the picture's middle, then a shift."""
    matrix = cv2.getRotationMatrix2D(((WIDTH - 1) / 2, (HEIGHT - 1) / 2), turn_deg, 1.0)
    matrix[:, 2] += (dx_px, dy_px)
    return np.asarray(matrix)


def exposed(light: NDArray[np.float64], *, noise: float = 2.0, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng([seed, 1])
    return np.clip(np.rint(light + rng.normal(0, noise, light.shape)), 0, 255).astype(np.uint8)


def relit(light: NDArray[np.float64], *, gain: float, gamma: float, fall: float) -> NDArray[np.float64]:
    """Another exposure, another curve, and a lamp at the left instead of the torch."""
    return np.asarray(255 * (light / 255) ** gamma * gain * np.linspace(1.0, 1.0 - fall, WIDTH))


def error_px(found: Registration, truth: NDArray[np.float64], x_px: float, y_px: float) -> float:
    point = np.array([x_px, y_px, 1.0])
    return float(np.hypot(*(found.matrix @ point - truth @ point)))


@pytest.mark.parametrize(
    ("dx_px", "dy_px", "turn_deg"),
    [
        (0, 0, 0),
        (40, 0, 0),
        (0, -40, 0),
        (-25, 30, 0),
        (7.3, -4.6, 1),
        (5, 5, 4.5),
        (10, 5, 3),
        (10, -5, -6),
        (0, 0, 6),
    ],
)
def test_a_moved_hand_is_found(dx_px: float, dy_px: float, turn_deg: float) -> None:
    room, truth = wall(0), hand(dx_px, dy_px, turn_deg)
    found = register(exposed(seen(room, hand(0, 0, 0))), exposed(seen(room, truth), seed=1))
    assert found.trusted
    assert error_px(found, truth, WIDTH / 2, HEIGHT / 2) < 0.5
    assert max(error_px(found, truth, x, y) for x in (0, WIDTH) for y in (0, HEIGHT)) < 1.5
    assert abs(found.turn_deg + turn_deg) < 0.1  # OpenCV counts turns the other way round
    if turn_deg == 0:
        assert found.shift_px == pytest.approx(np.hypot(dx_px, dy_px), abs=0.5)


@pytest.mark.parametrize(
    ("gain", "gamma", "fall", "noise"),
    [
        (0.1, 1.0, 0.0, 1.0),
        (0.3, 1.0, 0.0, 2.0),
        (3.0, 1.0, 0.0, 2.0),
        (1.0, 0.5, 0.0, 2.0),
        (1.0, 2.2, 0.0, 2.0),
        (1.0, 1.0, 0.8, 2.0),
        (0.4, 1.5, 0.6, 3.0),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_other_light_does_not_matter(gain: float, gamma: float, fall: float, noise: float, seed: int) -> None:
    room, truth = wall(seed), hand(14, -9, -1.3)
    off = relit(seen(room, truth), gain=gain, gamma=gamma, fall=fall)
    found = register(exposed(seen(room, hand(0, 0, 0))), exposed(off, noise=noise, seed=1))
    assert found.trusted
    assert error_px(found, truth, WIDTH / 2, HEIGHT / 2) < 1.5


def test_large_pictures_are_registered_at_full_resolution() -> None:
    room, truth = wall(3), hand(12, 7, 1)
    on, off = (exposed(seen(room, matrix)) for matrix in (hand(0, 0, 0), truth))
    large_on, large_off = (cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR) for image in (on, off))
    found = register(np.asarray(large_on, np.uint8), np.asarray(large_off, np.uint8))
    assert found.trusted
    x, y = found.matrix @ np.array([3 * 320 + 1.0, 3 * 240 + 1.0, 1.0])
    there = truth @ np.array([320.0, 240.0, 1.0])
    assert np.hypot(x - 3 * there[0] - 1, y - 3 * there[1] - 1) < 2.0


@pytest.mark.parametrize("seed", range(6))
def test_pictures_of_different_places_are_not_trusted(seed: int) -> None:
    first, second = (exposed(seen(wall(number), hand(0, 0, 0))) for number in (seed, seed + 50))
    assert not register(first, second).trusted


@pytest.mark.parametrize(("on", "off"), [(0, 0), (0, 128), (128, 0), (128, 128), (255, 0)])
def test_pictures_of_nothing_are_not_trusted(on: int, off: int) -> None:
    even = np.ones((120, 160), np.uint8)
    found = register(even * on, even * off)
    assert not found.trusted
    assert np.isfinite(found.matrix).all()


@pytest.mark.parametrize("size", [(120, 160), (80, 300), (300, 90)])
def test_noise_of_any_shape_is_not_trusted(size: tuple[int, int]) -> None:
    level = np.full(size, 100.0)
    assert not register(exposed(level, noise=5, seed=1), exposed(level, noise=5, seed=2)).trusted


def test_a_picture_of_something_and_one_of_nothing() -> None:
    on = exposed(seen(wall(4), hand(0, 0, 0)))
    black = np.zeros_like(on)
    assert not register(on, black).trusted
    assert not register(black, on).trusted


def test_the_change_map_leaves_exposure_alone() -> None:
    light = np.clip(seen(wall(5), hand(0, 0, 0)), 40, 120)
    one, double = (change_map(np.rint(light * gain).astype(np.uint8), scale=1.0) for gain in (1.0, 2.0))
    assert np.corrcoef(one.ravel(), double.ravel())[0, 1] > 0.97
    assert one.max() <= 4.0


def add_spot(image: NDArray[np.float64], x_px: float, y_px: float, *, height: float, sigma_px: float = 1.2) -> None:
    rows, columns = np.indices(image.shape)
    image += height * np.exp(-((columns + 0.5 - x_px) ** 2 + (rows + 0.5 - y_px) ** 2) / (2 * sigma_px**2))


LAMPS = ((150.4, 130.2), (420.7, 330.5))
GLINTS = ((300.5, 120.8), (200.3, 360.4))


def torch_pair(*, truth: NDArray[np.float64], gain: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Lamps shine in both pictures as strongly against the wall; glints with the torch only."""
    room = np.clip(wall(7), 20, 130)
    on, off = seen(room, hand(0, 0, 0)), seen(room, truth)
    for place in LAMPS:
        x, y = round(place[0]), round(place[1])
        around = on[y - 15 : y + 15, x - 15 : x + 15]
        around[:] = 60.0
        there = truth @ np.array([place[0] - 0.5, place[1] - 0.5, 1.0])
        off[round(there[1]) - 15 : round(there[1]) + 15, round(there[0]) - 15 : round(there[0]) + 15] = 60.0
        add_spot(on, *place, height=120.0)
        add_spot(off, float(there[0]) + 0.5, float(there[1]) + 0.5, height=120.0)
    for place in GLINTS:
        x, y = round(place[0]), round(place[1])
        on[y - 15 : y + 15, x - 15 : x + 15] = 60.0
        there = truth @ np.array([place[0] - 0.5, place[1] - 0.5, 1.0])
        off[round(there[1]) - 15 : round(there[1]) + 15, round(there[0]) - 15 : round(there[0]) + 15] = 60.0
        add_spot(on, *place, height=120.0)
    return exposed(on), exposed(off * gain, noise=1.0, seed=1)


@pytest.mark.parametrize("gain", [0.5, 1.0])
@pytest.mark.parametrize(("dx_px", "dy_px", "turn_deg"), [(0, 0, 0), (9, -6, 0.5), (-18, 12, -2)])
def test_lamps_persist_and_glints_go(gain: float, dx_px: float, dy_px: float, turn_deg: float) -> None:
    truth = hand(dx_px, dy_px, turn_deg)
    on, off = torch_pair(truth=truth, gain=gain)
    spots = find_spots(np.repeat(on[..., None], 3, axis=2))
    found = register(on, off)
    assert found.trusted
    left = persistence(spots, on, off, found, profile=CameraProfile())
    assert left.shape == (len(spots),)
    for place in LAMPS:
        apart = np.hypot(spots.x_px - place[0], spots.y_px - place[1])
        assert apart.min() < 1
        # In a darker picture noise takes more of the contrast away.
        assert (0.7 if gain == 1.0 else PERSISTS_MIN) < left[apart.argmin()] < 1.4
    for place in GLINTS:
        apart = np.hypot(spots.x_px - place[0], spots.y_px - place[1])
        assert apart.min() < 1
        assert left[apart.argmin()] < GATED_MAX / 2


def test_what_lies_outside_the_other_picture_is_not_known() -> None:
    room = wall(8)
    truth = hand(-40, 0, 0)
    light = seen(room, hand(0, 0, 0))
    add_spot(light, 20.5, 240.5, height=150.0)
    add_spot(light, 320.5, 240.5, height=150.0)
    on, off = exposed(light), exposed(seen(room, truth), seed=1)
    spots = find_spots(np.repeat(on[..., None], 3, axis=2))
    left = persistence(spots, on, off, register(on, off), profile=CameraProfile())
    outside = np.hypot(spots.x_px - 20.5, spots.y_px - 240.5).argmin()
    inside = np.hypot(spots.x_px - 320.5, spots.y_px - 240.5).argmin()
    assert np.isnan(left[outside])
    assert left[inside] < GATED_MAX
    assert (np.isnan(left) == (spots.x_px < 40)).mean() > 0.95


def test_no_spots_have_no_persistence() -> None:
    even = np.full((120, 160), 90, np.uint8)
    spots = find_spots(np.repeat(even[..., None], 3, axis=2))
    same = Registration(matrix=np.eye(2, 3), agreement=1.0, margin=1.0)
    assert persistence(spots, even, even, same, profile=CameraProfile()).shape == (0,)
