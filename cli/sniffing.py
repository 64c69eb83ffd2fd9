"""Listening live on a monitor interface: frames become blocks of columns, and a pcap file beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from ..detect.capture import LinkType, Records
from ..detect.errors import UnavailableError
from .channels import Hopper
from .computer import Computer
from .interrupts import first_interrupt
from .listening import Ear
from .recording import Block, Recording
from .wifi_interface import link_type_of

#: Seconds of frames in a block: short enough for a display, long enough for numpy's fixed costs.
BLOCK_S = 1.0

#: Longest wait before it is looked whether to stop, s.
_WAIT_S = 0.1


class Sniffer:
    """What a monitor interface hears.

    Parameters
    ----------
    interface
        Its name, such as ``mon0``.
    record_to
        Where the pcap goes, or None. It must not exist.
    channels
        Numbers of the channels to go round, or one to stay on; None: all that the radio may use.
    brief_only
        Whether channels are gone round briefly only, to find where something sends, and never stayed on for longer.
    computer
        Where to look; a test puts its own in place.

    Raises
    ------
    UnavailableError
        At once, if nothing can be heard there: missing, managed mode, switched off, no permission, not Linux; if
        the channels cannot be had; if the recording exists or cannot be written.

    Notes
    -----
    Ctrl-C while the blocks are iterated ends them after the frames heard so far; a second one interrupts at once.
    """

    def __init__(
        self,
        interface: str,
        *,
        record_to: Path | None = None,
        channels: Sequence[int] | None = None,
        brief_only: bool = False,
        computer: Computer | None = None,
    ) -> None:
        here = computer or Computer.this()
        self.interface = interface
        self.link_type: LinkType = link_type_of(here, interface)
        #: Frames heard, seconds listened, and frames that the kernel dropped because they were not taken in time.
        self.frames = 0
        self.seconds = 0.0
        self.kernel_drops = 0
        #: Why the listening ended before its time, as a clause; None otherwise.
        self.ended: str | None = None
        #: Whether Ctrl-C or :meth:`stop` ended it.
        self.stopped = False
        self._hopper = Hopper(interface, here=here, channels=channels, brief_only=brief_only)
        self._ear = Ear(interface, link_type=self.link_type)
        try:
            self._hopper.tune_first()
            self._recording = Recording(record_to, link_type=self.link_type) if record_to else None
        except UnavailableError:
            self._ear.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and close the recording."""
        self._ear.close()
        if self._recording:
            self._recording.close()

    def stop(self) -> None:
        """End the blocks after what has been heard."""
        self.stopped = True

    @property
    def channel_seconds(self) -> dict[int, float]:
        """Seconds heard by channel; empty where the channel is not known."""
        return dict(sorted(self._hopper.seconds.items()))

    @property
    def channel(self) -> int | None:
        """The channel heard now, where it is known."""
        return self._hopper.current.number if self._hopper.current else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What went otherwise than meant, in clauses about the interface."""
        lost = f"lost {self.kernel_drops} frames, which came faster than this computer took them"
        problem = self._recording.problem if self._recording else None
        return tuple(
            note for note in (self.ended, problem, self._hopper.note, lost if self.kernel_drops else None) if note
        )

    def facts(self) -> dict[str, Any]:
        """What was measured about the listening itself."""
        out: dict[str, Any] = {
            "interface": self.interface,
            "seconds_listened": round(self.seconds, 1),
            "channel_seconds": {str(key): round(value, 1) for key, value in self.channel_seconds.items()},
            "kernel_drops": self.kernel_drops,
        }
        if self._recording:
            out["recording"] = str(self._recording.path)
            out["sha256"] = self._recording.sha256
        return out

    def blocks(self, *, seconds: float | None) -> Iterator[Records]:
        """Yield what is heard, about a block a second, empty ones too; each is in the recording when it comes.

        Parameters
        ----------
        seconds
            How long to listen; None: until Ctrl-C or :meth:`stop`.
        """
        with self, first_interrupt(self.stop):
            now = began = time.monotonic()
            over = None if seconds is None else began + seconds
            self._hopper.start(began)
            since_hop = 0
            while not self.stopped and self.ended is None and (over is None or now < over):
                block = Block()
                until = now + BLOCK_S if over is None else min(now + BLOCK_S, over)
                since_hop = self._gather(block, until_s=until, since_hop=since_hop)
                now = time.monotonic()
                self._hopper.count(now)
                self.seconds = now - began
                self.frames += len(block)
                self.kernel_drops = self._ear.kernel_drops()
                records = block.records(link_type=self.link_type)
                if self._recording:
                    self._recording.add(records)
                yield records
                now = time.monotonic()

    def _gather(self, block: Block, *, until_s: float, since_hop: int) -> int:
        """Fill `block` until a time, hopping meanwhile; returns the frames since the last hop."""
        counted = 0
        try:
            while not self.stopped and not block.full and (now := time.monotonic()) < until_s:
                due = self._hopper.due_s
                if due is not None and now >= due:
                    self._hopper.hop(now, frames=since_hop + len(block) - counted)
                    since_hop, counted = 0, len(block)
                    while self._ear.take(block):  # what waited is of the channel before
                        pass
                    self._hopper.late(len(block) - counted)
                    counted = len(block)
                elif not self._ear.take(block):
                    self._ear.wait(min(_WAIT_S, until_s - now, _WAIT_S if due is None else due - now))
        except OSError as error:
            self.ended = f"was switched off or unplugged after {self.seconds:.0f} s ({error.strerror or error})"
        return since_hop + len(block) - counted
