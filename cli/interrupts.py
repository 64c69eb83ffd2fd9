"""Ctrl-C while something is listened to: the first ends it in good order, the second at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def first_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C call `stop`, so that nothing is broken off halfway; the next one interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def caught(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
        stop()

    signal.signal(signal.SIGINT, caught)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is caught:
            signal.signal(signal.SIGINT, before)
