"""The plan of a search by signal strength: spots, regions and the best guess, as one SVG picture.

Everything that is text is cleaned here and escaped by the template engine.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import jinja2
import numpy as np
from numpy.typing import NDArray

from ...detect.place.grid import Posterior
from ...detect.place.placing import Place
from ...detect.text import clean
from .wording import phrase

#: Width of the drawing, longest height, and room around it for words, pixels.
_WIDTH, _HEIGHT_MAX, _EDGE = 680.0, 760.0, 24.0

#: Metres of floor drawn around what is shown.
_AROUND_M = 0.6

#: Height of a line of words, and width of a letter, pixels: for a sans-serif of 14 px.
_LINE, _LETTER = 20.0, 7.2

#: Labels drawn at most; the rest are dots, and stand in the list in the terminal.
_LABELS_MAX = 40

#: How many times finer than the grid the regions' outlines are drawn.
_FINER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One spot: its place, pixels; how strong it is, 0..1; its label, empty if there is no room for one."""

    x: float
    y: float
    share: float
    radius: float
    label: str = ""
    label_x: float = 0.0
    label_y: float = 0.0
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """From metres to pixels; y points up on the floor and down in the picture."""

    left_m: float
    top_m: float
    scale: float
    above: float

    def x(self, x_m: float) -> float:
        return round(_EDGE + (x_m - self.left_m) * self.scale, 1)

    def y(self, y_m: float) -> float:
        return round(self.above + (self.top_m - y_m) * self.scale, 1)


def plan_svg(place: Place, *, title: str, sentences: Sequence[str]) -> str:
    """Return the plan of a place as SVG text.

    Parameters
    ----------
    place
        With a posterior.
    title
        What was looked for.
    sentences
        What is said of it; written under the title.

    Raises
    ------
    ValueError
        If the place has no posterior.
    """
    posterior, centre = place.posterior, place.centre_m
    if posterior is None or centre is None:
        raise ValueError("a place without positions has no plan")
    letters = int((_WIDTH - 2 * _EDGE) / _LETTER)
    lines = [line for text in sentences for line in textwrap.wrap(clean(text, limit=500), letters)]
    above = _EDGE + 24.0 + _LINE * len(lines) + 14.0
    view, width_m, height_m = _view(place, posterior, above=above)
    floor = (round(width_m * view.scale, 1), round(height_m * view.scale, 1))
    height = above + floor[1] + 3.4 * _LINE + _EDGE
    outline = "" if place.room is None else _path([place.room.corners_m], view)
    dots = _dots(place, view, right=_EDGE + floor[0])
    return _template().render(
        width=round(_WIDTH),
        height=round(height),
        title=clean(title, limit=100),
        lines=[(round(_EDGE + 40.0 + _LINE * number, 1), line) for number, line in enumerate(lines)],
        edge=_EDGE,
        floor=(_EDGE, above, *floor),
        metres_x=[view.x(at) for at in range(int(np.ceil(view.left_m)), int(view.left_m + width_m) + 1)],
        metres_y=[view.y(at) for at in range(int(np.ceil(view.top_m - height_m)), int(view.top_m) + 1)],
        most=_region(posterior, 0.9, view),
        half=_region(posterior, 0.5, view),
        outline=outline,
        dots=dots,
        centre=(view.x(centre[0]), view.y(centre[1])),
        below=round(above + floor[1] + 1.2 * _LINE, 1),
        metre=round(view.scale, 1),
        p=phrase,
    )


def _view(place: Place, posterior: Posterior, *, above: float) -> tuple[_View, float, float]:
    """Return the view and the floor's width and height, metres."""
    rows, columns = np.nonzero(posterior.region(0.9))
    spots = place.spots.only(place.spots.placed)
    xs = [posterior.x_m[columns], spots.x_m]
    ys = [posterior.y_m[rows], spots.y_m]
    if place.room is not None:
        xs.append(place.room.corners_m[:, 0])
        ys.append(place.room.corners_m[:, 1])
    x, y = np.concatenate(xs), np.concatenate(ys)
    left, right = float(x.min()) - _AROUND_M, float(x.max()) + _AROUND_M
    bottom, top = float(y.min()) - _AROUND_M, float(y.max()) + _AROUND_M
    scale = min((_WIDTH - 2 * _EDGE) / (right - left), _HEIGHT_MAX / (top - bottom))
    # A tall floor is drawn in the middle of the full width, so that labels have room.
    spare = ((_WIDTH - 2 * _EDGE) / scale - (right - left)) / 2.0
    left, right = left - spare, right + spare
    return _View(left_m=left, top_m=top, scale=scale, above=above), right - left, top - bottom


def _path(rings: Sequence[NDArray[np.float64]], view: _View) -> str:
    """Return rings of (x, y) in metres as the data of an SVG path."""
    return " ".join("M" + " L".join(f"{view.x(float(x))} {view.y(float(y))}" for x, y in ring) + " Z" for ring in rings)


def _region(posterior: Posterior, share: float, view: _View) -> str:
    """Return the outline of the region that holds a share, as the data of an SVG path."""
    import cv2

    mass = np.sqrt(posterior.mass)  # its square root changes more evenly, so that the outline is smooth
    limit = float(mass[posterior.region(share)].min())
    height, width = mass.shape
    fine = cv2.resize(mass, (width * _FINER, height * _FINER), interpolation=cv2.INTER_LINEAR)
    # A rim of zeros closes the outline where the region meets the edge of the grid.
    mask = np.pad((fine >= limit).astype(np.uint8), 1)
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    step_x, step_y = (float(axis[1] - axis[0]) / _FINER for axis in (posterior.x_m, posterior.y_m))
    left = float(posterior.x_m[0]) - 0.5 * step_x * _FINER
    bottom = float(posterior.y_m[0]) - 0.5 * step_y * _FINER
    rings = []
    for contour in contours:
        points = contour[:, 0, :].astype(np.float64)
        if len(points) < 3:
            continue
        rings.append(np.stack([left + (points[:, 0] - 0.5) * step_x, bottom + (points[:, 1] - 0.5) * step_y], axis=1))
    return _path(rings, view)


def _dots(place: Place, view: _View, *, right: float) -> list[Dot]:
    """Return the spots, the named ones with a label where there is room for it."""
    spots = place.spots.only(place.spots.placed)
    low, high = float(spots.rssi_dbm.min()), float(spots.rssi_dbm.max())
    at = [(view.x(float(x)), view.y(float(y))) for x, y in zip(spots.x_m, spots.y_m, strict=True)]
    taken = [(x - 8.0, y - 8.0, x + 8.0, y + 8.0) for (x, y), name in zip(at, spots.name, strict=True) if name]
    out = []
    order = sorted(range(len(spots)), key=lambda row: (not spots.name[row], -float(spots.rssi_dbm[row])))
    for place_in_order, row in enumerate(order):
        x, y = at[row]
        share = 1.0 if high == low else (float(spots.rssi_dbm[row]) - low) / (high - low)
        named = bool(spots.name[row])
        dot = Dot(x=x, y=y, share=round(share, 2), radius=7.0 if named else 4.0)
        if named and place_in_order < _LABELS_MAX:
            text = f"{clean(spots.name[row], limit=28)} {spots.rssi_dbm[row]:.0f}"
            dot = _labelled(dot, text, taken, right=right)
        out.append(dot)
    return out[::-1]


def _labelled(dot: Dot, text: str, taken: list[tuple[float, float, float, float]], *, right: float) -> Dot:
    """Return the dot with its label where it meets nothing else: off the walls, that run across or up, first."""
    wide = _LETTER * len(text)
    for anchor, x, y in (
        ("start", dot.x + 9.0, dot.y - 9.0),
        ("start", dot.x + 9.0, dot.y + 19.0),
        ("end", dot.x - 9.0, dot.y - 9.0),
        ("end", dot.x - 9.0, dot.y + 19.0),
        ("start", dot.x + 12.0, dot.y + 5.0),
        ("end", dot.x - 12.0, dot.y + 5.0),
    ):
        left = x if anchor == "start" else x - wide
        box = (left, y - 12.0, left + wide, y + 3.0)
        if left < _EDGE or left + wide > right:
            continue
        own = (dot.x - 8.0, dot.y - 8.0, dot.x + 8.0, dot.y + 8.0)
        if any(_meet(box, other) for other in taken if other != own):
            continue
        taken.append(box)
        return Dot(
            x=dot.x,
            y=dot.y,
            share=dot.share,
            radius=dot.radius,
            label=text,
            label_x=round(x, 1),
            label_y=round(y, 1),
            anchor=anchor,
        )
    return dot


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@cache
def _template() -> jinja2.Template:
    text = resources.files(__package__).joinpath("templates", "plan.svg.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)
