"""A real WS-Discovery responder (the library WSDiscovery) that publishes an ONVIF camera."""

import sys
import time

from wsdiscovery import QName, Scope
from wsdiscovery.publishing import ThreadedWSPublishing as Publishing

device = Publishing()
device.start()
device.publishService(
    types=[QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")],
    scopes=[
        Scope("onvif://www.onvif.org/type/NetworkVideoTransmitter"),
        Scope("onvif://www.onvif.org/hardware/PTZ-1"),
        Scope("onvif://www.onvif.org/name/Lobby"),
    ],
    xAddrs=[f"http://{sys.argv[1]}:8899/onvif/device_service"],
)
while True:
    time.sleep(60)
