"""A live sweep on disk, written as it goes, so that a crash or a closed laptop costs at most two seconds.

A folder with ``sweep.jsonl``, lines of JSON that are only ever added, and ``pictures/``, the frame that shows each
finding best, in the bytes that the phone sent. Once a second everything new is written and forced onto the disk. A
line that a crash cut is passed over; of lines with one key the last counts.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...detect.errors import InputError, UnavailableError
from ...detect.lens.profile import CameraProfile
from ...detect.result import Examined, Finding, Result, Source, SourceState
from ...detect.text import file_stem
from ..gathering import Gathering
from ..report.crops import Picture
from ..report.keys import picture_key
from ..version import version
from . import words

_log = logging.getLogger("roomsweep.live")

#: Form of the lines; another one is not read.
SCHEMA = "roomsweep.live/1"

#: Longest time between two writes, seconds; what was found is written as soon as it is handed over, once a second, so
#: that with the writing itself it stays below the two that may be lost.
SAVE_S = 1.0

#: Largest file of lines that is read back: a sweep of an hour has 110 MB (measured: 31 kB a second while ten findings
#: are in view).
_BYTES_MAX = 400_000_000

LINES, PICTURES = "sweep.jsonl", "pictures"


class SweepLog:
    """Writes one sweep into a folder, in a thread of its own.

    Parameters
    ----------
    folder
        Made if it is not there.
    started_at
        When the sweep began, with its time zone.

    Raises
    ------
    InputError
        If the folder holds a sweep already.
    UnavailableError
        If it cannot be written.
    """

    def __init__(self, folder: Path, *, started_at: datetime) -> None:
        self.folder = folder
        #: Why the last writing failed; None while it goes well.
        self.error: str | None = None
        self._lock = threading.Lock()
        self._lines: list[bytes] = []
        self._pictures: dict[str, bytes] = {}
        self._written: dict[str, str] = {}
        self._due, self._stopping = threading.Event(), threading.Event()
        try:
            (folder / PICTURES).mkdir(parents=True, exist_ok=True)
            self._stream = (folder / LINES).open("xb")
        except FileExistsError:
            raise InputError(folder, "holds a live sweep already", "Name another folder with --out.") from None
        except OSError as error:
            raise UnavailableError(
                f"The sweep cannot be saved in {folder}: {error.strerror or error}", "Name another folder with --out."
            ) from error
        self.add("begin", {"schema": SCHEMA, "version": version(), "started_at": started_at.isoformat()})
        self._write()
        self._thread = threading.Thread(target=self._run, name="saving", daemon=True)
        self._thread.start()

    def add(self, key: str, record: Mapping[str, Any]) -> None:
        """Add a line, unless the last one of this key was the same."""
        text = json.dumps(record, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        with self._lock:
            if self._written.get(key) == text:
                return
            self._written[key] = text
            self._lines.append(f'{{"key":{json.dumps(key)},"record":{text}}}\n'.encode("ascii"))

    def picture(self, name: str, data: bytes) -> None:
        """Keep a picture's bytes under a name; the last of one name counts."""
        with self._lock:
            self._pictures[f"{file_stem(name)}.jpg"] = data

    def sources(self, examined: Iterable[Examined]) -> None:
        """Add what was found so far: every source, and every finding that changed."""
        for item in examined:
            for finding in item.findings:
                self.add(f"finding:{item.source.id}:{finding.id}", finding.to_dict())
            record = {"source": item.source.to_dict(), "findings": [finding.id for finding in item.findings]}
            self.add(f"source:{item.source.id}", record)
        self._due.set()

    def close(self) -> None:
        """Write what is left and end."""
        self._stopping.set()
        self._due.set()
        self._thread.join()
        self._write()
        self._stream.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.wait(SAVE_S)
            self._due.clear()
            self._write()

    def _write(self) -> None:
        """Write what is new and force it onto the disk; what fails is kept for the next time."""
        with self._lock:
            lines, pictures = self._lines, self._pictures
            self._lines, self._pictures = [], {}
        try:
            for name in list(pictures):
                self._write_picture(name, pictures[name])
                del pictures[name]
            if lines:
                self._stream.write(b"".join(lines))
                lines = []
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self.error = None
        except OSError as error:
            if self.error is None:
                _log.warning("the sweep cannot be saved: %s", error.strerror or error)
            self.error = str(error.strerror or error)
            with self._lock:
                self._lines = lines + self._lines
                self._pictures = pictures | self._pictures

    def _write_picture(self, name: str, data: bytes) -> None:
        """Write one picture whole or not at all."""
        path = self.folder / PICTURES / name
        part = path.with_suffix(".part")
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A live sweep's result, and the pictures of its report by key."""

    result: Result
    pictures: dict[str, Picture]


class LiveGathering(Gathering):
    """A sweep whose inputs were examined frame by frame."""

    def profile(self, *, width: int, height: int) -> CameraProfile | None:
        """Return the stored profile of a camera with frames of this size, if there is one."""
        return self._cameras.profile_for({"width_px": width, "height_px": height})

    def add(self, examined: Examined) -> None:
        """Add one source with its findings, as it is."""
        self._add(examined.source.kind, examined.source.name, lambda source_id: examined)


def end_of(
    examined: Iterable[Examined],
    *,
    started_at: datetime,
    frames: Mapping[str, bytes],
    size: tuple[int, int] | None = None,
) -> Ended:
    """Return the result of a sweep, with the same limits as any other, and what its report shows.

    Parameters
    ----------
    examined
        The sources; none if no frame came.
    started_at
        When it began.
    frames
        JPEG bytes by ``source id + "-" + finding id`` for live frames, by source id for photos.
    size
        Width and height of the live frames, pixels, for what is said of the camera's range.
    """
    gathering = LiveGathering(started_at=started_at)
    if size is not None:
        gathering.profile(width=size[0], height=size[1])
    items = list(examined) or [
        Examined(
            source=Source(
                id="video-1", kind="video", name=words.phrase("source_lit"), state=SourceState.NOT_EXAMINED,
                reason=words.phrase("no_frames"),
            )
        )
    ]  # fmt: skip
    for item in items:
        gathering.add(item)
        for finding in item.findings:
            _show(gathering, item, finding, frames)
    return Ended(result=gathering.result(), pictures=gathering.pictures)


def _show(gathering: Gathering, item: Examined, finding: Finding, frames: Mapping[str, bytes]) -> None:
    """Decode the picture that shows a finding."""
    live = f"{item.source.id}-{finding.id}"
    name, data = (live, frames.get(live)) if live in frames else (item.source.id, frames.get(item.source.id))
    key = picture_key(item.source.id, finding.where.frame)
    if data is None or key in gathering.pictures:
        return
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is not None:
        gathering.pictures[key] = Picture(
            image=np.asarray(image, np.uint8), original_name=f"{name}.jpg", sha256=hashlib.sha256(data).hexdigest()
        )


def read_sweep(folder: Path) -> Ended:
    """Read a saved sweep back, also one that was broken off.

    Raises
    ------
    InputError
        If the folder holds none.
    """
    lines = _lines(folder)
    begin = lines.get("begin", {})
    if begin.get("schema") != SCHEMA:
        raise InputError(folder, "holds no live sweep that can be read", "Name the folder that 'roomsweep live' made.")
    examined = []
    frames: dict[str, bytes] = {}
    try:
        started_at = datetime.fromisoformat(begin["started_at"])
        size = (int(lines["frames"]["width_px"]), int(lines["frames"]["height_px"])) if "frames" in lines else None
        for key, record in lines.items():
            if key.startswith("source:"):
                source = Source.from_dict(record["source"])
                keys = [f"finding:{source.id}:{name}" for name in record["findings"]]
                findings = tuple(Finding.from_dict(lines[item]) for item in keys if item in lines)
                examined.append(Examined(source=source, findings=findings))
                for name in (source.id, *(f"{source.id}-{finding.id}" for finding in findings)):
                    path = folder / PICTURES / f"{file_stem(name)}.jpg"
                    if path.is_file():
                        frames[name] = path.read_bytes()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(folder, f"holds a live sweep that is damaged ({type(error).__name__})") from error
    except OSError as error:
        raise InputError(folder, f"cannot be read: {error.strerror or error}") from error
    return end_of(examined, started_at=started_at, frames=frames, size=size)


def _lines(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the last record of every key, in the order of first appearance."""
    path = folder / LINES
    out: dict[str, dict[str, Any]] = {}
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise InputError(path, "is larger than any live sweep")
        with path.open("rb") as stream:
            for line in stream:
                try:
                    item = json.loads(line)
                    out[str(item["key"])] = dict(item["record"])
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue  # cut by a crash
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror or error}") from error
    return out


def free_folder(base: Path) -> Path:
    """Return `base`, or it with a number where it holds a sweep already."""
    folder, number = base, 1
    while (folder / LINES).exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
