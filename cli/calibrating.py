"""The options of ``roomsweep calibrate``. What the commands do lives in ``commands/``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from .ending import WRONG_USAGE

calibrate_app = typer.Typer(
    help="Measures what roomsweep has to know about your phone and the place.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

#: Farthest distance in metres: farther, no phone torch brings a lens to shine, and the number is in centimetres.
_DISTANCE_MAX_M = 10.0


@calibrate_app.callback()
def calibrate() -> None:
    """Measures what roomsweep has to know about your phone."""


@calibrate_app.command()
def camera(
    lens: Annotated[
        list[str] | None,
        typer.Option(
            "--lens",
            help="A photo or short clip of a known lens (the selfie camera of another phone), torch on, and its "
            "distance in metres; repeat at other distances.",
            metavar="FILE METRES",
        ),
    ] = None,
    lens_mm: Annotated[float, typer.Option("--lens-mm", help="Opening of that lens in millimetres.")] = 2.0,
    dark: Annotated[Path | None, typer.Option("--dark", help="A photo with the camera covered.")] = None,
    white: Annotated[Path | None, typer.Option("--white", help="A photo of a bright, even wall.")] = None,
    hfov: Annotated[
        float | None, typer.Option("--hfov", help="Field of view along the picture's longer side, degrees.")
    ] = None,
    chart: Annotated[
        list[str] | None,
        typer.Option(
            "--chart",
            help="A photo of a printed chessboard of 10 x 7 squares, for the field of view, and its distance in "
            "metres.",
            metavar="FILE METRES",
        ),
    ] = None,
    square_mm: Annotated[float, typer.Option("--square-mm", help="Side of the chessboard's squares.")] = 25.0,
    torch_offset_mm: Annotated[
        float | None, typer.Option("--torch-offset-mm", help="From the camera to the torch, in millimetres.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the profile as JSON on standard output.")] = False,
) -> None:
    """Measure a phone's camera, and the smallest lens it shows at each distance."""
    from .commands.calibrate import CameraInputs, run

    pairs = _with_distances("--lens", lens)
    if not pairs:
        _wrong_usage("name at least one picture of a known lens and its distance: --lens photo.jpg 1.0")
    charts = _with_distances("--chart", chart)
    if len(charts) > 1:
        _wrong_usage("--chart goes with one photo")
    if hfov is not None and charts:
        _wrong_usage("give --hfov or --chart, not both")
    _within("--lens-mm", lens_mm, 0.1, 20.0, "millimetres")
    _within("--hfov", hfov, 10.0, 150.0, "degrees")
    _within("--square-mm", square_mm, 1.0, 1000.0, "millimetres")
    _within("--torch-offset-mm", torch_offset_mm, 0.0, 200.0, "millimetres")
    if name is not None and not any(char.isalnum() for char in name):
        _wrong_usage("--name needs a letter or a digit")
    inputs = CameraInputs(
        lens=pairs,
        lens_mm=lens_mm,
        dark=dark,
        white=white,
        hfov_deg=hfov,
        chart=charts[0] if charts else None,
        square_mm=square_mm,
        torch_offset_mm=torch_offset_mm,
        name=name,
    )
    raise typer.Exit(run(inputs, as_json=as_json))


@calibrate_app.command()
def radio(
    readings: Annotated[
        Path, typer.Argument(help="A CSV file of readings of a transmitter whose place is known.", show_default=False)
    ],
    at: Annotated[
        str | None,
        typer.Option("--at", help="Where it stood, where the readings have x_m and y_m.", metavar="X,Y"),
    ] = None,
    mac: Annotated[
        str | None, typer.Option("--mac", help="Its address, if the file holds several.", metavar="MAC")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the profile as JSON on standard output.")] = False,
) -> None:
    """Measure how signals fall with distance, with a transmitter of your own."""
    from ..detect.mac import format_mac, parse_mac
    from .commands.calibrate_radio import run

    place = None
    if at is not None:
        try:
            x_m, y_m = (float(part) for part in at.split(","))
        except ValueError:
            _wrong_usage("--at takes a place in metres, as in 0.5,2", command="radio")
        if not (math.isfinite(x_m) and math.isfinite(y_m)):
            _wrong_usage("--at takes a place in metres, as in 0.5,2", command="radio")
        place = (x_m, y_m)
    try:
        address = None if mac is None else format_mac(parse_mac(mac))
    except ValueError:
        _wrong_usage("--mac takes a hardware address, as in 02:00:5e:10:00:01", command="radio")
    if name is not None and not any(char.isalnum() for char in name):
        _wrong_usage("--name needs a letter or a digit", command="radio")
    raise typer.Exit(run(readings, at_m=place, mac=address, name=name, as_json=as_json))


def _with_distances(option: str, values: list[str] | None) -> list[tuple[Path, float]]:
    """Return files and distances; the command line was already written out as single values."""
    flat = values or []
    if len(flat) % 2:
        _wrong_usage(f"{option} takes a file and its distance in metres: {option} photo.jpg 1.0")
    out = []
    for path, text in zip(flat[::2], flat[1::2], strict=True):
        try:
            metres = float(text)
        except ValueError:
            _wrong_usage(f"the distance “{text}” is not a number: {option} takes a file, then metres, as in 0.75")
        if not math.isfinite(metres) or metres <= 0.0:
            _wrong_usage(f"the distance {text} is not greater than 0: give it in metres, as in 0.75")
        if metres > _DISTANCE_MAX_M:
            _wrong_usage(f"the distance {text} is more than {_DISTANCE_MAX_M:g} m: give it in metres, as in 0.75")
        out.append((Path(path), metres))
    return out


def _within(option: str, value: float | None, low: float, high: float, unit: str) -> None:
    if value is not None and not low <= value <= high:
        _wrong_usage(f"{option} is {value:g}; it must be from {low:g} to {high:g} {unit}")


def _wrong_usage(what: str, *, command: str = "camera") -> NoReturn:
    from ..detect.text import clean

    typer.echo(f"Wrong usage: {clean(what, limit=300)}. See 'roomsweep calibrate {command} --help'.", err=True)
    raise typer.Exit(WRONG_USAGE)
