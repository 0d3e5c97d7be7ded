"""One request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.configuration.secrets import Headers


@dataclass
class Request:
    """What is sent.

    Attributes:
        method: HTTP method.
        host: base URL.
        target: path below the host's path, with its query, escaped.
        headers: header fields, without Host, Content-Length and Idempotency-Key.
        body: its body, None for none.
        secrets: texts that no message may hold.
        idempotency_key: its key, None for none.

    """

    method: str
    host: str
    target: str
    headers: Headers
    body: bytes | None
    secrets: list[str]
    idempotency_key: str | None
