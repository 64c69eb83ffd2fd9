"""``roomsweep doctor``: says what this computer can do and how to get the rest."""

from __future__ import annotations

import dataclasses
import json
import sys


def run(*, as_json: bool) -> int:
    """Print every ability; return 0: what is missing is told, not failed on."""
    from ..doctor import examine_computer

    abilities = examine_computer()
    if as_json:
        sys.stdout.write(json.dumps([dataclasses.asdict(ability) for ability in abilities], ensure_ascii=True) + "\n")
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    marks = {"yes": ("yes", "green"), "no": ("no", "yellow"), "unknown": ("not known", "dim")}
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for ability in abilities:
        words, style = marks[ability.state]
        text = Text(ability.says)
        if ability.remedy:
            text.append("\n" + ability.remedy, style="dim")
        table.add_row(Text(ability.name, style="bold"), Text(words, style=style), text)
    Console().print(table)
    return 0
