"""From devices to findings: what each is called, how it is ranked, and what a person does next."""

from __future__ import annotations

from collections.abc import Sequence

from ..mac import format_mac
from ..result import Evidence, Finding, FindingKind, Identity, Level, Where
from ..text import clean
from ..weighing import level_of, probability_of, weigh
from .advertisers import Advertiser, Register
from .heard import AddressKind
from .rules import WORN, Known, known_of
from .series import Series

#: Devices listed as `noted`: a list longer than this is not read. The others are counted.
MOST_NOTED = 200

#: Devices listed above `noted`; more than this is a flood of forged adverts, not a room.
MOST_ACCUSED = 500

#: Signals over time in the facts of a source, and steps of each: some 250 kB of JSON at most.
MOST_SIGNALS, MOST_STEPS = 50, 300

#: Company and beginning of the content of an iBeacon (Apple, Proximity Beacon Specification, 2015).
_IBEACON = (0x004C, b"\x02\x15")

_ADVICE_WORN = (
    "Look for somebody nearby who wears camera glasses or a body camera; this is a person's device, "
    "not a thing fixed in the room."
)
_ADVICE_ACTION = "Look for a small action camera lying, clamped or standing about, and ask whose it is."
_ADVICE_DEVICE = "Walk about slowly{how}: the signal grows as you come nearer to it. Look at what stands there."
_ADVICE_SEARCH = " with “roomsweep bluetooth --mac {mac}”"
_ADVICE_TRACKER = "If it is not yours and goes where you go, have your phone's own tracker alert look for it."
_ADVICE_SETUP = "It waits to be joined to a network. If nobody here is setting something up, look for it."

#: Addresses that a device made up.
RANDOM = frozenset({AddressKind.STATIC, AddressKind.RESOLVABLE, AddressKind.NON_RESOLVABLE})

_UNTOLD = frozenset({AddressKind.UNTOLD, AddressKind.HIDDEN})


def judge(devices: Sequence[Advertiser], *, register: Register, source_id: str, started_ns: int) -> list[Finding]:
    """Return the devices that say something about themselves, or of which the tables know something.

    Parameters
    ----------
    devices
        Grouped; the number in a finding's id is the place in them.
    register
        What they come from, with their signals over time.
    source_id
        Of the source in the result.
    started_ns
        When the listening began.
    """
    out = []
    for number, device in enumerate(devices, start=1):
        known = known_of(device)
        if not (known or device.names or device.companies):
            continue
        evidence = tuple(item.evidence for item in known)
        level = level_of(evidence)
        if level is not Level.NOTED or any(item.kind == "tracker" for item in known):
            evidence += _when(device, register.series(device), started_ns)
        address = device.addresses[-1]
        out.append(
            Finding(
                id=f"B{number}",
                kind=FindingKind.BLUETOOTH_DEVICE,
                level=level,
                title=_title(device, known, level),
                source_ids=(source_id,),
                probability=probability_of(evidence, prior="prior.device") if evidence else None,
                where=Where(
                    t_s=round(max(0, device.first_ns - started_ns) / 1e9, 3),
                    rssi_dbm=device.rssi_max_dbm,
                ),
                identity=Identity(
                    mac=None if device.kind is AddressKind.HIDDEN else format_mac(address),
                    name=device.names[0] if device.names else None,
                    vendor=_vendor(device, known),
                    randomised_mac=None if device.kind in _UNTOLD else device.kind in RANDOM,
                ),
                evidence=evidence,
                advice=_advice(device, known, level),
            )
        )
    return out


def _when(device: Advertiser, series: Series, started_ns: int) -> tuple[Evidence, ...]:
    """When it was heard: whether a thing stays or comes and goes with somebody helps to find it."""
    first_s, last_s = ((t_ns - started_ns) / 1e9 for t_ns in (device.first_ns, device.last_ns))
    if last_s - first_s < 1.0:
        return ()
    says = f"It was heard from {_clock(first_s)} to {_clock(last_s)} of the recording"
    strongest = series.strongest
    if strongest is not None:
        says += f", strongest ({strongest[1]:.0f} dBm) at {_clock(strongest[0] - started_ns / 1e9)}"
    return (weigh("context.ble_heard", says + "."),)


def _clock(t_s: float) -> str:
    minutes, seconds = divmod(round(max(0.0, t_s)), 60)
    return f"{minutes}:{seconds:02d}"


def signals_of(
    devices: Sequence[Advertiser], findings: Sequence[Finding], *, register: Register, started_ns: int
) -> list[dict[str, object]]:
    """Return the signals over time of the findings that people ask about, for the facts of the source.

    Those above ``noted`` and the trackers, at most :data:`MOST_SIGNALS`, each with at most :data:`MOST_STEPS` steps:
    ``first_s`` and ``last_s`` since the beginning, ``step_s``, and [second, mean level in dBm] pairs.
    """
    out: list[dict[str, object]] = []
    asked = [item for item in findings if any(line.rule == "context.ble_heard" for line in item.evidence)]
    for finding in asked[:MOST_SIGNALS]:
        device = devices[int(finding.id[1:]) - 1]
        series = register.series(device).coarser(most=MOST_STEPS)
        out.append(
            {
                "device": finding.identity.mac or finding.identity.name or finding.id,
                "first_s": round((device.first_ns - started_ns) / 1e9, 3),
                "last_s": round((device.last_ns - started_ns) / 1e9, 3),
                "step_s": series.step_s,
                "signal": [
                    [round(at - started_ns / 1e9), round(level, 1)]
                    for at, level in zip(series.t_s.tolist(), series.rssi_dbm.tolist(), strict=True)
                ],
            }
        )
    return out


def keep_strongest(findings: list[Finding]) -> tuple[tuple[Finding, ...], int]:
    """The strongest findings, as many as are listed, and how many are left out."""

    def rank(finding: Finding) -> tuple[float, ...]:
        rssi = finding.where.rssi_dbm
        # Of the noted, those that the tables know come first: people ask about trackers.
        return (finding.level.rank, -finding.weight_db, not finding.evidence, -(-1000 if rssi is None else rssi))

    ordered = sorted(findings, key=rank)
    accused = [finding for finding in ordered if finding.level is not Level.NOTED][:MOST_ACCUSED]
    noted = [finding for finding in ordered if finding.level is Level.NOTED][:MOST_NOTED]
    kept = (*accused, *noted)
    return kept, len(findings) - len(kept)


def _title(device: Advertiser, known: tuple[Known, ...], level: Level) -> str:
    """One line: what it is, as surely as it is known."""
    called = f" “{clean(device.names[0])}”" if device.names else ""
    if known and level is not Level.NOTED:
        top = known[0]
        perhaps = level is Level.LOOK
        if top.kind == "action_camera":
            return f"{'Perhaps an' if perhaps else 'An'} action camera{called} ({top.device})"
        if top.kind in WORN:
            return f"{'Perhaps a' if perhaps else 'A'} camera somebody wears nearby{called} ({top.device})"
        if level is Level.IDENTIFIED:
            return f"A camera by its Bluetooth name{called} ({top.device})"
        if top.evidence.family == "hint":
            return f"Bluetooth device{called}, named like a camera ({top.device})"
        return f"Bluetooth device{called} of a camera maker ({top.device})"
    context = next((item for item in known if item.kind in ("tracker", "setup", "findable")), None)
    if context is not None and context.kind == "tracker":
        return f"A tracker{called} ({context.device})"
    if context is not None and context.kind == "findable":
        return f"Bluetooth device{called} ({context.device})"
    if context is not None:
        return f"A device waiting to be set up{called} ({context.device})"
    if called:
        return f"Bluetooth device{called}"
    if known:
        return f"Bluetooth device ({known[0].device})"
    return f"Bluetooth device of company 0x{device.companies[0]:04x}"


def _vendor(device: Advertiser, known: tuple[Known, ...]) -> str | None:
    by_maker = next((item.device for item in known if item.evidence.rule.endswith(("_company", "_address"))), None)
    if by_maker is not None:
        return by_maker
    # Anybody's beacon may carry Apple's number in the iBeacon form: it says nothing of the maker.
    own = [company for company, data in device.manufacturer if (company, data[:2]) != _IBEACON]
    return f"company 0x{own[0]:04x}" if own else None


def _advice(device: Advertiser, known: tuple[Known, ...], level: Level) -> str:
    if not known:
        return ""
    if level is not Level.NOTED:
        if known[0].kind == "action_camera":
            return _ADVICE_ACTION
        if known[0].kind in WORN:
            return _ADVICE_WORN
        # An address that changes, or is told to nobody, cannot be followed.
        followed = device.kind is not AddressKind.HIDDEN and not device.kind.rotates
        how = _ADVICE_SEARCH.format(mac=format_mac(device.addresses[-1])) if followed else ""
        return _ADVICE_DEVICE.format(how=how)
    kinds = {item.kind for item in known}
    if "tracker" in kinds:
        return _ADVICE_TRACKER
    return _ADVICE_SETUP if "setup" in kinds else ""
