"""TLS for a broker, and what went wrong with a connection, in one line."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from benchharness.errors import MeterError

# OpenSSL's x509_vfy.h: not yet valid, expired; host name and IP address do not match.
_OUT_OF_DATE = (9, 10)
_OTHER_NAME = (62, 64)


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself if the handshake fails, since nobody else then holds it."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def tls_context(ca: Path | None) -> ssl.SSLContext:
    """Return a context that checks the broker's certificate and name.

    Raises MeterError if ``ca`` is not a PEM file.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except OSError as error:  # ssl.SSLError is one
        missing = isinstance(error, FileNotFoundError)
        raise MeterError(
            "tls_ca: no such file" if missing else "tls_ca: not a certificate in PEM form",
            where=str(ca),
            remedy="name the PEM file of the CA that signed the broker's certificate",
        ) from None
    if ca is not None:
        # CPython 3.13 asks of every certificate an extension that home-made ones, as mosquitto's
        # manual makes them, do not have. Signature, date and name are checked all the same.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.sslsocket_class = _ClosingSocket
    return context


def connect_error(error: Exception, where: str) -> MeterError:
    """Say in one line why a connection to ``where`` failed, with the remedy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_error(error, where)
    if isinstance(error, ssl.SSLError):
        return MeterError(
            "TLS failed", where=where, remedy="check that this port speaks TLS (often 8883)"
        )
    if isinstance(error, socket.gaierror):
        return MeterError("no such host", where=where, remedy="check the broker's name")
    if isinstance(error, ConnectionRefusedError):
        return MeterError(
            "nobody listens there", where=where, remedy="start the broker, or check host and port"
        )
    if isinstance(error, TimeoutError):
        return MeterError("the broker does not answer", where=where, remedy="check host and port")
    reason = getattr(error, "strerror", None) or str(error)
    return MeterError(f"cannot connect: {reason}", where=where, remedy="check host, port and TLS")


def _certificate_error(error: ssl.SSLCertVerificationError, where: str) -> MeterError:
    if error.verify_code in _OUT_OF_DATE:
        what = f"the broker's certificate is out of date: {error.verify_message}"
        remedy = "renew it, or set this machine's clock right"
    elif error.verify_code in _OTHER_NAME:
        what = f"the broker's certificate is for another name: {error.verify_message}"
        remedy = "write the name that the certificate is for into the broker's address"
    else:
        what = f"the broker's certificate is not trusted: {error.verify_message}"
        remedy = "set tls_ca to the PEM file of the CA that signed it"
    return MeterError(what, where=where, remedy=remedy)
