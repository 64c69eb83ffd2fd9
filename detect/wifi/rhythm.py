"""The time that bursts keep: a clock of pictures, and key pictures that recur.

A camera's pictures follow a crystal, so the beginnings of its bursts stay in step for as long as it runs. The round
trips that pace an upload wander, and most other traffic has no period at all.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

#: Picture view: rates of pictures searched, in Hz: the slowest setting of cheap cameras to above 60.
_CLOCK_HZ = (4.0, 62.0)

#: Length of the windows in which a clock is searched, seconds: long against the drift of round trips.
_CLOCK_WINDOW_S = 10.0

#: Windows used at most: more would only cost time.
_CLOCK_WINDOWS = 6

#: Shortest stretch in which a clock is searched, seconds.
_SHORTEST_S = 2.0

#: Stations sleep and wake by the beacons, 102.4 ms apart: multiples of their rate are no picture rate. Hz.
_BEACON_HZ = 1.0 / 0.1024

#: Key pictures: rates searched in Hz, every half second to every ten.
_KEY_HZ = (0.1, 2.0)

#: Key pictures looked at, the latest: more would only cost time (256 reach over four minutes and more).
_KEYS_MAX = 256

#: Rates times events worked on at once: some MB.
_CELLS = 1 << 18

#: A key picture has at least this many times the bytes of the others around it; so many bursts to either side.
#: Encoders give key pictures 3 to 30 times the bytes (in the captures: Dahua 6-12, D-Link 10-30).
KEY_RATIO, _AROUND = 3.0, 20


def clock_of(bursts: NDArray[np.int64]) -> tuple[float | None, float]:
    """Return the rate at which the beginnings of bursts recur, Hz, and its mean power over the windows.

    Rayleigh's test at every rate of a fine grid: bursts that keep time add up, whatever comes between them. The power
    is in units of what bursts at random times have, which is distributed as an exponential with mean 1.

    Parameters
    ----------
    bursts
        int64 (n, 3); time in nanoseconds, rising, bytes, frames.

    Returns
    -------
    tuple[float | None, float]
        ``(None, 0.0)`` if there are too few bursts.
    """
    times = (bursts[:, 0] - bursts[0, 0]) / 1e9 if len(bursts) else np.zeros(0)
    if len(times) < 10 or times[-1] < _SHORTEST_S:
        return None, 0.0
    width = min(_CLOCK_WINDOW_S, float(times[-1]) + 1e-6)
    rates = np.arange(*_CLOCK_HZ, 1.0 / (3.0 * width))
    rates = rates[np.abs(rates - np.round(rates / _BEACON_HZ) * _BEACON_HZ) > 1.0 / width]
    power, used = np.zeros(len(rates)), 0
    for start in np.arange(0.0, float(times[-1]) - width / 2, width)[:_CLOCK_WINDOWS]:
        inside = times[(times >= start) & (times < start + width)]
        if len(inside) >= 10:
            power += _power(rates, inside - start)
            used += 1
    if not used:
        return None, 0.0
    best = int(power.argmax())
    return float(rates[best]), float(power[best]) / used


def keys_of(bursts: NDArray[np.int64]) -> tuple[float | None, float]:
    """Return the period at which bursts far larger than those around them recur, seconds, and its power."""
    if len(bursts) < 2 * _AROUND:
        return None, 0.0
    around = sliding_window_view(np.pad(bursts[:, 1], _AROUND, mode="reflect"), 2 * _AROUND + 1)
    large = np.flatnonzero(bursts[:, 1] > KEY_RATIO * np.median(around, axis=1))[-_KEYS_MAX:]
    if len(large) < 4:
        return None, 0.0
    times = (bursts[large, 0] - bursts[large[0], 0]) / 1e9
    if 3.0 / _KEY_HZ[1] >= times[-1]:
        return None, 0.0
    rates = np.arange(max(_KEY_HZ[0], 3.0 / float(times[-1])), _KEY_HZ[1], 1.0 / (4.0 * float(times[-1])))
    power = _power(rates, times)
    best = int(power.argmax())
    return 1.0 / float(rates[best]), float(power[best])


def _power(rates: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power of events at each rate, in units of chance (Rayleigh's test); some rates at a time, to bound the memory."""
    step = max(1, _CELLS // len(times))
    return np.concatenate(
        [
            np.abs(np.exp(-2j * np.pi * np.outer(rates[at : at + step], times)).sum(axis=1)) ** 2 / len(times)
            for at in range(0, len(rates), step)
        ]
    )
