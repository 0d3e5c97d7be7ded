"""A secret that is written differently by everything that escapes, and the search for it."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

CANARY = "canary tok/en+%\"é'\\~"
"""A legal token; no two of its spellings are the same."""


def _base64(raw):
    """The secret inside of whatever was encoded, but for characters that its neighbours share."""
    for before in range(3):
        start, end = -(-before * 4 // 3), (before + len(raw)) * 4 // 3
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + raw).decode()[start:end]


def _dotnet(secret):
    """The secret in JSON of an encoder that escapes more than it has to."""
    plain = secret.replace("\\", "\\\\")
    return "".join(f"\\u{ord(c):04X}" if c in "\"'+" or c > "~" else c for c in plain)


def spellings(secret=CANARY):
    """The ways in which a text may hold the secret."""
    found = {secret, repr(secret)[1:-1], ascii(secret)[1:-1]}
    found |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found |= {
        json.dumps(secret)[1:-1].replace("/", r"\/"),
        _dotnet(secret),
        _dotnet(secret).lower(),
    }
    for raw in (secret.encode(), secret.encode("latin-1")):
        escaped = {quote(raw), quote(raw, safe=""), quote_plus(raw), quote(raw, safe="$&+=:@")}
        escaped.add(quote(quote(raw, safe="")))
        escaped |= {re.sub("%..", lambda code: code[0].lower(), text) for text in escaped}
        found |= {*escaped, *_base64(raw), repr(raw)[2:-1]}
    return found


def leaks(shown, secret=CANARY):
    """The spellings of the secret in a text, or in bytes of any encoding."""
    texts = (
        (shown,)
        if isinstance(shown, str)
        else (shown.decode("latin-1"), shown.decode("utf-8", "replace"))
    )
    return sorted(s for s in spellings(secret) if any(s in text for text in texts))
