"""``--dark``: photos and clips taken in the dark, from the command line to the report."""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from roomsweep.calibration.dark_scenes import DarkRoom
from roomsweep.calibration.scenes import synthetic_pair
from roomsweep.cli.app import main
from roomsweep.detect.result import result_schema


def ring_room() -> DarkRoom:
    room = DarkRoom(seed=0, width=480, height=360)
    room.add_ring("ir850", 200.0, 180.0, count=6)
    room.add_light("green", 320.0, 250.0)
    return room


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dark photo, a dark clip, and a bright photo."""
    folder = tmp_path_factory.mktemp("dark")
    room = ring_room()
    cv2.imwrite(str(folder / "dark.jpg"), room.scene().picture)
    cv2.imwrite(str(folder / "bright.jpg"), np.full((100, 120, 3), 180, np.uint8))
    video = cv2.VideoWriter(str(folder / "dark.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 15.0, (480, 360))
    for number in range(10):
        video.write(room.scene(shift_px=(5 * number, 2 * number), noise=number, jpeg_quality=None).picture)
    video.release()
    return folder


def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["roomsweep", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capfd.readouterr()
    assert "Traceback" not in captured.err
    return int(ended.value.code or 0), captured.out, captured.err


def result_of(out: str) -> dict[str, Any]:
    document = json.loads(out)
    jsonschema.validate(document, result_schema())
    assert isinstance(document, dict)
    return document


def test_glint_dark_looks_for_lights_in_photos_and_clips(
    dark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    marked = tmp_path / "marked"
    status, out, _ = run(
        monkeypatch, capfd, "glint", "--dark", dark / "dark.jpg", dark / "dark.avi", "--annotate", marked, "--json"
    )
    assert status == 0
    result = result_of(out)
    assert [source["kind"] for source in result["sources"]] == ["dark_photo", "dark_video"]
    raised = [finding for finding in result["findings"] if finding["level"] != "noted"]
    assert {tuple(finding["source_ids"]) for finding in raised} == {("dark-photo-1",), ("dark-video-1",)}
    assert all("ring of 6" in finding["title"] for finding in raised)
    assert all(finding["level"] == "look" for finding in raised)
    limits = " ".join(result["limits"])
    assert "filter infrared" in limits
    assert "No photo taken with the torch on" in limits
    files = {path.name for path in marked.iterdir()}
    assert {"F1-crop.jpg", "F2-crop.jpg", "report.html", "result.json"} <= files
    (clip,) = [finding for finding in raised if finding["source_ids"] == ["dark-video-1"]]
    assert {name for name in files if name.endswith("-strip.jpg")} == {f"{clip['id']}-strip.jpg"}
    strip = cv2.imread(str(marked / f"{clip['id']}-strip.jpg"))
    assert strip is not None
    assert strip.shape[1] == pytest.approx(5 * strip.shape[0], rel=0.05)
    page = (marked / "report.html").read_text(encoding="utf-8")
    assert page.count('class="strip"') == 1
    assert "Do you see this light with your own eyes?" in page
    assert "Small light in the dark" in page


def test_sweep_takes_dark_inputs_and_a_bright_one_is_partial(
    dark: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(
        monkeypatch, capfd, "sweep", "--dark", dark / "dark.jpg", "--dark", dark / "bright.jpg", "--json"
    )
    assert status == 0
    result = result_of(out)
    assert [source["state"] for source in result["sources"]] == ["examined", "partial"]
    assert any("bright.jpg is not dark" in line for line in result["limits"])


def test_bad_dark_inputs_are_told_one_by_one(
    dark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    empty, cut = tmp_path / "empty.jpg", tmp_path / "cut.mp4"
    empty.write_bytes(b"")
    cut.write_bytes(b"\0\0\0\x20ftypisom" + bytes(64))
    status, out, _ = run(monkeypatch, capfd, "glint", "--dark", empty, cut, tmp_path / "none.jpg", "--json")
    assert status == 3
    result = result_of(out)
    assert [source["state"] for source in result["sources"]] == ["not_examined"] * 3
    assert [source["kind"] for source in result["sources"]] == ["dark_photo", "dark_video", "dark_photo"]
    assert len({source["reason"] for source in result["sources"]}) == 3


def test_dark_and_torch_off_exclude_each_other(
    dark: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = dark / "dark.jpg"
    status, _, err = run(monkeypatch, capfd, "glint", "--dark", picture, "--torch-off", picture)
    assert status == 2
    assert "--torch-off" in err


def test_without_a_dark_picture_the_limits_say_so(
    dark: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(monkeypatch, capfd, "glint", dark / "bright.jpg", "--json")
    assert any("infrared lights" in line for line in result_of(out)["limits"])


def test_a_dark_picture_of_the_same_place_is_laid_over_and_another_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pair = synthetic_pair(seed=8)
    lens = pair.lenses[0]
    for share, name in ((0.4, "dim.png"), (0.005, "black.png")):
        room = DarkRoom(seed=8, ground=pair.off, ambient=share, balance=0.0)
        room.add_ring("ir850", lens.off_x_px, lens.off_y_px, ring_px=16.0)
        cv2.imwrite(str(tmp_path / name), room.scene().picture)
    cv2.imwrite(str(tmp_path / "on.png"), pair.on)
    cv2.imwrite(str(tmp_path / "off.png"), pair.off)
    torch = ("--pair", tmp_path / "on.png", tmp_path / "off.png")
    _, out, _ = run(monkeypatch, capfd, "sweep", *torch, "--dark", tmp_path / "dim.png", "--json")
    suspects = [finding for finding in result_of(out)["findings"] if finding["level"] == "suspect"]
    assert [finding["source_ids"] for finding in suspects] == [["pair-1", "dark-photo-1"]]
    where = suspects[0]["where"]
    assert (where["x_px"], where["y_px"]) == pytest.approx((lens.x_px, lens.y_px), abs=4.0)
    _, out, _ = run(monkeypatch, capfd, "sweep", *torch, "--dark", tmp_path / "black.png", "--json")
    result = result_of(out)
    assert not any(finding["level"] == "suspect" for finding in result["findings"])
    assert any("could not be laid over" in line for line in result["limits"])
