"""What lists have in common: telling their form, encodings, bounds, and what is refused with which words."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roomsweep.detect.errors import InputError
from roomsweep.detect.wifi.scans import listed, reading
from roomsweep.detect.wifi.scans.listed import NAME_CHARACTERS, ScanList
from roomsweep.detect.wifi.scans.measures import (
    channel_of,
    frequency_of,
    network_manager_dbm,
    security_of,
    windows_dbm,
)
from roomsweep.detect.wifi.scans.reading import FORMS, read_scan

#: The shortest list of each form, as it begins; what a fuzzer changes.
SEEDS = {
    "iw": b"BSS 02:aa:00:00:00:01(on wlan0)\n\tfreq: 2437\n\tsignal: -41.00 dBm\n\tSSID: Hotel \\x41\n"
    b"\tRSN:\t * V: 1\n",
    "nmcli (terse)": rb"*:02\:AA\:00\:00\:00\:01:Hotel:Infra:6:130 Mbit/s:84:bars:WPA2" + b"\n",
    "nmcli": b"IN-USE  BSSID              SSID   CHAN  SIGNAL  SECURITY\n"
    b"        02:AA:00:00:00:01  Hotel  6     84      WPA2\n",
    "netsh": b"SSID 1 : Hotel\n    A : B\n    C : WPA2\n    D : CCMP\n    BSSID 1 : 02:aa:00:00:00:01\n"
    b"         S : 90%\n         C : 6\n",
    "airport": b"                            SSID BSSID             RSSI CHANNEL HT CC SECURITY (auth/unicast/group)\n"
    b"                           Hotel 02:aa:00:00:00:01 -55  36      Y  DE WPA2(PSK/AES/AES)\n",
    "system_profiler": b'{"SPAirPortDataType": [{"spairport_airport_interfaces": [{"_name": "en0", '
    b'"spairport_airport_other_local_wireless_networks": [{"_name": "Hotel", "spairport_network_channel": "6", '
    b'"spairport_signal_noise": "-55 dBm / -92 dBm"}]}]}]}',
    "termux-wifi-scaninfo": b'[{"bssid": "02:aa:00:00:00:01", "frequency_mhz": 2437, "rssi": -50, "ssid": "Hotel"}]',
    "airodump-ng": b"BSSID, First time seen, Last time seen, channel, Speed, Privacy, Cipher, Authentication, Power, "
    b"# beacons, # IV, LAN IP, ID-length, ESSID, Key\n02:AA:00:00:00:01, a, b,  6, 130, WPA2, CCMP, PSK, -61, 5, 3, "
    b"0. 0. 0. 0,   5, Hotel, \n\n"
    b"Station MAC, First time seen, Last time seen, Power, # packets, BSSID, Probed ESSIDs\n"
    b"EC:71:DB:00:00:07, a, b, -50, 120, 02:AA:00:00:00:01,Home\\, x\n",
    "airodump-ng log": b"LocalTime, GPSTime, ESSID, BSSID, Power, Security, Latitude, Longitude, E, F, Type\n"
    b"a,b,Hotel,02:AA:00:00:00:01,-61, WPA2 ,0,0,0,0,AP\n",
    "Kismet CSV": b"Network;NetType;ESSID;BSSID;Info;Channel;Cloaked;Encryption;\n"
    b"1;infrastructure;Hotel;02:AA:00:00:00:01;;6;No;WPA2;\n",
    "Kismet netxml": b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<detection-run>'
    b'<wireless-network type="infrastructure">'
    b"<SSID><essid>Hotel</essid></SSID><BSSID>02:AA:00:00:00:01</BSSID><channel>6</channel><snr-info><last_signal_dbm>"
    b"-60</last_signal_dbm></snr-info></wireless-network></detection-run>\n",
    "WiGLE CSV": b"WigleWifi-1.4,x\nMAC,SSID,AuthMode,FirstSeen,Channel,RSSI,Type\n"
    b"02:aa:00:00:00:01,Hotel,[ESS],2026,6,-50,WIFI\n",
}


def test_there_is_a_seed_of_every_form():
    assert set(SEEDS) == {form.name for form in FORMS}


@pytest.mark.parametrize("form", SEEDS)
def test_the_form_is_told_by_the_content(form):
    out = read_scan(SEEDS[form], name="x.dat")
    assert (out.form, out.damage) == (form, None)
    assert [network.ssids[0].split()[0] for network in out.networks] == ["Hotel"]


@pytest.mark.parametrize("form", SEEDS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_form_is_read_in_unicode(form, encoding):
    out = read_scan(SEEDS[form].decode().encode(encoding), name="x")
    assert (out.form, out.networks) == (form, read_scan(SEEDS[form], name="x").networks)


@pytest.mark.parametrize("form", [form for form in SEEDS if form != "Kismet netxml"])
def test_every_form_is_read_with_windows_line_ends(form):
    out = read_scan(SEEDS[form].replace(b"\n", b"\r\n"), name="x")
    assert (out.form, out.networks) == (form, read_scan(SEEDS[form], name="x").networks)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", r"x.txt is empty \(0 bytes\)"),
        (b" \n\t\n", "is empty"),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "is a capture, not a list of networks. Give it with --wifi"),
        (b"\x0a\x0d\x0d\x0a" + bytes(20), "is a capture"),
        (b"btsnoop\0" + bytes(20), "is a capture"),
        (b"\x1f\x8b\x08" + bytes(20), "is compressed"),
        (b"SQLite format 3\0" + bytes(20), "kismetdb_to_wiglecsv"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "is not a list of networks of a form that is known here"),
        (b'{"API_ERROR": "Location needs to be enabled\\u001b[2J"}', r"an error of Termux:API: Location needs .*x1b"),
        (b"\nInterface name : Wi-Fi\nThe interface is powered down.\n", "the program says: The interface is powered"),
        (b"Wi-Fi:\n\n      Software Versions:\n          AirPort Utility: 6\n", "report of system_profiler in words"),
        (b"root:x:0:0:root:/root:/bin/sh\nwho:x:1000:1000::/:/bin/sh\n", "is not a list"),
        (b"a,b,c\n1,2,3\n", "is not a list"),
        (b"{}", "is not a list"),
        (b"? (192.0.2.1) at 00:50:56:c0:00:08 on en0\n? (192.0.2.2) at 00:50:56:c0:00:09 on en0\n", "is not a list"),
        (b"volume: 40\n", "is not a list"),
        (b"null", "is not a list"),
    ],
)
def test_what_is_no_list_is_refused_in_one_sentence(data, words):
    with pytest.raises(InputError, match=words) as refused:
        read_scan(data, name="x.txt")
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_an_empty_list_is_a_list():
    assert read_scan(b"[]", name="x").networks == ()
    assert read_scan(b'{"SPAirPortDataType": [{"spairport_airport_interfaces": []}]}', name="x").networks == ()


def test_rows_of_one_address_are_one_network():
    rows = b"".join(
        b"02:aa:00:00:00:01,%s,%s,2026,6,%d,WIFI\n" % row
        for row in ((b"A", b"[ESS]", -70), (b"", b"[WPA2]", -50), (b"B", b"", -90), (b"A", b"[WEP]", 0))
    )
    (network,) = read_scan(SEEDS["WiGLE CSV"][: SEEDS["WiGLE CSV"].rindex(b"02:aa")] + rows, name="x").networks
    assert (network.ssids, network.signal_dbm, network.security) == (("A", "B"), -50.0, "WPA2")


def test_groups_and_nothing_are_no_networks():
    head = SEEDS["WiGLE CSV"][: SEEDS["WiGLE CSV"].rindex(b"02:aa")]
    out = read_scan(head + b"ff:ff:ff:ff:ff:ff,A,,2026,6,-50,WIFI\n00:00:00:00:00:00,A,,2026,6,-50,WIFI\n", name="x")
    assert (out.networks, out.unreadable) == ((), 2)


def test_impossible_signals_are_left_out():
    head = SEEDS["WiGLE CSV"][: SEEDS["WiGLE CSV"].rindex(b"02:aa")]
    for told in (b"0", b"5", b"-1", b"-200", b"nan", b"1e999", b"-inf", b"9" * 500):
        (network,) = read_scan(head + b"02:aa:00:00:00:01,A,,2026,6," + told + b",WIFI\n", name="x").networks
        assert network.signal_dbm is None, told


def test_long_names_are_cut():
    head = SEEDS["WiGLE CSV"][: SEEDS["WiGLE CSV"].rindex(b"02:aa")]
    (network,) = read_scan(head + b"02:aa:00:00:00:01," + b"A" * 3000 + b",,2026,6,-50,WIFI\n", name="x").networks
    assert network.ssids == ("A" * NAME_CHARACTERS,)


def test_halves_of_characters_do_not_pass():
    data = SEEDS["termux-wifi-scaninfo"].replace(b"Hotel", b"\\ud800Hotel")
    (network,) = read_scan(data, name="x").networks
    assert network.ssids == ("?Hotel",)
    assert json.dumps(network.ssids[0].encode().decode())


def test_more_entries_than_any_place_has_are_counted(monkeypatch):
    monkeypatch.setattr(listed, "MAX_NETWORKS", 10)
    monkeypatch.setattr(listed, "MAX_STATIONS", 4)
    monkeypatch.setattr(listed, "MAX_NAMES", 3)
    head, _, station_head = SEEDS["airodump-ng"].partition(b"02:AA")[0], b"", b"\nStation MAC, First time seen, x\n"
    rows = b"".join(
        b"02:AA:00:00:00:%02X, a, b, 6, 1, OPN, , , -61, 5, 3, ip, 2, %02d, \n" % (n % 15 + 1, n) for n in range(90)
    )
    stations = b"".join(b"EC:71:DB:00:00:%02X, a, b, -50, 1, (not associated) ,\n" % n for n in range(6))
    out = read_scan(head + rows + station_head + stations, name="x")
    assert (len(out.networks), len(out.stations)) == (10, 4)
    assert max(len(network.ssids) for network in out.networks) == 3
    assert out.refused >= 5 * 6 + 2


def test_a_giant_file_is_read_to_a_bound(monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 1 << 20)
    head = SEEDS["WiGLE CSV"]
    row = b"02:aa:00:00:%02x:%02x,Hotel,[ESS],2026,6,-50,WIFI\n"
    data = head + b"".join(row % (n >> 8 & 255, n & 255) for n in range(40_000))
    assert len(data) > 1 << 20
    out = read_scan(data, name="x")
    assert str(out.damage).startswith("is larger than 1 MiB")
    assert 20_000 < len(out.networks) < 40_000
    assert out.unreadable == 0


@pytest.mark.parametrize("form", SEEDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_hostile_bytes_give_a_list_or_one_sentence(form, data):
    """Cut, doubled, overwritten and inserted pieces of a true list: never another error, never a wrong type."""
    seed = bytearray(SEEDS[form])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(seed)))
        kind = data.draw(st.sampled_from(("cut", "double", "overwrite", "insert")))
        if kind == "cut":
            del seed[at : at + data.draw(st.integers(1, 40))]
        elif kind == "double":
            seed[at:at] = seed[at : at + data.draw(st.integers(1, 60))]
        else:
            piece = data.draw(st.one_of(st.binary(max_size=12), st.sampled_from(HOSTILE)))
            seed[at : at + (len(piece) if kind == "overwrite" else 0)] = piece
    assert_read(bytes(seed))


HOSTILE = [
    piece.encode()
    for piece in (
        ",", ";", '"', "\\", "\\x", "\\x4", "\n", "\r\n", "\0", "&#x0;", "&#xD800;", "<!DOCTYPE a [", "]]>",
        "<![CDATA[",
        "{", "[", "}", ":", "-", "99999999999999999999", "1e400", "NaN", "\u202e", "\x1b[2J", "SSID 1 : ", "BSSID 1 : ",
        "BSS 02:aa:00:00:00:09(on w)", "%", "null", "true", '"_name"', "Station MAC, First time seen,",
    )
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_anything_gives_a_list_or_one_sentence(data):
    assert_read(data)


def assert_read(data):
    try:
        out = read_scan(data, name="x")
    except InputError:
        return
    assert isinstance(out, ScanList)
    for network in out.networks:
        assert network.bssid is None or 0 < network.bssid < 1 << 48
        assert network.signal_dbm is None or -120 <= network.signal_dbm < -1
        assert all(isinstance(name, str) and name.encode() for name in network.ssids)
        assert network.hidden == (not network.ssids and not network.withheld)
    for station in out.stations:
        assert 0 < station.mac < 1 << 48
    # A second reading gives the same: nothing is kept between lists.
    assert read_scan(data, name="x") == out


#: Pieces that make a reader with a careless pattern slow, repeated to the size given.
SLOW = {
    "iw": b"BSS 02:aa:00:00:00:01(on wlan0)\n" + b" " * 4000 + b"SSID" + b"\\x" * 2000 + b"\n",
    "nmcli (terse)": rb"*:02\:AA\:00\:00\:00\:01:" + b"\\:" * 2000 + b":Infra:6:130 Mbit/s:84:bars:WPA2\n",
    "nmcli": b"  " * 2000 + b"02:AA:00:00:00:01" + b"  \xe6\x97\x85" * 500 + b"\n",
    "netsh": b"SSID 1 : x\n" + b" " * 4000 + b"1 : 02:aa\nBSSID " + b"1" * 4000 + b" : x\n",
    "airport": b" 02:aa:00:00:00:01 -55 " * 180 + b"\n",
    "system_profiler": b', {"_name": "' + b"{" * 3000 + b'"}',
    "termux-wifi-scaninfo": b'{"bssid": {"a": [' * 200,
    "airodump-ng": b"02:AA:00:00:00:01, a, b, 6, 1, O, , , -1, 5, 3, ip, 255, " + b"\\\\," * 1000 + b"\n",
    "airodump-ng log": b"a,b," + b"\\x4" * 1200 + b",\n",
    "Kismet CSV": b"1;i;" + b";" * 4000 + b"\n",
    "Kismet netxml": b"<wireless-network><SSID>" + b"<essid>&#65;</essid>" * 200,
    "WiGLE CSV": b'02:aa:00:00:00:01,"' + b'""' * 2000 + b"\n",
}


@pytest.mark.parametrize("form", SLOW)
def test_hostile_lists_of_megabytes_come_to_an_end(form):
    """A reader whose time grows faster than the list would not: seconds become hours."""
    data = SEEDS[form].removesuffix(b"]").removesuffix(b"]}]}]}")
    data += SLOW[form] * ((1 << 20) // len(SLOW[form]))
    out = read_scan(data, name="x")
    assert out.form == form
    assert out.networks[0].ssids


@pytest.mark.parametrize(
    ("mhz", "channel"),
    [
        (2412, 1),
        (2472, 13),
        (2484, 14),
        (5180, 36),
        (5825, 165),
        (5955, 1),
        (7115, 233),
        (5935, 2),
        (2413, None),
        (0, None),
    ],
)
def test_channels(mhz, channel):
    assert channel_of(mhz) == channel


def test_channel_numbers_repeat_between_bands():
    assert [frequency_of(1, band_ghz=band) for band in (2.4, 5.0, 6.0, None, 60.0)] == [2412, 5005, 5955, None, None]
    assert frequency_of(14, band_ghz=2.4) == 2484
    assert frequency_of(99, band_ghz=2.4) is None


def test_signals_in_percent():
    assert [windows_dbm(percent) for percent in (0, 50, 100, 101, -1, None)] == [-100, -75, -50, None, None, None]
    assert [network_manager_dbm(percent) for percent in (30, 100, 101, None)] == [-90, -20, None, None]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("[WPA2-PSK-CCMP][RSN-PSK+SAE-CCMP][ESS]", "WPA3"),
        ("[RSN-OWE-CCMP][ESS]", "OWE"),
        ("WPA2(PSK/AES/AES)", "WPA2"),
        ("WPA1", "WPA"),
        ("WEP", "WEP"),
        ("OPN", "open"),
        ("spairport_security_mode_none", "open"),
        ("", None),
        ("Offen", None),
    ],
)
def test_words_for_protection(words, kind):
    assert security_of(words) == kind


@pytest.mark.parametrize(
    "data",
    [
        rb"*:02\:AA\:00\:00\:00\:01:Hotel:6:84" + b"\n" + rb" :02\:AA\:00\:00\:00\:02:Bar: :--" + b"\n",
    ],
)
def test_what_a_fuzzer_once_found(data):
    assert_read(data)
