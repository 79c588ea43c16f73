"""Devices that do not exist: they speak a real device's topics, and know the true energy.

load.py      what the emulated socket feeds: the CPU's use, or a waveform
waveform.py  power over time, from a file, with its exact integral
truth.py     the exact power and energy, written to a file and read from it
plug.py      the firmware: what a Tasmota plug shows of it, and how it answers commands
service.py   the process that ties them to a broker
"""
