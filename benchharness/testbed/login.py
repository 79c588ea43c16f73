"""The user and password of a campaign's own broker, in a file of mode 600 that has no name.

Both are random, and known to the harness, the plugs and the broker. The file is in memory: it is
gone with the last process that has it open, however that ends.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

from benchharness.meters.mqtt.credentials import Credentials

_USER = "benchharness"
_PASSWORD_BYTES = 24
_SALT_BYTES = 12


class LoginFile:
    """A new password in a file; ``path`` is right in each process that inherits ``descriptor``."""

    def __init__(self) -> None:
        text = f"{_USER}\n{secrets.token_urlsafe(_PASSWORD_BYTES)}\n"
        self.descriptor = memory_file("credentials", text)

    @property
    def path(self) -> Path:
        """Return where the file can be opened, as a ``credentials_file``."""
        return Path(f"/proc/self/fd/{self.descriptor}")

    def close(self) -> None:
        """Forget the password."""
        os.close(self.descriptor)


def memory_file(name: str, text: str) -> int:
    """Return the descriptor of a file in memory that its user alone may read."""
    descriptor = os.memfd_create(name)
    os.fchmod(descriptor, 0o600)
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def password_line(login: Credentials) -> str:
    """Return a line of mosquitto's password file: salted SHA-512, which versions 1 and 2 read.

    One round of it: nobody guesses 192 random bits.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.sha512((login.password or "").encode() + salt).digest()
    salt_text, digest_text = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{login.username}:$6${salt_text}${digest_text}"
