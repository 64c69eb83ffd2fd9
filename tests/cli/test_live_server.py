"""The phone page's server, asked over real sockets: who is answered, who is refused, and that the sweep goes on."""

import contextlib
import hashlib
import http.client
import itertools
import json
import logging
import socket
import ssl
import threading
import time
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from roomsweep.calibration.clips import synthetic_clip
from roomsweep.cli.live.serving import Live, Wanted


def jpeg(width=320, height=180, *, level=90):
    noise = np.random.default_rng(1).normal(level, 3.0, (height, width, 3))
    return cv2.imencode(".jpg", np.clip(noise, 0, 255).astype(np.uint8))[1].tobytes()


def claiming(width, height):
    """Return a small JPEG whose header claims another size."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


def message(picture, seq=1, **header):
    text = json.dumps({"seq": seq, "t_ms": 66.0 * seq, "torch": "on", "mode": "torch", **header}).encode()
    return len(text).to_bytes(4, "little") + text + picture


class Page:
    """A browser's side of a running server."""

    def __init__(self, live):
        self.live, self.port = live, live.serving.port
        self.token = live.serving.url.partition("?t=")[2]
        self.secure = live.serving.url.startswith("https")
        self.origin = live.serving.url.partition("/?")[0]

    def ask(self, method, path, body=None, *, token=True, headers=None, host="localhost"):
        """Return status, headers and body of one request."""
        where = f"{host}:{self.port}"
        link = (
            http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.trusting())
            if self.secure
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        )
        given = {"X-Roomsweep-Token": self.token if token is True else token} if token else {}
        try:
            link.putrequest(method, path, skip_host=True)
            for name, value in {"Host": where, **given, **(headers or {})}.items():
                link.putheader(name, value)
            if body is not None and "Content-Length" not in (headers or {}):
                link.putheader("Content-Length", str(len(body)))
            link.endheaders(body)
            answer = link.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            link.close()

    @staticmethod
    def trusting():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def socket(self, *, token=True, origin=True):
        told = f"?t={self.token if token is True else token}" if token else ""
        return connect(
            f"{self.origin.replace('http', 'ws', 1)}/frames{told}",
            origin=(self.origin if origin is True else origin) or None,
            compression=None,
            max_size=None,
            ssl=self.trusting() if self.secure else None,
        )

    def works(self):
        """Return whether a frame is still answered."""
        status, _, body = self.ask("POST", "/frame", message(jpeg()))
        return status == 200 and json.loads(body)["type"] in ("answer", "overtaken")


def answers(link, count=1):
    out = []
    while len(out) < count:
        told = json.loads(link.recv(timeout=10))
        if told["type"] == "answer":
            out.append(told)
    return out


def until_closed(link):
    """Return how the server closed a socket."""
    try:
        while True:
            link.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed


@contextlib.contextmanager
def served(folder, **wanted):
    live = Live(Wanted(folder=folder, port=0, **wanted), started_at=datetime.now(UTC))
    ready, ended = threading.Event(), []
    thread = threading.Thread(target=lambda: ended.append(live.run(ready=ready.set)))
    thread.start()
    try:
        assert ready.wait(10)
        page = Page(live)
        page.ended = ended
        yield page
    finally:
        live.stop()
        thread.join(20)
        assert not thread.is_alive()
        assert ended


@pytest.fixture
def page(tmp_path):
    with served(tmp_path / "sweep", local=True) as page:
        yield page


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.WARNING, logger="roomsweep.live")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "roomsweep.live"]


def test_the_page_is_handed_out_with_its_token_and_nothing_from_outside(page):
    status, headers, body = page.ask("GET", f"/?t={page.token}", token=False)
    assert status == 200
    assert b'id="start"' in body
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert f"connect-src 'self' ws://localhost:{page.port}" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_frames_are_answered_over_the_websocket(page):
    with page.socket() as link:
        assert json.loads(link.recv(timeout=5))["state"] == "ready"
        for seq in range(1, 4):
            link.send(message(jpeg(), seq))
            (answer,) = answers(link)
            assert answer["seq"] == seq
            assert answer["findings"] == []
            assert 0.0 <= answer["age_ms"] < 10_000.0


def test_frames_are_answered_over_post_for_browsers_that_refuse_the_websocket(page):
    status, _, body = page.ask("POST", "/frame", message(jpeg(), 7), headers={"Origin": page.origin})
    assert status == 200
    assert json.loads(body)["seq"] == 7


def test_it_speaks_tls_with_the_certificate_whose_fingerprint_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("ROOMSWEEP_HOME", str(tmp_path / "home"))
    with served(tmp_path / "sweep") as page:
        assert page.secure
        raw = socket.create_connection(("127.0.0.1", page.port), timeout=5)
        with page.trusting().wrap_socket(raw) as link:
            digest = hashlib.sha256(link.getpeercert(binary_form=True)).hexdigest().upper()
        assert page.live.serving.fingerprint.replace(":", "") == digest
        assert page.ask("GET", "/", host="localhost")[0] == 200
        with page.socket() as link:
            link.send(message(jpeg(), 3))
            assert answers(link)[0]["seq"] == 3


def test_without_the_token_there_is_nothing(page, lines):
    asked = list(
        itertools.product(
            ("", "wrong", "\xc3\xa9%00", page.token[:-1]), ("GET /", "POST /frame", "GET /report", "POST /end")
        )
    )
    for token, request in asked:
        method, path = request.split()
        status, headers, body = page.ask(method, path, b"" if method == "POST" else None, token=token)
        assert status == 403
        assert b"id=" not in body
        assert headers["content-type"].startswith("text/plain")
    assert len(lines()) == len(asked)
    assert all("token" in line and page.token not in line for line in lines())
    assert page.works()


def test_a_websocket_without_the_token_is_refused(page, lines):
    for token in ("", "wrong"):
        with pytest.raises(InvalidStatus) as refused:
            page.socket(token=token)
        assert refused.value.response.status_code == 403
    assert len(lines()) == 2
    assert page.works()


def test_other_pages_are_refused(page, lines):
    status, _, _ = page.ask("POST", "/frame", message(jpeg()), headers={"Origin": "https://evil.example"})
    assert status == 403
    with pytest.raises(InvalidStatus):
        page.socket(origin="https://evil.example")
    with pytest.raises(InvalidStatus):
        page.socket(origin="null")
    assert len(lines()) == 3
    assert page.works()


def test_a_name_that_somebody_points_here_is_refused(page, lines):
    assert page.ask("GET", "/", host="evil.example")[0] == 403
    assert len(lines()) == 1
    assert page.works()


def test_a_body_of_50_megabytes_is_refused_unread(page, lines):
    head = {"Content-Length": str(50_000_000)}
    status, _, _ = page.ask("POST", "/frame", b"", headers=head)
    assert status == 413
    assert page.ask("POST", "/still", b"", headers=head)[0] == 413
    assert len(lines()) == 2
    assert page.works()


def test_a_body_that_grows_beyond_the_limit_is_refused(page, lines):
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as link:
        link.sendall(
            f"POST /frame HTTP/1.1\r\nHost: localhost:{page.port}\r\nX-Roomsweep-Token: {page.token}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        part = b"10000\r\n" + bytes(65536) + b"\r\n"
        sent = 0
        try:
            while sent < 50_000_000:
                link.sendall(part)
                sent += 65536
        except OSError:
            pass
    assert sent < 50_000_000
    assert any("larger than is taken" in line for line in lines())
    assert page.works()


def test_a_message_of_50_megabytes_closes_its_socket_only(page, lines):
    with page.socket() as link:
        with contextlib.suppress(ConnectionClosed):
            link.send(bytes(50_000_000))
        closed = until_closed(link)
    assert closed.rcvd is None or closed.rcvd.code == 1009
    time.sleep(0.2)
    assert len(lines()) == 1
    assert "too large" in lines()[0]
    assert page.works()


def test_a_jpeg_that_claims_60000_by_60000_is_not_decoded(page, lines):
    bad = message(claiming(60_000, 60_000))
    assert page.ask("POST", "/frame", bad)[0] == 413
    assert page.ask("POST", "/still", claiming(60_000, 60_000))[0] == 413
    with page.socket() as link:
        link.send(bad)
        told = [json.loads(link.recv(timeout=5)) for _ in range(2)]
        assert "60000 x 60000" in told[1]["text"]
        link.send(message(jpeg(), 5))
        assert answers(link)[0]["seq"] == 5
    assert len([line for line in lines() if "60000 x 60000" in line]) == 3


def test_garbage_messages_are_told_so_and_the_socket_goes_on(page, lines):
    garbage = [
        b"",
        b"\x00",
        b"\xff\xff\xff\xff{}",
        b"\x02\x00\x00\x00{}",
        b"\x02\x00\x00\x00[]" + b"\xff\xd8\xff",
        message(b"no picture"),
        message(jpeg(), seq=-1),
        message(jpeg(), mode="x"),
        message(jpeg(), yaw_deg="left"),
        message(jpeg(), zone="z" * 500),
        message(jpeg(16, 16)),
        message(jpeg()[:400]),
        message(jpeg()[:-2]),
        message(b"\xff\xd8" + jpeg()[-300:]),
    ]
    with page.socket() as link:
        link.recv(timeout=5)
        for bad in garbage:
            link.send(bad)
            assert json.loads(link.recv(timeout=5))["type"] == "state"
        link.send(message(jpeg(), 5))
        assert answers(link)[0]["seq"] == 5
    assert len(lines()) == len(garbage)


def test_whoever_sends_nothing_but_garbage_is_let_go(page, lines):
    with page.socket() as link:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(100):
                link.send("text")
        until_closed(link)
    assert len(lines()) == 20
    assert page.works()


def test_bytes_that_are_no_http_are_refused(page):
    for garbage in (b"\x16\x03\x01\x00\xff" + bytes(100), b"GET \x00\xff\r\n\r\n", b"\r\n" * 500, b"A" * 100_000):
        with socket.create_connection(("127.0.0.1", page.port), timeout=5) as link:
            link.sendall(garbage)
            link.shutdown(socket.SHUT_WR)
            try:
                got = link.recv(100)
            except ConnectionResetError:
                got = b""
            assert got == b"" or b" 400 " in got
    assert page.works()


def test_paths_lead_nowhere_but_to_the_page(page, lines):
    paths = [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/words/../../server.py",
        "/static/",
        "/../../etc/passwd",
        "/report/../x",
    ]
    for path in paths:
        status, _, body = page.ask("GET", path)
        assert status == 404
        assert b"root:" not in body
        assert b"import" not in body
    assert len(lines()) == len(paths)


def test_a_thousand_connections_do_not_keep_the_phone_out(page, lines):
    with page.socket() as link:
        crowd = []
        try:
            for _ in range(1000):
                other = socket.socket()
                other.settimeout(2)
                crowd.append(other)
                other.connect(("127.0.0.1", page.port))
            for seq in range(1, 4):
                link.send(message(jpeg(), seq))
                assert answers(link)[0]["seq"] == seq
        finally:
            for other in crowd:
                other.close()
        assert any("connection too many" in line for line in lines())
        assert len(lines()) <= 45
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            assert page.works()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("nothing is answered after the crowd has gone")


def test_one_phone_sweeps_at_a_time(page, lines, monkeypatch):
    from roomsweep.cli.live import server

    with page.socket() as first:
        first.recv(timeout=5)
        monkeypatch.setattr(server, "client_of", lambda scope: "192.0.2.9")
        with page.socket() as second:
            assert json.loads(second.recv(timeout=5))["state"] == "busy"
            with pytest.raises(ConnectionClosed) as closed:
                second.recv(timeout=5)
            assert closed.value.rcvd.code == server.CODE_BUSY
        assert page.ask("POST", "/frame", message(jpeg()))[0] == 409
        monkeypatch.undo()
        first.send(message(jpeg(), 2))
        assert answers(first)[0]["seq"] == 2


def test_a_page_that_is_opened_again_takes_over(page):
    with page.socket() as first, page.socket() as second:
        second.send(message(jpeg(), 4))
        assert answers(second)[0]["seq"] == 4
        until_closed(first)


def test_a_body_that_is_broken_off_is_one_line(page, lines):
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as link:
        link.sendall(
            f"POST /frame HTTP/1.1\r\nHost: localhost:{page.port}\r\nX-Roomsweep-Token: {page.token}\r\n"
            "Content-Length: 1000\r\n\r\nabc".encode()
        )
    deadline = time.monotonic() + 5.0
    while not lines() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [line.partition(" (")[0] for line in lines()] == ["refused: a body that was broken off"]
    assert page.works()


def test_the_phone_may_be_turned_and_the_mode_changed(page, lines):
    turns = [(jpeg(640, 360), {}), (jpeg(360, 640), {}), (jpeg(640, 360, level=5), {"mode": "dark", "torch": "off"})]
    turns.append((jpeg(360, 640), {"mode": "blink", "torch": "off"}))
    with page.socket() as link:
        for seq in range(1, 25):
            picture, header = turns[(seq - 1) // 6]
            link.send(message(picture, seq, **header))
            assert answers(link)[0]["seq"] == seq
            time.sleep(0.02)
    result = json.loads(page.ask("POST", "/end", b"")[2])["result"]
    assert {source["kind"]: source["state"] for source in result["sources"]} == {
        "video": "examined",
        "dark_video": "examined",
    }
    assert lines() == []


def test_the_newest_frame_wins(page):
    picture = jpeg(1280, 720)
    with page.socket() as link:
        for seq in range(1, 26):
            link.send(message(picture, seq))
        got = []
        while not got or got[-1]["seq"] != 25:
            got += answers(link)
    seqs = [answer["seq"] for answer in got]
    assert seqs == sorted(seqs)
    assert got[-1]["dropped"] == 25 - len(got)


def test_more_frames_than_can_be_shown_are_not_taken(page):
    picture = jpeg(64, 64)
    with page.socket() as link:
        for seq in range(1, 400):
            link.send(message(picture, seq))
        time.sleep(0.5)
        link.send(message(picture, 1000))
        got = []
        while not got or got[-1]["seq"] != 1000:
            got += answers(link)
    assert got[-1]["dropped"] > 100


def test_photos_and_zones_are_taken_into_the_sweep(page):
    status, _, body = page.ask("POST", "/zone", json.dumps({"zone": "bed"}).encode())
    assert (status, json.loads(body)["zone"]) == (200, "bed")
    assert page.ask("POST", "/zone", b"[]")[0] == 400
    picture = np.full((900, 1200, 3), 90, np.uint8)
    cv2.circle(picture, (400, 300), 2, (255, 255, 255), -1)
    status, _, body = page.ask("POST", "/still", cv2.imencode(".jpg", picture)[1].tobytes())
    assert status == 200
    found = json.loads(body)["findings"]
    assert any(abs(item["x"] * 1200 - 400) < 3 and abs(item["y"] * 900 - 300) < 3 for item in found)
    assert {item["zone"] for item in found} == {"bed"}
    status, _, body = page.ask("POST", "/still", jpeg(), headers={"X-Roomsweep-Zone": "%E5%BA%8A"})
    assert status == 200
    status, _, body = page.ask("POST", "/end", b"")
    document = json.loads(body)
    assert [source["kind"] for source in document["result"]["sources"]] == ["photo", "photo"]
    zones = {finding["where"].get("zone") for finding in document["result"]["findings"]}
    assert "bed" in zones
    status, headers, report = page.ask("GET", document["report"], token=False)
    assert status == 200
    assert "script-src" not in headers["content-security-policy"]
    assert b"<html" in report


def test_a_sweep_without_a_frame_says_so(tmp_path):
    with served(tmp_path / "sweep", local=True) as page:
        assert page.ask("GET", "/report")[0] == 404
    (ended,) = page.ended
    assert str(ended.result.verdict) == "not_examined"
    assert any("sent no frame" in limit for limit in ended.result.limits)


def test_the_phone_is_told_when_the_computer_ends_it(tmp_path):
    with served(tmp_path / "sweep", local=True) as page, page.socket() as link:
        link.recv(timeout=5)
        page.live.stop()
        assert json.loads(link.recv(timeout=5))["state"] == "ended"
        until_closed(link)


def test_a_phone_that_does_not_answer_the_close_does_not_hold_it_up(tmp_path):
    with served(tmp_path / "sweep", local=True) as page, socket.create_connection(("127.0.0.1", page.port)) as link:
        link.sendall(
            f"GET /frames?t={page.token} HTTP/1.1\r\nHost: localhost:{page.port}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
        )
        assert b" 101 " in link.recv(200)
        page.live.stop()
        start = time.monotonic()
        while not page.ended and time.monotonic() - start < 10.0:
            time.sleep(0.05)
        assert page.ended


def test_a_lens_is_circled_and_named_in_the_result(page):
    clip = synthetic_clip(seed=3, seconds=2.0, fps=12.0, width=1280, height=720, place="room")
    frames = list(clip.frames())
    seen = []
    with page.socket() as link:
        link.recv(timeout=5)
        for number, frame in enumerate(frames, start=1):
            picture = cv2.imencode(".jpg", frame.image)[1].tobytes()
            link.send(message(picture, number, t_ms=1000.0 * frame.t_s, zone="desk", yaw_deg=10.0, pitch_deg=0.0))
            (answer,) = answers(link)
            (lens,) = frame.lenses
            near = [
                item
                for item in answer["findings"]
                if np.hypot(1280 * item["x"] - lens.x_px, 720 * item["y"] - lens.y_px) < 15.0
            ]
            seen.append((answer, near))
            time.sleep(0.05)
    circled = [near[0] for _, near in seen if near]
    assert len(circled) >= 6
    assert {item["id"] for item in circled} == {circled[0]["id"]}
    assert {item["level"] for item in circled} <= {"look", "suspect"}
    assert any((item["crop"] or "").startswith("data:image/jpeg;base64,") for item in circled)
    assert seen[-1][0]["coverage"]["share"] > 0.05
    result = json.loads(page.ask("POST", "/end", b"")[2])
    (lens,) = [
        item
        for item in result["result"]["findings"]
        if item["level"] != "noted" and item["where"]["zone"] == "desk"
        if any(
            np.hypot(item["where"]["x_px"] - frame.lenses[0].x_px, item["where"]["y_px"] - frame.lenses[0].y_px) < 15.0
            for frame in frames
        )
    ]
    assert result["crops"][lens["id"]].startswith("data:image/jpeg;base64,")
    assert result["result"]["limits"]
