import json
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from roomsweep.calibration.glint_fit import CUES, DB_PER_NAT, GlintModel, LabelledSpots, fit, to_csv
from roomsweep.calibration.labelled_pictures import LabelledLens, LabelledPicture, read_image, read_pictures
from roomsweep.detect.lens.judge import features, model, shape_weights
from roomsweep.detect.lens.spots import Spots, find_spots
from roomsweep.detect.signatures.tables import parse_table


def made_up(count: int, *, rng: np.random.Generator, lens: bool) -> Spots:
    """Lenses stand alone and are round; other things come in crowds and are long. The rest does not differ."""

    def column(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, count)

    return Spots(
        x_px=column(0, 1000),
        y_px=column(0, 1000),
        contrast=column(20, 200),
        height=column(20, 200),
        peak=column(100, 250),
        surround=column(20, 100),
        noise=column(1, 4),
        radius_px=column(1.5, 1.9),
        elongation=column(1.0, 1.8) if lens else column(1.2, 4.0),
        ring_spread=column(0.1, 0.3),
        ring_tilt=column(0.1, 0.3),
        ring_high=column(0.1, 0.3),
        ring_max=column(0.2, 0.5),
        foot=column(1.5, 3.0),
        open_ended=np.zeros(count),
        tint=column(0.0, 0.2),
        clutter=column(1, 5),
        neighbours=rng.integers(0, 4, count).astype(float) if lens else rng.integers(1, 12, count).astype(float),
        peers=rng.integers(0, 9, count).astype(float),
        prominence=column(-0.5, 0.5),
        saturated=np.zeros(count),
    )


def joined(first: Spots, second: Spots) -> Spots:
    from dataclasses import fields

    return Spots(
        **{item.name: np.concatenate([getattr(first, item.name), getattr(second, item.name)]) for item in fields(Spots)}
    )


def labelled(seed: int, *, lenses: int = 40, others: int = 160, left_out: int = 0) -> LabelledSpots:
    rng = np.random.default_rng(seed)
    spots = joined(made_up(lenses, rng=rng, lens=True), made_up(others, rng=rng, lens=False))
    label = np.array([1] * lenses + [0] * others, dtype=np.int8)
    label[lenses : lenses + left_out] = -1
    return LabelledSpots(name=f"picture {seed}", group=f"scene {seed}", spots=spots, label=label, missed=0)


@pytest.fixture(scope="module")
def fitted() -> GlintModel:
    return fit([labelled(seed) for seed in range(6)])


def weight_of(fitted: GlintModel, feature: str) -> float:
    """Decibans between the two ends of the range: comparable between features."""
    index = list(CUES).index(feature)
    return float(fitted.weight_db[index] * (fitted.high[index] - fitted.low[index]))


def test_the_signs_of_what_differs_are_recovered(fitted: GlintModel) -> None:
    assert weight_of(fitted, "elongation") < -5
    assert weight_of(fitted, "neighbours") < -5
    same = [feature for feature in CUES if feature not in ("elongation", "neighbours")]
    assert max(abs(weight_of(fitted, feature)) for feature in same if feature != "open_ended") < 5


def test_the_score_parts_lenses_from_others_it_has_not_seen(fitted: GlintModel) -> None:
    unseen = labelled(99)
    score = fitted.score_db(unseen.spots)
    lens, other = score[unseen.label == 1], score[unseen.label == 0]
    assert (lens[:, None] > other[None, :]).mean() > 0.9
    assert np.median(lens) > 0 > np.median(other)


def test_at_the_centre_the_score_says_nothing(fitted: GlintModel) -> None:
    # Nothing known of a spot: the model must give it the odds of the set it was fitted on, no more, no less.
    # Checked against the fit of Bayes: mean posterior over the set is the share of lenses, 40 of 200.
    everything = [labelled(seed) for seed in range(6)]
    score = np.concatenate([fitted.score_db(item.spots) for item in everything])
    base_db = DB_PER_NAT * np.log(40 / 160)
    posterior = 1 / (1 + 10 ** (-(score + base_db) / 10))
    assert posterior.mean() == pytest.approx(0.2, abs=0.005)


def test_the_share_of_lenses_does_not_enter_the_weights() -> None:
    rich = fit([labelled(seed, lenses=80, others=80) for seed in range(4)])
    poor = fit([labelled(seed, lenses=20, others=320) for seed in range(4)])
    unseen = labelled(99).spots
    gap = rich.score_db(unseen) - poor.score_db(unseen)
    assert abs(np.median(gap)) < 4.0
    # The odds of the sets differ by 12 dB; had they entered, the scores would differ by as much.
    assert abs(gap.mean()) < 4.0


def test_more_weight_for_a_lens_is_the_same_as_that_lens_more_often() -> None:
    one, other = labelled(1), labelled(2)
    lenses = one.spots.take(np.flatnonzero(one.label == 1))
    again = LabelledSpots(
        name="again", group="again", spots=lenses, label=np.ones(len(lenses), dtype=np.int8), missed=0
    )
    weighted = fit([one, other], weights={one.name: 2.0})
    repeated = fit([one, other, again])
    unseen = labelled(99).spots
    # Repeating moves the ends of the ranges and the median surround a little; weighing does not.
    assert weighted.score_db(unseen) == pytest.approx(repeated.score_db(unseen), abs=2.0)
    assert np.abs(weighted.score_db(unseen) - repeated.score_db(unseen)).mean() < 0.5


def test_what_is_left_out_and_empty_pictures_do_not_matter() -> None:
    with_doubt = labelled(3, left_out=50)
    kept = np.flatnonzero(with_doubt.label >= 0)
    without = LabelledSpots(
        name=with_doubt.name, group="x", spots=with_doubt.spots.take(kept), label=with_doubt.label[kept], missed=0
    )
    nothing = find_spots(np.full((80, 80, 3), 90, np.uint8))
    empty = LabelledSpots(name="e", group="e", spots=nothing, label=np.empty(0, np.int8), missed=1)
    first, second = fit([with_doubt, labelled(4), empty]), fit([without, labelled(4)])
    index = list(CUES).index("elongation")
    # The picture's median surround is taken over all its spots, so that one feature differs a little.
    assert first.weight_db[index] == pytest.approx(second.weight_db[index], rel=0.05)
    assert first.score_db(nothing).shape == (0,)


def test_a_heavier_penalty_gives_smaller_weights() -> None:
    pictures = [labelled(seed, lenses=10, others=30) for seed in range(2)]
    light, heavy = fit(pictures, ridge=0.1), fit(pictures, ridge=100.0)
    assert abs(weight_of(heavy, "elongation")) < abs(weight_of(light, "elongation"))


def test_the_table_reads_back_with_its_card(fitted: GlintModel) -> None:
    card = resources.files("roomsweep.detect.signatures").joinpath("glint_model.toml").read_text(encoding="utf-8")
    table = parse_table("glint_model", card, to_csv(fitted, source="this test"))
    assert {row["feature"]: row["cue"] for row in table.rows} == dict(CUES)
    for row in table.rows:
        index = list(CUES).index(row["feature"])
        assert float(row["weight_db"]) == pytest.approx(fitted.weight_db[index], rel=1e-3, abs=1e-9)
        assert float(row["centre"]) == pytest.approx(fitted.centre[index], rel=1e-3, abs=1e-9)
        assert float(row["low"]) <= float(row["high"])
        assert row["source"] == "this test"


def test_the_shipped_model_has_the_features_of_the_fit() -> None:
    assert {term.feature: term.cue for term in model()} == dict(CUES)


def test_the_fit_and_the_detector_score_alike() -> None:
    terms = {term.feature: term for term in model()}
    columns = {
        name: np.array([getattr(terms[feature], name) for feature in CUES])
        for name in ("centre", "low", "high", "weight_db")
    }
    spots = labelled(5).spots
    assert GlintModel(**columns).score_db(spots) == pytest.approx(sum(shape_weights(spots).values()))
    assert set(features(spots, median_surround=50.0)) == set(CUES)


def lens_picture() -> LabelledPicture:
    image = np.full((200, 300, 3), 80, np.uint8)
    for x, y in ((60, 60), (150, 100), (240, 150)):
        cv2.circle(image, (x, y), 1, (230, 230, 230), -1)
    image = cv2.GaussianBlur(image, (3, 3), 0.8)
    return LabelledPicture(
        name="a",
        group="a",
        kind="lit",
        image=np.asarray(image, np.uint8),
        off=None,
        lenses=(
            LabelledLens(x_px=61.5, y_px=60.5, radius_px=1.5, detectable=True),
            LabelledLens(x_px=150.5, y_px=100.5, radius_px=1.5, detectable=False),
            LabelledLens(x_px=20.0, y_px=180.0, radius_px=1.5, detectable=True),
            LabelledLens(x_px=280.0, y_px=20.0, radius_px=1.5, detectable=False),
        ),
    )


def test_labels_go_to_the_spots_they_mean() -> None:
    picture = lens_picture()
    spots = find_spots(picture.image)
    out = picture.label(spots)
    by_place = {round(float(x)): int(value) for x, value in zip(spots.x_px, out.label, strict=True)}
    assert by_place == {60: 1, 150: -1, 240: 0}
    assert out.missed == 1  # the one that should have been found; the faint one does not count
    assert picture.hit_by(62.0, 62.0) is picture.lenses[0]
    assert picture.hit_by(100.0, 100.0) is None


def test_folders_of_labelled_pictures_are_read(tmp_path: Path) -> None:
    optical, rendered = tmp_path / "optical", tmp_path / "rendered"
    (optical / "lensfinder_artyrrr").mkdir(parents=True)
    (optical / "neg_rooms").mkdir()
    rendered.mkdir()
    image = lens_picture().image
    for place in ("lensfinder_artyrrr/d1-1.png", "lensfinder_artyrrr/d1-2.png"):
        cv2.imwrite(str(optical / place), image)
    for place in ("a_flash.png", "a_ambient.png"):
        cv2.imwrite(str(optical / "neg_rooms" / place), image)
    # Names need not be ASCII.
    (optical / "neg_rooms" / "窗帘.png").write_bytes((optical / "neg_rooms" / "a_flash.png").read_bytes())
    cv2.imwrite(str(rendered / "still.png"), image)
    glints = [{"x": 60, "y": 60, "glint": "clear"}, {"x": 150, "y": 100, "glint": "faint"}]
    labels = {
        "_about": "x",
        "d1-1.png": {"led": "off", "pair": "d1-2.png", "glints": []},
        "d1-2.png": {"led": "on", "pair": "d1-1.png", "glints": glints},
    }
    (optical / "lensfinder_artyrrr" / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    lens = {"x": 60.5, "y": 60.5, "radius_px": 1.0, "in_frame": True, "detectable": True}
    truth = {"still.png": {"type": "still", "lenses": [lens, {**lens, "in_frame": False}]}}
    (rendered / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    pictures = {picture.name: picture for picture in read_pictures(tmp_path)}
    assert {name: picture.kind for name, picture in pictures.items()} == {
        "lensfinder_artyrrr/d1-1.png": "unlit",
        "lensfinder_artyrrr/d1-2.png": "lit",
        "neg_rooms/a_ambient.png": "room",
        "neg_rooms/a_flash.png": "room",
        "neg_rooms/窗帘.png": "room",
        "rendered/still.png": "rendered_still",
    }
    lit = pictures["lensfinder_artyrrr/d1-2.png"]
    assert lit.off is not None
    assert [(lens.x_px, lens.detectable) for lens in lit.lenses] == [(60.5, True), (150.5, False)]
    assert lit.group == pictures["lensfinder_artyrrr/d1-1.png"].group
    assert pictures["neg_rooms/a_flash.png"].off is not None
    assert pictures["neg_rooms/a_ambient.png"].off is None
    assert len(pictures["rendered/still.png"].lenses) == 1
    with pytest.raises(ValueError, match="not a picture"):
        read_image(rendered / "truth.json")
