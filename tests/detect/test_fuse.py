import itertools
from dataclasses import replace

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomsweep.detect.fuse import ADJACENT, fuse, verdict_of
from roomsweep.detect.mac import format_mac
from roomsweep.detect.result import (
    Evidence,
    Examined,
    Finding,
    FindingKind,
    Grade,
    Identity,
    Level,
    Result,
    Source,
    SourceState,
    Tool,
    Verdict,
    Where,
    result_schema,
)
from roomsweep.detect.weighing import probability_of, weights

STATION, NETWORK, HOST, BLUETOOTH, GLINT = (
    FindingKind.WIFI_STATION,
    FindingKind.WIFI_NETWORK,
    FindingKind.LAN_HOST,
    FindingKind.BLUETOOTH_DEVICE,
    FindingKind.LENS_GLINT,
)
#: A universally administered address, and one that its device made up.
BOUGHT, MADE_UP = 0x10A4BE_00_10_20, 0x12A4BE_00_10_20


def source(source_id: str, state: SourceState = SourceState.EXAMINED, **more: object) -> Source:
    reason = None if state is SourceState.EXAMINED else "ends early"
    return Source(
        **{"id": source_id, "kind": "wifi_capture", "name": "a.pcap", "state": state, "reason": reason, **more}
    )


def line(rule: str, weight_db: float, grade: Grade = Grade.D) -> Evidence:
    return Evidence(rule=rule, grade=grade, weight_db=weight_db, says=f"{rule} was seen", reference="this test")


def device(kind: FindingKind, source_id: str = "s1", **more: object) -> Finding:
    identity = {key: more.pop(key) for key in ("mac", "bssid", "ssid", "ip", "name", "vendor") if key in more}
    for key in ("mac", "bssid"):
        if isinstance(identity.get(key), int):
            identity[key] = format_mac(identity[key])
    return Finding(
        **{
            "id": "x",
            "kind": kind,
            "level": Level.NOTED,
            "title": "A thing",
            "source_ids": (source_id,),
            "identity": Identity(**identity),
            **more,
        }
    )


def fused(*findings: Finding, sources: tuple[Source, ...] | None = None, not_looked_at: tuple[str, ...] = ()) -> Result:
    """One source for each id that the findings name."""
    names = dict.fromkeys(name for finding in findings for name in finding.source_ids)
    examined = [
        Examined(source=source(name), findings=tuple(item for item in findings if item.source_ids[0] == name))
        for name in names
    ]
    examined += [Examined(source=item) for item in sources or ()]
    result = fuse(
        examined,
        tool=Tool(name="roomsweep", version="0"),
        started_at="2026-11-20T12:00:00+01:00",
        not_looked_at=not_looked_at,
    )
    jsonschema.validate(result.to_dict(), result_schema())
    return result


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        ([Level.NOTED, Level.IDENTIFIED, Level.LOOK], Verdict.CAMERA_IDENTIFIED),
        ([Level.SUSPECT, Level.LOOK], Verdict.SUSPECTS_FOUND),
        ([Level.LOOK, Level.NOTED], Verdict.WORTH_A_LOOK),
        ([Level.NOTED], Verdict.NOTHING_FOUND),
        ([], Verdict.NOTHING_FOUND),
    ],
)
def test_the_strongest_level_is_the_verdict(levels: list[Level], verdict: Verdict) -> None:
    findings = [device(GLINT, level=level) for level in levels]
    assert fused(*findings, sources=(source("s2"),)).verdict is verdict


def test_nothing_read_is_not_nothing_found() -> None:
    none = source("s1", SourceState.NOT_EXAMINED)
    assert verdict_of([none, none], []) is Verdict.NOT_EXAMINED
    assert verdict_of([none, source("s2", SourceState.PARTIAL)], []) is Verdict.NOTHING_FOUND
    assert verdict_of([], []) is Verdict.NOT_EXAMINED
    assert fused().verdict is Verdict.NOT_EXAMINED


def test_findings_are_ranked_by_level_then_weight_then_signal_and_numbered() -> None:
    findings = [
        device(GLINT, title="weak look", level=Level.LOOK, evidence=(line("shape.x", 8),)),
        device(STATION, title="far", mac=1 << 8, where=Where(rssi_dbm=-80)),
        device(STATION, title="near", mac=1 << 16, where=Where(rssi_dbm=-40)),
        device(STATION, title="unheard", mac=1 << 24),
        device(GLINT, title="strong look", level=Level.LOOK, evidence=(line("shape.x", 12),)),
        device(NETWORK, title="itself", level=Level.IDENTIFIED, evidence=(line("identity.ssid", 1, Grade.A),)),
    ]
    for order in (findings, findings[::-1], findings[3:] + findings[:3]):
        result = fused(*order)
        expected = ["itself", "strong look", "weak look", "near", "far", "unheard"]
        assert [finding.title for finding in result.findings] == expected
        assert [finding.id for finding in result.findings] == ["F1", "F2", "F3", "F4", "F5", "F6"]


def test_two_sources_of_one_name_are_a_fault() -> None:
    with pytest.raises(ValueError, match="same id"):
        fused(sources=(source("s1"), source("s1")))


def test_one_address_over_two_radios_is_one_thing_and_a_rule_counts_once() -> None:
    wifi = device(
        STATION,
        "wifi-1",
        mac=BOUGHT,
        where=Where(rssi_dbm=-50),
        evidence=(line("vendor.oui_module", 1), line("address.local", 2)),
    )
    blue = device(
        BLUETOOTH,
        "bluetooth-1",
        mac=BOUGHT,
        name="Cam",
        where=Where(zone="shelf"),
        evidence=(line("address.local", 3), line("setup.ble", 2)),
    )
    (one,) = fused(wifi, blue).findings
    assert {item.rule: item.weight_db for item in one.evidence} == {
        "address.local": 3,
        "setup.ble": 2,
        "vendor.oui_module": 1,
    }
    assert [abs(item.weight_db) for item in one.evidence] == [3, 2, 1]
    assert set(one.source_ids) == {"wifi-1", "bluetooth-1"}
    assert one.probability == probability_of(one.evidence, prior="prior.device")
    assert one.level is Level.LOOK  # 6 dB together, none alone
    assert one.identity == Identity(mac=format_mac(BOUGHT), name="Cam")
    assert (one.where.rssi_dbm, one.where.zone) == (-50, "shelf")


def test_where_and_identity_of_the_stronger_lead() -> None:
    strong = device(NETWORK, "wifi-1", bssid=BOUGHT, ssid="CAM-123456", level=Level.LOOK, evidence=(line("hint.x", 9),))
    weak = device(BLUETOOTH, "bluetooth-1", mac=BOUGHT, vendor="Maker", where=Where(rssi_dbm=-70))
    for order in ((strong, weak), (weak, strong)):
        (one,) = fused(*order).findings
        assert one.kind is NETWORK
        assert one.source_ids == ("wifi-1", "bluetooth-1")
        assert one.identity == Identity(
            bssid=format_mac(BOUGHT), ssid="CAM-123456", mac=format_mac(BOUGHT), vendor="Maker"
        )
        assert one.where.rssi_dbm == -70


def test_the_maker_of_one_box_is_one_fact() -> None:
    wifi = device(STATION, "wifi-1", mac=BOUGHT, evidence=(line("vendor.oui_camera_narrow", 10),))
    blue = device(
        BLUETOOTH,
        "b-1",
        mac=BOUGHT,
        evidence=(line("vendor.ble_company", 6), line("vendor.ble_uuid", 5), line("setup.ble", 2)),
    )
    (one,) = fused(wifi, blue).findings
    assert [item.rule for item in one.evidence] == ["vendor.oui_camera_narrow", "setup.ble"]
    assert one.weight_db == 12
    assert one.level is Level.LOOK


def test_joining_never_lowers_a_level() -> None:
    suspect = device(STATION, "wifi-1", mac=BOUGHT, level=Level.SUSPECT, evidence=(line("behaviour.uplink", 12),))
    against = device(BLUETOOTH, "b-1", mac=BOUGHT, evidence=(line("context.ble_shared", -9),))
    (one,) = fused(suspect, against).findings
    assert one.level is Level.SUSPECT


def test_hints_together_are_still_no_suspect() -> None:
    hints = [
        device(kind, f"s{kind}", mac=BOUGHT, evidence=(line(f"hint.{kind}", 9),))
        for kind in (STATION, BLUETOOTH, NETWORK)
    ]
    (one,) = fused(*hints).findings
    assert one.weight_db > weights()["policy.suspect_db"].weight_db
    assert one.level is Level.LOOK


@pytest.mark.parametrize("step", [*range(1, ADJACENT + 1), *range(-ADJACENT, 0)])
def test_the_next_address_on_another_radio_is_the_same_box(step: int) -> None:
    pair = (device(NETWORK, "w", bssid=BOUGHT), device(BLUETOOTH, "b", mac=BOUGHT + step))
    for order in (pair, pair[::-1]):
        assert len(fused(*order).findings) == 1


@pytest.mark.parametrize(
    "others",
    [
        pytest.param((device(NETWORK, "w", bssid=BOUGHT), device(NETWORK, "w", bssid=BOUGHT + 1)), id="same radio"),
        pytest.param(
            (device(NETWORK, "w", bssid=BOUGHT), device(BLUETOOTH, "b", mac=BOUGHT + ADJACENT + 1)), id="too far"
        ),
        pytest.param((device(NETWORK, "w", bssid=MADE_UP), device(BLUETOOTH, "b", mac=MADE_UP + 1)), id="made up"),
    ],
)
def test_other_neighbours_stay_apart(others: tuple[Finding, Finding]) -> None:
    for order in (others, others[::-1]):
        assert len(fused(*order).findings) == 2


def test_a_random_bluetooth_address_has_no_neighbours() -> None:
    station = device(STATION, "wifi-1", mac=BOUGHT)
    random = device(BLUETOOTH, "bluetooth-1", mac=BOUGHT + 1)
    random = replace(random, identity=replace(random.identity, randomised_mac=True))
    result = fuse(
        [
            Examined(source=source("wifi-1"), findings=(station,)),
            Examined(source=source("bluetooth-1"), findings=(random,)),
        ],
        tool=Tool(name="roomsweep", version="0"),
        started_at="2026-11-20T10:00:00+00:00",
    )
    assert len(result.findings) == 2


def test_a_made_up_address_seen_twice_is_one_thing() -> None:
    assert len(fused(device(NETWORK, "w", bssid=MADE_UP), device(STATION, "v", mac=MADE_UP)).findings) == 1


def test_two_access_points_of_one_name_stay_two() -> None:
    name = "Hotel-Guest-2024"
    points = [device(NETWORK, "w", bssid=BOUGHT + 64 * number, ssid=name) for number in range(3)]
    assert len(fused(*points).findings) == 3
    elsewhere = device(BLUETOOTH, "b", mac=MADE_UP, name=name)
    assert len(fused(*points, elsewhere).findings) == 3  # it is one of them; which one cannot be told


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ("GHBB-000001-NRLXW", "ghbb-000001-nrlxw", 1),
        ("IPC-7", "IPC-7", 2),
        ("Living Room TV", "Living Room TV", 2),
        ("IPCAM-1234", "IPCAM-1235", 2),
    ],
)
def test_a_name_with_a_number_joins_radios_and_a_common_one_does_not(first: str, second: str, count: int) -> None:
    pair = (device(NETWORK, "w", bssid=MADE_UP, ssid=first), device(BLUETOOTH, "b", mac=BOUGHT, name=second))
    assert len(fused(*pair).findings) == count


def test_one_ip_address_is_one_host() -> None:
    assert len(fused(device(HOST, "l", ip="10.0.0.7"), device(STATION, "w", mac=BOUGHT, ip="10.0.0.7")).findings) == 1
    assert len(fused(device(HOST, "l", ip="10.0.0.7"), device(HOST, "l", ip="10.0.0.8")).findings) == 2


def test_devices_without_any_name_stay_apart() -> None:
    assert len(fused(device(BLUETOOTH), device(BLUETOOTH), device(STATION)).findings) == 3


def test_glints_are_never_joined() -> None:
    where = Where(x_px=10, y_px=10, radius_px=2)
    same = Identity(mac=format_mac(BOUGHT), name="CAM-123456")
    glints = [device(GLINT, name, where=where, identity=same) for name in ("p1", "p1", "p2")]
    assert len(fused(*glints, device(STATION, "w", mac=BOUGHT)).findings) == 4


def test_what_was_not_examined_whole_is_among_the_limits() -> None:
    result = fused(
        sources=(
            source("s1", SourceState.NOT_EXAMINED, name="a\x1b[31m\u202e.pcap", kind="wifi_capture"),
            source("s2", SourceState.PARTIAL, name="b.jpg", kind="photo"),
            source("s3", name="fine.jpg"),
        ),
        not_looked_at=("Behind the mirror.",),
    )
    assert len(result.limits) == 3
    assert "\\x1b[31m\\u202e.pcap" in result.limits[0]
    assert "not examined" in result.limits[0].lower()
    assert "ends early" in result.limits[0]
    assert "b.jpg" in result.limits[1]
    assert "in part" in result.limits[1].lower()
    assert result.limits[2] == "Behind the mirror."
    assert not any("fine.jpg" in limit for limit in result.limits)


def test_limits_are_never_empty() -> None:
    assert len(fused(sources=(source("s1"),)).limits) == 1
    assert fused(sources=(source("s1"),), not_looked_at=("Behind.",)).limits == ("Behind.",)


addresses = st.sampled_from([BOUGHT, BOUGHT + 1, BOUGHT + 2, BOUGHT + 200, MADE_UP, MADE_UP + 1, None])
names = st.sampled_from(["GHBB-000001-NRLXW", "Guest", None])
findings_of_any_kind = st.builds(
    lambda kind, source_id, mac, name, level, weight_db: device(
        kind,
        source_id,
        level=level,
        evidence=(line("context.x", weight_db),),
        **({} if mac is None else {"mac": mac}),
        **({} if name is None else {"name": name}),
    ),
    st.sampled_from(FindingKind),
    st.sampled_from(["a", "b"]),
    addresses,
    names,
    st.sampled_from(Level),
    st.floats(-5, 5).map(lambda value: round(value, 1)),
)


@given(st.lists(findings_of_any_kind, max_size=8))
def test_nothing_is_lost_and_no_level_sinks(findings: list[Finding]) -> None:
    result = fused(*findings)
    assert len(result.findings) <= len(findings)
    assert bool(result.findings) == bool(findings)
    assert {name for finding in result.findings for name in finding.source_ids} == {
        name for finding in findings for name in finding.source_ids
    }
    ranks = [finding.level.rank for finding in result.findings]
    assert ranks == sorted(ranks)
    assert min(ranks, default=9) == min((finding.level.rank for finding in findings), default=9)
    assert sum(finding.kind is GLINT for finding in findings) == sum(item.kind is GLINT for item in result.findings)
    bought = {item.identity.mac for item in findings if item.kind is not GLINT and item.identity.mac}
    kept = [item.identity.mac for item in result.findings if item.kind is not GLINT and item.identity.mac]
    assert set(kept) <= bought
    for first, second in itertools.combinations(kept, 2):
        assert first != second


def test_a_finding_that_bridges_two_joins_all_three() -> None:
    """One capture knows the address, another the IP address, a third both: they are one device."""
    (joined,) = fused(
        device(STATION, mac=BOUGHT), device(HOST, ip="192.0.2.7"), device(HOST, mac=BOUGHT, ip="192.0.2.7")
    ).findings
    assert joined.identity.ip == "192.0.2.7"
    assert joined.identity.mac == format_mac(BOUGHT)


def test_stations_of_one_network_stay_apart() -> None:
    network = 0x10A4BE_77_00_00
    stations = [device(STATION, mac=BOUGHT + 64 * number, bssid=network) for number in range(3)]
    assert len(fused(*stations, device(NETWORK, bssid=network)).findings) == 4


def test_a_host_a_station_and_an_advertiser_of_one_box_are_one_finding_and_each_fact_counts_once() -> None:
    lan = device(
        HOST,
        "lan",
        mac=BOUGHT,
        ip="192.168.1.64",
        level=Level.IDENTIFIED,
        evidence=(line("identity.lan_answer", 27, Grade.A), line("vendor.oui_camera_narrow", 10)),
    )
    station = device(STATION, "wifi", mac=BOUGHT, level=Level.LOOK, evidence=(line("vendor.oui_camera_narrow", 10),))
    advert = device(BLUETOOTH, "ble", mac=BOUGHT + 2, evidence=(line("vendor.ble_address", 6), line("setup.ble", 2)))
    for order in itertools.permutations((lan, station, advert)):
        (finding,) = fused(*order).findings
        assert finding.kind is HOST
        assert finding.level is Level.IDENTIFIED
        assert {item.rule: item.weight_db for item in finding.evidence} == {
            "identity.lan_answer": 27,
            "vendor.oui_camera_narrow": 10,
            "setup.ble": 2,
        }
        assert finding.identity.ip == "192.168.1.64"
        assert set(finding.source_ids) == {"lan", "wifi", "ble"}


def test_what_the_user_calls_theirs_stays_noted_whatever_other_radios_show() -> None:
    mine = device(HOST, "lan", mac=BOUGHT, title="Your own device", evidence=(line("context.lan_mine", -10),))
    camera = device(STATION, "wifi", mac=BOUGHT, level=Level.IDENTIFIED, evidence=(line("identity.ssid", 27, Grade.A),))
    for order in ((mine, camera), (camera, mine)):
        (finding,) = fused(*order).findings
        assert (finding.level, finding.title, finding.probability) == (Level.NOTED, "Your own device", None)


@pytest.mark.parametrize("rule", ["context.lan_gateway", "context.lan_other"])
def test_what_a_host_says_it_is_takes_a_look_back_but_not_more(rule: str) -> None:
    host = device(HOST, "lan", mac=BOUGHT, title="Printer", evidence=(line(rule, -8),))
    maker = device(STATION, "wifi", mac=BOUGHT, level=Level.LOOK, evidence=(line("vendor.oui_camera_broad", 6),))
    streams = device(
        STATION,
        "wifi",
        mac=BOUGHT,
        level=Level.SUSPECT,
        evidence=(line("behaviour.steady_uplink", 12), line("vendor.oui_camera_broad", 6)),
    )
    (finding,) = fused(maker, host).findings
    assert (finding.level, finding.title) == (Level.NOTED, "Printer")
    assert fused(streams, host).findings[0].level is Level.SUSPECT


def test_a_name_that_two_radios_tell_is_one_fact_and_separators_do_not_count() -> None:
    lan = device(HOST, "lan", name="ACCQ-123456-ABCDE", ip="10.0.0.2", evidence=(line("hint.lan_name", 8),))
    network = device(
        NETWORK,
        "wifi",
        ssid="ACCQ123456ABCDE",
        level=Level.IDENTIFIED,
        evidence=(line("identity.ssid", 27, Grade.A),),
    )
    for order in ((lan, network), (network, lan)):
        (finding,) = fused(*order).findings
        assert [item.rule for item in finding.evidence] == ["identity.ssid"]


def test_a_name_that_holds_the_address_of_another_radio_joins_them_in_any_order() -> None:
    host = device(HOST, "lan", mac=BOUGHT)
    named = device(BLUETOOTH, "ble", name=f"axis-{BOUGHT:012x}")
    stranger = device(BLUETOOTH, "ble", name=f"axis-{BOUGHT + 0x1000:012x}")
    for order in ((host, named), (named, host)):
        assert len(fused(*order).findings) == 1
    assert len(fused(host, stranger).findings) == 2
