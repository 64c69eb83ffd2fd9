"""The phone page and its server together, in a real browser with a synthetic clip as its camera."""

import json
import shutil
import threading
import time
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from roomsweep.calibration.clips import synthetic_clip
from roomsweep.cli.live.saving import read_sweep
from roomsweep.cli.live.serving import Live, Wanted

WIDTH, HEIGHT, FPS = 1280, 720, 15


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A lens on a charger in a room, and things that only look like one; swept there and back."""
    made = synthetic_clip(seed=3, seconds=2.0, fps=12.0, width=WIDTH, height=HEIGHT, place="room")
    frames = list(made.frames())
    path = tmp_path_factory.mktemp("clip") / "clip.y4m"
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in [*frames, *frames[-2:0:-1]]:
            out.write(b"FRAME\n" + cv2.cvtColor(frame.image, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path, [(frame.lenses[0].x_px, frame.lenses[0].y_px) for frame in frames]


def test_the_lens_is_circled_in_the_browser_and_named_in_the_saved_result(clip, tmp_path, monkeypatch):
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("ROOMSWEEP_HOME", str(tmp_path / "home"))
    path, truth = clip
    live = Live(Wanted(folder=tmp_path / "sweep", port=0), started_at=datetime.now(UTC))
    ready, ended = threading.Event(), []
    thread = threading.Thread(target=lambda: ended.append(live.run(ready=ready.set)))
    thread.start()
    assert ready.wait(10)
    faults = []
    try:
        with sync_api.sync_playwright() as play:
            browser = play.chromium.launch(
                executable_path=executable,
                args=[
                    "--no-sandbox",
                    "--disable-gpu",
                    "--use-fake-ui-for-media-stream",
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-video-capture={path}",
                ],
            )
            context = browser.new_context(
                has_touch=True, ignore_https_errors=True, viewport={"width": 390, "height": 844}, locale="en-GB"
            )
            page = context.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda said: faults.append(said.text) if "Security Policy" in said.text else None)
            page.goto(live.serving.url)
            page.click("#start")
            page.wait_for_selector("[data-finding]", state="attached")
            time.sleep(2.0)
            shown = page.eval_on_selector_all(
                "[data-finding]", "all => all.map(one => [one.dataset.finding, one.dataset.level])"
            )
            page.click("#end")
            page.click("#ending button[value=end]")
            page.wait_for_selector("#view-result:not([hidden])")
            told = page.inner_text("#result")
            report = context.request.get(
                live.serving.url.partition("/?")[0] + page.locator("#result a").get_attribute("href")
            )
            report_status, report_text = report.status, report.text()
            browser.close()
    finally:
        live.stop()
        thread.join(20)
    assert faults == []
    assert "The devices on the local network were not asked what they are." in told
    assert report_status == 200
    assert "<html" in report_text
    assert {level for _, level in shown} & {"look", "suspect"}
    (result,) = [item.result for item in ended]
    places = [(finding.where.x_px, finding.where.y_px) for finding in result.findings if str(finding.level) != "noted"]
    assert min(np.hypot(x - a, y - b) for x, y in places for a, b in truth) < 15.0
    assert read_sweep(tmp_path / "sweep").result.to_dict() == json.loads(result.to_json())
