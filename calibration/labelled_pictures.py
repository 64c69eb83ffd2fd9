"""Reads folders of labelled pictures: the development data's layout, described in its README.

Real pictures carry ``labels.json`` (lenses by eye, pairs), folders named ``neg_*`` hold no lens at all, and
rendered ones carry ``truth.json``. None of them is part of the repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..detect.lens.spots import Image, Spots
from .glint_fit import LabelledSpots
from .scenes import synthetic_pair

#: How far from its label a spot may lie and still be that lens, pixels: labels by eye are good to about two, and
#: the spot's edge is as good a find as its middle.
HIT_PX = 5.0

#: Synthetic rooms that take part in the fit of the glint model: lenses in black things, which the rendered rooms lack
#: and the real pictures have through red film only. Tests and benchmarks use other seeds.
FIT_SEEDS = range(200, 224)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledLens:
    """One labelled lens: centre (origin at the corner of the top left pixel), radius, and whether it counts."""

    x_px: float
    y_px: float
    radius_px: float
    detectable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """One labelled picture.

    Parameters
    ----------
    name
        Path below the data folder.
    group
        Pictures of one scene share it.
    kind
        ``lit``, ``unlit`` (finder or torch off), ``room`` (no lens), ``rendered_still``, ``rendered_pair``,
        ``rendered_frame``.
    image, off
        Blue-green-red; `off` is the torch-off picture of the pair or None.
    lenses
        Empty where there is none.
    """

    name: str
    group: str
    kind: str
    image: Image
    off: Image | None
    lenses: tuple[LabelledLens, ...]

    def hit_by(self, x_px: float, y_px: float) -> LabelledLens | None:
        """Return the labelled lens, detectable or not, that this place is."""
        for lens in self.lenses:
            if np.hypot(lens.x_px - x_px, lens.y_px - y_px) <= max(HIT_PX, 2.0 * lens.radius_px + 2.0):
                return lens
        return None

    def label(self, spots: Spots) -> LabelledSpots:
        """Return the spots of this picture with their labels."""
        labels = np.zeros(len(spots), dtype=np.int8)
        missed = 0
        for lens in self.lenses:
            distance = np.hypot(spots.x_px - lens.x_px, spots.y_px - lens.y_px)
            near = np.flatnonzero(distance <= max(HIT_PX, 2.0 * lens.radius_px + 2.0))
            if len(near) == 0:
                missed += lens.detectable
                continue
            strongest = near[np.argmax(spots.contrast[near])]
            labels[near[labels[near] == 0]] = -1
            labels[strongest] = 1 if lens.detectable else -1
        return LabelledSpots(name=self.name, group=self.group, spots=spots, label=labels, missed=missed)


def read_pictures(folder: Path, *, every_frame: int = 4) -> Iterator[LabelledPicture]:
    """Yield every labelled picture below `folder`, one `every_frame` frames of the clips too."""
    yield from _real(folder / "optical" / "lensfinder_artyrrr")
    for place in sorted((folder / "optical").glob("neg_*")):
        yield from _rooms(place)
    yield from _rendered(folder / "rendered", every_frame=every_frame)


def synthetic_pictures(seeds: Iterable[int]) -> Iterator[LabelledPicture]:
    """Yield a synthetic torch pair for each seed, of kind ``synthetic``; every lens in it counts."""
    for seed in seeds:
        pair = synthetic_pair(seed=seed)
        yield LabelledPicture(
            name=f"synthetic/{seed}",
            group=f"synthetic/{seed}",
            kind="synthetic",
            image=pair.on,
            off=pair.off,
            lenses=tuple(
                LabelledLens(x_px=lens.x_px, y_px=lens.y_px, radius_px=lens.radius_px, detectable=True)
                for lens in pair.lenses
            ),
        )


def read_image(path: Path) -> Image:
    """Return the picture as stored; raises ValueError if it is none. Paths may hold any characters."""
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise ValueError(f"not a picture: {path}")
    return np.asarray(image, dtype=np.uint8)


def _real(place: Path) -> Iterator[LabelledPicture]:
    labels: dict[str, Any] = json.loads((place / "labels.json").read_text(encoding="utf-8"))
    for name, label in labels.items():
        if name.startswith("_"):
            continue
        lit = label["led"] == "on"
        yield LabelledPicture(
            name=f"{place.name}/{name}",
            group=f"{place.name}/{name[:2]}",
            kind="lit" if lit else "unlit",
            image=read_image(place / name),
            off=read_image(place / label["pair"]) if lit and "pair" in label else None,
            # Labels by eye name pixels; half a pixel makes them distances from the corner.
            lenses=tuple(
                LabelledLens(
                    x_px=glint["x"] + 0.5, y_px=glint["y"] + 0.5, radius_px=2.0, detectable=glint["glint"] == "clear"
                )
                for glint in label["glints"]
            ),
        )


def _rooms(place: Path) -> Iterator[LabelledPicture]:
    for path in sorted(place.iterdir()):
        off = None
        for lit, unlit in (("_flash", "_ambient"), ("-flash", "-noflash"), ("_flash", "_noflash")):
            partner = path.with_name(path.name.replace(lit, unlit))
            if partner != path and partner.is_file():
                off = read_image(partner)
        yield LabelledPicture(
            name=f"{place.name}/{path.name}",
            group=f"{place.name}/{path.name[:6]}",
            kind="room",
            image=read_image(path),
            off=off,
            lenses=(),
        )


def _rendered(place: Path, *, every_frame: int) -> Iterator[LabelledPicture]:
    truth: dict[str, Any] = json.loads((place / "truth.json").read_text(encoding="utf-8"))
    for name, scene in truth.items():
        if scene["type"] == "video":
            yield from _frames(place / name, scene, every_frame=every_frame)
            continue
        yield LabelledPicture(
            name=f"rendered/{name}",
            group=name,
            kind=f"rendered_{scene['type']}",
            image=read_image(place / name),
            off=read_image(place / scene["off"]) if "off" in scene else None,
            lenses=tuple(_lens(lens) for lens in scene["lenses"] if lens["in_frame"]),
        )


def _frames(path: Path, scene: dict[str, Any], *, every_frame: int) -> Iterator[LabelledPicture]:
    clip = cv2.VideoCapture(str(path))
    number = -1
    while True:
        more, image = clip.read()
        number += 1
        if not more:
            return
        if number % every_frame:
            continue
        seen = [lens["frames"][number] for lens in scene["lenses"]]
        yield LabelledPicture(
            name=f"rendered/{path.parent.name}/{path.name}#{number}",
            group=f"{path.parent.name}/{path.name}",
            kind="rendered_frame",
            image=np.asarray(image, dtype=np.uint8),
            off=None,
            lenses=tuple(_lens(lens) for lens in seen if lens["in_frame"]),
        )


def _lens(truth: dict[str, Any]) -> LabelledLens:
    return LabelledLens(x_px=truth["x"], y_px=truth["y"], radius_px=truth["radius_px"], detectable=truth["detectable"])
