"""Close-ups and overviews: the right place, a ring that is seen and covers nothing."""

import numpy as np
import numpy.typing as npt
import pytest

from roomsweep.cli.report.crops import BgrImage, annotate, crop, jpeg
from roomsweep.detect.result import Finding, FindingKind, Level, Where


def flat(value: int, *, width: int = 200, height: int = 150) -> BgrImage:
    return np.full((height, width, 3), value, np.uint8)


def glint(x: float | None, y: float | None, radius: float | None = 2.0, name: str = "F1") -> Finding:
    return Finding(
        id=name, kind=FindingKind.LENS_GLINT, level=Level.LOOK, title="spot", source_ids=("p",),
        where=Where(x_px=x, y_px=y, radius_px=radius),
    )  # fmt: skip


def radii(image: BgrImage, x: float, y: float) -> npt.NDArray[np.float64]:
    """Distance of every pixel's middle from (x, y)."""
    rows, cols = np.indices(image.shape[:2])
    return np.asarray(np.hypot(cols + 0.5 - x, rows + 0.5 - y), np.float64)


def test_the_spot_lies_in_the_middle_and_the_ring_leaves_it_alone() -> None:
    image = flat(40)
    image[70:74, 100:104] = 255  # middle at (102, 72)
    out = crop(image, 102, 72, radius_px=2, scale=4, side_px=48)
    assert out.shape == (192, 192, 3)
    plain = crop(image, 102, 72, radius_px=2, scale=4, side_px=48, ring=False)
    bright = np.argwhere(plain[..., 0] > 200)
    assert bright.mean(axis=0) + 0.5 == pytest.approx((96, 96), abs=1)
    distance = radii(out, 96, 96)
    changed = (out != plain).any(axis=2)
    assert changed.any()
    assert distance[changed].min() >= 3 * 2 * 4  # three spot radii, enlarged


@pytest.mark.parametrize("background", [0, 128, 255])
def test_the_ring_is_seen_on_any_background(background: int) -> None:
    out = crop(flat(background), 100, 75, radius_px=2)
    plain = crop(flat(background), 100, 75, radius_px=2, ring=False)
    assert np.abs(out.astype(int) - plain).max() >= 120
    ring = out[(out != plain).any(axis=2)]
    assert ring.min() < 30 or background < 30
    assert ring.max() > 225 or background > 225


@pytest.mark.parametrize(("x", "y"), [(0, 0), (199.9, 149.9), (-500, 40), (1e6, 1e6)])
def test_edges_and_beyond_are_padded(x: float, y: float) -> None:
    out = crop(flat(255), x, y, radius_px=2, ring=False)
    assert out.shape == (384, 384, 3)
    assert (out == 112).mean() > 0.5  # grey beyond the picture


def test_a_corner_shows_its_quarter() -> None:
    out = crop(flat(255), 0, 0, radius_px=2, ring=False)
    assert (out[200:, 200:] == 255).all()
    assert (out[:180, :180] == 112).all()


def test_a_large_spot_is_shown_whole_at_the_same_size() -> None:
    image = flat(0, width=1200, height=1200)
    distance = radii(image, 600, 600)
    image[distance < 60] = 255
    out = crop(image, 600, 600, radius_px=60)
    assert out.shape == (384, 384, 3)
    plain = crop(image, 600, 600, radius_px=60, ring=False)
    spot = plain[..., 0] > 128
    assert 0.01 < spot.mean() < 0.2
    assert not ((out != plain).any(axis=2) & spot).any()


@pytest.mark.parametrize("radius", [None, 0.0, -1.0, float("nan")])
def test_a_missing_radius_still_gives_a_ring(radius: float | None) -> None:
    out = crop(flat(90), 100, 75, radius_px=radius)
    assert (out != crop(flat(90), 100, 75, radius_px=radius, ring=False)).any()


def test_annotate_rings_each_place_and_keeps_the_picture() -> None:
    image = flat(90, width=800, height=600)
    before = image.copy()
    out = annotate(image, [glint(100, 100), glint(700, 500, name="F2"), glint(None, None), glint(float("nan"), 3)])
    assert (image == before).all()
    assert out.shape == image.shape
    changed = (out != image).any(axis=2)
    for x, y in ((100, 100), (700, 500)):
        near = radii(out, x, y)
        assert changed[near < 60].any()
        assert not changed[near < 7].any()
        rows, cols = np.indices(changed.shape)
        for side in (rows < y - 5, rows > y + 5, cols < x - 5, cols > x + 5):
            assert changed[side & (near < 40)].any()  # the ring goes all the way round
    assert not changed[:, 250:550].any()  # nothing in between: the two without a place drew nothing


def test_annotate_shrinks_before_it_draws() -> None:
    image = flat(90, width=3000, height=1000)
    out = annotate(image, [glint(2990, 10)], longest_px=600)
    assert out.shape == (200, 600, 3)
    changed = np.argwhere((out != 90).any(axis=2))
    assert changed[:, 1].min() > 400  # ring and label stay at the right edge, inside the picture
    assert annotate(image, [], longest_px=9000).shape == image.shape


def test_jpeg_holds_the_picture_and_no_metadata() -> None:
    data = jpeg(flat(90))
    assert data[:2] == b"\xff\xd8"
    assert b"Exif" not in data
