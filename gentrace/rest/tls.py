"""The TLS contexts of a configuration."""

from __future__ import annotations

import errno
import os
import ssl
from typing import TYPE_CHECKING

from gentrace.exceptions import ApiConnectionException, ApiTlsException, ApiValueError
from gentrace.rest.error_details import format_error

if TYPE_CHECKING:
    from gentrace.configuration import Configuration


class TlsContexts:
    """The TLS contexts of a configuration: the caller's own, or made when first needed.

    Args:
        configuration: which certificates to trust, and the client's own.

    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._given = configuration.ssl_context
        self._made: dict[tuple[type, bool], ssl.SSLContext] = {}

    @property
    def is_given(self) -> bool:
        """Whether the context is the caller's own, which decides what is checked."""
        return self._given is not None

    def get(self, *, for_proxy: bool = False) -> ssl.SSLContext:
        """Return the context for a server or a proxy; a proxy gets no client certificate.

        Raises:
            ApiValueError: the certificates or the key cannot be used.
            ApiTlsException: the caller's context cannot be used any more.
            ApiConnectionException: they cannot be read now: no file can be opened, or the
                interpreter is ending.

        """
        if self._given is not None:
            _check_not_superseded(self._given)
            return self._given
        key = ssl.SSLContext, for_proxy  # truststore replaces Python's class
        if key not in self._made:
            self._made[key] = _make(self._configuration, for_proxy=for_proxy)
        return self._made[key]


def _check_not_superseded(given: ssl.SSLContext) -> None:
    """Refuse a context of a class that a tool has replaced by a subclass.

    The setters of Python's class look it up by name and would recurse without end.
    """
    if type(given) is not ssl.SSLContext and issubclass(ssl.SSLContext, type(given)):
        why = "ssl_context was made before something, such as truststore.inject_into_ssl(), "
        raise ApiTlsException(0, why + "replaced ssl.SSLContext; make it after that")


def _make(configuration: Configuration, *, for_proxy: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_roots(context, configuration.ssl_ca_cert)
    if not for_proxy:
        _load_client_certificate(context, configuration.cert_file, configuration.key_file)
    return context


def _load_roots(context: ssl.SSLContext, trusted: str | None) -> None:
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if trusted is None and not (file or folder):
        _load_certifi(context)
        return
    name = "ssl_ca_cert"
    try:
        if trusted is None:
            # A folder is not read here: OpenSSL looks into it during a handshake.
            name = f"environment variable {'SSL_CERT_FILE' if file else 'SSL_CERT_DIR'}"
            context.load_verify_locations(file or None, folder or None)
        elif "-----BEGIN" in trusted:
            # Only comments around the certificates can be other than ASCII.
            context.load_verify_locations(cadata=trusted.encode("ascii", "ignore").decode())
        elif os.path.isdir(trusted):  # noqa: PTH112 - a string as OpenSSL takes it
            context.load_verify_locations(capath=trusted)
        else:
            context.load_verify_locations(trusted)
    except (OSError, ValueError) as error:
        _raise_if_no_mistake(error)
        raise ApiValueError(f"{name}: cannot be loaded: {format_error(error)}") from None


def _load_certifi(context: ssl.SSLContext) -> None:
    try:
        import certifi  # noqa: PLC0415 - not needed for plain HTTP

        context.load_verify_locations(certifi.where())
    except (ImportError, OSError, ValueError) as error:  # such as at the interpreter's end
        _raise_if_no_mistake(error)
        why = f"certifi's roots cannot load: {format_error(error)}"
        raise ApiConnectionException(0, why) from error


def _load_client_certificate(context: ssl.SSLContext, cert: str | None, key: str | None) -> None:
    if cert is None:
        if key is not None:
            raise ApiValueError("key_file: is of no use without cert_file, set that too")
        return
    encrypted = False

    def no_password() -> str:
        nonlocal encrypted
        encrypted = True
        return ""

    try:
        context.load_cert_chain(cert, key, no_password)
    except (OSError, ValueError) as error:
        _raise_if_no_mistake(error)
        why = "its key is encrypted, decrypt it" if encrypted else format_error(error)
        if key is None and not encrypted and isinstance(error, ssl.SSLError):
            why += "; if its key is in another file, set key_file"
        raise ApiValueError(f"cert_file: cannot be used: {why}") from None


def _raise_if_no_mistake(error: Exception) -> None:
    """Raise if the setting is not at fault.

    Raises:
        ApiConnectionException: the process is out of descriptors or memory.
        TimeoutError: a signal handler raised it, as reading files raises no bare one.

    """
    if isinstance(error, TimeoutError) and error.errno is None:
        raise error
    if getattr(error, "errno", None) in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
        why = f"no certificates can be read: {format_error(error)}"
        raise ApiConnectionException(0, why) from error
