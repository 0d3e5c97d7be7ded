"""Bodies that come packed, unpacked piece by piece in bounded memory."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any, Protocol


class Readable(Protocol):
    """Something that gives up to so many bytes at a time, and nothing at its end."""

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        ...


class DecodingError(Exception):
    """A body is not packed as its Content-Encoding says."""


def decompress(source: Readable, encoding: str) -> Readable:
    """Return what gives the bytes of a source unpacked.

    gzip and deflate are undone, in any order and up to five times. A body that is packed in
    another way, or not at all, is given as it came.

    Raises:
        DecodingError: it is packed more often.

    """
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
    """A source that keeps what it gives: all that there is of a body that cannot be unpacked.

    Args:
        source: the bytes as they come.
        limit: how many of them to keep.

    Attributes:
        kept: the bytes that came, as far as they are kept; a traceback does not show them.

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
        """Read what is left, as far as it is kept."""
        while self.kept.tell() < self._limit and self.read1(_PIECE):
            pass


_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
_MAX_CODINGS = 5
_PIECE = 16 * 1024
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"
"""How a member of gzip begins."""


class _Decompressed:
    """A source with one coding undone."""

    def __init__(self, source: Readable, coding: str) -> None:
        self._source = source
        self._is_gzip = coding != "deflate"
        self._decompressor: Any = None
        self._pending = b""
        self._has_begun = self._is_over = False

    def read1(self, size: int, /) -> bytes:
        """Return some bytes, at most `size`; none at the end.

        Raises:
            DecodingError: it is not packed like that, or breaks off.

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
        """Begin the body or another member of it; what else follows is no part of it."""
        while len(self._pending) < len(_GZIP_MAGIC) and self._fill():
            pass
        start = self._pending[: len(_GZIP_MAGIC)]
        if not start or (self._has_begun and not (self._is_gzip and _GZIP_MAGIC.startswith(start))):
            self._skip_rest()
            return
        self._has_begun = True
        self._decompressor = zlib.decompressobj(
            _GZIP if self._is_gzip else _find_window_bits(start)
        )

    def _fill(self) -> bool:
        piece = self._source.read1(_PIECE)
        self._pending += piece
        return bool(piece)

    def _skip_rest(self) -> None:
        self._pending = b""
        self._is_over = True
        while self._source.read1(_PIECE):
            pass


def _find_window_bits(start: bytes) -> int:
    """Return how deflate is wrapped: by right in a zlib header, by some servers in none."""
    is_zlib = start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start) % 31 == 0
    return _ZLIB if is_zlib else _RAW
