"""Rates of links over time, from a file or a name, for the kernel or for a program to keep."""
