"""``roomsweep sweep`` and the commands that look at one kind of input only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..ending import Ending, end
from ..gathering import Gathering

if TYPE_CHECKING:
    from ..lan.consent import Agreed


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the user named, in the order it is examined.

    A scan that is None is made by this computer; a Bluetooth capture that is None is heard live.
    """

    pairs: Sequence[tuple[Path, Path]] = ()
    photos: Sequence[Path] = ()
    videos: Sequence[Path] = ()
    dark: Sequence[Path] = ()
    wifi: Sequence[Path] = ()
    scans: Sequence[Path | None] = ()
    lan: Agreed | None = None
    bluetooth: Sequence[Path | None] = ()

    def __len__(self) -> int:
        pictures = len(self.pairs) + len(self.photos) + len(self.videos) + len(self.dark)
        return pictures + len(self.wifi) + len(self.scans) + len(self.bluetooth) + (self.lan is not None)


def run(inputs: Inputs, ending: Ending, *, synthetic: bool = False) -> int:
    """Examine the inputs, print and write the result; return the exit status."""
    from rich.console import Console
    from rich.text import Text

    from ...detect.text import clean
    from . import live_bluetooth
    from .lan import gather as gather_lan

    console = Console(stderr=True)
    started_at = datetime.now().astimezone()
    listened: live_bluetooth.Listened | None = None
    with console.status("") as status:
        gathering = Gathering(
            started_at=started_at,
            progress=lambda line: status.update(Text(clean(line, limit=120))),
            synthetic=synthetic,
            strips=ending.out is not None,
        )
        for on, off in inputs.pairs:
            gathering.add_pair(on, off)
        for photo in inputs.photos:
            gathering.add_photo(photo)
        for clip in inputs.videos:
            gathering.add_video(clip)
        for dark in inputs.dark:
            gathering.add_dark(dark)
        for capture in inputs.wifi:
            gathering.add_wifi(capture)
        for scan in inputs.scans:
            gathering.add_wifi_scan(scan)
        if inputs.lan is not None:
            status.stop()  # it shows how far it is by itself
            gather_lan(gathering, inputs.lan, console=console)
            status.start()
        for adverts in inputs.bluetooth:
            if adverts is not None:
                gathering.add_bluetooth(adverts)
                continue
            status.stop()  # the view of the listening takes the terminal meanwhile
            listening = live_bluetooth.Listening(seconds=live_bluetooth.SWEEP_S)
            listened = live_bluetooth.listen(gathering, listening, folder=ending.out, console=console, now=started_at)
            status.start()
        result = gathering.result()
    code = end(result, pictures=gathering.pictures, ending=ending, attachments=gathering.attachments)
    if listened is not None:
        live_bluetooth.tell(listened, console=console)
    return code
