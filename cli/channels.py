"""Which channels a radio may use, and the round that is made through them while listening.

A receiver hears one channel at a time. The first round stops briefly on each: access points announce themselves
every 102.4 ms, so two to four announcements come by. Later rounds stay longer where something was heard, so that
a stream can be told from a burst, and between them the brief round is made again for what is new.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..detect.errors import UnavailableError
from ..detect.text import clean
from ..detect.wifi.streams import LONG_S
from .computer import Computer

#: Seconds between the beacons of nearly every access point: 100 time units of 1024 microseconds
#: (IEEE 802.11-2020, 9.4.1.3; the value every common access point ships with).
BEACON_S = 0.1024

#: Beacons waited for on a channel of 5 GHz, and of 2.4 GHz: there more of them are lost to collisions, and cheap
#: cameras know no other band. Kismet's usual 5 channels a second are two beacons.
_BEACONS_5_GHZ, _BEACONS_2_GHZ = 2, 4

#: Seconds of a longer stay: as much as a stream needs to be judged whole, and a second on either side, since the
#: judging goes by whole seconds.
LONG_STAY_S = LONG_S + 2.0

#: Channels of 2.4 GHz lie 5 MHz apart and are 20 MHz wide, so a loud one is heard on its neighbours too: of
#: channels this close only the busiest is stayed on.
_NEIGHBOURS = 2

#: Frames a second from which a channel is stayed on: half of one access point's beacons.
_BUSY_MIN = 0.5 / BEACON_S

#: Channels asked for first in 2.4 GHz: the three that do not overlap, where most access points are.
_USUAL_2_GHZ = (1, 6, 11)

#: Lowest frequency of the 5 GHz band, and the highest of what is hopped over; 6 GHz lies above
#: (IEEE 802.11-2020, annex E).
_FROM_5_GHZ_MHZ, _UP_TO_MHZ = 4900, 5900

#: Refusals after which no other channel is tried: the radio is busy elsewhere, or it is not allowed.
_FINAL = ("not permitted", "permission denied", "busy", "no such device", "is not there", "not supported")

#: What helps where a channel is refused.
_FREE_IT = "sudo helps where it is not permitted; where the adapter is busy, end its connection first"

#: Patience with `iw`, which answers in milliseconds.
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel by number and middle frequency."""

    number: int
    mhz: int

    @property
    def brief_s(self) -> float:
        """Seconds of a brief stop."""
        return BEACON_S * (_BEACONS_5_GHZ if self.mhz >= _FROM_5_GHZ_MHZ else _BEACONS_2_GHZ)


def channels_of(iw_phy: str) -> tuple[Channel, ...]:
    """Return the channels of 2.4 and 5 GHz that a radio may listen on, from what ``iw phy`` prints of it.

    Disabled ones are left out. Those on which it may not send first (``no IR``, radar) are kept: nothing is sent.
    """
    found = {}
    for mhz, number, rest in re.findall(r"^\s*\* (\d{4})(?:\.\d+)? MHz \[(\d+)\](.*)$", iw_phy, re.MULTILINE):
        if "disabled" not in rest and int(mhz) < _UP_TO_MHZ:
            found[int(mhz)] = Channel(number=int(number), mhz=int(mhz))
    return tuple(found[mhz] for mhz in sorted(found))


def tune(interface: str, mhz: int) -> str | None:
    """Set the channel; returns None, or in a clause why it was refused."""
    command = ["iw", "dev", interface, "set", "freq", str(mhz)]
    try:
        # In a session of its own: Ctrl-C is for the listening, not for it.
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    except FileNotFoundError:
        return "the program iw is not there; install it: sudo apt-get install iw"
    except (OSError, subprocess.SubprocessError) as error:
        return f"the program iw failed ({clean(str(error), limit=120)})"
    if done.returncode == 0:
        return None
    said = clean(done.stderr.strip() or f"iw ended with {done.returncode}", limit=160)
    return said.removeprefix("command failed: ").rstrip(".")


class Hopper:
    """Decides when to change to which channel, and counts the seconds spent on each.

    Parameters
    ----------
    interface
        Whose channel is set.
    here
        The computer, which runs `iw`.
    channels
        Numbers to stay on (one) or to go round (several); None: all that the radio may use.
    brief_only
        Whether brief rounds are made only, to find where something sends.
    tuner
        Sets a channel, as :func:`tune` does.

    Raises
    ------
    UnavailableError
        If channels were named and cannot be had.
    """

    def __init__(
        self,
        interface: str,
        *,
        here: Computer,
        channels: Sequence[int] | None = None,
        brief_only: bool = False,
        tuner: Callable[[str, int], str | None] = tune,
    ) -> None:
        self._interface, self._here, self._tuner = interface, here, tuner
        #: Seconds heard by channel number.
        self.seconds: dict[int, float] = {}
        #: Why not every channel is heard, as a clause about the interface; None if all goes well.
        self.note: str | None = None
        self.current: Channel | None = None
        self._frames: dict[int, int] = {}
        self._previous: int | None = None
        self._since_s: float | None = None
        self._due_s: float | None = None
        self._struck: set[int] = set()
        info = here.run(["iw", "dev", interface, "info"]) or ""
        allowed = self._allowed(here, info)
        if tuned := re.search(r"channel (\d+) \((\d{4})(?:\.\d+)? MHz\)", info):
            self.current = Channel(number=int(tuned[1]), mhz=int(tuned[2]))
        self._channels = self._chosen(allowed, channels)
        self._must, self._brief_only = channels is not None, brief_only
        self._visits = self._plan()

    def _allowed(self, here: Computer, info: str) -> tuple[Channel, ...]:
        if radio := here.read("sys", "class", "net", self._interface, "phy80211", "name"):
            return channels_of(here.run(["iw", "phy", radio, "info"]) or "")
        if number := re.search(r"^\s*wiphy (\d+)\s*$", info, re.MULTILINE):
            return channels_of(here.run(["iw", f"phy#{number[1]}", "info"]) or "")
        return ()

    def _chosen(self, allowed: tuple[Channel, ...], wanted: Sequence[int] | None) -> tuple[Channel, ...]:
        if wanted is None:
            if not allowed:
                self.note = f"was heard on its present channel only, because {_silent_iw(self._here)}"
            usual = [item for item in allowed if item.mhz < _FROM_5_GHZ_MHZ and item.number in _USUAL_2_GHZ]
            return (*usual, *(item for item in allowed if item not in usual))
        if not allowed:
            raise UnavailableError(
                f"No channel can be set, because {_silent_iw(self._here)}",
                "Leave --channel out to hear the present one.",
            )
        by_number = {item.number: item for item in allowed}
        for number in wanted:
            if number not in by_number:
                raise UnavailableError(
                    f"Channel {number} is not one that this adapter may use here",
                    f"It may use {', '.join(map(str, by_number))}.",
                )
        return tuple(by_number[number] for number in dict.fromkeys(wanted))

    @property
    def due_s(self) -> float | None:
        """When the next change is due, by the clock of :meth:`start`; None: never."""
        return self._due_s

    def tune_first(self) -> None:
        """Set the first channel, before the listening begins.

        Raises
        ------
        UnavailableError
            If channels were named and the first cannot be set.
        """
        if self._channels:
            self._next(0.0)

    def start(self, now_s: float) -> None:
        """Begin to listen; call :meth:`tune_first` before."""
        self._since_s = now_s
        if self._due_s is not None:
            self._due_s += now_s

    def hop(self, now_s: float, *, frames: int) -> None:
        """Go to the next channel; `frames` were heard since the last change."""
        if self.current is not None:
            self._previous = self.current.number
            self._frames[self._previous] = self._frames.get(self._previous, 0) + frames
        self.count(now_s)
        self._next(now_s)

    def late(self, frames: int) -> None:
        """Add frames that were heard before the last change took hold to the channel they came from."""
        if self._previous is not None:
            self._frames[self._previous] = self._frames.get(self._previous, 0) + frames

    def count(self, now_s: float) -> None:
        """Add the seconds since the last change or count to the present channel's."""
        if self._since_s is not None and self.current is not None:
            so_far = self.seconds.get(self.current.number, 0.0)
            self.seconds[self.current.number] = so_far + max(0.0, now_s - self._since_s)
        self._since_s = now_s

    def _next(self, now_s: float) -> None:
        """Set the next channel of the plan that can be set."""
        while len(self._struck) < len(self._channels):
            channel, stay_s = next(self._visits)
            refused = None if channel == self.current and self._due_s is not None else self._tuned(channel)
            if refused is None:
                self.current = channel
                self._due_s = now_s + stay_s if len(self._channels) > 1 else None
                return
            self._struck.add(channel.number)
            if any(word in refused.lower() for word in _FINAL):
                self._stay(refused)
                return
            self.note = f"could not be set to channel {', '.join(map(str, sorted(self._struck)))} ({refused})"
        self._stay("each one was refused")

    def _tuned(self, channel: Channel) -> str | None:
        return self._tuner(self._interface, channel.mhz)

    def _stay(self, reason: str) -> None:
        """Stop changing channels, and say so once."""
        if self._must and not self.seconds:
            raise UnavailableError(
                f"The channel of {clean(self._interface, limit=40)} could not be set ({reason})",
                f"{_FREE_IT[:1].upper()}{_FREE_IT[1:]}.",
            )
        where = f"channel {self.current.number}" if self.current else "its present channel"
        self.note = (
            f"was heard on {where} only from then on, as the channel could not be changed ({reason}); {_FREE_IT}"
        )
        self._due_s = None

    def _plan(self) -> Iterator[tuple[Channel, float]]:
        """Visits without end, each with its seconds: a brief round, then longer stays where it is busy."""
        if len(self._channels) == 1:
            while True:
                yield self._channels[0], LONG_STAY_S
        while True:
            for channel in self._channels:
                if channel.number not in self._struck:
                    yield channel, channel.brief_s
            for channel in () if self._brief_only else self._busy():
                yield channel, LONG_STAY_S

    def _busy(self) -> list[Channel]:
        """Channels where something was heard, busiest first; of neighbours in 2.4 GHz only the busiest."""
        rate = {
            item.number: self._frames.get(item.number, 0) / max(self.seconds.get(item.number, 0.0), BEACON_S)
            for item in self._channels
            if item.number not in self._struck
        }
        chosen: list[Channel] = []
        for channel in sorted(self._channels, key=lambda item: -rate.get(item.number, 0.0)):
            near = [item for item in chosen if abs(item.mhz - channel.mhz) <= 5 * _NEIGHBOURS]
            if rate.get(channel.number, 0.0) >= _BUSY_MIN and not near:
                chosen.append(channel)
        return chosen


def _silent_iw(here: Computer) -> str:
    """Why it is not known which channels there are."""
    if here.which("iw") is None:
        return "the program iw, which changes channels, is not there (sudo apt-get install iw)"
    return "“iw” did not tell which others the adapter may use"
