"""Answers that are small on the wire and large in memory, or that never end."""

import gzip
import struct
import zlib
from base64 import b64decode
from functools import cache

from support.peers import head_of

MIB = 1024 * 1024
SPACES = b" " * MIB


def _compress(wbits, repeat):
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join([*(packer.compress(SPACES) for _ in range(repeat)), packer.flush()])


@cache
def _gzip():
    return _compress(31, 64)


def _zstd():
    """A frame of 512 blocks that each repeat one byte 128 Ki times."""
    blocks = [
        struct.pack("<I", (1 << 17) << 3 | 1 << 1 | (n == 511))[:3] + b" " for n in range(512)
    ]
    return bytes.fromhex("28b52ffd0058") + b"".join(blocks)


_BROTLI = "z///fwAkQOKxQHLv//n//w+ABEAcFoDu/T////8BkACIwwLQvf/n//8/ABIAcVgAuvf/Aw=="

PACKED = {
    "gzip": ("gzip", _gzip),
    "x-gzip": ("x-gzip", _gzip),
    "deflate": ("deflate", lambda: _compress(15, 64)),
    "deflate without header": ("deflate", lambda: _compress(-15, 64)),
    "br": (
        "br",
        lambda: b64decode(_BROTLI),
    ),
    "zstd": ("zstd", _zstd),
    "two encodings": ("gzip, gzip", lambda: gzip.compress(_gzip() * 16)),
    "two different encodings": ("deflate, gzip", lambda: gzip.compress(_compress(15, 64))),
    "six encodings": (", ".join(["gzip"] * 6), _gzip),
    "many gzip members": ("gzip", lambda: gzip.compress(SPACES) * 64),
    "100,000 gzip members": ("gzip", lambda: gzip.compress(b"", mtime=0) * 100_000),
}
"""Content-Encoding and bytes, by name: each is 64 MiB or more of blanks, or nothing."""


def packed(name, status=200, media="application/json"):
    """The whole answer."""
    encoding, make = PACKED[name]
    data = make()
    fields = {"Content-Type": media, "Content-Encoding": encoding}
    return head_of(status, headers={**fields, "Content-Length": len(data)}) + data
