"""Pictures to lens glints: reading, spots, torch pairs, judging.

A focused camera sends light that falls on its lens back to where it came from (lens-sensor retro-reflection,
the cat's-eye effect), so a phone with its torch on sees a hidden lens as a small round spot.
"""
