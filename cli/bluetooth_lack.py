"""Why Bluetooth cannot be heard on this computer, and what to do about it: one sentence each."""

from __future__ import annotations

from ..detect.errors import UnavailableError
from ..detect.text import clean

#: Errors of D-Bus that mean: nobody answers for BlueZ; you may not; the adapter is not on.
_NO_SERVICE = frozenset({"ServiceUnknown", "NameHasNoOwner", "Spawn.ServiceNotFound", "NoReply", "Spawn.ExecFailed"})
_REFUSED = frozenset(
    {"AccessDenied", "AuthFailed", "InteractiveAuthorizationRequired", "NotAuthorized", "NotPermitted"}
)
_NOT_READY = frozenset({"NotReady"})

_START = "Start it: sudo systemctl start dbus bluetooth (if it is missing: sudo apt-get install bluez)"
_SWITCH_ON = {
    "Linux": "Switch it on: rfkill unblock bluetooth && bluetoothctl power on, or in the settings.",
    "Darwin": "Switch Bluetooth on in the control centre.",
    "Windows": "Switch Bluetooth on in the settings, under Bluetooth and devices.",
}
_ALLOW = {
    "Linux": "Run the command with sudo, or add your account to the group bluetooth.",
    "Darwin": "Allow it for the terminal in System Settings, Privacy & Security, Bluetooth, and start it anew.",
    "Windows": "Allow it in Settings, Privacy & security, Radios, and try again.",
}
_PLUG_IN = "Plug in a USB Bluetooth adapter that knows Bluetooth 4.0 or newer; recordings can be examined all the same."


def lack_of(error: BaseException, *, system: str) -> UnavailableError:
    """Return what an error on beginning to listen means for a person.

    Parameters
    ----------
    error
        What bleak or D-Bus raised.
    system
        As ``platform.system()`` names it.
    """
    if isinstance(error, UnavailableError):
        return error
    if isinstance(error, ImportError):
        return UnavailableError(
            "Bluetooth cannot be heard: the Python package bleak is missing or damaged", "Install it: pip install bleak"
        )
    if isinstance(error, TimeoutError):
        return UnavailableError(
            "The Bluetooth service of this computer did not answer", "Switch Bluetooth off and on, then try again."
        )
    reason = getattr(getattr(error, "reason", None), "name", "")
    if reason:
        return _by_reason(reason, system)
    dbus_error = str(getattr(error, "dbus_error", "")).removeprefix("org.freedesktop.DBus.Error.")
    dbus_error = dbus_error.removeprefix("org.bluez.Error.")
    if dbus_error in _NO_SERVICE:
        return UnavailableError("The Bluetooth service of this computer, BlueZ, is not running", _START)
    if dbus_error in _REFUSED or isinstance(error, PermissionError):
        return _by_reason("DENIED_BY_SYSTEM", system)
    if dbus_error in _NOT_READY:
        return _by_reason("POWERED_OFF", system)
    if isinstance(error, (FileNotFoundError, ConnectionError, EOFError)) and system == "Linux":
        return UnavailableError("The system service that speaks to Bluetooth, D-Bus, is not running", _START)
    what = clean(dbus_error or str(error), limit=120) or type(error).__name__
    return UnavailableError(
        f"Bluetooth could not be listened to ({what})", "Switch Bluetooth off and on, then try again."
    )


def _by_reason(reason: str, system: str) -> UnavailableError:
    """By the name of bleak's reason."""
    if reason == "NO_BLUETOOTH":
        return UnavailableError("There is no Bluetooth adapter", _PLUG_IN)
    if reason == "NO_BLE_CENTRAL_ROLE":
        return UnavailableError("The Bluetooth adapter is too old: it does not know Bluetooth Low Energy", _PLUG_IN)
    if reason == "POWERED_OFF":
        return UnavailableError("Bluetooth is switched off", _SWITCH_ON.get(system, "Switch it on."))
    if reason.startswith("DENIED"):
        return UnavailableError("This program may not use Bluetooth", _ALLOW.get(system, "Allow it in the settings."))
    return UnavailableError("Bluetooth is not ready", "Switch Bluetooth off and on, then try again.")
