"""The version of this installation."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Return the installed version, ``"0+unknown"`` when run from a tree that was never installed."""
    try:
        return metadata.version("roomsweep")
    except metadata.PackageNotFoundError:
        return "0+unknown"
