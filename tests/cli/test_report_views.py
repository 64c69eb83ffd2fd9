"""Strips of close-ups over time, tracks in overviews, and pairs side by side."""

import numpy as np
import pytest

from roomsweep.cli.report.crops import BgrImage, Picture, View, annotate, close_up, crop, side_by_side, strip
from roomsweep.cli.report.keys import key_of, strip_key_of
from roomsweep.cli.report.views import VIEWS, moments, views_of
from roomsweep.detect.lens.clip import Frame
from roomsweep.detect.result import Finding, FindingKind, Level, Where


def finding(track: tuple[tuple[int, float, float], ...] | None, *, name: str = "F1", radius: float = 2.0) -> Finding:
    frame, x, y = track[0] if track else (None, 60.0, 50.0)
    return Finding(
        id=name, kind=FindingKind.LENS_GLINT, level=Level.LOOK, title="spot", source_ids=("v",),
        where=Where(x_px=x, y_px=y, radius_px=radius, frame=frame, track=track),
    )  # fmt: skip


def clip(count: int) -> list[Frame]:
    """A white dot that moves 3 px right and 1 px down a frame, on grey."""
    frames = []
    for number in range(count):
        image = np.full((200, 300, 3), 60, np.uint8)
        x, y = 60 + 3 * number, 50 + number
        image[y - 2 : y + 2, x - 2 : x + 2] = 255
        frames.append(Frame(image=image, t_s=number / 10))
    return frames


def track(count: int) -> tuple[tuple[int, float, float], ...]:
    return tuple((number, 60.0 + 3 * number, 50.0 + number) for number in range(count))


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (2, 2), (5, 5), (40, VIEWS)])
def test_moments_are_spread_over_the_track(count: int, shown: int) -> None:
    picked = moments(finding(track(count)))
    assert len(picked) == shown
    assert picked[0] == track(count)[0]
    assert picked[-1] == track(count)[-1]
    assert len({frame for frame, _, _ in picked}) == shown


def test_a_finding_without_track_has_no_view_and_nothing_is_read() -> None:
    def unread() -> object:
        raise AssertionError("frames were read")
        yield

    assert moments(finding(None)) == ()
    assert views_of(unread(), [finding(None)]) == {}  # type: ignore[arg-type]


def test_every_view_shows_the_spot_where_it_says() -> None:
    views = views_of(iter(clip(30)), [finding(track(30)), finding(track(9), name="F2")])
    assert {name: len(items) for name, items in views.items()} == {"F1": 5, "F2": 5}
    for view in views["F1"]:
        x, y = int(view.x_px), int(view.y_px)
        assert view.image[y - 1, x - 1, 0] == 255
        assert view.image.shape[0] <= 98  # a part, not the frame
    assert [view.t_s for view in views["F1"]] == sorted(view.t_s for view in views["F1"])
    assert views["F1"][-1].t_s == pytest.approx(2.9)


def test_frames_are_read_no_further_than_needed() -> None:
    read = []

    def frames() -> object:
        for frame in clip(30):
            read.append(frame.t_s)
            yield frame

    views_of(frames(), [finding(track(4))])  # type: ignore[arg-type]
    assert len(read) == 4


def test_a_strip_has_the_spot_in_the_middle_of_each_part() -> None:
    views = views_of(clip(30), [finding(track(30))])["F1"]
    out = strip(views, radius_px=2.0)
    side = out.shape[0]
    assert out.shape[1] == 5 * side + 4 * 4
    for number in range(5):
        part = out[:, number * (side + 4) : number * (side + 4) + side, 0]
        bright = np.argwhere(part[: int(0.8 * side)] > 200)
        assert bright.mean(axis=0) + 0.5 == pytest.approx((side / 2, side / 2), abs=4)
        assert (part[int(0.85 * side) :, :10] == 0).any()  # the time's plate


def test_a_view_at_the_corner_is_padded() -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    out = strip([View(image=image, x_px=0.0, y_px=0.0, t_s=0.0)], radius_px=None)
    assert out[10, 10, 0] == 112
    assert out[-30, -30, 0] == 200


def test_a_pair_is_shown_side_by_side() -> None:
    on, off = np.full((150, 200, 3), 220, np.uint8), np.full((150, 200, 3), 30, np.uint8)
    pair = Picture(image=on, original_name="on.jpg", sha256="", off_image=off)
    out = close_up(pair, finding(None))
    assert out.shape == (384, 2 * 384 + 8, 3)
    assert out[20, 20, 0] == 220
    assert out[20, 384 + 8 + 20, 0] == 30
    alone = close_up(Picture(image=on, original_name="on.jpg", sha256=""), finding(None))
    assert np.array_equal(alone, crop(on, 60.0, 50.0, radius_px=2.0))


def test_nothing_side_by_side_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        side_by_side([])


def changed(image: BgrImage, out: BgrImage) -> np.ndarray:
    return np.asarray((image != out).any(axis=2))


def test_a_track_is_drawn_and_leaves_the_spot_alone() -> None:
    image = np.full((400, 600, 3), 60, np.uint8)
    line = tuple((number, 100.0 + 40 * number, 200.0) for number in range(10))
    item = finding(line)
    with_track, without = annotate(image, [item]), annotate(image, [item], tracks=False)
    assert changed(image, with_track)[195:206, 300:460].any()
    assert not changed(image, without)[195:206, 300:460].any()
    # Within the ring the picture is as it was, though the track begins there.
    rows, columns = np.indices(image.shape[:2])
    near = np.hypot(columns + 0.5 - 100.0, rows + 0.5 - 200.0) < 12
    assert not (changed(image, with_track) & near).any()
    assert (image == 60).all()


@pytest.mark.parametrize(
    "bad", [((0, float("nan"), 1.0), (1, float("inf"), 2.0)), ((0, 1e300, 5.0), (1, -1e300, 5.0)), ((0, 5.0, 5.0),)]
)
def test_a_damaged_track_is_left_out(bad: tuple[tuple[int, float, float], ...]) -> None:
    image = np.full((100, 100, 3), 60, np.uint8)
    item = Finding(
        id="F1", kind=FindingKind.LENS_GLINT, level=Level.LOOK, title="", source_ids=("v",),
        where=Where(x_px=50.0, y_px=50.0, radius_px=2.0, track=bad),
    )  # fmt: skip
    assert np.array_equal(annotate(image, [item]), annotate(image, [item], tracks=False))


def test_keys_of_strips_and_pictures_differ() -> None:
    first, second = finding(track(3)), finding(((0, 9.0, 9.0), (1, 9.0, 9.0)))
    assert len({key_of(first), strip_key_of(first), strip_key_of(second)}) == 3
