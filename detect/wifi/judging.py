"""What a network or station is evidence of, and the words for it.

Names and vendors are matched against the signature tables; every weight comes from the table ``weights``. The
name of a network that is a camera's own identity decides by itself; who made the radio is a hint; how it sends
is told as context.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..mac import format_mac, is_local
from ..result import Evidence, Grade, Level
from ..signatures.match import Radio, Signature, Vendor, match_ssid, match_wifi_radio, vendor_of
from ..text import clean
from ..weighing import weigh

#: Kinds of network names by which a thing says that it is a camera.
CAMERA_KINDS = frozenset({"hidden_cam", "p2p_cam", "consumer_cam"})

#: Kinds whose camera is known for what it is: carried, driven, or standing outdoors.
_EXPLAINED = {
    "public_cam": "a camera that stands in public places",
    "dashcam": "a camera of a vehicle",
    "photo_camera": "a photographer's camera",
}

#: Kinds that show that cameras are served here.
_KIT = {"base_station": "a base that cameras connect to", "dev_board": "a development board with a camera"}

_APPROACH = (
    "Walk slowly through the room while scanning: the signal rises as you come near. Where it is strongest, look "
    "closely at clocks, chargers, smoke alarms and sockets."
)
_ASK = "Ask whether equipment of this make is installed here; if nobody can say, follow the rising signal and look."


def judge_name(ssid: str) -> tuple[Evidence | None, Signature | None]:
    """Return what a network's name is evidence of, and the signature it matched."""
    signature = match_ssid(ssid)
    if signature is None:
        return None, None
    shown, device = clean(ssid), clean(signature.device)
    rule = name_rule(signature)
    says = {
        "identity.ssid": f"The network name “{shown}” is what this camera calls itself: {device}.",
        "hint.ssid_lead": f"The network name “{shown}” is like that of a camera ({device}); not confirmed.",
        "setup.ssid": f"The network name “{shown}” is that of a device waiting to be set up: {device}.",
        "setup.ssid_camera_kit": f"The network “{shown}” is {_KIT.get(signature.kind, 'camera equipment')}: {device}.",
        "setup.ssid_explained": f"The network “{shown}” is {_EXPLAINED.get(signature.kind, 'explained')}: {device}.",
    }[rule]
    return weigh(rule, says, reference=signature.source, grade=signature.grade), signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What one network shows of itself: its best name, whose address it has, and the evidence of both."""

    ssid: str | None
    signature: Signature | None
    vendor: Vendor | None
    evidence: tuple[Evidence, ...]

    @property
    def name_db(self) -> float:
        """What the name weighs; -1 for none that is known."""
        return self.evidence[0].weight_db if self.signature and self.evidence else -1.0


def face(bssid: int, names: Sequence[str]) -> Face:
    """Return what the network `bssid` with these names shows."""
    ssid = best_name(names)
    by_name, signature = judge_name(ssid) if ssid else (None, None)
    by_vendor, vendor = judge_vendor(bssid)
    local = judge_local(bssid, signature=signature)
    evidence = tuple(item for item in (by_name, by_vendor, local) if item)
    return Face(ssid=ssid, signature=signature, vendor=vendor, evidence=evidence)


def each_once(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the strongest item of every rule, in the order of appearance: one fact told twice is one fact."""
    out: dict[str, Evidence] = {}
    for item in evidence:
        if item.rule not in out or item.weight_db > out[item.rule].weight_db:
            out[item.rule] = item
    return list(out.values())


def name_rule(signature: Signature) -> str:
    """The rule by which a matched network name is weighed."""
    if signature.kind in CAMERA_KINDS:
        return "identity.ssid" if signature.grade in (Grade.A, Grade.B) else "hint.ssid_lead"
    if signature.kind in _EXPLAINED:
        return "setup.ssid_explained"
    if signature.kind in _KIT:
        return "setup.ssid_camera_kit"
    return "hint.ssid_lead" if signature.kind == "lead" else "setup.ssid"


def is_camera_name(ssid: str) -> bool:
    """Whether a network's name is that of a camera, or like one."""
    signature = match_ssid(ssid)
    return signature is not None and signature.kind in CAMERA_KINDS | {"lead"}


def judge_vendor(address: int) -> tuple[Evidence | None, Vendor | None]:
    """Return what the maker of the radio is evidence of."""
    vendor = vendor_of(address)
    if vendor is None:
        return None, None
    start = f"The address begins with {vendor.prefix}, registered to {clean(vendor.registry_name)}"
    if vendor.tier == "camera_narrow":
        rule, says = "vendor.oui_camera_narrow", f"{start}, which makes hardly anything but cameras."
    elif vendor.tier == "module":
        rule, says = "vendor.oui_module", f"{start}, whose radio modules are built into devices of any kind."
    elif vendor.wares == "boards":
        rule, says = "vendor.oui_board", f"{start}, which makes small computers."
    elif vendor.wares == "worn":
        rule, says = "vendor.oui_worn", f"{start}, which makes worn devices, some with a camera."
    else:
        rule, says = "vendor.oui_camera_broad", f"{start}, which makes cameras among other things."
    return weigh(rule, says, reference=vendor.source), vendor


def judge_radio(
    fingerprints: Mapping[str, Sequence[str]], *, address: int, vendor: Vendor | None
) -> tuple[Evidence | None, Radio | None]:
    """Return what the way a station writes its frames is evidence of, and the family it is the way of.

    Parameters
    ----------
    fingerprints
        Of its frames, by their sort.
    address, vendor
        Whose fingerprint it is: a maker's fingerprint on another maker's address is the same chip, no more.
    """
    found = [
        radio for frame, texts in fingerprints.items() for text in texts for radio in match_wifi_radio(frame, text)
    ]
    cameras = sorted(
        (radio for radio in found if radio.kind in CAMERA_KINDS), key=lambda radio: bool(radio.shared_with)
    )
    others = [radio for radio in found if radio.kind not in CAMERA_KINDS]
    if bool(cameras) is bool(others):
        return None, None
    best = (cameras or others)[0]
    same_maker = vendor is not None and vendor.name in best.vendor.split("; ")
    says = f"It writes its Wi-Fi frames in the way of {clean(best.device)}"
    if others:
        if not same_maker:
            return None, None
        rule, says = "hint.fingerprint_explained", f"{says}, not in that of the same maker's known cameras."
    elif not (same_maker or is_local(address) or (vendor is not None and vendor.tier == "module")):
        rule = "context.fingerprint"
        says += ", but its address is another maker's: the same radio chip is in other things."
    elif best.shared_with:
        rule = "hint.fingerprint_shared"
        says += f"; other things with the same radio chip do too ({clean(best.shared_with)})."
    else:
        rule, says = "hint.fingerprint", f"{says}."
    return weigh(rule, says, reference=best.source, grade=best.grade), best


def judge_local(address: int, *, signature: Signature | None) -> Evidence | None:
    """Return what a made-up address adds to a camera-like network name; alone it is what routers do too."""
    if signature is None or signature.kind not in CAMERA_KINDS | {"lead"} or not is_local(address):
        return None
    return weigh("address.local", "The network's address is made up, not bought from the registry.")


def context(*, frames: int, seconds: float, bytes_up: int, bytes_down: int, network: str | None) -> Evidence:
    """Return how much a thing sends, as evidence of nothing."""
    says = f"Heard {frames:,} {'frame' if frames == 1 else 'frames'} over {seconds:,.0f} s"
    if bytes_up or bytes_down:
        says += f", {_amount(bytes_up)} sent and {_amount(bytes_down)} received"
    if network is not None:
        says += f", on network {network}"
    return weigh("context.radio", says + ".")


def network_title(
    address: int, ssid: str | None, *, signature: Signature | None, vendor: Vendor | None, of_box: int = 1
) -> str:
    """Return the one line about a network, which is one of `of_box` of the same box."""
    called = f"Wi-Fi network “{clean(ssid)}”" if ssid else f"Wi-Fi network without a name ({format_mac(address)})"
    if of_box > 1:
        called += f", one of {of_box} of one box,"
    if signature is not None:
        device = clean(signature.device)
        rule = name_rule(signature)
        if rule == "identity.ssid":
            return f"{called} names itself as a camera: {device}"
        if rule == "hint.ssid_lead":
            return f"{called} has a name like a camera's"
        return f"{called}: {device}"
    return (called + _made_by(vendor)).removesuffix(",")


def station_title(address: int, *, vendor: Vendor | None, wired: bool, radio: Radio | None = None) -> str:
    """Return the one line about a station."""
    called = f"{'Device' if wired else 'Station'} {format_mac(address)}"
    if vendor is not None and radio is not None and radio.kind not in CAMERA_KINDS:
        return f"{called} made by {clean(vendor.name)}: by its radio {clean(radio.device)}"
    if vendor is None:
        return called + (" with a made-up address" if is_local(address) else "")
    return called + _made_by(vendor)


def advice_for(level: Level, *, wired: bool) -> str:
    """Return the next step."""
    if level in (Level.IDENTIFIED, Level.SUSPECT):
        return _ASK if wired else _APPROACH
    return _ASK if level is Level.LOOK else ""


def best_name(names: Sequence[str]) -> str | None:
    """Return the name that says most: the one that weighs most, else the first."""
    if not names:
        return None
    judged = [(judge_name(name)[0], name) for name in names]
    return max(judged, key=lambda pair: pair[0].weight_db if pair[0] else -1.0)[1]


def _made_by(vendor: Vendor | None) -> str:
    if vendor is None:
        return ""
    name = clean(vendor.name)
    if vendor.tier == "camera_narrow":
        return f" made by {name}, a maker of cameras"
    if vendor.tier == "module":
        return f" with a radio by {name}"
    if vendor.wares:
        return f" made by {name}"
    return f" made by {name}, which also makes cameras"


def _amount(count: int) -> str:
    """Bytes in words: decimal units, as providers use them."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"
