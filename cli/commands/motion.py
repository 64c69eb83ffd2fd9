"""``roomsweep motion``: does a stream follow what happens in the room? From a capture, or guided and live."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..ending import Ending, end
from ..gathering import Gathering

#: Longest time to look for the busiest channel, seconds: three rounds of brief stops on each of the some 38 channels of
#: 2.4 and 5 GHz (11 s each, cli/channels.py).
SEARCH_S = 32.0

#: Seconds after which an adapter that is still on its first channel stays there: each first stop takes 0.4 s at most.
_NO_ROUND_S = 2.0

#: Seconds waited for a key before it is looked whether to stop.
_KEY_WAIT_S = 0.2

#: Seconds listened on after the last action, for answers that come late.
_AFTER_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guided:
    """What a guided run is made of.

    Parameters
    ----------
    interface
        What is listened on.
    channel
        The channel to stay on; None: the one on which most is sent.
    by_key
        Whether the person begins each step with the Enter key.
    lens, light
        Whether a suspected lens is covered, and the light switched, besides.
    folder
        Where the capture and the actions go.
    """

    interface: str
    channel: int | None
    by_key: bool
    lens: bool
    light: bool
    folder: Path


def run_capture(capture: Path, actions: Path, ending: Ending, *, own: Sequence[int] = ()) -> int:
    """Examine a capture with a log of actions; return the exit status."""
    gathering = Gathering(started_at=datetime.now().astimezone())
    gathering.add_motion(capture, actions, own=own)
    return end(gathering.result(), pictures=gathering.pictures, ending=ending)


def run_guided(guided: Guided, ending: Ending, *, own: Sequence[int] = ()) -> int:
    """Guide a person while listening, examine what was heard, and return the exit status.

    Raises
    ------
    UnavailableError
        If nothing can be heard on the interface, or the folder cannot be written.
    """
    import numpy as np
    from rich.console import Console
    from rich.text import Text

    from ...detect.text import clean
    from ...detect.wifi.schedules import guided as drawn
    from ..computer import Computer
    from ..guiding import Guide
    from ..report.wording import phrase
    from ..sniffing import Sniffer
    from ..wifi_interface import link_type_of

    console = Console(stderr=True)

    def say(line: str) -> None:
        if console.is_terminal:
            console.bell()
        console.print(Text(line), soft_wrap=True)

    started_at = datetime.now().astimezone()
    link_type_of(Computer.this(), guided.interface)
    must_be_writable(guided.folder)
    channel = guided.channel or busiest_channel(guided.interface, say=say)
    stretches = drawn(np.random.default_rng(), lens=guided.lens, light=guided.light)
    guide = Guide(stretches, say=say, key=_enter_key if guided.by_key else None)
    capture, log_path = (guided.folder / name for name in ("motion.pcap", "actions.csv"))
    say(phrase("guide_begin", seconds=guide.seconds))
    sniffer = Sniffer(guided.interface, record_to=capture, channels=[channel] if channel else None)
    gathering = Gathering(started_at=started_at)
    with sniffer:
        gathering.add_motion_live(sniffer, guide, own=own, log_path=log_path, after_s=_AFTER_S)
    if sniffer.stopped:
        console.print(Text(phrase("live_stopped", seconds=sniffer.seconds)), soft_wrap=True)
    status = end(gathering.result(), pictures=gathering.pictures, ending=ending)
    paths = {"capture": clean(str(capture), limit=400), "actions": clean(str(log_path), limit=400)}
    console.print(Text(phrase("guide_again", **paths)), soft_wrap=True)
    return status


def must_be_writable(folder: Path) -> None:
    """Make `folder`; raise UnavailableError before anybody walks about in vain."""
    from ...detect.errors import UnavailableError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"The folder {folder} cannot be made: {error.strerror or error}", "Name another one with --out."
        ) from error


def busiest_channel(interface: str, *, say: Callable[[str], None]) -> int | None:
    """Go round the channels and return the one on which stations send most data a second; None if there is no choice.

    Raises
    ------
    UnavailableError
        If nothing can be heard on the interface, or no data was.
    """
    import numpy as np

    from ...detect.errors import UnavailableError
    from ...detect.wifi.frames import FROM_DS, read_frames
    from ...detect.wifi.sorts import SORT_OF, Sort
    from ..report.wording import phrase
    from ..sniffing import Sniffer

    sent: dict[int, float] = {}
    with Sniffer(interface, brief_only=True) as sniffer:
        say(phrase("guide_search", seconds=SEARCH_S))
        for records in sniffer.blocks(seconds=SEARCH_S):
            frames = read_frames(records)
            data = (SORT_OF[frames.kind] == Sort.DATA) & ((frames.flags & FROM_DS) == 0)
            for mhz in np.unique(frames.channel_mhz[data]).tolist():
                here = data & (frames.channel_mhz == mhz)
                sent[number_of(mhz)] = sent.get(number_of(mhz), 0.0) + float(frames.length[here].sum())
            if sniffer.seconds > _NO_ROUND_S and len(sniffer.channel_seconds) < 2:
                break
        heard = sniffer.channel_seconds
        if sniffer.stopped:
            raise KeyboardInterrupt
    if len(heard) < 2:
        return None
    rates = {number: sent.get(number, 0.0) / seconds for number, seconds in heard.items() if seconds > 0}
    best = max(rates, key=lambda number: rates[number])
    if not rates[best]:
        raise UnavailableError(
            f"No station sent data on any of {len(heard)} channels of {interface}",
            "A camera that nobody watches is silent. Try again later, or name the channel with --channel.",
        )
    say(phrase("guide_channel", number=best, rate=rates[best] / 1000.0))
    return best


def number_of(mhz: int) -> int:
    """Return the number of a channel by its middle (IEEE 802.11-2020, 17.3.8.4 and 15.4.4.3); 0 for none."""
    if mhz == 2484:
        return 14
    if 2412 <= mhz <= 2472:
        return (mhz - 2407) // 5
    return (mhz - 5000) // 5 if 5000 < mhz < 5950 else 0


def _enter_key() -> bool | None:
    """Wait a moment for the Enter key; None where it was not pressed, False where there is no more input.

    Read without Python's buffer: a thread that still waits within it when the program ends would crash it.
    """
    fileno = sys.stdin.fileno()
    if not select.select([fileno], [], [], _KEY_WAIT_S)[0]:
        return None
    return bool(os.read(fileno, 4096))
