import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.errors import DataError
from roomsweep.detect.result import Evidence, Grade, Level
from roomsweep.detect.weighing import CUE_FAMILIES, STATEMENT_FAMILIES, level_of, probability_of, weigh, weights

SUSPECT_DB = weights()["policy.suspect_db"].weight_db
LOOK_DB = weights()["policy.look_db"].weight_db
OPTICAL = ["shape", "motion", "glow"]
#: Nothing of these is a camera's own: the torch tells a lamp from a reflection, not a lens from a bolt.
HINTS = ["vendor", "hint", "address", "setup", "context", "torch"]


def fact(rule: str, weight_db: float, grade: Grade = Grade.M) -> Evidence:
    """An observation with a made-up weight."""
    return Evidence(rule=rule, grade=grade, weight_db=weight_db, says="It was seen.", reference="this test")


def facts(families: list[str], *, max_db: float = 40.0) -> st.SearchStrategy[list[Evidence]]:
    """Any number of observations of these families, for and against."""
    one = st.builds(
        fact,
        st.tuples(st.sampled_from(families), st.sampled_from(["a", "b", "c"])).map(".".join),
        st.floats(-max_db, max_db, allow_nan=False),
        st.sampled_from(Grade),
    )
    return st.lists(one, max_size=8)


def test_policy_is_ordered() -> None:
    assert 0 < LOOK_DB < SUSPECT_DB


@given(facts([*OPTICAL, *HINTS, "worn", "behaviour"]), st.sampled_from([Grade.A, Grade.B]))
def test_its_own_word_identifies_whatever_else_is_seen(others: list[Evidence], grade: Grade) -> None:
    assert level_of([*others, fact("identity.ssid", 30.0, grade)]) is Level.IDENTIFIED


@given(facts([*OPTICAL, *HINTS, "worn", "behaviour"]), st.sampled_from([Grade.C, Grade.M, Grade.S, Grade.D]))
def test_nothing_below_grade_b_identifies(others: list[Evidence], grade: Grade) -> None:
    assert level_of([*others, fact("identity.ssid", 30.0, grade)]) is not Level.IDENTIFIED
    assert level_of(others) is not Level.IDENTIFIED


def test_an_identity_that_speaks_against_does_not_identify() -> None:
    assert level_of([fact("identity.model", -30.0, Grade.A)]) is Level.NOTED


@pytest.mark.parametrize(("first", "second"), [("shape", "motion"), ("motion", "glow"), ("glow", "shape")])
def test_two_optical_cues_make_a_suspect(first: str, second: str) -> None:
    half = SUSPECT_DB / 2
    assert level_of([fact(f"{first}.x", half), fact(f"{second}.x", half)]) is Level.SUSPECT
    assert level_of([fact(f"{first}.x", half), fact(f"{second}.x", half - 0.01)]) is Level.LOOK
    assert level_of([fact(f"{first}.x", 2 * half), fact(f"{second}.x", -0.01)]) is not Level.SUSPECT


@given(st.sampled_from(OPTICAL).flatmap(lambda family: facts([family, *HINTS])))
def test_one_optical_family_is_never_more_than_a_look(evidence: list[Evidence]) -> None:
    assert level_of(evidence) in (Level.LOOK, Level.NOTED)


def test_the_torch_does_not_make_a_suspect_of_a_shape() -> None:
    evidence = [fact("shape.compact", 20.0), fact("shape.contrast", 20.0), fact("torch.gated", 20.0)]
    assert level_of(evidence) is Level.LOOK
    assert level_of([*evidence, fact("motion.fixed", 1.0)]) is Level.SUSPECT


def test_two_statements_about_itself_make_a_suspect_and_one_does_not() -> None:
    company, service = fact("worn.ble_company", SUSPECT_DB), fact("worn.ble_uuid", SUSPECT_DB / 2)
    assert level_of([company, service]) is Level.SUSPECT
    assert level_of([company, fact("worn.ble_company", SUSPECT_DB)]) is Level.LOOK
    assert level_of([company, fact("vendor.ble_company", SUSPECT_DB)]) is Level.LOOK
    assert level_of([fact("worn.ble_company", 1.0), fact("worn.ble_uuid", 1.0)]) is Level.NOTED
    assert level_of([company, fact("worn.ble_uuid", -1.0)]) is not Level.SUSPECT


@given(facts([*OPTICAL, *HINTS, "worn", "behaviour"]))
def test_the_limit_of_a_look_can_be_another_one(evidence: list[Evidence]) -> None:
    usual, glint = level_of(evidence), level_of(evidence, look="policy.look_glint_db")
    total_db = sum(item.weight_db for item in evidence)
    if usual in (Level.IDENTIFIED, Level.SUSPECT):
        assert glint is usual
    else:
        assert (glint is Level.LOOK) == (total_db >= weights()["policy.look_glint_db"].weight_db)
        assert (usual is Level.LOOK) == (total_db >= LOOK_DB)


@given(facts(HINTS))
def test_hints_are_never_more_than_a_look_however_many(evidence: list[Evidence]) -> None:
    assert level_of(evidence) in (Level.LOOK, Level.NOTED)
    assert level_of([fact("vendor.oui", 15.0)] * 20) is Level.LOOK


def test_streaming_behaviour_alone_makes_a_suspect() -> None:
    assert level_of([fact("behaviour.uplink", SUSPECT_DB)]) is Level.SUSPECT
    assert level_of([fact("behaviour.uplink", SUSPECT_DB - 0.01)]) is Level.LOOK


@given(facts(["identity", "behaviour", "worn", *OPTICAL, *HINTS]))
def test_a_suspect_carries_the_weight_and_the_cues(evidence: list[Evidence]) -> None:
    level = level_of(evidence)
    total_db = sum(item.weight_db for item in evidence)
    if level is Level.SUSPECT:
        assert total_db >= SUSPECT_DB
        assert any(item.family in CUE_FAMILIES | STATEMENT_FAMILIES and item.weight_db > 0 for item in evidence)
    if level is Level.LOOK:
        assert total_db >= LOOK_DB


def test_nothing_seen_is_noted() -> None:
    assert level_of([]) is Level.NOTED
    assert level_of([fact("shape.round", LOOK_DB)]) is Level.LOOK
    assert level_of([fact("shape.round", LOOK_DB - 0.01)]) is Level.NOTED


@pytest.mark.parametrize("prior", ["prior.device", "prior.glint"])
def test_without_evidence_the_prior_stands(prior: str) -> None:
    odds = 10 ** (weights()[prior].weight_db / 10)
    assert probability_of([], prior=prior) == pytest.approx(odds / (1 + odds), abs=6e-5)


def test_decibans_are_ten_log_ten_of_the_odds() -> None:
    prior_db = weights()["prior.device"].weight_db
    assert probability_of([fact("shape.x", -prior_db)], prior="prior.device") == 0.5
    even_and_ten_to_one = [fact("shape.x", -prior_db), fact("torch.x", 10.0)]
    assert probability_of(even_and_ten_to_one, prior="prior.device") == pytest.approx(10 / 11, abs=6e-5)


@given(facts(["shape", "vendor"], max_db=200.0), st.floats(0, 50))
def test_more_evidence_never_lowers_the_probability(evidence: list[Evidence], more_db: float) -> None:
    before = probability_of(evidence, prior="prior.glint")
    after = probability_of([*evidence, fact("torch.x", more_db)], prior="prior.glint")
    assert 0.0 <= before <= after <= 1.0
    assert after == round(after, 4)


def test_every_shipped_weight_is_finite_and_explained() -> None:
    assert {"policy.look_db", "policy.look_glint_db", "policy.suspect_db", "prior.device", "prior.glint"} <= set(
        weights()
    )
    for weight in weights().values():
        assert math.isfinite(weight.weight_db)
        assert abs(weight.weight_db) <= 40, f"{weight.rule}: nobody can know ten thousand to one"
        family, _, name = weight.rule.partition(".")
        assert family.islower()
        assert name
        assert len(weight.reference) > 20


def test_weighing_takes_weight_and_reference_from_the_table() -> None:
    rule = next(rule for rule in weights() if not rule.startswith(("policy.", "prior.")))
    evidence = weigh(rule, "It was seen.")
    assert evidence.weight_db == weights()[rule].weight_db
    assert evidence.grade is weights()[rule].grade
    assert evidence.reference.startswith("weight: ")
    signature = weigh(rule, "It was seen.", reference="a vendor's manual", grade=Grade.B)
    assert signature.grade is Grade.B
    assert signature.reference.startswith("a vendor's manual | weight: ")


def test_a_rule_without_a_weight_is_a_fault_of_ours() -> None:
    with pytest.raises(DataError, match=r"no rule 'identity\.invented'"):
        weigh("identity.invented", "It was seen.")
