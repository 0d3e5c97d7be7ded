"""Header fields that cannot be sent, or that are not the caller's to say."""

BAD_TEXT = ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "\x7f", "a\x1b", "\x85", "€", " a", "a "]
"""What no field of a header may hold."""

RESERVED = ["Connection", "Content-Length", "Host", "Idempotency-Key", "Transfer-Encoding"]
"""What only the client can know."""
