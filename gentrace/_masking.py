"""The one place that hides secrets: everything that shows a header or an address asks here."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
                self[name] = value

    def __repr__(self) -> str:
        """Show the fields with the sensitive ones masked."""
        return repr(mask_headers(self.items()))


def mask_headers(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return header fields with the values of the sensitive ones replaced by ``***``."""
    return {name: MASK if name.lower() in SENSITIVE_HEADERS else value for name, value in items}


def mask_url(url: str) -> str:
    """Return `url` with its user and password, if it has them, replaced by ``***``."""
    return _USERINFO.sub(f"{MASK}@", url)


@lru_cache(maxsize=32)
def _written(secret: str) -> str:
    """Return the pattern of `secret` as it is, escaped in any way, and inside of base64."""
    from base64 import b64encode  # noqa: PLC0415 - only a failed call asks for this
    from html import escape  # noqa: PLC0415

    characters = ""
    for c in secret:
        codes = {c.encode(), c.encode("latin-1")}
        forms = {c, f"\\{c}", escape(c), f"\\u{ord(c):04x}", "+" if c == " " else c}
        forms |= {code.decode("latin-1") for code in codes}
        for code in codes:
            forms |= {"".join(f"{mark}{octet:02x}" for octet in code) for mark in ("%", "\\x")}
            forms |= {"".join(f"%{octet:02X}" for octet in code)}
        characters += f"(?:{'|'.join(map(re.escape, sorted(forms, key=len, reverse=True)))})"
    choices = [characters]
    for raw in (secret.encode(), secret.encode("latin-1")):
        for before in range(3):
            start, end = -(-before * 4 // 3), (before + len(raw)) * 4 // 3
            core = b64encode(bytes(before) + raw).decode()[start:end]
            choices.append(re.escape(core).replace(r"\+", "[+-]").replace("/", "[/_]"))
    return "|".join(choices)


_MIN_SECRET = 8
"""Characters that do not stand in a text by chance."""


def _is_long(secret: str) -> bool:
    """Tell whether a secret is no word that a server may use: such as none would be one."""
    return len(secret) >= _MIN_SECRET


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with each of `secrets`, in any of its spellings, replaced by ``***``."""
    for secret in filter(_is_long, secrets):
        text = re.sub(_written(secret), MASK, text)
    return text


def scrub_bytes(data: bytes, secrets: Iterable[str]) -> bytes:
    """Return `data` with each of `secrets`, in any of its spellings, replaced by ``***``."""
    for secret in filter(_is_long, secrets):
        # A large body is not copied in vain. No name holds the pattern, which shows the secret.
        if re.search(_written(secret).encode("latin-1"), data):
            data = re.sub(_written(secret).encode("latin-1"), MASK.encode(), data)
    return data
