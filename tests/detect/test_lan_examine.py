"""What a scan of a network says: cameras identified, other things noted with what they are, hiding networks told."""

import dataclasses
import re

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.fuse import fuse
from roomsweep.detect.lan.datagrams import answer
from roomsweep.detect.lan.examine import MOST_ACCUSED, MOST_NOTED, examine_network
from roomsweep.detect.lan.observed import Banner, MdnsService, ObservedHost, ObservedNetwork
from roomsweep.detect.result import Examined, Finding, Level, SourceState, Tool, Verdict, result_schema

#: Of a maker of cameras only, of a maker of radio modules, and of nobody that is listed.
DAHUA, MODULE, NOBODY = "3c:ef:8c:01:02:03", "10:a4:be:00:00:01", "00:00:5e:00:53:01"


def network(*hosts: ObservedHost, **more: object) -> ObservedNetwork:
    facts = {"cidr": "192.168.1.0/24", "addresses_asked": 254, "gateway_ip": "192.168.1.1", "seconds": 9.0}
    return ObservedNetwork(**{**facts, "neighbours_answering": len(hosts), "hosts": hosts, **more})


def examined(*hosts: ObservedHost, **more: object) -> Examined:
    return examine_network(network(*hosts, **more), source_id="lan-1", name="192.168.1.0/24")


def host(**more: object) -> ObservedHost:
    return ObservedHost(**{"ip": "192.168.1.20", **more})


def finding(**more: object) -> Finding:
    found = examined(host(**more))
    (one,) = found.findings
    result = fuse([found], tool=Tool(name="roomsweep", version="0"), started_at="2026-11-20T12:00:00+01:00")
    jsonschema.validate(result.to_dict(), result_schema())
    assert result.findings[0].level is one.level
    return one


def rules(one: Finding) -> set[str]:
    return {item.rule for item in one.evidence}


def banner(field: str, value: str, port: int = 80) -> Banner:
    return Banner(port=port, field=field, value=value)


def service(kind: str, **txt: str) -> MdnsService:
    return MdnsService(service=kind, instance="Thing", txt=txt)


CAMERAS = {
    "pppp": {"answers": (answer("pppp", uid="TNPUSAF-430014-KGTGK", prefix="TNPUSAF"),)},
    "v380": {"answers": (answer("v380", mac=NOBODY),)},
    "vstarcam": {"answers": (answer("vstarcam", serial="VSTC123456ABCDE"),)},
    "netwave": {"answers": (answer("netwave", mac=NOBODY),)},
    "xm": {"answers": (answer("dvrip", mac=NOBODY, name="LocalHost"),)},
    "dahua": {"answers": (answer("dhip", device_class="IPC", model="IPC-C15", serial="4D0A"),)},
    "dahua without class": {"answers": (answer("dhip", serial="4D0A"),)},
    "dahua door station": {"answers": (answer("dhip", device_class="VTO", serial="3C06"),)},
    "hikvision": {"answers": (answer("sadp", model="DS-2CD2385G1-I", mac=NOBODY),)},
    "hikvision under another name": {"answers": (answer("sadp", model="IPC-X", mac=NOBODY),)},
    "tapo": {"answers": (answer("kasa", types="SMART.IPCAMERA", model="C200"),)},
    "onvif type": {"answers": (answer("wsd", types="NetworkVideoTransmitter Device"),)},
    "onvif scope": {"answers": (answer("wsd", types="Device", scopes="onvif://www.onvif.org/type/video_encoder"),)},
    "upnp": {"answers": (answer("upnp", types="urn:schemas-upnp-org:device:DigitalSecurityCamera:1"),)},
    "upnp model": {"answers": (answer("upnp", types="urn:x", model="AXIS M1054 Network Camera"),)},
    "homekit": {"services": (service("_hap._tcp.local.", ci="17"),)},
    "homekit doorbell": {"services": (service("_hap._udp", ci="18"),)},
    "matter": {"services": (service("_matterc._udp", DT="322"),)},
    "axis": {"services": (service("_axis-video._tcp", macaddress="ACCC8E123456"),)},
    "page": {"banners": (banner("http.server", "Hikvision-Webs"),)},
    "title": {"banners": (banner("html.title", "NETSurveillance WEB"),)},
    "realm": {"banners": (banner("http.www-authenticate.realm", "IP Camera(C2345)"),)},
    "realm of video": {"banners": (banner("rtsp.realm", "IP Camera(C2345)", 554),)},
    "video server": {"banners": (banner("rtsp.server", "Hipcam RealServer/V1.0", 554),)},
    "certificate": {"banners": (banner("x509.subject", "C=CN,CN=www.hikvision.com", 443),)},
}

OTHERS = {
    "printer by announcement": {"services": (service("_ipp._tcp"),), "open_ports": (("tcp", 8000),)},
    "printer by page": {"banners": (banner("html.title", "HP LaserJet MFP M28w"),)},
    "printer by server": {"banners": (banner("http.server", "EPSON_Linux UPnP/1.0"),)},
    "printer by WS-Discovery": {"answers": (answer("wsd", types="Device PrintDeviceType"),)},
    "computer with Windows": {"answers": (answer("wsd", types="Device Computer"),)},
    "television": {"answers": (answer("upnp", types="urn:schemas-upnp-org:device:MediaRenderer:1", name="TV"),)},
    "television with a port of cameras": {
        "answers": (answer("upnp", types="urn:schemas-upnp-org:device:MediaRenderer:1"),),
        "open_ports": (("tcp", 554),),
    },
    "file server": {"banners": (banner("html.title", "Synology DiskStation - cellar"),)},
    "media server": {"answers": (answer("upnp", types="urn:schemas-upnp-org:device:MediaServer:1", name="films"),)},
    "plug": {"answers": (answer("kasa", types="IOT.SMARTPLUGSWITCH", model="HS100(EU)"),)},
    "Tuya": {"answers": (answer("tuya", uid="ebdc8a558456ba9f35sfo4"),)},
    "lamp of HomeKit": {"services": (service("_hap._tcp", ci="5"),)},
    "indoor monitor": {"answers": (answer("dhip", device_class="VTH", serial="3E00"),)},
    "switch of a camera maker": {
        "answers": (answer("sadp", model="DS-3E0505P-E", mac=DAHUA),),
        "mac": DAHUA,
    },
    "web server": {"banners": (banner("http.server", "nginx"), banner("html.title", "Camera shop"))},
    "silent": {},
    "cast": {"services": (service("_googlecast._tcp"),)},
    "UPnP of nothing known": {"answers": (answer("ssdp", types="upnp:rootdevice", server="Linux"),)},
}


@pytest.mark.parametrize("case", sorted(CAMERAS))
def test_what_only_cameras_say_identifies(case: str) -> None:
    one = finding(**CAMERAS[case])
    assert one.level is Level.IDENTIFIED
    assert "camera" in one.title.lower()
    assert "192.168.1.20" in one.title
    assert one.advice
    assert one.probability is not None
    assert one.probability > 0.5
    assert all(item.reference for item in one.evidence)


@pytest.mark.parametrize("case", sorted(OTHERS))
def test_other_things_are_noted(case: str) -> None:
    one = finding(**OTHERS[case])
    assert one.level is Level.NOTED
    assert not one.title.lower().startswith(("a camera", "perhaps"))


@pytest.mark.parametrize(
    ("case", "word"),
    [
        ("printer by announcement", "Printer"),
        ("computer with Windows", "Windows"),
        ("television", "Television"),
        ("file server", "File server"),
        ("plug", "plug"),
        ("Tuya", "Tuya"),
        ("switch of a camera maker", "switch"),
    ],
)
def test_other_things_are_noted_with_what_they_are(case: str, word: str) -> None:
    assert word in finding(**OTHERS[case]).title


@pytest.mark.parametrize("camera", sorted(CAMERAS))
def test_a_camera_that_also_says_that_it_is_a_printer_stays_identified(camera: str) -> None:
    both = {**CAMERAS[camera], "services": (*CAMERAS[camera].get("services", ()), service("_ipp._tcp"))}
    one = finding(**both)
    assert one.level is Level.IDENTIFIED
    assert "context.lan_other" in rules(one)


@pytest.mark.parametrize(
    ("port", "level"), [(554, Level.LOOK), (37777, Level.LOOK), (8000, Level.NOTED), (80, Level.NOTED)]
)
def test_ports_alone_are_worth_a_look_at_most(port: int, level: Level) -> None:
    one = finding(open_ports=(("tcp", port),))
    assert one.level is level


def test_all_ports_of_the_table_together_are_still_one_lead() -> None:
    ports = tuple(("tcp", port) for port in (554, 8554, 10554, 34567, 37777, 2020, 8800, 9000, 8000))
    one = finding(open_ports=ports)
    assert one.level is Level.LOOK
    assert len(one.evidence) == 1
    assert "also" in one.evidence[0].says


def test_live_video_without_a_name_is_a_look_and_of_a_camera_maker_a_suspect() -> None:
    video = {
        "banners": (banner("rtsp.methods", "OPTIONS", 554), banner("rtsp.server", "GStreamer RTSP server", 554)),
        "open_ports": (("tcp", 554),),
    }
    one = finding(**video)
    assert (one.level, rules(one)) == (Level.LOOK, {"behaviour.lan_video"})
    one = finding(**video, mac=DAHUA)
    assert (one.level, rules(one)) == (Level.SUSPECT, {"behaviour.lan_video", "vendor.oui_camera_narrow"})
    assert finding(**video, mac=MODULE).level is Level.LOOK
    assert finding(**video, services=(service("_airplay._tcp"),)).level is Level.NOTED


@pytest.mark.parametrize(
    "more",
    [
        {"answers": (answer("dhip", device_class="NVR", model="DHI-NVR5464"),)},
        {"answers": (answer("sadp", model="DS-7616NI-K2"),)},
        {"banners": (banner("html.title", "Network Video Recorder Login"),)},
    ],
)
def test_a_recorder_is_no_camera_but_worth_asking_about(more: dict[str, object]) -> None:
    one = finding(**more)
    assert one.level is Level.LOOK
    assert one.title.startswith("A recorder for cameras")
    assert "which cameras" in one.advice


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"services": (service("_rtsp._tcp"),)}, "hint.lan_mdns"),
        ({"services": (MdnsService(service="_miio._udp", instance="chuangmi-camera-ipc009_miio12"),)}, "hint.lan_mdns"),
        ({"names": ("reolink-e1.fritz.box",)}, "hint.lan_name"),
        ({"answers": (answer("upnp", maker="AXIS"),)}, "hint.lan_maker"),
        ({"ip": "192.168.4.153", "roles": frozenset({"gateway"})}, "hint.lan_address"),
        ({"mac": DAHUA}, "vendor.oui_camera_narrow"),
    ],
)
def test_leads_are_looks(more: dict[str, object], rule: str) -> None:
    one = examined(host(**more)).findings[0]
    assert rule in rules(one)
    assert one.level is Level.LOOK
    assert one.advice


def test_the_address_of_a_camera_s_own_network_counts_for_its_router_only() -> None:
    assert rules(examined(host(ip="192.168.4.153")).findings[0]) == set()


def test_one_statement_in_two_protocols_counts_once_and_names_both() -> None:
    one = finding(answers=(answer("dvrip", mac=NOBODY), answer("wsd", types="NetworkVideoTransmitter")))
    assert rules(one) == {"identity.lan_answer"}
    assert "ONVIF" in one.evidence[0].says
    assert "DVRIP" in one.evidence[0].says


def test_the_maker_of_an_address_told_twice_counts_once() -> None:
    one = finding(mac=DAHUA, answers=(answer("dhip", device_class="IPC", serial="1", mac=DAHUA),))
    assert sorted(rules(one)) == ["identity.lan_answer", "vendor.oui_camera_narrow"]


def test_the_router_is_not_accused_for_ports_or_its_maker_but_for_its_own_words() -> None:
    gateway = {"roles": frozenset({"gateway"}), "ip": "192.168.1.1"}
    one = examined(host(**gateway, mac=DAHUA, open_ports=(("tcp", 554),))).findings[0]
    assert (one.level, one.title) == (Level.NOTED, "The router of this network at 192.168.1.1")
    one = examined(host(**gateway, **CAMERAS["pppp"])).findings[0]
    assert one.level is Level.IDENTIFIED
    assert "the router of this network" in one.title


@pytest.mark.parametrize("role", ["mine", "this_computer"])
@pytest.mark.parametrize("camera", ["pppp", "page", "homekit"])
def test_the_user_s_own_are_noted_whatever_they_say(role: str, camera: str) -> None:
    one = finding(**CAMERAS[camera], roles=frozenset({role}), mac=DAHUA)
    assert (one.level, one.probability, one.advice) == (Level.NOTED, None, "")
    assert one.title.startswith(("Your own device", "This computer"))


def test_a_host_has_its_addresses_maker_and_name() -> None:
    one = finding(mac=DAHUA, names=("cam-hall.local",), **CAMERAS["dahua"])
    assert (one.identity.mac, one.identity.ip, one.identity.vendor) == (DAHUA, "192.168.1.20", "Dahua")
    assert one.identity.name == "cam-hall.local"
    assert finding(**CAMERAS["pppp"]).identity.name == "TNPUSAF-430014-KGTGK"
    assert finding(answers=(answer("v380", mac=DAHUA),)).identity.mac == DAHUA
    assert finding(mac="02:00:00:00:00:01").identity.randomised_mac is True


ROUTER = ObservedHost(ip="192.168.1.1", roles=frozenset({"gateway"}))
SELF = ObservedHost(ip="192.168.1.2", roles=frozenset({"this_computer"}))


def test_a_network_that_hides_its_guests_is_told_and_is_not_nothing_found() -> None:
    found = examined(ROUTER, SELF, neighbours_answering=0)
    assert found.source.state is SourceState.NOT_EXAMINED
    assert "hides other guests from you" in (found.source.reason or "")
    assert "nothing here could be seen" in (found.source.reason or "")
    assert found.source.facts["hides_guests"] is True
    result = fuse([found], tool=Tool(name="roomsweep", version="0"), started_at="2026-11-20T12:00:00+01:00")
    assert result.verdict is Verdict.NOT_EXAMINED
    assert "hides other guests" in result.limits[0]
    assert examined(neighbours_answering=0).source.state is SourceState.NOT_EXAMINED


def test_a_router_that_is_a_camera_is_told_although_the_network_hides_the_others() -> None:
    camera = dataclasses.replace(ROUTER, answers=(answer("pppp", uid="BATD-123456-ABCDE", prefix="BATD"),))
    found = examined(camera, SELF, neighbours_answering=0)
    assert found.source.state is SourceState.PARTIAL
    assert found.findings[0].level is Level.IDENTIFIED
    assert "A9" in found.findings[0].title


def test_a_router_that_answers_in_everybody_s_name_hides_them_too() -> None:
    router = dataclasses.replace(ROUTER, mac=NOBODY)
    silent = [ObservedHost(ip=f"192.168.1.{number}", mac=NOBODY) for number in range(3, 254)]
    found = examined(router, SELF, *silent, neighbours_answering=251)
    assert found.source.state is SourceState.NOT_EXAMINED
    assert found.source.facts["router_stood_for"] == 251
    assert len(found.findings) == 2
    speaking = dataclasses.replace(silent[0], **CAMERAS["page"])
    found = examined(router, SELF, speaking, *silent[1:], neighbours_answering=251)
    assert found.source.state is SourceState.EXAMINED
    assert found.findings[0].level is Level.IDENTIFIED


def test_one_neighbour_shows_that_nobody_is_hidden() -> None:
    assert examined(ROUTER, SELF, host(), neighbours_answering=1).source.state is SourceState.EXAMINED
    assert examined(ROUTER, SELF, neighbours_answering=1).source.state is SourceState.EXAMINED
    mine = host(roles=frozenset({"mine"}))
    assert examined(ROUTER, SELF, mine, neighbours_answering=1).source.facts["hides_guests"] is False


def test_few_addresses_asked_say_nothing_about_hiding() -> None:
    found = examined(ROUTER, SELF, neighbours_answering=0, addresses_asked=2)
    assert found.source.facts["hides_guests"] is False
    assert found.source.state is SourceState.EXAMINED


def test_what_could_not_be_asked_or_was_broken_off_makes_it_partial() -> None:
    found = examined(ROUTER, host(), refused=("this computer may not ask on UDP port 3702",))
    assert (found.source.state, found.source.reason) == (
        SourceState.PARTIAL,
        "this computer may not ask on UDP port 3702",
    )
    assert examined(host(), interrupted=True).source.state is SourceState.PARTIAL
    nothing = examined(addresses_asked=0, neighbours_answering=0)
    assert nothing.source.state is SourceState.NOT_EXAMINED


def test_troubles_with_one_host_are_told_and_the_others_examined() -> None:
    bad = host(notes=("port 80 never stopped sending\x1b[2J",), ip="192.168.1.30")
    found = examined(bad, host(**CAMERAS["page"]))
    assert found.source.facts["troubles"] == ["192.168.1.30: port 80 never stopped sending\\x1b[2J"]
    assert found.source.state is SourceState.EXAMINED
    assert found.findings[0].level is Level.IDENTIFIED
    assert "troubles" not in examined(host()).source.facts


def test_floods_are_cut_and_counted() -> None:
    hosts = [ObservedHost(ip=f"10.0.{number // 250}.{number % 250 + 1}") for number in range(MOST_NOTED + 50)]
    hosts += [
        ObservedHost(ip=f"10.1.{number // 250}.{number % 250 + 1}", **CAMERAS["v380"])
        for number in range(MOST_ACCUSED + 20)
    ]
    found = examined(*hosts)
    assert len(found.findings) == MOST_NOTED + MOST_ACCUSED
    assert found.source.facts["hosts_not_listed"] == 70
    assert found.findings[0].level is Level.IDENTIFIED


PROMISE = re.compile(r"\bsafe\b|\bclear\b|\bno (?:hidden )?cameras?\b", re.IGNORECASE)
HOSTILE = st.text(max_size=40) | st.sampled_from(
    ["\x1b[2J\x1b]0;x\x07", "<script>alert(1)</script>", "\u202egnp", "a" * 5000, "{}%s"]
)


@settings(deadline=None)
@given(name=HOSTILE, value=HOSTILE, protocol=st.sampled_from(["pppp", "v380", "dhip", "wsd", "upnp", "tuya", "x"]))
def test_hostile_names_come_out_on_one_harmless_line(name: str, value: str, protocol: str) -> None:
    one = examined(
        host(
            names=(name,),
            answers=(answer(protocol, uid=value, name=name, model=value, types=value, serial=name),),
            banners=(Banner(port=80, field="http.server", value=f"Hikvision-Webs{value}"[:600]),),
            services=(
                MdnsService(service=f"_rtsp._tcp{'' if value else '.local.'}", instance=name, txt={name: value}),
            ),
        ),
        refused=(value,),
    )
    shown = [one.findings[0].title, one.findings[0].advice, *(item.says for item in one.findings[0].evidence)]
    for text in (*shown, one.source.reason or ""):
        assert text.isprintable() or "\xa0" in text, text
        assert len(text) < 1200


@pytest.mark.parametrize("more", [*CAMERAS.values(), *OTHERS.values()])
def test_no_sentence_promises_anything(more: dict[str, object]) -> None:
    one = examined(host(**more)).findings[0]
    assert not PROMISE.search(" ".join([one.title, one.advice, *(item.says for item in one.evidence)]))


def test_nothing_in_nothing_out() -> None:
    found = examine_network(ObservedNetwork(cidr="10.0.0.0/24"), source_id="lan", name="10.0.0.0/24")
    assert found.findings == ()
    assert found.source.state is SourceState.NOT_EXAMINED
