"""The one place that hides secrets: everything that shows a header or an address asks here."""

from __future__ import annotations

import re
from binascii import b2a_base64
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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

_USERINFO = re.compile(r"(?:(?<=://)|(?<!\S))[^/?#\s]*@")


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
    return _USERINFO.sub(f"{MASK}@", url)


class _Finder:
    """Finds a secret in texts: as it is, escaped in any way, and inside of base64.

    Nothing here shows it: neither an attribute nor a name is text that prints as itself.
    """

    __slots__ = ("_has_number", "_plain", "_replace_in_bytes", "_replace_in_text")

    def __init__(self, secret: str) -> None:
        plain = _longest_word(secret)
        choices = [Secret(re.escape(secret)), Secret("".join(map(_spellings, secret)))]
        cores = list(dict.fromkeys(_cores(secret)))
        choices += [Secret(re.escape(c).replace(r"\+", "[+-]").replace("/", "[/_]")) for c in cores]
        self._replace_in_text = re.compile("|".join(choices)).sub
        self._replace_in_bytes = re.compile("|".join(choices).encode("latin-1")).sub
        # Of any spelling, something stands there as it is: the longest word of the secret, one of
        # its characters by number, or a word of its base64.
        words = [plain, *map(_longest_word, cores)] if len(plain) >= _MIN_WORD else []
        self._plain = [SecretBytes(word, "ascii") for word in words]
        self._has_number = re.compile("|".join(map(_numbers, sorted(set(plain)))).encode()).search

    def replace_in_text(self, text: str) -> str:
        """Return a text with the mask in place of the secret."""
        return self._replace_in_text(MASK, text)

    def replace_in_bytes(self, data: BytesIO) -> BytesIO:
        """Return a text with the mask in place of the secret; a large one is not read in vain."""
        is_there = any(map(data.getvalue().__contains__, self._plain)) or not self._plain
        if is_there or self._has_number(data.getvalue()):
            return BytesIO(self._replace_in_bytes(MASK.encode(), data.getvalue()))
        return data


def _longest_word(text: str) -> str:
    return max(map(Secret, re.findall("[A-Za-z0-9]+", text)), key=len, default=Secret())


def _spellings(c: str) -> str:
    """Return the pattern of one character, the longest spelling first and for good."""
    codes = {c.encode(), c.encode("latin-1")}
    forms = {c, _ENTITIES.get(c, c), *(code.decode("latin-1") for code in codes)}
    if not (c.isascii() and c.isalnum()):
        forms |= {f"\\{c}", "+" if c == " " else c}
    numbers = [_hex(mark, code) for code in codes for mark in ("%", r"\\x")]
    numbers += [_numbers(c)]
    plain = map(re.escape, sorted(forms, key=len, reverse=True))
    return f"(?>{'|'.join([*numbers, *plain])})"


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


_find = lru_cache(maxsize=32)(_Finder)

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
        shown = Secret(_find(secret).replace_in_text(shown))
    return str(shown)


def scrub_bytes(data: BytesIO, secrets: Iterable[str]) -> bytes:
    """Return what `data` holds with each of `secrets`, in any spelling, replaced by ``***``.

    A file in memory, as a traceback with locals would show bytes; neither it nor this copies them.
    """
    for secret in filter(_is_long, secrets):
        data = _find(secret).replace_in_bytes(data)
    return data.getvalue()
