"""The command line: names, options and help. What a command does lives in ``commands/``.

Nothing that costs time to import is imported here.
"""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ..detect.errors import RoomsweepError, UnavailableError
from ..detect.result import Level
from ..detect.text import clean
from .calibrating import calibrate_app
from .ending import FAULT, NO_INPUT, UNAVAILABLE, WRONG_USAGE, Ending
from .version import version

if TYPE_CHECKING:
    from .lan.consent import Agreed

app = typer.Typer(
    name="roomsweep",
    help="Helps to find hidden cameras: lens glints in photos, cameras heard over Wi-Fi and Bluetooth, in one "
    "explained report. Start with 'roomsweep demo'.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(calibrate_app, name="calibrate")

#: Options of two values, which typer cannot repeat: see :func:`_two_values_each`.
TWO_VALUES = ("--pair", "--lens", "--chart")

#: Seconds listened unless said otherwise: a brief stop on each of the some 38 channels of 2.4 and 5 GHz (11 s), and
#: five longer stays of 22 s where it is busiest (see cli/channels.py).
LISTEN_S = 120.0

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for report.html, result.json and marked pictures."),
]
FailOn = Annotated[
    Level | None, typer.Option("--fail-on", help="Exit with 1 if anything has this level or a stronger one.")
]
All = Annotated[bool, typer.Option("--all", help="List what was only noted, too.")]
Interface = Annotated[
    str | None, typer.Option("--interface", help="Listen live on this interface in monitor mode.", metavar="IF")
]
Channels = Annotated[
    list[int] | None,
    typer.Option("--channel", help="With --interface: stay on this channel instead of going round.", min=1),
]
#: What asks this computer itself, in place of a file.
AUTO = "auto"

#: What listens, in place of a file.
LIVE = "live"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"roomsweep {version()}")
        raise typer.Exit


@app.callback()
def main_options(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Options before the command."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.CRITICAL, stream=sys.stderr)


@app.command()
def sweep(
    photo: Annotated[list[Path] | None, typer.Option("--photo", help="A photo taken with the torch on.")] = None,
    pair: Annotated[
        list[Path] | None,
        typer.Option("--pair", help="Two photos of one place: torch ON, then torch OFF.", metavar="ON OFF"),
    ] = None,
    video: Annotated[
        list[Path] | None, typer.Option("--video", help="A clip taken with the torch on while the phone moved.")
    ] = None,
    dark: Annotated[
        list[Path] | None,
        typer.Option("--dark", help="A photo or clip taken in the dark with the torch OFF, for infrared lights."),
    ] = None,
    wifi: Annotated[list[Path] | None, typer.Option("--wifi", help="A Wi-Fi capture (pcap, pcapng).")] = None,
    wifi_scan: Annotated[
        list[str] | None,
        typer.Option("--wifi-scan", help="A list of Wi-Fi networks, or 'auto': made now.", metavar="FILE|auto"),
    ] = None,
    bluetooth: Annotated[
        list[str] | None,
        typer.Option(
            "--bluetooth",
            help="A Bluetooth capture (btsnoop, pcap, pcapng), or 'live': listen for a minute.",
            metavar="CAPTURE|live",
        ),
    ] = None,
    lan: Annotated[
        str | None,
        typer.Option("--lan", help="Ask the devices on this network, or on the one joined.", metavar="CIDR|auto"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --lan auto: do not ask whether to ask.")] = False,
    out: Out = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
    show_all: All = False,
) -> None:
    """Examine a room: photos, torch pairs, captures and the network into one ranked, explained report."""
    from .commands.sweep import Inputs, run

    pairs = list(pair or ())
    if len(pairs) % 2:
        _wrong_usage("--pair takes two photos: the one with the torch ON, then the one with the torch OFF")
    inputs = Inputs(
        photos=photo or (),
        pairs=list(zip(pairs[::2], pairs[1::2], strict=True)),
        videos=video or (),
        dark=dark or (),
        wifi=wifi or (),
        scans=_scans(wifi_scan),
        bluetooth=_bluetooth(bluetooth),
        lan=_network(lan, yes=yes),
    )
    if not len(inputs):
        _wrong_usage(
            "name at least one input: --pair ON OFF, --photo, --video, --dark, --wifi, --wifi-scan, --bluetooth "
            "or --lan"
        )
    if out is None and not as_json:
        out = Path(f"sweep-{datetime.now():%Y%m%d-%H%M%S}")
    raise typer.Exit(run(inputs, Ending(as_json=as_json, out=out, fail_on=fail_on, show_noted=show_all)))


@app.command()
def glint(
    pictures: Annotated[
        list[Path], typer.Argument(help="Photos or clips taken with the torch on.", show_default=False)
    ],
    torch_off: Annotated[
        Path | None, typer.Option("--torch-off", help="The same place as the one photo, with the torch off.")
    ] = None,
    dark: Annotated[
        bool,
        typer.Option("--dark", help="They were taken in the dark with the torch OFF: look for infrared lights."),
    ] = False,
    annotate: Annotated[
        Path | None, typer.Option("--annotate", help="Folder for marked pictures and the report.")
    ] = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
    show_all: All = False,
) -> None:
    """Look for lens glints in photos and clips, or for infrared lights in dark ones."""
    from .commands.sweep import Inputs, run
    from .file_kind import is_clip

    if torch_off is not None and len(pictures) != 1:
        _wrong_usage("--torch-off goes with one photo: the one with the torch on")
    if torch_off is not None and dark:
        _wrong_usage("--dark goes with pictures taken with the torch off, --torch-off with one taken with it on")
    clips = [path for path in pictures if is_clip(path)]
    inputs = Inputs(photos=[path for path in pictures if path not in clips], videos=clips)
    if dark:
        inputs = Inputs(dark=pictures)
    if torch_off is not None:
        inputs = Inputs(pairs=[(pictures[0], torch_off)])
    raise typer.Exit(run(inputs, Ending(as_json=as_json, out=annotate, fail_on=fail_on, show_noted=show_all)))


@app.command()
def wifi(
    captures: Annotated[list[Path] | None, typer.Argument(help="Capture files.", show_default=False)] = None,
    interface: Interface = None,
    seconds: Annotated[float, typer.Option("--seconds", help="With --interface: how long to listen.", min=1.0)] = (
        LISTEN_S
    ),
    channel: Channels = None,
    scan: Annotated[
        list[str] | None,
        typer.Option("--scan", help="A list of networks, or 'auto': made now, no monitor mode.", metavar="FILE|auto"),
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
    show_all: All = False,
) -> None:
    """Tell which networks and devices Wi-Fi captures hold, or a monitor interface hears."""
    ending = Ending(as_json=as_json, out=out, fail_on=fail_on, show_noted=show_all)
    if interface is not None and scan:
        _wrong_usage("--scan and --interface are two runs: a list needs no monitor mode, listening does")
    if interface is not None:
        from .commands import live_wifi

        if not seconds < float("inf"):
            _wrong_usage("--seconds takes a number; Ctrl-C ends the listening sooner")

        listening = live_wifi.Listening(interface=interface, seconds=seconds, channels=channel)
        raise typer.Exit(live_wifi.run(listening, ending, captures=captures or ()))
    if channel:
        _wrong_usage("--channel goes with --interface")
    if not captures and not scan:
        _wrong_usage(
            "name a capture file, an interface to listen on (--interface mon0), or a list of networks (--scan auto)"
        )
    from .commands.sweep import Inputs, run

    raise typer.Exit(run(Inputs(wifi=captures or (), scans=_scans(scan)), ending))


@app.command()
def motion(
    capture: Annotated[Path | None, typer.Argument(help="A capture file.", show_default=False)] = None,
    actions: Annotated[
        Path | None, typer.Option("--actions", help="What was done while it ran: a CSV of time and action.")
    ] = None,
    interface: Interface = None,
    channel: Annotated[
        int | None, typer.Option("--channel", help="With --interface: stay on this channel, not the busiest.", min=1)
    ] = None,
    by_key: Annotated[
        bool, typer.Option("--by-key", help="With --interface: begin each step with the Enter key.")
    ] = False,
    cover: Annotated[
        bool, typer.Option("--cover", help="With --interface: also cover a suspected lens now and then.")
    ] = False,
    light: Annotated[bool, typer.Option("--light", help="With --interface: also switch the light off and on.")] = False,
    mine: Annotated[
        list[str] | None, typer.Option("--mine", help="Address of a device of your own, left out.", metavar="MAC")
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
    show_all: All = False,
) -> None:
    """Tell whether a Wi-Fi stream follows what happens in the room: still, move, still."""
    from ..detect.mac import parse_mac

    try:
        own = [parse_mac(item) for item in mine or ()]
    except ValueError:
        _wrong_usage("--mine takes a hardware address, as in 02:00:5e:10:00:01")
    from .commands import motion as command

    if interface is not None:
        if capture is not None or actions is not None:
            _wrong_usage("give either a capture with --actions, or --interface for a guided run")
        out = out or Path(f"motion-{datetime.now():%Y%m%d-%H%M%S}")
        guided = command.Guided(
            interface=interface, channel=channel, by_key=by_key, lens=cover, light=light, folder=out
        )
        ending = Ending(as_json=as_json, out=out, fail_on=fail_on, show_noted=show_all)
        raise typer.Exit(command.run_guided(guided, ending, own=own))
    if channel is not None or by_key or cover or light:
        _wrong_usage("--channel, --by-key, --cover and --light go with --interface")
    if capture is None or actions is None:
        _wrong_usage("name a capture and --actions FILE, or an interface to listen on: --interface mon0")
    ending = Ending(as_json=as_json, out=out, fail_on=fail_on, show_noted=show_all)
    raise typer.Exit(command.run_capture(capture, actions, ending, own=own))


@app.command()
def bluetooth(
    captures: Annotated[list[Path] | None, typer.Argument(help="Capture files.", show_default=False)] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="Listen live with this computer's adapter, for so long.", min=1.0)
    ] = None,
    mac: Annotated[
        str | None,
        typer.Option("--mac", help="Listen live for one device, and tell whether you come nearer.", metavar="MAC"),
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
    show_all: All = False,
) -> None:
    """Tell which devices Bluetooth captures hold, or this computer's adapter hears."""
    from ..detect.mac import format_mac, parse_mac

    ending = Ending(as_json=as_json, out=out, fail_on=fail_on, show_noted=show_all)
    try:
        address = None if mac is None else format_mac(parse_mac(mac))
    except ValueError:
        _wrong_usage("--mac takes a hardware address, as in 02:00:5e:10:00:01")
    if seconds is not None or address is not None:
        from .commands import live_bluetooth

        if seconds is not None and not seconds < float("inf"):
            _wrong_usage("--seconds takes a number; Ctrl-C ends the listening sooner")
        listening = live_bluetooth.Listening(seconds=seconds, mac=address)
        raise typer.Exit(live_bluetooth.run(listening, ending, captures=captures or ()))
    if not captures:
        _wrong_usage("name a capture file, or how long to listen: --seconds 60")
    from .commands.sweep import Inputs, run

    raise typer.Exit(run(Inputs(bluetooth=captures), ending))


@app.command()
def lan(
    network: Annotated[
        str | None,
        typer.Argument(
            help="A network (192.168.1.0/24) or an earlier lan.json; without it, the network joined.",
            show_default=False,
            metavar="CIDR",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask the network joined without asking back.")] = False,
    mine: Annotated[
        list[str] | None,
        typer.Option("--mine", help="Mark the address of a device of your own, for good.", metavar="MAC"),
    ] = None,
    not_mine: Annotated[
        list[str] | None, typer.Option("--not-mine", help="Take such a mark back.", metavar="MAC")
    ] = None,
    list_mine: Annotated[bool, typer.Option("--list-mine", help="List the marked devices and end.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for report.html, result.json and lan.json, what was seen.")
    ] = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
    show_all: All = False,
) -> None:
    """Ask the devices on a network of yours what they are. Says what it sends, and asks first."""
    from ..detect.mac import format_mac, parse_mac
    from .commands import lan as command

    try:
        own, others = ([format_mac(parse_mac(item)) for item in items or ()] for items in (mine, not_mine))
    except ValueError:
        _wrong_usage("--mine and --not-mine take a hardware address, as in 02:00:5e:10:00:01")
    from .lan.networks import RefusedNetworkError

    wanted = command.Wanted(network=network, yes=yes, mine=own, not_mine=others)
    if list_mine:
        command.change_marks(wanted)
        raise typer.Exit(command.list_mine(as_json=as_json))
    ending = Ending(as_json=as_json, out=out, fail_on=fail_on, show_noted=show_all)
    try:
        raise typer.Exit(command.run(wanted, ending))
    except RefusedNetworkError as error:
        _wrong_usage(str(error).rstrip("."))


@app.command()
def locate(
    readings: Annotated[
        Path | None, typer.Argument(help="A CSV file of readings: rssi_dbm and spot or x_m,y_m.", show_default=False)
    ] = None,
    interface: Interface = None,
    mac: Annotated[
        str | None, typer.Option("--mac", help="Address of the transmitter that is looked for.", metavar="MAC")
    ] = None,
    channel: Annotated[
        int | None, typer.Option("--channel", help="With --interface: stay on this channel, not its own.", min=1)
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="With --interface: file for the readings.", metavar="FILE")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Stored radio profile to use, not the newest; 'published' for none."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the plan and result.json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell where a transmitter is, from signal readings at several places or a live search."""
    from ..detect.mac import format_mac, parse_mac

    try:
        address = None if mac is None else format_mac(parse_mac(mac))
    except ValueError:
        _wrong_usage("--mac takes a hardware address, as in 02:00:5e:10:00:01")
    from .commands import locate as command

    wanted = command.Wanted(mac=address, profile=profile, out=out, as_json=as_json)
    if interface is not None:
        if readings is not None:
            _wrong_usage("give either a file of readings, or --interface for a live search")
        if address is None:
            _wrong_usage("--interface needs --mac: the address that is looked for, as 'roomsweep wifi' lists it")
        record = record or (out or Path()) / f"readings-{datetime.now():%Y%m%d-%H%M%S}.csv"
        live = command.LiveSearch(interface=interface, mac=address, channel=channel, record=record)
        raise typer.Exit(command.run_live(live, wanted))
    if channel is not None or record is not None:
        _wrong_usage("--channel and --record go with --interface")
    if readings is None:
        _wrong_usage("name a file of readings, or an interface to listen on: --interface mon0 --mac MAC")
    raise typer.Exit(command.run(readings, wanted))


@app.command()
def live(
    host: Annotated[
        str | None, typer.Option("--host", help="Listen on this address or name, not on all of this computer's.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Listen on this port, not on 8443 or a free one.", min=1, max=65535)
    ] = None,
    usb: Annotated[bool, typer.Option("--usb", help="For an Android phone on the cable, by 'adb reverse'.")] = False,
    here: Annotated[
        bool, typer.Option("--here", help="For this device alone, as on a phone that runs roomsweep itself.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the sweep as it goes, and for the report at the end.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the link as one line of JSON, and the result as JSON at the end.")
    ] = False,
    fail_on: FailOn = None,
    show_all: All = False,
) -> None:
    """Serve a page for the phone, and look for lenses in what its camera sees, until Ctrl-C."""
    if (usb or here) and host is not None:
        _wrong_usage("--usb and --here serve this device alone: leave out --host")
    if usb and here:
        _wrong_usage("--usb is for a phone on the cable, --here for this device: give one of them")
    from .commands import live as command

    asked = command.Asked(host=host, port=port, usb=usb, here=here)
    raise typer.Exit(command.run(asked, Ending(as_json=as_json, out=out, fail_on=fail_on, show_noted=show_all)))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the synthetic inputs and the report.")] = Path(
        "roomsweep-demo"
    ),
    as_json: AsJson = False,
) -> None:
    """Make a small synthetic room and sweep it, to see what a report looks like."""
    from .commands.demo import run

    raise typer.Exit(run(Ending(as_json=as_json, out=out), folder=out))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False) -> None:
    """Tell what this computer can do for a sweep, and how to get the rest."""
    from .commands.doctor import run

    raise typer.Exit(run(as_json=as_json))


def _scans(named: list[str] | None) -> list[Path | None]:
    """Files, or None for a list that this computer makes; a file called ``auto`` is ``./auto``."""
    return [None if item == AUTO else Path(item) for item in named or ()]


def _bluetooth(named: list[str] | None) -> list[Path | None]:
    """Files, or None for what is heard live; a file called ``live`` is ``./live``."""
    # Listening twice tells no more than once.
    return [None if item == LIVE else Path(item) for item in dict.fromkeys(named or ())]


def _network(named: str | None, *, yes: bool) -> Agreed | None:
    """The network of a sweep, once the user has been told what will be sent to it."""
    if named is None:
        return None
    from .commands.lan import agreed_for_sweep
    from .lan.networks import RefusedNetworkError

    try:
        return agreed_for_sweep(None if named == AUTO else named, yes=yes)
    except RefusedNetworkError as error:
        _wrong_usage(str(error).rstrip("."))


def _wrong_usage(what: str) -> NoReturn:
    typer.echo(f"Wrong usage: {what}. See 'roomsweep --help'.", err=True)
    raise typer.Exit(WRONG_USAGE)


def _two_values_each(arguments: list[str]) -> list[str]:
    """Write ``--pair ON OFF`` as ``--pair ON --pair OFF``: typer has no repeatable option of two values."""
    out: list[str] = []
    place = 0
    while place < len(arguments):
        out.append(arguments[place])
        if arguments[place] in TWO_VALUES and place + 2 < len(arguments) and not arguments[place + 2].startswith("--"):
            out += [arguments[place + 1], arguments[place], arguments[place + 2]]
            place += 2
        place += 1
    return out


def main() -> NoReturn:
    """Run the command line and exit with the contract's status."""
    arguments = _two_values_each(sys.argv[1:])
    try:
        app(arguments)
        sys.exit(0)
    except RoomsweepError as error:
        if "--debug" in arguments:
            raise
        typer.echo(f"roomsweep: {clean(str(error), limit=1000)}", err=True)
        sys.exit(UNAVAILABLE if isinstance(error, UnavailableError) else NO_INPUT)
    except BrokenPipeError:  # the reader of our output has gone, as in `roomsweep ... | head`
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        sys.exit(130)
    except Exception as error:
        if "--debug" in arguments:
            raise
        typer.echo(
            f"roomsweep stopped on a fault of its own ({type(error).__name__}). Please report it with what "
            "'roomsweep --debug ...' prints.",
            err=True,
        )
        sys.exit(FAULT)
