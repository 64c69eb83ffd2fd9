import numpy as np
import pytest

from roomsweep.calibration.clips import synthetic_clip
from roomsweep.detect.lens.clip import ADVICE_STILL, FRAMES_MIN, Frame, examine_clip, with_damage
from roomsweep.detect.lens.examine import LISTED_MAX
from roomsweep.detect.result import Evidence, Grade, Level, SourceState
from roomsweep.detect.weighing import level_of, weigh, weights


def examined(clip, **options):
    frames = (Frame(image=frame.image, t_s=frame.t_s) for frame in clip.frames())
    return examine_clip(frames, source_id="v1", name="clip", **options)


@pytest.fixture(scope="module")
def close():
    """A close view with a lens, swept by 30 cm, and its truth."""
    clip = synthetic_clip(seed=113, seconds=2.0, fps=15.0, place="close", sweep_m=0.3)
    truth = [frame.lenses[0] for frame in clip.frames()]
    return examined(clip), truth


def lies_on(finding, truth):
    hits = [np.hypot(truth[n].x_px - x, truth[n].y_px - y) < 5 for n, x, y in finding.where.track]
    return np.mean(hits) > 0.5


def test_the_lens_is_listed_with_its_frame_time_and_track(close):
    clip, truth = close
    own = [finding for finding in clip.examined.findings if lies_on(finding, truth)]
    assert own
    where = own[0].where
    assert where.t_s == pytest.approx(where.frame / 15.0, abs=1e-3)
    assert len(where.track) >= FRAMES_MIN
    seen = truth[where.frame]
    assert np.hypot(where.x_px - seen.x_px, where.y_px - seen.y_px) < 2.0
    assert where.frame in clip.stills
    assert clip.stills[where.frame].shape == (540, 960, 3)


def test_every_finding_says_what_motion_told(close):
    clip, _ = close
    assert 0 < len(clip.examined.findings) <= LISTED_MAX
    for finding in clip.examined.findings:
        rules = {line.rule for line in finding.evidence}
        told = {"steady.fixed", "motion.slides", "motion.runs", "motion.still", "motion.unmeasured"}
        assert len(rules & told) == 1
        assert rules & {"steady.seen", "steady.fitful"}
        assert finding.advice
        if finding.level is Level.SUSPECT:
            assert rules & {"motion.cone", "motion.cone_even"}


def test_findings_stand_in_order_of_their_evidence(close):
    sums = [sum(line.weight_db for line in finding.evidence) for finding in close[0].examined.findings]
    assert sums == sorted(sums, reverse=True)


def test_a_phone_that_is_held_still_is_told_to_move():
    clip = examined(synthetic_clip(seed=4, seconds=1.0, fps=15.0, place="room", sweep_m=0.0))
    assert clip.examined.findings
    for finding in clip.examined.findings:
        assert finding.level is not Level.SUSPECT
        assert not any(line.family == "motion" and line.weight_db > 0 for line in finding.evidence)
    advised = {finding.advice for finding in clip.examined.findings if finding.level is Level.LOOK}
    assert not advised or ADVICE_STILL in advised or any("film" in advice for advice in advised)


def test_a_blinking_torch_is_a_fact_and_gives_torch_evidence():
    clip = examined(synthetic_clip(seed=4, seconds=3.0, fps=15.0, place="room", torch="blinking", sweep_m=0.1))
    assert clip.examined.source.facts["torch_blinks"] is True
    rules = [line.rule for finding in clip.examined.findings for line in finding.evidence]
    assert any(rule.startswith("torch.") for rule in rules)


def test_shape_and_motion_make_a_suspect_and_neither_alone_does():
    motion, fixed = weigh("motion.cone", "as a lens does"), weigh("steady.cone_side", "went out")
    enough = weights()["policy.suspect_glint_db"].weight_db - motion.weight_db - fixed.weight_db
    shape = Evidence(rule="shape.contrast", grade=Grade.S, weight_db=enough, says="bright", reference="test")
    limits = {"look": "policy.look_glint_db", "suspect": "policy.suspect_glint_db"}
    assert level_of([shape, motion, fixed], **limits) is Level.SUSPECT
    assert level_of([shape, fixed], **limits) is Level.LOOK
    assert level_of([motion, fixed], **limits) is not Level.SUSPECT
    assert level_of([shape, weigh("motion.slides", "slid")], **limits) is not Level.SUSPECT


def test_a_clip_without_frames_was_not_examined():
    clip = examine_clip([], source_id="v1", name="empty")
    assert clip.examined.source.state is SourceState.NOT_EXAMINED
    assert clip.examined.findings == ()
    assert with_damage(clip, "ends early").examined.source.state is SourceState.NOT_EXAMINED


def test_one_frame_gives_no_finding_and_damage_makes_it_partial():
    image = np.full((120, 160, 3), 90, np.uint8)
    clip = examine_clip([Frame(image=image, t_s=0.0)], source_id="v1", name="one", facts={"width_px": 160})
    assert clip.examined.source.state is SourceState.EXAMINED
    assert clip.examined.source.facts["frames"] == 1
    assert clip.examined.source.facts["width_px"] == 160
    damaged = with_damage(clip, "ends early").examined.source
    assert (damaged.state, damaged.reason) == (SourceState.PARTIAL, "ends early")
