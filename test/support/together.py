"""Functions that several threads run at once."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


def run_together(threads, function):
    """Run a function in so many threads; raise what one of them raises."""
    with ThreadPoolExecutor(threads) as executor:
        for result in [executor.submit(function) for _ in range(threads)]:
            result.result(30)


@contextmanager
def switching_often():
    """Let the interpreter switch between threads after a few lines."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
