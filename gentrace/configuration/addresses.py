"""Validation of URLs: the base address of the API, the address of a proxy, and their parts."""

from __future__ import annotations

import re

from gentrace.configuration.errors import refuse
from gentrace.configuration.secrets import MASK, Secret
from gentrace.configuration.texts import check_text
from gentrace.exceptions import ApiValueError

PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
"""The schemes that a proxy's URL may have."""

_PATH_CHARACTERS = r"A-Za-z0-9\-._~!$&'()*+,;=:@/"
_PATH = rf"(?:[{_PATH_CHARACTERS}]|%[0-9A-Fa-f]{{2}})*"

_HOST_NAME = r"(?!.{254})[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?"


def check_host(name: str, value: object) -> str:
    """Return the base URL of an API, without trailing slashes.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: not http:// or https:// with a host, or it has a user, query or fragment.

    """
    if "://" not in check_text(name, value, "a URL"):
        raise ApiValueError(
            f"{name}: expected http:// or https:// with a host, got a text without '://'; "
            "an API key is given as access_token"
        )
    url = check_url(name, value)
    if "@" in url.split("://", 1)[1].split("/", 1)[0]:
        raise refuse(
            name, "no user and password in the address; use access_token", mask_credentials(url)
        )
    if "?" in url or "#" in url:
        raise refuse(name, "no query and no fragment in the address", mask_credentials(url))
    return url


def check_proxy(name: str, value: object) -> Secret | None:
    """Return the URL of a proxy; an empty string means no proxy, None the environment's.

    Raises:
        ApiTypeError: neither a string nor None.
        ApiValueError: not the URL of a proxy.

    """
    if value is None:
        return None
    if isinstance(value, str) and not value:
        return Secret()
    return Secret(check_url(name, value, PROXY_SCHEMES))


def check_url(name: str, value: object, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """Return an absolute URL without trailing slashes; no error message shows its password.

    Raises:
        ApiTypeError: not a string.
        ApiValueError: not a URL of one of `schemes` with a host.

    """
    text = check_text(name, value, "a URL")
    expected = f"{' or '.join(f'{scheme}://' for scheme in schemes)} with a host"
    if any(not "!" <= c <= "~" for c in text):
        expected += ", without blanks; write an international name as xn--…"
        raise refuse(name, expected, mask_credentials(text))
    if not _is_url(text, schemes):
        expected += (
            ", as api.example or [::1], and, if any, a port from 1 to 65535, an escaped path"
        )
        raise refuse(name, expected, mask_credentials(text))
    return text.rstrip("/")


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    """Tell whether a text is a URL of one of `schemes` with a valid host, port and path."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - the default host needs no parsing

    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    netloc = (f"[{host}]" if is_ipv6(host) else host) + (f":{port}" if port else "")
    return (
        parts.scheme in schemes
        and (is_ipv6(host) or is_host_name(host))
        # Rebuilt from its parts: differs if urlsplit ignored something.
        and netloc == parts.netloc.rpartition("@")[2].lower()
        and re.fullmatch(_PATH, parts.path) is not None
    )


def check_path_characters(name: str, value: object) -> str:
    """Return characters that the path of a URL may have."""
    text = check_text(name, value)
    if not re.fullmatch(f"[{_PATH_CHARACTERS}]*", text):
        raise refuse(name, "letters, digits or some of -._~!$&'()*+,;=:@/", value)
    return text


def mask_credentials(url: str) -> str:
    """Mask all that may be a user, a password or a key in a URL that may be malformed."""
    scheme, separator, after = url.partition("://")
    is_known = scheme.lower() in PROXY_SCHEMES or (scheme.isalnum() and "@" not in after)
    if not is_known:
        scheme, separator, after = "", "", url
    _, at, rest = after.rpartition("@")
    rest = re.sub(r"(?s)([?#]).+", rf"\1{MASK}", rest)
    rest = re.sub(_HOST_AND_PATH + ":.+", rf"\1:{MASK}", rest)
    return scheme + separator + (f"{MASK}@" if at else "") + rest


_HOST_AND_PATH = r"(?s)^((?>\[[0-9A-Fa-f:.]+(?:%\w*)?\]|[^:]*)(?::\d{1,5}(?![^/?#]))?+[^:]*+)"
"""A host, its port and a path up to its first colon; text after any other colon is masked."""


def is_host_name(text: str) -> bool:
    """Tell whether a text is a valid host name or IPv4 address."""
    return re.fullmatch(_HOST_NAME, text) is not None


def is_ipv6(text: str) -> bool:
    """Tell whether a text is an IPv6 address without a zone."""
    from ipaddress import IPv6Address  # noqa: PLC0415 - most hosts have a name

    try:
        return IPv6Address(text).scope_id is None
    except ValueError:
        return False
