"""The one place that hides secrets: everything that shows a header or an address asks here."""

from __future__ import annotations

import re
from binascii import b2a_base64
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from io import BytesIO

MASK = "***"

SENSITIVE_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authenticate",
        "proxy-authorization",
        "set-cookie",
        "www-authenticate",
    }
)

_USERINFO = r"(?:(?<=://)|(?<!\S))[^/?#\s]*@"


hidden: ContextVar[Sequence[str]] = ContextVar("hidden", default=())
"""The secrets of the call that is under way here, which the SDK's own handlers do not write."""


class Secret(str):
    """Text that is used like any other, and shows itself as ``'***'``."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the mask, so that neither a traceback nor `vars` shows the text."""
        return repr(MASK)


class SecretBytes(bytes):
    """Bytes that are used like any others, and show themselves as ``'***'``."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the mask, so that neither a traceback nor `vars` shows the bytes."""
        return repr(MASK)


class Headers(dict[str, str]):
    """Header fields on their way to the wire; those that carry secrets print masked."""

    def replace(self, fields: Mapping[str, str]) -> None:
        """Put `fields` in place of those of the same names, whatever the case of the names."""
        if fields:
            spelled = {name.lower(): name for name in self}
            for name, value in fields.items():
                self.pop(spelled.get(name.lower(), name), None)
                spelled[name.lower()] = name
                self[name] = value

    def __repr__(self) -> str:
        """Show the fields with the sensitive ones masked."""
        return repr(mask_headers(self.items()))


def mask_headers(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return header fields with the values of the sensitive ones replaced by ``***``."""
    return {name: MASK if name.lower() in SENSITIVE_HEADERS else value for name, value in items}


def find_secrets(fields: Mapping[str, str], *, everywhere: bool = False) -> list[str]:
    """Return what of header fields no message may hold, whole values and their parts.

    Args:
        fields: the header fields.
        everywhere: whether each of them is secret, rather than those that are known to be.

    """
    found: list[str] = []
    for name, value in fields.items():
        if everywhere or name.lower() in SENSITIVE_HEADERS:
            found.append(Secret(value))
            if name.lower().endswith("authorization"):
                found.append(Secret(value.partition(" ")[2]))
            if name.lower() == "cookie":
                found += [Secret(pair.partition("=")[2].strip()) for pair in value.split(";")]
    return found


def mask_url(url: str) -> str:
    """Return `url` with its user and password, if it has them, replaced by ``***``."""
    return re.sub(_USERINFO, f"{MASK}@", url)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with each of `secrets`, in any of its spellings, replaced by ``***``.

    It takes a time that grows with the length of the text alone.
    """
    shown = Secret(text)
    for characters, pattern in _find_patterns(tuple(secrets)):
        if all(map(shown.__contains__, characters)) and re.search(pattern, shown):
            shown = Secret(re.sub(pattern, MASK, shown))
    return str(shown)


def scrub_bytes(data: BytesIO, secrets: Iterable[str]) -> bytes:
    """Return what `data` holds with each of `secrets`, in any spelling, replaced by ``***``.

    A file in memory, as a traceback with locals would show bytes.
    """
    # Looked for without a copy: most answers, however large, do not repeat a secret.
    holds = data.getvalue().__contains__
    patterns = [
        SecretBytes(pattern, "latin-1")
        for characters, pattern in _find_patterns(tuple(secrets))
        if all(ord(c) < 256 and holds(ord(c)) for c in characters)  # noqa: PLR2004 - an octet
    ]
    if not any(re.search(pattern, data.getvalue()) for pattern in patterns):
        return data.getvalue()
    # As text with a character an octet: a secret's own octets are among its spellings.
    return scrub(Secret(data.getvalue(), "latin-1"), secrets).encode("latin-1")


MIN_SECRET = 8
"""Characters that do not stand in a text by chance, such as a word that a server may use."""


@lru_cache(maxsize=64)
def _find_patterns(secrets: tuple[str, ...]) -> list[tuple[frozenset[str], Secret]]:
    """Return the characters and the pattern of each spelling, the longest first.

    Patterns, as `str.find` takes five times as long in a text that is nearly the secret everywhere;
    one may be a part of another.
    """
    long = {secret for secret in secrets if len(secret) >= MIN_SECRET}
    # Where another one is a part of it, that is looked for anyway.
    least = [one for one in long if sum(map(one.__contains__, long)) == 1]
    longest_first = sorted({text for one in least for text in _spell(one)}, key=len, reverse=True)
    return [(frozenset(one), Secret(re.escape(one))) for one in longest_first]


def _spell(secret: str) -> set[Secret]:
    """Return a secret as it is, in JSON, as Python shows it, in an address and in base64.

    Each of them also as octets that were taken for latin-1.
    """
    import json  # noqa: PLC0415 - only a failure needs it
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - likewise

    shown = Secret(str.__repr__(secret)[1:-1])
    found = {Secret(secret), shown, Secret(shown.encode("ascii", "backslashreplace").decode())}
    found |= {Secret(json.dumps(secret, ensure_ascii=ascii_)[1:-1]) for ascii_ in (True, False)}
    # With `?` for what latin-1 does not have, as servers write it.
    for octets in (SecretBytes(secret, "utf-8"), SecretBytes(secret, "latin-1", "replace")):
        found.add(Secret(bytes.__repr__(octets)[2:-1]))
        escaped = {Secret(quote(octets, safe)) for safe in ("", "/", "!'()*")}
        escaped.add(Secret(quote_plus(octets)))
        found |= escaped | {Secret(re.sub("%..", lambda c: c[0].lower(), e)) for e in escaped}
        for before in range(3):  # octets of something that the secret is a part of
            start, end = -(-before * 4 // 3), (before + len(octets)) * 4 // 3
            core = Secret(b2a_base64(bytes(before) + octets).decode()[start:end])
            found |= {core, Secret(core.replace("+", "-").replace("/", "_"))}
    return found | {Secret(one.encode(), "latin-1") for one in found}
