"""A list of the Wi-Fi networks near this computer, made by the program that its system has for that.

No monitor mode is needed. Linux: ``nmcli``, then ``iw``; Windows: ``netsh``; macOS: ``system_profiler``, then
``airport``; Android: Termux's ``termux-wifi-scaninfo``. What they print is kept as it is, so that it can be shown
later what was examined.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..detect.errors import UnavailableError
from ..detect.text import clean
from ..detect.wifi.scans.reading import MAX_BYTES

#: Longest wait for a program, seconds. Reasoned: a round over all channels listens some 0.1 s on each of up to 100
#: (10 s), and NetworkManager waits for one that is under way.
SCAN_S = 40.0

#: Longest wait for macOS's report, seconds. Reasoned: it takes some 5 s, more on an old machine.
REPORT_S = 90.0

#: Where macOS keeps ``airport``, which is not on the path.
AIRPORT = "/System/Library/PrivateFrameworks/Apple80211.framework/Versions/Current/Resources/airport"

#: The order is free: columns are told by their values. The name's bytes come first, where nmcli knows that column.
_NMCLI_FIELDS = "BSSID,FREQ,CHAN,SIGNAL,SECURITY,SSID-HEX,SSID"

#: nmcli's exit status for arguments that it does not know (man nmcli).
_NMCLI_USAGE = 2

_INTERFACE = re.compile(r"^\s*Interface (\w[\w.:-]{0,63})\s*$", re.MULTILINE)

_AS_FILE = "Or list on another machine and give the file with --wifi-scan FILE."


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeList:
    """What a program of this computer printed.

    Parameters
    ----------
    data
        Its output, as it is.
    command
        The command line, for the record.
    file_name
        What a file of it is called.
    """

    data: bytes
    command: str
    file_name: str


class _FailedError(Exception):
    """One program gave no list: why, as a clause that begins with its name, and what helps."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.why, self.remedy = why, remedy


def make_list(*, platform: str = sys.platform) -> MadeList:
    """Let this computer list the networks near it.

    Parameters
    ----------
    platform
        As in :data:`sys.platform`.

    Raises
    ------
    UnavailableError
        If it cannot: no such program, no adapter, Wi-Fi off, no permission, no answer in time. The reason is a
        clause whose subject is the list.
    """
    failures: list[_FailedError] = []
    for way in _ways(platform):
        try:
            return way()
        except _FailedError as failure:
            failures.append(failure)
    if not failures:
        raise UnavailableError(f"cannot be made: there is no known way on this system ({clean(platform)})", _AS_FILE)
    why = "; ".join(dict.fromkeys(failure.why for failure in failures))
    remedies = dict.fromkeys(failure.remedy for failure in failures if failure.remedy)
    raise UnavailableError(f"cannot be made: {why}", " ".join(remedies))


def _ways(platform: str) -> Sequence[Callable[[], MadeList]]:
    """The programs of a system, best first."""
    if platform == "win32":
        return (_netsh,)
    if platform == "darwin":
        return (_system_profiler, _airport)
    if platform == "android" or shutil.which("termux-wifi-scaninfo"):
        return (_termux,)
    return (_nmcli, _iw) if platform.startswith("linux") else ()


def _nmcli() -> MadeList:
    head = ["nmcli", "-t", "-e", "yes", "-f"]
    tail = ["device", "wifi", "list"]
    command = [*head, _NMCLI_FIELDS, *tail, "--rescan", "yes"]
    done = _run(command, remedy="")  # where it is missing, iw is enough
    if done.status == _NMCLI_USAGE:  # older than 1.12: another list, without the new option
        command = [*head, _NMCLI_FIELDS.replace("SSID-HEX,", ""), *tail]
        done = _run(command, remedy="")
    if done.status or not done.out.strip():
        said = done.says or "it lists no network (no Wi-Fi adapter, or Wi-Fi switched off)"
        raise _FailedError(
            f"nmcli: {said}", "Plug in a Wi-Fi adapter and switch Wi-Fi on (nmcli radio wifi on), or try with sudo."
        )
    return MadeList(data=done.out, command=" ".join(command), file_name="nmcli.txt")


def _iw() -> MadeList:
    remedy = "Install iw: sudo apt-get install iw."
    found = _INTERFACE.findall(_run(["iw", "dev"], remedy=remedy).out.decode("utf-8", "replace"))
    if not found:
        raise _FailedError("iw: there is no Wi-Fi adapter", "Plug in a Wi-Fi adapter.")
    failures = []
    for interface in found:
        command = ["iw", "dev", interface, "scan"]
        done = _run(command, remedy=remedy)
        if done.status:
            # Without permission, or while another scan runs, the system's last list is still given.
            command.append("dump")
            last = _run(command, remedy=remedy)
            done = last if not last.status and last.out.strip() else done
        if not done.status and done.out.strip():
            return MadeList(data=done.out, command=" ".join(command), file_name="iw.txt")
        failures.append(done.says or f"{interface} lists no network")
    permitted = not any("not permitted" in said for said in failures)
    raise _FailedError(
        f"iw: {'; '.join(failures)}",
        f"Switch the adapter on: sudo ip link set {found[0]} up."
        if permitted
        else f"Listing takes administrator's rights: sudo iw dev {found[0]} scan > list.txt, then give list.txt.",
    )


def _netsh() -> MadeList:
    # By its place in the system: on Windows a program of that name in the current folder would come first.
    own = os.path.join(os.environ.get("SYSTEMROOT", ""), "System32", "netsh.exe")
    command = [own if os.path.isfile(own) else "netsh", "wlan", "show", "networks", "mode=bssid"]
    remedy = (
        "Switch Wi-Fi on; on Windows 11 also allow desktop apps the location (Settings, Privacy & security, Location)."
    )
    done = _run(command, remedy=remedy)
    if done.status or not done.out.strip():
        raise _FailedError(f"netsh: {done.says or 'it lists no network'}", remedy)
    return MadeList(data=done.out, command=" ".join(command), file_name="netsh.txt")


def _system_profiler() -> MadeList:
    command = ["system_profiler", "SPAirPortDataType", "-json"]
    done = _run(command, remedy=_AS_FILE, wait_s=REPORT_S)
    if done.status or b"spairport_network_" not in done.out:
        raise _FailedError(
            f"system_profiler: {done.says or 'it lists no network'}",
            "Switch Wi-Fi on, and allow the terminal the location (System Settings, Privacy & Security).",
        )
    return MadeList(data=done.out, command=" ".join(command), file_name="system_profiler.json")


def _airport() -> MadeList:
    program = shutil.which("airport") or AIRPORT
    done = _run([program, "-s"], remedy=_AS_FILE)
    if done.status or b"SSID" not in done.out:
        raise _FailedError(f"airport: {done.says or 'it lists no network'}", "Switch Wi-Fi on.")
    return MadeList(data=done.out, command=f"{program} -s", file_name="airport.txt")


def _termux() -> MadeList:
    done = _run(
        ["termux-wifi-scaninfo"], remedy="Install it: pkg install termux-api, and the app Termux:API beside Termux."
    )
    if done.status or b'"bssid"' not in done.out:
        said = done.says or clean(done.out.decode("utf-8", "replace").strip(), limit=160) or "it lists no network"
        raise _FailedError(
            f"termux-wifi-scaninfo: {said}", "Switch Wi-Fi and the location on, and allow Termux:API the location."
        )
    return MadeList(data=done.out, command="termux-wifi-scaninfo", file_name="termux-wifi-scaninfo.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """How a program ended; `says`: its complaint, cleaned, empty if there is none."""

    status: int
    out: bytes
    says: str


def _run(command: Sequence[str], *, remedy: str, wait_s: float | None = None) -> _Done:
    """Run a program, without a shell; raise _FailedError if it is missing or does not end in time."""
    name, wait_s = os.path.basename(command[0]), wait_s or SCAN_S
    program = command[0] if os.path.isabs(command[0]) else shutil.which(command[0])
    if program is None:
        raise _FailedError(f"{name} is not installed", remedy)
    # English messages, and names in UTF-8.
    env = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                [program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=env,
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            raise _FailedError(f"{name} cannot be started: {error.strerror or error}", remedy) from error
        try:
            status = process.wait(timeout=wait_s)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                why = f"{name} did not answer within {wait_s:.0f} s"
                raise _FailedError(why, "Try again in a moment.") from error
            raise
        out.seek(0)
        err.seek(0)
        data = out.read(MAX_BYTES + 1)
        complaint = err.read(4096) or (data[:4096] if status else b"")
    words = " ".join(complaint.decode("utf-8", "replace").split())
    return _Done(status=status, out=data, says=clean(words, limit=160).rstrip("."))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program that we started, and what it started in its turn."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
