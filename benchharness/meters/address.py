"""Addresses of instruments and of brokers. A password has no place in either.

mqtt://broker.local:1883/plug-1?poll_s=0.5     an instrument's address, after ``driver:``
broker.local, broker.local:1883, mqtts://...   a broker, as the key ``broker`` names it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from benchharness.errors import UsageError

DEFAULT_PORT = 1883
DEFAULT_TLS_PORT = 8883
LOGIN_REMEDY = (
    "set BENCHHARNESS_MQTT_USER and BENCHHARNESS_MQTT_PASSWORD, "
    "or name a credentials_file of mode 600"
)
_SECRET_KEY = re.compile(r"passw|secret|token", re.IGNORECASE)


def is_secret_key(key: str) -> bool:
    """Return whether a key asks for a secret, which nothing here may hold."""
    return _SECRET_KEY.search(key) is not None


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker listens."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_broker(text: str, where: str | None = None, port: int | None = None) -> Broker:
    """Read ``HOST``, ``HOST:PORT``, ``mqtt://HOST[:PORT]`` or ``mqtts://HOST[:PORT]``.

    ``port`` is one that was named apart. Raises UsageError; a password in the text is refused and
    not repeated.
    """
    url = _split(text if "://" in text else f"mqtt://{text}", where)
    if url.path.strip("/") or url.query or url.fragment:
        raise UsageError("broker: nothing may follow the port", where=where)
    broker = _broker(url, where)
    if port is None:
        return broker
    if url.port is not None:
        raise UsageError("port: the broker's address has one already", where=where)
    return Broker(broker.host, port, broker.tls)


def options_of_address(driver: str, rest: str) -> tuple[str, dict[str, Any]]:
    """Read what follows ``driver:`` and return a name for the meter and its options.

    A URL gives ``broker`` and ``topic`` and, from its query, any further key; other text is
    handed to the driver as the option ``address``.
    """
    if "://" not in rest:
        if "@" in rest:
            raise UsageError("an address carries no user or password", remedy=LOGIN_REMEDY)
        return f"{driver}-{rest}".replace("/", "-"), {"address": rest}
    url = _split(rest, None)
    pairs = parse_qsl(url.query, keep_blank_values=True)
    if any(is_secret_key(key) for key, _ in pairs):
        raise UsageError("a secret does not belong in an address", remedy=LOGIN_REMEDY)
    shown = f"{driver}:{rest}"
    options: dict[str, Any] = {key: _scalar(value) for key, value in pairs}
    options["broker"] = str(_broker(url, shown))
    topic = unquote(url.path).strip("/")
    if not topic:
        raise UsageError("the address names no topic", where=shown, remedy="add /TOPIC at its end")
    options["topic"] = topic
    return topic.replace("/", "-"), options


def _split(text: str, where: str | None) -> SplitResult:
    try:
        url = urlsplit(text)
    except ValueError:
        raise UsageError("not a broker's address", where=where) from None
    if "@" in url.netloc:
        # The text may hold a password, so that it is not repeated.
        raise UsageError("a user or a password does not belong in an address", remedy=LOGIN_REMEDY)
    return url


def _broker(url: SplitResult, where: str | None) -> Broker:
    if url.scheme not in ("mqtt", "mqtts"):
        raise UsageError(
            f"unknown scheme {url.scheme!r}", where=where, remedy="use mqtt:// or mqtts:// (TLS)"
        )
    tls = url.scheme == "mqtts"
    try:
        port = url.port
    except ValueError:
        raise UsageError("the port is not a number from 1 to 65535", where=where) from None
    if not url.hostname or port == 0:
        raise UsageError(
            "the broker's host or port is missing", where=where, remedy="mqtt://HOST:1883/TOPIC"
        )
    return Broker(url.hostname, port or (DEFAULT_TLS_PORT if tls else DEFAULT_PORT), tls)


def _scalar(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
