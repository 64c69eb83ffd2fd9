"""Where a transmitter is, from how strongly it is heard at several places: for any radio."""
