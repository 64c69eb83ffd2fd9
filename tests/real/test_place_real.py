"""Levels of fixed senders in a real capture of a sniffer at rest: the warmer-colder view must hardly speak."""

from pathlib import Path

import numpy as np

from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.place.warmer import Warmer, changes
from roomsweep.detect.wifi.frames import read_frames


def test_fixed_senders_seldom_change_the_word(data_dir: Path) -> None:
    times, levels, senders = [], [], []
    with (data_dir / "radio" / "home_monitor_italy" / "07_SamsungA53_01.pcap").open("rb") as stream:
        for records in CaptureReader(stream, name="home"):
            frames = read_frames(records)
            keep = (frames.transmitter > 0) & (frames.signal_dbm < 0) & (frames.signal_dbm > -110)
            times.append(frames.t_ns[keep] / 1e9)
            levels.append(frames.signal_dbm[keep].astype(np.float64))
            senders.append(frames.transmitter[keep])
    time, level, sender = map(np.concatenate, (times, levels, senders))
    watched = minutes = false = 0.0
    for address in np.unique(sender):
        own = sender == address
        second = np.floor(time[own] - time[own][0]).astype(np.int64)
        if own.sum() < 3 * (second[-1] + 1) or second[-1] < 60:
            continue
        warmer, moments = Warmer(), []
        for number in range(int(second[-1]) + 1):
            here = second == number
            warmer.add(time[own][here] - time[own][0], level[own][here])
            moments.append(warmer.moment(number + 1.0))
        watched += 1
        minutes += len(moments) / 60.0
        false += changes(moments)
    assert watched >= 2
    assert false / minutes < 1.0
