"""Asks the hosts of a network that the user named what they are: sockets, pace and patience; judging is detect/lan."""
