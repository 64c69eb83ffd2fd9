"""Showing a result to a person: terminal, HTML, and the pictures and words that both use."""
