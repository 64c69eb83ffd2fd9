"""Prints how the devices in a capture write their Wi-Fi frames, in the form of the table wifi_fingerprints.

    python tools/wifi_fingerprint.py CAPTURE [ADDRESS ...] [--networks]

One line for each address, sort of frame and fingerprint; behind it what the table knows of it. Without ADDRESS,
all stations are printed, and the networks too with --networks. See docs/add-a-signature.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from roomsweep.detect.errors import InputError
from roomsweep.detect.mac import format_mac, parse_mac
from roomsweep.detect.signatures.match import match_wifi_radio
from roomsweep.detect.text import clean
from roomsweep.detect.wifi.survey import survey_capture


def lines(capture: Path, *, addresses: frozenset[int] = frozenset(), networks: bool = False) -> list[str]:
    """Return the lines for a capture, in order of address.

    Raises
    ------
    InputError
        If the file is not a capture of Wi-Fi.
    """
    with capture.open("rb") as stream:
        survey = survey_capture(stream, name=capture.name)
    wanted = {"probe", "join", "beacon", "answer"} if networks or addresses else {"probe", "join"}
    out = []
    for address, frames in sorted(survey.book.fingerprints.items()):
        if addresses and address not in addresses:
            continue
        for frame, texts in frames.items():
            for text in texts if frame in wanted else ():
                known = "; ".join(clean(radio.device) for radio in match_wifi_radio(frame, text))
                out.append("\t".join((format_mac(address), frame, text, known)))
    return out


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("capture", type=Path)
    parser.add_argument("address", nargs="*", type=parse_mac, help="hardware address of a station or network")
    parser.add_argument("--networks", action="store_true", help="print beacons and answers of networks too")
    options = parser.parse_args()
    try:
        found = lines(options.capture, addresses=frozenset(options.address), networks=options.networks)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 3
    print("\n".join(found) or "No frame with a fingerprint of such an address is in the capture.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
