"""A glint and an infrared ring at one place make a suspect; anything less certain does not."""

from functools import cache

import numpy as np
import pytest

from roomsweep.calibration.dark_scenes import DarkRoom
from roomsweep.calibration.scenes import SyntheticPair, synthetic_pair
from roomsweep.detect.lens.glow import examine_dark_photo
from roomsweep.detect.lens.glow_join import Joined, join_glow
from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.reading import Picture
from roomsweep.detect.lens.spots import Image
from roomsweep.detect.result import (
    Evidence,
    Examined,
    Finding,
    FindingKind,
    Grade,
    Level,
    Source,
    SourceState,
    Where,
)


@cache
def pair(seed: int) -> SyntheticPair:
    return synthetic_pair(seed=seed, width=960, height=720)


def lit(x_px: float, y_px: float) -> Examined:
    """A lit photo with one glint worth a look."""
    evidence = (Evidence(rule="shape.contrast", grade=Grade.S, weight_db=8.0, says="bright", reference="test"),)
    glint = Finding(
        id="photo-1-1", kind=FindingKind.LENS_GLINT, level=Level.LOOK, title="A small bright spot",
        source_ids=("photo-1",), where=Where(x_px=x_px, y_px=y_px, radius_px=2.0), evidence=evidence,
    )  # fmt: skip
    source = Source(id="photo-1", kind="photo", name="on.jpg", state=SourceState.EXAMINED)
    return Examined(source=source, findings=(glint,))


def dark_picture(
    seed: int, x_px: float, y_px: float, *, colour: str = "ir850", ring: bool = True, share: float = 0.4
) -> Image:
    room = DarkRoom(seed=seed, ground=pair(seed).off, ambient=share, balance=0.0)
    if ring:
        room.add_ring(colour, x_px, y_px, ring_px=14.0)
    else:
        room.add_light(colour, x_px, y_px)
    return room.scene().picture


def join(glint: tuple[float, float], image: Image, *, seed: int = 3) -> Joined:
    picture = Picture(image=image, name="dark.jpg", sha256="", damage=None, profile=CameraProfile(), facts={})
    dark = examine_dark_photo(picture, source_id="dark-photo-1")
    return join_glow(lit(*glint), dark, lit_image=pair(seed).on, dark_image=image)


def places(seed: int = 3) -> tuple[tuple[float, float], tuple[float, float]]:
    """The lens in the lit picture, and in the torch-off picture that the dark one is made of."""
    lens = pair(seed).lenses[0]
    return (lens.x_px, lens.y_px), (lens.off_x_px, lens.off_y_px)


def test_a_glint_in_the_middle_of_a_ring_is_a_suspect() -> None:
    on, off = places()
    joined = join(on, dark_picture(3, *off))
    assert joined.trusted
    (finding,) = joined.lit.findings
    assert finding.level is Level.SUSPECT
    assert finding.source_ids == ("photo-1", "dark-photo-1")
    assert {line.family for line in finding.evidence} == {"shape", "glow"}
    assert finding.title.startswith("A bright spot in the middle of a ring")
    assert not any("glow.ring" in {line.rule for line in item.evidence} for item in joined.dark.findings)


def test_a_glint_beside_a_violet_light_is_a_suspect_and_one_on_it_is_not() -> None:
    on, (x, y) = places()
    beside = join(on, dark_picture(3, x + 24.0, y, ring=False))
    assert [finding.level for finding in beside.lit.findings] == [Level.SUSPECT]
    # At the light itself the glint is the image of that light, which is no second cue.
    itself = join(on, dark_picture(3, x, y, ring=False))
    assert itself.trusted
    assert [finding.level for finding in itself.lit.findings] == [Level.LOOK]
    far = join(on, dark_picture(3, x + 150.0, y, ring=False))
    assert [finding.level for finding in far.lit.findings] == [Level.LOOK]


@pytest.mark.parametrize("colour", ["white", "red", "green"])
def test_a_light_of_another_colour_joins_nothing(colour: str) -> None:
    on, (x, y) = places()
    joined = join(on, dark_picture(3, x + 24.0, y, colour=colour, ring=False))
    assert joined.margin is None
    assert [finding.level for finding in joined.lit.findings] == [Level.LOOK]


def test_another_room_does_not_join_though_the_ring_lies_right() -> None:
    on, _ = places(3)
    joined = join(on, dark_picture(5, *on))
    assert joined.margin is not None
    assert not joined.trusted
    assert [finding.level for finding in joined.lit.findings] == [Level.LOOK]
    assert [finding.level for finding in joined.dark.findings][:1] == [Level.LOOK]


def test_too_dark_to_be_laid_over_says_so() -> None:
    on, off = places()
    joined = join(on, dark_picture(3, *off, share=0.01))
    assert joined.margin is not None
    assert not joined.trusted
    assert len(joined.dark.findings) >= 1


def test_another_shape_is_not_tried_and_another_size_is() -> None:
    on, off = places()
    image = dark_picture(3, *off)
    assert join(on, image[:, :720]).margin in (0.0, None)
    assert not join(on, image[:, :720]).trusted
    large = np.ascontiguousarray(np.kron(image, np.ones((2, 2, 1), np.uint8)))
    assert [finding.level for finding in join(on, large).lit.findings] == [Level.SUSPECT]
