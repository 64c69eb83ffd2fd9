"""The range of a phone: from the return of a known lens to the smallest lens that it shows at each distance.

Model, stated with every result:

- the return of a lens, in light summed over its spot, goes with the area of its opening; a hidden lens returns
  light as well as the known one;
- it falls with a power of the distance between 2 and 4: the torch's light on the lens falls with the square, what
  comes back from a beam wider than the phone with the square once more. The measured power is held to these two.
  Nearer than the nearest measured distance it is taken as 3 at most, because the torch's offset turns part of a
  near return away. With one distance nothing is measured, and the worse of the two is taken on either side of it;
- the spot is the point spread and the opening's own image (a disc of diameter D has the variance D**2 / 16);
- the surround is as bright, and the picture as noisy, as in the photos of the known lens, at the nearest of their
  distances or between them;
- a lens shows where the detector's own contrast map exceeds the detector's own limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..detect.lens.profile import Reach
from ..detect.lens.spots import CONTRAST_MIN, SNR_MIN, contrast_map
from .srgb import grey_level_of

#: Distances for which the range is told: the torch's offset spoils nearer ones, rooms end at the farther ones.
DISTANCES_M = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

#: Bounds of the power of the distance (see the module's text).
POWER_MIN, POWER_MAX = 2.0, 4.0

#: Greatest power that is used nearer than the nearest measured distance: halfway between the bounds. Rendered lenses
#: with a beam of 1.2 degrees and a torch at 12 mm have 3.3 between 0.5 and 1 m, and 3.8 between 1 and 2 m.
_POWER_NEAR = 3.0

#: Ratio of farthest to nearest distance from which a power can be fitted: at 1.25 a scatter of 20 % in the return
#: already moves it by 0.9.
_RATIO_MIN = 1.25

#: Least scatter of a return, as a share. Reasoned: the spot's place among the pixels, a hand's tilt of the lens by a
#: degree or two, and a distance read off to 2-3 % each make about 10 %.
_SCATTER = 0.2

#: Openings that are tried, millimetres: a wider one is no hidden lens.
_OPENING_MIN_MM, _OPENING_MAX_MM = 0.05, 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What came back from the known lens at one distance.

    Parameters
    ----------
    distance_m
        From the phone.
    flux
        Light of the spot summed over its pixels, full scale of one pixel being 1; None where it is overexposed.
    surround
        Light around it, 0..1.
    noise_grey
        Noise of the picture as the detector takes it, grey levels.
    """

    distance_m: float
    flux: float | None
    surround: float
    noise_grey: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FallOff:
    """How the return falls with the distance: ``flux_at * (distance_at_m / d)**power``.

    Parameters
    ----------
    power, sigma
        As it is used, and the standard deviation of the fitted one; `sigma` is None where none was fitted.
    fitted
        As fitted, before it was held to its bounds; None with one distance.
    distance_at_m, flux_at
        Geometric means of the measured ones.
    nearest_m
        Nearest measured distance.
    scatter
        Of the returns about the fit, natural logarithm.
    """

    power: float
    sigma: float | None
    fitted: float | None
    distance_at_m: float
    flux_at: float
    nearest_m: float
    scatter: float

    def log_flux(self, distance_m: float) -> tuple[float, float, float]:
        """Return the natural log of the return at a distance, and its bounds at one standard deviation."""
        base, steps = math.log(self.flux_at), math.log(distance_m / self.distance_at_m)
        if self.sigma is None:
            worse, better = sorted(-power * steps for power in (POWER_MIN, POWER_MAX))
            return base + worse, base + worse - self.scatter, base + better + self.scatter
        spread = math.hypot(self.scatter, self.sigma * steps)
        if distance_m >= self.nearest_m:
            here = base - self.power * steps
            return here, here - spread, here + spread
        base -= self.power * math.log(self.nearest_m / self.distance_at_m)
        nearer = math.log(self.nearest_m / distance_m)
        bounds = POWER_MIN * nearer - self.scatter, POWER_MAX * nearer + self.scatter
        return base + min(self.power, _POWER_NEAR) * nearer, base + bounds[0], base + bounds[1]


def fall_off(returns: Sequence[Return]) -> FallOff:
    """Fit the power of the distance to returns of one lens; one of them at least must not be overexposed."""
    known = [(item.distance_m, item.flux) for item in returns if item.flux is not None]
    distance, flux = np.log([distance_m for distance_m, _ in known]), np.log([light for _, light in known])
    at, level = float(distance.mean()), float(flux.mean())
    fitted, sigma, power, scatter = None, None, POWER_MAX, _SCATTER
    if float(np.ptp(distance)) >= math.log(_RATIO_MIN):
        away = distance - at
        total = float(away @ away)
        fitted = -float(away @ flux) / total
        power = min(max(fitted, POWER_MIN), POWER_MAX)
        if len(known) > 2:
            left = flux - level + power * away
            scatter = max(_SCATTER, math.sqrt(float(left @ left) / (len(known) - 2)))
        sigma = scatter / math.sqrt(total)
    return FallOff(
        power=power,
        sigma=sigma,
        fitted=fitted,
        distance_at_m=math.exp(at),
        flux_at=math.exp(level),
        nearest_m=math.exp(float(distance.min())),
        scatter=scatter,
    )


def reach_of(
    returns: Sequence[Return],
    fall: FallOff,
    *,
    lens_mm: float,
    psf_px: float,
    focal_px: float,
    glint_px: int,
    distances_m: Sequence[float] = DISTANCES_M,
) -> tuple[Reach, ...]:
    """Return the smallest lens at each distance.

    Parameters
    ----------
    returns, fall
        Measured returns of the known lens and their fall-off.
    lens_mm
        Opening of the known lens.
    psf_px, focal_px, glint_px
        Point spread, focal length and largest glint of the camera, pixels.
    """
    known = sorted(returns, key=lambda item: item.distance_m)
    logs = np.log([item.distance_m for item in known])
    out = []
    for distance_m in distances_m:
        here = math.log(distance_m)
        surround = float(np.exp(np.interp(here, logs, np.log([max(item.surround, 1e-5) for item in known]))))
        noise = float(np.interp(here, logs, [item.noise_grey for item in known]))

        def smallest(
            log_flux: float, *, distance_m: float = distance_m, surround: float = surround, noise: float = noise
        ) -> float | None:
            return _smallest_mm(
                math.exp(log_flux) / lens_mm**2,
                surround=surround,
                lowest=max(CONTRAST_MIN, SNR_MIN * noise),
                psf_px=psf_px,
                image_px_per_mm=focal_px / (1000.0 * distance_m),
                glint_px=glint_px,
            )

        middle, low, high = fall.log_flux(distance_m)
        found = smallest(middle)
        out.append(
            Reach(
                distance_m=distance_m,
                smallest_mm=found,
                low_mm=None if found is None else smallest(high),
                high_mm=None if found is None else smallest(low),
            )
        )
    return tuple(out)


def _smallest_mm(
    flux_per_mm2: float, *, surround: float, lowest: float, psf_px: float, image_px_per_mm: float, glint_px: int
) -> float | None:
    """Return the smallest opening whose spot the contrast map shows with at least `lowest` grey levels."""

    def shows(opening_mm: float) -> bool:
        sigma = math.hypot(psf_px, opening_mm * image_px_per_mm / 4.0)
        contrast = spot_contrast(
            flux_per_mm2 * opening_mm**2, surround=surround, sigma_px=sigma, blur_px=psf_px, glint_px=glint_px
        )
        return contrast >= lowest

    # Wider openings can be lost again, when they fill the detector's window: so the first that shows is looked for.
    tried: list[float] = np.geomspace(_OPENING_MIN_MM, _OPENING_MAX_MM, 25).tolist()
    low = high = tried[0]
    for high in tried:
        if shows(high):
            break
        low = high
    else:
        return None
    while high / low > 1.01:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def spot_contrast(flux: float, *, surround: float, sigma_px: float, blur_px: float, glint_px: int) -> float:
    """Return the detector's contrast of a spot, grey levels, averaged over its places among the pixels.

    Parameters
    ----------
    flux, surround
        Light of the spot summed over its pixels, and of its surround.
    sigma_px
        Of the spot.
    blur_px, glint_px
        As the detector is told.
    """
    half = glint_px + 2
    grid = np.arange(-half, half + 1)
    strongest = []
    for shift in (0.0, 0.25, 0.5):
        across = np.exp(-((grid - shift) ** 2) / (2.0 * sigma_px**2))
        spot = np.outer(across, across) * (flux / (2.0 * math.pi * sigma_px**2))
        grey = np.round(grey_level_of(spot + surround)).astype(np.uint8)
        strongest.append(int(contrast_map(grey, glint_px=glint_px, blur_px=blur_px).max()))
    return float(np.mean(strongest))
