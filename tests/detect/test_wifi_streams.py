"""Streams: what is told of a station's traffic, on synthetic senders put on the air."""

from __future__ import annotations

import io

import numpy as np
import pytest

from roomsweep.calibration import reframe, talkers
from roomsweep.calibration.reframe import Air, Flow
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.mac import format_mac
from roomsweep.detect.result import Finding, Level
from roomsweep.detect.wifi.examine import examine_capture
from roomsweep.detect.wifi.streams import Stream, control_of, streams_of
from roomsweep.detect.wifi.survey import Surveyor, survey_capture

STATION, NETWORK = 0x0200_00AA_BB01, 0x001A_2B00_0001
AIR = Air(loss=0.1, snap_bytes=128)


def on_air(flow: Flow, *, air: Air = AIR, seed: int = 1, station: int = STATION, access_point: bool = False) -> bytes:
    random = np.random.default_rng(seed)
    records = reframe.reframed(
        flow, station=station, network=NETWORK, air=air, random=random, access_point=access_point
    )
    if air.control:
        records += reframe.control_frames(flow, station=station, network=NETWORK, air=air, random=random)
    return reframe.capture(records)


def finding(data: bytes, *, address: int = STATION) -> Finding:
    examined = examine_capture(io.BytesIO(data), source_id="w", name="w")
    mac = format_mac(address)
    return next(item for item in examined.findings if mac in (item.identity.mac, item.identity.bssid))


def rules(of: Finding) -> set[str]:
    return {item.rule for item in of.evidence if item.rule.startswith(("behaviour.", "traffic."))}


def stream(data: bytes, *, address: int = STATION) -> Stream | None:
    survey = survey_capture(io.BytesIO(data), name="w")
    rows = {int(item): row for row, item in enumerate(survey.traffic.address)}
    return streams_of(survey.traffic).get(rows[address])


def camera(name: str, *, seconds: float = 30.0, seed: int = 3) -> Flow:
    return talkers.camera(talkers.CAMERAS[name], seconds=seconds, random=np.random.default_rng(seed))


@pytest.mark.parametrize("name", sorted(talkers.CAMERAS))
def test_every_kind_of_camera_is_suspect_within_30_s(name: str) -> None:
    found = finding(on_air(camera(name)))
    assert found.level is Level.SUSPECT
    assert "behaviour.picture_clock" in rules(found)
    assert any(item.rule == "context.stream" and "streams like a camera" in item.says for item in found.evidence)


@pytest.mark.parametrize("name", sorted(talkers.OTHERS))
def test_nothing_else_is_raised(name: str) -> None:
    flow = talkers.OTHERS[name](seconds=30.0, random=np.random.default_rng(4))
    found = finding(on_air(flow))
    assert found.level is Level.NOTED
    assert not any("it streams like a camera (" in item.says for item in found.evidence)


def test_figures_are_those_of_the_sender() -> None:
    how = talkers.CAMERAS["second_log_camera"]
    found = stream(on_air(camera("second_log_camera"), air=Air()))
    assert found is not None
    assert found.rate == pytest.approx(how.kbps * 125, rel=0.06)
    assert found.clock_hz == pytest.approx(how.fps, abs=0.05)
    assert found.key_s == pytest.approx(3.0, rel=0.05) or found.key_power < 10
    assert found.seconds in (30, 31)
    assert found.duty == 1.0
    assert found.share > 0.95


def test_the_same_on_ethernet_and_on_air() -> None:
    flow = camera("h264_720p_15")
    data = io.BytesIO()
    records = []
    device, other = STATION.to_bytes(6, "big"), NETWORK.to_bytes(6, "big")
    for t_ns, up, length in zip(flow.t_ns.tolist(), flow.up.tolist(), flow.length.tolist(), strict=True):
        addresses = other + device if up else device + other
        packet = bytes([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17]) + bytes(30)
        body = (addresses + b"\x08\x00" + packet)[:60]
        records.append((1_700_000_000_000_000_000 + t_ns, body, length))
    whole = reframe.capture(records)
    data.write(whole[:20] + (1).to_bytes(4, "little") + whole[24:])
    wired, aired = stream(data.getvalue()), stream(on_air(flow, air=Air(doubled=0.0)))
    assert wired is not None
    assert aired is not None
    assert aired.rate == pytest.approx(wired.rate, rel=0.02)
    assert aired.large_share == pytest.approx(wired.large_share, abs=0.02)
    assert finding(data.getvalue()).level is Level.SUSPECT


def test_a_router_is_not_accused_of_what_it_passes_on() -> None:
    flow = camera("cloud_1080p", seconds=20)
    device, other = STATION.to_bytes(6, "big"), NETWORK.to_bytes(6, "big")
    records = []
    for t_ns, up, length in zip(flow.t_ns.tolist(), flow.up.tolist(), flow.length.tolist(), strict=True):
        hops = 57 if up else 64
        packet = bytes([0x45, 0, 0, 0, 0, 0, 0, 0, hops, 17]) + bytes(6) + bytes([192, 168, 1, 7]) + bytes(10)
        records.append((t_ns + 10**18, (other + device if up else device + other) + b"\x08\x00" + packet, length))
    whole = reframe.capture(records)
    data = whole[:20] + (1).to_bytes(4, "little") + whole[24:]
    assert finding(data).level is Level.NOTED
    survey = survey_capture(io.BytesIO(data), name="w")
    assert int(survey.traffic.relayed_bytes[list(survey.traffic.address).index(STATION)]) > 1_000_000


def test_an_access_point_that_sends_pictures_to_one_device_is_worth_a_look() -> None:
    data = on_air(camera("mjpeg_drone_like"), access_point=True)
    found = finding(data)
    assert found.level is Level.LOOK
    assert rules(found) == {"behaviour.network_streams"}


def test_control_frames_tell_where_data_frames_were_lost() -> None:
    air = Air(loss=0.1, fast_loss=1.0, control=True)
    found = finding(on_air(camera("h264_720p_15"), air=air))
    assert rules(found) == {"behaviour.control_steady", "behaviour.control_clock"}
    assert found.level is Level.LOOK
    call = talkers.OTHERS["voice_call"](seconds=30.0, random=np.random.default_rng(4))
    assert finding(on_air(call, air=air)).level is Level.NOTED


def test_too_little_is_said_to_be_too_little() -> None:
    found = finding(on_air(camera("h264_720p_15", seconds=2.0)))
    assert found.level is Level.NOTED
    says = next(item.says for item in found.evidence if item.rule == "context.stream")
    assert says.startswith("Too little seen to tell")
    assert "next to nothing" in says


def test_an_idle_camera_is_not_said_to_be_none() -> None:
    random = np.random.default_rng(1)
    found = finding(on_air(talkers.smart_plug(seconds=80.0, random=random)))
    text = " ".join(item.says for item in found.evidence).lower()
    assert "too little seen to tell" in text
    assert "no camera" not in text


def test_blocks_of_any_size_give_the_same_stream() -> None:
    data = on_air(camera("lowest_150"))
    results = []
    for block in (2_000, 50_000, 1 << 22):
        survey = survey_capture(io.BytesIO(data), name="w", block_bytes=block)
        row = list(survey.traffic.address).index(STATION)
        results.append(streams_of(survey.traffic)[row])
    assert len({(item.seconds, round(item.clock_hz or 0, 1)) for item in results}) == 1
    # A repeated frame is not known across a border of blocks.
    assert max(item.frames for item in results) <= 1.01 * min(item.frames for item in results)


def test_a_survey_can_be_asked_while_it_runs() -> None:
    data = on_air(camera("a9_constant"))
    surveyor = Surveyor()
    seen = []
    for records in CaptureReader(io.BytesIO(data), name="w", block_bytes=100_000):
        surveyor.add(records)
        found = surveyor.survey(name="w")
        row = list(found.traffic.address).index(STATION)
        seen.append(streams_of(found.traffic)[row].frames if row in streams_of(found.traffic) else 0)
    assert seen == sorted(seen)
    assert seen[-1] > 1500


def test_retries_count_once() -> None:
    flow = camera("h264_720p_15", seconds=10)
    once, twice = stream(on_air(flow, air=Air(doubled=0.0))), stream(on_air(flow, air=Air(doubled=1.0)))
    assert once is not None
    assert twice is not None
    assert twice.frames == once.frames


def test_nothing_in_nothing_out() -> None:
    survey = Surveyor().survey(name="w")
    assert streams_of(survey.traffic) == {}
    assert control_of(survey.traffic) == {}
