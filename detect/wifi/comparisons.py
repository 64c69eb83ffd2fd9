"""One comparison of two states in the room, for all stations: their rates on one grid, and what chance would give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .fits import MAX_LAG_S, SMOOTH_S, Columns, fits, moved, prepare
from .rates import RateSeries, RateTally
from .schedules import Contrast, Stretch

#: Chance that any station of a room that does not react is said to follow.
ALPHA = 0.01

#: Least change of the rate, as a share, that is called following: below it lies what is left of the receiver's losses
#: after mending (constant streams of which 40 % was lost while somebody stood in the way: within 3 % in 90 of 100
#: rooms, benchmarks/accuracy_motion.py).
CHANGE_MIN = 0.05

#: Stations tested, most bytes first: each more makes the correction harder for all.
MAX_TESTED = 16

#: Mean rate sent from which a station is tested, bytes/s: half of the 10 kB/s below which a published rule for
#: real cheap cameras ignores a stream, since receivers lose frames.
RATE_MIN = 5_000.0

#: Longest time of one comparison, seconds; a guided run takes two minutes.
LONGEST_S = 1_800.0

#: Most actions of one comparison: they are drawn anew thousands of times, and nobody does more in half an hour.
MOST_ACTIONS = 200

#: Least share of that time in which the receiver must have listened.
_HEARD_MIN = 0.5

#: Silence of everybody from which a radio receiver is taken to have been elsewhere, seconds: beacons come every
#: 0.1 s from each access point (IEEE 802.11-2020, default beacon period of 100 TU).
_DEAF_S = 1.0

#: Drawn times whose fit to a perfect follower is at least this share of the actions' own count as equal to them: a
#: step of one bin at one of four actions costs more.
_AS_GOOD = 0.98

#: Actions that nobody drew must not meet themselves, shifted, in more than this share of what evenly spaced ones do:
#: traffic with the same beat would follow them. Nine of ten drawn plans of four actions stay below.
_REGULAR = 0.87

#: Most that lost frames may add: where fewer than one in five is heard, the others cannot stand for the rest.
_MENDED_MOST = 5.0

#: Rows of drawn times worked on at once: a few MB of columns.
_CHUNK = 512


class Answer(StrEnum):
    """What a station did while things were done in the room."""

    FOLLOWS = "follows"
    #: It sent less while somebody moved: a body in the way of radio does that, a camera seldom.
    SENDS_LESS = "sends less"
    NO_RESPONSE = "no response"
    TOO_LITTLE = "too little seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One station in one comparison.

    Parameters
    ----------
    contrast
        What was compared.
    p, p_corrected
        Two-sided p-value, and corrected for all stations and comparisons of the run.
    lag_s
        Delay at which the fit is best.
    fit
        Correlation there, -1..1, of the ranks of the rate; positive: more is sent during the actions.
    rate, rest_rate
        Bytes/s sent during the actions and during the rests, at that delay.
    """

    contrast: Contrast
    p: float
    p_corrected: float
    lag_s: float
    fit: float
    rate: float
    rest_rate: float

    @property
    def answer(self) -> Answer:
        """What this comparison alone says."""
        low, high = sorted((self.rate, self.rest_rate))
        if self.p_corrected > ALPHA or high < low * (1.0 + CHANGE_MIN):
            return Answer.NO_RESPONSE
        return Answer.SENDS_LESS if self.contrast is Contrast.MOTION and self.fit < 0 else Answer.FOLLOWS


def mended(series: RateSeries) -> NDArray[np.float64]:
    """Return float64 (n, bins): bytes/s sent, with what the receiver lost put back by the sequence numbers.

    Frames that were lost are taken to be as long as those heard about then. Without that, a body between station
    and receiver would look like a stream that follows.
    """
    kernel = np.ones(max(1, round(SMOOTH_S / series.bin_s)))
    out = np.empty(series.bytes_sent.shape)
    for row in range(len(out)):
        heard = np.convolve(series.frames_sent[row], kernel, mode="same")
        numbered = np.convolve(series.numbered[row], kernel, mode="same")
        factor = np.clip(numbered / np.maximum(heard, 1.0), 1.0, _MENDED_MOST)
        out[row] = series.bytes_sent[row] / series.bin_s * factor
    return out


def regularity(stretch: Stretch, *, step_s: float = 0.2) -> float:
    """Return the largest share (0..1) of the action time that meets action time when all is shifted.

    Shifts are longer than an action and the longest delay together.
    """
    t_s = np.arange(stretch.start_s, stretch.stop_s, step_s)
    deed = stretch.covers(t_s, stretch.begin_s[None], stretch.length_s[None])[0]
    first = int((float(stretch.length_s.max()) + MAX_LAG_S) / step_s)
    total = int(np.count_nonzero(deed))
    shares = [np.count_nonzero(deed[shift:] & deed[:-shift]) / total for shift in range(first, len(deed)) if total]
    return float(max(shares, default=0.0))


def _too_regular(stretch: Stretch) -> bool:
    """Whether a beat could follow actions that nobody drew; two actions have no beat yet."""
    actions = len(stretch.begin_s)
    return actions > 2 and regularity(stretch) > _REGULAR * (actions - 1) / actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One comparison with all its stretches, and the stations' rates over a common grid of bins."""

    contrast: Contrast
    stretches: tuple[Stretch, ...]
    series: RateSeries
    known: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    left_out: int
    too_long: bool

    @property
    def seconds(self) -> float:
        return float(np.count_nonzero(self.inside)) * self.series.bin_s

    @property
    def heard(self) -> float:
        return float(self.known[self.inside].mean()) if self.inside.any() else 0.0

    def unusable(self, rng: np.random.Generator, *, draws: int, tests: int) -> str:
        """Why no station could be told from chance even if it followed perfectly; empty if one could."""
        if self.too_long:
            return "the comparison lasts longer than half an hour; give the log in parts"
        if sum(len(stretch.begin_s) for stretch in self.stretches) > MOST_ACTIONS:
            return f"the comparison has more than {MOST_ACTIONS} actions; give the log in parts"
        if self.heard < _HEARD_MIN:
            return "the capture does not cover the actions, or the receiver was deaf for most of the time"
        if any(not stretch.drawn and _too_regular(stretch) for stretch in self.stretches):
            return "the actions come at even intervals, as much traffic does; leave pauses of different lengths"
        own = self._own()
        columns = self._columns(own.astype(np.float64))
        best = float(np.abs(fits(columns, own)).max())
        null = (np.abs(fit).max(axis=2) for fit in self._null(columns, rng, draws))
        as_good = sum(int(np.count_nonzero(fit >= _AS_GOOD * best)) for fit in null)
        if best <= 0.0 or (as_good + 1) / (draws + 1) * tests > ALPHA:
            return "the actions are too few to tell an answer from chance; do four or more, with unequal pauses"
        return ""

    def responses(self, rng: np.random.Generator, *, draws: int) -> list[tuple[int, Response]]:
        """Return each station's address and response, not yet corrected."""
        rates = mended(self.series)
        if not len(rates):
            return []
        columns, own = self._columns(rates), self._own()
        fit = fits(columns, own)[0]
        score = np.abs(fit).max(axis=1)
        as_good = np.zeros(len(rates), dtype=np.int64)
        for null in self._null(columns, rng, draws):
            as_good += np.count_nonzero(np.abs(null).max(axis=2) >= score - 1e-9, axis=0)
        out = []
        for row, address in enumerate(self.series.address.tolist()):
            lag = int(np.abs(fit[row]).argmax())
            p = (int(as_good[row]) + 1) / (draws + 1)
            late, listened = moved(rates[row], lag), moved(self.known, lag) & self.inside
            response = Response(
                contrast=self.contrast,
                p=p,
                p_corrected=p,
                lag_s=round(lag * self.series.bin_s, 3),
                fit=float(fit[row, lag]),
                rate=_mean(late, listened & own[0]),
                rest_rate=_mean(late, listened & ~own[0]),
            )
            out.append((address, response))
        return out

    def _columns(self, rates: NDArray[np.float64]) -> Columns:
        return prepare(rates, known=self.known, inside=self.inside, bin_s=self.series.bin_s)

    def _own(self) -> NDArray[np.bool_]:
        """Return (1, bins): when the actions went on."""
        return self._deeds([(stretch.begin_s[None], stretch.length_s[None]) for stretch in self.stretches])

    def _null(self, columns: Columns, rng: np.random.Generator, draws: int) -> Iterator[NDArray[np.float64]]:
        """Yield the fits to other times, some at a time."""
        times = [stretch.draws(rng, count=draws) for stretch in self.stretches]
        for at in range(0, draws, _CHUNK):
            part = [(begin[at : at + _CHUNK], length[at : at + _CHUNK]) for begin, length in times]
            yield fits(columns, self._deeds(part))

    def _deeds(self, times: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> NDArray[np.bool_]:
        """Return (count, bins): whether an action goes on, for beginnings and durations by stretch."""
        t_s = _middles(self.series)
        out = np.zeros((len(times[0][0]), len(t_s)), dtype=bool)
        for stretch, (begin, length) in zip(self.stretches, times, strict=True):
            out |= stretch.covers(t_s, begin, length)
        return out


def compare(
    tally: RateTally, addresses: NDArray[np.uint64], contrast: Contrast, stretches: Sequence[Stretch]
) -> Comparison | None:
    """Put the stretches of one comparison on one grid with the rates of the stations to be tested."""
    own = tuple(stretch for stretch in stretches if stretch.contrast is contrast)
    if not own or tally.first_ns is None or tally.last_ns is None:
        return None
    start_s = min(stretch.start_s for stretch in own)
    stop_s = max(stretch.stop_s for stretch in own) + MAX_LAG_S
    too_long = stop_s - start_s > LONGEST_S
    stop_s = min(stop_s, start_s + LONGEST_S)
    # A few times as many as are tested: who sends most during the actions need not send most over the whole capture.
    series = tally.series(addresses[: 8 * MAX_TESTED], start_ns=round(start_s * 1e9), stop_ns=round(stop_s * 1e9))
    t_s = _middles(series)
    inside = np.zeros(len(t_s), dtype=bool)
    for stretch in own:
        inside |= (t_s >= stretch.start_s) & (t_s < stretch.stop_s)
    known = (t_s >= tally.first_ns / 1e9) & (t_s <= tally.last_ns / 1e9)
    if tally.radio:
        known &= ~_deaf(series)
    seconds = max(float(np.count_nonzero(inside & known)) * series.bin_s, series.bin_s)
    rate = series.bytes_sent[:, inside & known].sum(axis=1) / seconds
    enough = np.flatnonzero(rate >= RATE_MIN)
    chosen = enough[np.argsort(-rate[enough], kind="stable")][:MAX_TESTED]
    return Comparison(
        contrast=contrast,
        stretches=own,
        series=replace(
            series,
            address=series.address[chosen],
            bytes_sent=series.bytes_sent[chosen],
            frames_sent=series.frames_sent[chosen],
            numbered=series.numbered[chosen],
        ),
        known=known,
        inside=inside,
        left_out=len(enough) - len(chosen),
        too_long=too_long,
    )


def _deaf(series: RateSeries) -> NDArray[np.bool_]:
    """Bins within a silence of everybody that is too long to be one."""
    run = max(1, round(_DEAF_S / series.bin_s))
    silent = series.heard == 0
    # A bin is in a long run if some window of that length over it is silent throughout.
    whole = np.convolve(silent, np.ones(run))[run - 1 :] >= run - 0.5
    starts = whole[: len(silent)]
    return np.convolve(starts, np.ones(run))[: len(silent)] > 0


def _middles(series: RateSeries) -> NDArray[np.float64]:
    """float64 (bins,); middle of each bin, seconds since 1970."""
    return np.asarray(series.start_ns / 1e9 + (np.arange(len(series.heard)) + 0.5) * series.bin_s)


def _mean(values: NDArray[np.float64], which: NDArray[np.bool_]) -> float:
    return float(values[which].mean()) if which.any() else 0.0
