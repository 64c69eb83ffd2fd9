"""``roomsweep lan``: asks the devices on a network what they are, after having said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ...detect.text import clean
from ..ending import DONE, WRONG_USAGE, Ending, end
from ..gathering import Gathering
from ..lan.consent import Agreed, agree, agree_in_sweep, can_ask
from ..lan.mine import load_mine, mark, unmark
from ..report.wording import phrase

if TYPE_CHECKING:
    from rich.console import Console

    from ..lan.scan import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked for.

    Parameters
    ----------
    network
        A network or a recording; None for the network that this computer has joined.
    yes
        Agreed beforehand.
    mine, not_mine
        Addresses to mark as the user's own, and to unmark.
    """

    network: str | None = None
    yes: bool = False
    mine: Sequence[str] = ()
    not_mine: Sequence[str] = ()


def run(wanted: Wanted, ending: Ending) -> int:
    """Ask, then print and write the result; return the exit status.

    Raises
    ------
    RefusedNetworkError
        If the network is none, too wide or public.
    UnavailableError
        If this computer is in no network, or a folder cannot be written.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    change_marks(wanted)
    agreed = agree(wanted.network, yes=wanted.yes, console=console)
    if not agreed.yes:
        key = "lan_declined" if can_ask() else "lan_needs_yes"
        console.print(Text(phrase(key, network=agreed.name)), soft_wrap=True)
        return WRONG_USAGE
    gathering = Gathering(started_at=datetime.now().astimezone())
    gather(gathering, agreed, console=console)
    return end(gathering.result(), pictures={}, ending=ending, attachments=gathering.attachments)


def gather(gathering: Gathering, agreed: Agreed, *, console: Console) -> None:
    """Ask a network, or read a recording, showing how far it is."""
    mine = load_mine()
    if agreed.recording is not None:
        gathering.add_lan_recording(agreed.recording, mine=mine)
    elif agreed.refused or not agreed.yes:
        gathering.add_lan_refused(agreed.name, agreed.refused or phrase("lan_not_asked"))
    else:
        with ProgressLine(agreed.name, console=console) as line:
            gathering.add_lan(agreed.target, name=agreed.name, mine=mine, told=line.show)


def agreed_for_sweep(text: str | None, *, yes: bool) -> Agreed:
    """Say what a sweep will send to a network, and ask where that is needed; see :func:`..lan.consent.agree`."""
    from rich.console import Console

    return agree_in_sweep(text, yes=yes, console=Console(stderr=True))


def change_marks(wanted: Wanted) -> None:
    """Mark and unmark the user's own devices, and say so."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if wanted.not_mine:
        gone = unmark(wanted.not_mine)
        never = [mac for mac in wanted.not_mine if mac not in gone]
        for key, macs in (("lan_unmarked", gone), ("lan_was_not_marked", never)):
            if macs:
                console.print(Text(phrase(key, macs=", ".join(macs))), soft_wrap=True)
    if wanted.mine:
        mark(wanted.mine, today=f"{datetime.now():%Y-%m-%d}")
        console.print(Text(phrase("lan_marked", macs=", ".join(wanted.mine))), soft_wrap=True)


def list_mine(*, as_json: bool) -> int:
    """Print the user's own devices, a line each."""
    import json

    from rich.console import Console
    from rich.text import Text

    known = load_mine()
    console = Console()
    if as_json:
        rows = [{"mac": mac, "marked_at": day} for mac, day in known.items()]
        console.out(json.dumps(rows, ensure_ascii=True), highlight=False)
        return DONE
    for mac, day in known.items():
        console.print(Text(phrase("lan_mine_row", mac=mac, date=clean(day))), soft_wrap=True)
    if not known:
        Console(stderr=True).print(Text(phrase("lan_mine_none")), soft_wrap=True)
    return DONE


class ProgressLine:
    """Shows how far a round is: one line drawn anew in a terminal, a line for each step elsewhere."""

    def __init__(self, network: str, *, console: Console) -> None:
        self._network, self._console = network, console
        self._status = console.status("") if console.is_terminal else None
        self._step = ""

    def __enter__(self) -> ProgressLine:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, progress: Progress) -> None:
        """Show it."""
        from rich.text import Text

        text = Text(
            phrase(
                f"lan_{progress.step}",
                network=self._network,
                found=progress.found,
                asked=progress.asked,
                seconds=progress.seconds,
            )
        )
        if self._status is not None and progress.step != "done":
            self._status.update(text)
        elif progress.step != self._step:
            self._console.print(text, soft_wrap=True)
        self._step = progress.step
