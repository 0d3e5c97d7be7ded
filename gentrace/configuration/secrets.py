"""Masking of secrets; whatever shows a header, a URL or text of a server uses it."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from typing import SupportsIndex

MASK = "***"

_SENSITIVE = re.compile(
    r"(?:auth(?:enticate|entication|orization)?|cookie|credentials?|key|password|secret|session"
    r"|token)\d*(?![a-z0-9])"
)
"""How a word ends in the name of a header field that carries a secret."""

_USERINFO = r"(?:(?<=://)|(?<!\S))[^/?#\s]*@"


current_secrets: ContextVar[Sequence[str]] = ContextVar("current_secrets", default=())
"""The secrets of the current call, which the SDK's own log handlers mask."""


class Secret(str):
    """A str whose `repr` is ``'***'``, and so is that of a part of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the mask, so that neither a traceback nor `vars` shows the text."""
        return repr(MASK)

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:
        """Return a part: rich, for example, cuts the locals of a traceback before their `repr`."""
        return Secret(super().__getitem__(key))


class SecretBytes(bytes):
    """Bytes whose `repr` is ``'***'``."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the mask, so that neither a traceback nor `vars` shows the bytes."""
        return repr(MASK)


class Headers(dict[str, str]):
    """Header fields of a request; their `repr` masks those that carry secrets."""

    def replace(self, fields: Mapping[str, str]) -> None:
        """Set `fields`, replacing fields of the same name in any case."""
        if fields:
            spelled = {name.lower(): name for name in self}
            for name, value in fields.items():
                self.pop(spelled.get(name.lower(), name), None)
                spelled[name.lower()] = name
                self[name] = value

    def __repr__(self) -> str:
        """Return the fields with the sensitive ones masked."""
        return repr(mask_headers(self.items()))


@lru_cache(maxsize=64)
def is_sensitive(name: str) -> bool:
    """Tell whether a header field of this name carries a secret, such as ``X-Api-Key``.

    A word of such a name ends with `auth`, `authorization`, `authenticate`, `authentication`,
    `cookie`, `credential`, `key`, `password`, `secret`, `session` or `token`.
    """
    lower = name.lower()
    return lower != "idempotency-key" and _SENSITIVE.search(lower) is not None


def mask_headers(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return header fields with the values of the sensitive ones replaced by ``***``."""
    return {name: MASK if is_sensitive(name) else value for name, value in items}


def find_secrets(fields: Mapping[str, str], *, everywhere: bool = False) -> list[str]:
    """Return the secrets in header fields: whole values, credentials and cookie values.

    Args:
        fields: the header fields.
        everywhere: whether all fields are secret, instead of the sensitive ones only.

    """
    found: list[str] = []
    for name, value in fields.items():
        if everywhere or is_sensitive(name):
            found.append(Secret(value))
            if name.lower().endswith("authorization"):
                found.append(Secret(value.partition(" ")[2]))
            if name.lower() == "cookie":
                found += [Secret(pair.partition("=")[2].strip()) for pair in value.split(";")]
    return found


def mask_url(url: str) -> str:
    """Return `url` with its user and password, if it has them, replaced by ``***``."""
    return re.sub(_USERINFO, f"{MASK}@", url)


def mask_text(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with each of `secrets`, in any of its encodings, replaced by ``***``.

    Takes time linear in the length of the text, whatever the text is.
    """
    shown = Secret(text)
    for characters, pattern in _find_patterns(tuple(secrets)):
        if all(map(shown.__contains__, characters)) and re.search(pattern, shown):
            shown = Secret(re.sub(pattern, MASK, shown))
    return str(shown)


def mask_bytes(data: BytesIO, secrets: Iterable[str]) -> bytes:
    """Return the content of `data` with each of `secrets`, in any encoding, replaced by ``***``.

    `data` is a `BytesIO`, as a traceback with locals would show bytes.
    """
    # Search without a copy first: most answers, however large, repeat no secret.
    holds = data.getvalue().__contains__
    patterns = [
        SecretBytes(pattern, "latin-1")
        for characters, pattern in _find_patterns(tuple(secrets))
        if all(ord(c) < 256 and holds(ord(c)) for c in characters)  # noqa: PLR2004 - an octet
    ]
    if not any(re.search(pattern, data.getvalue()) for pattern in patterns):
        return data.getvalue()
    # In latin-1, one character is one octet, and a secret's UTF-8 octets are among its encodings.
    return mask_text(Secret(data.getvalue(), "latin-1"), secrets).encode("latin-1")


MIN_SECRET = 8
"""Shortest secret that is masked: a shorter one may stand in a text by chance."""


@lru_cache(maxsize=64)
def _find_patterns(secrets: tuple[str, ...]) -> list[tuple[frozenset[str], Secret]]:
    """Return the characters and the pattern of each encoding of the secrets.

    The longest encodings come first, as one may be a part of another. They are patterns, as
    `str.find` takes five times as long in a text that nearly matches everywhere.
    """
    long = {secret for secret in secrets if len(secret) >= MIN_SECRET}
    # A secret that contains another one needs no search of its own.
    least = [one for one in long if sum(map(one.__contains__, long)) == 1]
    texts = sorted({text for one in least for text in _encodings_of(one)}, key=len, reverse=True)
    return [(frozenset(text), Secret(re.escape(text))) for text in texts]


def _encodings_of(secret: str) -> set[Secret]:
    """Return a secret as it is and as encoded in JSON, `repr`, URLs and base64.

    Each of them also as its UTF-8 octets decoded as latin-1.
    """
    from urllib.parse import quote, quote_plus  # noqa: PLC0415 - only a failure needs it

    shown = Secret(str.__repr__(secret)[1:-1])
    found = {Secret(secret), shown, Secret(shown.encode("ascii", "backslashreplace").decode())}
    found |= _json_encodings_of(secret)
    # latin-1 with `?` for characters that it lacks, as servers write it.
    for octets in (SecretBytes(secret, "utf-8"), SecretBytes(secret, "latin-1", "replace")):
        found.add(Secret(bytes.__repr__(octets)[2:-1]))
        escaped = {Secret(quote(octets, safe)) for safe in _KEPT_IN_URLS}
        escaped |= {Secret(quote_plus(octets)), Secret(quote(quote(octets, ""), ""))}
        found |= escaped | {Secret(re.sub("%..", lambda c: c[0].lower(), e)) for e in escaped}
        for before in range(3):  # base64 of a text that contains the secret, at each alignment
            start, end = -(-before * 4 // 3), (before + len(octets)) * 4 // 3
            core = Secret(b2a_base64(bytes(before) + octets).decode()[start:end])
            found |= {core, Secret(core.replace("+", "-").replace("/", "_"))}
    return found | {Secret(one.encode(), "latin-1") for one in found}


_KEPT_IN_URLS = ("", "/", "!'()*", "$&+=:@", "!#$&'()*+,/:;=?@")
"""Punctuation that encoders leave: Python's two, JavaScript's two, and Go's for a path."""

_ESCAPED_IN_JSON = ("", "/", "<>&", "<>&'", "<>&'=", "<>&'\"+`", "<>&'\"/")
"""What encoders escape that JSON lets stand: `/` as such, the others as `\\u00XX`."""


def _json_encodings_of(secret: str) -> set[Secret]:
    """Return a secret as JSON encoders write it."""
    import json  # noqa: PLC0415 - only a failure needs it

    def escape(character: str, escaped: str, ascii_: bool) -> str:
        if character not in escaped:
            return json.dumps(character, ensure_ascii=ascii_)[1:-1]
        return "\\/" if character == "/" else f"\\u{ord(character):04x}"

    found = {
        Secret("".join(escape(character, escaped, ascii_) for character in secret))
        for escaped in _ESCAPED_IN_JSON
        for ascii_ in (True, False)
    }
    # A pair of backslashes is no beginning of an escape.
    return found | {
        Secret(re.sub(r"\\u....|\\.", lambda c: c[0][:2] + c[0][2:].upper(), one)) for one in found
    }
