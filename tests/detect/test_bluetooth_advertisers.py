"""Grouping by address, and beyond addresses that change, without making one device of two."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.bluetooth.advertisers import ROTATION_GAP_S, Advertiser, Register, group
from roomsweep.detect.bluetooth.heard import AddressKind, Heard, Role

SECOND = 10**9
APPLE = frozenset({(0x004C, 8, 0x10)})


def advertiser(
    address: int,
    begin_s: float,
    end_s: float,
    *,
    kind: AddressKind = AddressKind.RESOLVABLE,
    shapes: frozenset[tuple[int, int, int]] = APPLE,
    frames: int = 10,
) -> Advertiser:
    return Advertiser(
        addresses=(address,),
        kind=kind,
        frames=frames,
        first_ns=int(begin_s * SECOND),
        last_ns=int(end_s * SECOND),
        rssi_max_dbm=-40,
        rssi_median_dbm=-50.0,
        shapes=shapes,
        manufacturer=((0x004C, b"\x10\x05" + bytes(6)),),
    )


def heard(payload: bytes = b"", **others: object) -> Heard:
    values: dict[str, object] = {"address": 1, "kind": AddressKind.PUBLIC, "role": Role.ADVERT, **others}
    return Heard(payload=payload, **values)  # type: ignore[arg-type]


def test_one_row_per_address_with_its_signals_and_times() -> None:
    register = Register()
    register.add(
        [
            heard(b"\x04\x09Cam", count=3, first_ns=5, last_ns=9, rssi_dbm=((-60, 2), (-50, 1))),
            heard(b"\x03\xff\xab\x01", count=1, first_ns=2, last_ns=2, rssi_dbm=((-70, 1),)),
            heard(role=Role.ADDRESSED, count=2, first_ns=11, last_ns=12),
        ]
    )
    (record,) = register.advertisers()
    assert record.addresses == (1,)
    assert (record.frames, record.addressed) == (4, 2)
    assert (record.first_ns, record.last_ns) == (2, 12)
    assert (record.rssi_max_dbm, record.rssi_median_dbm) == (-50, -60.0)
    assert (record.names, record.companies) == (("Cam",), (0x01AB,))


@pytest.mark.parametrize(
    ("signals", "median"),
    [((), None), (((-60, 1),), -60.0), (((-60, 1), (-70, 1)), -65.0), (((-60, 3), (-90, 1)), -60.0)],
)
def test_the_median_signal(signals: tuple[tuple[int, int], ...], median: float | None) -> None:
    register = Register()
    register.add([heard(count=sum(n for _, n in signals) or 1, rssi_dbm=signals)])
    assert register.advertisers()[0].rssi_median_dbm == median


def test_a_chip_with_classic_and_low_energy_is_one_row() -> None:
    register = Register()
    register.add([heard(b"\x04\x09Cam"), heard(b"TV", kind=AddressKind.CLASSIC, role=Role.NAME)])
    (record,) = register.advertisers()
    assert set(record.names) == {"Cam", "TV"}


def test_a_flood_of_addresses_is_cut_and_counted() -> None:
    register = Register(most=10)
    register.add(heard(address=number, count=2) for number in range(25))
    assert len(register.advertisers()) == 10
    assert register.refused == 30


def test_a_flood_of_contents_is_cut() -> None:
    register = Register()
    register.add(heard(b"\x05\xff" + number.to_bytes(4), address=1) for number in range(1000))
    register.add(heard(b"\x05\x09" + f"{number:04}".encode(), address=1) for number in range(1000))
    (record,) = register.advertisers()
    assert record.frames == 2000
    assert len(record.manufacturer) <= 32
    assert len(record.names) <= 32


def test_addresses_that_follow_each_other_are_one_device() -> None:
    chain = [advertiser(1, 0, 60), advertiser(2, 61, 120), advertiser(3, 125, 200)]
    (device,) = group(chain)
    assert device.addresses == (1, 2, 3)
    assert (device.frames, device.first_ns, device.last_ns) == (30, 0, 200 * SECOND)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (advertiser(1, 0, 60), advertiser(2, 30, 90), "heard at the same time"),
        (advertiser(1, 0, 60), advertiser(2, 61 + ROTATION_GAP_S, 200), "too long a silence"),
        (advertiser(1, 0, 60), advertiser(2, 61, 90, shapes=frozenset({(6, 27, 1)})), "another payload"),
        (advertiser(1, 0, 60), advertiser(2, 61, 90, kind=AddressKind.NON_RESOLVABLE), "another kind"),
        (
            advertiser(1, 0, 60, kind=AddressKind.STATIC),
            advertiser(2, 61, 90, kind=AddressKind.STATIC),
            "addresses that do not rotate",
        ),
        (
            advertiser(1, 0, 60, kind=AddressKind.PUBLIC),
            advertiser(2, 61, 90, kind=AddressKind.PUBLIC),
            "addresses for life",
        ),
        (
            advertiser(1, 0, 60, shapes=frozenset()),
            advertiser(2, 61, 90, shapes=frozenset()),
            "nothing that tells them",
        ),
        (advertiser(1, 0, 60), advertiser(2, 61, 90, frames=0), "only asked for"),
    ],
)
def test_what_is_not_joined(first: Advertiser, second: Advertiser, why: str) -> None:
    if not any(first.shapes):
        first = Advertiser(addresses=(1,), kind=first.kind, frames=1, last_ns=60 * SECOND)
        second = Advertiser(addresses=(2,), kind=second.kind, frames=1, first_ns=61 * SECOND, last_ns=90 * SECOND)
    assert [device.addresses for device in group([first, second])] == [(1,), (2,)], why


def test_two_alike_devices_that_change_together_stay_apart() -> None:
    four = [advertiser(1, 0, 60), advertiser(2, 0, 60), advertiser(3, 62, 120), advertiser(4, 63, 120)]
    assert [device.addresses for device in group(four)] == [(1,), (2,), (3,), (4,)]


def test_one_that_falls_silent_is_not_joined_to_two() -> None:
    three = [advertiser(1, 0, 60), advertiser(2, 62, 120), advertiser(3, 63, 120)]
    assert [device.addresses for device in group(three)] == [(1,), (2,), (3,)]


def test_one_that_begins_is_not_joined_to_either_of_two() -> None:
    three = [advertiser(1, 0, 60), advertiser(2, 0, 61), advertiser(3, 63, 120)]
    assert [device.addresses for device in group(three)] == [(1,), (2,), (3,)]


def test_nothing_gives_nothing() -> None:
    assert group([]) == ()
    assert Register().advertisers() == ()


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 50), st.sampled_from(AddressKind)), max_size=12),
)
def test_grouping_loses_no_address_and_joins_none_that_overlap(
    spans: list[tuple[int, int, AddressKind]],
) -> None:
    records = [advertiser(number, begin, begin + size, kind=kind) for number, (begin, size, kind) in enumerate(spans)]
    devices = group(records)
    assert sorted(address for device in devices for address in device.addresses) == list(range(len(spans)))
    assert sum(device.frames for device in devices) == sum(record.frames for record in records)
    for device in devices:
        members = [records[address] for address in device.addresses]
        for before, after in pairwise(members):
            assert before.last_ns < after.first_ns
