"""Names and numbers on the air: what is known is found, what is ordinary is not."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.errors import DataError
from roomsweep.detect.result import Grade
from roomsweep.detect.signatures.match import match_ble_company, match_ble_name, match_ble_uuid, match_ssid
from roomsweep.detect.signatures.signature import FLAGS, Patterns, Signature, grade_rank
from roomsweep.detect.signatures.tables import load_table

#: Names of ordinary networks, made up for this test: hotels and houses, routers, printers, phones, cars,
#: things; many chosen because they begin like a camera's name.
ORDINARY = (Path(__file__).parent / "ordinary_ssids.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")


@pytest.mark.parametrize(
    ("ssid", "kind", "grade"),
    [
        ("BHCC-000001-NRLXW", "hidden_cam", Grade.A),
        ("GHBB-123456-BCDFG", "hidden_cam", Grade.A),
        ("G000001NRLXW", "hidden_cam", Grade.A),
        ("F000001NRLXW", "hidden_cam", Grade.C),
        ("DGOA-123456-KLMNP", "hidden_cam", Grade.A),
        ("DGOK-123456-ABCDE", "hidden_cam", Grade.B),
        ("BATD123456KLMNP", "hidden_cam", Grade.B),
        ("ACCQA1B2C3", "hidden_cam", Grade.A),
        ("Nax_0123456789a", "hidden_cam", Grade.A),
        ("CH1D8D8-C3C497C12E2F-62E914", "hidden_cam", Grade.A),
        ("ZIOTA_123456789012", "hidden_cam", Grade.B),
        ("ABC-123456-VWXYZ", "p2p_cam", Grade.B),
        ("Tapo_Cam_1a2B", "consumer_cam", Grade.A),
        ("EZVIZ_ABCDEF", "consumer_cam", Grade.B),
        ("MV12345678", "consumer_cam", Grade.C),
        ("SmartLife-1A2B", "ambiguous", Grade.A),
        ("ARLO_VMB_0123456789", "base_station", Grade.A),
        ("Flock-1A2B3C", "public_cam", Grade.A),
        ("ESP-CAM_MJPEG_3C3C413BDAEC", "dev_board", Grade.A),
        ("VIOFO_A129_1a2b", "dashcam", Grade.C),
        ("V380-1234", "lead", Grade.C),
    ],
)
def test_known_networks_are_found(ssid: str, kind: str, grade: Grade) -> None:
    found = match_ssid(ssid)
    assert found is not None
    assert (found.table, found.kind, found.grade) == ("ssids", kind, grade)
    assert re.fullmatch(found.pattern, ssid, FLAGS)
    assert found.source


@pytest.mark.parametrize(
    "ssid",
    [
        *("bhcc-000001-nrlxw", "BHCC-000001-NRLXW ", " BHCC-000001-NRLXW", "BHCC-000001-NRLXW\n", "BHCC-00001-NRLXW"),
        *("BHCC-000001-NRLX", "xBHCC-000001-NRLXW", "BHCC-٠٠٠٠٠١-NRLXW", "BHCC_000001_NRLXW"),
        *("", "\n", "G000001AIOQA", "G00001NRLXW", "AB-123456-BCDFG", "ABCDEFGH-123456-BCDFG", "ABC-123456-HELIX"),
        *("Tapo_Cam_1A2G", "Tapo_Cam_1A2B3", "MV", "MV1", "CAM", "CAM-", "CAM_", "Flock-1A2B3", "BHCC"),
    ],
)
def test_what_only_looks_like_a_known_network_is_not_found(ssid: str) -> None:
    assert match_ssid(ssid) is None


def test_ordinary_networks_match_nothing() -> None:
    assert len(ORDINARY) == len(set(ORDINARY)) >= 300
    assert {ssid: found for ssid in ORDINARY if (found := match_ssid(ssid))} == {}


def test_ordinary_names_match_no_bluetooth_signature() -> None:
    assert {name: found for name in ORDINARY if (found := match_ble_name(name))} == {}


def test_a_known_prefix_names_the_family_and_both_sources() -> None:
    unknown, known = match_ssid("ABX-123456-VWXYZ"), match_ssid("VSTF-123456-VWXYZ")
    assert unknown is not None
    assert known is not None
    assert "VStarcam" in known.device
    assert "VSTF" in known.device
    assert "VStarcam" not in unknown.device
    assert known.source.startswith(unknown.source)
    assert "pmarrapese" in known.source
    assert known.grade is Grade.B


@pytest.mark.parametrize("row", load_table("p2p_prefixes").rows, ids=lambda row: row["prefix"])
def test_every_known_prefix_is_a_camera_in_its_full_form(row: dict[str, str]) -> None:
    found = match_ssid(f"{row['prefix']}-123456-BCDFG")
    assert found is not None
    assert found.kind == row["kind"]
    assert found.grade in (Grade.A, Grade.B)


@given(prefix=st.from_regex(r"[A-Z]{3,7}", fullmatch=True), serial=st.integers(0, 999_999))
def test_every_device_id_with_ilnk_check_letters_is_a_camera(prefix: str, serial: int) -> None:
    found = match_ssid(f"{prefix}-{serial:06d}-ABCDE")
    assert found is not None
    assert found.kind in ("hidden_cam", "p2p_cam")


def test_the_best_grade_wins_whatever_the_order() -> None:
    def row(grade: Grade) -> Signature:
        return Signature(table="t", pattern="a.*", device="d", kind="k", grade=grade, note="", source="s")

    for grades in ((Grade.C, Grade.A, Grade.B), (Grade.A, Grade.B, Grade.C), (Grade.B, Grade.C, Grade.A)):
        found = Patterns([("a.*", row(grade)) for grade in grades], limit=10).match("abc")
        assert found is not None
        assert found.grade is Grade.A
    assert sorted(Grade, key=grade_rank)[0] is Grade.A


def test_a_pattern_that_does_not_compile_is_named() -> None:
    row = Signature(table="t", pattern="(", device="d", kind="k", grade=Grade.A, note="", source="s")
    with pytest.raises(DataError, match=r"\("):
        Patterns([("(", row)], limit=10)
    assert Patterns([], limit=10).match("anything") is None


def test_matching_agrees_with_trying_each_pattern_in_turn() -> None:
    rows = sorted(load_table("ssids").rows, key=lambda row: grade_rank(Grade(row["grade"])))
    for name in [row["example"] for row in rows] + ORDINARY:
        slow = next((row["pattern"] for row in rows if re.fullmatch(row["pattern"], name, FLAGS)), None)
        fast = match_ssid(name)
        assert (fast.pattern if fast and fast.table == "ssids" else None) == slow, name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("RB Meta 00DG", "wearable_camera"),
        ("Oakley Meta 099H", "wearable_camera"),
        ("FS-BEC46A", "public_cam"),
        ("Penguin-0123456789", "public_cam"),
        ("BodyWorn Remote 12", "body_camera"),
        ("LookCam_1234", "lead"),
    ],
)
def test_known_bluetooth_names_are_found(name: str, kind: str) -> None:
    found = match_ble_name(name)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("name", ["", "RB Meta", "rb meta 00DG", "RB Meta 00DGX", "FS-100", "Penguin-12", "0102000000"])
def test_what_only_looks_like_a_known_bluetooth_name_is_not_found(name: str) -> None:
    assert match_ble_name(name) is None


def test_companies_are_found_by_number() -> None:
    meta = match_ble_company(0x01AB)
    assert meta is not None
    assert meta.kind == "wearable_camera"
    assert meta.grade is Grade.A
    for number in (0x004C, 0x0006, 0xFFFF, -1, 1 << 40):
        assert match_ble_company(number) is None


@pytest.mark.parametrize(
    "uuid", [0xFEA6, "0000fea6-0000-1000-8000-00805f9b34fb", "0000FEA6-0000-1000-8000-00805F9B34FB"]
)
def test_a_short_uuid_is_found_in_every_form(uuid: int | str) -> None:
    found = match_ble_uuid(uuid)
    assert found is not None
    assert found.kind == "action_camera"


def test_a_long_uuid_is_found_whole_only() -> None:
    found = match_ble_uuid("021a9004-0382-4aea-bff4-6b3f1c5adfb4")
    assert found is not None
    assert found.kind == "module_or_platform"
    for uuid in ("1000fea6-0000-1000-8000-00805f9b34fb", "0000fea6-0000-1000-8000-00805f9b34fc", "fea6", "", 0x180F):
        assert match_ble_uuid(uuid) is None


def test_no_refused_kind_ever_comes_back() -> None:
    for number in range(0x10000):
        for found in (match_ble_company(number), match_ble_uuid(number)):
            assert found is None or found.kind not in ("too_broad", "decoy")
