"""The phone page in a real browser of a phone's size: a synthetic clip is its camera, a stand-in its server."""

import base64
import contextlib
import hashlib
import json
import shutil
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest

import roomsweep.cli.live
from roomsweep.calibration.clips import synthetic_clip
from roomsweep.detect.result import (
    Evidence,
    Finding,
    FindingKind,
    Grade,
    Level,
    Result,
    Source,
    SourceState,
    Tool,
    Verdict,
    Where,
)

STATIC = Path(roomsweep.cli.live.__file__).parent / "static"
TOKEN = "a-token"
WIDTH, HEIGHT, FPS = 432, 576, 20
#: The clip's own number is drawn into every frame in blocks of so many pixels, so that the stand-in knows the truth.
BLOCK, BITS = 24, 6
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
HOSTILE = "<img src=x onerror=alert(1)>"


class Clip:
    """A lens on a wall, swept there and back, as a file for Chromium's camera, with its truth."""

    def __init__(self, folder: Path) -> None:
        made = synthetic_clip(
            seed=5, seconds=1.6, fps=FPS / 2, width=WIDTH, height=HEIGHT, lenses=1, hard_negatives=False, place="close"
        )
        frames = list(made.frames())
        self.truth = [(frame.lenses[0].x_px / WIDTH, frame.lenses[0].y_px / HEIGHT) for frame in frames]
        self.path = folder / "clip.y4m"
        with self.path.open("wb") as out:
            out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
            order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
            for number in order:
                image = frames[number].image.copy()
                for bit in range(BITS):
                    image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 20
                out.write(b"FRAME\n" + cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).tobytes())

    def number(self, image: np.ndarray) -> int:
        """Read the number of a frame that came by way of the browser."""
        block = BLOCK * image.shape[1] / WIDTH
        middles = [image[int(block / 2), int((bit + 0.5) * block)].mean() > 128 for bit in range(BITS)]
        return sum(1 << bit for bit, lit in enumerate(middles) if lit)


def result(findings: bool) -> Result:
    lens = Finding(
        id="F1",
        kind=FindingKind.LENS_GLINT,
        level=Level.SUSPECT,
        title="Bright spot on the clock",
        source_ids=("live",),
        where=Where(x_px=10, y_px=10, zone="bed"),
        evidence=(Evidence(rule="shape.x", grade=Grade.M, weight_db=11, says="It stays on its point.", reference="r"),),
        advice="Look from close by.",
    )
    return Result(
        tool=Tool(name="roomsweep", version="0"),
        started_at="2026-01-01T00:00:00+00:00",
        verdict=Verdict.SUSPECTS_FOUND if findings else Verdict.NOTHING_FOUND,
        sources=(
            Source(id="live", kind="video", name="live", state=SourceState.EXAMINED),
            Source(id="w", kind="wifi_live", name="Wi-Fi", state=SourceState.NOT_EXAMINED, reason="no interface"),
        ),
        findings=(lens,) if findings else (),
        limits=("Cameras without radio.",),
    )


class StandIn:
    """Speaks the protocol of the live page; answers with the clip's truth."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.websocket = True
        self.token = TOKEN
        self.delay_s = 0.0
        self.silent = False
        self.findings = True
        self.hints: list[str] = []
        self.title = "Bright spot on the clock"
        self.headers: list[dict[str, Any]] = []
        self.numbers: list[int] = []
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.ways: set[str] = set()
        self.sockets: list[Any] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.origin = f"http://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def address(self) -> str:
        return f"{self.origin}/?t={TOKEN}"

    def close(self) -> None:
        self.drop()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def drop(self) -> None:
        """Cut every websocket."""
        for connection in self.sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()

    def tell(self, message: dict[str, Any]) -> None:
        for connection in self.sockets:
            connection.sendall(text_frame(json.dumps(message)))

    def answer(self, body: bytes) -> dict[str, Any]:
        began = time.monotonic()
        (length,) = struct.unpack("<I", body[:4])
        header = json.loads(body[4 : 4 + length])
        image = cv2.imdecode(np.frombuffer(body[4 + length :], np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape[:2] == (header["height"], header["width"])
        number = self.clip.number(image)
        self.headers.append(header)
        self.numbers.append(number)
        time.sleep(self.delay_s)
        found = []
        if self.findings and header["mode"] != "dark" and number < len(self.clip.truth):
            x, y = self.clip.truth[number]
            column, row = int(x * header["width"]), int(y * header["height"])
            part = image[max(row - 40, 0) : row + 40, max(column - 40, 0) : column + 40]
            crop = base64.b64encode(cv2.imencode(".jpg", cv2.resize(part, (320, 320)))[1].tobytes()).decode()
            found.append(
                {
                    "id": "F1", "track": "F1", "level": "suspect", "x": x, "y": y, "r": 0.01, "title": self.title,
                    "reason": "It stays on the same point of the clock while the phone moves.",
                    "advice": "Move 20 cm to the left: the glint of a lens goes out.",
                    "crop": f"data:image/jpeg;base64,{crop}",
                }
            )  # fmt: skip
        age_ms = 1000 * (time.monotonic() - began)
        return {
            "type": "answer", "seq": header["seq"], "age_ms": age_ms, "findings": found, "hints": self.hints,
            "coverage": {}, "dropped": 0,
        }  # fmt: skip

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def reply(self, status: int, body: bytes, kind: str = "text/plain") -> None:
                self.send_response(status)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", POLICY)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path == "/frames":
                    self.talk(parse_qs(url.query).get("t") == [stand_in.token])
                    return
                name = {"/": "index.html"}.get(url.path, url.path.removeprefix("/static/"))
                file = STATIC / name
                if file.is_file():
                    self.reply(200, file.read_bytes(), KINDS[file.suffix])
                else:
                    self.reply(404, b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["X-Roomsweep-Token"] != stand_in.token:
                    self.reply(403, b"")
                    return
                stand_in.posts.append((self.path, dict(self.headers), body))
                answer: dict[str, Any] = {}
                if self.path == "/frame":
                    stand_in.ways.add("post")
                    answer = stand_in.answer(body)
                elif self.path == "/end":
                    document = result(stand_in.findings).to_dict()
                    answer = {"type": "result", "result": document, "report": f"/report?t={TOKEN}"}
                self.reply(200, json.dumps(answer).encode(), "application/json")

            def talk(self, allowed: bool) -> None:
                """Speak RFC 6455 as far as a browser needs it."""
                self.close_connection = True
                if not (stand_in.websocket and allowed):
                    self.reply(403, b"")
                    return
                magic = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                accept = base64.b64encode(hashlib.sha1(magic.encode()).digest()).decode()
                self.connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
                )
                stand_in.sockets.append(self.connection)
                stand_in.ways.add("socket")
                try:
                    self.connection.sendall(text_frame('{"type":"state","state":"ready","text":"Looking."}'))
                    while (body := self.message()) is not None:
                        answer = stand_in.answer(body)
                        if not stand_in.silent:
                            self.connection.sendall(text_frame(json.dumps(answer)))
                except (OSError, ValueError):
                    pass  # the page went away, or the test cut the line

            def message(self) -> bytes | None:
                """Return the next binary message, or None at the end."""
                body = b""
                while True:
                    start = self.rfile.read(2)
                    if len(start) < 2 or start[0] & 15 == 8:
                        return None
                    length = start[1] & 127
                    if length == 126:
                        (length,) = struct.unpack(">H", self.rfile.read(2))
                    elif length == 127:
                        (length,) = struct.unpack(">Q", self.rfile.read(8))
                    mask = np.frombuffer(self.rfile.read(4), np.uint8)
                    data = np.frombuffer(self.rfile.read(length), np.uint8)
                    body += (data ^ np.resize(mask, length)).tobytes()
                    if start[0] & 128:
                        return body

        return Handler


def text_frame(text: str) -> bytes:
    data = text.encode()
    if len(data) < 126:
        return bytes([0x81, len(data)]) + data
    if len(data) < 65536:
        return b"\x81\x7e" + struct.pack(">H", len(data)) + data
    return b"\x81\x7f" + struct.pack(">Q", len(data)) + data


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return Clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def browser(clip: Clip) -> Iterator[Any]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path=executable,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={clip.path}",
            ],
        )
        yield opened
        opened.close()


@pytest.fixture
def stand_in(clip: Clip) -> Iterator[StandIn]:
    server = StandIn(clip)
    yield server
    server.close()


@pytest.fixture
def phone(browser: Any, stand_in: StandIn) -> Iterator[Callable[..., Any]]:
    """Open the page as a phone does; any fault of a script fails the test."""
    contexts, faults = [], []

    def opened(*, before: str = "", locale: str = "en-GB", path: str | None = None, **options: Any) -> Any:
        context = browser.new_context(
            has_touch=True,
            locale=locale,
            **{"color_scheme": "light", "viewport": {"width": 390, "height": 844}, **options},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
        )
        if before:
            page.add_init_script(before)
        page.goto(path or stand_in.address)
        page.wait_for_selector("body[data-view]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def until(holds: Callable[[], object], *, seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.03)


def ring_place(page: Any) -> tuple[float, float]:
    """Return where the circle is, in shares of the picture."""
    x, y = page.evaluate(
        """() => { const ring = document.querySelector('[data-finding]').getBoundingClientRect();
        const box = document.querySelector('#video').getBoundingClientRect();
        return [(ring.x + ring.width / 2 - box.x) / box.width, (ring.y + ring.height / 2 - box.y) / box.height]; }"""
    )
    return x, y


#: A torch that the browser can switch, as on Android; what was asked of it is written down.
TORCH = """
window.torchAsked = [];
const can = MediaStreamTrack.prototype.getCapabilities;
MediaStreamTrack.prototype.getCapabilities = function () { return { ...can.call(this), torch: true }; };
const apply = MediaStreamTrack.prototype.applyConstraints;
MediaStreamTrack.prototype.applyConstraints = async function (asked) {
  const torch = asked?.advanced?.[0]?.torch;
  if (torch === undefined) return apply.call(this, asked);
  window.torchAsked.push([performance.now(), torch]);
};
"""


def test_frames_flow_and_the_lens_is_circled_and_followed(phone: Any, stand_in: StandIn, clip: Clip) -> None:
    page = phone()
    began = time.monotonic()
    page.click("#start")
    ring = page.wait_for_selector("[data-finding]")
    assert time.monotonic() - began < 6.0
    assert ring.get_attribute("data-level") == "suspect"
    assert stand_in.ways == {"socket"}
    header = stand_in.headers[0]
    assert header.keys() == {
        "seq", "t_ms", "width", "height", "torch", "mode", "yaw_deg", "pitch_deg", "zone", "still",
    }  # fmt: skip
    assert (header["mode"], header["torch"], header["still"]) == ("torch", "unknown", False)
    assert (header["width"], header["height"]) == (WIDTH, HEIGHT)
    until(lambda: len(stand_in.headers) > 10)
    assert [item["seq"] for item in stand_in.headers[:10]] == list(range(1, 11))
    errors, seen = [], []
    for _ in range(16):
        place = ring_place(page)
        x, y = clip.truth[min(stand_in.numbers[-1], len(clip.truth) - 1)]
        errors.append(float(np.hypot(place[0] - x, place[1] - y)))
        seen.append(place)
        time.sleep(0.06)
    way = float(np.ptp([x for x, _ in clip.truth]) + np.ptp([y for _, y in clip.truth]))
    assert np.ptp([x for x, _ in seen]) + np.ptp([y for _, y in seen]) > 0.4 * way
    assert np.median(errors) < 0.03


def test_the_card_tells_what_where_why_and_what_to_do(phone: Any, stand_in: StandIn) -> None:
    page = phone()
    page.click("#start")
    page.wait_for_selector("#card:not([hidden])")
    assert page.inner_text("#card-level") == "Strong signs"
    assert page.inner_text("#card-title") == "Bright spot on the clock"
    assert "same point" in page.inner_text("#card-reason")
    assert "20 cm to the left" in page.inner_text("#card-advice")
    until(lambda: page.evaluate("document.querySelector('#card-crop').naturalWidth") == 320)
    page.click("#card-zoom")
    assert page.locator("#card-crop").bounding_box()["width"] > 300
    page.click("#card-close")
    assert page.locator("#card").is_hidden()
    assert page.evaluate("document.activeElement.dataset.row") == "F1"
    page.evaluate("document.querySelector('[data-finding]').click()")
    page.wait_for_selector("#card:not([hidden])")
    assert page.evaluate("document.activeElement.id") == "card-title"
    assert page.locator("#card-crop").bounding_box()["width"] > 300


def test_frames_are_posted_where_the_websocket_is_refused(phone: Any, stand_in: StandIn) -> None:
    stand_in.websocket = False
    page = phone()
    page.click("#start")
    page.wait_for_selector("[data-finding]")
    assert stand_in.ways == {"post"}
    until(lambda: "slower way" in page.inner_text("#state") or "New." in page.inner_text("#state"))


def test_a_cut_websocket_is_opened_again(phone: Any, stand_in: StandIn) -> None:
    page = phone()
    page.click("#start")
    page.wait_for_selector("[data-finding]")
    stand_in.drop()
    stand_in.ways.clear()
    until(lambda: "socket" in stand_in.ways)
    count = len(stand_in.headers)
    until(lambda: len(stand_in.headers) > count + 5)


def test_a_link_that_does_not_hold_is_said(phone: Any, stand_in: StandIn) -> None:
    stand_in.token = "another"
    page = phone()
    page.click("#start")
    until(lambda: "Scan the code" in page.inner_text("#state"))
    assert stand_in.headers == []


def test_the_age_is_that_of_the_picture_and_grows_without_answers(phone: Any, stand_in: StandIn) -> None:
    stand_in.delay_s = 0.3
    page = phone()
    page.click("#start")
    page.wait_for_selector("[data-finding]")
    until(lambda: page.get_attribute("#age", "data-ms") not in ("", None))
    assert int(page.get_attribute("#age", "data-ms")) >= 300
    stand_in.silent = True
    until(lambda: int(page.get_attribute("#age", "data-ms")) > 1100)
    assert page.inner_text("#age").endswith("s old")
    assert page.locator("#rings.stale").count() == 1
    assert page.locator("[data-finding]").count() == 1


def test_frames_never_queue_up(phone: Any, stand_in: StandIn) -> None:
    stand_in.delay_s = 0.3
    page = phone()
    page.click("#start")
    until(lambda: len(stand_in.headers) >= 5)
    times = [header["t_ms"] for header in stand_in.headers]
    # One in work and one on the way: each frame was taken after the answer before the last.
    assert np.median(np.diff(times)) > 220
    assert int(page.get_attribute("#age", "data-ms")) < 2000


def test_a_blinking_torch_labels_only_frames_after_it_took_effect(phone: Any, stand_in: StandIn) -> None:
    page = phone(before=TORCH)
    page.click("#start")
    until(lambda: stand_in.headers)
    assert stand_in.headers[-1]["torch"] == "on"
    assert page.get_attribute("#torch", "aria-pressed") == "true"
    page.check("input[value=blink]")
    until(lambda: {h["torch"] for h in stand_in.headers if h["mode"] == "blink"} == {"on", "off"})
    until(lambda: len(page.evaluate("window.torchAsked")) > 3)
    asked = page.evaluate("window.torchAsked")
    gaps = np.diff([at for at, _ in asked[1:]])
    assert gaps.min() > 340  # below three flashes a second
    for header in [h for h in stand_in.headers if h["mode"] == "blink"]:
        before = [(at, torch) for at, torch in asked if at < header["t_ms"]]
        assert before[-1][1] == (header["torch"] == "on")
    page.check("input[value=torch]")
    count = len(stand_in.headers)
    until(lambda: len(stand_in.headers) > count + 3)
    assert (stand_in.headers[-1]["mode"], stand_in.headers[-1]["torch"]) == ("torch", "on")
    page.click("#torch")
    until(lambda: stand_in.headers[-1]["torch"] == "off")


def test_infrared_is_looked_for_with_the_selfie_camera_and_no_torch(phone: Any, stand_in: StandIn) -> None:
    asked = """window.facing = []; const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (want) => {
      window.facing.push(want.video.facingMode.ideal); return real(want); };"""
    page = phone(before=TORCH + asked)
    page.click("#start")
    until(lambda: stand_in.headers)
    page.check("input[value=dark]")
    until(lambda: stand_in.headers[-1]["mode"] == "dark")
    assert stand_in.headers[-1]["torch"] == "off"
    assert page.evaluate("window.facing") == ["environment", "user"]
    assert page.locator("#torch").is_disabled()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(0, 0, 0)"


def test_hints_zones_and_stills(phone: Any, stand_in: StandIn) -> None:
    page = phone()
    page.click("#start")
    page.wait_for_selector("[data-finding]")
    stand_in.hints = ["too_dark", "too_fast", "not a hint"]
    until(lambda: page.inner_text("#hints") == "Slower, please")
    page.get_by_label("Bed", exact=True).check()
    until(lambda: stand_in.headers[-1]["zone"] == "bed")
    assert ("/zone", {"zone": "bed"}) in [(path, json.loads(body)) for path, _, body in stand_in.posts]
    page.click("#still")
    until(lambda: any(path == "/still" for path, _, _ in stand_in.posts))
    (_, headers, body) = next(post for post in stand_in.posts if post[0] == "/still")
    assert headers["X-Roomsweep-Zone"] == "bed"
    photo = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    assert photo is not None
    assert photo.shape[1] >= WIDTH
    until(lambda: "Photo taken" in page.inner_text("#state"))


def test_where_the_camera_looked_fills_the_panorama(phone: Any, stand_in: StandIn) -> None:
    page = phone()
    page.click("#start")
    until(lambda: stand_in.headers)
    assert stand_in.headers[-1]["yaw_deg"] is None
    assert "does not tell" in page.inner_text("#coverage-text")
    turn = """async (to) => { for (let step = 0; step < 22; step++) {
      window.dispatchEvent(new DeviceOrientationEvent('deviceorientation', { alpha: to, beta: 90, gamma: 0 }));
      await new Promise((done) => setTimeout(done, 60)); } }"""
    shares = []
    for to in (0, 300):
        page.evaluate(turn, to)
        shares.append(page.inner_text("#coverage-text"))
    assert len(set(shares)) == 2
    assert "Not yet:" in shares[-1]
    assert stand_in.headers[-1]["yaw_deg"] == pytest.approx(60, abs=1)
    assert stand_in.headers[-1]["pitch_deg"] == pytest.approx(0, abs=1)


def test_the_end_shows_verdict_what_to_do_and_what_was_not_looked_at(phone: Any, stand_in: StandIn) -> None:
    page = phone()
    page.click("#start")
    page.wait_for_selector("[data-finding]")
    page.click("#end")
    page.click("#ending button[value=stay]")
    assert page.locator("#view-live").is_visible()
    page.click("#end")
    page.click("#ending button[value=end]")
    page.wait_for_selector("#view-result:not([hidden])")
    assert page.inner_text("#result-title") == "There are strong signs of a camera."
    text = page.inner_text("#result")
    for said in ("It is not proof.", "Do not touch or move it.", "Call the police.", "Cameras without radio.",
                 "Wi-Fi · Not examined · no interface", "Seen at: Bed", "It stays on its point."):  # fmt: skip
        assert said in text
    assert page.evaluate("document.activeElement.id") == "result-title"
    assert page.get_by_role("link", name="Open the full report").get_attribute("href") == f"/report?t={TOKEN}"
    assert page.evaluate("document.querySelector('#video').srcObject") is None


def test_nothing_found_is_never_more_than_that(phone: Any, stand_in: StandIn) -> None:
    stand_in.findings = False
    page = phone()
    page.click("#start")
    until(lambda: len(stand_in.headers) > 3)
    assert page.locator("[data-finding]").count() == 0
    page.click("#end")
    page.click("#ending button[value=end]")
    page.wait_for_selector("#view-result:not([hidden])")
    assert page.inner_text("#result-title") == "Nothing was found by the checks that ran."
    assert "It does not mean that the room holds none." in page.inner_text("#result")
    assert "Call the police" not in page.inner_text("#result")


def test_hostile_names_stay_text(phone: Any, stand_in: StandIn) -> None:
    stand_in.title = HOSTILE
    page = phone()
    page.click("#start")
    page.wait_for_selector("#card:not([hidden])")
    assert page.inner_text("#card-title") == HOSTILE
    assert page.locator("main img[src=x]").count() == 0


def test_the_language_can_be_switched_in_the_sweep_and_is_kept(phone: Any, stand_in: StandIn) -> None:
    page = phone()
    page.click("#start")
    page.wait_for_selector("#card:not([hidden])")
    page.click("#settings-open")
    page.select_option("#language", "ko")
    page.click("#settings button")
    until(lambda: page.inner_text("#card-level") == "강한 징후")
    assert page.get_attribute("[data-finding]", "aria-label").startswith("강한 징후")
    # What the computer wrote stays in its language, and says so to the screen reader.
    assert page.get_attribute("#card-title", "lang") == "en"
    page.reload()
    page.wait_for_selector("body[data-view]")
    assert page.inner_text("#start") == "바로 살펴보기"


def test_the_guide_leads_through_all_steps(phone: Any, stand_in: StandIn) -> None:
    page = phone(before=TORCH)
    page.click("#guide-start")
    assert page.inner_text("#prepare-title") == "Before you begin"
    page.click("#prepare-next")
    assert page.evaluate("document.activeElement.id") == "prepare-title"
    assert "curtains" in page.inner_text("#prepare-list")
    assert stand_in.headers == []
    page.click("#prepare-next")
    modes = []
    for title in ("infrared", "torch", "walls", "things", "Decide", "bathroom"):
        until(lambda title=title: title in page.inner_text("#guide-title"))
        count = len(stand_in.headers)
        until(lambda count=count: len(stand_in.headers) > count + 2)
        modes.append((stand_in.headers[-1]["mode"], stand_in.headers[-1]["zone"]))
        assert page.locator("#guide-things").is_visible() == (title == "things")
        if title == "things":
            page.get_by_label("Smoke alarms").check()
        page.click("#guide-next")
    assert modes == [("dark", None), *[("torch", "door")] * 3, ("blink", "door"), ("torch", "bathroom")]
    page.click("#ending button[value=end]")
    page.wait_for_selector("#view-result:not([hidden])")


def test_denied_camera_is_explained(phone: Any, stand_in: StandIn) -> None:
    page = phone(
        before="navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); };"
    )
    page.click("#start")
    until(lambda: "may not use the camera" in page.inner_text("#start-error"))
    assert page.get_attribute("#start-error", "role") == "alert"
    assert page.locator("#start").is_visible()


#: Contrast of every text that is shown, by WCAG 2.2 (relative luminance), over the plain colours behind it.
CONTRAST = """() => {
  const rgb = (text) => { const v = text.match(/[\\d.]+/g).map(Number); return v.length > 3 ? v : [...v, 1]; };
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) =>
    v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
  const faults = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !element.checkVisibility({ opacityProperty: true }) ||
        element.closest('noscript, .unseen')) continue;
    let back = element;
    while (back && rgb(getComputedStyle(back).backgroundColor)[3] < 1) back = back.parentElement;
    if (!back) { faults.push(element.id + ' over nothing'); continue; }
    const [one, two] = [rgb(getComputedStyle(element).color), rgb(getComputedStyle(back).backgroundColor)].map(light);
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) faults.push(`${element.tagName} ${element.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return faults;
}"""

#: Faults of names, sizes and width that a person would meet.
USABLE = """() => {
  const faults = [];
  if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the screen');
  for (const element of document.querySelectorAll('button, select, a[href], input')) {
    if (!element.checkVisibility()) continue;
    const label = element.getAttribute('aria-label') || element.textContent.trim() ||
      [...(element.labels ?? [])].map((label) => label.textContent.trim()).join('');
    if (!label) faults.push('no name: ' + element.outerHTML.slice(0, 80));
    const box = (element.closest('label') ?? element).getBoundingClientRect();
    if (box.width < 39.9 || box.height < 39.9) faults.push(`small: ${label} ${box.width}x${box.height}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  if (new Set(ids).size !== ids.length) faults.push('an id twice');
  for (const element of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
    for (const name of ['aria-labelledby', 'aria-describedby'])
      for (const id of (element.getAttribute(name) ?? '').split(' ').filter(Boolean))
        if (!document.getElementById(id)) faults.push('names nothing: ' + id);
  if (document.querySelectorAll('main:not([hidden])').length !== 1) faults.push('not one main');
  return faults;
}"""


@pytest.mark.parametrize("theme", ["light", "dark", "red"])
def test_every_view_is_legible_and_usable(phone: Any, stand_in: StandIn, theme: str) -> None:
    page = phone(before=f"localStorage.setItem('roomsweep.theme', '{theme}');")

    def check() -> None:
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate(USABLE) == []

    check()
    page.click("#settings-open")
    check()
    page.click("#settings button")
    page.click("#guide-start")
    check()
    page.click("#prepare-back")
    page.click("#start")
    page.wait_for_selector("#card:not([hidden])")
    stand_in.hints = ["too_fast"]
    until(lambda: page.inner_text("#hints"))
    check()
    page.click("#end")
    check()
    page.click("#ending button[value=end]")
    page.wait_for_selector("#view-result:not([hidden])")
    check()


@pytest.mark.parametrize(
    ("locale", "tag", "button"),
    [
        ("zh-CN", "zh-Hans", "开始查看"),
        ("zh-HK", "zh-Hant", "開始查看"),
        ("ko-KR", "ko", "바로 살펴보기"),
        ("ja-JP", "ja", "見始める"),
    ],
)
def test_the_browser_chooses_the_language_and_none_breaks_the_layout(
    phone: Any, stand_in: StandIn, locale: str, tag: str, button: str
) -> None:
    page = phone(locale=locale, viewport={"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.lang") == tag
    assert page.inner_text("#start") == button
    assert page.evaluate(USABLE) == []
    page.click("#start")
    page.wait_for_selector("#card:not([hidden])")
    assert page.evaluate(USABLE) == []
    bounds = page.locator(".controls").bounding_box()
    assert bounds["y"] + bounds["height"] <= 641
    assert page.locator("#stage").bounding_box()["height"] > 180


def test_everything_is_reached_by_keyboard_in_order(phone: Any, stand_in: StandIn) -> None:
    page = phone(before=TORCH)
    order = []
    for _ in range(3):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id"))
    assert order == ["settings-open", "guide-start", "start"]
    page.focus("#start")
    page.keyboard.press("Enter")
    page.wait_for_selector("#card:not([hidden])")
    page.focus("#live-title")
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(e => e.id || e.dataset.finding || e.dataset.row || e.name)(document.activeElement)")
        )
    wanted = ["F1", "panels", "card-close", "zone", "mode", "torch", "still", "end"]
    places = [reached.index(name) for name in wanted]
    assert places == sorted(places), reached
    page.focus("input[name=mode]:checked")
    page.keyboard.press("ArrowRight")
    until(lambda: stand_in.headers[-1]["mode"] == "blink")


def test_roles_and_live_regions(phone: Any, stand_in: StandIn) -> None:
    page = phone()
    assert page.get_attribute("#state", "role") == "status"
    assert page.get_by_role("heading", level=1).count() == 1
    page.click("#start")
    page.wait_for_selector("[data-finding]")
    assert page.get_by_role("button", name="Strong signs: Bright spot on the clock. Open the card.").count() == 1
    assert page.get_by_role("radiogroup").count() + page.get_by_role("group").count() >= 2
    assert page.get_by_role("button", name="Take a photo").count() == 1
    assert page.get_attribute("#hints", "aria-live") == "polite"
    # The age changes five times a second: it must not be read out by itself.
    assert page.evaluate("document.querySelector('#age').closest('[aria-live], [role=status]')") is None
    until(lambda: "New. Strong signs" in page.inner_text("#state") or "Looking" in page.inner_text("#state"))
