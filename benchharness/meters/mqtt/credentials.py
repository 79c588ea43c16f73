"""User and password for a broker: from a file of mode 600, or from the environment.

In this order: the instrument's ``credentials_file``; BENCHHARNESS_MQTT_USER and
BENCHHARNESS_MQTT_PASSWORD; the file that BENCHHARNESS_MQTT_CREDENTIALS names. A file is TOML
(``username``, ``password``) or two lines. Nothing else holds a secret, and none is ever printed.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchharness.errors import MeterError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

USER_VARIABLE = "BENCHHARNESS_MQTT_USER"
PASSWORD_VARIABLE = "BENCHHARNESS_MQTT_PASSWORD"  # noqa: S105 - the name of a variable
FILE_VARIABLE = "BENCHHARNESS_MQTT_CREDENTIALS"
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
_LARGEST_FILE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password; the password does not show in the repr."""

    username: str
    password: str | None = field(default=None, repr=False)


def find_credentials(
    file: Path | None = None, environment: Mapping[str, str] | None = None
) -> Credentials | None:
    """Return the credentials that are set, None if there are none.

    Raises MeterError for a file that others may read, is missing or has no user in it.
    """
    env = os.environ if environment is None else environment
    if file is not None:
        return read_credentials(file)
    if env.get(USER_VARIABLE):
        return Credentials(env[USER_VARIABLE], env.get(PASSWORD_VARIABLE))
    if env.get(PASSWORD_VARIABLE):
        raise MeterError(
            f"{PASSWORD_VARIABLE} is set without a user", remedy=f"set {USER_VARIABLE}"
        )
    if env.get(FILE_VARIABLE):
        return read_credentials(Path(env[FILE_VARIABLE]).expanduser())
    return None


def read_credentials(path: Path) -> Credentials:
    """Read a credentials file.

    Raises MeterError if it cannot be read, if others may read it, or if it has no user.
    """
    where = str(path)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS_MAY:
                raise MeterError(
                    "other users may read the credentials", where=where, remedy=f"chmod 600 {where}"
                )
            text = file.read(_LARGEST_FILE_BYTES).decode("utf-8")
    except OSError as error:
        reason = error.strerror or "unknown error"
        raise MeterError(f"credentials cannot be read: {reason}", where=where) from None
    except UnicodeDecodeError:
        raise MeterError("credentials are not UTF-8 text", where=where) from None
    credentials = _from_toml(text) or _from_lines(text)
    if credentials is None:
        raise MeterError(
            "no user in the credentials",
            where=where,
            remedy='write username = "..." and password = "...", or two lines',
        )
    return credentials


def _from_toml(text: str) -> Credentials | None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    user = table.get("username", table.get("user"))
    password = table.get("password")
    if not isinstance(user, str) or not user or not isinstance(password, (str, type(None))):
        return None
    return Credentials(user, password)


def _from_lines(text: str) -> Credentials | None:
    lines = text.splitlines()
    if not lines or not lines[0].strip() or len(lines) > 2:
        return None
    # A line with "=" is a broken TOML file rather than a user's name.
    if "=" in lines[0]:
        return None
    return Credentials(lines[0].strip(), lines[1] if len(lines) == 2 else None)
