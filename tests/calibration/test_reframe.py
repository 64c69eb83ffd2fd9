"""Flows put on the air: times, lengths, losses; and the synthetic talkers."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from roomsweep.calibration import reframe, talkers
from roomsweep.calibration.reframe import Air, Flow

STATION, NETWORK = 0x0200_0000_0001, 0x001A_2B00_0002


def steady(count: int = 200) -> Flow:
    up = np.arange(count) % 4 != 0
    return Flow(
        t_ns=np.arange(count, dtype=np.int64) * 10_000_000,
        up=up,
        length=np.where(up, 1000, 66).astype(np.int64),
    )


def records(flow: Flow, air: Air, seed: int = 1) -> list[tuple[int, bytes, int]]:
    return reframe.reframed(flow, station=STATION, network=NETWORK, air=air, random=np.random.default_rng(seed))


@pytest.mark.skipif(which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_what_was_put_on_the_air(tmp_path: Path) -> None:
    path = tmp_path / "derived.pcap"
    path.write_bytes(reframe.capture(records(steady(), Air(doubled=0.0))))
    fields = ["-e", "wlan.sa", "-e", "wlan.da", "-e", "wlan.fc.tods", "-e", "wlan.fc.protected", "-e", "frame.len"]
    out = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", *fields], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    rows = [line.split("\t") for line in out]
    assert len(rows) == 200
    assert sum(row[0] == "02:00:00:00:00:01" for row in rows) == 150
    assert {row[3] for row in rows} <= {"1", "True"}
    # 1000 bytes on Ethernet: 986 of packet, 50 of 802.11, 15 of radiotap.
    assert {row[4] for row in rows} == {str(1000 - 14 + 50 + 15), str(66 - 14 + 50 + 15)}


def test_frames_never_overlap_and_never_come_early() -> None:
    flow = reframe.joined(steady(), steady())
    sent = reframe.on_air(flow, air=Air(busy=0.9), random=np.random.default_rng(2))
    assert (sent.t_ns > flow.t_ns).all()
    assert (np.diff(sent.t_ns) >= 180_000).all()


def test_losses_are_those_asked_for() -> None:
    assert len(records(steady(4000), Air(loss=0.1, doubled=0.0))) == pytest.approx(3600, abs=60)
    kept = records(steady(400), Air(fast_loss=1.0, doubled=0.0))
    assert len(kept) == 100
    cut = records(steady(), Air(snap_bytes=128, doubled=0.0))
    assert max(len(body) for _, body, _ in cut) == 128
    assert max(length for _, _, length in cut) > 1000


def test_a_repeated_flow_keeps_its_rate() -> None:
    once = steady(100)
    long = reframe.repeated(once, seconds=10.0)
    assert long.t_ns[-1] < 10_000_000_000
    assert (np.diff(long.t_ns) >= 0).all()
    assert len(long) == pytest.approx(1000, abs=10)


@pytest.mark.parametrize("name", sorted(talkers.CAMERAS))
def test_cameras_send_at_their_rate(name: str) -> None:
    how = talkers.CAMERAS[name]
    flow = talkers.camera(how, seconds=20.0, random=np.random.default_rng(5))
    video = flow.length[flow.up].sum() * 8 / 20 / 1000
    assert video == pytest.approx(how.kbps + how.audio * 8 / 40, rel=0.15)


@pytest.mark.parametrize("name", sorted(talkers.OTHERS))
def test_others_are_in_order_and_as_long_as_asked(name: str) -> None:
    flow = talkers.OTHERS[name](seconds=20.0, random=np.random.default_rng(5))
    assert (np.diff(flow.t_ns) >= 0).all()
    assert flow.t_ns[-1] <= 21.5e9
    assert (flow.length >= 60).all()


def test_same_seed_same_bytes() -> None:
    assert reframe.capture(records(steady(), Air(loss=0.2), 3)) == reframe.capture(records(steady(), Air(loss=0.2), 3))
    assert io.BytesIO(reframe.capture([])).read(4) == b"\x4d\x3c\xb2\xa1"
