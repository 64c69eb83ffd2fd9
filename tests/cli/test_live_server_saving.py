"""What is left of a live sweep: after Ctrl-C, after kill -9, and where the disk fails."""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime

import cv2
import jsonschema
import pytest
from websockets.sync.client import connect

from roomsweep.calibration.clips import synthetic_clip
from roomsweep.cli.live.saving import LINES, PICTURES, SweepLog, free_folder, read_sweep
from roomsweep.detect.errors import InputError, UnavailableError
from roomsweep.detect.result import Examined, Finding, FindingKind, Level, Source, SourceState, Where, result_schema

BEGAN = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def frames():
    clip = synthetic_clip(seed=3, seconds=1.5, fps=10.0, width=1280, height=720, place="room")
    return [cv2.imencode(".jpg", frame.image)[1].tobytes() for frame in clip.frames()]


@contextlib.contextmanager
def command(folder, *options):
    """Run the command and give it with its link."""
    program = [sys.executable, "-c", "from roomsweep.cli.app import main; main()", "live", "--json"]
    environment = {**os.environ, "ROOMSWEEP_HOME": str(folder / "home"), "COLUMNS": "200"}
    process = subprocess.Popen(
        [*program, "--out", str(folder / "sweep"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def sweep(url, frames, *, seconds):
    """Send frames for so long, as a phone does; return what was shown when."""
    base, _, token = url.partition("/?t=")
    context = None
    if base.startswith("https"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(f"{base.replace('http', 'ws', 1)}/frames?t={token}", compression=None, ssl=context) as link:
        start, number, shown = time.monotonic(), 0, []
        there_and_back = [*frames, *frames[::-1]]
        while time.monotonic() - start < seconds:
            header = {"seq": number, "t_ms": 1000.0 * (time.monotonic() - start), "torch": "on", "mode": "torch"}
            text = json.dumps({**header, "yaw_deg": 5.0 * number, "pitch_deg": 0.0, "zone": "desk"}).encode()
            link.send(len(text).to_bytes(4, "little") + text + there_and_back[number % len(there_and_back)])
            number += 1
            told = {}
            while told.get("type") != "answer":
                told = json.loads(link.recv(timeout=10))
            time.sleep(0.06)
            shown.append((time.monotonic() - start, [item["id"] for item in told["findings"]]))
    return shown


def test_ctrl_c_ends_with_the_result_and_the_report(tmp_path, frames):
    with command(tmp_path) as (process, told):
        assert told["url"].startswith("https://")
        assert len(told["fingerprint"].split(":")) == 32
        sweep(told["url"], frames, seconds=3.0)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    result = json.loads(out)
    jsonschema.validate(result, result_schema())
    assert result["verdict"] == "worth_a_look"
    assert told["url"] in errors
    assert told["fingerprint"] in errors
    assert "█" in errors
    assert "Traceback" not in errors
    assert {"report.html", "result.json", LINES, PICTURES} <= {path.name for path in (tmp_path / "sweep").iterdir()}
    again = read_sweep(tmp_path / "sweep").result.to_dict()
    assert again["findings"] == result["findings"]
    assert again["limits"] == result["limits"]


def test_kill_9_costs_two_seconds_at_most(tmp_path, frames):
    with command(tmp_path, "--here") as (process, told):
        assert told["url"].startswith("http://localhost:")
        assert told["fingerprint"] is None
        shown_at = sweep(told["url"], frames, seconds=4.0)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    ended = read_sweep(tmp_path / "sweep")
    early = {name for at_s, names in shown_at if at_s <= shown_at[-1][0] - 2.0 for name in names}
    assert early
    (source,) = ended.result.sources
    assert source.facts["seconds"] >= 2.0
    shown = [finding for finding in ended.result.findings if finding.level is not Level.NOTED]
    assert shown
    assert all(finding.where.zone == "desk" for finding in shown)
    assert len(ended.pictures) >= 1
    lines = [json.loads(line) for line in (tmp_path / "sweep" / LINES).read_text().splitlines()]
    assert {f"finding:video-1:{name}" for name in early} <= {line["key"] for line in lines}
    assert [line for line in lines if line["key"] == "coverage"][-1]["record"]["share"] > 0.0


def finding(number, *, title="A small bright spot"):
    return Finding(
        id=f"L{number}",
        kind=FindingKind.LENS_GLINT,
        level=Level.LOOK,
        title=title,
        source_ids=("video-1",),
        where=Where(x_px=10.0 * number, y_px=20.0, radius_px=2.0, frame=number),
    )


def examined(*findings, state=SourceState.EXAMINED):
    return Examined(source=Source(id="video-1", kind="video", name="live", state=state), findings=findings)


def test_of_lines_with_one_key_the_last_counts_and_cut_ones_are_passed_over(tmp_path):
    log = SweepLog(tmp_path / "s", started_at=BEGAN)
    log.sources([examined(finding(1), finding(2))])
    log.sources([examined(finding(1, title="Another title"), finding(3))])
    log.close()
    with (tmp_path / "s" / LINES).open("ab") as stream:
        stream.write(b'{"key":"source:video-1","record":{"sour')
    ended = read_sweep(tmp_path / "s")
    assert {item.title for item in ended.result.findings} == {"Another title", "A small bright spot"}
    assert {item.where.x_px for item in ended.result.findings} == {10.0, 30.0}
    assert ended.result.started_at.startswith("2026-05-04T12:00")


def test_what_did_not_change_is_not_written_again(tmp_path):
    log = SweepLog(tmp_path / "s", started_at=BEGAN)
    for _ in range(100):
        log.sources([examined(finding(1))])
    log.close()
    assert len((tmp_path / "s" / LINES).read_bytes().splitlines()) == 3


def test_two_sweeps_do_not_mix(tmp_path):
    SweepLog(tmp_path / "s", started_at=BEGAN).close()
    with pytest.raises(InputError, match="holds a live sweep already"):
        SweepLog(tmp_path / "s", started_at=BEGAN)
    assert free_folder(tmp_path / "s") == tmp_path / "s-2"
    assert free_folder(tmp_path / "t") == tmp_path / "t"


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises((UnavailableError, InputError), match="Name another folder"):
        SweepLog(tmp_path / "file" / "s", started_at=BEGAN)


def test_a_disk_that_fails_is_told_and_tried_again(tmp_path, monkeypatch, caplog):
    log = SweepLog(tmp_path / "s", started_at=BEGAN)
    real = os.fsync

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    log.picture("video-1-L1", b"x")
    log.sources([examined(finding(1))])
    deadline = time.monotonic() + 5.0
    while log.error is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert log.error == "No space left on device"
    monkeypatch.setattr(os, "fsync", real)
    log.close()
    assert log.error is None
    assert len(read_sweep(tmp_path / "s").result.findings) == 1
    assert (tmp_path / "s" / PICTURES / "video-1-L1.jpg").read_bytes() == b"x"
    assert len([record for record in caplog.records if "cannot be saved" in record.getMessage()]) == 1


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"garbage\n",
        b'{"key":"begin","record":{"schema":"other/1"}}\n',
        b"[[[[" * 10_000 + b"\n",
        b"\xff" * 99,
    ],
)
def test_a_folder_without_a_sweep_is_said(tmp_path, content):
    if content is not None:
        (tmp_path / LINES).write_bytes(content)
    with pytest.raises(InputError):
        read_sweep(tmp_path)


def test_a_damaged_sweep_is_said(tmp_path):
    log = SweepLog(tmp_path / "s", started_at=BEGAN)
    log.add("source:video-1", {"source": {"id": 1}, "findings": []})
    log.close()
    with pytest.raises(InputError, match="damaged"):
        read_sweep(tmp_path / "s")
