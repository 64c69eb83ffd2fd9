import math

import cv2
import numpy as np
import pytest

from roomsweep.detect.lens.follow import ENDED_MAX, GAP_KNOWN, PATH_MAX, Follower
from roomsweep.detect.lens.motion import Course
from roomsweep.detect.lens.profile import CameraProfile

WIDTH, HEIGHT, FPS = 640, 360, 30.0
PROFILE = CameraProfile(hfov_deg=70.0)
FOCAL_PX = 0.5 * WIDTH / math.tan(math.radians(35.0))

rng = np.random.default_rng(11)
GRAIN = cv2.GaussianBlur(rng.normal(0, 1, (900, 1600)).astype(np.float32), (0, 0), 3.0)
WALL = np.clip(90 + 14 * GRAIN / GRAIN.std(), 0, 190).astype(np.uint8)

#: Metres of wall for each pixel of its texture, and how far away it is.
PITCH_M, FAR_M = 0.0016, 1.0


def frame(x_m, *, yaw_deg=0.0, spots=(), light=1.0):
    """The wall seen from `x_m` to the right; `spots` are (x, y, z, height): places in the room, z the distance."""
    turn = cv2.Rodrigues(np.array([0.0, -math.radians(yaw_deg), 0.0]))[0]
    camera = np.array([[FOCAL_PX, 0, WIDTH / 2], [0, FOCAL_PX, HEIGHT / 2], [0, 0, 1.0]])
    # Wall texture (u, v) -> world -> picture; pixel centres lie at half numbers.
    to_world = np.array([[PITCH_M, 0, -800 * PITCH_M - x_m], [0, PITCH_M, -450 * PITCH_M], [0, 0, FAR_M]])
    shift = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    whole = shift @ camera @ turn @ to_world @ np.linalg.inv(shift)
    grey = cv2.warpPerspective(WALL, whole, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR).astype(np.float32) * light
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    places = []
    for x, y, z, height in spots:
        seen = camera @ turn @ np.array([x - x_m, y, z])
        px, py = seen[:2] / seen[2]
        places.append((px, py))
        grey += height * np.exp(-((columns + 0.5 - px) ** 2 + (rows + 0.5 - py) ** 2) / 2.6)
    noise = np.random.default_rng(abs(hash((x_m, light))) % 2**32).normal(0, 1.0, grey.shape)
    return cv2.merge([np.clip(grey + noise, 0, 255).astype(np.uint8)] * 3), places


def swept(spots, *, frames=60, way_m=0.3, follower=None, off=(), profile=PROFILE):
    """Follow a sweep to the right during which the phone stays turned to the middle; return it and the last places."""
    follower = follower or Follower(profile=profile)
    for number in range(frames):
        x = way_m * (number / max(frames - 1, 1) - 0.5)
        dark = number in off
        image, places = frame(
            x,
            yaw_deg=-0.7 * math.degrees(math.atan2(x, FAR_M)),
            spots=[spot for spot in spots if not dark or len(spot) > 4] if dark else [spot[:4] for spot in spots],
            light=0.3 if dark else 1.0,
        )
        follower.push(image, t_s=number / FPS)
    return follower, places


def track_at(follower, place, *, within_px=4.0):
    near = [track for track in follower.tracks() if math.dist(track.here, place) < within_px]
    assert near, f"nothing is followed at {place}"
    return max(near, key=lambda track: track.count)


@pytest.fixture(scope="module")
def sweep():
    """A spot on the wall, one 20 mm behind it and one 20 mm before it."""
    spots = [(0.0, 0.0, FAR_M, 150), (0.12, 0.08, FAR_M + 0.02, 150), (-0.12, -0.08, FAR_M - 0.02, 150)]
    return swept(spots)


def test_a_spot_on_its_surface_is_fixed(sweep):
    follower, places = sweep
    track = track_at(follower, places[0])
    assert track.slide.course is Course.FIXED
    assert abs(track.slide.share[0]) < 0.003
    assert track.share_seen == 1.0
    # 0.3 m at 1 m are 17 degrees.
    assert track.slide.seen_deg == pytest.approx(17, abs=3)


@pytest.mark.parametrize(("which", "share"), [(1, -0.02), (2, 0.02)])
def test_a_spot_behind_or_before_its_surface_slides(sweep, which, share):
    follower, places = sweep
    track = track_at(follower, places[which])
    assert track.slide.course is Course.SLIDES
    assert track.slide.share[0] == pytest.approx(share, abs=0.005)


def test_turning_alone_tells_nothing():
    follower = Follower(profile=PROFILE)
    for number in range(30):
        image, places = frame(0.0, yaw_deg=0.2 * number - 3, spots=[(0.0, 0.0, FAR_M, 150)])
        follower.push(image, t_s=number / FPS)
    track = track_at(follower, places[0])
    assert track.count >= 8
    assert track.slide.course in (Course.STILL, Course.UNMEASURED)


def test_a_sparkle_is_seen_once():
    follower = Follower(profile=PROFILE)
    for number in range(20):
        image, _ = frame(0.0, spots=[(0.0, 0.0, FAR_M, 150)] if number == 6 else [])
        follower.push(image, t_s=number / FPS)
    assert max((t.count for t in follower.tracks() if math.dist(t.here, (320, 180)) < 6), default=0) <= 1


def test_a_spot_that_goes_out_while_its_surface_stays():
    follower = Follower(profile=PROFILE)
    for number in range(60):
        image, places = frame(0.3 * (number / 59 - 0.5), spots=[(0.0, 0.0, FAR_M, 150)] if number < 36 else [])
        follower.push(image, t_s=number / FPS)
        if places:
            last = places[0]
    gone = [t for t in follower.tracks() if t.count >= 6 and any(math.dist(p[1:], last) < 30 for p in t.path)]
    assert any(3 <= track.slide.gone <= GAP_KNOWN + 1 for track in gone)


def test_blinking_torches_are_used():
    off = {n for n in range(60) if 12 <= n % 24 < 20}
    # The fifth value marks what shines by itself.
    spots = [(0.0, 0.0, FAR_M, 150), (0.14, 0.0, FAR_M, 120, True)]
    follower = Follower(profile=PROFILE)
    for number in range(60):
        x = 0.06 * number / 59
        dark = number in off
        shining = [spot[:4] for spot in spots if not dark or len(spot) > 4]
        image, places = frame(x, spots=shining, light=0.3 if dark else 1.0)
        follower.push(image, t_s=number / FPS)
        if not dark:
            last = places
    assert follower.blinking
    assert track_at(follower, last[0], within_px=8).persistence < 0.2
    assert track_at(follower, last[1], within_px=8).persistence > 0.5


def test_a_steady_torch_is_not_blinking(sweep):
    follower, places = sweep
    assert not follower.blinking
    assert math.isnan(track_at(follower, places[0]).persistence)


def test_memory_does_not_grow_with_length():
    follower = Follower(profile=PROFILE)
    shown = [frame(0.01 * math.sin(number / 3), spots=[(0.0, 0.0, FAR_M, 150)]) for number in range(19)]
    for number in range(150):
        image, places = shown[min(number % 36, 36 - number % 36)]
        follower.push(image[80:280], t_s=number / 10)
    track = track_at(follower, (places[0][0], places[0][1] - 80))
    assert track.count >= 140
    assert len(track.path) <= 2 * PATH_MAX
    assert len(track.anchors) <= 5
    assert len(follower.tracks()) <= 2 * ENDED_MAX + 200


def test_frames_without_times_and_of_changing_size_are_taken():
    follower = Follower(profile=PROFILE)
    for number in range(24):
        image, _ = frame(0.0, spots=[(0.0, 0.0, FAR_M, 150)])
        follower.push(image if number < 16 else image[:200], t_s=0.0)
    assert max(track.count for track in follower.tracks()) >= 2


def test_nothing_is_followed_in_an_even_picture():
    follower = Follower()
    for number in range(10):
        assert follower.push(np.full((120, 160, 3), 90, np.uint8), t_s=number / FPS) == []
    assert follower.tracks() == []
