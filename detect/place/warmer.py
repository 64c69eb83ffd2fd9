"""Warmer or colder: what a person who walks with a receiver is told, second by second.

The level is the median of the last second. Words change only when it has moved by more than the hysteresis from where
they last changed, so that fading alone does not make them flicker.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Time whose readings make a level, seconds: the step of one pace. Shorter ones flicker, longer ones lag behind
#: the feet.
WINDOW_S = 1.0

#: How much the level must move before the word changes, dB. Two places at the same distance differ by fading of 2.0 dB
#: each (see ``grid.FADING_DB``) and 0.9 dB each over time at rest, so by a standard deviation of 3.1 dB; 1.64 of
#: these, 5 dB, is passed by one in ten. At rest, successive medians of 1 s differed by 3 dB or less in 99 of
#: 100 (17 senders of real captures; benchmarks/accuracy_place.py). With an exponent of 2 to 3 it is a step
#: from 1.8 or 1.5 m to 1 m.
HYSTERESIS_DB = 5.0

#: Time without a change after which the word is ``steady``, and without a reading after which it is ``lost``, seconds:
#: two paces; five beacon-less seconds of a sniffer that went round other channels.
STEADY_S, LOST_S = 3.0, 5.0


class Trend(StrEnum):
    """What to tell the person."""

    WARMER = "warmer"
    COLDER = "colder"
    STEADY = "steady"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is known at one moment.

    Parameters
    ----------
    t_s
        When.
    trend
        The word.
    level_dbm
        Median of the last second, of the last one heard if nothing is; None before the first.
    best_dbm, best_t_s, best_spot
        The highest such median so far, when it was, and the name given to the place, empty if none was.
    heard
        Readings in the last second.
    """

    t_s: float
    trend: Trend
    level_dbm: float | None
    best_dbm: float | None
    best_t_s: float | None
    best_spot: str
    heard: int

    @property
    def below_best_db(self) -> float | None:
        """How far the level is below the best so far."""
        return None if self.level_dbm is None or self.best_dbm is None else self.best_dbm - self.level_dbm


class Warmer:
    """The state of one search.

    Parameters
    ----------
    hysteresis_db
        See :data:`HYSTERESIS_DB`.
    window_s, lost_s
        See :data:`WINDOW_S` and :data:`LOST_S`; longer for what sends more seldom.
    """

    def __init__(
        self, *, hysteresis_db: float = HYSTERESIS_DB, window_s: float = WINDOW_S, lost_s: float = LOST_S
    ) -> None:
        self._hysteresis_db, self._window_s, self._lost_s = hysteresis_db, window_s, lost_s
        self._recent: deque[tuple[float, float]] = deque()
        self._anchor_dbm: float | None = None
        self._changed_s = 0.0
        self._heard_s: float | None = None
        self._trend = Trend.LOST
        self._level_dbm: float | None = None
        self._best: tuple[float, float] | None = None
        self._best_spot = ""

    def add(self, t_s: NDArray[np.float64], rssi_dbm: NDArray[np.float64]) -> None:
        """Take in readings, float64 (n,) each, none older than those before."""
        self._recent.extend(zip(t_s.tolist(), rssi_dbm.tolist(), strict=True))

    def moment(self, t_s: float) -> Moment:
        """Return what is known at `t_s`, which must not go back."""
        while self._recent and self._recent[0][0] <= t_s - self._window_s:
            self._recent.popleft()
        heard = len(self._recent)
        if heard:
            self._heard_s = t_s
            self._level_dbm = float(np.median([level for _, level in self._recent]))
            self._follow(t_s, self._level_dbm)
        elif self._heard_s is None or t_s - self._heard_s >= self._lost_s:
            self._trend, self._anchor_dbm = Trend.LOST, None
        return Moment(
            t_s=t_s,
            trend=self._trend,
            level_dbm=self._level_dbm,
            best_dbm=None if self._best is None else self._best[0],
            best_t_s=None if self._best is None else self._best[1],
            best_spot=self._best_spot,
            heard=heard,
        )

    def name_spot(self, name: str, *, level_dbm: float) -> None:
        """Name the place where the person stands; it is the best spot's name if its level is the best so far."""
        if self._best is not None and level_dbm >= self._best[0]:
            self._best_spot = name

    def _follow(self, t_s: float, level_dbm: float) -> None:
        if self._best is None or level_dbm > self._best[0]:
            self._best, self._best_spot = (level_dbm, t_s), ""
        if self._anchor_dbm is None:
            self._anchor_dbm, self._changed_s, self._trend = level_dbm, t_s, Trend.STEADY
            return
        moved_db = level_dbm - self._anchor_dbm
        if abs(moved_db) >= self._hysteresis_db:
            self._anchor_dbm, self._changed_s = level_dbm, t_s
            self._trend = Trend.WARMER if moved_db > 0.0 else Trend.COLDER
        elif t_s - self._changed_s >= STEADY_S:
            self._trend = Trend.STEADY


def changes(moments: list[Moment]) -> int:
    """Return how often the word changed to ``warmer`` or ``colder``."""
    words = [moment.trend for moment in moments]
    return sum(now is not before and now in (Trend.WARMER, Trend.COLDER) for before, now in pairwise(words))
