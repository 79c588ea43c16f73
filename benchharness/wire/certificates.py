"""Certificates for one run: an authority made for it, and the server's key signed by that.

The authority's own key is never written: nobody can sign a second server for the same clients.
Clients elsewhere need ``ca.pem`` only. Made with ``cryptography``, which Flower itself needs.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from benchharness.learning import needs

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUTHORITY = "ca.pem"
VALID = timedelta(days=30)
_CLOCKS_APART = timedelta(hours=1)  # of a device that has no battery behind its clock
_NAME = "benchharness run"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the three files lie, PEM: whom to trust, who the server is, and its key (mode 600)."""

    authority: Path
    server: Path
    key: Path

    def contents(self) -> tuple[bytes, bytes, bytes]:
        """Return the authority, the server's certificate and its key, as gRPC takes them."""
        return self.authority.read_bytes(), self.server.read_bytes(), self.key.read_bytes()


def make(folder: Path, hosts: Iterable[str] = ()) -> Certificates:
    """Write ``ca.pem``, ``server.pem`` and ``server.key`` into ``folder``; replace older ones.

    The certificate holds for 127.0.0.1, ::1, localhost, this machine's name, and ``hosts`` (names
    or addresses). Raises UsageError where cryptography is missing, OSError where the folder cannot
    be written.
    """
    needs.require("cryptography")
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    folder.mkdir(parents=True, exist_ok=True)
    found = Certificates(folder / AUTHORITY, folder / "server.pem", folder / "server.key")
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _authority(authority_key)
    server = _server(server_key, authority, authority_key, _names(hosts))
    private = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(found.key, private, 0o600)
    _write(found.server, server.public_bytes(Encoding.PEM), 0o644)
    _write(found.authority, authority.public_bytes(Encoding.PEM), 0o644)
    return found


def names_of(host: str) -> list[str]:
    """Return what clients may call a server that listens at ``host``: of a wildcard, all addresses.

    Those of the machine's interfaces now; one that comes later is in no certificate.
    """
    if host not in ("0.0.0.0", "::"):  # noqa: S104 - asked, not bound
        return [host]
    import psutil

    families = (socket.AF_INET, socket.AF_INET6)
    return [
        entry.address.partition("%")[0]
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in families
    ]


def _authority(key: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    name = _named(f"{_NAME}: authority")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _dated(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    names: list[x509.GeneralName],
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _dated(_named(f"{_NAME}: server"), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _dated(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_APART)
        .not_valid_after(now + VALID)
    )


def _named(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Return what clients may call the server; an address is another kind than a name."""
    from cryptography import x509

    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(("127.0.0.1", "::1", "localhost", socket.gethostname(), *hosts)):
        if not host:
            continue
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host.encode("idna").decode("ascii")))
    return names


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that had these rights from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
