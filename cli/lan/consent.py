"""Says what will be sent, to whom, and asks: nothing is sent on a network that the user neither named nor agreed to."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...detect.errors import UnavailableError
from ...detect.text import clean
from ..report.wording import phrase
from .networks import Target, target_of
from .pace import PACKETS_PER_HOST

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A network, and whether its devices may be asked.

    Parameters
    ----------
    name
        What it is called in the result.
    target
        What is asked; None where there is none.
    recording
        What an earlier round saw, in place of a network.
    yes
        Whether the user named it or agreed.
    """

    name: str
    target: Target | None = None
    recording: Path | None = None
    yes: bool = False


def agree(text: str | None, *, yes: bool, console: Console) -> Agreed:
    """Find the network that is meant, say what will be sent, and ask where that is needed.

    Parameters
    ----------
    text
        A network, a recording's path, or None for the network that this computer has joined.
    yes
        Whether the user agreed beforehand.
    console
        Where to speak and ask.

    Raises
    ------
    RefusedNetworkError, UnavailableError
        See :func:`.networks.target_of`.
    """
    if text is not None and is_recording(text):
        return Agreed(name=Path(text).name, recording=Path(text), yes=True)
    target = target_of(text)
    name = str(target.network)
    console.print(_plain(notice(target)), soft_wrap=False)
    if text is None and not yes:
        yes = _answer(phrase("lan_question", network=name), console=console)
    return Agreed(name=name, target=target, yes=yes or text is not None)


def agree_in_sweep(text: str | None, *, yes: bool, console: Console) -> Agreed:
    """Do the same where other inputs wait: that there is no network is said in the result, not here."""
    try:
        return agree(text, yes=yes, console=console)
    except UnavailableError:
        return Agreed(name=phrase("lan_joined"), yes=True)


def is_recording(text: str) -> bool:
    """Whether `text` names a file rather than a network."""
    return text.lower().endswith(".json") or Path(text).is_file()


def notice(target: Target) -> str:
    """Return what will be sent, in plain words."""
    joined = target.joined
    by = ""
    if joined is not None:
        key = "lan_by" if joined.gateway_ip is None else "lan_by_router"
        by = phrase(key, interface=clean(joined.interface, limit=40), gateway=joined.gateway_ip)
    return phrase(
        "lan_notice", addresses=len(target.addresses()), network=target.network, by=by, packets=PACKETS_PER_HOST
    )


def can_ask() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _answer(question: str, *, console: Console) -> bool:
    if not can_ask():
        return False
    console.print(_plain(f"{question} [y/N] "), end="")
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _plain(text: str) -> object:
    from rich.text import Text

    return Text(text)
