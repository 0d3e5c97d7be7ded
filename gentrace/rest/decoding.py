"""Decompression of bodies, piece by piece in bounded memory."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any, Protocol


class Readable(Protocol):
    """A source of bytes."""

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        ...


class DecodingError(Exception):
    """A body is not encoded as its Content-Encoding says."""


def decompress(source: Readable, encoding: str) -> Readable:
    """Return a source of decompressed bytes.

    gzip and deflate are undone, in any order and up to five times. Other encodings are left as
    they are.

    Raises:
        DecodingError: there are more than five encodings.

    """
    if not encoding:
        return source
    codings = [coding.strip().lower() for coding in encoding.split(",")]
    codings = [coding for coding in codings if coding not in {"", "identity"}]
    if not _KNOWN.issuperset(codings):
        return source
    if len(codings) > _MAX_CODINGS:
        raise DecodingError(f"its Content-Encoding names {len(codings)} codings")
    for coding in reversed(codings):
        source = _Decompressed(source, coding)
    return source


class Tee:
    """A source that keeps a copy of what it returns, for a body that cannot be decompressed.

    Args:
        source: the compressed bytes.
        limit: how many of them to keep.

    Attributes:
        kept: the copy; as a BytesIO, so that tracebacks do not show the bytes.

    """

    def __init__(self, source: Readable, limit: int) -> None:
        self._source = source
        self._limit = limit
        self.kept = BytesIO()

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        piece = self._source.read1(size)
        self.kept.write(piece[: self._limit - self.kept.tell()])
        return piece

    def read_rest(self) -> None:
        """Read the rest, up to the limit."""
        while self.kept.tell() < self._limit and self.read1(_PIECE):
            pass


_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
_MAX_CODINGS = 5
_PIECE = 16 * 1024
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"
"""How each member of a gzip file begins."""


class _Decompressed:
    """A source with one encoding undone."""

    def __init__(self, source: Readable, coding: str) -> None:
        self._source = source
        self._is_gzip = coding != "deflate"
        self._decompressor: Any = None
        self._pending = b""
        self._has_begun = self._is_over = False

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end.

        Raises:
            DecodingError: the data is invalid or truncated.

        """
        while not self._is_over:
            if self._decompressor is None:
                self._begin()
                continue
            try:
                data: bytes = self._decompressor.decompress(self._pending, size)
            except zlib.error as error:
                raise DecodingError(f"its Content-Encoding cannot be undone: {error}") from None
            self._pending = self._decompressor.unconsumed_tail
            if self._decompressor.eof:
                self._pending = self._decompressor.unused_data
                self._decompressor = None
            elif not data and not self._pending and not self._fill():
                raise DecodingError("its Content-Encoding breaks off in the middle")
            if data:
                return data
        return b""

    def _begin(self) -> None:
        """Begin the body, or the next member of gzip; ignore other data that follows."""
        while len(self._pending) < len(_GZIP_MAGIC) and self._fill():
            pass
        start = self._pending[: len(_GZIP_MAGIC)]
        if not start or (self._has_begun and not (self._is_gzip and _GZIP_MAGIC.startswith(start))):
            self._pending = b""
            self._is_over = True
            while self._source.read1(_PIECE):  # trailing data
                pass
            return
        self._has_begun = True
        self._decompressor = zlib.decompressobj(
            _GZIP if self._is_gzip else _find_window_bits(start)
        )

    def _fill(self) -> bool:
        piece = self._source.read1(_PIECE)
        self._pending += piece
        return bool(piece)


def _find_window_bits(start: bytes) -> int:
    """Return the window bits of deflate: it should have a zlib header, but some servers omit it."""
    is_zlib = start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start) % 31 == 0
    return _ZLIB if is_zlib else _RAW
