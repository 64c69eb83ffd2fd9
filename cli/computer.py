"""The computer that roomsweep runs on, as far as a probe may look at it; a test puts its own in place."""

from __future__ import annotations

import importlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

State = Literal["yes", "no", "unknown"]

#: Longest wait for a program's answer; `iw` answers in milliseconds, so this is for drivers that hang.
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """One thing that this computer can or cannot do.

    Parameters
    ----------
    name
        In a word or two.
    state
        ``unknown`` where only trying will tell.
    says
        What was found, one sentence.
    remedy
        How to get it, one sentence; empty where nothing needs doing.
    """

    name: str
    state: State
    says: str
    remedy: str = ""


def _run(command: Sequence[str]) -> str | None:
    """Return what a program prints, or None if it is not there, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def _load(module: str) -> str:
    """Import a module and return its version."""
    return str(getattr(importlib.import_module(module), "__version__", "of unknown version"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Computer:
    """Where the probes look; a test puts its own in place.

    Parameters
    ----------
    system
        As ``platform.system()`` names it: Linux, Darwin, Windows.
    root
        The folder that holds ``sys``, ``proc`` and ``run``.
    python
        Version of the running interpreter.
    data_folder
        Where records are kept.
    run, which, load
        Run a program for its output, find a program, import a module for its version.
    """

    system: str
    root: Path
    python: tuple[int, int, int]
    data_folder: Path
    run: Callable[[Sequence[str]], str | None] = _run
    which: Callable[[str], str | None] = shutil.which
    load: Callable[[str], str] = _load

    @classmethod
    def this(cls) -> Self:
        """The computer that runs this."""
        from .profiles import data_folder

        return cls(
            system=platform.system(),
            root=Path("/"),
            python=(sys.version_info.major, sys.version_info.minor, sys.version_info.micro),
            data_folder=data_folder(),
        )

    def read(self, *parts: str) -> str | None:
        """Return the text of a small file under `root`, or None."""
        try:
            return self.root.joinpath(*parts).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def names(self, *parts: str) -> list[str]:
        """Return the sorted names in a folder under `root`; none if it is not there."""
        try:
            return sorted(item.name for item in self.root.joinpath(*parts).iterdir())
        except OSError:
            return []
