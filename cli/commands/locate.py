"""``roomsweep locate``: where a transmitter is, from readings in a file or from a live search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..ending import DONE, NO_INPUT

if TYPE_CHECKING:
    from ...detect.place.placing import Place
    from ...detect.result import Examined, Result

#: Value of ``--profile`` that asks for the published values.
PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked for.

    Parameters
    ----------
    mac
        The transmitter, lower case with colons; None: all in the file.
    profile
        Name of the radio profile, None for the newest, ``published`` for none.
    out
        Folder for the plan and the result, or None.
    as_json
        The result as JSON on standard output, and nothing else there.
    """

    mac: str | None = None
    profile: str | None = None
    out: Path | None = None
    as_json: bool = False


def run(path: Path, wanted: Wanted, *, started_at: datetime | None = None, kept: bool = False) -> int:
    """Place what a file of readings tells of; return the exit status.

    Parameters
    ----------
    path
        The readings.
    started_at
        When the search began, if not now.
    kept
        Whether the file was written by this search, for which a name is told.

    Raises
    ------
    UnavailableError
        If the folder cannot be written.
    """
    from ...detect.errors import InputError
    from ...detect.place.examine import examine_readings
    from ...detect.place.readings import BYTES_MAX, parse_readings
    from ...detect.result import Examined, Source, SourceState
    from ..input_files import must_be_file, sha256_of
    from ..radio_profiles import KnownRadios

    started_at = started_at or datetime.now().astimezone()
    radios = KnownRadios(name=wanted.profile)
    if wanted.profile not in (None, PUBLISHED, *radios.names):
        known = ", ".join(f"“{name}”" for name in radios.names) or "none"
        raise InputError("--profile", f"names no stored profile; there are: {known}", "See roomsweep calibrate radio.")
    places: tuple[Place, ...] = ()
    try:
        must_be_file(path)
        with path.open("rb") as stream:
            readings = parse_readings(stream.read(BYTES_MAX + 1), name=path.name)
        digest = sha256_of(path)
    except (InputError, OSError) as error:
        reason = error.reason if isinstance(error, InputError) else f"cannot be opened: {error.strerror or error}"
        source = Source(id="readings-1", kind="readings", name=path.name, state=SourceState.NOT_EXAMINED, reason=reason)
        examined = Examined(source=source)
    else:
        found = examine_readings(
            readings, source_id="readings-1", name=path.name, profile_for=radios.profile_for, mac=wanted.mac
        )
        examined, places = _with_fact(found.examined, "sha256", digest), found.places
    result = _result(examined, places, started_at=started_at, unreadable=radios.unreadable)
    return _end(result, places, wanted, kept=path if kept else None)


def _with_fact(examined: Examined, key: str, value: object) -> Examined:
    from dataclasses import replace

    return replace(examined, source=replace(examined.source, facts={**examined.source.facts, key: value}))


def _result(examined: Examined, places: Sequence[Place], *, started_at: datetime, unreadable: Sequence[str]) -> Result:
    from ...detect.fuse import fuse
    from ...detect.result import Tool
    from ...detect.text import clean
    from ..report.wording import not_looked_at, phrase
    from ..version import version

    topics = {"no_radio", "place_level", "place_model", "place_still"}
    if not all(place.profile.measured for place in places):
        topics.add("radio_default")
    return fuse(
        [examined],
        tool=Tool(name="roomsweep", version=version()),
        started_at=started_at.isoformat(timespec="seconds"),
        not_looked_at=(
            *not_looked_at(topics),
            *(phrase("radio_unreadable", name=clean(name)) for name in unreadable),
        ),
    )


def _end(result: Result, places: Sequence[Place], wanted: Wanted, *, kept: Path | None) -> int:
    """Print and write the result; return the exit status."""
    from rich.console import Console

    from ...detect.result import SourceState
    from ...detect.text import clean
    from ..report.place_words import plain, print_place
    from ..report.wording import phrase

    examined = result.sources[0].state is not SourceState.NOT_EXAMINED
    console = Console()
    if wanted.as_json:
        console.out(result.to_json(), highlight=False)
    else:
        if places:
            print_place(places[0], console=console)
        if len(places) > 1:
            console.print(plain(phrase("place_others", count=len(places) - 1), console))
        if places and result.findings:
            console.print(plain(clean(result.findings[0].advice, limit=500), console))
            console.print()
        console.print(plain(phrase("not_looked_at"), console, style="bold"))
        for limit in result.limits:
            console.print(plain(f"- {clean(limit, limit=1000)}", console))
    told = Console(stderr=wanted.as_json)
    if wanted.out is not None:
        for plan in _write(result, places, wanted.out):
            told.print(plain(phrase("place_plan_at", path=clean(str(plan), limit=400)), told), soft_wrap=True)
    if kept is not None:
        told.print(plain(phrase("search_kept", path=clean(str(kept), limit=400)), told), soft_wrap=True)
    return DONE if examined else NO_INPUT


def _write(result: Result, places: Sequence[Place], folder: Path) -> list[Path]:
    """Write the result and a plan for each place that has one; return the plans' paths."""
    from ...detect.errors import UnavailableError
    from ...detect.text import file_stem
    from ..report.place_words import sentences_of, title_of
    from ..report.plan import plan_svg

    out = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "result.json").write_text(result.to_json() + "\n", encoding="utf-8")
        for place in places:
            if place.posterior is None:
                continue
            of = f"-{file_stem(place.mac.replace(':', ''))}" if len(places) > 1 and place.mac else ""
            of = f"-{place.radio}{of}" if len(places) > 1 else of
            path = folder / f"plan{of}.svg"
            path.write_text(plan_svg(place, title=title_of(place), sentences=sentences_of(place)), encoding="utf-8")
            out.append(path.resolve())
    except OSError as error:
        raise UnavailableError(
            f"The plan could not be written to {folder}: {error.strerror or error}",
            "Name another folder with --out; the result itself was printed above.",
        ) from error
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSearch:
    """What to listen on, for whom, and where the readings are kept.

    Parameters
    ----------
    interface
        In monitor mode.
    mac
        The transmitter, lower case with colons.
    channel
        To stay on; None: the one on which it is heard first.
    record
        The file of readings; it must not exist.
    seconds
        How long; None: until Ctrl-C.
    """

    interface: str
    mac: str
    channel: int | None
    record: Path
    seconds: float | None = None


def run_live(live: LiveSearch, wanted: Wanted) -> int:
    """Search live, then place what was heard; return the exit status.

    Raises
    ------
    UnavailableError
        If nothing can be heard on the interface, or the readings cannot be written.
    """
    from rich.console import Console

    from ...detect.mac import parse_mac
    from ...detect.wifi.frames import read_frames
    from ..keys import Keys
    from ..search import ReadingsFile, Search, must_be_new
    from ..search_view import SearchView
    from ..sniffing import Sniffer

    started_at = datetime.now().astimezone()
    console = Console(stderr=True)
    must_be_new(live.record)
    channel = live.channel or find_channel(live.interface, live.mac, console=console)
    address = parse_mac(live.mac)
    with (
        Sniffer(live.interface, channels=[channel] if channel else None) as sniffer,
        ReadingsFile(live.record) as file,
        Keys() as keys,
    ):
        search = Search(mac=live.mac, file=file)
        with SearchView(search, interface=live.interface, channel=channel, keys=keys, console=console) as view:
            for records in sniffer.blocks(seconds=live.seconds):
                frames = read_frames(records)
                search.add(frames, address=address)
                view.show()
    return run(live.record, wanted, started_at=started_at, kept=True)


#: Longest time to look for the transmitter's channel, seconds: three rounds of brief stops on each channel, as for
#: ``motion``.
FIND_S = 32.0


def find_channel(interface: str, mac: str, *, console: object) -> int | None:
    """Go round the channels until the transmitter is heard; return its channel, None if there is no choice.

    Raises
    ------
    UnavailableError
        If nothing can be heard on the interface, or it was not heard.
    """
    import numpy as np
    from rich.console import Console
    from rich.text import Text

    from ...detect.errors import UnavailableError
    from ...detect.mac import parse_mac
    from ...detect.wifi.frames import read_frames
    from ..report.wording import phrase
    from ..sniffing import Sniffer
    from .motion import number_of

    assert isinstance(console, Console)
    address = np.uint64(parse_mac(mac))
    with Sniffer(interface, brief_only=True) as sniffer:
        console.print(Text(phrase("search_find", mac=mac, seconds=FIND_S)))
        for records in sniffer.blocks(seconds=FIND_S):
            frames = read_frames(records)
            own = frames.transmitter == address
            # Going round, several channels are heard within a block; else there is but one to stay on.
            if own.any() and len(sniffer.channel_seconds) < 2:
                return None
            told = frames.channel_mhz[own & (frames.channel_mhz > 0)]
            if len(told):
                values, counts = np.unique(told, return_counts=True)
                number = number_of(int(values[int(np.argmax(counts))]))
                console.print(Text(phrase("search_found", number=number)))
                return number
        if sniffer.stopped:
            raise KeyboardInterrupt
        if len(sniffer.channel_seconds) < 2:
            return None
    raise UnavailableError(
        f"{mac} was not heard on any channel of {interface} in {FIND_S:.0f} s",
        "A camera that nobody watches is silent: go nearer, try again, or name its channel with --channel.",
    )
