"""What a person sees while Wi-Fi or Bluetooth is listened to: progress and what was heard, on standard error.

In a terminal the lines are drawn anew in place; elsewhere a line is written now and then, and one for each thing
that is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..detect.errors import InputError
from ..detect.result import Examined, Finding, Level
from ..detect.text import clean
from .report import sentences
from .report.wording import level_words, phrase

if TYPE_CHECKING:
    from ..detect.bluetooth.adverts import Advert
    from ..detect.bluetooth.examine import Hearing
    from ..detect.wifi.survey import Surveyor
    from .hearing import Hearer
    from .sniffing import Sniffer

#: Share of the time that may go into showing what was heard; the rest is for listening.
_SHARE = 0.2

#: Seconds between two progress lines where they cannot be drawn in place.
_LINE_EVERY_S = 10.0

#: Lines of the screen that are not rows of the table: progress line, bar, headings, what is left out, hint, spare.
_OTHER_LINES = 9

#: Rows of the table at least and at most: more moves too fast to be read.
_ROWS = (3, 20)

_LEVEL_STYLES = {Level.IDENTIFIED: "bold red", Level.SUSPECT: "bold yellow", Level.LOOK: "cyan", Level.NOTED: "dim"}


class Listener(Protocol):
    """What the view asks of what is listened with."""

    interface: str
    seconds: float

    @property
    def notes(self) -> tuple[str, ...]:
        """What went otherwise than meant, in clauses."""


class ListenView:
    """Shows how the listening goes; a context manager. What is heard is up to those that come from it.

    Parameters
    ----------
    listener
        What is listened with.
    seconds
        For how long; None: until it is stopped.
    console
        Where to show it.
    """

    #: Whether things that are only noted get a line of their own where lines cannot be drawn in place.
    tells_noted = False

    def __init__(self, listener: Listener, *, seconds: float | None, console: Console) -> None:
        self._listener, self._seconds, self._console = listener, seconds, console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._examined: Examined | None = None
        self._raised: dict[str, Level] = {}
        self._noted: str | None = None
        self._examine_at_s = 0.0
        self._line_at_s = _LINE_EVERY_S

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        else:
            key = "live_begin" if self._seconds is not None else "live_begin_open"
            self._print(phrase(key, name=self._name, seconds=self._seconds or 0.0))
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def _show(self, examine: Callable[[], Examined | None]) -> None:
        """Show what was heard so far, examined anew by `examine` if it is time; call after every block."""
        now = time.monotonic()
        if now >= self._examine_at_s:
            self._examined = examine()
            spent = time.monotonic() - now
            self._examine_at_s = time.monotonic() + spent / _SHARE
        if self._live:
            self._live.update(self._screen(), refresh=True)
        else:
            self._lines()

    @property
    def _name(self) -> str:
        return clean(self._listener.interface, limit=40)

    @property
    def _notes(self) -> list[str]:
        return [phrase("live_note", name=self._name, note=note) for note in self._listener.notes]

    @property
    def _findings(self) -> Sequence[Finding]:
        return self._examined.findings if self._examined else ()

    @property
    def _facts(self) -> Mapping[str, Any]:
        return self._examined.source.facts if self._examined else {}

    def _progress(self) -> str:
        raise NotImplementedError

    def _lines(self) -> None:
        """Write what is new, and the progress now and then."""
        for finding in self._findings:
            key = f"{finding.kind} {finding.identity.mac or finding.id}"
            told = self._raised.get(key)
            first = self.tells_noted if told is None else False
            if first or finding.level.rank < (told or Level.NOTED).rank:
                self._raised[key] = finding.level
                level = level_words(finding.level).name
                self._print(phrase("live_new", level=level, title=sentences.show(finding.title)))
        for note in self._notes[:1]:
            if note != self._noted:
                self._noted = note
                self._print(note)
        if self._listener.seconds >= self._line_at_s:
            self._line_at_s += _LINE_EVERY_S
            self._print(self._progress())

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)

    def _screen(self) -> Group:
        """Everything that is drawn in place."""
        bar = Table.grid()
        total = self._seconds
        bar.add_row(ProgressBar(total=total, completed=min(self._listener.seconds, total or 0.0), width=40))
        parts: list[Text | Table] = [Text(phrase("live_title", name=self._name), style="bold"), Text(self._progress())]
        parts += [bar] if total is not None else []
        findings = self._findings
        least, most = _ROWS
        rows = max(least, min(most, self._console.height - _OTHER_LINES))
        if findings:
            parts.append(self._table(findings[:rows]))
        else:
            parts.append(Text(phrase("live_nothing"), style="dim"))
        if len(findings) > rows:
            parts.append(Text(phrase("live_more", count=len(findings) - rows), style="dim"))
        parts += [Text(note, style="yellow") for note in self._notes[:1]]
        parts.append(Text(phrase("live_stop"), style="dim"))
        return Group(*parts)

    def _table(self, findings: Sequence[Finding]) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False, expand=True)
        widest = max(len(level_words(level).name) for level in Level)
        table.add_column(Text(phrase("col_level")), no_wrap=True, width=widest)
        table.add_column(Text(phrase("col_what")), no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(Text(phrase("col_signal")), no_wrap=True, justify="right", width=len("-100 dBm"))
        for finding in findings:
            rssi_dbm = finding.where.rssi_dbm
            table.add_row(
                Text(level_words(finding.level).name, style=_LEVEL_STYLES[finding.level]),
                Text(sentences.show(finding.title)),
                Text("" if rssi_dbm is None else f"{rssi_dbm:.0f} dBm"),
            )
        return table


class LiveView(ListenView):
    """Shows what a Wi-Fi interface hears; see :class:`ListenView`."""

    def __init__(self, sniffer: Sniffer, *, seconds: float, console: Console) -> None:
        super().__init__(sniffer, seconds=seconds, console=console)
        self._sniffer = sniffer

    def show(self, surveyor: Surveyor) -> None:
        """Show what was heard so far; call after every block."""
        self._show(lambda: self._examine(surveyor))

    def _examine(self, surveyor: Surveyor) -> Examined | None:
        from ..detect.wifi.examine import examine_survey

        try:
            survey = surveyor.survey(name=self._sniffer.interface)
            return examine_survey(survey, source_id="live", name=self._sniffer.interface, kind="wifi_live")
        except InputError:  # not one readable frame so far
            return None

    def _progress(self) -> str:
        channel = self._sniffer.channel
        return phrase(
            "live_progress",
            seconds=self._sniffer.seconds,
            total=self._seconds,
            channel="" if channel is None else phrase("live_channel", number=channel),
            frames=self._sniffer.frames,
            networks=self._facts.get("networks", 0),
            stations=self._facts.get("stations", 0),
        )


class AdvertView(ListenView):
    """Shows which Bluetooth devices are heard; see :class:`ListenView`."""

    tells_noted = True

    def __init__(self, hearer: Hearer, *, seconds: float | None, console: Console) -> None:
        super().__init__(hearer, seconds=seconds, console=console)
        self._hearer = hearer

    def show(self, hearing: Hearing, adverts: Sequence[Advert]) -> None:
        """Show what was heard so far; call after every block."""
        from ..detect.bluetooth.examine import examine_adverts

        del adverts  # they are in `hearing` already
        self._show(lambda: examine_adverts(hearing, source_id="live", name=self._hearer.interface))

    def _progress(self) -> str:
        return phrase(
            "live_progress_bluetooth",
            seconds=self._hearer.seconds,
            total=self._seconds or self._hearer.seconds,
            adverts=self._hearer.adverts,
            devices=self._facts.get("devices", 0),
        )
