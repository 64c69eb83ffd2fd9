"""Grey levels to light and back: the curve of IEC 61966-2-1, which phones write their pictures in.

Phones bend it (local tone mapping, night modes), so light computed by it is a model; the calibration says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float64]

#: The curve's straight part ends here, as a share of full scale in light, and has this slope (IEC 61966-2-1).
_TOE_LIGHT, _TOE_SLOPE = 0.0031308, 12.92


def light_of(grey: NDArray[Any] | float) -> Light:
    """Return the linear light, 0..1, of grey levels 0..255."""
    share = np.asarray(grey, dtype=np.float64) / 255.0
    bent = ((np.maximum(share, 0.0) + 0.055) / 1.055) ** 2.4
    return np.where(share <= _TOE_LIGHT * _TOE_SLOPE, share / _TOE_SLOPE, bent)


def grey_level_of(light: NDArray[Any] | float) -> Light:
    """Return the grey levels 0..255 of linear light; what is beyond full scale is cut."""
    share = np.clip(np.asarray(light, dtype=np.float64), 0.0, 1.0)
    return 255.0 * np.where(share <= _TOE_LIGHT, _TOE_SLOPE * share, 1.055 * share ** (1.0 / 2.4) - 0.055)


def slope_at(light: NDArray[Any] | float) -> Light:
    """Return grey levels per unit of light at a linear level."""
    share = np.clip(np.asarray(light, dtype=np.float64), 1e-9, 1.0)
    return 255.0 * np.where(share <= _TOE_LIGHT, _TOE_SLOPE, 1.055 / 2.4 * share ** (1.0 / 2.4 - 1.0))
