"""Decompression of gzip request bodies, within a limit."""

import zlib
from typing import Final

from gentrace.local.responses import RequestError

MAX_MEMBERS: Final = 4096
CHUNK_SIZE: Final = 65536


def decompress(body: bytes, limit: int) -> bytes:
    """Decompress a gzip body of one or more members.

    Raises `RequestError` 413 if it has more than `limit` bytes decompressed, whatever its header
    says, and 400 if it is not gzip.
    """
    content = bytearray()
    remaining = b""
    decompressor = zlib.decompressobj(wbits=31)
    members = 1
    # `unused_data` is copied for each member, so the input is fed in small chunks.
    for start in range(0, len(body), CHUNK_SIZE):
        remaining = body[start : start + CHUNK_SIZE]
        while remaining:
            if decompressor.eof:
                decompressor = zlib.decompressobj(wbits=31)
                members += 1
            try:
                content += decompressor.decompress(remaining, limit + 1 - len(content))
            except zlib.error as error:
                raise RequestError(
                    400, f"the body is not gzip: {error}", "Content-Encoding"
                ) from None
            if len(content) > limit:
                raise RequestError(413, f"the decompressed body is larger than {limit} bytes")
            if members > MAX_MEMBERS:
                raise RequestError(400, f"the gzip body has more than {MAX_MEMBERS} members")
            remaining = decompressor.unused_data
    if not decompressor.eof:
        raise RequestError(400, "the gzip body is cut short", "Content-Encoding")
    return bytes(content)
