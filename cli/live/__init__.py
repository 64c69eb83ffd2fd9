"""The phone page: a server on this computer that looks for lenses in the frames that a phone sends it."""
