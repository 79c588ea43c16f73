"""The login of a campaign's own broker: read back, and hashed as mosquitto does it."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from contextlib import closing

from benchharness.meters.mqtt.credentials import Credentials, read_credentials
from benchharness.testbed.login import LoginFile, password_line


def test_the_file_is_read_as_credentials_here_and_in_a_child() -> None:
    with closing(LoginFile()) as login, closing(LoginFile()) as another:
        found = read_credentials(login.path)
        assert found.username == "benchharness"
        assert found.password is not None
        assert len(found.password) == 32  # 24 bytes
        assert read_credentials(login.path) == found  # as often as one likes
        assert read_credentials(another.path) != found
        assert (login.path.stat().st_mode & 0o777) == 0o600
        child = subprocess.run(
            ["cat", str(login.path)], pass_fds=(login.descriptor,), capture_output=True, check=True
        )
        assert child.stdout.decode().split() == [found.username, found.password]
    assert repr(found.password) not in repr(found)


def test_a_line_of_the_password_file_is_salted_sha512() -> None:
    login = Credentials("user", "secret")
    user, _, rest = password_line(login).partition(":")
    kind, salt, digest = rest.removeprefix("$").split("$")
    assert (user, kind) == ("user", "6")
    made = hashlib.sha512(b"secret" + base64.b64decode(salt)).digest()
    assert base64.b64decode(digest) == made
    assert password_line(login) != password_line(login)
