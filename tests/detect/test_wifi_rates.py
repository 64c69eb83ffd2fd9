"""Rates by bin: what counts, what counts once, what is put back, and what a flood cannot do."""

import io
import itertools
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.mac import parse_mac
from roomsweep.detect.wifi import scapy_frames
from roomsweep.detect.wifi.ethernet import EthernetFrames
from roomsweep.detect.wifi.frames import FROM_DS, RETRY, TO_DS, Frames, read_frames
from roomsweep.detect.wifi.rates import MAX_BINS, RateTally

AP, STA, OTHER = "58:86:94:00:00:01", "30:8c:fb:00:00:02", "00:11:22:33:44:55"
START_NS = 1_700_000_000 * 10**9
MS = 1_000_000
QOS_DATA, BEACON, NULL = 0x28, 0x08, 0x24


def frames(rows):
    """Columns from (t_ms, sender, receiver, length, flags, sequence[, kind])."""
    n = len(rows)
    none = np.zeros(n, dtype=np.int64)

    def column(at, kind):
        return np.array([row[at] for row in rows], dtype=kind)

    return Frames(
        data=np.zeros(0, np.uint8),
        mac_at=none,
        mac_end=none,
        t_ns=START_NS + column(0, np.int64) * MS,
        length=column(3, np.int64),
        kind=np.array([row[6] if len(row) > 6 else QOS_DATA for row in rows], np.uint8),
        flags=column(4, np.uint8),
        duration=none.astype(np.uint16),
        addr1=np.array([parse_mac(row[2]) for row in rows], np.uint64),
        addr2=np.array([parse_mac(row[1]) for row in rows], np.uint64),
        addr3=np.array([parse_mac(row[2]) for row in rows], np.uint64),
        transmitter=np.array([parse_mac(row[1]) for row in rows], np.uint64),
        sequence=column(5, np.uint16),
        signal_dbm=none.astype(np.int8),
        channel_mhz=none.astype(np.uint16),
    )


def tally_of(*blocks, **how):
    tally = RateTally(**how)
    for rows in blocks:
        tally.add(frames(rows))
    return tally


def series(tally, *addresses, ms=1000):
    return tally.series([parse_mac(a) for a in addresses], start_ns=START_NS, stop_ns=START_NS + ms * MS)


def test_bytes_and_frames_go_to_the_sender_and_their_bin():
    rows = [
        (0, STA, AP, 1000, TO_DS, 1),
        (199, STA, AP, 500, TO_DS, 2),
        (200, STA, AP, 70, TO_DS, 3),
        (210, AP, STA, 300, FROM_DS, 9),
        (420, AP, "ff:ff:ff:ff:ff:ff", 120, 0, 10, BEACON),
        (430, STA, AP, 28, TO_DS, 4, NULL),
    ]
    tally = tally_of(rows)
    out = series(tally, STA, AP, OTHER)
    assert out.bytes_sent.tolist() == [[1500, 70, 0, 0, 0], [0, 300, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert out.frames_sent.tolist() == [[2, 1, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert out.heard.tolist() == [2, 2, 2, 0, 0]
    assert (out.start_ns, out.bin_s) == (START_NS, 0.2)
    senders = tally.senders()
    assert senders.address.tolist() == [parse_mac(STA), parse_mac(AP)]
    assert senders.bytes_sent.tolist() == [1570, 300]
    assert senders.is_network.tolist() == [False, True]
    assert senders.network.tolist() == [parse_mac(AP), 0]
    assert senders.first_ns[0] == START_NS
    assert senders.last_ns[0] == START_NS + 400 * MS


def test_nothing_in_nothing_out():
    tally = RateTally()
    tally.add(frames([]))
    assert len(tally.senders().address) == 0
    assert (tally.first_ns, tally.last_ns, tally.radio) == (None, None, False)
    assert series(tally, STA).bytes_sent.tolist() == [[0, 0, 0, 0, 0]]
    assert series(tally, STA, ms=0).bytes_sent.shape == (1, 0)


@pytest.mark.parametrize("split", [0, 1, 2, 3, 4, 5])
def test_a_repeated_frame_counts_once_also_across_blocks(split):
    rows = [
        (0, STA, AP, 1000, TO_DS, 7),
        (5, STA, AP, 900, TO_DS, 8),
        (6, STA, AP, 1000, TO_DS | RETRY, 7),  # again, after another frame, as within an aggregate
        (7, STA, AP, 1000, TO_DS | RETRY, 7),
        (9, STA, AP, 800, TO_DS | RETRY, 9),  # the first that was heard of it
    ]
    tally = tally_of(rows[:split], rows[split:])
    out = series(tally, STA)
    assert out.bytes_sent[0, 0] == 2700
    assert out.frames_sent[0, 0] == 3
    assert tally.repeated == 2


def test_alike_frames_are_not_taken_for_repeated_ones():
    rows = [
        (0, STA, AP, 1000, TO_DS, 7),
        (100, STA, AP, 1000, TO_DS, 7),  # not marked as sent again
        (700, STA, AP, 1000, TO_DS | RETRY, 7),  # later than anybody repeats
        (710, STA, OTHER, 1000, TO_DS | RETRY, 7),  # to somebody else
        (720, STA, AP, 999, TO_DS | RETRY, 7),  # of another priority, by its length
    ]
    assert tally_of(rows).repeated == 0


def test_numbers_that_were_passed_over_are_counted_where_frames_were_lost():
    rows = [(40 * n, STA, AP, 100, TO_DS, n) for n in range(25) if n not in (6, 7, 8)]
    out = series(tally_of(rows), STA)
    assert out.frames_sent[0].tolist() == [5, 2, 5, 5, 5]
    assert out.numbered[0].tolist() == [5, 5, 5, 5, 5]


def test_numbers_wrap_run_apart_by_receiver_and_are_given_up_after_silence():
    wrap = [(n, STA, AP, 100, TO_DS, (4090 + n) % 4096) for n in range(12) if n != 5]
    assert series(tally_of(wrap), STA).numbered.sum() == 12
    two = [(n, AP, (STA, OTHER)[n % 2], 100, FROM_DS, (100, 3000)[n % 2] + n // 2) for n in range(20)]
    assert series(tally_of(two), AP).numbered.sum() == 20
    silent = [(0, STA, AP, 100, TO_DS, 1), (1100, STA, AP, 100, TO_DS, 900)]
    assert series(tally_of(silent), STA, ms=2000).numbered.sum() == 2


def test_data_without_qos_shares_its_numbers_with_null_frames_and_over_receivers():
    plain = 0x20
    rows = [
        (40 * n, STA, (AP, OTHER)[n % 2], 100, TO_DS, n, NULL if n % 5 == 4 else plain) for n in range(25) if n != 11
    ]
    out = series(tally_of(rows), STA)
    assert out.frames_sent.sum() == 19
    assert out.numbered.sum() == 20


def test_priorities_have_numbers_of_their_own():
    def capture(frame_of):
        out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 105)
        for n in range(20):
            frame = frame_of(n)
            out += struct.pack("<IIII", 1_700_000_000, 1000 * n, len(frame), len(frame)) + frame
        return out

    def frame(n):
        priority, number = n % 2 * 5, (50, 2000)[n % 2] + n // 2
        made = scapy_frames.data_frame(
            station=STA, bssid=AP, other=OTHER, uplink=True, payload=bytes(50), priority=priority
        )
        return made[:22] + struct.pack("<H", number << 4) + made[24:]

    tally = RateTally()
    for records in CaptureReader(io.BytesIO(capture(frame)), name="x"):
        tally.add(read_frames(records))
    out = series(tally, STA)
    assert out.frames_sent.sum() == out.numbered.sum() == 20


@settings(max_examples=60, deadline=None)
@given(
    lost=st.sets(st.integers(1, 58)),
    late=st.sets(st.integers(1, 58)),
    cuts=st.lists(st.integers(0, 60), max_size=3),
    first=st.integers(0, 4095),
)
def test_whatever_is_lost_or_late_the_numbers_add_up_in_any_blocks(lost, late, cuts, first):
    """Frames that come late were repeated; nothing at either end is lost, so all 60 numbers were passed."""
    times = [(n * 10 + (35 if n in late - lost else 0), n) for n in range(60) if n not in lost]
    rows = [(t, STA, AP, 100 + n, TO_DS | (RETRY if n in late else 0), (first + n) % 4096) for t, n in sorted(times)]
    places = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    tally = tally_of(*(rows[a:b] for a, b in itertools.pairwise(places)))
    out = series(tally, STA)
    last = max(n for _, n in times)
    assert out.numbered.sum() == last + 1
    assert out.frames_sent.sum() == len(rows)


def test_ethernet_counts_by_source_and_leaves_out_what_was_passed_on():
    sta, router = parse_mac(STA), parse_mac(AP)
    tally = RateTally()
    tally.add_ethernet(
        EthernetFrames(
            source=np.array([sta, sta, router, 0, 0x0100_5E00_0001], np.uint64),
            destination=np.array([router] * 5, np.uint64),
            length=np.array([100, 200, 1500, 60, 60]),
            t_ns=START_NS + np.arange(5) * 150 * MS,
            relayed=np.array([False, False, True, False, False]),
        )
    )
    assert tally.radio is False
    assert series(tally, STA, AP).bytes_sent.sum(axis=1).tolist() == [300, 0]
    assert tally.senders().address.tolist() == [sta]


def test_a_flood_is_cut_and_counted_and_what_came_before_is_kept():
    flood = [(n, f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", AP, 100, TO_DS, 1) for n in range(300)]
    tally = tally_of([(0, STA, AP, 1000, TO_DS, 1)], flood, max_cells=100)
    assert tally.refused > 0
    assert series(tally, STA).bytes_sent.sum() == 1000
    assert len(tally.senders().address) <= 100


def test_times_before_1970_and_far_away_ones_do_no_harm():
    odd = frames([(0, STA, AP, 100, TO_DS, 1)] * 3)
    odd = replace(odd, t_ns=np.array([-5, 2**62, 0], dtype=np.int64))
    tally = RateTally(bin_ms=1)
    tally.add(odd)
    assert tally.senders().frames_sent.tolist() == [3]
    with pytest.raises(ValueError, match="bins"):
        tally.series([1], start_ns=0, stop_ns=(MAX_BINS + 1) * MS)
    with pytest.raises(ValueError, match="bin_ms"):
        RateTally(bin_ms=0)
