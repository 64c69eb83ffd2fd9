"""What is typed while a view runs: letters as they come, without waiting for Enter."""

from __future__ import annotations

import os
import select
import sys
import threading
from types import TracebackType
from typing import Any, Self

#: Longest line that is kept, characters: a name of a place.
_TYPED_MAX = 80

#: Longest wait before it is looked whether to end, seconds.
_WAIT_S = 0.1

#: What the key for taking back a letter sends: delete or backspace.
_BACK = ("\x7f", "\b")


class Keys:
    """Lines that are typed, and what of the next one is there already.

    On a terminal letters come one by one (cbreak mode) and the terminal is put back at the end; a pipe gives its lines.
    Where the system has no such terminals (Windows), or there is no input, nothing is ever typed.

    Parameters
    ----------
    stream
        File descriptor; by default that of standard input.
    """

    def __init__(self, stream: int | None = None) -> None:
        self._descriptor = _standard_input() if stream is None else stream
        self._lock = threading.Lock()
        self._typed = ""
        self._lines: list[str] = []
        self._over = threading.Event()
        self._before: list[Any] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._descriptor is None:
            return self
        if os.isatty(self._descriptor):
            import termios
            import tty

            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=10 * _WAIT_S)
        if self._before is not None and self._descriptor is not None:
            import termios

            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    @property
    def typed(self) -> str:
        """What stands there without Enter, as typed (hostile where it was pasted)."""
        with self._lock:
            return self._typed

    def lines(self) -> list[str]:
        """Return the lines since the last call."""
        with self._lock:
            out, self._lines = self._lines, []
            return out

    def _read(self) -> None:
        assert self._descriptor is not None
        pending = b""
        while not self._over.is_set():
            try:
                if not select.select([self._descriptor], [], [], _WAIT_S)[0]:
                    continue
                data = os.read(self._descriptor, 1024)
            except (OSError, ValueError):
                return
            if not data:
                return
            pending += data
            text = pending.decode("utf-8", "ignore")
            # Bytes of a letter that is not whole yet are kept for the next turn.
            pending = pending[len(text.encode("utf-8")) :] if len(pending) - len(text.encode("utf-8")) < 4 else b""
            with self._lock:
                self._take(text)

    def _take(self, text: str) -> None:
        for char in text:
            if char in "\r\n":
                self._lines.append(self._typed)
                self._typed = ""
            elif char in _BACK:
                self._typed = self._typed[:-1]
            elif char.isprintable() and len(self._typed) < _TYPED_MAX:
                self._typed += char


def _standard_input() -> int | None:
    if sys.platform == "win32":
        return None
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None
