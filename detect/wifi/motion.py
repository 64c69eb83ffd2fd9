"""Does a stream follow what happens in the room? A randomisation test on what every station sends.

The picture of a camera with variable bit rate costs more bytes while something moves before it (SnoopDog, USENIX
Security 2021; DeWiCam, AsiaCCS 2018) and another number of bytes in the dark. Here somebody moves and stands still at
known times. For each station the bytes sent are correlated with those times, over a range of delays; the same is done
with thousands of other times at which it could have been done (:mod:`.schedules`). The p-value is the share of them
that fit at least as well, (b + 1) / (m + 1), so that it is never zero (Phipson and Smyth 2010). It is two-sided and
holds whatever the traffic does by itself: bursts, trends, gaps. Several stations are corrected for after Holm (1979).

What it cannot know is *why* a stream follows. Somebody who moves also stands in the way of radio and carries a phone.
A camera with constant bit rate does not react at all, so no response never speaks for a station.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .comparisons import Answer, Comparison, Response, compare
from .rates import RateTally
from .schedules import Contrast, Stretch

#: Other times tried: with 5,000 the smallest p is 0.0002, which leaves room to correct for fifty comparisons.
DRAWS = 4_999


@dataclass(frozen=True, slots=True, kw_only=True)
class StationAnswer:
    """One station: its address, what it did, its comparisons (most telling first), mean rate sent in bytes/s."""

    address: int
    answer: Answer
    responses: tuple[Response, ...]
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionTest:
    """What came out.

    Parameters
    ----------
    stations
        Every station that sent data, except the user's own; most bytes first.
    contrasts
        Comparisons that were made.
    not_made
        Comparisons that could not be made, and why, as a clause that begins with "the".
    seconds, actions
        Time of the comparisons made, and actions in it.
    heard
        Share of that time in which the receiver listened.
    drawn
        Whether all times were drawn at random by roomsweep, so that the p-values are exact.
    draws
        Other times tried.
    not_tested
        Stations that sent enough but were beyond :data:`~roomsweep.detect.wifi.comparisons.MAX_TESTED`.
    """

    stations: tuple[StationAnswer, ...]
    contrasts: tuple[Contrast, ...]
    not_made: dict[Contrast, str]
    seconds: float
    actions: int
    heard: float
    drawn: bool
    draws: int
    not_tested: int


def follow(
    tally: RateTally,
    stretches: Sequence[Stretch],
    *,
    seed: int = 0,
    own: Sequence[int] = (),
    draws: int = DRAWS,
) -> MotionTest:
    """Tell which stations follow the actions.

    Parameters
    ----------
    tally
        What was sent.
    stretches
        When what was done, seconds since 1970.
    seed
        Of the drawing of other times: the same inputs give the same result.
    own
        Addresses of the user's own devices: they move with the user, so they are not tested.
    draws
        Other times tried.
    """
    rng = np.random.default_rng([seed, len(stretches)])
    senders = tally.senders()
    keep = ~np.isin(senders.address, np.asarray(own, dtype=np.uint64))
    parts = [compare(tally, senders.address[keep], contrast, stretches) for contrast in Contrast]
    made: list[Comparison] = []
    not_made: dict[Contrast, str] = {}
    there = [part for part in parts if part is not None]
    tests = max(1, sum(len(part.series.address) for part in there))
    for part in there:
        reason = part.unusable(rng, draws=draws, tests=tests)
        if reason:
            not_made[part.contrast] = reason
        else:
            made.append(part)
    pairs = [pair for part in made for pair in part.responses(rng, draws=draws)]
    corrected = holm(np.array([response.p for _, response in pairs], dtype=np.float64))
    by_station: dict[int, list[Response]] = {}
    for (address, response), p_corrected in zip(pairs, corrected.tolist(), strict=True):
        by_station.setdefault(address, []).append(replace(response, p_corrected=p_corrected))
    span_s = max(1e-3, ((tally.last_ns or 0) - (tally.first_ns or 0)) / 1e9)
    seconds = sum(part.seconds for part in made)
    used = [stretch for part in made for stretch in part.stretches]
    return MotionTest(
        stations=tuple(
            _answered(address, by_station.get(address, []), rate)
            for address, rate in zip(
                senders.address[keep].tolist(), (senders.bytes_sent[keep] / span_s).tolist(), strict=True
            )
        ),
        contrasts=tuple(part.contrast for part in made),
        not_made=not_made,
        seconds=seconds,
        actions=sum(len(stretch.begin_s) for stretch in used),
        heard=sum(part.heard * part.seconds for part in made) / seconds if seconds else 0.0,
        drawn=bool(used) and all(stretch.drawn for stretch in used),
        draws=draws,
        not_tested=max((part.left_out for part in made), default=0),
    )


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for their number (Holm 1979), in the order given."""
    order = np.argsort(p, kind="stable")
    out = np.empty_like(p)
    out[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return out


def _answered(address: int, responses: Sequence[Response], rate: float) -> StationAnswer:
    ordered = sorted(responses, key=lambda item: (list(Answer).index(item.answer), item.p))
    answer = ordered[0].answer if ordered else Answer.TOO_LITTLE
    return StationAnswer(address=address, answer=answer, responses=tuple(ordered), rate=rate)
