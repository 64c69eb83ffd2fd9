"""What is known of how a signal falls with distance here: made by calibration, else stated defaults.

The model is log-distance path loss: heard level = reference power - 10 x exponent x log10(distance / 1 m) + shadowing
+ fading. Shadowing is what furniture and walls add, alike at neighbouring places; fading is what the interference of
paths adds, different from one hand's breadth to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its uncertainty and where it comes from.

    Parameters
    ----------
    value, sigma
        Mean and standard deviation, in the quantity's unit.
    source
        A measurement, a publication, or the reasoning.
    """

    value: float
    sigma: float
    source: str


#: Bounds of the path-loss exponent that are considered at all. Lower: line of sight in an office, 1.73 (3GPP TR 38.901,
#: table 7.4.1-1, InH). Upper: 4.02, measured with 802.11b from 1 to 50 m in an office ("Modeling Signal
#: Attenuation in IEEE 802.11 Wireless LANs", volume 1).
EXPONENT_MIN, EXPONENT_MAX = 1.7, 4.1

_EXPONENT = Quantity(
    value=2.8,
    sigma=0.6,
    source="default: 2.0 in free space, 3.32 and 4.02 measured in an office (802.11b, 1-50 m); 2.8 at 2.4 GHz in "
    "homes (ITU-R P.1238)",
)

_SHADOWING = Quantity(
    value=5.5,
    sigma=2.0,
    source="default: the middle between 3 dB in sight and 8.03 dB out of it in offices (3GPP TR 38.901, table "
    "7.4.1-1); under 8 dB measured with 802.11b",
)

#: Reference powers of :func:`default_profile` by radio.
_REFERENCE = {
    "wifi": Quantity(
        value=-32.0,
        sigma=8.0,
        source="default: free space takes 40 dB over the first metre at 2.45 GHz (ITU-R P.525), senders radiate 10 to "
        "20 dBm and lose some of it in small aerials; -30 to -40 dBm was measured at 1 to 2 m",
    ),
    "bluetooth": Quantity(
        value=-55.0,
        sigma=8.0,
        source="default: free space takes 40 dB over the first metre at 2.45 GHz (ITU-R P.525), senders radiate -20 to "
        "+4 dBm; -60 dBm at 1 to 3 m is the rule of thumb",
    ),
}

#: How much the reference powers of different senders differ, dB: most radiate 10 to 20 dBm, and aerials, cases
#: and the way they lie add about as much again. Reasoned; used for a sender other than the one that was measured.
SENDERS_SIGMA_DB = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RadioProfile:
    """How signals fall with distance, as heard by one receiver.

    Parameters
    ----------
    radio
        ``wifi`` or ``bluetooth``.
    reference_dbm
        Level at 1 m, for a sender of which nothing else is known.
    exponent
        Path-loss exponent.
    shadowing_db
        Standard deviation of shadowing.
    measured
        Whether these come from a calibration rather than from published values.
    name
        What the calibration was called; empty for the defaults.
    """

    radio: str
    reference_dbm: Quantity
    exponent: Quantity = _EXPONENT
    shadowing_db: Quantity = _SHADOWING
    measured: bool = False
    name: str = ""

    def quantities(self) -> Mapping[str, Quantity]:
        """Return the quantities by name."""
        return {
            "reference_dbm": self.reference_dbm,
            "exponent": self.exponent,
            "shadowing_db": self.shadowing_db,
        }


def default_profile(radio: str) -> RadioProfile:
    """Return the published values for a radio; raises KeyError for one that is not known."""
    return RadioProfile(radio=radio, reference_dbm=_REFERENCE[radio])
