"""Bluetooth captures to advertisers: who announces itself nearby, and which of them are cameras."""
