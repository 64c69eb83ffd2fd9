"""What else is worth telling about a network or station: context of weight 0, one sentence or two each.

None of it tells a camera from another thing. Empty frames in particular do not: in the development captures a
station with a made-up address, as phones have, kept as even a beat with them as any appliance did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..mac import format_mac
from ..result import Evidence
from ..signatures.match import vendor_of
from ..text import clean
from ..weighing import weigh
from .beacons import decode_ssid
from .beats import Beat
from .networks import Network, NetworkBook

#: Names told of those a station asks for; a phone asks for all that it was ever joined to.
_NAMES_TOLD = 5

#: Gaps needed before a beat is told: fewer are chance.
_FEWEST_GAPS = 20

#: Share of beacons off their beat from which it is told, and the fewest of them. Up to 0.2 % were (5 of 3,012) in
#: the development captures, all of single transmitters.
_ODD_SHARE, _FEWEST_ODD = 0.02, 5

_PROTECTION = {
    "open": "open to everybody",
    "OWE": "open to everybody, encrypted",
    "WEP": "protected by WEP (broken)",
    "WPA": "protected by WPA",
    "WPA2": "protected by WPA2",
    "WPA3": "protected by WPA3",
}


def network_context(network: Network | None, beat: Beat | None) -> Evidence | None:
    """Return channel, protection, make and announcements of a network; None where nothing of it was told."""
    if network is None:
        return None
    parts = []
    if network.channel is not None:
        parts.append(f"on channel {network.channel}")
    if network.security is not None:
        parts.append(_PROTECTION[network.security])
    if network.hidden:
        parts.append("hidden: its name is from those who join it" if network.ssids else "hidden")
    if network.interval_tu:
        parts.append(f"announced every {network.interval_tu * 1.024:,.0f} ms")
    sentences = [f"{', '.join(parts)}."] if parts else []
    sentences += _announcements(beat)
    names = dict.fromkeys(clean(decode_ssid(name)) for name in network.wps_names)
    if names:
        sentences.append(f"Its set-up service calls it “{' '.join(names)}”.")
    makers = {vendor.name for oui in network.vendors if (vendor := vendor_of(oui << 24))}
    if makers:
        sentences.append(f"It sends elements of {', '.join(sorted(map(clean, makers)))}.")
    says = " ".join(sentences)
    return weigh("context.network", says[:1].upper() + says[1:]) if says else None


def _announcements(beat: Beat | None) -> Iterator[str]:
    """What is told of a network's beacons."""
    if beat is None or beat.gaps < _FEWEST_GAPS:
        return
    if beat.lost:
        yield f"Between announcements heard, {beat.lost:,} of {beat.gaps + beat.lost:,} were missed."
    if beat.odd >= _FEWEST_ODD and beat.odd >= _ODD_SHARE * beat.gaps:
        yield f"{beat.odd:,} came off the beat, as when a second transmitter uses the same address."


def box_context(members: Sequence[int], book: NetworkBook) -> Evidence:
    """Return which networks one box sends."""
    told = []
    for bssid in members:
        names = [f"“{clean(decode_ssid(name))}”" for name in book.networks[bssid].ssids]
        told.append(f"{' and '.join(names[:_NAMES_TOLD]) or 'one without a name'} ({format_mac(bssid)})")
    return weigh("context.box", f"One box sends {len(members)} networks: {'; '.join(told)}.")


def station_context(names: Sequence[bytes], beat: Beat | None) -> Evidence | None:
    """Return the networks that a station asks for and how often it says that it sleeps; None where nothing is known.

    Parameters
    ----------
    names
        Of its probe requests.
    beat
        Of its frames without data.
    """
    sentences = []
    if names:
        told = ", ".join(f"“{clean(decode_ssid(name))}”" for name in names[:_NAMES_TOLD])
        more = len(names) - _NAMES_TOLD
        sentences.append(f"It asks for {told}{f' and {more:,} more' if more > 0 else ''}.")
    if beat is not None and beat.gaps >= _FEWEST_GAPS:
        often = f"{beat.gaps + 1:,} times that it sleeps or wakes, typically {beat.median_s:,.2g} s apart"
        sentences.append(f"It told its network {often}.")
    return weigh("context.station", " ".join(sentences)) if sentences else None
