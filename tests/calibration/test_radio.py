"""Reference power and exponent from a walk with a known transmitter."""

import numpy as np
import pytest

from roomsweep.calibration.radio import distances_of, fit_radio
from roomsweep.calibration.signal_rooms import calibration_walk, signal_room
from roomsweep.detect.errors import InputError
from roomsweep.detect.place.radio_profile import EXPONENT_MAX, SENDERS_SIGMA_DB
from roomsweep.detect.place.readings import parse_readings

DISTANCES = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])


def test_a_line_without_noise_comes_back() -> None:
    level = -38.0 - 10.0 * 2.4 * np.log10(DISTANCES)
    fit = fit_radio(DISTANCES, level, name="phone", radio="wifi")
    assert fit.reference_dbm == pytest.approx(-38.0, abs=1e-6)
    assert fit.exponent == pytest.approx(2.4, abs=1e-6)
    assert fit.exponent_bounds[0] < 2.4 < fit.exponent_bounds[1]
    assert fit.profile.measured
    assert fit.profile.exponent.value == pytest.approx(2.4, abs=0.1)
    assert fit.profile.reference_dbm.sigma >= SENDERS_SIGMA_DB
    assert all("measured: phone" in quantity.source for quantity in fit.profile.quantities().values())


def test_one_distance_behind_a_pillar_does_not_turn_the_line() -> None:
    level = -38.0 - 10.0 * 2.4 * np.log10(DISTANCES)
    level[-1] -= 20.0
    plain = -np.polyfit(10.0 * np.log10(DISTANCES), level, 1)[0]
    fit = fit_radio(DISTANCES, level, name="phone", radio="wifi")
    assert abs(fit.exponent - 2.4) < 0.5 * abs(plain - 2.4)
    assert fit.scatter_db > 3.0


def test_readings_at_one_distance_count_once() -> None:
    level = -38.0 - 10.0 * 2.4 * np.log10(DISTANCES)
    level[3] += 6.0
    once = fit_radio(DISTANCES, level, name="phone", radio="wifi")
    often = fit_radio(np.repeat(DISTANCES, 50), np.repeat(level, 50), name="phone", radio="wifi")
    assert often.exponent == pytest.approx(once.exponent)
    assert often.exponent_bounds == pytest.approx(once.exponent_bounds)
    assert often.readings == 350


def test_bounds_hold_the_truth_on_synthetic_walks() -> None:
    held = 0
    for seed in range(700_000, 700_200):
        distance, level = calibration_walk(
            seed, reference_dbm=-36.0, exponent=2.6, shadowing_db=4.0, distances_m=tuple(DISTANCES.tolist())
        )
        fit = fit_radio(distance, level, name="phone", radio="wifi")
        held += fit.exponent_bounds[0] <= 2.6 <= fit.exponent_bounds[1]
    assert held >= 180  # 95 % of 200, less three standard deviations


def test_an_impossible_exponent_is_held_and_said() -> None:
    level = -38.0 - 10.0 * 6.0 * np.log10(DISTANCES)
    fit = fit_radio(DISTANCES, level, name="phone", radio="wifi")
    assert fit.exponent == pytest.approx(6.0)
    assert fit.profile.exponent.value <= EXPONENT_MAX
    assert "6.0" in fit.notes[0]


@pytest.mark.parametrize(
    ("distances", "what"),
    [([1.0, 1.0, 1.05], "1 distances"), ([1.0, 4.0], "2 distances"), ([1.0, 1.5, 2.0], "from 1 to 2 m only")],
)
def test_too_little_is_refused(distances: list[float], what: str) -> None:
    with pytest.raises(InputError, match=what) as raised:
        fit_radio(np.array(distances), np.full(len(distances), -50.0), name="phone", radio="wifi", file="walk.csv")
    assert raised.value.hint


def test_distances_come_from_the_column_the_position_or_the_name() -> None:
    text = b'spot,x_m,y_m,rssi_dbm,distance_m\nbed,,,-50,2.5\nbath,3,4,-50,\n2 m,,,-50,\n"1,5M",,,-50,\nfar,,,-50,\n'
    told = distances_of(parse_readings(text, name="r.csv"), at_m=(0.0, 0.0))
    assert told[:4].tolist() == pytest.approx([2.5, 5.0, 2.0, 1.5])
    assert np.isnan(told[4])
    assert np.isnan(distances_of(parse_readings(text, name="r.csv"), at_m=None)[1])


def test_synthetic_rooms_follow_their_seed_and_say_that_they_are_synthetic() -> None:
    room, again = signal_room(5, walk=3), signal_room(5, walk=3)
    assert room.csv() == again.csv()
    assert room.csv().startswith(b"# synthetic\n")
    assert room.csv() != signal_room(6, walk=3).csv()
    assert len(room.rssi_dbm) == 7 * 3 + 3
    assert room.in_room == (0 <= room.at_m[0] <= room.width_m and 0 <= room.at_m[1] <= room.depth_m)
    assert {signal_room(seed, in_room=True).in_room for seed in range(5)} == {True}
    nameless = parse_readings(room.csv(positions=False), name="r.csv")
    assert np.isnan(nameless.x_m).all()
