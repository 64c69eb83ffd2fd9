"""Captures of Wi-Fi: bytes -> columns of frames -> networks and stations -> findings.

capture.Records ─> headers ─> frames ─┬─> beacons  (what networks say of themselves) ─> networks ┐
                                      └─> stations (who transmits, how much, to whom) ───────────┴─> examine
"""
