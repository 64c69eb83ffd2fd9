import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from roomsweep.calibration.clips import deciding_clip, synthetic_clip, write_clip
from roomsweep.calibration.close_ups import close_up, deciding_view
from roomsweep.calibration.phone import Phone, Pose, project
from roomsweep.calibration.render import Shot, ball_highlight_m, ball_share, expose, lens_light, mirror_image_px
from roomsweep.calibration.things import Ball


@pytest.fixture(scope="module")
def short():
    """A short close view with its frames."""
    clip = synthetic_clip(seed=4, seconds=0.3, fps=20.0, width=480, height=270, place="close")
    return clip, list(clip.frames())


def test_the_same_seed_gives_the_same_clip(short):
    _, frames = short
    assert len(frames) == 6
    again = synthetic_clip(seed=4, seconds=0.3, fps=20.0, width=480, height=270, place="close").frames()
    assert np.array_equal(next(again).image, frames[0].image)
    assert np.array_equal(next(again).image, frames[1].image)
    other = synthetic_clip(seed=5, seconds=0.3, fps=20.0, width=480, height=270, place="close")
    assert not np.array_equal(next(other.frames()).image, frames[0].image)


def test_the_hand_sweeps_as_far_as_asked():
    for sweep_m in (0.0, 0.2, 0.4):
        clip = synthetic_clip(seed=1, seconds=3.0, sweep_m=sweep_m)
        x, y, _ = np.array([pose.position_m for pose in clip.poses]).T
        way = max(np.ptp(x), np.ptp(y), np.ptp((x + y) / math.sqrt(2)), np.ptp((x - y) / math.sqrt(2)))
        assert way == pytest.approx(sweep_m, abs=0.02)
    assert len(clip.poses) == 90


def test_frames_show_what_the_truth_says(short):
    _, frames = short
    for frame in frames:
        for lens in frame.lenses:
            if lens.detectable and lens.height > 60:
                x, y = int(lens.x_px), int(lens.y_px)
                grey = frame.image[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5].mean(axis=2)
                assert grey.max() > np.median(grey) + 0.4 * lens.height


def test_a_lens_goes_out_beyond_its_field():
    scene = close_up(seed=2, lenses=1)
    lens = scene.lenses[0]
    phone = Phone(width=960, height=540, hfov_deg=70.0, torch_offset_m=0.012, psf_px=0.8)
    point, axis = np.array(lens.position), np.array(lens.axis)
    side = np.cross(axis, (0.0, 1.0, 0.0))
    seen = {}
    for angle in (0.0, lens.cutoff_deg - 2.0, lens.cutoff_deg + 0.5):
        towards = math.cos(math.radians(angle)) * axis + math.sin(math.radians(angle)) * side / np.linalg.norm(side)
        seen[angle] = lens_light(lens, phone=phone, pose=Pose(position_m=tuple(point + towards)))
    fully, nearly, beyond = seen.values()
    assert fully > 3 * nearly > 0.0
    assert beyond == 0.0


def test_parallax_is_true():
    """A lens moves with its hole, a highlight as its ball's centre would, a mirror image with the phone."""
    phone = Phone(width=960, height=540, hfov_deg=70.0, torch_offset_m=0.0, psf_px=0.8)
    scene = close_up(seed=3, lenses=1)
    pose = Pose(position_m=(0.15, 0.02, 0.0), yaw_deg=-6.0)
    for ball in scene.balls:
        seen = project(ball_highlight_m(ball.centre, ball.radius_m, pose=pose)[None], phone=phone, pose=pose)
        assert seen[0] == pytest.approx(project(np.array([ball.centre]), phone=phone, pose=pose)[0], abs=1e-6)
    for seed in range(8):
        for glass in close_up(seed=seed, lenses=0).glasses:
            places = [
                mirror_image_px(glass.face, phone=phone, pose=Pose(position_m=(x, 0.0, 0.0))) for x in (0.0, 0.01)
            ]
            if None not in places:
                # The mirrored torch goes along: in the picture it hardly moves, while the pane moves by 7-12 px.
                assert math.dist(*places) < 1.5
                return
    raise AssertionError("no seed shows a mirror image")


def test_blinking_clips_have_frames_of_both_kinds():
    clip = synthetic_clip(seed=9, seconds=1.2, fps=20.0, width=320, height=180, torch="blinking", place="close")
    levels = {True: [], False: []}
    for frame in clip.frames():
        levels[frame.torch].append(float(frame.image.mean()))
        if not frame.torch:
            assert not any(lens.detectable for lens in frame.lenses)
            assert {item.kind for item in frame.hard_negatives} <= {"led", "printed_dot"}
    assert len(levels[True]) >= 4
    assert len(levels[False]) >= 4
    assert np.median(levels[True]) > 1.5 * np.median(levels[False])


@pytest.mark.parametrize("lenses", [0, 1, 2])
def test_there_are_as_many_lenses_as_asked_for(lenses):
    for place in ("room", "close"):
        clip = synthetic_clip(seed=8, lenses=lenses, seconds=0.1, fps=10.0, width=320, height=180, place=place)
        assert len(clip.scene.lenses) == lenses
    assert len(next(clip.frames()).lenses) == lenses
    with pytest.raises(ValueError, match="0-2"):
        close_up(seed=1, lenses=3)


def test_close_views_can_be_without_hard_negatives():
    scene = close_up(seed=6, lenses=1, hard_negatives=False)
    assert (scene.balls, scene.rails, scene.glasses, scene.leds, scene.marks) == ((),) * 5
    kinds = set()
    for seed in range(5):
        full = close_up(seed=seed)
        kinds |= {name for name in ("balls", "rails", "glasses", "leds", "marks") if getattr(full, name)}
    assert kinds == {"balls", "rails", "glasses", "leds", "marks"}


@pytest.mark.parametrize("ending", [".mp4", ".avi"])
def test_written_clips_can_be_read_again(short, tmp_path, ending):
    clip, frames = short
    truth = write_clip(clip, tmp_path / f"clip{ending}")
    assert [frame.lenses for frame in truth] == [frame.lenses for frame in frames]
    video = cv2.VideoCapture(str(tmp_path / f"clip{ending}"))
    images = []
    while (read := video.read())[0]:
        images.append(read[1])
    assert len(images) == len(frames)
    assert np.abs(images[2].astype(float) - frames[2].image).mean() < 8.0


def test_nowhere_to_write_is_said(short, tmp_path):
    with pytest.raises(OSError, match="cannot be written"):
        write_clip(short[0], tmp_path / "missing" / "clip.avi")


def test_exposure_saturates_and_keeps_order():
    linear = np.linspace(0.0, 2.0, 64, dtype=np.float32).reshape(1, 64, 1).repeat(3, axis=2)
    shot = Shot(torch=True, exposure=1.0, full_well_e=5000, read_noise_e=3.0, jpeg_quality=0)
    codes = expose(linear, shot=shot, noise=np.zeros_like(linear))[0, :, 0].astype(int)
    assert (np.diff(codes) >= 0).all()
    assert codes[-1] == 255
    assert expose(linear, shot=replace(shot, exposure=0.5), noise=np.zeros_like(linear))[0, 16, 0] < codes[16]


def test_a_deciding_clip_goes_to_both_sides_and_darkens_at_the_end():
    clip = deciding_clip(seed=2, fps=10.0)
    x = np.array([pose.position_m for pose in clip.poses])[:, 0]
    assert 0.2 < x.max() < 0.4
    assert -0.4 < x.min() < -0.2
    assert abs(x[0]) < 0.02
    assert [value == 0.0 for value in clip.torch].index(True) == 80
    assert clip.torch[-1] == 1.0
    lens = clip.scene.lenses[0]
    towards = np.array([pose.position_m for pose in clip.poses]) - np.array(lens.position)
    towards /= np.linalg.norm(towards, axis=1)[:, None]
    angles = np.degrees(np.arccos(towards @ np.array(lens.axis)))
    # Seen from within its field and from beyond it.
    assert angles.min() < lens.cutoff_deg < angles.max()
    assert set(deciding_clip(seed=2, fps=10.0, torch_off=False).torch) == {1.0}
    with pytest.raises(ValueError, match="0 or 1"):
        deciding_view(seed=2, lenses=2)


def test_a_deciding_clip_is_metered_like_a_phone_does():
    frame = next(deciding_clip(seed=3, fps=10.0, width=480, height=270).frames())
    linear = (frame.image / 255.0) ** 2.2
    assert 0.1 < linear.mean() < 0.35


def test_hard_negatives_of_deciding_views_are_of_all_kinds():
    hosts = set()
    for seed in range(10):
        scene = deciding_view(seed=seed, lenses=0)
        hosts |= {ball.host for ball in scene.balls}
        for ball in scene.balls:
            if ball.host == "bolt":
                assert 0.002 <= ball.radius_m <= 0.006
    assert {"bolt", "sunk screw", "bead", "chip", "tap", "hook"} <= hosts


def test_a_highlight_slides_over_the_rim_of_a_cap():
    ball = Ball(centre=(0, 0, 1.0), radius_m=0.005, reflectance=0.5, host="screw", axis=(0, 0, -1.0), cap_deg=20.0)
    share = {}
    for angle in (0.0, 19.0, 21.0):
        x, z = math.sin(math.radians(angle)), 1.0 - math.cos(math.radians(angle))
        share[angle] = ball_share(ball, pose=Pose(position_m=(x, 0.0, z)))
    assert share == {0.0: 1.0, 19.0: 1.0, 21.0: 0.0}
    whole = replace(ball, axis=None)
    assert ball_share(whole, pose=Pose(position_m=(1.0, 0.0, 1.0))) == 1.0
