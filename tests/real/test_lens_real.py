"""Real pictures. The model was fitted on these very pictures, so what holds here guards against regressions only."""

import json
import math

import numpy as np
import pytest

from roomsweep.calibration.labelled_pictures import read_pictures
from roomsweep.detect.lens.examine import examine_pair, examine_photo
from roomsweep.detect.lens.reading import read_picture
from roomsweep.detect.result import Level, SourceState

FINDER = "optical/lensfinder_artyrrr"


def picture(path):
    return read_picture(path.read_bytes(), name=path.name)


def looks(examined):
    return sum(finding.level is not Level.NOTED for finding in examined.findings)


def place_of(examined, x_px, y_px, *, within_px=5.0):
    for place, finding in enumerate(examined.findings):
        if math.hypot(finding.where.x_px - x_px, finding.where.y_px - y_px) <= within_px:
            return place
    return 999


@pytest.fixture(scope="session")
def labels(data_dir):
    text = (data_dir / FINDER / "labels.json").read_text(encoding="utf-8")
    return {name: label for name, label in json.loads(text).items() if not name.startswith("_")}


@pytest.fixture(scope="session")
def lit(data_dir, labels):
    """Every picture with the light on, examined alone."""
    names = [name for name, label in labels.items() if label["led"] == "on"]
    return {name: examine_photo(picture(data_dir / FINDER / name), source_id="p") for name in names}


@pytest.fixture(scope="session")
def pairs(data_dir, labels):
    """Every pair, light on and off."""
    place = data_dir / FINDER
    return {
        name: examine_pair(picture(place / name), picture(place / label["pair"]), source_id="p").examined
        for name, label in labels.items()
        if label["led"] == "on" and "pair" in label
    }


def places(examined, labels):
    """Where each clear glint stands; labels name pixels, findings distances from the corner."""
    return [
        place_of(examined[name], glint["x"] + 0.5, glint["y"] + 0.5)
        for name in examined
        for glint in labels[name]["glints"]
        if glint["glint"] == "clear"
    ]


def test_clear_glints_stand_first_in_single_photos(lit, labels):
    found = places(lit, labels)
    assert len(found) == 9
    # The ninth, a laptop's webcam in d4-2.png, stands lower or is not listed.
    assert sum(place < 5 for place in found) >= 8
    assert sum(place < 3 for place in found) >= 8
    assert sum(place < 1 for place in found) >= 4


def test_clear_glints_stand_first_in_pairs(pairs, labels):
    found = places(pairs, labels)
    assert len(found) == 6
    assert sum(place < 3 for place in found) >= 5
    assert all(examined.source.state is SourceState.EXAMINED for examined in pairs.values())


def test_the_glints_that_stand_first_are_worth_a_look(lit, labels):
    raised = 0
    for name, examined in lit.items():
        for glint in labels[name]["glints"]:
            place = place_of(examined, glint["x"] + 0.5, glint["y"] + 0.5)
            raised += glint["glint"] == "clear" and place < 999 and examined.findings[place].level is Level.LOOK
    assert raised >= 8


def test_few_places_to_look_at(lit, pairs):
    assert np.mean([looks(examined) for examined in lit.values()]) <= 4
    # Measured: 3.8 alone, 3.75 as pairs: almost all bright spots of these pictures need the light.
    assert np.mean([looks(examined) for examined in pairs.values()]) <= 4
    for examined in (*lit.values(), *pairs.values()):
        assert {finding.level for finding in examined.findings} <= {Level.LOOK, Level.NOTED}


def test_a_lens_and_a_bolt_of_one_pair_are_both_listed(pairs):
    examined = pairs["img_active.jpg"]
    for x_px, y_px in ((589.5, 634.5), (651.5, 586.5)):
        place = place_of(examined, x_px, y_px)
        assert place < 3
        finding = examined.findings[place]
        assert finding.level is Level.LOOK
        assert "torch.gated" in {line.rule for line in finding.evidence}


def test_rooms_without_a_lens_have_at_most_one_place_to_look_at(data_dir):
    counts = {}
    for folder in sorted((data_dir / "optical").glob("neg_*")):
        for path in sorted(folder.iterdir()):
            examined = examine_photo(picture(path), source_id="p")
            assert examined.source.state is SourceState.EXAMINED
            assert {finding.level for finding in examined.findings} <= {Level.LOOK, Level.NOTED}
            counts[path.name] = looks(examined)
    assert len(counts) >= 30
    assert np.mean(list(counts.values())) <= 1
    assert np.mean([count == 0 for count in counts.values()]) >= 0.5


def test_torch_pairs_of_glossy_things_lie_on_each_other(data_dir):
    folder = data_dir / "optical" / "neg_flash_pairs"
    states = []
    for on, off in (("image1_flash.bmp", "image1_noflash.bmp"), ("cave-flash.bmp", "cave-noflash.bmp")):
        examined = examine_pair(picture(folder / on), picture(folder / off), source_id="p").examined
        states.append(examined.source.state)
        assert {finding.level for finding in examined.findings} <= {Level.LOOK, Level.NOTED}
    assert SourceState.EXAMINED in states


def test_pictures_of_different_rooms_are_never_laid_over_each_other(data_dir):
    folder = data_dir / "optical" / "neg_nyu_indoor"
    rooms = [picture(path) for path in sorted(folder.iterdir())][:4]
    for number, room in enumerate(rooms):
        other = rooms[(number + 1) % len(rooms)]
        assert examine_pair(room, other, source_id="p").examined.source.state is SourceState.PARTIAL


def test_every_labelled_picture_is_read_and_most_lenses_are_spots(data_dir):
    from roomsweep.detect.lens.spots import find_spots

    lenses = missed = 0
    for labelled in read_pictures(data_dir, every_frame=1000):
        if labelled.kind in ("lit", "rendered_pair"):
            out = labelled.label(find_spots(labelled.image))
            missed += out.missed
            lenses += int((out.label == 1).sum()) + out.missed
    assert lenses >= 12
    assert missed <= 0.1 * lenses
