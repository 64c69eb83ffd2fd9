"""``roomsweep wifi --interface``: listens live, shows what is heard, and ends with the same result as a capture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...detect.text import clean, file_stem
from ..ending import Ending, end
from ..gathering import Gathering
from ..sniffing import Sniffer


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """What to listen on and for how long; `channels` None: round all that the adapter may use."""

    interface: str
    seconds: float
    channels: Sequence[int] | None = None


def recording_path(interface: str, *, folder: Path | None, now: datetime) -> Path:
    """Return where the frames heard on `interface` are recorded: in `folder`, or where the user is."""
    return (folder or Path()) / f"wifi-{file_stem(interface, limit=20)}-{now:%Y%m%d-%H%M%S}.pcap"


def run(listening: Listening, ending: Ending, *, captures: Sequence[Path] = ()) -> int:
    """Listen, then examine `captures` too; return the exit status.

    Raises
    ------
    UnavailableError
        If nothing can be heard on the interface.
    """
    from rich.console import Console
    from rich.text import Text

    from ..live_view import LiveView
    from ..report.wording import phrase

    started_at = datetime.now().astimezone()
    console = Console(stderr=True)
    path = recording_path(listening.interface, folder=ending.out, now=started_at)
    gathering = Gathering(started_at=started_at)
    with (
        Sniffer(listening.interface, record_to=path, channels=listening.channels) as sniffer,
        LiveView(sniffer, seconds=listening.seconds, console=console) as view,
    ):
        gathering.add_wifi_live(sniffer, seconds=listening.seconds, heard=view.show)
    if sniffer.stopped:
        console.print(Text(phrase("live_stopped", seconds=sniffer.seconds)), soft_wrap=True)
    for capture in captures:
        gathering.add_wifi(capture)
    status = end(gathering.result(), pictures=gathering.pictures, ending=ending)
    console.print(Text(phrase("recording_at", path=clean(str(path.resolve()), limit=400))), soft_wrap=True)
    return status
