"""A capture of network traffic in a sweep: what a device told its owner's phone is one finding with the device."""

import json
import struct

import pytest

from roomsweep.cli.app import main


def test_a_camera_in_a_capture_of_a_hotspot_is_identified_as_the_device_that_was_heard(tmp_path, capsys, monkeypatch):
    answer = b"NVDEVRESULT^100^38:AF:29:BB:BC:AB^192.168.1.8^255.255.255.0^192.168.1.1^1^2^3^4^5^6^12345678^7^8"
    udp = struct.pack(">HHHH", 10008, 10009, 8 + len(answer), 0) + answer
    packet = (
        struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\xc0\xa8\x01\x08", b"\xff" * 4) + udp
    )
    frame = b"\xff" * 6 + bytes.fromhex("38af29bbbcab0800") + packet
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    for second in range(20):
        data += struct.pack("<IIII", 1_700_000_000 + second, 0, len(frame), len(frame)) + frame
    path = tmp_path / "hotspot.pcap"
    path.write_bytes(data)
    monkeypatch.setattr("sys.argv", ["roomsweep", "wifi", str(path), "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    result = json.loads(capsys.readouterr().out)
    (finding,) = [item for item in result["findings"] if item["identity"].get("mac") == "38:af:29:bb:bc:ab"]
    assert (finding["level"], finding["kind"]) == ("identified", "lan_host")
    assert result["verdict"] == "camera_identified"
    rules = [item["rule"] for item in finding["evidence"]]
    assert "identity.lan_answer" in rules
    assert len(rules) == len(set(rules))
