"""Heads, titles, realms and certificates of hosts."""

import datetime as dt
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from roomsweep.detect.lan.banners import (
    CERTIFICATE_MAX,
    certificate_banners,
    http_banners,
    read_head,
    rtsp_banners,
)
from roomsweep.detect.lan.ssdp import read_description
from roomsweep.detect.signatures.match import match_banner


def certificate(*parts: tuple[x509.ObjectIdentifier, str]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    day = dt.datetime(2026, 1, 1)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.DER)


def test_a_page_with_everything() -> None:
    data = (
        b"HTTP/1.1 401 Unauthorized\r\nServer: Hikvision-Webs\r\nserver: second\r\nbroken line\r\n"
        b'WWW-Authenticate: Digest qop="auth", realm="DS-2CD2042", nonce="1"\r\n\r\n'
        b"<html><head><TITLE lang=en>\n NETSurveillance &amp; WEB </TITLE></head>"
    )
    assert http_banners(data) == {
        "http.server": "Hikvision-Webs",
        "http.www-authenticate.realm": "DS-2CD2042",
        "html.title": "NETSurveillance & WEB",
    }


@pytest.mark.parametrize(
    ("challenge", "realm"),
    [
        (b'Basic realm="IP Camera(C2345)"', "IP Camera(C2345)"),
        (b"Basic realm=Netcam", "Netcam"),
        (b'Basic REALM = "a \\"b\\" c"', 'a "b" c'),
        (b"Negotiate", None),
        (b'Basic realm=""', None),
    ],
)
def test_realms(challenge: bytes, realm: str | None) -> None:
    data = b"HTTP/1.0 401 No\nWWW-Authenticate: " + challenge + b"\n\n"
    assert http_banners(data).get("http.www-authenticate.realm") == realm


@pytest.mark.parametrize(
    "data", [b"", b"220 ftp ready\r\n", b"\x16\x03\x01\x02", b"HTTP/1.1 abc\r\n\r\n", b"\r\n" * 50]
)
def test_what_is_no_response_says_nothing(data: bytes) -> None:
    assert http_banners(data) == {}
    assert rtsp_banners(data) == {}


def test_a_cut_or_endless_head_is_read_as_far_as_it_goes() -> None:
    head = read_head(b"HTTP/1.1 200 OK\r\nServer: a\r\nX: " + b"y" * 10**6)
    assert head is not None
    assert (head.status, head.fields["server"]) == (200, "a")
    assert len(head.fields["x"]) < 1000
    many = read_head(b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: 1\r\n" % number for number in range(1000)) + b"\r\n")
    assert many is not None
    assert len(many.fields) < 200


def test_an_rtsp_server_is_known_by_answering_at_all() -> None:
    data = (
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nServer: Dahua Rtsp Server\r\n"
        b'WWW-Authenticate: Digest realm="Login to ND02"\r\n\r\n'
    )
    assert rtsp_banners(data) == {
        "rtsp.server": "Dahua Rtsp Server",
        "rtsp.realm": "Login to ND02",
        "rtsp.methods": "",
    }
    assert rtsp_banners(b"RTSP/1.0 200 OK\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n") == {
        "rtsp.methods": "OPTIONS, DESCRIBE"
    }
    assert http_banners(data) == {}


def test_a_certificate_names_its_owner_in_the_form_of_the_table() -> None:
    der = certificate((NameOID.COUNTRY_NAME, "CN"), (NameOID.COMMON_NAME, "www.hikvision.com"))
    found = certificate_banners(der)
    assert found == {"x509.subject": "C=CN,CN=www.hikvision.com"}
    assert match_banner("x509.subject", found["x509.subject"]) is not None
    der = certificate((NameOID.ORGANIZATION_NAME, "embeddedsoftware"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "DVRNVR"))
    assert certificate_banners(der) == {"x509.subject": "O=embeddedsoftware,OU=DVRNVR"}


def test_what_is_no_certificate_says_nothing() -> None:
    good = certificate((NameOID.COMMON_NAME, "a"))
    for data in (b"", b"0", good[:50], good[::-1], good + bytes(CERTIFICATE_MAX)):
        assert certificate_banners(data) == {}
    assert certificate_banners(certificate()) == {}


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 2**16))
def test_damaged_certificates_never_raise(noise: bytes, at: int) -> None:
    der = bytearray(GOOD)
    at %= len(der)
    der[at : at + len(noise)] = noise
    assert set(certificate_banners(bytes(der))) <= {"x509.subject"}


GOOD = certificate((NameOID.COMMON_NAME, "axis-accc8e123456"))


@settings(deadline=None)
@given(st.binary(max_size=600) | st.binary(max_size=600).map(lambda data: b"HTTP/1.1 200 OK\r\n" + data))
def test_heads_never_raise_and_give_short_texts(data: bytes) -> None:
    for found in (http_banners(data), rtsp_banners(data)):
        assert all(isinstance(value, str) and len(value) <= 512 for value in found.values())


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n" + b"<title " * 20_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"<title>" * 20_000,
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: " + b'realm="' * 3000 + b"\r\n\r\n",
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: realm="' + b"\\" * 9000 + b"\r\n\r\n",
        b"\r\n" * 10**6,
    ],
)
def test_made_up_pages_take_no_time(data: bytes) -> None:
    started = time.process_time()
    http_banners(data)
    assert time.process_time() - started < 1.0


def test_a_upnp_description_is_read() -> None:
    data = b"""<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion/><device>
    <deviceType>urn:schemas-upnp-org:device:DigitalSecurityCamera:1</deviceType><friendlyName>Hall</friendlyName>
    <manufacturer>D-Link</manufacturer><modelName>DCS-932L</modelName>
    <modelDescription>Internet Camera</modelDescription>
    <serialNumber>1</serialNumber></device></root>"""
    found = read_description(data)
    assert found is not None
    assert found.protocol == "upnp"
    assert dict(found.fields) == {
        "types": "urn:schemas-upnp-org:device:DigitalSecurityCamera:1",
        "maker": "D-Link",
        "model": "DCS-932L",
        "about": "Internet Camera",
        "name": "Hall",
        "serial": "1",
    }
    assert read_description(b"<html><title>x</title></html>") is None
    assert read_description(b"") is None
