"""The live view of a search: one big word, an arrow, a bar, the best so far."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ..detect.place.warmer import Moment, Trend
from ..detect.text import clean
from .report.place_words import bar, plain
from .report.wording import phrase

if TYPE_CHECKING:
    from .keys import Keys
    from .search import Search

_STYLES = {Trend.WARMER: "bold red", Trend.COLDER: "bold blue", Trend.STEADY: "bold", Trend.LOST: "dim"}

#: Letters of the big words, five rows of five places.
_LETTERS = {
    "A": (" ### ", "#   #", "#####", "#   #", "#   #"),
    "C": (" ####", "#    ", "#    ", "#    ", " ####"),
    "D": ("#### ", "#   #", "#   #", "#   #", "#### "),
    "E": ("#####", "#    ", "###  ", "#    ", "#####"),
    "L": ("#    ", "#    ", "#    ", "#    ", "#####"),
    "M": ("#   #", "## ##", "# # #", "#   #", "#   #"),
    "O": (" ### ", "#   #", "#   #", "#   #", " ### "),
    "R": ("#### ", "#   #", "#### ", "#  # ", "#   #"),
    "S": (" ####", "#    ", " ### ", "    #", "#### "),
    "T": ("#####", "  #  ", "  #  ", "  #  ", "  #  "),
    "W": ("#   #", "#   #", "# # #", "## ##", "#   #"),
    "Y": ("#   #", " # # ", "  #  ", "  #  ", "  #  "),
    "^": ("  #  ", " ### ", "#####", "  #  ", "  #  "),
    "v": ("  #  ", "  #  ", "#####", " ### ", "  #  "),
    "=": ("     ", "#####", "     ", "#####", "     "),
    "?": (" ### ", "#   #", "  ## ", "     ", "  #  "),
}

_SIGNS = {Trend.WARMER: "^", Trend.COLDER: "v", Trend.STEADY: "=", Trend.LOST: "?"}

#: Lines of the last places and of notes that are shown.
_MARKS_SHOWN = 5


def big(word: str, *, console: Console) -> list[str]:
    """Return a word in letters five rows high; on one row if the terminal is too narrow."""
    rows = ["  ".join(_LETTERS[letter][row] for letter in word) for row in range(5)]
    if len(rows[0]) > console.width:
        return [word]
    full = "█" if console.encoding.lower().startswith("utf") else "#"
    return [row.replace("#", full).rstrip() for row in rows]


class SearchView:
    """Shows a search until it is left; on what is no terminal, a line for each change of word and each place.

    Parameters
    ----------
    search
        Its state.
    interface, channel
        What is listened on.
    keys
        What the person types.
    console
        Where to show it; standard error, so that standard output keeps to the result.
    """

    def __init__(self, search: Search, *, interface: str, channel: int | None, keys: Keys, console: Console) -> None:
        self._search, self._keys, self._console = search, keys, console
        heard_on = phrase("search_channel", number=channel) if channel else ""
        self._title = phrase("search_title", mac=search.mac, name=clean(interface), channel=heard_on)
        self._note = ""
        self._said: Trend | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, get_renderable=self._render, refresh_per_second=8, transient=True, screen=False
            )
            self._live.__enter__()
        else:
            self._console.print(plain(self._title, self._console))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take_keys()
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def show(self) -> None:
        """Take what was typed and show the present state."""
        self._take_keys()
        moment = self._search.moment
        if self._live is None and moment.trend is not self._said and moment.level_dbm is not None:
            self._said = moment.trend
            level = phrase("search_level", dbm=moment.level_dbm)
            self._console.print(plain(f"{moment.t_s:4.0f} s  {moment.trend.upper()}  {level}", self._console))

    def _take_keys(self) -> None:
        for line in self._keys.lines():
            mark = self._search.mark(line)
            self._note = phrase("search_cannot_mark")
            if mark.level_dbm is not None:
                self._note = phrase("search_marked", name=clean(mark.name, limit=40), dbm=mark.level_dbm)
            if self._live is None:
                self._console.print(plain(self._note, self._console))

    def _render(self) -> Group:
        moment = self._search.moment
        style = _STYLES[moment.trend]
        word = f"{_SIGNS[moment.trend]}{moment.trend.upper()}"
        lines = [plain(self._title, self._console, style="dim"), Text()]
        lines += [plain(row, self._console, style=style) for row in big(word, console=self._console)]
        lines += [Text(), *self._level_lines(moment), Text()]
        for mark in self._search.marks[-_MARKS_SHOWN:]:
            level = 0.0 if mark.level_dbm is None else mark.level_dbm
            lines.append(plain(f"{level:6.0f} dBm  {clean(mark.name, limit=40)}", self._console))
        if self._note:
            lines.append(plain(self._note, self._console, style="dim"))
        lines.append(plain(phrase("search_keys"), self._console, style="dim"))
        lines.append(plain(phrase("search_prompt", typed=clean(self._keys.typed)), self._console, style="reverse"))
        return Group(*lines)

    def _level_lines(self, moment: Moment) -> list[Text]:
        if moment.level_dbm is None or moment.best_dbm is None or moment.best_t_s is None:
            return [plain(phrase("search_not_yet"), self._console)]
        width = min(60, max(10, self._console.width - 16))
        level = phrase("search_level", dbm=moment.level_dbm)
        drawn = bar(moment.level_dbm, width=width, console=self._console)
        out = [plain(f"{level:>8}  {drawn}", self._console, style=_STYLES[moment.trend])]
        below = moment.below_best_db or 0.0
        if below < 0.5:
            out.append(plain(phrase("search_best_here"), self._console, style="bold"))
        else:
            values = {"dbm": moment.best_dbm, "seconds": moment.t_s - moment.best_t_s, "db": below}
            if moment.best_spot:
                best = phrase("search_best_at", name=clean(moment.best_spot, limit=40), **values)
            else:
                best = phrase("search_best", **values)
            out.append(plain(best, self._console))
        return out
