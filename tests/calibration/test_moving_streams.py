"""Synthetic streams are what they are said to be, and the capture file holds the same frames."""

import io
import shutil
import subprocess

import numpy as np
import pytest

from roomsweep.calibration.moving_streams import SORTS, synthetic_moving_room
from roomsweep.calibration.transmitters import START_S
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.wifi.frames import TO_DS, read_frames
from roomsweep.detect.wifi.schedules import MOTION_PLAN


def during(room, stream):
    """Bytes/s while somebody moves (a second late) and while they stand still."""
    (stretch,) = room.stretches
    moving = stretch.covers(stream.t_s - 1.0, stretch.begin_s[None], stretch.length_s[None])[0]
    inside = (stream.t_s > stretch.start_s) & (stream.t_s < stretch.stop_s)
    moved_s = float(stretch.length_s.sum())
    still_s = stretch.stop_s - stretch.start_s - moved_s
    return stream.length[inside & moving].sum() / moved_s, stream.length[inside & ~moving].sum() / still_s


def test_the_same_seed_gives_the_same_room():
    one, two, other = (synthetic_moving_room(seed=seed, streams=SORTS) for seed in (1, 1, 2))
    assert one.capture() == two.capture()
    assert one.capture() != other.capture()


def test_a_variable_camera_sends_more_while_somebody_moves_and_a_constant_one_does_not():
    ratios = {"variable": [], "constant": [], "next_door": []}
    for seed in range(8):
        room = synthetic_moving_room(seed=seed, streams=tuple(ratios), loss=0.0)
        for stream in room.streams:
            moving, still = during(room, stream)
            ratios[stream.sort].append(moving / still)
    assert min(ratios["variable"]) > 1.1
    assert all(0.93 < ratio < 1.07 for ratio in ratios["constant"])
    assert min(ratios["next_door"]) < 1.0 < max(ratios["next_door"])


@pytest.mark.parametrize("gain", [0.3, 1.4])
def test_the_bucket_takes_some_of_the_gain_back(gain):
    rooms = [synthetic_moving_room(seed=seed, streams=("variable",), gain=gain, loss=0.0) for seed in range(6)]
    ratios = [moving / still for moving, still in (during(room, room.streams[0]) for room in rooms)]
    assert 1.0 < np.mean(ratios) < 1.0 + gain


def test_rates_are_those_of_their_kind():
    room = synthetic_moving_room(seed=3, streams=SORTS, loss=0.0)
    rate = {stream.sort: stream.length.sum() / room.seconds for stream in room.streams}
    assert 15e3 < rate["constant"] < 400e3
    assert 20e3 < rate["call"] < 300e3
    assert rate["plug"] < 50
    assert max(stream.length.max() for stream in room.streams) <= 1478
    assert min(stream.length.min() for stream in room.streams) > 0
    assert room.followers == {address for address in room.followers if address}
    assert [stream.sort for stream in room.streams if stream.follows] == ["variable"]


def test_lost_frames_leave_gaps_in_the_numbers():
    whole = synthetic_moving_room(seed=3, streams=("constant",), loss=0.0).streams[0]
    lossy = synthetic_moving_room(seed=3, streams=("constant",), loss=0.2).streams[0]
    assert whole.number.tolist() == list(range(len(whole.t_s)))
    assert len(lossy.t_s) / (lossy.number[-1] + 1) == pytest.approx(0.8, abs=0.04)
    hidden = synthetic_moving_room(seed=3, streams=("constant",), loss=0.0, hidden=(0.5, 0.0))
    moving, still = during(hidden, hidden.streams[0])
    assert moving / still == pytest.approx(0.55, abs=0.1)


def test_actions_by_hand_are_not_marked_as_drawn():
    by_hand = synthetic_moving_room(seed=3, by_hand=True)
    assert by_hand.log.least_rest_s == {}
    assert not by_hand.stretches[0].drawn
    drawn = synthetic_moving_room(seed=3)
    assert drawn.stretches[0].drawn
    assert drawn.stretches[0].stop_s - drawn.stretches[0].start_s == pytest.approx(MOTION_PLAN.seconds)


def test_the_capture_holds_the_frames():
    room = synthetic_moving_room(seed=2, streams=("variable", "plug"))
    frames = room.frames()
    read = [read_frames(records) for records in CaptureReader(io.BytesIO(room.capture()), name="x")]
    for name in ("transmitter", "kind"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in read]), getattr(frames, name))
    assert np.array_equal(np.concatenate([part.flags & TO_DS for part in read]), frames.flags)
    ours = frames.kind == 0x28
    for name in ("length", "sequence", "addr1"):
        assert np.array_equal(np.concatenate([getattr(part, name) for part in read])[ours], getattr(frames, name)[ours])
    times = np.concatenate([part.t_ns for part in read])
    assert np.abs(times - frames.t_ns).max() <= 1000
    assert times[0] // 10**9 == START_S


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_reads_the_capture_alike(tmp_path):
    room = synthetic_moving_room(seed=2, streams=("plug", "voice"), loss=0.0)
    path = tmp_path / "room.pcap"
    path.write_bytes(room.capture())
    fields = ("wlan.ta", "wlan.seq", "wlan.qos.tid", "radiotap.length", "frame.len")
    command = ["tshark", "-r", str(path), "-Y", "wlan.fc.type == 2", "-T", "fields"]
    done = subprocess.run(
        [*command, *(x for f in fields for x in ("-e", f))], capture_output=True, text=True, check=True
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    for stream in room.streams:
        own = [row for row in rows if row[0] == stream.mac]
        assert [int(row[1]) for row in own] == (stream.number & 0xFFF).tolist()
        assert [int(row[4]) - int(row[3]) - 4 for row in own] == stream.length.tolist()
        assert {row[2] for row in own} == {"5"}
