"""``roomsweep calibrate camera``: from pictures of a known lens to a camera profile and the phone's range."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..ending import DONE

if TYPE_CHECKING:
    from ...calibration.camera import Calibration, LensPicture
    from ...calibration.noise import Luma
    from ...detect.lens.reading import Picture

#: Frames of a clip that are measured, spread over it: their median evens out the hand.
_FRAMES = 15

#: Frames of a clip that are decoded at most: ten seconds at 60 a second. A clip for this is short.
_FRAMES_MAX = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraInputs:
    """What the user named.

    Parameters
    ----------
    lens
        Photos or clips of the known lens, each with its distance in metres.
    lens_mm
        Opening of that lens.
    dark, white
        Frames for the noise.
    hfov_deg
        Field of view along the longer side, or None.
    chart, square_mm
        Photo of a chessboard and its distance, or None, and the side of its squares.
    torch_offset_mm
        From the camera's centre to the torch's, or None.
    name
        Of the profile; by default the camera's name and the size of its pictures.
    """

    lens: Sequence[tuple[Path, float]]
    lens_mm: float
    dark: Path | None = None
    white: Path | None = None
    hfov_deg: float | None = None
    chart: tuple[Path, float] | None = None
    square_mm: float = 25.0
    torch_offset_mm: float | None = None
    name: str | None = None


def run(inputs: CameraInputs, *, as_json: bool) -> int:
    """Measure, save the profile, tell what came out; return the exit status."""
    from rich.console import Console

    from ...calibration.camera import calibrate_camera
    from ..profiles import save_profile

    with Console(stderr=True).status("Measuring ..."):
        pictures, told_hfov = _lens_pictures(inputs.lens)
        hfov_deg, hfov_from = _field_of_view(inputs, told_hfov)
        rows, columns = pictures[0].images[0].shape[:2]
        name = inputs.name or f"{pictures[0].camera or 'phone'} {max(rows, columns)}x{min(rows, columns)}"
        found = calibrate_camera(
            pictures,
            lens_mm=inputs.lens_mm,
            hfov_deg=hfov_deg,
            name=name,
            torch_offset_mm=inputs.torch_offset_mm,
            dark=_luma(inputs.dark),
            white=_luma(inputs.white),
        )
    document = _document(found, hfov_from=hfov_from)
    # Told before it is saved, so that a full disk does not cost it.
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=True, indent=1) + "\n")
    else:
        _print(found, hfov_from=hfov_from)
    path = save_profile(document, name=name)
    _say(f"The profile is in {path}; sweeps and 'roomsweep glint' use it from now on.", error=as_json)
    return DONE


def _lens_pictures(lens: Sequence[tuple[Path, float]]) -> tuple[list[LensPicture], float | None]:
    """Return the pictures, and the field of view that the first photo's file tells."""
    from ...calibration.camera import LensPicture
    from ...calibration.files import exposure_of
    from ..file_kind import is_clip

    out: list[LensPicture] = []
    hfov_deg = None
    for path, distance_m in lens:
        if is_clip(path):
            out.append(LensPicture(images=_frames(path), name=path.name, distance_m=distance_m))
            continue
        data, picture = _read(path)
        camera = picture.facts.get("camera")
        if hfov_deg is None and picture.facts.get("focal_length_35mm"):
            hfov_deg = picture.profile.hfov_deg
        out.append(
            LensPicture(
                images=(picture.image,),
                name=picture.name,
                distance_m=distance_m,
                camera=str(camera) if camera else None,
                exposure=exposure_of(data),
            )
        )
    return out, hfov_deg


def _frames(path: Path) -> tuple[Any, ...]:
    """Return frames spread over a clip."""
    from ...detect.errors import InputError
    from ..clip_file import ClipFile

    kept: list[Any] = []
    stride = 1
    for number, frame in enumerate(ClipFile(path).frames()):
        if number >= _FRAMES_MAX:
            break
        if number % stride == 0:
            kept.append(frame.image)
        if len(kept) > _FRAMES:
            kept, stride = kept[::2], 2 * stride
    if not kept:
        raise InputError(path, "holds no frame that could be decoded", "Copy it from the phone again.")
    return tuple(kept)


def _read(path: Path) -> tuple[bytes, Picture]:
    """Return the bytes of a photo and what they decode to; half a picture measures nothing."""
    from ...detect.errors import InputError
    from ...detect.lens.reading import read_picture
    from ..input_files import picture_bytes

    data = picture_bytes(path)
    picture = read_picture(data, name=path.name)
    if picture.damage:
        raise InputError(path, picture.damage, "Copy it from the phone again.")
    return data, picture


def _luma(path: Path | None) -> Luma | None:
    from ...calibration.files import luma_of

    return None if path is None else luma_of(*_read(path))


def _field_of_view(inputs: CameraInputs, told_deg: float | None) -> tuple[float, str]:
    """Return the field of view and where it comes from."""
    from ...calibration.chart import hfov_from_chart
    from ...detect.lens.profile import CameraProfile

    if inputs.hfov_deg is not None:
        return inputs.hfov_deg, "given"
    if inputs.chart is not None:
        path, distance_m = inputs.chart
        image = _read(path)[1].image
        hfov_deg = hfov_from_chart(image, name=path.name, distance_m=distance_m, square_mm=inputs.square_mm)
        return hfov_deg, "chart"
    return (told_deg, "focal length in the files") if told_deg else (CameraProfile().hfov_deg, "default")


def _document(found: Calibration, *, hfov_from: str) -> dict[str, Any]:
    """Return what is stored and printed as JSON."""
    from ..profiles import SCHEMA, profile_record
    from ..version import version

    return {
        "schema": SCHEMA,
        "tool": {"name": "roomsweep", "version": version()},
        "made_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "profile": profile_record(found.profile),
        "hfov_from": hfov_from,
        "known_lens_mm": found.lens_mm,
        "glints": [dataclasses.asdict(glint) for glint in found.glints],
        "fall_off": dataclasses.asdict(found.fall),
        "model": "return ~ opening area x efficiency of the known lens; spot = point spread and the opening's image; "
        "fall-off as measured between 1/d^2 and 1/d^4; surround and noise as in the photos",
        "notes": list(found.notes),
    }


def _print(found: Calibration, *, hfov_from: str) -> None:
    """Print the summary for a person."""
    from ...detect.text import clean
    from ..report.wording import phrase, range_sentence

    profile, fall = found.profile, found.fall
    sides = profile.sides_px or (0, 0)
    default_hfov = " (a default: give --hfov or --chart)" if hfov_from == "default" else f" ({hfov_from})"
    power = f"1/d^{fall.power:.1f}" if fall.fitted is not None else "not measured: one distance"
    lines = [
        f"Camera profile: {clean(profile.name)}, for pictures of {sides[0]} x {sides[1]} pixels",
        f"  point spread   {profile.psf_px:.2f} px (sigma)",
        f"  field of view  {profile.hfov_deg:.1f} degrees{default_hfov}",
        f"  full at        grey level {profile.saturation:.0f} of 255",
        f"  read noise     {_share(profile.read_noise, '--dark')}",
        f"  shot noise     {_electrons(profile.full_well)}",
        f"  fall-off       {power}",
        "",
        f"The known lens ({found.lens_mm:g} mm):",
    ]
    for glint in found.glints:
        light = "overexposed" if glint.fit is None else f"light {glint.fit.flux:.3g}"
        lines.append(f"  {glint.distance_m:g} m  {glint.height_grey:.0f} grey levels over its surround, {light}")
    lines += ["", "Smallest lens that shows, and its bounds:"]
    for step in profile.reach:
        size = phrase("no_lens_shows") if step.smallest_mm is None else f"{step.smallest_mm:.1f} mm"
        bounds = f"  ({_mm(step.low_mm)} to {_mm(step.high_mm)})" if step.smallest_mm is not None else ""
        lines.append(f"  {step.distance_m:4g} m  {size}{bounds}")
    lines += ["", range_sentence(profile)]
    lines += ["", *(clean(note, limit=1000) for note in found.notes)] if found.notes else []
    lines += ["", "Next: sweep as before, with pictures as the phone takes them; the report tells this range."]
    for line in lines:
        _say(line)


def _share(read_noise: float | None, option: str) -> str:
    return f"not measured (give {option})" if read_noise is None else f"{100 * read_noise:.3f} % of full scale"


def _electrons(full_well: float | None) -> str:
    if full_well is None:
        return "not measured (give --white)"
    return f"{100 / full_well**0.5:.2f} % at full scale (as of {full_well:.0f} electrons)"


def _mm(value: float | None) -> str:
    return "more than 20 mm" if value is None else f"{value:.1f} mm"


def _say(line: str, *, error: bool = False) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=error).print(Text(line), soft_wrap=False)
