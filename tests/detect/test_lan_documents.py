"""XML and JSON of strangers: bombs, depth, size, encodings."""

import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.lan.documents import JSON_BYTES_MAX, XML_BYTES_MAX, first, inside, json_object, xml_texts

BOMB = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + number, b"&%c;" % (97 + number) * 10) for number in range(9))
    + b"]><root><device><modelName>&j;</modelName></device></root>"
)


def test_texts_come_by_path_without_prefixes() -> None:
    texts = xml_texts(b"<a:r xmlns:a='u'><a:b> 1 </a:b><c><b>2</b></c><a:b>3</a:b><d/></a:r>")
    assert texts == {"r/b": ["1", "3"], "r/c/b": ["2"]}
    assert first(texts, "x", "c/b") == "2"
    assert first(texts, "b") == "1"
    assert first(texts, "x") is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(BOMB, id="bomb"),
        pytest.param(b'<!DOCTYPE r SYSTEM "http://192.0.2.1/x.dtd"><r>1</r>', id="outside"),
        pytest.param(b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', id="file"),
        pytest.param(b"<a>" * 30 + b"x" + b"</a>" * 30, id="deep"),
        pytest.param(b"<r>" + b"<a>1</a>" * 5000 + b"</r>", id="many"),
        pytest.param(b"<r>" + b"x" * XML_BYTES_MAX + b"</r>", id="large"),
        pytest.param(b"<r>&unknown;</r>", id="entity"),
        pytest.param(b'<?xml version="1.0" encoding="no-such"?><r>1</r>', id="encoding"),
        pytest.param(b'<?xml version="1.0" encoding="utf-7"?><r>1</r>', id="multibyte"),
        pytest.param(b"<r>1</r><r>", id="two"),
        pytest.param(b"", id="empty"),
        pytest.param(b"<html><p>404", id="cut"),
    ],
)
def test_what_no_device_sends_is_refused_at_once(data: bytes) -> None:
    started = time.process_time()
    assert xml_texts(data) is None
    assert time.process_time() - started < 1.0


def test_a_long_text_is_cut() -> None:
    texts = xml_texts(b"<r><a>" + b"x" * 100_000 + b"</a></r>")
    assert texts is not None
    assert 1000 < len(texts["r/a"][0]) < 10_000


@settings(deadline=None)
@given(st.binary(max_size=500) | st.text(max_size=200).map(lambda text: f"<r>{text}</r>".encode()))
def test_what_is_read_is_what_another_reader_reads(data: bytes) -> None:
    texts = xml_texts(data)
    if texts is not None:
        root = ET.fromstring(data)
        flat = "".join(root.itertext())
        assert all(value in flat for values in texts.values() for value in values)


def test_json_is_an_object_of_bounded_size_and_depth() -> None:
    assert json_object(b'{"a": {"b": [1]}}') == {"a": {"b": [1]}}
    for data in (
        b"[1]",
        b"1",
        b"{",
        b"",
        b'{"a":' * 20 + b"1" + b"}" * 20,
        b"[" * 60_000,
        b"{}" + b" " * JSON_BYTES_MAX,
    ):
        assert json_object(data) is None
    assert json_object(b'{"a": ' + b"9" * 5000 + b"}") is None
    assert inside({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert inside({"a": 1}, "a", "b") == {}
    assert inside(None, "a") == {}


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_json_never_raises(data: bytes) -> None:
    found = json_object(data)
    assert found is None or isinstance(found, dict)
