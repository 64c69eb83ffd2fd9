"""Places from levels: rooms of stated geometry, an oracle in closed form, and what must stay unsaid."""

import numpy as np
import pytest
from numpy.typing import NDArray

from roomsweep.calibration.signal_rooms import signal_room
from roomsweep.detect.place.examine import examine_readings, metres, zone_words
from roomsweep.detect.place.grid import FADING_DB, HEIGHT_M, Posterior, locate_on_grid
from roomsweep.detect.place.placing import Doubt, Place, RoomAnswer, alike, has_outside, place_of
from roomsweep.detect.place.radio_profile import Quantity, RadioProfile, default_profile
from roomsweep.detect.place.readings import Readings, Tag, parse_readings
from roomsweep.detect.place.room import room_of
from roomsweep.detect.place.spots import Spots, spots_of
from roomsweep.detect.result import FindingKind, Level, SourceState

CORNERS = [(0.3, 0.3), (3.7, 0.3), (3.7, 3.2), (0.3, 3.2)]


def level_at(
    points: list[tuple[float, float]], at: tuple[float, float], *, exponent: float = 2.5
) -> NDArray[np.float64]:
    away = np.hypot(*(np.array(points) - at).T)
    return np.round(-35.0 - 10.0 * exponent * np.log10(np.hypot(away, HEIGHT_M)))


def readings(at: tuple[float, float], *, wall_db: float = 0.0, extra: str = "") -> Readings:
    """Seven places of a room of 4 x 3.5 m; the transmitter's level at those across its wall is lower by `wall_db`."""
    points = [*CORNERS, (2.0, 1.7), (2.0, 0.0), (2.0, -1.5)]
    names = ["corner 1", "corner 2", "corner 3", "corner 4", "middle", "door", "outside"]
    tags = ["corner"] * 4 + ["inside", "door", "outside"]
    in_room = 0 <= at[0] <= 4 and 0 <= at[1] <= 3.5
    level = level_at(points, at)
    level[np.array([(tag != "outside") != in_room for tag in tags])] -= wall_db
    rows = [
        f"{name},{x},{y},{tag},{value:g}" for name, (x, y), tag, value in zip(names, points, tags, level, strict=True)
    ]
    return parse_readings(("spot,x_m,y_m,tag,rssi_dbm\n" + "\n".join(rows) + "\n" + extra).encode(), name="r.csv")


def placed(own: Readings) -> Place:
    return place_of(own, mac="", radio="wifi", profile=default_profile("wifi"))


@pytest.mark.parametrize("at", [(0.6, 3.0), (3.5, 0.4), (2.0, 1.8)])
def test_a_transmitter_in_the_room_is_placed_there(at: tuple[float, float]) -> None:
    place = placed(readings(at, wall_db=5.0))
    assert place.posterior is not None
    assert place.centre_m is not None
    assert np.hypot(place.centre_m[0] - at[0], place.centre_m[1] - at[1]) < 1.0
    assert place.answer is RoomAnswer.THIS_ROOM
    assert place.doubt is None
    assert place.posterior.level_at(*at) < 0.9
    assert place.posterior.mass.sum() == pytest.approx(1.0)


def test_one_in_the_corridor_is_beyond() -> None:
    place = placed(readings((2.5, -2.0), wall_db=5.0))
    assert place.answer is RoomAnswer.BEYOND
    assert place.centre_m is not None
    assert place.centre_m[1] < 0.0
    assert "probably beyond this room" in zone_words(place)


def test_the_landmark_is_the_nearest_named_spot_and_its_circles_hold_what_they_say() -> None:
    place = placed(readings((0.6, 3.0)))
    assert place.landmark is not None
    assert place.posterior is not None
    assert place.spots.name[place.landmark] == "corner 4"
    x, y = float(place.spots.x_m[place.landmark]), float(place.spots.y_m[place.landmark])
    away = np.hypot(*np.meshgrid(place.posterior.x_m - x, place.posterior.y_m - y))
    for radius, share in ((place.within_half_m, 0.5), (place.within_most_m, 0.9)):
        assert radius is not None
        assert place.posterior.mass[away <= radius].sum() >= share - 1e-9
        assert place.posterior.mass[away < radius - 0.3].sum() < share
    assert zone_words(place).startswith("as likely as not within about ")
    assert "“corner 4”" in zone_words(place)


def test_regions_are_nested_and_hold_their_share() -> None:
    posterior = placed(readings((2.5, -2.0))).posterior
    assert posterior is not None
    half, most = posterior.region(0.5), posterior.region(0.9)
    assert not (half & ~most).any()
    assert 0.5 <= posterior.mass[half].sum() < 0.6
    assert 0.9 <= posterior.mass[most].sum() < 0.95
    assert posterior.mass[half].min() >= posterior.mass[~half].max()


def test_equal_levels_everywhere_cannot_be_told() -> None:
    own = readings((2.0, 1.7))
    flat = Readings(
        **{
            name: getattr(own, name)
            for name in ("x_m", "y_m", "t_s", "distance_m", "spot", "tag", "mac", "radio", "left_out", "fault")
        },
        rssi_dbm=np.full(len(own), -75.0),
    )
    place = placed(flat)
    assert place.answer in (RoomAnswer.CANNOT_TELL, RoomAnswer.BEYOND)
    assert place.within_most_m is not None
    assert place.within_most_m > 3.0


def test_without_a_tagged_place_no_room_is_claimed() -> None:
    rows = "\n".join(f"{x},{y},{v:g}" for (x, y), v in zip(CORNERS, level_at(CORNERS, (1.0, 1.0)), strict=True))
    place = placed(parse_readings(f"x_m,y_m,rssi_dbm\n{rows}\n".encode(), name="r.csv"))
    assert place.posterior is not None
    assert place.posterior.room_probability is None
    assert (place.answer, place.doubt) == (RoomAnswer.CANNOT_TELL, Doubt.NO_ROOM)
    assert not has_outside(place)
    assert place.landmark is None
    assert "the middle of the region" in zone_words(place)


def test_one_wild_reading_does_not_carry_the_place_away() -> None:
    honest = placed(readings((0.6, 3.0)))
    wild = placed(readings((0.6, 3.0), extra="by the bath,3.6,1.7,inside,-25\n"))
    assert honest.centre_m is not None
    assert wild.centre_m is not None
    assert np.hypot(wild.centre_m[0] - 0.6, wild.centre_m[1] - 3.0) < 2.0


def test_many_readings_at_one_place_do_not_shrink_the_region() -> None:
    once = placed(readings((2.5, -2.0))).posterior
    rows = "".join("middle,2.0,1.7,inside,-57\n" for _ in range(500))
    often = placed(readings((2.5, -2.0), extra=rows)).posterior
    assert once is not None
    assert often is not None
    assert often.region(0.9).sum() > 0.8 * once.region(0.9).sum()


def test_the_posterior_is_that_of_a_direct_sum_over_reference_powers() -> None:
    """Oracle without covariance algebra: distant spots, whose shadowing is not alike, summed by brute force."""
    x, y = np.array([0.0, 60.0, 0.0, 60.0]), np.array([0.0, 0.0, 60.0, 60.0])
    at = (20.0, 24.0)
    level = -40.0 - 10.0 * 2.3 * np.log10(np.hypot(x - at[0], y - at[1])) + np.array([3.0, -2.0, 0.0, 2.0])
    spots = Spots(name=("",) * 4, tag=(None,) * 4, x_m=x, y_m=y, rssi_dbm=level, count=np.ones(4, np.int64))
    profile = RadioProfile(
        radio="wifi",
        reference_dbm=Quantity(value=-40.0, sigma=6.0, source=""),
        exponent=Quantity(value=2.3, sigma=1e-3, source=""),
        shadowing_db=Quantity(value=4.0, sigma=1e-9, source=""),
    )
    posterior = locate_on_grid(spots, profile=profile, room=None)
    reference = np.linspace(-70.0, -10.0, 601)
    sigma = float(np.hypot(4.0, FADING_DB))
    cells = [(26, 22), (20, 20), (30, 16), (40, 40), (15, 45)]
    logs = []
    for row, column in cells:
        away = np.hypot(posterior.x_m[column] - x, posterior.y_m[row] - y)
        distance = np.hypot(away, HEIGHT_M)
        left = level - (reference[:, None] - 10.0 * 2.3 * np.log10(distance))
        terms = -0.5 * (left**2).sum(axis=1) / sigma**2 - 0.5 * ((reference + 40.0) / 6.0) ** 2
        logs.append(np.logaddexp.reduce(terms))
    told = np.log([posterior.mass[cell] for cell in cells])
    # The program takes the likelihood to the power 0.8 and allows for a wild spot, which hardly matters here.
    assert np.diff(told) == pytest.approx(0.8 * np.diff(logs), abs=0.15)


def test_regions_hold_what_they_say_on_synthetic_rooms() -> None:
    held = {0.5: 0, 0.9: 0}
    for seed in range(900_000, 900_040):
        room = signal_room(seed)
        place = placed(parse_readings(room.csv(), name="r.csv"))
        assert place.posterior is not None
        for share in held:
            held[share] += place.posterior.level_at(*room.at_m) <= share
    # 40 rooms: three standard deviations of a binomial are 0.24 and 0.14.
    assert 0.26 <= held[0.5] / 40 <= 0.74
    assert held[0.9] / 40 >= 0.76


def test_a_room_is_the_hull_of_its_corners_or_the_box_of_two() -> None:
    spots = spots_of(readings((1.0, 1.0)))
    room = room_of(spots)
    assert room is not None
    assert sorted(map(tuple, room.corners_m.tolist())) == sorted([*CORNERS, (2.0, 0.0)])
    inside = room.holds(np.array([2.0, 0.1, 2.0, 4.2]), np.array([1.7, 0.1, -1.5, 1.7]))
    assert inside.tolist() == [True, True, False, False]
    two = spots.only(np.array([name in ("corner 1", "corner 3") for name in spots.name]))
    box = room_of(two)
    assert box is not None
    assert sorted(map(tuple, box.corners_m.tolist())) == sorted(CORNERS)
    line = spots.only(np.array([name in ("corner 1", "corner 2") for name in spots.name]))
    assert room_of(line) is None
    assert room_of(spots.only(np.array([tag is Tag.OUTSIDE for tag in spots.tag]))) is None


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ({"bed": -50, "bath": -70}, "loudest at “bed”"),
        ({"bed": -50, "bath": -52}, "about equally loud at “bed” and “bath”"),
        ({"a": -50, "b": -50, "c": -51, "d": -51}, "about equally loud at “a”, “b”, “c” and 1 others"),
    ],
)
def test_names_without_positions_are_compared(levels: dict[str, int], words: str) -> None:
    rows = "".join(f"{name},{level}\n" for name, level in levels.items())
    place = placed(parse_readings(f"spot,rssi_dbm\n{rows}".encode(), name="r.csv"))
    assert place.posterior is None
    assert zone_words(place).replace("1 others", "1 others") == words
    assert alike(place)[0] == 0


def test_findings_are_noted_and_say_nothing_about_cameras() -> None:
    text = b"mac,radio,spot,rssi_dbm\n020000000001,wifi,bed,-50\n020000000002,bluetooth,bath,-60\nzz,wifi,bath,-60\n"
    found = examine_readings(
        parse_readings(text, name="r.csv"), source_id="readings-1", name="r.csv", profile_for=default_profile
    )
    one, two = found.examined.findings
    assert (one.kind, two.kind) == (FindingKind.WIFI_STATION, FindingKind.BLUETOOTH_DEVICE)
    assert {item.level for item in (one, two)} == {Level.NOTED}
    assert [line.rule for line in one.evidence] == ["context.place"]
    assert one.weight_db == 0.0
    assert one.identity.mac == "02:00:00:00:00:01"
    assert one.identity.randomised_mac is True
    assert one.where.rssi_dbm == -50.0
    assert found.examined.source.state is SourceState.PARTIAL
    assert "line 4" in (found.examined.source.reason or "")
    only = examine_readings(
        parse_readings(text, name="r.csv"),
        source_id="readings-1",
        name="r.csv",
        profile_for=default_profile,
        mac="02:00:00:00:00:02",
    )
    assert [place.mac for place in only.places] == ["02:00:00:00:00:02"]


@pytest.mark.parametrize(
    ("value", "words"), [(0.1, "0.5 m"), (1.2, "1 m"), (1.3, "1.5 m"), (3.6, "4 m"), (12.4, "12 m")]
)
def test_distances_are_told_no_finer_than_known(value: float, words: str) -> None:
    assert metres(value) == words


def test_the_grid_needs_a_placed_spot() -> None:
    spots = spots_of(parse_readings(b"spot,rssi_dbm\nbed,-50\n", name="r.csv"))
    with pytest.raises(ValueError, match="positions"):
        locate_on_grid(spots, profile=default_profile("wifi"), room=None)


def test_one_position_far_away_stays_within_memory_and_time() -> None:
    text = b"x_m,y_m,rssi_dbm\n0,0,-50\n900,900,-80\n-900,-900,-80\n"
    place = placed(parse_readings(text, name="r.csv"))
    assert isinstance(place.posterior, Posterior)
    assert place.posterior.mass.size < 10_000
