"""Where a user and a password may come from, and that they show nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchharness.errors import MeterError
from benchharness.meters.mqtt.credentials import Credentials, find_credentials, read_credentials


def secret_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text",
    [
        'username = "lab"\npassword = "p w=1"\n',
        'user = "lab"\npassword = "p w=1"',
        "lab\np w=1\n",
        "lab\np w=1",
    ],
)
def test_a_file_is_toml_or_two_lines(tmp_path: Path, text: str) -> None:
    assert read_credentials(secret_file(tmp_path, text)) == Credentials("lab", "p w=1")


def test_a_user_without_a_password(tmp_path: Path) -> None:
    assert read_credentials(secret_file(tmp_path, "lab\n")) == Credentials("lab", None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_touch_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, "lab\nhush\n", mode)
    with pytest.raises(MeterError) as caught:
        read_credentials(path)
    assert caught.value.remedy == f"chmod 600 {path}"
    assert "hush" not in caught.value.line()


@pytest.mark.parametrize(
    "text", ["", "\nhush\n", "a\nhush\nc\n", 'password = "hush"\n', "user =\n"]
)
def test_a_file_without_a_user(tmp_path: Path, text: str) -> None:
    with pytest.raises(MeterError, match="no user in the credentials") as caught:
        read_credentials(secret_file(tmp_path, text))
    assert "hush" not in caught.value.line()


def test_a_file_that_is_missing_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="No such file"):
        read_credentials(tmp_path / "missing")
    path = secret_file(tmp_path, "")
    path.write_bytes(b"\xff\xff")
    with pytest.raises(MeterError, match="not UTF-8"):
        read_credentials(path)


def test_the_order_of_the_places(tmp_path: Path) -> None:
    named = secret_file(tmp_path, "named\n1\n")
    other = tmp_path / "other"
    other.write_text("other\n2\n")
    other.chmod(0o600)
    env = {
        "BENCHHARNESS_MQTT_USER": "env",
        "BENCHHARNESS_MQTT_PASSWORD": "3",
        "BENCHHARNESS_MQTT_CREDENTIALS": str(other),
    }
    assert find_credentials(named, env) == Credentials("named", "1")
    assert find_credentials(None, env) == Credentials("env", "3")
    del env["BENCHHARNESS_MQTT_USER"], env["BENCHHARNESS_MQTT_PASSWORD"]
    assert find_credentials(None, env) == Credentials("other", "2")
    assert find_credentials(None, {}) is None


def test_a_password_without_a_user() -> None:
    with pytest.raises(MeterError, match="set BENCHHARNESS_MQTT_USER"):
        find_credentials(None, {"BENCHHARNESS_MQTT_PASSWORD": "hush"})


def test_the_repr_holds_no_password() -> None:
    assert "hush" not in repr(Credentials("lab", "hush"))
