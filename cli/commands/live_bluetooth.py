"""``roomsweep bluetooth --seconds`` and ``sweep --bluetooth live``: listens, shows what is heard, keeps a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...detect.errors import UnavailableError
from ...detect.text import clean
from ..ending import Ending, end
from ..gathering import AdvertShow, Gathering
from ..hearing import Hearer

if TYPE_CHECKING:
    from rich.console import Console

    from ...detect.bluetooth.adverts import Advert
    from ...detect.bluetooth.examine import Hearing
    from ..live_view import AdvertView
    from ..search import Search
    from ..search_view import SearchView

#: Seconds listened in a sweep: six of the longest intervals at which devices may advertise, 10.24 s (Bluetooth Core
#: 5.4, Vol 6 Part B, 4.4.2.2), since an adapter that is on another channel misses two of three.
SWEEP_S = 61.0

#: Time whose adverts make a level of the search, seconds. Devices send one or two a second on three channels that fade
#: each on its own. At rest the level moved by 5 dB or more from one second to the next in 11, 6 and 4 of 100 with a
#: window of 1, 2 and 3 s (28 devices of a real capture); longer ones lag behind the feet.
WINDOW_S = 2.0

#: Silence after which a device is lost, seconds: the longest interval between adverts (as above).
LOST_S = 10.24


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """For how long to listen, None: until Ctrl-C; `mac` is the device to search for, None: all are listed."""

    seconds: float | None
    mac: str | None = None


@dataclass(slots=True, kw_only=True)
class Listened:
    """What came of it: the recordings that there are, and why it could not be if it could not."""

    recording: Path
    readings: Path | None = None
    lack: UnavailableError | None = None
    stopped_s: float | None = None


def run(listening: Listening, ending: Ending, *, captures: Sequence[Path] = ()) -> int:
    """Listen, then examine `captures` too; return the exit status.

    Raises
    ------
    UnavailableError
        If nothing can be heard and there is nothing else to tell.
    """
    from rich.console import Console
    from rich.text import Text

    from ..report.wording import phrase

    started_at = datetime.now().astimezone()
    console = Console(stderr=True)
    gathering = Gathering(started_at=started_at)
    listened = listen(gathering, listening, folder=ending.out, console=console, now=started_at)
    if listened.lack is not None and not captures:
        if not ending.as_json:
            raise listened.lack
        console.print(Text(clean(str(listened.lack), limit=1000)), soft_wrap=True)
    if listened.stopped_s is not None:
        console.print(Text(phrase("live_stopped", seconds=listened.stopped_s)), soft_wrap=True)
    for capture in captures:
        gathering.add_bluetooth(capture)
    status = end(gathering.result(), pictures=gathering.pictures, ending=ending)
    tell(listened, console=console)
    return status


def listen(
    gathering: Gathering, listening: Listening, *, folder: Path | None, console: Console, now: datetime
) -> Listened:
    """Listen into `gathering`; the recordings go to `folder`, or where the user is."""
    stamp = f"{now:%Y%m%d-%H%M%S}"
    listened = Listened(recording=(folder or Path()) / f"bluetooth-{stamp}.jsonl")
    if listening.mac is not None:
        listened.readings = (folder or Path()) / f"readings-{stamp}.csv"

    def hear() -> Hearer:
        try:
            hearer = Hearer(record_to=listened.recording)
        except UnavailableError as error:
            listened.lack = error
            raise
        if listening.mac is not None and not hearer.tells_addresses:
            hearer.close()
            listened.recording.unlink(missing_ok=True)
            listened.lack = UnavailableError(
                "macOS does not tell programs the addresses of Bluetooth devices, so one cannot be followed by it",
                "Use a Linux or Windows computer, or watch the list of: roomsweep bluetooth --seconds 60",
            )
            raise listened.lack
        return hearer

    @contextmanager
    def view(hearer: Hearer) -> Iterator[AdvertShow]:
        with ExitStack() as stack:
            shown = _view(hearer, listening, readings=listened.readings, console=console, stack=stack)
            stack.enter_context(shown)
            yield shown
        listened.stopped_s = hearer.seconds if hearer.stopped and listening.seconds is not None else None

    gathering.add_bluetooth_live(hear, seconds=listening.seconds, view=view)
    return listened


def tell(listened: Listened, *, console: Console) -> None:
    """Say where the recordings are."""
    from rich.text import Text

    from ..report.wording import phrase

    if listened.lack is not None:
        return
    for key, path in (("search_kept", listened.readings), ("recording_at", listened.recording)):
        if path is not None:
            console.print(Text(phrase(key, path=clean(str(path.resolve()), limit=400))), soft_wrap=True)


def _view(
    hearer: Hearer, listening: Listening, *, readings: Path | None, console: Console, stack: ExitStack
) -> AdvertView | _FollowView:
    from ..live_view import AdvertView

    if listening.mac is None or readings is None:
        return AdvertView(hearer, seconds=listening.seconds, console=console)
    from ...detect.place.warmer import Warmer
    from ..keys import Keys
    from ..search import ReadingsFile, Search
    from ..search_view import SearchView

    file = stack.enter_context(ReadingsFile(readings, radio="bluetooth"))
    keys = stack.enter_context(Keys())
    search = Search(mac=listening.mac, file=file, warmer=Warmer(window_s=WINDOW_S, lost_s=LOST_S))
    return _FollowView(search, SearchView(search, interface=hearer.interface, channel=None, keys=keys, console=console))


class _FollowView:
    """Shows whether one device comes nearer."""

    def __init__(self, search: Search, view: SearchView) -> None:
        from ...detect.mac import parse_mac

        self._search, self._view, self._address = search, view, parse_mac(search.mac)

    def __enter__(self) -> _FollowView:
        self._view.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._view.__exit__(None, None, None)

    def show(self, hearing: Hearing, adverts: Sequence[Advert]) -> None:
        """Take in a block and show where it stands."""
        import numpy as np

        told = [advert for advert in adverts if advert.rssi_dbm is not None]
        self._search.hear(
            np.array([advert.t_ns for advert in told], dtype=np.int64) / 1e9,
            own=np.array([advert.address == self._address for advert in told], dtype=np.bool_),
            rssi_dbm=np.array([advert.rssi_dbm for advert in told], dtype=np.float64),
        )
        self._view.show()
