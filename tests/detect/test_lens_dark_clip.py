"""Lights of a dark clip: followed while the phone moves, told from faults of the sensor."""

from collections.abc import Iterator

import numpy as np
import pytest

from roomsweep.calibration.dark_scenes import DarkRoom
from roomsweep.detect.lens.clip import ExaminedClip, Frame
from roomsweep.detect.lens.dark_clip import FRAMES_MIN, examine_dark_clip
from roomsweep.detect.result import Finding, Level, SourceState


def frames(room: DarkRoom, count: int, *, step: tuple[int, int] = (4, 2)) -> Iterator[Frame]:
    for number in range(count):
        shift = (step[0] * number, step[1] * number)
        yield Frame(image=room.scene(shift_px=shift, noise=number, jpeg_quality=None).picture, t_s=number / 15)


def examined(room: DarkRoom, count: int = 12, *, step: tuple[int, int] = (4, 2)) -> ExaminedClip:
    return examine_dark_clip(frames(room, count, step=step), source_id="dark-video-1", name="dark.mp4")


def dark(seed: int = 0, **options: float) -> DarkRoom:
    return DarkRoom(seed=seed, width=480, height=360, **options)  # type: ignore[arg-type]


def raised(clip: ExaminedClip) -> list[Finding]:
    return [finding for finding in clip.examined.findings if finding.level is not Level.NOTED]


@pytest.mark.parametrize("step", [(4, 2), (-6, 3), (0, 0), (14, -5)])
def test_a_ring_is_one_finding_with_track_and_still(step: tuple[int, int]) -> None:
    room = dark()
    room.add_ring("ir850", 200.0, 180.0, count=6)
    room.add_light("green", 320.0, 250.0)
    clip = examined(room, step=step)
    (finding,) = raised(clip)
    where = finding.where
    assert {"glow.ring", "glow.violet"} <= {line.rule for line in finding.evidence}
    assert where.frame in clip.stills
    assert where.track is not None
    assert len(where.track) == 12
    for frame, x, y in where.track:
        assert (x, y) == pytest.approx((200.0 + step[0] * frame, 180.0 + step[1] * frame), abs=2.0)
    assert where.t_s == pytest.approx((where.frame or 0) / 15, abs=1e-3)
    assert clip.examined.source.kind == "dark_video"
    assert clip.examined.source.facts["frames"] == 12


def test_faults_of_the_sensor_are_told_where_the_room_moves() -> None:
    room = dark(balance=0.0)
    room.add_light("ir850", 200.0, 180.0, radius_px=2.0)
    room.add_light("green", 300.0, 100.0, radius_px=2.0)
    room.add_hot_pixels(12)
    clip = examined(room)
    assert len(raised(clip)) == 1
    assert clip.examined.source.facts["sensor_faults"] >= 6
    assert len(clip.examined.findings) + clip.examined.source.facts["sensor_faults"] >= 8


def test_a_light_that_stays_on_its_pixels_while_others_move_is_a_fault() -> None:
    """A fault as wide as a light, which its shape does not tell: two neighbouring white pixels and their skirts."""
    room, still = dark(balance=0.5), dark(balance=0.5, ambient=0.0)
    room.add_ring("ir850", 200.0, 180.0, count=6)
    still.add_light("ir850", 100.0, 300.0, radius_px=2.0)
    overlaid = [
        Frame(image=np.maximum(frame.image, still.scene(noise=n, jpeg_quality=None).picture), t_s=frame.t_s)
        for n, frame in enumerate(frames(room, 12))
    ]
    clip = examine_dark_clip(overlaid, source_id="d", name="n")
    assert len(raised(clip)) == 1
    assert clip.examined.source.facts["sensor_faults"] == 1
    # With the phone at rest nothing tells them apart, and both are worth a look.
    resting = [
        Frame(image=np.maximum(frame.image, still.scene(noise=n, jpeg_quality=None).picture), t_s=frame.t_s)
        for n, frame in enumerate(frames(room, 12, step=(0, 0)))
    ]
    assert len(raised(examine_dark_clip(resting, source_id="d", name="n"))) == 2


def test_a_light_that_comes_and_goes_says_so() -> None:
    room, off = dark(balance=0.0), dark(balance=0.0)
    room.add_light("white", 200.0, 180.0, radius_px=2.0)
    blinking = [
        Frame(image=(room if n % 4 == 0 else off).scene(noise=n, jpeg_quality=None).picture, t_s=n / 15)
        for n in range(20)
    ]
    findings = examine_dark_clip(blinking, source_id="d", name="n").examined.findings
    assert len(findings) == 1
    assert "glow.fitful" in {line.rule for line in findings[0].evidence}


def test_a_flash_of_one_frame_is_nothing() -> None:
    room, off = dark(), dark()
    room.add_light("ir850", 200.0, 180.0)
    clip = examine_dark_clip(
        [
            Frame(image=(room if n == 5 else off).scene(noise=n, jpeg_quality=None).picture, t_s=n / 15)
            for n in range(3 * FRAMES_MIN)
        ],
        source_id="d",
        name="n",
    )
    assert clip.examined.findings == ()
    assert clip.stills == {}


def test_no_frame_and_a_lit_clip_say_why() -> None:
    nothing = examine_dark_clip([], source_id="d", name="n").examined.source
    assert nothing.state is SourceState.NOT_EXAMINED
    assert nothing.reason == "holds no frame that could be decoded"
    lit = examined(dark(ambient=0.4), 3).examined.source
    assert lit.state is SourceState.PARTIAL
    assert "is not dark" in (lit.reason or "")


def test_stills_are_those_of_the_findings_only() -> None:
    room = dark()
    for column in range(4):
        room.add_light("ir850", 60.0 + 100 * column, 180.0, radius_px=2.0)
    clip = examined(room, 20, step=(1, 0))
    assert set(clip.stills) == {finding.where.frame for finding in clip.examined.findings}
    assert len(clip.stills) <= 8
