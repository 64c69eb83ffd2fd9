"""Lists of networks that operating systems and other programs print, read into one form."""
