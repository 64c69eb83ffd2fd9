"""The result in a terminal.

Names never meet rich's markup: every text becomes a :class:`rich.text.Text` after the cleaner. Rich leaves
colours out where the output is not a terminal or NO_COLOR is set; levels are told by words in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ...detect.result import Finding, Level, Result, Source, SourceState, Verdict
from ...detect.text import clean
from . import sentences
from .sentences import show
from .wording import Step, level_words, phrase, phrases, source_kind_name, state_name

#: From this width in characters on, place, estimate and reason get columns of their own; below, they stand
#: under the title, where they can use the whole line.
WIDE = 120

_LEVEL_STYLES = {
    Level.IDENTIFIED: "bold red",
    Level.SUSPECT: "bold yellow",
    Level.LOOK: "cyan",
    Level.NOTED: "dim",
}
_VERDICT_STYLES = {
    Verdict.CAMERA_IDENTIFIED: "bold red",
    Verdict.SUSPECTS_FOUND: "bold yellow",
    Verdict.WORTH_A_LOOK: "bold cyan",
    Verdict.NOTHING_FOUND: "bold",
    Verdict.NOT_EXAMINED: "bold",
}
_STATE_STYLES = {
    SourceState.EXAMINED: "",
    SourceState.PARTIAL: "yellow",
    SourceState.NOT_EXAMINED: "bold yellow",
}


def print_result(result: Result, *, console: Console, show_noted: bool = False) -> None:
    """Print `result` for a person.

    Parameters
    ----------
    result
        What was found.
    console
        Where to print.
    show_noted
        Whether to list the noted findings too; otherwise they are counted.
    """
    page = _Page(console)
    sources = {source.id: source for source in result.sources}
    names = sentences.synthetic_names(result)
    if names:
        page.line(phrase("synthetic_notice", names=", ".join(names)), style="bold reverse")
        page.gap()
    words = sentences.verdict_of(result)
    page.line(words.headline, style=_VERDICT_STYLES[result.verdict])
    page.line(words.means)
    page.line(words.means_not)
    if sentences.incomplete(result):
        page.line(phrases("incomplete", sentences.incomplete(result)), style="bold yellow")

    shown = sentences.shown_findings(result)
    room, worn = sentences.room_findings(result), sentences.worn_findings(result)
    if room:
        page.heading(phrase("findings"))
        page.findings(room, sources)
    if worn:
        page.heading(phrase("worn"))
        page.line(phrase("worn_intro"))
        page.gap()
        page.findings(worn, sources)
    steps = sentences.steps_now(result)
    if steps:
        page.heading(phrase("do_now"))
        page.steps(steps)
    else:
        for name, checks in sentences.steps_to_check(shown):
            page.heading(phrase("labelled", label=phrase("how_to_check"), text=name))
            page.steps(checks)
    noted = sentences.noted_findings(result)
    if noted and show_noted:
        page.heading(phrases("noted", len(noted)))
        page.noted(noted)
    elif noted:
        page.gap()
        page.line(phrases("noted_hidden", len(noted)), style="dim")
    page.heading(phrase("sources"))
    page.sources(result.sources)
    page.heading(phrase("not_looked_at"))
    page.bullets(map(show, result.limits))


class _Page:
    """Writes the parts of a report to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        encoding = console.encoding.lower().replace("_", "-")
        self._encoding = None if encoding in ("utf-8", "utf8", "utf-8-sig") else encoding

    def text(self, text: str, *, style: str = "") -> Text:
        """Text without markup; what the terminal's encoding lacks becomes a visible escape."""
        if self._encoding is not None:
            text = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        return Text(text, style=style)

    def line(self, text: str, *, style: str = "") -> None:
        self._console.print(self.text(text, style=style))

    def gap(self) -> None:
        self._console.print()

    def heading(self, text: str) -> None:
        self.gap()
        self._console.print(Rule(self.text(text, style="bold"), align="left", style="dim"))

    def bullets(self, lines: Iterable[str]) -> None:
        self._list(("-", line) for line in lines)

    def steps(self, steps: Iterable[Step]) -> None:
        self._list((f"{number}.", f"{step.what} {step.how}") for number, step in enumerate(steps, 1))

    def _list(self, items: Iterable[tuple[str, str]]) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(overflow="fold")
        for mark, line in items:
            grid.add_row(self.text(mark), self.text(line))
        self._console.print(grid)

    def findings(self, findings: Iterable[Finding], sources: Mapping[str, Source]) -> None:
        wide = self._console.width >= WIDE
        table = _table("id", "level", "what", *(("where", "chance", "why") if wide else ()))
        advised: set[str] = set()  # the same advice is said with the first finding that needs it
        for finding in findings:
            where, why = _where(finding, sources), sentences.strongest_reason(finding)
            what = [self.text(show(finding.title), style="bold")]
            if not wide:
                what.append(self._labelled("where", where))
                what.append(self._labelled("why", why))
                what.append(self.text(sentences.chance_sentence(finding.probability)))
            if finding.advice not in advised:
                what.append(self._labelled("decide", show(finding.advice)))
                advised.add(finding.advice)
            row = [
                self.text(clean(finding.id)),
                self.text(level_words(finding.level).name, style=_LEVEL_STYLES[finding.level]),
                Text("\n").join(line for line in what if line),
            ]
            if wide:
                row += [self.text(where), self.text(sentences.chance(finding.probability)), self.text(why)]
            table.add_row(*row)
        self._console.print(table)

    def _labelled(self, key: str, text: str) -> Text:
        return self.text(phrase("labelled", label=phrase(key), text=text) if text else "")

    def noted(self, findings: Iterable[Finding]) -> None:
        table = _table("id", "what", "address", "signal", gap_lines=0)
        for finding in findings:
            identity, rssi_dbm = finding.identity, finding.where.rssi_dbm
            table.add_row(
                self.text(clean(finding.id)),
                self.text(show(finding.title)),
                self.text(clean(identity.mac or identity.bssid or identity.ip or "")),
                self.text("" if rssi_dbm is None else f"{rssi_dbm:.0f} dBm"),
            )
        self._console.print(table)

    def sources(self, sources: Iterable[Source]) -> None:
        table = _table("source", "state")
        empty = True
        for source in sources:
            empty = False
            name = self.text(clean(source.name), style="bold")
            kind = source_kind_name(clean(source.kind))
            name.append("\n").append_text(self.text(kind, style="not bold dim"))
            state = self.text(state_name(source.state), style=_STATE_STYLES[source.state])
            if source.reason:
                state.append("\n").append_text(self.text(show(source.reason), style="not bold default"))
            table.add_row(name, state)
        self._console.print(self.text(phrase("sources_none")) if empty else Padding(table, 0))


def _where(finding: Finding, sources: Mapping[str, Source]) -> str:
    parts = list(sentences.where_sentences(finding, sources))
    if finding.where.rssi_dbm is not None:
        parts.append(sentences.signal(finding.where.rssi_dbm))
    return " ".join(parts)


def _table(*columns: str, gap_lines: int = 1) -> Table:
    """A light table; columns for short codes never wrap, the others fold long words instead of cutting."""
    table = Table(box=None, padding=(0, 2, gap_lines, 0), header_style="dim", pad_edge=False)
    narrow = {"id": 3, "level": 12, "chance": 12, "signal": 8}
    for column in columns:
        width = narrow.get(column)
        table.add_column(Text(phrase(f"col_{column}")), min_width=width, overflow="fold")
    return table
