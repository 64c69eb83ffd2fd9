"""What the JSON Schema itself promises to other programs, tried on documents written by hand."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from roomsweep.detect.result import Result, result_schema

VALIDATOR = Draft202012Validator(result_schema())


def document() -> dict[str, Any]:
    """A document as another program might write it."""
    return {
        "schema": "roomsweep.result/1",
        "tool": {"name": "roomsweep", "version": "0.1.0"},
        "started_at": "2026-11-20T10:00:00+01:00",
        "verdict": "camera_identified",
        "sources": [{"id": "wifi-1", "kind": "wifi_capture", "name": "a.pcap", "state": "examined"}],
        "findings": [
            {
                "id": "F1",
                "kind": "wifi_network",
                "level": "identified",
                "probability": 0.97,
                "title": "A network",
                "source_ids": ["wifi-1"],
                "where": {"rssi_dbm": -48},
                "identity": {"bssid": "10:a4:be:00:00:01", "ssid": "GHBB-000001-NRLXW"},
                "evidence": [{"rule": "identity.ssid", "grade": "A", "weight_db": 30, "says": "x", "reference": "y"}],
                "advice": "Do not touch it.",
            }
        ],
        "limits": ["No picture was given."],
    }


def test_a_document_written_by_hand_is_valid_and_read() -> None:
    VALIDATOR.validate(document())
    result = Result.from_dict(document())
    assert result.findings[0].identity.ssid == "GHBB-000001-NRLXW"
    assert result.to_dict()["findings"] == document()["findings"]


@pytest.mark.parametrize("mac", ["10:A4:BE:00:00:01", "10-a4-be-00-00-01", "10:a4:be:00:00", "x"])
def test_addresses_have_one_spelling(mac: str) -> None:
    wrong = document()
    wrong["findings"][0]["identity"]["bssid"] = mac
    assert not VALIDATOR.is_valid(wrong)


@pytest.mark.parametrize("probability", [-0.01, 1.01, "0.5"])
def test_probability_is_a_number_from_0_to_1(probability: object) -> None:
    wrong = document()
    wrong["findings"][0]["probability"] = probability
    assert not VALIDATOR.is_valid(wrong)


@pytest.mark.parametrize("state", ["partial", "not_examined"])
def test_an_input_not_examined_whole_says_why(state: str) -> None:
    wrong = document()
    wrong["sources"][0]["state"] = state
    assert not VALIDATOR.is_valid(wrong)
    wrong["sources"][0]["reason"] = "ends inside record 3"
    assert VALIDATOR.is_valid(wrong)


def test_limits_are_never_empty() -> None:
    wrong = document()
    wrong["limits"] = []
    assert not VALIDATOR.is_valid(wrong)


def test_a_finding_names_a_source() -> None:
    wrong = document()
    wrong["findings"][0]["source_ids"] = []
    assert not VALIDATOR.is_valid(wrong)


@pytest.mark.parametrize("where", ["", "tool", "sources", "findings"])
def test_unknown_fields_are_refused(where: str) -> None:
    wrong = document()
    place = wrong[where] if where else wrong
    (place[0] if isinstance(place, list) else place)["extra"] = 1
    assert not VALIDATOR.is_valid(wrong)
