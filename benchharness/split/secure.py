"""TLS between the device and the server, by an authority that is made for the trial."""

from __future__ import annotations

import ssl
from pathlib import Path

from benchharness.wire import certificates
from benchharness.wire.meeting import NotListeningError

FOLDER = "tls"  # in the shared folder; a device elsewhere needs its ca.pem only


def server_context(shared: Path, host: str) -> ssl.SSLContext:
    """Make new certificates and return what a server that listens at ``host`` offers.

    Raises UsageError where cryptography is missing.
    """
    made = certificates.make(shared / FOLDER, certificates.names_of(host))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(made.server, made.key)
    return context


def device_context(shared: Path) -> ssl.SSLContext:
    """Return what a device trusts: the trial's own authority. Raises NotListeningError without."""
    authority = shared / FOLDER / certificates.AUTHORITY
    if not authority.exists():
        raise NotListeningError(f"there is no {authority}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(authority)
    return context
