"""``roomsweep calibrate camera`` from files to the stored profile, and sweeps that use it."""

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from roomsweep.cli.app import main
from roomsweep.cli.profiles import SCHEMA, load_profiles, profile_record, save_profile
from roomsweep.cli.report.wording import not_looked_at, range_sentence
from roomsweep.detect.errors import UnavailableError
from roomsweep.detect.lens.profile import CameraProfile, Reach
from roomsweep.detect.result import result_schema

WIDTH, HEIGHT = 640, 480


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def says(self) -> str:
        """What a person reads, as one line."""
        return " ".join((self.out + self.err).split())


def picture(height: float, *, sigma_px: float = 1.0, wall: float = 60.0, seed: int = 0) -> np.ndarray:
    """A noisy grey wall with one point of light in the middle, as high as asked for in grey levels."""
    rows, columns = np.indices((HEIGHT, WIDTH)) + 0.5
    spot = height * np.exp(-((columns - 320.2) ** 2 + (rows - 240.1) ** 2) / (2 * sigma_px**2))
    grey = wall + spot + np.random.default_rng(seed).normal(0.0, 0.8, spot.shape)
    return np.repeat(np.clip(np.round(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def write(path: Path, image: np.ndarray, *, camera: str | None = "Maker Phone", focal_mm: int | None = 26) -> Path:
    """Write a JPEG as a phone does."""
    exif = Pillow.Exif()
    if camera:
        exif[0x010F], exif[0x0110] = camera.split()
    if focal_mm:
        exif.get_ifd(0x8769)[0xA405] = focal_mm
    Pillow.fromarray(image[..., ::-1]).save(path, "JPEG", quality=97, exif=exif)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROOMSWEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, Path]:
    """The known lens at 1 and 2 metres."""
    return write(tmp_path / "one.jpg", picture(150.0)), write(tmp_path / "two.jpg", picture(35.0, seed=1))


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    def run_it(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["roomsweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.out + captured.err
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run_it


def test_from_photos_to_a_profile_that_sweeps_use(run: Any, photos: tuple[Path, Path], home: Path) -> None:
    one, two = photos
    before = json.loads(run("glint", one, "--json").out)
    assert before["sources"][0]["facts"]["camera_profile"] == "focal length from the file, else defaults"
    assert set(not_looked_at({"no_range"})) <= set(before["limits"])

    ran = run("calibrate", "camera", "--lens", one, 1.0, "--lens", two, 2, "--torch-offset-mm", 12)
    assert ran.status == 0
    assert re.search(r"1\.5 mm shows (up to about|to|not even from) [\d.]+ m", ran.says)
    assert "Next:" in ran.says
    (stored,) = (home / "cameras").iterdir()
    assert stored.name == "Maker_Phone_640x480.json"
    document = json.loads(stored.read_text())
    assert document["schema"] == SCHEMA
    assert document["profile"]["torch_offset_mm"] == 12
    # 26 mm on 36 mm of width.
    assert document["profile"]["hfov_deg"] == pytest.approx(69.39, abs=0.01)
    assert document["profile"]["measured"] is True
    assert [glint["distance_m"] for glint in document["glints"]] == [1.0, 2.0]

    after = json.loads(run("glint", one, "--json").out)
    jsonschema.validate(after, result_schema())
    facts = after["sources"][0]["facts"]
    assert facts["camera_profile"] == "measured: Maker Phone 640x480"
    assert set(facts["smallest_lens_mm"]) == {"0.5 m", "0.75 m", "1 m", "1.5 m", "2 m", "3 m"}
    assert any("With this phone (Maker Phone 640x480) a lens of 1.5 mm" in limit for limit in after["limits"])
    assert not set(not_looked_at({"no_range"})) & set(after["limits"])
    page = run("sweep", "--photo", one, "--out", "report")
    assert "With this phone" in page.says
    assert "With this phone" in Path("report/report.html").read_text(encoding="utf-8")


def test_another_phone_zoom_or_size_keeps_the_defaults(run: Any, photos: tuple[Path, Path], tmp_path: Path) -> None:
    assert run("calibrate", "camera", "--lens", photos[0], "1").status == 0
    others = {
        "other.jpg": write(tmp_path / "other.jpg", picture(150.0), camera="Other Phone"),
        "wide.jpg": write(tmp_path / "wide.jpg", picture(150.0), focal_mm=13),
        "small.jpg": write(tmp_path / "small.jpg", picture(150.0)[:400]),
    }
    for path in others.values():
        result = json.loads(run("glint", path, "--json").out)
        assert "measured" not in result["sources"][0]["facts"]["camera_profile"]
        assert set(not_looked_at({"no_range"})) <= set(result["limits"])
    dark = json.loads(run("glint", photos[0], "--dark", "--json").out)
    assert dark["sources"][0]["facts"]["camera_profile"] == "measured: Maker Phone 640x480"
    assert not any("With this phone" in limit for limit in dark["limits"])
    nameless = write(tmp_path / "nameless.jpg", picture(150.0), camera=None, focal_mm=None)
    told = json.loads(run("glint", nameless, "--json").out)["sources"][0]["facts"]["camera_profile"]
    assert told.startswith("measured: Maker Phone 640x480 (chosen by the size")


def test_json_is_the_profile_alone(run: Any, photos: tuple[Path, Path], home: Path) -> None:
    ran = run("calibrate", "camera", "--lens", photos[0], "1", "--name", "Desk phone", "--hfov", "66", "--json")
    assert ran.status == 0
    document = json.loads(ran.out)
    assert document == json.loads((home / "cameras" / "Desk_phone.json").read_text())
    assert document["hfov_from"] == "given"
    assert document["profile"]["name"] == "Desk phone"
    (profile,), bad = load_profiles()
    assert bad == ()
    assert profile_record(profile) == document["profile"]


def test_a_clip_is_measured_and_clips_use_its_profile(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "lens.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (WIDTH, HEIGHT))
    for seed in range(8):
        writer.write(picture(120.0, seed=seed))
    writer.release()
    assert run("calibrate", "camera", "--lens", path, "1.5", "--name", "clip").status == 0
    result = json.loads(run("glint", path, "--json").out)
    assert result["sources"][0]["facts"]["camera_profile"].startswith("measured: clip")
    assert any("With this phone (clip)" in limit for limit in result["limits"])


def test_dark_and_white_frames_and_a_missing_field_of_view(run: Any, photos: tuple[Path, Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    white = np.clip(np.round(170 + rng.normal(0, 2.0, (HEIGHT, WIDTH, 3))), 0, 255).astype(np.uint8)
    dark = np.clip(np.round(rng.normal(0, 2.0, (HEIGHT, WIDTH, 3))), 0, 255).astype(np.uint8)
    frames = write(tmp_path / "dark.jpg", dark), write(tmp_path / "white.jpg", white)
    lens = write(tmp_path / "lens.jpg", picture(150.0), focal_mm=None)
    ran = run("calibrate", "camera", "--lens", lens, "1", "--dark", frames[0], "--white", frames[1])
    assert ran.status == 0
    assert "70.0 degrees (a default: give --hfov or --chart)" in ran.says
    assert "not measured (give" not in ran.says
    (profile,), _ = load_profiles()
    # Sigma 2 of 255 in the dark, where the curve's slope is 12.92, in the luma of three channels.
    assert profile.read_noise == pytest.approx(0.6687 * 2.0 / 255 / 12.92, rel=0.25)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name at least one picture of a known lens"),
        (["--lens", "one.jpg"], "--lens takes a file and its distance"),
        (["--lens", "one.jpg", "near"], "“near” is not a number"),
        (["--lens", "one.jpg", "0"], "0 is not greater than 0"),
        (["--lens", "one.jpg", "-1"], "-1 is not greater than 0"),
        (["--lens", "one.jpg", "nan"], "nan is not greater than 0"),
        (["--lens", "one.jpg", "75"], "give it in metres"),
        (["--lens", "one.jpg", "1", "--lens-mm", "0"], "--lens-mm is 0"),
        (["--lens", "one.jpg", "1", "--hfov", "200"], "--hfov is 200"),
        (["--lens", "one.jpg", "1", "--hfov", "70", "--chart", "c.jpg", "1"], "not both"),
        (["--lens", "one.jpg", "1", "--chart", "c.jpg"], "--chart takes a file"),
        (["--lens", "one.jpg", "1", "--torch-offset-mm", "-3"], "--torch-offset-mm is -3"),
        (["--lens", "one.jpg", "1", "--name", "//"], "--name needs"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(
    run: Any, photos: tuple[Path, Path], home: Path, arguments: list[str], says: str
) -> None:
    ran = run("calibrate", "camera", *arguments)
    assert ran.status == 2
    assert says in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert ran.out == ""
    assert not home.exists()


def test_bad_input_is_one_sentence_and_status_3(
    run: Any, photos: tuple[Path, Path], home: Path, tmp_path: Path
) -> None:
    one, _ = photos
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "half.jpg").write_bytes(one.read_bytes()[: one.stat().st_size // 2])
    write(tmp_path / "bare.jpg", picture(0.0))
    write(tmp_path / "full.jpg", picture(900.0))
    write(tmp_path / "small.jpg", picture(100.0)[:400])
    write(tmp_path / "other.jpg", picture(100.0), camera="Other Phone")
    for arguments, says in (
        (["--lens", "absent.jpg", "1"], "absent.jpg was not found"),
        (["--lens", tmp_path, "1"], "is a folder"),
        (["--lens", "empty.jpg", "1"], "empty.jpg is empty"),
        (["--lens", "half.jpg", "1"], "half.jpg ends early"),
        (["--lens", "bare.jpg", "1"], "bare.jpg shows no bright spot"),
        (["--lens", "full.jpg", "1"], "full.jpg shows the lens overexposed"),
        (["--lens", one, "1", "--lens", "small.jpg", "2"], "small.jpg is 640 x 400 pixels"),
        (["--lens", one, "1", "--lens", "other.jpg", "2"], "other.jpg was taken by another camera"),
        (["--lens", one, "1", "--dark", "full.jpg"], "full.jpg is not dark"),
        (["--lens", one, "1", "--chart", "bare.jpg", "1"], "bare.jpg shows no chessboard"),
    ):
        ran = run("calibrate", "camera", *arguments)
        assert ran.status == 3, says
        assert says in ran.err
        assert len(ran.err.strip().splitlines()) == 1
        assert not home.exists()


def test_a_folder_that_cannot_be_written_is_status_4_after_the_result(
    run: Any, photos: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ROOMSWEEP_HOME", str(tmp_path / "file"))
    ran = run("calibrate", "camera", "--lens", photos[0], "1", "--json")
    assert ran.status == 4
    assert json.loads(ran.out)["schema"] == SCHEMA
    assert "ROOMSWEEP_HOME" in ran.err
    with pytest.raises(UnavailableError):
        save_profile({}, name="x")


def test_a_damaged_profile_stops_no_sweep(run: Any, photos: tuple[Path, Path], home: Path) -> None:
    (home / "cameras").mkdir(parents=True)
    (home / "cameras" / "bent.json").write_text("{")
    ran = run("glint", photos[0], "--json")
    assert ran.status == 0
    limits = json.loads(ran.out)["limits"]
    assert any("bent.json cannot be used" in limit for limit in limits)
    assert set(not_looked_at({"no_range"})) <= set(limits)


def test_the_newest_of_two_profiles_of_one_camera_is_used(run: Any, photos: tuple[Path, Path]) -> None:
    profile = CameraProfile(measured=True, sides_px=(WIDTH, HEIGHT), camera="Maker Phone", hfov_deg=69.4)
    for name, made_at in (("old", "2026-01-01T00:00:00+00:00"), ("new", "2026-02-01T00:00:00+00:00")):
        record = {**profile_record(profile), "name": name}
        save_profile({"schema": SCHEMA, "made_at": made_at, "profile": record}, name=name)
    assert json.loads(run("glint", photos[0], "--json").out)["sources"][0]["facts"]["camera_profile"] == "measured: new"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(sorted(profile_record(CameraProfile()))), value=json_values)
def test_any_stored_profile_is_used_or_named_as_bad(home: Path, key: str, value: object) -> None:
    whole = CameraProfile(measured=True, sides_px=(4, 3), reach=(Reach(distance_m=1.0, smallest_mm=1.0),))
    document = {"schema": SCHEMA, "made_at": "2026", "profile": {**profile_record(whole), key: value}}
    (home / "cameras").mkdir(parents=True, exist_ok=True)
    (home / "cameras" / "any.json").write_text(json.dumps(document))
    profiles, bad = load_profiles()
    assert len(profiles) + len(bad) == 1
    for profile in profiles:
        assert 1.0 <= profile.hfov_deg <= 175.0
        assert 0.1 <= profile.psf_px <= 20.0
        assert range_sentence(profile)


def test_the_range_in_words() -> None:
    steps = ((0.5, 1.2), (1.0, 1.5), (3.0, 2.0))
    profile = CameraProfile(name="P", reach=tuple(Reach(distance_m=d, smallest_mm=s) for d, s in steps))
    said = range_sentence(profile)
    assert "With this phone (P) a lens of 1.5 mm shows up to about 1 m" in said
    assert "one of 1 mm not even from 0.5 m" in said
    assert "one of 3 mm to 3 m and farther" in said
    assert range_sentence(CameraProfile()) in not_looked_at({"no_range"})
    assert "\x1b" not in range_sentence(CameraProfile(name="\x1b[31m", reach=profile.reach))
