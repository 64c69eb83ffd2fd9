"""The log of actions, and the times at which they could have been done instead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.errors import InputError
from roomsweep.detect.wifi.actions import MAX_BYTES, MAX_ROWS, ActionLog, Clock, read_actions, write_actions
from roomsweep.detect.wifi.schedules import (
    BREAK_S,
    LENS_PLAN,
    LIGHT_PLAN,
    MOTION_PLAN,
    Action,
    Contrast,
    Stretch,
    draw,
    guided,
    steps,
)

GOOD = "time,action\n0,still\n9.4,move\n19.4,still\n24,move\n34,still\n50,end\n"


def read(text):
    return read_actions(text.encode(), name="actions.csv")


def stretches(log, start_s=1000.0, stop_s=1100.0):
    return log.stretches(capture_start_s=start_s, capture_stop_s=stop_s)


def test_a_log_is_read():
    log = read(GOOD)
    assert log.clock is Clock.CAPTURE
    assert log.times_s == (0, 9.4, 19.4, 24, 34, 50)
    assert log.actions[:2] == (Action.STILL, Action.MOVE)
    assert log.least_rest_s == {}
    (only,) = stretches(log)
    assert (only.contrast, only.start_s, only.stop_s, only.drawn) == (Contrast.MOTION, 1000.0, 1050.0, False)
    assert only.begin_s.tolist() == [1009.4, 1024.0]
    assert only.length_s == pytest.approx([10.0, 10.0])
    assert only.rests_s == pytest.approx([9.4, 4.6, 16.0])


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", ";").replace("9.4", "9,4"),
        GOOD.replace(",", "\t"),
        GOOD.replace("time,action\n", "# a note\n\n"),
        GOOD.replace("move", '"Move"').replace("still", " STILL "),
    ],
)
def test_other_spellings_say_the_same(text):
    assert read(text).actions == read(GOOD).actions
    assert read(text).times_s == read(GOOD).times_s


def test_times_since_1970_and_iso_times_are_absolute():
    numbers = read("1767225600,still\n1767225610.5,move\n1767225620.5,still\n1767225630,end\n")
    iso = read(
        "2026-01-01T00:00:00Z,still\n2026-01-01T01:00:10.5+01:00,move\n"
        "2026-01-01T00:00:20.5+00:00,still\n2026-01-01T00:00:30Z,end\n"
    )
    assert numbers.clock is iso.clock is Clock.EPOCH
    assert numbers.times_s == iso.times_s
    assert stretches(numbers)[0].start_s == 1767225600.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no actions"),
        ("time,action\n", "no actions"),
        ("0,still\n5,dance\n", "unknown action “dance” (line 2)"),
        ("0,still\n5,\x1b[31m\n", "\\x1b[31m"),
        ("0,still\n5\n", "line 2"),
        ("0,still\nfive,move\n", "cannot be read, “five” (line 2)"),
        ("5,still\n5,move\n", "not later"),
        ("0,still\n1767225600,move\n", "two sorts of time"),
        ("2026-01-01T00:00:00,still\n", "offset from UTC"),
        ("nan,still\n", "cannot be read"),
        ("1e5,still\n", "cannot be read"),
        ("-1,still\n", "cannot be"),
        ("99999999999,still\n", "cannot be"),
        ("9999-12-31T23:59:59Z,still\n", "cannot be"),
        ("1960-01-01T00:00:00Z,still\n", "cannot be"),
        ("0,still\n" + "1,move\n" * 3, "not later"),
    ],
)
def test_bad_logs_are_refused_with_what_and_where(text, told):
    with pytest.raises(InputError) as caught:
        read(text)
    assert told in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_large_and_binary_files_are_refused():
    with pytest.raises(InputError, match="larger"):
        read_actions(b"0" * (MAX_BYTES + 1), name="x")
    with pytest.raises(InputError, match="not a text"):
        read_actions(b"\xff\xfe\x00", name="x")
    with pytest.raises(InputError, match="more than"):
        read("\n".join(f"{n},still" for n in range(MAX_ROWS + 1)))


@given(
    st.binary(max_size=300) | st.text(alphabet="0123456789.,;-+:TZ \nmovestilendight_#", max_size=200).map(str.encode)
)
def test_no_file_raises_anything_else(data):
    try:
        log = read_actions(data, name="x")
    except InputError:
        return
    assert list(log.times_s) == sorted(set(log.times_s))
    for item in log.stretches(capture_start_s=0.0, capture_stop_s=100.0):
        assert (item.length_s > 0).all()
        assert item.rests_s.min() > -1e-6


@given(st.integers(0, 2**32), st.booleans(), st.booleans())
def test_what_is_written_is_read_again(seed, lens, light):
    drawn = guided(np.random.default_rng(seed), lens=lens, light=light)
    rows = steps(drawn)
    log = ActionLog(
        times_s=tuple(round(time, 3) for time, _ in rows),
        actions=tuple(action for _, action in rows),
        clock=Clock.CAPTURE,
        least_rest_s={item.contrast: item.least_s for item in drawn},
    )
    assert read(write_actions(log)) == log
    again = stretches(log, start_s=0.0)
    assert [item.contrast for item in again] == [item.contrast for item in drawn]
    for one, other in zip(again, drawn, strict=True):
        assert one.drawn
        assert one.begin_s == pytest.approx(other.begin_s, abs=0.002)
        assert (one.start_s, one.stop_s) == pytest.approx((other.start_s, other.stop_s), abs=0.002)


def test_only_what_lies_between_two_rests_is_compared():
    assert stretches(read("0,move\n10,still\n20,end\n")) == ()
    assert stretches(read("0,still\n20,end\n")) == ()
    (cut,) = stretches(read("0,move\n10,still\n20,move\n30,still\n40,move\n50,end\n"))
    assert (cut.start_s, cut.stop_s, cut.begin_s.tolist()) == (1010.0, 1040.0, [1020.0])


def test_a_log_without_end_lasts_as_long_as_the_capture():
    (only,) = stretches(read("0,still\n10,move\n20,still\n"), stop_s=1060.0)
    assert only.stop_s == 1060.0


def test_repeated_rows_are_one_state_and_comparisons_are_kept_apart():
    log = read(
        "0,still\n5,still\n10,move\n15,move\n20,still\n30,light_on\n36,light-off\n39,Light On\n45,end\n"
        "50,uncover\n55,cover\n60,uncover\n70,end\n"
    )
    motion, light, lens = stretches(log)
    assert (motion.begin_s.tolist(), motion.length_s.tolist()) == ([1010.0], [10.0])
    assert (motion.stop_s, light.start_s, light.stop_s) == (1030.0, 1030.0, 1045.0)
    assert light.begin_s.tolist() == [1036.0]
    assert (lens.contrast, lens.length_s.tolist()) == (Contrast.LENS, [5.0])


@pytest.mark.parametrize("plan", [MOTION_PLAN, LIGHT_PLAN, LENS_PLAN])
def test_drawn_times_keep_durations_rests_and_the_whole_and_differ(plan):
    rng = np.random.default_rng(1)
    stretch = plan.stretch(rng, start_s=50.0)
    begin, length = stretch.draws(rng, count=400)
    ends = begin + length
    assert (begin[:, 0] >= 50.0 + plan.least_s - 1e-9).all()
    assert (ends[:, -1] <= 50.0 + plan.seconds - plan.least_s + 1e-9).all()
    assert (begin[:, 1:] - ends[:, :-1] >= plan.least_s - 1e-9).all()
    assert (length == plan.length_s).all()
    assert len(np.unique(begin[:, 0])) == 400
    assert plan.seconds == pytest.approx(float(stretch.length_s.sum() + stretch.rests_s.sum()))


def test_rests_are_drawn_from_the_flat_distribution():
    """Each rest's share of what is left over is Beta(1, k): its mean is 1 / (k + 1)."""
    begin = draw(np.random.default_rng(2), start_s=0.0, stop_s=110.0, lengths_s=np.full((20_000, 4), 10.0), least_s=5.0)
    rests = np.diff(np.column_stack([np.full(20_000, -10.0), begin, np.full(20_000, 110.0)]), axis=1) - 10.0
    assert rests.mean(axis=0) == pytest.approx(np.full(5, 14.0), abs=0.25)
    assert np.quantile(rests[:, 2] - 5.0, 0.5) == pytest.approx(45.0 * (1 - 0.5**0.25), abs=0.3)


def test_times_that_nobody_drew_are_drawn_anew_with_half_the_shortest_rest_and_durations_in_any_order():
    stretch = Stretch(
        contrast=Contrast.MOTION,
        start_s=0.0,
        stop_s=60.0,
        begin_s=np.array([10.0, 30.0]),
        length_s=np.array([4.0, 12.0]),
    )
    begin, length = stretch.draws(np.random.default_rng(3), count=500)
    assert {tuple(row) for row in length.tolist()} == {(4.0, 12.0), (12.0, 4.0)}
    rests = np.column_stack([begin[:, 0], begin[:, 1] - begin[:, 0] - length[:, 0], 60.0 - begin[:, 1] - length[:, 1]])
    assert 5.0 <= rests.min() < 6.0


def test_a_run_that_was_broken_off_is_no_longer_as_drawn():
    stretch = MOTION_PLAN.stretch(np.random.default_rng(1))
    early = Stretch(
        contrast=stretch.contrast,
        start_s=stretch.start_s,
        stop_s=float(stretch.begin_s[-1] + stretch.length_s[-1]) + 1.0,
        begin_s=stretch.begin_s,
        length_s=stretch.length_s,
        least_s=stretch.least_s,
    )
    assert stretch.drawn
    assert not early.drawn


def test_a_guided_run_has_breaks_between_its_parts():
    motion, lens, light = guided(np.random.default_rng(4), lens=True, light=True)
    assert lens.start_s - motion.stop_s == light.start_s - lens.stop_s == BREAK_S
    assert [action for _, action in steps([motion])] == [Action.STILL, *[Action.MOVE, Action.STILL] * 4, Action.END]
