import io
import math
from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from roomsweep.calibration import surfaces
from roomsweep.calibration.camera import Calibration, LensPicture, calibrate_camera
from roomsweep.calibration.chart import hfov_from_chart
from roomsweep.calibration.files import exposure_of, luma_of
from roomsweep.calibration.noise import LUMA_SHARE, Luma, measure_noise
from roomsweep.calibration.phone import Phone, Pose
from roomsweep.calibration.pointspread import detail_sigma_px, fit_spot
from roomsweep.calibration.reach import DISTANCES_M
from roomsweep.calibration.render import Shot, lens_light, render, torch_level
from roomsweep.calibration.srgb import grey_level_of, light_of, slope_at
from roomsweep.calibration.things import Face, Lens, Scene
from roomsweep.detect.errors import InputError
from roomsweep.detect.lens.profile import CameraProfile, Reach
from roomsweep.detect.lens.reading import read_picture
from roomsweep.detect.lens.spots import find_spots

WIDTH, HEIGHT, HFOV_DEG, LENS_MM, EFFICIENCY = 960, 720, 66.0, 2.0, 0.004
SHOT = Shot(torch=True, exposure=0.5, full_well_e=4000, read_noise_e=3.0, jpeg_quality=95)


def phone(psf_px: float = 0.9) -> Phone:
    return Phone(width=WIDTH, height=HEIGHT, hfov_deg=HFOV_DEG, torch_offset_m=0.012, psf_px=psf_px)


def lens(distance_m: float, opening_mm: float, *, x_m: float = 0.0) -> Lens:
    return Lens(
        position=(x_m, 0.0, distance_m),
        axis=(0.0, 0.0, -1.0),
        aperture_m=opening_mm / 1000,
        efficiency=EFFICIENCY,
        lobe_deg=1.2,
        cutoff_deg=30.0,
        tint=(1.0, 1.0, 1.0),
        host="wall",
    )


def wall(distance_m: float, *lenses: Lens) -> Scene:
    """A plain grey wall with lenses just before it."""
    wide = 3.2 * distance_m
    albedo = surfaces.plain((480, 360), (0.2, 0.2, 0.2), np.random.default_rng(1), grain=0.02)
    face = Face(
        corner=(-wide / 2, -0.375 * wide, distance_m + 0.005),
        across=(wide, 0.0, 0.0),
        down=(0.0, 0.75 * wide, 0.0),
        albedo=albedo,
    )
    return Scene(
        faces=(face,),
        lenses=lenses,
        balls=(),
        rails=(),
        glasses=(),
        leds=(),
        marks=(),
        lamp=(-1.6, -1.1, 0.2),
        lamp_level=0.1,
        haze_level=0.03,
    )


@cache
def taken(
    distance_m: float, opening_mm: float = LENS_MM, *, psf_px: float = 0.9, seed: int = 0, exposure: float = 0.5
) -> NDArray[np.uint8]:
    shot = Shot(torch=True, exposure=exposure, full_well_e=4000, read_noise_e=3.0, jpeg_quality=95)
    rng = np.random.default_rng([seed, int(1000 * distance_m)])
    # Some tenths of a pixel to the side, so that no lens lies on the middle of a pixel.
    scene = wall(distance_m, lens(distance_m, opening_mm, x_m=0.0003 * distance_m))
    return render(scene, phone=phone(psf_px), pose=Pose(), shot=shot, rng=rng)


def shots(distances: Sequence[float], *, psf_px: float = 0.9) -> list[LensPicture]:
    return [LensPicture(images=(taken(d, psf_px=psf_px),), name=f"at-{d}.jpg", distance_m=d) for d in distances]


def calibrated(pictures: Sequence[LensPicture]) -> Calibration:
    return calibrate_camera(pictures, lens_mm=LENS_MM, hfov_deg=HFOV_DEG, name="test")


def true_flux(distance_m: float) -> float:
    point = np.array([0.0, 0.0, distance_m])
    light = lens_light(lens(distance_m, LENS_MM), phone=phone(), pose=Pose())
    return light * torch_level(point, phone=phone(), pose=Pose()) * SHOT.exposure


@pytest.mark.parametrize("psf_px", [0.7, 0.9, 1.3])
def test_point_spread_light_and_place_of_a_known_lens_are_recovered(psf_px: float) -> None:
    found = calibrated(shots((1.2, 1.5, 1.8), psf_px=psf_px))
    assert found.profile.psf_px == pytest.approx(psf_px, rel=0.15)
    assert found.profile.measured
    assert found.profile.hfov_deg == HFOV_DEG
    assert found.profile.sides_px == (WIDTH, HEIGHT)
    for glint in found.glints:
        assert math.hypot(glint.x_px - WIDTH / 2, glint.y_px - HEIGHT / 2) < 1.0
        assert glint.fit is not None
        assert glint.fit.flux == pytest.approx(true_flux(glint.distance_m), rel=0.12)


def test_the_fall_off_is_that_of_the_optics() -> None:
    distances = (1.0, 1.5, 2.2)
    found = calibrated(shots(distances))
    truth = -float(np.polyfit(np.log(distances), np.log([true_flux(d) for d in distances]), 1)[0])
    assert found.fall.fitted == pytest.approx(truth, abs=0.4)
    assert 2.0 <= found.fall.power <= 4.0
    assert found.fall.sigma is not None


@pytest.mark.parametrize("distance_m", [0.75, 2.0, 3.0])
def test_the_predicted_smallest_lens_is_that_of_simulation(distance_m: float) -> None:
    found = calibrated(shots((1.0, 1.5)))
    predicted = next(step for step in found.profile.reach if step.distance_m == distance_m)

    def shows(opening_mm: float) -> bool:
        hits = 0
        for seed in (1, 2, 3):
            spots = find_spots(taken(distance_m, opening_mm, seed=seed), profile=found.profile)
            hits += bool((np.hypot(spots.x_px - WIDTH / 2, spots.y_px - HEIGHT / 2) < 2.0).any())
        return hits >= 2

    low, high = 0.1, 8.0
    assert shows(high)
    assert not shows(low)
    while high / low > 1.15:
        middle = round(math.sqrt(low * high), 3)
        low, high = (low, middle) if shows(middle) else (middle, high)
    assert predicted.smallest_mm is not None
    assert predicted.low_mm is not None
    assert predicted.high_mm is not None
    assert 1 / 1.5 < predicted.smallest_mm / math.sqrt(low * high) < 1.5
    assert predicted.low_mm < predicted.smallest_mm < predicted.high_mm


def test_the_range_gets_worse_with_the_distance_and_is_given_for_all_of_them() -> None:
    reach = calibrated(shots((1.0, 1.5))).profile.reach
    assert tuple(step.distance_m for step in reach) == DISTANCES_M
    sizes = [step.smallest_mm for step in reach if step.smallest_mm is not None]
    assert len(sizes) == len(reach)
    assert sizes == sorted(sizes)


def test_one_distance_takes_the_worse_fall_off_on_either_side_and_says_so() -> None:
    one, two = calibrated(shots((1.5,))), calibrated(shots((1.0, 1.5)))
    assert one.fall.fitted is None
    assert any("one distance" in note for note in one.notes)
    for alone, both in zip(one.profile.reach, two.profile.reach, strict=True):
        assert alone.smallest_mm is not None
        assert both.smallest_mm is not None
        assert alone.smallest_mm > 0.85 * both.smallest_mm
    # 1/d^2 from 1.5 m to 0.5 m, and 1/d^4 to 3 m.
    flux = [math.exp(one.fall.log_flux(d)[0]) for d in (0.5, 1.5, 3.0)]
    assert flux[0] / flux[1] == pytest.approx(9.0)
    assert flux[1] / flux[2] == pytest.approx(16.0)


def test_exposures_that_the_files_tell_are_undone() -> None:
    exposures = {1.0: 0.25, 1.5: 0.5, 2.2: 1.0}
    told = [
        LensPicture(images=(taken(d, exposure=e),), name=f"{d}.jpg", distance_m=d, exposure=e)
        for d, e in exposures.items()
    ]
    untold = [LensPicture(images=item.images, name=item.name, distance_m=item.distance_m) for item in told]
    truth = -float(np.polyfit(np.log(list(exposures)), np.log([true_flux(d) for d in exposures]), 1)[0])
    assert calibrated(told).fall.fitted == pytest.approx(truth, abs=0.4)
    blind = calibrated(untold)
    assert blind.fall.fitted is not None
    assert blind.fall.fitted < truth - 1.0
    assert blind.fall.power == 2.0
    assert any("exposure" in note for note in blind.notes)


def test_an_overexposed_glint_is_left_out_and_told() -> None:
    found = calibrated(shots((0.6, 1.5, 2.2)))
    assert [glint.saturated for glint in found.glints] == [True, False, False]
    assert found.glints[0].fit is None
    assert any("overexposed" in note and "at-0.6.jpg" in note for note in found.notes)


def test_only_overexposed_glints_are_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match=r"overexposed.*farther away") as error:
        calibrated(shots((0.5, 0.6)))
    assert str(error.value).count(". ") == 1


def test_no_lens_in_the_picture() -> None:
    rng = np.random.default_rng(0)
    bare = render(wall(1.0), phone=phone(), pose=Pose(), shot=SHOT, rng=rng)
    with pytest.raises(InputError, match=r"bare.jpg shows no bright spot.*middle"):
        calibrated([LensPicture(images=(bare,), name="bare.jpg", distance_m=1.0)])


def test_of_several_spots_the_one_near_the_middle_is_taken_and_the_others_told() -> None:
    scene = wall(1.5, lens(1.5, LENS_MM, x_m=0.0), lens(1.5, LENS_MM, x_m=0.15), lens(1.5, 3.0, x_m=-0.75))
    image = render(scene, phone=phone(), pose=Pose(), shot=SHOT, rng=np.random.default_rng(0))
    found = calibrated([LensPicture(images=(image,), name="three.jpg", distance_m=1.5)])
    assert math.hypot(found.glints[0].x_px - WIDTH / 2, found.glints[0].y_px - HEIGHT / 2) < 1.0
    assert found.glints[0].rivals == 1
    assert any("three.jpg" in note and "(480, 360)" in note and "cover" in note for note in found.notes)


def test_of_a_clip_the_median_frame_stands_for_it() -> None:
    frames = (taken(1.5), taken(1.5, 1.6), taken(1.5, 2.6))
    found = calibrated([LensPicture(images=frames, name="clip.mp4", distance_m=1.5)])
    alone = calibrated(shots((1.5,)))
    assert found.glints[0].height_grey == alone.glints[0].height_grey


def test_pictures_of_two_sizes_or_two_cameras_are_refused() -> None:
    first = LensPicture(images=(taken(1.5),), name="a.jpg", distance_m=1.5, camera="Maker One")
    small = LensPicture(images=(taken(1.0)[:600],), name="b.jpg", distance_m=1.0)
    other = LensPicture(images=(taken(1.0),), name="c.jpg", distance_m=1.0, camera="Maker Two")
    with pytest.raises(InputError, match=r"b.jpg is 960 x 600 pixels and a.jpg 960 x 720"):
        calibrated([first, small])
    with pytest.raises(InputError, match=r"c.jpg .*another camera"):
        calibrated([first, other])
    dark = Luma(plane=np.zeros((100, 100), np.uint8), steps=np.ones((8, 8)), name="d.jpg")
    with pytest.raises(InputError, match=r"d.jpg is 100 x 100"):
        calibrate_camera([first], lens_mm=2.0, hfov_deg=66.0, name="x", dark=dark)
    assert calibrated([first]).profile.camera == "Maker One"


def test_a_return_that_grows_with_the_distance_is_doubted() -> None:
    pictures = [
        LensPicture(images=(taken(1.0, 1.2),), name="a.jpg", distance_m=2.0),
        LensPicture(images=(taken(1.5, 1.2),), name="b.jpg", distance_m=1.0),
    ]
    assert any("which no lens does" in note for note in calibrated(pictures).notes)


def sensed(light: NDArray[np.float64], shot: Shot, *, seed: int) -> Luma:
    """A frame as a file holds it: noise from the sensor's physics, the sRGB curve by way of tables, one JPEG."""
    rng = np.random.default_rng(seed)
    signal = np.repeat(light[..., None], 3, axis=2)
    sigma = np.sqrt(signal / shot.full_well_e + (shot.read_noise_e / shot.full_well_e) ** 2)
    noisy = np.clip(signal + sigma * rng.standard_normal(signal.shape), 0.0, 1.0)
    picture = np.round(255 * np.where(noisy <= 0.0031308, 12.92 * noisy, 1.055 * noisy ** (1 / 2.4) - 0.055))
    data = cv2.imencode(".jpg", picture.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, shot.jpeg_quality])[1].tobytes()
    return luma_of(data, read_picture(data, name="frame.jpg"))


@pytest.mark.parametrize("quality", [100, 95, 85])
@pytest.mark.parametrize(("full_well_e", "read_noise_e"), [(5000.0, 3.0), (1500.0, 4.0)])
def test_noise_is_recovered_through_gradients_dust_and_jpeg(
    quality: int, full_well_e: float, read_noise_e: float
) -> None:
    shot = Shot(
        torch=False, exposure=1.0, full_well_e=full_well_e, read_noise_e=read_noise_e, jpeg_quality=quality
    )  # fmt: skip
    rows, columns = np.indices((480, 640))
    light = 0.3 + 0.3 * columns / 640 - 0.2 * ((columns - 320) ** 2 + (rows - 240) ** 2) / 320**2
    dust = np.random.default_rng(2).integers(0, 480, (15, 2))
    for row, column in dust:
        light[row : row + 12, column : column + 9] *= 0.7
    noise, notes = measure_noise(
        dark=sensed(np.zeros((480, 640)), shot, seed=1), white=sensed(np.maximum(light, 0.05), shot, seed=2)
    )
    # The luma averages three channels; its variance is the sum of the squared weights times theirs.
    assert noise.read_noise == pytest.approx(LUMA_SHARE * read_noise_e / full_well_e, rel=0.25)
    assert noise.full_well == pytest.approx(full_well_e / LUMA_SHARE**2, rel=0.25)
    assert notes == ()


def flat(level: int, *, spread: float = 0.0, name: str = "frame.png") -> Luma:
    rng = np.random.default_rng(0)
    plane = np.clip(np.round(level + spread * rng.standard_normal((240, 320))), 0, 255).astype(np.uint8)
    return Luma(plane=plane, steps=np.ones((8, 8)), name=name)


def test_frames_that_are_not_dark_or_white_are_refused() -> None:
    for dark, white, says in (
        (flat(120, name="dark.jpg"), None, "dark.jpg is not dark"),
        (None, flat(255, name="white.jpg"), "white.jpg is overexposed"),
        (None, flat(20, spread=2, name="white.jpg"), "white.jpg is too dark"),
        (None, flat(180, name="white.jpg"), "white.jpg shows no noise"),
    ):
        with pytest.raises(InputError, match=says):
            measure_noise(dark=dark, white=white)


def test_a_dark_frame_without_noise_and_frames_left_out_are_told() -> None:
    noise, notes = measure_noise(dark=flat(0), white=None)
    assert noise.read_noise == 0.0
    assert "black" in notes[0]
    noise, notes = measure_noise(dark=None, white=flat(180, spread=2.0))
    assert noise.read_noise is None
    # Sigma 2 grey levels at grey 180, by the slope of the curve.
    level = float(light_of(180.0))
    assert noise.full_well == pytest.approx(level / (2.0 / float(slope_at(level))) ** 2, rel=0.1)
    assert "dark frame" in notes[0]
    assert measure_noise(dark=None, white=None)[1] == ()


def test_the_curve_is_that_of_srgb_both_ways() -> None:
    # By the formula of IEC 61966-2-1 worked by hand: 18 % light is 46.1 % of the scale, half the scale 21.4 % light.
    assert float(grey_level_of(0.18)) == pytest.approx(117.65, abs=0.05)
    assert float(light_of(127.5)) == pytest.approx(0.2140, abs=2e-4)
    levels = np.arange(256.0)
    np.testing.assert_allclose(grey_level_of(light_of(levels)), levels, atol=1e-9)
    step = (grey_level_of(0.5 + 1e-6) - grey_level_of(0.5)) / 1e-6
    assert float(slope_at(0.5)) == pytest.approx(float(step), rel=1e-3)


def test_a_fit_tells_a_spot_from_none() -> None:
    rows, columns = np.indices((41, 41)) + 0.5
    light = 0.1 + 0.002 * columns + 0.4 * np.exp(-((columns - 20.3) ** 2 + (rows - 19.8) ** 2) / (2 * 1.1**2))
    fit = fit_spot(light, 20.9, 20.1, sigma_px=0.8)
    assert fit is not None
    assert (fit.x_px, fit.y_px) == pytest.approx((20.3, 19.8), abs=0.01)
    assert fit.sigma_px == pytest.approx(1.1, rel=0.01)
    assert fit.flux == pytest.approx(0.4 * 2 * math.pi * 1.1**2, rel=0.02)
    assert fit_spot(np.full((41, 41), 0.2), 20.0, 20.0, sigma_px=1.0) is None
    assert fit_spot(light[:3, :3], 1.0, 1.0, sigma_px=1.0) is None


@pytest.mark.parametrize("sigma_px", [0.8, 1.5])
def test_fine_detail_tells_the_point_spread(sigma_px: float) -> None:
    boxes = np.full((400, 400), 0.1)
    for number in range(5):
        boxes[40 + 70 * number : 75 + 70 * number, 50:180] = 0.6
        boxes[30 + 70 * number : 65 + 70 * number, 230:330] = 0.8
    assert detail_sigma_px(cv2.GaussianBlur(boxes, (0, 0), sigma_px)) == pytest.approx(sigma_px, rel=0.15)
    assert detail_sigma_px(np.full((400, 400), 0.3)) is None


def test_a_lens_wider_than_the_point_spread_is_told() -> None:
    near = calibrate_camera(shots((1.2,)), lens_mm=12.0, hfov_deg=HFOV_DEG, name="wide")
    assert any("wider than the point spread" in note for note in near.notes)


def chessboard(width: int, *, square_px: float) -> NDArray[np.uint8]:
    image = np.full((width * 3 // 4, width, 3), 235, np.uint8)
    left, top = (width - 10 * square_px) / 2, (width * 3 / 4 - 7 * square_px) / 2
    for row in range(7):
        for column in range(10):
            if (row + column) % 2 == 0:
                corner = np.array([left + column * square_px, top + row * square_px])
                points = np.round(16 * np.stack([corner, corner + square_px])).astype(int)
                first, second = (tuple(map(int, point)) for point in points)
                cv2.rectangle(image, first, second, (25, 25, 25), -1, shift=4)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.8), np.uint8)


def test_a_printed_chessboard_tells_the_field_of_view() -> None:
    focal_px = 800 / 2 / math.tan(math.radians(70.0 / 2))
    image = chessboard(800, square_px=focal_px * 0.025 / 0.4)
    assert hfov_from_chart(image, name="c.jpg", distance_m=0.4, square_mm=25.0) == pytest.approx(70.0, abs=0.7)
    with pytest.raises(InputError, match=r"c.jpg shows no chessboard"):
        hfov_from_chart(image[:100], name="c.jpg", distance_m=0.4, square_mm=25.0)
    slanted = np.asarray(cv2.resize(image, (400, 600)), np.uint8)
    with pytest.raises(InputError, match="slant"):
        hfov_from_chart(slanted, name="c.jpg", distance_m=0.4, square_mm=25.0)


def test_luma_and_exposure_come_from_the_file_as_stored() -> None:
    rng = np.random.default_rng(0)
    stored = Pillow.fromarray(rng.integers(0, 255, (48, 80, 3), np.uint8))
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by a viewer
    exif.get_ifd(0x8769).update({0x829A: 0.02, 0x8827: 200, 0x829D: 2.0})
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=80, exif=exif)
    data = out.getvalue()
    picture = read_picture(data, name="turned.jpg")
    assert picture.image.shape == (80, 48, 3)
    luma = luma_of(data, picture)
    assert luma.plane.shape == (48, 80)
    assert luma.steps[0, 0] > 1
    assert exposure_of(data) == pytest.approx(0.02 * 200 / 4.0)
    assert exposure_of(b"no picture") is None
    plain = io.BytesIO()
    stored.save(plain, "PNG")
    assert exposure_of(plain.getvalue()) is None
    assert (luma_of(plain.getvalue(), read_picture(plain.getvalue(), name="p.png")).steps == 1).all()


def test_a_profile_fits_pictures_of_its_camera_size_and_zoom() -> None:
    profile = CameraProfile(sides_px=(4000, 3000), camera="A", hfov_deg=70.0, measured=True)
    assert profile.fits(4000, 3000, camera="A")
    assert profile.fits(3000, 4000, camera=None, hfov_deg=72.0)
    assert not profile.fits(4000, 3000, camera="B")
    assert not profile.fits(4000, 2250, camera="A")
    assert not profile.fits(4000, 3000, camera="A", hfov_deg=107.0)
    assert not CameraProfile().fits(4000, 3000, camera=None)


def test_how_far_a_lens_shows_is_read_between_the_distances() -> None:
    steps = ((0.5, 0.5), (1.0, 1.0), (2.0, 4.0), (3.0, None))
    profile = CameraProfile(reach=tuple(Reach(distance_m=d, smallest_mm=s) for d, s in steps))
    assert profile.farthest_m(0.4) is None
    assert profile.farthest_m(1.0) == pytest.approx(1.0)
    assert profile.farthest_m(2.0) == pytest.approx(math.sqrt(2.0))
    assert profile.farthest_m(5.0) == pytest.approx(2.0)
    assert CameraProfile().farthest_m(2.0) is None
