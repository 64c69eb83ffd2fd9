"""Address blocks: the longest prefix wins, and nobody is named for a made-up address."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.errors import DataError
from roomsweep.detect.mac import parse_mac
from roomsweep.detect.signatures.match import vendor_of
from roomsweep.detect.signatures.oui import parse_prefix
from roomsweep.detect.signatures.tables import load_table

TOOL = Path(__file__).resolve().parents[2] / "tools" / "update_oui.py"


@pytest.mark.parametrize(
    ("mac", "name", "tier", "bits"),
    [
        ("ec:71:db:00:00:01", "Reolink", "camera_narrow", 24),
        ("24:0a:c4:ff:ff:ff", "Espressif", "module", 24),
        ("a4:da:22:2f:ff:ff", "Wyze", "camera_broad", 28),
        ("8c:1f:64:0c:1f:ff", "Opal", "camera_narrow", 36),
    ],
)
def test_the_registrant_is_named(mac: str, name: str, tier: str, bits: int) -> None:
    vendor = vendor_of(parse_mac(mac))
    assert vendor is not None
    assert (vendor.name, vendor.tier, vendor.bits) == (name, tier, bits)
    assert "IEEE" in vendor.source


@pytest.mark.parametrize(
    "mac",
    [
        "a4:da:22:1f:ff:ff",  # the neighbour of a 28-bit block
        "a4:da:22:30:00:00",
        "8c:1f:64:0c:20:00",  # the neighbour of a 36-bit block
        "ee:71:db:00:00:01",  # Reolink's block with the local bit set
        "ed:71:db:00:00:01",  # the same with the group bit set
        "3a:35:41:00:00:01",
        "00:1c:2d:00:00:01",  # FlexRadio, which is not XRadio
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
    ],
)
def test_other_addresses_have_no_vendor(mac: str) -> None:
    assert vendor_of(parse_mac(mac)) is None


@given(mac=st.integers(0, (1 << 48) - 1))
def test_local_and_group_addresses_never_have_one(mac: int) -> None:
    assert vendor_of(mac | 1 << 41) is None
    assert vendor_of(mac | 1 << 40) is None


def test_every_block_is_found_from_its_first_to_its_last_address() -> None:
    for row in load_table("oui").rows:
        bits, value = parse_prefix(row["prefix"])
        first = value << (48 - bits)
        for mac in (first, first + (1 << (48 - bits)) - 1):
            vendor = vendor_of(mac)
            assert vendor is not None
            assert vendor.registry_name == row["registry_name"]
            assert vendor.prefix == row["prefix"].lower()


@pytest.mark.parametrize(
    "prefix", ["", "A4", "A4:DA", "A4:DA:22/28", "A4:DA:22:21/28", "A4:DA:22:20/26", "XX:DA:22", "3A:35:41", "01:00:5E"]
)
def test_a_malformed_block_is_refused(prefix: str) -> None:
    with pytest.raises(DataError):
        parse_prefix(prefix)


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_oui", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MANUF = [
    "# a comment",
    "",
    "EC:71:DB         \tReolink     \tReolink Innovation Limited",
    "A4:DA:22:20/28   \tWyzeLabs    \tWyze Labs Inc",
    "3A:35:41         \tReolink     \tReolink Innovation Limited",
    "00:00:01         \tXerox       \tXerox Corporation",
]


def test_the_tool_takes_listed_registrants_only(tool: ModuleType) -> None:
    rows = tool.rows_of(MANUF, {"Reolink Innovation Limited", "Wyze Labs Inc"})
    assert [(row["prefix"], row["source"]) for row in rows] == [
        ("A4:DA:22:20/28", "IEEE MA-M"),
        ("EC:71:DB", "IEEE MA-L"),
    ]
    with pytest.raises(DataError, match="Reolink Innovation Ltd"):
        tool.rows_of(MANUF, {"Reolink Innovation Ltd"})


def test_the_tool_writes_a_table_that_its_card_fits(tmp_path: Path, tool: ModuleType) -> None:
    (tmp_path / "manuf").write_text("\n".join(MANUF), encoding="utf-8")
    (tmp_path / "oui_registrants.csv").write_text("registry_name\nWyze Labs Inc\n", encoding="utf-8")
    command = [sys.executable, str(TOOL), str(tmp_path / "manuf"), "--dated", "2026-10-24", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "1 blocks of 1 registrants" in done.stdout
    from roomsweep.detect.signatures.tables import parse_table

    card = (tmp_path / "oui.toml").read_text(encoding="utf-8")
    table = parse_table("oui", card, (tmp_path / "oui.csv").read_text(encoding="utf-8"))
    assert [row["registry_name"] for row in table.rows] == ["Wyze Labs Inc"]
    assert table.card.max_age_days == 365
