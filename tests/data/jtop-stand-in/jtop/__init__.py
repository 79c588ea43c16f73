"""Stands in for the client of jetson-stats; a test says what its service does."""

import threading
from datetime import timedelta


class JtopException(Exception):
    def __init__(self, message, errors=""):
        super().__init__(message, errors)
        self.message = message


class Service:
    """What the service does, for the test to set."""

    interval = 0.5
    refuses = None  # an exception that start() raises
    hangs = False
    power = None  # the first answer


class jtop:
    """The client: ``answer`` is called by the test where the library's thread would."""

    last = None

    def __init__(self, interval=1.0):
        self.wished = interval
        self.observers = set()
        self.closed = False
        self.error = None
        self.stats = {}
        self.never = threading.Event()
        jtop.last = self

    def attach(self, observer):
        self.observers.add(observer)

    def detach(self, observer):
        self.observers.discard(observer)

    def start(self):
        if Service.hangs:
            self.never.wait()
        if Service.refuses is not None:
            raise Service.refuses
        self.answer(Service.power)

    def answer(self, power, again=False):
        """Hand out an answer; ``again`` is what a service that hangs has handed out before."""
        uptime = self.stats.get("uptime", 1000.0)
        self.stats = {"uptime": uptime if again else uptime + 0.5}
        if power is not None:
            self.stats["power"] = power
        for observer in list(self.observers):
            observer(self)

    @property
    def power(self):
        return self.stats["power"]

    @property
    def uptime(self):
        return timedelta(seconds=self.stats["uptime"])

    @property
    def interval(self):
        return Service.interval

    def ok(self, spin=False):
        assert spin, "without spin the library waits"
        if self.error is not None:
            raise self.error
        return not self.closed

    def close(self):
        self.closed = True
        self.never.set()
