import base64
import io
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageOps

from roomsweep.detect.errors import InputError
from roomsweep.detect.lens.profile import CameraProfile
from roomsweep.detect.lens.reading import PIXELS_MAX, SIDE_MIN, read_picture

HEIGHT, WIDTH = 60, 80

#: A smooth picture without symmetry, blue-green-red.
SCENE = np.stack(
    [
        np.add.outer(np.linspace(20, 120, HEIGHT), np.linspace(0, 100, WIDTH)),
        np.add.outer(np.linspace(200, 40, HEIGHT), np.linspace(0, 40, WIDTH)),
        np.add.outer(np.linspace(0, 60, HEIGHT), np.linspace(150, 10, WIDTH)),
    ],
    axis=2,
).astype(np.uint8)
PHOTO = Pillow.fromarray(np.ascontiguousarray(SCENE[..., ::-1]))

#: 64 x 48 pixels in four even quarters (red, green; blue, white), orientation 6, focal length 26 mm, made by x265.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAA"
    "AAAERAAAIAAQAAAAAB7AABAAAAAAAAAOYAAgAAAAAC0gABAAAAAAAAAFQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVp"
    "bmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGE"
    "ABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkA"
    "AAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEH"
    "BpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEAAQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAUJtZGF0AAAA"
    "4igBrwT47Xl0S1v95aT//Y2/f/o9uW3G0tOxx4H0rGJfp9h//bpgLMXY28Qply2B6FyfKorP9UZMhc4mnvv2f5Yf//R1x/+RDD8qQVubf1F0w9"
    "jof/JfTe/JEB/xJvz5t6b/+fpLbUejAHNM0BSE7pHmwg6yrggPy4pfr5+FoWyUR39zQAeW2E2ypTFUyHtJwvTUMlIYL/KE0gA5hLgx66CeTKwS"
    "LwjutAd26bwCnQ6D13i5GIbssVhBLF2TZMykO7uIAe1UAVLYc5aF7d4sSPFZr/yVX2rjjxRQwVBh198/FhAAAAAGRXhpZgAATU0AKgAAAAgAAw"
    "EQAAIAAAAFAAAAMgESAAMAAAABAAYAAIdpAAQAAAABAAAAOAAAAABUZXN0AAAAAaQFAAMAAAABABoAAAAAAAA="
)


def encoded(format_name: str, picture: Pillow.Image = PHOTO, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format_name, **options)
    return out.getvalue()


def encoded_by_opencv(suffix: str, image: np.ndarray) -> bytes:
    done, data = cv2.imencode(suffix, image)
    assert done
    return data.tobytes()


def with_exif(**tags: object) -> bytes:
    exif = Pillow.Exif()
    if "orientation" in tags:
        exif[0x0112] = tags["orientation"]
    if "focal" in tags:
        exif.get_ifd(0x8769)[0xA405] = tags["focal"]
    if "model" in tags:
        exif[0x010F], exif[0x0110] = "Maker", tags["model"]
    return exif.tobytes()


def png_header(width: int, height: int) -> bytes:
    """A small PNG that claims a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


def refused(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_picture(data, name="the picture.jpg")
    assert str(caught.value).startswith("the picture.jpg ")
    assert caught.value.hint
    return caught.value.what


@pytest.mark.parametrize(
    ("data", "off_by"),
    [
        pytest.param(encoded("PNG"), 0, id="png"),
        pytest.param(encoded("TIFF"), 0, id="tiff"),
        pytest.param(encoded("TIFF", compression="tiff_lzw"), 0, id="tiff-lzw"),
        pytest.param(encoded("BMP"), 0, id="bmp"),
        pytest.param(encoded("WEBP", lossless=True), 0, id="webp"),
        pytest.param(encoded("WEBP", quality=95), 9, id="webp-lossy"),
        pytest.param(encoded("JPEG", quality=95, subsampling=0), 6, id="jpeg"),
        pytest.param(encoded("JPEG", quality=95, subsampling=0, progressive=True), 6, id="jpeg-progressive"),
        pytest.param(encoded("JPEG", PHOTO.convert("CMYK"), quality=95), 6, id="jpeg-cmyk"),
        pytest.param(encoded("TIFF", PHOTO.convert("CMYK")), 1, id="tiff-cmyk"),
        pytest.param(encoded_by_opencv(".png", SCENE.astype(np.uint16) * 257), 1, id="png-16-bit"),
        pytest.param(encoded_by_opencv(".tiff", SCENE.astype(np.uint16) * 257), 1, id="tiff-16-bit"),
        pytest.param(encoded("PNG", PHOTO.convert("RGBA")), 0, id="rgba"),
        pytest.param(encoded("PNG", PHOTO.quantize(256)), 12, id="palette"),
    ],
)
def test_every_format_gives_the_picture(data: bytes, off_by: int) -> None:
    picture = read_picture(data, name="x")
    assert picture.image.shape == (HEIGHT, WIDTH, 3)
    assert picture.image.dtype == np.uint8
    assert np.abs(picture.image.astype(int) - SCENE).max() <= off_by
    assert picture.damage is None
    assert (picture.facts["width_px"], picture.facts["height_px"]) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded("PNG", PHOTO.convert("L")), id="png-8"),
        pytest.param(encoded("JPEG", PHOTO.convert("L"), quality=100), id="jpeg-8"),
        pytest.param(encoded_by_opencv(".png", np.asarray(PHOTO.convert("L"), np.uint16) * 257), id="png-16"),
        pytest.param(encoded_by_opencv(".tiff", np.asarray(PHOTO.convert("L"), np.uint16) * 257), id="tiff-16"),
        pytest.param(encoded_by_opencv(".png", np.asarray(PHOTO.convert("L"), np.uint16)), id="png-16-small-values"),
        pytest.param(encoded_by_opencv(".tiff", np.asarray(PHOTO.convert("L"), np.float32) / 255), id="tiff-float"),
        pytest.param(encoded("PNG", PHOTO.convert("LA")), id="png-alpha"),
    ],
)
def test_grey_pictures_become_three_equal_channels(data: bytes) -> None:
    image = read_picture(data, name="x").image
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert (np.ptp(image, axis=2) == 0).all()
    assert np.abs(image[..., 0].astype(int) - np.asarray(PHOTO.convert("L"))).max() <= 2


def test_black_float_and_16_bit_pictures_stay_black() -> None:
    black = np.zeros((HEIGHT, WIDTH), np.float32)
    assert read_picture(encoded_by_opencv(".tiff", black), name="x").image.max() == 0
    assert read_picture(encoded_by_opencv(".png", black.astype(np.uint16)), name="x").image.max() == 0


@pytest.mark.parametrize("how", ["rgba", "palette"])
def test_what_is_transparent_is_black_not_a_hidden_colour(how: str) -> None:
    if how == "rgba":
        cut = PHOTO.convert("RGBA")
        cut.putalpha(Pillow.fromarray(np.repeat([[0] * 40 + [255] * 40], HEIGHT, axis=0).astype(np.uint8)))
        data = encoded("PNG", cut)
    else:
        two = Pillow.fromarray(np.repeat([[0] * 40 + [1] * 40], HEIGHT, axis=0).astype(np.uint8), "L").convert("P")
        two.putpalette([255, 255, 255, 200, 100, 50])
        data = encoded("PNG", two, transparency=0)
    image = read_picture(data, name="x").image
    assert image[:, :40].max() == 0
    assert (image[:, 40:] == (SCENE[:, 40:] if how == "rgba" else [50, 100, 200])).all()


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_upright_picture(orientation: int, format_name: str) -> None:
    # How a camera stores what it saw; the values are those of EXIF 2.32, tag Orientation.
    T = Pillow.Transpose  # noqa: N806
    stored = {
        1: None,
        2: T.FLIP_LEFT_RIGHT,
        3: T.ROTATE_180,
        4: T.FLIP_TOP_BOTTOM,
        5: T.TRANSPOSE,
        6: T.ROTATE_90,
        7: T.TRANSVERSE,
        8: T.ROTATE_270,
    }[orientation]
    turned = PHOTO if stored is None else PHOTO.transpose(stored)
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format_name, {})
    data = encoded(format_name, turned, exif=with_exif(orientation=orientation), **options)
    image = read_picture(data, name="x").image
    assert image.shape == SCENE.shape
    assert np.abs(image.astype(int) - SCENE).max() <= 8


def test_heic_is_read_upright_with_its_focal_length() -> None:
    pytest.importorskip("pi_heif")
    picture = read_picture(HEIC, name="x.heic")
    assert picture.image.shape == (64, 48, 3)
    corners = [picture.image[y, x] for y in (12, 52) for x in (12, 36)]  # turned by a quarter: blue red, white green
    expected = [[200, 40, 40], [40, 40, 200], [220, 220, 220], [40, 200, 40]]
    assert np.abs(np.array(corners, int) - expected).max() <= 6
    assert picture.facts["format"] == "HEIF"
    assert picture.facts["focal_length_35mm"] == 26
    assert picture.facts["camera"] == "Test"


def test_focal_length_makes_the_profile() -> None:
    # 26 mm on 36 mm of film width: 2 atan(18 / 26) = 69.39 degrees.
    picture = read_picture(encoded("JPEG", exif=with_exif(focal=26, model="One")), name="x")
    assert picture.profile.hfov_deg == pytest.approx(69.39, abs=0.01)
    assert not picture.profile.measured
    assert picture.facts["camera"] == "Maker One"
    tele = read_picture(encoded("JPEG", exif=with_exif(focal=77)), name="x")
    assert tele.profile.hfov_deg == pytest.approx(26.3, abs=0.1)
    assert tele.profile.glint_px(4000, 3000) > 2 * picture.profile.glint_px(4000, 3000)


@pytest.mark.parametrize("focal", [0, 3, 5000])
def test_impossible_focal_lengths_are_left_out(focal: int) -> None:
    picture = read_picture(encoded("JPEG", exif=with_exif(focal=focal)), name="x")
    assert picture.profile == CameraProfile()
    assert "focal_length_35mm" not in picture.facts


def test_glint_width_follows_from_geometry() -> None:
    # 4 mm at 0.5 m is 0.458 degrees; 70 degrees over 4000 pixels is a focal length of 2856 pixels: 22.8 + 4 pixels.
    assert CameraProfile().glint_px(4000, 3000) == CameraProfile().glint_px(3000, 4000) == 27
    for side in (32, 100, 640, 1280, 4000, 12000):
        assert CameraProfile().glint_px(side, side) % 2 == 1
        assert CameraProfile().glint_px(side, side) >= 5


def test_the_file_is_named_by_its_sha256() -> None:
    import hashlib

    data = encoded("PNG")
    picture = read_picture(data, name="x")
    assert picture.sha256 == picture.facts["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty (0 bytes)"),
        (b"this is a note\n" * 20, "is a text file"),
        (encoded("GIF", PHOTO.quantize()), "is a GIF picture"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(400), "is a video"),
        (b"\x1aE\xdf\xa3" + bytes(100), "is a video"),
        (b"RIFF\0\0\0\0AVI LIST" + bytes(100), "is a video"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12ab\nsize 100\n", "is a pointer of Git LFS"),
        (bytes(range(256)), "is not a picture"),
        (b"x", "is a text file"),
        (b"\0", "is not a picture"),
        (encoded("PNG")[:30], "is not a picture"),
        (encoded("JPEG")[:100], "cannot be read as a picture"),
        (encoded("PNG", PHOTO.resize((SIDE_MIN - 1, 200))), f"is only {SIDE_MIN - 1} x 200 pixels"),
        (encoded("PNG", PHOTO.resize((1, 1))), "is only 1 x 1 pixels"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(data: bytes, what: str) -> None:
    assert refused(data).startswith(what)


def test_the_smallest_side_is_read() -> None:
    small = read_picture(encoded("PNG", PHOTO.resize((SIDE_MIN, SIDE_MIN))), name="x")
    assert small.image.shape == (SIDE_MIN, SIDE_MIN, 3)


@pytest.mark.parametrize(
    "size", [(60_000, 60_000), (11_000, 11_000), (33_000, 40), (40, 33_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_claim_of_too_many_pixels_is_refused_before_decoding(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("it was decoded")

    from PIL import ImageFile

    monkeypatch.setattr(ImageFile.ImageFile, "load", never)
    assert size[0] * size[1] > PIXELS_MAX or max(size) > 32_000
    assert "claims" in refused(png_header(*size))


def test_half_a_jpeg_is_read_and_says_how_much() -> None:
    rng = np.random.default_rng(1)
    grain = Pillow.fromarray(rng.integers(0, 256, (200, 160, 3), dtype=np.uint8))
    data = encoded("JPEG", grain, quality=90)
    picture = read_picture(data[: len(data) // 2], name="x")
    assert picture.damage is not None
    words = picture.damage.split()
    share = int(words[words.index("%") - 1])
    assert 40 <= share <= 60
    whole = read_picture(data, name="x").image.astype(int)
    assert np.abs(picture.image[:80].astype(int) - whole[:80]).mean() < 3
    assert np.abs(picture.image[120:].astype(int) - whole[120:]).mean() > 20


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF"])
def test_half_of_other_formats_is_read_or_refused(format_name: str) -> None:
    rng = np.random.default_rng(2)
    grain = Pillow.fromarray(rng.integers(0, 256, (100, 90, 3), dtype=np.uint8))
    data = encoded(format_name, grain)
    picture = read_picture(data[: len(data) // 2], name="x")
    assert picture.damage is not None
    assert "ends early" in picture.damage
    share = int(picture.damage.split(" %")[0].split()[-1])
    assert 40 <= share <= 60


def test_reading_half_a_picture_leaves_pillow_as_it_was() -> None:
    from PIL import ImageFile

    data = encoded("JPEG")
    read_picture(data[: 3 * len(data) // 4], name="x")
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("format_name", ["TIFF", "PNG", "WEBP"])
def test_several_pictures_in_one_file_are_said(format_name: str) -> None:
    other = ImageOps.mirror(PHOTO)
    options = {"lossless": True} if format_name == "WEBP" else {}
    data = encoded(format_name, save_all=True, append_images=[other, PHOTO], **options)
    picture = read_picture(data, name="x")
    assert picture.damage == "holds 3 pictures, of which the first was looked at"
    assert (picture.image == SCENE).all()


def test_a_phone_picture_with_its_preview_is_one_picture() -> None:
    data = encoded("MPO", save_all=True, append_images=[PHOTO.resize((40, 30))], quality=95)
    picture = read_picture(data, name="x")
    assert picture.damage is None
    assert picture.facts["format"] == "JPEG"
    assert picture.image.shape == SCENE.shape


def test_damaged_exif_costs_the_exif_only() -> None:
    data = encoded("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(40))
    picture = read_picture(data, name="x")
    assert picture.image.shape == SCENE.shape
    assert picture.profile == CameraProfile()


def read_or_refuse(data: bytes) -> None:
    """Whatever the bytes, a picture or an InputError; and what Pillow warns of reaches nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            picture = read_picture(data, name="x")
        except InputError:
            return
    assert picture.image.dtype == np.uint8
    assert picture.image.ndim == 3
    assert min(picture.image.shape[:2]) >= SIDE_MIN


SEEDS = {
    "jpeg": encoded("JPEG", exif=with_exif(orientation=6, focal=26, model="m"), quality=60),
    "png": encoded("PNG", PHOTO.quantize(16), transparency=1),
    "apng": encoded("PNG", save_all=True, append_images=[ImageOps.mirror(PHOTO)]),
    "tiff": encoded("TIFF", save_all=True, append_images=[PHOTO]),
    "bmp": encoded("BMP"),
    "webp": encoded("WEBP"),
}


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"BM", b"RIFFxxxxWEBP"]),
)
@settings(max_examples=60, deadline=None)
def test_random_bytes_are_refused_cleanly(tail: bytes, head: bytes) -> None:
    read_or_refuse(head + tail)


@pytest.mark.parametrize("kind", SEEDS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_damaged_pictures_are_read_or_refused(kind: str, data: st.DataObject) -> None:
    original = bytearray(SEEDS[kind])
    # Most of what a reader believes stands in the first hundred bytes.
    places = st.integers(0, 150) | st.integers(0, len(original) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        original[place] = value
    if data.draw(st.booleans()):
        del original[data.draw(st.integers(1, len(original))) :]
    read_or_refuse(bytes(original))


def test_a_damaged_list_of_items_in_a_heic_does_not_end_the_program() -> None:
    # pi-heif 1.4.0 ends the whole process on this byte.
    pytest.importorskip("pi_heif")
    place = HEIC.index(b"Exif", HEIC.index(b"infe"))
    assert refused(HEIC[: place + 3] + b"\xff" + HEIC[place + 4 :]) == "is damaged and cannot be decoded"


@given(st.lists(st.tuples(st.integers(0, 520), st.integers(0, 255)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_damaged_heic_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    pytest.importorskip("pi_heif")
    data = bytearray(HEIC)
    for place, value in changes:
        data[place] = value
    read_or_refuse(bytes(data))
