"""What the live server says to people: in the terminal, and in plain pages. The page's own words are beside it."""

from __future__ import annotations

_PHRASES = {
    "source_lit": "live frames with the torch",
    "source_dark": "live frames in the dark",
    "source_still": "photo {number} from the phone",
    "no_frames": "sent no frame: the page was not opened, or its camera not started",
    "some_failed": "could not be looked at whole: {count} of its frames could not be decoded",
    "open": "Open this on the phone, in the same network, by pointing its camera at the square:",
    "others": "If it does not open there, try: {links}",
    "fingerprint": "Fingerprint of the page's certificate (SHA-256): {fingerprint}",
    "warning": "The phone will warn that it does not know this certificate, since this computer made it itself. Go on "
    "only if the link is the one above; the browser can show the fingerprint.",
    "here": "Open this in the browser of this same device:",
    "usb": "Connect the phone by its cable with USB debugging switched on, run 'adb reverse tcp:{port} tcp:{port}' on "
    "this computer, then open this on the phone:",
    "saving": "The sweep is saved as it goes in {path}. Ctrl-C ends it.",
    "alone": "This computer has joined no network, so a phone cannot reach it: join the phone's hotspot, or use --usb.",
    "no_token": "This page opens with the link that the computer printed, with everything after the question mark. "
    "Scan the square once more.",
    "wrong_host": "This page is reached under another address: use the link that the computer printed.",
    "foreign": "This was asked for by another page, which is not answered.",
    "busy": "Another phone is sweeping now. End it there, or wait a moment.",
    "not_found": "There is nothing here.",
    "no_page": "The page is not part of this installation.",
    "no_report": "There is no report yet: end the sweep first.",
    "too_many": "That came faster than it can be taken.",
    "not_taken": "That was not taken: {what}.",
    "overtaken": "A newer frame came first.",
    "ready": "Looking.",
    "ended": "Ended. The result is ready.",
    "closing": "The computer has ended the sweep and saved it.",
}


def phrase(key: str, **values: object) -> str:
    """Return a phrase with its values filled in."""
    return _PHRASES[key].format(**values)
