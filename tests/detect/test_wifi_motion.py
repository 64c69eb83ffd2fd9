"""Streams that follow the room, streams that do not, and what the test refuses to say."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from roomsweep.calibration.moving_streams import SORTS, synthetic_moving_room
from roomsweep.detect.mac import parse_mac
from roomsweep.detect.result import FindingKind, Level, SourceState
from roomsweep.detect.wifi.comparisons import ALPHA, Answer, mended, regularity
from roomsweep.detect.wifi.fits import SMOOTH_S, fits, prepare, ranks
from roomsweep.detect.wifi.motion import follow, holm
from roomsweep.detect.wifi.rates import RateTally
from roomsweep.detect.wifi.schedules import LIGHT_PLAN, MOTION_PLAN, Contrast, Stretch
from roomsweep.detect.wifi.watching import examine_motion, examine_tally

DRAWS = 1999


def tally_of(room):
    tally = RateTally()
    tally.add(room.frames())
    return tally


def answers(room, test):
    sort_of = {parse_mac(stream.mac): stream.sort for stream in room.streams}
    return {sort_of[station.address]: station for station in test.stations}


def thinned(frames, keep):
    rows = np.flatnonzero(keep)
    names = "mac_at mac_end t_ns length kind flags duration addr1 addr2 addr3 transmitter sequence signal_dbm"
    return replace(frames, **{name: getattr(frames, name)[rows] for name in (*names.split(), "channel_mhz")})


def test_a_variable_camera_follows_and_the_others_do_not():
    room = synthetic_moving_room(seed=3, streams=SORTS)
    test = follow(tally_of(room), room.absolute(), draws=DRAWS)
    told = answers(room, test)
    assert told["variable"].answer is Answer.FOLLOWS
    assert {told[sort].answer for sort in ("constant", "next_door", "call", "upload")} == {Answer.NO_RESPONSE}
    assert told["plug"].answer is Answer.TOO_LITTLE
    (best,) = told["variable"].responses
    assert best.p_corrected <= ALPHA
    assert best.p == 1 / (DRAWS + 1)
    assert 0.2 <= best.lag_s <= 2.0
    assert best.rate > 1.2 * best.rest_rate
    assert (test.contrasts, test.not_made, test.drawn, test.actions) == ((Contrast.MOTION,), {}, True, 4)


def test_most_variable_cameras_are_found_and_hardly_any_other():
    """A small version of benchmarks/accuracy_motion.py; by its bounds, less than this is next to impossible."""
    found = false = 0
    for seed in range(12):
        room = synthetic_moving_room(seed=seed, streams=("variable", "constant", "next_door", "upload"))
        told = answers(room, follow(tally_of(room), room.absolute(), draws=DRAWS))
        found += told["variable"].responses[0].p <= ALPHA
        false += sum(told[sort].answer is Answer.FOLLOWS for sort in ("constant", "next_door", "upload"))
    assert found >= 11
    assert false <= 1


def test_the_p_values_of_streams_that_do_not_follow_are_even():
    """Under the null hypothesis p is uniform: the share below 0.1 and the mean are as they must be."""
    p = []
    for seed in range(25):
        room = synthetic_moving_room(seed=1000 + seed, streams=("next_door", "upload"))
        test = follow(tally_of(room), room.absolute(), draws=499)
        p += [item.p for station in test.stations for item in station.responses]
    assert len(p) == 50
    assert np.mean(p) == pytest.approx(0.5, abs=0.165)  # four standard errors
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.17)


def test_the_same_inputs_give_the_same_result():
    room = synthetic_moving_room(seed=5)
    assert follow(tally_of(room), room.absolute(), draws=DRAWS) == follow(tally_of(room), room.absolute(), draws=DRAWS)


@pytest.mark.parametrize("hidden", [(0.4, 0.0), (0.0, 0.4)])
def test_a_body_in_the_way_does_not_make_a_constant_stream_follow(hidden):
    room = synthetic_moving_room(seed=8, streams=("constant",), hidden=hidden)
    tally = tally_of(room)
    told = answers(room, follow(tally, room.absolute(), draws=DRAWS))["constant"]
    assert told.answer is Answer.NO_RESPONSE
    # Without the sequence numbers it would: the rates that were heard follow to the last drawing.
    series = tally.series([told.address], start_ns=tally.first_ns, stop_ns=tally.last_ns)
    (stretch,) = room.absolute()
    t_s = series.start_ns / 1e9 + (np.arange(len(series.heard)) + 0.5) * series.bin_s
    deed = stretch.covers(t_s, stretch.begin_s[None], stretch.length_s[None])
    known = np.ones(len(t_s), dtype=bool)
    raw, repaired = (
        fits(prepare(rates, known=known, inside=known, bin_s=0.2), deed)[0, 0]
        for rates in (series.bytes_sent / 0.2, mended(series))
    )
    assert abs(raw).max() > 0.6
    assert abs(repaired).max() < 0.35


def test_a_stream_that_sends_less_while_somebody_moves_is_not_said_to_follow():
    room = synthetic_moving_room(seed=8, streams=("constant",))
    frames = room.frames()
    (stretch,) = room.absolute()
    moving = stretch.covers(frames.t_ns / 1e9, stretch.begin_s[None], stretch.length_s[None])[0]
    # The device itself sends smaller frames then, as one whose radio became slow does.
    frames = replace(frames, length=np.where(moving, frames.length // 2, frames.length))
    tally = RateTally()
    tally.add(frames)
    test = follow(tally, room.absolute(), draws=DRAWS)
    assert answers(room, test)["constant"].answer is Answer.SENDS_LESS
    examined = examine_tally(tally, room.log, source_id="m", name="x", draws=DRAWS)
    assert {finding.level for finding in examined.findings} == {Level.NOTED}


def test_a_change_of_a_few_per_cent_is_not_said_to_follow():
    room = synthetic_moving_room(seed=8, streams=("constant",), loss=0.0)
    frames = room.frames()
    (stretch,) = room.absolute()
    moving = stretch.covers(frames.t_ns / 1e9, stretch.begin_s[None], stretch.length_s[None])[0]
    for more, expected in ((1.03, Answer.NO_RESPONSE), (1.3, Answer.FOLLOWS)):
        tally = RateTally()
        tally.add(replace(frames, length=np.where(moving, frames.length * more, frames.length).astype(np.int64)))
        told = answers(room, follow(tally, room.absolute(), draws=DRAWS))["constant"]
        assert told.answer is expected


def test_deaf_times_are_left_out():
    room = synthetic_moving_room(seed=2, streams=("variable", "constant"))
    frames = room.frames()
    second = frames.t_ns // 10**9
    tally = RateTally()
    tally.add(thinned(frames, (second // 3) % 4 != 0))
    test = follow(tally, room.absolute(), draws=DRAWS)
    assert test.heard == pytest.approx(0.75, abs=0.05)
    assert answers(room, test)["variable"].answer is Answer.FOLLOWS
    assert answers(room, test)["constant"].answer is Answer.NO_RESPONSE


def test_light_is_compared_too_and_either_way_counts():
    room = synthetic_moving_room(seed=4, streams=("variable",), plan=LIGHT_PLAN, gain=1.4)
    test = follow(tally_of(room), room.absolute(), draws=DRAWS)
    assert test.contrasts == (Contrast.LIGHT,)
    assert test.stations[0].answer is Answer.FOLLOWS


def test_own_devices_are_left_out():
    room = synthetic_moving_room(seed=3, streams=("variable", "constant"))
    test = follow(tally_of(room), room.absolute(), own=sorted(room.followers), draws=DRAWS)
    assert set(answers(room, test)) == {"constant"}


def one_stretch(begin, length, stop):
    return Stretch(
        contrast=Contrast.MOTION,
        start_s=0.0,
        stop_s=stop,
        begin_s=np.array(begin, dtype=float),
        length_s=np.full(len(begin), float(length)),
    )


def absolute(stretch, room):
    start = room.absolute()[0].start_s
    return (replace(stretch, start_s=start, stop_s=start + stretch.stop_s, begin_s=stretch.begin_s + start),)


@pytest.mark.parametrize(
    ("stretch", "told"),
    [
        (one_stretch([20], 10, 60), "too few"),
        (one_stretch([12, 40], 10, 70), "too few"),
        (one_stretch([10, 30, 50, 70], 10, 90), "even intervals"),
        (one_stretch([10, 30, 55, 90], 10, 5000), "half an hour"),
        (one_stretch([0.4 * n + 0.1 for n in range(250)], 0.1, 110), "more than 200 actions"),
    ],
)
def test_what_cannot_be_told_is_not_tried(stretch, told):
    room = synthetic_moving_room(seed=3)
    test = follow(tally_of(room), absolute(stretch, room), draws=DRAWS)
    assert told in test.not_made[Contrast.MOTION]
    assert {station.answer for station in test.stations} == {Answer.TOO_LITTLE}


def test_actions_outside_the_capture_are_not_compared():
    room = synthetic_moving_room(seed=3)
    late = tuple(
        replace(s, start_s=s.start_s + 1e6, stop_s=s.stop_s + 1e6, begin_s=s.begin_s + 1e6) for s in room.absolute()
    )
    assert "does not cover" in follow(tally_of(room), late, draws=DRAWS).not_made[Contrast.MOTION]


def test_nothing_heard_and_nothing_done():
    room = synthetic_moving_room(seed=3)
    nothing = follow(RateTally(), room.absolute(), draws=DRAWS)
    assert (nothing.stations, nothing.contrasts) == ((), ())
    idle = follow(tally_of(room), (), draws=DRAWS)
    assert {station.answer for station in idle.stations} == {Answer.TOO_LITTLE}


def test_regularity_is_the_share_that_meets_itself():
    assert regularity(one_stretch([10, 30, 50, 70], 10, 90)) == pytest.approx(0.75)
    assert regularity(one_stretch([20], 10, 60)) == 0.0
    assert regularity(one_stretch([10, 30, 65], 10, 90)) == pytest.approx(1 / 3, abs=0.02)


def test_holm_agrees_with_its_definition():
    p = np.array([0.04, 0.001, 0.03, 0.9])
    assert holm(p) == pytest.approx([0.09, 0.004, 0.09, 0.9])
    assert holm(np.zeros(0)).tolist() == []
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]


def test_ranks_are_those_of_scipy_without_their_trend():
    rng = np.random.default_rng(0)
    rate = np.repeat(rng.integers(0, 20, 60), 5).astype(float)
    known = np.ones(300, dtype=bool)
    smooth = np.convolve(rate, np.ones(round(SMOOTH_S / 0.2)), mode="same")
    covered = np.convolve(known.astype(float), np.ones(5), mode="same")
    expected = rankdata(smooth / covered) / 300
    time = np.linspace(-1, 1, 300)
    expected -= np.polyval(np.polyfit(time, expected, 2), time)
    assert ranks(rate[None], known, bin_s=0.2)[0] == pytest.approx(expected, abs=1e-9)


def test_the_fit_at_no_delay_is_the_rank_correlation():
    rng = np.random.default_rng(1)
    rate = rng.normal(size=400).cumsum()
    deed = rng.random((3, 400)) < 0.3
    known = np.ones(400, dtype=bool)
    fit = fits(prepare(rate[None], known=known, inside=known, bin_s=0.2), deed)
    ranked = ranks(rate[None], known, bin_s=0.2)[0]
    for row in range(3):
        assert fit[row, 0, 0] == pytest.approx(np.corrcoef(ranked, deed[row])[0, 1])
        assert fit[row, 0, 3] == pytest.approx(np.corrcoef(ranked[3:], deed[row, :-3])[0, 1])
    assert spearmanr(ranked, ranked).statistic == pytest.approx(1.0)


def test_constant_rates_and_constant_actions_fit_nothing():
    known = np.ones(100, dtype=bool)
    steady = prepare(np.full((1, 100), 7.0), known=known, inside=known, bin_s=0.2)
    deed = np.arange(100)[None] % 20 < 10
    assert not fits(steady, deed).any()
    moving = prepare(np.arange(100.0)[None] % 13, known=known, inside=known, bin_s=0.2)
    assert not fits(moving, np.zeros((2, 100), dtype=bool)).any()
    assert not prepare(np.ones((1, 3)), known=known[:3], inside=known[:3], bin_s=0.2).late.any()


def test_findings_say_what_was_seen_and_no_response_never_lowers():
    room = synthetic_moving_room(seed=3)
    examined = examine_motion(io.BytesIO(room.capture()), room.log, source_id="motion-1", name="room.pcap")
    assert (examined.source.kind, examined.source.state) == ("motion", SourceState.EXAMINED)
    first, *others = examined.findings
    assert (first.kind, first.level) == (FindingKind.WIFI_STATION, Level.SUSPECT)
    assert first.identity.mac == room.streams[0].mac
    assert "watching this room" in first.title
    (behaviour,) = [item for item in first.evidence if item.rule == "behaviour.follows_room"]
    assert "p = " in behaviour.says
    assert "times as much" in behaviour.says
    assert "s later" in behaviour.says
    assert "none of your own devices" in first.advice
    silent = [item for finding in others for item in finding.evidence if item.rule == "context.room_no_response"]
    assert silent
    assert {item.weight_db for item in silent} == {0.0}
    assert all("8 of 8" in item.says for item in silent)
    assert {finding.level for finding in others} == {Level.NOTED}
    facts = examined.source.facts
    assert (facts["actions"], facts["stations_follows"], facts["times_drawn"]) == (4, 1, True)


def test_frames_and_capture_of_a_room_give_the_same_findings():
    room = synthetic_moving_room(seed=6)
    direct = examine_tally(tally_of(room), room.log, source_id="m", name="x", draws=DRAWS)
    read = examine_motion(io.BytesIO(room.capture()), room.log, source_id="m", name="x")
    assert [(f.id, f.level) for f in direct.findings] == [(f.id, f.level) for f in read.findings]


def test_a_capture_of_ethernet_is_tested_too():
    room = synthetic_moving_room(seed=3, streams=("variable", "constant"))
    frames = room.frames()
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for t_ns, sender, length in zip(
        frames.t_ns.tolist(), frames.transmitter.tolist(), frames.length.tolist(), strict=True
    ):
        record = bytes(6) + sender.to_bytes(6, "big") + b"\x88\xb5" + bytes(6)
        out += struct.pack("<IIII", t_ns // 10**9, t_ns % 10**9 // 1000, len(record), length) + record
    examined = examine_motion(io.BytesIO(out), room.log, source_id="m", name="x")
    assert examined.findings[0].level is Level.SUSPECT
    assert examined.findings[0].title.startswith(f"Device {room.streams[0].mac}")
    assert {finding.level for finding in examined.findings[1:]} == {Level.NOTED}


def test_an_access_point_that_passes_the_stream_on_is_not_accused():
    room = synthetic_moving_room(seed=3, streams=("variable",))
    frames = room.frames()
    up = frames.transmitter == parse_mac(room.streams[0].mac)
    bssid = parse_mac(room.bssid)
    down = thinned(frames, up)
    down = replace(
        down,
        flags=np.full(len(down), 2, np.uint8),
        transmitter=np.full(len(down), bssid, np.uint64),
        addr1=np.full(len(down), 0x020000000009, np.uint64),
        addr2=np.full(len(down), bssid, np.uint64),
        t_ns=down.t_ns + 2_000_000,
    )
    tally = tally_of(room)
    tally.add(down)
    findings = examine_tally(tally, room.log, source_id="m", name="x", draws=DRAWS).findings
    by_rule = {finding.evidence[0].rule: finding for finding in findings}
    assert by_rule["behaviour.follows_room"].identity.mac == room.streams[0].mac
    relay = by_rule["context.room_relay"]
    assert (relay.level, relay.kind, relay.identity.bssid) == (Level.NOTED, FindingKind.WIFI_NETWORK, room.bssid)
    # One whose station is not heard is: it is the camera's own network, or the way of a camera on a wire.
    alone = RateTally()
    alone.add(thinned(frames, ~up))
    alone.add(down)
    (only,) = examine_tally(alone, room.log, source_id="m", name="x", draws=DRAWS).findings
    assert (only.level, only.kind) == (Level.SUSPECT, FindingKind.WIFI_NETWORK)


def test_one_that_only_answers_a_stream_is_a_hint_not_a_suspect():
    room = synthetic_moving_room(seed=3, streams=("variable",), gain=2.0)
    frames = room.frames()
    frames = replace(frames, length=np.where(frames.kind == 0x28, 100, frames.length))
    tally = RateTally()
    tally.add(frames)
    (only,) = examine_tally(tally, room.log, source_id="m", name="x", draws=DRAWS).findings
    assert only.evidence[0].rule == "hint.answers_room"
    assert only.level is Level.LOOK


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda log: replace(log, times_s=log.times_s[:1], actions=log.actions[:1]), "no action between two rests"),
        (lambda log: replace(log, times_s=log.times_s[:3], actions=log.actions[:3]), "too few"),
    ],
)
def test_a_log_that_tells_too_little_leaves_the_source_unexamined(change, told):
    room = synthetic_moving_room(seed=3, streams=("variable",))
    examined = examine_tally(tally_of(room), change(room.log), source_id="m", name="x", draws=DRAWS)
    assert examined.source.state is SourceState.NOT_EXAMINED
    assert told in examined.source.reason
    assert examined.findings == ()


def test_a_truncated_or_empty_capture_is_told():
    room = synthetic_moving_room(seed=3, streams=("variable",))
    data = room.capture()
    cut = examine_motion(io.BytesIO(data[:-7]), room.log, source_id="m", name="x")
    assert cut.source.state is SourceState.PARTIAL
    assert "ends inside" in cut.source.reason
    bare = examine_motion(io.BytesIO(data[:24]), room.log, source_id="m", name="x")
    assert (bare.source.state, bare.findings) == (SourceState.NOT_EXAMINED, ())
    quiet = synthetic_moving_room(seed=3, streams=("plug",))
    nothing = examine_tally(tally_of(quiet), quiet.log, source_id="m", name="x", draws=DRAWS)
    assert nothing.source.state is SourceState.PARTIAL
    assert "sent enough" in nothing.source.reason


def test_plans_last_as_long_as_they_say():
    assert MOTION_PLAN.seconds == 110.0
    assert LIGHT_PLAN.seconds == 55.0
