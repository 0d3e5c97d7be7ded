"""The errors of TLS: telling them apart, and saying the remedy."""

from __future__ import annotations

import ssl
from typing import Any

from urllib3.util.ssl_match_hostname import CertificateError


def is_tls_error(error: BaseException) -> bool:
    """Tell whether TLS failed, rather than the connection below it."""
    return isinstance(error, (ssl.SSLError, CertificateError)) and not is_truncation(error)


def is_truncation(error: BaseException) -> bool:
    """Tell whether a TLS connection was closed without close_notify."""
    return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))


def rejects_client_certificate(error: BaseException) -> bool:
    """Tell whether the server rejects the client's certificate; in TLS 1.3, after the handshake."""
    reason = _reason_of(error)
    return "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)


def explain_tls(error: BaseException) -> str:  # noqa: PLR0911 - one return a verdict
    """Return what is wrong with TLS, and the remedy."""
    code = getattr(error, "verify_code", 0)
    if code in _UNTRUSTED:
        return (
            "its certificate is not trusted: it is self-signed or of an unknown issuer, or the "
            "server does not send an intermediate certificate; set ssl_ca_cert to what to trust"
        )
    if code == _EXPIRED:
        return "its certificate has expired; check the clock, or renew it"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet; check the clock"
    if code in {_WRONG_NAME, _WRONG_ADDRESS} or not isinstance(error, ssl.SSLError):
        return (
            "its certificate is for another name; check the host, or set tls_server_name "
            f"({getattr(error, 'verify_message', '') or error})"
        )
    if rejects_client_certificate(error):
        return f"it refuses the client's certificate, or wants one: set cert_file ({error})"
    if _reason_of(error) in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
        return "it does not speak TLS at this port; check the port, or use http://"
    return f"TLS failed: {error}"


def _reason_of(error: Any) -> str:
    """Return OpenSSL's name of an error; empty for an error that was made in Python."""
    return str(getattr(error, "reason", None) or "")


_UNTRUSTED = frozenset({18, 19, 20, 21})
_NOT_YET_VALID, _EXPIRED, _WRONG_NAME, _WRONG_ADDRESS = 9, 10, 62, 64
