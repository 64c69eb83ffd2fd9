"""Warmer and colder: words that follow the walk and do not flicker."""

import numpy as np

from roomsweep.detect.place.warmer import HYSTERESIS_DB, LOST_S, STEADY_S, Moment, Trend, Warmer, changes


def walk(levels: list[float], *, each: int = 5, spread_db: float = 0.0, seed: int = 1) -> list[Moment]:
    """One level a second, `each` readings in it."""
    rng, warmer, out = np.random.default_rng(seed), Warmer(), []
    for second, level in enumerate(levels):
        at = second + np.linspace(0.05, 0.95, each)
        warmer.add(at, level + rng.normal(0.0, spread_db, each) if spread_db else np.full(each, level))
        out.append(warmer.moment(second + 1.0))
    return out


def test_nothing_heard_yet() -> None:
    moment = Warmer().moment(3.0)
    assert moment.trend is Trend.LOST
    assert moment.level_dbm is None
    assert moment.below_best_db is None


def test_words_follow_the_walk() -> None:
    moments = walk([-80, -80, -74, -68, -68, -68, -68, -80])
    assert [moment.trend for moment in moments] == [
        Trend.STEADY,
        Trend.STEADY,
        Trend.WARMER,
        Trend.WARMER,
        Trend.WARMER,
        Trend.WARMER,
        Trend.STEADY,
        Trend.COLDER,
    ]
    assert moments[6].t_s - moments[3].t_s == STEADY_S
    assert moments[-1].best_dbm == -68.0
    assert moments[-1].best_t_s == 4.0
    assert moments[-1].below_best_db == 12.0


def test_a_slow_walk_is_noticed_too() -> None:
    moments = walk([-80.0 + 0.5 * second for second in range(60)])
    assert sum(moment.trend is Trend.WARMER for moment in moments) > 10
    assert all(moment.trend is not Trend.COLDER for moment in moments)


def test_fading_at_rest_does_not_flicker() -> None:
    # 1.7 dB from frame to frame is what fixed senders show in real captures.
    moments = walk([-60.0] * 600, spread_db=1.7)
    assert changes(moments) == 0
    restless = walk([-60.0] * 600, spread_db=1.7)
    assert {moment.trend for moment in restless} == {Trend.STEADY}


def test_less_than_the_hysteresis_changes_nothing() -> None:
    step = HYSTERESIS_DB - 0.5
    assert changes(walk([-60.0, -60.0 + step] * 50)) == 0
    assert changes(walk([-60.0, -60.0 + HYSTERESIS_DB] * 5)) == 9


def test_one_stray_reading_in_a_second_counts_for_nothing() -> None:
    warmer = Warmer()
    warmer.add(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([-70.0, -70.0, -20.0, -71.0, -69.0]))
    assert warmer.moment(1.0).level_dbm == -70.0


def test_silence_is_said_and_the_level_kept() -> None:
    warmer = Warmer()
    warmer.add(np.array([0.5]), np.array([-60.0]))
    assert warmer.moment(1.0).trend is Trend.STEADY
    assert warmer.moment(3.0).trend is Trend.STEADY
    lost = warmer.moment(1.0 + LOST_S)
    assert lost.trend is Trend.LOST
    assert lost.level_dbm == -60.0
    assert lost.heard == 0
    warmer.add(np.array([8.5]), np.array([-80.0]))
    assert warmer.moment(9.0).trend is Trend.STEADY


def test_the_best_spot_has_the_name_given_there() -> None:
    warmer = Warmer()
    warmer.add(np.array([0.5]), np.array([-60.0]))
    warmer.moment(1.0)
    warmer.name_spot("bed", level_dbm=-60.0)
    assert warmer.moment(1.2).best_spot == "bed"
    warmer.add(np.array([1.5]), np.array([-70.0]))
    warmer.moment(2.0)
    warmer.name_spot("bath", level_dbm=-70.0)
    assert warmer.moment(2.0).best_spot == "bed"
    warmer.add(np.array([2.5]), np.array([-50.0]))
    assert warmer.moment(3.0).best_spot == ""
