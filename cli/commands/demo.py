"""``roomsweep demo``: makes a small synthetic room and sweeps it like a real one."""

from __future__ import annotations

from pathlib import Path

from ..ending import Ending
from .sweep import Inputs
from .sweep import run as sweep

#: Seed of the room that is shown: a lens, a bolt, a lamp and foil in one picture (calibration/scenes.py).
SEED = 8


def run(ending: Ending, *, folder: Path) -> int:
    """Write the synthetic inputs below `folder`, sweep them, and return the exit status."""
    from ...calibration.airwaves import synthetic_bluetooth, synthetic_wifi
    from ...calibration.scenes import synthetic_pair
    from ...detect.errors import UnavailableError
    from ..report.crops import jpeg

    inputs = folder / "synthetic-inputs"
    pair = synthetic_pair(seed=SEED)
    files = {
        "synthetic-torch-on.jpg": jpeg(pair.on, quality=92),
        "synthetic-torch-off.jpg": jpeg(pair.off, quality=92),
        "synthetic-wifi.pcap": synthetic_wifi(seed=SEED).data,
        "synthetic-bluetooth.btsnoop": synthetic_bluetooth(seed=SEED).data,
    }
    try:
        inputs.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (inputs / name).write_bytes(data)
    except OSError as error:
        raise UnavailableError(
            f"The demonstration could not be written to {folder}: {error.strerror or error}",
            "Name another folder with --out.",
        ) from error
    on, off, wifi, bluetooth = (inputs / name for name in files)
    return sweep(Inputs(pairs=[(on, off)], wifi=[wifi], bluetooth=[bluetooth]), ending, synthetic=True)
