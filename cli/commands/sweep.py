"""``roomsweep sweep`` and the commands that look at one kind of input only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..ending import Ending, end
from ..gathering import Gathering


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the user named, in the order it is examined; a scan that is None is made by this computer."""

    pairs: Sequence[tuple[Path, Path]] = ()
    photos: Sequence[Path] = ()
    videos: Sequence[Path] = ()
    dark: Sequence[Path] = ()
    wifi: Sequence[Path] = ()
    scans: Sequence[Path | None] = ()
    bluetooth: Sequence[Path] = ()

    def __len__(self) -> int:
        pictures = len(self.pairs) + len(self.photos) + len(self.videos) + len(self.dark)
        return pictures + len(self.wifi) + len(self.scans) + len(self.bluetooth)


def run(inputs: Inputs, ending: Ending, *, synthetic: bool = False) -> int:
    """Examine the inputs, print and write the result; return the exit status."""
    from rich.console import Console
    from rich.text import Text

    from ...detect.text import clean

    with Console(stderr=True).status("") as status:
        gathering = Gathering(
            started_at=datetime.now().astimezone(),
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
        for capture in inputs.bluetooth:
            gathering.add_bluetooth(capture)
        result = gathering.result()
    return end(result, pictures=gathering.pictures, ending=ending, attachments=gathering.attachments)
