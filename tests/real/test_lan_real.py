"""Answers to searches in real captures: cameras that tell what they are, and things that are none."""

import re
import shutil
import subprocess

import pytest

from roomsweep.detect.errors import InputError
from roomsweep.detect.lan.overheard import overhear
from roomsweep.detect.lan.probes import read_answer
from roomsweep.detect.result import Level

#: The cameras among the captures of wired traffic that tell of themselves in a search.
CAMERAS = {"0c:8c:24:0b:39:7b", "b0:c5:54:25:5b:0e", "74:da:38:80:7a:08"}


@pytest.fixture(scope="session")
def told(data_dir):
    """What is told in every capture, by path."""
    out = {}
    for path in sorted((data_dir / "radio").rglob("*")):
        if path.suffix in (".pcap", ".cap", ".pcapng"):
            try:
                with path.open("rb") as stream:
                    out[path] = overhear(stream, source_id="a", name=path.name)
            except InputError:
                continue
    return out


def test_exactly_the_cameras_are_identified(told):
    found = {(finding.identity.mac, finding.level) for findings in told.values() for finding in findings}
    assert {mac for mac, level in found if level is Level.IDENTIFIED} == CAMERAS
    assert {level for mac, level in found if mac not in CAMERAS} == {Level.NOTED}


def test_cameras_are_identified_in_each_of_their_setups(told):
    counts = {}
    for path, findings in told.items():
        if path.parent.name in ("D-LinkCam", "EdimaxCam1"):
            seen, all_ = counts.get(path.parent.name, (0, 0))
            hit = any(finding.level is Level.IDENTIFIED for finding in findings)
            counts[path.parent.name] = (seen + hit, all_ + 1)
    assert counts == {"D-LinkCam": (20, 20), "EdimaxCam1": (12, 12)}


def test_the_yi_camera_tells_its_id_and_the_phone_that_searches_is_not_accused(told):
    (findings,) = (items for path, items in told.items() if path.parent.name == "yi_camera_mudproject")
    (camera,) = findings
    assert re.fullmatch(r"TNPUSAF-\d{6}-[A-Z]{5}", camera.identity.name)
    assert camera.identity.ip == "192.168.1.143"
    assert [item.rule for item in camera.evidence if item.family == "identity"] == ["identity.lan_answer"]


def test_tuya_devices_are_noted_as_what_they_are(told):
    (findings,) = (items for path, items in told.items() if path.name == "tuya_lp.pcap")
    assert len(findings) == 13
    for finding in findings:
        assert finding.level is Level.NOTED
        assert finding.title.startswith("Tuya device")
    # Old IDs end in the address: the decryption is right.
    with_address = [item for item in findings if item.identity.name.endswith(item.identity.mac.replace(":", ""))]
    assert len(with_address) >= 8


def test_ssdp_answers_agree_with_tshark(data_dir):
    tshark = shutil.which("tshark")
    if tshark is None:
        pytest.skip("tshark is not installed")
    path = data_dir / "radio" / "ssdp_mdns" / "nttcom_ssdp_test.pcap"
    fields = [*("-e", "udp.srcport", "-e", "udp.dstport", "-e", "udp.payload", "-e", "http.response.code")]
    fields += ["-e", "http.location"]
    run = subprocess.run(
        [tshark, "-r", str(path), "-Y", "ssdp", "-T", "fields", *fields], capture_output=True, text=True, check=True
    )
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert len(rows) > 10
    for _, _, payload, code, location in rows:
        found = read_answer("ssdp", bytes.fromhex(payload))
        assert (found is not None) == (code == "200" or b"ssdp:alive" in bytes.fromhex(payload))
        assert found is None or found.fields.get("location", "") == location
