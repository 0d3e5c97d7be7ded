"""Which process this is: a forked child is another one."""

import os
from collections.abc import Callable


class Process:
    """The process in which this was made."""

    def __init__(self) -> None:
        self._made_in = _Current.token

    def is_current(self) -> bool:
        """Whether it is the one that asks, and no child of it."""
        return self._made_in is _Current.token


class _Current:
    # Not its id, which a child in a namespace of its own may share.
    token = object()


def _renew() -> None:
    _Current.token = object()


def _no_forks(*, after_in_child: Callable[[], None]) -> None:
    """Stand in where there is no such hook, and so no child that would need it."""


_register = getattr(os, "register_at_fork", _no_forks)
_register(after_in_child=_renew)
