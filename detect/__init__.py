"""What roomsweep exists for: observations of a room turned into findings.

Everything in here is pure: no arguments of the command line, no printing, no clock of its own. Frames,
bytes and the time come in as arguments, so that every sweep can be replayed from its recordings.
"""
