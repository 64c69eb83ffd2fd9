"""Collects what a sweep examines: opens the inputs, runs the detectors, keeps going when one fails.

Nothing that was gathered is lost because another input is bad: every failure becomes a source that was not
examined, with its reason.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..detect.errors import InputError, RoomsweepError, UnavailableError
from ..detect.fuse import fuse
from ..detect.result import Examined, Level, Result, Source, SourceState, Tool
from ..detect.signatures.match import table_age_warnings
from ..detect.text import clean
from .input_files import must_be_file, read_picture_file, sha256_of
from .profiles import KnownCameras
from .report.keys import picture_key, strip_key
from .report.wording import not_looked_at, phrase
from .version import version

if TYPE_CHECKING:
    from ..detect.bluetooth.adverts import Advert
    from ..detect.bluetooth.examine import Hearing
    from ..detect.lens.clip import ExaminedClip
    from ..detect.lens.profile import CameraProfile
    from ..detect.wifi.survey import Surveyor
    from .clip_file import ClipFile
    from .guiding import Guide
    from .hearing import Hearer
    from .lan.networks import Target
    from .lan.scan import Progress
    from .report.crops import Picture
    from .sniffing import Sniffer

_log = logging.getLogger(__name__)

#: The fact of a source that was not examined because this computer lacks something or may not: see
#: :func:`.ending.exit_status`.
UNAVAILABLE_FACT = "unavailable"


class AdvertShow(Protocol):
    """What shows adverts while they come."""

    def show(self, hearing: Hearing, adverts: Sequence[Advert]) -> None:
        """Show what was heard so far; `adverts` are the latest, and in `hearing` already."""


class Gathering:
    """The inputs of one sweep, examined one after the other.

    Parameters
    ----------
    started_at
        When the sweep began, with its time zone.
    progress
        Called with a short line before each input; for a terminal's status line.
    synthetic
        Whether the inputs were made by a computer; every source then says so.
    strips
        Whether clips are read a second time for close-ups over time, for a report.
    """

    def __init__(
        self,
        *,
        started_at: datetime,
        progress: Callable[[str], None] = lambda line: None,
        synthetic: bool = False,
        strips: bool = False,
    ) -> None:
        self._started_at = started_at
        self._progress = progress
        self._synthetic = synthetic
        self._strips = strips
        self._examined: list[Examined] = []
        self._counts: dict[str, int] = {}
        self._live_limits: tuple[str, ...] = ()
        self._cameras = KnownCameras(stored=not synthetic)
        #: :func:`.report.keys.picture_key` to the picture, for the report.
        self.pictures: dict[str, Picture] = {}
        #: What was listed by this computer itself, as it was printed, by file name: evidence beside the report.
        self.attachments: dict[str, bytes] = {}

    def add_photo(self, path: Path) -> None:
        """Examine one photo."""

        def examine(source_id: str) -> Examined:
            from ..detect.lens.examine import examine_photo
            from .report.crops import Picture

            picture = self._cameras.applied(read_picture_file(path))
            self.pictures[source_id] = Picture(image=picture.image, original_name=picture.name, sha256=picture.sha256)
            return examine_photo(picture, source_id=source_id)

        self._add("photo", path.name, examine)

    def add_pair(self, on: Path, off: Path) -> None:
        """Examine a photo with the torch on and one with the torch off of the same place.

        If only the torch-on photo can be read it is examined alone, and the pair is said to be partial.
        """

        def examine(source_id: str) -> Examined:
            from ..detect.lens.examine import examine_pair, examine_photo
            from .report.crops import Picture

            lit = self._cameras.applied(read_picture_file(on))
            try:
                unlit = self._cameras.applied(read_picture_file(off))
            except InputError as error:
                examined = examine_photo(lit, source_id=source_id, kind="pair")
                reason = f"was looked at with the torch on only: {clean(off.name)} {error.what}"
                self.pictures[source_id] = Picture(image=lit.image, original_name=lit.name, sha256=lit.sha256)
                return _partly(examined, reason)
            pair = examine_pair(lit, unlit, source_id=source_id)
            self.pictures[source_id] = Picture(
                image=lit.image, original_name=lit.name, sha256=lit.sha256, off_image=pair.off
            )
            return pair.examined

        self._add("pair", f"{on.name} + {off.name}", examine)

    def add_video(self, path: Path) -> None:
        """Examine a clip taken with the torch on."""

        def examine(source_id: str) -> Examined:
            from ..detect.lens.clip import examine_clip

            return self._clip(
                path,
                lambda file, profile: examine_clip(
                    file.frames(), source_id=source_id, name=path.name, profile=profile, facts=file.facts
                ),
            )

        self._add("video", path.name, examine)

    def add_dark(self, path: Path) -> None:
        """Examine a photo or clip taken in the dark with the torch off, for infrared lights."""
        from .file_kind import is_clip

        def examine_photo(source_id: str) -> Examined:
            from ..detect.lens.glow import examine_dark_photo
            from .report.crops import Picture

            picture = self._cameras.applied(read_picture_file(path), torch=False)
            self.pictures[source_id] = Picture(image=picture.image, original_name=picture.name, sha256=picture.sha256)
            return examine_dark_photo(picture, source_id=source_id)

        def examine_clip(source_id: str) -> Examined:
            from ..detect.lens.dark_clip import examine_dark_clip

            return self._clip(
                path,
                lambda file, profile: examine_dark_clip(
                    file.frames(), source_id=source_id, name=path.name, profile=profile, facts=file.facts
                ),
                torch=False,
            )

        if is_clip(path):
            self._add("dark_video", path.name, examine_clip)
        else:
            self._add("dark_photo", path.name, examine_photo)

    def _clip(
        self, path: Path, examine: Callable[[ClipFile, CameraProfile | None], ExaminedClip], *, torch: bool = True
    ) -> Examined:
        """Examine a clip and keep the frames that show its findings."""
        from ..detect.lens.clip import with_damage
        from .clip_file import ClipFile
        from .report.crops import Picture

        must_be_file(path)
        if path.stat().st_size == 0:
            raise InputError(path, "is empty (0 bytes)", "Copy it from the phone again.")
        digest = sha256_of(path)
        file = ClipFile(path)
        clip = examine(file, self._cameras.profile_for(file.facts, torch=torch))
        if file.damage:
            clip = with_damage(clip, file.damage)
        for frame, image in clip.stills.items():
            key = picture_key(clip.examined.source.id, frame)
            self.pictures[key] = Picture(image=image, original_name=path.name, sha256=digest)
        self._add_strips(path, clip.examined, digest=digest)
        return _with_fact(clip.examined, "sha256", digest)

    def _add_strips(self, path: Path, examined: Examined, *, digest: str) -> None:
        """Read a clip once more for close-ups over time of what is worth a look."""
        shown = [finding for finding in examined.findings if finding.level is not Level.NOTED]
        if not self._strips or not shown:
            return
        from .clip_file import ClipFile
        from .report.crops import Picture, strip
        from .report.views import views_of

        views = views_of(ClipFile(path).frames(), shown)
        for finding in shown:
            if len(views.get(finding.id, ())) > 1:
                image = strip(views[finding.id], radius_px=finding.where.radius_px)
                key = strip_key(examined.source.id, finding.where)
                self.pictures[key] = Picture(image=image, original_name=path.name, sha256=digest)

    def _joined(self) -> tuple[list[Examined], list[str]]:
        """Return what was examined with glints and infrared lights at one place joined, and what could not be."""
        examined = list(self._examined)
        limits = []
        lit = [place for place, item in enumerate(examined) if item.source.kind in ("photo", "pair") and item.findings]
        for place, item in enumerate(examined):
            if item.source.kind != "dark_photo" or not item.findings or not lit:
                continue
            from ..detect.lens.glow_join import join_glow

            tried = []
            for other in lit:
                on, dark = (self.pictures[examined[n].source.id].image for n in (other, place))
                try:
                    joined = join_glow(examined[other], examined[place], lit_image=on, dark_image=dark)
                except Exception:  # a fault of ours here must not cost what was found already
                    _log.exception("joining %s", item.source.name)
                    continue
                examined[other], examined[place] = joined.lit, joined.dark
                if joined.margin is not None:
                    tried.append(joined.trusted)
            if tried and not any(tried):
                limits.append(phrase("dark_apart", name=clean(item.source.name)))
        return examined, limits

    def add_wifi(self, path: Path) -> None:
        """Examine a Wi-Fi capture."""

        def examine(source_id: str) -> Examined:
            from ..detect.wifi.examine import examine_capture

            must_be_file(path)
            with path.open("rb") as stream:
                examined = examine_capture(stream, source_id=source_id, name=path.name)
            return _with_fact(_with_overheard(examined, path), "sha256", sha256_of(path))

        self._add("wifi_capture", path.name, examine)

    def add_wifi_live(
        self, sniffer: Sniffer, *, seconds: float | None, heard: Callable[[Surveyor], None] = lambda surveyor: None
    ) -> None:
        """Listen with `sniffer` and examine what it hears; `heard` is called after every block, about once a second."""

        def examine(source_id: str) -> Examined:
            from ..detect.wifi.examine import examine_survey
            from ..detect.wifi.survey import Surveyor

            surveyor = Surveyor()
            for records in sniffer.blocks(seconds=seconds):
                surveyor.add(records)
                heard(surveyor)
            survey = surveyor.survey(name=sniffer.interface)
            examined = examine_survey(
                survey, source_id=source_id, name=sniffer.interface, kind="wifi_live", facts=sniffer.facts()
            )
            self._live_limits += _live_limits(sniffer)
            if not sniffer.frames:
                reason = "; ".join([phrase("live_silent", seconds=sniffer.seconds), *sniffer.notes])
                return replace(examined, source=replace(examined.source, reason=reason))
            if sniffer.notes and examined.source.state is not SourceState.NOT_EXAMINED:
                old = (examined.source.reason,) if examined.source.reason else ()
                return _partly(examined, "; ".join([*old, *sniffer.notes]))
            return examined

        self._add("wifi_live", sniffer.interface, examine)

    def add_wifi_scan(self, path: Path | None) -> None:
        """Examine a list of networks; None: one that this computer makes now."""

        def examine(source_id: str) -> Examined:
            from ..detect.wifi.scans.examine import examine_scan
            from ..detect.wifi.scans.reading import MAX_BYTES

            if path is None:
                return self._listed_here(source_id, name)
            must_be_file(path)
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
            return _with_fact(examine_scan(data, source_id=source_id, name=name), "sha256", sha256_of(path))

        name = phrase("scan_here") if path is None else path.name
        self._add("wifi_scan", name, examine)

    def _listed_here(self, source_id: str, name: str) -> Examined:
        """Let this computer list the networks, keep what it printed, and examine that."""
        from ..detect.wifi.scans.examine import examine_scan
        from .scanning import make_list

        made = make_list()
        self.attachments[f"{source_id}-{made.file_name}"] = made.data
        try:
            examined = examine_scan(made.data, source_id=source_id, name=name)
        except InputError as error:  # the program ran, and said something else than a list
            raise UnavailableError(f"cannot be made: {error.reason.rstrip('.')}") from error
        examined = _with_fact(examined, "command", made.command)
        if examined.source.state is SourceState.NOT_EXAMINED:  # Wi-Fi off, or names kept back
            examined = _with_fact(examined, UNAVAILABLE_FACT, True)
        return _with_fact(examined, "sha256", hashlib.sha256(made.data).hexdigest())

    def add_motion(self, path: Path, actions: Path, *, own: Sequence[int] = ()) -> None:
        """Hold a Wi-Fi capture against a log of what was done in the room."""

        def examine(source_id: str) -> Examined:
            from ..detect.wifi.actions import MAX_BYTES, read_actions
            from ..detect.wifi.watching import examine_motion

            try:
                must_be_file(actions)
                with actions.open("rb") as lines:
                    log = read_actions(lines.read(MAX_BYTES + 1), name=actions.name)
            except InputError as error:
                what = f"could not be compared: the list of actions, {clean(actions.name)}, {error.what}"
                raise InputError(path, what, error.hint) from error
            must_be_file(path)
            with path.open("rb") as stream:
                examined = examine_motion(stream, log, source_id=source_id, name=path.name, own=own)
            examined = _with_fact(examined, "actions_file", actions.name)
            return _with_fact(examined, "sha256", sha256_of(path))

        self._add("motion", path.name, examine)

    def add_motion_live(
        self, sniffer: Sniffer, guide: Guide, *, log_path: Path, own: Sequence[int] = (), after_s: float = 0.0
    ) -> None:
        """Listen while `guide` guides a person, write what was done to `log_path`, and hold both against each other."""

        def examine(source_id: str) -> Examined:
            from ..detect.wifi.actions import write_actions
            from ..detect.wifi.rates import RateTally
            from ..detect.wifi.watching import add_records, examine_tally

            tally = RateTally()
            over_s: float | None = None
            guide.start()
            try:
                for records in sniffer.blocks(seconds=None):
                    add_records(tally, records)
                    if guide.done.is_set():
                        over_s = sniffer.seconds + after_s if over_s is None else over_s
                        if sniffer.seconds >= over_s:
                            break
            finally:
                guide.stop()
            log = guide.log
            notes = list(sniffer.notes)
            try:
                log_path.write_text(write_actions(log), encoding="utf-8")
            except OSError as error:  # what was heard must not be lost with it
                notes.append(f"its list of actions could not be written ({error.strerror or error})")
            facts = {**sniffer.facts(), "actions_file": log_path.name}
            examined = examine_tally(tally, log, source_id=source_id, name=sniffer.interface, own=own, facts=facts)
            self._live_limits += _live_limits(sniffer)
            if notes and examined.source.state is not SourceState.NOT_EXAMINED:
                old = (examined.source.reason,) if examined.source.reason else ()
                return _partly(examined, "; ".join([*old, *notes]))
            return examined

        self._add("motion", sniffer.interface, examine)

    def add_bluetooth(self, path: Path) -> None:
        """Examine a Bluetooth capture."""

        def examine(source_id: str) -> Examined:
            from ..detect.bluetooth.examine import examine_capture

            must_be_file(path)
            with path.open("rb") as stream:
                examined = examine_capture(stream, source_id=source_id, name=path.name)
            return _with_fact(examined, "sha256", sha256_of(path))

        self._add("bluetooth_capture", path.name, examine)

    def add_bluetooth_live(
        self,
        hear: Callable[[], Hearer],
        *,
        seconds: float | None,
        view: Callable[[Hearer], AbstractContextManager[AdvertShow]],
    ) -> None:
        """Listen to Bluetooth with what `hear` opens and examine what is heard; `view` shows it meanwhile."""

        def examine(source_id: str) -> Examined:
            from ..detect.bluetooth.examine import Hearing, examine_adverts

            hearing = Hearing()
            try:
                hearer = hear()
            except UnavailableError as error:
                raise UnavailableError(f"cannot be heard: {error.reason}", error.remedy) from error
            with hearer, view(hearer) as shown:
                for adverts in hearer.blocks(seconds=seconds):
                    hearing.add(adverts)
                    shown.show(hearing, adverts)
            why = [phrase("bluetooth_silent", seconds=hearer.seconds)] if not hearer.adverts else []
            self._live_limits += (phrase("bluetooth_seconds", seconds=hearer.seconds),)
            if not hearer.tells_addresses:
                self._live_limits += (phrase("bluetooth_hidden"),)
            return examine_adverts(
                hearing, source_id=source_id, name=hearer.interface, facts=hearer.facts(), why=[*why, *hearer.notes]
            )

        self._add("bluetooth_live", "Bluetooth", examine)

    def add_lan(
        self,
        target: Target | None,
        *,
        name: str,
        mine: Collection[str] = (),
        told: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        """Ask the devices on a network what they are.

        Parameters
        ----------
        target, name
            The network, None for the one that this computer has joined; and what it is called in the result.
        mine
            Hardware addresses of the user's own devices.
        told
            Called now and then with how far it is.
        """

        def examine(source_id: str) -> Examined:
            from ..detect.lan.examine import examine_network
            from .lan.networks import target_of
            from .lan.scan import scan_network

            observed = scan_network(target_of(None) if target is None else target, mine=mine, progress=told)
            recording = observed.to_json().encode("ascii")
            number = self._counts["lan"]
            self.attachments["lan.json" if number == 1 else f"lan-{number}.json"] = recording
            examined = examine_network(observed, source_id=source_id, name=name)
            return _with_fact(examined, "sha256", hashlib.sha256(recording).hexdigest())

        self._add("lan", name, examine)

    def add_lan_recording(self, path: Path, *, mine: Collection[str] = ()) -> None:
        """Examine what an earlier round over a network saw (``lan.json``)."""

        def examine(source_id: str) -> Examined:
            from ..detect.lan.examine import examine_network
            from ..detect.lan.observed import RECORDING_MAX, read_recording

            must_be_file(path)
            with path.open("rb") as stream:
                observed = read_recording(stream.read(RECORDING_MAX + 1), name=path.name)
            hosts = [
                replace(host, roles=host.roles | {"mine"}) if host.mac in mine else host for host in observed.hosts
            ]
            examined = examine_network(replace(observed, hosts=tuple(hosts)), source_id=source_id, name=path.name)
            return _with_fact(examined, "sha256", sha256_of(path))

        self._add("lan", path.name, examine)

    def add_lan_refused(self, name: str, reason: str) -> None:
        """Note a network whose devices are not asked, and why."""

        def examine(source_id: str) -> Examined:
            return _not_examined(source_id, "lan", name, reason)

        self._add("lan", name, examine)

    def result(self) -> Result:
        """Return the one document of this sweep."""
        given = {item.source.kind for item in self._examined if item.source.state is not SourceState.NOT_EXAMINED}
        topics = {"outside_picture", "no_radio", "quiet"}
        topics.add("dark_filter" if given & {"dark_photo", "dark_video"} else "dark")
        if not given & {"photo", "pair", "video"}:
            topics.add("photo")
            if not given & {"dark_photo", "dark_video"}:
                topics.discard("outside_picture")
        elif not given & {"pair", "video"}:
            topics.add("one_photo")
        if "motion" in given:
            topics |= {"motion_constant", "motion_own"}
        topics |= {
            topic
            for topic, kinds in (
                ("wifi", {"wifi_capture", "wifi_scan", "wifi_live", "motion"}),
                ("bluetooth", {"bluetooth_capture", "bluetooth_live"}),
                ("lan", {"lan"}),
            )
            if not given & kinds
        }
        if "wifi_scan" in given and not given & {"wifi_capture", "wifi_live"}:
            topics.add("wifi_list")
        examined, apart = self._joined()
        return fuse(
            examined,
            tool=Tool(name="roomsweep", version=version()),
            started_at=self._started_at.isoformat(timespec="seconds"),
            not_looked_at=(
                *not_looked_at(topics),
                *apart,
                *self._live_limits,
                *_lan_limits(given),
                *self._cameras.limits(),
                *table_age_warnings(self._started_at.date()),
            ),
        )

    def _add(self, kind: str, name: str, examine: Callable[[str], Examined]) -> None:
        """Run one detector; whatever goes wrong becomes a source that was not examined."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        source_id = f"{kind.removesuffix('_capture').replace('_', '-')}-{self._counts[kind]}"
        self._progress(phrase("looking_at", name=name))
        try:
            examined = examine(source_id)
        except InputError as error:
            examined = _not_examined(source_id, kind, name, error.reason)
        except UnavailableError as error:
            examined = _with_fact(_not_examined(source_id, kind, name, str(error)), UNAVAILABLE_FACT, True)
        except RoomsweepError as error:
            examined = _not_examined(source_id, kind, name, str(error))
        except OSError as error:
            examined = _not_examined(source_id, kind, name, f"cannot be opened: {error.strerror or error}")
        except MemoryError:
            examined = _not_examined(source_id, kind, name, "needs more memory than this computer has free")
        except Exception as error:  # a fault of ours in one detector must not cost the others' findings
            _log.exception("examining %s", name)
            reason = f"stopped on a fault in roomsweep ({type(error).__name__}); please report it"
            examined = _not_examined(source_id, kind, name, reason)
        if self._synthetic:
            examined = _with_fact(examined, "synthetic", True)
        self._examined.append(examined)


def _lan_limits(given: Collection[str]) -> tuple[str, ...]:
    """What asking the devices on a network leaves out."""
    if "lan" not in given:
        return ()
    from ..detect.lan.examine import LIMITS

    return LIMITS


def _live_limits(sniffer: Sniffer) -> tuple[str, ...]:
    """What listening on one channel at a time leaves out."""
    channels = sniffer.channel_seconds
    if len(channels) == 1:
        return (phrase("live_stayed", number=next(iter(channels))),)
    return (phrase("live_hopped", count=len(channels), seconds=sniffer.seconds),) if channels else ()


def _not_examined(source_id: str, kind: str, name: str, reason: str) -> Examined:
    source = Source(id=source_id, kind=kind, name=name, state=SourceState.NOT_EXAMINED, reason=reason)
    return Examined(source=source)


def _partly(examined: Examined, reason: str) -> Examined:
    source = replace(examined.source, state=SourceState.PARTIAL, reason=reason)
    return replace(examined, source=source)


def _with_overheard(examined: Examined, path: Path) -> Examined:
    """Add what devices in a capture of network traffic told their owners' phones of themselves."""
    from ..detect.lan.overheard import LINK_TYPES, overhear

    if not LINK_TYPES.intersection(examined.source.facts.get("link_types", ())):
        return examined
    with path.open("rb") as stream:
        told = overhear(stream, source_id=examined.source.id, name=path.name)
    return replace(examined, findings=(*examined.findings, *told))


def _with_fact(examined: Examined, key: str, value: object) -> Examined:
    return replace(examined, source=replace(examined.source, facts={**examined.source.facts, key: value}))
