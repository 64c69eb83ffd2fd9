"""How well rates fit actions, over a range of delays: rank correlation of whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Kind = TypeVar("_Kind", bound=np.generic)

#: Longest delay between an action and the stream's answer, seconds: up to 2 s from the scene to the air
#: (WashroomSweep), and 1 s until somebody who is told to move moves.
MAX_LAG_S = 3.0

#: Width of the running mean of the rates, seconds: evens out single pictures, and is a tenth of an action.
SMOOTH_S = 1.0

#: Degree of the trend that is taken out of the ranks: a load that rises or falls over the whole run.
_TREND_DEGREE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Rates of n stations, ready to be held against any number of actions.

    Parameters
    ----------
    late
        float64 (bins, n, lags); ranked rates at each delay, centred over the bins that count, 0 in the others.
    weight
        float64 (bins, lags); 1 where the action is known, and at that delay what was sent.
    """

    late: NDArray[np.float64]
    weight: NDArray[np.float64]


def prepare(
    rates: NDArray[np.float64], *, known: NDArray[np.bool_], inside: NDArray[np.bool_], bin_s: float
) -> Columns:
    """Return the rates ranked and moved by every delay from 0 to :data:`MAX_LAG_S`.

    Parameters
    ----------
    rates
        float64 (n, bins).
    known
        bool (bins,); bins in which the receiver listened.
    inside
        bool (bins,); bins in which the action is known.
    bin_s
        Width of a bin, seconds.
    """
    lags = round(MAX_LAG_S / bin_s) + 1
    reach = np.convolve(inside, np.ones(lags))[: len(inside)] > 0
    ranked = ranks(rates, known & reach, bin_s=bin_s)
    weight = np.stack([moved(known, lag) & inside for lag in range(lags)], axis=-1).astype(np.float64)
    late = np.stack([moved(ranked, lag).T for lag in range(lags)], axis=-1)
    mean = np.einsum("bnl,bl->nl", late, weight) / np.maximum(weight.sum(axis=0), 1.0)
    return Columns(late=(late - mean) * weight[:, None, :], weight=weight)


def fits(columns: Columns, deeds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the correlation (count, n, lags), -1..1, of each station with each row of actions (count, bins).

    It is 0 where the rate or the action does not vary.
    """
    deed = deeds.astype(np.float64)
    bins, stations, lags = columns.late.shape
    # One product for all delays: many small ones are slow where several threads share a processor.
    product = (deed @ columns.late.reshape(bins, -1)).reshape(len(deed), stations, lags)
    during = deed @ columns.weight
    power = during * (1.0 - during / np.maximum(columns.weight.sum(axis=0), 1.0))
    scale = np.sqrt(np.maximum(power[:, None, :] * (columns.late**2).sum(axis=0), 0.0))
    return np.asarray(np.divide(product, scale, out=np.zeros_like(product), where=scale > 1e-9))


def ranks(rates: NDArray[np.float64], known: NDArray[np.bool_], *, bin_s: float) -> NDArray[np.float64]:
    """Return ranks (-0.5..0.5) of the smoothed rates without their slow trend; 0 in bins that are not known.

    Ranks, because the sizes of bursts and key pictures would otherwise outweigh everything else.
    """
    out = np.zeros_like(rates)
    count = int(np.count_nonzero(known))
    if count < _TREND_DEGREE + 2:
        return out
    kernel = np.ones(max(1, round(SMOOTH_S / bin_s)))
    covered = _running(known.astype(np.float64), kernel)
    time = np.linspace(-1.0, 1.0, len(known))[known]
    basis = np.linalg.qr(np.vander(time, _TREND_DEGREE + 1))[0]
    for row, rate in enumerate(rates):
        smooth = _running(np.where(known, rate, 0.0), kernel) / np.maximum(covered, 1.0)
        # Sums of many bins differ in their last digits: without rounding a constant rate would have ranks.
        values, where, times = np.unique(np.round(smooth[known], 6), return_inverse=True, return_counts=True)
        if len(values) < 2:
            continue
        rank = (np.cumsum(times) - 0.5 * (times - 1.0))[where] / count - 0.5 - 0.5 / count
        out[row, known] = rank - basis @ (basis.T @ rank)
    return out


def moved(column: NDArray[_Kind], lag: int) -> NDArray[_Kind]:
    """Return `column` moved `lag` bins to earlier times along its last axis; zeros come in."""
    out = np.zeros_like(column)
    out[..., : max(0, column.shape[-1] - lag)] = column[..., lag:]
    return out


def _running(column: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[Any]:
    """Running sum of the same length, also where the kernel is longer."""
    full = np.convolve(column, kernel)
    start = (len(kernel) - 1) // 2
    return full[start : start + len(column)]
