"""Where a transmitter is: Bayes' rule on a grid of places.

Unknown are the place, the sender's reference power, the path-loss exponent, how strong shadowing is and how far it
reaches. Every combination of place, exponent, shadowing and reach is weighed by how well it explains the levels at the
spots; the reference power enters linearly and is integrated out in closed form. What is left is the probability of each
place.

Differences between the levels at spots are explained by a normal distribution whose covariance holds

- the reference power's spread, common to all spots;
- shadowing, alike at neighbouring spots: ``exp(-distance / reach)`` (M. Gudmundson, Electronics Letters 27, 1991).
  Without it twenty readings along one wall would count as twenty witnesses, and the region would come out too small;
- fading, each spot's own;
- the loss of the room's wall, common to all spots on the other side of it from the place.

The mixture over the strength of shadowing gives the tails of a multivariate Student t, of which it is the discrete
form. One spot at most may be wild (a hand over the aerial, a place typed wrongly): nothing then explains its level.
The likelihood without one spot follows from the whole by the leave-one-out identity (Rasmussen and Williams,
Gaussian Processes for Machine Learning, 2006, 5.4.2), so this costs next to nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .radio_profile import EXPONENT_MAX, EXPONENT_MIN, RadioProfile
from .room import REACH_M, Room
from .spots import Spots

#: How far beyond the readings or the room's walls the transmitter is looked for, metres: the depth of a
#: neighbouring room. One that is farther shows at the grid's edge.
MARGIN_M = 5.0

#: Side of a cell, metres, and most cells: with larger areas cells grow. Errors are metres.
CELL_M, CELLS_MAX = 0.25, 6000

#: Height between phone and transmitter, metres: root mean square for a phone at 1.2 m and a thing anywhere
#: between a socket at 0.3 m and a smoke alarm at 2.5 m. It keeps the model finite at zero distance.
HEIGHT_M = 0.67

#: Exponents that are weighed, in standard deviations of the profile's value, with the normal weights of these places;
#: none beyond the range that was ever measured.
_EXPONENT_STEPS = np.linspace(-2.0, 2.0, 7)

#: Shadowing that is weighed, in standard deviations of the profile's value, with the normal weights of these places;
#: none under 1 dB.
_SHADOWING_STEPS = (-1.25, 0.0, 1.25)
_SHADOWING_MIN_DB = 1.0

#: Reach of shadowing that is weighed, metres, with equal weights: furniture, and the 6 m of offices out of sight
#: (3GPP TR 38.901, table 7.5-6).
_REACHES_M = (1.0, 2.5, 6.0)

#: What sets a spot's median apart from its neighbours', dB, root of the sum of squares of: fading, 2.0 (in 20 MHz with
#: paths spread over 50 ns there are about five independent parts, whose mean power has a standard deviation of
#: 10 / ln 10 x sqrt(trigamma(5))); change over time at rest, 0.9 (1.2 dB between successive medians of 1 s, median
#: of 17 senders in real captures, over the square root of 2); and the body of the person, 2.3 (anything from 0
#: to 8 dB, reasoned).
FADING_DB = 3.2

#: Loss of one wall at 2.4 GHz, dB: 3.4 for light and 6.9 for heavy ones (COST 231 final report, 4.7), so about 5;
#: the spread covers a door that stands open and two walls.
WALL_DB, WALL_SIGMA_DB = 5.0, 4.0

#: Multiplications of one matrix product: OpenBLAS gives larger ones (above 4 x 65,536) to several threads, which for
#: matrices of this shape took five times the processor time on a busy computer.
_PRODUCT_MAX = 200_000

#: Power that the likelihood of places is taken to. Aerials that favour a direction, several walls and furniture go
#: beyond the model, so that as it stands its regions of 50 % held 42 to 46 % of the transmitters of synthetic rooms;
#: with this power they hold what they say (seeds 10000-10499 of benchmarks/accuracy_place.py, which counts on others).
TEMPER = 0.8

#: Probability that a spot is wild, and the width in dB over which its level is then spread. Reasoned.
_WILD, _WILD_WIDTH_DB = 0.02, 60.0

#: Probability, before any reading, that the transmitter is in the room, where the room is known: even, so that the
#: readings alone decide.
ROOM_PRIOR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Probabilities of places.

    Parameters
    ----------
    x_m, y_m
        float64 (columns,), (rows,); middles of the cells.
    mass
        float64 (rows, columns); probability of each cell, sum 1.
    inside
        bool (rows, columns); cells within the room; None where the room is not known.
    exponent
        Mean path-loss exponent after the readings.
    """

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    mass: NDArray[np.float64]
    inside: NDArray[np.bool_] | None
    exponent: float

    @property
    def room_probability(self) -> float | None:
        """Probability that the transmitter is in the room; None where the room is not known."""
        return None if self.inside is None else float(self.mass[self.inside].sum())

    def region(self, share: float) -> NDArray[np.bool_]:
        """bool (rows, columns); the most probable cells that together hold at least `share`."""
        order = np.argsort(self.mass, axis=None)[::-1]
        held = np.cumsum(self.mass.ravel()[order])
        out = np.zeros(self.mass.size, bool)
        out[order[: int(np.searchsorted(held, share)) + 1]] = True
        return out.reshape(self.mass.shape)

    def level_at(self, x_m: float, y_m: float) -> float:
        """Return the smallest share whose region holds a point; 1 beyond the grid."""
        column, row = (int(np.argmin(np.abs(axis - at))) for axis, at in ((self.x_m, x_m), (self.y_m, y_m)))
        half = 0.5 * float(self.x_m[1] - self.x_m[0]) + 1e-9
        if abs(self.x_m[column] - x_m) > half or abs(self.y_m[row] - y_m) > half:
            return 1.0
        return float(self.mass[self.mass > self.mass[row, column]].sum())

    def within_m(self, x_m: float, y_m: float, share: float) -> float:
        """Return the radius about a point that holds `share` of the probability, metres."""
        away = np.hypot(*np.meshgrid(self.x_m - x_m, self.y_m - y_m)).ravel()
        order = np.argsort(away)
        held = np.cumsum(self.mass.ravel()[order])
        return float(away[order[min(int(np.searchsorted(held, share)), len(order) - 1)]])

    def centre(self) -> tuple[float, float]:
        """Return the point with the least expected distance to the transmitter, metres (Weiszfeld's iteration)."""
        x, y = (axis.ravel() for axis in np.meshgrid(self.x_m, self.y_m))
        mass = self.mass.ravel()
        at_x, at_y = float(mass @ x), float(mass @ y)
        for _ in range(40):
            weight = mass / np.maximum(np.hypot(x - at_x, y - at_y), 0.5 * CELL_M)
            at_x, at_y = float(weight @ x / weight.sum()), float(weight @ y / weight.sum())
        return at_x, at_y

    def at_edge(self) -> bool:
        """Whether a tenth or more of the probability lies within 1 m of the grid's edge: it may be farther away."""
        column, row = (np.minimum(axis - axis[0], axis[-1] - axis) < 1.0 for axis in (self.x_m, self.y_m))
        return float(self.mass[row[:, None] | column[None, :]].sum()) >= 0.1


def locate_on_grid(spots: Spots, *, profile: RadioProfile, room: Room | None) -> Posterior:
    """Weigh every place by how well it explains the levels.

    Parameters
    ----------
    spots
        All with a position, one at least.
    profile
        How signals fall with distance here, and what senders radiate.
    room
        Outline of the room, if known: it brings the even prior and the loss of its wall.

    Raises
    ------
    ValueError
        If there is no spot, or one without a position.
    """
    if not len(spots) or not spots.placed.all():
        raise ValueError("the grid needs spots with positions")
    x_axis, y_axis = _axes(spots, room)
    x, y = (axis.ravel() for axis in np.meshgrid(x_axis, y_axis))
    inside = None if room is None else room.holds(x, y)
    log_prior = np.zeros(len(x))
    if room is not None and inside is not None:
        log_prior[inside] = math.log(ROOM_PRIOR / max(int(inside.sum()), 1))
        log_prior[~inside] = math.log((1.0 - ROOM_PRIOR) / max(int((~inside).sum()), 1))
    exponents = profile.exponent.value + profile.exponent.sigma * _EXPONENT_STEPS
    exponents = np.clip(exponents, EXPONENT_MIN, EXPONENT_MAX)
    log_mass = np.full((len(exponents), len(x)), -np.inf)
    own_side = np.zeros(len(spots), bool) if room is None else room.holds(spots.x_m, spots.y_m)
    for side in (False, True) if inside is not None else (None,):
        cells = np.arange(len(x)) if side is None or inside is None else np.flatnonzero(inside == side)
        across = np.zeros(len(spots), bool) if side is None else own_side != side
        if len(cells):
            log_mass[:, cells] = _log_likelihood(
                spots, x[cells], y[cells], exponents=exponents, across=across, profile=profile
            )
    log_mass += -0.5 * _EXPONENT_STEPS[:, None] ** 2
    log_place = TEMPER * np.logaddexp.reduce(log_mass, axis=0) + log_prior
    mass = np.exp(log_place - log_place.max())
    mass /= mass.sum()
    share = np.exp(log_mass - log_mass.max(axis=0))
    share /= share.sum(axis=0)
    shape = (len(y_axis), len(x_axis))
    return Posterior(
        x_m=x_axis,
        y_m=y_axis,
        mass=mass.reshape(shape),
        inside=None if inside is None else inside.reshape(shape),
        exponent=float((share @ mass) @ exponents),
    )


def _axes(spots: Spots, room: Room | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middles of the cells along x and y."""
    spans = []
    for axis, at in enumerate((spots.x_m, spots.y_m)):
        walls = np.empty(0) if room is None else room.corners_m[:, axis]
        every = np.concatenate([at, walls])
        margin = MARGIN_M + REACH_M
        spans.append((float(every.min()) - margin, float(every.max()) + margin))
    width, height = (high - low for low, high in spans)
    cell = max(CELL_M, math.sqrt(width * height / CELLS_MAX))
    return tuple(low + cell * (np.arange(math.ceil((high - low) / cell)) + 0.5) for low, high in spans)  # type: ignore[return-value]


def _log_likelihood(
    spots: Spots,
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    *,
    exponents: NDArray[np.float64],
    across: NDArray[np.bool_],
    profile: RadioProfile,
) -> NDArray[np.float64]:
    """Return for each exponent and place the log-likelihood of the levels, float64 (exponents, places).

    Parameters
    ----------
    across
        bool (spots,); spots with the room's wall between them and these places.
    """
    away = np.hypot(x_m[:, None] - spots.x_m, y_m[:, None] - spots.y_m)
    log_distance = 5.0 * np.log10(away**2 + HEIGHT_M**2)
    level = spots.rssi_dbm - profile.reference_dbm.value + WALL_DB * across
    models = _models(spots, across=across, profile=profile)
    count = len(spots)
    log_none = count * math.log1p(-_WILD)
    log_one = math.log(_WILD) + (count - 1) * math.log1p(-_WILD) - math.log(_WILD_WIDTH_DB)
    total = np.logaddexp(log_none, math.log(count) + log_one + math.log(_WILD_WIDTH_DB))
    out = np.full((len(exponents), len(x_m)), -np.inf)
    rows = max(1, _PRODUCT_MAX // count**2)
    for step, exponent in enumerate(exponents):
        left = level + exponent * log_distance
        for log_weight, precision, log_det in models:
            pulled = np.concatenate([left[at : at + rows] @ precision for at in range(0, len(left), rows)])
            fit = -0.5 * (np.einsum("ij,ij->i", pulled, left) + log_det + count * math.log(2.0 * math.pi))
            own = np.diag(precision)
            without = 0.5 * (pulled**2 / own - np.log(own) + math.log(2.0 * math.pi))
            most = without.max(axis=1)
            one = fit + most + np.log(np.exp(without - most[:, None]).sum(axis=1))
            both = np.logaddexp(log_none + fit, log_one + one) - total
            out[step] = np.logaddexp(out[step], log_weight + both)
    return out


def _models(
    spots: Spots, *, across: NDArray[np.bool_], profile: RadioProfile
) -> list[tuple[float, NDArray[np.float64], float]]:
    """Return log-weight, inverse covariance and its log-determinant for each strength and reach of shadowing."""
    count = len(spots)
    between = np.hypot(spots.x_m[:, None] - spots.x_m, spots.y_m[:, None] - spots.y_m)
    common = np.full((count, count), profile.reference_dbm.sigma**2)
    common += WALL_SIGMA_DB**2 * np.outer(across, across)
    common += FADING_DB**2 * np.eye(count)
    strengths = [
        (step, max(_SHADOWING_MIN_DB, profile.shadowing_db.value + step * profile.shadowing_db.sigma))
        for step in _SHADOWING_STEPS
    ]
    out: list[tuple[float, NDArray[np.float64], float]] = []
    for step, shadowing_db in strengths:
        for reach_m in _REACHES_M:
            covariance = common + shadowing_db**2 * np.exp(-between / reach_m)
            sign, log_det = np.linalg.slogdet(covariance)
            assert sign > 0  # fading alone makes it positive definite
            out.append((-0.5 * step**2, np.asarray(np.linalg.inv(covariance), np.float64), float(log_det)))
    norm = np.logaddexp.reduce([weight for weight, _, _ in out])
    return [(float(weight - norm), precision, log_det) for weight, precision, log_det in out]
