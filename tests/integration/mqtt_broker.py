"""A real broker (Debian's mosquitto) and plugs emulated in processes of their own."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 10.0


@dataclass
class Mosquitto:
    """A broker of one's own on a free loopback port; it can be killed and started again."""

    folder: Path
    port: int
    users: dict[str, str] = field(default_factory=dict)
    tls: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def address(self, topic: str, **options: object) -> str:
        """Return what to write after ``--meter`` for a Tasmota plug."""
        query = "&".join(f"{key}={value}" for key, value in options.items())
        return f"tasmota:{self.url}/{topic}" + (f"?{query}" if query else "")

    def start(self) -> None:
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen(
                [_mosquitto(), "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _listens(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "mosquitto.log").read_text())
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish as some other client would."""
        import paho.mqtt.publish

        paho.mqtt.publish.single(
            topic, payload, qos=1, retain=retain, hostname="127.0.0.1", port=self.port
        )


@dataclass
class EmulatedPlug:
    """A plug emulated in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    truth: Path

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(10)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code


def make_ca(folder: Path) -> Path:
    """Make a CA of one's own, in ``folder``; returns its certificate."""
    _openssl(
        folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-sha256",
        "-subj", "/CN=benchharness test CA", "-keyout", "ca.key", "-out", "ca.pem",
    )  # fmt: skip
    return folder / "ca.pem"


def make_server_certificate(folder: Path, names: str, days: int = 2) -> None:
    """Make the broker's certificate, for names such as ``DNS:localhost``, by the CA in there."""
    (folder / "names.cnf").write_text(f"subjectAltName={names}\n")
    _openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-sha256", "-subj", "/CN=127.0.0.1",
        "-keyout", "server.key", "-out", "server.csr",
    )  # fmt: skip
    _openssl(
        folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", str(days), "-sha256",
        "-extfile", "names.cnf", "-out", "server.pem",
    )  # fmt: skip


def configure(broker: Mosquitto) -> None:
    lines = [f"listener {broker.port} 127.0.0.1", "persistence false"]
    if os.geteuid() == 0:
        lines.insert(0, "user root")  # else it changes to a user who cannot read this folder
    if broker.users:
        file = broker.folder / "passwords"
        file.touch(mode=0o600)
        for user, password in broker.users.items():
            subprocess.run(["mosquitto_passwd", "-b", str(file), user, password], check=True)
        lines.append(f"password_file {file}")
    else:
        lines.append("allow_anonymous true")
    if broker.tls:
        make_ca(broker.folder)
        make_server_certificate(broker.folder, "IP:127.0.0.1,DNS:localhost")
        lines += [
            f"certfile {broker.folder / 'server.pem'}",
            f"keyfile {broker.folder / 'server.key'}",
        ]
    (broker.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _mosquitto() -> str:
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("these tests need Debian's mosquitto: apt install mosquitto")
    return found


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Return a port that is free and stays so until a broker has it, and while it is killed.

    The system gives none of these to other programs: its own choice begins at 32768.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_768)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED:
                return port
