"""``roomsweep motion`` from a capture, and guided with a receiver and a clock of our own."""

import io
import json
import threading

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from roomsweep.calibration.moving_streams import MovingRoom, synthetic_moving_room
from roomsweep.calibration.transmitters import START_S
from roomsweep.cli import guiding, sniffing
from roomsweep.cli.app import app
from roomsweep.cli.commands import motion
from roomsweep.cli.guiding import READY_S, Guide
from roomsweep.detect.capture import CaptureReader
from roomsweep.detect.errors import UnavailableError
from roomsweep.detect.result import result_schema
from roomsweep.detect.wifi import schedules
from roomsweep.detect.wifi.actions import read_actions, write_actions
from roomsweep.detect.wifi.schedules import Action, guided


@pytest.fixture(scope="module")
def room():
    return synthetic_moving_room(seed=3, streams=("variable", "constant", "plug"))


@pytest.fixture(scope="module")
def files(room, tmp_path_factory):
    folder = tmp_path_factory.mktemp("motion")
    (folder / "room.pcap").write_bytes(room.capture())
    (folder / "actions.csv").write_text(write_actions(room.log), encoding="utf-8")
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["motion", *map(str, arguments)])


def document(done):
    out = json.loads(done.stdout)
    jsonschema.validate(out, result_schema())
    return out


def test_a_capture_with_its_actions(files, room):
    done = run(files / "room.pcap", "--actions", files / "actions.csv", "--json")
    assert done.exit_code == 0, done.output
    result = document(done)
    assert result["verdict"] == "suspects_found"
    first, *others = result["findings"]
    assert (first["kind"], first["level"]) == ("wifi_station", "suspect")
    assert first["identity"]["mac"] == room.streams[0].mac
    assert [item["level"] for item in others] == ["noted", "noted"]
    (source,) = result["sources"]
    assert (source["kind"], source["state"], source["facts"]["actions_file"]) == ("motion", "examined", "actions.csv")
    assert any("constant bit rate" in limit for limit in result["limits"])
    assert any("your own devices" in limit for limit in result["limits"])


def test_the_terminal_tells_it_and_fail_on_counts(files, tmp_path):
    done = run(
        files / "room.pcap", "--actions", files / "actions.csv", "--fail-on", "suspect", "--out", tmp_path, "--all"
    )
    assert done.exit_code == 1
    words = " ".join(done.stdout.split())
    assert "watching this room" in words
    assert "was not seen to follow this room" in words
    assert (tmp_path / "report.html").is_file()


def test_own_devices_are_left_out(files, room):
    done = run(files / "room.pcap", "--actions", files / "actions.csv", "--mine", room.streams[0].mac.upper(), "--json")
    assert document(done)["verdict"] == "nothing_found"
    assert document(done)["sources"][0]["facts"]["own_devices"] == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0,still\n5,\x1b]0;x\x07\n", "\\x1b"),
        ("0,still\n10,move\n20,still\n", "too few"),
        (
            "0,still\n10,move\n20,still\n30,move\n40,still\n50,move\n60,still\n70,move\n80,still\n90,end\n",
            "even intervals",
        ),
        ("1000,still\n1010,move\n1020,still\n1047,move\n1057,still\n1100,end\n", "does not cover"),
    ],
)
def test_actions_that_tell_nothing_end_with_3_and_the_reason(files, tmp_path, text, told):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    done = run(files / "room.pcap", "--actions", path, "--json")
    assert done.exit_code == 3
    (source,) = document(done)["sources"]
    assert source["state"] == "not_examined"
    assert told in source["reason"]


def test_missing_files_end_with_3(files):
    assert run(files / "nope.pcap", "--actions", files / "actions.csv", "--json").exit_code == 3
    done = run(files / "room.pcap", "--actions", files / "nope.csv", "--json")
    assert done.exit_code == 3
    assert "nope.csv" in document(done)["sources"][0]["reason"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a.pcap",),
        ("--actions", "a.csv"),
        ("a.pcap", "--actions", "a.csv", "--interface", "mon0"),
        ("a.pcap", "--actions", "a.csv", "--light"),
        ("a.pcap", "--actions", "a.csv", "--mine", "not-an-address"),
    ],
)
def test_wrong_usage_ends_with_2(arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Wrong usage" in done.output


def test_an_interface_that_is_not_there_leaves_no_folder(tmp_path):
    done = run("--interface", "nosuch0", "--out", tmp_path / "run")
    assert isinstance(done.exception, UnavailableError)
    assert not (tmp_path / "run").exists()


class Simulated:
    """A clock that the receiver moves on with each block; it stops wherever the guide wants to act on the way."""

    def __init__(self):
        self.now_s = START_S - READY_S
        self._changed = threading.Condition()
        self._until: float | None = None

    def clock(self):
        return self.now_s

    def wait(self, seconds):
        with self._changed:
            until = self._until = self.now_s + seconds
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self.now_s >= until - 1e-6, timeout=20)
            self._until = None
            self._changed.notify_all()

    def to(self, now_s):
        with self._changed:
            while self.now_s < now_s:
                while not guides[-1].done.is_set() and self._until is None:
                    self._changed.wait(0.01)
                self.now_s = min(now_s, max(self._until or now_s, self.now_s))
                self._changed.notify_all()
                while self._until is not None and self.now_s >= self._until - 1e-6:
                    self._changed.wait(0.01)


guides: list[Guide] = []


@pytest.fixture
def simulated(room, monkeypatch):
    """Puts a receiver that replays the room and a clock of its own in place."""
    there = Simulated()
    guides.clear()

    class OurGuide(Guide):
        def __init__(self, stretches, **how):
            super().__init__(stretches, **how, clock=there.clock, wait=there.wait)
            guides.append(self)

    class OurSniffer:
        notes, frames, stopped = (), 1, False

        def __init__(self, interface, *, record_to=None, channels=None, brief_only=False):
            self.interface, self.channels, self.seconds = interface, channels, 0.0
            self.channel_seconds = dict.fromkeys(channels or (1, 6), 1.0)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def facts(self):
            return {"interface": self.interface}

        def blocks(self, *, seconds):
            for records in CaptureReader(io.BytesIO(room.capture()), name="x", block_bytes=300_000):
                if seconds is None:
                    there.to(float(records.t_ns[-1]) / 1e9)
                self.seconds = max(0.0, float(records.t_ns[-1]) / 1e9 - START_S)
                yield records

    monkeypatch.setattr(guiding, "Guide", OurGuide)
    monkeypatch.setattr(sniffing, "Sniffer", OurSniffer)
    monkeypatch.setattr("roomsweep.cli.wifi_interface.link_type_of", lambda *_: None)
    monkeypatch.setattr(schedules, "guided", lambda *_, **__: room.stretches)
    return there


def test_a_guided_run_says_what_to_do_notes_it_and_finds_the_camera(simulated, room, tmp_path):
    done = run("--interface", "mon0", "--out", tmp_path / "run", "--json")
    assert done.exit_code == 0, done.output
    result = document(done)
    assert result["findings"][0]["identity"]["mac"] == room.streams[0].mac
    assert result["findings"][0]["level"] == "suspect"
    said = done.stderr
    assert "Staying on channel 6" in said
    assert said.count("Now walk about") == 4
    assert said.count("Now stand still") == 5
    assert "Done" in said
    log = read_actions((tmp_path / "run" / "actions.csv").read_bytes(), name="actions.csv")
    assert log.actions == room.log.actions
    assert [time - START_S for time in log.times_s] == pytest.approx(room.log.times_s, abs=0.01)
    assert log.least_rest_s == room.log.least_rest_s
    assert (tmp_path / "run" / "result.json").is_file()


def test_with_a_channel_nothing_is_searched(simulated, tmp_path):
    done = run("--interface", "mon0", "--channel", "11", "--out", tmp_path / "run", "--json")
    assert done.exit_code == 0, done.output
    assert "Going round" not in done.stderr
    assert any("channel 11 only" in limit for limit in document(done)["limits"])


def test_a_guide_by_key_notes_the_keys_and_does_not_claim_drawn_times():
    said, times = [], iter(range(100, 200, 7))
    (stretch,) = guided(np.random.default_rng(1))
    guide = Guide([stretch], say=said.append, key=lambda: True, clock=lambda: float(next(times)))
    guide.start()
    assert guide.done.wait(5)
    log = guide.log
    assert log.times_s == tuple(float(t) for t in range(100, 170, 7))
    assert log.actions[-1] is Action.END
    assert log.least_rest_s == {}
    assert "Press Enter, and at once walk about and wave your arms, for about 10 s." in said
    assert said[-2:] == ["Press Enter to end this part.", "Done; working it out ..."]


def test_a_guide_that_is_broken_off_closes_what_lasts():
    keys = iter([True, True, False])
    now = iter([1000.0, 1010.0, 1015.0])
    (stretch,) = guided(np.random.default_rng(1))
    guide = Guide([stretch], say=lambda line: None, key=lambda: next(keys), clock=lambda: next(now))
    guide.start()
    assert guide.done.wait(5)
    log = guide.log
    assert log.actions == (Action.STILL, Action.MOVE, Action.END)
    assert log.times_s == (1000.0, 1010.0, 1015.0)


def test_a_guide_by_the_clock_stops_at_once_and_is_no_longer_as_drawn():
    (stretch,) = guided(np.random.default_rng(1))
    guide = Guide([stretch], say=lambda line: None)
    guide.start()
    guide.stop()
    assert guide.done.is_set()
    assert guide.log.actions == ()
    assert guide.log.least_rest_s == {}


@pytest.mark.parametrize(
    ("mhz", "number"), [(2412, 1), (2437, 6), (2484, 14), (5180, 36), (5825, 165), (0, 0), (2400, 0)]
)
def test_numbers_of_channels(mhz, number):
    assert motion.number_of(mhz) == number


def test_silence_on_all_channels_is_told(simulated, monkeypatch, tmp_path):
    beacons = synthetic_moving_room(seed=1, streams=()).capture()
    monkeypatch.setattr(MovingRoom, "capture", lambda self: beacons)
    done = run("--interface", "mon0", "--out", tmp_path / "run")
    assert isinstance(done.exception, UnavailableError)
    assert "No station sent data" in str(done.exception)
