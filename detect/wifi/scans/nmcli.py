"""``nmcli device wifi list``: Linux with NetworkManager, as a table or in the terse form of ``-t``.

The terse form has no header, so what a column holds is told by its values. Fields are separated by colons; colons
and backslashes in values are written ``\\:`` and ``\\\\`` (man nmcli, ``--escape``).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

from ..beacons import decode_ssid
from .listed import Form, ScanBook, ScannedNetwork, lines_of
from .measures import MAC, channel_of, decimal, mac_of, network_manager_dbm, security_of, whole

#: Rows by which columns are told.
_ROWS_LOOKED_AT = 200

#: Share of the rows that must have the same number of fields. Reasoned: nmcli's all have; a line of something else
#: may have come between.
_USUAL_SHARE = 0.8

#: Names of columns (nmcli, NM_FIELDS_DEV_WIFI_LIST) and what they are read as.
_NAMES = {
    "BSSID": "bssid",
    "SSID": "ssid",
    "SSID-HEX": "hex",
    "CHAN": "channel",
    "FREQ": "frequency",
    "SIGNAL": "signal",
    "SECURITY": "security",
}

_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_HEADING = re.compile(r"\S+(?: \S+)*")
#: Pairs of hexadecimal digits as in an address that is not escaped.
_BARE_PAIRS = re.compile(r"(?:^|(?<=:))[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5,}(?=:|$)", re.MULTILINE)
#: Longest run of them that is one address.
_ONE_ADDRESS = 17

#: Channel numbers in use (IEEE 802.11-2020, annex E; 6 GHz: 1, 5, 9, ... 233).
_CHANNELS = frozenset([*range(1, 15), *range(32, 178), *range(1, 234, 4)])


def _is(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


#: What a column may hold, most telling first; a column is of the first kind that all its values are of.
_KINDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("bssid", _is(MAC)),
    ("frequency", _is(r"\d{4,5} MHz")),
    ("rate", _is(r"\d{1,6} [MG]bit/s")),
    ("number", _is(r"\d{1,3}")),
    ("mode", _is(r"Infra|Ad-Hoc|Mesh|AP")),
    ("bars", _is(r"[▂▄▆█_* ]{1,8}")),
    ("security", _is(r"(?:(?:WPA[123]|WEP|802\.1X|OWE(?:-TM)?|--|\(none\)) ?)+")),
    ("flags", _is(r"\(none\)|(?:(?:pair|group)_\w+|psk|sae|802\.1X|owe\w*|eap_\w+|\s)+")),
    ("path", _is(r"/[\w/]+")),
    ("row", _is(r"AP\[\d+\]")),
    ("answer", _is(r"yes|no")),
)


def cells_of_terse(line: str) -> list[str]:
    """Return the fields of a terse line, with escapes taken out."""
    if "\\" not in line and line.count(":") >= 5:
        # Written with --escape no: at least addresses can be told.
        line = _BARE_PAIRS.sub(lambda match: match[0].replace(":", "\\:"), line)
    cells, cell, escaped = [], [], False
    for char in line:
        if escaped:
            cell.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ":":
            cells.append("".join(cell))
            cell = []
        else:
            cell.append(char)
    return [*cells, "".join(cell)]


def _roles(rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """Which column holds what, told by the values of some rows of equal length."""
    kinds = []
    for column in zip(*rows, strict=True):
        told = [value for value in column if value.strip() not in ("", "--")]
        kinds.append(next((kind for kind, fits in _KINDS if told and all(map(fits, told))), "text" if told else ""))
    roles: dict[str, int] = {kind: kinds.index(kind) for kind in kinds if kind not in ("number", "text", "")}
    numbers = [place for place, kind in enumerate(kinds) if kind == "number"]
    channels = [place for place in numbers if _like_channels(rows, place, roles.get("frequency"))]
    signals = [place for place in numbers if all((whole(row[place]) or 0) <= 100 for row in rows)]
    if len(numbers) > 1 and channels:
        # Both may fit; NetworkManager's own order has the channel before the signal.
        roles["channel"] = channels[0]
        signals = [place for place in signals if place != channels[0]]
    if signals:
        roles["signal"] = signals[0]
    elif len(numbers) == 1 and channels:
        roles["channel"] = channels[0]
    texts = [place for place, kind in enumerate(kinds) if kind == "text"]
    coded = [place for place in texts if all(_is(r"(?:[0-9A-F]{2})*")(row[place]) for row in rows)]
    if coded and len(texts) > 1:
        roles["hex"] = coded[0]
        texts.remove(coded[0])
    if texts:
        # The name of the interface is a text too, and the same in every row.
        roles["ssid"] = max(texts, key=lambda place: (len({row[place] for row in rows}), -place))
    return roles


def _like_channels(rows: Sequence[Sequence[str]], place: int, frequency: int | None) -> bool:
    told = [(number, row) for row in rows if (number := whole(row[place])) is not None]
    if frequency is not None:
        return all(channel_of(_megahertz(row[frequency])) in (number, None) for number, row in told)
    return all(number in _CHANNELS for number, _ in told)


def _megahertz(text: str) -> int | None:
    number = decimal(text.strip().removesuffix("MHz"))
    return None if number is None else int(number)


def _put(cells: Sequence[str], roles: dict[str, int], book: ScanBook) -> None:
    """Add one row."""

    def cell(role: str) -> str:
        place = roles.get(role)
        return cells[place].strip() if place is not None and place < len(cells) else ""

    name = cells[roles["ssid"]] if "ssid" in roles and roles["ssid"] < len(cells) else ""
    if cell("hex") and len(cell("hex")) % 2 == 0 and _is(r"[0-9A-Fa-f]{1,64}")(cell("hex")):
        name = decode_ssid(bytes.fromhex(cell("hex")))
    bssid = mac_of(cell("bssid"))
    if "bssid" in roles and bssid is None:
        book.unreadable += 1
        return
    frequency_mhz = _megahertz(cell("frequency"))
    percent = whole(cell("signal"))
    security = None
    if "security" in roles:
        security = "open" if cell("security") in ("", "--", "(none)") else security_of(cell("security"))
        if security is None and "802.1X" in cell("security"):
            security = "WEP"
    book.add_network(
        ScannedNetwork(
            bssid=bssid,
            ssids=(name,) if name and name != "--" else (),
            channel=whole(cell("channel")) or channel_of(frequency_mhz),
            frequency_mhz=frequency_mhz,
            signal_dbm=network_manager_dbm(percent),
            signal_percent=percent,
            security=security,
        )
    )


def _terse_rows(text: str) -> list[list[str]]:
    return [cells_of_terse(line) for line in lines_of(text) if line.strip()]


def _width_of(rows: Sequence[Sequence[str]]) -> int:
    """The commonest number of fields of a row."""
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def _recognises_terse(text: str) -> bool:
    first = "\n".join(text.split("\n", _ROWS_LOOKED_AT)[:_ROWS_LOOKED_AT])
    if any(len(match[0]) > _ONE_ADDRESS for match in _BARE_PAIRS.finditer(first)):
        return False  # not escaped, and where the address begins cannot be told
    rows = _terse_rows(first)
    width = _width_of(rows)
    usual = [row for row in rows if len(row) == width]
    if width < 2 or len(usual) < _USUAL_SHARE * (len(rows) - 1):  # the last row may be cut
        return False
    rows, roles = usual, _roles(usual)
    if "bssid" in roles:
        return True
    # Without addresses a name and a signal in every row are asked for, and a third thing that only nmcli writes unless
    # the rows are short: other programs use colons too.
    named = "signal" in roles and ("ssid" in roles or "hex" in roles) and all(row[roles["signal"]] for row in rows)
    telling = roles.keys() & {"frequency", "rate", "mode", "bars", "security"}
    return named and (bool(telling) or (width <= 3 and len(rows) > 1))


def _read_terse(text: str, book: ScanBook) -> None:
    rows = _terse_rows(text)
    width = _width_of(rows)
    if len(rows) > 1 and len(rows[-1]) < width and not text.endswith("\n"):
        rows.pop()
        book.damage = "ends within a row: what stands before was read"
    whole_rows = [row for row in rows if len(row) == width]
    book.unreadable += len(rows) - len(whole_rows)
    roles = _roles(whole_rows[:_ROWS_LOOKED_AT])
    for row in whole_rows:
        _put(row, roles, book)


def _columns(line: str) -> list[tuple[str, int]]:
    """Headings of a table with the columns of the screen at which they begin."""
    return [(match[0], _width(line[: match.start()])) for match in _HEADING.finditer(line)]


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_char_width, text))


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    """Columns of the screen that a character takes (Unicode Standard Annex 11)."""
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _cells_of_table(line: str, starts: Sequence[int]) -> list[str]:
    """Cut a row where the headings begin."""
    if line.isascii():
        return [line[low:high].strip() for low, high in zip(starts, [*starts[1:], len(line)], strict=True)]
    cells: list[list[str]] = [[] for _ in starts]
    column = place = 0
    for char in line:
        while place + 1 < len(starts) and column >= starts[place + 1]:
            place += 1
        cells[place].append(char)
        column += _char_width(char)
    return ["".join(cell).strip() for cell in cells]


def _heading(text: str) -> list[tuple[str, int]] | None:
    """The headings of the first line that is not empty, if it is one of headings."""
    line = next((line for line in lines_of(text[:65536]) if line.strip()), "")
    columns = _columns(_COLOUR.sub("", line))
    names = {name for name, _ in columns}
    if "SSID" not in names or len(columns) < 2 or ":" in line:
        return None
    return columns if names & (_NAMES.keys() - {"SSID"}) or len(columns) >= 5 else None


def _recognises_table(text: str) -> bool:
    return _heading(text) is not None


def _read_table(text: str, book: ScanBook) -> None:
    columns = _heading(text) or []
    names, starts = [name for name, _ in columns], [start for _, start in columns]
    starts[0] = 0
    roles = {_NAMES[name]: place for place, name in enumerate(names) if name in _NAMES}
    rows: list[list[str]] = []
    for line in lines_of(text):
        line = _COLOUR.sub("", line)
        if "SSID" in line and [name for name, _ in _columns(line)] == names:
            continue
        if line.strip():
            rows.append(_cells_of_table(line, starts))
    if rows and not text.endswith("\n") and len(rows) > 1 and sum(map(bool, rows[-1])) < 3 < sum(map(bool, rows[0])):
        rows.pop()
        book.damage = "ends within a row: what stands before was read"
    if len(roles) < 3 and rows:
        roles = {**_roles(rows[:_ROWS_LOOKED_AT]), **roles}
    for row in rows:
        _put(row, roles, book)


TERSE = Form(name="nmcli (terse)", recognises=_recognises_terse, read=_read_terse)
TABLE = Form(name="nmcli", recognises=_recognises_table, read=_read_table)
