"""Says what will be sent, to whom, and asks: nothing is sent on a network that the user neither named nor agreed to."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...detect.errors import UnavailableError
from ...detect.text import clean
from ..report.wording import phrase
from .networks import RefusedNetworkError, Target, target_of
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
    refused
        Why it is not asked in any case, as a clause; empty where it may be.
    """

    name: str
    target: Target | None = None
    recording: Path | None = None
    yes: bool = False
    refused: str = ""


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
    for line in notice(target):
        console.print(_plain(line))
    if text is None and not yes:
        yes = _answer(phrase("lan_question", network=name), console=console)
    return Agreed(name=name, target=target, yes=yes or text is not None)


def agree_in_sweep(text: str | None, *, yes: bool, console: Console) -> Agreed:
    """Do the same where other inputs wait: what is wrong with the joined network is said in the result, not here.

    Raises
    ------
    RefusedNetworkError
        If the user named a network that is not asked.
    """
    try:
        return agree(text, yes=yes, console=console)
    except UnavailableError:
        return Agreed(name=phrase("lan_joined"), yes=True)
    except RefusedNetworkError as error:
        if text is not None:
            raise
        return Agreed(name=phrase("lan_joined"), refused=phrase("lan_refused", why=str(error).rstrip(".")))


def is_recording(text: str) -> bool:
    """Whether `text` names a file rather than a network."""
    return text.lower().endswith(".json") or Path(text).is_file()


def notice(target: Target) -> tuple[str, ...]:
    """Return what will be sent, in plain words, a few lines."""
    joined = target.joined
    key = "lan_notice" if joined is None else "lan_notice_router" if joined.gateway_ip else "lan_notice_joined"
    return (
        phrase(
            key,
            addresses=len(target.addresses()),
            network=target.network,
            interface=clean(joined.interface, limit=40) if joined else "",
            gateway=joined.gateway_ip if joined else "",
        ),
        phrase("lan_notice_sent", packets=PACKETS_PER_HOST),
        phrase("lan_notice_not"),
        phrase("lan_notice_whose"),
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
