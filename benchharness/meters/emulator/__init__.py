"""Devices that do not exist: they speak a real device's topics, and know the true energy.

What is drawn
    waveform.py, shapes.py, board_load.py   power over time with an exact integral
    load.py      what the socket feeds: the CPU's use, or a curve; a relay before it
    group_load.py   the use of a control group that stands for a device
    truth.py     the exact power and energy, written to a file and read from it
    segments.py  energy between two points, and the moment at which it reaches a value

What a device makes of it
    chips.py     metering chips, and the firmware's reading of them
    metering.py  what all plugs have in common: load, relay, chip, latency, clock, counter
    device.py    the protocol of a device; devices.py makes each by its name
    tasmota.py, shelly1.py, shelly2.py, zigbee2mqtt.py, json_device.py

What goes wrong on purpose
    faults.py         which faults, how they are written, and the list of those that were done
    wrong_figures.py  in the figures; channel.py, faulty_device.py  on the way to the broker

service.py is the process that ties devices to a broker; all the rest is pure.
"""
