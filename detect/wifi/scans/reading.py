"""Any list of networks -> one form, told by what is in it and not by what it is called."""

from __future__ import annotations

import re

from ...errors import InputError
from ...text import clean
from . import airodump, airport, iw, kismet, netsh, netxml, nmcli, profiler, termux, wigle
from .encoding import decode_list
from .listed import Form, ScanBook, ScanList

#: Bytes read of one list: a row has 60 to 400, so some 80,000 rows of the widest.
MAX_BYTES = 32 << 20

#: Characters by which the form is told.
_HEAD = 1 << 16

#: In the order in which they are tried; the last tells columns by their values and could take others' tables.
FORMS: tuple[Form, ...] = (
    termux.FORM,
    profiler.FORM,
    netxml.FORM,
    wigle.FORM,
    kismet.FORM,
    airodump.FORM,
    airodump.LOG,
    iw.FORM,
    netsh.FORM,
    airport.FORM,
    nmcli.TABLE,
    nmcli.TERSE,
)

#: First bytes of captures: pcap (four byte orders and resolutions, and the variant of Kuznetzov), pcapng, btsnoop.
_CAPTURES = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x34\xcd\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
    b"btsnoop\x00",
)

#: ``There are 0 networks currently visible.`` in any language: a line of two words before a colon, then one with a 0.
_NETSH_NONE = re.compile(r"\s*[^:\n]{3,60}[:：][^\n]{1,80}\n\s*[^:\n]{0,80}(?<!\d)0(?!\d)[^:\n]{0,80}\s*")

#: ``Interface name : Wi-Fi``, what netsh begins with.
_NETSH_SAYS = re.compile(r"[^:\n{}\[\]]{3,60} [:：] \S")

_HINT = (
    "Give what iw, nmcli, netsh, airport, system_profiler or termux-wifi-scaninfo prints, or a table of "
    "airodump-ng, Kismet or WiGLE."
)


def read_scan(data: bytes, *, name: str) -> ScanList:
    """Read a list of networks.

    Parameters
    ----------
    data
        The file or what a program printed, whole or cut; of more than :data:`MAX_BYTES` the beginning is read.
    name
        For messages.

    Raises
    ------
    InputError
        If it is not a list that is known here.
    """
    if not data.strip():
        raise InputError(name, f"is empty ({len(data)} bytes)", "Make the list again, with Wi-Fi switched on.")
    _refuse_others(data, name=name)
    too_long = len(data) > MAX_BYTES
    if too_long:
        data = data[: data.rfind(b"\n", 0, MAX_BYTES) + 1 or MAX_BYTES]
    text = decode_list(data)
    book = ScanBook()
    form = _form_of(text, _raw(data[:_HEAD], text))
    if form is not None:
        form.read(_raw(data, text) if form.raw else text, book)
    elif _NETSH_NONE.fullmatch(text[:400].strip("\r\n ").replace("\r", "")):
        form = netsh.FORM
    else:
        raise _unknown(text, name=name)
    if too_long:
        book.damage = f"is larger than {MAX_BYTES >> 20} MiB: only what stands before was read"
    return book.listing(form.name)


def note_of(form: str) -> str:
    """Return what lists of a form leave out, as a sentence; empty if nothing but what every list does."""
    return next((item.note for item in FORMS if item.name == form), "")


def _raw(data: bytes, text: str) -> str:
    """One character for each byte; of UTF-16 the text, whose names have one encoding."""
    return text if b"\x00" in data[:64] else data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _form_of(text: str, raw: str) -> Form | None:
    head = text[:_HEAD]
    raw_head = raw[:_HEAD]
    return next((form for form in FORMS if form.recognises(raw_head if form.raw else head)), None)


def _refuse_others(data: bytes, *, name: str) -> None:
    """Raise InputError for files that are known to be something else."""
    if data.startswith(_CAPTURES):
        raise InputError(name, "is a capture, not a list of networks", "Give it with --wifi.")
    if data.startswith(b"\x1f\x8b"):
        raise InputError(
            name, "is compressed (gzip)", "Unpack it first; if it holds a capture, give it with --wifi as it is."
        )
    if data.startswith(b"SQLite format 3\x00"):
        raise InputError(
            name,
            "is a database, not a list of networks",
            "If it is Kismet's, write it out with kismetdb_to_wiglecsv, or with kismetdb_to_pcap and give that with "
            "--wifi.",
        )


def _unknown(text: str, *, name: str) -> InputError:
    """The error for a text of no known form, with what the program that made it says."""
    said = termux.error_in(text)
    if said is not None:
        return InputError(
            name, f"holds no list, but an error of Termux:API: {clean(said)}", "Allow it the location, switched on."
        )
    if "AirPort" in text[:_HEAD] and "Wi-Fi:" in text[:_HEAD]:
        return InputError(name, "is the report of system_profiler in words", "Make it with -json.")
    lines = [line.strip() for line in text[:2000].splitlines() if line.strip()]
    if lines and len(lines) <= 12 and len(text) < 2000 and _NETSH_SAYS.match(lines[0]):
        words = clean(" ".join(lines[1:] or lines), limit=160).rstrip(".")
        return InputError(name, f"holds no list of networks; the program says: {words}", "Switch Wi-Fi on, then list.")
    return InputError(name, "is not a list of networks of a form that is known here", _HINT)
