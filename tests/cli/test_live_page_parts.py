"""The parts of the phone page that reckon, one by one, in a real browser."""

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import roomsweep.cli.live


class Quiet(SimpleHTTPRequestHandler):
    """Hands out the page's files."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def modules() -> Iterator[Any]:
    """Return an empty page from which the page's modules can be imported."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    folder = Path(roomsweep.cli.live.__file__).parent
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with sync_api.sync_playwright() as play:
            browser = play.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page()
            page.goto(f"http://localhost:{server.server_port}/static/words/en.json")
            yield page
            browser.close()
        server.shutdown()
        thread.join()


def test_a_circle_runs_ahead_of_late_answers(modules: Any) -> None:
    """Answers ten times a second, 120 ms late, of a point that moves evenly."""
    worst, held = modules.evaluate(
        """async () => { const { Follower } = await import('/static/rings.js'); const follower = new Follower();
        let [worst, held, last] = [0, 0, 0]; const truth = (t) => 0.2 + 0.0002 * t;
        for (let now = 0; now < 2000; now += 16) {
          if (now >= 120 && now % 96 === 0) {
            last = truth(now - 120); follower.see({ x: last, y: 0.5, r: 0.01 }, now - 120); }
          if (follower.place === null) continue;
          const at = follower.at(now);
          if (now < 600) continue;
          worst = Math.max(worst, Math.abs(at.x - truth(now))); held = Math.max(held, Math.abs(last - truth(now)));
        } return [worst, held]; }"""
    )
    assert held > 0.04
    assert worst < 0.25 * held


def test_a_circle_does_not_jump_and_does_not_run_away(modules: Any) -> None:
    step, end = modules.evaluate(
        """async () => { const { Follower } = await import('/static/rings.js'); const follower = new Follower();
        follower.see({ x: 0.2, y: 0.5, r: 0.01 }, 0); follower.at(0); follower.see({ x: 0.4, y: 0.5, r: 0.01 }, 100);
        let [step, before] = [0, 0.2];
        for (let now = 100; now < 5000; now += 16) {
          const { x } = follower.at(now); step = Math.max(step, x - before); before = x; }
        return [step, before]; }"""
    )
    assert step < 0.2
    assert end == pytest.approx(0.4 + 0.002 * 250, abs=1e-3)


@pytest.mark.parametrize(
    ("angles", "selfie", "yaw", "pitch"),
    [
        ((0, 90, 0), False, 0, 0),  # upright, rear camera to the north
        ((270, 90, 0), False, 90, 0),  # turned to the right
        ((90, 90, 0), False, 270, 0),
        ((0, 120, 0), False, 0, 30),  # tipped back: it looks up
        ((0, 60, 0), False, 0, -30),
        ((0, 90, 0), True, 180, 0),
        ((0, 0, 90), False, 270, 0),  # on its long side, screen to the east
        ((0, 0, 0), False, None, -90),  # flat on a table: straight down
    ],
)
def test_direction_of_the_camera(
    modules: Any, angles: tuple[int, int, int], selfie: bool, yaw: int, pitch: int
) -> None:
    got = modules.evaluate(
        """async ([[alpha, beta, gamma], selfie]) =>
        (await import('/static/orientation.js')).lookingAt({ alpha, beta, gamma }, { selfie })""",
        [angles, selfie],
    )
    assert got["pitch_deg"] == pytest.approx(pitch, abs=1e-6)
    if yaw is not None:
        assert (got["yaw_deg"] - yaw + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_coverage_counts_only_what_was_looked_at_long_enough(modules: Any) -> None:
    glimpse, once, half, full, gaps, none = modules.evaluate(
        """async () => { const { Coverage } = await import('/static/coverage.js'); const out = [];
        const one = new Coverage(); const see = () => one.see({ yaw_deg: 350, pitch_deg: 0 });
        for (let n = 0; n < 4; n++) see(); out.push(one.share()); see(); out.push(one.share());
        const coverage = new Coverage();
        const look = (from, to) => { for (let yaw = from; yaw < to; yaw += 10)
          for (const pitch_deg of [-50, -20, 10, 40, 65])
            for (let n = 0; n < 5; n++) coverage.see({ yaw_deg: (yaw + 360) % 360, pitch_deg }); };
        look(-90, 91); out.push(coverage.share()); const gaps = coverage.gaps();
        look(0, 360); out.push(coverage.share(), gaps, coverage.gaps()); return out; }"""
    )
    assert glimpse == 0
    # 34 by 56 degrees of 360 by 135: two or three cells across and three or four up.
    assert 0.02 < once < 0.08
    assert 0.5 < half < 0.7
    assert full == pytest.approx(1.0)
    assert set(gaps) == {"behind_level", "behind_up", "behind_low"}
    assert none == []


def test_languages_are_chosen_by_script_then_region(modules: Any) -> None:
    asked = {
        "zh": "zh-Hans", "zh-TW": "zh-Hant", "zh-Hant-CN": "zh-Hant", "zh-Hans-HK": "zh-Hans", "ko": "ko",
        "ja-JP": "ja", "fr": "en",
    }  # fmt: skip
    got = modules.evaluate(
        """async (tags) => { const { choose } = await import('/static/words.js');
        return tags.map((tag) => choose([tag])); }""",
        list(asked),
    )
    assert dict(zip(asked, got, strict=True)) == asked


#: A torch that takes effect in the picture `late` ms after the browser said so, lifting its mean from 40 to `lit`;
#: frames come every 20 ms. Gives each frame's time, label, and whether the picture was lit then.
BLINKING = """async ([late, lit]) => { const { Blink } = await import('/static/blink.js');
  let now = 0; const turns = [];
  const blink = new Blink(async (on) => { turns.push([now, on]); return true; }, () => now);
  blink.start(0); const out = [];
  for (; now < 4000; now += 20) {
    await null; await null; await null;
    const seen = turns.findLast(([at]) => at + late <= now);
    const shines = seen ? seen[1] : false;
    out.push([now, blink.see(shines ? lit : 40, now), shines]);
  } return out; }"""


@pytest.mark.parametrize(("late", "lit"), [(0, 90), (150, 90), (350, 60), (350, 40)])
def test_a_blinking_torch_waits_for_the_picture(modules: Any, late: int, lit: int) -> None:
    frames = modules.evaluate(BLINKING, [late, lit])
    told = [(label, shines) for _, label, shines in frames if label is not None]
    assert {label for label, _ in told} == {"on", "off"}
    assert all((label == "on") == shines for label, shines in told)
    changes = [label for at, (label, _) in enumerate(told) if at == 0 or told[at - 1][0] != label]
    # Three flashes a second are the most that WCAG allows.
    assert 4 <= len(changes) <= 2 * 3 * 4


def test_a_torch_that_the_browser_refuses_ends_the_blinking(modules: Any) -> None:
    running = modules.evaluate(
        """async () => { const { Blink } = await import('/static/blink.js');
        const blink = new Blink(async () => false); blink.start(0); await new Promise((done) => setTimeout(done, 20));
        return [blink.running, blink.see(50, 100)]; }"""
    )
    assert running == [False, None]


def test_a_message_is_header_length_header_and_picture(modules: Any) -> None:
    got = modules.evaluate(
        """async () => { const { message } = await import('/static/link.js');
        const blob = message({ seq: 1, zone: '床' }, new Blob([new Uint8Array([255, 216, 255])]));
        return [...new Uint8Array(await blob.arrayBuffer())]; }"""
    )
    data = bytes(got)
    length = int.from_bytes(data[:4], "little")
    assert data[4 : 4 + length].decode() == '{"seq":1,"zone":"床"}'
    assert data[4 + length :] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    "address",
    ["https://example.org/x.png", "javascript:alert(1)", "data:text/html,x", "data:image/svg+xml,x", "", None],
)
def test_only_pictures_within_the_message_are_shown(modules: Any, address: str | None) -> None:
    shown = "async (crop) => (await import('/static/findings.js')).pictureOf({ crop })"
    assert modules.evaluate(shown, address) is None
    assert modules.evaluate(shown, "data:image/jpeg;base64,AA==") == "data:image/jpeg;base64,AA=="
