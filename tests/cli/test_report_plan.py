"""The plan as a picture: labels that do not cover each other, regions where the grid says."""

import re
import xml.etree.ElementTree as Xml

import numpy as np
import pytest

from roomsweep.calibration.signal_rooms import signal_room
from roomsweep.cli.report.place_words import sentences_of, title_of
from roomsweep.cli.report.plan import plan_svg
from roomsweep.detect.place.placing import Place, place_of
from roomsweep.detect.place.radio_profile import default_profile
from roomsweep.detect.place.readings import parse_readings

SVG = "{http://www.w3.org/2000/svg}"


def place(data: bytes) -> Place:
    return place_of(parse_readings(data, name="r.csv"), mac="", radio="wifi", profile=default_profile("wifi"))


def drawn(found: Place) -> Xml.Element:
    return Xml.fromstring(plan_svg(found, title=title_of(found), sentences=sentences_of(found)))


def labels(root: Xml.Element) -> list[tuple[float, float, float, float]]:
    """Boxes of the labels at spots, taken as 7.2 pixels a letter and 15 high."""
    out = []
    for item in root.iter(f"{SVG}text"):
        if item.get("paint-order"):
            wide = 7.2 * len(item.text or "")
            x, y = float(item.get("x", "0")), float(item.get("y", "0"))
            left = x - wide if item.get("text-anchor") == "end" else x
            out.append((left, y - 12, left + wide, y + 3))
    return out


@pytest.mark.parametrize("seed", range(4))
def test_labels_meet_neither_each_other_nor_the_edge(seed: int) -> None:
    root = drawn(place(signal_room(seed, walk=15).csv()))
    boxes = labels(root)
    assert 4 <= len(boxes) <= 7
    for number, one in enumerate(boxes):
        assert one[0] >= 0
        assert one[2] <= float(root.get("width", "0"))
        for other in boxes[number + 1 :]:
            assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_the_regions_are_drawn_around_the_best_guess() -> None:
    found = place(signal_room(12, walk=12, in_room=True).csv())
    root = drawn(found)
    paths = [item.get("d", "") for item in root.iter(f"{SVG}path") if item.get("fill-rule") == "evenodd"]
    assert len(paths) == 2
    cross = re.search(r'd="M([\d.]+) ([\d.]+)l18 18', plan_svg(found, title="", sentences=()))
    assert cross is not None
    spans = []
    for data in paths:
        points = np.array(re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", data), float)
        assert data.count("M") == data.count("Z") >= 1
        spans.append((points.min(axis=0), points.max(axis=0)))
    most, half = spans
    assert (most[0] <= half[0]).all()
    assert (half[1] <= most[1]).all()


def test_many_spots_and_long_names_stay_legible() -> None:
    rows = "".join(f"{'x' * 60} {n},{n % 9},{n // 9},corner,-{40 + n % 40}\n" for n in range(80))
    root = drawn(place(f"spot,x_m,y_m,tag,rssi_dbm\n{rows}".encode()))
    texts = [item.text or "" for item in root.iter(f"{SVG}text")]
    assert max(map(len, texts)) < 110
    assert len(labels(root)) <= 40


def test_a_place_without_positions_has_no_plan() -> None:
    with pytest.raises(ValueError, match="no plan"):
        plan_svg(place(b"spot,rssi_dbm\nbed,-50\n"), title="", sentences=())
