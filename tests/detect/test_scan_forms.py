"""Every form of list of networks, by examples written for these tests."""

import pytest

from roomsweep.detect.errors import InputError
from roomsweep.detect.mac import format_mac, parse_mac
from roomsweep.detect.wifi.scans.nmcli import cells_of_terse
from roomsweep.detect.wifi.scans.reading import read_scan

IW = """BSS 02:aa:00:00:00:01(on wlan0) -- associated
\tlast seen: 1234.567s [boottime]
\tTSF: 12 usec (0d, 00:00:00)
\tfreq: 2437.0
\tbeacon interval: 100 TUs
\tcapability: ESS Privacy ShortSlotTime (0x0411)
\tsignal: -41.00 dBm
\tlast seen: 120 ms ago
\tSSID: Caf\\xc3\\xa9\\x20
\tRSN:\t * Version: 1
\t\t * Group cipher: CCMP
\t\t * Authentication suites: PSK SAE
\tWPS:\t * Version: 1.0
\t\t * Device name: Printer \\x1b[2J
\tVendor specific: OUI 00:90:4c, data: 04 18
\tVendor specific: OUI 00:90:4c, data: 05
BSS 46:88:44:00:00:01 (on wlan0)
\tfreq: 5180
\tcapability: ESS (0x0001)
\tsignal: -70.50 dBm
\tSSID: GHBB-000001-NRLXW
BSS 02:aa:00:00:00:03(on wlan0)
\tfreq: 5955
\tcapability: ESS Privacy (0x0011)
\tsignal: 70/100
\tSSID: \\x00\\x00
BSS 02:aa:00:00:00:04(on wlan0)
\tcapability: ESS Privacy (0x0011)
\tSSID: a\\x0aBSS 02:ff:ff:ff:ff:ff(on wlan0)
\tWPA:\t * Version: 1
\tDS Parameter set: channel 11
"""

TERSE = r"""*:02\:AA\:00\:00\:00\:01:Hotel\: lobby \\ bar:Infra:6:130 Mbit/s:84:▂▄▆█:WPA2
 :02\:AA\:00\:00\:00\:02::Infra:36:540 Mbit/s:30:▂___:WPA1 WPA2
 :46\:88\:44\:00\:00\:01:GHBB-000001-NRLXW:Infra:11:65 Mbit/s:66:▂▄▆_:
"""

NETSH = """
Interface name : Wi-Fi
There are 3 networks currently visible.

SSID 1 : Hotel : lobby
    Network type            : Infrastructure
    Authentication          : WPA2-Personal
    Encryption              : CCMP
    BSSID 1                 : 02:aa:00:00:00:01
         Signal             : 90%
         Radio type         : 802.11ax
         Band               : 5 GHz
         Channel            : 36
         Bss Load:
             Connected Stations:         3
             Channel Utilization:        92 (36 %)
         Basic rates (Mbps) : 6 12 24
         Colocated APs:    : 1
            BSSID: 02:cc:00:00:00:03,  Band: 6 GHz,  Channel: 69
    BSSID 2                 : 02:aa:00:00:00:02
         Signal             : 41%
         Radio type         : 802.11n
         Channel            : 1

SSID 2 :
    Network type            : Infrastructure
    Authentication          : WPA3-Personal
    Encryption              : CCMP
    BSSID 1                 : 02:aa:00:00:00:04
         Signal             : 0%
         Radio type         : 802.11n
         Channel            : 13
         Rssi               : -96

SSID 3 : GHBB-000001-NRLXW
    Network type            : Infrastructure
    Authentication          : Open
    Encryption              : None
    BSSID 1                 : 46:88:44:00:00:01
         Signal             : 100%
         Radio type         : 802.11n
         Channel            : 6
"""

AIRPORT = """                            SSID BSSID             RSSI CHANNEL HT CC SECURITY (auth/unicast/group)
                           Hotel 02:aa:00:00:00:01 -55  36      Y  DE WPA2(PSK/AES/AES) \n\
               GHBB-000001-NRLXW 46:88:44:00:00:01 -40  6,+1    Y  -- NONE
 02:bb:00:00:00:09 -10  1  Y  XX 02:aa:00:00:00:02 -70  11      N  US WPA(PSK/TKIP/TKIP)
                                 02:aa:00:00:00:03 -80  1       Y  US RSN(PSK/AES/AES)
"""

PROFILER = """{"SPAirPortDataType": [{"spairport_airport_interfaces": [
 {"_name": "en0",
  "spairport_wireless_mac_address": "02:00:00:00:00:99",
  "spairport_current_network_information": {"_name": "Hotel", "spairport_network_channel": "149 (5GHz, 80MHz)",
     "spairport_security_mode": "pairport_security_mode_wpa3_transition",
     "spairport_signal_noise": "-55 dBm / -92 dBm"},
  "spairport_airport_other_local_wireless_networks": [
    {"_name": "GHBB-000001-NRLXW", "spairport_network_channel": "6 (2GHz, 20MHz)",
     "spairport_security_mode": "spairport_security_mode_none", "spairport_network_bssid": "46:88:44:00:00:01"},
    {"_name": "<redacted>", "spairport_network_channel": 11, "spairport_network_bssid": "<redacted>"}]},
 {"_name": "awdl0", "spairport_current_network_information": {"spairport_network_type": "spairport_network_type_x"}}]}]}
"""

TERMUX = """[
  {"bssid": "02:aa:00:00:00:01", "frequency_mhz": 5240, "rssi": -63, "ssid": "Hotel", "timestamp": 1,
   "channel_bandwidth_mhz": "80", "capabilities": "[WPA2-PSK-CCMP][RSN-PSK+SAE-CCMP][ESS]"},
  {"bssid": "46:88:44:00:00:01", "frequency_mhz": 2412, "rssi": -48, "ssid": "GHBB-000001-NRLXW",
   "capabilities": "[ESS]"}
]
"""

AIRODUMP = (
    "\r\nBSSID, First time seen, Last time seen, channel, Speed, Privacy, Cipher, Authentication, Power, # beacons, "
    "# IV, LAN IP, ID-length, ESSID, Key\r\n"
    "02:AA:00:00:00:01, 2026-01-02 03:04:05, 2026-01-02 03:05:06,  6, 130, WPA2, CCMP, PSK, -61,       52,"
    "        3,   0.  0.  0.  0,  11, Bar, 1. OG , \r\n"
    "46:88:44:00:00:01, 2026-01-02 03:04:05, 2026-01-02 03:05:06,  1,  65, OPN, ,   , -44,       52,"
    "        0,   0.  0.  0.  0,  17, GHBB-000001-NRLXW, \r\n"
    "02:AA:00:00:00:03, 2026-01-02 03:04:05, 2026-01-02 03:05:06, -1,  -1, , ,   ,  -1,        0,"
    "        0,   0.  0.  0.  0,   0, , \r\n"
    "02:AA:00:00:00:04, 2026-01-02 03:04:05, 2026-01-02 03:05:06, 11,  54, WEP , WEP,   , -70,        2,"
    '        0,   0.  0.  0.  0,   8, "\\xC3\\xA9t\\xC3\\xA9\\, \\"", \r\n'
    "\r\n"
    "Station MAC, First time seen, Last time seen, Power, # packets, BSSID, Probed ESSIDs\r\n"
    "EC:71:DB:00:00:07, 2026-01-02 03:04:05, 2026-01-02 03:05:06, -50,      120, 02:AA:00:00:00:01,Home\\, sweet,x\r\n"
    "0A:00:00:00:00:08, 2026-01-02 03:04:05, 2026-01-02 03:05:06,  -1,        1, (not associated) ,\r\n"
    "\r\n"
)

AIRODUMP_LOG = (
    "LocalTime, GPSTime, ESSID, BSSID, Power, Security, Latitude, Longitude, Latitude Error, Longitude Error, Type\n"
    "2026-01-02 03:04:05,1900-01-00 00:00:00,Bar\\, 1. OG,02:AA:00:00:00:01,-61, WPA2 ,0.0,0.0,0.0,0.0,AP\n"
    "2026-01-02 03:04:06,1900-01-00 00:00:00,Bar\\, 1. OG,02:AA:00:00:00:01,-51, WPA2 ,0.0,0.0,0.0,0.0,AP\n"
    "2026-01-02 03:04:07,1900-01-00 00:00:00,,0A:00:00:00:00:08,-70,,0.0,0.0,0.0,0.0,Client\n"
)

KISMET_CSV = (
    "Network;NetType;ESSID;BSSID;Info;Channel;Cloaked;Encryption;Decrypted;MaxRate;MaxSeenRate;Beacon;LLC;Data;Crypt;"
    "Weak;Total;Carrier;Encoding;FirstTime;LastTime;BestQuality;BestSignal;BestNoise;GPSMinLat;GPSMinLon;\n"
    "1;infrastructure;a;b;02:AA:00:00:00:01;;6;No;WPA2,AES-CCM;No;130.0;0;79;0;0;0;0;0;;;First;Last;-86;0;0;0.0;0.0;\n"
    "2;infrastructure;GHBB-000001-NRLXW;46:88:44:00:00:01;;1;No;None;No;65.0;0;7;0;0;0;0;0;;;First;Last;0;-44;0;0.0;0.0;\n"
    "3;probe;;0A:00:00:00:00:08;;0;No;None;No;1.0;0;7;0;0;0;0;0;;;First;Last;-1;0;0;0.0;0.0;\n"
)

NETXML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE detection-run SYSTEM "http://kismetwireless.net/kismet-3.1.0.dtd">
<detection-run kismet-version="x" start-time="Fri Jan  2 03:04:05 2026">
 <wireless-network number="1" type="infrastructure" last-time="Fri Jan  2 03:05:06 2026">
  <SSID><type>Beacon</type><encryption>WPA+PSK</encryption><encryption>WPA+AES-CCM</encryption>
   <essid cloaked="false">Caf&#x00c3;&#x00a9; &amp; Bar</essid></SSID>
  <BSSID>02:AA:00:00:00:01</BSSID><channel>6</channel><freqmhz>2437 79</freqmhz>
  <packets><total>79</total></packets>
  <wireless-client number="1" type="established"><client-mac>EC:71:DB:00:00:07</client-mac>
   <packets><total>120</total></packets><snr-info><last_signal_dbm>-50</last_signal_dbm></snr-info></wireless-client>
  <wireless-client number="2" type="fromds"><client-mac>02:AA:00:00:00:01</client-mac></wireless-client>
  <snr-info><last_signal_dbm>-66</last_signal_dbm><max_signal_dbm>-61</max_signal_dbm></snr-info>
 </wireless-network>
 <wireless-network number="2" type="probe"><BSSID>0A:00:00:00:00:08</BSSID><channel>0</channel>
  <wireless-client number="1"><client-mac>0A:00:00:00:00:08</client-mac><SSID><ssid>Home</ssid></SSID></wireless-client>
 </wireless-network>
</detection-run>
"""

WIGLE = (
    "WigleWifi-1.6,appRelease=1,model=x,release=1,device=x,display=x,board=x,brand=x,star=Sol,body=3,subBody=0\n"
    "MAC,SSID,AuthMode,FirstSeen,Channel,Frequency,RSSI,CurrentLatitude,CurrentLongitude,AltitudeMeters,AccuracyMeters,"
    "RCOIs,MfgrId,Type\n"
    '02:aa:00:00:00:01,"Bar, ""1. OG""",[WPA2-PSK-CCMP][ESS],2026-01-02 03:04:05,36,5180,-61,1.0,2.0,3,4,,,WIFI\n'
    "46:88:44:00:00:01,GHBB-000001-NRLXW,[ESS],2026-01-02 03:04:05,6,2437,-80,1.0,2.0,3,4,,,WIFI\n"
    "46:88:44:00:00:01,GHBB-000001-NRLXW,[ESS],2026-01-02 03:04:09,6,2437,-44,1.0,2.0,3,4,,,WIFI\n"
    "02:bb:00:00:00:01,Speaker,,2026-01-02 03:04:05,0,,-70,1.0,2.0,3,4,,76,BLE\n"
)


def read(text, encoding="utf-8"):
    return read_scan(text.encode(encoding), name="list.txt")


def by_bssid(listing):
    return {format_mac(network.bssid): network for network in listing.networks}


def by_mac(listing):
    return {format_mac(station.mac): station for station in listing.stations}


def told(network):
    return (network.ssids, network.channel, network.frequency_mhz, network.signal_dbm, network.security)


def test_iw():
    out = read(IW)
    first, camera, third, fourth = out.networks
    assert (out.form, out.damage, out.unreadable) == ("iw", None, 0)
    assert told(first) == (("Café ",), 6, 2437, -41.0, "WPA3")
    assert first.vendors == (0x00904C,)
    assert first.device_name == "Printer \x1b[2J"
    assert first.last_seen == "120 ms ago"
    assert told(camera) == (("GHBB-000001-NRLXW",), 36, 5180, -70.5, "open")
    assert told(third) == ((), 1, 5955, None, "WEP")
    assert third.hidden
    assert told(fourth) == (("a\nBSS 02:ff:ff:ff:ff:ff(on wlan0)",), 11, None, None, "WPA")


def test_iw_cut_within_a_network():
    out = read(IW[: IW.index("\tSSID: GHBB")])
    assert len(out.networks) == 2
    assert out.damage is not None
    assert "ends within a network" in out.damage


def test_nmcli_terse():
    out = read(TERSE)
    first, hidden, camera = out.networks
    assert (out.form, out.damage) == ("nmcli (terse)", None)
    assert told(first) == (("Hotel: lobby \\ bar",), 6, None, -36.0, "WPA2")
    assert first.signal_percent == 84
    assert told(hidden) == ((), 36, None, -90.0, "WPA2")
    assert hidden.hidden
    assert told(camera) == (("GHBB-000001-NRLXW",), 11, None, -54.0, "open")


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ("SSID,BSSID,SIGNAL", [r"Hotel:02\:AA\:00\:00\:00\:01:84", r"Bar:02\:AA\:00\:00\:00\:02:30"]),
        ("SIGNAL,SSID,BSSID", [r"84:Hotel:02\:AA\:00\:00\:00\:01", r"30:Bar:02\:AA\:00\:00\:00\:02"]),
        (
            "FREQ,SIGNAL,CHAN,SSID,BSSID",
            [r"2437 MHz:84:6:Hotel:02\:AA\:00\:00\:00\:01", r"5180 MHz:30:36:Bar:02\:AA\:00\:00\:00\:02"],
        ),
        (
            "DEVICE,BSSID,SSID-HEX,SSID,SIGNAL,SECURITY",
            [
                r"wlan0:02\:AA\:00\:00\:00\:01:486F74656C:Hot?l:84:WPA2 WPA3",
                r"wlan0:02\:AA\:00\:00\:00\:02:426172:Bar:30:",
            ],
        ),
        ("BSSID,SSID,SIGNAL, not escaped", ["02:AA:00:00:00:01:Hotel:84", "02:AA:00:00:00:02:Bar:30"]),
    ],
)
def test_nmcli_terse_in_any_order(fields, rows):
    out = read("\n".join(rows) + "\n")
    found = by_bssid(out)
    assert found["02:aa:00:00:00:01"].ssids == ("Hotel",)
    assert found["02:aa:00:00:00:02"].ssids == ("Bar",)
    assert [network.signal_percent for network in out.networks] == [84, 30]
    if "CHAN" in fields:
        assert [told(network)[1:3] for network in out.networks] == [(6, 2437), (36, 5180)]


def test_nmcli_terse_not_escaped_is_refused_where_the_address_cannot_be_told():
    with pytest.raises(InputError, match="not a list of networks"):
        read("84:02:AA:00:00:00:01:Hotel\n30:02:AA:00:00:00:02:Bar\n")


def test_nmcli_terse_without_addresses():
    out = read("Hotel:84\nGHBB-000001-NRLXW:40\n:12\n")
    assert [network.ssids for network in out.networks] == [("Hotel",), ("GHBB-000001-NRLXW",), ()]
    assert [network.bssid for network in out.networks] == [None] * 3


def test_nmcli_terse_cut_within_a_row():
    out = read(TERSE[:-12])
    assert len(out.networks) == 2
    assert out.damage == "ends within a row: what stands before was read"


def test_nmcli_terse_with_a_line_of_something_else():
    out = read("Warning: nmcli and NetworkManager versions differ\n" + TERSE * 3)
    assert (out.form, len(out.networks), out.unreadable) == ("nmcli (terse)", 3, 1)


def test_fields_of_a_terse_line():
    assert cells_of_terse(r"a\:b\\:c::") == ["a:b\\", "c", "", ""]
    assert cells_of_terse("a\\") == ["a"]


@pytest.mark.parametrize(
    "name", ["Hotel lobby", "旅馆大堂", "호텔", "e\u0301te\u0301", "02:AA:00:00:00:09 6 99", "--x"]
)
def test_nmcli_table_is_cut_by_columns_of_the_screen(name):
    width = sum(0 if c == "\u0301" else 2 if ord(c) > 0x2E80 else 1 for c in name)
    size = max(width, 4) + 2
    text = (
        f"IN-USE  BSSID              SSID{' ' * (size - 4)}MODE   CHAN  RATE        SIGNAL  BARS  SECURITY  \n"
        f"\x1b[32m*\x1b[0m       02:AA:00:00:00:01  {name}{' ' * (size - width)}"
        "Infra  11    130 Mbit/s  84      ▂▄▆█  WPA2 802.1X\n"
        f"        02:AA:00:00:00:02  --{' ' * (size - 2)}Infra  36    540 Mbit/s  30      ▂___  --\n"
    )
    out = read(text)
    assert out.form == "nmcli"
    assert told(out.networks[0]) == ((name,), 11, None, -36.0, "WPA2")
    assert told(out.networks[1]) == ((), 36, None, -90.0, "open")


def test_nmcli_table_with_translated_headings():
    out = read(
        "*  SSID   MODUS  KANAL  RATE       SIGNAL  BALKEN  SICHERHEIT\n"
        "*  Hotel  Infra  6      54 Mbit/s  84      ▂▄▆█    WPA2\n"
        "   Bar    Infra  11     54 Mbit/s  30      ▂___    WPA1 WPA2\n"
    )
    assert [told(network) for network in out.networks] == [
        (("Hotel",), 6, None, -36.0, "WPA2"),
        (("Bar",), 11, None, -90.0, "WPA2"),
    ]


def test_netsh():
    out = read(NETSH)
    found = by_bssid(out)
    assert (out.form, out.damage, len(found)) == ("netsh", None, 4)
    first = found["02:aa:00:00:00:01"]
    assert told(first) == (("Hotel : lobby",), 36, 5180, -55.0, "WPA2")
    assert first.signal_percent == 90
    assert told(found["02:aa:00:00:00:02"]) == (("Hotel : lobby",), 1, None, -79.5, "WPA2")
    assert told(found["02:aa:00:00:00:04"]) == ((), 13, None, -96.0, "WPA3")
    assert told(found["46:88:44:00:00:01"]) == (("GHBB-000001-NRLXW",), 6, None, -50.0, "open")


#: Words of ``netsh``: interface, sentence, kind of network, authentication, encryption, open, none, signal, radio,
#: band, channel. What they are in each language is public; the list they make here is written for this test.
LANGUAGES = {
    "German": (
        "Schnittstelle Derzeit Netzwerktyp Authentifizierung Verschlüsselung Offen Keine Signal Funktyp Band Kanal",
        "cp850",
    ),
    "French": (
        "Nom Il_y_a Type_de_réseau Authentification Chiffrement Ouvert Aucun Signal Type_de_radio Bande Canal",
        "cp850",
    ),
    "Spanish": (
        "Nombre Hay Tipo_de_red Autenticación Cifrado Abierta Ninguno Señal Tipo_de_radio Banda Canal",
        "cp850",
    ),
    "Italian": (
        "Nome Sono Tipo_di_rete Autenticazione Crittografia Aperta Nessuna Segnale Tipo_di_radio Banda Canale",
        "cp850",
    ),
    "Portuguese": (
        "Nome Existem Tipo_de_rede Autenticação Criptografia Aberta Nenhuma Sinal Tipo_de_rádio Banda Canal",
        "cp850",
    ),
    "Chinese, simplified": ("接口名称 当前 网络类型 身份验证 加密 开放式 无 信号 无线电类型 波段 频道", "cp936"),
    "Chinese, traditional": ("介面名稱 目前 網路類型 驗證 加密 開放 無 訊號 無線電類型 頻帶 頻道", "cp950"),
    "Japanese": (
        "インターフェイス名 現在 ネットワークの種類 認証 暗号化 オープン なし シグナル 無線タイプ バンド チャネル",
        "cp932",
    ),
    "Korean": ("인터페이스_이름 현재 네트워크_종류 인증 암호화 개방형 없음 신호 송수신_장치_종류 밴드 채널", "cp949"),
    "Russian": (
        "Имя_интерфейса Сейчас Тип_сети Проверка_подлинности Шифрование Открыть Нет Сигнал Тип_радио Диапазон Канал",
        "cp866",
    ),
    "Turkish": ("Arabirim Şu_anda Ağ_türü Kimlik_Doğrulama Şifreleme Aç Yok Sinyal Radyo Bant Kanal", "cp857"),
}


def localised(words, *, name, percent="88%"):
    interface, sentence, kind, who, cipher, anyone, none, signal, radio, band, channel = (
        word.replace("_", " ") for word in words.split()
    )
    return (
        f"\r\n{interface} : Wi-Fi\r\n{sentence} 2.\r\n\r\nSSID 1 : {name}\r\n    {kind:24}: x\r\n    {who:24}: WPA2\r\n"
        f"    {cipher:24}: CCMP\r\n    BSSIDD 1                : 02:aa:00:00:00:01\r\n"
        f"         {signal:19}: {percent}  \r\n"
        f"         {radio:19}: 802.11n\r\n         {band:19}: 2,4 GHz\r\n         {channel:19}: 6 \r\n\r\n"
        f"SSID 2 : GHBB-000001-NRLXW\r\n    {kind:24}: x\r\n    {who:24}: {anyone}\r\n    {cipher:24}: {none}\r\n"
        f"    BSSID 1                 : 46-88-44-00-00-01\r\n         {signal:19}: {percent}\r\n"
        f"         {channel:19}: 11\r\n"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("encoding", ["own", "utf-8", "utf-8-sig", "utf-16"])
def test_netsh_in_other_languages_and_code_pages(language, encoding):
    words, page = LANGUAGES[language]
    name = words.split()[4].replace("_", " ")
    out = read(localised(words, name=name), page if encoding == "own" else encoding)
    first, camera = out.networks
    assert told(first) == ((name,), 6, 2437, -56.0, "WPA2")
    assert told(camera) == (("GHBB-000001-NRLXW",), 11, None, -56.0, "open")
    assert camera.bssid == parse_mac("46:88:44:00:00:01")


@pytest.mark.parametrize("percent", ["88 %", "88\u00a0%", "%88", "88％", "\u200e88%\u200e"])
def test_netsh_signs_of_percent(percent):
    out = read(localised(LANGUAGES["Turkish"][0], name="x", percent=percent))
    assert [network.signal_percent for network in out.networks] == [88, 88]


def test_netsh_without_access_points_lists_names():
    text = "SSID 1 : Hotel\n    A : B\n    C : WPA2\n    D : CCMP\n\nSSID 2 : \n    A : B\n    C : WPA2\n    D : CCMP\n"
    out = read(text)
    assert [(network.bssid, network.ssids, network.security) for network in out.networks] == [
        (None, ("Hotel",), "WPA2"),
        (None, (), "WPA2"),
    ]
    assert out.damage is None


def test_netsh_cut_within_a_network():
    out = read(NETSH[: NETSH.index("         Signal             : 100%")])
    assert len(out.networks) == 4
    assert out.damage == "ends within a network: what stands before was read"


def test_netsh_that_lists_nothing():
    assert read("\nInterface name : Wi-Fi\nThere are 0 networks currently visible.\n\n").networks == ()
    assert read("\nSchnittstellenname : WLAN\nDerzeit sind 0 Netzwerke sichtbar.\n").form == "netsh"


def test_airport():
    out = read(AIRPORT)
    first, camera, forger, hidden = out.networks
    assert (out.form, out.damage, out.unreadable) == ("airport", None, 0)
    assert told(first) == (("Hotel",), 36, None, -55.0, "WPA2")
    assert told(camera) == (("GHBB-000001-NRLXW",), 6, None, -40.0, "open")
    assert forger.bssid == parse_mac("02:aa:00:00:00:02")
    assert told(forger) == (("02:bb:00:00:00:09 -10  1  Y  XX",), 11, None, -70.0, "WPA")
    assert told(hidden) == ((), 1, None, -80.0, "WPA2")


def test_airport_without_addresses_and_cut():
    header, row = AIRPORT.splitlines()[:2]
    out = read(f"{header}\n{row.replace('02:aa:00:00:00:01', ' ' * 17)}\n                Bar -7")
    (network,) = out.networks
    assert (network.bssid, network.ssids, network.signal_dbm) == (None, ("Hotel",), -55.0)
    assert out.damage == "ends within a row: what stands before was read"


def test_system_profiler():
    out = read(PROFILER)
    own, camera, withheld = out.networks
    assert (out.form, out.damage) == ("system_profiler", None)
    assert told(own) == (("Hotel",), 149, 5745, -55.0, "WPA3")
    assert told(camera) == (("GHBB-000001-NRLXW",), 6, 2437, None, "open")
    assert camera.bssid == parse_mac("46:88:44:00:00:01")
    assert (withheld.withheld, withheld.hidden, withheld.ssids, withheld.channel) == (True, False, (), 11)


def test_system_profiler_cut():
    out = read(PROFILER[: PROFILER.index("<redacted>")])
    assert [network.ssids for network in out.networks] == [("Hotel",), ("GHBB-000001-NRLXW",)]
    assert "stand in it whole" in str(out.damage)


def test_termux():
    out = read(TERMUX)
    assert [told(network) for network in out.networks] == [
        (("Hotel",), 48, 5240, -63.0, "WPA3"),
        (("GHBB-000001-NRLXW",), 1, 2412, -48.0, "open"),
    ]
    cut = read(TERMUX[:-30])
    assert [network.ssids for network in cut.networks] == [("Hotel",)]
    assert cut.damage is not None


def test_airodump():
    out = read(AIRODUMP)
    found, stations = by_bssid(out), by_mac(out)
    assert (out.form, out.damage, out.unreadable) == ("airodump-ng", None, 0)
    assert told(found["02:aa:00:00:00:01"]) == (("Bar, 1. OG ",), 6, None, -61.0, "WPA2")
    assert told(found["46:88:44:00:00:01"]) == (("GHBB-000001-NRLXW",), 1, None, -44.0, "open")
    assert told(found["02:aa:00:00:00:03"]) == ((), None, None, None, None)
    assert told(found["02:aa:00:00:00:04"]) == (('été, "',), 11, None, -70.0, "WEP")
    station = stations["ec:71:db:00:00:07"]
    assert (station.bssid, station.packets, station.signal_dbm) == (parse_mac("02:aa:00:00:00:01"), 120, -50.0)
    assert station.probed == ("Home, sweet", "x")
    assert (stations["0a:00:00:00:00:08"].bssid, stations["0a:00:00:00:00:08"].signal_dbm) == (None, None)


@pytest.mark.parametrize(
    ("end", "networks", "stations"),
    [("Station MAC", 4, 0), ("EC:71:DB", 4, 0), ("(not associated)", 4, 1), ("  1,  65, OPN", 1, 0)],
)
def test_airodump_cut(end, networks, stations):
    out = read(AIRODUMP[: AIRODUMP.index(end)])
    assert (len(out.networks), len(out.stations)) == (networks, stations)
    assert (out.damage is None) is (end == "EC:71:DB")


def test_airodump_names_keep_their_own_encodings():
    row = AIRODUMP.splitlines(keepends=True)
    names = ("été".encode(), "été".encode("latin-1"), "旅馆".encode("gb2312"))
    head, tail = row[2].encode().split(b"  11, Bar")[0], b", \r\n"
    rows = [
        head.replace(b"00:01", f"00:{number:02X}".encode(), 1) + f"{len(name):4}, ".encode() + name + tail
        for number, name in enumerate(names, start=1)
    ]
    out = read_scan("".join(row[:2]).encode() + b"".join(rows) + "".join(row[6:]).encode(), name="list")
    assert [network.ssids for network in out.networks] == [("été",), ("été",), ("旅馆",)]


def test_airodump_log():
    out = read(AIRODUMP_LOG)
    (network,), (station,) = out.networks, out.stations
    assert told(network) == (("Bar, 1. OG",), None, None, -51.0, "WPA2")
    assert (station.mac, station.signal_dbm) == (parse_mac("0a:00:00:00:00:08"), -70.0)
    assert read(AIRODUMP_LOG[:-60]).damage is not None


def test_kismet_csv():
    out = read(KISMET_CSV)
    found = by_bssid(out)
    assert told(found["02:aa:00:00:00:01"]) == (("a;b",), 6, None, -86.0, "WPA2")
    assert told(found["46:88:44:00:00:01"]) == (("GHBB-000001-NRLXW",), 1, None, -44.0, "open")
    assert [format_mac(station.mac) for station in out.stations] == ["0a:00:00:00:00:08"]
    cut = read(KISMET_CSV[: KISMET_CSV.index(";7;0;0")])
    assert (len(cut.networks), cut.damage) == (1, "ends within a row: what stands before was read")


def test_netxml():
    out = read(NETXML, "latin-1")
    (network,), stations = out.networks, by_mac(out)
    assert (out.form, out.damage) == ("Kismet netxml", None)
    assert told(network) == (("Café & Bar",), 6, 2437, -61.0, "WPA2")
    assert set(stations) == {"ec:71:db:00:00:07", "0a:00:00:00:00:08"}
    assert (stations["ec:71:db:00:00:07"].packets, stations["ec:71:db:00:00:07"].signal_dbm) == (120, -50.0)
    assert stations["0a:00:00:00:00:08"].probed == ("Home",)


def test_netxml_cut():
    out = read(NETXML[: NETXML.index('number="2" type="probe"')])
    assert len(out.networks) == 1
    assert str(out.damage).startswith("is cut or damaged at line ")


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "b">',
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">',
        '<!ENTITY a SYSTEM "file:///etc/hostname">',
        '<!ENTITY % a SYSTEM "http://localhost/x.dtd"> %a;',
    ],
)
def test_netxml_that_declares_entities_is_not_read_on(declaration):
    bad = NETXML.replace('"http://kismetwireless.net/kismet-3.1.0.dtd">', f'"x.dtd" [{declaration}]>')
    out = read(bad.replace("<essid cloaked", "<essid>&a;</essid><essid cloaked"))
    assert out.networks == ()
    assert str(out.damage).startswith("declares entities")


def test_netxml_of_absurd_depth_stops():
    out = read(NETXML.replace("</detection-run>", "<a>" * 5000))
    assert len(out.networks) == 1
    assert str(out.damage).startswith("nests elements deeper")


def test_wigle():
    out = read(WIGLE)
    found = by_bssid(out)
    assert (out.form, out.damage, out.unreadable) == ("WiGLE CSV", None, 0)
    assert set(found) == {"02:aa:00:00:00:01", "46:88:44:00:00:01"}
    assert told(found["02:aa:00:00:00:01"]) == (('Bar, "1. OG"',), 36, 5180, -61.0, "WPA2")
    assert told(found["46:88:44:00:00:01"]) == (("GHBB-000001-NRLXW",), 6, 2437, -44.0, "open")
    cut = read(WIGLE[:-40])
    assert (len(cut.networks), cut.damage) == (2, "ends within a row: what stands before was read")
