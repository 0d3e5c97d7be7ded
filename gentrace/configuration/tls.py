"""Validation of TLS settings: trusted certificates, names of the server, a context."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from gentrace.configuration.addresses import is_host_name, is_ipv6
from gentrace.configuration.errors import is_instance_by_name, refuse
from gentrace.configuration.files import check_existing
from gentrace.configuration.texts import check_text

if TYPE_CHECKING:
    import ssl


def check_certificates(name: str, value: object) -> str:
    """Return trusted certificates: PEM text, or the path of a file or folder that exists."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str) and "-----BEGIN CERTIFICATE-----" in value:
        return check_text(name, value)
    expected = "a file or folder of certificates that exists, or PEM text"
    return check_existing(name, value, os.path.exists, expected)


def check_server_name(name: str, value: object) -> str:
    """Return a host name or IP address."""
    text = check_text(name, value, "a host name")
    if not (is_host_name(text) or is_ipv6(text)):
        raise refuse(name, "a host name, an international one as xn--…", value)
    return text


def check_expected_name(name: str, value: object) -> str | bool:
    """Return the name that a certificate must have; False means any."""
    if value is False:
        return False
    if not isinstance(value, str):
        expected = "a host name, None to check the host, or False to check none"
        raise refuse(name, expected, value, kind=True)
    return check_server_name(name, value)


def check_context(name: str, value: object) -> ssl.SSLContext:
    """Return an `ssl.SSLContext` or an instance of a subclass; ApiTypeError if it is not one."""
    if not is_instance_by_name(value, "ssl", "SSLContext"):
        raise refuse(name, "an ssl.SSLContext or None", value, kind=True)
    return cast("ssl.SSLContext", value)
