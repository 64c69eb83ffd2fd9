"""Signal over time: means by second, whatever the order, in bounded memory."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.bluetooth.advertisers import Register, group
from roomsweep.detect.bluetooth.heard import NO_RSSI, AddressKind, Heard, Role
from roomsweep.detect.bluetooth.series import NO_SERIES, Series, SignalTable

S = 10**9


def table(rows: list[tuple[int, int, int]], *, most: int = 1000, pieces: int = 1) -> SignalTable:
    out = SignalTable(most=most)
    for piece in np.array_split(np.array(rows, dtype=np.int64).reshape(-1, 3), pieces):
        out.add(piece[:, 0], piece[:, 1], piece[:, 2].astype(np.int16))
    return out


def as_list(series: Series) -> list[tuple[float, float, int]]:
    return list(zip(series.t_s.tolist(), series.rssi_dbm.tolist(), series.count.tolist(), strict=True))


def test_levels_of_one_second_are_their_mean() -> None:
    rows = [(0, 5 * S, -60), (0, 5 * S + 999, -50), (1, 5 * S, -90), (0, 7 * S, -40), (0, 6 * S, NO_RSSI)]
    signals = table(rows)
    assert as_list(signals.of([0])) == [(5.0, -55.0, 2), (7.0, -40.0, 1)]
    assert signals.of([0]).strongest == (7.0, -40.0)
    assert as_list(signals.of([1])) == [(5.0, -90.0, 1)]
    assert as_list(signals.of([0, 1])) == [(5.0, -200 / 3, 3), (7.0, -40.0, 1)]


def test_nothing_is_nothing() -> None:
    empty = SignalTable()
    empty.add(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int16))
    empty.add(np.zeros(1, np.int64), np.zeros(1, np.int64), np.full(1, NO_RSSI, np.int16))
    for series in (empty.of([0]), empty.of([]), table([(3, 0, -1)]).of([2]), NO_SERIES):
        assert len(series) == 0
        assert series.strongest is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 90 * S), st.integers(-120, 20)), max_size=120),
    st.integers(1, 5),
)
def test_the_means_are_those_of_plain_python(rows: list[tuple[int, int, int]], pieces: int) -> None:
    plain: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for device, t_ns, level in rows:
        plain[device, t_ns // S].append(level)
    signals = table(rows, pieces=pieces)
    for device in range(5):
        expected = [
            (float(second), sum(levels) / len(levels), len(levels))
            for (number, second), levels in sorted(plain.items())
            if number == device
        ]
        assert as_list(signals.of([device])) == expected


def test_too_many_seconds_make_it_coarser_and_lose_nothing() -> None:
    rows = [(device, second * S, -50 - second % 7) for second in range(400) for device in range(3)]
    signals = table(rows, most=100, pieces=40)
    series = signals.of([1])
    assert series.step_s >= 16
    assert len(series) <= 100 / 3 + 1
    assert int(series.count.sum()) == 400
    assert series.t_s[0] == 0.0
    assert series.t_s[-1] <= 399 < series.t_s[-1] + series.step_s
    assert round(float((series.rssi_dbm * series.count).sum())) == sum(-50 - second % 7 for second in range(400))


def test_a_series_is_made_coarser_by_halves() -> None:
    series = table([(0, second * S, -40 - second) for second in range(8)]).of([0])
    assert as_list(series.coarser(most=4)) == [(0.0, -40.5, 2), (2.0, -42.5, 2), (4.0, -44.5, 2), (6.0, -46.5, 2)]
    assert series.coarser(most=8) is series


def test_the_register_keeps_it_over_changing_addresses() -> None:
    register = Register()

    def heard(address: int, second: int, level: int, role: Role = Role.ADVERT) -> Heard:
        at = np.array([second * S], dtype=np.int64)
        return Heard(
            address=address,
            kind=AddressKind.RESOLVABLE,
            role=role,
            payload=b"\x05\xff\x34\x12\x07\x01",
            first_ns=second * S,
            last_ns=second * S,
            rssi_dbm=((level, 1),),
            t_ns=at,
            levels_dbm=np.array([level], dtype=np.int16),
        )

    register.add([heard(1, 1, -60), heard(1, 2, -70), heard(2, 9, -40), heard(1, 2, -20, role=Role.ADDRESSED)])
    (device,) = group(register.advertisers())
    assert device.addresses == (1, 2)
    assert as_list(register.series(device)) == [(1.0, -60.0, 1), (2.0, -70.0, 1), (9.0, -40.0, 1)]
