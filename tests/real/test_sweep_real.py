"""A whole sweep of real inputs by the command line."""

import json
import math
import sys

import jsonschema
import pytest

from roomsweep.cli.app import main
from roomsweep.detect.result import result_schema


@pytest.fixture
def sweep(monkeypatch, capfd, tmp_path):
    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["roomsweep", "sweep", *map(str, arguments), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        document = json.loads(capfd.readouterr().out)
        jsonschema.validate(document, result_schema())
        return ended.value.code, document

    return run


def test_a_pair_and_both_radios(sweep, data_dir, tmp_path):
    finder = data_dir / "optical" / "lensfinder_artyrrr"
    code, result = sweep(
        "--pair",
        finder / "d1-2.png",
        finder / "d1-1.png",
        "--wifi",
        data_dir / "radio" / "airodump_lab_chile" / "dump-01.cap",
        "--bluetooth",
        data_dir / "radio" / "ble_btsnoop" / "csacca_home_mit.btsnoop",
        "--out",
        tmp_path / "out",
    )
    assert code == 0
    assert [source["state"] for source in result["sources"]] == ["examined"] * 3
    glint = next(finding for finding in result["findings"] if finding["kind"] == "lens_glint")
    assert glint["level"] == "look"
    assert math.hypot(glint["where"]["x_px"] - 550, glint["where"]["y_px"] - 367) <= 5
    assert result["verdict"] == "worth_a_look"
    # No camera is known to have been on the air there: nothing may be said to be one.
    assert {finding["level"] for finding in result["findings"]} <= {"look", "noted"}
    assert {finding["kind"] for finding in result["findings"]} >= {"wifi_network", "wifi_station", "bluetooth_device"}
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "report.html",
        "result.json",
        "pair-1-d1-2.png-marked.jpg",
    }


def test_inputs_given_the_wrong_way_round(sweep, data_dir):
    radio = data_dir / "radio"
    code, result = sweep(
        "--wifi",
        radio / "ble_btsnoop" / "csacca_home_mit.btsnoop",
        "--bluetooth",
        radio / "airodump_lab_chile" / "dump-01.cap",
        "--photo",
        data_dir / "README.md",
    )
    assert code == 3
    assert [source["state"] for source in result["sources"]] == ["not_examined"] * 3
    reasons = {source["kind"]: source["reason"] for source in result["sources"]}
    assert "Bluetooth" in reasons["wifi_capture"]
    assert "Wi-Fi" in reasons["bluetooth_capture"]
    assert result["verdict"] == "not_examined"
