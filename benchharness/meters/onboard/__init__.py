"""Meters on the board itself: read by the harness, from /sys, a library or a program."""
