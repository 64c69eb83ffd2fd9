"""What hosts say about themselves on the network."""

import pytest

from roomsweep.detect.result import Grade
from roomsweep.detect.signatures.match import (
    access_point_host,
    discovery_protocol,
    match_banner,
    match_dhcp_hostname,
    match_lan_device,
    match_mdns,
    match_p2p_prefix,
    port_meaning,
    udp_discovery,
)


@pytest.mark.parametrize(
    ("field", "value", "device"),
    [
        ("http.server", "Hikvision-Webs", "Hikvision"),
        ("http.server", "  Hikvision-Webs/1.0 \r\n", "Hikvision"),
        ("http.server", "GNU rsp/1.0 IP Camera", "IP camera"),
        ("html.title", "NETSurveillance WEB", "Xiongmai"),
        ("html.title", "AXIS M1054 Network Camera", "Axis"),
        ("http.www-authenticate.realm", "DCS-932L", "D-Link"),
        ("http.www-authenticate.realm", "DH_3CEF8C123456", "Dahua"),
        ("rtsp.server", "Hipcam RealServer/V1.0", "Hipcam"),
        ("rtsp.server", "HiIpcam/V100R003 VodServer/1.0.0", "HiSilicon"),
        ("x509.subject", "C=CN,ST=ZJ,CN=www.hikvision.com", "Hikvision"),
        ("dhcp.vendor_class", "AXIS,Network Camera,M1054,5.50.3", "Axis"),
    ],
)
def test_known_banners_are_found(field: str, value: str, device: str) -> None:
    found = match_banner(field, value)
    assert found is not None
    assert device in found.device
    assert "recog" in found.source


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("http.server", "nginx"),
            ("http.server", ""),
            ("http.server", "hikvision-webs"),
            ("no.such", "Hikvision-Webs"),
        ),
        *(("html.title", "Praxis Dr. Weber"), ("html.title", "AXIS Bank"), ("html.title", "NETSurveillance WEB 2")),
        *(
            ("http.www-authenticate.realm", "DVR room"),
            ("x509.subject", "CN=TCAMPUS"),
            ("rtsp.server", "GStreamer RTSP"),
        ),
        ("x509.subject", "CN=www.hikvision.com.example.org"),
    ],
)
def test_other_banners_are_not(field: str, value: str) -> None:
    assert match_banner(field, value) is None


@pytest.mark.parametrize("service", ["_hap._tcp", "_hap._tcp.local", "_hap._tcp.local.", "_HAP._TCP.LOCAL."])
def test_a_homekit_camera_is_found_by_its_category(service: str) -> None:
    for txt in ({"ci": "17", "md": "x"}, {"CI": "17"}):
        found = match_mdns(service, instance="Hall", txt=txt)
        assert found is not None
        assert found.device == "HomeKit IP camera"
    assert match_mdns(service, txt={"ci": "5"}) is None
    assert match_mdns(service) is None


def test_other_announcements_are_read_by_their_field() -> None:
    assert match_mdns("_hap._tcp", txt={"ci": "17", "md": "Welcome"}).grade is Grade.A  # type: ignore[union-attr]
    netatmo = match_mdns("_hap._tcp", txt={"ci": "2", "md": "Welcome"})
    assert netatmo is not None
    assert "Netatmo" in netatmo.device
    for mac, device in (("ACCC8E123456", "Axis"), ("accc8e123456", "Axis"), ("1CCAE3123456", "DoorBird")):
        found = match_mdns("_axis-video._tcp", txt={"macaddress": mac})
        assert found is not None
        assert device in found.device
    matter = match_mdns("_matterc._udp", txt={"DT": "322"})
    assert matter is not None
    assert matter.kind == "strong"
    assert match_mdns("_arec._tcp", instance="anything") is not None
    assert match_mdns("_http._tcp", instance="HIKVISION DS-2CD") is not None
    assert match_mdns("_http._tcp", instance="My printer") is None
    assert match_mdns("_miio._udp", instance="chuangmi-camera-ipc009_miio123") is not None
    assert match_mdns("_miio._udp", instance="yeelink-light-color1_miio123") is None
    assert match_mdns("_googlecast._tcp", instance="TV") is None
    assert match_mdns("") is None


def test_host_names_count_with_their_prefix() -> None:
    blink, other = 0xB85F98_000001, 0xF81A67_000001
    assert match_dhcp_hostname("Blink-Mini", mac=blink) is not None
    assert match_dhcp_hostname("blink-mini", mac=other) is None
    assert match_dhcp_hostname("reolink-e1", mac=other) is not None
    assert match_dhcp_hostname("axis-accc8e123456", mac=other) is not None
    assert match_dhcp_hostname("praxis-pc", mac=other) is None


def test_ports_hosts_and_discovery() -> None:
    rtsp = port_meaning("TCP", 554)
    assert rtsp is not None
    assert rtsp.kind == "strong"
    assert port_meaning("udp", 554) is None
    assert port_meaning("tcp", 80) is None
    a9 = access_point_host("192.168.4.153")
    assert a9 is not None
    assert a9.kind == "hidden_cam"
    assert access_point_host("192.168.1.1") is None
    rows = {row["protocol"]: row for row in udp_discovery()}
    assert rows["V380"]["request"] == "NVDEVSEARCH^100"
    assert (rows["V380"]["ports"], rows["V380"]["own_port"]) == ("10008", "10009")
    assert rows["PPPP (CS2/iLnk) LanSearch"]["request"] == "f1300000"
    for row in rows.values():
        assert all(0 < int(port) < 65536 for port in row["ports"].split())


def test_what_hosts_of_a_network_say_of_themselves() -> None:
    for where, value, kind in (
        ("wsd.types", "NetworkVideoTransmitter", "camera"),
        ("wsd.types", "PrintDeviceType", "other"),
        ("sadp.model", "DS-2CD2385G1-I", "camera"),
        ("sadp.model", "DS-7616NI-K2", "recorder"),
        ("dhip.device_class", "NVR", "recorder"),
        ("kasa.types", "SMART.TAPODOORBELL", "camera"),
        ("kasa.types", "SMART.TAPOPLUG", "other"),
        ("upnp.types", " hnap:NetworkCamera ", "camera"),
        ("mdns.service", "_ipp._tcp", "other"),
    ):
        found = match_lan_device(where, value)
        assert found is not None, value
        assert (found.kind, found.table) == (kind, "lan_devices")
    for where, value in (
        ("wsd.types", "Device"),
        ("nothing", "camera"),
        ("upnp.model", "x" * 10_000),
        ("tuya.uid", ""),
    ):
        assert match_lan_device(where, value) is None


def test_protocols_by_their_short_names() -> None:
    v380 = discovery_protocol("v380")
    assert v380 is not None
    assert v380["protocol"] == "V380"
    assert discovery_protocol("") is None
    assert discovery_protocol("V380") is None
    short = [row["short"] for row in udp_discovery() if row["short"]]
    assert len(short) == len(set(short))


def test_families_by_the_prefix_of_a_device_id() -> None:
    found = match_p2p_prefix("BATD")
    assert found is not None
    assert "A9" in found.device
    assert match_p2p_prefix("") is None
    assert match_p2p_prefix("batd") is None
