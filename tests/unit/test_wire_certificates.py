"""Certificates of a run: whom they hold for, who can read them, and that TLS takes them."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import stat
from pathlib import Path

import pytest

pytest.importorskip("cryptography")  # which comes with Flower

from cryptography import x509

from benchharness.wire import certificates


def names(folder: Path) -> x509.SubjectAlternativeName:
    certificate = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def shake_hands(server: certificates.Certificates, authority: Path, host: str) -> str | None:
    """Let a client and a server of TLS talk in memory; return the version that they agree on."""
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(server.server, server.key)
    here = ssl.create_default_context(cafile=str(authority))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = here.wrap_bio(to_client, to_server, server_hostname=host)
    listener = there.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, listener):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.version()


def test_the_key_is_for_the_owner_alone_and_the_authoritys_is_nowhere(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"ca.pem", "server.pem", "server.key"}
    assert sum(b"PRIVATE KEY" in path.read_bytes() for path in tmp_path.iterdir()) == 1
    assert made.contents() == tuple(
        (tmp_path / name).read_bytes() for name in ("ca.pem", "server.pem", "server.key")
    )


def test_it_holds_for_this_machine_and_for_whom_it_is_asked(tmp_path: Path) -> None:
    certificates.make(tmp_path, ["10.0.0.7", "board.example", ""])
    found = names(tmp_path)
    addresses = found.get_values_for_type(x509.IPAddress)
    assert addresses[:2] == [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    assert ipaddress.ip_address("10.0.0.7") in addresses
    known = found.get_values_for_type(x509.DNSName)
    assert {"localhost", socket.gethostname(), "board.example"} <= set(known)
    assert "" not in known


def test_a_wildcard_holds_for_every_address_of_the_machine() -> None:
    assert "127.0.0.1" in certificates.names_of("0.0.0.0")
    assert certificates.names_of("10.0.0.7") == ["10.0.0.7"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "10.0.0.7"])
def test_tls_takes_it(tmp_path: Path, host: str) -> None:
    made = certificates.make(tmp_path, ["10.0.0.7"])
    assert shake_hands(made, made.authority, host) in ("TLSv1.2", "TLSv1.3")


def test_another_runs_authority_and_another_name_are_refused(tmp_path: Path) -> None:
    made, other = certificates.make(tmp_path / "a"), certificates.make(tmp_path / "b")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(made, other.authority, "127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(made, made.authority, "10.9.8.7")


def test_a_run_that_begins_again_has_new_ones(tmp_path: Path) -> None:
    first = certificates.make(tmp_path).contents()
    second = certificates.make(tmp_path).contents()
    assert not set(first) & set(second)
    assert stat.S_IMODE((tmp_path / "server.key").stat().st_mode) == 0o600
