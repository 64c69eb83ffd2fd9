import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.calibration.scenes import synthetic_photo
from roomsweep.detect.lens.judge import (
    GATED_MAX,
    PERSISTS_MIN,
    features,
    model,
    shape_evidence,
    shape_weights,
    torch_evidence,
)
from roomsweep.detect.lens.spots import Spots, find_spots
from roomsweep.detect.result import Grade, Level
from roomsweep.detect.weighing import level_of, weights


@pytest.fixture(scope="module", params=[0, 3])
def spots(request: pytest.FixtureRequest) -> Spots:
    found = find_spots(synthetic_photo(seed=request.param, width=1000, height=750).picture)
    assert len(found) > 20
    return found


def nothing() -> Spots:
    return find_spots(np.full((80, 80, 3), 90, np.uint8))


def test_every_term_of_the_model_has_a_feature_and_a_range(spots: Spots) -> None:
    values = features(spots, median_surround=float(np.median(spots.surround)))
    assert {term.feature for term in model()} == set(values)
    for term in model():
        assert term.low <= term.high
        assert np.isfinite(values[term.feature]).all()
        assert values[term.feature].shape == (len(spots),)


def test_every_cue_of_a_still_is_of_one_family() -> None:
    assert {term.cue.partition(".")[0] for term in model()} == {"shape"}


def test_no_spots_weigh_nothing() -> None:
    weighed = shape_weights(nothing())
    assert set(weighed) == {term.cue for term in model()}
    assert all(column.shape == (0,) for column in weighed.values())


def test_weights_are_the_terms_summed(spots: Spots) -> None:
    weighed = shape_weights(spots)
    values = features(spots, median_surround=float(np.median(spots.surround)))
    for cue, column in weighed.items():
        expected = np.zeros(len(spots))
        for term in model():
            if term.cue == cue:
                clipped = np.minimum(np.maximum(values[term.feature], term.low), term.high)
                expected += (clipped - term.centre) * term.weight_db
        assert column == pytest.approx(expected)


def test_evidence_is_ordered_by_strength_and_adds_up(spots: Spots) -> None:
    weighed = shape_weights(spots)
    total = sum(weighed.values())
    for index in range(len(spots)):
        lines = shape_evidence(spots, weighed, index)
        assert {line.rule for line in lines} == set(weighed)
        strengths = [abs(line.weight_db) for line in lines]
        assert strengths == sorted(strengths, reverse=True)
        # Each line is rounded to a tenth.
        assert sum(line.weight_db for line in lines) == pytest.approx(float(total[index]), abs=0.05 * len(lines) + 1e-9)
        assert all(line.grade is Grade.S and line.says and line.reference for line in lines)


def test_a_still_alone_is_never_more_than_a_look(spots: Spots) -> None:
    weighed = shape_weights(spots)
    levels = {
        level_of(shape_evidence(spots, weighed, index), look="policy.look_glint_db") for index in range(len(spots))
    }
    assert levels <= {Level.LOOK, Level.NOTED}


def test_stronger_contrast_speaks_for_a_lens_and_a_crowd_against(spots: Spots) -> None:
    from dataclasses import replace

    one = spots.take(np.array([0]))
    alone = replace(one, neighbours=np.zeros(1), peers=np.zeros(1), prominence=np.zeros(1))
    crowd = replace(alone, neighbours=np.full(1, 30.0), peers=np.full(1, 60.0))
    assert shape_weights(crowd)["shape.alone"][0] < shape_weights(alone)["shape.alone"][0] - 1
    weak = replace(alone, prominence=np.full(1, -2.0))
    assert shape_weights(weak)["shape.contrast"][0] < shape_weights(alone)["shape.contrast"][0] - 1
    streak = replace(alone, elongation=np.full(1, 6.0), open_ended=np.ones(1))
    round_one = replace(alone, elongation=np.ones(1), open_ended=np.zeros(1))
    assert shape_weights(streak)["shape.compact"][0] < shape_weights(round_one)["shape.compact"][0] - 1


def test_the_words_say_what_was_measured(spots: Spots) -> None:
    weighed = shape_weights(spots)
    for index in range(0, len(spots), 5):
        said = {line.rule: line.says for line in shape_evidence(spots, weighed, index)}
        assert f"{spots.height[index]:.0f} of 255" in said["shape.contrast"]
        assert f"{2 * spots.radius_px[index]:.1f} pixels wide" in said["shape.compact"]
        count = int(spots.neighbours[index])
        assert ("alone" in said["shape.alone"]) == (count == 0)
        if count:
            assert str(count) in said["shape.alone"]


@pytest.mark.parametrize(
    ("persistence", "rule"),
    [
        (0.0, "torch.gated"),
        (GATED_MAX - 0.001, "torch.gated"),
        (GATED_MAX, "torch.dimmed"),
        (PERSISTS_MIN - 0.001, "torch.dimmed"),
        (PERSISTS_MIN, "torch.persists"),
        (1.0, "torch.persists"),
        (40.0, "torch.persists"),
    ],
)
def test_what_is_left_without_the_torch(persistence: float, rule: str) -> None:
    line = torch_evidence(persistence)
    assert line is not None
    assert line.rule == rule
    assert line.weight_db == weights()[rule].weight_db


def test_outside_the_other_picture_nothing_is_said() -> None:
    assert torch_evidence(float("nan")) is None


@given(st.floats(0, 5), st.floats(0, 5))
def test_more_light_without_the_torch_never_speaks_more_for_a_lens(less: float, more: float) -> None:
    less, more = sorted((less, more))
    first, second = torch_evidence(less), torch_evidence(more)
    assert first is not None
    assert second is not None
    assert first.weight_db >= second.weight_db
