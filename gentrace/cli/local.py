"""`gentrace local`: the local server in the foreground, as `python -m gentrace.local`."""

from gentrace.local.__main__ import main

__all__ = ["main"]
