"""Certificate, messages, hints, coverage and the carrying of places, each by itself."""

import ipaddress
import itertools
import stat
import subprocess
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.cli.live.addresses import host_text, reached
from roomsweep.cli.live.carrying import Carrier
from roomsweep.cli.live.certificate import DAYS, certificate_for
from roomsweep.cli.live.coverage import Coverage
from roomsweep.cli.live.dark_following import DarkFollowing
from roomsweep.cli.live.following import LitFollowing, LiveFrame
from roomsweep.cli.live.hints import Hints
from roomsweep.cli.live.messages import FRAME_BYTES_MAX, FRAME_PIXELS_MAX, RefusedError, jpeg_size, read_message
from roomsweep.cli.live.session import RATE_HZ, Session
from roomsweep.detect.errors import UnavailableError
from roomsweep.detect.lens.profile import CameraProfile

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOME = [ipaddress.ip_address("192.168.1.5"), ipaddress.ip_address("::1")]
NAMES = ["localhost", "laptop.local"]


def openssl(path, *what):
    done = subprocess.run(["openssl", "x509", "-in", path, "-noout", *what], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_certificate_says_what_browsers_ask_for(tmp_path):
    made = certificate_for(HOME, NAMES, now=NOW, folder=tmp_path)
    text = openssl(made.path, "-text")
    assert "prime256v1" in text
    assert "IP Address:192.168.1.5" in text
    assert "DNS:laptop.local" in text
    assert "TLS Web Server Authentication" in text
    assert "CA:FALSE" in text
    assert made.fingerprint in openssl(made.path, "-fingerprint", "-sha256")
    assert made.ends_at - NOW == timedelta(days=DAYS)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    made.context()


def test_the_certificate_stays_while_it_suits_and_is_renewed_when_it_does_not(tmp_path):
    def fingerprint(addresses=HOME, names=NAMES, after=timedelta()):
        return certificate_for(addresses, names, now=NOW + after, folder=tmp_path).fingerprint

    first = fingerprint()
    assert fingerprint(after=timedelta(days=80)) == first
    assert fingerprint(HOME[:1]) == first
    moved = fingerprint([*HOME, ipaddress.ip_address("10.0.0.7")])
    assert moved != first
    assert fingerprint(names=[*NAMES, "other.local"]) != moved
    last = fingerprint()
    assert fingerprint(after=timedelta(days=89)) != last


@pytest.mark.parametrize("damage", [b"", b"garbage", None, b"x" * 200_000])
def test_a_damaged_certificate_is_made_anew(tmp_path, damage):
    first = certificate_for(HOME, NAMES, now=NOW, folder=tmp_path)
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    again = certificate_for(HOME, NAMES, now=NOW, folder=tmp_path)
    assert again.fingerprint != first.fingerprint
    again.context()


def test_nowhere_to_keep_the_certificate_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnavailableError, match="ROOMSWEEP_HOME"):
        certificate_for(HOME, NAMES, now=NOW, folder=tmp_path / "file" / "live")


def test_this_computer_is_reached_by_its_loopback_at_least():
    here = reached()
    assert {"127.0.0.1", "::1"} <= {str(address) for address in here.addresses}
    assert here.best in here.addresses
    assert "localhost" in here.names
    assert all(not (address.version == 6 and address.is_link_local) for address in here.addresses)
    assert host_text(ipaddress.ip_address("fd00::1")) == "[fd00::1]"


def encoded(width, height, *options):
    ok, data = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8), options)
    assert ok
    return data.tobytes()


@pytest.mark.parametrize("progressive", [0, 1])
@pytest.mark.parametrize(("width", "height"), [(32, 32), (1280, 720), (33, 1000)])
def test_sizes_are_those_that_are_decoded(width, height, progressive):
    data = encoded(width, height, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive)
    assert jpeg_size(data, bytes_max=FRAME_BYTES_MAX, pixels_max=FRAME_PIXELS_MAX) == (width, height)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_frame_or_are_refused(data, picture):
    refused = None
    try:
        read_message(data + (encoded(32, 32) if picture else b""))
    except RefusedError as error:
        refused = error
    assert refused is None or (400 <= refused.status < 500 and "\n" not in refused.what)


@given(st.binary(max_size=200).map(lambda data: b"\xff\xd8\xff" + data))
def test_any_jpeg_header_is_a_size_or_is_refused(data):
    try:
        width, height = jpeg_size(data, bytes_max=FRAME_BYTES_MAX, pixels_max=FRAME_PIXELS_MAX)
    except RefusedError:
        return
    assert 32 * 32 <= width * height <= FRAME_PIXELS_MAX


def test_a_jpeg_of_very_many_scans_is_refused():
    data = encoded(64, 64)
    with pytest.raises(RefusedError, match="scans"):
        jpeg_size(data + b"\xff\xda" * 100, bytes_max=FRAME_BYTES_MAX, pixels_max=FRAME_PIXELS_MAX)


def texture(seed=2, width=2000, height=1000):
    noise = np.random.default_rng(seed).integers(0, 255, (height // 20, width // 20, 3), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def test_places_are_carried_with_the_picture():
    world, carrier = texture(), Carrier()
    for number in range(6):
        left, top = 100 + 15 * number, 50 + 6 * number
        carrier.see(np.ascontiguousarray(world[top : top + 720, left : left + 1280]), number)
    (moved, gone) = carrier.carried([(640.0, 360.0), (20.0, 300.0)], since=0)
    assert moved == pytest.approx((640.0 - 75.0, 360.0 - 30.0), abs=3.0)
    assert gone is None
    assert carrier.carried([(5.0, 6.0)], since=5) == [(5.0, 6.0)]
    assert carrier.carried([(5.0, 6.0)], since=77) == [None]
    assert carrier.carried([], since=0) == []


def test_places_are_not_carried_over_a_turned_phone():
    carrier = Carrier()
    assert carrier.carried([(1.0, 2.0)], since=0) == [None]
    carrier.see(np.zeros((720, 1280, 3), np.uint8), 1)
    carrier.see(np.zeros((1280, 720, 3), np.uint8), 2)
    assert carrier.carried([(1.0, 2.0)], since=1) == [None]


def hints_of(images, *, mode="torch", torch="on", hz=15.0):
    hints, out = Hints(), []
    for number, image in enumerate(images):
        out = hints.push(image, t_s=number / hz, mode=mode, torch=torch)
    return out


def test_hints_tell_what_is_wrong_with_the_way_it_is_done():
    world = texture(width=4000)
    still = [world[:720, :1280]] * 8
    assert hints_of(still) == []
    assert hints_of([world[:720, 60 * n : 60 * n + 1280] for n in range(8)]) == ["too_fast"]
    assert hints_of([world[:720, 6 * n : 6 * n + 1280] for n in range(8)]) == []
    assert hints_of([image // 30 for image in still]) == ["too_dark"]
    assert hints_of([image // 3 for image in still]) == ["too_far"]
    assert hints_of(still, torch="off") == ["no_torch"]
    assert hints_of(still, mode="dark", torch="off") == ["not_dark"]
    assert hints_of([image // 30 for image in still], mode="dark", torch="off") == []
    assert hints_of(still[:2], torch="off") == []


def test_coverage_counts_where_the_camera_has_looked():
    coverage, profile = Coverage(), CameraProfile()
    assert coverage.record()["share"] == 0.0

    def look(yaw_deg, pitch_deg=0.0):
        coverage.look(yaw_deg=yaw_deg, pitch_deg=pitch_deg, width=1280, height=720, profile=profile)
        return coverage.record()

    one = look(0.0)
    columns = {cell % one["columns"] for cell in one["seen"]}
    # 70 degrees wide about north: columns on both sides of it, none behind.
    assert {0, 1, 2, 33, 34, 35} <= columns
    assert not columns & set(range(6, 30))
    assert look(0.0) == one
    look(None)
    assert coverage.record() == one
    for yaw_deg, pitch_deg in itertools.product(range(0, 360, 20), (-60, -30, 0, 30, 60)):
        look(float(yaw_deg), float(pitch_deg))
    assert coverage.record()["share"] == 1.0


def test_a_blinking_torch_tells_what_it_makes_from_what_shines():
    world = (texture(width=1600) // 4 + 40).astype(np.uint8)
    made, shining = (500, 300), (900, 420)
    following = LitFollowing(source_id="video-1", name="live")
    for number in range(48):
        lit = number % 16 < 10
        image = world.copy() if lit else (world * 0.4).astype(np.uint8)
        for centre in (made, shining) if lit else (shining,):
            cv2.circle(image, centre, 2, (250, 250, 250), -1, cv2.LINE_AA)
        shift = 2 * number
        view = np.ascontiguousarray(image[100:820, shift : shift + 1280])
        frame = LiveFrame(image=view, t_s=number / 12.0, jpeg=b"jpeg", zone="desk")
        if lit:
            following.push(frame)
        else:
            following.push_unlit(frame)
    assert following.pairs == 3
    examined = following.examined()
    assert examined.source.facts["torch_pairs"] == 3

    def rules(centre):
        return {
            line.rule
            for item in examined.findings
            if abs(item.where.y_px - centre[1] + 100) < 3 and abs(item.where.x_px - centre[0] + 47) < 52
            for line in item.evidence
        }

    assert "torch.gated" in rules(made)
    assert "torch.persists" in rules(shining)


def test_lights_in_the_dark_are_followed_and_lit_frames_are_not_judged():
    following = DarkFollowing(source_id="dark-video-1", name="live")
    shown = []
    for number in range(8):
        image = np.random.default_rng(number).normal(4, 1, (720, 1280, 3)).clip(0, 255).astype(np.uint8)
        for spot in range(6):
            angle = spot * np.pi / 3
            centre = (round(600 + 4 * number + 25 * np.cos(angle)), round(300 + 25 * np.sin(angle)))
            cv2.circle(image, centre, 3, (250, 120, 240), -1, cv2.LINE_AA)
        shown = following.push(LiveFrame(image=image, t_s=number / 15.0, jpeg=b"jpeg", zone="door"))
    (one,) = shown
    assert one.x_px == pytest.approx(628.0, abs=3.0)
    assert str(one.level) == "look"
    (finding,) = following.examined().findings
    assert finding.id == one.id
    assert finding.where.zone == "door"
    assert following.pictures()[one.id][1] == b"jpeg"
    bright = np.full((720, 1280, 3), 120, np.uint8)
    for _ in range(20):
        assert following.push(LiveFrame(image=bright, t_s=1.0, jpeg=b"", zone=None)) == []
    assert str(following.examined().source.state) == "partial"


def test_one_phone_may_take_over_from_one_that_fell_silent():
    time_s = [0.0]
    session = Session(origins=["https://10.0.0.1:8443"], clock=lambda: time_s[0])
    assert session.take("a")
    assert not session.take("b")
    time_s[0] += 11.0
    assert session.take("b")
    session.leave("a")
    assert not session.take("a")
    session.leave("b")
    assert session.take("a")
    assert session.is_own_host("10.0.0.1:8443")
    assert not session.is_own_host("10.0.0.1")
    assert session.is_own_origin(None)
    assert not session.is_own_origin("http://10.0.0.1:8443")
    assert session.knows(session.token)
    assert not session.knows("é\ud800")


def test_the_rate_is_held_over_time():
    time_s = [0.0]
    session = Session(origins=[], clock=lambda: time_s[0])
    taken = 0
    for _ in range(1000):
        taken += session.in_time()
        time_s[0] += 0.005
    assert taken == pytest.approx(30 + 5.0 * RATE_HZ, abs=2)
