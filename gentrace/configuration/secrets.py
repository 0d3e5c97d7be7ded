"""The one place that hides secrets: everything that shows a header or an address asks here."""

from __future__ import annotations

import re
from binascii import b2a_base64
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

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


class _Finder:
    """Finds a secret: as it is, escaped in any way, and inside of base64.

    Nothing here shows it: neither an attribute nor a name is text that prints as itself. The
    pattern is made when it is needed, which takes long for a long secret.

    Args:
        secret: the secret.
        kind: makes of text what is looked through: text or bytes.

    """

    __slots__ = ("_has_number", "_kind", "_replace", "_secret", "_words")

    def __init__(self, secret: str, kind: Callable[[str], Any]) -> None:
        self._secret = Secret(secret)
        self._kind = kind
        self._replace: Callable[..., Any] | None = None
        # Of any spelling, something stands there as it is: the longest word of the secret, one of
        # its characters by number, or a word of its base64.
        word = _longest_word(secret)
        words = [word, *map(_longest_word, _cores(secret))] if len(word) >= _MIN_WORD else []
        self._words = list(map(kind, words))
        self._has_number = re.compile(kind("|".join(map(_numbers, sorted(set(word)))))).search

    def replace(self, get: Callable[[], Any]) -> Any:
        """Return what `get` returns, with the mask in place of the secret."""
        is_there = any(map(get().__contains__, self._words)) or not self._words
        if not is_there and not self._has_number(get()):
            return get()
        if self._replace is None:
            self._replace = re.compile(self._kind(_pattern(self._secret))).sub
        return self._replace(self._kind(MASK), get())


def _pattern(secret: str) -> str:
    """Return the pattern of a secret in all spellings."""
    choices = [
        Secret(re.escape(secret)),
        Secret("".join(map(_spellings, re.findall(_PARTS, secret)))),
    ]
    choices += [
        Secret(re.escape(core).replace(r"\+", "[+-]").replace("/", "[/_]"))
        for core in dict.fromkeys(_cores(secret))
    ]
    return Secret("|".join(choices))


def _as_bytes(text: str) -> SecretBytes:
    return SecretBytes(text, "latin-1")


def _longest_word(text: str) -> str:
    return max(map(Secret, re.findall("[A-Za-z0-9]+", text)), key=len, default=Secret())


def _spellings(part: str) -> str:
    """Return the pattern of one character, or of several backslashes, of which two may be one."""
    c = part[0]
    codes = {c.encode(), c.encode("latin-1")}
    forms = {c, _ENTITIES.get(c, c), *(code.decode("latin-1") for code in codes)}
    if not (c.isascii() and c.isalnum()) and c != "\\":
        forms |= {f"\\{c}", "+" if c == " " else c}
    numbers = [_hex(mark, code) for code in codes for mark in ("%", r"\\x")]
    plain = map(re.escape, sorted(forms, key=len, reverse=True))
    one = f"(?:{'|'.join([*numbers, _numbers(c), *plain])})"
    # For good once it is matched, or a search that tries all sums of backslashes would not end.
    return f"(?>{one}{{{len(part)},{2 * len(part)}}})" if c == "\\" else one


_PARTS = r"(?s)\\+|."

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}


def _numbers(c: str) -> str:
    """Return the pattern of one character by its number, but for several octets."""
    code = ord(c)
    return "|".join(
        [
            _hex("%", bytes([code])),
            _hex(r"\\x", bytes([code])),
            _hex(r"\\u00", bytes([code])),
            rf"&#0*{code};",
            rf"&#[xX]0*{_hex('', bytes([code])).lstrip('0')};",
        ]
    )


def _hex(mark: str, octets: bytes) -> str:
    return "".join(
        mark + "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in f"{octet:02x}")
        for octet in octets
    )


def _cores(secret: str) -> Iterator[str]:
    """Give what of the base64 of a text with the secret in it is the secret's alone."""
    for encoding in ("utf-8", "latin-1"):
        size = len(secret.encode(encoding))
        for before in range(3):
            start, end = -(-before * 4 // 3), (before + size) * 4 // 3
            yield Secret(b2a_base64(bytes(before) + secret.encode(encoding)).decode()[start:end])


_find = lru_cache(maxsize=64)(_Finder)

_MIN_SECRET = 8
"""Characters that do not stand in a text by chance."""

_MIN_WORD = 3
"""Characters of a word that is worth to be looked for first."""


def _is_long(secret: str) -> bool:
    """Tell whether a secret is no word that a server may use: such as none would be one."""
    return len(secret) >= _MIN_SECRET


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with each of `secrets`, in any of its spellings, replaced by ``***``."""
    shown = Secret(text)
    for secret in filter(_is_long, secrets):
        shown = Secret(_find(secret, Secret).replace(shown.__str__))
    return str(shown)


def scrub_bytes(data: BytesIO, secrets: Iterable[str]) -> bytes:
    """Return what `data` holds with each of `secrets`, in any spelling, replaced by ``***``.

    A file in memory, as a traceback with locals would show bytes; neither it nor this copies them.
    """
    for secret in filter(_is_long, secrets):
        data = BytesIO(_find(secret, _as_bytes).replace(data.getvalue))
    return data.getvalue()


def drop_longer(secrets: Iterable[str]) -> list[str]:
    """Return those of some secrets that hold none of the others, which are looked for anyway."""
    unique = list(dict.fromkeys(filter(_is_long, secrets)))
    return [one for one in unique if sum(map(one.__contains__, unique)) == 1]
