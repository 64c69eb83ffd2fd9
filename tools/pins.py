"""Writes constraints.txt: the exact version of every package that roomsweep and its tests stand on.

Run it by ``make pins`` in an environment where everything works; it follows the requirements of the
installed roomsweep with all its extras, as installed, so that packages which merely happen to be there stay
out. No download address and no hash is written: the file says which versions, not where from.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"


def canonical(name: str) -> str:
    """Return a distribution's name in the one spelling that comparison needs (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(root: str = "roomsweep", *, also: tuple[str, ...] = ("setuptools",)) -> dict[str, str]:
    """Return name to version of everything that `root` with all its extras needs here.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If a requirement that applies to this computer is neither installed nor pinned already.
    """
    versions: dict[str, str] = {}
    kept = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE))
    to_do: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in also]
    to_do.append((root, frozenset(metadata.metadata(root).get_all("Provides-Extra") or ())))
    seen: set[tuple[str, frozenset[str]]] = set()
    while to_do:
        step = to_do.pop()
        if step in seen:
            continue
        seen.add(step)
        name, extras = step
        if name != root:
            try:
                versions[canonical(name)] = metadata.version(name)
            except metadata.PackageNotFoundError:
                # Of an extra that is not installed here (fuzz): its pin stays.
                if canonical(name) not in kept:
                    raise
                versions[canonical(name)] = kept[canonical(name)]
                continue
        for text in metadata.requires(name) or ():
            need = Requirement(text)
            wanted = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if need.marker is None or any(need.marker.evaluate(environment) for environment in wanted):
                to_do.append((need.name, frozenset(need.extras)))
    return dict(sorted(versions.items()))


def main() -> None:
    """Write the file and say what it holds."""
    versions = pinned()
    lines = "".join(f"{name}=={version}\n" for name, version in versions.items())
    CONSTRAINTS.write_text(
        "# The versions roomsweep is tested with, written by `make pins`. No addresses, no hashes.\n" + lines,
        encoding="utf-8",
    )
    print(f"{CONSTRAINTS.name}: {len(versions)} packages")


if __name__ == "__main__":
    main()
