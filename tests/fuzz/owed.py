"""What every reader owes whatever bytes it is given, and the readers that are held to it.

An answer or an :class:`~roomsweep.detect.errors.InputError` of one plain line, nothing else; within
:data:`SECONDS_MAX` for up to :data:`BYTES_MAX` bytes; a document that follows the published schema and can be
written as JSON; titles and sentences on one line without invisible characters; never a word that promises anything
about the room.
"""

from __future__ import annotations

import io
import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from jsonschema import Draft202012Validator

from roomsweep.calibration.files import exposure_of, luma_of
from roomsweep.detect.bluetooth.examine import examine_capture as examine_bluetooth
from roomsweep.detect.capture import MAX_CAPLEN, CaptureReader, Records
from roomsweep.detect.errors import DataError, InputError
from roomsweep.detect.fuse import fuse
from roomsweep.detect.lens import reading as pictures
from roomsweep.detect.place.examine import examine_readings
from roomsweep.detect.place.radio_profile import default_profile
from roomsweep.detect.place.readings import parse_readings
from roomsweep.detect.result import Examined, Result, Tool, result_schema
from roomsweep.detect.wifi.actions import read_actions, write_actions
from roomsweep.detect.wifi.examine import examine_capture as examine_wifi
from roomsweep.detect.wifi.rates import RateTally
from roomsweep.detect.wifi.scans.examine import examine_scan
from roomsweep.detect.wifi.watching import add_records, examine_tally

#: Largest input that is tried, and the processor time that it may take.
BYTES_MAX, SECONDS_MAX = 65_536, 5.0

#: Most pixels of a picture while readers are tried: a small file may claim many, and then only the decoder is busy.
_PIXELS_TRIED = 2_000_000

#: Stands between a log of actions and the capture that it belongs to.
SPLIT = b"\n\0\n"

#: What no output may say in any form; names from the input may.
_PROMISE = re.compile(
    r"\bsafe\w*|\bclear\w*|\bclean\b|\bno (?:hidden )?cameras?\b|\bfree of\b|\bwithout (?:hidden )?cameras?\b"
    r"|\ball good\b|\bcamera-free\b|\bguarantee\w*",
    re.IGNORECASE,
)

#: Findings at each end of the list whose document is checked: hundreds that are alike would only take time.
_SHOWN = 12

_VALIDATOR = Draft202012Validator(result_schema())


class BrokenPromiseError(AssertionError):
    """A reader gave an answer that it must not give."""


def check(read: Callable[[bytes], Examined | None], data: bytes) -> Examined | None:
    """Have `data` read and check what comes back; return it, None where the input was refused or gives no findings.

    Raises
    ------
    BrokenPromiseError
        If the answer is not as it must be.
    Exception
        Whatever the reader raises besides InputError.
    """
    try:
        examined = read(data)
    except InputError as error:
        _check_words([("error", str(error))], data)
        return None
    if examined is not None:
        _check_examined(examined, data)
    return examined


def _check_examined(examined: Examined, data: bytes) -> None:
    """Check what goes to people and to other programs."""
    tool = Tool(name="roomsweep", version="0")
    shown = replace(examined, findings=(*examined.findings[:_SHOWN], *examined.findings[_SHOWN:][-_SHOWN:]))
    result = fuse([shown], tool=tool, started_at="2026-11-20T10:00:00+00:00", not_looked_at=("Much.",))
    text = result.to_json()
    text.encode("ascii")
    document = json.loads(text)
    fault = next(_VALIDATOR.iter_errors(document), None)
    if fault is not None:
        raise BrokenPromiseError(f"not of the schema: {fault.json_path}: {fault.message[:200]}")
    if Result.from_dict(document).to_dict() != result.to_dict():
        raise BrokenPromiseError("does not come back from its JSON form as it was")
    words = [("reason", examined.source.reason or "")]
    for finding in (*examined.findings, *result.findings):
        words += [("title", finding.title), ("advice", finding.advice), ("zone", finding.where.zone or "")]
        words += [("says", item.says) for item in finding.evidence]
    _check_words(words, data)
    for place, string in _strings(document, "$"):
        try:
            string.encode("utf-8")
        except UnicodeEncodeError:
            raise BrokenPromiseError(f"{place} holds half a character, which no encoding can write") from None


def _check_words(words: list[tuple[str, str]], data: bytes) -> None:
    lower = data.lower()
    for what, text in words:
        if not text.isprintable():
            raise BrokenPromiseError(f"{what} holds an invisible character: {text[:200]!r}")
        for found in _PROMISE.finditer(text):
            said = found[0].lower()
            # A network may be called so.
            if said.encode() not in lower and said.encode("utf-16-le") not in lower:
                raise BrokenPromiseError(f"{what} promises: {text[:200]!r}")


def _strings(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, f"{place}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _strings(item, f"{place}[{number}]")


def read_capture(data: bytes) -> None:
    """The capture reader alone: the same records in whatever pieces the file is read."""
    whole, reasons = [], []
    # Files are read in place, other streams are not.
    for block_bytes, stream in ((1 << 20, io.BytesIO(data)), (257, io.BufferedReader(io.BytesIO(data)))):
        reader = CaptureReader(stream, name="a.pcap", block_bytes=block_bytes)
        rows: list[tuple[int, int, int, int, bytes]] = []
        for records in reader:
            rows += _rows(records)
        whole.append(rows)
        reasons.append((reader.end.truncated, reader.end.skipped_records))
    if whole[0] != whole[1] or reasons[0] != reasons[1]:
        raise BrokenPromiseError(f"differs by the size of the pieces: {reasons}, {len(whole[0])}, {len(whole[1])}")

    slow = _slow_pcap(data)
    if slow is not None and slow != [(row[0], row[4]) for row in whole[0]]:
        raise BrokenPromiseError(f"differs from the lengths followed one by one: {len(slow)}, {len(whole[0])}")


def _slow_pcap(data: bytes) -> list[tuple[int, bytes]] | None:
    """Time and bytes of each whole record of a plain pcap; None for other forms."""
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
    if data[:4] not in order:
        return None
    tick_ns = 1 if 0x3C in (data[1], data[2]) else 1000
    out, at = [], 24
    while at + 16 <= len(data):
        seconds, ticks, caplen, _ = struct.unpack_from(order[data[:4]] + "IIII", data, at)
        if caplen > MAX_CAPLEN or at + 16 + caplen > len(data):
            break
        out.append((seconds * 10**9 + ticks * tick_ns, data[at + 16 : at + 16 + caplen]))
        at += 16 + caplen
    return out


def _rows(records: Records) -> list[tuple[int, int, int, int, bytes]]:
    end = records.start + records.caplen
    if (records.start < 0).any() or (end > len(records.data)).any() or (records.length < records.caplen).any():
        raise BrokenPromiseError("a record reaches out of its block")
    columns = (records.t_ns, records.length, records.linktype, records.flags, records.start, end)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [(*row[:4], records.data[row[4] : row[5]].tobytes()) for row in rows]


def read_wifi(data: bytes) -> Examined:
    """Beacons, boxes, fingerprints, stations, streams."""
    return examine_wifi(io.BytesIO(data), source_id="wifi-1", name="a.pcap")


def read_motion(data: bytes) -> Examined:
    """A log of actions and the capture that it belongs to; fewer other times are drawn than for people."""
    written, _, capture = data.partition(SPLIT)
    log = read_actions(written, name="a.csv")
    reader, tally = CaptureReader(io.BytesIO(capture), name="a.pcap"), RateTally()
    for records in reader:
        add_records(tally, records)
    return examine_tally(tally, log, source_id="motion-1", name="a.pcap", end=reader.end, draws=399)


def read_bluetooth(data: bytes) -> Examined:
    """LE frames and a controller's events."""
    return examine_bluetooth(io.BytesIO(data), source_id="bluetooth-1", name="a.btsnoop")


def read_adverts(data: bytes) -> Examined:
    """Recordings of adverts."""
    return examine_bluetooth(io.BytesIO(data), source_id="bluetooth-1", name="a.jsonl")


def read_scan(data: bytes) -> Examined:
    """Lists of networks of every form."""
    return examine_scan(data, source_id="wifi-scan-1", name="a.txt")


def read_log(data: bytes) -> None:
    """A log of actions alone: what is written of it is read again, and its stretches are in order."""
    log = read_actions(data, name="a.csv")
    if min((b - a for a, b in zip(log.times_s, log.times_s[1:], strict=False)), default=1.0) >= 0.002:
        again = read_actions(write_actions(log).encode(), name="a.csv")
        if again.actions != log.actions:
            raise BrokenPromiseError("a log does not come back as it was written")
    for start_s in (0.0, 1.7e9):
        for stretch in log.stretches(capture_start_s=start_s, capture_stop_s=start_s + 100.0):
            if not stretch.start_s <= stretch.begin_s[0] or (stretch.rests_s < -1e-6).any():
                raise BrokenPromiseError("a stretch runs backwards")


def read_places(data: bytes) -> Examined:
    """Signal readings, and where they put their transmitters."""
    readings = parse_readings(data, name="a.csv")
    return examine_readings(readings, source_id="readings-1", name="a.csv", profile_for=default_profile).examined


def read_picture(data: bytes) -> None:
    """A picture, its EXIF and its luma; pictures larger than a screen are left to the tests."""
    before, pictures.PIXELS_MAX = pictures.PIXELS_MAX, _PIXELS_TRIED
    try:
        picture = pictures.read_picture(data, name="a.jpg")
    finally:
        pictures.PIXELS_MAX = before
    if picture.image.ndim != 3 or picture.image.shape[2] != 3 or min(picture.image.shape[:2]) < pictures.SIDE_MIN:
        raise BrokenPromiseError(f"a picture of shape {picture.image.shape}")
    json.dumps(picture.facts, allow_nan=False)
    if not 1.0 <= picture.profile.hfov_deg < 180.0:
        raise BrokenPromiseError(f"a field of view of {picture.profile.hfov_deg} degrees")
    exposure_of(data)
    luma_of(data, picture)


def read_result(data: bytes) -> None:
    """A document of this or another program."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    try:
        Result.from_dict(document)
    except DataError:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader by name; `about` says what it reads."""

    read: Callable[[bytes], Examined | None]

    @property
    def about(self) -> str:
        """What it reads."""
        return (self.read.__doc__ or "").rstrip(".")


READERS: dict[str, Reader] = {
    "capture": Reader(read=read_capture),
    "wifi": Reader(read=read_wifi),
    "motion": Reader(read=read_motion),
    "bluetooth": Reader(read=read_bluetooth),
    "adverts": Reader(read=read_adverts),
    "scan": Reader(read=read_scan),
    "actions": Reader(read=read_log),
    "readings": Reader(read=read_places),
    "picture": Reader(read=read_picture),
    "result": Reader(read=read_result),
}
