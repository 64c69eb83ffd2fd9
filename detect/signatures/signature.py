"""The record that every matcher returns, and the table of patterns behind the matchers of names.

A pattern describes the whole name (:func:`re.fullmatch`, case counts): where the facts leave the end of a
name open, the pattern says so with ``.*``. Patterns are tried best grade first. One compiled alternation of
all patterns answers first, so a name that is in no table, which is nearly every name, costs one call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from ..errors import DataError
from ..result import Grade
from .tables import load_table

#: Best first: what is known from devices before what one catalogue says.
_GRADE_ORDER = {Grade.A: 0, Grade.B: 1, Grade.M: 2, Grade.D: 3, Grade.C: 4, Grade.S: 5}

#: A dot takes line ends too, since names on the air may hold them; a digit is one of ten, not of all scripts.
FLAGS = re.DOTALL | re.ASCII


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One row of a table that matched.

    Parameters
    ----------
    table
        Name of the table.
    pattern
        The pattern, number or service that matched, as the table writes it.
    device
        What the thing is, or the family it belongs to.
    kind
        What sort of thing it is, in the words of the table's card: ``hidden_cam``, ``wearable_camera``, ...
    grade
        What the row rests on.
    note
        What a reader should know besides, or empty.
    source
        Where the fact comes from.
    """

    table: str
    pattern: str
    device: str
    kind: str
    grade: Grade
    note: str
    source: str


def grade_rank(grade: Grade) -> int:
    """0 for the grade that is believed most."""
    return _GRADE_ORDER[grade]


def signature_of(table: str, pattern: str, row: Mapping[str, str]) -> Signature:
    """Return the signature that `row` of `table` stands for.

    Raises
    ------
    DataError
        If the row's grade is none of :class:`~roomsweep.detect.result.Grade`.
    """
    try:
        grade = Grade(row["grade"])
    except ValueError as error:
        raise DataError(f"Table {table!r}, row {pattern!r}: {row['grade']!r} is not a grade.") from error
    return Signature(
        table=table,
        pattern=pattern,
        device=row["device"],
        kind=row["kind"],
        grade=grade,
        note=row["note"],
        source=row["source"],
    )


class Patterns:
    """Compiled patterns with their signatures, best grade first.

    Parameters
    ----------
    pairs
        Pattern text and signature. Patterns that take names of the same best grade are tried in the order
        given.
    limit
        Longest text that is looked at, in characters; longer text matches nothing.

    Raises
    ------
    DataError
        If a pattern does not compile.
    """

    def __init__(self, pairs: Iterable[tuple[str, Signature]], *, limit: int) -> None:
        ranked = sorted(pairs, key=lambda pair: grade_rank(pair[1].grade))
        self.limit = limit
        try:
            self._rows = tuple((re.compile(text, FLAGS), row) for text, row in ranked)
            self._any = re.compile("|".join(f"(?:{text})" for text, _ in ranked) or "(?!)", FLAGS)
        except re.error as error:
            raise DataError(f"A signature's pattern cannot be used: {error.pattern!r}: {error}.") from error

    def match(self, text: str) -> Signature | None:
        """Return the best signature whose pattern describes the whole of `text`."""
        if len(text) > self.limit or self._any.fullmatch(text) is None:
            return None
        return next(row for pattern, row in self._rows if pattern.fullmatch(text))


@cache
def patterns(table: str, *, limit: int) -> Patterns:
    """Return the patterns of the shipped `table`, which has a column ``pattern``."""
    rows = load_table(table).rows
    return Patterns(((row["pattern"], signature_of(table, row["pattern"], row)) for row in rows), limit=limit)
