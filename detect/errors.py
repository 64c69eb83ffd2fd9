"""What can go wrong, as a tree.

    RoomsweepError
    ├── InputError        a file or argument the user gave cannot be used     exit 3 when nothing else could be read
    ├── UnavailableError  hardware, permission or an optional part is missing  exit 4
    └── DataError         a table shipped with roomsweep is wrong              a bug: please report it

Every message says what happened, where, and what to do next, in one sentence that a person without training
can follow. Nothing in here prints.
"""

from __future__ import annotations

from pathlib import Path


class RoomsweepError(Exception):
    """Base of every error that roomsweep raises on purpose."""


class InputError(RoomsweepError):
    """A file or argument that cannot be used.

    Parameters
    ----------
    path
        The file, or the name of the argument.
    what
        What is wrong with it, as a clause: ``"is empty (0 bytes)"``.
    hint
        What to do next, as a sentence, or empty.
    """

    def __init__(self, path: Path | str, what: str, hint: str = "") -> None:
        self.path = str(path)
        self.what = what
        self.hint = hint
        name = Path(self.path).name or self.path
        super().__init__(f"{name} {what}." + (f" {hint}" if hint else ""))

    @property
    def reason(self) -> str:
        """The message without the file's name, for a Source that already names it."""
        return self.what + (f". {self.hint}" if self.hint else "")


class UnavailableError(RoomsweepError):
    """Something this computer does not have or may not do.

    Parameters
    ----------
    reason
        What is missing, as a sentence without its full stop.
    remedy
        How to get it, as a sentence, or empty.
    """

    def __init__(self, reason: str, remedy: str = "") -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{reason}." + (f" {remedy}" if remedy else ""))


class DataError(RoomsweepError):
    """A table shipped with roomsweep does not hold what its card says."""
