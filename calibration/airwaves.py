"""Synthetic captures with known truth: what a laptop would hear in a hotel room.

Nothing here was ever on the air. Addresses are invented within real vendors' blocks where the vendor
matters (a camera maker, a module maker), else within blocks of makers of access points and televisions.
The captures exercise the same readers and rules as real ones; what rules score on them says that the program
works, not how often it finds a camera.
"""

from __future__ import annotations

import numpy as np

from .bluetooth_air import Advert, Airtime
from .transmitters import SyntheticCapture, random_bluetooth_address, random_wifi_address, vendor_address
from .wifi_air import Air

__all__ = ["SyntheticCapture", "synthetic_bluetooth", "synthetic_wifi"]

#: Blocks of the IEEE registry: Aruba Networks, Ubiquiti, Samsung Electronics; Bilian (Wi-Fi modules), Reolink
#: (cameras).
_ARUBA, _UBIQUITI, _SAMSUNG, _BILIAN, _REOLINK = 0x000B86, 0x24A43C, 0x8C79F5, 0x10A4BE, 0xEC71DB

#: More of them: Sony (audio), Tuya Smart.
_SONY_AUDIO, _TUYA_MODULE = 0x94DB56, 0x10D561

#: Company identifiers (Bluetooth SIG, assigned numbers): Apple, Samsung Electronics, Sony, Hangzhou Tuya.
_APPLE, _SAMSUNG_SIG, _SONY, _TUYA = 0x004C, 0x0075, 0x012D, 0x07D0

#: 16-bit UUIDs: Google's Fast Pair (assigned numbers, member UUIDs), and the one Tuya devices use while they wait
#: to be paired (Tuya developer documentation; not a member UUID).
_FAST_PAIR, _TUYA_PAIRING = 0xFE2C, 0xA201


def synthetic_wifi(*, seed: int, seconds: float = 20.0) -> SyntheticCapture:
    """Return a radiotap pcap of one 2.4 GHz channel.

    Three ordinary access points; one open access point that names itself like a camera of the LookCam family,
    on a module maker's address; phones with random addresses that probe, two of them joined; a television
    that receives a film; and a station on a camera maker's address that sends pictures steadily.
    """
    rng = np.random.default_rng([seed, 3])
    air = Air(rng, seconds=seconds)
    hotel, staff, cafe = (vendor_address(rng, prefix) for prefix in (_ARUBA, _ARUBA, _UBIQUITI))
    hidden = vendor_address(rng, _BILIAN)
    spycam, television = vendor_address(rng, _REOLINK), vendor_address(rng, _SAMSUNG)
    phones = [random_wifi_address(rng) for _ in range(6)]
    gateway = vendor_address(rng, _ARUBA)

    air.add_network(hotel, b"Hotel Seaview Guest", rssi_dbm=-52, protected=True, what="access point of the hotel")
    air.add_network(staff, b"SEAVIEW-STAFF", rssi_dbm=-61, protected=True, what="access point of the hotel's staff")
    air.add_network(cafe, "Café Möwe".encode(), rssi_dbm=-79, protected=True, what="access point next door")
    air.add_network(
        hidden, b"GHBB-000001-NRLXW", rssi_dbm=-41, protected=False, what="hidden camera of the LookCam family",
        camera=True,
    )  # fmt: skip
    for number, phone in enumerate(phones):
        air.add_probes(phone, answered_by=(hotel, b"Hotel Seaview Guest"), rssi_dbm=-50 - 5 * number)
    for phone in phones[:2]:
        air.add_browsing(phone, hotel, gateway, rssi_dbm=-55)
    air.add_film(television, hotel, gateway, rssi_dbm=-58)
    air.add_camera_stream(spycam, hotel, gateway, rssi_dbm=-47)
    return air.capture(seed)


def synthetic_bluetooth(*, seed: int, seconds: float = 20.0) -> SyntheticCapture:
    """Return a btsnoop file (H4) of one Bluetooth LE scan.

    Phones and a watch of the hotel's guests, headphones, a tracker, a television, and a device that waits to be
    set up with a Tuya app, which plugs, bulbs and cameras do alike.
    """
    rng = np.random.default_rng([seed, 4])
    airtime = Airtime(rng, seconds=seconds)
    for number in range(4):
        airtime.add(
            random_bluetooth_address(rng, static=False),
            Advert.of(flags=0x1A, company=(_APPLE, b"\x10\x05" + rng.bytes(5))),
            what="phone",
            rssi_dbm=-58 - 6 * number,
            period_s=0.35,
        )
    airtime.add(
        random_bluetooth_address(rng, static=False),
        Advert.of(flags=0x1A, service_data=(_FAST_PAIR, rng.bytes(3))),
        what="phone that shares nearby",
        rssi_dbm=-66,
        period_s=0.6,
    )
    airtime.add(
        vendor_address(rng, _SONY_AUDIO),
        Advert.of(flags=0x06, company=(_SONY, b"\x04\x00" + rng.bytes(8))),
        answer=Advert.of(name="WH-1000XM4"),
        what="headphones",
        rssi_dbm=-63,
        period_s=0.5,
        public=True,
    )
    airtime.add(
        random_bluetooth_address(rng, static=True),
        Advert.of(company=(_APPLE, b"\x12\x19\x10" + rng.bytes(24))),
        what="tracker away from its owner",
        rssi_dbm=-71,
        period_s=2.0,
    )
    airtime.add(
        vendor_address(rng, _SAMSUNG),
        Advert.of(flags=0x1A, company=(_SAMSUNG_SIG, b"\x42\x04\x01" + rng.bytes(12))),
        answer=Advert.of(name="[TV] Room 214"),
        what="television",
        rssi_dbm=-69,
        period_s=0.7,
        public=True,
    )
    airtime.add(
        vendor_address(rng, _TUYA_MODULE),
        Advert.of(flags=0x06, services=(_TUYA_PAIRING,), service_data=(_TUYA_PAIRING, b"\x00" + rng.bytes(8))),
        answer=Advert.of(name="TY", company=(_TUYA, b"\x00\x03\x00\x00" + rng.bytes(16))),
        what="device that waits to be set up with a Tuya app",
        rssi_dbm=-49,
        period_s=0.2,
        public=True,
    )
    return airtime.capture(seed)
