"""Reads capture files of any common kind as numpy columns, in blocks of bounded memory.

    stream ─> CaptureReader ─> Records, Records, ... ─> CaptureEnd

pcap (both byte orders, microseconds and nanoseconds), pcapng and btsnoop, each also inside gzip. Knows
nothing about what the records hold: the detectors for Wi-Fi and Bluetooth start from here.
"""

from .reader import CaptureReader
from .records import MAX_CAPLEN, CaptureEnd, LinkType, Records, windows

__all__ = ["MAX_CAPLEN", "CaptureEnd", "CaptureReader", "LinkType", "Records", "windows"]
