"""Who may send frames, from where, and how fast."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Collection

from ...detect.text import clean
from . import words

_log = logging.getLogger("roomsweep.live")

#: Bytes of the token: 128 bits, which nobody tries through.
_TOKEN_BYTES = 16

#: Seconds without a frame after which another phone may take over.
IDLE_S = 10.0

#: Frames a second that are taken, and how many at once: twice what phones' browsers give.
RATE_HZ, BURST = 60.0, 30.0

#: Refusals that are logged in ten seconds; how many more there were is said once.
_LINES_MAX, _LINES_S = 40, 10.0


class RefusalLog:
    """Writes one line for each refusal, and does not let a flood of them fill the terminal."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since_s = clock()
        self._written = 0
        self._more = 0
        #: Refusals so far.
        self.count = 0

    def __call__(self, client: str, what: str) -> None:
        """Note that `client` was refused; `what` is a clause."""
        self.count += 1
        now_s = self._clock()
        if now_s - self._since_s > _LINES_S:
            if self._more:
                _log.warning("refused: %d more in %.0f s", self._more, now_s - self._since_s)
            self._since_s, self._written, self._more = now_s, 0, 0
        if self._written >= _LINES_MAX:
            self._more += 1
            return
        self._written += 1
        _log.warning("refused: %s (from %s)", clean(what, limit=200), clean(client))


class Session:
    """One sweep with one phone at a time.

    Parameters
    ----------
    origins
        Where the page comes from: ``https://192.168.1.5:8443`` and the like, lower case.
    clock
        Seconds that only go forward.
    """

    def __init__(self, *, origins: Collection[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.refused = RefusalLog(clock=clock)
        self._origins = frozenset(origins)
        self._hosts = frozenset(origin.partition("://")[2] for origin in origins)
        self._clock = clock
        self._owner: str | None = None
        self._seen_s = 0.0
        self._left = BURST
        self._counted_s = clock()

    def knows(self, token: str) -> bool:
        """Whether this is the token of the link; takes the same time for every wrong one."""
        return secrets.compare_digest(token.encode("utf-8", "replace"), self.token.encode("ascii"))

    def is_own_host(self, host: str) -> bool:
        """Whether a request was meant for this computer: a name that somebody else points here is not."""
        return host.lower() in self._hosts

    def is_own_origin(self, origin: str | None) -> bool:
        """Whether a page that asks is ours. What is no browser says nothing, and has shown the token."""
        return origin is None or origin.lower() in self._origins

    def take(self, client: str) -> bool:
        """Whether `client` may sweep now: it already does, nobody does, or whoever did fell silent."""
        now_s = self._clock()
        if self._owner not in (None, client) and now_s - self._seen_s < IDLE_S:
            return False
        self._owner, self._seen_s = client, now_s
        return True

    def leave(self, client: str) -> None:
        """Let the next phone in."""
        if self._owner == client:
            self._owner = None

    def in_time(self) -> bool:
        """Whether another frame may be taken now, by a bucket of :data:`BURST` that fills at :data:`RATE_HZ`."""
        now_s = self._clock()
        self._left = min(BURST, self._left + RATE_HZ * (now_s - self._counted_s))
        self._counted_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def plain(key: str) -> str:
    """Return a plain page's text."""
    return words.phrase(key) + "\n"
