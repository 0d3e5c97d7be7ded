"""Bodies that come compressed."""

import zlib
from typing import Final

from gentrace.local.refusal import Refusal

MAX_MEMBERS: Final = 4096
SLICE: Final = 65536


def decompress(body: bytes, limit: int) -> bytes:
    """Decompress a gzip body of one or more members.

    Raises `Refusal` 413 over `limit` bytes, whatever the body claims, and 400 if it is not gzip.
    """
    content = bytearray()
    rest = b""
    unpacker = zlib.decompressobj(wbits=31)
    members = 1
    # Slices keep what is copied from one member to the next small.
    for start in range(0, len(body), SLICE):
        rest = body[start : start + SLICE]
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=31)
                members += 1
            try:
                content += unpacker.decompress(rest, limit + 1 - len(content))
            except zlib.error as error:
                raise Refusal(400, f"the body is not gzip: {error}", "Content-Encoding") from None
            if len(content) > limit:
                raise Refusal(413, f"the decompressed body is larger than {limit} bytes")
            if members > MAX_MEMBERS:
                raise Refusal(400, f"the gzip body has more than {MAX_MEMBERS} members")
            rest = unpacker.unused_data
    if not unpacker.eof:
        raise Refusal(400, "the gzip body is cut short", "Content-Encoding")
    return bytes(content)
