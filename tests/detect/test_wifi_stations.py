"""Sums by address over blocks; made-up addresses cannot fill the memory."""

import io
import struct

import numpy as np
import pytest

from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.mac import parse_mac
from roomsweep.detect.wifi import scapy_frames
from roomsweep.detect.wifi.frames import read_frames
from roomsweep.detect.wifi.headers import NO_SIGNAL
from roomsweep.detect.wifi.sorts import Sort
from roomsweep.detect.wifi.stations import StationTally

AP, STA, OTHER = "58:86:94:00:00:01", "30:8c:fb:00:00:02", "00:11:22:33:44:55"


def tally_of(frames, *, block_bytes=1 << 20, signals=None):
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127)
    for n, frame in enumerate(frames):
        signal = -50 if signals is None else signals[n]
        frame = struct.pack("<BBHIb", 0, 0, 9, 1 << 5, signal) + frame
        out += struct.pack("<IIII", 100 + n, 0, len(frame), len(frame)) + frame
    tally = StationTally()
    for records in CaptureReader(io.BytesIO(out), name="x", block_bytes=block_bytes):
        tally.add(read_frames(records))
    return tally.stations()


def row(stations, address):
    (at,) = np.flatnonzero(stations.address == parse_mac(address))
    return int(at)


def data(*, uplink, size):
    return scapy_frames.data_frame(station=STA, bssid=AP, other=OTHER, uplink=uplink, payload=bytes(size))


MIX = [
    scapy_frames.beacon(bssid=AP, ssid=b"x", channel=1, protected=True),
    data(uplink=True, size=1000),
    data(uplink=True, size=500),
    data(uplink=False, size=80),
    scapy_frames.null_frame(station=STA, bssid=AP, asleep=True),
    scapy_frames.request_to_send(receiver=AP, sender=STA),
    scapy_frames.block_ack(receiver=STA, sender=AP, first_sequence=1),
    scapy_frames.acknowledgement(receiver=STA),
    scapy_frames.probe_request(station=OTHER),
]


@pytest.mark.parametrize("block_bytes", [100, 1 << 20])
def test_counts_bytes_times_signal_and_the_network_joined(block_bytes):
    stations = tally_of(MIX, block_bytes=block_bytes, signals=[-40, -60, -70, -45, -62, -50, -41, -30, -80])
    ap, sta, other = row(stations, AP), row(stations, STA), row(stations, OTHER)
    counts = stations.counts
    assert (counts[ap, Sort.BEACON], counts[ap, Sort.DATA], counts[ap, Sort.BLOCK_ACK]) == (1, 1, 1)
    assert (counts[sta, Sort.DATA], counts[sta, Sort.NULL], counts[sta, Sort.RTS]) == (2, 1, 1)
    assert counts[other, Sort.PROBE_REQUEST] == 1
    assert counts.sum() == 8  # the acknowledgement names no transmitter
    up = len(MIX[1]) + len(MIX[2])
    assert (stations.bytes_up[sta], stations.bytes_down[sta]) == (up, len(MIX[3]))
    assert (stations.bytes_up[ap], stations.bytes_down[ap]) == (len(MIX[3]), up)
    assert (stations.max_dbm[sta], stations.median_dbm[sta]) == (-50, -62)
    assert (stations.max_dbm[ap], stations.max_dbm[other]) == (-40, -80)
    assert (stations.first_ns[sta], stations.last_ns[sta]) == (101 * 10**9, 105 * 10**9)
    assert stations.is_network.tolist() == [True, False, False]
    assert (stations.network[sta], stations.network[other]) == (ap, -1)
    assert stations.present.all()
    assert stations.random.tolist() == [False, False, False]


def test_times_out_of_order_are_sorted_out():
    def capture(times):
        frame = struct.pack("<BBHI", 0, 0, 8, 0) + data(uplink=True, size=1)
        out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127)
        out += b"".join(struct.pack("<IIII", t, 0, len(frame), len(frame)) + frame for t in times)
        tally = StationTally()
        for records in CaptureReader(io.BytesIO(out), name="x"):
            tally.add(read_frames(records))
        stations = tally.stations()
        return stations.first_ns[0] // 10**9, stations.last_ns[0] // 10**9, stations.max_dbm[0]

    assert capture([5, 9, 2, 7]) == (2, 9, NO_SIGNAL)
    assert capture([2, 5, 7, 9]) == (2, 9, NO_SIGNAL)


def test_forged_farewells_and_a_single_control_frame_prove_nobody():
    farewell = bytes.fromhex("c0000000" + (AP + STA + AP).replace(":", "")) + bytes(2) + b"\x07\x00"
    stations = tally_of([farewell] * 20 + [scapy_frames.request_to_send(receiver=AP, sender=OTHER)])
    assert not stations.present[row(stations, STA)]
    assert not stations.present[row(stations, OTHER)]
    twice = tally_of([scapy_frames.request_to_send(receiver=AP, sender=OTHER)] * 2)
    assert twice.present[row(twice, OTHER)]


def test_an_empty_tally():
    stations = StationTally().stations()
    assert len(stations) == 0
    assert len(stations.max_dbm) == 0
    assert stations.refused == 0
