import errno
import hashlib
import logging
import os
import resource
import shutil
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roomsweep.cli.channels import BEACON_S, LONG_STAY_S, Channel, Hopper, channels_of
from roomsweep.cli.computer import Computer
from roomsweep.cli.listening import DATA_FRAME_BYTES
from roomsweep.cli.recording import Block, Recording
from roomsweep.cli.sniffing import Sniffer
from roomsweep.cli.wifi_interface import link_type_of
from roomsweep.detect.capture import CaptureReader, LinkType
from roomsweep.detect.errors import UnavailableError
from roomsweep.detect.wifi import scapy_frames as frames
from roomsweep.detect.wifi.streams import LONG_S

CAMERA, ACCESS_POINT, GATEWAY = "ec:71:db:00:00:01", "00:0b:86:00:00:02", "00:0b:86:00:00:03"

#: As iw 6.9 lays it out, shortened; the older form has no decimals.
IW_PHY_INFO = """Wiphy phy3
\twiphy index: 3
\tBand 1:
\t\tFrequencies:
\t\t\t* 2412.0 MHz [1] (20.0 dBm)
\t\t\t* 2417.0 MHz [2] (20.0 dBm)
\t\t\t* 2437.0 MHz [6] (20.0 dBm)
\t\t\t* 2467.0 MHz [12] (disabled)
\tBand 2:
\t\tFrequencies:
\t\t\t* 5180 MHz [36] (23.0 dBm)
\t\t\t* 5260.0 MHz [52] (23.0 dBm) (no IR, radar detection)
\t\t\t* 5825.0 MHz [165] (disabled)
\tBand 4:
\t\tFrequencies:
\t\t\t* 5955.0 MHz [1] (12.0 dBm) (no IR)
\tSupported interface modes:
\t\t * managed
\t\t * monitor
"""


def on_air(frame: bytes) -> bytes:
    return frames.radiotap(rssi_dbm=-50, channel=6, rate_mbps=54) + frames.with_check_sequence(frame)


def beacon(ssid: bytes = b"Hotel") -> bytes:
    return on_air(frames.beacon(bssid=ACCESS_POINT, ssid=ssid, channel=6, protected=True))


def data_frame(payload: bytes) -> bytes:
    return on_air(
        frames.data_frame(station=CAMERA, bssid=ACCESS_POINT, other=GATEWAY, uplink=True, payload=payload, priority=5)
    )


def heard(sniffer: Sniffer, *, seconds: float = 0.15) -> list[tuple[bytes, int, int]]:
    """Every record: its bytes, its length on the air, its link type."""
    out = []
    for records in sniffer.blocks(seconds=seconds):
        for start, caplen, length, kind in zip(
            records.start, records.caplen, records.length, records.linktype, strict=True
        ):
            out.append((records.data[start : start + caplen].tobytes(), int(length), int(kind)))
    return out


# -- listening


def test_frames_are_heard_as_they_were_sent(monitor_interface: Callable[..., Any]) -> None:
    air = monitor_interface()
    sent = [
        beacon(),
        beacon(b"Caf\xc3\xa9"),
        on_air(frames.request_to_send(receiver=ACCESS_POINT, sender=CAMERA)),
        on_air(frames.acknowledgement(receiver=CAMERA)),
        on_air(frames.null_frame(station=CAMERA, bssid=ACCESS_POINT, asleep=True)),
    ]
    with Sniffer(air.name) as sniffer:
        air.send(sent)
        got = heard(sniffer)
    assert got == [(frame, len(frame), LinkType.RADIOTAP) for frame in sent]
    assert (sniffer.frames, sniffer.kernel_drops, sniffer.ended) == (5, 0, None)


def test_what_data_frames_carry_never_reaches_the_program(monitor_interface: Callable[..., Any]) -> None:
    air = monitor_interface()
    secret = b"the content of a stranger's traffic"
    sent = [data_frame(b"\xaa" * 8 + secret * size) for size in (0, 1, 10, 40)]
    with Sniffer(air.name) as sniffer:
        air.send(sent)
        got = heard(sniffer)
    header = len(frames.radiotap(rssi_dbm=-50, channel=6, rate_mbps=54))
    for frame, (data, length, _) in zip(sent, got, strict=True):
        assert length == len(frame)
        assert data == frame[: header + DATA_FRAME_BYTES]
        assert secret[8:] not in data


def test_damaged_headers_are_kept_whole(monitor_interface: Callable[..., Any]) -> None:
    """A radiotap header that claims to be longer than the record must not lose it."""
    air = monitor_interface()
    sent = [b"\0\0\xff\xff" + bytes(20), b"\0\0\x08\0" + bytes(4), b"\0\0\x08\0" + bytes(4) + b"\x08"]
    with Sniffer(air.name) as sniffer:
        air.send(sent)
        assert [data for data, _, _ in heard(sniffer)] == sent


def test_the_kernel_cuts_where_the_standard_says(monitor_interface: Callable[..., Any]) -> None:
    """Any bytes, any length of the radio's header: only frames of type 2 (data) are cut, and none is lost."""
    air, rng = monitor_interface(), np.random.default_rng(5)
    sent, expected = [], []
    for _ in range(400):
        header = int(rng.choice([8, 13, 15, 36, 56, 250, 300]))
        data = bytearray(rng.bytes(int(rng.integers(8, 700))))
        data[:4] = b"\0\0" + header.to_bytes(2, "little")
        cut = len(data) > header and data[header] >> 2 & 3 == 2
        sent.append(bytes(data))
        expected.append(bytes(data[: header + DATA_FRAME_BYTES] if cut else data))
    with Sniffer(air.name) as sniffer:
        air.send(sent)
        got = heard(sniffer)
    assert [data for data, _, _ in got] == expected
    assert [length for _, length, _ in got] == [len(frame) for frame in sent]
    assert sum(map(len, sent)) - sum(map(len, expected)) > 40


def test_bare_frames_have_their_own_link_type(monitor_interface: Callable[..., Any]) -> None:
    air = monitor_interface(hardware_type=801)
    plain = frames.beacon(bssid=ACCESS_POINT, ssid=b"Hotel", channel=6, protected=True)
    data = frames.data_frame(station=CAMERA, bssid=ACCESS_POINT, other=GATEWAY, uplink=True, payload=bytes(500))
    with Sniffer(air.name) as sniffer:
        air.send([plain, data])
        got = heard(sniffer)
    assert got == [
        (plain, len(plain), LinkType.IEEE802_11),
        (data[:DATA_FRAME_BYTES], len(data), LinkType.IEEE802_11),
    ]


def test_the_recording_holds_what_was_examined(monitor_interface: Callable[..., Any], tmp_path: Path) -> None:
    air, path = monitor_interface(), tmp_path / "new" / "air.pcap"
    with Sniffer(air.name, record_to=path) as sniffer:
        air.send([beacon(), data_frame(bytes(900))] * 50)
        blocks = list(sniffer.blocks(seconds=0.3))
    with path.open("rb") as stream:
        reader = CaptureReader(stream, name=path.name)
        (again,) = list(reader)
    assert reader.end.truncated is None
    for column in ("caplen", "length", "t_ns", "linktype"):
        assert np.array_equal(getattr(again, column), np.concatenate([getattr(block, column) for block in blocks]))
    assert np.all(np.diff(again.t_ns) >= 0)
    assert sniffer.facts()["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if shutil.which("tshark"):
        command = ["tshark", "-r", str(path), "-T", "fields", "-e", "frame.len", "-e", "frame.cap_len"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        told = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
        assert told == list(zip(again.length.tolist(), again.caplen.tolist(), strict=True))


def test_evidence_is_not_overwritten(monitor_interface: Callable[..., Any], tmp_path: Path) -> None:
    air, path = monitor_interface(), tmp_path / "air.pcap"
    path.write_bytes(b"evidence")
    with pytest.raises(UnavailableError, match="there already"):
        Sniffer(air.name, record_to=path)
    assert path.read_bytes() == b"evidence"


def test_a_full_disk_ends_the_recording_at_a_whole_record(
    monitor_interface: Callable[..., Any], tmp_path: Path
) -> None:
    air, path = monitor_interface(), tmp_path / "air.pcap"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Sniffer(air.name, record_to=path) as sniffer:
        blocks = sniffer.blocks(seconds=1.5)
        air.send([beacon()] * 3)
        next(blocks)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, limits[1]))
        try:
            air.send([beacon()] * 50)
            rest = sum(map(len, blocks))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert rest == 50
    assert any("could not be recorded to the end" in note for note in sniffer.notes)
    with path.open("rb") as stream:
        reader = CaptureReader(stream, name=path.name)
        assert sum(map(len, reader)) == 3
    assert reader.end.truncated is None
    assert sniffer.facts()["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_frames_that_nobody_took_are_counted(monitor_interface: Callable[..., Any]) -> None:
    air = monitor_interface()
    sniffer = Sniffer(air.name)
    ready = struct.pack("i", 1 << 16)
    sniffer._ear._socket.setsockopt(1, 8, ready)  # SOL_SOCKET, SO_RCVBUF: small, to fill it quickly
    with sniffer:
        air.send([beacon()] * 2000)
        got = heard(sniffer)
    assert 0 < len(got) < 2000
    assert sniffer.kernel_drops == 2000 - len(got)
    assert any(f"lost {sniffer.kernel_drops} frames" in note for note in sniffer.notes)


def test_an_adapter_that_is_unplugged_ends_it(monitor_interface: Callable[..., Any]) -> None:
    air = monitor_interface()
    with Sniffer(air.name) as sniffer:
        blocks = sniffer.blocks(seconds=60)
        air.send([beacon()])
        assert len(next(blocks)) == 1
        air.unplug()
        assert sum(map(len, blocks)) == 0
    assert sniffer.ended is not None
    assert "unplugged" in sniffer.ended
    assert sniffer.seconds < 10


def test_the_first_interrupt_ends_it_and_keeps_what_was_heard(monitor_interface: Callable[..., Any]) -> None:
    air = monitor_interface()
    before = signal.getsignal(signal.SIGINT)
    with Sniffer(air.name) as sniffer:
        air.send([beacon()] * 7)
        count = 0
        for records in sniffer.blocks(seconds=None):
            count += len(records)
            signal.raise_signal(signal.SIGINT)
    assert (count, sniffer.stopped) == (7, True)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_is_not_held_up(monitor_interface: Callable[..., Any]) -> None:
    air = monitor_interface()
    with Sniffer(air.name) as sniffer:
        next(blocks := sniffer.blocks(seconds=None))
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        blocks.close()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_block_is_bounded() -> None:
    block = Block(size=70_000)
    assert not block.full
    block.used = block.last + 1
    assert block.full
    empty = Block().records(link_type=LinkType.RADIOTAP)
    assert (len(empty), len(empty.data)) == (0, 0)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="could not be written"):
        Recording(tmp_path / "file" / "air.pcap", link_type=LinkType.RADIOTAP)


# -- why nothing can be heard


def computer(root: Path, **changes: object) -> Computer:
    parts: dict[str, object] = {
        "system": "Linux",
        "root": root,
        "python": (3, 11, 7),
        "data_folder": root / "data",
        "run": lambda _: None,
        "which": lambda _: None,
        "load": lambda _: "1.2.3",
    }
    return Computer(**{**parts, **changes})  # type: ignore[arg-type]


def interface(root: Path, name: str, **files: str) -> None:
    folder = root / "sys" / "class" / "net" / name
    for place, text in {"type": "1", "flags": "0x1003", **files}.items():
        path = folder / place.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


def refusal(here: Computer, name: str = "wlan0") -> str:
    with pytest.raises(UnavailableError) as refused:
        link_type_of(here, name)
    return str(refused.value)


def test_a_ready_interface_is_taken(tmp_path: Path) -> None:
    interface(tmp_path, "mon0", type="803")
    interface(tmp_path, "raw0", type="801")
    assert link_type_of(computer(tmp_path), "mon0") is LinkType.RADIOTAP
    assert link_type_of(computer(tmp_path), "raw0") is LinkType.IEEE802_11


@pytest.mark.parametrize("name", ["", "..", "../../../etc", "mon1", "\x1b[31mred", "x" * 300])
def test_an_interface_that_is_not_there(tmp_path: Path, name: str) -> None:
    interface(tmp_path, "mon0", type="803")
    said = refusal(computer(tmp_path), name)
    assert "There is no network interface" in said
    assert "In monitor mode here: mon0." in said
    assert "\x1b" not in said
    assert len(said) < 300


def test_without_any_adapter_one_is_suggested(tmp_path: Path) -> None:
    assert "USB Wi-Fi adapter" in refusal(computer(tmp_path), "mon0")


def test_managed_mode_is_answered_with_commands(tmp_path: Path) -> None:
    interface(tmp_path, "wlan0", phy80211__name="phy3")
    said = refusal(computer(tmp_path, run=lambda _: IW_PHY_INFO))
    assert "managed mode" in said
    assert "sudo ip link set wlan0 down; sudo iw dev wlan0 set type monitor; sudo ip link set wlan0 up" in said
    assert "sudo iw phy phy3 interface add mon0 type monitor" in said


def test_an_adapter_without_monitor_mode_is_not_sent_round_in_circles(tmp_path: Path) -> None:
    interface(tmp_path, "wlan0", phy80211__name="phy3")
    said = refusal(computer(tmp_path, run=lambda _: IW_PHY_INFO.replace("* monitor", "* AP")))
    assert "knows no monitor mode" in said
    assert "set type monitor" not in said


def test_other_refusals_say_what_is_wrong(tmp_path: Path) -> None:
    interface(tmp_path, "eth0")
    interface(tmp_path, "old0", type="802")
    interface(tmp_path, "mon0", type="803", flags="0x1002")
    interface(tmp_path, "mon1", type="803")
    assert "eth0 is not one of Wi-Fi" in refusal(computer(tmp_path), "eth0")
    assert "Prism" in refusal(computer(tmp_path), "old0")
    off = refusal(computer(tmp_path), "mon0")
    assert "switched off" in off
    assert "sudo ip link set mon0 up" in off
    status = tmp_path / "proc" / "self" / "status"
    status.parent.mkdir(parents=True)
    status.write_text("Name:\tpython\nCapEff:\t0000000000000000\n")
    assert "may not listen" in refusal(computer(tmp_path), "mon1")


@pytest.mark.parametrize(
    ("system", "words"), [("Darwin", "tcpdump -I"), ("Windows", "Npcap"), ("FreeBSD", "recorded in monitor mode")]
)
def test_other_systems_are_told_how_to_record(tmp_path: Path, system: str, words: str) -> None:
    said = refusal(computer(tmp_path, system=system))
    assert "Linux only" in said
    assert words in said


def test_without_scapy_it_says_so(monitor_interface: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    air = monitor_interface()
    monkeypatch.setitem(sys.modules, "scapy.arch.linux", None)
    with pytest.raises(UnavailableError, match="pip install scapy"):
        Sniffer(air.name)


def test_a_refused_socket_is_one_sentence(
    monitor_interface: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import scapy.arch.linux

    air = monitor_interface()

    def refuse(**_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(scapy.arch.linux, "L2ListenSocket", refuse)
    with pytest.raises(UnavailableError, match="sudo"):
        Sniffer(air.name)


def test_scapy_is_silent(monitor_interface: Callable[..., Any], capfd: pytest.CaptureFixture[str]) -> None:
    air = monitor_interface()
    logging.getLogger("scapy.runtime").setLevel(logging.NOTSET)
    Sniffer(air.name).close()
    assert capfd.readouterr().err == ""


# -- channels


def radio(tmp_path: Path, *, info: str = IW_PHY_INFO, tuned: str = "") -> Computer:
    """A computer whose interface mon0 belongs to the radio phy3."""
    interface(tmp_path, "mon0", type="803", phy80211__name="phy3")

    def run(command: Sequence[str]) -> str | None:
        return tuned if list(command) == ["iw", "dev", "mon0", "info"] else info

    return computer(tmp_path, run=run)


class Tuner:
    """Notes what it is asked for; refuses as told."""

    def __init__(self, refuses: dict[int, str] | None = None) -> None:
        self.asked: list[int] = []
        self._refuses = refuses or {}

    def __call__(self, interface: str, mhz: int) -> str | None:
        assert interface == "mon0"
        self.asked.append(mhz)
        return self._refuses.get(mhz)


def test_channels_are_those_the_radio_may_use() -> None:
    assert [item.number for item in channels_of(IW_PHY_INFO)] == [1, 2, 6, 36, 52]
    assert channels_of("") == ()
    assert channels_of(IW_PHY_INFO)[0] == Channel(number=1, mhz=2412)


def test_stops_hear_at_least_two_beacons_and_more_in_2_4_ghz() -> None:
    slow, fast = Channel(number=1, mhz=2412), Channel(number=36, mhz=5180)
    assert slow.brief_s > fast.brief_s >= 2 * BEACON_S
    assert LONG_STAY_S > LONG_S


def walk(hopper: Hopper, *, seconds: float, frames_per_s: dict[int, int]) -> list[tuple[int, float]]:
    """Let time pass; returns channels with the seconds of each stay."""
    now, out = 100.0, []
    hopper.tune_first()
    hopper.start(now)
    while (due := hopper.due_s) is not None and due < 100.0 + seconds:
        channel = hopper.current
        assert channel is not None
        out.append((channel.number, round(due - now, 4)))
        hopper.hop(due, frames=int(frames_per_s.get(channel.number, 0) * (due - now)))
        now = due
    hopper.count(100.0 + seconds)
    return out


def test_a_brief_round_then_longer_stays_where_it_is_busy(tmp_path: Path) -> None:
    tuner = Tuner()
    hopper = Hopper("mon0", here=radio(tmp_path), tuner=tuner)
    stays = walk(hopper, seconds=90, frames_per_s={1: 500, 2: 200, 6: 900, 36: 50})
    assert [number for number, _ in stays[:5]] == [1, 6, 2, 36, 52]
    assert max(stay for _, stay in stays[:5]) < 0.5
    assert stays[5:8] == [(6, LONG_STAY_S), (1, LONG_STAY_S), (36, LONG_STAY_S)]
    assert [number for number, _ in stays[8:13]] == [1, 6, 2, 36, 52], "what is new must be found too"
    assert sum(hopper.seconds.values()) == pytest.approx(90)
    assert set(hopper.seconds) == {1, 2, 6, 36, 52}
    assert 2467 not in tuner.asked
    assert 5955 not in tuner.asked
    assert hopper.note is None


def test_frames_from_before_a_change_do_not_make_the_next_channel_busy(tmp_path: Path) -> None:
    hopper = Hopper("mon0", here=radio(tmp_path), tuner=Tuner())
    hopper.tune_first()
    hopper.start(0.0)
    stays = []
    for _ in range(7):
        assert hopper.current is not None
        assert hopper.due_s is not None
        stays.append(hopper.current.number)
        hopper.hop(hopper.due_s, frames=1)
        hopper.late(30 if stays[-1] == 6 else 0)
    assert stays == [1, 6, 2, 36, 52, 6, 1]


def test_a_silent_place_is_only_gone_round(tmp_path: Path) -> None:
    stays = walk(Hopper("mon0", here=radio(tmp_path), tuner=Tuner()), seconds=20, frames_per_s={})
    assert max(stay for _, stay in stays) < 0.5
    assert len(stays) > 40


def test_brief_rounds_alone_find_where_something_sends(tmp_path: Path) -> None:
    hopper = Hopper("mon0", here=radio(tmp_path), brief_only=True, tuner=Tuner())
    stays = walk(hopper, seconds=20, frames_per_s={1: 500, 6: 900})
    assert max(stay for _, stay in stays) < 0.5
    assert [number for number, _ in stays[:10]] == [1, 6, 2, 36, 52] * 2


def test_one_channel_is_stayed_on(tmp_path: Path) -> None:
    tuner = Tuner()
    hopper = Hopper("mon0", here=radio(tmp_path), channels=[36], tuner=tuner)
    assert walk(hopper, seconds=30, frames_per_s={36: 10}) == []
    assert tuner.asked == [5180]
    assert hopper.seconds == {36: pytest.approx(30)}


@pytest.mark.parametrize("number", [12, 165, 3, 0])
def test_a_channel_that_may_not_be_used_is_refused(tmp_path: Path, number: int) -> None:
    with pytest.raises(UnavailableError, match="It may use 1, 2, 6, 36, 52"):
        Hopper("mon0", here=radio(tmp_path), channels=[number], tuner=Tuner())


@pytest.mark.parametrize("reason", ["Device or resource busy (-16)", "Operation not permitted (-1)"])
def test_a_refusal_is_said_once_and_the_channel_stays(tmp_path: Path, reason: str) -> None:
    tuner = Tuner(dict.fromkeys((2412, 2417, 2437, 5180, 5260), reason))
    here = radio(tmp_path, tuned="\tchannel 6 (2437 MHz), width: 20 MHz (no HT), center1: 2437 MHz\n")
    hopper = Hopper("mon0", here=here, tuner=tuner)
    assert walk(hopper, seconds=20, frames_per_s={6: 100}) == []
    assert len(tuner.asked) == 1
    assert hopper.seconds == {6: pytest.approx(20)}
    assert hopper.note is not None
    assert "channel 6 only" in hopper.note
    assert reason in hopper.note


def test_a_refusal_on_the_way_keeps_the_channel_last_set(tmp_path: Path) -> None:
    hopper = Hopper("mon0", here=radio(tmp_path), tuner=Tuner({2417: "Device or resource busy (-16)"}))
    assert [number for number, _ in walk(hopper, seconds=20, frames_per_s={})] == [1, 6]
    assert hopper.current == Channel(number=6, mhz=2437)
    assert hopper.due_s is None


def test_single_channels_that_are_refused_are_left_out(tmp_path: Path) -> None:
    tuner = Tuner({2417: "Invalid argument (-22)"})
    hopper = Hopper("mon0", here=radio(tmp_path), tuner=tuner)
    stays = walk(hopper, seconds=20, frames_per_s={})
    assert {number for number, _ in stays} == {1, 6, 36, 52}
    assert tuner.asked.count(2417) == 1
    assert hopper.note is not None
    assert "channel 2 (" in hopper.note


def test_where_every_channel_is_refused_it_ends(tmp_path: Path) -> None:
    tuner = Tuner(dict.fromkeys((2412, 2417, 2437, 5180, 5260), "Invalid argument (-22)"))
    hopper = Hopper("mon0", here=radio(tmp_path), tuner=tuner)
    assert walk(hopper, seconds=5, frames_per_s={}) == []
    assert len(tuner.asked) == 5
    assert hopper.seconds == {}


def test_a_channel_asked_for_that_cannot_be_set_is_an_error(tmp_path: Path) -> None:
    hopper = Hopper("mon0", here=radio(tmp_path), channels=[6], tuner=Tuner({2437: "Operation not permitted (-1)"}))
    with pytest.raises(UnavailableError, match="not permitted"):
        hopper.tune_first()


def test_without_iw_the_channel_stays_and_it_is_said(tmp_path: Path) -> None:
    hopper = Hopper("mon0", here=computer(tmp_path), tuner=Tuner())
    assert walk(hopper, seconds=5, frames_per_s={}) == []
    assert hopper.seconds == {}
    assert hopper.note is not None
    assert "present channel only" in hopper.note
    with pytest.raises(UnavailableError, match="--channel"):
        Hopper("mon0", here=computer(tmp_path), channels=[6], tuner=Tuner())
