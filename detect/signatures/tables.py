"""Reads a shipped table: a CSV file and its TOML card.

The card states the table's source, licence, date and columns; the reader refuses a table that differs from
its card or has a row without a source, so that no number enters the product unexplained.
"""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ..errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a table says about itself.

    Parameters
    ----------
    name, title
        File stem, and what the table holds in a sentence.
    columns
        Column name to meaning, in the file's order.
    sort_by
        The columns whose values, joined, are sorted and unique.
    source, licence
        Where the table as a whole comes from and what allows us to ship it.
    dated
        When the facts were collected.
    max_age_days
        Age from which a report must warn, or None.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    sort_by: tuple[str, ...]
    source: str
    licence: str
    dated: dt.date
    max_age_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of a table, as text by column name, with their card."""

    card: Card
    rows: tuple[Mapping[str, str], ...]


@cache
def load_table(name: str) -> Table:
    """Return the shipped table `name`.

    Raises
    ------
    DataError
        If the table is missing, differs from its card, is unsorted, repeats a key, or has a row without a
        source.
    """
    folder = resources.files(__package__)
    try:
        card_text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")
        rows_text = folder.joinpath(f"{name}.csv").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DataError(
            f"The table {name!r} is not part of this installation. Please install roomsweep again."
        ) from error
    return parse_table(name, card_text, rows_text)


def table_names() -> tuple[str, ...]:
    """Return the names of all shipped tables, sorted."""
    entries = resources.files(__package__).iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


@cache
def load_card(name: str) -> Card:
    """Return the card of the shipped table `name` without reading its rows.

    Raises
    ------
    DataError
        If the card is missing or lacks what every card must say.
    """
    try:
        text = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DataError(
            f"The table {name!r} is not part of this installation. Please install roomsweep again."
        ) from error
    return parse_card(name, text)


def parse_card(name: str, card_text: str) -> Card:
    """Read a card from its text; raises :class:`DataError` where it lacks something."""
    try:
        raw = tomllib.loads(card_text)
        return Card(
            name=name,
            title=raw["title"],
            columns=raw["columns"],
            sort_by=tuple(raw["sort_by"]),
            source=raw["source"],
            licence=raw["licence"],
            dated=raw["dated"],
            max_age_days=raw.get("max_age_days"),
        )
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise DataError(f"The card of table {name!r} cannot be used: {error!r}.") from error


def parse_table(name: str, card_text: str, rows_text: str) -> Table:
    """Read a table from the text of its card and its rows; see :func:`load_table` for what is refused."""
    card = parse_card(name, card_text)
    reader = csv.reader(rows_text.splitlines())
    columns = tuple(next(reader, ()))
    if columns != tuple(card.columns):
        raise DataError(f"Table {name!r} has the columns {list(columns)}, its card {list(card.columns)}.")
    rows = []
    previous: tuple[str, ...] | None = None
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(columns):
            raise DataError(f"Table {name!r}, line {reader.line_num}: wrong number of cells.")
        row = dict(zip(columns, cells, strict=True))
        if not row["source"].strip():
            raise DataError(f"Table {name!r}, line {reader.line_num}: no source.")
        key = tuple(row[column] for column in card.sort_by)
        if previous is not None and key <= previous:
            raise DataError(f"Table {name!r}, line {reader.line_num}: {key} repeats or is out of order.")
        previous = key
        rows.append(row)
    return Table(card=card, rows=tuple(rows))
