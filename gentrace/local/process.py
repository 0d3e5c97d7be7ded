"""Telling a process from its forked children."""

import os
from collections.abc import Callable


class Process:
    """The process in which this object was created."""

    def __init__(self) -> None:
        self._made_in = _Current.token

    def is_current(self) -> bool:
        """Return whether the caller runs in that process, not in a forked child."""
        return self._made_in is _Current.token


class _Current:
    # Not the process id: a child in its own PID namespace may have the same one.
    token = object()


def _renew() -> None:
    _Current.token = object()


def _no_forks(*, after_in_child: Callable[[], None]) -> None:
    """Replace `os.register_at_fork` on systems that cannot fork."""


_register = getattr(os, "register_at_fork", _no_forks)
_register(after_in_child=_renew)
