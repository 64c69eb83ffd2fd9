"""How a command ends: what it prints and writes, and its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..detect.errors import UnavailableError
from ..detect.result import Level, Result, SourceState
from ..detect.text import file_stem

if TYPE_CHECKING:
    from .report.crops import Picture

#: Exit statuses, part of the contract.
DONE, FAILED_ON_LEVEL, WRONG_USAGE, NO_INPUT, UNAVAILABLE = 0, 1, 2, 3, 4

#: A fault in roomsweep itself (EX_SOFTWARE of sysexits.h); not part of the contract.
FAULT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the user asked for at the end.

    Parameters
    ----------
    as_json
        The result as JSON on standard output, and nothing else there.
    out
        Folder for the report, or None.
    fail_on
        Exit with 1 if a finding has this level or a stronger one.
    show_noted
        List the noted findings in the terminal too.
    """

    as_json: bool = False
    out: Path | None = None
    fail_on: Level | None = None
    show_noted: bool = False


def exit_status(result: Result, *, fail_on: Level | None) -> int:
    """Return the exit status that `result` stands for.

    Where nothing was examined, it is :data:`UNAVAILABLE` if that is all for want of hardware, programs or permission
    (fact ``unavailable``), and :data:`NO_INPUT` as soon as one input could have been read.
    """
    if all(source.state is SourceState.NOT_EXAMINED for source in result.sources):
        lacking = result.sources and all(source.facts.get("unavailable") is True for source in result.sources)
        return UNAVAILABLE if lacking else NO_INPUT
    if fail_on is not None and any(finding.level.rank <= fail_on.rank for finding in result.findings):
        return FAILED_ON_LEVEL
    return DONE


def end(
    result: Result,
    *,
    pictures: Mapping[str, Picture],
    ending: Ending,
    attachments: Mapping[str, bytes] = MappingProxyType({}),
) -> int:
    """Print and write `result`; return the exit status.

    The result is printed before anything is written, so that a full disk does not cost it. `attachments` are files
    that go beside the report, by name.

    Raises
    ------
    UnavailableError
        If the folder cannot be written.
    """
    from rich.console import Console
    from rich.text import Text

    from .report.terminal import print_result
    from .report.wording import phrase

    class Patient(Console):
        """A console whose reader may go away (`| head`) without costing the report."""

        def on_broken_pipe(self) -> None:
            self.quiet = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    if ending.as_json:
        Patient().out(result.to_json(), highlight=False)
    else:
        print_result(result, console=Patient(), show_noted=ending.show_noted)
    if ending.out is not None:
        report = _write(result, ending.out, pictures=pictures, attachments=attachments)
        Console(stderr=ending.as_json).print(Text(phrase("report_at", path=str(report))), soft_wrap=True)
    return exit_status(result, fail_on=ending.fail_on)


def _write(result: Result, folder: Path, *, pictures: Mapping[str, Picture], attachments: Mapping[str, bytes]) -> Path:
    """Write the report, the result and the marked pictures; return the report's path."""
    from .report.crops import annotate, close_up, jpeg
    from .report.html import write_html
    from .report.keys import key_of, strip_key_of

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "result.json").write_text(result.to_json() + "\n", encoding="utf-8")
        for name, data in attachments.items():
            (folder / name).write_bytes(data)
        report = folder / "report.html"
        write_html(result, report, pictures=pictures)
        for key, picture in pictures.items():
            own = [
                finding for finding in result.findings if key_of(finding) == key and finding.level is not Level.NOTED
            ]
            if own:
                name = f"{file_stem(key)}-{file_stem(picture.original_name, limit=40)}-marked.jpg"
                (folder / name).write_bytes(jpeg(annotate(picture.image, own), quality=90))
        for finding in (item for item in result.findings if item.level is not Level.NOTED):
            shown, over_time = pictures.get(key_of(finding)), pictures.get(strip_key_of(finding))
            if shown is not None and finding.where.x_px is not None:
                (folder / f"{file_stem(finding.id)}-crop.jpg").write_bytes(jpeg(close_up(shown, finding), quality=92))
            if over_time is not None:
                (folder / f"{file_stem(finding.id)}-strip.jpg").write_bytes(jpeg(over_time.image, quality=92))
    except OSError as error:
        raise UnavailableError(
            f"The report could not be written to {folder}: {error.strerror or error}",
            "Name another folder with --out; the result itself was printed above.",
        ) from error
    return report.resolve()
