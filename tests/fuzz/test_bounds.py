"""Captures that are hostile by their amount: floods, hours, and clocks that were never set."""

import io
import tracemalloc

import numpy as np
import pytest

from fuzz import owed
from fuzz.shapes import FORMS, Record, data_frame, heard, interface, packet, section, written
from roomsweep.calibration.reframe import Air, capture, reframed
from roomsweep.calibration.talkers import CAMERAS, camera
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.result import Examined, Finding, Level
from roomsweep.detect.wifi import stations
from roomsweep.detect.wifi.examine import examine_capture

NOW_NS, SECOND_NS = 1_700_000_000 * 10**9, 10**9

CAMERA, ACCESS_POINT = 0x0211_2233_44AA, 0x000B_8600_0001

#: Most that the columns and tables of one of these captures may take beside the capture, bytes; each takes less than
#: a quarter of it.
MEMORY_MAX = 400 << 20


def frame(sender: int, *, number: int = 0) -> bytes:
    """A data frame that tells its length only in the record, so that much fits a small file."""
    return heard(data_frame(sender=sender.to_bytes(6, "big"), to=ACCESS_POINT.to_bytes(6, "big"), number=number))


def record(sender: int, t_ns: int, *, number: int = 0, length: int = 1500) -> tuple[int, bytes, int]:
    return t_ns, frame(sender, number=number), length


def camera_records(name: str = "lowest_150", *, start_ns: int = NOW_NS) -> list[tuple[int, bytes, int]]:
    random = np.random.default_rng(5)
    flow = camera(CAMERAS[name], seconds=30.0, random=random)
    air = Air(snap_bytes=64, loss=0.1)
    return reframed(flow, station=CAMERA, network=ACCESS_POINT, air=air, random=random, start_ns=start_ns)


def examined(data: bytes) -> Examined:
    """Examine a capture in bounded memory, with every promise kept."""
    tracemalloc.start()
    try:
        examine_capture(io.BytesIO(data), source_id="a", name="a")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - len(data) < MEMORY_MAX, f"{peak >> 20} MiB"
    found = owed.check(owed.read_wifi, data)
    assert found is not None
    return found


def of_camera(found: Examined) -> Finding:
    return next(finding for finding in found.findings if finding.identity.mac == "02:11:22:33:44:aa")


@pytest.mark.parametrize("others", [0, 600, 2000])
def test_many_that_send_once_do_not_hide_a_stream(others: int) -> None:
    """Bursts and packets are kept of some stations only; those of a stream must be among them."""
    crowd = [record(0x0200_0000_0000 + row, NOW_NS - (others - row) * 1_000_000) for row in range(others)]
    found = of_camera(examined(capture(crowd + camera_records())))
    assert found.level is Level.SUSPECT
    assert "behaviour.picture_clock" in {item.rule for item in found.evidence}


def test_hours_of_key_pictures_take_little_memory() -> None:
    rows = [
        record(CAMERA, NOW_NS + second * SECOND_NS + place * 1000, number=second * 32 + place)
        for second in range(4000)
        for place in range(22 if second % 4 == 0 else 7)
    ]
    found = examined(capture(rows))
    (stream,) = found.source.facts["streams"]
    assert stream["seconds"] == 4000


def test_more_senders_than_fit_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stations, "MAX_ADDRESSES", 1000)
    found = examined(capture([record(0x0200_0000_0000 + row, NOW_NS + row * 1000) for row in range(1500)]))
    assert "making them up" in (found.source.reason or "")
    assert found.source.facts["stations"] <= 1000


@pytest.mark.parametrize("jump_ns", [NOW_NS - 5 * SECOND_NS, -(1 << 40), 10**18])
def test_a_clock_that_jumps_does_not_hide_a_stream(jump_ns: int) -> None:
    """A clock that is set, or falls back, while the capture runs: each part is judged by itself."""
    early = [record(CAMERA, 5 * SECOND_NS + row * 4_000_000, number=row, length=1100) for row in range(500)]
    at_ns = max(0, 7 * SECOND_NS + jump_ns)
    found = of_camera(examined(capture(early) + capture(camera_records(start_ns=at_ns))[24:]))
    assert found.level is Level.SUSPECT


@pytest.mark.parametrize("form", [form for form in FORMS if form != "gzip"])
def test_times_at_the_ends_of_64_bits(form: str) -> None:
    ends = (-(1 << 63), -1, 0, 1, (1 << 63) - 1, 1 << 62, NOW_NS)
    body = frame(CAMERA)
    rows = [
        Record(t_ns=ends[row % len(ends)] // (1 + row // 7), body=body, length=1100, linktype=127) for row in range(700)
    ]
    if form == "btsnoop":  # which has no number for Wi-Fi
        (block,) = CaptureReader(io.BytesIO(written(rows, form)), name="a")
        assert block.t_ns.min() < 0 < block.t_ns.max()
        owed.check(owed.read_capture, written(rows, form))
        return
    data = written([row for row in rows if 0 <= row.t_ns < (1 << 32) * SECOND_NS], form)
    if form.startswith("pcapng"):
        data = section() + interface(127, tsresol=9)
        data += b"".join(packet(row, number=0, ticks=row.t_ns) for row in rows)
    assert of_camera(examined(data)).level in (Level.NOTED, Level.LOOK)


def test_times_that_fall_are_no_reason_to_fail() -> None:
    rows = [Record(t_ns=t_ns, body=body, length=length, linktype=127) for t_ns, body, length in camera_records()]
    found = examined(written(rows[::-1], "pcap-ns"))
    assert of_camera(found).evidence
    assert 29 <= found.source.facts["seconds"] <= 31


def test_zeros_under_a_clock_that_was_never_set() -> None:
    """Every place in such a file looks like the beginning of a record."""
    body = bytes(60_000)
    rows = [Record(t_ns=row * SECOND_NS, body=body, length=len(body), linktype=127) for row in range(70)]
    data = written(rows, "pcap")
    tracemalloc.start()
    try:
        read = sum(len(records) for records in CaptureReader(io.BytesIO(data), name="a", block_bytes=1 << 20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == len(rows)
    assert peak < 32 << 20, f"{peak >> 20} MiB for pieces of 1 MiB"
