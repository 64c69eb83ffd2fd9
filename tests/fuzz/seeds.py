"""Whole inputs that changes begin from: synthetic by construction, a few for each form that a reader knows."""

from __future__ import annotations

import io
import json
import struct
import warnings
from collections.abc import Callable

import numpy as np
from PIL import Image as Pillow

from roomsweep.calibration.airwaves import synthetic_bluetooth, synthetic_wifi
from roomsweep.calibration.reframe import Air, capture, control_frames, reframed
from roomsweep.calibration.signal_rooms import signal_room
from roomsweep.calibration.talkers import CAMERAS, camera, photo_backup, video_call
from roomsweep.detect.bluetooth.advertising import Advertising
from roomsweep.detect.bluetooth.adverts import Advert, advert_line, header_line
from roomsweep.detect.bluetooth.heard import AddressKind
from roomsweep.detect.wifi.schedules import MOTION_PLAN

from . import shapes
from .owed import BYTES_MAX, SPLIT
from .shapes import FORMS, Record, element, event, heard, management, written

_CAMERA, _ACCESS_POINT = 0xEC71DB000001, 0x000B86000001
_A, _B = _CAMERA.to_bytes(6, "big"), _ACCESS_POINT.to_bytes(6, "big")

_NAMES = (b"Hotel", b"GHBB-000001-NRLXW", b"", b"\0\0\0\0", b"\xb2\xe2\xca\xd4", "Café".encode(), b"=cmd()", b"\x1b[2J")

_FIXED = struct.pack("<QHH", 3_600_000_000, 100, 0x0011)
_RSN = bytes.fromhex("0100000fac040100000fac040100000fac020000")
_WPS = b"\x00\x50\xf2\x04" + b"".join(
    struct.pack(">HH", kind, len(said)) + said
    for kind, said in ((0x1047, bytes(range(16))), (0x1011, b"IP Camera"), (0x1021, b"Maker"), (0x1023, b"Model"))
)


def _management() -> list[bytes]:
    out = []
    for number, name in enumerate(_NAMES):
        sender = (_ACCESS_POINT + 4 * number).to_bytes(6, "big")
        elements = element(0, name) + element(1, b"\x82\x84\x8b\x96") + element(3, b"\x06") + element(48, _RSN)
        elements += element(45, bytes(26)) + element(61, b"\x06" + bytes(21)) + element(127, bytes(8))
        elements += element(221, _WPS) + element(221, b"\x00\x50\xf2\x01" + bytes(8))
        out += [heard(management(8, _FIXED + elements, sender=sender)) for _ in range(3)]
        out.append(heard(management(5, _FIXED + elements, sender=sender)))
    request = element(0, b"Home") + element(1, bytes(8)) + element(45, bytes(26)) + element(221, _WPS)
    out += [heard(management(kind, fixed + request, sender=_A, bssid=_B)) for kind, fixed in ((4, b""), (0, bytes(4)))]
    return out


def _over_time(bodies: list[bytes], *, linktype: int = 127, step_ns: int = 102_400_000) -> list[Record]:
    start = 1_700_000_000 * 10**9
    return [
        Record(t_ns=start + row * step_ns, body=body, length=len(body), linktype=linktype)
        for row, body in enumerate(bodies)
    ]


def _streams() -> list[bytes]:
    """Streams cut to their headers, so that many seconds fit a small file; on the air and on a wire."""
    rng = np.random.default_rng(4)
    air = Air(snap_bytes=41, busy=0.1)
    out = []
    for make in (
        lambda: camera(CAMERAS["lowest_150"], seconds=4.0, random=rng),
        lambda: camera(CAMERAS["a9_constant"], seconds=4.0, random=rng),
        lambda: photo_backup(seconds=2.0, random=rng),
        lambda: video_call(seconds=2.0, random=rng),
    ):
        flow = make()
        out.append(capture(reframed(flow, station=_CAMERA, network=_ACCESS_POINT, air=air, random=rng)[:500]))
        wire = [
            Record(
                t_ns=1_700_000_000 * 10**9 + t_ns,
                body=(_B + _A if up else _A + _B) + b"\x08\x00\x45" + bytes(7) + b"\x40" + bytes(20),
                length=max(60, length),
                linktype=1,
            )
            for t_ns, up, length in zip(flow.t_ns.tolist(), flow.up.tolist(), flow.length.tolist(), strict=True)
        ]
        out.append(written(wire[:500], "pcap-ns"))
    flow = camera(CAMERAS["lowest_150"], seconds=24.0, random=rng)
    control = control_frames(flow, station=_CAMERA, network=_ACCESS_POINT, air=Air(control=True), random=rng)
    return [*out, capture(control[:900])]


def wifi() -> list[bytes]:
    """Captures of every form and link type."""
    frames = _management()
    plain = [body[15:] for body in frames]
    common = (2, struct.pack("<QHHHHBBbb", 0, 1, 2, 2437, 0xA0, 0, 0, -50, -90))
    out = [written(_over_time(frames), form) for form in FORMS if form != "btsnoop"]
    out.append(written(_over_time(plain, linktype=105), "pcap"))
    out.append(written(_over_time([shapes.ppi([common]) + body for body in plain], linktype=192), "pcap"))
    prism = struct.pack("<II", 0x44, 144) + bytes(136)
    out.append(written(_over_time([prism + body for body in plain[:6]], linktype=119), "pcap"))
    avs = struct.pack(">II", 0x80211001, 64) + bytes(56)
    out.append(written(_over_time([avs + body for body in plain[:6]], linktype=163), "pcap"))
    cooked = struct.pack(">HHH", 0, 1, 6) + _A + bytes(2) + b"\x08\x00\x45" + bytes(40)
    out.append(written(_over_time([cooked] * 9, linktype=113), "pcapng"))
    cooked2 = struct.pack(">HHIHBB", 0x0800, 0, 1, 1, 0, 6) + _A + bytes(2) + b"\x45" + bytes(40)
    out.append(written([*_over_time([cooked2] * 9, linktype=276), *_over_time(frames[:4])], "pcapng"))
    room = synthetic_wifi(seed=1, seconds=0.5).data
    short = [record.with_body(record.body[:60]) for record in shapes.records_of(room) or ()]
    return [*out, written(short[:300], "pcap"), *_streams()]


def bluetooth() -> list[bytes]:
    """Captures of LE frames and of events."""
    whole = synthetic_bluetooth(seed=1, seconds=3.0).data
    records = shapes.records_of(whole) or []
    reports = [Record(t_ns=r.t_ns, body=r.body, length=len(r.body), linktype=187, flags=3) for r in records]
    advert = bytes([0x40, 21]) + b"\x01\x00\x00\xdb\x71\xec" + bytes.fromhex("020106") + b"\x0b\x09IP Camera "
    frame = b"\xd6\xbe\x89\x8e" + advert + shapes.check_sum(advert)
    radio = struct.pack("<BbbBIH", 37, -50, -128, 0, 0x8E89BED6, 0x0C13 | 0x0800)
    radio272 = struct.pack("<BBBBHI", 10, 1, 37, 60, 7, 1000) + frame
    nordic = b"\x01" + struct.pack("<HBHB", len(radio272), 3, 9, 2) + radio272
    extended = (
        b"\x0d\x01" + struct.pack("<HB6sBBBbbHB6sB", 0, 1, _A, 1, 0, 1, 0, -50, 0, 0, bytes(6), 5) + b"\x04\x09cam"
    )
    events = [
        event(0x3E, extended),
        event(0x02, b"\x02" + (_A + bytes(3) + b"\x04\x02\x20" + bytes(2)) * 2),
        event(0x22, b"\x01" + _A + bytes(2) + b"\x04\x02\x20" + bytes(2) + b"\xc0"),
        event(0x2F, b"\x01" + _A + bytes(2) + b"\x04\x02\x20" + bytes(2) + b"\xc0" + b"\x05\x09Cam1" + bytes(235)),
        event(0x07, b"\x00" + _A + b"Spy camera".ljust(248, b"\0")),
        event(0x05, bytes(4)),
    ]
    air = shapes.ppi([(30006, bytes(24))], dlt=147) + frame
    return [
        whole,
        written(reports[:40], "pcapng"),
        written(_over_time(events * 3, linktype=187), "pcap"),
        written(_over_time([b"\0\0\0\1" + one for one in events], linktype=201), "pcap"),
        written(_over_time([b"\0\0\0\3" + one[1:] for one in events], linktype=254), "pcap"),
        written(_over_time([frame] * 9, linktype=251), "pcap"),
        written(_over_time([radio + frame] * 9, linktype=256), "pcap-be"),
        written(_over_time([nordic] * 9, linktype=272), "pcap-ns"),
        written(_over_time([air] * 9, linktype=192), "pcap"),
        written([*_over_time([air] * 3, linktype=192), *_over_time([radio + frame] * 3, linktype=256)], "pcapng"),
        written(_chain(), "pcap"),
        written(_over_time([event(0x3E, piece) for piece in _in_pieces()] * 3, linktype=187), "pcap"),
    ]


def _chain() -> list[Record]:
    """An extended advertisement in three messages, 3 ms apart: a pointer, address and data, the rest."""
    parts = [
        b"\x06\x18\x01\x30\x07\x64\x00",
        b"\x0c\x19" + _A + b"\x01\x30\x07\x64\x00" + b"\x0b\x09IP",
        b"\x03\x08\x01\x30" + b" Camera ",
    ]
    out = []
    for number, part in enumerate(parts * 4):
        pdu = bytes([0x47, len(part)]) + part
        body = b"\xd6\xbe\x89\x8e" + pdu + shapes.check_sum(pdu)
        t_ns = 1_700_000_000_000_000_000 + number * 3_000_000
        out.append(Record(t_ns=t_ns, body=body, length=len(body), linktype=251, flags=0))
    return out


def _in_pieces() -> list[bytes]:
    """Two reports of one advertisement: the first says that more comes."""

    def report(kind: int, data: bytes) -> bytes:
        head = struct.pack("<HB6sBBBbbHB6sB", kind, 1, _A, 1, 0, 1, 0, -50, 0, 0, bytes(6), len(data))
        return b"\x0d\x01" + head + data

    return [report(0x20, b"\x0b\x09IP"), report(0, b" Camera ")]


def adverts() -> list[bytes]:
    """Recordings of adverts as operating systems tell them."""
    said = Advertising(
        flags=6,
        name="IP Camera",
        uuids=(0xFD5F, "00467768-6228-2272-4663-277478268000"),
        service_data=((0xFCB2, b"\x01\x00"),),
        manufacturer=((0x01AB, bytes.fromhex("020102102716e4")),),
        tx_power_dbm=4,
        appearance=320,
    )
    head = header_line(listened_with="BlueZ", started_at="2026-11-20T12:00:00+00:00")
    lines = [
        advert_line(
            Advert(t_ns=1_700_000_000_000_000_000 + n * 10**9, address=n % 3, kind=kind, rssi_dbm=-50 - n, said=said)
        )
        for n, kind in enumerate([AddressKind.STATIC, AddressKind.PUBLIC, AddressKind.UNTOLD, AddressKind.HIDDEN] * 3)
    ]
    return [head + b"".join(lines), head + lines[0]]


_LOG = b"# roomsweep actions\n# least rest: motion 5 s\ntime,action\n"


def actions() -> list[bytes]:
    """Logs with each sort of time and separator."""
    stretch = MOTION_PLAN.stretch(np.random.default_rng(2))
    rows = ["0,still"]
    for begin, length in zip(stretch.begin_s.tolist(), stretch.length_s.tolist(), strict=True):
        rows += [f"{begin:.3f},move", f"{begin + length:.3f},still"]
    rows.append(f"{stretch.stop_s:.3f},end")
    drawn = _LOG + "\n".join(rows).encode() + b"\n"
    return [
        drawn,
        b"0,still\n2,move\n4,still\n7,move\n8,still\n11,cover\n13,uncover\n14,light_on\n16.5,light_off\n18,light_on\n20,end",
        b"time;action\n1700000000,5;still\n1700000003;move\n1700000004,25;still\n",
        b"2023-11-14T22:13:20+00:00\tstill\n2023-11-14T23:13:23.5+01:00\tMove\n2023-11-14T22:13:29Z\tstill\n",
    ]


def motion() -> list[bytes]:
    """Logs with short captures."""
    quick = b"0,still\n0.6,move\n1.2,still\n1.5,move\n2,still\n2.9,move\n3.2,still\n3.4,move\n3.6,still\n4,end\n"
    logs = [*actions()[1:3], quick]
    out = [log + SPLIT + one for log, one in zip(logs * 2, _streams(), strict=False)]
    slow = b"0,still\n7,move\n13,still\n18,move\n24,still\n33,move\n39,still\n45,move\n51,still\n58,end\n"
    follower = [
        Record(t_ns=int((1.7e9 + row / 15) * 1e9), body=body, length=600 + 800 * moving, linktype=127)
        for row in range(15 * 58)
        for moving in [7 <= row / 15 % 17 < 13]
        for body in [heard(shapes.data_frame(sender=_A, to=_B, number=row))]
    ]
    return [*out, slow + SPLIT + written(follower, "pcap-ns")]


def scan() -> list[bytes]:
    """A list of every form."""
    return [text for text in _SCANS if len(text) <= BYTES_MAX]


_SCANS = (
    b"BSS 02:aa:00:00:00:01(on wlan0) -- associated\n\tTSF: 12 usec (0d, 00:00:00)\n\tfreq: 2437\n"
    b"\tcapability: ESS Privacy (0x0011)\n\tsignal: -41.00 dBm\n\tlast seen: 12 ms ago\n\tSSID: Hotel \\x41\n"
    b"\tDS Parameter set: channel 6\n\tRSN:\t * Version: 1\n\t\t * Authentication suites: PSK SAE\n"
    b"\tWPS:\t * Version: 1.0\n\t\t * Device name: IPC\n\tVendor specific: OUI 00:40:96, data: 01\n",
    rb"*:02\:AA\:00\:00\:00\:01:Hotel:Infra:6:130 Mbit/s:84:bars:WPA2" + b"\n"
    rb" :02\:AA\:00\:00\:00\:02::Infra:11:54 Mbit/s:30:bars:" + b"\n",
    b"IN-USE  BSSID              SSID   MODE   CHAN  RATE       SIGNAL  BARS  SECURITY\n"
    b"*       02:AA:00:00:00:01  Hotel  Infra  6     130 Mbit/s  84     ____  WPA2\n"
    b"        02:AA:00:00:00:02  --     Infra  11    54 Mbit/s   30     ____  --\n",
    b"\r\nInterface name : Wi-Fi\r\nThere are 1 networks currently visible.\r\n\r\nSSID 1 : Hotel\r\n"
    b"    Network type            : Infrastructure\r\n    Authentication          : WPA2-Personal\r\n"
    b"    Encryption              : CCMP\r\n    BSSID 1                 : 02:aa:00:00:00:01\r\n"
    b"         Signal             : 90%\r\n         Radio type         : 802.11n\r\n         Channel : 6\r\n",
    "SSID 1 : Hôtel\n    Type de réseau : Infrastructure\n    Authentification : WPA2\n    Chiffrement : CCMP\n"
    "    BSSID 1 : 02:aa:00:00:00:01\n         Signal : 90%\n         Canal : 6\n".encode("cp850"),
    b"                            SSID BSSID             RSSI CHANNEL HT CC SECURITY (auth/unicast/group)\n"
    b"                           Hotel 02:aa:00:00:00:01 -55  36,+1   Y  DE WPA2(PSK/AES/AES)\n"
    b"                                                   -70  6       Y  -- NONE\n",
    b'{"SPAirPortDataType": [{"spairport_airport_interfaces": [{"_name": "en0", '
    b'"spairport_current_network_information": {"_name": "Home", "spairport_network_channel": "149 (5GHz, 80MHz)"}, '
    b'"spairport_airport_other_local_wireless_networks": [{"_name": "Hotel", "spairport_network_channel": "6", '
    b'"spairport_security_mode": "spairport_security_mode_wpa2_personal", '
    b'"spairport_signal_noise": "-55 dBm / -92 dBm"}, {"_name": "<redacted>"}]}]}]}',
    b'[{"bssid": "02:aa:00:00:00:01", "frequency_mhz": 2437, "rssi": -50, "ssid": "Hotel", "timestamp": 1, '
    b'"channel_bandwidth_mhz": "20", "capabilities": "[WPA2-PSK-CCMP][ESS]"}]',
    b"BSSID, First time seen, Last time seen, channel, Speed, Privacy, Cipher, Authentication, Power, "
    b"# beacons, # IV, LAN IP, ID-length, ESSID, Key\r\n02:AA:00:00:00:01, 2026-01-01 10:00:00, 2026-01-01 10:00:09, "
    b" 6, 130, WPA2, CCMP, PSK, -61, 5, 3, 0.  0.  0.  0,   5, Hotel, \r\n\r\n"
    b"Station MAC, First time seen, Last time seen, Power, # packets, BSSID, Probed ESSIDs\r\n"
    b"EC:71:DB:00:00:07, 2026-01-01 10:00:00, b, -50, 120, 02:AA:00:00:00:01,Home\\, x,\\x41\r\n",
    b"LocalTime, GPSTime, ESSID, BSSID, Power, Security, Latitude, Longitude, E, F, Type\n"
    b"a,b,Hotel,02:AA:00:00:00:01,-61, WPA2 ,0,0,0,0,AP\na,b,,EC:71:DB:00:00:07,-61,,0,0,0,0,Client\n",
    b"Network;NetType;ESSID;BSSID;Info;Channel;Cloaked;Encryption;Decrypted;MaxRate;BestQuality;FirstTime;\n"
    b"1;infrastructure;Hotel;02:AA:00:00:00:01;;6;No;WPA2,AES-CCM;No;54.0;-50;x;\n",
    b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE detection-run SYSTEM "http://x/k.dtd">\n<detection-run>'
    b'<wireless-network number="1" type="infrastructure" last-time="x">'
    b'<SSID><encryption>WPA+AES-CCM</encryption><essid cloaked="false">H&#x6f;tel</essid></SSID>'
    b"<BSSID>02:AA:00:00:00:01</BSSID><channel>6</channel><freqmhz>2437 9</freqmhz><snr-info><last_signal_dbm>-60"
    b'</last_signal_dbm></snr-info><wireless-client number="1"><client-mac>EC:71:DB:00:00:07</client-mac>'
    b"<packets><total>9</total></packets></wireless-client></wireless-network></detection-run>\n",
    b"WigleWifi-1.6,appRelease=1\nMAC,SSID,AuthMode,FirstSeen,Channel,Frequency,RSSI,CurrentLatitude,Type\n"
    b'02:aa:00:00:00:01,"Ho""tel,",[WPA2][ESS],2026-01-01,6,2437,-50,0,WIFI\n02:aa:00:00:00:02,x,Misc,2026,0,,-50,0,BLE\n',
    b"\nInterface name : Wi-Fi\nThere are 0 networks currently visible.\n",
    b'{"API_ERROR": "Location needs to be enabled"}',
    '[{"bssid": "02:aa:00:00:00:01", "frequency_mhz": 5180, "rssi": -50, "ssid": "房间"}]'.encode("utf-16"),
)


def readings() -> list[bytes]:
    """Lists of readings with and without positions."""
    room = signal_room(3)
    rows = ["spot,x_m,y_m,tag,rssi_dbm"]
    for spot, x, y, tag, level in zip(room.spot, room.x_m, room.y_m, room.tag, room.rssi_dbm, strict=True):
        rows.append(f"{spot},{x:.2f},{y:.2f},{tag or ''},{level:.1f}")
    return [
        "\n".join(rows[:40]).encode(),
        b"spot;rssi_dbm;mac;radio\nbedside;-54,5;00:11:22:33:44:55;wifi\noutside the door;-70;;bluetooth\nlamp;-40;;\n",
        b"# walk\nt_s\trssi_dbm\tx_m\ty_m\n0\t-50\t0\t0\n1\t-52\t1\t0\n2\t-60\t2,5\t3\n3\t-48\t1\t2\n",
        "spot,rssi_dbm,distance_m\n“a”,\N{MINUS SIGN}50,1\nb,-60,3\n".encode(),
        "spot,x_m,y_m,rssi_dbm\na,0,0,-50\nb,0,3,-60\nc,4,0,-55\n".encode("utf-16"),
    ]


def picture() -> list[bytes]:
    """Small pictures of every format, with EXIF where it has a place."""
    ramp = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    image = Pillow.fromarray(np.stack([ramp, ramp[::-1], ramp * 2], axis=2))
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 6, "Maker", "Model"
    exif.get_ifd(0x8769).update({0xA405: 26, 0x829A: 0.01, 0x8827: 400, 0x829D: 1.8})
    out = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind, options in (
            ("JPEG", {"exif": exif}),
            ("PNG", {"exif": exif}),
            ("TIFF", {"exif": exif}),
            ("BMP", {}),
            ("WEBP", {"exif": exif.tobytes()}),
        ):
            stream = io.BytesIO()
            image.save(stream, format=kind, **options)
            out.append(stream.getvalue())
        grey = io.BytesIO()
        Pillow.fromarray(ramp.astype(np.uint16) * 200).save(grey, format="TIFF")
        out.append(grey.getvalue())
        try:
            import pi_heif
        except ImportError:
            return out
        del pi_heif
    out.append(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + shapes_heif())
    return out


def shapes_heif() -> bytes:
    """The boxes of a HEIC file whose picture is missing."""
    entry = struct.pack(">I4sBxxxHH4s", 21, b"infe", 2, 1, 0, b"hvc1") + b"\0"
    listed = struct.pack(">I4sIH", 14 + len(entry), b"iinf", 0, 1) + entry
    handler = struct.pack(">I4sII4s12xB", 33, b"hdlr", 0, 0, b"pict", 0)
    primary = struct.pack(">I4sIH", 14, b"pitm", 0, 1)
    place = struct.pack(">I4sIBBHHHHII", 30, b"iloc", 0, 0x44, 0, 1, 1, 0, 1, 0, 16)
    inner = handler + primary + listed + place
    return struct.pack(">I4sI", 12 + len(inner), b"meta", 0) + inner + struct.pack(">I4s", 24, b"mdat") + bytes(16)


def result() -> list[bytes]:
    """Documents as the program writes them."""
    from .owed import check, read_bluetooth, read_wifi

    out = []
    for read, data in ((read_wifi, wifi()[0]), (read_bluetooth, bluetooth()[0])):
        examined = check(read, data)
        assert examined is not None
        document = {
            "schema": "roomsweep.result/1",
            "tool": {"name": "roomsweep", "version": "0"},
            "started_at": "2026-11-20T10:00:00+00:00",
            "verdict": "worth_a_look",
            "sources": [examined.source.to_dict()],
            "findings": [finding.to_dict() for finding in examined.findings[:3]],
            "limits": ["Much."],
        }
        out.append(json.dumps(document).encode())
    return out


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "capture": lambda: [*wifi()[:9], *bluetooth()[:2]],
    "wifi": wifi,
    "motion": motion,
    "bluetooth": bluetooth,
    "adverts": adverts,
    "scan": scan,
    "actions": actions,
    "readings": readings,
    "picture": picture,
    "result": result,
}
