"""What devices answer, written from the protocols' facts: cameras, and things that are none."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable

Answer = Callable[[bytes, tuple], "list[tuple[bytes, tuple]]"]


class Udp(asyncio.DatagramProtocol):
    """Answers datagrams by a function of bytes and sender that gives datagrams and where they go."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        for payload, place in self._answer(data, addr):
            self._transport.sendto(payload, place)


def udp_socket(port: int, *, groups: tuple[str, ...] = (), own: str = "0.0.0.0") -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
    sock.setblocking(False)
    sock.bind(("", port))
    for group in groups:
        membership = socket.inet_aton(group) + socket.inet_aton(own)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    return sock


def tcp_socket(port: int, *, ipv6: bool = False) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind(("::" if ipv6 else "", port))
    sock.listen(16)
    return sock


# --- cameras ---------------------------------------------------------------------------------------------------------


def pppp(question: bytes, answer: bytes) -> Answer:
    """A PPPP device: answers the search of its own group, and no other."""
    return lambda data, addr: [(answer, addr)] if data == question else []


def punch(prefix: str, serial: int, check: str) -> bytes:
    """Message 41: eight bytes of prefix, the number, eight bytes of check code."""
    body = prefix.encode().ljust(8, b"\0") + struct.pack(">I", serial) + check.encode().ljust(8, b"\0")
    return b"\xf1\x41" + struct.pack(">H", len(body)) + body


def v380(mac: str, ip: str) -> Answer:
    """Answers on port 10009, whatever port was asked from; fields parted by carets."""
    fields = ["NVDEVRESULT", "100", mac, ip, "255.255.255.0", "192.168.77.1", "8.8.8.8", "1", "0", "1.0", "0", "x"]
    text = "^".join([*fields, "31234567", "0"]).encode()
    return lambda data, addr: [(text, (addr[0], 10009))] if data.startswith(b"NVDEVSEARCH") else []


def dahua(mac: str, ip: str) -> Answer:
    document = {
        "mac": mac,
        "method": "client.notifyDevInfo",
        "params": {
            "deviceInfo": {
                "DeviceClass": "IPC",
                "DeviceType": "IPC-HFW1230S",
                "HttpPort": 80,
                "IPv4Address": {"IPAddress": ip},
                "MachineName": "5G0123APAG00001",
                "Port": 37777,
                "SerialNo": "5G0123APAG00001",
                "Vendor": "Private",
                "Version": "2.800.0000000.1.R",
            }
        },
    }
    text = json.dumps(document).encode() + b"\n\0"
    head = b"\x20\0\0\0DHIP" + bytes(8) + struct.pack("<II", len(text), 0) * 2
    return lambda data, addr: [(head + text, addr)] if data[4:8] == b"DHIP" and b"DHDiscover.search" in data else []


def hikvision(mac: str, ip: str) -> Answer:
    """Answers to the group on its own port, as SADP devices do."""
    text = (
        '<?xml version="1.0" encoding="UTF-8" ?>\r\n<ProbeMatch><Uuid>1D4C2C37-0000-4000-8000-0123456789AB</Uuid>'
        "<Types>inquiry</Types><DeviceType>137220</DeviceType><DeviceDescription>DS-2CD2042WD-I</DeviceDescription>"
        f"<DeviceSN>DS-2CD2042WD-I20160101AAWR000000001</DeviceSN><CommandPort>8000</CommandPort><HttpPort>80</HttpPort>"
        f"<MAC>{mac.replace(':', '-')}</MAC><IPv4Address>{ip}</IPv4Address><Activated>true</Activated></ProbeMatch>"
    )
    return lambda data, addr: [(text.encode(), ("239.255.255.250", 37020))] if b"<Probe>" in data else []


def xiongmai(mac: str, ip: str) -> Answer:
    """Answers to everybody on port 34569; the address is written as the wire has it, in hexadecimal."""
    number = "0x" + socket.inet_aton(ip)[::-1].hex().upper()
    document = {"NetWork.NetCommon": {"HostIP": number, "HostName": "LocalHost", "MAC": mac, "SN": "a1b2c3d4e5f60718"}}
    text = json.dumps(document | {"Ret": 100, "SessionID": "0x00000000"}).encode() + b"\n\0"
    head = b"\xff\x01" + bytes(12) + struct.pack("<HI", 0x05FB, len(text))
    return lambda data, addr: (
        [(head + text, ("255.255.255.255", 34569))] if data[:1] == b"\xff" and data[14:16] == b"\xfa\x05" else []
    )


# --- other things ----------------------------------------------------------------------------------------------------


def ssdp(location: str, server: str) -> Answer:
    text = (
        f"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: {location}\r\nSERVER: {server}\r\n"
        "ST: upnp:rootdevice\r\nUSN: uuid:11111111-2222-3333-4444-555555555555::upnp:rootdevice\r\n\r\n"
    )
    return lambda data, addr: [(text.encode(), addr)] if data.startswith(b"M-SEARCH") else []


def wsd(types: str, scopes: str, address: str) -> Answer:
    text = (
        '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:p="urn:x"><soap:Header></soap:Header>'
        "<soap:Body><wsd:ProbeMatches><wsd:ProbeMatch><wsa:EndpointReference "
        'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing"><wsa:Address>urn:uuid:0</wsa:Address>'
        f"</wsa:EndpointReference><wsd:Types>{types}</wsd:Types><wsd:Scopes>{scopes}</wsd:Scopes>"
        f"<wsd:XAddrs>{address}</wsd:XAddrs></wsd:ProbeMatch></wsd:ProbeMatches></soap:Body></soap:Envelope>"
    ).encode()

    def answer(data: bytes, addr: tuple) -> list:
        return [(text, addr)] if b"Probe" in data and b"NetworkVideoTransmitter" not in data else []

    return answer


TV = """<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:MediaRenderer:1</deviceType><friendlyName>[TV] Room 12</friendlyName>
<manufacturer>Samsung Electronics</manufacturer><modelName>UE43</modelName></device></root>"""


def web(body: str, *, head: str = "", status: str = "200 OK", kind: str = "text/html") -> Callable:
    """An ordinary web server of one page."""
    data = body.encode()
    answer = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{head}Connection: close\r\n\r\n"
    ).encode() + data

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            writer.write(answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass
        finally:
            writer.close()

    return serve


async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts and says nothing."""
    try:
        await asyncio.wait_for(reader.read(100), 10)
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()


def certificate(subject: list[tuple[str, str]], folder: str) -> ssl.SSLContext:
    """A server's TLS under a certificate that it signed itself."""
    import datetime
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(getattr(NameOID, kind), value) for kind, value in subject])
    now = datetime.datetime(2020, 1, 1)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9000))
    path = Path(folder, "server.pem")
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
