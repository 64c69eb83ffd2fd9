"""Writes the tables of README.md and docs/accuracy.md from the results in benchmarks/results.

    python tools/docs_tables.py            writes them
    python tools/docs_tables.py --check    exits with 1 if they are not up to date

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. A result that has not been written yet gives
a sentence saying so.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

#: Files with tables in them.
DOCUMENTS = ("README.md", "docs/accuracy.md")

_PLACE = re.compile(r"(<!-- table: ([a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_ABSENT = "Not measured yet: there is no such result in `benchmarks/results/`.\n"

#: Words for the groups and levels of benchmarks/accuracy_wifi.py.
_WORDS = {
    "files_by_level": "by file",
    "files_by_identity_alone": "by file, identity alone",
    "files_by_identity_without_fingerprints": "by file, identity without the way radios write their frames",
    "devices_always_at_look_or_higher": "by device, every file of it at look or higher",
    "addresses_by_rule": "addresses that the rule fires on",
    "cameras_80211": "cameras heard over Wi-Fi",
    "cameras_ethernet": "cameras on Ethernet",
    "siblings_of_cameras": "thermostats and smoke alarms of a camera maker",
    "other_devices": "other things",
    "places_without_documented_camera": "places without a documented camera",
    "fingerprints": "how radios write their frames",
    "of_one_model_only": "fingerprints seen from one device model only",
    "camera_captures_found_again_without_the_capture": "camera captures with one known from other captures",
    "camera_captures_found_again_without_the_model": "camera captures with one known from other camera models",
    "models_by_rule": "models that match",
    "camera_models": "camera models",
    "other_models": "other models",
    "siblings": "of them thermostats and smoke alarms of a camera maker",
    "maybe": "a thing that may be a camera",
    "look_or_higher": "look or higher",
    "suspect_or_higher": "suspect or higher",
    "identified_or_higher": "identified",
}

#: Rows of the summary in README.md: words, path into benchmarks/accuracy_wifi.py's result.
_SUMMARY = (
    (
        "real captures of Wi-Fi cameras (3 models of Dropcam and Nest), raised to `look` by their maker",
        ("files_by_level", "cameras_80211", "look_or_higher"),
    ),
    (
        "the same, raised to `suspect` or `identified`",
        ("files_by_level", "cameras_80211", "suspect_or_higher"),
    ),
    (
        "real captures of cameras on Ethernet (8 devices), raised to `look`",
        ("files_by_level", "cameras_ethernet", "look_or_higher"),
    ),
    (
        "real thermostats and smoke alarms of a camera maker, raised to `look` (false)",
        ("files_by_level", "siblings_of_cameras", "look_or_higher"),
    ),
    (
        "real captures of other things, raised (false)",
        ("files_by_level", "other_devices", "look_or_higher"),
    ),
    (
        "other things in them by device, raised (false)",
        ("devices_always_at_look_or_higher", "other_devices"),
    ),
)


def share(value: float) -> str:
    """Return a share in per cent: more figures near the ends."""
    if 0.995 < value < 1:
        return f"{100 * value:.1f} %"
    return f"{100 * value:.2g} %" if 0 < value < 0.0995 else f"{100 * value:.0f} %"


def often(rate: float) -> str:
    """Return how many a picture: decimals where they are few."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def counted(leaf: Mapping[str, Any]) -> str:
    """Return the cells ``k of n | share | bounds`` of one count."""
    cells = [f"{leaf['k']:,} of {leaf['n']:,}"]
    if "bounds_95" in leaf:
        low, high = leaf["bounds_95"]
        cells += [share(leaf.get("share", leaf["k"] / leaf["n"])), f"{share(low)} to {share(high)}"]
    else:
        cells += ["", ""]
    return " | ".join(cells)


def leaves(result: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield every count (a mapping with ``k`` and ``n``) below `result` with its path."""
    if isinstance(result, Mapping):
        if "k" in result and "n" in result:
            yield path, result
            return
        for key, value in result.items():
            yield from leaves(value, (*path, str(key)))


def _words(key: str) -> str:
    return _WORDS.get(key, f"`{key}`" if "." in key else key.replace("_", " "))


def counts(result: Mapping[str, Any]) -> str:
    """Return every count of a result as a table, one below each heading of the result."""
    out: list[str] = []
    heading = ""
    for (first, *rest), leaf in leaves(result):
        if first != heading:
            heading = first
            out += ["", f"**{_words(first).capitalize()}**", ""] if out else [f"**{_words(first).capitalize()}**", ""]
            out += ["| what | counted | share | 95 % bounds |", "|---|---|---|---|"]
        out.append(f"| {': '.join(_words(key) for key in rest) or _words(first)} | {counted(leaf)} |")
    return "\n".join(out) + "\n"


#: Words for the sets of benchmarks/accuracy_lens.py; those of real pictures first.
_SETS = {
    "real_photo": "real, through a red lens finder, one photo",
    "real_pair": "real, through a red lens finder, pair",
    "real_finder_off": "real, lens finder off",
    "no_lens_photo": "real rooms and still lifes without a lens, one photo",
    "no_lens_pair": "real rooms and still lifes without a lens, pair",
    "rendered_photo": "rendered stills",
    "rendered_pair_on_alone": "rendered pairs, torch-on photo alone",
    "rendered_pair": "rendered pairs",
    "rendered_frame": "rendered clips, single frames",
    "synthetic_photo": "synthetic, torch-on photo alone",
    "synthetic_pair": "synthetic pairs",
}

#: Sets that README.md shows.
_LENS_SUMMARY = ("real_photo", "real_pair", "no_lens_photo", "no_lens_pair", "rendered_photo", "rendered_pair")


def _lens_row(first: str, row: Mapping[str, Any]) -> str:
    """Return one row: found, bounds, among the first three, false in a picture, bounds."""
    cells = [first, "–", "–", "–"]
    if "recall_at_look_or_higher" in row:
        found, bounds = (counted(row["recall_at_look_or_higher"]).split(" | ")[place] for place in (0, 2))
        cells = [first, found, bounds, f"{row['first_3']['k']:,}"]
    false = row["false_per_picture_at_look_or_higher"]
    low, high = false["bounds_95"]
    return "| " + " | ".join([*cells, often(false["rate"]), f"{often(low)} to {often(high)}"]) + " |"


_LENS_COLUMNS = "found, worth a look | 95 % bounds | among the first 3 | false, a picture | 95 % bounds |"


def lens_sets(result: Mapping[str, Any]) -> str:
    """Return every set of pictures with every method on it."""
    out: list[str] = []
    for name in sorted(result["sets"], key=[*_SETS, *result["sets"]].index):
        item = result["sets"][name]
        lost = item.get("pairs_not_registered")
        out += [
            f"**{_SETS.get(name, name.replace('_', ' '))}** ({item['pictures']} pictures of {item['scenes']} scenes, "
            f"{item['detectable_lenses']} lenses" + (f"; {lost} pairs not registered" if lost else "") + ")",
            "",
            f"| method | {_LENS_COLUMNS}",
            "|---|---|---|---|---|---|",
            *(_lens_row(method.replace("_", " "), row) for method, row in item["methods"].items()),
            "",
        ]
    return "\n".join(out)


def lens_summary(result: Mapping[str, Any]) -> str:
    """Return the sets of real and rendered pictures, judged by models that have not seen the scene."""
    out = [f"| lenses | {_LENS_COLUMNS}", "|---|---|---|---|---|---|"]
    for name in _LENS_SUMMARY:
        item = result["sets"].get(name, {})
        row = item.get("methods", {}).get("roomsweep_held_out")
        if row:
            out.append(_lens_row(f"{_SETS[name]}: {item['pictures']}", row))
    return "\n".join(out) + "\n"


def wifi_summary(result: Mapping[str, Any]) -> str:
    """Return the few rows that README.md shows."""
    out = ["| what | counted | share | 95 % bounds |", "|---|---|---|---|"]
    for words, path in _SUMMARY:
        leaf: Any = result
        for key in path:
            leaf = leaf[key]
        out.append(f"| {words} | {counted(leaf)} |")
    return "\n".join(out) + "\n"


def _ratios(result: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    if not isinstance(result, Mapping):
        return
    for key, value in result.items():
        if key in ("ratio", "times_quicker"):
            yield ", ".join(path), float(value)
        elif key == "times_as_fast_as":
            for other, times in value.items():
                yield f"{', '.join(path)}, against {other.replace('_', ' ')}", float(times)
        else:
            yield from _ratios(value, (*path, str(key).replace("_", " ")))


def ratios(result: Mapping[str, Any]) -> str:
    """Return every ratio of speeds of a result as a table."""
    rows = [f"| {what} | {times:g} |" for what, times in _ratios(result)]
    what = str(result.get("what", ""))
    return "\n".join([f"{what[:1].upper()}{what[1:]}.", "", "| what | times as fast |", "|---|---|", *rows]) + "\n"


#: Rows of the table on dark pictures: words, path into benchmarks/accuracy_dark.py's result.
_DARK = (
    ("synthetic, ring of 4 to 10 LEDs at 850 nm: raised to `look`", ("synthetic", "ring_850", "recall_at_look")),
    ("the same, told as a ring or row", ("synthetic", "ring_850", "told_as_ring_or_row")),
    ("synthetic, row of 3 to 6 LEDs at 850 nm: raised to `look`", ("synthetic", "row_850", "recall_at_look")),
    ("synthetic, one weak LED at 940 nm: raised to `look`", ("synthetic", "single_940", "recall_at_look")),
    ("synthetic rooms with ordinary lights only: false", ("synthetic", "ordinary_lights", "false_per_picture_at_look")),
    ("real pictures without a torch, dark: false", ("without_infrared", "real_dark")),
    ("real pictures without a torch, not dark: false", ("without_infrared", "real_not_dark")),
    ("rendered torch-off pictures, dark: false", ("without_infrared", "rendered_dark")),
    ("rendered torch-off pictures, not dark: false", ("without_infrared", "rendered_not_dark")),
    ("synthetic, dark picture laid over its torch pair", ("join_synthetic", "laid_over")),
    (
        "synthetic, listed lens within a ring: joined to `suspect`",
        ("join_synthetic", "listed_lenses_joined_to_suspect"),
    ),
    ("the same pictures: other spots joined to `suspect`", ("join_synthetic", "false_suspects")),
    (
        "synthetic, another room's dark picture, ring at the lens's place: joined to `suspect`",
        ("join_synthetic", "another_rooms_picture_false_suspects"),
    ),
)


def dark_rows(result: Mapping[str, Any]) -> str:
    """Return what was counted on dark pictures; shares of k of n, or how many in a picture."""
    out = ["| what | counted | share, or in a picture | 95 % bounds |", "|---|---|---|---|"]
    for words, path in _DARK:
        leaf: Any = result
        for key in path:
            leaf = leaf.get(key, {})
        if "k" in leaf:
            out.append(f"| {words} | {counted(leaf)} |")
        elif leaf:
            low, high = leaf["bounds_95"]
            cells = f"{leaf['count']} in {leaf['pictures']} | {leaf['rate']:.2g} | {low:.2g} to {high:.2g}"
            out.append(f"| {words} | {cells} |")
    return "\n".join(out) + "\n"


#: Rows of the table on streams that follow the room: words, path into benchmarks/accuracy_motion.py's result.
_MOTION = (
    ("camera, pictures 10 % larger while somebody moves: follows", ("power", "gain_0.1", "in_the_room")),
    ("camera, pictures 30 % larger", ("power", "gain_0.3", "in_the_room")),
    ("camera, pictures twice as large", ("power", "gain_1", "in_the_room")),
    ("camera, 30 to 250 % larger, drawn", ("power", "drawn", "in_the_room")),
    ("the same, actions timed by hand", ("settings", "irregular_log", "power", "in_the_room")),
    ("the same, receiver deaf a fifth of the time", ("settings", "deaf", "power", "in_the_room")),
    (
        "the same, 40 % of frames hidden while somebody moves",
        ("settings", "hidden_while_moving", "power", "in_the_room"),
    ),
    ("constant camera: said to follow (false)", ("false_follows", "constant", "in_the_room")),
    ("camera in another room: false", ("false_follows", "next_door", "in_the_room")),
    ("video call: false", ("false_follows", "call", "in_the_room")),
    ("upload: false", ("false_follows", "upload", "in_the_room")),
    ("download: false", ("false_follows", "download", "in_the_room")),
    (
        "constant camera, 40 % of frames hidden while somebody stands still: false",
        ("settings", "hidden_while_still", "false_follows", "constant", "in_the_room"),
    ),
    ("rooms in which any other station was said to follow", ("rooms_with_any_false_follow",)),
    ("constant camera, p at 0.01 by itself, two-sided: 1 % by design", ("false_follows", "constant", "alone")),
    ("camera in another room, likewise", ("false_follows", "next_door", "alone")),
)


def motion_rows(result: Mapping[str, Any]) -> str:
    """Return how many streams were said to follow the room."""
    out = ["| synthetic streams | counted | share | 95 % bounds |", "|---|---|---|---|"]
    for words, path in _MOTION:
        leaf: Any = result
        for key in path:
            leaf = leaf.get(key, {})
        if leaf.get("n"):
            out.append(f"| {words} | {counted(leaf)} |")
    return "\n".join(out) + "\n"


#: Words for the airs of benchmarks/accuracy_streams.py.
_STREAM_AIRS = {
    "ordinary": "a tenth of the frames lost",
    "busy": "the same, air four fifths busy",
    "lossy": "three tenths lost",
}


def stream_rows(result: Mapping[str, Any]) -> str:
    """Return how many senders were taken for cameras by their streams."""
    out = ["| 30 s on the air | raised | runs | share | 95 % bounds | kinds |", "|---|---|---|---|---|---|"]
    rows = [(words, result["airs"][air], key) for air, words in _STREAM_AIRS.items() for key in _STREAM_ROWS]
    rows += [("control frames only", result["control_frames_only"], key) for key in ("cameras_look", "others_look")]
    for words, part, key in rows:
        leaf = part[key]
        (count, runs), (low, high) = leaf["runs"], leaf["bounds"]
        name = key.replace("_", ": ").replace("look", "look or higher")
        out.append(
            f"| {words} | {name} | {count} of {runs} | {share(count / runs)} | {share(low)} to {share(high)} | "
            f"{leaf['kinds'][0]} of {leaf['kinds'][1]} |"
        )
    return "\n".join(out) + "\n"


#: Rows for each air.
_STREAM_ROWS = ("cameras_suspect", "cameras_look", "others_suspect", "others_look")

#: Words for the methods of benchmarks/accuracy_place.py.
_PLACE_METHODS = {
    "roomsweep": "roomsweep, best guess",
    "strongest_reading": "strongest reading",
    "least_squares": "least squares",
}

#: Rows on the room and the regions: words, path below a kind of readings.
_PLACE_ROWS = (
    ("the region of 50 % holds it", ("regions", "50_percent_region_holds_it")),
    ("the region of 90 % holds it", ("regions", "90_percent_region_holds_it")),
    ("“this room” is right", ("room", "this_room_is_right")),
    ("“beyond” is right", ("room", "beyond_is_right")),
    ("cannot be told", ("room", "cannot_tell")),
    ("strongest reading: the room is right", ("room", "strongest_reading_right")),
    ("least squares: the room is right", ("room", "least_squares_right")),
)


def place_rows(result: Mapping[str, Any]) -> str:
    """Return errors, regions and rooms of benchmarks/accuracy_place.py."""
    out = ["| median error, metres (95 % bounds) | all | in the room | beyond |", "|---|---|---|---|"]
    for kind in ("round", "walk"):
        for method, words in _PLACE_METHODS.items():
            cells = []
            for group in ("all", "in_room", "beyond"):
                leaf = result[kind]["error"][method][group]
                low, high = leaf["bounds_95_m"]
                cells.append(f"{leaf['median_m']:.1f} ({low:.1f} to {high:.1f}) of {leaf['n']}")
            out.append(f"| {kind}: {words} | {' | '.join(cells)} |")
    out += ["", "| what | counted | share | 95 % bounds |", "|---|---|---|---|"]
    for kind in ("round", "walk"):
        out += [f"| {kind}: {words} | {counted(result[kind][part][key])} |" for words, (part, key) in _PLACE_ROWS]
    out += [
        f"| calibration: {_words(key)} | {counted(leaf)} |" for key, leaf in result["calibration"]["bounds"].items()
    ]
    return "\n".join(out) + "\n"


def lan_rows(result: Mapping[str, Any]) -> str:
    """Return what a round over the local network takes and sends, beside programs that only tell who is there."""
    own, hosts = result["roomsweep"], result["hosts"]
    rows = [
        ("roomsweep: the last host found", own["hosts_found"], own["last_host_found_s"], "–"),
        ("roomsweep: every address had its time", own["hosts_found"], own["found_s"], "–"),
        (
            "roomsweep: every host asked what it is",
            own["hosts_found"],
            own["questioned_s"],
            own["packets_to_a_host_max"],
        ),
    ]
    for name, peer in result["peers"].items():
        program = {"nmap_sn": "nmap -sn", "arp_scan": "arp-scan"}[name]
        words = f"{program} (finding takes roomsweep {result['finding']['times_as_long_as'][name]:g} times as long)"
        rows.append((words, peer["hosts_found"], peer["seconds"], peer["packets_to_a_host_max"]))
    out = ["| what | hosts found | seconds | packets to a host, at most |", "|---|---|---|---|"]
    out += [f"| {words} | {found} of {hosts} | {seconds:.1f} | {most} |" for words, found, seconds, most in rows]
    return "\n".join(out) + "\n"


#: Table name -> (result file, how it is written).
TABLES: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "accuracy_dark": ("accuracy_dark.json", dark_rows),
    "accuracy_lens": ("accuracy_lens.json", lens_sets),
    "accuracy_place": ("accuracy_place.json", place_rows),
    "accuracy_streams": ("accuracy_streams.json", stream_rows),
    "accuracy_motion": ("accuracy_motion.json", motion_rows),
    "accuracy_wifi": ("accuracy_wifi.json", counts),
    "lens_summary": ("accuracy_lens.json", lens_summary),
    "wifi_summary": ("accuracy_wifi.json", wifi_summary),
    "speed_bluetooth": ("speed_bluetooth.json", ratios),
    "speed_signatures": ("speed_signatures.json", ratios),
    "speed_lan": ("speed_lan.json", lan_rows),
    "speed_live": ("speed_live.json", ratios),
    "speed_wifi": ("speed_wifi.json", ratios),
}


def table(name: str, *, results: Path) -> str:
    """Return the table `name`; raises KeyError for an unknown one."""
    file, write = TABLES[name]
    path = results / file
    if not path.is_file():
        return _ABSENT
    return write(json.loads(path.read_text(encoding="utf-8")))


def filled(text: str, *, results: Path) -> str:
    """Return `text` with every table in it written anew."""
    return _PLACE.sub(lambda found: f"{found[1]}{table(found[2], results=results)}{found[3]}", text)


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something would change")
    options = parser.parse_args()
    stale = []
    for name in DOCUMENTS:
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        new = filled(old, results=ROOT / "benchmarks" / "results")
        if new != old:
            stale.append(name)
            if not options.check:
                path.write_text(new, encoding="utf-8")
    for name in stale:
        print(f"{name} {'is not up to date: run python tools/docs_tables.py' if options.check else 'written'}")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
