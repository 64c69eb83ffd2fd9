"""Hosts of a local network: what they answer to discovery questions and show at their doors, and what that tells."""
