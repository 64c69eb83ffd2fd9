"""The one cleaner for names that strangers chose.

SSIDs, Bluetooth names, file names and banners are hostile input: they can carry terminal escapes, markup,
bidirectional overrides that turn a line around, NULs, spreadsheet formulas or ten thousand characters.
Everything that is shown goes through :func:`clean`; a CSV cell also through :func:`csv_cell`, a file name
through :func:`file_stem`. HTML is escaped by the template engine and the terminal gets plain text without
markup, so neither is done here.
"""

from __future__ import annotations

import re
import unicodedata

#: Longest name shown, in characters. An SSID has at most 32 bytes and a Bluetooth name at most 248
#: (IEEE 802.11-2020 9.4.2.2; Bluetooth Core 5.4 Vol 3 Part C 2.2.2): longer ones are cut, and the cut is shown.
NAME_LIMIT = 80

#: Unicode categories that have no shape of their own: controls, formats (which hold the bidirectional
#: overrides), surrogates, private use, unassigned, line and paragraph separators.
_SHAPELESS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

#: Combining marks kept after one letter; more than this is a tower that covers the lines around it.
_MARKS_KEPT = 3


def clean(text: str, *, limit: int = NAME_LIMIT) -> str:
    """Return `text` in a form that is harmless on one line of any output.

    Characters without a shape become visible escapes (``\\x1b``, ``\\u202e``), white space becomes one
    space, towers of combining marks are cut, and what is longer than `limit` characters ends in
    ``… (+N characters)``.

    Parameters
    ----------
    text
        Any string, also one with lone surrogates.
    limit
        Longest result in characters, before the note on the cut.

    Returns
    -------
    str
        One line; encodable as UTF-8.
    """
    out: list[str] = []
    size = marks = 0
    for taken, char in enumerate(text):
        category = unicodedata.category(char)
        if category in _SHAPELESS:
            code = ord(char)
            piece = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
            marks = 0
        elif category == "Zs":
            piece, marks = " ", 0
        elif category in ("Mn", "Me"):
            marks += 1
            piece = char if marks <= _MARKS_KEPT else ""
        else:
            piece, marks = char, 0
        if size + len(piece) > limit:
            return "".join(out) + f"… (+{len(text) - taken} characters)"
        out.append(piece)
        size += len(piece)
    return "".join(out)


def csv_cell(text: str, *, limit: int = 1000) -> str:
    """Return `text` cleaned and, where a spreadsheet would run it as a formula, quoted with an apostrophe."""
    cell = clean(text, limit=limit)
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def file_stem(text: str, *, limit: int = 60) -> str:
    """Return `text` as a file name without extension: letters, digits, ``-``, ``_`` and ``.`` inside only."""
    stem = re.sub(r"[^\w.-]+", "_", clean(text, limit=limit)).strip("._-")
    return stem or "unnamed"
