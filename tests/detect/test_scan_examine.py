"""From a list of networks to findings in plain words."""

import json

import pytest

from roomsweep.detect.errors import InputError
from roomsweep.detect.fuse import fuse
from roomsweep.detect.result import FindingKind, Level, SourceState, Tool
from roomsweep.detect.signatures.tables import load_table
from roomsweep.detect.wifi.examine import NOTED_LISTED, RAISED_LISTED
from roomsweep.detect.wifi.judging import CAMERA_KINDS
from roomsweep.detect.wifi.scans.examine import examine_scan

HEAD = "WigleWifi-1.4,x\nMAC,SSID,AuthMode,FirstSeen,Channel,RSSI,Type\n"


def wigle(*rows):
    return (HEAD + "".join(f"{mac},{name},[ESS],2026,6,{dbm},WIFI\n" for mac, name, dbm in rows)).encode()


def examine(data):
    return examine_scan(data if isinstance(data, bytes) else data.encode(), source_id="wifi-scan-1", name="list.txt")


def test_a_camera_in_set_up_is_identified():
    out = examine(wigle(("02:aa:00:00:00:01", "Hotel", -40), ("46:88:44:00:00:01", "GHBB-000001-NRLXW", -60)))
    camera, hotel = out.findings
    assert (camera.level, camera.kind) == (Level.IDENTIFIED, FindingKind.WIFI_NETWORK)
    assert camera.title.startswith("Wi-Fi network “GHBB-000001-NRLXW” names itself as a camera")
    assert (camera.identity.bssid, camera.identity.ssid) == ("46:88:44:00:00:01", "GHBB-000001-NRLXW")
    assert (camera.where.rssi_dbm, camera.identity.randomised_mac) == (-60, True)
    assert {item.rule for item in camera.evidence} == {"identity.ssid", "address.local", "context.radio"}
    assert camera.evidence[-1].says == "Listed on channel 6 at -60 dBm, open."
    assert "signal rises" in camera.advice
    assert (hotel.level, hotel.title, hotel.advice) == (Level.NOTED, "Wi-Fi network “Hotel”", "")
    assert (out.source.kind, out.source.state, out.source.reason) == ("wifi_scan", SourceState.EXAMINED, None)
    assert out.source.facts["networks"] == 2
    assert "joined a network" in out.source.facts["note"]


@pytest.mark.parametrize("row", load_table("ssids").rows, ids=lambda row: row["example"])
def test_levels_follow_the_table_of_names(row):
    """Every name in the table: camera families by their grade, the rest never above `look`."""
    data = json.dumps(
        [{"bssid": "02:aa:00:00:00:01", "frequency_mhz": 2437, "rssi": -50, "ssid": row["example"]}]
    ).encode()
    (finding,) = examine(data).findings
    own = row["kind"] in CAMERA_KINDS and row["grade"] in ("A", "B")
    assert (finding.level is Level.IDENTIFIED) is own
    if not own:
        assert finding.level in (Level.LOOK, Level.NOTED)


def test_a_list_and_a_row_of_it_in_another_list_are_one_finding():
    first = examine(wigle(("46:88:44:00:00:01", "GHBB-000001-NRLXW", -60)))
    text = "BSS 46:88:44:00:00:01(on wlan0)\n\tfreq: 2437\n\tsignal: -40.00 dBm\n\tSSID: GHBB-000001-NRLXW\n"
    second = examine_scan(text.encode(), source_id="wifi-scan-2", name="iw.txt")
    result = fuse([first, second], tool=Tool(name="x", version="1"), started_at="2026-01-01T00:00:00+00:00")
    assert [finding.source_ids for finding in result.findings] == [("wifi-scan-2", "wifi-scan-1")]


def test_signal_in_percent_is_marked():
    out = examine(
        "SSID 1 : Hotel\n    A : B\n    C : WPA2\n    D : CCMP\n    BSSID 1 : 02:aa:00:00:00:01\n         S : 90%\n"
    )
    (finding,) = out.findings
    assert finding.where.rssi_dbm == -55
    assert finding.evidence[-1].says == "Listed with a signal of 90 %, reckoned as -55 dBm, protected with WPA2."
    assert "reckoned" in out.source.facts["signal"]


def test_stations_of_a_list():
    rows = (
        "BSSID, First time seen, Last time seen, x\n"
        "02:AA:00:00:00:01, a, b,  6, 130, WPA2, CCMP, PSK, -61, 5, 3, ip,   5, Hotel, \n"
        "\nStation MAC, First time seen, Last time seen, Power, # packets, BSSID, Probed ESSIDs\n"
        "EC:71:DB:00:00:07, a, b, -50, 120, 02:AA:00:00:00:01,\n"
        "0A:00:00:00:00:08, a, b, -50, 1, 02:AA:00:00:00:01,\n"
        "0A:00:00:00:00:09, a, b, -50, 1, (not associated) ,\n"
        "02:AA:00:00:00:01, a, b, -50, 1, 02:AA:00:00:00:01,\n"
    )
    out = examine(rows)
    stations = {item.identity.mac: item for item in out.findings if item.kind is FindingKind.WIFI_STATION}
    assert set(stations) == {"ec:71:db:00:00:07", "0a:00:00:00:00:08"}
    reolink = stations["ec:71:db:00:00:07"]
    assert (reolink.level, reolink.identity.bssid) == (Level.LOOK, "02:aa:00:00:00:01")
    assert reolink.title == "Station ec:71:db:00:00:07 made by Reolink, a maker of cameras"
    assert reolink.evidence[-1].says == "Listed as a station with 120 frames, on network “Hotel”."
    assert stations["0a:00:00:00:00:08"].evidence[-1].says == "Listed as a station with 1 frame, on network “Hotel”."
    assert out.source.facts["stations"] == 4
    assert "control frames only" in out.source.facts["note"]


def test_names_are_shown_harmless_and_kept_raw():
    name = "GHBB\u202e\x1b[31m<b>"
    data = json.dumps([{"bssid": "02:aa:00:00:00:01", "frequency_mhz": 2437, "rssi": -50, "ssid": name}])
    (finding,) = examine(data).findings
    assert finding.identity.ssid == name
    shown = finding.title + "".join(item.says for item in finding.evidence)
    assert not {"\u202e", "\x1b"} & set(shown)


def test_networks_without_address_or_name_are_listed():
    data = json.dumps(
        {
            "SPAirPortDataType": [
                {
                    "spairport_airport_interfaces": [
                        {
                            "spairport_airport_other_local_wireless_networks": [
                                {"_name": "GHBB-000001-NRLXW", "spairport_network_channel": "6 (2GHz, 20MHz)"},
                                {"_name": "", "spairport_network_channel": "1 (2GHz, 20MHz)"},
                                {"_name": "<redacted>", "spairport_network_channel": "11 (2GHz, 20MHz)"},
                                {"_name": "<redacted>", "spairport_network_channel": "36 (5GHz, 80MHz)"},
                            ]
                        }
                    ]
                }
            ]
        }
    )
    out = examine(data)
    assert [finding.level for finding in out.findings] == [Level.IDENTIFIED, *[Level.NOTED] * 3]
    assert len({finding.id for finding in out.findings}) == 4
    assert [finding.identity.bssid for finding in out.findings] == [None] * 4
    assert "kept back" in out.findings[-1].title
    assert out.source.state is SourceState.PARTIAL
    assert str(out.source.reason).startswith("gives 2 of its 4 networks without their names")


def test_a_list_of_nothing_but_withheld_names_was_not_examined():
    data = (
        '{"SPAirPortDataType": [{"spairport_airport_interfaces": [{"spairport_airport_other_local_wireless_networks": '
        '[{"_name": "<redacted>", "spairport_network_channel": "6"}]}]}]}'
    )
    out = examine(data)
    assert out.source.state is SourceState.NOT_EXAMINED
    assert "location" in str(out.source.reason)


def test_an_empty_list_was_not_examined():
    out = examine(b"[]")
    assert (out.source.state, out.findings) == (SourceState.NOT_EXAMINED, ())
    assert "lists no network at all" in str(out.source.reason)


def test_damage_and_bad_rows_make_it_partial():
    out = examine(wigle(("02:aa:00:00:00:01", "Hotel", -40)) + b"rubbish\n02:aa:00:00:00:02,A,[ES")
    assert out.source.state is SourceState.PARTIAL
    assert out.source.reason == (
        "ends within a row: what stands before was read; has 1 row without sense, which could not be read"
    )


def test_a_flood_is_cut_and_said():
    flood = [
        (f"46:88:44:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}", f"GHBB-{n:06}-NRLXW", -50)
        for n in range(1, RAISED_LISTED + 51)
    ]
    plain = [(f"02:aa:00:00:{n >> 8:02x}:{n & 255:02x}", f"Net {n}", -60) for n in range(1, NOTED_LISTED + 21)]
    out = examine(wigle(*flood, *plain))
    assert len(out.findings) == RAISED_LISTED + NOTED_LISTED
    assert out.source.facts["networks_not_listed"] == 70
    assert (out.source.state, ": 50 are not listed" in str(out.source.reason)) == (SourceState.PARTIAL, True)


def test_no_list_raises_input_error():
    with pytest.raises(InputError):
        examine(b"hello")
