"""When something is done in the room: stretches of two states, their random drawing, and the guided protocol.

Whether a stream follows actions is judged by what it would look like had they been done at other times. That is
exact, whatever the traffic does by itself, if the times were drawn at random and the other times are drawn in the
same way (Fisher's randomisation test; Phipson and Smyth 2010 on the p-value). So there is one function that draws,
:func:`draw`, and both the guided protocol and the test use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

#: How far a rest may fall short of the drawing's shortest, seconds: somebody announces it, a key is pressed.
_SLIP_S = 0.5


class Action(StrEnum):
    """What a person does, until the next action; ``end`` only ends the one before."""

    STILL = "still"
    MOVE = "move"
    COVER = "cover"
    UNCOVER = "uncover"
    LIGHT_OFF = "light_off"
    LIGHT_ON = "light_on"
    END = "end"


class Contrast(StrEnum):
    """Two states that are compared."""

    MOTION = "motion"
    LENS = "lens"
    LIGHT = "light"

    @property
    def rest(self) -> Action:
        """The state that lasts between the actions."""
        return _PAIRS[self][0]

    @property
    def deed(self) -> Action:
        """The state that is the action."""
        return _PAIRS[self][1]


_PAIRS = {
    Contrast.MOTION: (Action.STILL, Action.MOVE),
    Contrast.LENS: (Action.UNCOVER, Action.COVER),
    Contrast.LIGHT: (Action.LIGHT_ON, Action.LIGHT_OFF),
}

#: The comparison that an action belongs to.
CONTRAST_OF = {action: contrast for contrast, pair in _PAIRS.items() for action in pair}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time of one comparison: some actions with rests before, between and after.

    Parameters
    ----------
    contrast
        What is compared.
    start_s, stop_s
        Beginning and end.
    begin_s, length_s
        float64 (k,); beginning and duration of each action, in order.
    least_s
        Shortest rest that the drawing allowed; None where the times were not drawn by :func:`draw`.
    """

    contrast: Contrast
    start_s: float
    stop_s: float
    begin_s: NDArray[np.float64]
    length_s: NDArray[np.float64]
    least_s: float | None = None

    @property
    def drawn(self) -> bool:
        """Whether the times are still as they were drawn: somebody may have stopped before the last rest was over."""
        return self.least_s is not None and float(self.rests_s.min()) >= self.least_s - _SLIP_S

    @property
    def rests_s(self) -> NDArray[np.float64]:
        """float64 (k + 1,); rests before, between and after the actions."""
        ends = np.concatenate([[self.start_s], self.begin_s + self.length_s])
        return np.asarray(np.concatenate([self.begin_s, [self.stop_s]]) - ends)

    def draws(self, rng: np.random.Generator, *, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return beginnings and durations (count, k) of other times at which the same could have been done.

        Where the times were not drawn at random this takes them as if they had been, with rests of at least half
        the shortest one seen.
        """
        least = float(self.rests_s.min()) / 2 if self.least_s is None or not self.drawn else self.least_s
        lengths = np.tile(self.length_s, (count, 1))
        if len(self.length_s) > 1 and float(np.ptp(self.length_s)) > 0.0:
            lengths = rng.permuted(lengths, axis=1)
        return draw(rng, start_s=self.start_s, stop_s=self.stop_s, lengths_s=lengths, least_s=least), lengths

    def covers(
        self, t_s: NDArray[np.float64], begin_s: NDArray[np.float64], length_s: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Return (count, times): whether an action of each row of (count, k) goes on at each time."""
        out = np.zeros((len(begin_s), len(t_s)), dtype=bool)
        for begin, length in zip(begin_s.T, length_s.T, strict=True):
            out |= (t_s >= begin[:, None]) & (t_s < (begin + length)[:, None])
        return out


def draw(
    rng: np.random.Generator, *, start_s: float, stop_s: float, lengths_s: NDArray[np.float64], least_s: float
) -> NDArray[np.float64]:
    """Return random beginnings (count, k) of actions of given durations (count, k) between two times.

    The time that is left beside the actions and the shortest rests falls to the rests uniformly (flat Dirichlet):
    every way of dividing it is as likely as any other.
    """
    count, actions = lengths_s.shape
    slack = np.maximum(stop_s - start_s - lengths_s.sum(axis=1) - least_s * (actions + 1), 0.0)
    share = rng.dirichlet(np.ones(actions + 1), size=count)
    rests = least_s + share * slack[:, None]
    passed = np.cumsum(lengths_s, axis=1) - lengths_s
    return np.asarray(start_s + np.cumsum(rests[:, :-1], axis=1) + passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A guided part: `actions` times `length_s`, with rests of at least `least_s` and `slack_s` shared among them."""

    contrast: Contrast
    actions: int
    length_s: float
    least_s: float
    slack_s: float

    @property
    def seconds(self) -> float:
        """How long it takes, the same for every drawing."""
        return self.actions * self.length_s + (self.actions + 1) * self.least_s + self.slack_s

    def stretch(self, rng: np.random.Generator, *, start_s: float = 0.0) -> Stretch:
        """Draw when the actions are done."""
        lengths = np.full((1, self.actions), self.length_s)
        stop_s = start_s + self.seconds
        begin = draw(rng, start_s=start_s, stop_s=stop_s, lengths_s=lengths, least_s=self.least_s)
        return Stretch(
            contrast=self.contrast,
            start_s=start_s,
            stop_s=stop_s,
            begin_s=begin[0],
            length_s=lengths[0],
            least_s=self.least_s,
        )


#: Moving and standing still: DeWiCam (AsiaCCS 2018) asks for 5 s still, 15 s moving, 5 s still, once. Four times
#: 10 s at drawn times can also be told from chance (benchmarks/accuracy_motion.py); rests of 5 s as there.
MOTION_PLAN = Plan(contrast=Contrast.MOTION, actions=4, length_s=10.0, least_s=5.0, slack_s=45.0)

#: Light off: five times 3 s, as WashroomSweep; the rests between are drawn, since a regular beat meets regular traffic.
LIGHT_PLAN = Plan(contrast=Contrast.LIGHT, actions=5, length_s=3.0, least_s=3.0, slack_s=22.0)

#: A sheet of paper before the suspected lens: a picture that goes dark and comes back takes no longer than moving.
LENS_PLAN = replace(MOTION_PLAN, contrast=Contrast.LENS, length_s=8.0, slack_s=33.0)


#: Time to get ready for the next part of a guided run: to fetch a sheet of paper, or walk to the switch.
BREAK_S = 15.0


def steps(stretches: Sequence[Stretch]) -> list[tuple[float, Action]]:
    """Return the actions of stretches in order of time, each with its beginning; ``end`` closes every stretch."""
    out: list[tuple[float, Action]] = []
    for stretch in stretches:
        out.append((stretch.start_s, stretch.contrast.rest))
        for begin, length in zip(stretch.begin_s.tolist(), stretch.length_s.tolist(), strict=True):
            out += [(begin, stretch.contrast.deed), (begin + length, stretch.contrast.rest)]
        out.append((stretch.stop_s, Action.END))
    return out


def guided(rng: np.random.Generator, *, lens: bool = False, light: bool = False) -> tuple[Stretch, ...]:
    """Return the drawn stretches of a guided run, with breaks between to get ready; seconds from its beginning."""
    plans = [MOTION_PLAN, *([LENS_PLAN] if lens else []), *([LIGHT_PLAN] if light else [])]
    out: list[Stretch] = []
    for plan in plans:
        start_s = out[-1].stop_s + BREAK_S if out else 0.0
        out.append(plan.stretch(rng, start_s=start_s))
    return tuple(out)
