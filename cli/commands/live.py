"""``roomsweep live``: serves the phone page, shows its link as a QR code, and ends with the result of the sweep."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..ending import Ending, end

if TYPE_CHECKING:
    from ..live.serving import Serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user asked for: where to listen, for a phone on the cable (`usb`), or for this device alone (`here`)."""

    host: str | None = None
    port: int | None = None
    usb: bool = False
    here: bool = False


def run(asked: Asked, ending: Ending) -> int:
    """Serve until Ctrl-C, then print and write the result; return the exit status.

    Raises
    ------
    UnavailableError
        If it cannot listen there, or nothing can be saved.
    """
    from ..live.saving import free_folder
    from ..live.serving import Live, Wanted

    started_at = datetime.now().astimezone()
    folder = ending.out or free_folder(Path(f"live-{started_at:%Y%m%d-%H%M%S}"))
    wanted = Wanted(folder=folder, host=asked.host, port=asked.port, local=asked.usb or asked.here)
    with _log_lines():
        live = Live(wanted, started_at=started_at)
        ended = live.run(ready=lambda: _tell(live.serving, asked, folder, as_json=ending.as_json))
    ending = Ending(as_json=ending.as_json, out=folder, fail_on=ending.fail_on, show_noted=ending.show_noted)
    return end(ended.result, pictures=ended.pictures, ending=ending)


@contextlib.contextmanager
def _log_lines() -> Iterator[None]:
    """Show the server's one-line log on standard error meanwhile."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("live: %(message)s"))
    loggers = [logging.getLogger(name) for name in ("roomsweep.live", "uvicorn.error")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.propagate = True


def _tell(serving: Serving, asked: Asked, folder: Path, *, as_json: bool) -> None:
    """Say how the page is opened: a line of JSON on standard output if wanted, the rest on standard error."""
    from rich.console import Console
    from rich.text import Text

    from ...detect.text import clean
    from ..live.words import phrase

    console = Console(stderr=True)

    def say(text: str) -> None:
        console.print(Text(text), soft_wrap=True)

    if asked.usb:
        say(phrase("usb", port=serving.port))
    elif asked.here:
        say(phrase("here"))
    else:
        say(phrase("open"))
        sys.stderr.write(square(serving.url))
    say(f"  {serving.url}")
    if not serving.reachable:
        say(phrase("alone"))
    if serving.others and not (asked.usb or asked.here):
        say(phrase("others", links="  ".join(serving.others)))
    if serving.fingerprint:
        say(phrase("fingerprint", fingerprint=serving.fingerprint))
        say(phrase("warning"))
    say(phrase("saving", path=clean(str(folder.resolve()), limit=400)))
    if as_json:
        sys.stdout.write(json.dumps({"url": serving.url, "fingerprint": serving.fingerprint}) + "\n")
        sys.stdout.flush()


def square(url: str) -> str:
    """Return a link as a QR code of block characters, for a terminal of 50 columns."""
    import segno

    out = io.StringIO()
    # The lowest correction keeps it small; a screen is not scratched.
    segno.make(url, error="l", micro=False).terminal(out, compact=True)
    return out.getvalue()
