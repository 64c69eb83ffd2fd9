"""Who sends in a synthetic capture, and the addresses invented for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..detect.mac import LOCAL_BIT, format_mac

#: When synthetic captures begin: 2026-01-01 00:00:00 UTC, in seconds since the epoch.
START_S = 1_767_225_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmitter:
    """Something that sends in a synthetic capture.

    Parameters
    ----------
    mac
        Its address as sent.
    what
        In plain words.
    camera
        Whether it is one.
    name
        The SSID or Bluetooth name it shows, or None.
    frames
        How many frames or adverts in the capture name it as their sender.
    """

    mac: str
    what: str
    camera: bool
    name: str | None
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticCapture:
    """A capture file and the truth about it."""

    data: bytes
    truth: tuple[Transmitter, ...]
    frames: int
    seconds: float
    seed: int

    @property
    def cameras(self) -> tuple[Transmitter, ...]:
        """The transmitters that are cameras."""
        return tuple(item for item in self.truth if item.camera)


def vendor_address(rng: np.random.Generator, prefix: int) -> str:
    """Return an invented address in a vendor's block of 24 bits."""
    return format_mac(prefix << 24 | int(rng.integers(1 << 24)))


def random_wifi_address(rng: np.random.Generator) -> str:
    """Return an address as phones make them up: locally administered, for one receiver."""
    first = (int(rng.integers(256)) & 0xFC) | LOCAL_BIT
    return format_mac(first << 40 | int(rng.integers(1 << 40)))


def random_bluetooth_address(rng: np.random.Generator, *, static: bool) -> str:
    """Return a random device address: static (top bits 11) or resolvable private (top bits 01).

    The two top bits tell them apart (Bluetooth Core 5.4, Vol 6, Part B, 1.3.2).
    """
    top = 0b11 if static else 0b01
    return format_mac(top << 46 | int(rng.integers(1 << 46)))
