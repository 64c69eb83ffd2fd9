"""Real captures and pictures are not part of the repository; these tests skip where they are absent."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data: ROOMSWEEP_DATA, or `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("ROOMSWEEP_DATA", beside))
    if not (folder / "README.md").is_file():
        pytest.skip(f"the real data are not on this machine (looked in {folder}; set ROOMSWEEP_DATA)")
    return folder
