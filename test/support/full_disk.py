"""A disk that is full from a moment on."""

import resource
from contextlib import contextmanager


@contextmanager
def disk_that_fills(size=0):
    """Give what fills it: from then on, to the end of the block, no file grows beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda *_: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
