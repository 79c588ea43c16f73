"""Split learning as programs: a device and a server train one network in two parts."""
