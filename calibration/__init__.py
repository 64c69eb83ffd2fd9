"""Measures what the detectors take as parameters, and makes synthetic scenes with known truth."""
